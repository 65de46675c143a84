// Draws a finished draw list into an SDL renderer: tessellates it and hands the triangles over in
// batches by texture and clip; keeps the textures of images (uploaded when their version changes,
// freed when unused for a while) and of the glyph atlas. Presenting is skipped when the frame looks
// like the last one. With SDL's software renderer (no graphics driver) only the parts of the window
// that have changed are drawn, by ui/raster.h.
// Window thread only.
#ifndef INKLING_APP_SDL_RENDER_H
#define INKLING_APP_SDL_RENDER_H

#include "app/sdl_font.h"
#include "base/status.h"
#include "ui/draw.h"
#include "ui/tessellate.h"

#include <SDL.h>

typedef struct SdlRender SdlRender;

// A renderer for `window`: the graphics driver's, unless that one only imitates a graphics card on
// the processor (llvmpipe and the like), where ui/raster.h is several times faster.
// $SDL_RENDER_DRIVER decides if it is set. The caller destroys it with SDL_DestroyRenderer.
Status sdl_render_create(SDL_Window *window, SDL_Renderer **out);

// Neither `renderer` nor `font` is owned; both must outlive the SdlRender.
Status sdl_render_open(SdlRender **out, SDL_Renderer *renderer, SdlFont *font);
void sdl_render_close(SdlRender **render);

// Draws and presents `list` at `scale` on `background`. Nothing is done and *drawn (may be NULL) is
// false when the list's hash, the scale and the output size are those of the last frame and
// sdl_render_invalidate was not called.
Status sdl_render_frame(SdlRender *render, const DrawList *list, float scale, Color background,
                        bool *drawn);
// The next frame is drawn in any case (window exposed, render targets reset).
void sdl_render_invalidate(SdlRender *render);
// Textures are gone (SDL_RENDER_DEVICE_RESET): upload everything again.
void sdl_render_forget_textures(SdlRender *render);

// Draws `list` off screen and saves what it looks like as PNG (ending .png) or BMP; the size is
// that of the renderer's output.
Status sdl_render_screenshot(SdlRender *render, const DrawList *list, float scale, Color background,
                             const char *path);

#endif
