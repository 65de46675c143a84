// Pictures of digits: paper away, ink found, then fit.h.
//
// Light on paper changes smoothly, so paper is a polynomial of third degree in x and y, fitted by
// least squares to what is not ink; what is ink comes from Otsu's threshold on the difference; a
// few rounds of both settle. Hard shadows and printed lines are beyond this.
#include "ink/picture.h"

#include "ink/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORK_SIDE = 320, // larger pictures are averaged down to this first
    TERMS = 10,      // of a polynomial of third degree in two variables
    ROUNDS = 6,
    BINS = 256,
    SPECK_PERCENT = 3, // of the main piece's area: smaller pieces are dirt
};

// Less contrast than this many grey levels, or this many times the paper's noise, is no ink. (Pure
// normal noise, split in two by Otsu, shows 2.6 times.)
static const double CONTRAST_MIN = 14.0, SEPARATION_MIN = 4.5;

// Terms of the polynomial in each round: a stiff paper first, so that it does not bend into the
// ink.
static const int ROUND_TERMS[] = {3, 3, 6, 6, 10, 10};

typedef struct Work {
    int width, height;
    float step; // source pixels to one
    uint8_t *grey, *mask, *seen;
    float *difference; // ink against paper, in grey levels, ink positive
    int *queue;
    void *block;
} Work;

static Status work_open(Work *work, const Grid *from) {
    int longer = from->width > from->height ? from->width : from->height;
    work->step = longer > WORK_SIDE ? (float)longer / WORK_SIDE : 1.0f;
    // Rounded down: a last pixel that hangs over the edge would be a dark rim.
    work->width = (int)((float)from->width / work->step + 0.01f);
    work->height = (int)((float)from->height / work->step + 0.01f);
    if (work->width < 1) work->width = 1;
    if (work->height < 1) work->height = 1;
    size_t n = (size_t)work->width * (size_t)work->height;
    work->block = calloc(n, sizeof(float) + sizeof(int) + 3);
    if (!work->block) return status_no_memory("a picture", n * 11);
    work->difference = work->block;
    work->queue = (int *)(work->difference + n);
    work->grey = (uint8_t *)(work->queue + n);
    work->mask = work->grey + n;
    work->seen = work->mask + n;
    if (work->step > 1.0f) {
        grid_average(from, 0.0f, 0.0f, work->step, work->grey, work->width, work->height);
    } else {
        grid_nearest(from, 0.0f, 0.0f, 1.0f, work->grey, work->width, work->height);
    }
    return status_ok();
}

static void terms_at(double x, double y, double t[TERMS]) {
    double v[TERMS] = {1.0, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y};
    memcpy(t, v, sizeof v);
}

// Gauss' elimination with pivots; a little is added to the diagonal, so a flat or narrow picture
// (terms that depend on each other) has a solution, too.
static void solve(double a[TERMS][TERMS + 1], int n, double out[TERMS]) {
    for (int i = 0; i < n; i++) a[i][i] += 1e-6 * (a[0][0] + 1.0);
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i][k]) > fabs(a[best][k])) best = i;
        for (int j = 0; j <= n; j++) {
            double t = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = t;
        }
        for (int i = k + 1; i < n; i++) {
            double f = a[i][k] / a[k][k];
            for (int j = k; j <= n; j++) a[i][j] -= f * a[k][j];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        out[k] = a[k][n];
        for (int j = k + 1; j < n; j++) out[k] -= a[k][j] * out[j];
        out[k] /= a[k][k];
    }
}

// Coordinates of the polynomial, -1 .. 1 across the picture.
static double place(int i, int count) {
    return (2.0 * i + 1.0) / count - 1.0;
}

// Fits paper where the mask is 0 and leaves grey - paper in `difference`.
static void take_paper_away(Work *work, int terms) {
    double a[TERMS][TERMS + 1] = {{0}}, t[TERMS], c[TERMS] = {0};
    int w = work->width, h = work->height;
    // Ten numbers do not need every pixel of a large picture.
    int stride = w * h > 20000 ? 3 : 1;
    for (int y = 0; y < h; y += stride)
        for (int x = 0; x < w; x += stride) {
            if (work->mask[y * w + x]) continue;
            terms_at(place(x, w), place(y, h), t);
            for (int r = 0; r < terms; r++) {
                for (int k = 0; k < terms; k++) a[r][k] += t[r] * t[k];
                a[r][terms] += t[r] * work->grey[y * w + x];
            }
        }
    solve(a, terms, c);
    for (int j = 0; j < h; j++) {
        // Along a row a polynomial in x alone.
        double y = place(j, h);
        double p0 = c[0] + y * (c[2] + y * (c[5] + y * c[9])), p1 = c[1] + y * (c[4] + y * c[8]);
        double p2 = c[3] + y * c[7], p3 = c[6];
        for (int i = 0; i < w; i++) {
            double x = place(i, w), paper = p0 + x * (p1 + x * (p2 + x * p3));
            work->difference[j * w + i] = (float)(work->grey[j * w + i] - paper);
        }
    }
}

