// Another first convolution, or one in front of it.
#include "formats/bag_channels.h"

#include "base/text.h"
#include "formats/bag_fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3 };

const BagNormalization bag_imagenet = {
    .channels = CHANNELS, .mean = {0.485f, 0.456f, 0.406f}, .std = {0.229f, 0.224f, 0.225f}};

static const Tensor *first_convolution(const TensorBag *bag) {
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        if (tensor->rank == 4 && tensor_types[tensor->type].is_float) return tensor;
    }
    return NULL;
}

bool bag_has_channels(const TensorBag *bag) {
    const Tensor *first = first_convolution(bag);
    return first && first->dims[1] == CHANNELS;
}

bool bag_normalization_is_grey(const BagNormalization *n) {
    for (int c = 1; c < n->channels; c++)
        if (n->mean[c] != n->mean[0] || n->std[c] != n->std[0]) return false;
    return true;
}

// The sum over its channels.
static Status add_sum(TensorBag *bag, const Tensor *weight) {
    Tensor sum = *weight;
    size_t each = weight->dims[2] * weight->dims[3], count = weight->dims[0] * each;
    float *from = malloc(weight->count * sizeof *from + 1), *to = malloc(count * sizeof *to + 1);
    if (!from || !to) {
        free(from);
        free(to);
        return status_no_memory("its weights", weight->count * sizeof *from);
    }
    tensor_read(weight, from);
    for (size_t i = 0; i < count; i++) {
        const float *at = from + i / each * CHANNELS * each + i % each;
        double total = 0;
        for (size_t c = 0; c < CHANNELS; c++) total += (double)at[c * each];
        to[i] = (float)total;
    }
    free(from);
    sum.type = TENSOR_F32;
    sum.dims[1] = 1;
    sum.count = count;
    sum.data = (const unsigned char *)to;
    tensor_pack_strides(&sum);
    Status status = tensor_bag_own(bag, to);
    return status_is_ok(&status) ? tensor_bag_add(bag, &sum, count * sizeof *to) : status;
}

static Status add_front(TensorBag *bag, const BagNormalization *each) {
    static const size_t dims[TENSOR_RANK_MAX] = {CHANNELS, 1, 1, 1};
    float *numbers = malloc(2 * CHANNELS * sizeof *numbers);
    if (!numbers) return status_no_memory("its weights", 2 * CHANNELS * sizeof *numbers);
    for (size_t c = 0; c < CHANNELS; c++) {
        numbers[c] = 1 / each->std[c];
        numbers[CHANNELS + c] = -each->mean[c] / each->std[c];
    }
    Status status = tensor_bag_own(bag, numbers);
    for (int i = 0; i < 2 && status_is_ok(&status); i++) {
        Tensor tensor = {.type = TENSOR_F32, .rank = i == 0 ? 4 : 1, .count = CHANNELS};
        snprintf(tensor.name, sizeof tensor.name, "channels.%s", i == 0 ? "weight" : "bias");
        memcpy(tensor.dims, dims, sizeof dims);
        tensor.data = (const unsigned char *)(numbers + i * CHANNELS);
        tensor_pack_strides(&tensor);
        status = tensor_bag_add(bag, &tensor, CHANNELS * sizeof *numbers);
    }
    return status;
}

static Status add_note(const TensorBag *bag, bool summed, TensorBag *out) {
    const char *note = tensor_bag_text(bag, "note");
    char text[400];
    snprintf(text, sizeof text, "%s%s%s", note ? note : "", note ? " " : "",
             summed ? "It takes three equal channels, folded into one."
                    : "It takes three channels, each normalized for itself: a 1x1 convolution in "
                      "front makes them of one.");
    Status status = tensor_bag_set_text(out, "note", text);
    if (!summed && status_is_ok(&status)) status = tensor_bag_set_text(out, "channels", "3");
    return status;
}

Status bag_channels(const TensorBag *bag, const BagNormalization *each, TensorBag **out) {
    const Tensor *first = first_convolution(bag);
    size_t bytes = 1024;
    for (int i = 0; i < tensor_bag_count(bag); i++)
        bytes += tensor_bag_at(bag, i)->count * sizeof(float);
    Status status = tensor_bag_open(bytes, out);
    if (!status_is_ok(&status)) return status;
    if (each) status = add_front(*out, each);
    for (int i = 0; i < tensor_bag_count(bag) && status_is_ok(&status); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        if (tensor == first && !each)
            status = add_sum(*out, tensor);
        else
            status = bag_lend(*out, tensor);
    }
    if (status_is_ok(&status)) status = add_note(bag, !each, *out);
    if (!status_is_ok(&status)) tensor_bag_close(out);
    return status;
}
