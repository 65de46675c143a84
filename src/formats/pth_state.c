// Finding the state dict in what a pickle holds: alone, in a checkpoint, wrapped by DataParallel.
#include "formats/pth_state.h"

#include "base/text.h"
#include "base/tr.h"

#include <stdio.h>
#include <string.h>

// Deeper than this nobody nests a state dict; and a dict may contain itself.
enum { STATE_DEPTH_MAX = 4, STATE_KEYS_MAX = 100000 };

// What training scripts call it, the usual one first.
static const char *const state_keys[] = {"state_dict",  "model_state_dict", "model",      "net",
                                         "model_state", "network",          "state",      "weights",
                                         "params",      "module",           "classifier", "ema"};
// What parallel and compiling wrappers put before every name.
static const char *const state_prefixes[] = {"module.", "_orig_mod."};

static int state_count_tensors(const PickleValue *dict) {
    int count = 0;
    if (dict->kind != PICKLE_DICT) return 0;
    for (size_t i = 0; i < dict->size / 2; i++)
        if (dict->items[2 * i]->kind == PICKLE_TEXT &&
            dict->items[2 * i + 1]->kind == PICKLE_TENSOR)
            count++;
    return count;
}

// The dict one step further in; NULL when `dict` is as far as it goes.
static const PickleValue *state_step(const PickleValue *dict) {
    const PickleValue *only = NULL;
    int found = 0;
    for (size_t i = 0; i < sizeof state_keys / sizeof state_keys[0]; i++) {
        const PickleValue *inner = pickle_get(dict, state_keys[i]);
        if (inner && inner != dict && inner->kind == PICKLE_DICT && inner->size > 0) return inner;
    }
    if (state_count_tensors(dict) > 0) return NULL;
    // Under any other name, if it is the only one with tensors.
    for (size_t i = 0; i < dict->size / 2; i++) {
        const PickleValue *inner = dict->items[2 * i + 1];
        if (inner->kind != PICKLE_DICT || state_count_tensors(inner) == 0) continue;
        only = inner;
        found++;
    }
    return found == 1 ? only : NULL;
}

// "epoch, optimizer, loss": the text keys of a dict, as many as fit.
static void state_list_keys(const PickleValue *dict, const PickleValue *but, char *out,
                            size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < dict->size / 2; i++) {
        const PickleValue *key = dict->items[2 * i];
        if (key->kind != PICKLE_TEXT || dict->items[2 * i + 1] == but) continue;
        if (key->size > 40 || used + key->size + 8 > size) {
            snprintf(out + used, size - used, "%s...", used ? ", " : "");
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? ", " : "",
                                 (int)key->size, key->text);
    }
}

static Status state_not_found(const PickleValue *root) {
    static const char *const kinds[] = {
        [PICKLE_NONE] = "None",    [PICKLE_BOOL] = "a bool",       [PICKLE_INTEGER] = "a number",
        [PICKLE_BIG] = "a number", [PICKLE_NUMBER] = "a number",   [PICKLE_TEXT] = "text",
        [PICKLE_BYTES] = "bytes",  [PICKLE_TUPLE] = "a tuple",     [PICKLE_LIST] = "a list",
        [PICKLE_DICT] = "a dict",  [PICKLE_STORAGE] = "a storage", [PICKLE_TENSOR] = "one tensor",
        [PICKLE_TYPE] = "a class", [PICKLE_CLASS] = "a class",     [PICKLE_OTHER] = "an object"};
    if (root->kind != PICKLE_DICT)
        return status_error(STATUS_FORMAT,
                            TR("it holds %s, not a dict of named tensors; save the weights with "
                               "torch.save(model.state_dict(), \"model.pth\")"),
                            kinds[root->kind]);
    char keys[160];
    state_list_keys(root, NULL, keys, sizeof keys);
    return status_error(STATUS_FORMAT,
                        TR("it holds no named tensors, only a dict with %s; save the weights with "
                           "torch.save(model.state_dict(), \"model.pth\")"),
                        keys[0] ? keys : "nothing in it");
}

// ---- one tensor ---------------------------------------------------------------------------------

static Status read_dims(const PickleValue *tuple, size_t *out) {
    for (size_t i = 0; i < tuple->size; i++) {
        const PickleValue *dim = tuple->items[i];
        if (dim->kind != PICKLE_INTEGER || dim->integer < 0 || dim->integer > INT64_MAX / 2)
            return status_error(STATUS_FORMAT, "its shape or strides are not usable numbers");
        out[i] = (size_t)dim->integer;
    }
    return status_ok();
}

