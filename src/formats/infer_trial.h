// Running guesses: what infer_try.c and infer_final.c share. Not for others.
#ifndef INKLING_FORMATS_INFER_TRIAL_H
#define INKLING_FORMATS_INFER_TRIAL_H

#include "formats/infer_guess.h"

enum {
    TRY_FEW = 16,    // images, to tell the hopeless
    TRY_LEAST = 100, // to tell anything else
    TRY_FINE = 400,
    TRY_BOARD = 32,
    TRY_KNOWN_MAX = 2048,
};
// Multiply-adds, counted as two, of one stage: about half a second on one core.
#define TRY_BUDGET 12e9
// What is tried is bounded by work, not by time, so that what comes out does not depend on the
// machine: so many stages for one axis after the other, for the last rounds, and for asking the
// neighbours of the best. Whoever has none left is hurried, which is reported. All of them take 15
// to 25 seconds of a core.
enum { TRY_AXES_STAGES = 30, TRY_FINAL_STAGES = 16, TRY_NEIGHBOUR_STAGES = 5 };
// How much longer a graph takes for the same work.
#define TRY_GRAPH_TIMES 4

// A guess that was run, and its loss with what is unusual about it added.
typedef struct Tried {
    Guess guess;
    InferScore score;
    double value;
    double work;         // of one image
    bool graph, strange; // strange: its batch norms seem to know another one better
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
    bool hurried;
    double limit; // of `spent`, for now
    double spent; // floating-point operations so far, those of graphs counted TRY_GRAPH_TIMES
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
    float *losses; // of those on the board, after infer_final.c
} Trial;

// Makes the guess's network, t->now. False when it is none.
bool trial_set(Trial *t, const Guess *guess);
// False when it is no network, is out (its loss is more than `enough`), or nothing can be run.
// `losses`: room for one per image, or NULL; *out keeps it where it was filled.
bool trial_run(Trial *t, const Guess *guess, int images, double enough, float *losses, Tried *out);
// From now on so many stages may be spent; are they?
void trial_allow(Trial *t, int stages);
bool trial_is_over(Trial *t);
// The loss above which another guess is out.
double trial_close_to(const Tried *top);
// So many images that `candidates` like the one at hand stay within the budget.
int trial_images(const Trial *t, int candidates, int wanted);

// The best few, in order.
void board_clear(Trial *t, int most);
void board_add(Trial *t, const Tried *tried);
// Runs those on the board on `images` and puts them in order anew; what is out leaves it. False
// when nothing is left or could be run.
bool board_judge(Trial *t, int images);
// As many images as all of them can be run on within the budget.
int board_images(const Trial *t, int wanted);
// Two guesses that compute the same (a max pool may as well stand before a ReLU).
bool same_score(const InferScore *a, const InferScore *b);

// By how many standard errors scale * b is more than a on the average of n pairs; *mean: by how
// much. NAN when that is not known.
double paired_errors(const float *a, const float *b, int n, double scale, double *mean);

// infer_final.c: sees to it that these guesses are among those of the last round.
enum { TRIAL_KEEP = 5 };
void trial_keep(Trial *t, const Guess keep[TRIAL_KEEP]);
// The same file: runs the best few on as many images as there is time for, and tells the report who
// they are.
void trial_finish(Trial *t, Guess *best, Guess others[GUESS_RIVALS_MAX]);

#endif
