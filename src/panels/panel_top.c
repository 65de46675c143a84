// The top bar: what the program is, what it works with (data, network, device), open and save.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/export.h"
#include "panels/files.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP_CONTROL_H = 30, TOP_CHIP_H = 28, TOP_CHIPS = 3, TOP_DEVICE = 2, TOP_LEVELS = 5 };

typedef struct TopChip {
    char strong[96], soft[160];
    char shorter[96]; // of `soft`, for narrow windows
    char tip[FILE_PATH_MAX + 256];
} TopChip;

static void top_data(const Workbench *bench, TopChip *chip) {
    char train[WORD_MAX], test[WORD_MAX];
    const Dataset *set = bench->dataset;
    if (set) {
        word_count(train, set->train.n);
        word_count(test, set->test.n);
        snprintf(chip->strong, sizeof chip->strong, "%c%s", set->synthetic ? 'S' : set->name[0],
                 set->name + 1);
        snprintf(chip->soft, sizeof chip->soft, tr("%s train \xc2\xb7 %s test"), train, test);
        text_copy(chip->shorter, sizeof chip->shorter, train);
        snprintf(chip->tip, sizeof chip->tip,
                 tr("%s: %s images to learn from, %s to be tested on\n%s"), set->name, train, test,
                 set->synthetic
                     ? tr("made by this program; \"inkling data fetch mnist\" gets MNIST")
                     : set->directory);
    } else if (bench->loader.busy) {
        text_copy(chip->strong, sizeof chip->strong, tr("Data"));
        text_copy(chip->soft, sizeof chip->soft, tr("loading\xe2\x80\xa6"));
        text_copy(chip->shorter, sizeof chip->shorter, chip->soft);
    } else {
        text_copy(chip->strong, sizeof chip->strong, tr("No data"));
        text_copy(chip->tip, sizeof chip->tip, bench->dataset_problem);
    }
}

static void top_model(Workbench *bench, TopChip *chip) {
    Source source = answer_source(bench);
    char count[WORD_MAX], layers[256];
    if (source_id(&source) == 0) {
        text_copy(chip->strong, sizeof chip->strong, tr("No network"));
        text_copy(chip->soft, sizeof chip->soft, tr("train one, or open a file"));
        return;
    }
    const Preset *preset = preset_find(source_spec(&source)->name);
    // A file knows better than "custom" what its network is called.
    const char *name = preset       ? preset->label
                       : source.run ? source_spec(&source)->name
                                    : source_name(&source);
    const char *from = source.run ? source.run->name : path_basename(source.model->path);
    word_count(count, (double)source_plan(&source)->parameters);
    text_copy(chip->strong, sizeof chip->strong, name[0] ? name : source_name(&source));
    snprintf(chip->soft, sizeof chip->soft, tr("%s parameters \xc2\xb7 %s"), count, from);
    snprintf(chip->shorter, sizeof chip->shorter, tr("%s parameters"), count);
    spec_print_layers(source_spec(&source), layers, sizeof layers);
    snprintf(chip->tip, sizeof chip->tip, tr("answers the canvas: %.900s\n%s\n%s parameters"),
             source.run ? source.run->name : source.model->path, layers, count);
}

static void top_device(const Workbench *bench, TopChip *chip) {
    const char *all = bench->trainer ? trainer_describe(bench->trainer) : "";
    const char *comma = strchr(all, ',');
    if (!all[0]) {
        if (!bench->dataset) return;
        text_copy(chip->strong, sizeof chip->strong, bench->form.device);
        if (bench->devices.opener) text_copy(chip->soft, sizeof chip->soft, tr("being opened"));
        return;
    }
    snprintf(chip->strong, sizeof chip->strong, "%.*s",
             comma ? (int)(comma - all) : (int)strlen(all), all);
    // "AVX-512, 1 thread" -> "AVX-512 . 1 thread"
    size_t used = 0;
    while (comma) {
        const char *from = comma + 1 + strspn(comma + 1, " ");
        int threads = atoi(from);
        comma = strchr(from, ',');
        if (used > 0) words_append(chip->soft, sizeof chip->soft, &used, " \xc2\xb7 ");
        if (threads > 0 && strstr(from, " thread") && !comma)
            words_append(chip->soft, sizeof chip->soft, &used,
                         tr_n("%d thread", "%d threads", threads), threads);
        else
            words_append(chip->soft, sizeof chip->soft, &used, "%.*s",
                         comma ? (int)(comma - from) : (int)strlen(from), from);
    }
    text_copy(chip->shorter, sizeof chip->shorter, "");
    snprintf(chip->tip, sizeof chip->tip, tr("trains with %s; click for other devices"), all);
}

// The less room, the less is said: level 0 is everything.
static const char *top_soft(const TopChip *chip, int index, int level) {
    static const int shorter_from[TOP_CHIPS] = {3, 1, 2}, none_from[TOP_CHIPS] = {5, 4, 2};
    if (level >= none_from[index]) return "";
    return level >= shorter_from[index] ? chip->shorter : chip->soft;
}

static float top_chips_width(Ui *ui, const TopChip *chips, int level) {
    float width = 0;
    for (int i = 0; i < TOP_CHIPS; i++)
        if (chips[i].strong[0])
            width += ui_chip_width(ui, chips[i].strong, top_soft(&chips[i], i, level)) + 10;
    return width;
}

