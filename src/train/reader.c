// The best way through a row of atoms, by dynamic programming over its cuts.
#include "train/reader.h"
#include "base/check.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUN_MAX = 4,  // atoms of one digit at most
    AT_ONCE = 16, // digits that the network answers together
};

// Below this belief atoms are not even tried together, above its opposite never apart.
#define DOUBT 0.12f
// What geometry's belief weighs against the network's.
#define GEOMETRY_SHARE 0.7

typedef struct Way {
    double score; // of the best way up to here
    int tried;    // the digit it ends with, -1: none
    int before;   // where that begins
} Way;

static Status read_one(const Reading *reading, const Drawing *drawing, const InkOptions *options,
                       int first, int count, Drawing *part, ReaderDigit *out) {
    Status status;
    memset(out, 0, offsetof(ReaderDigit, image));
    out->group = ink_split_group(&reading->split, first, count);
    TRY(ink_split_take(&reading->split, drawing, &out->group, part));
    TRY(ink_fit_drawing(part, options, out->image, &out->fit));
fail:
    return status;
}

// Some at a time: they cost the network little more than one.
static Status answer_all(Recognizer *recognizer, Reading *reading, int tried, int field) {
    int classes = recognizer_classes(recognizer);
    size_t size = (size_t)field * (size_t)field;
    float logits[AT_ONCE * SPEC_CLASSES_MAX], probabilities[AT_ONCE * SPEC_CLASSES_MAX];
    uint8_t *images = realloc(reading->images, AT_ONCE * size);
    if (!images) return status_no_memory("reading a number", AT_ONCE * size);
    reading->images = images;
    for (int first = 0; first < tried; first += AT_ONCE) {
        int count = tried - first < AT_ONCE ? tried - first : AT_ONCE;
        ReaderDigit *digits = &reading->tried[first];
        for (int i = 0; i < count; i++) memcpy(images + (size_t)i * size, digits[i].image, size);
        recognizer_answer(recognizer, images, count, logits, probabilities);
        for (int i = 0; i < count; i++) {
            ReaderDigit *digit = &digits[i];
            size_t row = sizeof *logits * (size_t)classes;
            memcpy(digit->logits, logits + i * classes, row);
            memcpy(digit->probabilities, probabilities + i * classes, row);
            for (int c = 1; c < classes; c++)
                if (digit->probabilities[c] > digit->probabilities[digit->digit]) digit->digit = c;
            digit->probability = digit->probabilities[digit->digit];
            digit->verdict = recognizer_verdict(recognizer, &digit->fit, digit->probabilities);
        }
    }
    return status_ok();
}

// May atoms first .. first+count-1 be one digit?
static bool may_be_one(const InkSplit *split, int first, int count) {
    for (int a = first + 1; a < first + count; a++)
        if (split->atoms[a].together < DOUBT) return false;
    return true;
}

static double score_of(const InkSplit *split, const ReaderDigit *digit) {
    // What is no digit, or a dot, explains little, but something.
    double score = digit->fit.blank ? 0.0 : log(fmax((double)digit->probability, 1e-3));
    if (digit->fit.dot) score = log(0.1);
    for (int a = 0; a < digit->group.count; a++) {
        if (digit->group.first + a == 0) continue;
        double together = split->atoms[digit->group.first + a].together;
        together = fmin(fmax(together, 0.03), 0.97);
        score += GEOMETRY_SHARE * log(a > 0 ? together : 1.0 - together);
    }
    return score;
}

static Status grow(Reading *reading, int count) {
    if (count <= reading->tried_capacity) return status_ok();
    ReaderDigit *tried = realloc(reading->tried, sizeof *tried * (size_t)count);
    if (!tried) return status_no_memory("reading a number", sizeof *tried * (size_t)count);
    reading->tried = tried;
    reading->tried_capacity = count;
    return status_ok();
}

static Status try_all(Recognizer *recognizer, const Drawing *drawing, const InkOptions *options,
                      Reading *reading, int *tried) {
    Status status;
    const InkSplit *split = &reading->split;
    *tried = 0;
    for (int first = 0; first < split->atom_count; first++) {
        for (int count = 1; count <= RUN_MAX && first + count <= split->atom_count; count++) {
            if (!may_be_one(split, first, count)) break;
            TRY(grow(reading, *tried + 1));
            TRY(read_one(reading, drawing, options, first, count, &reading->part,
                         &reading->tried[*tried]));
            (*tried)++;
        }
    }
    TRY(answer_all(recognizer, reading, *tried, options->field));
fail:
    return status;
}

// Fills reading->digits with the best way's digits.
static Status choose(Reading *reading, int tried) {
    int atoms = reading->split.atom_count, count = 0;
    Way ways[SPLIT_ATOMS_MAX + 1] = {{0.0, -1, 0}};
    for (int a = 1; a <= atoms; a++) ways[a] = (Way){-1e30, -1, 0};
    for (int t = 0; t < tried; t++) { // in the order of their first atom
        const SplitGroup *group = &reading->tried[t].group;
        int end = group->first + group->count;
        double score = ways[group->first].score + score_of(&reading->split, &reading->tried[t]);
        if (score > ways[end].score) ways[end] = (Way){score, t, group->first};
    }
    for (int a = atoms; a > 0; a = ways[a].before) count++;
    ReaderDigit *digits = realloc(reading->digits, sizeof *digits * (size_t)(count + 1));
    if (!digits) return status_no_memory("reading a number", sizeof *digits * (size_t)count);
    reading->digits = digits;
    reading->count = count;
    for (int a = atoms; a > 0; a = ways[a].before) digits[--count] = reading->tried[ways[a].tried];
    // What has been erased leaves atoms without ink.
    int kept = 0;
    for (int i = 0; i < reading->count; i++) {
        if (digits[i].fit.blank) continue;
        if (kept != i) digits[kept] = digits[i];
        kept++;
    }
    reading->count = kept;
    return status_ok();
}

Status reader_read(Recognizer *recognizer, const Drawing *drawing, const InkOptions *options,
                   Reading *out) {
    Status status;
    const Shape *input = &recognizer_spec(recognizer)->input;
    int tried;
    out->count = 0;
    if (input->c != 1 || input->h != options->field || input->w != options->field)
        return status_error(STATUS_USAGE, "reading needs a network for pictures of %d x %d",
                            options->field, options->field);
    TRY(ink_split_drawing(&out->split, drawing));
    if (out->split.atom_count == 0) return status;
    TRY(try_all(recognizer, drawing, options, out, &tried));
    TRY(choose(out, tried));
fail:
    return status;
}

void reader_close(Reading *reading) {
    ink_split_close(&reading->split);
    drawing_close(&reading->part);
    free(reading->digits);
    free(reading->tried);
    free(reading->images);
    memset(reading, 0, sizeof *reading);
}

void reader_text(const Reading *reading, const char names[][16], char *out, size_t size) {
    size_t used = 0;
    int last = 0;
    ASSERT(size > 0);
    out[0] = '\0';
    for (int i = 0; i < reading->count; i++) {
        const ReaderDigit *digit = &reading->digits[i];
        if (digit->fit.dot && reading->count > 1) continue; // a slip of the pen, a full stop
        const char *name = digit->fit.dot ? "?" : names[digit->digit];
        size_t length = strlen(name);
        int line = reading->split.atoms[digit->group.first].line;
        bool next = used > 0 && line != last;
        if (used + next + length >= size) return;
        if (next) out[used++] = ' ';
        last = line;
        memcpy(out + used, name, length + 1);
        used += length;
    }
}
