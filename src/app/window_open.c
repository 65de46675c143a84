// Opening the window: SDL, renderer, font, toolkit, workbench; and closing them again.
#include "app/cli.h"
#include "app/draw_picture.h"
#include "app/picture_io.h"
#include "app/sdl_input.h"
#include "app/window_parts.h"
#include "panels/files.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Any thread: puts one event into SDL's queue, however often it is called before that is read.
static void window_wake(void *context) {
    Window *window = context;
    if (atomic_exchange(&window->woken, true)) return;
    SDL_Event event = {.type = window->wake_event};
    if (SDL_PushEvent(&event) != 1) atomic_store(&window->woken, false);
}

// On threads that are not SDL's own, which are to take away what SDL keeps for each.
static Status window_read_picture(const char *path, GreyPicture *out) {
    Picture picture = {0};
    Status status = picture_read(path, &picture);
    *out = (GreyPicture){picture.grey, picture.width, picture.height, false};
    SDL_TLSCleanup();
    return status;
}

static Status window_write_picture(const DrawPicture *picture, const char *path) {
    Status status = draw_picture_write(picture, path);
    SDL_TLSCleanup();
    return status;
}

static Status window_use_language(void *context, LanguageCode code) {
    Window *window = context;
    return language_use(&window->language, code, window->font);
}

static bool window_has_graphics_card(void) {
#if defined(__linux__)
    return file_is_directory("/dev/dri") || file_exists("/dev/nvidiactl");
#else
    return true;
#endif
}

static Status window_start_sdl(Window *window, const WindowOptions *options) {
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    SDL_SetHint(SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1");
    SDL_SetHint(SDL_HINT_APP_NAME, "Inkling");
    // SDL's software renderer must not go through an imitated graphics card, and where there is
    // none it is chosen at once: loading the imitation alone takes longer than opening the window.
    SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    if (!window_has_graphics_card()) SDL_SetHint(SDL_HINT_RENDER_DRIVER, "software");
    // Ctrl+C in the terminal ends the program, as it does every other.
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
        char reason[160];
        text_copy(reason, sizeof reason, SDL_GetError());
        // A picture can be taken without anybody looking.
        if (!options->screenshot || SDL_setenv("SDL_VIDEODRIVER", "dummy", 1) != 0 ||
            SDL_Init(SDL_INIT_VIDEO) != 0)
            return status_error(STATUS_NOT_FOUND,
                                "there is no display to open the window on (%s); the subcommands "
                                "work without one: inkling --help",
                                reason);
    }
    window->sdl_started = true;
    window->wake_event = SDL_RegisterEvents(1);
    return status_ok();
}

// On first start a display with small pixels gets a larger interface.
static float window_guess_scale(void) {
    float dpi = 96;
    if (SDL_GetDisplayDPI(0, NULL, &dpi, NULL) != 0 || dpi < 96 || dpi > 600) return 1;
    return fminf(fmaxf(floorf(dpi / 96 * 4) / 4, 1), 3);
}

static void window_choose_prefs(Window *window, const WindowOptions *options) {
    WindowPrefs *prefs = &window->prefs;
    prefs->bench.log_loss = true;
    prefs->bench.brush = BRUSH_RADIUS_DEFAULT;
    prefs->bench.language = LANGUAGE_UNSET;
    prefs->bench.scale = options->forget ? 1 : window_guess_scale();
    if (!getcwd(prefs->bench.directory, sizeof prefs->bench.directory))
        prefs->bench.directory[0] = '\0';
    if (!options->forget) prefs_read(prefs);
    if (options->scale > 0) prefs->bench.scale = options->scale;
    if (options->theme) prefs->bench.light = strcmp(options->theme, "light") == 0;
    if (options->language) prefs->bench.language = language_named(options->language);
    if (options->tab > 0 && options->tab <= TAB_COUNT) prefs->bench.tab = options->tab - 1;
    if (options->width > 0) {
        prefs->width = options->width;
        prefs->height = options->height;
        prefs->maximised = false;
    }
}

// As large as was asked for, but not larger than the display.
static void window_choose_size(const WindowPrefs *prefs, const WindowOptions *options, int *width,
                               int *height) {
    SDL_Rect display;
    *width = prefs->width > 0 ? prefs->width : WINDOW_W;
    *height = prefs->height > 0 ? prefs->height : WINDOW_H;
    if (options->width > 0 || SDL_GetDisplayUsableBounds(0, &display) != 0) return;
    if (*width > display.w) *width = display.w;
    if (*height > display.h) *height = display.h;
}

