// The download against a server on this machine: whole, resumed, cut, wrong, missing, cancelled.
// Nothing outside 127.0.0.1 is contacted. Skipped without python3, libcurl or libmd.
#include "dataset/fetch.h"

#include "tests/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 300000, URL_MAX = 64, LOG_MAX = 4096 };

// SHA-256 of SIZE bytes, byte i being (i * 7 + i / 256) modulo 256.
static const char good_sum[] = "d08928a168952dcd1f23061570816ee3b9d5c5c01ec65e00adbda68d328f4dbb";
static const char wrong_sum[] = "0000000000000000000000000000000000000000000000000000000000000000";

static char root[FILE_PATH_MAX];
static pid_t server;
static int server_input = -1;
static unsigned port;

static unsigned char content(size_t i) {
    return (unsigned char)(i * 7 + i / 256);
}

// What the server serves and what arrives.
static void write_content(const char *directory, const char *name, size_t size) {
    char path[FILE_PATH_MAX];
    unsigned char *bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) bytes[i] = content(i);
    files_path(path, directory, name);
    files_write(path, bytes, size);
    free(bytes);
}

static bool start_server(const char *script) {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return false;
    server = fork();
    if (server == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execlp("python3", "python3", script, root, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server_input = in[1];
    FILE *answer = fdopen(out[0], "r");
    bool started = fscanf(answer, "%u", &port) == 1;
    fclose(answer);
    return started;
}

static void stop_server(void) {
    close(server_input);
    waitpid(server, NULL, 0);
}

typedef struct Run {
    char directory[FILE_PATH_MAX], file[FILE_PATH_MAX], part[FILE_PATH_MAX];
    char url[2][URL_MAX];
    const char *mirrors[3];
    FetchFile wanted;
    FetchOptions options;
    int calls, cancel_at;
    uint64_t last;
} Run;

static bool on_progress(void *context, const FetchProgress *progress) {
    Run *run = context;
    run->calls++;
    assert_true(progress->file_bytes <= SIZE + 1);
    assert_int_equal(progress->file_count, 1);
    run->last = progress->file_bytes;
    return run->calls != run->cancel_at;
}

// A fresh directory NAME below the root, and the mirrors /first/ and (if not NULL) /second/.
static Run *run_make(const char *name, const char *first, const char *second) {
    Run *run = calloc(1, sizeof *run);
    const char *ways[2] = {first, second};
    files_path(run->directory, root, name);
    files_path(run->file, run->directory, "digits.gz");
    files_path(run->part, run->directory, "digits.gz.part");
    for (int i = 0; i < 2 && ways[i]; i++) {
        snprintf(run->url[i], URL_MAX, "http://127.0.0.1:%u/%s/", port, ways[i]);
        run->mirrors[i] = run->url[i];
    }
    run->wanted = (FetchFile){"digits.gz", good_sum, SIZE, SIZE};
    run->options = (FetchOptions){run->mirrors, &run->wanted, 1, on_progress, run};
    assert_int_equal(file_make_directories(run->directory).code, STATUS_OK);
    return run;
}

static void expect(Run *run, StatusCode code, const char *says) {
    Status status = fetch_files(run->directory, &run->options, NULL);
    if (status.code != code || (says && !strstr(status.message, says))) {
        fail_msg("%s: code %d, expected %d and \"%s\": %s", run->directory, status.code, code,
                 says ? says : "", status.message);
    }
    assert_int_equal(file_exists(run->file), code == STATUS_OK);
    if (code != STATUS_OK) return;
    Bytes bytes;
    assert_int_equal(file_read(run->file, 1 << 20, &bytes).code, STATUS_OK);
    assert_int_equal(bytes.size, SIZE);
    for (size_t i = 0; i < SIZE; i++) assert_int_equal(bytes.data[i], content(i));
    bytes_close(&bytes);
    assert_false(file_exists(run->part));
}

// How the last request was served: "range 1000".
static void expect_served(const char *how) {
    char path[FILE_PATH_MAX];
    Bytes bytes;
    files_path(path, root, "log");
    assert_int_equal(file_read(path, 1 << 20, &bytes).code, STATUS_OK);
    size_t size = strlen(how);
    assert_true(bytes.size > size);
    assert_memory_equal(bytes.data + bytes.size - size - 1, how, size);
    bytes_close(&bytes);
}

static void test_whole(void **state) {
    (void)state;
    Run *run = run_make("whole", "range", NULL);
    expect(run, STATUS_OK, NULL);
    assert_true(run->calls >= 2);
    assert_int_equal(run->last, SIZE);
    // Once more: nothing is asked of the server.
    run->mirrors[0] = "http://127.0.0.1:1/";
    expect(run, STATUS_OK, NULL);
    free(run);
}

static void test_resume(void **state) {
    (void)state;
    Run *run = run_make("resume", "range", NULL);
    write_content(run->directory, "digits.gz.part", 123456);
    expect(run, STATUS_OK, NULL);
    expect_served("range 123456");
    free(run);
}

static void test_resume_refused(void **state) {
    (void)state;
    Run *run = run_make("refused", "plain", NULL);
    write_content(run->directory, "digits.gz.part", 123456);
    expect(run, STATUS_OK, NULL);
    expect_served("plain 0");
    free(run);
}

static void test_part_complete(void **state) {
    (void)state;
    Run *run = run_make("complete", "gone", NULL);
    write_content(run->directory, "digits.gz.part", SIZE);
    expect(run, STATUS_OK, NULL);
    free(run);
}

static void test_part_too_long(void **state) {
    (void)state;
    Run *run = run_make("long", "range", NULL);
    char *bytes = calloc(1, SIZE + 7);
    files_write(run->part, bytes, SIZE + 7);
    free(bytes);
    expect(run, STATUS_OK, NULL);
    free(run);
}

static void test_cut(void **state) {
    (void)state;
    Run *run = run_make("cut", "cut", NULL);
    expect(run, STATUS_IO, "cannot fetch digits.gz");
    assert_true(file_exists(run->part));
    snprintf(run->url[0], URL_MAX, "http://127.0.0.1:%u/range/", port);
    expect(run, STATUS_OK, NULL);
    expect_served("range 150000");
    free(run);
}

static void test_second_mirror(void **state) {
    (void)state;
    Run *run = run_make("second", "gone", "range");
    expect(run, STATUS_OK, NULL);
    free(run);
    run = run_make("third", "cut", "range"); // the second goes on where the first broke off
    expect(run, STATUS_OK, NULL);
    expect_served("range 150000");
    free(run);
}

static void test_wrong_sum(void **state) {
    (void)state;
    Run *run = run_make("wrong", "range", "plain");
    run->wanted.sha256 = wrong_sum;
    expect(run, STATUS_FORMAT, "SHA-256");
    assert_false(file_exists(run->part));
    free(run);
}

static void test_too_much(void **state) {
    (void)state;
    Run *run = run_make("much", "range", NULL);
    run->wanted.unpacked_size = SIZE - 1;
    expect(run, STATUS_FORMAT, "more than");
    assert_false(file_exists(run->part));
    free(run);
}

static void test_missing(void **state) {
    (void)state;
    Run *run = run_make("missing", "gone", NULL);
    expect(run, STATUS_IO, "404");
    run->mirrors[0] = "http://127.0.0.1:1/"; // nobody listens there
    expect(run, STATUS_IO, "127.0.0.1");
    free(run);
}

static void test_cancel(void **state) {
    (void)state;
    Run *run = run_make("cancel", "range", NULL);
    run->cancel_at = 1;
    expect(run, STATUS_CANCELLED, "cancelled");
    run->cancel_at = 0;
    expect(run, STATUS_OK, NULL);
    free(run);
}

// A file of that name that is something else stays as it is.
static void test_present_and_wrong(void **state) {
    (void)state;
    Run *run = run_make("present", "range", NULL);
    files_write(run->file, "mine", 4);
    Status status = fetch_files(run->directory, &run->options, NULL);
    assert_int_equal(status.code, STATUS_FORMAT);
    assert_non_null(strstr(status.message, run->file));
    Bytes bytes;
    assert_int_equal(file_read(run->file, 100, &bytes).code, STATUS_OK);
    assert_string_equal((char *)bytes.data, "mine");
    bytes_close(&bytes);
    free(run);
}

static void test_addresses(void **state) {
    (void)state;
    static const char *const refused[] = {
        "http://example.org/",
        "http://127.0.0.1.example.org/",
        "http://127.0.0.1:80@example.org/",
        "http://localhost@example.org/",
        "http://localhostile/",
        "ftp://127.0.0.1/",
        "file:///etc/",
        "",
        "http://127.0.0.1",
    };
    Run *run = run_make("addresses", "range", NULL);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        run->mirrors[0] = refused[i];
        expect(run, STATUS_USAGE, "only https");
    }
    free(run);
}

static void test_tables(void **state) {
    (void)state;
    int count = 0;
    for (; fetch_mnist_files[count].name; count++) {
        assert_int_equal(strlen(fetch_mnist_files[count].sha256), 64);
        assert_true(fetch_mnist_files[count].unpacked_size > fetch_mnist_files[count].size);
    }
    assert_int_equal(count, 4);
    for (int i = 0; fetch_mnist_mirrors[i]; i++) {
        const char *url = fetch_mnist_mirrors[i];
        assert_memory_equal(url, "https://", 8);
        assert_int_equal(url[strlen(url) - 1], '/');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),          cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_refused), cmocka_unit_test(test_part_complete),
        cmocka_unit_test(test_part_too_long),  cmocka_unit_test(test_cut),
        cmocka_unit_test(test_second_mirror),  cmocka_unit_test(test_wrong_sum),
        cmocka_unit_test(test_too_much),       cmocka_unit_test(test_missing),
        cmocka_unit_test(test_cancel),         cmocka_unit_test(test_present_and_wrong),
        cmocka_unit_test(test_addresses),      cmocka_unit_test(test_tables),
    };
    const char *script = getenv("INKLING_FETCH_SERVER");
    if (!fetch_is_available()) {
        puts("SKIPPED: built without libcurl or libmd");
        return 77;
    }
    if (!script || !files_open(root)) return 77;
    signal(SIGPIPE, SIG_IGN);
    write_content(root, "digits.gz", SIZE);
    if (!start_server(script)) {
        puts("SKIPPED: python3 cannot be started");
        stop_server();
        files_close(root);
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    stop_server();
    files_close(root);
    return failed;
}
