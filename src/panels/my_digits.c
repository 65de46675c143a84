// The list of taught digits and its file.
#include "panels/my_digits.h"

#include "base/tr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panels/my_digits_idx.h"

enum { DAMAGED_MAX = 1000 };
#define FILE_BYTES_MAX ((size_t)256 << 20)

// ---- the list -----------------------------------------------------------------------------------

static void digit_close(MyDigit *digit) {
    drawing_close(&digit->drawing);
    free(digit->picture);
    free(digit->image);
    memset(digit, 0, sizeof *digit);
}

static void digits_close(MyDigit **digits, int *count) {
    for (int i = 0; i < *count; i++) digit_close(&(*digits)[i]);
    free(*digits);
    *digits = NULL;
    *count = 0;
}

void my_digits_close(MyDigits *mine) {
    digits_close(&mine->digits, &mine->count);
    digits_close(&mine->removed, &mine->removed_count);
    mine->capacity = 0;
}

Status my_digits_grow(MyDigits *mine, int more) {
    if (mine->count + more > MY_DIGITS_MAX)
        return status_error(STATUS_USAGE,
                            TR("there is room for %d digits of yours; delete some of the %d first"),
                            MY_DIGITS_MAX, mine->count);
    return my_digits_reserve(mine, more);
}

Status my_digits_reserve(MyDigits *mine, int more) {
    if (mine->count + more <= mine->capacity) return status_ok();
    int capacity = mine->count + more + 64;
    MyDigit *digits = realloc(mine->digits, (size_t)capacity * sizeof *digits);
    if (!digits) return status_no_memory("your digits", (size_t)capacity * sizeof *digits);
    mine->digits = digits;
    mine->capacity = capacity;
    return status_ok();
}

MyDigit *my_digits_put(MyDigits *mine, const char *label) {
    MyDigit *digit = &mine->digits[mine->count];
    memset(digit, 0, sizeof *digit);
    text_copy(digit->label, sizeof digit->label, label);
    digit->said = -1;
    digit->id = ++mine->ids;
    mine->count++;
    return digit;
}

void my_digits_cut(MyDigits *mine, int count) {
    while (mine->count > count) digit_close(&mine->digits[--mine->count]);
}

// ---- the file -----------------------------------------------------------------------------------

// Adds the drawings of a file. Lines that cannot be read are counted, the first is told.
static Status read_lines(MyDigits *mine, const char *path, int *bad, Status *first) {
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    StrokesLine line;
    Status status;
    bool more = true;
    *bad = 0;
    TRY(strokes_reader_open(&reader, path));
    while (*bad < DAMAGED_MAX) {
        status = strokes_reader_next(reader, BRUSH_RADIUS_DEFAULT, &drawing, &line, &more);
        if (status.code == STATUS_FORMAT) {
            if ((*bad)++ == 0) *first = status;
            continue;
        }
        if (!status_is_ok(&status) || !more) break;
        if (drawing_is_blank(&drawing)) continue;
        TRY(my_digits_reserve(mine, 1));
        TRY(drawing_copy(&my_digits_put(mine, line.label_text)->drawing, &drawing));
    }
    if (status.code == STATUS_FORMAT) status = status_ok();
fail:
    drawing_close(&drawing);
    strokes_reader_close(&reader);
    return status;
}

Status my_digits_load(MyDigits *mine) {
    Status status = status_ok(), first = status_ok();
    int bad = 0;
    mine->loaded = true;
    if (!mine->path[0]) return status;
    if (file_exists(mine->path)) TRY(read_lines(mine, mine->path, &bad, &first));
    TRY(my_digits_load_pictures(mine));
    if (bad > 0) {
        mine->damaged = true;
        status =
            status_error(STATUS_FORMAT,
                         "of your digits, %d %s could not be read and %s left in the file as "
                         "they are: %.300s",
                         bad, bad == 1 ? "line" : "lines", bad == 1 ? "is" : "are", first.message);
    }
    return status;
fail:
    mine->damaged = true;
    return status;
}

static Status make_directory(const char *path) {
    char directory[FILE_PATH_MAX];
    size_t size = (size_t)(path_basename(path) - path);
    if (size <= 1) return status_ok();
    memcpy(directory, path, size - 1);
    directory[size - 1] = '\0';
    return file_make_directories(directory);
}

