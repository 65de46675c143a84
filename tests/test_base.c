// The ground floor: strict numbers, text, files that are never half written, random numbers.
#include "test.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void numbers_are_strict(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        double value;
    } cases[] = {
        {"0.001", true, 0.001}, {"-3", true, -3},    {"1e-8", true, 1e-8}, {"", false, 0},
        {" 1", false, 0},       {"1 ", false, 0},    {"inf", false, 0},    {"nan", false, 0},
        {"0x10", false, 0},     {"1e999", false, 0}, {"1,5", false, 0},    {"--1", false, 0},
        {"1.5.2", false, 0},    {"1e400", false, 0}, {"+2", true, 2},      {".5", true, 0.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = -99;
        bool good = text_to_double(cases[i].text, &value);
        if (good != cases[i].good || (good && value != cases[i].value))
            fail_msg("text_to_double(\"%s\") gave %d, %g", cases[i].text, good, value);
    }
    long long integer;
    assert_true(text_to_int("9223372036854775807", &integer));
    assert_false(text_to_int("9223372036854775808", &integer));
    assert_false(text_to_int("1.0", &integer));
    assert_false(text_to_int("", &integer));
}

static void doubles_print_short_and_read_back(void **state) {
    (void)state;
    char out[32];
    text_from_double(out, 0.001);
    assert_string_equal(out, "0.001");
    Rng rng = rng_make(7, 1);
    for (int i = 0; i < 2000; i++) {
        double value = rng_normal(&rng) * pow(10, rng_range(&rng, -20, 20)), back;
        text_from_double(out, value);
        assert_true(text_to_double(out, &back));
        assert_true(back == value);
    }
}

static void utf8_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        bool good;
    } cases[] = {
        {"plain", true},
        {"\xE4\xB8\xAD", true},
        {"\xF0\x9F\x96\x8B", true},
        {"\xC0\x80", false},
        {"\xED\xA0\x80", false},
        {"\xF4\x90\x80\x80", false},
        {"\xE4\xB8", false},
        {"\x80", false},
        {"\xFF", false},
        {"\xE0\x9F\xBF", false},
        {"\xF0\x8F\xBF\xBF", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (text_is_utf8(cases[i].bytes, strlen(cases[i].bytes)) != cases[i].good)
            fail_msg("case %zu", i);
}

// Whatever a file's names and values hold, a sentence is one line of UTF-8.
static void sentences_are_one_line_of_utf8(void **state) {
    (void)state;
    static const struct {
        const char *given, *wanted;
    } cases[] = {
        {"plain", "plain"},
        {"a\nb\r\tc\x1b[31m\x7f", "a?b??c?[31m?"},
        {"\xff\xc3\xa9\xc3", "?\xc3\xa9"},
        {"\xe2\x82", ""},
        {"\xe2\x82x", "??x"},
        {"\xc2\x85", "??"},
        {"\xed\xa0\x80", "???"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Status status = status_error(STATUS_FORMAT, "%s", cases[i].given);
        assert_string_equal(status.message, cases[i].wanted);
        status = status_prefix((Status){STATUS_IO, "x"}, cases[i].given);
        assert_true(text_is_utf8(status.message, strlen(status.message)));
    }
    // A character of three bytes that does not fit is left out.
    char many[2 * STATUS_MESSAGE_MAX] = "";
    for (int i = 0; i < STATUS_MESSAGE_MAX / 2; i++) strcat(many, "\xe2\x82\xac");
    Status status = status_error(STATUS_FORMAT, "%s", many);
    assert_true(strlen(status.message) >= STATUS_MESSAGE_MAX - 4);
    assert_true(text_is_utf8(status.message, strlen(status.message)));
}

// However long a name is, what happened stands behind it.
static void reasons_are_told_of_any_name(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 298, 299, 300, 301, 1000, 4095, 60000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *name = calloc(lengths[i] + 1, 1);
        assert_non_null(name);
        memset(name, 'x', lengths[i]);
        if (lengths[i] > 0) name[0] = 'a';
        if (lengths[i] > 1) name[lengths[i] - 1] = 'z';
        Status status = status_errno("open", name, EACCES);
        assert_non_null(strstr(status.message, lengths[i] > 0 ? "open a" : "open \"\""));
        assert_non_null(strstr(status.message,
                               lengths[i] > 1 ? "z: Permission denied" : ": Permission denied"));
        free(name);
    }
}

static void files_are_replaced_whole(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX], gone[FILE_PATH_MAX], pipe[FILE_PATH_MAX];
    Bytes bytes;
    assert_true(files_open(directory));
    files_path(path, directory, "a");
    assert_ok(file_write_atomic(path, "first", 5, 0600));
    assert_ok(file_write_atomic(path, "second one", 10, 0600));
    assert_ok(file_read(path, 100, &bytes));
    assert_int_equal(bytes.size, 10);
    assert_string_equal((char *)bytes.data, "second one");
    bytes_close(&bytes);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_fails(file_read(path, 9, &bytes), STATUS_FORMAT, "has 10 bytes");
    assert_fails(file_read(directory, 100, &bytes), STATUS_IO, "is not a file");
    // Nobody writes into this pipe: to open it as others do would wait for ever.
    files_path(pipe, directory, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_true(file_is_special(pipe) && !file_is_special(path) && !file_is_special(directory));
    assert_fails(file_read(pipe, 100, &bytes), STATUS_IO, "is not a file");
    assert_int_equal(unlink(pipe), 0);
    files_path(gone, directory, "no/such");
    assert_fails(file_read(gone, 100, &bytes), STATUS_NOT_FOUND, "no/such");
    assert_fails(file_write_atomic(gone, "x", 1, 0644), STATUS_IO, "no/such");
    assert_fails(file_write_atomic(directory, "x", 1, 0644), STATUS_IO, "it is a directory");
    assert_fails(file_write_atomic("/dev/null", "x", 1, 0644), STATUS_IO, "not a regular file");
    files_close(directory);
}

// A write that fails half way, as on a full disk: the old file stays, nothing is left beside it.
static void a_failed_write_loses_nothing(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    static char big[100000];
    Bytes bytes;
    assert_true(files_open(directory));
    files_path(path, directory, "model");
    assert_ok(file_write_atomic(path, "precious", 8, 0644));
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 50000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    Status status = file_write_atomic(path, big, sizeof big, 0644);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_fails(status, STATUS_IO, "cannot write");
    assert_ok(file_read(path, 100, &bytes));
    assert_string_equal((char *)bytes.data, "precious");
    bytes_close(&bytes);
    DIR *listing = opendir(directory);
    int entries = 0;
    while (readdir(listing)) entries++;
    closedir(listing);
    assert_int_equal(entries, 3); // ".", ".." and the file
    files_close(directory);
}

static void saving_through_a_link_keeps_the_link(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], real[FILE_PATH_MAX], link[FILE_PATH_MAX];
    Bytes bytes;
    struct stat info;
    assert_true(files_open(directory));
    files_path(real, directory, "real");
    files_path(link, directory, "link");
    assert_ok(file_write_atomic(real, "old", 3, 0644));
    assert_int_equal(symlink(real, link), 0);
    assert_ok(file_write_atomic(link, "new", 3, 0644));
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_ok(file_read(real, 10, &bytes));
    assert_string_equal((char *)bytes.data, "new");
    bytes_close(&bytes);
    files_close(directory);
}

