// One guess on some images, and a list of the best.
#include "formats/infer_trial.h"

#include "base/check.h"

#include <math.h>
#include <string.h>

// A loss so many times the best one's, and a little, is out: on more images it may still win, but
// it would have to be by luck.
#define TRY_CLOSE  2.0
#define TRY_LITTLE 0.02

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
    Status status = guess_graph(t->space, guess, GUESS_TRIED, &graph, &classes, &work);
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

bool trial_set(Trial *t, const Guess *guess) {
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

static double mean_loss(const InferScore *score) {
    double sum = 0;
    for (int i = 0; i < score->images; i++) sum += (double)score->losses[i];
    return score->images > 0 && isfinite(sum) ? sum / score->images : INFINITY;
}

bool trial_run(Trial *t, const Guess *guess, int images, double enough, float *losses, Tried *out) {
    bool first;
    *out = (Tried){.guess = *guess, .score = {.loss = INFINITY}, .value = INFINITY};
    if (t->stopped || !trial_set(t, guess)) return false;
    out->work = t->work;
    out->graph = t->now == t->graph;
    const Known *known = trial_known(t, images, enough, &first);
    if (known && !losses) {
        out->score = known->score;
    } else {
        out->score.losses = losses;
        if (!t->options->score(t->options->context, t->now, images, enough, &out->score)) {
            t->stopped = true;
            return false;
        }
        t->report->tried += first;
        t->spent += t->work * out->score.images;
        if (t->known_count < TRY_KNOWN_MAX && !known) {
            t->known[t->known_count] = (Known){t->network, images, enough, out->score};
            t->known[t->known_count++].score.losses = NULL;
        }
    }
    InferScore *score = &out->score;
    if (!(score->loss >= 0)) score->loss = score->calibrated = INFINITY; // NaN
    // One image more that it does not know would cost about 1 / images: less is won by chance.
    out->value = ((score->loss + score->calibrated) / 2 + 1.0 / score->images) *
                 (1 + guess_unusual(t->space, guess));
    if (score->losses) out->value = mean_loss(score) * (1 + guess_unusual(t->space, guess));
    return score->loss * score->images <= enough * images;
}

void trial_allow(Trial *t, int stages) {
    t->limit = t->spent + stages * TRY_BUDGET;
}

bool trial_is_over(Trial *t) {
    if (t->spent <= t->limit) return t->stopped;
    t->hurried = true;
    return true;
}

double trial_close_to(const Tried *top) {
    return TRY_CLOSE * top->score.loss + TRY_LITTLE;
}

int trial_images(const Trial *t, int candidates, int wanted) {
    double most = TRY_BUDGET / (t->work + 1) / candidates;
    return most < TRY_FEW ? TRY_FEW : most < wanted ? (int)most : wanted;
}

// ---- the best few -------------------------------------------------------------------------------

bool same_score(const InferScore *a, const InferScore *b) {
    return fabs(a->loss - b->loss) <= 1e-5 * fabs(b->loss);
}

void board_clear(Trial *t, int most) {
    ASSERT(most <= TRY_BOARD);
    t->board_count = 0;
    t->board_most = most;
}

void board_add(Trial *t, const Tried *tried) {
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

bool board_judge(Trial *t, int images) {
    Tried old[TRY_BOARD], tried;
    int count = t->board_count;
    memcpy(old, t->board, sizeof old);
    board_clear(t, t->board_most);
    for (int i = 0; i < count; i++) {
        double enough = t->board_count > 0 ? trial_close_to(&t->board[0]) : INFINITY;
        if (trial_run(t, &old[i].guess, images, enough, NULL, &tried)) board_add(t, &tried);
    }
    if (!t->stopped && t->board_count > 0) return true;
    memcpy(t->board, old, sizeof old);
    t->board_count = count;
    return false;
}

int board_images(const Trial *t, int wanted) {
    double work = 1;
    for (int i = 0; i < t->board_count; i++) work += t->board[i].work;
    double most = TRY_BUDGET / work;
    return most < TRY_LEAST ? TRY_LEAST : (int)fmin(most, wanted);
}
