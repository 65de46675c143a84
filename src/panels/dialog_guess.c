// What a file does not say about its network, as fields: what was guessed stands in them, each can
// be changed, and beside them stands how many test images the network so made gets right. Nothing
// is taken over before "Use these".
#include "panels/panels.h"

#include "base/text.h"
#include "base/tr.h"
#include "panels/files.h"
#include "panels/guess_layers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- the choices --------------------------------------------------------------------------------

// The last row is what is none of the others.
static const struct {
    const char *label;
    Normalization value;
} guess_scales[] = {
    {TR("MNIST's mean and deviation"), {0.1307f, 0.3081f}},
    {TR("\xe2\x88\x92"
        "1 to 1"),
     {0.5f, 0.5f}},
    {TR("0 to 1"), {0, 1}},
    {TR("0 to 255"), {0, 1.0f / 255}},
    {TR("Fashion-MNIST's"), {0.2860f, 0.3530f}},
    {TR("EMNIST's"), {0.1736f, 0.3317f}},
    {TR("these numbers"), {0, 0}},
};
enum { GUESS_SCALES = (int)(sizeof guess_scales / sizeof guess_scales[0]) };

static int find_scale(const GuessForm *form) {
    for (int i = 0; i < GUESS_SCALES - 1; i++)
        if (fabs(form->mean - (double)guess_scales[i].value.mean) < 1e-6 &&
            fabs(form->std - (double)guess_scales[i].value.std) < 1e-6)
            return i;
    return GUESS_SCALES - 1;
}

// ---- the form -----------------------------------------------------------------------------------

// The number that was meant: 0.1307, not what a float makes of it.
static double short_number(float value) {
    char text[32];
    snprintf(text, sizeof text, "%.6g", (double)value);
    return strtod(text, NULL);
}

void dialog_guess_prepare(Workbench *bench) {
    GuessForm *form = &bench->guess;
    Source source = answer_source(bench);
    form->id = source_id(&source);
    if (!source.model || !source.model->foreign || !guesser_give_up(&form->guesser)) {
        bench->dialog = DIALOG_NONE;
        return;
    }
    const SavedModel *model = source.model->model;
    const InferReport *report = &source.model->report;
    GuessWish *wish = &form->wish;
    memset(wish, 0, sizeof *wish);
    text_copy(wish->path, sizeof wish->path, source.model->path);
    wish->dataset = bench->dataset;
    wish->decided = wish->examine = true;
    wish->border = report->border;
    form->mean = short_number(report->normalization.mean);
    form->std = short_number(report->normalization.std);
    if (report->open) text_copy(wish->layers, sizeof wish->layers, report->layers);
    form->classes[0] = '\0';
    size_t used = 0;
    for (int i = 0; i < model->class_count && used < sizeof form->classes; i++)
        used += (size_t)snprintf(form->classes + used, sizeof form->classes - used, "%s%s",
                                 i ? ", " : "", model->class_names[i]);
    memset(&form->asked, 0, sizeof form->asked);
    saved_model_close(&form->tried.model);
    form->tried = (GuessResult){.model = NULL};
}

// Has what the fields say tried, as soon as the thread is free.
static void guess_follow(Workbench *bench, GuessForm *form) {
    GuessResult result;
    GuessWish *wish = &form->wish, *asked = &form->asked;
    wish->normalization = (Normalization){(float)form->mean, (float)form->std};
    bool same =
        asked->decided && strcmp(asked->layers, wish->layers) == 0 &&
        asked->border == wish->border &&
        memcmp(&asked->normalization, &wish->normalization, sizeof wish->normalization) == 0;
    if (guesser_take(&form->guesser, &result)) {
        saved_model_close(&form->tried.model);
        form->tried = result;
    }
    if (same) return;
    if (form->guesser.busy) {
        guesser_stop(&form->guesser);
        return;
    }
    saved_model_close(&form->tried.model);
    form->tried = (GuessResult){.model = NULL};
    *asked = *wish;
    workbench_check(bench,
                    guesser_start(&form->guesser, wish, bench->hooks.wake, bench->hooks.context));
}

// The names between commas into the model; false with *problem when they are not one each.
static bool guess_name(const GuessForm *form, SavedModel *model, char *problem, size_t size) {
    const char *at = form->classes;
    int count = 0;
    problem[0] = '\0';
    for (;; count++) {
        while (*at == ' ') at++;
        size_t length = strcspn(at, ",");
        const char *next = at + length;
        while (length > 0 && at[length - 1] == ' ') length--;
        bool fits = length > 0 && length < sizeof model->class_names[0] && text_is_utf8(at, length);
        if (count < model->class_count && fits)
            snprintf(model->class_names[count], sizeof model->class_names[0], "%.*s", (int)length,
                     at);
        else if (count < model->class_count)
            snprintf(problem, size, tr("Class %d needs a name of 1 to %d bytes."), count + 1,
                     (int)sizeof model->class_names[0] - 1);
        if (*next == '\0') break;
        at = next + 1;
    }
    if (!problem[0] && count + 1 != model->class_count)
        snprintf(problem, size, tr("%d names are given; the network has %d classes."), count + 1,
                 model->class_count);
    return problem[0] == '\0';
}

