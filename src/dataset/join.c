// Several data sets as one to train on: "mnist@55000+synthetic:2+others@20000". Reads the words;
// what each names is opened by the rest of this room.
#include "base/check.h"
#include "base/streams.h"
#include "base/text.h"
#include "dataset/dataset_parts.h"
#include "dataset/synthetic.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 8, OTHERS_USUAL = 20000 };

typedef struct Part {
    char name[FILE_PATH_MAX];
    uint32_t count; // 0: all, or the usual number
    bool others;
    uint64_t seed; // of others
    Dataset *dataset;
} Part;

bool dataset_is_joined(const char *data) {
    if (!data || file_is_directory(data)) return false;
    return strpbrk(data, "+@") != NULL || strcmp(data, "mnist") == 0 ||
           strncmp(data, "others", 6) == 0;
}

// The next part of `text` into *out; returns what follows it, NULL at the end.
static Status read_part(const char *text, Part *out, const char **rest) {
    size_t size = strcspn(text, "+");
    *rest = text[size] == '+' ? text + size + 1 : NULL;
    memset(out, 0, sizeof *out);
    if (size == 0 || size >= sizeof out->name)
        return status_error(STATUS_USAGE, "--data: nothing between the \"+\" of \"%.80s\"", text);
    memcpy(out->name, text, size);
    char *at = strrchr(out->name, '@');
    if (at && !file_is_directory(out->name)) {
        long long count;
        *at = '\0';
        if (!text_to_int(at + 1, &count) || count < 1 || count > 100 * 1000 * 1000)
            return status_error(STATUS_USAGE,
                                "--data: behind \"%.80s@\" stands how many of its images, such as "
                                "%.80s@20000; not \"%.40s\"",
                                out->name, out->name, at + 1);
        out->count = (uint32_t)count;
    }
    out->others = strcmp(out->name, "others") == 0 || strncmp(out->name, "others:", 7) == 0;
    if (out->others && !file_is_directory(out->name)) {
        long long seed = 1;
        if (out->name[6] == ':' && (!text_to_int(out->name + 7, &seed) || seed < 0))
            return status_error(STATUS_USAGE, "--data: behind \"others:\" stands a seed, a whole "
                                              "number from 0 up");
        out->seed = (uint64_t)seed;
    }
    return status_ok();
}

// "mnist" means the MNIST files wherever they are found, unless there is a directory of that name.
static Status open_named(Part *part, const DatasetRequest *request, const Logger *log) {
    DatasetRequest one = *request;
    one.data = part->name;
    bool mnist = strcmp(part->name, "mnist") == 0 && !file_is_directory(part->name);
    if (mnist) one.data = NULL;
    if (strncmp(part->name, "synthetic", 9) == 0 && part->count > 0)
        one.synthetic_train_n = part->count;
    DatasetPlace *place = malloc(sizeof *place);
    if (!place) return status_no_memory("looking for data", sizeof *place);
    Status status;
    TRY(dataset_find(&one, mnist ? NULL : log, place));
    if (mnist && place->synthetic)
        TRY(status_error(STATUS_NOT_FOUND,
                         "--data: no MNIST files were found: \"inkling data fetch mnist\" "
                         "downloads them, or name their directory instead of \"mnist\""));
    TRY(dataset_open_place(&part->dataset, place, &one));
fail:
    free(place);
    return status;
}

bool dataset_fits_others(const Dataset *dataset) {
    const ImageSet *train = &dataset->train;
    return train->channels == 1 && train->height == SYNTHETIC_EXTENT &&
           train->width == SYNTHETIC_EXTENT;
}

// What the part adds to the training set, and checks that it fits to the first.
static Status measure(Part *part, const Dataset *first, uint32_t *n) {
    if (part->others) {
        *n = part->count > 0 ? part->count : OTHERS_USUAL;
        if (dataset_fits_others(first)) return status_ok();
        return status_error(STATUS_USAGE,
                            "--data: \"others\" are pictures of 28 x 28 pixels; those of %s are "
                            "%u x %u",
                            first->name, first->train.width, first->train.height);
    }
    const ImageSet *a = &first->train, *b = &part->dataset->train;
    *n = b->n;
    if (part->count > b->n)
        return status_error(STATUS_USAGE, "--data: %s has %u training images, not %u",
                            part->dataset->name, b->n, part->count);
    if (part->count > 0) *n = part->count;
    if (a->channels == b->channels && a->height == b->height && a->width == b->width &&
        first->classes == part->dataset->classes)
        return status_ok();
    return status_error(STATUS_USAGE,
                        "--data: %s (%u x %u pixels, %u classes) and %s (%u x %u, %u) cannot be "
                        "joined",
                        first->name, a->width, a->height, first->classes, part->dataset->name,
                        b->width, b->height, part->dataset->classes);
}

