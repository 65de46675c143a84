// The notation of layers (nn/spec.h) with more words: for networks that this program answers with
// but does not train. What the trainer has is written as it is there; beside it stand
//
//   conv 16 k1x7 p0x3 d2 g4   kernels that are not square (height x width), dilation, groups
//   elu, selu, gelu, silu, mish, hardswish, softplus, relu6, prelu (its slopes are in the file)
//   resize 32                 in front: pixels brought to 32x32 by interpolation, as PIL does
//   fork, ... add             what went into `fork` is added to what the layers since have made
//   fork, ... beside, ... add the same through the layers behind `beside`
//
// A plain value, read from text. Not here: weights, and running it (infer_graph.h).
#ifndef INKLING_FORMATS_FREE_LAYERS_H
#define INKLING_FORMATS_FREE_LAYERS_H

#include "base/status.h"
#include "nn/spec.h"

enum { FREE_LAYERS_MAX = 512 };

typedef enum FreeKind {
    FREE_PLAIN, // `layer` says it all
    FREE_CONV,  // `layer` but for what follows
    FREE_WORD,  // an activation of free_words[]
    FREE_PRELU,
    FREE_RESIZE,
    FREE_FORK,
    FREE_BESIDE,
    FREE_ADD,
} FreeKind;

typedef struct FreeLayer {
    FreeKind kind;
    LayerSpec layer; // FREE_PLAIN, FREE_CONV
    int kernel_h, kernel_w, pad_h, pad_w, dilation, groups;
    int side; // FREE_RESIZE
    const struct FreeWord *word;
} FreeLayer;

// An activation as operators on its input x, one after the other: each takes what the one before
// gave, or also x (`x`), or a number.
enum { FREE_STEPS_MAX = 5, FREE_ATTRIBUTES_MAX = 2 };
typedef struct FreeStep {
    const char *op; // of ONNX; NULL: no more
    enum { STEP_ALONE, STEP_WITH_X, STEP_WITH_NUMBER, STEP_BETWEEN } with;
    float number, high; // STEP_BETWEEN: from number to high
    struct {
        const char *name; // NULL: none
        float value;
    } attributes[FREE_ATTRIBUTES_MAX];
} FreeStep;
typedef struct FreeWord {
    const char *word, *label; // "gelu", "GELU"
    FreeStep steps[FREE_STEPS_MAX];
} FreeWord;
extern const FreeWord free_words[];
extern const int free_word_count;

// Reads at most FREE_LAYERS_MAX layers into out[]. The error names the layer by its number.
Status free_parse_layers(const char *text, FreeLayer *out, int *count);

#endif
