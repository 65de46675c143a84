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
    TRY_GLANCE = 64,
    TRY_FINE = 400,
    TRY_ROUNDS = 3,
    TRY_SHAPES = 4,
    TRY_BOARD = 32,
    TRY_SEEDS = 8,
    TRY_FINALISTS = 8,
    TRY_LAST = 4,
    TRY_LEAST = 100,
    TRY_KNOWN_MAX = 2048,
};
// Multiply-adds, counted as two, of one stage: about half a second on one core.
#define TRY_BUDGET 12e9
// How much longer a graph takes for the same work.
#define TRY_GRAPH_TIMES 4
// A loss so many times the best one's, and a little, is out: on more images it may still win, but
// it would have to be by luck.
#define TRY_CLOSE  1.6
#define TRY_LITTLE 0.02
// Losses that are no further apart, in parts of the lesser, may be so by chance.
#define TRY_ALIKE 0.05

// A guess that was run, and its loss with what is unusual about it added.
typedef struct Tried {
    Guess guess;
    InferScore score;
    double value;
    double work; // of one image
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
    InferReport *report;
    bool stopped;
    // The networks at hand, of layers and as a graph; `now`: the one that was set last, its work in
    // floating-point operations of layers, and which one it is.
    SavedModel *layers, *graph;
    const SavedModel *now;
    ModelSpec *spec;
    double work;
    uint64_t network;
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

static uint64_t hash_network(const GuessSpace *space, const Guess *guess) {
    Text text = {0};
    guess_print(space, guess, &text);
    uint64_t hash = hash_bytes(0xCBF29CE484222325u, text.data ? text.data : "", text.size);
    text_close(&text);
    // Not that of a spec: a border moves the mean into the bias.
    const Normalization *n = guess_normalization(space, guess);
    hash = hash_bytes(hash, n, sizeof *n);
    bool border = guess_border(space, guess);
    return hash_bytes(hash, &border, sizeof border);
}

// The same layers with tensors in the same order for every guess: the weights stay where they are.
static bool trial_set_layers(Trial *t, const Guess *guess) {
    if (!t->layers) {
        Status status = guess_model(t->space, guess, &t->layers);
        return status_is_ok(&status);
    }
    size_t floats = t->layers->plan.weight_floats;
    t->layers->spec = *t->spec;
    Status status = spec_plan(&t->layers->spec, &t->layers->plan);
    bool fits = status_is_ok(&status) && t->layers->plan.weight_floats == floats;
    t->layers->plan.weight_floats = floats;
    if (fits) guess_set_border(t->space, guess, t->layers);
    return fits;
}

static bool trial_set_graph(Trial *t, const Guess *guess) {
    Graph *graph;
    int classes;
    double work;
    if (t->space->number_count == 0) return false;
    Status status = guess_graph(t->space, guess, true, &graph, &classes, &work);
    if (!status_is_ok(&status)) return false;
    if (!t->graph) {
        status = saved_model_make_graph(t->spec, graph, classes, work, &t->graph);
        return status_is_ok(&status);
    }
    graph_close(&t->graph->graph);
    t->graph->graph = graph;
    t->graph->spec = *t->spec;
    t->graph->plan.flops_forward = 2 * work;
    return true;
}

// Makes the guess's network. False when it is none.
static bool trial_set(Trial *t, const Guess *guess) {
    bool graph;
    Status status = guess_spec(t->space, guess, t->spec, &graph);
    if (!status_is_ok(&status)) return false;
    if (graph ? !trial_set_graph(t, guess) : !trial_set_layers(t, guess)) return false;
    t->now = graph ? t->graph : t->layers;
    t->work = t->now->plan.flops_forward * (graph ? TRY_GRAPH_TIMES : 1);
    t->network = hash_network(t->space, guess);
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
    out->work = t->work;
    const Known *known = trial_known(t, images, enough, &first);
    if (known) {
        out->score = known->score;
    } else if (!t->options->score(t->options->context, t->now, images, enough, &out->score)) {
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

// So many that `candidates` like the one at hand stay within the budget.
static int images_for(const Trial *t, int candidates, int wanted) {
    double most = TRY_BUDGET / (t->work + 1) / candidates;
    return most < TRY_FEW ? TRY_FEW : most < wanted ? (int)most : wanted;
}

// The same for those on the board.
static int images_for_board(const Trial *t, int wanted) {
    double work = 1;
    for (int i = 0; i < t->board_count; i++) work += t->board[i].work;
    double most = TRY_BUDGET / work;
    return most < TRY_LEAST ? TRY_LEAST : most < wanted ? (int)most : wanted;
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
        [AXIS_DENSE] = 1,         [AXIS_ORDER] = 1, [AXIS_LAST] = 2,   [AXIS_SKIP] = 1};
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
        if (!trial_set(t, &guess) || coarse_skips(t, &guess)) continue;
        if (trial_run(t, &guess, TRY_FEW, INFINITY, &tried)) board_add(t, &tried);
    }
    // A few images know a wrong network from the right one only where they are far apart.
    t->board_most = TRY_BOARD / 2;
    if (!board_judge(t, images_for(t, TRY_SEEDS, TRY_COARSE))) return;
    t->board_most = TRY_SEEDS;
    if (board_judge(t, images_for(t, TRY_SEEDS, TRY_FINE))) *best = t->board[0].guess;
}

// ---- one axis at a time -------------------------------------------------------------------------

// Graphs are slow: one that a few images find no better than the best so far is left at that. So is
// one with two kinds of activations, before one of them is there.
static bool axis_glances(Trial *t, const Guess *guess, int axis, int with, const Tried *top) {
    Tried one, other;
    bool activation = axis == AXIS_CONV || axis == AXIS_DENSE;
    if (!trial_set(t, guess)) return false;
    if (t->space->graph || t->now != t->graph) return true;
    if (activation && with < 0 && guess_activations[guess->at[axis]].graph &&
        t->space->counts[AXIS_CONV] == t->space->counts[AXIS_DENSE])
        return false;
    return trial_run(t, &top->guess, TRY_GLANCE, INFINITY, &other) &&
           trial_run(t, guess, TRY_GLANCE, close_to(&other), &one);
}

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
        if (i == start.at[axis] || !axis_glances(t, &guess, axis, with, top)) continue;
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
                 {AXIS_CONV, -1},          {AXIS_DENSE, -1}, {AXIS_LAST, -1},
                 {AXIS_SKIP, -1}};
    const int *counts = t->space->counts;
    int images = images_for(t, 2 * TRY_SEEDS, TRY_FINE);
    if (images < TRY_LEAST) images = TRY_LEAST;
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

