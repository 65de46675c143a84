// Data sets as a whole: where they are found, what they must agree in, orders, batches and splits.
#include "dataset/batch.h"
#include "dataset/dataset.h"
#include "dataset/idx.h"
#include "dataset/split.h"

#include "base/thread.h"
#include "tests/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[FILE_PATH_MAX];
static const char *const names[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                     "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

// Writes file `role` of a set with `n` images of height h and width w; label i is i % classes.
static void write_file(const char *path, int role, uint32_t n, uint32_t h, uint32_t w,
                       uint32_t classes) {
    const uint32_t dimensions[3] = {n, h, w};
    size_t size = role % 2 == 0 ? (size_t)n * h * w : n;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(role % 2 == 0 ? i : i % classes);
    }
    assert_int_equal(idx_write(path, role % 2 == 0 ? 3 : 1, dimensions, bytes).code, STATUS_OK);
    free(bytes);
}

static void pack(const char *path) {
    Bytes bytes;
    char packed[FILE_PATH_MAX + 3];
    assert_int_equal(file_read(path, 1 << 20, &bytes).code, STATUS_OK);
    snprintf(packed, sizeof packed, "%s.gz", path);
    files_write_gzip(packed, bytes.data, bytes.size);
    bytes_close(&bytes);
    remove(path);
}

// A good set of 12 + 6 images of 4 x 5 in root/below, with PREFIX before the names.
static void write_set(char directory[FILE_PATH_MAX], const char *below, const char *prefix,
                      const char *const files[4], bool packed) {
    files_path(directory, root, below);
    assert_int_equal(file_make_directories(directory).code, STATUS_OK);
    for (int role = 0; role < 4; role++) {
        char name[128], path[FILE_PATH_MAX];
        snprintf(name, sizeof name, "%s%s", prefix, files[role]);
        files_path(path, directory, name);
        write_file(path, role, role < 2 ? 12 : 6, 4, 5, 3);
        if (packed) pack(path);
    }
}

typedef struct Layout {
    const char *below, *asked, *prefix, *name;
    const char *files[4];
    bool packed;
} Layout;

static const Layout layouts[] = {
    {"plain",
     "plain",
     "",
     "plain",
     {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"},
     false},
    {"dots",
     "dots",
     "",
     "dots",
     {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte",
      "t10k-labels.idx1-ubyte"},
     true},
    {"tv/Fashion/raw",
     "tv/Fashion",
     "",
     "Fashion",
     {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"},
     true},
    {"torch/MNIST/raw",
     "torch",
     "",
     "MNIST",
     {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"},
     false},
    {"one",
     "one",
     "letters-",
     "letters",
     {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte",
      "test-labels-idx1-ubyte"},
     true},
    {"one",
     "one/letters",
     "letters-",
     "letters",
     {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte",
      "test-labels-idx1-ubyte"},
     true},
};

static void test_layouts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const Layout *layout = &layouts[i];
        char directory[FILE_PATH_MAX], asked[FILE_PATH_MAX];
        write_set(directory, layout->below, layout->prefix, layout->files, layout->packed);
        files_path(asked, root, layout->asked);
        DatasetRequest request = {.data = asked};
        Dataset *dataset;
        Status status = dataset_open(&dataset, &request, NULL);
        if (!status_is_ok(&status)) fail_msg("%s: %s", layout->asked, status.message);
        assert_string_equal(dataset->name, layout->name);
        assert_int_equal(dataset->train.n, 12);
        assert_int_equal(dataset->test.n, 6);
        assert_int_equal(dataset->train.height, 4);
        assert_int_equal(dataset->train.width, 5);
        assert_int_equal(dataset->classes, 3);
        for (int p = 0; p < 12 * 20; p++) assert_int_equal(dataset->train.pixels[p], p);
        dataset_close(&dataset);
    }
}

static void expect_error(const char *data, StatusCode code, const char *says) {
    DatasetRequest request = {.data = data};
    Dataset *dataset;
    Status status = dataset_open(&dataset, &request, NULL);
    assert_null(dataset);
    if (status.code != code || !strstr(status.message, says)) {
        fail_msg("%s: code %d, expected %d and \"%s\": %s", data, status.code, code, says,
                 status.message);
    }
}

typedef struct Fault {
    int role;
    uint32_t n, h, w, classes;
    const char *says;
} Fault;

// One file of a good set replaced by one that does not fit the others.
static void test_mismatches(void **state) {
    (void)state;
    static const Fault faults[] = {
        {0, 11, 4, 5, 3, "11 images, but train-labels-idx1-ubyte has 12 labels"},
        {1, 13, 0, 0, 3, "12 images, but train-labels-idx1-ubyte has 13 labels"},
        {3, 5, 0, 0, 3, "6 images, but t10k-labels-idx1-ubyte has 5 labels"},
        {2, 6, 5, 5, 3, "5 x 5"},
        {2, 6, 5, 4, 3, "4 x 5"},
        {1, 12, 0, 0, 200, "label"},
    };
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0] - 1; i++) {
        const Fault *f = &faults[i];
        write_set(directory, "faulty", "", names, false);
        files_path(path, directory, names[f->role]);
        write_file(path, f->role, f->n, f->h, f->w, f->classes);
        expect_error(directory, STATUS_FORMAT, f->says);
    }
    write_set(directory, "faulty", "", names, false);
    files_path(path, directory, names[3]);
    remove(path);
    expect_error(directory, STATUS_FORMAT, "test labels are missing");
    files_path(path, directory, names[0]);
    expect_error(path, STATUS_USAGE, "is a file");
}

