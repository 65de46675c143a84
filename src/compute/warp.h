// The arithmetic of augmentation, for every device: an image is varied by a warp, whose numbers are
// a pure function of (seed, epoch, index of the image), and each pixel of the varied image is a
// function of the warp and the image. Compiled by the C compiler and by nvcc, so that a GPU that
// makes its own images sees those that the CPU's threads make (dataset/augment.h), but for the last
// place of a sine.
#ifndef INKLING_COMPUTE_WARP_H
#define INKLING_COMPUTE_WARP_H

#include "base/device_fn.h"
#include "base/streams.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Strengths; 0 = off. Each image draws uniformly from +- the strength, except where noted.
typedef struct AugmentConfig {
    float rotation;  // degrees
    float shift;     // share of the image's width and height
    float scale;     // share: 0.1 gives factors 0.9 .. 1.1, each axis half on its own
    float shear;     // horizontal, pixels per pixel
    float elastic;   // standard deviation of the displacement grid, share of the image's width
    float thickness; // pixels that a stroke's edge moves out or in, at most 1
    float erasing;   // probability that one rectangle (2 to 20 % of the area) becomes paper
} AugmentConfig;

enum { WARP_GRID = 5, WARP_GRID_VALUES = 2 * WARP_GRID * WARP_GRID };

// Where each output pixel looks. For the pixel (x, y), counted from 0 at the centre of the first,
// the place in the source is
//     sx = affine[0] x + affine[1] y + affine[2] + gx
//     sy = affine[3] x + affine[4] y + affine[5] + gy
// (gx, gy), in source pixels, comes from grid[0] and grid[1] ([row][column]): WARP_GRID points
// spread evenly from the first to the last pixel of each axis, bilinear between them. The source is
// read there bilinearly and is 0 outside. Then, when `thickness` is not 0, each pixel moves by
// |thickness| of the way to the largest (> 0) or smallest (< 0) of itself and its four neighbours.
// Then the pixels x0 <= x < x1, y0 <= y < y1 of erase = {x0, y0, x1, y1} become 0.
typedef struct Warp {
    float affine[6];
    float grid[2][WARP_GRID][WARP_GRID];
    float thickness;
    uint16_t erase[4];
    bool has_grid; // false: grid is all zero
} Warp;

// ---- drawing the numbers ----------------------------------------------------------------------

// Where the numbers of one image begin; warp_draw and warp_draw_grid each start from here.
DEVICE_FN Rng warp_stream(uint64_t seed, uint32_t epoch, uint32_t index) {
    Rng stream = rng_make(seed, STREAM_AUGMENT);
    stream = rng_at(&stream, epoch);
    return rng_at(&stream, index);
}

// Uniform in +-strength.
DEVICE_FN double warp_uniform(Rng *rng, float strength) {
    return rng_range(rng, -1.0, 1.0) * (double)strength;
}

// A rectangle of 2 to 20 % of the area, from three times as wide as high to the reverse.
DEVICE_FN void warp_draw_erase(Rng *rng, uint32_t height, uint32_t width, uint16_t erase[4]) {
    double area = rng_range(rng, 0.02, 0.2) * height * width;
    double aspect = exp(rng_range(rng, -1.1, 1.1));
    double w = fmin(sqrt(area * aspect) + 0.5, (double)width);
    double h = fmin(sqrt(area / aspect) + 0.5, (double)height);
    double x = rng_uniform(rng) * (width - w), y = rng_uniform(rng) * (height - h);
    erase[0] = (uint16_t)x;
    erase[1] = (uint16_t)y;
    erase[2] = (uint16_t)(x + w);
    erase[3] = (uint16_t)(y + h);
}

enum { WARP_DRAWS_BEFORE_GRID = 7, WARP_DRAWS_OF_VALUE = 2 };

