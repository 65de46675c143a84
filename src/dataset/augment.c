// Drawing the numbers of a warp, and sampling one on the CPU. Nothing here keeps state.
#include "dataset/augment.h"
#include "base/check.h"
#include "base/streams.h"
#include "base/tr.h"
#include "dataset/dataset.h"

#include <math.h>
#include <string.h>

const AugmentPreset augment_presets[] = {
    {TR("none"), {.rotation = 0.0f}},
    {TR("light"), {.rotation = 10.0f, .shift = 0.1f, .scale = 0.1f}},
    {TR("strong"),
     {.rotation = 20.0f,
      .shift = 0.12f,
      .scale = 0.2f,
      .shear = 0.25f,
      .elastic = 0.03f,
      .thickness = 0.4f}},
    {.name = NULL},
};

const AugmentPreset *augment_find(const char *name) {
    for (const AugmentPreset *p = augment_presets; p->name; p++) {
        if (strcmp(p->name, name) == 0) return p;
    }
    return NULL;
}

bool augment_is_none(const AugmentConfig *config) {
    return config->rotation == 0.0f && config->shift == 0.0f && config->scale == 0.0f &&
           config->shear == 0.0f && config->elastic == 0.0f && config->thickness == 0.0f &&
           config->erasing == 0.0f;
}

Warp warp_identity(void) {
    Warp warp;
    memset(&warp, 0, sizeof warp);
    warp.affine[0] = warp.affine[4] = 1.0f;
    return warp;
}

// Uniform in +-strength.
static double draw(Rng *rng, float strength) {
    return rng_range(rng, -1.0, 1.0) * (double)strength;
}

// A rectangle of 2 to 20 % of the area, from three times as wide as high to the reverse.
static void draw_erase(Rng *rng, uint32_t height, uint32_t width, uint16_t erase[4]) {
    double area = rng_range(rng, 0.02, 0.2) * height * width;
    double aspect = exp(rng_range(rng, -1.1, 1.1));
    double w = fmin(sqrt(area * aspect) + 0.5, width), h = fmin(sqrt(area / aspect) + 0.5, height);
    double x = rng_uniform(rng) * (width - w), y = rng_uniform(rng) * (height - h);
    erase[0] = (uint16_t)x;
    erase[1] = (uint16_t)y;
    erase[2] = (uint16_t)(x + w);
    erase[3] = (uint16_t)(y + h);
}

Warp augment_warp(const AugmentConfig *config, uint64_t seed, uint32_t epoch, uint32_t index,
                  uint32_t height, uint32_t width) {
    const double degree = 3.14159265358979323846 / 180.0;
    Warp warp = warp_identity();
    if (augment_is_none(config)) return warp;
    Rng stream = rng_make(seed, STREAM_AUGMENT);
    stream = rng_at(&stream, epoch);
    Rng rng = rng_at(&stream, index);

    double angle = draw(&rng, config->rotation) * degree;
    double both = draw(&rng, config->scale);
    double scale_x = 1.0 + 0.7 * both + 0.3 * draw(&rng, config->scale);
    double scale_y = 1.0 + 0.7 * both + 0.3 * draw(&rng, config->scale);
    double shear = draw(&rng, config->shear);
    double shift_x = draw(&rng, config->shift) * width;
    double shift_y = draw(&rng, config->shift) * height;

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
    warp.affine[0] = (float)i00;
    warp.affine[1] = (float)i01;
    warp.affine[2] = (float)(mid_x - i00 * from_x - i01 * from_y);
    warp.affine[3] = (float)i10;
    warp.affine[4] = (float)i11;
    warp.affine[5] = (float)(mid_y - i10 * from_x - i11 * from_y);

    if (config->elastic > 0.0f) {
        warp.has_grid = true;
        for (int axis = 0; axis < 2; axis++) {
            for (int row = 0; row < WARP_GRID; row++) {
                for (int column = 0; column < WARP_GRID; column++) {
                    double d = rng_normal(&rng) * (double)config->elastic * width;
                    warp.grid[axis][row][column] = (float)d;
                }
            }
        }
    }
    warp.thickness = (float)draw(&rng, fminf(config->thickness, 1.0f));
    if (config->erasing > 0.0f && rng_uniform(&rng) < (double)config->erasing) {
        draw_erase(&rng, height, width, warp.erase);
    }
    return warp;
}

static float pixel(const uint8_t *src, int height, int width, int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height ? src[y * width + x] : 0.0f;
}

static inline uint8_t sample(const uint8_t *src, int height, int width, float sx, float sy) {
    // Far outside: also keeps the conversions to int defined.
    if (!(sx > -1.0f && sy > -1.0f && sx < (float)width && sy < (float)height)) return 0;
    int x = (int)(sx + 1.0f) - 1, y = (int)(sy + 1.0f) - 1; // floor, for what is above -1
    float fx = sx - (float)x, fy = sy - (float)y;
    float a, b, c, d;
    if (x >= 0 && y >= 0 && x + 1 < width && y + 1 < height) {
        const uint8_t *p = src + y * width + x;
        a = p[0];
        b = p[1];
        c = p[width];
        d = p[width + 1];
    } else {
        a = pixel(src, height, width, x, y);
        b = pixel(src, height, width, x + 1, y);
        c = pixel(src, height, width, x, y + 1);
        d = pixel(src, height, width, x + 1, y + 1);
    }
    float top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    return (uint8_t)(top + (bottom - top) * fy + 0.5f);
}