static void test_not_there(void **state) {
    (void)state;
    char path[FILE_PATH_MAX];
    files_path(path, root, "nowhere");
    expect_error(path, STATUS_NOT_FOUND, path);
    files_path(path, root, "empty");
    assert_int_equal(file_make_directories(path).code, STATUS_OK);
    expect_error(path, STATUS_NOT_FOUND, "train-images-idx3-ubyte");
    expect_error("synthetic:x", STATUS_USAGE, "seed");
    expect_error("synthetic:-1", STATUS_USAGE, "seed");
    char directory[FILE_PATH_MAX];
    write_set(directory, "two", "a-", names, false);
    write_set(directory, "two", "b-", names, false);
    expect_error(directory, STATUS_USAGE, "several data sets");
    files_path(path, root, "two/b");
    DatasetPlace place;
    assert_int_equal(dataset_look_in(path, &place).code, STATUS_OK);
    assert_string_equal(place.name, "b");
    files_path(path, root, "two/c");
    expect_error(path, STATUS_NOT_FOUND, "two/c");
}

// EMNIST's files hold their images column by column.
static void test_emnist(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    write_set(directory, "em", "emnist-letters-", names, false);
    for (int role = 0; role < 4; role += 2) {
        char name[128];
        snprintf(name, sizeof name, "emnist-letters-%s", names[role]);
        files_path(path, directory, name);
        write_file(path, role, role == 0 ? 12 : 6, 4, 4, 0);
    }
    DatasetRequest request = {.data = directory};
    Dataset *dataset;
    assert_int_equal(dataset_open(&dataset, &request, NULL).code, STATUS_OK);
    for (int y = 0; y < 4; y++) {
        for (int x = 0; x < 4; x++)
            assert_int_equal(dataset->train.pixels[16 + y * 4 + x], 16 + x * 4 + y);
    }
    dataset_close(&dataset);
}

typedef struct Said {
    char text[512];
    int count;
} Said;

static void on_log(void *context, LogLevel level, const char *message) {
    (void)level;
    Said *said = context;
    snprintf(said->text + strlen(said->text), sizeof said->text - strlen(said->text), "%s\n",
             message);
    said->count++;
}

static void set_home(const char *below) {
    char path[FILE_PATH_MAX];
    files_path(path, root, below);
    setenv("XDG_DATA_HOME", path, 1);
}

