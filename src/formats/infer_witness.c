// Running a guess with batch norms that listen.
#include "formats/infer_witness.h"

#include "graph/graph.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { WITNESS_IMAGES = 256, WITNESS_LEAST = 48 };
// Memory between layers.
#define WITNESS_BYTES ((size_t)1 << 30)
// As layer batchnorm has it; and the part of the deviation that counts as none: on so few images,
// and with weights that moved while the mean was kept, no guess comes closer.
#define WITNESS_EPSILON 1e-5
#define WITNESS_NOISE   0.005
// To be clear, the distances must differ by so many standard errors, and on the average by a tenth:
// neighbouring channels err together, and a hundred of them make a trifle look certain.
#define WITNESS_ERRORS 3.0
#define WITNESS_LITTLE 0.2 // of the logarithm of a square
// A mean distance from which on they do not know what they hear: a twelfth of the deviation.
#define WITNESS_LOST (-5.0)
// Errors enough to prefer what is more usual.
#define WITNESS_HUNCH 1.7

// Channels of all batch norms; 0: there is nobody to be heard.
static int witness_channels(const Trial *t) {
    size_t sum = 0;
    const GuessSpace *space = t->space;
    if (!t->options->pixels || space->number_count == 0 || space->layers) return 0;
    for (int i = 0; i < space->source_count; i++)
        if (space->sources[i].kind == SOURCE_NORM) sum += space->sources[i].mean->count;
    return sum < INT32_MAX ? (int)sum : 0;
}

// So many images that hearing `candidates` like the one at hand stays within the budget.
static int witness_images(const Trial *t, int candidates) {
    double work = t->work * (t->now == t->graph ? 1 : TRY_GRAPH_TIMES);
    double most = TRY_BUDGET / (work + 1) / candidates;
    return most < WITNESS_LEAST    ? WITNESS_LEAST
           : most < WITNESS_IMAGES ? (int)most
                                   : WITNESS_IMAGES;
}

static void normalize(const GuessSpace *space, const Guess *guess, const uint8_t *pixels,
                      size_t count, float *out) {
    // Networks that resize want their pixels as they are.
    const Normalization plain = {0, 1};
    bool resized = space->shapes[guess->at[AXIS_SHAPE]].resized;
    const Normalization *n = resized ? &plain : guess_normalization(space, guess);
    for (size_t i = 0; i < count; i++) out[i] = ((float)pixels[i] / 255.0f - n->mean) / n->std;
}

// The distances of one norm.
static void compare(const GuessSpace *space, const GuessSource *norm, const float *seen,
                    float *out) {
    const float *mean = guess_numbers(space, norm->mean), *var = guess_numbers(space, norm->var);
    for (size_t c = 0; c < norm->mean->count; c++) {
        double d =
            ((double)seen[c] - (double)mean[c]) / sqrt(fabs((double)var[c]) + WITNESS_EPSILON);
        double square = d * d + WITNESS_NOISE * WITNESS_NOISE;
        out[c] = (float)log(square < 1e12 ? square : 1e12); // also what is no number
    }
}

static bool tell(const GuessSpace *space, const GraphRun *run, float *out) {
    int output = 1; // 0: the answers
    for (int i = 0; i < space->source_count; i++) {
        const GuessSource *source = &space->sources[i];
        if (source->kind != SOURCE_NORM) continue;
        const GraphTensor *seen = graph_run_output(run, output++);
        if (seen->count != source->mean->count || seen->type != GRAPH_F32) return false;
        compare(space, source, seen->data, out);
        out += seen->count;
    }
    return true;
}

// One number per channel: how far, as a logarithm, what comes in is from what the file says. False
// when it cannot be told.
static bool witness_hear(const Trial *t, const Guess *guess, int images, float *out) {
    const GuessSpace *space = t->space;
    const GraphLimits limits = {WITNESS_BYTES, 1e12};
    Graph *graph = NULL;
    GraphRun *run = NULL;
    int classes, side = (int)t->spec->input.h;
    size_t pixels = (size_t)(side * side), n = (size_t)images;
    double work;
    const uint8_t *from = t->options->pixels(t->options->context, side, images);
    GraphTensor input = {.type = GRAPH_F32, .rank = 4, .dims = {n, 1, (size_t)side, (size_t)side}};
    input.count = n * pixels;
    input.data = malloc(input.count * sizeof(float));
    bool heard = false;
    if (from && input.data) {
        Status status = guess_graph(space, guess, GUESS_HEARD, &graph, &classes, &work);
        if (status_is_ok(&status)) status = graph_run_open(graph, limits, &run);
        if (status_is_ok(&status)) {
            normalize(space, guess, from, input.count, input.data);
            status = graph_run_go(run, &input, 1);
        }
        heard = status_is_ok(&status) && tell(space, run, out);
    }
    graph_run_close(&run);
    graph_close(&graph);
    free(input.data);
    return heard;
}

