// My digits as pictures in IDX files: NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte.
#include "panels/my_digits_idx.h"

#include "base/tr.h"

#include "dataset/dataset.h"
#include "dataset/idx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PICTURE_BYTES = MY_DIGITS_SIDE * MY_DIGITS_SIDE };

static const char images_end[] = "-images-idx3-ubyte", labels_end[] = "-labels-idx1-ubyte";

typedef struct IdxPair {
    char images[FILE_PATH_MAX + 32], labels[FILE_PATH_MAX + 32];
} IdxPair;

// The two names that belong to either of them, to a file of strokes, or to a bare name.
static void pair_of(const char *path, IdxPair *out) {
    static const char *const ends[] = {images_end, labels_end, ".jsonl", ".ndjson", ".idx"};
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t end = strlen(ends[i]);
        if (size <= end || strcmp(path + size - end, ends[i]) != 0) continue;
        size -= end;
        break;
    }
    snprintf(out->images, sizeof out->images, "%.*s%s", (int)size, path, images_end);
    snprintf(out->labels, sizeof out->labels, "%.*s%s", (int)size, path, labels_end);
}

// Number of a label: 0-9, then A-Z, a-z. -1: it has none.
static int label_number(const char *label) {
    char names[DATASET_CLASSES_MAX][DATASET_CLASS_NAME_MAX];
    dataset_class_names(DATASET_CLASSES_MAX, names);
    for (int i = 0; i < DATASET_CLASSES_MAX; i++)
        if (strcmp(names[i], label) == 0) return i;
    return -1;
}

// The pictures and labels that an IDX pair can hold: all, or only those without strokes.
typedef struct IdxContents {
    uint8_t *pixels, *labels;
    int count;
} IdxContents;

static void contents_close(IdxContents *contents) {
    free(contents->pixels);
    free(contents->labels);
    memset(contents, 0, sizeof *contents);
}

static Status contents_take(MyDigits *mine, bool all, IdxContents *out) {
    Status status = status_ok();
    size_t room = (size_t)(mine->count ? mine->count : 1);
    *out = (IdxContents){malloc(room * PICTURE_BYTES), malloc(room), 0};
    if (!out->pixels || !out->labels) TRY(status_no_memory("pictures", room * PICTURE_BYTES));
    for (int i = 0; i < mine->count; i++) {
        const uint8_t *image = mine->digits[i].picture;
        int number = label_number(mine->digits[i].label);
        if ((!image && !all) || number < 0) continue;
        if (!image) TRY(my_digits_image(mine, i, MY_DIGITS_SIDE, &image));
        memcpy(out->pixels + (size_t)out->count * PICTURE_BYTES, image, PICTURE_BYTES);
        out->labels[out->count++] = (uint8_t)number;
    }
    return status;
fail:
    contents_close(out);
    return status;
}

// Two files cannot be replaced at once. So the labels wait under another name until the pictures
// they belong to are there; whoever reads finds out by the count (settle_labels). Nobody else's
// eyes: `mode`.
static Status write_pair(const IdxPair *pair, const IdxContents *contents, unsigned mode) {
    char next[sizeof pair->labels + 8];
    Status status;
    uint32_t sizes[3] = {(uint32_t)contents->count, MY_DIGITS_SIDE, MY_DIGITS_SIDE};
    snprintf(next, sizeof next, "%s.next", pair->labels);
    TRY(idx_write_mode(next, mode, 1, sizes, contents->labels));
    TRY(idx_write_mode(pair->images, mode, 3, sizes, contents->pixels));
    if (rename(next, pair->labels) != 0) // that much settle_labels can do later
        return status_errno("write", pair->labels, errno);
    return status;
fail:
    unlink(next);
    return status;
}

static uint32_t count_of(const char *path) {
    IdxArray array = {0};
    Status status = idx_read(path, &array);
    uint32_t count = status_is_ok(&status) ? array.dimensions[0] : 0;
    idx_close(&array);
    return count;
}

// After a write that was cut off: labels that wait get their name if the pictures are theirs.
static void settle_labels(const IdxPair *pair) {
    char next[sizeof pair->labels + 8];
    snprintf(next, sizeof next, "%s.next", pair->labels);
    if (!file_exists(next)) return;
    uint32_t waiting = count_of(next);
    if (waiting > 0 && waiting == count_of(pair->images))
        (void)rename(next, pair->labels);
    else
        unlink(next);
}

