// See paths.h.
#include "app/paths.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The directory that the running program lies in.
static bool paths_program(char out[FILE_PATH_MAX]) {
    char program[FILE_PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0 || (size_t)size >= sizeof program - 1) return false;
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL || slash == program) return false;
    *slash = '\0';
    text_copy(out, FILE_PATH_MAX, program);
    return true;
}

// The directory above the program's.
static bool paths_above(char out[FILE_PATH_MAX]) {
    if (!paths_program(out)) return false;
    char *slash = strrchr(out, '/');
    if (slash == NULL || slash == out) return false;
    *slash = '\0';
    return true;
}

bool paths_asset(const char *name, char out[FILE_PATH_MAX]) {
    static const char *const below[] = {"assets", "share/inkling"};
    char above[FILE_PATH_MAX], directory[FILE_PATH_MAX];
    if (paths_above(above))
        for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
            if (path_join(directory, above, below[i]) && path_join(out, directory, name) &&
                file_exists(out))
                return true;
    // Catalogs of translations are made by the build, beside the program.
    if (paths_program(above) && path_join(directory, above, "po") &&
        path_join(out, directory, name) && file_exists(out))
        return true;
    return path_join(out, INKLING_PREFIX "/share/inkling", name) && file_exists(out);
}

const char *const *paths_beside(PathsBeside *out) {
    int count = 0;
    if (paths_above(out->text[0])) out->list[count++] = out->text[0];
    if (paths_program(out->text[1])) out->list[count++] = out->text[1];
    out->list[count] = NULL;
    return out->list;
}
