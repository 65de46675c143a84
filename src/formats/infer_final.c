// The last round: who is best, who else it may be, and how well the images tell.
#include "formats/infer_trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Guesses in the last round, how many stages' work it may be, and the images that it is worth while
// to run slow ones on.
enum { FINAL_MOST = 4, FINAL_STAGES = 2, FINAL_LEAST = 200 };
// Losses that are no further apart, in parts of the lesser: such networks are likenesses. And no
// further than this: it does not matter which of them it is.
#define FINAL_ALIKE  0.05
#define FINAL_LITTLE 0.02
// The difference of the losses on the same images, in its standard errors, that counts as evidence.
// It takes that to prefer something unusual.
#define FINAL_EVIDENCE 2.0
// What a guess may be more unusual than another without it.
#define FINAL_AS_USUAL 0.02

// By how many standard errors `b` loses more than `a`, image by image; NAN when that is not known.
static double paired_errors(const InferScore *a, const InferScore *b) {
    double mean = 0, square = 0;
    int n = a->images;
    if (!a->losses || !b->losses || n != b->images || n < 2) return NAN;
    for (int i = 0; i < n; i++) {
        double d = (double)b->losses[i] - (double)a->losses[i];
        mean += d / n;
        square += d * d / n;
    }
    double error = sqrt(fmax(square - mean * mean, 0) / (n - 1));
    return error > 0 ? mean / error : 0;
}

static void compare(const Trial *t, const Tried *best, const Tried *other, InferRival *out) {
    double errors = paired_errors(&best->score, &other->score);
    double unusual = guess_unusual(t->space, &other->guess) - guess_unusual(t->space, &best->guess);
    *out = (InferRival){.score = other->score};
    out->score.losses = NULL;
    out->like = fabs(other->score.loss - best->score.loss) < FINAL_ALIKE * best->score.loss;
    if (isnan(errors)) return;
    // It does better, only less usually; or as usual, and not clearly worse. On many images any two
    // differ, and a likeness may do a little better than what a network was trained with.
    bool better = other->score.loss < (1 - FINAL_LITTLE) * best->score.loss;
    out->close = (better && errors < -FINAL_EVIDENCE) ||
                 (unusual < FINAL_AS_USUAL && errors < FINAL_EVIDENCE);
}

// The best, and those behind it on the same images.
static void tell(Trial *t, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    InferReport *report = t->report;
    *best = t->board[0].guess;
    report->best = t->board[0].score;
    report->best.losses = NULL;
    report->rival_count = 0;
    for (int i = 1; i < t->board_count && report->rival_count < GUESS_RIVALS_MAX; i++) {
        compare(t, &t->board[0], &t->board[i], &report->rivals[report->rival_count]);
        others[report->rival_count++] = t->board[i].guess;
    }
}

// Of two that are alike the more usual one, unless the images prove otherwise.
static void prefer_usual(Trial *t) {
    for (int i = 1; i < t->board_count; i++) {
        Tried *best = &t->board[0], *other = &t->board[i], swap = *best;
        double errors = paired_errors(&best->score, &other->score);
        if (guess_unusual(t->space, &best->guess) <=
                guess_unusual(t->space, &other->guess) + FINAL_AS_USUAL ||
            !(errors < FINAL_EVIDENCE))
            continue;
        *best = *other;
        *other = swap;
    }
}

// Who is in the last round: the first few. Graphs are slow; behind a best of layers they would
// leave few images for the others: those that are clearly behind are left out, or all where even so
// it would be too few, and others of layers take their places.
static void choose_last(Trial *t) {
    const Tried *best = &t->board[0];
    int count = t->board_count, kept = 1;
    t->board_count = count < FINAL_MOST ? count : FINAL_MOST;
    if (best->graph) return;
    bool slow = board_images(t, FINAL_LEAST) < FINAL_LEAST;
    for (int i = 1; i < count && kept < FINAL_MOST; i++) {
        const Tried *other = &t->board[i];
        bool behind = other->value > (1 + FINAL_ALIKE) * best->value;
        bool same = other->guess.at[AXIS_SHAPE] == best->guess.at[AXIS_SHAPE];
        bool affords = i < FINAL_MOST && !slow && !(behind && same);
        if (!other->graph || affords) t->board[kept++] = *other;
    }
    t->board_count = kept;
}

// Runs them all on the same images. False: nothing could be run.
static bool judge(Trial *t, int images, float *losses) {
    Tried old[FINAL_MOST], tried;
    int count = t->board_count;
    memcpy(old, t->board, (size_t)count * sizeof *old);
    board_clear(t, FINAL_MOST);
    for (int i = 0; i < count; i++) {
        double enough = t->board_count > 0 ? trial_close_to(&t->board[0]) : INFINITY;
        float *room = losses ? losses + (size_t)i * (size_t)images : NULL;
        if (trial_run(t, &old[i].guess, images, enough, room, &tried)) board_add(t, &tried);
    }
    if (!t->stopped && t->board_count > 0) return true;
    memcpy(t->board, old, (size_t)count * sizeof *old);
    t->board_count = count;
    return false;
}

// Runs those on the board on so many images more than a stage affords.
static bool final_round(Trial *t, int stages) {
    int images = stages * board_images(t, INFER_IMAGES_MAX / stages);
    float *losses = malloc((size_t)images * (size_t)t->board_count * sizeof *losses);
    free(t->losses);
    t->losses = losses;
    return judge(t, images, losses);
}

// Layers against a graph of another shape: two different networks, not two likenesses. Is it not
// clear which it is?
static bool is_open(const Trial *t, int rival) {
    const Tried *a = &t->board[0], *b = &t->board[rival];
    return a->graph != b->graph && a->guess.at[AXIS_SHAPE] != b->guess.at[AXIS_SHAPE] &&
           fabs(paired_errors(&a->score, &b->score)) < FINAL_EVIDENCE;
}

static void append(Trial *t, const Tried *tried) {
    for (int i = 0; i < t->board_count; i++)
        if (memcmp(&t->board[i].guess, &tried->guess, sizeof tried->guess) == 0) return;
    if (t->board_count < TRY_BOARD) t->board[t->board_count++] = *tried;
}

// The few images of the rounds before favour whoever is more sure of itself: a likeness may have
// driven off what a network was trained with. That is mended on many images: the best there are,
// those to keep, and others while there is room.
void trial_keep(Trial *t, const Guess keep[TRIAL_KEEP]) {
    Tried old[TRY_BOARD], tried;
    int count = t->board_count;
    memcpy(old, t->board, (size_t)count * sizeof *old);
    t->board_count = count < FINAL_MOST - TRIAL_KEEP ? count : FINAL_MOST - TRIAL_KEEP;
    for (int i = 0; i < TRIAL_KEEP; i++)
        if (trial_run(t, &keep[i], TRY_FEW, INFINITY, NULL, &tried)) append(t, &tried);
    for (int i = 0; i < count; i++) append(t, &old[i]);
}

void trial_finish(Trial *t, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    if (t->board_count == 0) return;
    tell(t, best, others);
    choose_last(t);
    if (!final_round(t, FINAL_STAGES)) return;
    prefer_usual(t);
    tell(t, best, others);
    for (int i = 1; i < t->board_count; i++) {
        if (!is_open(t, i)) continue;
        t->board[1] = t->board[i];
        t->board_count = 2;
        if (!final_round(t, 2 * FINAL_STAGES)) return;
        prefer_usual(t);
        tell(t, best, others);
    }
}
