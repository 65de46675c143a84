// .pth and .pt: what torch.save writes. Today that is a zip archive with a pickle (data.pkl) and
// one entry of raw numbers per storage (data/0 ...); before PyTorch 1.6 it was five pickles and the
// raw numbers one behind the other. Only state dicts are read. Not here: the pickles (pickle.c),
// which network it is (infer.c), writing (pth_write.c).
//
// Source: torch/serialization.py of PyTorch 1.13, whose files this reads and writes.
#include "formats/list.h"

#include "base/file.h"
#include "base/text.h"
#include "base/tr.h"
#include "formats/infer.h"
#include "formats/metadata.h"
#include "formats/pickle.h"
#include "formats/pth_state.h"
#include "formats/zip_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// 1 GB for the file; beside it, what a file of a few bytes may still come to as floats.
#define PTH_FILE_MAX     ((size_t)1 << 30)
#define PTH_FLOATS_EXTRA ((size_t)192 << 20)
#define PTH_EXPAND_EXTRA ((size_t)64 << 20)

// 0x1950a86a20f9469cfc6c, low byte first, and the version behind it.
static const unsigned char legacy_magic[10] = {0x6C, 0xFC, 0x9C, 0x46, 0xF9,
                                               0x20, 0x6A, 0xA8, 0x50, 0x19};
enum { LEGACY_PROTOCOL = 1001 };

static bool pth_is_zip(const unsigned char *head, size_t size) {
    return size >= 4 && memcmp(head, "PK\3\4", 4) == 0;
}

bool pth_recognise(const unsigned char *head, size_t size, size_t file_size) {
    (void)file_size;
    bool tar = size >= 262 && memcmp(head + 257, "ustar", 5) == 0; // refused in a sentence
    return pth_is_zip(head, size) || tar || (size >= 2 && head[0] == 0x80 && head[1] <= 5);
}

// ---- the zip format -----------------------------------------------------------------------------

typedef struct ZipStorage {
    const PickleValue *key;
    const unsigned char *data;
    size_t size;
    TensorType type;
} ZipStorage;

typedef struct ZipStorages {
    PthStorages base;
    ZipReader *reader;
    TensorBag *bag;
    const char *prefix; // "archive/"
    size_t prefix_size;
    bool swap; // its numbers are big-endian
    ZipStorage *known;
    int count, capacity;
} ZipStorages;

static void swap_bytes(unsigned char *data, size_t size, size_t element) {
    for (size_t at = 0; at + element <= size; at += element)
        for (size_t i = 0; i < element / 2; i++) {
            unsigned char c = data[at + i];
            data[at + i] = data[at + element - 1 - i];
            data[at + element - 1 - i] = c;
        }
}

static int zip_find_entry(const ZipStorages *zip, const char *name) {
    char path[512];
    int size = snprintf(path, sizeof path, "%.*s%s", (int)zip->prefix_size, zip->prefix, name);
    return size < (int)sizeof path ? zip_reader_find(zip->reader, path) : -1;
}

static ZipStorage *zip_known(const ZipStorages *zip, const PickleValue *key) {
    for (int i = 0; i < zip->count; i++)
        if (zip->known[i].key->size == key->size &&
            memcmp(zip->known[i].key->text, key->text, key->size) == 0)
            return &zip->known[i];
    return NULL;
}

static Status zip_load(ZipStorages *zip, const PickleValue *key, TensorType type, Bytes *out) {
    char name[80];
    if (key->size > 60 || memchr(key->text, '\0', key->size))
        return status_error(STATUS_FORMAT, "its storage has an absurd name");
    snprintf(name, sizeof name, "data/%.*s", (int)key->size, key->text);
    int index = zip_find_entry(zip, name);
    if (index < 0)
        return status_error(STATUS_FORMAT, "the archive has no entry %s for its numbers", name);
    Status status = zip_reader_read(zip->reader, index, PTH_FILE_MAX, out);
    if (status_is_ok(&status) && zip->swap)
        swap_bytes(out->data, out->size, tensor_types[type].size);
    return status;
}

