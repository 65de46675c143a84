// The networks of fixtures/make_pth.py, read. Not a test.
#ifndef INKLING_TESTS_PTH_FIXTURE_H
#define INKLING_TESTS_PTH_FIXTURE_H

#include "formats/formats.h"

#include "tests/fixture_file.h"
#include "tests/test.h"

// tests/fixtures/pth/NAME.pth; the caller closes it. `report` may be NULL.
static inline SavedModel *read_fixture(const char *name, InferReport *report) {
    char path[FILE_PATH_MAX];
    SavedModel *model;
    fixture_path(name, ".pth", path);
    assert_ok(format_open(path, NULL, &model, report));
    return model;
}

#endif