// All numbers of a warp but those in the grid. Rotation, scale and shear are about the middle of
// the image.
DEVICE_FN void warp_draw(const AugmentConfig *config, Rng rng, uint32_t height, uint32_t width,
                         Warp *warp) {
    const double degree = 3.14159265358979323846 / 180.0;
    double angle = warp_uniform(&rng, config->rotation) * degree;
    double both = warp_uniform(&rng, config->scale);
    double scale_x = 1.0 + 0.7 * both + 0.3 * warp_uniform(&rng, config->scale);
    double scale_y = 1.0 + 0.7 * both + 0.3 * warp_uniform(&rng, config->scale);
    double shear = warp_uniform(&rng, config->shear);
    double shift_x = warp_uniform(&rng, config->shift) * width;
    double shift_y = warp_uniform(&rng, config->shift) * height;

    // Forward, source to output, about the middle: rotation * shear * scale, then the shift.
    // The warp needs the inverse.
    double c = cos(angle), s = sin(angle);
    double m00 = c * scale_x, m01 = (c * shear - s) * scale_y;
    double m10 = s * scale_x, m11 = (s * shear + c) * scale_y;
    double determinant = m00 * m11 - m01 * m10; // = scale_x * scale_y
    if (determinant < 1e-3) determinant = 1e-3;
    double i00 = m11 / determinant, i01 = -m01 / determinant;
    double i10 = -m10 / determinant, i11 = m00 / determinant;
    double mid_x = 0.5 * (width - 1.0), mid_y = 0.5 * (height - 1.0);
    double from_x = mid_x + shift_x, from_y = mid_y + shift_y;
    warp->affine[0] = (float)i00;
    warp->affine[1] = (float)i01;
    warp->affine[2] = (float)(mid_x - i00 * from_x - i01 * from_y);
    warp->affine[3] = (float)i10;
    warp->affine[4] = (float)i11;
    warp->affine[5] = (float)(mid_y - i10 * from_x - i11 * from_y);

    warp->has_grid = config->elastic > 0.0f;
    if (warp->has_grid) rng.counter += (uint64_t)WARP_GRID_VALUES * WARP_DRAWS_OF_VALUE;
    warp->thickness = (float)warp_uniform(&rng, fminf(config->thickness, 1.0f));
    memset(warp->erase, 0, sizeof warp->erase);
    if (config->erasing > 0.0f && rng_uniform(&rng) < (double)config->erasing)
        warp_draw_erase(&rng, height, width, warp->erase);
}

// Number `value` (0 .. WARP_GRID_VALUES-1) of the grid, where there is one.
DEVICE_FN void warp_draw_grid(const AugmentConfig *config, Rng rng, uint32_t width, int value,
                              Warp *warp) {
    rng.counter += WARP_DRAWS_BEFORE_GRID + (uint64_t)value * WARP_DRAWS_OF_VALUE;
    int axis = value / (WARP_GRID * WARP_GRID), place = value % (WARP_GRID * WARP_GRID);
    warp->grid[axis][place / WARP_GRID][place % WARP_GRID] =
        (float)(rng_normal(&rng) * (double)config->elastic * width);
}

// ---- pixels -----------------------------------------------------------------------------------

DEVICE_FN float warp_source(const uint8_t *src, int height, int width, int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height ? (float)src[y * width + x] : 0.0f;
}

// The source at a place between pixels.
DEVICE_FN uint8_t warp_sample(const uint8_t *src, int height, int width, float sx, float sy) {
    // Far outside: also keeps the conversions to int defined.
    if (!(sx > -1.0f && sy > -1.0f && sx < (float)width && sy < (float)height)) return 0;
    int x = (int)(sx + 1.0f) - 1, y = (int)(sy + 1.0f) - 1; // floor, for what is above -1
    float fx = sx - (float)x, fy = sy - (float)y;
    float a, b, c, d;
    if (x >= 0 && y >= 0 && x + 1 < width && y + 1 < height) {
        const uint8_t *p = src + (size_t)y * (size_t)width + (size_t)x;
        a = p[0];
        b = p[1];
        c = p[width];
        d = p[width + 1];
    } else {
        a = warp_source(src, height, width, x, y);
        b = warp_source(src, height, width, x + 1, y);
        c = warp_source(src, height, width, x, y + 1);
        d = warp_source(src, height, width, x + 1, y + 1);
    }
    float top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    return (uint8_t)(top + (bottom - top) * fy + 0.5f);
}

