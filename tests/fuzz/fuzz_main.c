// Runs a target without libFuzzer, so with any compiler: over files, and over all files of
// directories in the order of their names; then, with --seconds, over mutations of them, blindly
// but as fast. What breaks it is written to fuzz-found in the current directory.
#include "fuzz.h"

#include "base/rng.h"
#include "base/thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20, POOL_MAX = 4096, MUTANT_MAX = 1 << 16 };

// What has been read, and what the target has at the moment.
static struct {
    Bytes inputs[POOL_MAX];
    int count;
    const uint8_t *current;
    size_t current_size;
} pool;

// Between the signal and the end: only system calls.
static void keep_input(int number) {
    int file = open("fuzz-found", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0 && write(file, pool.current, pool.current_size) < 0) close(file);
    signal(number, SIG_DFL);
    raise(number);
}

static void run(const uint8_t *data, size_t size) {
    // Exactly as large as it is, so that a sanitizer sees what reads behind it.
    uint8_t *exact = malloc(size ? size : 1);
    REQUIRE(exact);
    memcpy(exact, data, size);
    pool.current = exact;
    pool.current_size = size;
    LLVMFuzzerTestOneInput(exact, size);
    pool.current_size = 0;
    free(exact);
}

// ---- files --------------------------------------------------------------------------------------

static bool run_file(const char *path) {
    Bytes bytes;
    Status status = file_read(path, INPUT_MAX, &bytes);
    if (!status_is_ok(&status)) {
        fprintf(stderr, "%s\n", status.message);
        return false;
    }
    run(bytes.data, bytes.size);
    if (bytes.size <= MUTANT_MAX && pool.count < POOL_MAX)
        pool.inputs[pool.count++] = bytes;
    else
        bytes_close(&bytes);
    return true;
}

static int is_name(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool run_path(const char *path) {
    struct dirent **entries;
    bool ok = true;
    if (!file_is_directory(path)) return run_file(path);
    int count = scandir(path, &entries, is_name, alphasort);
    for (int i = 0; i < count; i++) {
        char inside[FILE_PATH_MAX];
        ok = path_join(inside, path, entries[i]->d_name) && run_path(inside) && ok;
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return ok;
}

// ---- mutations ----------------------------------------------------------------------------------

static size_t some_place(Rng *rng, size_t size) {
    return rng_below(rng, (uint32_t)size);
}

// Numbers at which programs err, in either order of bytes.
static void put_number(Rng *rng, uint8_t *data, size_t size) {
    static const uint64_t numbers[] = {0,          1,          0x7F,      0x80,       0xFF,
                                       0x100,      0x7FFF,     0xFFFF,    0x7FFFFFFF, 0x80000000,
                                       1ull << 32, 1ull << 40, INT64_MAX, UINT64_MAX};
    uint64_t number = numbers[rng_below(rng, sizeof numbers / sizeof numbers[0])];
    size_t width = (size_t)1 << rng_below(rng, 4);
    bool high_first = rng_below(rng, 2);
    if (size < width) return;
    size_t at = some_place(rng, size - width + 1);
    for (size_t i = 0; i < width; i++)
        data[at + i] = (uint8_t)(number >> 8 * (high_first ? width - 1 - i : i));
}

// A piece of the input itself or of another one over it, in it or instead of it.
static size_t put_piece(Rng *rng, uint8_t *data, size_t size) {
    const Bytes *from = &pool.inputs[rng_below(rng, (uint32_t)pool.count)];
    if (from->size == 0) return size;
    size_t begin = some_place(rng, from->size), count = 1 + some_place(rng, from->size - begin);
    size_t at = some_place(rng, size + 1), behind = size - at;
    if (rng_below(rng, 2)) { // in between
        if (size + count > MUTANT_MAX) return size;
        memmove(data + at + count, data + at, behind);
        size += count;
    } else if (at + count > size) {
        if (at + count > MUTANT_MAX) return size;
        size = at + count;
    }
    memcpy(data + at, from->data + begin, count);
    return size;
}

static size_t mutate(Rng *rng, uint8_t *data, size_t size) {
    uint32_t kind = rng_below(rng, 6);
    if (kind == 5 || size == 0) return put_piece(rng, data, size);
    size_t at = some_place(rng, size);
    if (kind == 0) data[at] = (uint8_t)rng_next(rng);
    if (kind == 1) data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
    if (kind == 2) put_number(rng, data, size);
    if (kind == 3 && rng_below(rng, 4) == 0) return at; // cut off
    if (kind == 4) {                                    // a piece is missing
        size_t count = 1 + some_place(rng, size - at < 64 ? size - at : 64);
        memmove(data + at, data + at + count, size - at - count);
        return size - count;
    }
    return size;
}

static long run_mutations(double seconds, uint64_t seed) {
    static uint8_t data[MUTANT_MAX];
    Rng rng = rng_make(seed, 0);
    double until = clock_seconds() + seconds;
    long done = 0;
    for (; clock_seconds() < until; done++) {
        const Bytes *from = &pool.inputs[rng_below(&rng, (uint32_t)pool.count)];
        size_t size = from->size;
        memcpy(data, from->data, size);
        for (uint32_t i = 0, n = 1 + rng_below(&rng, 5); i < n; i++)
            size = mutate(&rng, data, size);
        run(data, size);
    }
    return done;
}

// fuzz_NAME [--seconds N] [--seed N] PATH...
int main(int count, char **arguments) {
    double seconds = 0;
    bool ok = true;
    uint64_t seed = 1; // the same every time: what a suite says must not depend on luck
    signal(SIGABRT, keep_input);
    signal(SIGSEGV, keep_input);
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--seconds") == 0 && i + 1 < count)
            seconds = atof(arguments[++i]);
        else if (strcmp(arguments[i], "--seed") == 0 && i + 1 < count)
            seed = strtoull(arguments[++i], NULL, 10);
        else if (file_exists(arguments[i])) // a target may have no regressions yet
            ok = run_path(arguments[i]) && ok;
    }
    if (pool.count == 0) {
        fprintf(stderr, "no inputs\n");
        return 1;
    }
    long done = seconds > 0 ? run_mutations(seconds, seed) : 0;
    printf("%d inputs, %ld mutations of them\n", pool.count, done);
    for (int i = 0; i < pool.count; i++) bytes_close(&pool.inputs[i]);
    return ok ? 0 : 1;
}
