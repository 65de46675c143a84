// What dataset.c and join.c share. Private to this room.
#ifndef INKLING_DATASET_DATASET_PARTS_H
#define INKLING_DATASET_DATASET_PARTS_H

#include "dataset/dataset.h"

// True when `data` (may be NULL) is an expression for join.c: has a "+" or a count, or is one of
// the words "mnist" and "others"; and no directory has that name.
bool dataset_is_joined(const char *data);
Status dataset_open_joined(Dataset **out, const DatasetRequest *request, const Logger *log);

// Takes the arrays over as the training set (same shape of image), freeing those it had.
void dataset_replace_train(Dataset *dataset, uint32_t n, uint8_t *pixels, uint8_t *labels);

#endif