// Ink is the smaller part, so the difference leans to its side.
static bool leans_to_light(const Work *work) {
    double mean = 0.0, third = 0.0;
    int n = work->width * work->height;
    for (int i = 0; i < n; i++) mean += work->difference[i];
    mean /= n;
    for (int i = 0; i < n; i++) {
        double d = work->difference[i] - mean;
        third += d * d * d;
    }
    return third > 0.0;
}

typedef struct Split {
    double level;      // difference from which on it is ink
    double paper, ink; // mean of the two classes
    double spread[2];  // their standard deviations
} Split;

// Otsu: the level that makes the variance between the two classes largest.
static Split find_split(const Work *work) {
    double count[BINS] = {0}, low = INFINITY, high = -INFINITY;
    int n = work->width * work->height;
    for (int i = 0; i < n; i++) {
        low = fmin(low, work->difference[i]);
        high = fmax(high, work->difference[i]);
    }
    double width = (high - low) / BINS + 1e-9, total = 0.0;
    for (int i = 0; i < n; i++) {
        int bin = (int)((work->difference[i] - low) / width);
        count[bin < BINS ? bin : BINS - 1] += 1.0;
    }
    for (int b = 0; b < BINS; b++) total += count[b] * (b + 0.5);
    double below = 0.0, sum = 0.0, best = -1.0;
    int cut = 0;
    for (int b = 0; b + 1 < BINS; b++) {
        below += count[b];
        sum += count[b] * (b + 0.5);
        if (below == 0.0 || below == n) continue;
        double apart = sum / below - (total - sum) / (n - below);
        double between = below * (n - below) * apart * apart;
        if (between > best) best = between, cut = b + 1;
    }
    Split s = {.level = low + cut * width};
    double squares[2] = {0}, sums[2] = {0}, counts[2] = {0};
    for (int i = 0; i < n; i++) {
        double d = work->difference[i];
        int k = d >= s.level;
        counts[k] += 1.0, sums[k] += d, squares[k] += d * d;
    }
    if (counts[0] == 0.0 || counts[1] == 0.0) return s;
    s.paper = sums[0] / counts[0];
    s.ink = sums[1] / counts[1];
    for (int k = 0; k < 2; k++) {
        double mean = sums[k] / counts[k];
        s.spread[k] = sqrt(fmax(0.0, squares[k] / counts[k] - mean * mean));
    }
    return s;
}

static void smooth(Work *work) {
    // Three by three means, for the mask alone: single noisy pixels do not decide.
    Grid grey = {work->grey, work->width, work->height, work->width};
    for (int y = 0; y < work->height; y++)
        for (int x = 0; x < work->width; x++) {
            int sum = 0, count = 0;
            for (int v = y - 1; v <= y + 1; v++)
                for (int u = x - 1; u <= x + 1; u++) {
                    if (u < 0 || v < 0 || u >= grey.width || v >= grey.height) continue;
                    sum += grey.pixels[v * grey.width + u];
                    count++;
                }
            work->mask[y * work->width + x] = (uint8_t)(sum / count);
        }
    memcpy(work->grey, work->mask, (size_t)work->width * (size_t)work->height);
}

// How well ink stands out; 0 when it does not.
static double quality(const Split *s) {
    double contrast = s->ink - s->paper;
    if (contrast < CONTRAST_MIN || contrast < SEPARATION_MIN * s->spread[0]) return 0.0;
    return contrast / (s->spread[0] + s->spread[1] + 1.0);
}

static void flip(Work *work) {
    int n = work->width * work->height;
    for (int i = 0; i < n; i++) work->difference[i] = -work->difference[i];
}

