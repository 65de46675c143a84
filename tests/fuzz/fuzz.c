// See fuzz.h: files in memory.
#define _GNU_SOURCE
#include "fuzz.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_all(int file, const unsigned char *data, size_t size) {
    REQUIRE(ftruncate(file, 0) == 0);
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(file, data + done, size - done, (off_t)done);
        REQUIRE(put > 0);
        done += (size_t)put;
    }
}

const char *fuzz_file(const void *data, size_t size) {
    static char path[64];
    static int file = -1;
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        REQUIRE(file >= 0);
        snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), file);
    }
    write_all(file, data, size);
    return path;
}

// ---- the directory ------------------------------------------------------------------------------

static char directory[256];

static void remove_directory(void) {
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    if (system(command) != 0) fprintf(stderr, "%s stays\n", directory);
}

void fuzz_path(char out[FILE_PATH_MAX], const char *name) {
    if (!directory[0]) {
        struct stat info;
        bool memory = stat("/dev/shm", &info) == 0 && access("/dev/shm", W_OK) == 0;
        snprintf(directory, sizeof directory, "%s/inkling-fuzz.XXXXXX",
                 memory ? "/dev/shm" : "/tmp");
        REQUIRE(mkdtemp(directory) != NULL);
        atexit(remove_directory);
    }
    REQUIRE(path_join(out, directory, name));
}

// ---- what always holds --------------------------------------------------------------------------

void fuzz_check(const Status *status) {
    size_t size = strlen(status->message);
    REQUIRE((status->code == STATUS_OK) == (size == 0));
    REQUIRE(memchr(status->message, '\n', size) == NULL);
    REQUIRE(text_is_utf8(status->message, size));
}