// The order of places: each one, when it is there, comes before the next.
static void test_order(void **state) {
    (void)state;
    char at[4][FILE_PATH_MAX], beside[FILE_PATH_MAX];
    write_set(at[3], "source/data", "", names, true);
    files_path(beside, root, "source");
    const char *const places[] = {"/nonexistent", beside, NULL};
    DatasetRequest request = {.beside = places, .synthetic_train_n = 20, .synthetic_test_n = 10};
    DatasetPlace place;
    Said said = {0};
    Logger log = {on_log, &said};

    unsetenv("INKLING_DATA");
    set_home("home");
    DatasetRequest nothing = {.synthetic_train_n = 20, .synthetic_test_n = 10};
    Dataset *dataset;
    assert_int_equal(dataset_open(&dataset, &nothing, &log).code, STATUS_OK);
    assert_true(dataset->synthetic);
    assert_non_null(strstr(said.text, "No MNIST files found"));
    dataset_close(&dataset);

    assert_int_equal(dataset_find(&request, NULL, &place).code, STATUS_OK);
    assert_string_equal(place.directory, at[3]);
    write_set(at[2], "home/inkling/mnist", "", names, false);
    assert_int_equal(dataset_find(&request, NULL, &place).code, STATUS_OK);
    assert_string_equal(place.directory, at[2]);
    write_set(at[1], "environment", "", names, false);
    setenv("INKLING_DATA", at[1], 1);
    assert_int_equal(dataset_find(&request, NULL, &place).code, STATUS_OK);
    assert_string_equal(place.directory, at[1]);
    write_set(at[0], "named", "", names, false);
    request.data = at[0];
    assert_int_equal(dataset_find(&request, NULL, &place).code, STATUS_OK);
    assert_string_equal(place.directory, at[0]);
    request.data = "synthetic:5";
    assert_int_equal(dataset_find(&request, NULL, &place).code, STATUS_OK);
    assert_true(place.synthetic && place.seed == 5);

    // What is there but broken is not passed over.
    char file[FILE_PATH_MAX];
    files_path(file, at[2], names[2]);
    files_write(file, "rubbish!", 8);
    request.data = NULL;
    unsetenv("INKLING_DATA");
    Status status = dataset_open(&dataset, &request, NULL);
    assert_int_equal(status.code, STATUS_FORMAT);
    assert_non_null(strstr(status.message, file));
    setenv("INKLING_DATA", "/nonexistent", 1);
    status = dataset_open(&dataset, &request, NULL);
    assert_int_equal(status.code, STATUS_NOT_FOUND);
    assert_non_null(strstr(status.message, "$INKLING_DATA"));
    unsetenv("INKLING_DATA");
}

static void test_class_names(void **state) {
    (void)state;
    static const struct {
        uint32_t classes;
        const char *first, *last;
    } cases[] = {{10, "0", "9"}, {2, "0", "1"},  {26, "A", "Z"}, {27, "-", "Z"},
                 {36, "0", "Z"}, {47, "0", "t"}, {62, "0", "z"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[DATASET_CLASSES_MAX][DATASET_CLASS_NAME_MAX];
        dataset_class_names(cases[i].classes, found);
        assert_string_equal(found[0], cases[i].first);
        assert_string_equal(found[cases[i].classes - 1], cases[i].last);
    }
}

static bool is_permutation(const uint32_t *order, uint32_t n) {
    bool *seen = calloc(n, sizeof *seen);
    bool good = true;
    for (uint32_t i = 0; i < n; i++) {
        good &= order[i] < n && !seen[order[i]];
        if (order[i] < n) seen[order[i]] = true;
    }
    free(seen);
    return good;
}

static void test_order_of_epochs(void **state) {
    (void)state;
    enum { N = 1000 };
    uint32_t a[N], b[N], plain[N];
    batch_order(1, 0, true, NULL, N, a);
    assert_true(is_permutation(a, N));
    batch_order(1, 0, true, NULL, N, b);
    assert_memory_equal(a, b, sizeof a);
    batch_order(1, 1, true, NULL, N, b);
    assert_true(is_permutation(b, N));
    assert_memory_not_equal(a, b, sizeof a);
    batch_order(2, 0, true, NULL, N, b);
    assert_memory_not_equal(a, b, sizeof a);
    batch_order(1, 5, false, NULL, N, plain);
    for (uint32_t i = 0; i < N; i++) assert_int_equal(plain[i], i);
    uint32_t some[3] = {40, 7, 19}, out[3];
    batch_order(1, 0, false, some, 3, out);
    assert_memory_equal(some, out, sizeof some);
    batch_order(1, 0, true, some, 3, out);
    assert_int_equal(out[0] + out[1] + out[2], 66);
}

static void test_batches(void **state) {
    (void)state;
    assert_int_equal(batch_count(60000, 64), 938);
    assert_int_equal(batch_images(60000, 64, 937), 32);
    assert_int_equal(batch_images(60000, 64, 936), 64);
    assert_int_equal(batch_count(5, 64), 1);
    assert_int_equal(batch_images(5, 64, 0), 5);
    enum { N = 10, BYTES = 3 * 4 * 5 };
    uint8_t pixels[N * BYTES], labels[N], out[3 * BYTES], out_labels[3];
    for (int i = 0; i < N * BYTES; i++) pixels[i] = (uint8_t)(i / BYTES * 10);
    for (int i = 0; i < N; i++) labels[i] = (uint8_t)i;
    const ImageSet set = {N, 3, 4, 5, pixels, labels};
    const uint32_t order[3] = {9, 0, 4};
    batch_gather(&set, order, 3, out, out_labels);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(out_labels[i], order[i]);
        assert_int_equal(out[i * BYTES], order[i] * 10);
        assert_int_equal(out[i * BYTES + BYTES - 1], order[i] * 10);
    }
    // Several planes get the same warp; a batch in parts is the batch.
    const AugmentConfig *config = &augment_find("strong")->config;
    uint8_t parts[3 * BYTES];
    batch_gather_augmented(&set, order, 3, config, 1, 2, out, out_labels);
    batch_gather_augmented(&set, order, 1, config, 1, 2, parts, NULL);
    batch_gather_augmented(&set, order + 1, 2, config, 1, 2, parts + BYTES, NULL);
    assert_memory_equal(out, parts, sizeof out);
    for (int i = 0; i < 3; i++) assert_memory_equal(out + i * BYTES, out + i * BYTES + 20, 20);
}

