// The update rules as a person reads them: "m <- beta1 m + (1 - beta1) g", and the same line with
// the numbers of one weight filled in. What they say is what the rules' headers compute
// (compute/optimizers/); a test works the filled-in lines out again and compares.
#ifndef INKLING_PANELS_UPDATE_RULE_H
#define INKLING_PANELS_UPDATE_RULE_H

#include "compute/optimizers/optimizers.h"

#include <stddef.h>

// One weight in one step.
typedef struct UpdateNumbers {
    OptimizerKind kind;
    const OptimizerStep *step;
    float w, w_after, gradient;
    float state[OPTIMIZER_SLOTS_MAX], state_after[OPTIMIZER_SLOTS_MAX];
} UpdateNumbers;

enum { UPDATE_LINES_MAX = 6, UPDATE_TEXT_MAX = 192 };

// Which lines hold for this step, in order; gives how many. `lines`: for update_symbols and
// update_filled.
int update_lines(OptimizerKind kind, const OptimizerStep *step, int lines[UPDATE_LINES_MAX]);
// "w <- w - eta g" with a real arrow and Greek letters.
void update_symbols(const UpdateNumbers *numbers, int line, char *out, size_t size);
// "0.0312 = 0.0311 - 0.01 * (-0.01)", numbers to so many figures.
void update_filled(const UpdateNumbers *numbers, int line, int figures, char *out, size_t size);
// What slot `slot` of the state is called in them: "m".
const char *update_slot_name(OptimizerKind kind, const OptimizerStep *step, int slot);

#endif
