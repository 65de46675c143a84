// The two directions in which a cloud of points spreads most: principal components. For maps of
// what a network makes of many images; no linear algebra library, no threads, no files.
//
// Method: block power iteration with a Rayleigh-Ritz step (Golub and Van Loan, Matrix Computations,
// 4th ed., 8.2.4). The covariance is never formed: a round goes once over the rows. It goes on from
// the directions of the last time, so that a network that has changed a little costs a few rounds
// and its directions move as little as they must.
#ifndef INKLING_TRAIN_PCA_H
#define INKLING_TRAIN_PCA_H

#include "base/status.h"

enum { PCA_BLOCK = 6 }; // directions that are followed; the first two are the result

// Zero-initialise; pca_close when done.
typedef struct Pca {
    int d;                      // numbers in a row; 0: nothing found yet
    float *mean;                // [d]
    float *axes;                // [PCA_BLOCK][d], orthonormal, the widest first; all 0 where there
                                // is no further spread
    double variance[PCA_BLOCK]; // along each
    double total;               // over all directions
    int rounds;                 // what the last pca_find took
} Pca;

// Looks at n rows of d numbers. The first time each axis points to where its largest component is
// positive. STATUS_MEMORY leaves it empty.
Status pca_find(Pca *pca, const float *rows, int n, int d);
// Where a row lies along the first two.
void pca_project(const Pca *pca, const float *row, float out[2]);
void pca_close(Pca *pca);

#endif
