// .pth files that mean harm: an error each, nothing called, no crash, no long wait, no memory
// beyond the file's size and a bound. Good files that were damaged: test_pth_broken.c.
#include "base/rng.h"
#include "base/streams.h"
#include "base/text.h"
#include "formats/pickle.h"
#include "formats/zip_file.h"

#include "tests/pth_watched.h"

#include <stdlib.h>
#include <zlib.h>

// ---- pickles made by hand -----------------------------------------------------------------------

// A text that holds NULs: its size comes from the literal.
typedef struct Hostile {
    const char *pickle;
    size_t size;
    StatusCode code;
    const char *says;
} Hostile;
#define HOSTILE(text, code, says)                                                                  \
    { text, sizeof(text) - 1, code, says }

// ("storage", FloatStorage, "0", "cpu", count) as a persistent id; the count and all behind it
// follow.
#define STORAGE                                                                                    \
    "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"                                             \
    "0X\3\0\0\0cpuK\4tQ"
#define TENSOR_START "}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(" STORAGE
#define TENSOR_END   "\x89}tRs."
#define HUGE         "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x3f" // 2^62 - 1

static const Hostile hostiles[] = {
    HOSTILE("cos\nsystem\n(S'exit 3'\ntR.", STATUS_UNSUPPORTED, "it names os.system"),
    HOSTILE("cposix\nsystem\n(S'exit 3'\ntR.", STATUS_UNSUPPORTED, "it names posix.system"),
    HOSTILE("\x80\x02"
            "c__builtin__\neval\nX\4\0\0\0"
            "1+1=\x85R.",
            STATUS_UNSUPPORTED, "it names __builtin__.eval"),
    HOSTILE("\x80\x04\x8c\x08"
            "builtins\x8c\x04"
            "exec\x93\x8c\x01x\x85R.",
            STATUS_UNSUPPORTED, "it names builtins.exec"),
    HOSTILE("\x80\x04\x8c\x02os\x8c\x06system\x93.", STATUS_UNSUPPORTED, "it names os.system"),
    HOSTILE("(S'exit 3'\nios\nsystem\n.", STATUS_FORMAT, "unknown operation 0x69"),
    HOSTILE("(cos\nsystem\nS'exit 3'\no.", STATUS_UNSUPPORTED, "it names os.system"),
    HOSTILE("c__main__\nNet\n)\x81}b.", STATUS_UNSUPPORTED, "Python object of class __main__.Net"),
    HOSTILE("c__torch__\nNet\n)\x81}b.", STATUS_UNSUPPORTED, "TorchScript"),
    HOSTILE("cnumpy.core.multiarray\n_reconstruct\n.", STATUS_UNSUPPORTED,
            "numpy.core.multiarray._reconstruct"),
    HOSTILE("ctorch\nload\n.", STATUS_UNSUPPORTED, "it names torch.load"),
    HOSTILE("ctorch._utils\n_rebuild_tensor_v2.eval\n.", STATUS_UNSUPPORTED, "eval"),
    HOSTILE("c\x1b[31m\nx\ty\n.", STATUS_UNSUPPORTED, "it names ?[31m.x?y"),
    // Well-formed calls of what is allowed, with arguments that make no sense.
    HOSTILE("ctorch\nFloatStorage\n)R.", STATUS_FORMAT, "cannot be called"),
    HOSTILE("ctorch._utils\n_rebuild_tensor_v2\n)R.", STATUS_FORMAT, "do not fit"),
    HOSTILE("ctorch._utils\n_rebuild_parameter\n)R.", STATUS_FORMAT, "do not fit"),
    HOSTILE("ccollections\nOrderedDict\n](K\1e\x85R.", STATUS_FORMAT, "do not fit"),
    HOSTILE("ctorch\nSize\nK\1\x85R.", STATUS_FORMAT, "do not fit"),
    HOSTILE("K\1)R.", STATUS_FORMAT, "cannot be called"),
    HOSTILE("ctorch\nSize\nK\1R.", STATUS_FORMAT, "arguments are expected"),
    HOSTILE("K\1Q.", STATUS_FORMAT, "not a PyTorch storage"),
    HOSTILE(")}b.", STATUS_FORMAT, "attributes"),
    // Values that are no state dict.
    HOSTILE("N.", STATUS_FORMAT, "it holds None"),
    HOSTILE("](K\1K\2e.", STATUS_FORMAT, "it holds a list"),
    HOSTILE("}.", STATUS_FORMAT, "a dict with nothing in it"),
    HOSTILE("}X\5\0\0\0epochK\1s.", STATUS_FORMAT, "a dict with epoch"),
    // Cycles: a list and a dict that hold themselves, a checkpoint that is its own state dict.
    HOSTILE("]q\0h\0a.", STATUS_FORMAT, "it holds a list"),
    HOSTILE("}q\0X\5\0\0\0modelh\0s.", STATUS_FORMAT, "a dict with model"),
    HOSTILE("}q\0X\5\0\0\0model}q\1X\3\0\0\0neth\0ss.", STATUS_FORMAT, "a dict with model"),
    HOSTILE("}q\0h\0h\0s.", STATUS_FORMAT, "nothing in it"),
    // Sizes.
    HOSTILE("X\xff\xff\xff\xff"
            "abc.",
            STATUS_FORMAT, "cut short"),
    HOSTILE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
            "abc.",
            STATUS_FORMAT, "cut short"),
    HOSTILE("\x8b\xff\xff\xff\x7f.", STATUS_FORMAT, "cut short"),
    HOSTILE("Nr\xff\xff\xff\xff.", STATUS_FORMAT, "memo number is absurd"),
    HOSTILE("Np99999999999999999999\n.", STATUS_FORMAT, "memo number is absurd"),
    HOSTILE("h\5.", STATUS_FORMAT, "never kept"),
    HOSTILE("I99999999999999999999\n.", STATUS_FORMAT, "a number is expected"),
    HOSTILE("}(K\1u.", STATUS_FORMAT, "a key without a value"),
    HOSTILE("\x80\x06.", STATUS_UNSUPPORTED, "protocol 6"),
    HOSTILE("X\2\0\0\0\xff\xfe.", STATUS_FORMAT, "not UTF-8"),
    HOSTILE("", STATUS_FORMAT, "cut short"),
    HOSTILE(".", STATUS_FORMAT, "a value is missing"),
    HOSTILE("(.", STATUS_FORMAT, "a value is missing"),
    // Tensors: the storage has 4 numbers.
    HOSTILE(TENSOR_START "K\0K\5\x85K\1\x85" TENSOR_END, STATUS_FORMAT, "has 16"),
    HOSTILE(TENSOR_START "K\1K\4\x85K\1\x85" TENSOR_END, STATUS_FORMAT, "has 12"),
    HOSTILE(TENSOR_START "K\5K\0\x85K\1\x85" TENSOR_END, STATUS_FORMAT, "begins at number 5"),
    HOSTILE(TENSOR_START "J\xff\xff\xff\xffK\1\x85K\1\x85" TENSOR_END, STATUS_FORMAT,
            "begins at number -1"),
    HOSTILE(TENSOR_START HUGE "K\1\x85K\1\x85" TENSOR_END, STATUS_FORMAT, "begins at number"),
    HOSTILE(TENSOR_START "K\0" HUGE HUGE "\x86K\1K\1\x86" TENSOR_END, STATUS_FORMAT,
            "larger than any memory"),
    HOSTILE(TENSOR_START "K\0K\2K\2\x86" HUGE HUGE "\x86" TENSOR_END, STATUS_FORMAT, "tensor w"),
    HOSTILE(TENSOR_START "K\0J\xff\xff\xff\xff\x85K\1\x85" TENSOR_END, STATUS_FORMAT,
            "not usable numbers"),
    HOSTILE(TENSOR_START "K\0K\4\x85J\xff\xff\xff\xff\x85" TENSOR_END, STATUS_FORMAT,
            "not usable numbers"),
    HOSTILE(TENSOR_START "K\0K\4\x85)" TENSOR_END, STATUS_FORMAT, "1 dimensions and 0 strides"),
    HOSTILE(TENSOR_START "K\0J\0\0\0\x7f\x85K\0\x85" TENSOR_END, STATUS_FORMAT,
            "far more than the file's size"),
    HOSTILE(TENSOR_START "K\0K\4\x85K\1\x85" TENSOR_END, STATUS_UNSUPPORTED, "w [4]"),
};