static void permutations_are_permutations(void **state) {
    (void)state;
    enum { N = 1000 };
    uint32_t order[N], again[N];
    bool seen[N] = {false};
    Rng rng = rng_make(3, 9), same = rng;
    rng_permutation(&rng, order, N);
    rng_permutation(&same, again, N);
    int fixed = 0;
    for (int i = 0; i < N; i++) {
        assert_true(order[i] < N && !seen[order[i]]);
        seen[order[i]] = true;
        fixed += order[i] == (uint32_t)i;
        assert_int_equal(order[i], again[i]);
    }
    assert_true(fixed < 10); // one is expected
}

// Each of the six orders of three as often as any other: 1,000 of 6,000, give or take five standard
// deviations of a binomial. One that leaves nothing in its place has two of them only.
static void permutations_are_all_alike(void **state) {
    (void)state;
    enum { DRAWS = 6000, ORDERS = 6 };
    const double deviation = sqrt(DRAWS * (1.0 / ORDERS) * (1 - 1.0 / ORDERS));
    int counts[27] = {0}, found = 0;
    Rng rng = rng_make(17, 4);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t order[3];
        rng_permutation(&rng, order, 3);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        if (counts[i] == 0) continue;
        found++;
        assert_true(fabs(counts[i] - (double)DRAWS / ORDERS) < 5 * deviation);
    }
    assert_int_equal(found, ORDERS);
}

static void random_numbers_have_their_moments(void **state) {
    (void)state;
    enum { N = 200000 };
    Rng rng = rng_make(11, 4);
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&rng);
        sum += x;
        squares += x * x;
    }
    // Five standard errors: 1/sqrt(N) and sqrt(2/N).
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++) counts[rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], 9500, 10500);
}

static void arena_pieces_are_aligned_and_clean(void **state) {
    (void)state;
    Arena arena;
    assert_ok(arena_open(&arena, arena_round(3) + arena_round(100), "a test"));
    unsigned char *a = arena_take(&arena, 3), *b = arena_take(&arena, 100);
    assert_int_equal((uintptr_t)a % ARENA_ALIGN, 0);
    assert_int_equal((uintptr_t)b % ARENA_ALIGN, 0);
    for (int i = 0; i < 100; i++) assert_int_equal(b[i], 0);
    arena_close(&arena);
    arena_close(&arena);
    assert_fails(arena_open(&arena, SIZE_MAX - 8, "the moon"), STATUS_MEMORY, "the moon");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(doubles_print_short_and_read_back),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(sentences_are_one_line_of_utf8),
        cmocka_unit_test(reasons_are_told_of_any_name),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(a_failed_write_loses_nothing),
        cmocka_unit_test(saving_through_a_link_keeps_the_link),
        cmocka_unit_test(permutations_are_permutations),
        cmocka_unit_test(permutations_are_all_alike),
        cmocka_unit_test(random_numbers_have_their_moments),
        cmocka_unit_test(arena_pieces_are_aligned_and_clean),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
