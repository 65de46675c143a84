// `inkling [MODEL]`: the options of the window, checked and handed over. Not the window itself
// (window.h).
#include "app/cli.h"
#include "app/paths.h"
#include "app/window.h"

#include "base/text.h"
#include "train/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const CliOption window_options[] = {
    CLI_DATA_OPTION,
    {"settings", "LINE", "settings for the training form: \"preset=cnn-64 optimizer=adam\""},
    {"state", "LINE", "the same, as Copy in the window gives it"},
    {"lesson", "FILE", "begin with a lesson: a file, or the name of one that comes with Inkling"},
    {"threads", "N", "threads to train with; default: all processors but one"},
    CLI_DEVICE_OPTION,
    {"size", "WxH", "size of the window, such as 1440x900"},
    {"scale", "X", "size of everything in the window, 0.5 to 4"},
    {"theme", "NAME", "dark or light"},
    {"language", "NAME", "en or zh_CN"},
    {"tab", "N", "which tab of the lower deck is open, 1 = first"},
    {"forget", NULL, "neither read nor keep what the window remembers, its runs included"},
    {"screenshot", "FILE", "save a picture (.png) of the first full frame, and quit"},
    {"demo", "FILE", "put the first drawing of a .jsonl of strokes on the canvas"},
    {"train-seconds", "X",
     "start training at once; with --screenshot: how long before it is taken"},
    {"frame-log", "FILE", "write a line with its times for each frame"},
    {NULL, NULL, NULL},
};

static Status window_read_size(const char *text, int *width, int *height) {
    char left[16];
    const char *cross = strchr(text, 'x');
    long long w, h;
    if (cross != NULL && (size_t)(cross - text) < sizeof left) {
        memcpy(left, text, (size_t)(cross - text));
        left[cross - text] = '\0';
        if (text_to_int(left, &w) && text_to_int(cross + 1, &h) && w >= 200 && w <= 16384 &&
            h >= 200 && h <= 16384) {
            *width = (int)w;
            *height = (int)h;
            return status_ok();
        }
    }
    return status_error(STATUS_USAGE,
                        "--size must be WIDTHxHEIGHT with 200 to 16384 each, not \"%s\"", text);
}

static Status window_read_numbers(const CliArgs *args, WindowOptions *out) {
    Status status;
    long long threads, tab;
    double scale;
    TRY(cli_int(args, "threads", 0, 256, 0, &threads));
    TRY(cli_int(args, "tab", 0, 20, 0, &tab));
    TRY(cli_number(args, "scale", 0.5, 4, 0, &scale));
    TRY(cli_number(args, "train-seconds", 0, 1e6, 0, &out->train_seconds));
    out->threads = (int)threads;
    out->tab = (int)tab;
    out->scale = (float)scale;
fail:
    return status;
}

static bool window_has_variable(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

// Without a display SDL would take over the console, or draw where nobody sees it: nobody who types
// the program's name over a remote shell wants either. Pictures need no display.
static Status window_check_display(const WindowOptions *options) {
    if (options->screenshot != NULL || window_has_variable("DISPLAY") ||
        window_has_variable("WAYLAND_DISPLAY") || window_has_variable("SDL_VIDEODRIVER"))
        return status_ok();
    return status_error(
        STATUS_NOT_FOUND,
        "there is no display to open the window on (neither DISPLAY nor "
        "WAYLAND_DISPLAY is set); the subcommands work without one: inkling --help");
}

// "learning-rate" is the file of that name among those that come with the program.
static bool window_shipped_lesson(const char *name, char out[FILE_PATH_MAX]) {
    char file[256];
    int size = snprintf(file, sizeof file, "lessons/%s.lesson", name);
    return size > 0 && (size_t)size < sizeof file && paths_asset(file, out);
}

int cmd_window(const CliArgs *args) {
    Status status;
    // The last one answers first: the one that knows real handwriting, and what is no digit.
    static const char *const assets[] = {"lenet5.safetensors", "inkling.safetensors"};
    char shipped[2][FILE_PATH_MAX];
    const char *shipped_list[3] = {NULL};
    int shipped_count = 0;
    for (int i = 0; i < 2; i++)
        if (paths_asset(assets[i], shipped[shipped_count])) {
            shipped_list[shipped_count] = shipped[shipped_count];
            shipped_count++;
        }
    PathsBeside beside = {0};
    char lessons[FILE_PATH_MAX], lesson[FILE_PATH_MAX];
    TrainConfig config;
    WindowOptions options = {
        .model = args->word_count > 0 ? args->words[0] : NULL,
        .data = cli_value(args, "data"),
        .settings = cli_value(args, cli_value(args, "state") ? "state" : "settings"),
        .lessons = paths_asset("lessons", lessons) ? lessons : NULL,
        .lesson = cli_value(args, "lesson"),
        .device = cli_value(args, "device"),
        .theme = cli_value(args, "theme"),
        .shipped_models = shipped_list,
        .beside = paths_beside(&beside),
        .language = cli_value(args, "language"),
        .screenshot = cli_value(args, "screenshot"),
        .demo = cli_value(args, "demo"),
        .frame_log = cli_value(args, "frame-log"),
        .forget = cli_switch(args, "forget"),
    };
    TRY(window_read_numbers(args, &options));
    const char *size = cli_value(args, "size");
    if (size != NULL) TRY(window_read_size(size, &options.width, &options.height));
    if (options.theme != NULL && strcmp(options.theme, "dark") != 0 &&
        strcmp(options.theme, "light") != 0)
        TRY(status_error(STATUS_USAGE, "--theme must be dark or light, not \"%s\"", options.theme));
    if (options.language != NULL && strcmp(options.language, "en") != 0 &&
        strcmp(options.language, "zh_CN") != 0)
        TRY(status_error(STATUS_USAGE, "--language must be en or zh_CN, not \"%s\"",
                         options.language));
    if (options.settings != NULL) TRY(config_parse(options.settings, &config));
    if (options.model != NULL && !file_exists(options.model))
        TRY(status_error(STATUS_NOT_FOUND, "there is no file %s", options.model));
    if (options.lesson != NULL && !file_exists(options.lesson)) {
        if (!window_shipped_lesson(options.lesson, lesson))
            TRY(status_error(STATUS_NOT_FOUND, "there is no lesson %s", options.lesson));
        options.lesson = lesson;
    }
    TRY(window_check_display(&options));
    return window_main(&options);
fail:
    return cli_fail(&status);
}
