// `inkling calibrate`: temperature and threshold of a model file, by digits that were held out of
// its training. How they are found: train/calibrate.h.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "train/calibrate.h"

#include <stdlib.h>
#include <string.h>

const CliOption calibrate_options[] = {
    {"refuse", "PERCENT", "share of real digits that may be refused; default: 1"},
    {"data", "DIR", "where the images are; default: as the model's settings say"},
    {"from", "N", "number of the first training image that was held out; default: as they say"},
    {"save", "FILE", "where the model goes; default: back to its file"},
    CLI_THREADS_OPTION,
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

// What the settings say of the first set trained on: its name, and how many of its images (0: all).
static void calibrate_source(const SavedModel *model, char name[FILE_PATH_MAX], long long *count) {
    TrainConfig config;
    Status status = config_parse(model->settings, &config);
    *count = 0;
    name[0] = '\0';
    if (!status_is_ok(&status)) return; // somebody else's model
    text_copy(name, FILE_PATH_MAX, config.data);
    name[strcspn(name, "+")] = '\0';
    char *at = strrchr(name, '@');
    if (at == NULL || !text_to_int(at + 1, count)) return;
    *at = '\0';
}

static Status calibrate_held(const CliArgs *args, const SavedModel *model, Dataset **dataset,
                             ImageSet *held) {
    Status status;
    char name[FILE_PATH_MAX];
    long long count, from, threads;
    calibrate_source(model, name, &count);
    TRY(cli_int(args, "from", 0, 2000000000, count, &from));
    TRY(cli_int(args, "threads", 0, 256, 0, &threads));
    const char *data = cli_value(args, "data") != NULL ? cli_value(args, "data") : name;
    TRY(cli_open_data(data, (int)threads, dataset));
    *held = (*dataset)->train;
    if (from == 0)
        TRY(status_error(STATUS_USAGE,
                         "all images of %s were trained on, as far as the model "
                         "says: train with --data mnist@55000, or say with --from N "
                         "from which on they were not",
                         (*dataset)->name));
    if ((uint32_t)from >= held->n)
        TRY(status_error(STATUS_USAGE, "%s has %u training images: none is left behind %lld",
                         (*dataset)->name, held->n, from));
    held->pixels += imageset_image_bytes(held) * (size_t)from;
    held->labels += from;
    held->n -= (uint32_t)from;
fail:
    return status;
}

static Status calibrate_tell(const Calibration *c, bool json) {
    if (!json) {
        cli_print("%u held-out digits: accuracy %.2f %%, loss %.4f, calibrated %.4f\n", c->held,
                  100 * c->accuracy, c->loss[0], c->loss[1]);
        cli_print("temperature %.4f, unsure below %.2f %%\n", (double)c->temperature,
                  100 * (double)c->threshold);
        cli_print("refused: %.2f %% of the held-out digits", 100 * c->refused_held);
        if (c->other > 0)
            cli_print(", %.2f %% of %u synthetic digits, %.2f %% of %u pictures of no digit",
                      100 * c->refused_synthetic, c->synthetic, 100 * c->refused_other, c->other);
        cli_print("\n");
        return status_ok();
    }
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_int(root, "n", c->held);
    json_number(root, "accuracy", c->accuracy);
    json_number(root, "loss", c->loss[0]);
    json_number(root, "calibrated_loss", c->loss[1]);
    json_float(root, "temperature", c->temperature);
    json_float(root, "threshold", c->threshold);
    json_number(root, "refused", c->refused_held);
    json_number(root, "refused_synthetic", c->refused_synthetic);
    json_number(root, "refused_others", c->refused_other);
    return json_print(&line);
}

int cmd_calibrate(const CliArgs *args) {
    Status status;
    SavedModel *model = NULL;
    Dataset *dataset = NULL;
    ImageSet held;
    Calibration result;
    double percent;
    long long threads;
    const char *save = cli_value(args, "save") != NULL ? cli_value(args, "save") : args->words[0];
    TRY(cli_number(args, "refuse", 0, 50, 1, &percent));
    TRY(cli_int(args, "threads", 0, 256, 0, &threads));
    TRY(cli_check_model_path("--save", save));
    TRY(cli_open_model_at(args->words[0], NULL, &model));
    TRY(calibrate_held(args, model, &dataset, &held));
    TRY(calibrate_model(model, &held, percent / 100, (int)threads, &result));
    TRY(cli_write_model(save, model));
    TRY(calibrate_tell(&result, cli_switch(args, "json")));
fail:
    dataset_close(&dataset);
    saved_model_close(&model);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
