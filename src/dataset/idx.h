// Reads IDX files (the format of MNIST: two zero bytes, type 8 = unsigned byte, number of
// dimensions, the dimensions as big-endian 32-bit numbers, the bytes), plain or gzip whatever the
// name says. Source: the description on the MNIST page (LeCun, Cortes, Burges). Every error is a
// sentence with the file, the place in it, what was expected and what was found. Not here: which
// files belong together (dataset.h).
#ifndef INKLING_DATASET_IDX_H
#define INKLING_DATASET_IDX_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { IDX_DIMENSIONS_MAX = 4 };
#define IDX_BYTES_MAX (UINT64_C(4) << 30) // refuses files that promise more

// The unpacked contents of an IDX file. `bytes` is owned: idx_close.
typedef struct IdxArray {
    uint32_t dimension_count;
    uint32_t dimensions[IDX_DIMENSIONS_MAX];
    size_t size; // product of the dimensions
    uint8_t *bytes;
} IdxArray;

// Any array of unsigned bytes of 1 to IDX_DIMENSIONS_MAX dimensions. Memory grows as data arrives,
// so that a header cannot make the program allocate what the file does not hold.
Status idx_read(const char *path, IdxArray *out);

// Images: the file is [n, height, width], or [n, channels, height, width] with 1 or 3 channels;
// `out` is always the latter. At least one image, each side 1 to 1024.
Status idx_read_images(const char *path, IdxArray *out);

// Labels: [n], each below DATASET_CLASSES_MAX (62).
Status idx_read_labels(const char *path, IdxArray *out);

// Writes an array as a plain IDX file, atomically. `mode`: such as 0644; idx_write takes that.
Status idx_write_mode(const char *path, unsigned mode, uint32_t dimension_count,
                      const uint32_t *dimensions, const uint8_t *bytes);
Status idx_write(const char *path, uint32_t dimension_count, const uint32_t *dimensions,
                 const uint8_t *bytes);

// True when the file begins like an IDX file of bytes (after unpacking): a cheap look, for telling
// what a dropped file is.
bool idx_looks_like(const char *path);

// Frees; a zero-filled one may be closed.
void idx_close(IdxArray *array);

#endif
