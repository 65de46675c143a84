// Block power iteration on rows of numbers; see pca.h.
#include "train/pca.h"

#include "base/streams.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PCA_ROUNDS_MAX = 60, JACOBI_SWEEPS = 12 };
// The variance found is as good as the square of the angle that is missing: this is about 0.1
// degrees.
static const double pca_enough = 1e-6;

typedef struct PcaWork {
    double *image;                      // [PCA_BLOCK][d]: the covariance times each axis
    float *centred;                     // [d]
    double small[PCA_BLOCK][PCA_BLOCK]; // the covariance seen along the axes
} PcaWork;

void pca_close(Pca *pca) {
    free(pca->mean);
    free(pca->axes);
    *pca = (Pca){0};
}

static double pca_dot(const float *a, const float *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += (double)a[i] * b[i];
    return sum;
}

static void pca_means(Pca *pca, const float *rows, int n) {
    int d = pca->d;
    pca->total = 0;
    for (int i = 0; i < d; i++) {
        double sum = 0, squares = 0;
        for (int r = 0; r < n; r++) sum += rows[(size_t)r * (size_t)d + (size_t)i];
        double mean = sum / n;
        for (int r = 0; r < n; r++) {
            double off = rows[(size_t)r * (size_t)d + (size_t)i] - mean;
            squares += off * off;
        }
        pca->mean[i] = (float)mean;
        pca->total += squares / n;
    }
}

// Once over the rows: what the covariance makes of each axis.
static void pca_round(const Pca *pca, PcaWork *work, const float *rows, int n) {
    size_t d = (size_t)pca->d;
    memset(work->image, 0, PCA_BLOCK * d * sizeof *work->image);
    memset(work->small, 0, sizeof work->small);
    for (int r = 0; r < n; r++) {
        const float *row = rows + (size_t)r * d;
        double along[PCA_BLOCK];
        for (size_t i = 0; i < d; i++) work->centred[i] = row[i] - pca->mean[i];
        for (int k = 0; k < PCA_BLOCK; k++) {
            along[k] = pca_dot(work->centred, pca->axes + (size_t)k * d, pca->d) / n;
            double *image = work->image + (size_t)k * d;
            for (size_t i = 0; i < d; i++) image[i] += along[k] * work->centred[i];
        }
        for (int a = 0; a < PCA_BLOCK; a++)
            for (int b = 0; b < PCA_BLOCK; b++) work->small[a][b] += along[a] * along[b] * n;
    }
}

// Turns coordinates p and q of a symmetric matrix until they have nothing to do with each other.
static void jacobi_turn(double m[PCA_BLOCK][PCA_BLOCK], double turn[PCA_BLOCK][PCA_BLOCK], int p,
                        int q) {
    if (m[p][q] == 0) return;
    double angle = 0.5 * atan2(2 * m[p][q], m[p][p] - m[q][q]), c = cos(angle), s = sin(angle);
    for (int i = 0; i < PCA_BLOCK; i++) {
        double a = m[i][p], b = m[i][q];
        m[i][p] = c * a + s * b;
        m[i][q] = c * b - s * a;
    }
    for (int i = 0; i < PCA_BLOCK; i++) {
        double a = m[p][i], b = m[q][i];
        m[p][i] = c * a + s * b;
        m[q][i] = c * b - s * a;
        a = turn[p][i], b = turn[q][i];
        turn[p][i] = c * a + s * b;
        turn[q][i] = c * b - s * a;
    }
}

// Eigenvalues of a symmetric matrix, the largest first, and their vectors as the rows of `turn`
// (Jacobi's rotations).
static void jacobi(double m[PCA_BLOCK][PCA_BLOCK], double values[PCA_BLOCK],
                   double turn[PCA_BLOCK][PCA_BLOCK]) {
    memset(turn, 0, sizeof(double[PCA_BLOCK][PCA_BLOCK]));
    for (int i = 0; i < PCA_BLOCK; i++) turn[i][i] = 1;
    for (int sweep = 0; sweep < JACOBI_SWEEPS; sweep++)
        for (int p = 0; p < PCA_BLOCK; p++)
            for (int q = p + 1; q < PCA_BLOCK; q++) jacobi_turn(m, turn, p, q);
    for (int i = 0; i < PCA_BLOCK; i++) values[i] = m[i][i];
    for (int i = 0; i < PCA_BLOCK; i++) {
        int best = i;
        for (int k = i + 1; k < PCA_BLOCK; k++)
            if (values[k] > values[best]) best = k;
        if (best == i) continue;
        double kept[PCA_BLOCK], value = values[i];
        memcpy(kept, turn[i], sizeof kept);
        memcpy(turn[i], turn[best], sizeof kept);
        memcpy(turn[best], kept, sizeof kept);
        values[i] = values[best];
        values[best] = value;
    }
}

