// Choosing between guesses by running them: a coarse look at the combinations of what matters most,
// then one axis at a time until nothing gets better, then the best few on many images. Loss
// decides, not accuracy: it tells a wrong normalization from the right one where both are right on
// nearly every image.
#include "formats/infer_guess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRY_COARSE = 64,
    TRY_FEW = 32,
    TRY_FINE = 400,
    TRY_ROUNDS = 3,
    TRY_SHAPES = 4,
    TRY_FINALISTS = 5
};
// Multiply-adds of one stage: a second or two on two cores.
#define TRY_BUDGET 50e9
// A finalist's loss may be so many times the best one's: on more images it may still win.
#define TRY_CLOSE 1.6

// A guess that was run, and its loss with what is unusual about it added.
typedef struct Tried {
    Guess guess;
    InferScore score;
    double value;
} Tried;

typedef struct Trial {
    const GuessSpace *space;
    const InferOptions *options;
    SavedModel *model;
    InferReport *report;
    bool stopped;
    Tried board[TRY_FINALISTS]; // of the fine stage, best first
    int board_count;
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
    bool fits = status_is_ok(&status) && t->model->plan.weight_floats == floats;
    t->model->plan.weight_floats = floats;
    if (fits) guess_set_border(t->space, guess, t->model);
    return fits;
}

static bool trial_run(Trial *t, const Guess *guess, int images, Tried *out) {
    *out = (Tried){*guess, {0, INFINITY}, INFINITY};
    if (t->stopped || !trial_set(t, guess)) return false;
    if (!t->options->score(t->options->context, t->model, images, &out->score)) {
        t->stopped = true;
        return false;
    }
    if (!(out->score.loss >= 0)) out->score.loss = INFINITY; // NaN
    // A loss of next to nothing is won by chance.
    out->value = (out->score.loss + 1e-5) * (1 + guess_unusual(t->space, guess));
    t->report->tried++;
    return true;
}

