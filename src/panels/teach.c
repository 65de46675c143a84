// Keeping what is taught, and asking the network about it.
#include "panels/teach.h"

#include "base/tr.h"
#include "panels/words.h"

#include <stdio.h>
#include <string.h>

void teach_tick(Workbench *bench) {
    teach_tick_files(bench);
    teach_tick_tune(bench);
}

// ---- teaching -----------------------------------------------------------------------------------

bool teach_is_possible(const Workbench *bench) {
    const Answer *answer = &bench->answer;
    return answer->recognizer && !answer->blank && !bench->ink.picture.pixels &&
           bench->ink.pen < 0 && !drawing_is_blank(&bench->ink.drawing);
}

static Status teach_keep(Workbench *bench, const char *label) {
    const Answer *answer = &bench->answer;
    const Drawing *drawing = &bench->ink.drawing;
    Drawing part = {0};
    Status status;
    if (answer->several) {
        const SplitGroup *group = &answer->reading.digits[answer->shown].group;
        TRY(ink_split_take(&answer->reading.split, drawing, group, &part));
        TRY(my_digits_add(&bench->mine, &part, label));
    } else {
        TRY(my_digits_add(&bench->mine, drawing, label));
    }
fail:
    drawing_close(&part);
    return status;
}

void teach_drawing(Workbench *bench, const char *label) {
    MyDigits *mine = &bench->mine;
    uint64_t ink = bench->ink.drawing.edits;
    int shown = bench->answer.several ? bench->answer.shown : -1;
    if (!teach_is_possible(bench)) {
        workbench_say(bench, NOTICE_INFO,
                      bench->ink.picture.pixels
                          ? tr("Only what is drawn with the pen can be kept with a label.")
                          : tr("Draw a digit first; then its label keeps it in my digits."));
        return;
    }
    int again = -1; // unless it has been deleted meanwhile
    for (int i = 0; i < mine->count; i++)
        if (mine->digits[i].id == bench->taught_id) again = i;
    if (again >= 0 && bench->taught_ink == ink && bench->taught_shown == shown) {
        if (strcmp(mine->digits[again].label, label) == 0) return;
        if (workbench_check(bench, my_digits_relabel(mine, again, label)))
            snprintf(bench->taught_word, sizeof bench->taught_word, tr("Changed to %s."), label);
        return;
    }
    if (!workbench_check(bench, teach_keep(bench, label))) return;
    bench->taught_ink = ink;
    bench->taught_shown = shown;
    bench->taught_id = mine->digits[mine->count - 1].id;
    snprintf(bench->taught_word, sizeof bench->taught_word,
             mine->path[0] ? tr("Kept as %s in my digits: %d now.")
                           : tr("Kept as %s in my digits: %d now, until the program ends."),
             label, mine->count);
}

// ---- what the network says about them -----------------------------------------------------------

// Whose answers, and with which weights.
static uint64_t teach_asked(const Answer *answer) {
    return (answer->of << 32 | answer->weights_seen) + 1;
}

bool teach_answer(Workbench *bench, double seconds) {
    Answer *answer = &bench->answer;
    MyDigits *mine = &bench->mine;
    uint64_t asked = teach_asked(answer);
    double until = clock_seconds() + seconds;
    int done = 0, at = 0;
    if (!answer->recognizer) return false;
    for (; at < mine->count && (done == 0 || clock_seconds() < until); at++) {
        MyDigit *digit = &mine->digits[at];
        const uint8_t *image;
        float row[SPEC_CLASSES_MAX];
        if (digit->answered_by == asked) continue;
        Status status = my_digits_image(mine, at, answer->field, &image);
        digit->answered_by = asked;
        digit->said = -1;
        done++;
        if (!workbench_check(bench, status)) continue;
        recognizer_answer(answer->recognizer, image, 1, NULL, row);
        digit->said = 0;
        for (int c = 1; c < answer->classes; c++)
            if (row[c] > row[digit->said]) digit->said = c;
        digit->confidence = row[digit->said];
    }
    if (done > 0) answer_again(bench);
    return at < mine->count;
}

double teach_accuracy(const Workbench *bench, int *counted) {
    const Answer *answer = &bench->answer;
    int right = 0;
    *counted = 0;
    for (int i = 0; i < bench->mine.count; i++) {
        const MyDigit *digit = &bench->mine.digits[i];
        if (digit->said < 0 || digit->said >= answer->classes) continue;
        bool known = false;
        for (int c = 0; c < answer->classes; c++)
            known = known || strcmp(answer->names[c], digit->label) == 0;
        if (!known) continue;
        (*counted)++;
        right += strcmp(answer->names[digit->said], digit->label) == 0;
    }
    return *counted ? (double)right / *counted : -1;
}
