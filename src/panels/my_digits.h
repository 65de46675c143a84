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

// Zero-initialise. One thread at a time.
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
    // Who cannot wait for a disk sets `later`: changes are made in memory then, counted here, and
    // brought to the file in turns of my_digits_take and my_digits_catch_up.
    bool later;
    bool behind;   // all of the file has to be written anew,
    int unwritten; // or so many of the last ones are not in it yet;
    bool stuck;    // that failed, and waits for the next change
} MyDigits;

// Reads the file; none is no error. Lines that cannot be read are told in the Status (the others
// are there all the same).
Status my_digits_load(MyDigits *mine);
void my_digits_close(MyDigits *mine);

// ---- in two steps: the list at once, the file when there is time (my_digits_later.c) ----

// There is something that the file lacks, and that can be tried.
bool my_digits_are_behind(const MyDigits *mine);
// Copies all of them.
Status my_digits_copy(const MyDigits *mine, MyDigits *out);
// Copies what the file lacks; it counts as written then.
Status my_digits_take(MyDigits *mine, MyDigits *out);
// Writes what was taken. Any thread.
Status my_digits_catch_up(MyDigits *taken);
// What became of it. After a failure all of the file has to be written, with the next change.
void my_digits_caught_up(MyDigits *mine, const MyDigits *taken, bool ok);
// `loaded`, which another thread has read, comes before those that there are; empty afterwards.
Status my_digits_adopt(MyDigits *mine, MyDigits *loaded);
// Those of `other` come behind those that there are, all of them or none; empty afterwards.
Status my_digits_join(MyDigits *mine, MyDigits *other);
// Reads what my_digits_import does, and changes no file.
Status my_digits_read(MyDigits *mine, const char *path);

// ---- with the file ----

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