// Paper is learnt from what is clearly paper, so the ink's soft edge stays out of it.
static void mask_ink(Work *work, const Split *split, bool clearly) {
    int n = work->width * work->height;
    double level = clearly ? 0.5 * (split->paper + split->level) : split->level;
    for (int i = 0; i < n; i++) work->mask[i] = work->difference[i] >= level;
}

// Two levels without any idea of light: right where ink covers much of evenly lit paper, where a
// polynomial through everything would bend into the ink. What most of the border is, is paper.
static void start_by_level(Work *work) {
    int w = work->width, h = work->height, ink = 0;
    for (int i = 0; i < w * h; i++) work->difference[i] = work->grey[i];
    Split split = find_split(work);
    mask_ink(work, &split, false);
    for (int x = 0; x < w; x++) ink += work->mask[x] + work->mask[(h - 1) * w + x];
    for (int y = 0; y < h; y++) ink += work->mask[y * w] + work->mask[y * w + w - 1];
    if (ink <= w + h) return;
    for (int i = 0; i < w * h; i++) work->mask[i] = !work->mask[i];
}

// Settles on paper, polarity and level from one of two starts.
static Split settle(Work *work, bool by_level, bool *light) {
    Split split = {0};
    int n = work->width * work->height;
    memset(work->mask, 0, (size_t)n);
    if (by_level) start_by_level(work);
    for (int round = 0; round < ROUNDS; round++) {
        double sums[2] = {0}, counts[2] = {0};
        take_paper_away(work, ROUND_TERMS[round]);
        for (int i = 0; i < n; i++) {
            sums[work->mask[i]] += work->difference[i];
            counts[work->mask[i]] += 1.0;
        }
        // Once there is a mask, it knows which side the ink is on.
        *light = counts[1] > 0.0 ? sums[1] / counts[1] > 0.0 : leans_to_light(work);
        if (!*light) flip(work);
        split = find_split(work);
        mask_ink(work, &split, round + 1 < ROUNDS);
    }
    return split;
}

// The better of both starts. False: nothing stands out.
static bool find_ink(Work *work, Split *split, bool *light) {
    Split even = settle(work, true, light);
    *split = settle(work, false, light);
    if (quality(&even) > quality(split)) *split = settle(work, true, light);
    return quality(split) > 0.0;
}

typedef struct Piece {
    int area;
    bool border; // touches the picture's border
} Piece;

// Marks the piece of the mask that pixel `start` belongs to; work->queue then lists its pixels.
static Piece flood(Work *work, int start) {
    Piece piece = {0};
    int w = work->width, h = work->height;
    work->queue[piece.area++] = start;
    work->seen[start] = 1;
    for (int head = 0; head < piece.area; head++) {
        int i = work->queue[head], x = i % w, y = i / w;
        piece.border |= x == 0 || y == 0 || x == w - 1 || y == h - 1;
        for (int v = y > 0 ? y - 1 : 0; v <= (y + 1 < h ? y + 1 : y); v++)
            for (int u = x > 0 ? x - 1 : 0; u <= (x + 1 < w ? x + 1 : x); u++) {
                int k = v * w + u;
                if (!work->mask[k] || work->seen[k]) continue;
                work->seen[k] = 1;
                work->queue[piece.area++] = k;
            }
    }
    return piece;
}

// What a piece weighs: the edge of the table or a shadow comes in from the border.
static int weight(Piece piece) {
    return piece.border ? piece.area / 4 : piece.area;
}

// Leaves the digit's pieces in the mask, takes specks and what comes in from the border out.
static void drop_dirt(Work *work) {
    int n = work->width * work->height;
    size_t bytes = (size_t)work->width * (size_t)work->height;
    Piece main = {0};
    memset(work->seen, 0, bytes);
    for (int i = 0; i < n; i++) {
        if (!work->mask[i] || work->seen[i]) continue;
        Piece piece = flood(work, i);
        if (weight(piece) > weight(main)) main = piece;
    }
    // Once more, now that the main piece is known: the others by its measure.
    memset(work->seen, 0, bytes);
    for (int i = 0; i < n; i++) {
        if (!work->mask[i] || work->seen[i]) continue;
        Piece piece = flood(work, i);
        bool keep = piece.area * 100 >= main.area * SPECK_PERCENT && (main.border || !piece.border);
        for (int k = 0; k < piece.area && !keep; k++) work->mask[work->queue[k]] = 0;
    }
}

