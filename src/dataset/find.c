// Where the data set is: the order of places, and the names that the files go by. Reads
// directories, never the files themselves.
#include "base/text.h"
#include "base/tr.h"
#include "dataset/dataset.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROLES = 4, PREFIXES_MAX = 8, PREFIX_BYTES = 128, GZIP_ENDING = 3 };

typedef struct Role {
    const char *what;       // in sentences
    const char *file;       // the usual name
    const char *endings[2]; // behind "train" and the like
    const char *sets[2];
} Role;

static const Role roles[ROLES] = {
    {"training images",
     "train-images-idx3-ubyte",
     {"-images-idx3-ubyte", "-images.idx3-ubyte"},
     {"train", "train"}},
    {"training labels",
     "train-labels-idx1-ubyte",
     {"-labels-idx1-ubyte", "-labels.idx1-ubyte"},
     {"train", "train"}},
    {"test images",
     "t10k-images-idx3-ubyte",
     {"-images-idx3-ubyte", "-images.idx3-ubyte"},
     {"t10k", "test"}},
    {"test labels",
     "t10k-labels-idx1-ubyte",
     {"-labels-idx1-ubyte", "-labels.idx1-ubyte"},
     {"t10k", "test"}},
};

// The files of one data set in a directory, told from others by what their names begin with.
typedef struct Group {
    char prefix[PREFIX_BYTES]; // "" or "emnist-letters-"
    char files[ROLES][FILE_PATH_MAX];
} Group;

typedef struct Groups {
    int count;
    bool too_many;
    Group items[PREFIXES_MAX];
} Groups;

// Which role a file name has; *prefix_size is the length of what stands before it. -1: none.
static int role_of(const char *name, size_t *prefix_size) {
    size_t size = strlen(name);
    if (size > GZIP_ENDING && strcmp(name + size - GZIP_ENDING, ".gz") == 0) size -= GZIP_ENDING;
    for (int r = 0; r < ROLES; r++) {
        for (int e = 0; e < 2; e++) {
            for (int s = 0; s < 2; s++) {
                size_t end = strlen(roles[r].endings[e]), set = strlen(roles[r].sets[s]);
                if (size < end + set) continue;
                size_t before = size - end - set;
                if (strncmp(name + size - end, roles[r].endings[e], end) != 0) continue;
                if (strncmp(name + before, roles[r].sets[s], set) != 0) continue;
                if (before > 0 && name[before - 1] != '-') continue;
                *prefix_size = before;
                return r;
            }
        }
    }
    return -1;
}

static Group *group_for(Groups *groups, const char *prefix, size_t size) {
    for (int g = 0; g < groups->count; g++) {
        const char *known = groups->items[g].prefix;
        if (strlen(known) == size && strncmp(known, prefix, size) == 0) return &groups->items[g];
    }
    if (groups->count == PREFIXES_MAX || size >= PREFIX_BYTES) {
        groups->too_many = true;
        return NULL;
    }
    Group *group = &groups->items[groups->count++];
    memcpy(group->prefix, prefix, size);
    return group;
}

// All files in `directory` that look like part of a data set. A plain file wins over its .gz.
static Status collect(const char *directory, Groups *groups) {
    DIR *dir = opendir(directory);
    if (!dir) return status_errno("open", directory, errno);
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t prefix;
        int role = role_of(entry->d_name, &prefix);
        Group *group = role < 0 ? NULL : group_for(groups, entry->d_name, prefix);
        if (!group) continue;
        char *file = group->files[role];
        bool packed = strcmp(path_extension(entry->d_name), ".gz") == 0;
        if (file[0] == '\0' || !packed) path_join(file, directory, entry->d_name);
    }
    closedir(dir);
    return status_ok();
}

