// Varying training images: for (seed, epoch, image) a warp, as numbers, and its sampling on the
// CPU. The numbers are a pure function of their three arguments, so worker threads may make them
// in any order, and a GPU samples them itself and sees the same images. The formulas, and what the
// numbers mean: compute/warp.h.
#ifndef INKLING_DATASET_AUGMENT_H
#define INKLING_DATASET_AUGMENT_H

#include "compute/warp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
