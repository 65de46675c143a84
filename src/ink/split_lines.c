// Which line of writing each stroke of a drawing is on. Lines are told apart only where nothing is
// in doubt: a strip of empty paper across the whole drawing, with writing of about the same height
// above and below, and somewhere two digits beside each other. A single 8 made of two rings, or a 5
// whose bar floats, is one line.
#include "ink/split_lines.h"

#include <math.h>
#include <stdbool.h>

#define STRIP    0.06f // least empty paper between two lines, of the taller one's height
#define AS_HIGH  0.5f  // least height of a line, of the tallest one's
#define HAS_SIZE 0.6f  // of its line's height: what is taken for a digit or most of one

typedef struct Band {
    float y0, y1;
} Band;

// The strips of paper that have ink, from the top; returns how many.
static int find_bands(const SplitAtom *boxes, int n, Band *bands) {
    int count = 0;
    for (int i = 0; i < n; i++) {
        Band band = {boxes[i].y0, boxes[i].y1};
        int at = 0, end;
        while (at < count && bands[at].y1 < band.y0) at++;
        for (end = at; end < count && bands[end].y0 <= band.y1; end++) {
            band.y0 = fminf(band.y0, bands[end].y0);
            band.y1 = fmaxf(band.y1, bands[end].y1);
        }
        // bands[at .. end-1] are part of the new one.
        int more = at + 1 - end;
        if (more > 0)
            for (int k = count; k > at; k--) bands[k] = bands[k - 1];
        else
            for (int k = at + 1; k < count + more; k++) bands[k] = bands[k - more];
        bands[at] = band;
        count += more;
    }
    return count;
}

static float height_of(Band band) {
    return band.y1 - band.y0;
}

// Bands too near each other, or too low to be a line, go to their nearest neighbour.
static int join_bands(Band *bands, int count) {
    for (;;) {
        float tallest = 0.0f, nearest = INFINITY;
        int best = -1;
        for (int b = 0; b < count; b++) tallest = fmaxf(tallest, height_of(bands[b]));
        for (int b = 0; b + 1 < count; b++) {
            float gap = bands[b + 1].y0 - bands[b].y1;
            float lower = fminf(height_of(bands[b]), height_of(bands[b + 1]));
            if (lower >= AS_HIGH * tallest && gap >= STRIP * tallest) continue;
            if (gap >= nearest) continue;
            nearest = gap;
            best = b;
        }
        if (best < 0) return count;
        bands[best].y1 = bands[best + 1].y1;
        count--;
        for (int b = best + 1; b < count; b++) bands[b] = bands[b + 1];
    }
}

static int band_of(const Band *bands, int count, const SplitAtom *box) {
    int b = 0;
    while (b + 1 < count && box->y0 > bands[b].y1) b++;
    return b;
}

// Are there two digits beside each other on one of the lines?
static bool is_writing(const SplitAtom *boxes, int n, const int *line, const Band *bands) {
    for (int i = 0; i < n; i++) {
        float size = HAS_SIZE * height_of(bands[line[i]]);
        if (boxes[i].y1 - boxes[i].y0 < size) continue;
        for (int j = 0; j < n; j++)
            if (line[j] == line[i] && boxes[j].y1 - boxes[j].y0 >= size &&
                boxes[j].x0 > boxes[i].x1)
                return true;
    }
    return false;
}

int ink_split_lines(const SplitAtom *boxes, int n, int *line) {
    Band bands[SPLIT_STROKES_MAX];
    int count = join_bands(bands, find_bands(boxes, n, bands));
    for (int i = 0; i < n; i++) line[i] = band_of(bands, count, &boxes[i]);
    if (count < 2 || is_writing(boxes, n, line, bands)) return count;
    for (int i = 0; i < n; i++) line[i] = 0;
    return 1;
}
