// One option of the training form as a control: which one follows from its row in train_options.
#include "panels/panels.h"

#include "base/check.h"
#include "base/tr.h"
#include "dataset/augment.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_CHOICES_MAX = 32 };

const char *option_choice_label(const TrainOption *option, int index) {
    if (!option->choice || !option->choice(index)) return NULL;
    if (strcmp(option->name, "preset") == 0) return presets[index].label;
    if (strcmp(option->name, "optimizer") == 0) return optimizer_rows[index].label;
    if (strcmp(option->name, "schedule") == 0) return schedule_rows[index].label;
    if (strcmp(option->name, "init") == 0) {
        static const char *const labels[INIT_COUNT] = {
            [INIT_PYTORCH] = "PyTorch's", [INIT_HE] = "He", [INIT_XAVIER] = "Xavier"};
        ASSERT(index < INIT_COUNT); // choice() has just found a name for it
        return labels[index];
    }
    return option->choice(index);
}

bool option_applies(const TrainConfig *config, const TrainOption *option) {
    return config_applies(config, option);
}

static const void *option_field(const Workbench *bench, const TrainOption *option) {
    return (const char *)&bench->form + option->offset;
}

static bool option_choice(Ui *ui, Workbench *bench, const TrainOption *option, Rect rect,
                          unsigned flags) {
    char capital[OPTION_CHOICES_MAX][48];
    const char *items[OPTION_CHOICES_MAX];
    int count = 0, selected = *(const int *)option_field(bench, option);
    for (; count < OPTION_CHOICES_MAX && option->choice(count); count++) {
        text_copy(capital[count], sizeof capital[count], tr(option_choice_label(option, count)));
        capital[count][0] = (char)toupper((unsigned char)capital[count][0]);
        items[count] = capital[count];
    }
    if (!ui_dropdown(ui, rect, tr(option->label), items, count, &selected, flags)) return false;
    workbench_set(bench, option->name, option->choice(selected));
    return true;
}

static bool option_number(Ui *ui, Workbench *bench, const TrainOption *option, Rect rect,
                          unsigned flags) {
    const void *field = option_field(bench, option);
    UiNumber number = {.min = option->low,
                       .max = option->high,
                       .integer = option->type != OPTION_NUMBER,
                       .step = option->type == OPTION_NUMBER ? 0 : 1,
                       .flags = flags};
    double value = option->type == OPTION_NUMBER ? *(const double *)field
                   : option->type == OPTION_SEED ? (double)*(const long long *)field
                                                 : *(const int *)field;
    char text[40];
    if (!ui_number_field(ui, rect, tr(option->label), &value, &number)) return false;
    if (option->type == OPTION_NUMBER)
        text_from_double(text, value);
    else
        snprintf(text, sizeof text, "%.0f", value);
    workbench_set(bench, option->name, text);
    return true;
}

static bool option_text(Ui *ui, Workbench *bench, const TrainOption *option, Rect rect,
                        unsigned flags) {
    char text[TRAIN_LAYERS_MAX + FILE_PATH_MAX];
    UiField field = {.flags = flags, .placeholder = tr("none")};
    config_get(&bench->form, option, text, sizeof text);
    UiEdit edit = ui_text_field(ui, rect, tr(option->label), text, option->size, &field);
    if (edit.changed) workbench_set(bench, option->name, text);
    return edit.changed;
}

bool option_control(Ui *ui, Workbench *bench, const TrainOption *option, Rect rect) {
    RunEntry *run = runs_selected(bench);
    bool going = run && entry_is_active(run), changed = false, on;
    unsigned flags = going && !option->live ? UI_RESETS : 0;
    char tip[320];
    switch (option->type) {
    case OPTION_CHOICE:
        changed = option_choice(ui, bench, option, rect, flags);
        break;
    case OPTION_BOOL:
    case OPTION_FLAG:
        on = option->type == OPTION_BOOL ? *(const bool *)option_field(bench, option)
                                         : *(const int *)option_field(bench, option) != 0;
        changed = ui_checkbox(ui, rect, tr(option->label), &on, flags);
        if (changed) workbench_set(bench, option->name, on ? "1" : "0");
        break;
    case OPTION_TEXT:
        changed = option_text(ui, bench, option, rect, flags);
        break;
    case OPTION_NUMBER:
    case OPTION_INT:
    case OPTION_SEED:
        changed = option_number(ui, bench, option, rect, flags);
        break;
    }
    snprintf(tip, sizeof tip, "%s%s", tr(option->help),
             !going         ? ""
             : option->live ? tr("\nApplies to the run in training at once.")
                            : tr("\nHolds for the next run; the one in training keeps its own."));
    tip[0] = (char)toupper((unsigned char)tip[0]);
    ui_tooltip(ui, tip);
    return changed;
}