static int images_for(const Trial *t, int candidates, int wanted) {
    double most = TRY_BUDGET / (t->model->plan.flops_forward + 1) / candidates;
    return most < TRY_FEW ? TRY_FEW : most < wanted ? (int)most : wanted;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

// Wrong on two axes at once is as bad as wrong on one: so the main ones are looked at together,
// with so many choices each.
static void coarse_counts(const Trial *t, int counts[AXIS_COUNT]) {
    static const int most[AXIS_COUNT] = {
        [AXIS_NORMALIZATION] = 3, [AXIS_POOL] = 2,  [AXIS_GLOBAL] = 1, [AXIS_CONV] = 3,
        [AXIS_DENSE] = 1,         [AXIS_ORDER] = 1, [AXIS_LAST] = 2};
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
    double work = t->model->plan.flops_forward * tries;
    if (guess->at[AXIS_SHAPE] < TRY_SHAPES) return true;
    if (work > *left / 8) return false;
    *left -= work;
    return true;
}

static bool shape_has_pool(const GuessSpace *space, int shape) {
    for (int i = 0; i < space->chain.convs; i++)
        if (space->shapes[shape].convs[i].pool && !space->shapes[shape].convs[i].pool_all)
            return true;
    return false;
}

static void try_coarse(Trial *t, Guess *best) {
    int counts[AXIS_COUNT], total = 1;
    coarse_counts(t, counts);
    for (int i = 0; i < AXIS_COUNT; i++) total *= counts[i];
    int each = total / counts[AXIS_SHAPE]; // choices for one shape, which is the outermost axis
    int images = images_for(t, smaller(total, TRY_SHAPES * each), TRY_COARSE);
    double left = TRY_BUDGET / 2;
    Tried top, tried;
    if (!trial_run(t, best, images, &top)) top.value = INFINITY;
    for (int i = 0; i < total && !t->stopped; i++) {
        Guess guess;
        for (int axis = AXIS_COUNT - 1, rest = i; axis >= 0; rest /= counts[axis--])
            guess.at[axis] = rest % counts[axis];
        if (i % each == 0 && !coarse_affords(t, &guess, each * images, &left)) {
            i += each - 1;
            continue;
        }
        if (t->space->counts[AXIS_NORMALIZATION] == 1) guess.at[AXIS_NORMALIZATION] = 0;
        if (t->space->counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = guess.at[AXIS_CONV];
        if (t->space->counts[AXIS_CONV] == 1) guess.at[AXIS_CONV] = 0;
        if (guess.at[AXIS_POOL] > 0 && !shape_has_pool(t->space, guess.at[AXIS_SHAPE])) continue;
        if (trial_run(t, &guess, images, &tried) && tried.value < top.value) top = tried;
    }
    *best = top.guess;
}

// ---- one axis at a time -------------------------------------------------------------------------

// Two guesses that compute the same (a max pool may as well stand before a ReLU).
static bool same_score(const InferScore *a, const InferScore *b) {
    return fabs(a->loss - b->loss) <= 1e-5 * fabs(b->loss);
}

static void board_add(Trial *t, const Tried *tried) {
    for (int i = 0; i < t->board_count; i++)
        if (same_score(&tried->score, &t->board[i].score)) {
            if (tried->value < t->board[i].value) t->board[i] = *tried;
            return;
        }
    int at = t->board_count;
    while (at > 0 && t->board[at - 1].value > tried->value) at--;
    if (at == TRY_FINALISTS) return;
    int last = t->board_count < TRY_FINALISTS ? t->board_count++ : TRY_FINALISTS - 1;
    memmove(&t->board[at + 1], &t->board[at], (size_t)(last - at) * sizeof *t->board);
    t->board[at] = *tried;
}

// Every other choice on one axis: a few images first, and many only for those that are close.
static bool try_axis(Trial *t, int axis, int images, Tried *top) {
    bool changed = false;
    Guess start = top->guess;
    Tried few, tried;
    if (!trial_run(t, &start, TRY_COARSE, &few)) return false;
    double close = 2.5 * few.value + 0.02;
    for (int i = 0; i < t->space->counts[axis] && !t->stopped; i++) {
        Guess guess = start;
        guess.at[axis] = i;
        if (i == start.at[axis]) continue;
        if (!trial_run(t, &guess, TRY_COARSE, &few) || few.value > close) continue;
        if (!trial_run(t, &guess, images, &tried)) continue;
        board_add(t, &tried);
        if (tried.value >= top->value || same_score(&tried.score, &top->score)) continue;
        *top = tried;
        changed = true;
    }
    return changed;
}

static void try_axes(Trial *t, Guess *best) {
    // The shape, and what interacts with it, before what only polishes.
    static const GuessAxis axes[] = {AXIS_NORMALIZATION, AXIS_SHAPE, AXIS_POOL,  AXIS_GLOBAL,
                                     AXIS_ORDER,         AXIS_CONV,  AXIS_DENSE, AXIS_LAST};
    int images = images_for(t, 20, TRY_FINE);
    Tried top;
    if (!trial_run(t, best, images, &top)) return;
    board_add(t, &top);
    bool changed = true;
    for (int round = 0; round < TRY_ROUNDS && changed && !t->stopped; round++) {
        changed = false;
        for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++)
            if (t->space->counts[axes[i]] > 1)
                changed = try_axis(t, axes[i], images, &top) || changed;
    }
    *best = top.guess;
}

// The best few on as many images as time allows.
static void try_finalists(Trial *t, Guess *best) {
    int count = 0;
    while (count < t->board_count && t->board[count].value <= TRY_CLOSE * t->board[0].value + 1e-4)
        count++;
    if (t->board_count == 0) return;
    t->report->best = t->board[0].score;
    if (t->board_count > 1) t->report->second = t->board[1].score;
    *best = t->board[0].guess;
    Tried top = {.value = INFINITY}, second = top, tried;
    int images = images_for(t, count, INFER_IMAGES_MAX);
    for (int i = 0; i < count && !t->stopped; i++) {
        if (!trial_run(t, &t->board[i].guess, images, &tried)) continue;
        if (tried.value < top.value) {
            second = top;
            top = tried;
        } else if (tried.value < second.value) {
            second = tried;
        }
    }
    if (t->stopped || !isfinite(top.value)) return;
    *best = top.guess;
    t->report->best = top.score;
    if (isfinite(second.value)) t->report->second = second.score;
}

void guess_try(const GuessSpace *space, const InferOptions *options, SavedModel *model, Guess *best,
               InferReport *report) {
    Trial t = {.space = space, .options = options, .model = model, .report = report};
    try_coarse(&t, best);
    try_axes(&t, best);
    try_finalists(&t, best);
    if (t.stopped && t.board_count == 0) report->tried = 0;
    trial_set(&t, best);
}
