// The table of names: made from a bag or from text, checked as what a stranger wrote, and filled up
// with names for what has none.
#include "formats/tensor_names.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char counter_end[] = ".num_batches_tracked";
static const char variance_end[] = ".running_var";

// ---- the table ----------------------------------------------------------------------------------

static size_t names_size(int count) {
    return sizeof(TensorNames) + (size_t)count * sizeof(TensorName);
}

TensorNames *tensor_names_open(void) {
    TensorNames *names = malloc(names_size(TENSOR_NAMES_MAX));
    if (names) *names = (TensorNames){.count = 0};
    return names;
}

TensorNames *tensor_names_copy(const TensorNames *names) {
    TensorNames *copy = names ? tensor_names_open() : NULL;
    if (copy) memcpy(copy, names, names_size(names->count));
    return copy;
}

static const TensorName *find_name(const TensorNames *names, const char *name) {
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->items[i].name, name) == 0) return &names->items[i];
    return NULL;
}

static bool is_usable(const char *name) {
    size_t size = strlen(name);
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) return false;
    // The one name that a .safetensors file has for something else.
    if (strcmp(name, "__metadata__") == 0) return false;
    return size > 0 && size < TENSOR_NAME_MAX && text_is_utf8(name, size);
}

const TensorName *tensor_names_of(const TensorNames *names, int tensor, bool counter) {
    for (int i = 0; i < names->count; i++)
        if (names->items[i].tensor == tensor && names->items[i].counts == counter)
            return &names->items[i];
    return NULL;
}

bool tensor_names_add(TensorNames *names, const TensorName *item) {
    if (!is_usable(item->name) || find_name(names, item->name) ||
        tensor_names_of(names, item->tensor, item->counts) || names->count == TENSOR_NAMES_MAX)
        return false;
    names->items[names->count++] = *item;
    return true;
}

void tensor_names_count(TensorNames *names, long long batches) {
    for (int i = 0; names && i < names->count; i++) {
        TensorName *item = &names->items[i];
        if (!item->counts) continue;
        if (batches >= 0)
            item->batches =
                item->batches > INT64_MAX - batches ? INT64_MAX : item->batches + batches;
        else
            item->batches = item->batches < -batches ? 0 : item->batches + batches;
    }
}

// "bn1" of "bn1.running_var"; 0: it ends otherwise.
static int stem_size(const char *name, const char *end) {
    size_t size = strlen(name), end_size = strlen(end);
    if (size <= end_size || strcmp(name + size - end_size, end) != 0) return 0;
    return (int)(size - end_size);
}

// "bn1.num_batches_tracked" for a tensor "bn1.running_var".
static bool counter_name(const char *variance, char out[TENSOR_NAME_MAX]) {
    int stem = stem_size(variance, variance_end);
    int size = snprintf(out, TENSOR_NAME_MAX, "%.*s%s", stem, variance, counter_end);
    return stem > 0 && size < TENSOR_NAME_MAX;
}

TensorNames *tensor_names_plain(const ModelPlan *plan) {
    TensorNames *names = tensor_names_open();
    for (int t = 0; names && t < plan->tensor_count; t++) {
        TensorName item = {.tensor = t};
        text_copy(item.name, sizeof item.name, plan->tensors[t].name);
        tensor_names_add(names, &item);
        item.counts = counter_name(plan->tensors[t].name, item.name);
        if (item.counts) tensor_names_add(names, &item);
    }
    return names;
}

// ---- from a bag ---------------------------------------------------------------------------------

// A whole number that has not become less exact on the way; false for anything else.
static bool read_counter(const Tensor *tensor, int64_t *out) {
    uint64_t bits = 0;
    if (tensor->count != 1 || tensor->type != TENSOR_I64) return false;
    for (int i = 7; i >= 0; i--) bits = bits << 8 | tensor->data[i];
    *out = bits <= INT64_MAX ? (int64_t)bits : 0;
    return bits <= INT64_MAX;
}

void tensor_names_take_counters(TensorNames *names, const TensorBag *bag) {
    for (int i = 0; i < names->count; i++) {
        const Tensor *tensor =
            names->items[i].counts ? tensor_bag_find(bag, names->items[i].name) : NULL;
        if (tensor) read_counter(tensor, &names->items[i].batches);
    }
}