// A zip archive around a pickle, with one storage of 16 bytes.
static void write_archive(const void *pickle, size_t size) {
    static const unsigned char numbers[16] = {0};
    const ZipEntry entries[] = {{"a/data.pkl", pickle, size},
                                {"a/data/0", numbers, sizeof numbers}};
    Bytes archive;
    assert_ok(zip_write(entries, 2, &archive));
    write_file(archive.data, archive.size);
    bytes_close(&archive);
}

static void test_hostile_pickles(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hostiles / sizeof hostiles[0]; i++) {
        const Hostile *h = &hostiles[i];
        SavedModel *model;
        write_archive(h->pickle, h->size);
        Status status = read_timed(&model);
        if (status.code != h->code || !strstr(status.message, h->says))
            fail_msg("row %zu: code %d \"%s\", not %d \"%s\"", i, (int)status.code, status.message,
                     (int)h->code, h->says);
    }
}

// Every operation on an empty stack, on a mark and on a few values.
static void test_every_operation(void **state) {
    (void)state;
    static const char *const starts[] = {"", "(", "N", "(N", "}N", "NN(", ")(]K\1", "}(NN"};
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        for (int op = 0; op < 256; op++) {
            for (size_t tail = 0; tail < 12; tail++) {
                unsigned char text[32] = {0};
                size_t size = strlen(starts[s]), used;
                memcpy(text, starts[s], size);
                text[size++] = (unsigned char)op;
                Pickle *pickle;
                Status status = pickle_read(text, size + tail, &used, &pickle);
                assert_int_equal(status_is_ok(&status), pickle != NULL);
                pickle_close(&pickle);
            }
        }
    }
}

