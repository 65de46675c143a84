// What config.c and config_value.c share.
#ifndef INKLING_TRAIN_CONFIG_INTERNAL_H
#define INKLING_TRAIN_CONFIG_INTERNAL_H

#include "train/config.h"

static inline void *config_field(TrainConfig *config, const TrainOption *option) {
    return (char *)config + option->offset;
}
static inline const void *config_field_const(const TrainConfig *config, const TrainOption *option) {
    return (const char *)config + option->offset;
}

// Reads `value` into the option's field; nothing else changes.
Status config_assign(TrainConfig *config, const TrainOption *option, const char *value);

#endif