static Status fill_part(const Part *part, uint32_t n, int threads, uint8_t *pixels,
                        uint8_t *labels) {
    if (part->others)
        return synthetic_other_fill(part->seed, STREAM_OTHERS, n, threads, DATASET_LABEL_NONE,
                                    pixels, labels);
    const ImageSet *set = &part->dataset->train;
    memcpy(pixels, set->pixels, n * imageset_image_bytes(set));
    memcpy(labels, set->labels, n);
    return status_ok();
}

// As much of `more` as a name has room for.
static void extend_name(char name[DATASET_NAME_MAX], const char *more) {
    size_t used = strlen(name);
    text_copy(name + used, DATASET_NAME_MAX - used, more);
}

// All training images one after the other, in the first part's data set.
static Status join(Part *parts, int count, int threads) {
    Dataset *first = parts[0].dataset;
    ASSERT(first); // parts[0] is not `others`
    uint32_t n[PARTS_MAX], sum = 0;
    Status status;
    uint8_t *pixels = NULL, *labels = NULL;
    for (int i = 0; i < count; i++) {
        TRY(measure(&parts[i], first, &n[i]));
        sum += n[i];
    }
    size_t image = imageset_image_bytes(&first->train), at = 0;
    pixels = malloc(image * sum);
    labels = malloc(sum);
    if (!pixels || !labels) TRY(status_no_memory("the joined images", image * sum));
    char name[DATASET_NAME_MAX] = "";
    for (int i = 0; i < count; i++) {
        TRY(fill_part(&parts[i], n[i], threads, pixels + image * at, labels + at));
        at += n[i];
        const char *word = parts[i].others ? "no digits" : parts[i].dataset->name;
        if (i > 0) extend_name(name, " + ");
        extend_name(name, word);
    }
    dataset_replace_train(first, sum, pixels, labels);
    text_copy(first->name, sizeof first->name, name);
    return status;
fail:
    free(pixels);
    free(labels);
    return status;
}

Status dataset_add_others(Dataset *dataset, uint32_t n, uint64_t seed) {
    Part part = {.others = true, .count = n, .seed = seed};
    Status status;
    uint32_t count;
    const ImageSet *train = &dataset->train;
    size_t bytes = train->n * imageset_image_bytes(train);
    uint8_t *pixels = NULL, *labels = NULL;
    TRY(measure(&part, dataset, &count));
    pixels = malloc(bytes + count * imageset_image_bytes(train));
    labels = malloc((size_t)train->n + count);
    if (!pixels || !labels) TRY(status_no_memory("pictures of no digit", bytes));
    memcpy(pixels, train->pixels, bytes);
    memcpy(labels, train->labels, train->n);
    TRY(fill_part(&part, count, 0, pixels + bytes, labels + train->n));
    dataset_replace_train(dataset, train->n + count, pixels, labels);
    return status;
fail:
    free(pixels);
    free(labels);
    return status;
}

Status dataset_open_joined(Dataset **out, const DatasetRequest *request, const Logger *log) {
    Part *parts = calloc(PARTS_MAX, sizeof *parts);
    int count = 0;
    Status status;
    *out = NULL;
    if (!parts) return status_no_memory("joining data sets", PARTS_MAX * sizeof *parts);
    for (const char *text = request->data; text; count++) {
        if (count == PARTS_MAX)
            TRY(status_error(STATUS_USAGE, "--data: at most %d sets can be joined", PARTS_MAX));
        TRY(read_part(text, &parts[count], &text));
        if (!parts[count].others) TRY(open_named(&parts[count], request, log));
    }
    if (parts[0].others)
        TRY(status_error(STATUS_USAGE, "--data: \"others\" have no digits to learn: name a data "
                                       "set before them, such as synthetic+others"));
    TRY(join(parts, count, request->threads));
    *out = parts[0].dataset;
    parts[0].dataset = NULL;
fail:
    for (int i = 0; i < PARTS_MAX; i++) dataset_close(&parts[i].dataset);
    free(parts);
    return status;
}
