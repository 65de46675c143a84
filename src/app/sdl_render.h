// Draws a finished draw list into an SDL renderer: tessellates it and hands the triangles over in
// batches by texture and clip; keeps the textures of images (uploaded when their version changes,
// freed when unused for a while) and of the glyph atlas. Presenting is skipped when the frame looks
// like the last one. Without a graphics driver ui/raster.h draws straight into the window's pixels,
// and only the parts that have changed are drawn and shown.
// Window thread only.
#ifndef INKLING_APP_SDL_RENDER_H
#define INKLING_APP_SDL_RENDER_H

#include "app/sdl_font.h"
#include "base/status.h"
#include "ui/draw.h"
#include "ui/tessellate.h"

#include <SDL.h>

typedef struct SdlRender SdlRender;

// A renderer for `window`: the graphics driver's, or NULL where the processor draws: there is no
// driver, or it only imitates a graphics card (llvmpipe and the like), where ui/raster.h is several
// times faster. $SDL_RENDER_DRIVER decides if it is set. The caller destroys it with
// SDL_DestroyRenderer.
Status sdl_render_create(SDL_Window *window, SDL_Renderer **out);

// Nothing is owned; all must outlive the SdlRender. `renderer`: as sdl_render_create gave it.
Status sdl_render_open(SdlRender **out, SDL_Window *window, SDL_Renderer *renderer, SdlFont *font);
void sdl_render_close(SdlRender **render);

// Draws and presents `list` at `scale` on `background`. Nothing is done and *drawn (may be NULL) is
// false when the list's hash, the scale and the output size are those of the last frame and
// sdl_render_invalidate was not called.
Status sdl_render_frame(SdlRender *render, const DrawList *list, float scale, Color background,
                        bool *drawn);
// The next frame is shown in any case (window exposed, render targets reset).
void sdl_render_invalidate(SdlRender *render);
// The window has another size: nothing of what was drawn holds.
void sdl_render_resized(SdlRender *render);
// Textures are gone (SDL_RENDER_DEVICE_RESET): upload everything again.
void sdl_render_forget_textures(SdlRender *render);

// Draws `list` off screen and saves what it looks like as PNG; the size is that of the window.
Status sdl_render_screenshot(SdlRender *render, const DrawList *list, float scale, Color background,
                             const char *path);

#endif
