// Choosing between guesses by running them: a coarse look at the combinations of what matters most,
// on a few images; the best of those on more; then one axis at a time until nothing gets better;
// then the best few on many images. Loss decides, not accuracy: it tells a wrong normalization from
// the right one where both are right on nearly every image. It is the loss at the best temperature:
// a network that was trained for a short time would gain by any change that makes it more sure.
#include "formats/infer_guess.h"

#include "base/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRY_FEW = 16,
    TRY_COARSE = 64,
    TRY_FINE = 400,
    TRY_ROUNDS = 3,
    TRY_SHAPES = 4,
    TRY_BOARD = 32,
    TRY_SEEDS = 8,
    TRY_FINALISTS = 8,
    TRY_KNOWN_MAX = 2048,
};
// Multiply-adds, counted as two, of one stage: about half a second on one core.
#define TRY_BUDGET 20e9
// A loss so many times the best one's, and a little, is out: on more images it may still win, but
// it would have to be by luck.
#define TRY_CLOSE  1.6
#define TRY_LITTLE 0.02

// A guess that was run, and its loss with what is unusual about it added.
typedef struct Tried {
    Guess guess;
    InferScore score;
    double value;
} Tried;

// What came of a network on so many images. Guesses that come to the same layers are one.
typedef struct Known {
    uint64_t network;
    int images;
    double enough;
    InferScore score;
} Known;

typedef struct Trial {
    const GuessSpace *space;
    const InferOptions *options;
    SavedModel *model;
    InferReport *report;
    bool stopped;
    uint64_t network; // what is in `model`
    Known *known;
    int known_count;
    Tried board[TRY_BOARD]; // best first
    int board_count, board_most;
} Trial;

// ---- one guess ----------------------------------------------------------------------------------

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001B3u; // FNV-1a
    return hash;
}

static uint64_t hash_network(const GuessSpace *space, const Guess *guess, const ModelSpec *spec) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (int i = 0; i < spec->layer_count; i++) {
        hash = hash_bytes(hash, &spec->layers[i].kind, sizeof spec->layers[i].kind);
        hash = hash_bytes(hash, spec->layers[i].args, sizeof spec->layers[i].args);
    }
    // Not that of `spec`: a border moves the mean into the bias.
    const Normalization *n = &guess_normalizations[guess->at[AXIS_NORMALIZATION]].value;
    hash = hash_bytes(hash, n, sizeof *n);
    int side = space->shapes[guess->at[AXIS_SHAPE]].input;
    return hash_bytes(hash, &side, sizeof side);
}

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
    if (!fits) return false;
    guess_set_border(t->space, guess, t->model);
    t->network = hash_network(t->space, guess, &t->model->spec);
    return true;
}

// Has this network been run on so many images, or been out already? *first: never at all.
static const Known *trial_known(const Trial *t, int images, double enough, bool *first) {
    *first = true;
    for (int i = 0; i < t->known_count; i++) {
        const Known *known = &t->known[i];
        if (known->network != t->network) continue;
        *first = false;
        bool whole = known->score.loss * known->score.images <= known->enough * known->images;
        if (known->images == images && (whole || known->enough >= enough)) return known;
    }
    return NULL;
}

// False when it is no network, is out (its loss is more than `enough`), or nothing can be run.
static bool trial_run(Trial *t, const Guess *guess, int images, double enough, Tried *out) {
    bool first;
    *out = (Tried){.guess = *guess, .score = {.loss = INFINITY}, .value = INFINITY};
    if (t->stopped || !trial_set(t, guess)) return false;
    const Known *known = trial_known(t, images, enough, &first);
    if (known) {
        out->score = known->score;
    } else if (!t->options->score(t->options->context, t->model, images, enough, &out->score)) {
        t->stopped = true;
        return false;
    } else {
        t->report->tried += first;
        if (t->known_count < TRY_KNOWN_MAX)
            t->known[t->known_count++] = (Known){t->network, images, enough, out->score};
    }
    InferScore *score = &out->score;
    if (!(score->loss >= 0)) score->loss = score->calibrated = INFINITY; // NaN
    // One image more that it does not know would cost about 1 / images: less is won by chance.
    out->value = ((score->loss + score->calibrated) / 2 + 1.0 / score->images) *
                 (1 + guess_unusual(t->space, guess));
    return score->loss * score->images <= enough * images;
}

static double close_to(const Tried *top) {
    return TRY_CLOSE * top->score.loss + TRY_LITTLE;
}

