// The window's settings file: nothing in it can bring a value out of its range.
#include "fuzz.h"

#include "app/prefs.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(const WindowPrefs *prefs) {
    REQUIRE(prefs->width == 0 || (prefs->width >= 200 && prefs->width <= 16384));
    REQUIRE(prefs->x >= -16384 && prefs->x <= 16384);
    REQUIRE(isfinite(prefs->bench.scale) && isfinite(prefs->bench.brush));
    REQUIRE(prefs->bench.tab >= 0 && prefs->bench.tab < TAB_COUNT);
    REQUIRE(memchr(prefs->bench.directory, '\0', sizeof prefs->bench.directory) != NULL);
    REQUIRE(text_is_utf8(prefs->bench.directory, strlen(prefs->bench.directory)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[FILE_PATH_MAX], directory[FILE_PATH_MAX];
    WindowPrefs prefs = {.bench = {.scale = 1, .brush = 0.04f}}, again;
    if (!path[0]) { // the file in memory under the name that is read
        fuzz_path(directory, "inkling");
        fuzz_path(path, "inkling/window.conf");
        Status status = file_make_directories(directory);
        REQUIRE(status_is_ok(&status));
        *strrchr(directory, '/') = '\0';
        setenv("XDG_CONFIG_HOME", directory, 1);
    }
    unlink(path); // prefs_write has put a file there
    REQUIRE(symlink(fuzz_file(data, size), path) == 0);
    prefs_read(&prefs);
    check(&prefs);
    unlink(path);
    Status status = prefs_write(&prefs);
    fuzz_check(&status);
    again = (WindowPrefs){.bench = {.scale = 1, .brush = 0.04f}};
    prefs_read(&again);
    check(&again);
    REQUIRE(again.width == prefs.width && again.placed == prefs.placed);
    REQUIRE(strcmp(again.bench.directory, prefs.bench.directory) == 0);
    return 0;
}