static void test_split(void **state) {
    (void)state;
    Split split, again;
    assert_int_equal(split_open(&split, 1000, 0, 100, 7).code, STATUS_OK);
    assert_int_equal(split.train_n, 900);
    assert_int_equal(split.held_n, 100);
    uint32_t all[1000];
    memcpy(all, split.train, 900 * sizeof *all);
    memcpy(all + 900, split.held, 100 * sizeof *all);
    assert_true(is_permutation(all, 1000));
    for (int i = 1; i < 100; i++) assert_true(split.held[i] > split.held[i - 1]);
    assert_int_equal(split_open(&again, 1000, 0, 100, 7).code, STATUS_OK);
    assert_memory_equal(split.held, again.held, 100 * sizeof *split.held);
    split_close(&again);
    assert_int_equal(split_open(&again, 1000, 0, 100, 8).code, STATUS_OK);
    assert_memory_not_equal(split.held, again.held, 100 * sizeof *split.held);
    split_close(&again);
    split_close(&split);
    assert_int_equal(split_open(&split, 1000, 50, 0, 7).code, STATUS_OK);
    assert_int_equal(split.train_n, 50);
    assert_int_equal(split.train[49], 49);
    split_close(&split);
    assert_int_equal(split_open(&split, 10, 0, 10, 7).code, STATUS_USAGE);
    assert_int_equal(split_open(&split, 0, 0, 0, 7).code, STATUS_USAGE);
}

static void test_arrays(void **state) {
    (void)state;
    const uint8_t pixels[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t labels[2] = {0, 0};
    ImageSet set = {2, 1, 2, 2, pixels, labels};
    Dataset *dataset;
    assert_int_equal(dataset_open_arrays(&dataset, "mine", &set, &set).code, STATUS_OK);
    assert_int_equal(dataset->classes, DATASET_CLASSES_MIN); // one class only: still two bars
    assert_ptr_not_equal(dataset->train.pixels, pixels);
    assert_memory_equal(dataset->test.pixels, pixels, 8);
    dataset_close(&dataset);
    labels[1] = 62;
    assert_int_equal(dataset_open_arrays(&dataset, "mine", &set, &set).code, STATUS_FORMAT);
    set.n = 0;
    assert_int_equal(dataset_open_arrays(&dataset, "mine", &set, &set).code, STATUS_FORMAT);
}

static void test_mnist(void **state) {
    const char *directory = *state;
    if (!directory || !file_is_directory(directory)) {
        puts("SKIPPED: $INKLING_DATA names no directory with MNIST");
        skip();
    }
    DatasetRequest request = {.data = directory};
    Dataset *dataset;
    double start = clock_seconds();
    Status status = dataset_open(&dataset, &request, NULL);
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
    printf("MNIST loaded in %.3f s\n", clock_seconds() - start);
    assert_string_equal(dataset->name, "MNIST");
    assert_int_equal(dataset->classes, 10);
    assert_int_equal(dataset->train.labels[59999], 8);
    assert_int_equal(dataset->test.labels[0], 7);
    dataset_close(&dataset);
}

int main(void) {
    // test_order changes the environment.
    const char *environment = getenv("INKLING_DATA");
    char *mnist = NULL;
    if (environment) {
        mnist = malloc(strlen(environment) + 1);
        strcpy(mnist, environment);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_mismatches),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_emnist),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_class_names),
        cmocka_unit_test(test_order_of_epochs),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test_prestate(test_mnist, mnist),
    };
    if (!files_open(root)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    files_close(root);
    free(mnist);
    return failed;
}
