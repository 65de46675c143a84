// Which pixel a row, a column or a depth of a convolution's product stands for (conv.cu).
#ifndef INKLING_CUDA_PLACES_H
#define INKLING_CUDA_PLACES_H

#include "device.h"

// Division by a number that is known before the launch, as a multiplication. For 0 <= n < 2^31.
// Source: T. Granlund, P. Montgomery 1994, "Division by Invariant Integers using Multiplication":
// with l = ceil(log2 d) and m = ceil(2^(31+l) / d), which is below 2^32, n / d = n m / 2^(31+l);
// here the upper half of 2 n m, shifted by l.
struct Divider {
    unsigned divisor, multiplier, shift;
    __device__ int quotient(int n) const {
        return (int)(__umulhi(2 * (unsigned)n, multiplier) >> shift);
    }
    __device__ int rest(int n, int quotient) const {
        return n - quotient * (int)divisor;
    }
};

static Divider divider(int divisor) {
    unsigned log = 0;
    if (divisor < 1) divisor = 1; // nobody will divide
    while ((1ull << log) < (unsigned long long)divisor) log++;
    uint64_t power = 1ull << (31 + log);
    Divider by = {(unsigned)divisor, (unsigned)((power + divisor - 1) / divisor), log};
    return by;
}

// A shape with what is divided by.
struct ConvPlaces {
    ConvShape s;
    Divider taps, kernel_w, out_area, out_w, in_area, in_w, stride;
    int windows_h, windows_w; // of 2x2
    Divider windows, window_w;
};

static ConvPlaces conv_places(ConvShape s) {
    ConvPlaces places = {s,
                         divider(s.kernel_h * s.kernel_w),
                         divider(s.kernel_w),
                         divider(s.out_h * s.out_w),
                         divider(s.out_w),
                         divider(s.in_h * s.in_w),
                         divider(s.in_w),
                         divider(s.stride),
                         s.out_h / 2,
                         s.out_w / 2,
                         divider(s.out_h / 2 * (s.out_w / 2)),
                         divider(s.out_w / 2)};
    return places;
}

// A place in the output of the batch.
struct OutputPlace {
    int image, y, x;
};

static __device__ inline OutputPlace conv_place(const ConvPlaces &c, int place) {
    OutputPlace p;
    p.image = c.out_area.quotient(place);
    int at = c.out_area.rest(place, p.image);
    p.y = c.out_w.quotient(at);
    p.x = c.out_w.rest(at, p.y);
    return p;
}

// The same where the four places of a window follow each other.
static __device__ inline OutputPlace conv_place_by_window(const ConvPlaces &c, int place) {
    OutputPlace p;
    int window = place / 4;
    p.image = c.windows.quotient(window);
    int at = c.windows.rest(window, p.image);
    p.y = c.window_w.quotient(at);
    p.x = 2 * c.window_w.rest(at, p.y) + place % 2;
    p.y = 2 * p.y + place / 2 % 2;
    return p;
}

// Element `within` of a plane of so many.
static __device__ inline size_t conv_at(int plane, const Divider &area, int within) {
    return (uint64_t)(unsigned)plane * area.divisor + (size_t)within;
}

// What tap `filter` (of one filter) sees from a place of the output; 0 in the padding.
static __device__ inline float conv_pixel(const ConvPlaces &c, const float *x, OutputPlace place,
                                          int filter) {
    int channel = c.taps.quotient(filter), tap = c.taps.rest(filter, channel);
    int kh = c.kernel_w.quotient(tap);
    int iy = place.y * c.s.stride - c.s.pad + kh;
    int ix = place.x * c.s.stride - c.s.pad + c.kernel_w.rest(tap, kh);
    // Read in any case, and thrown away: see product_fetch.
    bool inside = iy >= 0 && iy < c.s.in_h && ix >= 0 && ix < c.s.in_w;
    size_t at = conv_at(place.image * c.s.in_c + channel, c.in_area, iy * c.s.in_w + ix);
    float pixel = x[inside ? at : 0];
    return inside ? pixel : 0.0f;
}

#endif
