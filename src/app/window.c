// The event loop: SDL's events become the toolkit's input, the panels draw, the frame is presented
// when it looks different from the last one. Sleeps while nothing happens. What is shown is
// panels/root.h; opening and closing SDL is window_open.c.
#include "app/window.h"

#include "app/cli.h"
#include "app/sdl_input.h"
#include "app/window_parts.h"
#include "panels/files.h"
#include "panels/panels.h"
#include "panels/root.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Frames are at least this far apart: a mouse that reports a thousand times a second must not take
// the processor from the training.
static const double WINDOW_FRAME_SECONDS = 1.0 / 120;
// Until now the screenshot waits for data and for what happens by itself.
static const double WINDOW_PATIENCE_SECONDS = 60;

// ---- events -------------------------------------------------------------------------------------

static void window_event_of_window(Window *window, const SDL_WindowEvent *event) {
    if (event->event == SDL_WINDOWEVENT_CLOSE) workbench_quit(window->bench);
    if (event->event == SDL_WINDOWEVENT_EXPOSED || event->event == SDL_WINDOWEVENT_SHOWN ||
        event->event == SDL_WINDOWEVENT_RESTORED)
        sdl_render_invalidate(window->render);
    if (event->event == SDL_WINDOWEVENT_SIZE_CHANGED) sdl_render_resized(window->render);
}

static void window_event(Window *window, SDL_Event *event) {
    if (event->type == window->wake_event) {
        atomic_store(&window->woken, false);
    } else if (event->type == SDL_QUIT) {
        workbench_quit(window->bench);
    } else if (event->type == SDL_WINDOWEVENT) {
        sdl_input_event(&window->input, event, window->window_scale);
        window_event_of_window(window, &event->window);
    } else if (event->type == SDL_DROPFILE) {
        workbench_check(window->bench, bench_open(window->bench, event->drop.file));
        SDL_free(event->drop.file);
    } else if (event->type == SDL_RENDER_TARGETS_RESET) {
        sdl_render_invalidate(window->render);
    } else if (event->type == SDL_RENDER_DEVICE_RESET) {
        sdl_render_forget_textures(window->render);
    } else {
        sdl_input_event(&window->input, event, window->window_scale);
    }
}

// Sleeps until there is something to do, then takes what has happened.
static void window_collect(Window *window, double wait) {
    SDL_Event event;
    double now = clock_seconds();
    double early = window->frame_started + WINDOW_FRAME_SECONDS - now;
    if (early > 0 && early < 1) SDL_Delay((Uint32)(early * 1000));
    bool got = wait <= 0        ? SDL_PollEvent(&event)
               : isfinite(wait) ? SDL_WaitEventTimeout(&event, (int)ceil(fmin(wait, 3600) * 1000))
                                : SDL_WaitEvent(&event);
    window->woke = clock_seconds();
    if (window->frame_log) {
        window->woke_cpu = clock_thread_seconds();
        window->woke_waited = clock_thread_waited_seconds();
    }
    input_begin(&window->input, window->woke);
    if (got) window_event(window, &event);
    while (!sdl_input_is_full(&window->input) && SDL_PollEvent(&event))
        window_event(window, &event);
}

// ---- a frame ------------------------------------------------------------------------------------

// The person's scale, no larger than lets everything fit; big text is as large as that.
static float window_user_scale(const Window *window) {
    int width, height;
    SDL_GetWindowSize(window->sdl, &width, &height);
    Vec2 least = interface_least(window->bench);
    float most = fminf((float)width / least.x, (float)height / least.y);
    if (window->bench->prefs.big) return fminf(fmaxf(most, 0.5f), 4);
    return fmaxf(fminf(window->bench->prefs.scale, most), 0.5f);
}

static void window_set_title(Window *window) {
    char answer[96], title[128];
    workbench_answer_text(window->bench, answer, sizeof answer);
    snprintf(title, sizeof title, "Inkling%s%s", answer[0] ? ": " : "", answer);
    if (strcmp(title, window->title) == 0) return;
    text_copy(window->title, sizeof window->title, title);
    SDL_SetWindowTitle(window->sdl, title);
}

