// Measuring tool, not a test: how well numbers are taken apart.
//   split_tool FILE [GAP [WRITE.jsonl]]
// FILE: a strokes file of single digits. Says how many of its drawings come out as more than one
// group, and of numbers made of four of its digits side by side (GAP of the height between their
// boxes, default 0.15; sizes +-15 %, ups and downs +-5 %) how many have the right groups. WRITE
// gets the numbers, with their digits as label.
#include "base/rng.h"
#include "ink/split.h"
#include "ink/strokes_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 20000, NUMBERS = 1000, LENGTH = 4 };

static Drawing digits[DIGITS_MAX];
static int labels[DIGITS_MAX], digit_count;

static Status read_all(const char *path) {
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    Status status;
    TRY(strokes_reader_open(&reader, path));
    while (digit_count < DIGITS_MAX) {
        StrokesLine line;
        bool more;
        TRY(strokes_reader_next(reader, BRUSH_RADIUS_DEFAULT, &drawing, &line, &more));
        if (!more) break;
        TRY(drawing_copy(&digits[digit_count], &drawing));
        labels[digit_count++] = line.label;
    }
fail:
    strokes_reader_close(&reader);
    drawing_close(&drawing);
    return status;
}

// Appends a digit `size` high with its box beginning at x; returns where it ends.
static float append(Drawing *to, const Drawing *from, float x, float y, float size) {
    float x0, y0, x1, y1;
    if (!drawing_bounds(from, &x0, &y0, &x1, &y1)) return x;
    float longer = y1 - y0 > 0.3f * (x1 - x0) ? y1 - y0 : x1 - x0, scale = size / longer;
    for (size_t s = 0; s < from->live; s++) {
        const Stroke *stroke = &from->strokes[s];
        drawing_begin(to, STROKE_INK, 0.01f);
        for (uint32_t i = stroke->first; i < stroke->first + stroke->count; i++) {
            const InkPoint *p = &from->points[i];
            drawing_add(to, x + (p->x - x0) * scale, y + (p->y - y0) * scale, p->pressure);
        }
        drawing_end(to);
    }
    return x + (x1 - x0) * scale;
}

int main(int argc, char **argv) {
    float gap = argc > 2 ? strtof(argv[2], NULL) : 0.15f;
    Status status = argc > 1 ? read_all(argv[1]) : status_error(STATUS_USAGE, "which file?");
    if (!status_is_ok(&status) || digit_count == 0) {
        fprintf(stderr, "%s\n", status.message);
        return 1;
    }
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    int broken = 0, unsure = 0, wrong_of[10] = {0};
    for (int i = 0; i < digit_count; i++) {
        ink_split_drawing(&split, &digits[i]);
        int count = ink_split_groups(&split, groups);
        broken += count != 1;
        unsure += split.atom_count != 1;
        if (count != 1 && labels[i] >= 0 && labels[i] < 10) wrong_of[labels[i]]++;
        if (count != 1) printf("%d is a %d\n", i, labels[i]);
    }
    printf("%d digits, %d in several groups (%.2f %%), %d in several atoms; of each digit:",
           digit_count, broken, 100.0 * broken / digit_count, unsure);
    for (int d = 0; d < 10; d++) printf(" %d", wrong_of[d]);
    FILE *file = argc > 3 ? fopen(argv[3], "w") : NULL;
    Rng rng = rng_make(7, 1);
    int right = 0, fewer = 0, more = 0;
    for (int n = 0; n < NUMBERS; n++) {
        Drawing number = {0};
        size_t ends[LENGTH];
        char label[LENGTH + 1] = "";
        float size = 0.12f, x = 0.02f;
        for (int d = 0; d < LENGTH; d++) {
            int pick = (int)rng_below(&rng, (uint32_t)digit_count);
            float own = size * (float)rng_range(&rng, 0.85, 1.15);
            float y = 0.4f + size * (float)rng_range(&rng, -0.05, 0.05);
            x = append(&number, &digits[pick], x, y, own) + gap * size;
            ends[d] = number.live;
            label[d] = (char)('0' + labels[pick]);
        }
        ink_split_drawing(&split, &number);
        int count = ink_split_groups(&split, groups);
        bool good = count == LENGTH;
        for (int d = 0; good && d < LENGTH; d++) {
            for (size_t s = d > 0 ? ends[d - 1] : 0; s < ends[d]; s++) {
                int atom = split.atom_of[s];
                good = good && atom >= groups[d].first && atom < groups[d].first + groups[d].count;
            }
        }
        right += good;
        fewer += count < LENGTH;
        more += count > LENGTH;
        Text line = {0};
        if (file && strokes_line_write(&line, &number, label))
            fwrite(line.data, 1, line.size, file);
        text_close(&line);
        drawing_close(&number);
    }
    if (file) fclose(file);
    printf("\n%d numbers of %d digits, gap %g: %.1f %% taken apart rightly; %d into fewer, %d into "
           "more\n",
           NUMBERS, LENGTH, (double)gap, 100.0 * right / NUMBERS, fewer, more);
    return 0;
}
