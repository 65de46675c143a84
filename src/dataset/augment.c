// Drawing the numbers of a warp, and sampling one on the CPU. Nothing here keeps state.
#include "dataset/augment.h"
#include "base/check.h"
#include "base/tr.h"
#include "dataset/dataset.h"

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

Warp augment_warp(const AugmentConfig *config, uint64_t seed, uint32_t epoch, uint32_t index,
                  uint32_t height, uint32_t width) {
    Warp warp = warp_identity();
    if (augment_is_none(config)) return warp;
    Rng stream = warp_stream(seed, epoch, index);
    warp_draw(config, stream, height, width, &warp);
    for (int i = 0; warp.has_grid && i < WARP_GRID_VALUES; i++)
        warp_draw_grid(config, stream, width, i, &warp);
    return warp;
}

// warp_look for a whole row, what is the same for all of it worked out once.
static void sample_row(const Warp *warp, const uint8_t *src, uint32_t height, uint32_t width,
                       uint32_t y, uint8_t *dst) {
    const float *m = warp->affine;
    float row_x = m[1] * (float)y + m[2], row_y = m[4] * (float)y + m[5];
    float gx[WARP_GRID] = {0}, gy[WARP_GRID] = {0};
    if (!warp->has_grid) {
        for (uint32_t x = 0; x < width; x++) {
            dst[x] = warp_sample(src, (int)height, (int)width, m[0] * (float)x + row_x,
                                 m[3] * (float)x + row_y);
        }
        return;
    }
    float fraction;
    int cell = warp_grid_cell(warp_grid_step(height), y, &fraction);
    for (int k = 0; k < WARP_GRID; k++) {
        gx[k] = warp_grid_column(warp->grid[0], cell, fraction, row_x, k);
        gy[k] = warp_grid_column(warp->grid[1], cell, fraction, row_y, k);
    }
    float step = warp_grid_step(width);
    for (uint32_t x = 0; x < width; x++) {
        int k = warp_grid_cell(step, x, &fraction);
        float sx = m[0] * (float)x + gx[k] + (gx[k + 1] - gx[k]) * fraction;
        float sy = m[3] * (float)x + gy[k] + (gy[k + 1] - gy[k]) * fraction;
        dst[x] = warp_sample(src, (int)height, (int)width, sx, sy);
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
        out[x] = warp_towards_largest(here[x], best, share);
    }
}

static void row_towards_smallest(const uint8_t *above, const uint8_t *here, const uint8_t *below,
                                 int width, unsigned share, uint8_t *out) {
    for (int x = 0; x < width; x++) {
        uint8_t best = here[x] < above[x] ? here[x] : above[x];
        best = best < below[x] ? best : below[x];
        best = best < here[x - 1] ? best : here[x - 1];
        best = best < here[x + 1] ? best : here[x + 1];
        out[x] = warp_towards_smallest(here[x], best, share);
    }
}

// In place, so three rows are kept as they were before, each with paper at both ends.
static void thicken(float amount, uint32_t height, uint32_t width, uint8_t *dst) {
    uint8_t rows[3][DATASET_EXTENT_MAX + 2];
    for (int r = 0; r < 3; r++) {
        rows[r][0] = 0;
        memset(rows[r] + 1, 0, width + 1);
    }
    unsigned share = warp_share(amount);
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
