// Varying training images: for (seed, epoch, image) a warp, as numbers, and its sampling on the
// CPU. The numbers are a pure function of their three arguments, so worker threads may make them
// in any order, and a GPU back end may sample them itself and see the same images.
#ifndef INKLING_DATASET_AUGMENT_H
#define INKLING_DATASET_AUGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

typedef struct AugmentPreset {
    const char *name; // "none", "light", "strong"
    AugmentConfig config;
} AugmentPreset;

// Ends with a row whose name is NULL.
extern const AugmentPreset augment_presets[];
// NULL when there is no such name.
const AugmentPreset *augment_find(const char *name);
// True when every strength is 0.
bool augment_is_none(const AugmentConfig *config);

enum { WARP_GRID = 5 };

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

// The warp of one image. Rotation, scale and shear are about the middle of the image.
Warp augment_warp(const AugmentConfig *config, uint64_t seed, uint32_t epoch, uint32_t index,
                  uint32_t height, uint32_t width);

// The warp that changes nothing.
Warp warp_identity(void);

// One plane of height*width (each at most 1024); dst must not be src. For several channels call it
// once for each.
void warp_apply(const Warp *warp, const uint8_t *src, uint32_t height, uint32_t width,
                uint8_t *dst);

#endif
