// Choosing between guesses by running them: a coarse look at the combinations of what matters most,
// then one axis at a time until nothing gets better. Loss decides, not accuracy: it tells a wrong
// normalization from the right one where both are right on nearly every image.
#include "formats/infer_guess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRY_COARSE = 64, TRY_FINE = 250, TRY_ROUNDS = 3, TRY_SHAPES = 5 };
// Multiply-adds of all coarse, and of all fine tries: a few seconds on two cores.
#define TRY_BUDGET 60e9
// A guess must be so much better than a more usual one: the images are only a sample.
#define TRY_MARGIN 0.99

typedef struct Trial {
    const GuessSpace *space;
    const InferOptions *options;
    SavedModel *model;
    InferReport *report;
    bool stopped;
    int images;
} Trial;

// Puts the guess's layers into the model. False when they are none.
static bool trial_set(Trial *t, const Guess *guess) {
    char name[SPEC_NAME_MAX];
    size_t floats = t->model->plan.weight_floats;
    memcpy(name, t->model->spec.name, sizeof name);
    Status status = guess_spec(t->space, guess, &t->model->spec);
    if (status_is_ok(&status)) status = spec_plan(&t->model->spec, &t->model->plan);
    memcpy(t->model->spec.name, name, sizeof name);
    // The same layers with tensors in the same order: the weights stay where they are.
    if (!status_is_ok(&status) || t->model->plan.weight_floats != floats) return false;
    guess_set_border(t->space, guess, t->model);
    return true;
}

static bool trial_run(Trial *t, const Guess *guess, InferScore *out) {
    ModelPlan *plan = &t->model->plan;
    size_t floats = plan->weight_floats;
    *out = (InferScore){0, INFINITY};
    if (t->stopped) return false;
    if (!trial_set(t, guess)) {
        plan->weight_floats = floats;
        return false;
    }
    if (!t->options->score(t->options->context, t->model, t->images, out)) {
        t->stopped = true;
        return false;
    }
    if (!(out->loss >= 0)) out->loss = INFINITY; // NaN
    t->report->tried++;
    return true;
}

static int images_for(const Trial *t, int candidates, int wanted) {
    double each = t->model->plan.flops_forward + 1;
    double most = TRY_BUDGET / each / candidates;
    return most < 24 ? 24 : most < wanted ? (int)most : wanted;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

// Wrong on two axes at once is as bad as wrong on one: so the main ones are looked at together.
static void try_coarse(Trial *t, Guess *best) {
    const int *counts = t->space->counts;
    int shapes = smaller(counts[AXIS_SHAPE], TRY_SHAPES), pools = counts[AXIS_POOL];
    int norms = smaller(counts[AXIS_NORMALIZATION], 3);
    int activations = counts[AXIS_CONV] > 1 || counts[AXIS_DENSE] > 1 ? 3 : 1;
    int total = shapes * pools * norms * activations;
    Guess start = *best;
    InferScore best_score;
    t->images = images_for(t, total, TRY_COARSE);
    trial_run(t, best, &best_score);
    for (int i = 0; i < total && !t->stopped; i++) {
        Guess guess = start;
        InferScore score;
        int activation = i / norms % activations;
        guess.at[AXIS_NORMALIZATION] = i % norms;
        if (counts[AXIS_CONV] > 1) guess.at[AXIS_CONV] = activation;
        if (counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = activation;
        guess.at[AXIS_POOL] = i / norms / activations % pools;
        guess.at[AXIS_SHAPE] = i / norms / activations / pools;
        if (!trial_run(t, &guess, &score)) continue;
        if (score.loss < best_score.loss * TRY_MARGIN) {
            best_score = score;
            *best = guess;
        }
    }
}

static bool same_score(const InferScore *a, const InferScore *b) {
    return fabs(a->loss - b->loss) <= 1e-6 * fabs(b->loss);
}

// One axis: every other choice on it. Keeps the better ones in *best.
static bool try_axis(Trial *t, int axis, Guess *best, InferScore *best_score, InferScore *second) {
    bool changed = false;
    Guess start = *best;
    for (int i = 0; i < t->space->counts[axis] && !t->stopped; i++) {
        Guess guess = start;
        InferScore score;
        guess.at[axis] = i;
        if (i == start.at[axis] || !trial_run(t, &guess, &score)) continue;
        bool better = score.loss < best_score->loss * TRY_MARGIN;
        const InferScore *loser = better ? best_score : &score;
        if (axis != AXIS_NORMALIZATION && loser->loss < second->loss &&
            !same_score(&score, best_score))
            *second = *loser;
        if (!better) continue;
        *best_score = score;
        *best = guess;
        changed = true;
    }
    return changed;
}

void guess_try(const GuessSpace *space, const InferOptions *options, SavedModel *model, Guess *best,
               InferReport *report) {
    Trial t = {.space = space, .options = options, .model = model, .report = report};
    // The shape, and what interacts with it, before what only polishes.
    static const GuessAxis axes[] = {AXIS_NORMALIZATION, AXIS_SHAPE, AXIS_POOL,  AXIS_GLOBAL,
                                     AXIS_ORDER,         AXIS_CONV,  AXIS_DENSE, AXIS_LAST};
    int candidates = 0;
    for (int i = 0; i < AXIS_COUNT; i++) candidates += space->counts[i] - 1;
    if (candidates > 0) try_coarse(&t, best);
    t.images = images_for(&t, 2 * candidates + 1, TRY_FINE);
    InferScore score, second = {0, INFINITY};
    trial_run(&t, best, &score);
    bool changed = candidates > 0;
    for (int round = 0; round < TRY_ROUNDS && changed && !t.stopped; round++) {
        changed = false;
        for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++)
            if (space->counts[axes[i]] > 1)
                changed = try_axis(&t, axes[i], best, &score, &second) || changed;
    }
    // The figure to show is of as many images as there are.
    bool stopped = t.stopped;
    t.images = INFER_IMAGES_MAX;
    if (!stopped && trial_run(&t, best, &report->best)) {
        report->second = second;
    } else {
        report->best = score;
        report->second = second;
    }
    trial_set(&t, best);
}
