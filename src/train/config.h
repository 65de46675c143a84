// Everything that decides a run, as a plain value: which network, which data, which optimizer, how
// long, from which seed. The same settings line gives the same weights, bit for bit.
//
//   preset=lenet5 optimizer=adam lr=0.001 batch-size=64 epochs=10 seed=1
//
// One table (train_options) says what there is; the command line's --name VALUE, the settings
// line's name=value, the help texts and the window's form all read it. Not here: doing any of it
// (run.h).
#ifndef INKLING_TRAIN_CONFIG_H
#define INKLING_TRAIN_CONFIG_H

#include "base/file.h"
#include "base/text.h"
#include "dataset/augment.h"
#include "nn/loss.h"
#include "nn/model.h"
#include "nn/optimizer.h"
#include "nn/presets.h"
#include "nn/schedule.h"

enum { TRAIN_LAYERS_MAX = 1024, TRAIN_LINE_MAX = 4096 };

// What early stopping looks at on the held-out images.
typedef enum MonitorKind { MONITOR_LOSS, MONITOR_ACCURACY, MONITOR_COUNT } MonitorKind;

// Strengths of augmentation (dataset/augment.h), as people write them.
typedef struct TrainAugment {
    double rotate, shift, scale, shear, elastic, thickness, erase;
} TrainAugment;

// Copying it is fine. config_defaults() or config_parse() fills one in.
typedef struct TrainConfig {
    char preset[32];               // "lenet5"; "" when `layers` says it all
    char layers[TRAIN_LAYERS_MAX]; // notation (nn/spec.h); "" = the preset's
    double mean, std;              // normalization; the preset's unless set
    char data[FILE_PATH_MAX];      // "" = look around (dataset.h); a directory, or "synthetic"
    char init_from[FILE_PATH_MAX]; // a model file to start from; "" = from the seed
    int init;                      // InitKind
    int optimizer;                 // OptimizerKind
    OptimizerOptions options;
    int schedule; // ScheduleKind
    ScheduleOptions schedule_options;
    double warmup_epochs, warmup_start; // the first epochs rise from lr * warmup_start
    int warmup_steps;                   // the same in batches; both together add up
    int loss;                           // LossKind
    double label_smoothing;
    double clip_norm;       // gradients' norm at most this; 0 = as it is
    double ema;             // averaged weights answer: share of the average kept a step; 0 = off
    int augment;            // preset of strengths (dataset/augment.h)
    TrainAugment strengths; // what is done; a preset sets them
    int held_out;           // so many training images are not trained on but judged by
    int patience;           // epochs without a better held-out figure before it ends; 0 = never
    int monitor;            // MonitorKind
    bool restore_best;      // at the end, with patience: the weights of the best epoch
    double until;           // ends when the test set reaches this accuracy; 0 = off
    int batch_size, epochs;
    long long seed;
    int limit;    // only the first so many training images; 0 = all
    bool shuffle; // a new order each epoch
    // About this machine: no part of the settings line, since they do not change the result.
    char device[32];
    int threads; // 0 = as many as there are processors
} TrainConfig;

typedef enum OptionType {
    OPTION_NUMBER, // double
    OPTION_INT,    // int
    OPTION_SEED,   // long long
    OPTION_BOOL,   // bool; on the command line --name or --no-name
    OPTION_FLAG,   // int 0/1, otherwise the same
    OPTION_CHOICE, // int, an index into choices
    OPTION_TEXT,   // char[size]
} OptionType;

typedef struct TrainOption {
    const char *name;  // "batch-size"
    const char *label; // "Batch": for the window
    const char *help;
    OptionType type;
    size_t offset, size; // in TrainConfig; size of a text's array
    double low, high;    // range, both ends in
    unsigned needs;      // OPTION_* mask: only for optimizers that take it; 0: always
    bool (*applies)(const TrainConfig *config); // NULL: always; use config_applies
    bool live;                                  // may change while a run is going
    bool machine;                               // no part of the settings line
    const char *(*choice)(int index);           // OPTION_CHOICE: names, NULL behind the last
} TrainOption;
extern const TrainOption train_options[];
extern const int train_option_count;

// NULL when there is none of that name.
const TrainOption *config_option(const char *name);

// The recipe of preset lenet5.
void config_defaults(TrainConfig *out);

// Has this option a say in this config? gamma has none in a cosine schedule, betas none for SGD.
bool config_applies(const TrainConfig *config, const TrainOption *option);

// Sets one option from text. Setting `preset` brings that preset's whole recipe; `optimizer` brings
// that rule's defaults for lr, betas ..., `schedule` those of the schedule, `augment` its
// strengths. The error names the option, the value and what is allowed.
Status config_set(TrainConfig *config, const char *name, const char *value);

// Several options at once, whatever their order: preset first, then optimizer, schedule and
// augment, then the rest.
typedef struct OptionPair {
    const char *name, *value;
} OptionPair;
Status config_set_all(TrainConfig *config, const OptionPair *pairs, int count);

// Cuts the next name=value off *cursor, a settings line that is changed by it; quotes are taken
// off. False at the end, and when what is there is no pair (*status says so).
bool config_next_pair(char **cursor, OptionPair *out, Status *status);

// Reads a settings line into a fresh config ("" gives the defaults). Values with blanks stand in
// double quotes.
Status config_parse(const char *line, TrainConfig *out);

// Reads pairs as in a settings line onto a config that is filled in. Unchanged when there is an
// error.
Status config_update(const char *line, TrainConfig *config);

// The settings line, complete: everything that decides the result, in the table's order. Options
// that have no say here are left out, as are strengths that are the augmentation preset's own.
void config_print(const TrainConfig *config, char out[TRAIN_LINE_MAX]);

// One option's value as text, as config_set reads it.
void config_get(const TrainConfig *config, const TrainOption *option, char *out, size_t size);

// The network that this config asks for, for images of this shape.
Status config_spec(const TrainConfig *config, Shape input, int classes, ModelSpec *out);

// Do its parts fit together, and a training set of `images`? *trained: how many of them an epoch
// has. STATUS_USAGE otherwise.
Status config_check(const TrainConfig *config, uint32_t images, uint32_t *trained);

// The strengths as the data set takes them.
AugmentConfig config_augment(const TrainConfig *config);

// "Adam", "SGD momentum": what the runs table calls it.
const char *config_optimizer_label(const TrainConfig *config);

#endif
