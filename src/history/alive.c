// Lock files; see alive.h.
#define _GNU_SOURCE
#include "history/alive.h"

#include "base/text.h"
#include "base/tr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

Status alive_open(const char *directory, Alive *out) {
    char path[FILE_PATH_MAX];
    out->file = -1;
    Status status = file_make_directories(directory);
    if (!status_is_ok(&status)) return status;
    text_copy(out->directory, sizeof out->directory, directory);
    if (!path_join(path, directory, "inkling-XXXXXX"))
        return status_error(STATUS_IO, TR("the path %.200s... is too long"), directory);
    int file = mkostemp(path, O_CLOEXEC);
    if (file < 0) return status_errno("write a file in", directory, errno);
    // Nobody asks for a name before something has been written under it, so there is no moment at
    // which this process looks dead.
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        status = status_errno("lock", path, errno);
        close(file);
        unlink(path);
        return status;
    }
    text_copy(out->name, sizeof out->name, path_basename(path));
    out->file = file;
    return status;
}

void alive_close(Alive *alive) {
    char path[FILE_PATH_MAX];
    if (alive->file < 0) return;
    if (path_join(path, alive->directory, alive->name)) unlink(path);
    close(alive->file);
    alive->file = -1;
}

bool alive_is(const Alive *alive, const char *name) {
    char path[FILE_PATH_MAX];
    if (name[0] == '\0' || strchr(name, '/') || !path_join(path, alive->directory, name))
        return false;
    int file = open(path, O_RDWR | O_CLOEXEC);
    // What is there but cannot be asked may well live.
    if (file < 0) return errno != ENOENT;
    bool lives = flock(file, LOCK_EX | LOCK_NB) != 0;
    if (!lives) unlink(path);
    close(file);
    return lives;
}