// The grey of the ink: 0 paper, 255 full ink, half way at the level between; only near the mask.
static void make_ink(Work *work, const Split *split) {
    int w = work->width, h = work->height;
    double apart = split->ink - split->paper, low = split->paper + 0.2 * apart;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            bool near = false;
            for (int v = y > 0 ? y - 1 : 0; v <= (y + 1 < h ? y + 1 : y); v++)
                for (int u = x > 0 ? x - 1 : 0; u <= (x + 1 < w ? x + 1 : x); u++)
                    near |= work->mask[v * w + u] != 0;
            double v = (work->difference[y * w + x] - low) / (0.6 * apart);
            v = near ? fmin(1.0, fmax(0.0, v)) : 0.0;
            work->grey[y * w + x] = (uint8_t)(int)(v * 255.0 + 0.5);
        }
}

// Already what the network knows: `flip` 255 for dark on light. Black border, most of it black, ink
// of the right size in the right place.
static bool looks_ready(const Grid *p, const InkOptions *o, int flip) {
    if (p->width != o->field || p->height != o->field) return false;
    int n = o->field, black = 0, inked_border = 0, top = 0, x0 = n, y0 = n, x1 = -1, y1 = -1;
    double mass = 0.0, mx = 0.0, my = 0.0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            int v = p->pixels[(long)y * p->stride + x] ^ flip;
            bool border = x == 0 || y == 0 || x == n - 1 || y == n - 1;
            inked_border += border && v > 24;
            black += v <= 8;
            top = v > top ? v : top;
            mass += v, mx += (double)v * x, my += (double)v * y;
            if (v <= 8) continue;
            x0 = x < x0 ? x : x0, x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0, y1 = y > y1 ? y : y1;
        }
    int longer = (x1 - x0 > y1 - y0 ? x1 - x0 : y1 - y0) + 1;
    // A lopsided digit, centred by mass, reaches the border (about one in a hundred of MNIST's).
    return mass > 0.0 && black * 2 > n * n && inked_border * 2 <= n && top >= 128 &&
           longer >= o->box - 3 && longer <= o->box + 2 && fabs(mx / mass - n / 2.0) <= 1.5 &&
           fabs(my / mass - n / 2.0) <= 1.5;
}

static bool pass_ready(const Grid *p, const InkOptions *o, uint8_t *out, PictureFit *fit) {
    int flip = looks_ready(p, o, 0) ? 0 : looks_ready(p, o, 255) ? 255 : -1;
    if (flip < 0) return false;
    for (int y = 0; y < o->field; y++)
        for (int x = 0; x < o->field; x++)
            out[y * o->field + x] = (uint8_t)(p->pixels[(long)y * p->stride + x] ^ flip);
    *fit = (PictureFit){.as_is = true, .light_ink = flip == 0, .contrast = 1.0f};
    fit->ink.x1 = fit->ink.y1 = (float)o->field;
    fit->ink.scale = 1.0f;
    return true;
}

Status picture_fit(const uint8_t *grey, int w, int h, int stride, const InkOptions *options,
                   uint8_t *out, PictureFit *fit) {
    Grid from = {grey, w, h, stride};
    Work work = {0};
    Split split;
    Status status = status_ok();
    *fit = (PictureFit){.ink.blank = true};
    if (w < 1 || h < 1 || w > PICTURE_SIDE_MAX || h > PICTURE_SIDE_MAX || stride < w)
        return status_error(STATUS_USAGE, "a picture of %d x %d pixels: 1 to %d are possible", w, h,
                            PICTURE_SIDE_MAX);
    if (options->field < INK_FIELD_MIN || options->field > INK_FIELD_MAX)
        return ink_fit_grey(grey, 1, 1, 1, options, out, &fit->ink); // its message
    memset(out, 0, (size_t)options->field * (size_t)options->field);
    if (pass_ready(&from, options, out, fit)) return status;
    TRY(work_open(&work, &from));
    smooth(&work);
    if (!find_ink(&work, &split, &fit->light_ink)) goto fail; // blank: not an error
    // Paper may be lighter than white where its light was guessed from what is around.
    fit->contrast = (float)fmin((split.ink - split.paper) / 255.0, 1.0);
    drop_dirt(&work);
    make_ink(&work, &split);
    TRY(ink_fit_grey(work.grey, work.width, work.height, work.width, options, out, &fit->ink));
    fit->ink.x0 *= work.step, fit->ink.x1 *= work.step;
    fit->ink.y0 *= work.step, fit->ink.y1 *= work.step;
    fit->ink.scale /= work.step;
fail:
    free(work.block);
    return status;
}
