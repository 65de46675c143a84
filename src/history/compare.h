// Runs that are kept, by their words: finding some of them, and setting some side by side. Plain
// functions on what store_list gives; no disk.
#ifndef INKLING_HISTORY_COMPARE_H
#define INKLING_HISTORY_COMPARE_H

#include "history/store.h"

// True when every word of `search` occurs in the run's name, network, data set, settings, state or
// number, whatever the case of ASCII letters. "" matches all.
bool kept_run_matches(const KeptRun *run, const char *search);

enum { KEPT_COMPARED_MAX = 6, KEPT_DIFFERENCES_MAX = 96 };

// What of the settings lines is not the same in all runs, in the order of the lines. `value` NULL:
// the option has no say in that run. Owned by the comparison.
typedef struct KeptDifference {
    const char *name; // "lr"
    const char *value[KEPT_COMPARED_MAX];
} KeptDifference;
typedef struct KeptComparison {
    int runs, count;
    KeptDifference row[KEPT_DIFFERENCES_MAX];
    char *text; // what the rows point into
} KeptComparison;

// 2 to KEPT_COMPARED_MAX runs. Works on the text alone: lines of other versions of the program,
// with options that this one does not know, can be compared too. kept_comparison_close frees.
Status kept_compare(const KeptRun *const *runs, int count, KeptComparison *out);
void kept_comparison_close(KeptComparison *comparison);

#endif
