// Orders and copies. No state: see batch.h.
#include "dataset/batch.h"
#include "base/check.h"
#include "base/streams.h"

#include <string.h>

void batch_order(uint64_t seed, uint32_t epoch, bool shuffle, const uint32_t *indices, uint32_t n,
                 uint32_t *out) {
    if (shuffle) {
        Rng stream = rng_make(seed, STREAM_SHUFFLE);
        Rng rng = rng_at(&stream, epoch);
        rng_permutation(&rng, out, n);
    } else {
        for (uint32_t i = 0; i < n; i++) out[i] = i;
    }
    if (!indices) return;
    for (uint32_t i = 0; i < n; i++) out[i] = indices[out[i]];
}

uint32_t batch_count(uint32_t n, uint32_t batch_size) {
    ASSERT(batch_size > 0);
    return n / batch_size + (n % batch_size > 0);
}

uint32_t batch_images(uint32_t n, uint32_t batch_size, uint32_t b) {
    ASSERT(b < batch_count(n, batch_size));
    uint32_t left = n - b * batch_size;
    return left < batch_size ? left : batch_size;
}

void batch_gather(const ImageSet *set, const uint32_t *order, uint32_t n, uint8_t *pixels,
                  uint8_t *labels) {
    size_t bytes = imageset_image_bytes(set);
    for (uint32_t i = 0; i < n; i++) {
        ASSERT(order[i] < set->n);
        if (pixels) memcpy(pixels + bytes * i, imageset_pixels(set, order[i]), bytes);
        if (labels) labels[i] = set->labels[order[i]];
    }
}

void batch_gather_augmented(const ImageSet *set, const uint32_t *order, uint32_t n,
                            const AugmentConfig *config, uint64_t seed, uint32_t epoch,
                            uint8_t *pixels, uint8_t *labels) {
    if (augment_is_none(config) || !pixels) {
        batch_gather(set, order, n, pixels, labels);
        return;
    }
    size_t plane = (size_t)set->height * set->width;
    for (uint32_t i = 0; i < n; i++) {
        ASSERT(order[i] < set->n);
        Warp warp = augment_warp(config, seed, epoch, order[i], set->height, set->width);
        for (uint32_t c = 0; c < set->channels; c++) {
            warp_apply(&warp, imageset_pixels(set, order[i]) + plane * c, set->height, set->width,
                       pixels + plane * ((size_t)set->channels * i + c));
        }
        if (labels) labels[i] = set->labels[order[i]];
    }
}
