// Averages, distances and skeletons of small pictures.
#include "ink/grid.h"

#include <math.h>
#include <string.h>

// The pixels first..last that an interval touches, within 0..count-1, and the share of each end.
typedef struct Span {
    int first, last;
    float head, tail; // how much of the first and last pixel; if first == last, head counts
} Span;

static Span span_of(float low, float high, int count) {
    low = fmaxf(low, 0.0f);
    high = fminf(high, (float)count);
    if (high - low <= 0.0f) return (Span){.first = 0, .last = -1};
    Span s = {.first = (int)low, .last = (int)ceilf(high) - 1};
    if (s.first > count - 1) s.first = count - 1;
    if (s.last < s.first) s.last = s.first;
    s.head = s.first == s.last ? high - low : (float)(s.first + 1) - low;
    s.tail = s.first == s.last ? s.head : high - (float)s.last;
    return s;
}

static float row_sum(const uint8_t *row, Span s) {
    float sum = s.head * row[s.first];
    if (s.last == s.first) return sum;
    unsigned inner = 0;
    for (int x = s.first + 1; x < s.last; x++) inner += row[x];
    return sum + (float)inner + s.tail * row[s.last];
}

static uint8_t to_byte(float v) {
    return (uint8_t)(int)(fminf(255.0f, fmaxf(0.0f, v)) + 0.5f);
}

void grid_average(const Grid *from, float x0, float y0, float step, uint8_t *to, int width,
                  int height) {
    for (int j = 0; j < height; j++) {
        Span v = span_of(y0 + (float)j * step, y0 + (float)(j + 1) * step, from->height);
        for (int i = 0; i < width; i++) {
            Span h = span_of(x0 + (float)i * step, x0 + (float)(i + 1) * step, from->width);
            float sum = 0.0f;
            for (int y = v.first; y <= v.last && h.first <= h.last; y++) {
                float share = y == v.first ? v.head : y == v.last ? v.tail : 1.0f;
                sum += share * row_sum(from->pixels + (long)y * from->stride, h);
            }
            to[j * width + i] = to_byte(sum / (step * step));
        }
    }
}

static uint8_t pixel_at(const Grid *from, int x, int y) {
    if (x < 0 || y < 0 || x >= from->width || y >= from->height) return 0;
    return from->pixels[(long)y * from->stride + x];
}

void grid_nearest(const Grid *from, float x0, float y0, float step, uint8_t *to, int width,
                  int height) {
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++)
            to[j * width + i] = pixel_at(from, (int)floorf(x0 + ((float)i + 0.5f) * step),
                                         (int)floorf(y0 + ((float)j + 0.5f) * step));
}

void grid_linear(const Grid *from, float x0, float y0, float step, uint8_t *to, int width,
                 int height) {
    for (int j = 0; j < height; j++) {
        float y = y0 + ((float)j + 0.5f) * step - 0.5f, fy = y - floorf(y);
        for (int i = 0; i < width; i++) {
            float x = x0 + ((float)i + 0.5f) * step - 0.5f, fx = x - floorf(x);
            int px = (int)floorf(x), py = (int)floorf(y);
            float top = pixel_at(from, px, py) * (1.0f - fx) + pixel_at(from, px + 1, py) * fx;
            float low =
                pixel_at(from, px, py + 1) * (1.0f - fx) + pixel_at(from, px + 1, py + 1) * fx;
            to[j * width + i] = to_byte(top * (1.0f - fy) + low * fy);
        }
    }
}

static const float FAR = 1e12f;

// One row or column in place (`stride` apart): lower envelope of parabolas.
static void distance_line(float *f, int n, int stride, float *scratch) {
    float *value = scratch, *apex = scratch + n + 1, *border = scratch + 2 * (n + 1);
    int k = -1;
    for (int q = 0; q < n; q++) {
        float fq = f[(long)q * stride];
        value[q] = fq;
        if (fq >= FAR) continue;
        float cut = -FAR;
        while (k >= 0) {
            int p = (int)apex[k];
            cut = (fq + (float)q * (float)q - value[p] - (float)p * (float)p) /
                  (2.0f * (float)(q - p));
            if (cut > border[k]) break;
            k--;
            cut = -FAR;
        }
        k++;
        apex[k] = (float)q;
        border[k] = cut;
    }
    if (k < 0) return;
    int last = k;
    k = 0;
    for (int q = 0; q < n; q++) {
        while (k < last && border[k + 1] < (float)q) k++;
        float d = (float)q - apex[k];
        f[(long)q * stride] = d * d + value[(int)apex[k]];
    }
}

void grid_distance2(const uint8_t *mask, int width, int height, bool value, float *out,
                    float *scratch) {
    for (long i = 0; i < (long)width * height; i++) out[i] = (mask[i] != 0) == value ? 0.0f : FAR;
    for (int x = 0; x < width; x++) distance_line(out + x, height, width, scratch);
    for (int y = 0; y < height; y++) distance_line(out + (long)y * width, width, 1, scratch);
}

// The eight neighbours, clockwise from the one above.
static void neighbours(const uint8_t *mask, int width, int height, int x, int y, int p[8]) {
    static const int DX[8] = {0, 1, 1, 1, 0, -1, -1, -1}, DY[8] = {-1, -1, 0, 1, 1, 1, 0, -1};
    for (int i = 0; i < 8; i++) {
        int nx = x + DX[i], ny = y + DY[i];
        bool in = nx >= 0 && ny >= 0 && nx < width && ny < height;
        p[i] = in ? mask[(long)ny * width + nx] : 0;
    }
}

static bool may_go(const int p[8], int pass) {
    int count = 0, rises = 0;
    for (int i = 0; i < 8; i++) {
        count += p[i];
        rises += p[i] == 0 && p[(i + 1) % 8] == 1;
    }
    if (count < 2 || count > 6 || rises != 1) return false;
    return pass == 0 ? p[0] * p[2] * p[4] == 0 && p[2] * p[4] * p[6] == 0
                     : p[0] * p[2] * p[6] == 0 && p[0] * p[4] * p[6] == 0;
}

void grid_thin(uint8_t *mask, int width, int height, uint8_t *marks) {
    bool changed = true;
    while (changed) {
        changed = false;
        for (int pass = 0; pass < 2; pass++) {
            memset(marks, 0, (size_t)width * (size_t)height);
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++) {
                    int p[8];
                    if (!mask[(long)y * width + x]) continue;
                    neighbours(mask, width, height, x, y, p);
                    marks[(long)y * width + x] = may_go(p, pass);
                }
            for (long i = 0; i < (long)width * height; i++) {
                if (!marks[i]) continue;
                mask[i] = 0;
                changed = true;
            }
        }
    }
}