// axes[k] = sum of turn[k][j] * from[j], made orthonormal; what has no length left becomes 0.
static void pca_take(Pca *pca, const double *from, double turn[PCA_BLOCK][PCA_BLOCK],
                     double *scratch) {
    size_t d = (size_t)pca->d;
    double longest = 0;
    for (int k = 0; k < PCA_BLOCK; k++) {
        float *axis = pca->axes + (size_t)k * d;
        for (size_t i = 0; i < d; i++) {
            scratch[i] = 0;
            for (int j = 0; j < PCA_BLOCK; j++) scratch[i] += turn[k][j] * from[(size_t)j * d + i];
        }
        double before = 0, length = 0;
        for (size_t i = 0; i < d; i++) before += scratch[i] * scratch[i];
        // Twice: the first leaves a rounding error that may be all of a short vector.
        for (int pass = 0; pass < 2; pass++)
            for (int j = 0; j < k; j++) {
                const float *other = pca->axes + (size_t)j * d;
                double dot = 0;
                for (size_t i = 0; i < d; i++) dot += scratch[i] * other[i];
                for (size_t i = 0; i < d; i++) scratch[i] -= dot * other[i];
            }
        for (size_t i = 0; i < d; i++) length += scratch[i] * scratch[i];
        length = sqrt(length);
        longest = fmax(longest, sqrt(before));
        bool none = !(length > 1e-6 * longest) || !isfinite(length);
        for (size_t i = 0; i < d; i++) axis[i] = none ? 0 : (float)(scratch[i] / length);
    }
}

// Something in every direction that has nothing yet.
static void pca_start(Pca *pca) {
    Rng rng = rng_make(1, STREAM_MAP);
    for (int k = 0; k < PCA_BLOCK; k++) {
        float *axis = pca->axes + (size_t)k * (size_t)pca->d;
        if (pca_dot(axis, axis, pca->d) > 0.5) continue;
        double length = 0;
        for (int i = 0; i < pca->d; i++) {
            axis[i] = (float)rng_normal(&rng);
            length += (double)axis[i] * axis[i];
        }
        for (int i = 0; i < pca->d; i++) axis[i] = (float)(axis[i] / sqrt(length));
    }
}

static void pca_choose_signs(Pca *pca) {
    for (int k = 0; k < PCA_BLOCK; k++) {
        float *axis = pca->axes + (size_t)k * (size_t)pca->d, most = 0;
        for (int i = 0; i < pca->d; i++)
            if (fabsf(axis[i]) > fabsf(most)) most = axis[i];
        for (int i = 0; most < 0 && i < pca->d; i++) axis[i] = -axis[i];
    }
}

static void pca_iterate(Pca *pca, PcaWork *work, const float *rows, int n, double *scratch) {
    double identity[PCA_BLOCK][PCA_BLOCK] = {{0}}, turn[PCA_BLOCK][PCA_BLOCK], before = -1;
    size_t floats = PCA_BLOCK * (size_t)pca->d;
    for (int k = 0; k < PCA_BLOCK; k++) identity[k][k] = 1;
    // What it starts from need not be orthonormal.
    for (size_t i = 0; i < floats; i++) work->image[i] = pca->axes[i];
    pca_take(pca, work->image, identity, scratch);
    for (pca->rounds = 1;; pca->rounds++) {
        pca_round(pca, work, rows, n);
        jacobi(work->small, pca->variance, turn);
        double found = pca->variance[0] + pca->variance[1];
        bool done = fabs(found - before) <= pca_enough * found || pca->rounds == PCA_ROUNDS_MAX;
        if (done)
            for (size_t i = 0; i < floats; i++) work->image[i] = pca->axes[i];
        pca_take(pca, work->image, turn, scratch);
        if (done) return;
        before = found;
    }
}

Status pca_find(Pca *pca, const float *rows, int n, int d) {
    bool first = pca->d != d;
    size_t width = (size_t)d;
    PcaWork work = {0};
    double *scratch = malloc(width * sizeof *scratch);
    work.image = malloc(PCA_BLOCK * width * sizeof *work.image);
    work.centred = malloc(width * sizeof *work.centred);
    if (first) {
        pca_close(pca);
        pca->mean = malloc(width * sizeof *pca->mean);
        pca->axes = calloc(PCA_BLOCK * width, sizeof *pca->axes);
        pca->d = d;
    }
    bool room = scratch && work.image && work.centred && pca->mean && pca->axes;
    if (room) {
        pca_means(pca, rows, n);
        pca_start(pca);
        pca_iterate(pca, &work, rows, n, scratch);
        if (first) pca_choose_signs(pca);
    } else {
        pca_close(pca);
    }
    free(scratch);
    free(work.image);
    free(work.centred);
    return room ? status_ok() : status_no_memory("the map of the test images", width * 100);
}

void pca_project(const Pca *pca, const float *row, float out[2]) {
    for (int k = 0; k < 2; k++) {
        const float *axis = pca->axes + (size_t)k * (size_t)pca->d;
        double sum = 0;
        for (int i = 0; i < pca->d; i++) sum += ((double)row[i] - pca->mean[i]) * axis[i];
        out[k] = (float)sum;
    }
}