// The running_var beside which a counter is; -1: none.
static int counter_owner(const ModelPlan *plan, const Tensor *const *from, const char *counter) {
    char name[TENSOR_NAME_MAX];
    for (int t = 0; t < plan->tensor_count; t++)
        if (from[t] && stem_size(plan->tensors[t].name, variance_end) > 0 &&
            counter_name(from[t]->name, name) && strcmp(name, counter) == 0)
            return t;
    return -1;
}

Status tensor_names_find(const TensorBag *bag, const ModelPlan *plan, const Tensor *const *from,
                         TensorNames **out) {
    TensorNames *names = tensor_names_open();
    TensorName item = {.name = ""};
    *out = NULL;
    if (!names) return status_no_memory("the names of its tensors", names_size(TENSOR_NAMES_MAX));
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        text_copy(item.name, sizeof item.name, tensor->name);
        item.batches = 0;
        item.counts = stem_size(tensor->name, counter_end) > 0;
        if (item.counts) {
            item.tensor = counter_owner(plan, from, tensor->name);
            if (item.tensor >= 0 && read_counter(tensor, &item.batches))
                tensor_names_add(names, &item);
            continue;
        }
        for (item.tensor = 0; item.tensor < plan->tensor_count; item.tensor++)
            if (from[item.tensor] == tensor) {
                tensor_names_add(names, &item);
                break;
            }
    }
    tensor_names_settle(&names, plan);
    *out = names;
    return status_ok();
}

// The plan's tensors under its names, in its order. Counters are written anyway, as 0.
static bool says_nothing(const TensorNames *names, const ModelPlan *plan) {
    int next = 0;
    for (int i = 0; i < names->count; i++) {
        const TensorName *item = &names->items[i];
        char name[TENSOR_NAME_MAX];
        if (item->counts) {
            if (item->batches != 0 || item->tensor != next - 1 ||
                !counter_name(plan->tensors[item->tensor].name, name) ||
                strcmp(item->name, name) != 0)
                return false;
        } else if (item->tensor != next || strcmp(item->name, plan->tensors[next++].name) != 0) {
            return false;
        }
    }
    return next == plan->tensor_count;
}

void tensor_names_settle(TensorNames **names, const ModelPlan *plan) {
    if (!*names || (*names)->border != 0) return;
    if ((*names)->count > 0 && !says_nothing(*names, plan)) return;
    free(*names);
    *names = NULL;
}

// ---- what is written ----------------------------------------------------------------------------

float tensor_names_start(const TensorInfo *tensor) {
    return stem_size(tensor->name, ".bias") > 0 ? 0.0f : tensor->initial;
}

// Bit for bit: -0 is not 0.
static bool is_start(const TensorInfo *tensor, const float *weights) {
    float start = tensor_names_start(tensor);
    for (size_t i = 0; i < tensor->count; i++)
        if (memcmp(&weights[tensor->offset + i], &start, sizeof start) != 0) return false;
    return true;
}

// Beside another tensor of its layer that has a name; the plan's name where there is none.
static void name_beside(const TensorNames *names, const ModelPlan *plan, int tensor,
                        TensorName *out) {
    const TensorInfo *info = &plan->tensors[tensor];
    const char *last = strrchr(info->name, '.');
    REQUIRE(last);
    text_copy(out->name, sizeof out->name, info->name);
    for (int t = 0; t < plan->tensor_count; t++) {
        const TensorName *other =
            plan->tensors[t].layer == info->layer ? tensor_names_of(names, t, false) : NULL;
        const char *own = strrchr(plan->tensors[t].name, '.');
        int stem = other ? stem_size(other->name, own) : 0;
        if (stem == 0 || (size_t)stem + strlen(last) >= sizeof out->name) continue;
        snprintf(out->name, sizeof out->name, "%.*s%s", stem, other->name, last);
        return;
    }
}

