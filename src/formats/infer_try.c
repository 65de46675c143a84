// Choosing between guesses by running them: a coarse look at the combinations of what matters most,
// on a few images; the best of those on more; then one axis at a time until nothing gets better;
// then the best few on many images. Loss decides, not accuracy: it tells a wrong normalization from
// the right one where both are right on nearly every image. It is the loss at the best temperature:
// a network that was trained for a short time would gain by any change that makes it more sure.
#include "formats/infer_witness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRY_COARSE = 64,
    TRY_COARSE_STAGES = 6, // more, for one shape, is done on half the images
    TRY_GLANCE = 64,
    TRY_GLANCES = 16,
    TRY_SHORT = 32,      // images of what is too slow for more
    TRY_CANDIDATES = 48, // about so many on all axes
    TRY_ROUNDS = 3,
    TRY_SHAPES = 4,
    TRY_SEEDS = 8,
    TRY_FINALISTS = 8,
    COARSE_NORMALIZATIONS = 3,
    COARSE_ACTIVATIONS = 3,
};

static int smaller(int a, int b) {
    return a < b ? a : b;
}

// ---- together -----------------------------------------------------------------------------------

// Wrong on two axes at once is as bad as wrong on one: so the main ones are looked at together,
// with so many choices each.
static void coarse_counts(const Trial *t, int counts[AXIS_COUNT]) {
    static const int most[AXIS_COUNT] = {[AXIS_NORMALIZATION] = COARSE_NORMALIZATIONS,
                                         [AXIS_POOL] = 2,
                                         [AXIS_GLOBAL] = 1,
                                         [AXIS_CONV] = 3,
                                         [AXIS_DENSE] = 1,
                                         [AXIS_ORDER] = 1,
                                         [AXIS_LAST] = 2,
                                         [AXIS_SKIP] = 1};
    for (int i = 0; i < AXIS_COUNT; i++)
        counts[i] = i == AXIS_SHAPE ? t->space->counts[i] : smaller(t->space->counts[i], most[i]);
    // The same activation everywhere; norms on either side of it.
    if (t->space->counts[AXIS_CONV] == 1)
        counts[AXIS_CONV] = smaller(t->space->counts[AXIS_DENSE], 3);
    if (t->space->norms) counts[AXIS_ORDER] = 2;
}

// All shapes would take too long where they are many and wide: the first few, and of the others
// those that take a small part of the time left, so that cheap ones still find some.
static bool coarse_affords(Trial *t, const Guess *guess, int tries, double *left) {
    if (!trial_set(t, guess)) return false;
    double work = t->work * tries;
    if (guess->at[AXIS_SHAPE] < (t->space->graph ? 1 : TRY_SHAPES)) return true;
    if (work > *left / 8) return false;
    *left -= work;
    return true;
}

// A shape that the trainer has no layers for: another way to see the same tensors, which is looked
// at with what is most usual otherwise.
static bool coarse_skips(Trial *t, const Guess *guess) {
    const int *at = guess->at;
    if (t->space->graph || t->now != t->graph) return false;
    return at[AXIS_POOL] + at[AXIS_CONV] + at[AXIS_ORDER] + at[AXIS_LAST] > 0;
}

static bool shape_has_pool(const GuessSpace *space, int shape) {
    for (int i = 0; i < space->chain.convs; i++)
        if (space->shapes[shape].convs[i].pool) return true;
    return false;
}

