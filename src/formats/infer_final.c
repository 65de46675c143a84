// The last round: who is best, who else it may be, and how well the images tell. What batch norms
// say against (infer_witness.h) leaves; the others run on the same images, and as long as a rival
// is not told from the best one, on twice as many.
#include "formats/infer_witness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FINAL_MOST = 8,    // guesses in the last round
    FINAL_STAGES = 2,  // work of its first run, in stages
    FINAL_LEAST = 200, // images that it is worth while to run slow ones on
    FINAL_FEW = 4,
    BEATEN_MOST = 24,
    // Activations beside the best one's own: images to tell the hopeless, and shares of a stage.
    NEIGHBOUR_FIRST = 400,
    NEIGHBOURS = 2,
};
// What loses no more than this above the best, in parts, and is not told from it, is a likeness.
#define FINAL_ALIKE 0.05
// Training ends somewhere near the best weights, not there: a network may lose less with a
// neighbour of its own activation, on any number of images. How far the mean of the differences may
// be from 0 by that, in parts of the mean of their sizes: of 60 networks measured 0.47 at the most,
// where those with another activation than their own had 0.55 and more if it mattered.
#define FINAL_LUCK 0.5
// And what is more usual may lose so much more by that: ReLU beside GELU lost 10 % more.
#define FINAL_USUAL_ALIKE 0.15
// The difference of the losses on the same images, in its standard errors, that is clear.
#define FINAL_CLEAR 3.0
// And that it takes to prefer something unusual, which is better by more than it is unusual.
#define FINAL_EVIDENCE 2.0
// Standard errors less, by what a guess is less usual.
#define FINAL_PATIENCE 20.0
// What a guess may be more unusual than another and still be as usual.
#define FINAL_AS_USUAL 0.02

// What loses so many times as much as the best is out at once.
#define NEIGHBOUR_OUT 1.25

double paired_errors(const float *a, const float *b, int n, double scale, double *mean) {
    double sum = 0, square = 0;
    *mean = 0;
    if (!a || !b || n < 2) return NAN;
    for (int i = 0; i < n; i++) {
        double d = scale * (double)b[i] - (double)a[i];
        sum += d / n;
        square += d * d / n;
    }
    double error = sqrt(fmax(square - sum * sum, 0) / (n - 1));
    *mean = sum;
    return error > 0 ? sum / error : 0;
}

static double losses_apart(const InferScore *a, const InferScore *b, double scale) {
    double mean;
    if (a->images != b->images) return NAN;
    return paired_errors(a->losses, b->losses, a->images, scale, &mean);
}

static double less_usual(const Trial *t, const Tried *best, const Tried *other) {
    return guess_unusual(t->space, &other->guess) - guess_unusual(t->space, &best->guess);
}

// Is it clear that `other` is not it? Something less usual would have to lose less by so much, and
// the less usual, the less it takes to see that it does not; what is more usual must lose more, not
// only as much, by half of it.
static bool is_beaten(const Trial *t, const Tried *best, const Tried *other) {
    double less = less_usual(t, best, other), scale = less > 0 ? 1 + less : 1 + less / 2;
    if (best->strange && !other->strange) return false;
    if (fabs(less) < FINAL_AS_USUAL) scale = 1;
    double errors = losses_apart(&best->score, &other->score, scale);
    // Less usual, and less known to the batch norms.
    if (other->strange && !best->strange && scale > 1 && errors > 0) return true;
    if (isnan(errors)) return other->score.loss > (1 + FINAL_ALIKE) * best->score.loss;
    return errors > fmin(fmax(FINAL_CLEAR - FINAL_PATIENCE * less, 1), FINAL_CLEAR);
}

// Is it that the images do not tell that `other` is not it, whatever is usual? Of those that both
// were run on.
static bool is_alike(const Trial *t, const Tried *best, const Tried *other) {
    const InferScore *a = &best->score, *b = &other->score;
    int n = a->images < b->images ? a->images : b->images;
    bool usual = less_usual(t, best, other) < -FINAL_AS_USUAL;
    double mean, size = 0, loss = 0, most = usual ? FINAL_USUAL_ALIKE : FINAL_ALIKE;
    double errors = paired_errors(a->losses, b->losses, n, 1, &mean);
    if (isnan(errors)) return b->loss < (1 + FINAL_ALIKE) * a->loss;
    for (int i = 0; i < n; i++) {
        size += fabs((double)b->losses[i] - (double)a->losses[i]) / n;
        loss += (double)a->losses[i] / n;
    }
    bool told = errors > FINAL_CLEAR && mean > FINAL_LUCK * size;
    return !told && mean < most * loss;
}

