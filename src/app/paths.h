// Where the program's own things are: beside the program in a build directory, or below the prefix
// it was installed to.
#ifndef INKLING_APP_PATHS_H
#define INKLING_APP_PATHS_H

#include "base/file.h"

// The asset `name` ("lenet5.safetensors"): in ../assets beside the program's directory, else in
// ../share/inkling, else in po/ of the program's directory, else in PREFIX/share/inkling. False
// when it is in none of them.
bool paths_asset(const char *name, char out[FILE_PATH_MAX]);

// Directories beside which a "data" directory may lie (the source's, the program's), as a
// NULL-terminated list for dataset_open. Zero-initialise; it points into itself, so don't copy it.
typedef struct PathsBeside {
    char text[2][FILE_PATH_MAX];
    const char *list[3];
} PathsBeside;
const char *const *paths_beside(PathsBeside *out);

#endif
