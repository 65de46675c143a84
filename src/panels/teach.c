// Keeping what is taught, and asking the network about it.
#include "panels/teach.h"

#include "base/text.h"
#include "base/tr.h"
#include "panels/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- teaching -----------------------------------------------------------------------------------

// There is a drawing that could be a digit.
static bool teach_has_drawing(const Workbench *bench) {
    return bench->answer.recognizer && !bench->ink.picture.pixels && bench->ink.pen < 0 &&
           !drawing_is_blank(&bench->ink.drawing);
}

bool teach_is_possible(const Workbench *bench) {
    return teach_has_drawing(bench) && !bench->answer.blank;
}

static void teach_refuse(Workbench *bench) {
    workbench_say(bench, NOTICE_INFO,
                  bench->ink.picture.pixels
                      ? tr("Only what is drawn with the pen can be kept with a label.")
                      : tr("Draw a digit first; then its label keeps it in my digits."));
}

static Status teach_keep(Workbench *bench, const char *label) {
    const Answer *answer = &bench->answer;
    Drawing part = {0};
    Status status;
    if (answer->several) {
        const SplitGroup *group = &answer->reading.digits[answer->shown].group;
        TRY(ink_split_take(&answer->reading.split, &answer->drawing, group, &part));
        TRY(my_digits_add(&bench->mine, &part, label));
    } else {
        TRY(my_digits_add(&bench->mine, &answer->drawing, label));
    }
fail:
    drawing_close(&part);
    return status;
}

// What has been answered is a `label`; `ink`: edits of that drawing.
static void teach_answered(Workbench *bench, const char *label, uint64_t ink) {
    MyDigits *mine = &bench->mine;
    int shown = bench->answer.several ? bench->answer.shown : -1;
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

// The label that has waited. Its drawing is what has been answered last.
static void teach_waiting(Workbench *bench) {
    LabelWaiting *label = &bench->label;
    if (!label->text[0] || (bench->answer.recognizer && !answer_is_current(bench))) return;
    if (bench->answer.recognizer && !bench->answer.blank)
        teach_answered(bench, label->text, label->edits);
    else
        teach_refuse(bench);
    label->text[0] = '\0';
}

void teach_finish(Workbench *bench) {
    if (bench->label.text[0]) answer_finish(bench);
    teach_waiting(bench);
}

void teach_drawing(Workbench *bench, const char *text) {
    LabelWaiting *label = &bench->label;
    uint64_t version = ink_state_version(&bench->ink), edits = bench->ink.drawing.edits;
    if (!teach_has_drawing(bench)) {
        teach_refuse(bench);
        return;
    }
    if (label->text[0] && label->version != version) teach_finish(bench); // of another drawing
    if (!workbench_check(bench, ink_state_copy(&label->ink, &bench->ink))) return;
    text_copy(label->text, sizeof label->text, text);
    label->version = version;
    label->edits = edits;
    teach_waiting(bench); // nearly always the answer is there
}

void teach_tick(Workbench *bench) {
    teach_waiting(bench);
    teach_tick_files(bench);
    teach_tick_tune(bench);
}

// ---- what the network says about them -----------------------------------------------------------

// Whose answers, and with which weights.
static uint64_t teach_asked(const Answer *answer) {
    return (answer->of << 32 | answer->weights_seen) + 1;
}

static Status teach_carry_out(Errand *errand) {
    MineThought *asking = (MineThought *)errand;
    recognizer_classify(asking->thought.recognizer, asking->images, asking->n, asking->said,
                        asking->confidence);
    return status_ok();
}

// Some may have gone meanwhile.
static Status teach_deliver(Workbench *bench, Errand *errand) {
    const MineThought *asking = (MineThought *)errand;
    MyDigits *mine = &bench->mine;
    for (int i = 0; i < mine->count; i++)
        for (int k = 0; k < asking->n; k++) {
            MyDigit *digit = &mine->digits[i];
            if (digit->id != asking->id[k]) continue;
            digit->said = asking->said[k];
            digit->confidence = asking->confidence[k];
            digit->answered_by = asking->asked;
        }
    return status_ok();
}

bool teach_answer(Workbench *bench) {
    static const ErrandKind kind = {teach_carry_out, teach_deliver, thought_close,
                                    ERRANDS_THOUGHTS};
    const Answer *answer = &bench->answer;
    MyDigits *mine = &bench->mine;
    MineThought *asking = &bench->asking;
    size_t size = (size_t)answer->field * (size_t)answer->field;
    int at = 0;
    if (asking->thought.busy || !thought_is_possible(bench)) return false;
    uint8_t *images = realloc(asking->images, MINE_ASKED_MAX * size);
    if (!images) return false;
    asking->images = images;
    asking->asked = teach_asked(answer);
    asking->field = answer->field;
    asking->n = 0;
    for (; at < mine->count && asking->n < MINE_ASKED_MAX; at++) {
        MyDigit *digit = &mine->digits[at];
        const uint8_t *image;
        if (digit->answered_by == asking->asked) continue;
        digit->said = -1;
        if (!workbench_check(bench, my_digits_image(mine, at, answer->field, &image))) {
            digit->answered_by = asking->asked;
            continue;
        }
        memcpy(images + (size_t)asking->n * size, image, size);
        asking->id[asking->n++] = digit->id;
    }
    return asking->n > 0 && thought_send(bench, &asking->thought, &kind) && at < mine->count;
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