static InferRival rival_of(const Trial *t, const Tried *best, const Tried *other) {
    InferRival rival = {.score = other->score,
                        .close = !is_beaten(t, best, other),
                        .like = is_alike(t, best, other)};
    rival.score.losses = NULL;
    return rival;
}

// ---- telling ------------------------------------------------------------------------------------

// Those that the best one has beaten; they are not run again. And how it did on their last images.
typedef struct Beaten {
    InferRival rivals[BEATEN_MOST];
    InferScore best[BEATEN_MOST];
    Guess guesses[BEATEN_MOST];
    int count;
} Beaten;

// Before others: what is not told from the best, then its likenesses, then who loses least.
static bool tells_before(const InferRival *a, const InferRival *b) {
    if (a->close != b->close) return a->close;
    if (a->like != b->like) return a->like;
    return a->score.loss < b->score.loss;
}

static void tell_rival(Trial *t, InferRival rival, const Guess *guess,
                       Guess others[GUESS_RIVALS_MAX]) {
    InferReport *report = t->report;
    int at = report->rival_count;
    while (at > 0 && tells_before(&rival, &report->rivals[at - 1])) at--;
    if (at == GUESS_RIVALS_MAX) return;
    if (report->rival_count < GUESS_RIVALS_MAX) report->rival_count++;
    for (int i = report->rival_count - 1; i > at; i--) {
        report->rivals[i] = report->rivals[i - 1];
        others[i] = others[i - 1];
    }
    others[at] = *guess;
    report->rivals[at] = rival;
}

// The best, and those behind it. What others did on fewer images is told as if they had kept their
// distance on the last ones.
static void tell(Trial *t, const Beaten *beaten, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    const InferScore *now = &t->board[0].score;
    *best = t->board[0].guess;
    t->report->best = *now;
    t->report->best.losses = NULL;
    t->report->rival_count = 0;
    for (int i = 1; i < t->board_count; i++)
        tell_rival(t, rival_of(t, &t->board[0], &t->board[i]), &t->board[i].guess, others);
    for (int i = 0; i < beaten->count; i++) {
        const InferScore *then = &beaten->best[i];
        InferRival rival = beaten->rivals[i];
        rival.score.loss *= now->loss / (then->loss > 0 ? then->loss : 1);
        rival.score.accuracy = fmin(rival.score.accuracy + now->accuracy - then->accuracy, 1);
        tell_rival(t, rival, &beaten->guesses[i], others);
    }
}

// ---- running ------------------------------------------------------------------------------------

// Of two that are alike the more usual one, unless the images prove otherwise, and the batch norms
// do not object.
static void prefer_usual(Trial *t) {
    for (int i = 1; i < t->board_count; i++) {
        Tried *best = &t->board[0], *other = &t->board[i], swap = *best;
        bool alike = losses_apart(&best->score, &other->score, 1) < FINAL_EVIDENCE;
        if (less_usual(t, best, other) >= -FINAL_AS_USUAL) continue;
        if (!alike && !(best->strange && !other->strange)) continue;
        *best = *other;
        *other = swap;
    }
}

static double board_work(const Trial *t) {
    double work = 1;
    for (int i = 0; i < t->board_count; i++) work += t->board[i].work;
    return work;
}

// Who is in the last round: the first few. Graphs are slow; behind a best of layers they would
// leave few images for the others: those that are clearly behind are left out, or all where even so
// it would be too few, and others of layers take their places.
static void choose_last(Trial *t) {
    const Tried *best = &t->board[0];
    int count = t->board_count, kept = 1;
    t->board_count = count < FINAL_MOST ? count : FINAL_MOST;
    // Of large ones fewer: the last are only there to be sure.
    while (t->board_count > FINAL_FEW &&
           board_work(t) * TRY_LEAST > TRY_FINAL_STAGES / 4 * TRY_BUDGET)
        t->board_count--;
    count = t->board_count < FINAL_MOST ? t->board_count : count;
    if (best->graph) return;
    bool slow = board_images(t, FINAL_LEAST) < FINAL_LEAST;
    for (int i = 1; i < count && kept < FINAL_MOST; i++) {
        const Tried *other = &t->board[i];
        bool behind = other->score.loss > (1 + FINAL_ALIKE) * best->score.loss;
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
        bool run = trial_run(t, &old[i].guess, images, enough, room, &tried);
        tried.strange = old[i].strange;
        if (run) board_add(t, &tried);
    }
    if (!t->stopped && t->board_count > 0) return true;
    memcpy(t->board, old, (size_t)count * sizeof *old);
    t->board_count = count;
    return false;
}

static bool final_round(Trial *t, int images) {
    float *losses = malloc((size_t)images * (size_t)t->board_count * sizeof *losses);
    float *before = t->losses;
    t->losses = losses;
    bool good = judge(t, images, losses);
    if (good)
        free(before);
    else {
        free(losses);
        t->losses = before;
    }
    return good;
}