static Status zip_storage_find(PthStorages *storages, const PickleValue *storage, TensorType type,
                               const unsigned char **data, size_t *size) {
    ZipStorages *zip = (ZipStorages *)storages;
    const PickleValue *key = storage->items[PICKLE_STORAGE_KEY];
    ZipStorage *known = zip_known(zip, key);
    if (!known) {
        if (zip->count == zip->capacity) {
            int capacity = zip->capacity ? 2 * zip->capacity : 16;
            ZipStorage *grown = realloc(zip->known, (size_t)capacity * sizeof *grown);
            if (!grown) return status_no_memory("storages", (size_t)capacity * sizeof *grown);
            zip->known = grown;
            zip->capacity = capacity;
        }
        Bytes bytes = {NULL, 0};
        Status status = zip_load(zip, key, type, &bytes);
        if (!status_is_ok(&status)) return status;
        status = tensor_bag_own(zip->bag, bytes.data);
        if (!status_is_ok(&status)) return status;
        known = &zip->known[zip->count++];
        *known = (ZipStorage){key, bytes.data, bytes.size, type};
    }
    if (zip->swap && tensor_types[known->type].size != tensor_types[type].size)
        return status_error(STATUS_UNSUPPORTED, "two types of numbers share a big-endian storage");
    *data = known->data;
    *size = known->size;
    return status_ok();
}

// The archive's own name, in front of every entry, is whatever the file was called when saved.
static int zip_find_pickle(const ZipReader *reader, size_t *prefix_size) {
    static const char end[] = "data.pkl";
    const size_t end_size = sizeof end - 1;
    for (int i = 0; i < zip_reader_count(reader); i++) {
        const char *name = zip_reader_name(reader, i);
        size_t size = name ? strlen(name) : 0;
        if (size < end_size || size > 400 || strcmp(name + size - end_size, end) != 0) continue;
        if (size > end_size && name[size - end_size - 1] != '/') continue;
        *prefix_size = size - end_size;
        return i;
    }
    return -1;
}

static Status zip_read_byteorder(ZipStorages *zip) {
    Bytes text = {NULL, 0};
    int index = zip_find_entry(zip, "byteorder");
    if (index < 0) return status_ok();
    Status status = zip_reader_read(zip->reader, index, 64, &text);
    if (!status_is_ok(&status)) return status;
    zip->swap = text.size == 3 && memcmp(text.data, "big", 3) == 0;
    bytes_close(&text);
    return status;
}

static Status zip_read_metadata(ZipStorages *zip) {
    Bytes text = {NULL, 0};
    int index = zip_find_entry(zip, METADATA_ENTRY);
    if (index < 0) return status_ok();
    Status status = zip_reader_read(zip->reader, index, METADATA_TEXT_MAX, &text);
    if (!status_is_ok(&status)) return status;
    status =
        status_prefix(metadata_parse((const char *)text.data, text.size, zip->bag), METADATA_ENTRY);
    bytes_close(&text);
    return status;
}

static Status zip_read(const char *path, size_t file_size, TensorBag *bag) {
    Status status;
    ZipStorages zip = {.base.find = zip_storage_find, .bag = bag};
    Bytes text = {NULL, 0};
    Pickle *pickle = NULL;
    size_t used;
    TRY(zip_reader_open(path, file_size + PTH_EXPAND_EXTRA, &zip.reader));
    int index = zip_find_pickle(zip.reader, &zip.prefix_size);
    if (index < 0) {
        status = status_error(
            STATUS_FORMAT, TR("this zip archive has no data.pkl, so torch.save did not write it"));
        goto fail;
    }
    zip.prefix = zip_reader_name(zip.reader, index);
    TRY(zip_reader_read(zip.reader, index, PICKLE_SIZE_MAX, &text));
    TRY(pickle_read(text.data, text.size, &used, &pickle));
    TRY(zip_read_byteorder(&zip));
    TRY(zip_read_metadata(&zip));
    TRY(pth_take_state(pickle_root(pickle), &zip.base, bag));
fail:
    pickle_close(&pickle);
    bytes_close(&text);
    free(zip.known);
    zip_reader_close(&zip.reader);
    return status;
}

// ---- the older format ---------------------------------------------------------------------------

