// Which runs a race has; see race.h.
#include "panels/workbench.h"

#include "base/tr.h"
#include "panels/panels.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- what can differ ----------------------------------------------------------------------------

static const char *const race_first[] = {"optimizer", "lr",     "batch-size",
                                         "schedule",  "preset", "augment"};
enum { RACE_FIRST = sizeof race_first / sizeof race_first[0] };

static bool race_offers(const TrainConfig *form, const TrainOption *option) {
    if (option->machine || !config_applies(form, option)) return false;
    if (strcmp(option->name, "epochs") == 0) return false; // the same run, only longer
    if (option->type == OPTION_TEXT) return option->choice != NULL;
    return true;
}

int race_axes(const TrainConfig *form, const TrainOption *axes[RACE_AXES_MAX]) {
    int count = 0;
    for (int i = 0; i < RACE_FIRST; i++) axes[count++] = config_option(race_first[i]);
    for (int i = 0; i < train_option_count && count < RACE_AXES_MAX; i++) {
        bool there = false;
        for (int k = 0; k < RACE_FIRST; k++) there = there || axes[k] == &train_options[i];
        if (!there && race_offers(form, &train_options[i])) axes[count++] = &train_options[i];
    }
    return count;
}

bool race_takes_more(const RaceState *race) {
    OptionType type = race->axis->type;
    return type == OPTION_NUMBER || type == OPTION_INT || type == OPTION_SEED;
}

// ---- values -------------------------------------------------------------------------------------

static int race_find(const RaceState *race, const char *text) {
    for (int i = 0; i < race->count; i++)
        if (strcmp(race->value[i].text, text) == 0) return i;
    return -1;
}

static void race_put(RaceState *race, const char *text, bool on) {
    int at = race_find(race, text);
    if (at < 0 && race->count < RACE_VALUES_MAX) {
        at = race->count++;
        race->value[at].on = false;
        text_copy(race->value[at].text, RACE_VALUE_MAX, text);
    }
    if (at >= 0) race->value[at].on = race->value[at].on || on;
}

static void race_put_choices(RaceState *race, const char *own) {
    // Four that people compare first.
    static const char *const telling[] = {"sgd", "momentum", "rmsprop", "adam"};
    const TrainOption *axis = race->axis;
    bool optimizers = strcmp(axis->name, "optimizer") == 0;
    for (int i = 0; axis->choice(i); i++) {
        bool on = strcmp(axis->choice(i), own) == 0 || (!optimizers && i < 4);
        for (int k = 0; k < 4; k++)
            on = on || (optimizers && strcmp(axis->choice(i), telling[k]) == 0);
        race_put(race, axis->choice(i), on);
    }
}

// Numbers around the form's own; too small, right and too large are ticked.
static void race_put_numbers(RaceState *race, double own) {
    static const double factors[] = {0.01, 0.1, 0.3, 1, 3, 10, 100},
                        doublings[] = {0.125, 0.25, 0.5, 1, 2, 4, 8},
                        shares[] = {0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99},
                        counts[] = {0, 1, 5, 10, 100, 1000, 10000};
    const TrainOption *axis = race->axis;
    bool whole = axis->type != OPTION_NUMBER, seed = axis->type == OPTION_SEED;
    for (int i = 0; i < 7; i++) {
        double value = seed       ? own + i
                       : own == 0 ? (whole ? counts[i] : shares[i])
                       : whole    ? round(own * doublings[i])
                                  : own * factors[i];
        char text[RACE_VALUE_MAX];
        if (value < axis->low || value > axis->high) continue;
        bool mine = own == 0 ? i < 3 : seed ? i < 4 : i == 1 || i == 3 || i == 5;
        // One significant figure more than the factor has: 0.001 * 0.3 is 0.0003.
        snprintf(text, sizeof text, "%.6g", value);
        if (!text_to_double(text, &value)) continue;
        text_from_double(text, value);
        race_put(race, text, mine);
    }
}

void race_choose(RaceState *race, const TrainConfig *form, const TrainOption *axis) {
    char own[TRAIN_LAYERS_MAX + FILE_PATH_MAX];
    double number = 0;
    race->axis = axis;
    race->count = 0;
    race->more[0] = race->problem[0] = '\0';
    race->scroll = (UiScroll){0};
    config_get(form, axis, own, sizeof own);
    if (axis->choice) {
        race_put_choices(race, own);
    } else if (race_takes_more(race)) {
        text_to_double(own, &number);
        race_put_numbers(race, number);
    } else {
        race_put(race, "0", true);
        race_put(race, "1", true);
    }
}