// `best`: on the same images. A likeness that is more usual is close.
static void beaten_add(const Trial *t, Beaten *beaten, const InferScore *best, const Tried *other,
                       InferRival rival) {
    if (beaten->count == BEATEN_MOST) return;
    rival.close = rival.like && less_usual(t, &t->board[0], other) < -FINAL_AS_USUAL;
    beaten->best[beaten->count] = *best;
    beaten->guesses[beaten->count] = other->guess;
    beaten->rivals[beaten->count++] = rival;
}

// Takes those off the board that the best one has beaten.
static void settle(Trial *t, Beaten *beaten) {
    int kept = 1;
    for (int i = 1; i < t->board_count; i++) {
        const Tried *other = &t->board[i];
        InferRival rival = rival_of(t, &t->board[0], other);
        if (rival.close)
            t->board[kept++] = *other;
        else
            beaten_add(t, beaten, &t->board[0].score, other, rival);
    }
    t->board_count = kept;
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

static bool is_known(const Trial *t, const Beaten *beaten, const Guess *guess) {
    bool known = false;
    for (int i = 0; i < t->board_count; i++)
        known = known || memcmp(&t->board[i].guess, guess, sizeof *guess) == 0;
    for (int i = 0; i < beaten->count; i++)
        known = known || memcmp(&beaten->guesses[i], guess, sizeof *guess) == 0;
    return known;
}

// Is it alike on so many images? Then it is to be named.
static bool ask(Trial *t, Beaten *beaten, const Guess *guess, int images, float *losses,
                bool last) {
    const Tried *best = &t->board[0];
    Tried tried, then;
    int most = best->score.images;
    if (images > most) images = most;
    if (!trial_run(t, guess, images, NEIGHBOUR_OUT * best->score.loss, losses, &tried) ||
        !is_alike(t, best, &tried))
        return false;
    if (!last || !trial_run(t, &best->guess, images, INFINITY, NULL, &then)) return true;
    InferRival rival = {.score = tried.score, .like = true};
    rival.score.losses = NULL;
    if (!same_score(&tried.score, &then.score)) beaten_add(t, beaten, &then.score, &tried, rival);
    return true;
}

// The best one's neighbours with another activation, which may have left long ago for being less
// usual.
static void ask_neighbours(Trial *t, Beaten *beaten) {
    const Tried *best = &t->board[0];
    const int *counts = t->space->counts;
    float *losses = malloc((size_t)best->score.images * sizeof *losses);
    for (int i = 0; losses && i < guess_activation_count; i++) {
        Guess guess = best->guess;
        if (counts[AXIS_CONV] > 1) guess.at[AXIS_CONV] = i;
        if (counts[AXIS_DENSE] > 1) guess.at[AXIS_DENSE] = i;
        if (is_known(t, beaten, &guess) || !trial_set(t, &guess)) continue;
        int images = trial_images(t, NEIGHBOURS, INFER_IMAGES_MAX);
        int first = images < NEIGHBOUR_FIRST ? images : NEIGHBOUR_FIRST;
        if (images < TRY_LEAST || trial_is_over(t))
            t->hurried = true;
        else if (ask(t, beaten, &guess, first, losses, false))
            ask(t, beaten, &guess, images, losses, true);
    }
    free(losses);
}

static void final_rounds(Trial *t, Beaten *beaten, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    double left = TRY_FINAL_STAGES * TRY_BUDGET / (t->hurried ? 2 : 1);
    int images = FINAL_STAGES * board_images(t, INFER_IMAGES_MAX / FINAL_STAGES);
    for (int before = 0;; images *= 2) {
        if (images > INFER_IMAGES_MAX) images = INFER_IMAGES_MAX;
        double work = images * board_work(t);
        if (images == before || (before > 0 && work > left) || !final_round(t, images)) return;
        left -= work;
        // There may be fewer than asked for.
        bool all = t->board[0].score.images < images;
        prefer_usual(t);
        settle(t, beaten);
        tell(t, beaten, best, others);
        if (all || t->board_count == 1) return;
        before = images;
    }
}

void trial_finish(Trial *t, Guess *best, Guess others[GUESS_RIVALS_MAX]) {
    Beaten beaten = {.count = 0};
    if (t->board_count == 0) return;
    tell(t, &beaten, best, others);
    witness_choose(t, 1, false);
    choose_last(t);
    final_rounds(t, &beaten, best, others);
    if (t->stopped || !t->losses) return;
    trial_allow(t, TRY_NEIGHBOUR_STAGES);
    ask_neighbours(t, &beaten);
    tell(t, &beaten, best, others);
}