static Status make_file(const char *path) {
    Status status = make_directory(path);
    if (!status_is_ok(&status)) return status;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, MY_DIGITS_MODE);
    if (file < 0) return status_errno("write", path, errno);
    close(file);
    return status;
}

// Before a file with unreadable lines is written anew, a copy goes beside it under a free name.
static Status keep_damaged(MyDigits *mine) {
    char path[FILE_PATH_MAX + 32];
    Bytes bytes = {0};
    if (!mine->damaged || !file_exists(mine->path)) return status_ok();
    Status status = file_read(mine->path, FILE_BYTES_MAX, &bytes);
    if (!status_is_ok(&status)) return status;
    int number = 1;
    do {
        snprintf(path, sizeof path, "%s.damaged-%d", mine->path, number++);
    } while (file_exists(path) && number < DAMAGED_MAX);
    status = file_write_atomic(path, bytes.data, bytes.size, MY_DIGITS_MODE);
    bytes_close(&bytes);
    if (status_is_ok(&status)) mine->damaged = false;
    return status;
}

static Status print_lines(const MyDigits *mine, Text *text, int *count) {
    *count = 0;
    for (int i = 0; i < mine->count; i++) {
        if (mine->digits[i].picture) continue;
        if (!strokes_line_write(text, &mine->digits[i].drawing, mine->digits[i].label) &&
            text->failed)
            return status_no_memory("your digits", text->size);
        (*count)++;
    }
    return status_ok();
}

// The whole list instead of what the file holds: the old file or the new one, never half of it.
Status my_digits_write(MyDigits *mine) {
    Text text = {0};
    int count;
    Status status = status_ok();
    if (mine->later) my_digits_changed(mine, 0);
    if (!mine->path[0] || mine->later) return status;
    TRY(make_directory(mine->path));
    TRY(keep_damaged(mine));
    TRY(print_lines(mine, &text, &count));
    TRY(file_write_atomic(mine->path, text.data ? text.data : "", text.size, MY_DIGITS_MODE));
    TRY(my_digits_save_pictures(mine));
fail:
    text_close(&text);
    return status;
}

Status my_digits_append(const MyDigits *mine, const Drawing *drawing, const char *label) {
    Status status = make_file(mine->path);
    return status_is_ok(&status) ? strokes_file_append(mine->path, drawing, label) : status;
}

// ---- changes ------------------------------------------------------------------------------------

Status my_digits_add(MyDigits *mine, const Drawing *drawing, const char *label) {
    Drawing copy = {0};
    Status status;
    TRY(my_digits_grow(mine, 1));
    TRY(drawing_copy(&copy, drawing));
    if (mine->later)
        my_digits_changed(mine, 1);
    else if (mine->path[0])
        TRY(my_digits_append(mine, &copy, label));
    my_digits_put(mine, label)->drawing = copy;
    return status;
fail:
    drawing_close(&copy);
    return status;
}

Status my_digits_relabel(MyDigits *mine, int index, const char *label) {
    MyDigit *digit = &mine->digits[index];
    char before[STROKES_LABEL_MAX];
    text_copy(before, sizeof before, digit->label);
    text_copy(digit->label, sizeof digit->label, label);
    Status status = my_digits_write(mine);
    if (!status_is_ok(&status)) text_copy(digit->label, sizeof digit->label, before);
    return status;
}

int my_digits_selected(const MyDigits *mine) {
    int count = 0;
    for (int i = 0; i < mine->count; i++) count += mine->digits[i].selected;
    return count;
}

Status my_digits_remove(MyDigits *mine) {
    int gone = my_digits_selected(mine), kept = 0, at = 0, all = mine->count;
    if (gone == 0) return status_ok();
    MyDigit *removed = malloc((size_t)gone * sizeof *removed);
    MyDigit *before = malloc((size_t)all * sizeof *before);
    if (!removed || !before) {
        free(removed);
        free(before);
        return status_no_memory("deleting", (size_t)all * sizeof *removed);
    }
    memcpy(before, mine->digits, (size_t)all * sizeof *before);
    for (int i = 0; i < all; i++) {
        if (before[i].selected)
            removed[at++] = before[i];
        else
            mine->digits[kept++] = before[i];
    }
    mine->count = kept;
    Status status = my_digits_write(mine);
    if (status_is_ok(&status)) {
        digits_close(&mine->removed, &mine->removed_count);
        mine->removed = removed;
        mine->removed_count = gone;
    } else {
        memcpy(mine->digits, before, (size_t)all * sizeof *before);
        mine->count = all;
        free(removed);
    }
    free(before);
    return status;
}

