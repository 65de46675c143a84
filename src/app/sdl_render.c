// Triangles and textures to SDL; see sdl_render.h. Where SDL has no graphics driver it would draw
// triangles slowly and without sub-pixel precision: there the toolkit's own rasteriser draws what
// has changed, without a texture or a copy in between.
#include "app/sdl_render.h"

#include "app/picture_io.h"
#include "app/sdl_textures.h"
#include "ui/damage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UPLOAD_TRIES = 4 };

struct SdlRender {
    SDL_Window *window;
    SDL_Renderer *renderer; // NULL: the processor draws
    SdlFont *font;
    SdlTextures textures;
    Mesh mesh;
    Damage damage;         // and the next four: the processor only
    uint32_t *canvas;      // where the window's own pixels are of another format
    const void *canvas_of; // the window's pixels that were drawn to last
    int canvas_w, canvas_h;
    bool drawn_once;
    uint64_t last_hash;
    float last_scale;
    Color last_background;
    int last_w, last_h;
};

// What OpenGL says of itself; "" when this is not OpenGL.
static const char *driver_name(SDL_Renderer *renderer) {
    enum { NAME_OF_RENDERER = 0x1F01 }; // GL_RENDERER
    typedef const unsigned char *(*GetString)(unsigned name);
    SDL_RendererInfo info;
    if (SDL_GetRendererInfo(renderer, &info) != 0 || strncmp(info.name, "opengl", 6) != 0)
        return "";
    void *address = SDL_GL_GetProcAddress("glGetString");
    GetString get_string = NULL;
    memcpy(&get_string, &address, sizeof get_string); // C has no cast from data to code
    const unsigned char *name = get_string ? get_string(NAME_OF_RENDERER) : NULL;
    return name ? (const char *)name : "";
}

Status sdl_render_create(SDL_Window *window, SDL_Renderer **out) {
    static const char *const imitations[] = {"llvmpipe", "softpipe", "swrast",
                                             "Software Rasterizer"};
    const char *wanted = SDL_GetHint(SDL_HINT_RENDER_DRIVER);
    bool chosen = SDL_getenv("SDL_RENDER_DRIVER") != NULL, imitation = false;
    bool processor = wanted && strcmp(wanted, "software") == 0;
    *out = processor ? NULL : SDL_CreateRenderer(window, -1, SDL_RENDERER_PRESENTVSYNC);
    for (size_t i = 0; *out && !chosen && i < sizeof imitations / sizeof imitations[0]; i++) {
        imitation = imitation || strstr(driver_name(*out), imitations[i]);
    }
    if (imitation) {
        SDL_DestroyRenderer(*out);
        *out = NULL;
    }
    return *out || SDL_GetWindowSurface(window) ? status_ok() : sdl_status("draw in the window");
}

Status sdl_render_open(SdlRender **out, SDL_Window *window, SDL_Renderer *renderer, SdlFont *font) {
    *out = NULL;
    SdlRender *render = calloc(1, sizeof *render);
    if (!render) return status_no_memory("the renderer", sizeof *render);
    render->window = window;
    render->renderer = renderer;
    render->font = font;
    render->textures = (SdlTextures){.renderer = renderer, .font = font};
    if (renderer) SDL_SetRenderDrawBlendMode(renderer, SDL_BLENDMODE_BLEND);
    *out = render;
    return status_ok();
}

void sdl_render_forget_textures(SdlRender *render) {
    sdl_textures_forget(&render->textures);
    render->drawn_once = false;
}

void sdl_render_close(SdlRender **render) {
    if (!*render) return;
    sdl_textures_close(&(*render)->textures);
    free((*render)->canvas);
    damage_close(&(*render)->damage);
    mesh_close(&(*render)->mesh);
    free(*render);
    *render = NULL;
}

void sdl_render_invalidate(SdlRender *render) {
    render->drawn_once = false;
}

void sdl_render_resized(SdlRender *render) {
    render->drawn_once = false;
    damage_forget(&render->damage);
}

static void output_size(const SdlRender *render, int *w, int *h) {
    SDL_Surface *surface = render->renderer ? NULL : SDL_GetWindowSurface(render->window);
    *w = surface ? surface->w : 0;
    *h = surface ? surface->h : 0;
    if (render->renderer) SDL_GetRendererOutputSize(render->renderer, w, h);
}

