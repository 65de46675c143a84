// The table of handwriting forms behind synthetic.c. Only data; private to the synthetic digits.
#ifndef INKLING_DATASET_SYNTHETIC_FORMS_H
#define INKLING_DATASET_SYNTHETIC_FORMS_H

enum { FORM_POINTS_MAX = 48 };

// One way to write a digit. `path` holds points in hundredths of the digit's height, x to the right
// and y down, "X,Y" each: with 'm' before it a point begins a stroke, with 'c' it is a corner,
// otherwise the line passes smoothly. Forms of one digit with the same `family` (not 0) have the
// same kinds of points one for one, and what lies between two of them is also such a digit.
typedef struct Form {
    const char *name;
    float weight; // how common it is, relative to the digit's other forms
    char family;
    const char *path;
} Form;

typedef struct FormList {
    const Form *forms;
    int count;
} FormList;

extern const FormList synthetic_forms_0_4[5], synthetic_forms_5_9[5];
// What is no digit: letters and signs.
extern const FormList synthetic_forms_other;

static inline const FormList *synthetic_forms(int digit) {
    return digit < 5 ? &synthetic_forms_0_4[digit] : &synthetic_forms_5_9[digit - 5];
}

#endif