// ---- drawing ------------------------------------------------------------------------------------

static Rect guess_cell(Ui *ui, Rect *row, float width, const char *caption) {
    Rect cell = rect_cut_left(row, width, THEME_GAP);
    ui_caption(ui, rect_cut_top(&cell, 18, 0), caption);
    return cell;
}

static void guess_normalization_row(Ui *ui, GuessForm *form, Rect row) {
    const char *items[GUESS_SCALES];
    UiNumber mean = {.min = -10, .max = 300}, std = {.min = 1e-4, .max = 300};
    int chosen = find_scale(form);
    for (int i = 0; i < GUESS_SCALES; i++) items[i] = tr(guess_scales[i].label);
    Rect cell = guess_cell(ui, &row, 250, tr("Pixels were brought to"));
    if (ui_dropdown(ui, cell, tr("Pixels were brought to"), items, GUESS_SCALES, &chosen, 0) &&
        chosen < GUESS_SCALES - 1) {
        form->mean = short_number(guess_scales[chosen].value.mean);
        form->std = short_number(guess_scales[chosen].value.std);
    }
    cell = guess_cell(ui, &row, 100, tr("Mean"));
    ui_number_field(ui, cell, tr("Mean"), &form->mean, &mean);
    cell = guess_cell(ui, &row, 100, tr("Deviation"));
    ui_number_field(ui, cell, tr("Deviation"), &form->std, &std);
}

static void guess_layers_row(Ui *ui, GuessForm *form, bool open, Rect row) {
    const char *items[GUESS_WORDS], *pools[GUESS_POOL_WORDS];
    GuessLayers look = guess_layers_look(form->wish.layers);
    bool changed = false;
    look.known = look.known && open;
    for (int i = 0; i < GUESS_WORDS; i++) items[i] = guess_word_label(i);
    for (int i = 0; i < GUESS_POOL_WORDS; i++) pools[i] = guess_pool_label(i);
    unsigned flags = look.known ? 0 : UI_DISABLED;
    Rect cell = guess_cell(ui, &row, 170, tr("Activation"));
    if (ui_dropdown(ui, cell, tr("Activation"), items, GUESS_WORDS, &look.word, flags))
        changed = look.known;
    cell = guess_cell(ui, &row, 150, tr("Pooling"));
    if (ui_dropdown(ui, cell, tr("Pooling"), pools, GUESS_POOL_WORDS, &look.pool,
                    look.pooled && open ? 0 : UI_DISABLED))
        changed = look.known;
    row = rect_cut_bottom(&row, THEME_CONTROL_H, 0);
    ui_checkbox(ui, row, tr("28x28 in a border of 2"), &form->wish.border, flags);
    ui_tooltip(ui, tr("It was trained on 32x32: its first layer pads by 2 what it was given."));
    if (changed) guess_layers_change(&look, form->wish.layers, sizeof form->wish.layers);
}

// How sure the guess is, and what else it may be, as far as there is room for it.
static void guess_sure(Ui *ui, Rect rect, const ModelEntry *entry, char *out, size_t size) {
    const InferReport *report = &entry->report;
    if (report->tried == 0) {
        snprintf(out, size,
                 tr("The file does not say what stands below: it is what is usual, not tried."));
        return;
    }
    if (report->sure == INFER_POOR) {
        snprintf(out, size,
                 tr("The best of %d tried reads only %.2f %% of training images. The file may hold "
                    "what it does not show: branches, other activations."),
                 report->tried, 100 * report->best.accuracy);
        return;
    }
    const char *sentence =
        report->sure == INFER_UNSURE
            ? tr("Unsure: the file does not say what stands below. The best of %d tried, right on "
                 "%.2f %% of training images (loss %.3g)")
            : tr("The file does not say what stands below: the best of %d tried, right on %.2f %% "
                 "of training images (loss %.3g)");
    int used = snprintf(out, size, sentence, report->tried, 100 * report->best.accuracy,
                        report->best.loss);
    for (int i = 0; i < report->rival_count && used > 0 && (size_t)used < size; i++) {
        const InferRival *rival = &report->rivals[i];
        int before = used;
        used += snprintf(out + used, size - (size_t)used, tr("; with %s: %.2f %% (loss %.3g)"),
                         rival->what, 100 * rival->score.accuracy, rival->score.loss);
        if (ui_paragraph_height(ui, rect.w, TEXT_SMALL, out) <= rect.h) continue;
        used = before;
        break;
    }
    if (used > 0 && (size_t)used < size) snprintf(out + used, size - (size_t)used, ".");
}

