// The table of losses, made from LOSS_LIST.
#include "nn/loss.h"

#include <string.h>

const LossInfo loss_rows[LOSS_COUNT] = {
#define LOSS_ROW(id, fn, row_name, row_label, row_takes)                                           \
    [LOSS_##id] = {.name = row_name, .label = row_label, .takes = row_takes},
    LOSS_LIST(LOSS_ROW)
#undef LOSS_ROW
};

int loss_find(const char *name) {
    for (int i = 0; i < LOSS_COUNT; i++)
        if (strcmp(loss_rows[i].name, name) == 0) return i;
    return -1;
}
