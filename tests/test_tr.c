// Catalogs of translations: what is found, plurals, both byte orders, and files that are broken.
#include "files.h"
#include "test.h"

#include "base/tr.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

enum { ENTRIES = 6, ROOM = 512, TEXTS_AT = 28, TRANSLATIONS_AT = TEXTS_AT + ENTRIES * 8 };

typedef struct Entry {
    const char *text;
    size_t text_size;
    const char *translation;
    size_t translation_size;
} Entry;

#define ENTRY(text, translation)                                                                   \
    { text, sizeof(text) - 1, translation, sizeof(translation) - 1 }

static const Entry entries[ENTRIES] = {
    ENTRY("", "Content-Type: text/plain; charset=UTF-8\n"),
    ENTRY("%d run\0%d runs", "%d Lauf\0%d L\xc3\xa4ufe"),
    ENTRY("Permission denied", "keine Erlaubnis"),
    ENTRY("Stop", ""),
    ENTRY("Train##train", "\xe8\xae\xad\xe7\xbb\x83##train"),
    ENTRY("cannot write %s: %s", "%s ist nicht zu schreiben: %s"),
};

static void put(uint8_t *at, uint32_t number, bool swapped) {
    for (int i = 0; i < 4; i++) at[swapped ? 3 - i : i] = (uint8_t)(number >> 8 * i);
}

static size_t make(uint8_t out[ROOM], bool swapped) {
    const uint32_t head[] = {0x950412DE, 0, ENTRIES, TEXTS_AT, TRANSLATIONS_AT, 0, 0};
    uint32_t at = TRANSLATIONS_AT + ENTRIES * 8;
    memset(out, 0, ROOM);
    for (int i = 0; i < 7; i++) put(out + 4 * i, head[i], swapped);
    for (int table = 0; table < 2; table++)
        for (int i = 0; i < ENTRIES; i++) {
            const Entry *e = &entries[i];
            uint8_t *row = out + (table ? TRANSLATIONS_AT : TEXTS_AT) + 8 * i;
            size_t size = table ? e->translation_size : e->text_size;
            memcpy(out + at, table ? e->translation : e->text, size);
            put(row, (uint32_t)size, swapped);
            put(row + 4, at, swapped);
            at += (uint32_t)size + 1;
        }
    return at;
}

static Status open_bytes(const char *directory, const uint8_t *bytes, size_t size, Catalog **out) {
    char path[FILE_PATH_MAX];
    files_path(path, directory, "x.mo");
    files_write(path, bytes, size);
    return catalog_open(out, path);
}

static void texts_are_found(void **state) {
    uint8_t bytes[ROOM];
    for (int swapped = 0; swapped < 2; swapped++) {
        Catalog *catalog;
        size_t size = make(bytes, swapped);
        assert_ok(open_bytes(*state, bytes, size, &catalog));
        assert_string_equal(catalog_find(catalog, "Train##train"),
                            "\xe8\xae\xad\xe7\xbb\x83##train");
        assert_null(catalog_find(catalog, "Train"));
        assert_null(catalog_find(catalog, ""));
        assert_null(catalog_find(catalog, "Stop"));
        tr_use(catalog);
        assert_string_equal(tr("Train##train"), "\xe8\xae\xad\xe7\xbb\x83##train");
        assert_string_equal(tr("Stop"), "Stop");
        assert_string_equal(tr(""), "");
        assert_string_equal(tr_n("%d run", "%d runs", 1), "%d Lauf");
        assert_string_equal(tr_n("%d run", "%d runs", 2), "%d L\xc3\xa4ufe");
        // What a Status says, too; a sentence that the catalog lacks stays as it is.
        Status status = status_errno("write", "/x", EACCES);
        assert_string_equal(status.message, "/x ist nicht zu schreiben: keine Erlaubnis");
        status = status_error(STATUS_USAGE, "%d is too many", 3);
        assert_string_equal(status.message, "3 is too many");
        tr_use(NULL);
        status = status_errno("write", "/x", EACCES);
        assert_string_equal(status.message, "cannot write /x: Permission denied");
        assert_string_equal(tr("Train##train"), "Train##train");
        assert_string_equal(tr_n("%d run", "%d runs", 1), "%d run");
        assert_string_equal(tr_n("%d run", "%d runs", 0), "%d runs");
        catalog_close(&catalog);
        assert_null(catalog);
    }
}

// Every byte changed, every length: refused with a sentence or read, and never beyond the file.
static void broken_files_are_refused_or_read(void **state) {
    uint8_t bytes[ROOM];
    size_t size = make(bytes, false);
    Catalog *catalog;
    int refused = 0;
    for (size_t cut = 0; cut < size; cut++) {
        Status status = open_bytes(*state, bytes, cut, &catalog);
        assert_int_equal(status.code, STATUS_FORMAT);
        assert_null(catalog);
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t before = bytes[i];
        bytes[i] ^= 0xFF;
        Status status = open_bytes(*state, bytes, size, &catalog);
        if (status_is_ok(&status)) {
            for (int k = 0; k < ENTRIES; k++) catalog_find(catalog, entries[k].text);
            catalog_close(&catalog);
        } else {
            refused++;
        }
        bytes[i] = before;
    }
    assert_true(refused > TEXTS_AT / 2);
    Status status = catalog_open(&catalog, "/no/such/file.mo");
    assert_int_equal(status.code, STATUS_NOT_FOUND);
}

static int open_directory(void **state) {
    char *directory = malloc(FILE_PATH_MAX);
    *state = directory;
    return files_open(directory) ? 0 : -1;
}

static int close_directory(void **state) {
    files_close(*state);
    free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_found),
        cmocka_unit_test(broken_files_are_refused_or_read),
    };
    return cmocka_run_group_tests(tests, open_directory, close_directory);
}
