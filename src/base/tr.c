// Catalogs of translations; see tr.h.
#include "base/tr.h"

#include "base/file.h"
#include "base/text.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CATALOG_BYTES_MAX = 1 << 24, CATALOG_HEADER = 20 };

struct Catalog {
    Bytes file;
    bool swapped;                        // its numbers have the other byte order
    uint32_t count, texts, translations; // how many; where their tables of (length, offset) begin
};

static const Catalog *_Atomic tr_catalog;

static uint32_t catalog_number(const Catalog *catalog, size_t at) {
    const unsigned char *b = catalog->file.data + at;
    if (catalog->swapped)
        return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static const char *catalog_string(const Catalog *catalog, uint32_t table, uint32_t index) {
    return (const char *)catalog->file.data + catalog_number(catalog, table + index * 8 + 4);
}

// Every string lies in the file, ends in NUL and is UTF-8; the texts are in order.
static bool catalog_table_is_sound(const Catalog *catalog, uint32_t table) {
    uint64_t size = catalog->file.size;
    if (table < CATALOG_HEADER || (uint64_t)table + (uint64_t)catalog->count * 8 > size)
        return false;
    for (uint32_t i = 0; i < catalog->count; i++) {
        uint64_t length = catalog_number(catalog, table + i * 8);
        uint64_t offset = catalog_number(catalog, table + i * 8 + 4);
        if (offset + length >= size || catalog->file.data[offset + length] != '\0') return false;
        if (!text_is_utf8((const char *)catalog->file.data + offset, (size_t)length)) return false;
    }
    return true;
}

static bool catalog_is_sound(Catalog *catalog) {
    if (catalog->file.size < CATALOG_HEADER) return false;
    uint32_t magic = catalog_number(catalog, 0);
    catalog->swapped = magic == 0xDE120495;
    if (magic != 0x950412DE && !catalog->swapped) return false;
    if (catalog_number(catalog, 4) >> 16 != 0) return false; // a format of the future
    catalog->count = catalog_number(catalog, 8);
    catalog->texts = catalog_number(catalog, 12);
    catalog->translations = catalog_number(catalog, 16);
    if (!catalog_table_is_sound(catalog, catalog->texts) ||
        !catalog_table_is_sound(catalog, catalog->translations))
        return false;
    for (uint32_t i = 1; i < catalog->count; i++)
        if (strcmp(catalog_string(catalog, catalog->texts, i - 1),
                   catalog_string(catalog, catalog->texts, i)) >= 0)
            return false;
    return true;
}

Status catalog_open(Catalog **out, const char *path) {
    Status status;
    *out = NULL;
    Catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog) return status_no_memory("a catalog of translations", sizeof *catalog);
    TRY(file_read(path, CATALOG_BYTES_MAX, &catalog->file));
    if (!catalog_is_sound(catalog))
        TRY(status_error(STATUS_FORMAT, "%s is no catalog of translations (.mo, UTF-8)", path));
    *out = catalog;
    return status;
fail:
    catalog_close(&catalog);
    return status;
}

void catalog_close(Catalog **catalog) {
    if (!*catalog) return;
    bytes_close(&(*catalog)->file);
    free(*catalog);
    *catalog = NULL;
}

// The entry of `text`; false: none. A text with a plural is stored as "one NUL many", so that `one`
// finds it.
static bool catalog_index(const Catalog *catalog, const char *text, uint32_t *index) {
    uint32_t low = 0, high = catalog->count;
    if (!text[0]) return false; // what is stored there is the catalog's own description
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(text, catalog_string(catalog, catalog->texts, middle));
        *index = middle;
        if (order == 0) return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

const char *catalog_find(const Catalog *catalog, const char *text) {
    uint32_t index;
    if (!catalog_index(catalog, text, &index)) return NULL;
    const char *found = catalog_string(catalog, catalog->translations, index);
    return found[0] ? found : NULL;
}

void tr_use(const Catalog *catalog) {
    atomic_store(&tr_catalog, catalog);
}

const char *tr(const char *text) {
    const Catalog *catalog = atomic_load(&tr_catalog);
    const char *found = catalog ? catalog_find(catalog, text) : NULL;
    return found ? found : text;
}

const char *tr_n(const char *one, const char *many, long n) {
    const Catalog *catalog = atomic_load(&tr_catalog);
    uint32_t index;
    if (!catalog || !catalog_index(catalog, one, &index)) return n == 1 ? one : many;
    const char *found = catalog_string(catalog, catalog->translations, index);
    uint32_t length = catalog_number(catalog, catalog->translations + index * 8);
    const char *second = found + strlen(found) + 1;
    return n == 1 || second >= found + length ? found : second;
}
