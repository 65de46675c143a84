// What two drawings look like to a network, compared. One include for each test program; not a
// test.
#ifndef INKLING_TESTS_INK_SEEN_H
#define INKLING_TESTS_INK_SEEN_H

#include <stdbool.h>
#include <stdint.h>

enum { SEEN_SIDE = 28 };

// Every pixel that is clearly ink in `a` has ink in `b` within one pixel.
static inline bool covers(const uint8_t *a, const uint8_t *b) {
    for (int y = 0; y < SEEN_SIDE; y++)
        for (int x = 0; x < SEEN_SIDE; x++) {
            bool near = a[y * SEEN_SIDE + x] < 192;
            for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < SEEN_SIDE && !near; v++)
                for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < SEEN_SIDE; u++)
                    near |= b[v * SEEN_SIDE + u] >= 64;
            if (!near) return false;
        }
    return true;
}

#endif
