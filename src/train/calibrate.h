// After training: how far a network's probabilities can be trusted, and below which one its answer
// counts as none. Judged by digits that it has not been trained on.
//
// Temperature: the one that makes the held-out digits most likely. Source: C. Guo, G. Pleiss,
// Y. Sun, K. Weinberger 2017, "On Calibration of Modern Neural Networks". Threshold: the highest
// one that refuses no more than the wanted share of the held-out digits, and no more of as many
// synthetic digits. What it then refuses of pictures that show no digit is measured on synthetic
// ones of a seed that no training uses.
#ifndef INKLING_TRAIN_CALIBRATE_H
#define INKLING_TRAIN_CALIBRATE_H

#include "train/recognizer.h"

typedef struct Calibration {
    float temperature, threshold;
    double accuracy;     // of the held-out digits
    double loss[2];      // their cross-entropy before and after the temperature
    double refused_held; // shares 0..1
    double refused_synthetic;
    double refused_other; // of pictures of no digit: the more the better
    uint32_t held, synthetic, other;
} Calibration;

// Finds both for `model` and sets them in it. `held`: labelled images that it has not been trained
// on. `refuse`: share of digits that may be refused, such as 0.01. Networks for other things than
// ten digits of 28x28 get their threshold from `held` alone. STATUS_USAGE when the images do not
// fit the network.
Status calibrate_model(SavedModel *model, const ImageSet *held, double refuse, int threads,
                       Calibration *out);

#endif