static void window_set_pointer(Window *window) {
    static const SDL_SystemCursor looks[POINTER_COUNT] = {[POINTER_ARROW] = SDL_SYSTEM_CURSOR_ARROW,
                                                          [POINTER_TEXT] = SDL_SYSTEM_CURSOR_IBEAM,
                                                          [POINTER_LINK] = SDL_SYSTEM_CURSOR_HAND};
    bool hide = window->bench->hide_pointer;
    UiPointer wanted = window->ui->pointer;
    if (wanted != window->pointer) {
        SDL_Cursor **cursor = &window->pointers[wanted];
        if (!*cursor) *cursor = SDL_CreateSystemCursor(looks[wanted]);
        if (*cursor) SDL_SetCursor(*cursor); // else it stays as it is
        window->pointer = wanted;
    }
    if (hide == window->pointer_hidden) return;
    window->pointer_hidden = hide;
    SDL_ShowCursor(hide ? SDL_DISABLE : SDL_ENABLE);
}

// events_ms: what happened, before the frame; cpu_ms: processor time of this thread, of all three;
// waited_ms: of all three, how long the thread could have gone on and no processor had time.
static void window_log_frame(Window *window, double start, double built, bool drawn) {
    fprintf(window->frame_log,
            "%.4f events_ms=%.3f build_ms=%.3f render_ms=%.3f cpu_ms=%.3f waited_ms=%.3f "
            "drawn=%d\n",
            start, (start - window->woke) * 1e3, (built - start) * 1e3,
            (clock_seconds() - built) * 1e3, (clock_thread_seconds() - window->woke_cpu) * 1e3,
            (clock_thread_waited_seconds() - window->woke_waited) * 1e3, drawn);
}

// Returns after how many seconds the next frame is due at the latest.
static double window_frame(Window *window) {
    double start = clock_seconds();
    float render_scale;
    bool drawn = false;
    window->frame_started = start;
    sdl_input_scales(window->sdl, window->renderer, window_user_scale(window), &window->input,
                     &window->window_scale, &render_scale);
    if (render_scale != window->render_scale) {
        sdl_font_set_scale(window->font, render_scale);
        window->render_scale = render_scale;
    }
    workbench_tick(window->bench, window->input.time);
    window->ui->theme = window->bench->prefs.light ? theme_light() : theme_dark();
    window->ui->line_scale = window->bench->prefs.big ? 1.6f : 1;
    ui_begin(window->ui, &window->input);
    panel_root(window->ui, window->bench);
    double wait = ui_end(window->ui), built = clock_seconds();
    Status status = sdl_render_frame(window->render, &window->ui->draw, render_scale,
                                     window->ui->theme->color.background, &drawn);
    if (!status_is_ok(&status) && !window->render_failed) {
        window->render_failed = true; // once is enough
        workbench_check(window->bench, status);
    }
    window_set_title(window);
    window_set_pointer(window);
    if (drawn) window->frames++;
    if (window->frame_log) window_log_frame(window, start, built, drawn);
    return wait;
}

// ---- pictures for the documentation -------------------------------------------------------------

// Starts the training that was asked for as soon as there is data. True when nothing is missing on
// the picture any more.
static bool window_picture_is_ready(Window *window, const WindowOptions *options) {
    Workbench *bench = window->bench;
    double now = clock_seconds();
    bool coming = bench->loader.busy || errands_are_busy(bench, ERRANDS_FILES) ||
                  errands_are_busy(bench, ERRANDS_THOUGHTS);
    if (coming && now - window->opened < WINDOW_PATIENCE_SECONDS) return false;
    if (options->train_seconds > 0 && window->trained_from == 0 && bench->trainer) {
        window->trained_from = now;
        workbench_check(bench, runs_start(bench, false));
    }
    if (window->trained_from > 0 && now - window->trained_from < options->train_seconds)
        return false;
    if (bench->examiner.busy && now - window->opened < WINDOW_PATIENCE_SECONDS) return false;
    return window->frames >= 1 && ++window->settled >= 3;
}

static Status window_loop(Window *window, const WindowOptions *options) {
    double wait = 0;
    Status status = status_ok();
    window->opened = clock_seconds();
    while (!window->bench->want_quit) {
        bool staged =
            options->screenshot || (options->train_seconds > 0 && window->trained_from == 0);
        if (staged) wait = fmin(wait, 0.05);
        window_collect(window, wait);
        wait = window_frame(window);
        bool ready = staged && window_picture_is_ready(window, options);
        if (!ready || !options->screenshot) continue;
        status = sdl_render_screenshot(window->render, &window->ui->draw, window->render_scale,
                                       window->ui->theme->color.background, options->screenshot);
        window->bench->want_quit = true;
    }
    return status;
}

int window_main(const WindowOptions *options) {
    Window window = {0};
    Status status = window_open(&window, options);
    if (status_is_ok(&status)) status = window_loop(&window, options);
    window_close(&window, options);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
