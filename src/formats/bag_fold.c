// A table of the parts and of what puts them together.
#include "formats/bag_fold.h"

#include "base/text.h"
#include "formats/bag_aside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Names are looked up one by one; a network that this program has layers for has fewer tensors.
enum { PARTS_MAX = 3, FOLD_TENSORS_MAX = 2000 };

// parts[i]: the numbers of part i as rows of out[rows][columns]; parts[0] has as many as `out`.
typedef void FoldRun(const float *const parts[PARTS_MAX], size_t rows, size_t columns, float *out);

typedef struct Fold {
    const char *parts[PARTS_MAX]; // names with %s for "weight" or "bias"; NULL: no more
    // Numbers of parts 1 and 2: as many as the whole, its rows, its columns.
    enum { FOLD_ALL, FOLD_ROWS, FOLD_COLUMNS } sizes[PARTS_MAX];
    FoldRun *run;
} Fold;

// torch.nn.utils.weight_norm (Salimans and Kingma 2016): g v / |v|, row by row.
static void fold_weight_norm(const float *const parts[PARTS_MAX], size_t rows, size_t columns,
                             float *out) {
    for (size_t r = 0; r < rows; r++) {
        const float *v = parts[0] + r * columns;
        double sum = 0;
        for (size_t c = 0; c < columns; c++) sum += (double)v[c] * (double)v[c];
        double scale = sum > 0 ? (double)parts[1][r] / sqrt(sum) : 0;
        for (size_t c = 0; c < columns; c++) out[r * columns + c] = (float)(scale * (double)v[c]);
    }
}

// torch.nn.utils.spectral_norm (Miyato et al. 2018), when it answers: w / (u' w v).
static void fold_spectral_norm(const float *const parts[PARTS_MAX], size_t rows, size_t columns,
                               float *out) {
    double sigma = 0;
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t c = 0; c < columns; c++)
            sum += (double)parts[0][r * columns + c] * (double)parts[2][c];
        sigma += sum * (double)parts[1][r];
    }
    for (size_t i = 0; i < rows * columns; i++) out[i] = (float)((double)parts[0][i] / sigma);
}

// torch.nn.utils.prune: what is not masked.
static void fold_pruning(const float *const parts[PARTS_MAX], size_t rows, size_t columns,
                         float *out) {
    for (size_t i = 0; i < rows * columns; i++) out[i] = parts[0][i] * parts[1][i];
}

static const Fold folds[] = {
    {{"%s_v", "%s_g"}, {FOLD_ALL, FOLD_ROWS}, fold_weight_norm},
    {{"parametrizations.%s.original1", "parametrizations.%s.original0"},
     {FOLD_ALL, FOLD_ROWS},
     fold_weight_norm},
    {{"%s_orig", "%s_mask"}, {FOLD_ALL, FOLD_ALL}, fold_pruning},
    {{"%s_orig", "%s_u", "%s_v"}, {FOLD_ALL, FOLD_ROWS, FOLD_COLUMNS}, fold_spectral_norm},
    {{"parametrizations.%s.original", "parametrizations.%s.0._u", "parametrizations.%s.0._v"},
     {FOLD_ALL, FOLD_ROWS, FOLD_COLUMNS},
     fold_spectral_norm},
};
enum { FOLDS = (int)(sizeof folds / sizeof folds[0]) };
static const char *const fold_words[] = {"weight", "bias"};
enum { FOLD_WORDS = 2 };

// A tensor that is one of a whole's parts.
typedef struct Found {
    const Fold *fold;
    const char *word;
    size_t stem; // bytes of the name in front of it
    const Tensor *parts[PARTS_MAX];
} Found;

// "conv1." and "%s_g" and "weight": "conv1.weight_g".
static bool part_name(const Tensor *tensor, size_t stem, const char *pattern, const char *word,
                      char out[TENSOR_NAME_MAX]) {
    const char *gap = strstr(pattern, "%s");
    int size = snprintf(out, TENSOR_NAME_MAX, "%.*s%.*s%s%s", (int)stem, tensor->name,
                        (int)(gap - pattern), pattern, word, gap + 2);
    return size > 0 && size < TENSOR_NAME_MAX;
}

// All parts are there and of the sizes that they should have.
static bool parts_fit(const TensorBag *bag, const Tensor *tensor, Found *found) {
    const Fold *fold = found->fold;
    char name[TENSOR_NAME_MAX];
    for (int p = 0; p < PARTS_MAX && fold->parts[p]; p++) {
        if (!part_name(tensor, found->stem, fold->parts[p], found->word, name)) return false;
        found->parts[p] = tensor_bag_find(bag, name);
        if (!found->parts[p]) return false;
    }
    const Tensor *whole = found->parts[0];
    if (whole->rank < 1 || whole->count == 0) return false;
    size_t rows = whole->dims[0], columns = whole->count / rows;
    const size_t wanted[] = {
        [FOLD_ALL] = whole->count, [FOLD_ROWS] = rows, [FOLD_COLUMNS] = columns};
    for (int p = 1; p < PARTS_MAX && fold->parts[p]; p++)
        if (found->parts[p]->count != wanted[fold->sizes[p]]) return false;
    return tensor_types[whole->type].is_float;
}

