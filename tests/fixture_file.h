// Reads the fixtures that fixtures/make_training.py and make_layers.py write, and makes the numbers
// that both sides make for themselves (fixtures/torch_numbers.py).
#ifndef INKLING_TESTS_FIXTURE_FILE_H
#define INKLING_TESTS_FIXTURE_FILE_H

#include "base/file.h"

#include <stdbool.h>

// The path of tests/fixtures/pth/NAME and its ending.
void fixture_path(const char *name, const char *ending, char out[FILE_PATH_MAX]);

typedef struct FixtureFile {
    Bytes bytes;
    size_t at;
} FixtureFile;

// tests/fixtures/NAME; fails the test when it is not there.
void fixture_open(FixtureFile *file, const char *name);
void fixture_close(FixtureFile *file);

// The next line when it begins with `word`: its rest goes into `text`. False, and nothing is read,
// when it begins otherwise or the file is at its end.
bool fixture_line(FixtureFile *file, const char *word, char *text, size_t size);
// The next piece of data, which must have this name and count; the caller frees it.
float *fixture_data(FixtureFile *file, const char *name, size_t count);

// The `count` numbers of a stream times `scale`.
void fixture_numbers(float *out, unsigned stream, size_t count, float scale);

// Fails the test where got differs from want by more than `tolerance` times the largest |want|, and
// `rounding`: what is left of sums that cancel.
void fixture_compare(const char *title, const char *name, const float *got, const float *want,
                     size_t count, double tolerance, double rounding);

#endif