// Which two of the grid's points a pixel lies between, and how far along.
static inline int grid_cell(float step, uint32_t at, float *fraction) {
    float u = step * (float)at;
    int cell = (int)u;
    if (cell > WARP_GRID - 2) cell = WARP_GRID - 2;
    *fraction = u - (float)cell;
    return cell;
}

static float grid_step(uint32_t extent) {
    return extent > 1 ? (float)(WARP_GRID - 1) / (float)(extent - 1) : 0.0f;
}

static void sample_row(const Warp *warp, const uint8_t *src, uint32_t height, uint32_t width,
                       uint32_t y, uint8_t *dst) {
    const float *m = warp->affine;
    float row_x = m[1] * (float)y + m[2], row_y = m[4] * (float)y + m[5];
    float gx[WARP_GRID] = {0}, gy[WARP_GRID] = {0};
    if (!warp->has_grid) {
        for (uint32_t x = 0; x < width; x++) {
            dst[x] = sample(src, (int)height, (int)width, m[0] * (float)x + row_x,
                            m[3] * (float)x + row_y);
        }
        return;
    }
    float fraction;
    int cell = grid_cell(grid_step(height), y, &fraction);
    for (int k = 0; k < WARP_GRID; k++) {
        const float(*g)[WARP_GRID] = warp->grid[0] + cell, (*h)[WARP_GRID] = warp->grid[1] + cell;
        gx[k] = row_x + g[0][k] + (g[1][k] - g[0][k]) * fraction;
        gy[k] = row_y + h[0][k] + (h[1][k] - h[0][k]) * fraction;
    }
    float step = grid_step(width);
    for (uint32_t x = 0; x < width; x++) {
        int k = grid_cell(step, x, &fraction);
        float sx = m[0] * (float)x + gx[k] + (gx[k + 1] - gx[k]) * fraction;
        float sy = m[3] * (float)x + gy[k] + (gy[k + 1] - gy[k]) * fraction;
        dst[x] = sample(src, (int)height, (int)width, sx, sy);
    }
}

// Both in bytes, so that the compiler makes them 16 pixels at a time. `share` is of 256.
static void row_towards_largest(const uint8_t *above, const uint8_t *here, const uint8_t *below,
                                int width, unsigned share, uint8_t *out) {
    for (int x = 0; x < width; x++) {
        uint8_t best = here[x] > above[x] ? here[x] : above[x];
        best = best > below[x] ? best : below[x];
        best = best > here[x - 1] ? best : here[x - 1];
        best = best > here[x + 1] ? best : here[x + 1];
        out[x] = (uint8_t)(here[x] + ((share * (unsigned)(best - here[x]) + 128) >> 8));
    }
}

static void row_towards_smallest(const uint8_t *above, const uint8_t *here, const uint8_t *below,
                                 int width, unsigned share, uint8_t *out) {
    for (int x = 0; x < width; x++) {
        uint8_t best = here[x] < above[x] ? here[x] : above[x];
        best = best < below[x] ? best : below[x];
        best = best < here[x - 1] ? best : here[x - 1];
        best = best < here[x + 1] ? best : here[x + 1];
        out[x] = (uint8_t)(here[x] - ((share * (unsigned)(here[x] - best) + 128) >> 8));
    }
}

// In place, so three rows are kept as they were before, each with paper at both ends.
static void thicken(float amount, uint32_t height, uint32_t width, uint8_t *dst) {
    uint8_t rows[3][DATASET_EXTENT_MAX + 2];
    for (int r = 0; r < 3; r++) {
        rows[r][0] = 0;
        memset(rows[r] + 1, 0, width + 1);
    }
    unsigned share = (unsigned)(fminf(fabsf(amount), 1.0f) * 256.0f + 0.5f);
    memcpy(rows[1] + 1, dst, width); // row y is in rows[(y + 1) % 3]
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *above = rows[y % 3] + 1, *here = rows[(y + 1) % 3] + 1;
        uint8_t *below = rows[(y + 2) % 3] + 1, *out = dst + (size_t)y * width;
        if (y + 1 < height) {
            memcpy(below, out + width, width);
        } else {
            memset(below, 0, width);
        }
        (amount > 0.0f ? row_towards_largest : row_towards_smallest)(above, here, below, (int)width,
                                                                     share, out);
    }
}

void warp_apply(const Warp *warp, const uint8_t *src, uint32_t height, uint32_t width,
                uint8_t *dst) {
    ASSERT(height <= DATASET_EXTENT_MAX && width <= DATASET_EXTENT_MAX && src != dst);
    for (uint32_t y = 0; y < height; y++) {
        sample_row(warp, src, height, width, y, dst + (size_t)y * width);
    }
    if (warp->thickness != 0.0f) thicken(warp->thickness, height, width, dst);
    for (uint32_t y = warp->erase[1]; y < warp->erase[3] && y < height; y++) {
        for (uint32_t x = warp->erase[0]; x < warp->erase[2] && x < width; x++) {
            dst[(size_t)y * width + x] = 0;
        }
    }
}
