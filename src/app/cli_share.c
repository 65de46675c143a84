// What several subcommands do in the same way: finding the data, checking and writing model files.
#include "app/cli_share.h"
#include "app/cli.h"
#include "app/paths.h"
#include "base/thread.h"
#include "train/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

Status cli_open_data(const char *data, int threads, Dataset **out) {
    PathsBeside beside = {0};
    DatasetRequest request = {
        .data = data != NULL && data[0] != '\0' ? data : NULL,
        .beside = paths_beside(&beside),
        .threads = threads,
    };
    return dataset_open(out, &request, cli_logger());
}

typedef struct CliDevice {
    const BackendConfig *config;
    Backend *be;
    Status status;
} CliDevice;

static void cli_open_device(void *context) {
    CliDevice *device = context;
    device->status = backend_open(device->config, &device->be);
}

Status cli_open_device_and_data(const BackendConfig *config, const char *data, Backend **be,
                                Dataset **dataset) {
    CliDevice device = {.config = config};
    Thread thread = {0};
    Status status = thread_start(&thread, "inkling-device", cli_open_device, &device);
    if (!status_is_ok(&status)) return status;
    status = cli_open_data(data, config->threads, dataset);
    thread_join(&thread);
    *be = device.be;
    return status_is_ok(&device.status) ? status : device.status;
}

// What candidates for an unknown network are tried on.
typedef struct CliTrial {
    Dataset *dataset; // owned; NULL: not looked for yet
    const char *data;
    bool failed; // there is none: nothing is tried
} CliTrial;

static bool cli_find_trial_data(CliTrial *trial) {
    PathsBeside beside = {0};
    DatasetRequest request = {
        .data = trial->data != NULL && trial->data[0] != '\0' ? trial->data : NULL,
        .beside = paths_beside(&beside),
    };
    DatasetPlace *place = malloc(sizeof *place);
    bool found = place != NULL && dataset_find(&request, NULL, place).code == STATUS_OK &&
                 !place->synthetic &&
                 dataset_open_place(&trial->dataset, place, &request).code == STATUS_OK;
    free(place);
    return found;
}

// False: there is none.
static bool cli_trial(CliTrial *found, Trial *out) {
    if (found->dataset == NULL && !found->failed) found->failed = !cli_find_trial_data(found);
    // Synthetic digits favour the wrong networks: better what is most usual than what fits them.
    if (found->failed || found->dataset->synthetic) return false;
    *out = (Trial){.images = &found->dataset->train};
    return true;
}

static bool cli_try_candidate(void *context, const SavedModel *candidate, int images, double enough,
                              InferScore *out) {
    Trial trial;
    return cli_trial(context, &trial) && trial_score(&trial, candidate, images, enough, out);
}

static const uint8_t *cli_trial_pixels(void *context, int side, int images) {
    Trial trial;
    return cli_trial(context, &trial) ? trial_pixels(&trial, side, images) : NULL;
}

static Status cli_open_as(const char *path, CliTrial *trial, InferOptions *options,
                          SavedModel **out, InferReport *report) {
    options->score = cli_try_candidate;
    options->pixels = cli_trial_pixels;
    options->context = trial;
    Status status = format_open(path, options, out, report);
    dataset_close(&trial->dataset);
    if (!status_is_ok(&status)) return status;
    const char *said = options->layers && !report->open          ? "layers"
                       : options->normalization && report->exact ? "normalization"
                                                                 : NULL;
    if (said) {
        saved_model_close(out);
        return status_error(STATUS_USAGE, "%s says its %s itself; they cannot be given", path,
                            said);
    }
    if (!report->exact && report->sentence[0] != '\0')
        cli_say("%s: %s", path_basename(path), report->sentence);
    return status;
}