// The best, and as many of the others as people want to hear of: those on the board, then those of
// the rounds before, with what they did on fewer images.
static void finalists_tell(Trial *t, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    InferReport *report = t->report;
    InferRival old[GUESS_RIVALS_MAX];
    Guess old_guess[GUESS_RIVALS_MAX];
    int before = report->rival_count;
    memcpy(old, report->rivals, sizeof old);
    memcpy(old_guess, others, sizeof old_guess);
    *best = t->board[0].guess;
    report->best = t->board[0].score;
    report->rival_count = 0;
    for (int i = 1; i < t->board_count && report->rival_count < GUESS_RIVALS_MAX; i++) {
        const Tried *tried = &t->board[i], *top = &t->board[0];
        report->rivals[report->rival_count] = (InferRival){
            .score = tried->score,
            .like = fabs(tried->score.loss - top->score.loss) < TRY_ALIKE * top->score.loss,
            .close = tried->value < (1 + TRY_ALIKE) * top->value};
        others[report->rival_count++] = t->board[i].guess;
    }
    for (int i = 0; i < before && report->rival_count < GUESS_RIVALS_MAX; i++) {
        bool there = false;
        for (int k = 0; k < t->board_count; k++)
            there = there || memcmp(&t->board[k].guess, &old_guess[i], sizeof *old_guess) == 0;
        if (there) continue;
        report->rivals[report->rival_count] = old[i];
        others[report->rival_count++] = old_guess[i];
    }
}

// The best few on more and more images, fewer of them each time.
static void try_finalists(Trial *t, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    if (t->board_count == 0) return;
    finalists_tell(t, best, others);
    for (int most = TRY_LAST; most > 1; most /= 2) {
        if (t->board_count > most) t->board_count = most;
        if (!board_judge(t, images_for_board(t, INFER_IMAGES_MAX))) return;
        finalists_tell(t, best, others);
    }
}

Status guess_try(const GuessSpace *space, const InferOptions *options, Guess *best,
                 Guess others[GUESS_RIVALS_MAX], InferReport *report) {
    Trial t = {.space = space, .options = options, .report = report};
    memset(others, 0, GUESS_RIVALS_MAX * sizeof *others);
    t.known = malloc(TRY_KNOWN_MAX * sizeof *t.known);
    t.spec = malloc(sizeof *t.spec);
    Status status = t.known && t.spec ? status_ok() : status_no_memory("a network", 0);
    if (status_is_ok(&status)) {
        try_coarse(&t, best);
        try_axes(&t, best);
        try_finalists(&t, best, others);
    }
    if (t.stopped && t.board_count == 0) report->tried = 0;
    saved_model_close(&t.layers);
    saved_model_close(&t.graph);
    free(t.known);
    free(t.spec);
    return status;
}