// The name of the place: the prefix ("emnist-letters"), else the first folder upwards that is not
// just called "raw".
static void name_place(const char *directory, const char *prefix, char out[DATASET_NAME_MAX]) {
    if (prefix[0] != '\0') {
        snprintf(out, DATASET_NAME_MAX, "%.*s", (int)strlen(prefix) - 1, prefix);
        return;
    }
    char path[FILE_PATH_MAX];
    text_copy(path, sizeof path, directory);
    for (size_t n = strlen(path); n > 0; n = strlen(path)) {
        const char *base = path_basename(path);
        if (base[0] != '\0' && strcmp(base, "raw") != 0 && strcmp(base, ".") != 0 &&
            strcmp(base, "..") != 0) {
            text_copy(out, DATASET_NAME_MAX, base);
            return;
        }
        size_t cut = (size_t)(base - path);
        path[cut > 0 ? cut - 1 : 0] = '\0';
    }
    text_copy(out, DATASET_NAME_MAX, "data set");
}

static Status take_group(const char *directory, const Group *group, DatasetPlace *out) {
    for (int r = 0; r < ROLES; r++) {
        if (group->files[r][0] == '\0') {
            return status_error(STATUS_FORMAT,
                                TR("%s: the %s are missing: expected %s%s (or with .gz) beside the "
                                   "other files of the set"),
                                directory, roles[r].what, group->prefix, roles[r].file);
        }
        text_copy(out->files[r], FILE_PATH_MAX, group->files[r]);
    }
    text_copy(out->directory, FILE_PATH_MAX, directory);
    name_place(directory, group->prefix, out->name);
    out->transposed = strncasecmp(group->prefix, "emnist-", 7) == 0;
    return status_ok();
}

// One directory, not below it. `wanted`: the prefix to take ("" or "emnist-letters-"), or NULL.
static Status look_here(const char *directory, const char *wanted, DatasetPlace *out) {
    Groups *groups = calloc(1, sizeof *groups);
    if (!groups) return status_no_memory("looking for data", sizeof *groups);
    Status status = collect(directory, groups);
    if (!status_is_ok(&status)) goto fail;
    const Group *taken = NULL;
    for (int g = 0; g < groups->count; g++) {
        if (strcmp(groups->items[g].prefix, wanted ? wanted : "") == 0) taken = &groups->items[g];
    }
    if (!taken && !wanted && groups->count == 1) taken = &groups->items[0];
    if (taken) {
        status = take_group(directory, taken, out);
    } else if (groups->count > 1 && !wanted) {
        const char *a = groups->items[0].prefix, *b = groups->items[1].prefix;
        status = status_error(
            STATUS_USAGE, TR("%s holds several data sets: name one, such as %s/%.*s or %s/%.*s"),
            directory, directory, (int)strlen(a) - 1, a, directory, (int)strlen(b) - 1, b);
    } else {
        status =
            status_error(STATUS_NOT_FOUND, TR("no data set in %s: expected %s, %s, %s and %s"),
                         directory, roles[0].file, roles[1].file, roles[2].file, roles[3].file);
    }
fail:
    free(groups);
    return status;
}

// DIRECTORY/PREFIX, where only DIRECTORY exists.
static Status look_for_prefix(const char *path, DatasetPlace *out) {
    char directory[FILE_PATH_MAX], prefix[PREFIX_BYTES];
    const char *base = path_basename(path);
    size_t cut = (size_t)(base - path);
    if (cut == 0) {
        text_copy(directory, sizeof directory, ".");
    } else if (cut < sizeof directory) {
        memcpy(directory, path, cut);
        directory[cut > 1 ? cut - 1 : 1] = '\0';
    } else {
        return status_error(STATUS_NOT_FOUND, "the name of the directory is too long");
    }
    size_t size = strlen(base);
    if (size > 0 && size + 2 <= sizeof prefix && file_is_directory(directory)) {
        snprintf(prefix, sizeof prefix, "%s-", base);
        Status status = look_here(directory, prefix, out);
        if (status.code != STATUS_NOT_FOUND) return status;
    }
    return status_error(STATUS_NOT_FOUND, TR("there is no directory %s"), path);
}