static void top_chips(Ui *ui, Workbench *bench, Rect rect) {
    TopChip chips[TOP_CHIPS] = {0};
    int level = 0;
    top_data(bench, &chips[0]);
    top_model(bench, &chips[1]);
    top_device(bench, &chips[TOP_DEVICE]);
    while (level < TOP_LEVELS && top_chips_width(ui, chips, level) > rect.w) level++;
    for (int i = 0; i < TOP_CHIPS; i++) {
        const char *soft = top_soft(&chips[i], i, level);
        if (!chips[i].strong[0]) continue;
        float width = ui_chip_width(ui, chips[i].strong, soft);
        if (width > rect.w) return;
        Rect box = rect_cut_left(&rect, width, 10);
        ui_push_index(ui, i);
        UiHit hit = ui_interact(ui, ui_id(ui, "chip"), UI_KIND_OTHER, chips[i].strong, box, 0, 0);
        ui_set_value(ui, "%s", soft);
        ui_tooltip(ui, chips[i].tip);
        ui_chip(ui, box, chips[i].strong, soft);
        // By keyboard: "More...".
        if (i == TOP_DEVICE && hit.clicked) dialog_open(bench, DIALOG_DEVICE);
        ui_pop_id(ui);
    }
}

static void top_export(Ui *ui, Workbench *bench, Rect rect) {
    const char *items[EXPORT_KINDS];
    bool possible = export_is_possible(bench);
    for (int i = 0; i < EXPORT_KINDS; i++) items[i] = tr(export_kinds[i].label);
    int chosen = ui_menu(ui, rect, tr("Export"), items, EXPORT_KINDS, possible ? 0 : UI_DISABLED);
    ui_tooltip(ui, possible ? tr("The curves that are shown, as figures or as a picture (Ctrl+E)")
                            : tr("There are no curves to export yet."));
    if (chosen < 0) return;
    bench->export_kind = chosen;
    dialog_open(bench, DIALOG_EXPORT_RUNS);
}

static void top_buttons(Ui *ui, Workbench *bench, Rect *inside) {
    static const char *const sizes[] = {"A\xe2\x88\x92", "A+"};
    Rect keys = rect_cut_right(inside, 30, 6);
    Rect theme = rect_cut_right(inside, 30, 6);
    Rect language = rect_cut_right(inside, 78, 6);
    Rect big = rect_cut_right(inside, 44, 6);
    Rect size = rect_cut_right(inside, 64, 6);
    Rect export = rect_cut_right(inside, ui_button_width(ui, tr("Export")) + 16, 8);
    Rect save = rect_cut_right(inside, 68, 8);
    Rect open = rect_cut_right(inside, 68, 8);
    Rect lessons = rect_cut_right(inside, 30, 16);
    if (ui_icon_button(ui, lessons, ICON_BOOK, tr("Lessons (L)"), bench->lesson.lesson ? UI_ON : 0))
        dialog_open(bench, DIALOG_LESSONS);
    if (ui_button(ui, open, tr("Open\xe2\x80\xa6"), 0)) dialog_open(bench, DIALOG_OPEN);
    ui_tooltip(ui, tr("A model, a picture, strokes or a directory with a data set (Ctrl+O).\n"
                      "Dropping a file on the window does the same."));
    unsigned none = bench_save_target(bench) ? 0 : UI_DISABLED;
    if (ui_button(ui, save, tr("Save\xe2\x80\xa6"), none)) dialog_open(bench, DIALOG_SAVE);
    ui_tooltip(ui, none ? tr("There is no network to save yet.")
                        : tr("The weights of the selected run, as a file (Ctrl+S)."));
    top_export(ui, bench, export);
    int step = ui_button_group(ui, size, "Size of everything", sizes, 2, 0);
    if (step >= 0) interface_scale(bench, step ? 1 : -1);
    if (ui_button(ui, big, tr("Big"), bench->prefs.big ? UI_ON : 0))
        bench->prefs.big = !bench->prefs.big;
    ui_tooltip(ui,
               tr("Big text, for the back row: what matters, as large as the window allows (B)"));
    bool light = bench->prefs.light;
    if (ui_icon_button(ui, theme, light ? ICON_MOON : ICON_SUN,
                       light ? tr("Dark theme##theme") : tr("Light theme##theme"), 0))
        bench->prefs.light = !light;
    // Each language by its own name, whatever is spoken now.
    if (ui_button(ui, language, "EN / \xe4\xb8\xad\xe6\x96\x87", 0))
        workbench_use_language(bench, (bench->language + 1) % LANGUAGE_COUNT);
    ui_tooltip(ui, bench->language == LANGUAGE_ENGLISH ? "\xe4\xb8\xad\xe6\x96\x87" : "English");
    if (ui_button(ui, keys, "?", 0)) dialog_open(bench, DIALOG_KEYS);
    ui_tooltip(ui, tr("All keys (?)"));
}

void panel_top(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    draw_fill(&ui->draw, rect, 0, c->bar);
    draw_hline(&ui->draw, rect.x, rect_right(rect), rect_bottom(rect) - 1, c->hairline);
    Rect inside = rect_inset_xy(rect, 20, 0);
    Rect word = rect_cut_left(&inside, 0, 0);
    word = inside;
    float used = ui_text(ui, word, TEXT_TITLE, c->text, "Ink");
    rect_cut_left(&word, used, 0);
    used += ui_text(ui, word, TEXT_TITLE, c->accent, "ling");
    rect_cut_left(&inside, ceilf(used), 20);
    inside.y += floorf((inside.h - TOP_CONTROL_H) / 2);
    inside.h = TOP_CONTROL_H;
    // Buttons first: they keep their places, the chips take what is left. In Tab order the chips
    // take no part.
    top_buttons(ui, bench, &inside);
    inside.y += (TOP_CONTROL_H - TOP_CHIP_H) / 2.0f;
    inside.h = TOP_CHIP_H;
    if (part_is_shown(bench, PART_TOP)) top_chips(ui, bench, inside);
}