static Status read_pair(MyDigits *mine, const IdxPair *pair) {
    IdxArray images = {0}, labels = {0};
    char names[DATASET_CLASSES_MAX][DATASET_CLASS_NAME_MAX];
    int before = mine->count;
    Status status;
    dataset_class_names(DATASET_CLASSES_MAX, names);
    TRY(idx_read_images(pair->images, &images));
    TRY(idx_read_labels(pair->labels, &labels));
    if (images.dimensions[1] != 1 || images.dimensions[2] != MY_DIGITS_SIDE ||
        images.dimensions[3] != MY_DIGITS_SIDE)
        TRY(status_error(STATUS_FORMAT,
                         TR("%s holds pictures of %u x %u; expected grey ones of 28 x 28"),
                         pair->images, images.dimensions[3], images.dimensions[2]));
    if (images.dimensions[0] != labels.dimensions[0])
        TRY(status_error(STATUS_FORMAT, TR("%s holds %u pictures, but %s %u labels"), pair->images,
                         images.dimensions[0], pair->labels, labels.dimensions[0]));
    if (images.dimensions[0] > MY_DIGITS_MAX)
        TRY(status_error(STATUS_USAGE,
                         TR("%s holds %u pictures; there is room for %d digits of yours"),
                         pair->images, images.dimensions[0], MY_DIGITS_MAX));
    TRY(my_digits_grow(mine, (int)images.dimensions[0]));
    for (uint32_t i = 0; i < images.dimensions[0]; i++) {
        MyDigit *digit = my_digits_put(mine, names[labels.bytes[i]]);
        digit->picture = malloc(PICTURE_BYTES);
        if (!digit->picture) TRY(status_no_memory("a picture", PICTURE_BYTES));
        memcpy(digit->picture, images.bytes + (size_t)i * PICTURE_BYTES, PICTURE_BYTES);
    }
fail:
    if (!status_is_ok(&status)) my_digits_cut(mine, before);
    idx_close(&images);
    idx_close(&labels);
    return status;
}

Status my_digits_load_pictures(MyDigits *mine) {
    IdxPair pair;
    pair_of(mine->path, &pair);
    settle_labels(&pair);
    // Labels alone are what is left of a removal that was cut off.
    if (!file_exists(pair.images)) return status_ok();
    Status status = read_pair(mine, &pair);
    mine->pictures_damaged = !status_is_ok(&status);
    return status;
}

Status my_digits_check_pictures(const MyDigits *mine, const MyDigits *more) {
    IdxPair pair;
    pair_of(mine->path, &pair);
    for (int i = 0; mine->pictures_damaged && i < more->count; i++)
        if (more->digits[i].picture)
            return status_error(STATUS_FORMAT,
                                TR("%s cannot be read and is left as it is; move it away first"),
                                pair.images);
    return status_ok();
}

Status my_digits_save_pictures(MyDigits *mine) {
    IdxPair pair;
    pair_of(mine->path, &pair);
    if (mine->pictures_damaged) return my_digits_check_pictures(mine, mine);
    IdxContents contents;
    Status status = contents_take(mine, false, &contents);
    if (!status_is_ok(&status)) return status;
    if (contents.count > 0) {
        status = write_pair(&pair, &contents, MY_DIGITS_MODE);
    } else { // an IDX file cannot be empty
        unlink(pair.images);
        unlink(pair.labels);
    }
    contents_close(&contents);
    return status;
}

Status my_digits_export_idx(MyDigits *mine, const char *path, int *count) {
    IdxPair pair;
    IdxContents contents;
    pair_of(path, &pair);
    Status status = contents_take(mine, true, &contents);
    if (!status_is_ok(&status)) return status;
    *count = contents.count;
    if (contents.count == 0)
        status = status_error(STATUS_USAGE, TR("there are no digits of yours to write"));
    else
        status = write_pair(&pair, &contents, 0644);
    contents_close(&contents);
    return status;
}

Status my_digits_import_idx(MyDigits *mine, const char *path) {
    IdxPair pair;
    pair_of(path, &pair);
    return read_pair(mine, &pair);
}
