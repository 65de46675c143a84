// `inkling data`: which images are found and where, and fetching MNIST.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "app/paths.h"
#include "dataset/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const CliOption data_options[] = {
    {"data", "DIR",
     "list: look here; fetch: where the files go (default: the user's data "
     "directory)"},
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

// ---- list --------------------------------------------------------------------------------------

// One place where data_sets are looked for, in the order of dataset_open.
typedef struct DataSpot {
    char what[40];
    char path[FILE_PATH_MAX];
} DataSpot;

enum { SPOTS_MAX = 8 };

static void data_add_spot(DataSpot *spots, int *count, const char *what, const char *path) {
    if (*count >= SPOTS_MAX) return;
    DataSpot *spot = &spots[(*count)++];
    snprintf(spot->what, sizeof spot->what, "%s", what);
    snprintf(spot->path, sizeof spot->path, "%s", path);
}

static int data_spots(const char *given, DataSpot *spots) {
    int count = 0;
    char path[FILE_PATH_MAX];
    PathsBeside beside = {0};
    const char *variable = getenv("INKLING_DATA");
    if (given != NULL) data_add_spot(spots, &count, "--data", given);
    data_add_spot(spots, &count, "$INKLING_DATA",
                  variable != NULL && variable[0] != '\0' ? variable : "(not set)");
    if (path_user_data(path)) data_add_spot(spots, &count, "your data directory", path);
    for (const char *const *b = paths_beside(&beside); *b != NULL; b++)
        if (path_join(path, *b, "data")) data_add_spot(spots, &count, "beside the program", path);
    return count;
}

static void data_json_set(JsonNode root, const char *key, const ImageSet *set) {
    const int shape[] = {(int)set->n, (int)set->channels, (int)set->height, (int)set->width};
    json_ints(root, key, shape, 4);
}

static Status data_list_json(const Dataset *dataset, const DataSpot *spots, int count) {
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_text(root, "name", dataset->name);
    json_text(root, "directory", dataset->directory);
    json_bool(root, "synthetic", dataset->synthetic);
    data_json_set(root, "train", &dataset->train);
    data_json_set(root, "test", &dataset->test);
    JsonNode classes = json_list(root, "classes");
    for (uint32_t i = 0; i < dataset->classes; i++)
        json_list_text(classes, dataset->class_names[i]);
    JsonNode looked = json_list(root, "looked_in");
    for (int i = 0; i < count; i++) json_list_text(looked, spots[i].path);
    return json_print(&line);
}

static void data_list_print(const Dataset *dataset, const DataSpot *spots, int count) {
    const ImageSet *train = &dataset->train, *test = &dataset->test;
    double bytes = ((double)train->n + test->n) * (double)imageset_image_bytes(train);
    cli_print("looked in:\n");
    for (int i = 0; i < count; i++) cli_print("  %-20s %s\n", spots[i].what, spots[i].path);
    cli_print("found: %s%s%s\n", dataset->name,
              dataset->synthetic ? ", made by this program" : " in ", dataset->directory);
    cli_print("  training images      %u\n  test images          %u\n", train->n, test->n);
    cli_print("  size of an image     %u x %u, %u channel%s\n", train->height, train->width,
              train->channels, train->channels > 1 ? "s" : "");
    cli_print("  classes              %u:", dataset->classes);
    for (uint32_t i = 0; i < dataset->classes; i++) cli_print(" %s", dataset->class_names[i]);
    cli_print("\n  in memory            %.1f MB\n", bytes / 1e6);
    if (dataset->synthetic) cli_print("inkling data fetch mnist brings the real ones.\n");
}

static Status data_list(const CliArgs *args) {
    Status status;
    Dataset *dataset = NULL;
    const char *given = cli_value(args, "data");
    DataSpot *spots = calloc(SPOTS_MAX, sizeof *spots);
    if (spots == NULL) return status_no_memory("a list", SPOTS_MAX * sizeof *spots);
    int count = data_spots(given, spots);
    TRY(cli_open_data(given, 0, &dataset));
    if (cli_switch(args, "json"))
        TRY(data_list_json(dataset, spots, count));
    else
        data_list_print(dataset, spots, count);
fail:
    dataset_close(&dataset);
    free(spots);
    return status;
}

// ---- fetch -------------------------------------------------------------------------------------

static bool data_show_progress(void *context, const FetchProgress *p) {
    enum { BAR = 30 };
    char bar[BAR + 1];
    (void)context;
    double share = p->total_total > 0 ? (double)p->total_bytes / (double)p->total_total : 0;
    int full = share >= 1 ? BAR : share > 0 ? (int)(share * BAR) : 0;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)full);
    bar[BAR] = '\0';
    cli_progress("[%s] %3.0f %%  %d/%d %s", bar, 100 * (share < 1 ? share : 1), p->file + 1,
                 p->file_count, p->name);
    return true;
}

static Status data_fetch(const CliArgs *args) {
    char directory[FILE_PATH_MAX], base[FILE_PATH_MAX];
    const char *given = cli_value(args, "data");
    FetchOptions options = {.progress = data_show_progress};
    if (args->word_count < 2 || strcmp(args->words[1], "mnist") != 0)
        return status_error(STATUS_USAGE,
                            "data fetch knows one data set: inkling data fetch mnist");
    if (given != NULL)
        snprintf(directory, sizeof directory, "%s", given);
    else if (!path_user_data(base) || !path_join(directory, base, "mnist"))
        return status_error(STATUS_USAGE,
                            "there is no home directory to put it in: say where with --data DIR");
    cli_say("MNIST goes to %s", directory);
    Status status = fetch_files(directory, &options, cli_logger());
    cli_progress_clear();
    if (!status_is_ok(&status)) return status;
    cli_say("MNIST is complete in %s", directory);
    if (!cli_switch(args, "json")) return status;
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_text(root, "directory", directory);
    return json_print(&line);
}

int cmd_data(const CliArgs *args) {
    static const struct {
        const char *word;
        int words_max;
        Status (*run)(const CliArgs *args);
    } words[] = {{"list", 1, data_list}, {"fetch", 2, data_fetch}};
    Status status = status_error(STATUS_USAGE, "data has no \"%s\"; it has list and fetch mnist",
                                 args->words[0]);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(args->words[0], words[i].word) != 0) continue;
        if (args->word_count > words[i].words_max)
            status = status_error(STATUS_USAGE, "\"%s\" is one word too many", args->words[1]);
        else
            status = words[i].run(args);
    }
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
