// My digits for who cannot wait for a disk: what the file lacks as a copy that another thread
// writes, and what another thread has read taken into the list. No file is touched here but by
// my_digits_catch_up.
#include "panels/my_digits.h"
#include "panels/my_digits_idx.h"

#include <stdlib.h>
#include <string.h>

static Status copy_from(const MyDigits *mine, int first, MyDigits *out) {
    Status status;
    memset(out, 0, sizeof *out);
    text_copy(out->path, sizeof out->path, mine->path);
    out->damaged = mine->damaged;
    out->pictures_damaged = mine->pictures_damaged;
    TRY(my_digits_reserve(out, mine->count - first));
    for (int i = first; i < mine->count; i++) {
        const MyDigit *from = &mine->digits[i];
        MyDigit *to = my_digits_put(out, from->label);
        size_t bytes = (size_t)MY_DIGITS_SIDE * MY_DIGITS_SIDE;
        if (from->picture) {
            to->picture = malloc(bytes);
            if (!to->picture) TRY(status_no_memory("your digits", bytes));
            memcpy(to->picture, from->picture, bytes);
        } else {
            TRY(drawing_copy(&to->drawing, &from->drawing));
        }
    }
    return status;
fail:
    my_digits_close(out);
    return status;
}

void my_digits_changed(MyDigits *mine, int added) {
    mine->unwritten += added;
    mine->behind = mine->behind || added == 0;
    mine->stuck = false;
}

bool my_digits_are_behind(const MyDigits *mine) {
    return mine->path[0] && !mine->stuck && (mine->behind || mine->unwritten > 0);
}

Status my_digits_copy(const MyDigits *mine, MyDigits *out) {
    return copy_from(mine, 0, out);
}

Status my_digits_take(MyDigits *mine, MyDigits *out) {
    Status status = copy_from(mine, mine->behind ? 0 : mine->count - mine->unwritten, out);
    if (!status_is_ok(&status)) return status;
    out->behind = mine->behind;
    mine->behind = false;
    mine->unwritten = 0;
    return status;
}

Status my_digits_catch_up(MyDigits *taken) {
    Status status = status_ok();
    if (taken->behind) return my_digits_write(taken);
    for (int i = 0; i < taken->count && status_is_ok(&status); i++)
        status = my_digits_append(taken, &taken->digits[i].drawing, taken->digits[i].label);
    return status;
}

void my_digits_caught_up(MyDigits *mine, const MyDigits *taken, bool ok) {
    if (!ok)
        mine->behind = mine->stuck = true;
    else if (taken->behind)
        mine->damaged = taken->damaged;
}

// The digits of `second` behind those of `first`, which gets them.
static Status join(MyDigits *first, MyDigits *second) {
    Status status = my_digits_reserve(first, second->count);
    if (!status_is_ok(&status)) return status;
    if (second->count > 0)
        memcpy(first->digits + first->count, second->digits,
               (size_t)second->count * sizeof *first->digits);
    first->count += second->count;
    second->count = 0;
    return status;
}

Status my_digits_adopt(MyDigits *mine, MyDigits *loaded) {
    int count = loaded->count;
    Status status = join(loaded, mine);
    if (!status_is_ok(&status)) return status;
    free(mine->digits);
    mine->digits = loaded->digits;
    mine->count = loaded->count;
    mine->capacity = loaded->capacity;
    for (int i = 0; i < count; i++) mine->digits[i].id = ++mine->ids;
    mine->damaged = loaded->damaged;
    mine->pictures_damaged = loaded->pictures_damaged;
    mine->loaded = true;
    loaded->digits = NULL;
    loaded->count = loaded->capacity = 0;
    return status;
}

Status my_digits_join(MyDigits *mine, MyDigits *other) {
    int before = mine->count;
    Status status;
    TRY(my_digits_check_pictures(mine, other));
    TRY(my_digits_grow(mine, other->count));
    TRY(join(mine, other));
    for (int i = before; i < mine->count; i++) mine->digits[i].id = ++mine->ids;
    if (mine->count > before) my_digits_changed(mine, 0);
fail:
    return status;
}
