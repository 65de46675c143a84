// The parts of the window that can be hidden: by a lesson, which shows only what it is about, and
// by big text, which makes room. What is hidden is neither drawn nor reached by Tab.
#ifndef INKLING_PANELS_PARTS_H
#define INKLING_PANELS_PARTS_H

#include <stdbool.h>

// X-macro: name, word in lessons. Fields of the form have the words of their settings.
#define WINDOW_PARTS(X)                                                                            \
    X(TOP, "top")   /* what stands in the top bar beside its buttons */                            \
    X(FORM, "form") /* all fields, and the buttons beside them */                                  \
    X(PRESET, "preset")                                                                            \
    X(OPTIMIZER, "optimizer")                                                                      \
    X(LR, "lr")                                                                                    \
    X(SCHEDULE, "schedule")                                                                        \
    X(BATCH_SIZE, "batch-size")                                                                    \
    X(EPOCHS, "epochs")                                                                            \
    X(AUGMENT, "augment")                                                                          \
    X(MORE, "more") /* the button to all other settings */                                         \
    X(PROGRESS, "progress")                                                                        \
    X(CHARTS, "charts")                                                                            \
    X(DECK, "deck") /* test samples, mistakes, feature maps ... */                                 \
    X(RUNS, "runs")                                                                                \
    X(SWITCHES, "switches") /* who answers; fit box, centre, even pen, split */

typedef enum WindowPart {
#define PART_NAME(name, word) PART_##name,
    WINDOW_PARTS(PART_NAME)
#undef PART_NAME
        PART_COUNT,
} WindowPart;

// Parts as a set: 1u << PART_DECK | ...
typedef unsigned WindowParts;

// The part of that word; PART_COUNT when there is none.
WindowPart part_named(const char *word);
// All words, separated by commas, for a sentence that says what was expected.
const char *part_words(void);

static inline bool parts_have(WindowParts parts, WindowPart part) {
    return (parts >> part & 1) != 0;
}

#endif
