// A network of one's own, in the notation of nn/spec.h, with the shapes it comes to while it is
// typed.
#include "panels/panels.h"

#include "base/tr.h"
#include "nn/layer.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct LayersCheck {
    ModelSpec spec;
    ModelPlan plan;
    Status status;
} LayersCheck;

// What the text comes to for the data at hand (28x28 and ten classes while there is none).
static void layers_check(const Workbench *bench, LayersCheck *check) {
    memset(check, 0, sizeof *check);
    const Dataset *set = bench->dataset;
    int classes = set ? (int)set->classes : 10;
    check->spec.input = (Shape){1, 28, 28, false};
    if (set)
        check->spec.input =
            (Shape){(int)set->train.channels, (int)set->train.height, (int)set->train.width, false};
    check->spec.normalization.std = 1;
    check->status = spec_parse_layers(bench->layers_text, &check->spec);
    if (status_is_ok(&check->status)) check->status = spec_plan(&check->spec, &check->plan);
    if (status_is_ok(&check->status) && check->plan.classes != classes)
        check->status = status_error(
            STATUS_USAGE,
            TR("the last layer gives %d numbers; %d are needed, one for each class: end "
               "with \"dense %d\""),
            check->plan.classes, classes, classes);
}

static void layers_shapes(const LayersCheck *check, char *out, size_t size) {
    char shape[48];
    size_t used = 0;
    shape_print(check->plan.shapes[0], shape);
    words_append(out, size, &used, "%s", shape);
    for (int i = 0; i < check->spec.layer_count; i++) {
        const LayerKind *kind = check->spec.layers[i].kind;
        if (kind->activation != ACTIVATION_NONE) continue;
        shape_print(check->plan.shapes[i + 1], shape);
        words_append(out, size, &used, "  \xe2\x86\x92  %s %s", kind->word, shape);
    }
}

void dialog_layers(Ui *ui, Workbench *bench) {
    const ThemeColors *c = &ui->theme->color;
    char shapes[2048], count[WORD_MAX];
    LayersCheck *check = malloc(sizeof *check);
    if (!check) {
        bench->dialog = DIALOG_NONE;
        workbench_check(bench, status_no_memory("the layers", sizeof *check));
        return;
    }
    Rect inside;
    layers_check(bench, check);
    bool good = status_is_ok(&check->status);
    ui_dialog_begin(ui, tr("Custom layers"), 720, 330, &inside);
    float hint =
        ui_paragraph(ui, inside, TEXT_SMALL, c->text_muted,
                     tr("From input to output, separated by commas: conv 6 k5 p2, relu, "
                        "avgpool 2, maxpool 2, batchnorm, dropout 0.5, dense 120 \xe2\x80\xa6 "
                        "A number alone is channels, outputs or window; k is the kernel, "
                        "s the stride, p the padding."));
    rect_cut_top(&inside, hint, 12);
    Rect field = rect_cut_top(&inside, THEME_CONTROL_H, 12);
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, 12);
    UiField options = {.placeholder = tr("dense 300, relu, dense 10"),
                       .flags = good ? 0 : UI_INVALID};
    UiEdit edit =
        ui_text_field(ui, field, "Layers", bench->layers_text, sizeof bench->layers_text, &options);
    if (good) {
        layers_shapes(check, shapes, sizeof shapes);
        word_count(count, (double)check->plan.parameters);
        ui_textf(ui, rect_cut_top(&inside, 20, 4), TEXT_STRONG, c->text, tr("%s parameters"),
                 count);
        ui_paragraph(ui, inside, TEXT_SMALL, c->text_soft, shapes);
    } else {
        ui_paragraph(ui, inside, TEXT_SMALL, c->error, check->status.message);
    }
    Rect use = rect_cut_right(&buttons, 110, THEME_GAP_SMALL);
    Rect cancel = rect_cut_right(&buttons, 84, 0);
    bool leave = ui_button(ui, cancel, tr("Cancel"), 0);
    bool take = ui_button(ui, use, tr("Use these"), UI_PRIMARY | (good ? 0 : UI_DISABLED));
    if (good && (take || edit.submitted)) {
        TrainConfig *form = &bench->form;
        form->preset[0] = '\0';
        text_copy(form->layers, sizeof form->layers, bench->layers_text);
        leave = true;
    }
    if (ui_dialog_end(ui) || leave) bench->dialog = DIALOG_NONE;
    free(check);
}