Status dataset_look_in(const char *directory, DatasetPlace *out) {
    static const char *const below[] = {"", "MNIST/raw", "raw"};
    memset(out, 0, sizeof *out);
    if (file_exists(directory) && !file_is_directory(directory)) {
        return status_error(STATUS_USAGE, TR("%s is a file; expected the directory that holds %s"),
                            directory, roles[0].file);
    }
    if (!file_is_directory(directory)) return look_for_prefix(directory, out);
    Status first = status_ok();
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        char path[FILE_PATH_MAX];
        bool fits =
            i == 0 ? text_copy(path, sizeof path, directory) : path_join(path, directory, below[i]);
        if (!fits || !file_is_directory(path)) continue;
        Status status = look_here(path, NULL, out);
        if (status.code != STATUS_NOT_FOUND) return status;
        if (i == 0) first = status;
    }
    return first;
}

// "synthetic" or "synthetic:SEED". *matched tells whether `text` is one of these at all.
static Status parse_synthetic(const char *text, bool *matched, DatasetPlace *out) {
    static const char word[] = "synthetic";
    size_t size = sizeof word - 1;
    long long seed = 1;
    *matched = strncmp(text, word, size) == 0 && (text[size] == '\0' || text[size] == ':');
    if (!*matched) return status_ok();
    if (text[size] == ':' && (!text_to_int(text + size + 1, &seed) || seed < 0)) {
        return status_error(STATUS_USAGE,
                            "\"%s\": the seed behind \"synthetic:\" must be a whole number, 0 or "
                            "more, such as synthetic:7",
                            text);
    }
    memset(out, 0, sizeof *out);
    out->synthetic = true;
    out->seed = (uint64_t)seed;
    text_copy(out->name, sizeof out->name, "synthetic digits");
    return status_ok();
}

// What a person asked for by name must be there.
static Status find_named(const char *text, const char *where, DatasetPlace *out) {
    bool synthetic;
    Status status = parse_synthetic(text, &synthetic, out);
    if (synthetic || !status_is_ok(&status)) return status_prefix(status, where);
    return status_prefix(dataset_look_in(text, out), where);
}

static Status find_beside(const DatasetRequest *request, DatasetPlace *out) {
    static const char *const below[] = {"data", "data/mnist"};
    for (size_t i = 0; request->beside && request->beside[i]; i++) {
        for (size_t b = 0; b < 2; b++) {
            char path[FILE_PATH_MAX];
            if (!path_join(path, request->beside[i], below[b]) || !file_is_directory(path)) {
                continue;
            }
            Status status = dataset_look_in(path, out);
            if (status.code != STATUS_NOT_FOUND) return status;
        }
    }
    return status_error(STATUS_NOT_FOUND, TR("no data set found"));
}

Status dataset_find(const DatasetRequest *request, const Logger *log, DatasetPlace *out) {
    char path[FILE_PATH_MAX], mnist[FILE_PATH_MAX];
    const char *environment = getenv("INKLING_DATA");
    memset(out, 0, sizeof *out);
    if (request->data && request->data[0] != '\0') return find_named(request->data, "--data", out);
    if (environment && environment[0] != '\0') {
        return find_named(environment, "$INKLING_DATA", out);
    }
    if (path_user_data(path) && path_join(mnist, path, "mnist") && file_is_directory(mnist)) {
        Status status = dataset_look_in(mnist, out);
        if (status.code != STATUS_NOT_FOUND) return status;
    }
    Status status = find_beside(request, out);
    if (status.code != STATUS_NOT_FOUND) return status;
    log_write(log, LOG_INFO,
              "No MNIST files found: using the built-in synthetic digits. "
              "\"inkling data fetch mnist\" downloads MNIST.");
    bool matched;
    return parse_synthetic("synthetic", &matched, out);
}
