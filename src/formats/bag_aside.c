// Names taken apart into words: "model_ema.conv1.weight" is of an "ema", "loss_fn.weight" of a
// "loss".
#include "formats/bag_aside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// More than this is a deviation of bytes from 0 to 255; of numbers from 0 to 1 it is at most 1/2,
// and 1 where nothing is divided.
#define BYTES_FROM 2.0f

static const char *last_part(const Tensor *tensor) {
    const char *dot = strrchr(tensor->name, '.');
    return dot ? dot + 1 : tensor->name;
}

static bool is_one_of(const char *text, size_t size, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == size && strncasecmp(text, words[i], size) == 0) return true;
    return false;
}

// Has the name a word, between dots and underscores, that none of a layer has? ("f1" is a layer's
// as well as a score's, whose counters are known by their types.)
static bool is_named_aside(const Tensor *tensor) {
    static const char *const words[] = {
        "loss",  "criterion", "crit", "metric", "metrics", "accuracy", "precision", "recall",
        "auroc", "confmat",   "ema",  "shadow", "teacher", "average",  "swa",       "averaged",
    };
    for (const char *at = tensor->name; *at;) {
        size_t size = strcspn(at, "._");
        if (is_one_of(at, size, words, sizeof words / sizeof words[0])) return true;
        at += size + (at[size] != '\0');
    }
    return false;
}

static const Tensor *find_beside(const TensorBag *bag, const Tensor *tensor, const char *last) {
    char name[TENSOR_NAME_MAX];
    size_t stem = (size_t)(last_part(tensor) - tensor->name);
    int size = snprintf(name, sizeof name, "%.*s%s", (int)stem, tensor->name, last);
    return size > 0 && size < TENSOR_NAME_MAX ? tensor_bag_find(bag, name) : NULL;
}

// Is it of a layer or norm, by what stands beside it? Class weights are a vector alone.
static bool is_of_layer(const TensorBag *bag, const Tensor *tensor) {
    const Tensor *weight = find_beside(bag, tensor, "weight");
    return (weight && weight->rank > 1) || find_beside(bag, tensor, "bias") ||
           find_beside(bag, tensor, "running_mean");
}

// The same once more under a name of a layer.
static bool has_twin(const TensorBag *bag, const Tensor *tensor) {
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *other = tensor_bag_at(bag, i);
        if (other->rank == tensor->rank && !is_named_aside(other) &&
            memcmp(other->dims, tensor->dims, (size_t)tensor->rank * sizeof *tensor->dims) == 0 &&
            strcmp(last_part(other), last_part(tensor)) == 0)
            return true;
    }
    return false;
}

bool tensor_is_aside(const TensorBag *bag, const Tensor *tensor) {
    static const char *const layer_words[] = {"weight", "bias", "running_mean", "running_var",
                                              "num_batches_tracked"};
    static const char *const class_words[] = {"class_weight", "class_weights", "pos_weight",
                                              "weights",      "loss_weight",   "loss_weights"};
    const char *last = last_part(tensor);
    size_t size = strlen(last);
    bool layer = is_one_of(last, size, layer_words, sizeof layer_words / sizeof layer_words[0]);
    // People may call a layer anything, and the file may be of an averaged copy alone.
    if (is_named_aside(tensor) && (!layer || !is_of_layer(bag, tensor) || has_twin(bag, tensor)))
        return true;
    if (layer) return false;
    return tensor->count == 1 || !tensor_types[tensor->type].is_float ||
           (tensor->rank == 1 &&
            is_one_of(last, size, class_words, sizeof class_words / sizeof class_words[0]));
}

// ---- normalization ------------------------------------------------------------------------------

// "mean", "_mean", "pixel_mean": bytes in front of `word`, or -1.
static int ends_with(const Tensor *tensor, const char *word) {
    const char *last = last_part(tensor);
    size_t size = strlen(last), own = strlen(word);
    if (size < own || strcasecmp(last + size - own, word) != 0) return -1;
    if (size > own && last[size - own - 1] != '_') return -1;
    return (int)(strlen(tensor->name) - own);
}

// One number, or one for each of three channels, however many dimensions they lie in.
static bool is_per_channel(const Tensor *tensor) {
    return tensor_types[tensor->type].is_float && (tensor->count == 1 || tensor->count == 3);
}

static const Tensor *find_deviation(const TensorBag *bag, const Tensor *mean) {
    int stem = ends_with(mean, "mean");
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        if (ends_with(tensor, "std") == stem &&
            strncmp(tensor->name, mean->name, (size_t)stem) == 0 && is_per_channel(tensor) &&
            tensor->count == mean->count)
            return tensor;
    }
    return NULL;
}

bool bag_normalization(const TensorBag *bag, BagNormalization *out) {
    static const char *const norm_word = "running_mean";
    int found = 0;
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *mean = tensor_bag_at(bag, i);
        if (ends_with(mean, "mean") < 0 || strcmp(last_part(mean), norm_word) == 0 ||
            !is_per_channel(mean))
            continue;
        const Tensor *std = find_deviation(bag, mean);
        if (!std) continue;
        found++;
        *out = (BagNormalization){.channels = (int)mean->count, .tensors = {mean, std}};
        tensor_read(mean, out->mean);
        tensor_read(std, out->std);
    }
    for (int c = 0; found == 1 && c < out->channels; c++) {
        float scale = out->std[c] > BYTES_FROM ? 255.0f : 1.0f;
        if (!(out->std[c] > 0) || !isfinite(out->std[c]) || !isfinite(out->mean[c])) return false;
        out->mean[c] /= scale;
        out->std[c] /= scale;
    }
    return found == 1;
}