static void add_beside(TensorNames *names, const ModelPlan *plan, int tensor) {
    TensorName item = {.tensor = tensor};
    name_beside(names, plan, tensor, &item);
    // Whatever else has that name, there is a number that nothing has.
    for (int n = 2; !tensor_names_add(names, &item); n++)
        snprintf(item.name, sizeof item.name, "%s_%d", plan->tensors[tensor].name, n);
}

Status tensor_names_written(const TensorNames *names, const ModelPlan *plan, const float *weights,
                            TensorNamesUse use, TensorNames **out) {
    TensorNames *all = *out = tensor_names_open();
    if (!all) return status_no_memory("the names of tensors", names_size(TENSOR_NAMES_MAX));
    if (names) memcpy(all, names, names_size(names->count));
    for (int t = 0; t < plan->tensor_count; t++) {
        if (tensor_names_of(all, t, false)) continue;
        if (!names || use == NAMES_ALL || !is_start(&plan->tensors[t], weights))
            add_beside(all, plan, t);
    }
    return status_ok();
}

// ---- as text ------------------------------------------------------------------------------------

void tensor_names_print(const TensorNames *names, const ModelPlan *plan, Text *out) {
    for (int i = 0; i < names->count; i++) {
        const TensorName *item = &names->items[i];
        char own[TENSOR_NAME_MAX];
        if (out->size > 0) text_append(out, "\n");
        if (item->counts && counter_name(plan->tensors[item->tensor].name, own))
            text_append(out, "%s %lld ", own, (long long)item->batches);
        else
            text_append(out, "%s ", plan->tensors[item->tensor].name);
        text_append_bytes(out, item->name, strlen(item->name));
    }
}

// The plan's tensor of that name, or that a counter of that name is beside; -1: none.
static int find_own(const ModelPlan *plan, const char *own, bool *counts) {
    char name[TENSOR_NAME_MAX];
    for (int t = 0; t < plan->tensor_count; t++) {
        *counts = counter_name(plan->tensors[t].name, name) && strcmp(name, own) == 0;
        if (*counts || strcmp(plan->tensors[t].name, own) == 0) return t;
    }
    return -1;
}

// The part of a line up to the next blank, which is passed over; false when there is none in time.
static bool take_word(const char **at, char *out, size_t size) {
    size_t word = strcspn(*at, " \n");
    if (word == 0 || word >= size || (*at)[word] != ' ') return false;
    memcpy(out, *at, word);
    out[word] = '\0';
    *at += word + 1;
    return true;
}

static Status parse_line(const char *at, const ModelPlan *plan, TensorName *out) {
    char own[64], digits[24];
    long long batches = 0;
    size_t size;
    *out = (TensorName){.tensor = -1};
    if (take_word(&at, own, sizeof own)) out->tensor = find_own(plan, own, &out->counts);
    if (out->tensor < 0)
        return status_error(STATUS_FORMAT, "does not begin with a tensor of its layers");
    if (out->counts &&
        (!take_word(&at, digits, sizeof digits) || !text_to_int(digits, &batches) || batches < 0))
        return status_error(STATUS_FORMAT, "has no usable number of batches");
    out->batches = batches;
    size = strcspn(at, "\n");
    if (size == 0 || size >= sizeof out->name)
        return status_error(STATUS_FORMAT, "has a name of %zu bytes; 1 to %d are read", size,
                            TENSOR_NAME_MAX - 1);
    memcpy(out->name, at, size);
    out->name[size] = '\0';
    return status_ok();
}

Status tensor_names_parse(const char *text, const ModelPlan *plan, TensorNames **out) {
    Status status;
    TensorNames *names = tensor_names_open();
    *out = NULL;
    if (!names) return status_no_memory("the names of tensors", names_size(TENSOR_NAMES_MAX));
    for (int line = 1; *text; line++) {
        TensorName item;
        char prefix[32];
        snprintf(prefix, sizeof prefix, "line %d", line);
        TRY(status_prefix(parse_line(text, plan, &item), prefix));
        if (!tensor_names_add(names, &item))
            TRY(status_error(STATUS_FORMAT,
                             "line %d has a name or a tensor that was there before, or a name "
                             "that no tensor can have",
                             line));
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    *out = names;
    return status_ok();
fail:
    free(names);
    return status;
}
