// The batch norms of a file as witnesses of what stands between its layers. Each has kept the mean
// of what came into it while the network was trained. Under the right guess it is there again, a
// few percent of the deviation off; under a wrong activation, pool, padding or normalization it is
// not, whatever that does to the answers: a network may answer better with another activation than
// with its own, but its batch norms do not know it.
//
// The images run with the statistics of their own batch, as in training: with the stored ones the
// small errors of each norm would add up in those behind it. Variances are no witnesses: dropout
// changes them.
#ifndef INKLING_FORMATS_INFER_WITNESS_H
#define INKLING_FORMATS_INFER_WITNESS_H

#include "formats/infer_trial.h"

// Takes those off the board that the norms clearly speak against, in favour of the one that they
// know best, and marks those as `strange` that they seem to know less well. Does
// nothing where there are no norms, or no images for them. Works for a `share`-th of the budget.
// `further`: asks for more activations than those on the board where they know none of those.
void witness_choose(Trial *t, int share, bool further);

#endif