Status cli_open_model(const CliArgs *args, SavedModel **out, InferReport *report) {
    Status status;
    CliTrial trial = {.data = cli_value(args, "data")};
    InferOptions options = {.layers = cli_value(args, "layers"),
                            .border = cli_switch(args, "border")};
    Normalization normalization;
    InferReport *told = calloc(1, sizeof *told);
    double mean, std;
    *out = NULL;
    if (told == NULL) return status_no_memory("a network", sizeof *told);
    TRY(cli_number(args, "mean", -1000, 1000, 0, &mean));
    TRY(cli_number(args, "std", 1e-6, 1000, 1, &std));
    normalization = (Normalization){(float)mean, (float)std};
    if (cli_value(args, "mean") != NULL && cli_value(args, "std") != NULL)
        options.normalization = &normalization;
    else if (cli_value(args, "mean") != NULL || cli_value(args, "std") != NULL)
        TRY(status_error(STATUS_USAGE, "--mean and --std go together"));
    if (options.border && options.layers == NULL)
        TRY(status_error(STATUS_USAGE, "--border goes with --layers"));
    TRY(cli_open_as(args->words[0], &trial, &options, out, told));
    if (report != NULL) *report = *told;
fail:
    free(told);
    return status;
}

Status cli_open_model_at(const char *path, const char *data, SavedModel **out) {
    CliTrial trial = {.data = data};
    InferOptions options = {.score = NULL};
    InferReport *told = calloc(1, sizeof *told);
    *out = NULL;
    if (told == NULL) return status_no_memory("a network", sizeof *told);
    Status status = cli_open_as(path, &trial, &options, out, told);
    free(told);
    return status;
}

const FormatRow *cli_format_of(const char *path) {
    for (int i = 0; i < format_count; i++)
        if (strcasecmp(path_extension(path), format_rows[i].extension) == 0 ||
            (format_rows[i].alias != NULL &&
             strcasecmp(path_extension(path), format_rows[i].alias) == 0))
            return &format_rows[i];
    return NULL;
}

Status cli_check_writable(const char *option, const char *path) {
    if (path[0] == '\0') return status_error(STATUS_USAGE, "%s needs a file name", option);
    if (file_is_directory(path))
        return status_error(STATUS_USAGE, "%s: %s is a directory, not a file", option, path);
    return file_check_writable(path);
}

Status cli_check_model_path(const char *option, const char *path) {
    if (cli_format_of(path) == NULL) {
        char endings[128] = "";
        for (int i = 0; i < format_count; i++) {
            size_t used = strlen(endings);
            snprintf(endings + used, sizeof endings - used, "%s%s", i > 0 ? ", " : "",
                     format_rows[i].extension);
        }
        return status_error(STATUS_USAGE, "%s: the name of a model file must end in %s, not \"%s\"",
                            option, endings, path_extension(path));
    }
    return cli_check_writable(option, path);
}

Status cli_write_model(const char *path, const SavedModel *model) {
    Status status = format_write(path, model);
    if (status_is_ok(&status)) return status;
    // An hour of training is in there: any place will do.
    char directory[FILE_PATH_MAX], rescue[FILE_PATH_MAX], name[64];
    snprintf(name, sizeof name, "inkling-rescued-%ld.safetensors", (long)getpid());
    const char *temporary = getenv("TMPDIR");
    bool home = path_user_data(directory);
    if (home) home = file_make_directories(directory).code == STATUS_OK;
    const char *const places[] = {home ? directory : NULL,
                                  temporary != NULL && temporary[0] == '/' ? temporary : "/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i] == NULL || !path_join(rescue, places[i], name)) continue;
        Status second = format_write(rescue, model);
        if (status_is_ok(&second)) {
            cli_say("inkling: the model could not be written where it was to go; it is in %s",
                    rescue);
            break;
        }
    }
    return status;
}

void cli_json_epoch(JsonNode node, const EpochRecord *e) {
    json_int(node, "epoch", e->epoch);
    json_number(node, "train_loss", e->train_loss);
    json_number(node, "train_accuracy", e->train_accuracy);
    if (e->held_images > 0) {
        json_number(node, "held_loss", e->held_loss);
        json_number(node, "held_accuracy", e->held_accuracy);
    }
    json_number(node, "test_loss", e->test_loss);
    json_number(node, "test_accuracy", e->test_accuracy);
    json_number(node, "lr", e->lr);
    json_number(node, "seconds", e->seconds);
    json_number(node, "images_per_second", e->images_per_second);
}