// Where in the bytes of its storage the tensor begins.
static Status find_start(const PickleValue *value, size_t element, size_t size, size_t *start) {
    const PickleValue *storage = value->items[PICKLE_TENSOR_STORAGE];
    const PickleValue *view = storage->items[PICKLE_STORAGE_VIEW];
    int64_t offset = value->items[PICKLE_TENSOR_OFFSET]->integer, shift = 0;
    if (view->kind == PICKLE_TUPLE) { // (key, offset, size), older files only
        if (view->size != 3 || view->items[1]->kind != PICKLE_INTEGER)
            return status_error(STATUS_FORMAT, "the view into its storage is not usable");
        shift = view->items[1]->integer;
    }
    int64_t most = (int64_t)(size / element);
    if (offset < 0 || shift < 0 || offset > most || shift > most - offset)
        return status_error(STATUS_FORMAT,
                            "it begins at number %lld of its storage, which has %lld",
                            (long long)offset, (long long)most);
    *start = (size_t)(offset + shift) * element;
    return status_ok();
}

static Status take_tensor(const PickleValue *value, PthStorages *storages, Tensor *tensor,
                          size_t *room) {
    Status status;
    const PickleValue *storage = value->items[PICKLE_TENSOR_STORAGE];
    const PickleValue *type = value->items[PICKLE_TENSOR_TYPE];
    const PickleValue *sizes = value->items[PICKLE_TENSOR_SIZES];
    const PickleValue *strides = value->items[PICKLE_TENSOR_STRIDES];
    if (type->kind == PICKLE_NONE) type = storage->items[PICKLE_STORAGE_TYPE];
    if (type->integer < 0 || type->integer >= TENSOR_TYPE_COUNT)
        return status_error(STATUS_UNSUPPORTED,
                            TR("its numbers are of a type that is not read (complex, quantised, "
                               "8-bit float); convert it with .float() and save it again"));
    if (sizes->size != strides->size || sizes->size > TENSOR_RANK_MAX)
        return status_error(STATUS_FORMAT, "it has %zu dimensions and %zu strides (at most %d)",
                            sizes->size, strides->size, TENSOR_RANK_MAX);
    tensor->type = (TensorType)type->integer;
    tensor->rank = (int)sizes->size;
    TRY(read_dims(sizes, tensor->dims));
    TRY(read_dims(strides, tensor->strides));
    size_t size = 0, start = 0;
    TRY(storages->find(storages, storage, tensor->type, &tensor->data, &size));
    TRY(find_start(value, tensor_types[tensor->type].size, size, &start));
    tensor->data += start;
    *room = size - start;
fail:
    return status;
}

// Bytes to take off the front of every name.
static size_t state_prefix_size(const PickleValue *dict) {
    size_t skip = 0;
    for (size_t p = 0; p < sizeof state_prefixes / sizeof state_prefixes[0]; p++) {
        size_t size = strlen(state_prefixes[p]);
        bool all = true;
        for (size_t i = 0; i < dict->size / 2 && all; i++) {
            const PickleValue *key = dict->items[2 * i];
            if (dict->items[2 * i + 1]->kind != PICKLE_TENSOR) continue;
            all = key->kind == PICKLE_TEXT && key->size > skip + size &&
                  memcmp(key->text + skip, state_prefixes[p], size) == 0;
        }
        if (!all) continue;
        skip += size;
        p = (size_t)-1; // they come in any order and more than once
        if (skip > TENSOR_NAME_MAX) break;
    }
    return skip;
}

static Status state_add_all(const PickleValue *dict, PthStorages *storages, TensorBag *bag) {
    Status status = status_ok();
    size_t skip = state_prefix_size(dict);
    for (size_t i = 0; i < dict->size / 2; i++) {
        const PickleValue *key = dict->items[2 * i], *value = dict->items[2 * i + 1];
        if (key->kind != PICKLE_TEXT || value->kind != PICKLE_TENSOR) continue;
        Tensor tensor = {.rank = 0};
        size_t room = 0, size = key->size - skip;
        if (size == 0 || size >= TENSOR_NAME_MAX || memchr(key->text, '\0', key->size))
            return status_error(STATUS_FORMAT, "the name of tensor %zu has %zu bytes or a NUL",
                                i + 1, size);
        memcpy(tensor.name, key->text + skip, size);
        status = take_tensor(value, storages, &tensor, &room);
        if (!status_is_ok(&status)) {
            char prefix[96];
            snprintf(prefix, sizeof prefix, "tensor %.60s", tensor.name);
            return status_prefix(status, prefix);
        }
        status = tensor_bag_add(bag, &tensor, room);
        if (!status_is_ok(&status)) return status;
    }
    return status;
}

Status pth_take_state(const PickleValue *root, PthStorages *storages, TensorBag *bag) {
    const PickleValue *dict = root;
    char keys[160], note[240];
    if (root->kind != PICKLE_DICT || root->size > STATE_KEYS_MAX) return state_not_found(root);
    for (int depth = 0; depth < STATE_DEPTH_MAX; depth++) {
        const PickleValue *inner = state_step(dict);
        if (!inner) break;
        state_list_keys(dict, inner, keys, sizeof keys);
        if (keys[0]) {
            snprintf(note, sizeof note, "Of the checkpoint only the weights are used, not: %s.",
                     keys);
            Status status = tensor_bag_set_text(bag, "note", note);
            if (!status_is_ok(&status)) return status;
        }
        dict = inner;
    }
    if (state_count_tensors(dict) == 0) return state_not_found(root);
    return state_add_all(dict, storages, bag);
}