static Status window_create(Window *window, const WindowOptions *options) {
    const WindowPrefs *prefs = &window->prefs;
    int width, height;
    window_choose_size(prefs, options, &width, &height);
    Uint32 flags = SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI;
    if (options->screenshot) flags |= SDL_WINDOW_HIDDEN;
    if (prefs->maximised && !options->screenshot) flags |= SDL_WINDOW_MAXIMIZED;
    int x = prefs->placed ? prefs->x : (int)SDL_WINDOWPOS_CENTERED;
    int y = prefs->placed ? prefs->y : (int)SDL_WINDOWPOS_CENTERED;
    window->sdl = SDL_CreateWindow("Inkling", x, y, width, height, flags);
    if (!window->sdl)
        return status_error(STATUS_UNSUPPORTED, "cannot open a window: %s", SDL_GetError());
    SDL_SetWindowMinimumSize(window->sdl, WINDOW_MIN_W, WINDOW_MIN_H);
    // X looks for a theme of pointers in many places when one is made: not in the midst of a
    // drawing.
    SDL_ShowCursor(SDL_DISABLE);
    SDL_ShowCursor(SDL_ENABLE);
    return sdl_render_create(window->sdl, &window->renderer);
}

static Status window_open_toolkit(Window *window) {
    UiClipboard clipboard = sdl_input_clipboard();
    float scale;
    Status status;
    window->input.window_focus = true;
    sdl_input_scales(window->sdl, window->renderer, window->prefs.bench.scale, &window->input,
                     &window->window_scale, &scale);
    window->render_scale = scale;
    TRY(sdl_font_open(&window->font, scale));
    TRY(sdl_render_open(&window->render, window->sdl, window->renderer, window->font));
    TRY(ui_open(&window->ui, sdl_font_interface(window->font), &clipboard));
fail:
    return status;
}

static Status window_open_workbench(Window *window, const WindowOptions *options) {
    char data[FILE_PATH_MAX], my_digits[FILE_PATH_MAX], history[FILE_PATH_MAX];
    bool home = path_user_data(data) && path_join(my_digits, data, "my-digits.jsonl");
    bool keeps = !options->forget && !options->screenshot && history_user_directory(history);
    WorkbenchOptions bench = {
        .model = options->model,
        .shipped_models = options->shipped_models,
        .settings = options->settings,
        .data = {.data = options->data, .beside = options->beside},
        .device = options->device,
        .threads = options->threads,
        .my_digits = home ? my_digits : NULL,
        .lessons = options->lessons,
        .history = keeps ? history : NULL,
        .hooks = {.wake = window_wake,
                  .context = window,
                  .logger = *cli_logger(),
                  .make_picture = draw_picture_make,
                  .write_picture = window_write_picture,
                  .close_picture = draw_picture_close,
                  .read_picture = window_read_picture,
                  .use_language = window_use_language},
    };
    LanguageCode chosen = (LanguageCode)window->prefs.bench.language;
    LanguageCode code = chosen == LANGUAGE_UNSET ? language_of_locale() : chosen;
    Status spoken = language_use(&window->language, code, window->font);
    Status status = workbench_open(&window->bench, &bench);
    if (!status_is_ok(&status)) return status;
    window->bench->language = status_is_ok(&spoken) ? code : LANGUAGE_ENGLISH;
    workbench_check(window->bench, spoken);
    window->bench->prefs = window->prefs.bench;
    window->bench->ink.brush = window->prefs.bench.brush;
    window->bench->tab = (DeckTab)window->prefs.bench.tab;
    if (options->lesson) status = lesson_begin(window->bench, options->lesson);
    if (status_is_ok(&status) && options->demo) status = bench_open(window->bench, options->demo);
    return status;
}

Status window_open(Window *window, const WindowOptions *options) {
    Status status;
    TRY(window_start_sdl(window, options));
    window_choose_prefs(window, options);
    TRY(window_create(window, options));
    TRY(window_open_toolkit(window));
    TRY(window_open_workbench(window, options));
    if (options->frame_log) {
        window->frame_log = fopen(options->frame_log, "w");
        if (!window->frame_log) TRY(status_errno("write", options->frame_log, errno));
        (void)setvbuf(window->frame_log, NULL, _IOLBF, 4096); // complete however the program ends
    }
fail:
    return status;
}

static void window_remember(Window *window, const WindowOptions *options) {
    WindowPrefs *prefs = &window->prefs;
    Uint32 flags = SDL_GetWindowFlags(window->sdl);
    prefs->bench = window->bench->prefs;
    prefs->maximised = (flags & SDL_WINDOW_MAXIMIZED) != 0;
    if (!prefs->maximised && options->width == 0) {
        SDL_GetWindowSize(window->sdl, &prefs->width, &prefs->height);
        SDL_GetWindowPosition(window->sdl, &prefs->x, &prefs->y);
        prefs->placed = true;
    }
    Status status = prefs_write(prefs);
    if (!status_is_ok(&status)) cli_say("inkling: %s", status.message);
}

void window_close(Window *window, const WindowOptions *options) {
    if (window->bench && !options->forget && !options->screenshot) window_remember(window, options);
    workbench_close(&window->bench);
    if (window->frame_log) (void)fclose(window->frame_log);
    ui_close(&window->ui);
    sdl_render_close(&window->render);
    sdl_font_close(&window->font);
    language_close(&window->language);
    for (int i = 0; i < POINTER_COUNT; i++)
        if (window->pointers[i]) SDL_FreeCursor(window->pointers[i]);
    if (window->renderer) SDL_DestroyRenderer(window->renderer);
    if (window->sdl) SDL_DestroyWindow(window->sdl);
    if (window->sdl_started) SDL_Quit();
}
