// Searching and comparing; see compare.h.
#include "history/compare.h"

#include "base/check.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- searching ----------------------------------------------------------------------------------

static bool compare_has(const char *text, const char *word, size_t size) {
    for (; *text; text++)
        if (strncasecmp(text, word, size) == 0) return true;
    return false;
}

bool kept_run_matches(const KeptRun *run, const char *search) {
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)run->id);
    const char *const texts[] = {run->name,     run->network, run->data,
                                 run->settings, number,       kept_state_names[run->state]};
    for (;;) {
        search += strspn(search, " \t");
        size_t size = strcspn(search, " \t");
        if (size == 0) return true;
        bool found = false;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            found = found || compare_has(texts[i], search, size);
        if (!found) return false;
        search += size;
    }
}

// ---- comparing ----------------------------------------------------------------------------------

static KeptDifference *compare_row(KeptComparison *to, const char *name) {
    for (int i = 0; i < to->count; i++)
        if (strcmp(to->row[i].name, name) == 0) return &to->row[i];
    if (to->count == KEPT_DIFFERENCES_MAX) return NULL;
    to->row[to->count] = (KeptDifference){.name = name};
    return &to->row[to->count++];
}

static bool compare_differs(const KeptDifference *row, int runs) {
    for (int i = 1; i < runs; i++) {
        const char *a = row->value[0], *b = row->value[i];
        if ((a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0)) return true;
    }
    return false;
}

Status kept_compare(const KeptRun *const *runs, int count, KeptComparison *out) {
    REQUIRE(count >= 1 && count <= KEPT_COMPARED_MAX);
    memset(out, 0, sizeof *out);
    out->runs = count;
    out->text = malloc((size_t)count * TRAIN_LINE_MAX);
    if (!out->text) return status_no_memory("a comparison", (size_t)count * TRAIN_LINE_MAX);
    for (int i = 0; i < count; i++) {
        char *cursor = out->text + (size_t)i * TRAIN_LINE_MAX;
        OptionPair pair;
        Status status = status_ok();
        text_copy(cursor, TRAIN_LINE_MAX, runs[i]->settings);
        while (config_next_pair(&cursor, &pair, &status)) {
            KeptDifference *row = compare_row(out, pair.name);
            if (row) row->value[i] = pair.value;
        }
    }
    int kept = 0;
    for (int i = 0; i < out->count; i++)
        if (compare_differs(&out->row[i], count)) out->row[kept++] = out->row[i];
    out->count = kept;
    return status_ok();
}

void kept_comparison_close(KeptComparison *comparison) {
    free(comparison->text);
    memset(comparison, 0, sizeof *comparison);
}
