// What window.c and window_open.c share; nobody else's business.
#ifndef INKLING_APP_WINDOW_PARTS_H
#define INKLING_APP_WINDOW_PARTS_H

#include "app/language.h"
#include "app/prefs.h"
#include "app/sdl_font.h"
#include "app/sdl_render.h"
#include "app/window.h"
#include "panels/workbench.h"
#include "ui/ui.h"

#include <SDL.h>
#include <stdatomic.h>
#include <stdio.h>

enum { WINDOW_MIN_W = 1024, WINDOW_MIN_H = 640, WINDOW_W = 1440, WINDOW_H = 900 };

typedef struct Window {
    SDL_Window *sdl;
    SDL_Renderer *renderer;
    SdlFont *font;
    SdlRender *render;
    Ui *ui;
    Workbench *bench;
    UiInput input;
    WindowPrefs prefs;
    Language language;
    float window_scale, render_scale;
    Uint32 wake_event;
    atomic_bool woken; // a wake-up is in SDL's queue already
    bool sdl_started, pointer_hidden, render_failed;
    UiPointer pointer;
    SDL_Cursor *pointers[POINTER_COUNT]; // NULL: not needed so far
    char title[128];
    FILE *frame_log;
    double frame_started, opened, trained_from;
    double woke, woke_cpu, woke_waited; // clocks when the events of this frame came
    long frames;                        // presented
    int settled;                        // frames since a picture could have been taken
} Window;

Status window_open(Window *window, const WindowOptions *options);
// Remembers size and place, and closes everything that is open.
void window_close(Window *window, const WindowOptions *options);

#endif
