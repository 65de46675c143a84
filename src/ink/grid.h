// Operations on small grey pictures that fit.c and picture.c share: area averaging, distances and
// thinning. Knows nothing of digits.
#ifndef INKLING_INK_GRID_H
#define INKLING_INK_GRID_H

#include <stdbool.h>
#include <stdint.h>

// A grey picture that belongs to someone else.
typedef struct Grid {
    const uint8_t *pixels;
    int width, height, stride; // stride: bytes from row to row
} Grid;

// to[j][i] = mean of `from` over the square [x0 + i*step, x0 + (i+1)*step) x [y0 + j*step, ...),
// with 0 outside the picture. step > 0; below 1 it enlarges, in blocks. `to` is width x height.
void grid_average(const Grid *from, float x0, float y0, float step, uint8_t *to, int width,
                  int height);

// The same squares, but one sample each: the nearest pixel to the middle.
void grid_nearest(const Grid *from, float x0, float y0, float step, uint8_t *to, int width,
                  int height);

// The same squares, interpolated linearly between the four pixels around the middle: to enlarge.
void grid_linear(const Grid *from, float x0, float y0, float step, uint8_t *to, int width,
                 int height);

// Squared distance from every pixel to the nearest pixel where mask == (value != 0); 1e12 where
// there is none. `scratch`: 3 * (max(width, height) + 1) floats. Source: P. Felzenszwalb,
// D. Huttenlocher 2012, "Distance Transforms of Sampled Functions".
void grid_distance2(const uint8_t *mask, int width, int height, bool value, float *out,
                    float *scratch);

// Thins the mask (0 or 1) to lines one pixel wide that keep its shape. `marks`: width * height
// bytes of scratch. Source: T. Zhang, C. Suen 1984, "A fast parallel algorithm for thinning digital
// patterns".
void grid_thin(uint8_t *mask, int width, int height, uint8_t *marks);

#endif
