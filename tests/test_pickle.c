// The pickle machine by itself, one operation or fault at a time: what the values come to, and what
// each damage is called. Files around it are test_pth.c and test_pth_hostile.c.
#include "test.h"

#include "formats/pickle.h"

#define BYTES(text) (text), sizeof(text) - 1

// Prints a value as Python would, more or less.
static void print(const PickleValue *value, char *out, size_t size) {
    static const char *const brackets[][2] = {
        [PICKLE_TUPLE] = {"(", ")"}, [PICKLE_LIST] = {"[", "]"}, [PICKLE_DICT] = {"{", "}"}};
    size_t used = strlen(out);
    switch (value->kind) {
    case PICKLE_TUPLE:
    case PICKLE_LIST:
    case PICKLE_DICT:
        snprintf(out + used, size - used, "%s", brackets[value->kind][0]);
        for (size_t i = 0; i < value->size; i++) {
            used = strlen(out);
            bool second = value->kind == PICKLE_DICT && i % 2;
            snprintf(out + used, size - used, "%s", second ? ":" : i ? "," : "");
            print(value->items[i], out, size);
        }
        used = strlen(out);
        snprintf(out + used, size - used, "%s", brackets[value->kind][1]);
        break;
    case PICKLE_INTEGER:
        snprintf(out + used, size - used, "%lld", (long long)value->integer);
        break;
    case PICKLE_NUMBER:
        snprintf(out + used, size - used, "%g", value->number);
        break;
    case PICKLE_TEXT:
        snprintf(out + used, size - used, "'%.*s'", (int)value->size, value->text);
        break;
    case PICKLE_BOOL:
        snprintf(out + used, size - used, "%s", value->integer ? "True" : "False");
        break;
    default:
        snprintf(out + used, size - used, "%s", value->kind == PICKLE_NONE ? "None" : "?");
    }
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *is;
    } cases[] = {
        {BYTES("\x80\x02N."), "None"},
        {BYTES("\x80\x02\x88."), "True"},
        {BYTES("K\xff."), "255"},
        {BYTES("M\x01\x02."), "513"},
        {BYTES("J\xfe\xff\xff\xff."), "-2"},
        {BYTES("I-12\n."), "-12"},
        {BYTES("I01\n."), "True"},
        {BYTES("\x8a\x03\x00\x00\x80."), "-8388608"},
        {BYTES("\x8a\x00."), "0"},
        {BYTES("G\x3f\xf8\0\0\0\0\0\0."), "1.5"},
        {BYTES("X\2\0\0\0ab."), "'ab'"},
        {BYTES("U\1x."), "'x'"},
        {BYTES("K\1K\2\x86."), "(1,2)"},
        {BYTES("K\1K\2K\3\x87."), "(1,2,3)"},
        {BYTES("(K\1(K\2tt."), "(1,(2))"},
        {BYTES("](K\1K\2e."), "[1,2]"},
        {BYTES("]K\1aK\2a."), "[1,2]"},
        {BYTES("}(U\1aK\1U\1bK\2u."), "{'a':1,'b':2}"},
        {BYTES("}U\1aK\1s."), "{'a':1}"},
        {BYTES("(U\1aK\1d."), "{'a':1}"},
        {BYTES("K\7q\0K\x8h\0\x86."), "(8,7)"},
        {BYTES("K\7\x94K\x8\x94h\1h\0\x86\x86."), "(8,(8,7))"},
        {BYTES("K\7q\0\x30h\0."), "7"},
        {BYTES("K\1(K\2K\3\x31."), "1"}, // POP_MARK
        {BYTES("K\1(\x30."), "1"},       // POP takes a mark that has nothing on it
        {BYTES("K\1\x32\x86."), "(1,1)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Pickle *pickle = NULL;
        char text[200] = "";
        size_t used;
        Status status =
            pickle_read((const unsigned char *)cases[i].bytes, cases[i].size, &used, &pickle);
        if (!status_is_ok(&status)) fail_msg("case %zu: %s", i, status.message);
        assert_int_equal(used, cases[i].size);
        print(pickle_root(pickle), text, sizeof text);
        if (strcmp(text, cases[i].is) != 0)
            fail_msg("case %zu is %s, not %s", i, text, cases[i].is);
        pickle_close(&pickle);
    }
}

static void test_damage(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } cases[] = {
        {BYTES(""), "cut short"},
        {BYTES("K"), "cut short"},
        {BYTES("K\1"), "cut short"},
        {BYTES("J\1\2\3"), "cut short"},
        {BYTES("X\5\0\0\0ab."), "cut short"},
        {BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), "cut short"},
        {BYTES("."), "a value is missing"},
        {BYTES("(."), "a value is missing"},
        {BYTES("K\1(."), "a value is missing"},
        {BYTES("\x30."), "a value is missing"},
        {BYTES("\x32."), "a value is missing"},
        {BYTES("\x85."), "a value is missing"},
        {BYTES("K\1\x86."), "a value is missing"},
        {BYTES("K\1(K\2K\3\x87."), "a value is missing"}, // not through a mark
        {BYTES("]a."), "a value is missing"},
        {BYTES("](K\1a."), "a value is missing"},
        {BYTES("}K\1s."), "a value is missing"},
        {BYTES("}(K\1K\2s."), "a value is missing"},
        {BYTES("(K\1e."), "a value is missing"},
        {BYTES("K\1t."), "a mark is missing"},
        {BYTES("]K\1e."), "a mark is missing"},
        {BYTES("\x31."), "a mark is missing"},
        {BYTES("}(K\1u."), "a key without a value"},
        {BYTES("}(K\1K\2K\3u."), "a key without a value"},
        {BYTES("(K\1d."), "a key without a value"},
        {BYTES("K\1K\2a."), "cannot grow"},
        {BYTES("](K\1K\2u."), "cannot grow"},
        {BYTES("}(K\1K\2e."), "cannot grow"},
        {BYTES("h\0."), "never kept"},
        {BYTES("K\1q\1h\0."), "never kept"},
        {BYTES("K\1q\1h\2."), "never kept"},
        {BYTES("K\1r\xff\xff\xff\x7f."), "absurd"},
        {BYTES("I12."), "a line does not end"},
        {BYTES("Iten\n."), "a number is expected"},
        {BYTES("X\1\0\0\0\xff."), "not UTF-8"},
        {BYTES("\xff."), "unknown operation 0xFF at byte 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Pickle *pickle = NULL;
        size_t used;
        Status status =
            pickle_read((const unsigned char *)cases[i].bytes, cases[i].size, &used, &pickle);
        if (status.code != STATUS_FORMAT || !strstr(status.message, cases[i].says))
            fail_msg("case %zu: code %d, \"%s\" does not say \"%s\"", i, (int)status.code,
                     status.message, cases[i].says);
        assert_null(pickle);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
