// Good .pth files that were cut short or damaged by chance, and files of another kind: an error
// each, or a network; no crash, no long wait. Those that mean harm: test_pth_hostile.c.
#include "base/rng.h"
#include "base/streams.h"
#include "formats/zip_file.h"

#include "tests/fixture_file.h"
#include "tests/pth_watched.h"

#include <stdlib.h>

// For a longer run: -DMUTATIONS=10 gives ten times as many.
#ifndef MUTATIONS
#define MUTATIONS 1
#endif

static void read_fixture(const char *name, Bytes *out) {
    char from[FILE_PATH_MAX];
    fixture_path(name, ".pth", from);
    assert_ok(file_read(from, 1 << 20, out));
}

static const char *const good[] = {"zip",           "legacy",  "protocol4", "checkpoint",
                                   "shared",        "normed",  "residual",  "slopes",
                                   "legacy_shared", "strided", "grouped"};
enum { GOOD = sizeof good / sizeof good[0] };

static void test_truncated(void **state) {
    (void)state;
    for (int f = 0; f < 3; f++) {
        Bytes bytes;
        read_fixture(good[f], &bytes);
        for (size_t size = 0; size < bytes.size; size++) {
            SavedModel *model;
            write_file(bytes.data, size);
            Status status = read_timed(&model);
            if (status_is_ok(&status)) fail_msg("%s: read although cut at %zu", good[f], size);
        }
        bytes_close(&bytes);
    }
}

static void mutate(Rng *rng, unsigned char *data, size_t size) {
    // Operations, counts and signs: what a random byte seldom hits.
    static const char likely[] = "().]}XKMJtReusqhcQ\x80\x85\x86\x87\x89\x8a\x00\x01\xff\x7f";
    for (uint32_t k = 1 + rng_below(rng, 3); k > 0; k--) {
        uint32_t at = rng_below(rng, (uint32_t)size);
        data[at] =
            (unsigned char)(rng_below(rng, 2) ? rng_next(rng)
                                              : (uint64_t)(unsigned char)
                                                    likely[rng_below(rng, sizeof likely - 1)]);
    }
}

static void test_mutated_files(void **state) {
    (void)state;
    enum { ROUNDS = 150 * MUTATIONS };
    for (int f = 0; f < GOOD; f++) {
        Bytes bytes;
        read_fixture(good[f], &bytes);
        Rng rng = rng_make(100 + (uint64_t)f, STREAM_TEST);
        unsigned char *copy = malloc(bytes.size);
        assert_non_null(copy);
        for (int round = 0; round < ROUNDS; round++) {
            SavedModel *model;
            memcpy(copy, bytes.data, bytes.size);
            mutate(&rng, copy, bytes.size);
            write_file(copy, bytes.size);
            read_timed(&model);
            saved_model_close(&model);
        }
        free(copy);
        bytes_close(&bytes);
    }
}

enum { ENTRIES_MAX = 64 };

// Checksums keep most damage from the pickle: so it is damaged first and packed then.
static void test_mutated_pickles(void **state) {
    (void)state;
    enum { ROUNDS = 150 * MUTATIONS };
    for (int f = 0; f < GOOD; f++) {
        Bytes bytes, entries[ENTRIES_MAX], archive;
        ZipEntry list[ENTRIES_MAX];
        ZipReader *reader;
        if (strncmp(good[f], "legacy", 6) == 0) continue;
        read_fixture(good[f], &bytes);
        write_file(bytes.data, bytes.size);
        bytes_close(&bytes);
        assert_ok(zip_reader_open(path, 1 << 20, &reader));
        int count = zip_reader_count(reader), read = 0;
        assert_in_range(count, 2, ENTRIES_MAX);
        for (int i = 0; i < count; i++) {
            assert_ok(zip_reader_read(reader, i, 1 << 20, &entries[i]));
            list[i] = (ZipEntry){zip_reader_name(reader, i), entries[i].data, entries[i].size};
        }
        unsigned char *pickle = malloc(entries[0].size);
        assert_non_null(pickle);
        list[0].data = pickle;
        Rng rng = rng_make(200 + (uint64_t)f, STREAM_TEST);
        for (int round = 0; round < ROUNDS; round++) {
            SavedModel *model;
            memcpy(pickle, entries[0].data, entries[0].size);
            mutate(&rng, pickle, entries[0].size);
            assert_ok(zip_write(list, count, &archive));
            write_file(archive.data, archive.size);
            bytes_close(&archive);
            read_timed(&model);
            read += model != NULL;
            saved_model_close(&model);
        }
        if (read == 0 || read == ROUNDS)
            fail_msg("%s: %d of %d were read (seed %d)", good[f], read, ROUNDS, 200 + f);
        free(pickle);
        for (int i = 0; i < count; i++) bytes_close(&entries[i]);
        zip_reader_close(&reader);
    }
}

static void test_other_files(void **state) {
    (void)state;
    SavedModel *model;
    char text_path[FILE_PATH_MAX];
    static const char text[] = "a shopping list: bread, cheese, ink\n";
    files_path(text_path, files_directory, "list.pt");
    files_write(text_path, text, sizeof text - 1);
    Status status = format_read(text_path, &model);
    assert_false(status_is_ok(&status));
    files_write(text_path, "", 0);
    assert_fails(format_read(text_path, &model), STATUS_FORMAT, "cut short");
    files_path(text_path, files_directory, "none.pth");
    assert_fails(format_read(text_path, &model), STATUS_NOT_FOUND, "none.pth");
    const ZipEntry entries[] = {{"word/document.xml", text, sizeof text - 1}};
    Bytes archive;
    assert_ok(zip_write(entries, 1, &archive));
    write_file(archive.data, archive.size);
    bytes_close(&archive);
    assert_fails(format_read(path, &model), STATUS_FORMAT, "torch.save did not write it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_mutated_files),
        cmocka_unit_test(test_mutated_pickles),
        cmocka_unit_test(test_other_files),
    };
    return cmocka_run_group_tests(tests, set_up, files_tear_down);
}
