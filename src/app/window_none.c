// The window of a program that was built without one: a sentence that says so.
#include "app/cli.h"
#include "app/window.h"

int window_main(const WindowOptions *options) {
    (void)options;
    Status status = status_error(
        STATUS_UNSUPPORTED,
        "this inkling was built without its window; the subcommands work (inkling --help), and "
        "building it with SDL2, SDL2_ttf, SDL2_image and fontconfig (-Dgui=enabled) brings it");
    return cli_fail(&status);
}
