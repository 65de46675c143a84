// Pen strokes on paper, the way MNIST's pictures came to be: black ink without greys at a high
// resolution, its box scaled so that the longer side is 20 pixels, averaged over areas, the centre
// of mass moved to the middle of the 28x28 field. Knows nothing of digits.
#include "base/check.h"
#include "dataset/synthetic.h"

#include <math.h>
#include <string.h>

enum {
    BOX = 20,         // pixels of the longer side
    SUB = 6,          // ink samples per pixel and axis: 120 of a row fit two words
    FINE = BOX * SUB, // samples of the box's side
    WORDS = 2,
};

// One bit for each sample of the box.
typedef struct Paper {
    uint64_t rows[FINE][WORDS];
} Paper;

static void paper_fill(Paper *paper, int row, float from, float to) {
    int a = (int)ceilf(from - 0.5f), b = (int)floorf(to - 0.5f); // samples are at .5
    if (a < 0) a = 0;
    if (b > FINE - 1) b = FINE - 1;
    for (int word = 0; word < WORDS; word++) {
        int low = a - 64 * word, high = b - 64 * word;
        if (low < 0) low = 0;
        if (high > 63) high = 63;
        if (low > high) continue;
        paper->rows[row][word] |= (~UINT64_C(0) >> (63 - (high - low))) << low;
    }
}

// A line from a to b with round ends, in samples. It is convex, so each row is one run: from the
// leftmost to the rightmost of its two discs and of its straight part.
static void paper_line(Paper *paper, float ax, float ay, float bx, float by, float radius) {
    float dx = bx - ax, dy = by - ay, length = sqrtf(dx * dx + dy * dy);
    float nx = length > 0 ? -dy / length * radius : 0, ny = length > 0 ? dx / length * radius : 0;
    // Corners of the straight part, in order around it.
    float cx[4] = {ax + nx, bx + nx, bx - nx, ax - nx},
          cy[4] = {ay + ny, by + ny, by - ny, ay - ny};
    int top = (int)floorf(fminf(ay, by) - radius), bottom = (int)ceilf(fmaxf(ay, by) + radius);
    if (top < 0) top = 0;
    if (bottom > FINE - 1) bottom = FINE - 1;
    for (int row = top; row <= bottom; row++) {
        float y = (float)row + 0.5f, low = 1e9f, high = -1e9f;
        float a = radius * radius - (y - ay) * (y - ay), b = radius * radius - (y - by) * (y - by);
        if (a > 0.0f) {
            float half = sqrtf(a);
            low = fminf(low, ax - half);
            high = fmaxf(high, ax + half);
        }
        if (b > 0.0f) {
            float half = sqrtf(b);
            low = fminf(low, bx - half);
            high = fmaxf(high, bx + half);
        }
        for (int i = 0; i < 4; i++) {
            int j = (i + 1) & 3;
            if ((cy[i] > y) == (cy[j] > y)) continue;
            float x = cx[i] + (cx[j] - cx[i]) * (y - cy[i]) / (cy[j] - cy[i]);
            low = fminf(low, x);
            high = fmaxf(high, x);
        }
        if (low < high) paper_fill(paper, row, low, high);
    }
}

static int bits(uint64_t x) {
    int count = 0;
    for (; x; x &= x - 1) count++;
    return count;
}

// Ink in each pixel, 0 .. SUB*SUB.
static void paper_average(const Paper *paper, int counts[BOX][BOX]) {
    for (int y = 0; y < BOX; y++) {
        for (int x = 0; x < BOX; x++) {
            int first = x * SUB, word = first / 64, shift = first % 64, sum = 0;
            for (int row = y * SUB; row < (y + 1) * SUB; row++) {
                uint64_t run = paper->rows[row][word] >> shift;
                if (shift > 64 - SUB && word + 1 < WORDS) {
                    run |= paper->rows[row][word + 1] << (64 - shift);
                }
                sum += bits(run & ((1u << SUB) - 1));
            }
            counts[y][x] = sum;
        }
    }
}

