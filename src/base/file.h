// Whole files, read with a limit and written so that a crash leaves either the old or the new one;
// and the directories where a user's things belong. Paths are UTF-8.
#ifndef INKLING_BASE_FILE_H
#define INKLING_BASE_FILE_H

#include "base/status.h"

#include <stddef.h>

enum { FILE_PATH_MAX = 1024 };

// Bytes of a file; `data` has one extra NUL behind `size`. Free with bytes_close.
typedef struct Bytes {
    unsigned char *data;
    size_t size;
} Bytes;

void bytes_close(Bytes *bytes);

// Reads all of `path`; refuses more than `limit` bytes and anything that is not a regular file.
Status file_read(const char *path, size_t limit, Bytes *out);

// Writes `path` atomically: a file without a name (where the file system has none such: a temporary
// one beside it), fsync, its name, fsync of the directory. On any failure the old file is untouched
// and nothing new is there. A program that is killed may, in the moment of naming, leave a complete
// PATH.saving, which the next call takes away. `mode`: such as 0644.
Status file_write_atomic(const char *path, const void *data, size_t size, unsigned mode);

// Could `path` be written now? Begins to, and leaves nothing behind.
Status file_check_writable(const char *path);

bool file_exists(const char *path);
bool file_is_directory(const char *path);
// A pipe, a socket, a device: opening one may wait for ever, and it may never end.
bool file_is_special(const char *path);

// Creates `path` and what is missing above it.
Status file_make_directories(const char *path);

// out = a + "/" + b (or b if a is ""). False when it does not fit.
bool path_join(char out[FILE_PATH_MAX], const char *a, const char *b);
// The part behind the last '/', never NULL.
const char *path_basename(const char *path);
// The ending with its dot, in the path given (".gz"), or "" if there is none.
const char *path_extension(const char *path);

// $XDG_DATA_HOME/inkling or ~/.local/share/inkling; $XDG_CONFIG_HOME/inkling or ~/.config/inkling.
// Not created. False when there is no home.
bool path_user_data(char out[FILE_PATH_MAX]);
bool path_user_config(char out[FILE_PATH_MAX]);

#endif
