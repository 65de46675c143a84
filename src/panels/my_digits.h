// "My digits": drawings that a person has told the right answer for, and the file that they lie in
// (strokes_file.h; $XDG_DATA_HOME/inkling/my-digits.jsonl). Each is on the disk before anything
// says that it is kept. Pictures that came in from IDX files have no strokes; they lie beside it in
// two IDX files of their own. Not here: what networks make of them (teach.h).
#ifndef INKLING_PANELS_MY_DIGITS_H
#define INKLING_PANELS_MY_DIGITS_H

#include "base/file.h"
#include "ink/fit.h"
#include "ink/strokes_file.h"

enum { MY_DIGITS_MAX = 5000, MY_DIGITS_SIDE = 28 };

typedef struct MyDigit {
    Drawing drawing;  // blank: a picture
    uint8_t *picture; // MY_DIGITS_SIDE square, or NULL
    char label[STROKES_LABEL_MAX];
    bool selected;
    uint32_t id;    // for good, in this session
    uint8_t *image; // field x field as a network sees it, NULL: not worked out yet
    uint64_t answered_by;
    int said; // class, < 0: no answer yet
    float confidence;
} MyDigit;

// Zero-initialise. The window's thread only.
typedef struct MyDigits {
    char path[FILE_PATH_MAX]; // "": kept in memory only
    bool loaded;
    bool damaged;          // the file has lines that cannot be read; they are never written over
    bool pictures_damaged; // the same of the pictures' files
    MyDigit *digits;
    int count, capacity;
    MyDigit *removed; // by the last removal
    int removed_count;
    int field; // side of the images
    uint32_t ids;
} MyDigits;

// Reads the file; none is no error. Lines that cannot be read are told in the Status (the others
// are there all the same).
Status my_digits_load(MyDigits *mine);
void my_digits_close(MyDigits *mine);

// Appends a copy of the drawing; it is on the disk when this returns OK.
Status my_digits_add(MyDigits *mine, const Drawing *drawing, const char *label);
// Another label for one that is there.
Status my_digits_relabel(MyDigits *mine, int index, const char *label);
int my_digits_selected(const MyDigits *mine);
// Takes away those that are selected, and brings back what was taken away last.
Status my_digits_remove(MyDigits *mine);
Status my_digits_restore(MyDigits *mine);

// The digit as a network with a field x field input sees it; belongs to the digit.
Status my_digits_image(MyDigits *mine, int index, int field, const uint8_t **out);

// By ending: .jsonl holds the strokes (STATUS_USAGE when there are none). Other names are those of
// IDX files: NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte, 28 x 28, labels as numbers: 0-9,
// then letters. *count: how many were written or read.
Status my_digits_export(MyDigits *mine, const char *path, int *count);
// Adds what the file (.jsonl, or either of the two IDX files) holds. All of it or nothing.
Status my_digits_import(MyDigits *mine, const char *path, int *count);

#endif