typedef struct LegacyStorage {
    const char *key;
    size_t key_size;
    TensorType type;
    const unsigned char *data; // NULL until its place is known
    size_t size;
} LegacyStorage;

typedef struct LegacyStorages {
    PthStorages base;
    LegacyStorage *items; // sorted by key
    size_t count;
} LegacyStorages;

static int key_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int legacy_compare(const void *a, const void *b) {
    const LegacyStorage *x = a, *y = b;
    return key_compare(x->key, x->key_size, y->key, y->key_size);
}

static LegacyStorage *legacy_lookup(const LegacyStorages *legacy, const PickleValue *key) {
    LegacyStorage wanted = {.key = key->text, .key_size = key->size};
    if (legacy->count == 0) return NULL;
    return bsearch(&wanted, legacy->items, legacy->count, sizeof wanted, legacy_compare);
}

static Status legacy_storage_find(PthStorages *storages, const PickleValue *storage,
                                  TensorType type, const unsigned char **data, size_t *size) {
    (void)type;
    LegacyStorage *found =
        legacy_lookup((LegacyStorages *)storages, storage->items[PICKLE_STORAGE_KEY]);
    if (!found || !found->data)
        return status_error(STATUS_FORMAT, "the file does not have its storage");
    *data = found->data;
    *size = found->size;
    return status_ok();
}

// All storages that the pickle names, each once: how wide their numbers are says how long they are.
static Status legacy_list(const Pickle *pickle, LegacyStorages *out) {
    const PickleValue *all = pickle_storages(pickle);
    out->items = malloc((all->size + 1) * sizeof *out->items);
    if (!out->items) return status_no_memory("storages", all->size * sizeof *out->items);
    for (size_t i = 0; i < all->size; i++) {
        const PickleValue *key = all->items[i]->items[PICKLE_STORAGE_KEY];
        int64_t type = all->items[i]->items[PICKLE_STORAGE_TYPE]->integer;
        if (type < 0)
            return status_error(STATUS_UNSUPPORTED,
                                "it has numbers of a type that is not read (complex, quantised)");
        out->items[i] = (LegacyStorage){key->text, key->size, (TensorType)type, NULL, 0};
    }
    if (all->size) qsort(out->items, all->size, sizeof *out->items, legacy_compare);
    for (size_t i = 0; i < all->size; i++)
        if (out->count == 0 || legacy_compare(&out->items[out->count - 1], &out->items[i]) != 0)
            out->items[out->count++] = out->items[i];
    return status_ok();
}

// Behind the list of keys: per key a count of 8 bytes, then so many numbers.
static Status legacy_place(LegacyStorages *legacy, const PickleValue *keys, const unsigned char *at,
                           const unsigned char *end) {
    if (keys->kind != PICKLE_LIST)
        return status_error(STATUS_FORMAT, "its list of storages is missing");
    for (size_t i = 0; i < keys->size; i++) {
        const PickleValue *key = keys->items[i];
        LegacyStorage *storage = key->kind == PICKLE_TEXT ? legacy_lookup(legacy, key) : NULL;
        if (!storage) return status_error(STATUS_FORMAT, "storage %zu belongs to no tensor", i + 1);
        uint64_t count = 0;
        size_t element = tensor_types[storage->type].size, left = (size_t)(end - at);
        if (left >= 8)
            for (int k = 7; k >= 0; k--) count = count << 8 | at[k];
        if (left < 8 || count > (left - 8) / element)
            return status_error(STATUS_FORMAT,
                                TR("it is cut short: storage %zu of %zu needs %llu numbers"), i + 1,
                                keys->size, (unsigned long long)count);
        storage->data = at + 8;
        storage->size = (size_t)count * element;
        at = storage->data + storage->size;
    }
    return status_ok();
}

enum { LEGACY_MAGIC, LEGACY_VERSION, LEGACY_SYSTEM, LEGACY_ROOT, LEGACY_KEYS, LEGACY_PICKLES };

