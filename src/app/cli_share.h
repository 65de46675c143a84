// What several subcommands do in the same way: finding the data, checking and writing model files.
#ifndef INKLING_APP_CLI_SHARE_H
#define INKLING_APP_CLI_SHARE_H

#include "app/cli_json.h"
#include "dataset/dataset.h"
#include "formats/formats.h"
#include "train/run.h"

// Opens the data set that --data (NULL or "": look around) names, and says on standard error which.
Status cli_open_data(const char *data, int threads, Dataset **out);

// The device and the data side by side: a GPU's driver and a data set both take their time.
Status cli_open_device_and_data(const BackendConfig *config, const char *data, Backend **be,
                                Dataset **dataset);

// Reads a model file. Where the file does not say which network it is, candidates are tried on
// training images: those of `dataset`, or, when that is NULL, of the data that is found (`data` as
// for cli_open_data), opened only then. What was recognised and guessed is said on standard error.
Status cli_open_model(const char *path, const Dataset *dataset, const char *data, SavedModel **out);

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
