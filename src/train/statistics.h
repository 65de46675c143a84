// What a count of right answers says: how sure an accuracy is, and how a network does class by
// class. Plain numbers in, plain numbers out.
#ifndef INKLING_TRAIN_STATISTICS_H
#define INKLING_TRAIN_STATISTICS_H

#include <stdint.h>

typedef struct Interval {
    double low, high; // 0 .. 1
} Interval;

// The 95 % score interval of a share of which `right` out of `n` were seen: of all shares, those
// that a two-sided test at 5 % would not reject. Unlike p +- 1.96 sqrt(p(1-p)/n) it stays within
// 0..1 and does not shrink to a point at 0 or n. n = 0: 0..1, nothing is known. Source: E. B.
// Wilson 1927, "Probable inference, the law of succession, and statistical inference", Journal of
// the American Statistical Association 22, 209-212:
//   (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n),  p = right/n,  z = 1.959964
Interval statistics_wilson(double right, double n);

// One class. A figure that would divide by 0 is -1: the precision of a class that is never
// answered, the recall of one that has no images, f1 where either is missing.
typedef struct ClassFigures {
    uint32_t images;   // with this label ("support")
    uint32_t answered; // how often the network said so
    uint32_t right;
    double precision; // right / answered: how far its word counts
    double recall;    // right / images: how many it finds
    double f1;        // harmonic mean of both; 0 when both are 0
} ClassFigures;

// counts[label * classes + answer]; out[classes].
void statistics_classes(const uint32_t *counts, int classes, ClassFigures *out);

#endif
