// What several subcommands do in the same way: finding the data, checking and writing model files.
#ifndef INKLING_APP_CLI_SHARE_H
#define INKLING_APP_CLI_SHARE_H

#include "app/cli.h"
#include "app/cli_json.h"
#include "dataset/dataset.h"
#include "formats/formats.h"
#include "train/run.h"

// Opens the data set that --data (NULL or "": look around) names, and says on standard error which.
Status cli_open_data(const char *data, int threads, Dataset **out);

// The device and the data side by side: a GPU's driver and a data set both take their time.
Status cli_open_device_and_data(const BackendConfig *config, const char *data, Backend **be,
                                Dataset **dataset);

// Of commands that read a model file: what a person decides about a file that does not say it.
#define CLI_GUESS_OPTIONS                                                                          \
    {"layers", "LAYERS",                                                                           \
     "MODEL is these layers, as `train --help` writes them, not what is guessed"},                 \
        {"mean", "X", "MODEL wants pixels (x - mean) / std, with x in 0..1"},                      \
        {"std", "X", "see --mean"}, {                                                              \
        "border", NULL, "with --layers: MODEL learnt 28x28 images in a border of 2 to 32x32"       \
    }

// Reads the model file args->words[0]. Where it does not say which network it is, the options above
// do, and what they leave open is tried on training images of the data that --data names or that is
// found, opened only then. What was recognised and guessed is said on standard error, and in
// *report, which may be NULL.
Status cli_open_model(const CliArgs *args, SavedModel **out, InferReport *report);
// The same for any file, without options: `data` as for cli_open_data.
Status cli_open_model_at(const char *path, const char *data, SavedModel **out);

// The format that the ending of `path` asks for, NULL if none.
const FormatRow *cli_format_of(const char *path);

// Can `path` be written, as far as can be told without touching it? Asked before an hour of work,
// not after. `option` is named in the error.
Status cli_check_writable(const char *option, const char *path);
// The same for a model file, ending included.
Status cli_check_model_path(const char *option, const char *path);

// Writes a model by its ending. When that fails, writes it where it can be written, says where, and
// still gives the error.
Status cli_write_model(const char *path, const SavedModel *model);

// An epoch's figures as `inkling train --json` gives them.
void cli_json_epoch(JsonNode node, const EpochRecord *epoch);

#endif