DEVICE_FN float warp_grid_step(uint32_t extent) {
    return extent > 1 ? (float)(WARP_GRID - 1) / (float)(extent - 1) : 0.0f;
}

// Which two of the grid's points a pixel lies between, and how far along.
DEVICE_FN int warp_grid_cell(float step, uint32_t at, float *fraction) {
    float u = step * (float)at;
    int cell = (int)u;
    if (cell > WARP_GRID - 2) cell = WARP_GRID - 2;
    *fraction = u - (float)cell;
    return cell;
}

// What column k of the grid adds in a row of pixels, the affine part of the row included.
DEVICE_FN float warp_grid_column(const float grid[WARP_GRID][WARP_GRID], int cell, float fraction,
                                 float row, int k) {
    return row + grid[cell][k] + (grid[cell + 1][k] - grid[cell][k]) * fraction;
}

// The pixel before thickness and erasing.
DEVICE_FN uint8_t warp_look(const Warp *warp, const uint8_t *src, uint32_t height, uint32_t width,
                            uint32_t x, uint32_t y) {
    const float *m = warp->affine;
    float row_x = m[1] * (float)y + m[2], row_y = m[4] * (float)y + m[5];
    float sx = m[0] * (float)x, sy = m[3] * (float)x;
    if (warp->has_grid) {
        float down, along;
        int cell = warp_grid_cell(warp_grid_step(height), y, &down);
        int k = warp_grid_cell(warp_grid_step(width), x, &along);
        float x0 = warp_grid_column(warp->grid[0], cell, down, row_x, k);
        float x1 = warp_grid_column(warp->grid[0], cell, down, row_x, k + 1);
        float y0 = warp_grid_column(warp->grid[1], cell, down, row_y, k);
        float y1 = warp_grid_column(warp->grid[1], cell, down, row_y, k + 1);
        sx = sx + x0 + (x1 - x0) * along;
        sy = sy + y0 + (y1 - y0) * along;
    } else {
        sx += row_x;
        sy += row_y;
    }
    return warp_sample(src, (int)height, (int)width, sx, sy);
}

// |thickness| in parts of 256.
DEVICE_FN unsigned warp_share(float thickness) {
    return (unsigned)(fminf(fabsf(thickness), 1.0f) * 256.0f + 0.5f);
}

// The pixel moved towards the largest or the smallest of its neighbourhood.
DEVICE_FN uint8_t warp_towards_largest(uint8_t here, uint8_t best, unsigned share) {
    return (uint8_t)(here + ((share * (unsigned)(best - here) + 128) >> 8));
}
DEVICE_FN uint8_t warp_towards_smallest(uint8_t here, uint8_t best, unsigned share) {
    return (uint8_t)(here - ((share * (unsigned)(here - best) + 128) >> 8));
}

// Pixel (x, y) of the varied plane: all of the above.
DEVICE_FN uint8_t warp_pixel(const Warp *warp, const uint8_t *src, uint32_t height, uint32_t width,
                             uint32_t x, uint32_t y) {
    if (x >= warp->erase[0] && x < warp->erase[2] && y >= warp->erase[1] && y < warp->erase[3])
        return 0;
    uint8_t here = warp_look(warp, src, height, width, x, y), best = here;
    if (warp->thickness == 0.0f) return here;
    const int sides[4][2] = {{0, -1}, {0, 1}, {-1, 0}, {1, 0}};
    for (int i = 0; i < 4; i++) {
        int nx = (int)x + sides[i][0], ny = (int)y + sides[i][1];
        bool inside = nx >= 0 && ny >= 0 && nx < (int)width && ny < (int)height;
        uint8_t there =
            inside ? warp_look(warp, src, height, width, (uint32_t)nx, (uint32_t)ny) : (uint8_t)0;
        if (warp->thickness > 0.0f ? there > best : there < best) best = there;
    }
    unsigned share = warp_share(warp->thickness);
    return warp->thickness > 0.0f ? warp_towards_largest(here, best, share)
                                  : warp_towards_smallest(here, best, share);
}

#endif