static Status draw_batch(SdlRender *render, const MeshBatch *batch) {
    Status status;
    SDL_Texture *texture;
    if (batch->index_count == 0) return status_ok();
    TRY(sdl_textures_of(&render->textures, batch, &texture));
    SDL_Rect clip = {batch->clip_x, batch->clip_y, batch->clip_w, batch->clip_h};
    SDL_RenderSetClipRect(render->renderer, &clip);
    const MeshVertex *v = render->mesh.vertices + batch->first_vertex;
    const int32_t *indices = render->mesh.indices + batch->first_index;
    int drawn = SDL_RenderGeometryRaw(render->renderer, texture, &v->x, sizeof *v,
                                      (const SDL_Color *)(const void *)&v->color, sizeof *v, &v->u,
                                      sizeof *v, (int)batch->vertex_count, indices,
                                      (int)batch->index_count, sizeof *indices);
    if (drawn != 0) return sdl_status("draw");
    return status_ok();
fail:
    return status;
}

// Tessellates again when the atlas was emptied meanwhile: coordinates made before are void then.
static void make_mesh(SdlRender *render, const DrawList *list, float scale, bool one_atlas) {
    UiFont font = sdl_font_interface(render->font);
    for (int i = 0; i < UPLOAD_TRIES; i++) {
        unsigned before = sdl_font_generation(render->font);
        SdlFontAtlas atlas = sdl_font_atlas(render->font);
        MeshOptions options = {scale, one_atlas, atlas.white_u, atlas.white_v};
        tessellate(&render->mesh, list, &font, &options);
        if (sdl_font_generation(render->font) == before) break;
    }
}

static Status draw_all(SdlRender *render, const DrawList *list, float scale, Color background) {
    Status status;
    make_mesh(render, list, scale, true);
    TRY(sdl_textures_begin(&render->textures));
    SDL_RenderSetClipRect(render->renderer, NULL);
    SDL_SetRenderDrawColor(render->renderer, background.r, background.g, background.b, 255);
    SDL_RenderClear(render->renderer);
    for (size_t i = 0; i < render->mesh.batch_count; i++) {
        TRY(draw_batch(render, &render->mesh.batches[i]));
    }
    SDL_RenderSetClipRect(render->renderer, NULL);
    sdl_textures_end(&render->textures);
    return status_ok();
fail:
    return status;
}

// Are its pixels 0xFFRRGGBB, as the rasteriser's?
static bool is_native(const SDL_Surface *surface) {
    const SDL_PixelFormat *f = surface->format;
    return f->BytesPerPixel == 4 && f->Rmask == 0xFF0000 && f->Gmask == 0xFF00 &&
           f->Bmask == 0xFF && surface->pitch % 4 == 0 && !SDL_MUSTLOCK(surface);
}

// Where the rasteriser draws: the window's own pixels if it can.
static Status choose_canvas(SdlRender *render, const SDL_Surface *surface, Raster *out) {
    bool native = is_native(surface);
    bool other = render->canvas_of != surface->pixels || render->canvas_w != surface->w ||
                 render->canvas_h != surface->h;
    if (other && !native) {
        size_t size = (size_t)surface->w * (size_t)surface->h * sizeof *render->canvas;
        uint32_t *canvas = realloc(render->canvas, size);
        if (!canvas) return status_no_memory("the window's pixels", size);
        render->canvas = canvas;
    }
    if (other) damage_forget(&render->damage);
    render->canvas_of = surface->pixels;
    render->canvas_w = surface->w;
    render->canvas_h = surface->h;
    *out = (Raster){native ? surface->pixels : render->canvas,
                    native ? surface->pitch / 4 : surface->w, surface->h};
    return status_ok();
}