static void try_coarse(Trial *t, Guess *best) {
    int counts[AXIS_COUNT], total = 1;
    double left = TRY_BUDGET;
    Tried top, tried;
    board_clear(t, TRY_BOARD);
    coarse_counts(t, counts);
    for (int i = 0; i < AXIS_COUNT; i++) total *= counts[i];
    int each = total / counts[AXIS_SHAPE]; // choices for one shape, which is the outermost axis
    int few = TRY_FEW;
    if (trial_set(t, best) && t->work * each * few > TRY_COARSE_STAGES * TRY_BUDGET) few /= 2;
    if (few < TRY_FEW) board_clear(t, TRY_SEEDS);
    if (trial_run(t, best, few, INFINITY, NULL, &top)) board_add(t, &top);
    for (int i = 0; i < total && !t->stopped; i++) {
        Guess guess;
        for (int axis = AXIS_COUNT - 1, rest = i; axis >= 0; rest /= counts[axis--])
            guess.at[axis] = rest % counts[axis];
        if (i % each == 0 && !coarse_affords(t, &guess, each * few, &left)) {
            i += each - 1;
            continue;
        }
        if (t->space->counts[AXIS_NORMALIZATION] == 1) guess.at[AXIS_NORMALIZATION] = 0;
        if (t->space->counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = guess.at[AXIS_CONV];
        if (t->space->counts[AXIS_CONV] == 1) guess.at[AXIS_CONV] = 0;
        if (guess.at[AXIS_POOL] > 0 && !shape_has_pool(t->space, guess.at[AXIS_SHAPE])) continue;
        if (!trial_set(t, &guess) || coarse_skips(t, &guess)) continue;
        if (trial_run(t, &guess, few, INFINITY, NULL, &tried)) board_add(t, &tried);
    }
    // A few images know a wrong network from the right one only where they are far apart.
    if (few == TRY_FEW) t->board_most = TRY_BOARD / 2;
    if (!board_judge(t, trial_images(t, TRY_SEEDS, TRY_COARSE))) return;
    t->board_most = TRY_SEEDS;
    if (!board_judge(t, trial_images(t, TRY_SEEDS, TRY_FINE))) return;
    witness_choose(t, 4, true);
    *best = t->board[0].guess;
}

// ---- one axis at a time -------------------------------------------------------------------------

// Convolutions read more than that.
#define POOLS_BELOW 0.95
// What a few images find so much worse than the best so far is left at that.
#define GLANCE_WORSE  1.3
#define GLANCE_LITTLE 0.01

// Graphs are slow: they are looked at on a few images first. One with two kinds of activations is
// left before one of them is there.
static bool axis_glances(Trial *t, const Guess *guess, int axis, int with, const Tried *top) {
    Tried one, other;
    bool activation = axis == AXIS_CONV || axis == AXIS_DENSE;
    if (!trial_set(t, guess)) return false;
    if (t->space->graph || t->now != t->graph) return true;
    if (activation && with < 0 && guess_activations[guess->at[axis]].graph &&
        t->space->counts[AXIS_CONV] == t->space->counts[AXIS_DENSE])
        return false;
    int images = trial_images(t, TRY_GLANCES, TRY_GLANCE);
    if (images < TRY_SHORT) images = TRY_SHORT;
    return trial_run(t, &top->guess, images, INFINITY, NULL, &other) &&
           trial_run(t, guess, images, GLANCE_WORSE * other.score.loss + GLANCE_LITTLE, NULL, &one);
}

// One choice; true when it is better than the best so far, *top, and has taken its place.
static bool try_choice(Trial *t, const Guess *guess, int axis, int with, int images, Tried *top) {
    Tried tried;
    if (!axis_glances(t, guess, axis, with, top)) return false;
    if (!trial_run(t, guess, images, trial_close_to(top), NULL, &tried)) return false;
    board_add(t, &tried);
    if (tried.value >= top->value || same_score(&tried.score, &top->score)) return false;
    *top = tried;
    return true;
}

// Every other choice on one axis. A few images settle all but those that are close. `with`: an axis
// that goes along, -1: none.
static bool try_axis(Trial *t, int axis, int with, int images, Tried *top) {
    bool changed = false;
    Guess start = top->guess;
    for (int i = 0; i < t->space->counts[axis] && !trial_is_over(t); i++) {
        Guess guess = start;
        guess.at[axis] = i;
        if (with >= 0) guess.at[with] = i;
        if (i == start.at[axis]) continue;
        changed = try_choice(t, &guess, axis, with, images, top) || changed;
        // What was not looked at together before (try_coarse).
        int most = smaller(t->space->counts[AXIS_NORMALIZATION], COARSE_NORMALIZATIONS);
        bool graph = axis == AXIS_SHAPE && !t->space->graph && t->now == t->graph;
        for (int n = 0; graph && n < most; n++) {
            guess.at[AXIS_NORMALIZATION] = n;
            changed = try_choice(t, &guess, axis, with, images, top) || changed;
        }
    }
    return changed;
}

// A shape that was not looked at together with the other main choices (coarse_skips) is the best so
// far: now it is.
static bool try_together(Trial *t, int images, Tried *top) {
    const int *counts = t->space->counts;
    Guess start = top->guess;
    int norms = smaller(counts[AXIS_NORMALIZATION], COARSE_NORMALIZATIONS);
    int total = norms * counts[AXIS_POOL] * COARSE_ACTIVATIONS;
    bool changed = false;
    if (t->space->graph || !top->graph) return false;
    for (int i = 0; i < total && !trial_is_over(t); i++) {
        Guess guess = start;
        int activation = i / norms / counts[AXIS_POOL];
        guess.at[AXIS_NORMALIZATION] = i % norms;
        guess.at[AXIS_POOL] = i / norms % counts[AXIS_POOL];
        if (counts[AXIS_CONV] > 1) guess.at[AXIS_CONV] = activation;
        if (counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = activation;
        changed = try_choice(t, &guess, AXIS_SHAPE, -1, images, top) || changed;
    }
    return changed;
}

// Fewer are read than should be: an activation that the trainer does not have may be right beside
// the other pool, while each alone is worse.
static bool try_pools(Trial *t, int images, Tried *top) {
    const int *counts = t->space->counts;
    Guess start = top->guess;
    bool changed = false;
    if (counts[AXIS_POOL] < 2 || top->score.accuracy >= POOLS_BELOW) return false;
    for (int i = 0; i < guess_activation_count && !trial_is_over(t); i++) {
        Guess guess = start;
        guess.at[AXIS_POOL] = !start.at[AXIS_POOL];
        if (counts[AXIS_CONV] > 1) guess.at[AXIS_CONV] = i;
        if (counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = i;
        changed = try_choice(t, &guess, AXIS_SHAPE, -1, images, top) || changed;
    }
    return changed;
}

static void try_axes(Trial *t, Guess *best) {
    // The shape, and what interacts with it, before what only polishes.
    static const struct {
        GuessAxis axis;
        int with;
    } moves[] = {{AXIS_NORMALIZATION, -1}, {AXIS_SHAPE, -1}, {AXIS_POOL, -1},
                 {AXIS_GLOBAL, -1},        {AXIS_ORDER, -1}, {AXIS_CONV, AXIS_DENSE},
                 {AXIS_CONV, -1},          {AXIS_DENSE, -1}, {AXIS_LAST, -1},
                 {AXIS_SKIP, -1}};
    const int *counts = t->space->counts;
    int images = trial_images(t, 2 * TRY_SEEDS, TRY_FINE);
    int affords = trial_images(t, TRY_CANDIDATES / TRY_AXES_STAGES, TRY_LEAST);
    if (images < affords) images = affords;
    if (images < TRY_SHORT) images = TRY_SHORT;
    Tried top;
    trial_allow(t, TRY_AXES_STAGES);
    board_clear(t, TRY_FINALISTS);
    if (!trial_run(t, best, images, INFINITY, NULL, &top)) return;
    board_add(t, &top);
    bool changed = true;
    for (int round = 0; round < TRY_ROUNDS && changed && !trial_is_over(t); round++) {
        changed = round > 0 && try_together(t, images, &top);
        for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
            if (counts[moves[i].axis] < 2) continue;
            if (moves[i].with >= 0 && counts[moves[i].with] != counts[moves[i].axis]) continue;
            changed = try_axis(t, (int)moves[i].axis, moves[i].with, images, &top) || changed;
        }
        if (round == 0) changed = try_pools(t, images, &top) || changed;
    }
    *best = top.guess;
}

// What is most usual, with the normalization that suits it best.
static Guess try_usual(Trial *t, const Guess *usual) {
    int norms = smaller(t->space->counts[AXIS_NORMALIZATION], COARSE_NORMALIZATIONS);
    Tried best = {.guess = *usual, .value = INFINITY}, tried;
    for (int i = 0; i < norms; i++) {
        Guess guess = *usual;
        guess.at[AXIS_NORMALIZATION] = i;
        double enough = i > 0 && isfinite(best.value) ? trial_close_to(&best) : INFINITY;
        if (trial_run(t, &guess, TRY_LEAST, enough, NULL, &tried) && tried.value < best.value)
            best = tried;
    }
    return best.guess;
}

Status guess_try(const GuessSpace *space, const InferOptions *options, Guess *best,
                 Guess others[GUESS_RIVALS_MAX], InferReport *report) {
    Trial t = {.space = space, .options = options, .report = report};
    memset(others, 0, GUESS_RIVALS_MAX * sizeof *others);
    t.known = malloc(TRY_KNOWN_MAX * sizeof *t.known);
    t.spec = malloc(sizeof *t.spec);
    const Guess usual = *best;
    Status status = t.known && t.spec ? status_ok() : status_no_memory("a network", 0);
    if (status_is_ok(&status)) {
        try_coarse(&t, best);
        Guess keep[TRIAL_KEEP] = {*best, usual};
        try_axes(&t, best);
        // With the usual activation, which something unusual has to beat; and with the two other
        // main normalizations: one that was trained briefly is not sure enough of itself with its
        // own.
        keep[2] = keep[3] = keep[4] = *best;
        keep[2].at[AXIS_CONV] = keep[2].at[AXIS_DENSE] = 0;
        for (int i = 0; i < 2 && space->counts[AXIS_NORMALIZATION] > 1; i++)
            keep[3 + i].at[AXIS_NORMALIZATION] =
                (best->at[AXIS_NORMALIZATION] + 1 + i) % COARSE_NORMALIZATIONS;
        if (!space->graph) keep[1] = try_usual(&t, &usual);
        trial_keep(&t, keep);
        trial_finish(&t, best, others);
        report->hurried = t.hurried;
    }
    if (t.stopped && t.board_count == 0) report->tried = 0;
    saved_model_close(&t.layers);
    saved_model_close(&t.graph);
    free(t.known);
    free(t.losses);
    free(t.spec);
    return status;
}