static Status legacy_check(Pickle *const *pickles, int index) {
    const PickleValue *root = pickle_root(pickles[index]);
    if (index == LEGACY_MAGIC && (root->kind != PICKLE_BIG || root->size != sizeof legacy_magic ||
                                  memcmp(root->text, legacy_magic, sizeof legacy_magic) != 0))
        return status_error(STATUS_FORMAT,
                            TR("it is a Python pickle, but torch.save did not write it"));
    if (index == LEGACY_VERSION &&
        (root->kind != PICKLE_INTEGER || root->integer != LEGACY_PROTOCOL))
        return status_error(STATUS_UNSUPPORTED, "its version is not %d", LEGACY_PROTOCOL);
    if (index == LEGACY_SYSTEM) {
        const PickleValue *little = pickle_get(root, "little_endian");
        if (little && little->kind == PICKLE_BOOL && !little->integer)
            return status_error(STATUS_UNSUPPORTED, "it was written on a big-endian machine");
    }
    return status_ok();
}

static Status legacy_read(const unsigned char *data, size_t size, TensorBag *bag) {
    Status status;
    LegacyStorages legacy = {.base.find = legacy_storage_find};
    Pickle *pickles[LEGACY_PICKLES] = {NULL};
    size_t at = 0;
    if (size >= 262 && memcmp(data + 257, "ustar", 5) == 0)
        return status_error(STATUS_UNSUPPORTED,
                            "it is a tar archive of PyTorch before 0.2; open it there and save it "
                            "again");
    for (int i = 0; i < LEGACY_PICKLES; i++) {
        size_t used;
        TRY(pickle_read(data + at, size - at, &used, &pickles[i]));
        at += used;
        TRY(legacy_check(pickles, i));
        if (i < LEGACY_ROOT) pickle_close(&pickles[i]);
    }
    TRY(legacy_list(pickles[LEGACY_ROOT], &legacy));
    TRY(legacy_place(&legacy, pickle_root(pickles[LEGACY_KEYS]), data + at, data + size));
    TRY(pth_take_state(pickle_root(pickles[LEGACY_ROOT]), &legacy.base, bag));
fail:
    free(legacy.items);
    for (int i = 0; i < LEGACY_PICKLES; i++) pickle_close(&pickles[i]);
    return status;
}

// ---- both ---------------------------------------------------------------------------------------

// Its first bytes and its size; zeros when it cannot be read, which the reader will say.
static size_t pth_look(const char *path, unsigned char head[4]) {
    long size = 0;
    bool readable = !file_is_directory(path) && !file_is_special(path);
    FILE *file = readable ? fopen(path, "rb") : NULL;
    memset(head, 0, 4);
    if (!file) return 0;
    if (fread(head, 1, 4, file) == 4 && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    (void)fclose(file);
    return size < 0 ? 0 : (size_t)size;
}

static Status pth_fill(const char *path, bool zip, size_t size, TensorBag *bag) {
    Status status;
    Bytes bytes = {NULL, 0};
    if (size > PTH_FILE_MAX)
        return status_error(STATUS_UNSUPPORTED, TR("%s has %zu MB; at most %zu are read"), path,
                            size >> 20, PTH_FILE_MAX >> 20);
    if (zip) return status_prefix(zip_read(path, size, bag), path);
    TRY(file_read(path, PTH_FILE_MAX, &bytes));
    TRY(tensor_bag_own(bag, bytes.data)); // the tensors lie in it
    TRY(status_prefix(legacy_read(bytes.data, bytes.size, bag), path));
fail:
    return status;
}

// Names come out of the file, and a sentence is one line.
static void make_printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
}

Status pth_read(const char *path, const InferOptions *options, SavedModel **out,
                InferReport *report) {
    Status status;
    TensorBag *bag = NULL;
    unsigned char head[4];
    *out = NULL;
    size_t size = pth_look(path, head);
    TRY(tensor_bag_open(size + PTH_FLOATS_EXTRA, &bag));
    TRY(pth_fill(path, pth_is_zip(head, size), size, bag));
    TRY(status_prefix(infer_model(bag, options, out, report), path));
    if (report) make_printable(report->note);
    if (report) make_printable(report->sentence);
fail:
    tensor_bag_close(&bag);
    make_printable(status.message);
    return status;
}