Status race_add(RaceState *race, const TrainConfig *form, const char *typed) {
    TrainConfig probe = *form;
    while (*typed) {
        char text[RACE_VALUE_MAX] = "";
        size_t size = strcspn(typed, ", ;\t");
        if (size >= sizeof text)
            return status_error(STATUS_USAGE, tr("\"%.40s\" is no value for %s"), typed,
                                race->axis->name);
        memcpy(text, typed, size);
        if (size > 0) {
            Status status = config_set(&probe, race->axis->name, text);
            if (!status_is_ok(&status)) return status;
            config_get(&probe, race->axis, text, sizeof text); // ".01" and "0.010" are 0.01
            race_put(race, text, true);
            if (race_find(race, text) < 0)
                return status_error(STATUS_USAGE, tr("%d values are as many as there is room for"),
                                    RACE_VALUES_MAX);
        }
        typed += size + (typed[size] != '\0');
    }
    return status_ok();
}

int race_chosen(const RaceState *race) {
    int count = 0;
    for (int i = 0; i < race->count; i++) count += race->value[i].on;
    return count;
}

void race_label(const RaceState *race, int index, char out[64]) {
    const TrainOption *axis = race->axis;
    const char *text = race->value[index].text;
    text_copy(out, 64, text);
    for (int i = 0; axis->choice && axis->choice(i); i++)
        if (strcmp(axis->choice(i), text) == 0)
            text_copy(out, 64, tr(option_choice_label(axis, i)));
    if (axis->type == OPTION_BOOL || axis->type == OPTION_FLAG)
        text_copy(out, 64, text[0] == '1' ? tr("on") : tr("off"));
    out[0] = (char)toupper((unsigned char)out[0]);
}

const char *race_remark(const RaceState *race) {
    static const struct {
        const char *name, *says;
    } rows[] = {
        {"optimizer",
         TR("Same first weights, same batches. Each optimizer has the learning rate that it comes "
            "with; the form's own keeps the form's.")},
        {"preset", TR("Same batches with the same settings; the networks differ, and so do their "
                      "first weights.")},
        {"init", TR("Same batches; the first weights differ.")},
        {"seed", TR("First weights and batches differ: what is left is luck.")},
        {"batch-size", TR("Same first weights and the same images, in batches of other sizes.")},
        {"augment", TR("Same first weights and the same images, varied more or less.")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, race->axis->name) == 0) return tr(rows[i].says);
    return tr("Same first weights, same batches, same augmentation: nothing else differs.");
}

// ---- runs ---------------------------------------------------------------------------------------

Status race_config(const RaceState *race, const TrainConfig *form, int index, TrainConfig *out) {
    const char *name = race->axis->name, *value = race->value[index].text;
    char own[TRAIN_LAYERS_MAX + FILE_PATH_MAX];
    bool preset = strcmp(name, "preset") == 0;
    config_get(form, race->axis, own, sizeof own);
    *out = *form;
    // The form's own value keeps what was set beside it.
    if (strcmp(own, value) == 0 && !(preset && form->layers[0])) return status_ok();
    Status status = config_set(out, name, value);
    if (!status_is_ok(&status) || !preset) return status;
    // Of a preset only the network, not its recipe.
    TrainConfig recipe = *out;
    *out = *form;
    text_copy(out->preset, sizeof out->preset, recipe.preset);
    out->layers[0] = '\0';
    out->mean = recipe.mean;
    out->std = recipe.std;
    return status;
}

// "SGD momentum", "LeNet-5"; of a number also of what: "Learning rate 0.01".
static void race_run_name(const RaceState *race, int index, char out[RUN_NAME_MAX]) {
    char label[64];
    race_label(race, index, label);
    if (race->axis->choice)
        text_copy(out, RUN_NAME_MAX, label);
    else if (strcmp(race->axis->name, "lr") == 0)
        snprintf(out, RUN_NAME_MAX, "lr %.40s", label);
    else
        snprintf(out, RUN_NAME_MAX, "%.30s %.30s", tr(race->axis->label), label);
}

Status race_start(Workbench *bench) {
    RaceState *race = &bench->race;
    TrainConfig form = bench->form, config;
    uint64_t first = 0, own = 0;
    int wanted = race_chosen(race), going = 0;
    Status status = status_ok();
    for (int i = 0; i < bench->runs.count; i++) going += entry_is_active(bench->runs.entry[i]);
    int room = RUNS_MAX - bench->runs.count;
    if (TRAINER_RUNS_MAX - going < room) room = TRAINER_RUNS_MAX - going;
    if (wanted > room)
        return status_error(
            STATUS_USAGE, tr("There is room for %d more runs: tick fewer, or delete some."), room);
    for (int i = 0; i < race->count; i++) {
        char name[RUN_NAME_MAX], line[2][TRAIN_LINE_MAX];
        if (!race->value[i].on) continue;
        race_run_name(race, i, name);
        TRY(race_config(race, &form, i, &config));
        TRY(runs_start_as(bench, &config, name, false));
        config_print(&form, line[0]);
        config_print(&config, line[1]);
        if (!first) first = bench->runs.selected;
        runs_selected(bench)->race = first;
        if (strcmp(line[0], line[1]) == 0) own = bench->runs.selected;
    }
fail:
    // The form stays as it is when one of them is the form's.
    if (first) runs_select(bench, runs_find(bench, own ? own : first));
    return status;
}