// A Gaussian of that standard deviation, over three pixels: as wide as what is asked for here.
static void blur_field(float field[SYNTHETIC_PIXELS], float sigma) {
    enum { N = SYNTHETIC_EXTENT };
    float side = expf(-0.5f / (sigma * sigma)), middle = 1.0f / (1.0f + 2.0f * side);
    side *= middle;
    for (int pass = 0; pass < 2; pass++) {
        int along = pass == 0 ? 1 : N, across = pass == 0 ? N : 1;
        for (int line = 0; line < N; line++) {
            float *p = field + line * across, last = 0.0f;
            for (int i = 0; i < N; i++) {
                float here = p[i * along], next = i + 1 < N ? p[(i + 1) * along] : 0.0f;
                p[i * along] = middle * here + side * (last + next);
                last = here;
            }
        }
    }
}

typedef struct Box {
    float x0, y0, x1, y1;
} Box;

static Box box_of(const SyntheticStrokes *strokes) {
    Box box = {1e9f, 1e9f, -1e9f, -1e9f};
    for (int i = 0; i < strokes->first[strokes->stroke_count]; i++) {
        box.x0 = fminf(box.x0, strokes->x[i]);
        box.x1 = fmaxf(box.x1, strokes->x[i]);
        box.y0 = fminf(box.y0, strokes->y[i]);
        box.y1 = fmaxf(box.y1, strokes->y[i]);
    }
    return box;
}

void synthetic_render(const SyntheticStrokes *strokes, float pen, float ink, float blur,
                      uint8_t out[SYNTHETIC_PIXELS]) {
    ASSERT(pen > 0.0f && pen < BOX);
    // The pen is given in final pixels, so the skeleton gets what it leaves of the box.
    Box box = box_of(strokes);
    float longer = fmaxf(fmaxf(box.x1 - box.x0, box.y1 - box.y0), 1e-6f);
    float scale = ((float)BOX - pen) * SUB / longer, radius = 0.5f * pen * SUB;
    float off_x = 0.5f * (FINE - scale * (box.x0 + box.x1));
    float off_y = 0.5f * (FINE - scale * (box.y0 + box.y1));

    Paper paper;
    memset(&paper, 0, sizeof paper);
    for (int s = 0; s < strokes->stroke_count; s++) {
        for (int i = strokes->first[s]; i + 1 < strokes->first[s + 1]; i++) {
            paper_line(&paper, scale * strokes->x[i] + off_x, scale * strokes->y[i] + off_y,
                       scale * strokes->x[i + 1] + off_x, scale * strokes->y[i + 1] + off_y,
                       radius * strokes->press[i]);
        }
    }
    int counts[BOX][BOX];
    paper_average(&paper, counts);
    long long sum = 0, sum_x = 0, sum_y = 0;
    for (int y = 0; y < BOX; y++) {
        for (int x = 0; x < BOX; x++) {
            sum += counts[y][x];
            sum_x += (long long)counts[y][x] * x;
            sum_y += (long long)counts[y][x] * y;
        }
    }
    if (sum == 0) sum = 1;
    // Whole pixels, as there: pixel (x, y) of the box comes to (x + left, y + top). The middle of
    // the field is between its pixels 13 and 14.
    int left = (int)lrintf(13.5f - (float)sum_x / (float)sum);
    int top = (int)lrintf(13.5f - (float)sum_y / (float)sum);
    float field[SYNTHETIC_PIXELS] = {0};
    for (int y = 0; y < BOX; y++) {
        for (int x = 0; x < BOX; x++) {
            int fx = x + left, fy = y + top;
            if (fx < 0 || fy < 0 || fx >= SYNTHETIC_EXTENT || fy >= SYNTHETIC_EXTENT) continue;
            field[fy * SYNTHETIC_EXTENT + fx] = (float)counts[y][x] * (ink / (SUB * SUB));
        }
    }
    if (blur > 0.15f) blur_field(field, blur);
    for (int i = 0; i < SYNTHETIC_PIXELS; i++)
        out[i] = (uint8_t)(255.0f * fminf(field[i], 1.0f) + 0.5f);
}