// Programs of operations drawn at random run until they fail or stop.
static void test_random_programs(void **state) {
    (void)state;
    enum { ROUNDS = 20000, OPS = 60 };
    static const char *const pieces[] = {"(",
                                         "0",
                                         "1",
                                         "2",
                                         "N",
                                         "\x88",
                                         "K\1",
                                         "K\2",
                                         "X\1\0\0\0a",
                                         "X\5\0\0\0model",
                                         "]",
                                         "}",
                                         ")",
                                         "t",
                                         "\x85",
                                         "\x86",
                                         "\x87",
                                         "l",
                                         "d",
                                         "a",
                                         "e",
                                         "s",
                                         "u",
                                         "\x94",
                                         "h\0",
                                         "h\1",
                                         "h\2",
                                         "q\0",
                                         "q\1",
                                         "R",
                                         "\x81",
                                         "b",
                                         "Q",
                                         "ccollections\nOrderedDict\n",
                                         "ctorch\nSize\n",
                                         "ctorch\nFloatStorage\n",
                                         "ctorch._utils\n_rebuild_tensor_v2\n",
                                         "ctorch._utils\n_rebuild_parameter\n",
                                         "\x8f",
                                         "\x90",
                                         "\x91",
                                         STORAGE};
    static const size_t sizes[] = {[8] = 6, [9] = 10, [24] = 2};
    Rng rng = rng_make(2, STREAM_TEST);
    int ran = 0;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char text[OPS * 64];
        size_t size = 0, used;
        for (int i = 0; i < OPS; i++) {
            size_t piece = rng_below(&rng, sizeof pieces / sizeof pieces[0]);
            size_t length = piece < sizeof sizes / sizeof sizes[0] && sizes[piece]
                                ? sizes[piece]
                                : strlen(pieces[piece]);
            if (strncmp(pieces[piece], "q", 1) == 0) length = 2;
            if (piece == sizeof pieces / sizeof pieces[0] - 1) length = sizeof(STORAGE) - 1;
            memcpy(text + size, pieces[piece], length);
            size += length;
            if (i > 3 && rng_below(&rng, 6) == 0) break;
        }
        text[size++] = '.';
        Pickle *pickle;
        Status status = pickle_read(text, size, &used, &pickle);
        assert_int_equal(status_is_ok(&status), pickle != NULL);
        ran += pickle != NULL;
        pickle_close(&pickle);
    }
    if (ran < ROUNDS / 200) fail_msg("only %d of %d ran to their end (seed 2)", ran, ROUNDS);
}

// ---- bombs --------------------------------------------------------------------------------------

static void read_bomb(const char *unit, size_t unit_size, size_t count, const char *says) {
    unsigned char *text = malloc(unit_size * count + 1);
    SavedModel *model;
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) memcpy(text + i * unit_size, unit, unit_size);
    text[unit_size * count] = '.';
    write_archive(text, unit_size * count + 1);
    free(text);
    Status status = read_timed(&model);
    if (status_is_ok(&status) || !strstr(status.message, says))
        fail_msg("\"%s\" does not say \"%s\"", status.message, says);
}

