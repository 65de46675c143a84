// Writing .pth: the archive that torch.save would write for a state dict of these tensors, under
// the names that they came with (tensor_names.h) or that nn.Module.load_state_dict knows, and one
// entry more (metadata.h) that PyTorch passes over. Only what torch.load(weights_only=True) allows
// is used.
#include "formats/list.h"

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/border.h"
#include "formats/metadata.h"
#include "formats/zip_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PTH_NAME = 40, PTH_EXTRA_ENTRIES = 4 };

// Everything that must live until the archive is packed.
typedef struct PthWriter {
    Text pickle, metadata;
    unsigned char *numbers; // little-endian
    size_t used;
    ZipEntry *entries;
    int count, storages;
    char (*names)[PTH_NAME];
} PthWriter;

// ---- the pickle ---------------------------------------------------------------------------------

static void put(Text *pickle, const char *bytes) {
    text_append_bytes(pickle, bytes, strlen(bytes));
}

static void put_text(Text *pickle, const char *text) {
    size_t size = strlen(text);
    const char head[] = {'X', (char)(size & 0xFF), (char)(size >> 8 & 0xFF),
                         (char)(size >> 16 & 0xFF), 0};
    text_append_bytes(pickle, head, 5);
    text_append_bytes(pickle, text, size);
}

static void put_integer(Text *pickle, size_t value) {
    const char bytes[] = {'J', (char)(value & 0xFF), (char)(value >> 8 & 0xFF),
                          (char)(value >> 16 & 0xFF), (char)(value >> 24 & 0xFF)};
    REQUIRE(value <= INT32_MAX);
    text_append_bytes(pickle, bytes, 5);
}