static void guess_result(Ui *ui, const GuessForm *form, const char *problem, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    const GuessResult *tried = &form->tried;
    char text[96];
    Rect line = rect_cut_top(&rect, 20, 4);
    if (!tried->model && status_is_ok(&tried->status)) {
        ui_text(ui, line, TEXT_BODY, c->text_muted, tr("Trying\xe2\x80\xa6"));
    } else if (!tried->model || problem[0]) {
        rect.y = line.y;
        rect.h += 24;
        ui_paragraph(ui, rect, TEXT_SMALL, c->error,
                     tried->model ? problem : tried->status.message);
    } else if (tried->score.images == 0) {
        ui_text(ui, line, TEXT_BODY, c->text_soft,
                tr("These fit the file. There are no test images to try them on."));
    } else {
        snprintf(text, sizeof text, tr("%.2f %% of %d test images"), 100 * tried->score.accuracy,
                 tried->score.images);
        float width = ui_text(ui, line, TEXT_STRONG, c->text, text);
        snprintf(text, sizeof text, tr("loss %.4g"), tried->score.loss);
        rect_cut_left(&line, width, 10);
        ui_text(ui, line, TEXT_BODY, c->text_muted, text);
    }
}

static void guess_use(Workbench *bench, ModelEntry *entry) {
    GuessForm *form = &bench->guess;
    InferReport report = form->tried.report;
    // How the guess was come to stays known.
    report.tried = entry->report.tried;
    report.best = entry->report.best;
    report.sure = entry->report.sure;
    memcpy(report.rivals, entry->report.rivals, sizeof report.rivals);
    report.rival_count = entry->report.rival_count;
    entry->untried = false;
    bench_replace_model(bench, entry, form->tried.model, &report);
    form->tried.model = NULL;
    workbench_say(bench, NOTICE_SUCCESS, tr("%s is what you say now. Save it and it stays so."),
                  path_basename(entry->path));
}

static bool guess_buttons(Ui *ui, Workbench *bench, ModelEntry *entry, bool good, Rect row) {
    bool real = bench->dataset && !bench->dataset->synthetic;
    const char *use = tr("Use these"), *cancel = tr("Cancel"), *again = tr("Guess again");
    Rect right = rect_cut_right(&row, fmaxf(110, ui_button_width(ui, use)), THEME_GAP_SMALL);
    Rect middle = rect_cut_right(&row, fmaxf(84, ui_button_width(ui, cancel)), 0);
    Rect left = rect_cut_left(&row, ui_button_width(ui, again), 0);
    bool leave = false;
    if (ui_button(ui, left, again, real ? 0 : UI_DISABLED)) {
        entry->untried = true;
        leave = true;
    }
    ui_tooltip(ui, tr("Try the candidates on training images once more"));
    if (ui_button(ui, middle, cancel, 0)) leave = true;
    if (ui_button(ui, right, use, UI_PRIMARY | (good ? 0 : UI_DISABLED)) && good) {
        guess_use(bench, entry);
        leave = true;
    }
    return leave;
}

void dialog_guess(Ui *ui, Workbench *bench) {
    const ThemeColors *c = &ui->theme->color;
    GuessForm *form = &bench->guess;
    ModelEntry *entry = bench_find_model(bench, form->id);
    char text[768], problem[128] = "";
    if (!entry) {
        bench->dialog = DIALOG_NONE;
        return;
    }
    bool open = entry->report.open;
    Rect inside;
    guess_follow(bench, form);
    ui_dialog_begin(ui, tr("Which network is this?"), 660, 490, &inside);
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, THEME_GAP);
    snprintf(text, sizeof text, "%.100s: %s", path_basename(entry->path), entry->report.recognised);
    ui_text(ui, rect_cut_top(&inside, 20, 2), TEXT_STRONG, c->text, text);
    Rect sure = rect_cut_top(&inside, 54, THEME_GAP_SMALL);
    guess_sure(ui, sure, entry, text, sizeof text);
    ui_paragraph(ui, sure, TEXT_SMALL, c->text_muted, text);
    guess_normalization_row(ui, form, rect_cut_top(&inside, 50, THEME_GAP_SMALL));
    guess_layers_row(ui, form, open, rect_cut_top(&inside, 50, THEME_GAP_SMALL));
    Rect row = rect_cut_top(&inside, 50, THEME_GAP_SMALL);
    ui_caption(ui, rect_cut_top(&row, 18, 0), tr("Layers"));
    bool wrong = !form->tried.model && !status_is_ok(&form->tried.status);
    UiField layers = {.placeholder = tr("as the file says"),
                      .flags = (open ? 0u : UI_DISABLED) | (wrong ? UI_INVALID : 0u)};
    ui_text_field(ui, row, tr("Layers"), form->wish.layers, sizeof form->wish.layers, &layers);
    row = rect_cut_top(&inside, 50, THEME_GAP_SMALL);
    ui_caption(ui, rect_cut_top(&row, 18, 0), tr("Names of the classes"));
    bool named = form->tried.model && guess_name(form, form->tried.model, problem, sizeof problem);
    UiField names = {.flags = problem[0] ? UI_INVALID : 0};
    ui_text_field(ui, row, tr("Names of the classes"), form->classes, sizeof form->classes, &names);
    guess_result(ui, form, problem, inside);
    bool leave = guess_buttons(ui, bench, entry, named && !form->guesser.busy, buttons);
    if (ui_dialog_end(ui) || leave) {
        bench->dialog = DIALOG_NONE;
        guesser_stop(&form->guesser);
    }
}