static int images_for(const Trial *t, int candidates, int wanted) {
    double most = TRY_BUDGET / (t->model->plan.flops_forward + 1) / candidates;
    return most < TRY_FEW ? TRY_FEW : most < wanted ? (int)most : wanted;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

// ---- the best few -------------------------------------------------------------------------------

// Two guesses that compute the same (a max pool may as well stand before a ReLU).
static bool same_score(const InferScore *a, const InferScore *b) {
    return fabs(a->loss - b->loss) <= 1e-5 * fabs(b->loss);
}

static void board_clear(Trial *t, int most) {
    ASSERT(most <= TRY_BOARD);
    t->board_count = 0;
    t->board_most = most;
}

static void board_add(Trial *t, const Tried *tried) {
    for (int i = 0; i < t->board_count; i++)
        if (same_score(&tried->score, &t->board[i].score)) {
            if (tried->value < t->board[i].value) t->board[i] = *tried;
            return;
        }
    int at = t->board_count;
    while (at > 0 && t->board[at - 1].value > tried->value) at--;
    if (at == t->board_most) return;
    int last = t->board_count < t->board_most ? t->board_count++ : t->board_most - 1;
    memmove(&t->board[at + 1], &t->board[at], (size_t)(last - at) * sizeof *t->board);
    t->board[at] = *tried;
}

// Runs those on the board on `images` and puts them in order anew; what is out leaves it. False
// when nothing is left or could be run.
static bool board_judge(Trial *t, int images) {
    Tried old[TRY_BOARD], tried;
    int count = t->board_count;
    memcpy(old, t->board, sizeof old);
    board_clear(t, t->board_most);
    for (int i = 0; i < count; i++) {
        double enough = t->board_count > 0 ? close_to(&t->board[0]) : INFINITY;
        if (trial_run(t, &old[i].guess, images, enough, &tried)) board_add(t, &tried);
    }
    if (!t->stopped && t->board_count > 0) return true;
    memcpy(t->board, old, sizeof old);
    t->board_count = count;
    return false;
}

// ---- together -----------------------------------------------------------------------------------

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
    double left = TRY_BUDGET;
    Tried top, tried;
    board_clear(t, TRY_BOARD);
    coarse_counts(t, counts);
    for (int i = 0; i < AXIS_COUNT; i++) total *= counts[i];
    int each = total / counts[AXIS_SHAPE]; // choices for one shape, which is the outermost axis
    if (trial_run(t, best, TRY_FEW, INFINITY, &top)) board_add(t, &top);
    for (int i = 0; i < total && !t->stopped; i++) {
        Guess guess;
        for (int axis = AXIS_COUNT - 1, rest = i; axis >= 0; rest /= counts[axis--])
            guess.at[axis] = rest % counts[axis];
        if (i % each == 0 && !coarse_affords(t, &guess, each * TRY_FEW, &left)) {
            i += each - 1;
            continue;
        }
        if (t->space->counts[AXIS_NORMALIZATION] == 1) guess.at[AXIS_NORMALIZATION] = 0;
        if (t->space->counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = guess.at[AXIS_CONV];
        if (t->space->counts[AXIS_CONV] == 1) guess.at[AXIS_CONV] = 0;
        if (guess.at[AXIS_POOL] > 0 && !shape_has_pool(t->space, guess.at[AXIS_SHAPE])) continue;
        if (trial_run(t, &guess, TRY_FEW, INFINITY, &tried)) board_add(t, &tried);
    }
    // A few images know a wrong network from the right one only where they are far apart.
    t->board_most = TRY_BOARD / 2;
    if (!board_judge(t, images_for(t, TRY_SEEDS, TRY_COARSE))) return;
    t->board_most = TRY_SEEDS;
    if (board_judge(t, images_for(t, TRY_SEEDS, TRY_FINE))) *best = t->board[0].guess;
}

// ---- one axis at a time -------------------------------------------------------------------------

// Every other choice on one axis. A few images settle all but those that are close. `with`: an axis
// that goes along, -1: none.
static bool try_axis(Trial *t, int axis, int with, int images, Tried *top) {
    bool changed = false;
    Guess start = top->guess;
    Tried tried;
    for (int i = 0; i < t->space->counts[axis] && !t->stopped; i++) {
        Guess guess = start;
        guess.at[axis] = i;
        if (with >= 0) guess.at[with] = i;
        if (i == start.at[axis]) continue;
        if (!trial_run(t, &guess, images, close_to(top), &tried)) continue;
        board_add(t, &tried);
        if (tried.value >= top->value || same_score(&tried.score, &top->score)) continue;
        *top = tried;
        changed = true;
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
                 {AXIS_CONV, -1},          {AXIS_DENSE, -1}, {AXIS_LAST, -1}};
    const int *counts = t->space->counts;
    int images = images_for(t, 2 * TRY_SEEDS, TRY_FINE);
    Tried top;
    board_clear(t, TRY_FINALISTS);
    if (!trial_run(t, best, images, INFINITY, &top)) return;
    board_add(t, &top);
    bool changed = true;
    for (int round = 0; round < TRY_ROUNDS && changed && !t->stopped; round++) {
        changed = false;
        for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
            if (counts[moves[i].axis] < 2) continue;
            if (moves[i].with >= 0 && counts[moves[i].with] != counts[moves[i].axis]) continue;
            changed = try_axis(t, (int)moves[i].axis, moves[i].with, images, &top) || changed;
        }
    }
    *best = top.guess;
}

static void finalists_tell(Trial *t, Guess *best, Guess *second) {
    *best = t->board[0].guess;
    t->report->best = t->board[0].score;
    if (t->board_count < 2) return;
    *second = t->board[1].guess;
    t->report->second = t->board[1].score;
}

// The best few on more and more images, fewer of them each time.
static void try_finalists(Trial *t, Guess *best, Guess *second) {
    if (t->board_count == 0) return;
    finalists_tell(t, best, second);
    for (int most = TRY_FINALISTS; most > 1; most /= 2) {
        if (t->board_count > most) t->board_count = most;
        if (!board_judge(t, images_for(t, t->board_count, INFER_IMAGES_MAX))) return;
        finalists_tell(t, best, second);
    }
}

void guess_try(const GuessSpace *space, const InferOptions *options, SavedModel *model, Guess *best,
               Guess *second, InferReport *report) {
    Trial t = {.space = space, .options = options, .model = model, .report = report};
    t.known = malloc(TRY_KNOWN_MAX * sizeof *t.known);
    if (t.known) {
        try_coarse(&t, best);
        try_axes(&t, best);
        try_finalists(&t, best, second);
    }
    if (t.stopped && t.board_count == 0) report->tried = 0;
    trial_set(&t, best);
    free(t.known);
}