// torch._utils._rebuild_tensor_v2(storage, 0, dims, strides, False, OrderedDict())
static void put_tensor(Text *pickle, const char *name, const char *storage_class, const char *key,
                       int rank, const int *dims, size_t count) {
    put_text(pickle, name);
    put(pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text(pickle, "storage");
    put(pickle, "ctorch\n");
    put(pickle, storage_class);
    put(pickle, "\n");
    put_text(pickle, key);
    put_text(pickle, "cpu");
    put_integer(pickle, count);
    put(pickle, "tQ");
    put_integer(pickle, 0);
    put(pickle, "(");
    for (int i = 0; i < rank; i++) put_integer(pickle, (size_t)dims[i]);
    put(pickle, "t(");
    for (int i = 0; i < rank; i++) {
        size_t stride = 1;
        for (int k = i + 1; k < rank; k++) stride *= (size_t)dims[k];
        put_integer(pickle, stride);
    }
    put(pickle, "t\x89"
                "ccollections\nOrderedDict\n)RtR");
}

// ---- the entries --------------------------------------------------------------------------------

static void add_entry(PthWriter *w, const char *name, const void *data, size_t size) {
    snprintf(w->names[w->count], PTH_NAME, "archive/%s", name);
    w->entries[w->count] = (ZipEntry){w->names[w->count], data, size};
    w->count++;
}

static void put_float(unsigned char *to, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(bits >> 8 * i);
}

static void add_storage(PthWriter *w, const TensorName *key, const TensorInfo *shape,
                        const unsigned char *bytes, size_t size) {
    char number[16], name[32];
    snprintf(number, sizeof number, "%d", w->storages);
    snprintf(name, sizeof name, "data/%d", w->storages++);
    put_tensor(&w->pickle, key->name, shape ? "FloatStorage" : "LongStorage", number,
               shape ? shape->rank : 0, shape ? shape->dims : NULL, shape ? shape->count : 1);
    add_entry(w, name, bytes, size);
}

static void add_tensor(PthWriter *w, const TensorName *key, const TensorInfo *tensor,
                       const float *from) {
    unsigned char *to = w->numbers + w->used;
    for (size_t i = 0; i < tensor->count; i++) put_float(to + 4 * i, from[i]);
    add_storage(w, key, tensor, to, 4 * tensor->count);
    w->used += 4 * tensor->count;
}

static void add_counter(PthWriter *w, const TensorName *key) {
    unsigned char *to = w->numbers + w->used;
    for (int i = 0; i < 8; i++) to[i] = (unsigned char)((uint64_t)key->batches >> 8 * i);
    add_storage(w, key, NULL, to, 8);
    w->used += 8;
}

// PyTorch's batch norms count their batches, and load_state_dict wants the name. A network without
// names of its own has no number for it; with a momentum given it does nothing.
static void add_zero(PthWriter *w, const TensorInfo *tensor) {
    TensorName key = {.name = ""};
    const char *dot = strrchr(tensor->name, '.');
    if (!dot || strcmp(dot, ".running_var") != 0) return;
    snprintf(key.name, sizeof key.name, "%.*s.num_batches_tracked", (int)(dot - tensor->name),
             tensor->name);
    add_counter(w, &key);
}

static void add_state(PthWriter *w, const SavedModel *model, const TensorNames *keys,
                      const float *weights) {
    put(&w->pickle, "\x80\x02"
                    "ccollections\nOrderedDict\n)R(");
    for (int i = 0; i < keys->count; i++) {
        const TensorName *key = &keys->items[i];
        const TensorInfo *tensor = &model->plan.tensors[key->tensor];
        if (key->counts)
            add_counter(w, key);
        else
            add_tensor(w, key, tensor, weights + tensor->offset);
        if (!model->names) add_zero(w, tensor);
    }
    put(&w->pickle, "u.");
}

static Status writer_fill(PthWriter *w, const SavedModel *model, const TensorNames *keys,
                          const float *weights, const TensorBag *metadata) {
    size_t bytes = 0, most = 2 * (size_t)keys->count + PTH_EXTRA_ENTRIES;
    for (int i = 0; i < keys->count; i++)
        bytes += 4 * model->plan.tensors[keys->items[i].tensor].count + 8;
    w->numbers = malloc(bytes + 1);
    w->entries = calloc(most, sizeof *w->entries);
    w->names = calloc(most, sizeof *w->names);
    if (!w->numbers || !w->entries || !w->names) return status_no_memory("a .pth file", bytes);
    // PyTorch takes the archive's name from its first entry, and that must be the pickle.
    w->count = 1;
    add_state(w, model, keys, weights);
    metadata_print(metadata, &w->metadata);
    if (w->pickle.failed || w->metadata.failed) return status_no_memory("a .pth file", bytes);
    int count = w->count;
    w->count = 0;
    add_entry(w, "data.pkl", w->pickle.data, w->pickle.size);
    w->count = count;
    add_entry(w, "byteorder", "little", 6);
    add_entry(w, METADATA_ENTRY, w->metadata.data, w->metadata.size);
    add_entry(w, "version", "3\n", 2);
    return status_ok();
}

Status pth_write(const char *path, const SavedModel *model) {
    Status status;
    PthWriter w = {.count = 0};
    Bytes archive = {NULL, 0};
    TensorBag *metadata = NULL;
    TensorNames *keys = NULL;
    float *given = NULL;
    TRY(tensor_bag_open(0, &metadata));
    TRY(metadata_take(model, metadata));
    TRY(border_weights(model, &given));
    const float *weights = given ? given : model->weights;
    TRY(tensor_names_written(model->names, &model->plan, weights, NAMES_CHANGED, &keys));
    TRY(writer_fill(&w, model, keys, weights, metadata));
    TRY(status_prefix(zip_write(w.entries, w.count, &archive), path));
    TRY(file_write_atomic(path, archive.data, archive.size, 0644));
fail:
    bytes_close(&archive);
    tensor_bag_close(&metadata);
    free(keys);
    free(given);
    text_close(&w.pickle);
    text_close(&w.metadata);
    free(w.numbers);
    free(w.entries);
    free(w.names);
    return status;
}