// What they say of `b` beside `a`, which they know no worse.
typedef enum WitnessWord {
    WITNESS_SILENT,
    WITNESS_DOUBTS,  // it seems not to be as near as the other, or is not by a trifle only
    WITNESS_REFUTES, // it is not what the network was trained as
} WitnessWord;

static WitnessWord witness_compare(const float *a, const float *b, int channels) {
    double mean, errors = paired_errors(a, b, channels, 1, &mean);
    if (!(errors > WITNESS_HUNCH)) return WITNESS_SILENT;
    return errors > WITNESS_ERRORS && mean > WITNESS_LITTLE ? WITNESS_REFUTES : WITNESS_DOUBTS;
}

// ---- choosing -----------------------------------------------------------------------------------

// A row of distances for each guess on the board, and room for one more.
typedef struct Hearing {
    int channels, images;
    double work; // of one image, as Trial.spent counts
    float *rows;
    bool good[TRY_BOARD];
    double distance[TRY_BOARD]; // the mean of its row
    double nearest;             // of those that look_further has asked for
    int best;                   // -1: nobody was heard
} Hearing;

static float *hearing_row(const Hearing *h, int index) {
    return h->rows + (size_t)index * (size_t)h->channels;
}

static void hearing_add(Trial *t, Hearing *h, int index, const Guess *guess) {
    const float *row = hearing_row(h, index);
    double sum = 0;
    h->good[index] = witness_hear(t, guess, h->images, hearing_row(h, index));
    t->spent += h->work * h->images;
    if (!h->good[index]) return;
    for (int i = 0; i < h->channels; i++) sum += (double)row[i];
    h->distance[index] = sum / h->channels;
    if (h->best < 0 || h->distance[index] < h->distance[h->best]) h->best = index;
}

// The choice on one axis (and on a second that goes along) that they know best; the row `last` is
// for trying.
static void look_along(Trial *t, Hearing *h, int last, GuessAxis axis, GuessAxis with,
                       Guess *found) {
    const Guess start = *found;
    for (int i = 0; i < t->space->counts[axis]; i++) {
        Guess guess = start;
        double nearest = h->nearest;
        guess.at[axis] = i;
        if (t->space->counts[with] == t->space->counts[axis]) guess.at[with] = i;
        if (i == start.at[axis]) continue;
        hearing_add(t, h, last, &guess);
        if (h->good[last] && h->distance[last] < nearest - WITNESS_LITTLE) {
            h->nearest = h->distance[last];
            *found = guess;
        }
    }
}

// They know none of those on the board: what was tried first is only what is most usual. Asks for
// the other activations of the one that they know best, and for norms in other places.
static void look_further(Trial *t, Hearing *h) {
    Guess found = t->board[h->best].guess;
    int last = t->board_count < TRY_BOARD ? t->board_count++ : TRY_BOARD - 1;
    Tried tried;
    h->nearest = h->distance[h->best];
    for (int pass = 0; pass < 2; pass++) {
        look_along(t, h, last, AXIS_ORDER, AXIS_ORDER, &found);
        look_along(t, h, last, AXIS_CONV, AXIS_DENSE, &found);
        if (t->space->counts[AXIS_CONV] == 1)
            look_along(t, h, last, AXIS_DENSE, AXIS_DENSE, &found);
    }
    trial_run(t, &found, TRY_FEW, INFINITY, NULL, &tried);
    t->board[last] = tried;
    h->best = last;
    hearing_add(t, h, last, &found);
}

void witness_choose(Trial *t, int share, bool further) {
    Hearing h = {.channels = witness_channels(t), .best = -1};
    int kept = 0;
    if (h.channels > 0 && trial_set(t, &t->board[0].guess))
        h.rows = malloc((size_t)h.channels * TRY_BOARD * sizeof *h.rows);
    if (!h.rows) return;
    h.work = t->work * (t->now == t->graph ? 1 : TRY_GRAPH_TIMES);
    h.images = witness_images(t, share * t->board_count);
    for (int i = 0; i < t->board_count; i++) hearing_add(t, &h, i, &t->board[i].guess);
    if (further && h.best >= 0 && h.distance[h.best] > WITNESS_LOST) look_further(t, &h);
    for (int i = 0; i < t->board_count; i++) {
        WitnessWord word = WITNESS_SILENT;
        if (h.good[i] && h.best >= 0)
            word = witness_compare(hearing_row(&h, h.best), hearing_row(&h, i), h.channels);
        // Where they know nobody, the right one may not be there.
        if (word == WITNESS_REFUTES && h.distance[h.best] > WITNESS_LOST) word = WITNESS_DOUBTS;
        t->board[i].strange = word == WITNESS_DOUBTS;
        if (word != WITNESS_REFUTES) t->board[kept++] = t->board[i];
    }
    t->board_count = kept;
    free(h.rows);
}
