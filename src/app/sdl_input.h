// SDL events -> UiInput, and the clipboard. Window thread only.
#ifndef INKLING_APP_SDL_INPUT_H
#define INKLING_APP_SDL_INPUT_H

#include "ui/ui.h"

#include <SDL.h>

// Adds one SDL event to the frame's input. `window_scale` turns SDL's window coordinates into
// logical pixels: logical = window coordinate * window_scale (1 / the user's own scale, where the
// window system scales by itself; see sdl_input_scales). Returns false for events that are no input
// (the caller handles quit, drop, expose ...).
bool sdl_input_event(UiInput *input, const SDL_Event *event, float window_scale);

// True when no further event should be put into this frame: a button went up, so that quick clicks
// are not merged, or the input is full. Leave the rest in SDL's queue for the next frame.
bool sdl_input_is_full(const UiInput *input);

// Sizes and scales of a window, written to input->window and input->scale. `user_scale` is what the
// person chose (+/-). `render_scale`: device pixels in a logical one, for font and renderer.
// `renderer`: as sdl_render_create gave it.
void sdl_input_scales(SDL_Window *window, SDL_Renderer *renderer, float user_scale, UiInput *input,
                      float *window_scale, float *render_scale);

// SDL's clipboard for ui_open.
UiClipboard sdl_input_clipboard(void);

#endif