static Status put_area(const Raster *from, SDL_Surface *to, RasterArea a) {
    if (from->pixels == to->pixels) return status_ok();
    if (SDL_MUSTLOCK(to)) SDL_LockSurface(to);
    int bytes = to->format->BytesPerPixel;
    int done = SDL_ConvertPixels(
        a.x1 - a.x0, a.y1 - a.y0, SDL_PIXELFORMAT_ARGB8888,
        from->pixels + (ptrdiff_t)a.y0 * from->width + a.x0, from->width * 4, to->format->format,
        (char *)to->pixels + (ptrdiff_t)a.y0 * to->pitch + (ptrdiff_t)a.x0 * bytes, to->pitch);
    if (SDL_MUSTLOCK(to)) SDL_UnlockSurface(to);
    return done == 0 ? status_ok() : sdl_status("show the window's pixels");
}

static Status draw_by_processor(SdlRender *render, const DrawList *list, float scale,
                                Color background) {
    SDL_Surface *surface = SDL_GetWindowSurface(render->window);
    SDL_Rect changed[DAMAGE_AREA_MAX];
    Raster raster;
    Status status;
    if (!surface) return sdl_status("draw in the window");
    TRY(choose_canvas(render, surface, &raster));
    damage_update(&render->damage, list, scale, surface->w, surface->h, background);
    DrawList part = damage_list(&render->damage, list, scale);
    make_mesh(render, &part, scale, false);
    SdlFontAtlas atlas = sdl_font_atlas(render->font);
    for (int i = 0; i < render->damage.area_count; i++) {
        RasterArea a = render->damage.areas[i];
        raster_clear(&raster, a, background);
        raster_mesh(&raster, &render->mesh, a, atlas.coverage, atlas.size);
        TRY(put_area(&raster, surface, a));
        changed[i] = (SDL_Rect){a.x0, a.y0, a.x1 - a.x0, a.y1 - a.y0};
    }
    // What was covered by another window is shown again too.
    int shown = render->drawn_once ? SDL_UpdateWindowSurfaceRects(render->window, changed,
                                                                  render->damage.area_count)
                                   : SDL_UpdateWindowSurface(render->window);
    if (shown != 0) TRY(sdl_status("show the window"));
    return status;
fail:
    damage_forget(&render->damage);
    return status;
}

Status sdl_render_frame(SdlRender *render, const DrawList *list, float scale, Color background,
                        bool *drawn) {
    int w, h;
    output_size(render, &w, &h);
    uint64_t hash = draw_list_hash(list);
    bool same = render->drawn_once && hash == render->last_hash && scale == render->last_scale &&
                w == render->last_w && h == render->last_h &&
                memcmp(&background, &render->last_background, sizeof background) == 0;
    if (drawn) *drawn = !same;
    if (same) return status_ok();
    Status status = render->renderer ? draw_all(render, list, scale, background)
                                     : draw_by_processor(render, list, scale, background);
    if (!status_is_ok(&status)) return status;
    if (render->renderer) SDL_RenderPresent(render->renderer);
    render->drawn_once = true;
    render->last_hash = hash;
    render->last_scale = scale;
    render->last_background = background;
    render->last_w = w;
    render->last_h = h;
    return status_ok();
}

Status sdl_render_screenshot(SdlRender *render, const DrawList *list, float scale, Color background,
                             const char *path) {
    Status status;
    int w, h;
    SDL_Surface *rgba = NULL;
    output_size(render, &w, &h);
    SDL_Surface *picture = SDL_CreateRGBSurfaceWithFormat(0, w, h, 32, SDL_PIXELFORMAT_ARGB8888);
    if (!picture || picture->pitch != w * 4) TRY(sdl_status("make a picture of the window"));
    make_mesh(render, list, scale, false);
    SdlFontAtlas atlas = sdl_font_atlas(render->font);
    Raster raster = {picture->pixels, w, h};
    RasterArea whole = {0, 0, w, h};
    raster_clear(&raster, whole, background);
    raster_mesh(&raster, &render->mesh, whole, atlas.coverage, atlas.size);
    rgba = SDL_ConvertSurfaceFormat(picture, SDL_PIXELFORMAT_RGBA32, 0);
    if (!rgba) TRY(sdl_status("make a picture of the window"));
    TRY(picture_write_png(path, rgba->pixels, w, h, rgba->pitch));
fail:
    SDL_FreeSurface(rgba);
    SDL_FreeSurface(picture);
    return status;
}
