// Reading a whole canvas: one digit, or numbers from left to right and line by line. Geometry
// (ink/split.h) says what surely belongs together; where it is in doubt the network decides: every
// way of taking neighbours together is tried, and the one whose digits it believes most is taken.
#ifndef INKLING_TRAIN_READER_H
#define INKLING_TRAIN_READER_H

#include "ink/fit.h"
#include "ink/split.h"
#include "train/recognizer.h"

typedef struct ReaderDigit {
    int digit; // the most probable class, whatever the verdict
    Verdict verdict;
    float probability;
    float probabilities[SPEC_CLASSES_MAX];
    float logits[SPEC_CLASSES_MAX];
    SplitGroup group; // where: a box of the points in canvas units, brush not counted
    InkFit fit;
    uint8_t image[INK_FIELD_MAX * INK_FIELD_MAX]; // what the network saw, field x field
} ReaderDigit;

// Zero-initialise; reader_close when done. `digits` are count of them, left to right. A blank
// drawing has none.
typedef struct Reading {
    int count;
    ReaderDigit *digits;
    InkSplit split; // of the drawing read: ink_split_take gets a digit's strokes
    // Scratch.
    Drawing part;
    ReaderDigit *tried;
    int tried_capacity;
    uint8_t *images; // of a few digits, one behind the other
} Reading;

// Reads the drawing with a network whose input is a square of one channel (options->field a side).
// STATUS_USAGE for options that make no sense or a network of another shape, STATUS_MEMORY. One
// thread at a time for each Reading and each Recognizer. A number of n digits costs about 3 n
// answers.
Status reader_read(Recognizer *recognizer, const Drawing *drawing, const InkOptions *options,
                   Reading *out);
void reader_close(Reading *reading);

// The digits as text, "1984", a space between lines, cut to `size`; `names`: the classes'. What the
// network is unsure of is in it with the most probable digit (see its verdict); dots are left out.
void reader_text(const Reading *reading, const char names[][16], char *out, size_t size);

#endif