static void test_bombs(void **state) {
    (void)state;
    const size_t many = (size_t)24 << 20;
    read_bomb("]", 1, many, "more than");                  // values
    read_bomb("(", 1, many, "more than");                  // marks
    read_bomb("]\x94", 2, many / 2, "more than");          // memo
    read_bomb("N2", 2, many / 2, "more than");             // a deep stack
    read_bomb("]q\0h\0h\0h\0h\0e", 12, many / 12, "mark"); // adding without a mark
    read_bomb("](h\0e", 5, 1, "never kept");
    // Lists that hold the one before ten times each: small here, 10^1000 things for who walks it.
    unsigned char text[32768];
    size_t size = 0;
    for (int i = 0; i < 1000; i++) {
        memcpy(text + size, i ? "](h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0eq\0" : "]q\0", i ? 25 : 3);
        size += i ? 25 : 3;
    }
    text[size++] = '.';
    SavedModel *model;
    write_archive(text, size);
    assert_fails(read_timed(&model), STATUS_FORMAT, "it holds a list");
    // 1000 lists in each other, and a text of 20 MB.
    read_bomb("]]", 2, 500, "it holds a list");
    size = (size_t)20 << 20;
    unsigned char *big = malloc(size + 6);
    assert_non_null(big);
    memset(big, 'a', size + 6);
    const unsigned char head[5] = {'X', 0, 0, 0x40, 1};
    memcpy(big, head, 5);
    big[size + 5] = '.';
    write_archive(big, size + 6);
    free(big);
    assert_fails(read_timed(&model), STATUS_FORMAT, "it holds text");
}

static void put_number(unsigned char **at, uint32_t value, int size) {
    for (int i = 0; i < size; i++) *(*at)++ = (unsigned char)(value >> 8 * i);
}

// An entry of `size` zeros, packed, under the name a/data.pkl: written here by hand, as zip_write
// does not pack.
static size_t make_zip_bomb(size_t size, unsigned char *out, size_t room) {
    static const char name[] = "a/data.pkl";
    unsigned char *zeros = calloc(1, size), *at = out;
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_non_null(zeros);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = zeros;
    z.avail_in = (uInt)size;
    z.next_out = out + 40;
    z.avail_out = (uInt)(room - 200);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    uint32_t packed = (uint32_t)z.total_out, crc = (uint32_t)crc32(0, zeros, (uInt)size);
    deflateEnd(&z);
    free(zeros);
    for (int central = 0; central < 2; central++) {
        put_number(&at, central ? 0x02014B50 : 0x04034B50, 4);
        if (central) put_number(&at, 20, 2);
        put_number(&at, 20, 2);
        put_number(&at, 0, 2);
        put_number(&at, 8, 2);
        put_number(&at, 0x00210000, 4);
        put_number(&at, crc, 4);
        put_number(&at, packed, 4);
        put_number(&at, (uint32_t)size, 4);
        put_number(&at, 10, 2);
        put_number(&at, 0, 2);
        for (int i = 0; central && i < 14; i++) put_number(&at, 0, 1);
        memcpy(at, name, 10);
        at += 10 + (central ? 0 : packed);
    }
    uint32_t start = 40 + packed, length = (uint32_t)(at - out) - start;
    put_number(&at, 0x06054B50, 4);
    put_number(&at, 0, 4);
    put_number(&at, 0x00010001, 4);
    put_number(&at, length, 4);
    put_number(&at, start, 4);
    put_number(&at, 0, 2);
    return (size_t)(at - out);
}

static void test_zip_bomb(void **state) {
    (void)state;
    const size_t room = (size_t)1 << 20;
    unsigned char *archive = malloc(room);
    SavedModel *model;
    assert_non_null(archive);
    size_t size = make_zip_bomb((size_t)200 << 20, archive, room);
    write_file(archive, size);
    assert_fails(read_timed(&model), STATUS_FORMAT, "far more than it can need");
    size = make_zip_bomb((size_t)20 << 20, archive, room); // allowed, and still no pickle
    write_file(archive, size);
    assert_fails(read_timed(&model), STATUS_FORMAT, "unknown operation 0x00");
    free(archive);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_pickles), cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_random_programs), cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_zip_bomb),
    };
    return cmocka_run_group_tests(tests, set_up, files_tear_down);
}
