// What `inkling train` is to do, from its command line: settings, and the model to start from.
#ifndef INKLING_APP_TRAIN_SETTINGS_H
#define INKLING_APP_TRAIN_SETTINGS_H

#include "app/cli.h"
#include "dataset/dataset.h"
#include "formats/formats.h"
#include "train/config.h"

// All options in one list: first what the model to start from brings, then what was typed.
// *initial: that model, the caller's to close; NULL when the weights are made from the seed.
Status train_read_config(const CliArgs *args, TrainConfig *config, SavedModel **initial);

// The weights of --init (NULL: none) go into the run's network only when it is the same network.
Status train_check_initial(const TrainConfig *config, const SavedModel *initial,
                           const Dataset *dataset);

#endif
