// A file that does not say which network it is, in front of its layers: what of it is no layer, the
// normalization that it may hold, and three channels. The layers themselves are infer.c's.
#include "formats/infer.h"

#include "base/text.h"
#include "formats/bag_channels.h"
#include "formats/bag_fold.h"
#include "formats/infer_guess.h"
#include "formats/metadata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// What the layers of a network begin with that makes three channels of one.
#define CHANNELS_LAYER "conv 3 k1,"

static void begin_report(const TensorBag *bag, InferReport *report) {
    const char *note = tensor_bag_text(bag, "note");
    memset(report, 0, sizeof *report);
    text_copy(report->note, sizeof report->note, note ? note : "");
}

// Adds which tensors there are, as many as a sentence carries.
static Status with_tensors(const TensorBag *bag, Status inner) {
    char list[260];
    tensor_bag_print(bag, list, sizeof list);
    if (inner.code != STATUS_UNSUPPORTED) return inner;
    return status_error(inner.code, "%s; it holds %s", inner.message, list);
}

// Its channels made of one, which it normalizes with `each` itself; NULL: the same for all.
static Status infer_grey(const TensorBag *bag, const BagNormalization *each,
                         const InferOptions *options, SavedModel **out, InferReport *report) {
    const Normalization none = {0, 1};
    InferOptions given = *options;
    TensorBag *grey = NULL;
    Status status;
    if (each) given.normalization = &none;
    TRY(bag_channels(bag, each, &grey));
    begin_report(grey, report);
    TRY(infer_layers(grey, &given, out, report));
fail:
    tensor_bag_close(&grey);
    return status;
}

// Does `b` lose less than `a` on the images that both were tried on?
static bool is_better(const InferOptions *options, const InferReport *a, const SavedModel *model_a,
                      const InferReport *b, const SavedModel *model_b) {
    InferScore x = {.losses = NULL}, y = x;
    int images = a->best.images < b->best.images ? a->best.images : b->best.images;
    return images > 0 && options->score(options->context, model_a, images, INFINITY, &x) &&
           options->score(options->context, model_b, images, INFINITY, &y) &&
           y.calibrated < x.calibrated;
}

// A network that takes three channels: all alike, or as ImageNet's.
static Status infer_channels(const TensorBag *bag, const BagNormalization *own,
                             const InferOptions *options, SavedModel **out, InferReport *report) {
    SavedModel *other = NULL;
    InferReport *second = NULL;
    bool grey = !own || bag_normalization_is_grey(own);
    if (options->layers)
        grey = strncmp(options->layers, CHANNELS_LAYER, strlen(CHANNELS_LAYER)) != 0;
    Status status = infer_grey(bag, grey ? NULL : own ? own : &bag_imagenet, options, out, report);
    if (!status_is_ok(&status) || own || !options->score || options->normalization ||
        options->layers)
        return status;
    second = malloc(sizeof *second);
    if (!second) return status;
    Status imagenet = infer_grey(bag, &bag_imagenet, options, &other, second);
    if (status_is_ok(&imagenet) && is_better(options, report, *out, second, other)) {
        SavedModel *swap = *out;
        *out = other;
        other = swap;
        second->tried += report->tried;
        *report = *second;
    }
    saved_model_close(&other);
    free(second);
    return status;
}

static Status infer_bag(const TensorBag *bag, const BagNormalization *own,
                        const InferOptions *options, SavedModel **out, InferReport *report) {
    InferOptions given = options ? *options : (InferOptions){.score = NULL};
    Normalization said;
    if (own && bag_normalization_is_grey(own)) {
        said = (Normalization){own->mean[0], own->std[0]};
        if (!given.normalization) given.normalization = &said;
    }
    return bag_has_channels(bag) ? infer_channels(bag, own, &given, out, report)
                                 : infer_layers(bag, &given, out, report);
}

Status infer_model(const TensorBag *bag, const InferOptions *options, SavedModel **out,
                   InferReport *report) {
    InferReport local;
    Status status;
    TensorBag *folded = NULL;
    BagNormalization own;
    bool has_own = !metadata_has(bag) && bag_normalization(bag, &own);
    if (!report) report = &local;
    *out = NULL;
    if (!metadata_has(bag)) TRY(bag_fold(bag, &folded));
    if (folded) bag = folded;
    begin_report(bag, report);
    if (metadata_has(bag)) {
        report->exact = true;
        report->sure = INFER_SAID;
        status = metadata_make(bag, out);
    } else {
        status = with_tensors(bag, infer_bag(bag, has_own ? &own : NULL, options, out, report));
    }
    if (status_is_ok(&status)) infer_tell_sentence(report);
fail:
    tensor_bag_close(&folded);
    return status;
}
