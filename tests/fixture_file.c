// Fixtures made by PyTorch: see fixture_file.h.
#include "tests/fixture_file.h"

#include "tests/files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fixture_path(const char *name, const char *ending, char out[FILE_PATH_MAX]) {
    const char *fixtures = getenv("INKLING_FIXTURES");
    int size = snprintf(out, FILE_PATH_MAX, "%s/pth/%s%s", fixtures ? fixtures : "tests/fixtures",
                        name, ending);
    assert_true(size < FILE_PATH_MAX);
}

void fixture_open(FixtureFile *file, const char *name) {
    const char *directory = getenv("INKLING_FIXTURES");
    char path[FILE_PATH_MAX];
    file->at = 0;
    path_join(path, directory ? directory : "tests/fixtures", name);
    Status status = file_read(path, 16 << 20, &file->bytes);
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
}

void fixture_close(FixtureFile *file) {
    bytes_close(&file->bytes);
}

bool fixture_line(FixtureFile *file, const char *word, char *text, size_t size) {
    const char *line = (const char *)file->bytes.data + file->at;
    const char *end = memchr(line, '\n', file->bytes.size - file->at);
    size_t length = strlen(word);
    if (!end || strncmp(line, word, length) != 0 || line[length] != ' ') return false;
    const char *rest = line + length + 1;
    if (text) snprintf(text, size, "%.*s", (int)(end - rest), rest);
    file->at = (size_t)(end + 1 - (const char *)file->bytes.data);
    return true;
}

float *fixture_data(FixtureFile *file, const char *name, size_t count) {
    char text[96], found[64];
    size_t there;
    if (!fixture_line(file, "data", text, sizeof text) ||
        sscanf(text, "%63s %zu", found, &there) != 2 || strcmp(found, name) != 0 || there != count)
        fail_msg("fixture: expected \"data %s %zu\" at byte %zu", name, count, file->at);
    assert_true(file->at + count * sizeof(float) < file->bytes.size);
    float *data = malloc((count ? count : 1) * sizeof *data);
    assert_non_null(data);
    memcpy(data, file->bytes.data + file->at, count * sizeof *data);
    file->at += count * sizeof *data + 1;
    return data;
}

void fixture_numbers(float *out, unsigned stream, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) {
        uint32_t h = (uint32_t)(i + 1) * 2654435761u + stream * 40503u;
        h ^= h >> 15;
        h *= 2246822519u;
        h ^= h >> 13;
        out[i] = scale * ((float)(h >> 8) / 8388608.0f - 1.0f);
    }
}

void fixture_compare(const char *title, const char *name, const float *got, const float *want,
                     size_t count, double tolerance, double rounding) {
    double scale = 0, worst = 0;
    size_t where = 0;
    for (size_t i = 0; i < count; i++) {
        double off = fabs((double)got[i] - want[i]);
        scale = fmax(scale, fabs((double)want[i]));
        if (off > worst || isnan(off)) worst = off, where = i;
        if (isnan(off)) break;
    }
    if (!(worst <= tolerance * scale + rounding))
        fail_msg("%s: %s[%zu] is %.9g, PyTorch has %.9g; off by %.2g of the largest, %.9g", title,
                 name, where, (double)got[where], (double)want[where], worst / scale, scale);
}
