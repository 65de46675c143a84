// What the fuzz targets share. A target is one file, fuzz_NAME.c, with the function that libFuzzer
// calls: it gives bytes that a stranger made to one reader, and aborts when something holds that
// must not. Linked with fuzz_main.c it is an ordinary program that goes through files, which is how
// the tests run it; built by clang with -Dfuzz=true it is a fuzzer (tests/fuzz.sh).
#ifndef INKLING_TESTS_FUZZ_H
#define INKLING_TESTS_FUZZ_H

#include "base/check.h"
#include "base/file.h"
#include "base/status.h"

#include <stdint.h>

// The target: returns 0.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The path of a regular file that holds these bytes until the next call. It is in memory and has
// always the same name, which says nothing about the contents.
const char *fuzz_file(const void *data, size_t size);

// out = a path in a directory that is in memory where the machine has such a one, and is removed
// when the program ends.
void fuzz_path(char out[FILE_PATH_MAX], const char *name);

// A sentence is one line of UTF-8 and there exactly when something failed.
void fuzz_check(const Status *status);

// A model file in the format of that name: read by names and shapes alone and with a score that
// prefers something, then, where that succeeded, written and read again.
void fuzz_model(const char *format, const uint8_t *data, size_t size);

#endif