static bool find_fold(const TensorBag *bag, const Tensor *tensor, Found *out) {
    char name[TENSOR_NAME_MAX];
    size_t size = strlen(tensor->name);
    for (int i = 0; i < FOLDS * FOLD_WORDS * PARTS_MAX; i++) {
        *out = (Found){.fold = &folds[i / PARTS_MAX / FOLD_WORDS],
                       .word = fold_words[i / PARTS_MAX % FOLD_WORDS]};
        const char *pattern = out->fold->parts[i % PARTS_MAX];
        if (!pattern || !part_name(tensor, 0, pattern, out->word, name)) continue;
        size_t own = strlen(name);
        if (own > size || strcmp(tensor->name + size - own, name) != 0) continue;
        out->stem = size - own;
        if (out->stem > 0 && tensor->name[out->stem - 1] != '.') continue;
        if (parts_fit(bag, tensor, out)) return true;
    }
    return false;
}

// Of no layer; `own`: its normalization, or NULL.
static bool is_stray(const TensorBag *bag, const BagNormalization *own, const Tensor *tensor) {
    return tensor_is_aside(bag, tensor) ||
           (own && (tensor == own->tensors[0] || tensor == own->tensors[1]));
}

// ---- the new bag --------------------------------------------------------------------------------

Status bag_lend(TensorBag *bag, const Tensor *tensor) {
    size_t last = 0;
    for (int d = 0; d < tensor->rank; d++)
        if (tensor->dims[d] > 0) last += (tensor->dims[d] - 1) * tensor->strides[d];
    return tensor_bag_add(bag, tensor, (last + 1) * tensor_types[tensor->type].size);
}

static Status add_folded(TensorBag *bag, const Found *found) {
    Status status;
    Tensor whole = *found->parts[0];
    float *parts[PARTS_MAX] = {NULL};
    size_t rows = whole.dims[0], bytes = whole.count * sizeof(float);
    float *out = malloc(bytes);
    bool good = out != NULL;
    for (int p = 0; p < PARTS_MAX && found->parts[p] && good; p++) {
        parts[p] = malloc(found->parts[p]->count * sizeof(float));
        good = parts[p] != NULL;
        if (good) tensor_read(found->parts[p], parts[p]);
    }
    if (good) {
        found->fold->run((const float *const *)parts, rows, whole.count / rows, out);
        snprintf(whole.name, sizeof whole.name, "%.*s%s", (int)found->stem, found->parts[0]->name,
                 found->word);
        whole.type = TENSOR_F32;
        whole.data = (const unsigned char *)out;
        tensor_pack_strides(&whole);
        status = tensor_bag_own(bag, out);
        if (status_is_ok(&status)) status = tensor_bag_add(bag, &whole, bytes);
    } else {
        free(out);
        status = status_no_memory("its weights", bytes);
    }
    for (int p = 0; p < PARTS_MAX; p++) free(parts[p]);
    return status;
}

static Status copy_texts(const TensorBag *bag, const Text *aside, bool own, TensorBag *out) {
    Status status = status_ok();
    const char *value, *key, *note = tensor_bag_text(bag, "note");
    char text[400];
    for (int i = 0; status_is_ok(&status) && (key = tensor_bag_text_at(bag, i, &value)) != NULL;
         i++)
        status = tensor_bag_set_text(out, key, value);
    bool some = aside->size > 0 && aside->data;
    if ((!some && !own) || !status_is_ok(&status)) return status;
    snprintf(text, sizeof text, "%s%s%s%s%.120s%s", note ? note : "", note ? " " : "",
             own ? "It holds its own normalization." : "",
             some ? (own ? " Left aside: " : "Left aside: ") : "", some ? aside->data : "",
             some ? "." : "");
    return tensor_bag_set_text(out, "note", text);
}

static Status fold_all(const TensorBag *bag, const BagNormalization *own, TensorBag *out) {
    Status status = status_ok();
    Text aside = {0};
    for (int i = 0; i < tensor_bag_count(bag) && status_is_ok(&status); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        Found found;
        char name[TENSOR_NAME_MAX];
        if (find_fold(bag, tensor, &found)) {
            snprintf(name, sizeof name, "%.*s%s", (int)found.stem, tensor->name, found.word);
            if (!tensor_bag_find(out, name)) status = add_folded(out, &found);
        } else if (is_stray(bag, own, tensor)) {
            bool told = own && (tensor == own->tensors[0] || tensor == own->tensors[1]);
            if (told) continue;
            text_append(&aside, "%s%s", aside.size ? ", " : "", tensor->name);
        } else {
            status = bag_lend(out, tensor);
        }
    }
    if (status_is_ok(&status)) status = copy_texts(bag, &aside, own != NULL, out);
    text_close(&aside);
    return status;
}

Status bag_fold(const TensorBag *bag, TensorBag **out) {
    bool needed = false;
    size_t bytes = 0;
    BagNormalization found_own;
    const BagNormalization *own = bag_normalization(bag, &found_own) ? &found_own : NULL;
    *out = NULL;
    if (tensor_bag_count(bag) > FOLD_TENSORS_MAX) return status_ok();
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        Found found;
        const Tensor *tensor = tensor_bag_at(bag, i);
        bytes += tensor->count * sizeof(float);
        needed = needed || is_stray(bag, own, tensor) || find_fold(bag, tensor, &found);
    }
    if (!needed) return status_ok();
    Status status = tensor_bag_open(bytes, out);
    if (status_is_ok(&status)) status = fold_all(bag, own, *out);
    if (!status_is_ok(&status)) tensor_bag_close(out);
    return status;
}
