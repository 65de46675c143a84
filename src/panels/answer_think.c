// The look at the canvas: on the thoughts' thread from its ink to the network's answers, and back
// in the window what they come to.
#include "panels/workbench.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

// ---- on the thoughts' thread --------------------------------------------------------------------

// Dots between digits are slips of the pen. True when a number is left.
static bool think_drop_dots(Reading *reading) {
    int kept = 0;
    for (int i = 0; i < reading->count; i++) kept += !reading->digits[i].fit.dot;
    if (kept < 2) return false;
    kept = 0;
    for (int i = 0; i < reading->count; i++)
        if (!reading->digits[i].fit.dot) reading->digits[kept++] = reading->digits[i];
    reading->count = kept;
    return true;
}

// A picture is one digit: only strokes are taken apart, and one stroke is never two digits.
static Status think_number(InkThought *thinking, const InkOptions *options) {
    const InkState *ink = &thinking->ink;
    const Drawing *drawing = &ink->drawing;
    thinking->several = false;
    if (!ink->split || ink->picture.pixels || drawing->live - drawing_first(drawing) < 2 ||
        drawing_is_blank(drawing))
        return status_ok();
    Status status = reader_read(thinking->thought.recognizer, drawing, options, &thinking->reading);
    thinking->several = status_is_ok(&status) && think_drop_dots(&thinking->reading);
    return status;
}

// A blank canvas is answered too: feature maps of nothing are something to look at.
static Status think_carry_out(Errand *errand) {
    InkThought *thinking = (InkThought *)errand;
    InkOptions options = ink_state_options(&thinking->ink, thinking->field);
    double start = clock_seconds();
    Status status;
    TRY(think_number(thinking, &options));
    if (!thinking->several) {
        TRY(ink_state_fit(&thinking->ink, thinking->field, thinking->input, &thinking->fit));
        recognizer_answer(thinking->thought.recognizer, thinking->input, 1, NULL,
                          thinking->probabilities);
    }
    thinking->seconds = clock_seconds() - start;
fail:
    return status;
}

// ---- in the window ------------------------------------------------------------------------------

// A model without a threshold (one in training) is unsure of what it does not hold more likely than
// not.
static Verdict answer_verdict(const Recognizer *recognizer, const InkFit *fit,
                              const float *probabilities, int best) {
    Verdict verdict = recognizer_verdict(recognizer, fit, probabilities);
    bool likely = probabilities[best] >= ANSWER_SURE;
    if (verdict == VERDICT_DIGIT && recognizer_threshold(recognizer) <= 0 && !likely)
        return VERDICT_UNSURE;
    return verdict;
}

static void answer_rank(Answer *answer) {
    for (int k = 0; k < 3; k++) {
        int best = -1;
        for (int i = 0; i < answer->classes; i++) {
            bool taken = (k > 0 && answer->best[0] == i) || (k > 1 && answer->best[1] == i);
            if (!taken && (best < 0 || answer->probabilities[i] > answer->probabilities[best]))
                best = i;
        }
        answer->best[k] = best;
    }
}

// What `input` is answered with.
static void answer_take(Answer *answer, const uint8_t *input, const InkFit *fit,
                        const float *probabilities) {
    answer->version++;
    memcpy(answer->input, input, (size_t)answer->field * (size_t)answer->field);
    answer->fit = *fit;
    memcpy(answer->probabilities, probabilities, (size_t)answer->classes * sizeof(float));
    answer->lost = false;
    for (int i = 0; i < answer->classes; i++)
        answer->lost = answer->lost || !isfinite(answer->probabilities[i]);
    answer_rank(answer);
    answer->verdict =
        answer_verdict(answer->recognizer, fit, answer->probabilities, answer->best[0]);
}

// The digit that the last stroke belongs to.
static int answer_last_digit(const Answer *answer) {
    const Drawing *drawing = &answer->drawing;
    const Reading *reading = &answer->reading;
    for (size_t s = drawing->live; s-- > drawing_first(drawing);) {
        int atom = s < reading->split.stroke_count ? reading->split.atom_of[s] : -1;
        for (int i = 0; atom >= 0 && i < reading->count; i++) {
            const SplitGroup *group = &reading->digits[i].group;
            if (atom >= group->first && atom < group->first + group->count) return i;
        }
    }
    return reading->count - 1;
}

// Which digit of a number is looked at.
static int answer_wanted(const Answer *answer) {
    if (answer->hovered >= 0 && answer->hovered < answer->reading.count) return answer->hovered;
    if (answer->chosen >= 0 && answer->chosen < answer->reading.count) return answer->chosen;
    return answer_last_digit(answer);
}

void answer_show(Answer *answer) {
    int shown = answer->several ? answer_wanted(answer) : 0;
    const ReaderDigit *digit = &answer->reading.digits[shown];
    if (!answer->several || shown == answer->shown) return;
    answer->shown = shown;
    answer_take(answer, digit->image, &digit->fit, digit->probabilities);
}

static void answer_fail(Answer *answer, const Status *status) {
    answer->blank = true;
    answer->several = false;
    answer->version++;
    text_copy(answer->problem, sizeof answer->problem, status->message);
}

static Status think_deliver(Workbench *bench, Errand *errand) {
    InkThought *thinking = (InkThought *)errand;
    Answer *answer = &bench->answer;
    if (!status_is_ok(&errand->status)) {
        answer_fail(answer, &errand->status);
        return status_ok();
    }
    answer->several = thinking->several;
    answer->blank = !answer->several && thinking->fit.blank;
    Drawing drawing = answer->drawing;
    answer->drawing = thinking->ink.drawing;
    thinking->ink.drawing = drawing;
    bench->ink.fit_unit = thinking->ink.fit_unit;
    answer->seconds = thinking->seconds;
    if (!answer->several) {
        answer_take(answer, thinking->input, &thinking->fit, thinking->probabilities);
        return status_ok();
    }
    Reading reading = answer->reading;
    answer->reading = thinking->reading;
    thinking->reading = reading;
    for (int i = 0; i < answer->reading.count; i++) {
        ReaderDigit *digit = &answer->reading.digits[i];
        digit->verdict =
            answer_verdict(answer->recognizer, &digit->fit, digit->probabilities, digit->digit);
    }
    answer->shown = -1;
    answer_show(answer);
    return status_ok();
}

void answer_think(Workbench *bench) {
    static const ErrandKind kind = {think_carry_out, think_deliver, thought_close,
                                    ERRANDS_THOUGHTS};
    Answer *answer = &bench->answer;
    InkThought *thinking = &answer->thinking;
    if (thinking->thought.busy) return;
    uint64_t seen;
    const InkState *ink = answer_ink(bench, &seen);
    if (seen != answer->ink_seen) answer->hovered = answer->chosen = -1;
    answer->ink_seen = seen;
    thinking->field = answer->field;
    Status status = ink_state_copy(&thinking->ink, ink);
    if (!status_is_ok(&status)) {
        answer_fail(answer, &status);
        return;
    }
    thought_send(bench, &thinking->thought, &kind);
}