Status my_digits_restore(MyDigits *mine) {
    int back = mine->removed_count, before = mine->count;
    Status status = my_digits_reserve(mine, back);
    if (!status_is_ok(&status) || back == 0) return status;
    memcpy(mine->digits + before, mine->removed, (size_t)back * sizeof *mine->digits);
    mine->count += back;
    status = my_digits_write(mine);
    if (!status_is_ok(&status)) {
        mine->count = before;
        return status;
    }
    for (int i = before; i < mine->count; i++) mine->digits[i].selected = false;
    free(mine->removed);
    mine->removed = NULL;
    mine->removed_count = 0;
    return status;
}

// ---- as a network sees them ---------------------------------------------------------------------

Status my_digits_image(MyDigits *mine, int index, int field, const uint8_t **out) {
    MyDigit *digit = &mine->digits[index];
    if (field != mine->field) {
        for (int i = 0; i < mine->count; i++) {
            free(mine->digits[i].image);
            mine->digits[i].image = NULL;
        }
        mine->field = field;
    }
    *out = digit->image;
    if (digit->image) return status_ok();
    size_t bytes = (size_t)field * (size_t)field;
    InkOptions options = ink_options_default(field);
    InkFit fit;
    Status status = status_ok();
    uint8_t *image = malloc(bytes);
    if (!image) return status_no_memory("a digit of yours", bytes);
    if (!digit->picture) {
        status = ink_fit_drawing(&digit->drawing, &options, image, &fit);
    } else {
        for (int y = 0; y < field; y++)
            for (int x = 0; x < field; x++)
                image[y * field + x] = digit->picture[y * MY_DIGITS_SIDE / field * MY_DIGITS_SIDE +
                                                      x * MY_DIGITS_SIDE / field];
    }
    if (!status_is_ok(&status)) {
        free(image);
        return status;
    }
    *out = digit->image = image;
    return status;
}

// ---- other files --------------------------------------------------------------------------------

static bool is_jsonl(const char *path) {
    const char *ending = path_extension(path);
    return strcmp(ending, ".jsonl") == 0 || strcmp(ending, ".ndjson") == 0;
}

Status my_digits_export(MyDigits *mine, const char *path, int *count) {
    Text text = {0};
    Status status;
    if (!is_jsonl(path)) return my_digits_export_idx(mine, path, count);
    TRY(print_lines(mine, &text, count));
    if (*count == 0)
        TRY(status_error(STATUS_USAGE,
                         TR("there are no drawings to write; pictures go to IDX files")));
    TRY(file_write_atomic(path, text.data, text.size, 0644));
fail:
    text_close(&text);
    return status;
}

Status my_digits_read(MyDigits *mine, const char *path) {
    int before = mine->count, bad = 0;
    Status status, first = status_ok();
    if (file_is_special(path))
        return status_error(STATUS_IO, TR("%s is a device or a pipe, not a file"), path);
    if (is_jsonl(path)) {
        TRY(read_lines(mine, path, &bad, &first));
        if (bad > 0) TRY(first);
    } else {
        TRY(my_digits_import_idx(mine, path));
    }
    for (int i = before; i < mine->count; i++)
        if (!mine->digits[i].label[0])
            TRY(status_error(STATUS_FORMAT, TR("%s: drawing %d has no label; nothing was taken"),
                             path, i - before + 1));
    if (mine->count == before) TRY(status_error(STATUS_FORMAT, TR("%s holds no drawing"), path));
    return status;
fail:
    my_digits_cut(mine, before);
    return status;
}

Status my_digits_import(MyDigits *mine, const char *path, int *count) {
    int before = mine->count;
    *count = 0;
    Status status = my_digits_read(mine, path);
    if (!status_is_ok(&status)) return status;
    status = my_digits_write(mine);
    if (status_is_ok(&status))
        *count = mine->count - before;
    else
        my_digits_cut(mine, before);
    return status;
}
