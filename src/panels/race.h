// A race: several runs of the form's settings that differ in one option. Which option and which of
// its values are ticked is the state here; the dialog is dialog_race.c, the runs are runs.h's.
//
// They begin with the same weights, see the same batches with the same augmentation (unless the
// option itself decides these) and advance turn by turn on the trainer's threads; each comes to the
// very weights that it would come to alone.
#ifndef INKLING_PANELS_RACE_H
#define INKLING_PANELS_RACE_H

#include "train/config.h"
#include "ui/widgets.h"

typedef struct Workbench Workbench;

enum { RACE_VALUES_MAX = 18, RACE_VALUE_MAX = 32, RACE_AXES_MAX = 64 };

typedef struct RaceState {
    const TrainOption *axis; // what differs; NULL before the first time
    int count;
    struct {
        char text[RACE_VALUE_MAX]; // as config_set reads it
        bool on;
    } value[RACE_VALUES_MAX];
    char more[128]; // what is being typed
    char problem[STATUS_MESSAGE_MAX];
    UiScroll scroll;
} RaceState;

// The options that runs can differ in, those that matter most first. Returns how many.
int race_axes(const TrainConfig *form, const TrainOption *axes[RACE_AXES_MAX]);
// Makes `axis` the one, with values around the form's and the most telling of them ticked.
void race_choose(RaceState *race, const TrainConfig *form, const TrainOption *axis);
// Adds and ticks values that a person typed: "0.02, 0.05".
Status race_add(RaceState *race, const TrainConfig *form, const char *typed);
// May a person type values of their own?
bool race_takes_more(const RaceState *race);

int race_chosen(const RaceState *race); // how many are ticked
// Of value `index`, for people: "SGD momentum", "0.01".
void race_label(const RaceState *race, int index, char out[64]);
// What the runs have in common: a sentence.
const char *race_remark(const RaceState *race);

// The form with value `index` of the axis. All else is the form's, except what belongs to the value
// itself: an optimizer brings its learning rate, a network its normalization.
Status race_config(const RaceState *race, const TrainConfig *form, int index, TrainConfig *out);

// Starts one run for each value that is ticked. STATUS_USAGE when there is no room for all.
Status race_start(Workbench *bench);

#endif
