// The table of losses: their names. The arithmetic is in compute/losses/, one header per loss.
#ifndef INKLING_NN_LOSS_H
#define INKLING_NN_LOSS_H

#include "compute/backend.h"

typedef struct LossInfo {
    const char *name;  // "cross-entropy"
    const char *label; // "Cross-entropy"
    unsigned takes;    // LOSS_TAKES_*
} LossInfo;
extern const LossInfo loss_rows[LOSS_COUNT];

// -1 when there is none of that name.
int loss_find(const char *name);

#endif
