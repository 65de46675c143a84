// Temporary directories and files for tests.
#define _XOPEN_SOURCE 700 // nftw
#include "tests/files.h"

#include "base/thread.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

bool files_open(char directory[FILE_PATH_MAX]) {
    const char *base = getenv("TMPDIR");
    snprintf(directory, FILE_PATH_MAX, "%s/inkling-test-XXXXXX", base && base[0] ? base : "/tmp");
    if (mkdtemp(directory)) return true;
    perror(directory);
    return false;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void files_close(const char *directory) {
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char files_directory[FILE_PATH_MAX];

int files_set_up(void **state) {
    (void)state;
    return files_open(files_directory) ? 0 : -1;
}

int files_tear_down(void **state) {
    (void)state;
    files_close(files_directory);
    return 0;
}

void files_path(char out[FILE_PATH_MAX], const char *directory, const char *name) {
    assert_true(path_join(out, directory, name));
}

void files_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void files_write_gzip(const char *path, const void *bytes, size_t size) {
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    if (size > 0) assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

// ---- watching
// -------------------------------------------------------------------------------------

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// A line of /proc/self/status in bytes (proc(5): VmRSS, VmHWM in kB); 0: not there.
static size_t memory_line(const char *name) {
    char line[128];
    size_t size = strlen(name), kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, size) == 0) kilobytes = (size_t)strtoul(line + size, NULL, 10);
    if (file) fclose(file);
    return kilobytes << 10;
}

static size_t memory_begin(void) {
    size_t now = memory_line("VmRSS:"), peak = memory_line("VmHWM:");
    if (peak < now + ((size_t)64 << 20)) return now;  // not in the way, and a reset takes time
    FILE *file = fopen("/proc/self/clear_refs", "w"); // proc(5): 5 resets the peak
    bool reset = file && fputs("5", file) >= 0;
    if (file) reset = fclose(file) == 0 && reset;
    return reset ? now : 0;
}

static void memory_check(size_t begin, const char *path) {
    size_t peak = memory_line("VmHWM:"), allowed = (size_t)256 << 20;
    FILE *file = fopen(path, "rb");
    if (file && fseek(file, 0, SEEK_END) == 0) allowed += 2 * (size_t)ftell(file);
    if (file) fclose(file);
    if (begin > 0 && peak > begin && peak - begin > allowed)
        fail_msg("%zu MB were in use; %zu are allowed", (peak - begin) >> 20, allowed >> 20);
}

#else

static size_t memory_begin(void) {
    return 0;
}
static void memory_check(size_t begin, const char *path) {
    (void)begin;
    (void)path;
}

#endif

enum { WATCH_SECONDS = 5 };

FilesWatch files_watch(void) {
    FilesWatch watch = {memory_begin(), clock_cpu_seconds()};
    return watch;
}

void files_watched(FilesWatch watch, const char *path, const char *said) {
    double seconds = clock_cpu_seconds() - watch.seconds;
    memory_check(watch.memory, path);
    if (seconds > WATCH_SECONDS) fail_msg("it took %.1f s: %s", seconds, said);
}
