// What the network sees and what it says: the input enlarged pixel by pixel, the answer with its
// runners-up, a bar for every class, and who it is that answers.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/teach.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BAR_MIN_W = 17 };

// ---- who answers --------------------------------------------------------------------------------

enum { SOURCE_ITEMS = 1 + RUNS_MAX + MODELS_MAX, SOURCE_TEXT = 140 };

typedef struct SourceList {
    char text[SOURCE_ITEMS][SOURCE_TEXT];
    const char *item[SOURCE_ITEMS];
    uint64_t id[SOURCE_ITEMS];
    int count, selected;
} SourceList;

static void source_add(SourceList *list, const Workbench *bench, uint64_t id, const char *text) {
    int at = list->count++;
    text_copy(list->text[at], SOURCE_TEXT, text);
    list->item[at] = list->text[at];
    list->id[at] = id;
    if (id == bench->pin) list->selected = at;
}

static void source_list(Workbench *bench, SourceList *list) {
    char text[SOURCE_TEXT];
    Source now = answer_source(bench);
    memset(list, 0, sizeof *list);
    bool live = !bench->pin && now.run && entry_is_active(now.run);
    snprintf(text, sizeof text, live ? tr("Live: %.60s") : tr("Automatic: %.60s"),
             source_id(&now) ? source_name(&now) : tr("none yet"));
    source_add(list, bench, 0, text);
    for (int i = 0; i < bench->runs.count; i++) {
        const RunEntry *run = bench->runs.entry[i];
        if (!entry_has_progress(run) || run->removing) continue;
        snprintf(text, sizeof text, tr("Run: %s"), run->name);
        source_add(list, bench, run->id, text);
    }
    for (int i = bench->model_count - 1; i >= 0; i--) {
        const ModelEntry *model = &bench->models[i];
        snprintf(text, sizeof text, "%s (%.60s)", model->name,
                 model->shipped ? tr("shipped") : path_basename(model->path));
        source_add(list, bench, model->id, text);
    }
}

// What of the network that answers is only a guess, and a way to say otherwise; while it is being
// found out, how far that is, and a way to stop it.
static bool answer_has_guess(const Workbench *bench, const Source *source) {
    return bench->opening > 0 || (source->model && source->model->foreign);
}

// Whole parts of a list, as many as there is room for.
static void answer_cut_list(Ui *ui, char *text, float width) {
    static const char more[] = "\xe2\x80\xa6";
    char *comma;
    while (ui_text_width(ui, TEXT_SMALL, text) > width && (comma = strrchr(text, ',')) != NULL &&
           strlen(comma) >= sizeof more - 1)
        memcpy(comma, more, sizeof more);
}

static void answer_guess(Ui *ui, Workbench *bench, const ModelEntry *entry, Rect row) {
    const ThemeColors *c = &ui->theme->color;
    char text[400];
    bool trying =
        entry && bench->guesser.busy && strcmp(bench->guesser.wish.path, entry->path) == 0;
    const char *action = trying ? tr("Stop##guess") : tr("Change\xe2\x80\xa6##guess");
    if (bench->opening > 0)
        snprintf(text, sizeof text, tr("Opening %.100s"), path_basename(bench->opening_path));
    else if (trying)
        snprintf(text, sizeof text, tr("Trying which network it is: %d so far"),
                 atomic_load(&bench->guesser.tries));
    else if (entry->report.sure == INFER_POOR)
        snprintf(text, sizeof text, tr("Not recognised: reads %.0f %% of images"),
                 100 * entry->report.best.accuracy);
    else if (entry->report.sure == INFER_UNSURE)
        snprintf(text, sizeof text, tr("Unsure: %s"), entry->report.guessed);
    else if (entry->report.sure == INFER_NEARLY)
        snprintf(text, sizeof text, tr("Nearly sure: %s"), entry->report.guessed);
    else
        snprintf(text, sizeof text, tr("Guessed: %s"), entry->report.guessed);
    if (bench->opening == 0) {
        char shown[48];
        snprintf(shown, sizeof shown, "%.*s", (int)ui_label_size(action), action);
        float width = ceilf(ui_text_width(ui, TEXT_SMALL, shown));
        if (ui_link(ui, rect_cut_right(&row, width + 4, 8), action, UI_SMALL)) {
            if (trying)
                guesser_stop(&bench->guesser);
            else
                dialog_open(bench, DIALOG_GUESS);
        }
        if (!trying) ui_tooltip(ui, entry->report.sentence);
    }
    answer_cut_list(ui, text, row.w);
    ui_text(ui, row, TEXT_SMALL, c->text_muted, text);
}

static void answer_switch(Ui *ui, Workbench *bench, Rect row, bool captioned) {
    SourceList list;
    source_list(bench, &list);
    float width = ceilf(ui_text_width(ui, TEXT_SMALL, tr("Answered by")));
    if (captioned)
        ui_text(ui, rect_cut_left(&row, width, 10), TEXT_SMALL, ui->theme->color.text_muted,
                tr("Answered by"));
    if (ui_dropdown(ui, row, "Answered by", list.item, list.count, &list.selected, 0)) {
        bench->pin = list.id[list.selected];
        bench->pin_soft = false;
    }
    ui_tooltip(ui, tr("Automatic: the network in training, else the one that came last; after "
                      "a race the best.\n"
                      "Any other choice stays until it is changed here."));
}

// ---- the answer in words ------------------------------------------------------------------------

static void answer_message(Ui *ui, Rect rect, const char *strong, const char *soft) {
    const ThemeColors *c = &ui->theme->color;
    float height = ui_paragraph_height(ui, rect.w, TEXT_SMALL, soft);
    if (height + 22 > rect.h + 1) height = 0; // big text in a small window: the strong one says it
    rect_cut_top(&rect, fmaxf(0, (rect.h - height - 22) / 2), 0);
    Rect line = rect_cut_top(&rect, 18, 4);
    ui_text(ui, line, TEXT_STRONG, c->text_soft, strong);
    if (height > 0) ui_paragraph(ui, rect, TEXT_SMALL, c->text_muted, soft);
}

static void answer_runner_up(const Answer *answer, int rank, char *out, size_t size) {
    char percent[WORD_MAX];
    int class = rank < answer->classes ? answer->best[rank] : -1;
    out[0] = '\0';
    if (class < 0) return;
    word_percent(percent, answer->probabilities[class]);
    snprintf(out, size, "%s (%s)", answer->names[class], percent);
}

// `before`, and `word` with those after rank `first` as far as they fit: "then 5 (1.6 %), 2 (1 %)".
static void answer_others(Ui *ui, const Answer *answer, Rect rect, const char *before,
                          const char *word, int first) {
    char line[224];
    for (int last = answer->classes < 3 ? answer->classes - 1 : 2; last >= first - 1; last--) {
        size_t used = 0;
        line[0] = '\0';
        words_append(line, sizeof line, &used, "%s%s", before, last >= first ? word : "");
        for (int rank = first; rank <= last; rank++) {
            char one[64];
            answer_runner_up(answer, rank, one, sizeof one);
            words_append(line, sizeof line, &used, rank > first ? ", %s" : " %s", one);
        }
        if (ui_text_width(ui, TEXT_SMALL, line) <= rect.w) break;
    }
    ui_text(ui, rect, TEXT_SMALL, ui->theme->color.text_muted, line);
}

// The big word and two lines below it keep their places whatever they say.
static void answer_words(Ui *ui, const Answer *answer, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    char percent[WORD_MAX], line[128];
    const char *name = answer->names[answer->best[0]];
    bool sure = answer->verdict == VERDICT_DIGIT;
    word_percent(percent, answer->probabilities[answer->best[0]]);
    float lines = 38, digit = fminf(rect.h - lines, 64);
    rect_cut_top(&rect, floorf((rect.h - lines - digit) / 2), 0);
    Rect big = rect_cut_top(&rect, digit, 2);
    Rect second = rect_cut_top(&rect, 18, 0), third = rect_cut_top(&rect, 18, 0);
    if (answer->several) {
        panel_number(ui, answer, big);
        if (sure)
            snprintf(line, sizeof line, tr("%s: %s sure"), name, percent);
        else
            snprintf(line, sizeof line, tr("unsure, perhaps %s"), name);
        ui_text(ui, second, TEXT_BODY, c->text_soft, line);
        snprintf(line, sizeof line, tr("digit %d of %d"), answer->shown + 1, answer->reading.count);
        answer_others(ui, answer, third, line, tr(" \xc2\xb7 then"), 1);
    } else if (sure) {
        ui_text(ui, big, TEXT_HUGE, c->text, name);
        snprintf(line, sizeof line, tr("%s sure"), percent);
        ui_text(ui, second, TEXT_BODY, c->text_soft, line);
        answer_others(ui, answer, third, "", tr("then"), 1);
    } else {
        TextStyle style = ui->theme->text[TEXT_HUGE];
        style.size = 34;
        FontMetrics metrics = ui->font.metrics(ui->font.user, style);
        float y = big.y + (big.h + metrics.cap_height) / 2;
        const char *word = tr("unsure");
        size_t bytes = strlen(word);
        Vec2 size = {ui->font.measure(ui->font.user, style, word, bytes), metrics.line_height};
        draw_text(&ui->draw, (Vec2){big.x, y}, size, style, c->text_muted, word, bytes);
        ui_text(ui, second, TEXT_BODY, c->text_soft, tr("This may be no digit."));
        answer_others(ui, answer, third, "", tr("perhaps"), 0);
    }
}

static void answer_text(Ui *ui, Workbench *bench, Rect rect) {
    const Answer *answer = &bench->answer;
    if (!answer->recognizer)
        answer_message(ui, rect, tr("No network yet"),
                       answer->problem[0] ? answer->problem
                                          : tr("Train one, or open a model file."));
    else if (answer->blank)
        answer_message(ui, rect, tr("No answer yet"),
                       tr("Draw with the left button, erase with the right one."));
    else if (answer->lost)
        answer_message(ui, rect, tr("No number"),
                       tr("The weights ran away: the learning rate was too high."));
    else
        answer_words(ui, answer, rect);
}

// ---- what it sees -------------------------------------------------------------------------------

static void answer_input(Ui *ui, Workbench *bench, Rect square) {
    const Answer *answer = &bench->answer;
    const ThemeColors *c = &ui->theme->color;
    Rect inside = rect_inset(square, 1);
    bench->seen = inside;
    draw_box(&ui->draw, square, 2, c->paper, c->outline, 1);
    ui_interact(ui, ui_id(ui, "Network input"), UI_KIND_OTHER, "Network input", square, 0, 0);
    if (!answer->recognizer) return;
    char tip[160];
    snprintf(tip, sizeof tip, tr("Exactly the %d x %d bytes that the network gets."), answer->field,
             answer->field);
    ui_tooltip(ui, tip);
    if (answer->blank) return;
    DrawImage image = {ui_hash(0, "input"), answer->version, answer->field, answer->field,
                       answer->field,       IMAGE_GREY8,     answer->input};
    draw_image(&ui->draw, inside, &image, SAMPLE_NEAREST, color_hex(0xFFFFFF));
    saliency_draw(ui, &bench->saliency, inside);
    draw_border(&ui->draw, square, 2, c->outline, 1);
}

// The switch for saliency, at the end of the heading.
static void answer_saliency(Ui *ui, Workbench *bench, Rect square) {
    bool missing = bench->saliency.missing;
    unsigned flags = missing ? UI_DISABLED : bench->prefs.saliency ? UI_ON : UI_QUIET;
    if (ui_icon_button(ui, square, ICON_EYE, tr("Saliency"), flags))
        bench->prefs.saliency = !bench->prefs.saliency;
    ui_tooltip(ui, missing ? tr("This network is a graph of operators without a way back: it "
                                "cannot tell which ink counts.")
                           : tr("Which ink counts (G): the gradient of the answer.\n"
                                "Orange: more ink there speaks for it. Blue: against it."));
}

// The same switches in a menu, where there is no room for a row of them.
static void answer_ink_menu(Ui *ui, Workbench *bench, Rect rect) {
    InkState *ink = &bench->ink;
    bool *const options[] = {&ink->fit_box, &ink->centre, &ink->even_width, &ink->split};
    const char *const names[] = {tr("Fit box"), tr("Centre"), tr("Even pen"), tr("Split")};
    char text[4][32];
    const char *items[4];
    for (int i = 0; i < 4; i++) {
        snprintf(text[i], sizeof text[i], *options[i] ? tr("%s: on") : tr("%s: off"), names[i]);
        items[i] = text[i];
    }
    int chosen = ui_menu(ui, rect, tr("Ink"), items, 4, 0);
    ui_tooltip(ui, tr("How the ink is brought to the network's size: as MNIST was made, or not"));
    if (chosen >= 0) *options[chosen] = !*options[chosen];
}

// The next of four check boxes, each as wide as its word and the same gap between them.
static Rect answer_option_cell(Ui *ui, Rect *row, const char *label, float gap) {
    return rect_cut_left(row, ceilf(ui_text_width(ui, TEXT_SMALL, label)) + 26, gap);
}

static void answer_ink_options(Ui *ui, Workbench *bench, Rect row) {
    const char *const labels[] = {tr("Fit box"), tr("Centre"), tr("Even pen"), tr("Split")};
    InkState *ink = &bench->ink;
    float gap = row.w;
    for (int i = 0; i < 4; i++) gap -= ceilf(ui_text_width(ui, TEXT_SMALL, labels[i])) + 26;
    gap = fmaxf(floorf(gap / 3), 0);
    ui_checkbox(ui, answer_option_cell(ui, &row, labels[0], gap), labels[0], &ink->fit_box,
                UI_SMALL);
    ui_tooltip(ui,
               tr("Scale the ink so that its longer side is 20 of 28 pixels, as MNIST was made.\n"
                  "Off: the whole canvas is scaled down as it is."));
    unsigned off = ink->fit_box ? 0 : UI_DISABLED;
    ui_checkbox(ui, answer_option_cell(ui, &row, labels[1], gap), labels[1], &ink->centre,
                UI_SMALL | off);
    ui_tooltip(ui, tr("Move the centre of mass to the middle, as MNIST was made.\n"
                      "Off: recognition breaks, which is a lesson."));
    ui_checkbox(ui, answer_option_cell(ui, &row, labels[2], gap), labels[2], &ink->even_width,
                UI_SMALL);
    ui_tooltip(ui, tr("Bring every brush to the same stroke width."));
    ui_checkbox(ui, answer_option_cell(ui, &row, labels[3], gap), labels[3], &ink->split, UI_SMALL);
    ui_tooltip(ui, tr("Take a number apart and read it digit by digit.\n"
                      "Off: all ink is one digit."));
}

// The names below the bars are buttons while there is something to teach: "this is a 7".
static void answer_labels(Ui *ui, Workbench *bench, Rect strip, const char *const *names,
                          int count) {
    const ThemeColors *c = &ui->theme->color;
    bool possible = teach_is_possible(bench);
    for (int i = 0; i < count; i++) {
        Rect label = rect_column(strip, count, i, 2);
        label = rect_cut_bottom(&label, 21, 0);
        char name[48], tip[160];
        snprintf(name, sizeof name, tr("This is %s"), names[i]);
        UiHit hit = ui_interact(ui, ui_id(ui, name), UI_KIND_BUTTON, name, label, 0,
                                UI_NO_FOCUS | (possible ? 0 : UI_DISABLED));
        if (!possible) continue;
        snprintf(tip, sizeof tip, tr("This is %s: keep it in my digits (Alt+%s)"), names[i],
                 names[i]);
        ui_tooltip(ui, tip);
        if (hit.hot) {
            draw_fill(&ui->draw, label, 4, c->button_hot);
            Rect text = label;
            text.y -= 1;
            text.h = 22;
            ui_text_center(ui, text, TEXT_DIGIT, c->accent, names[i]);
        }
        if (hit.clicked) teach_drawing(bench, names[i]);
    }
}

// Up to twelve or so in one row; more classes (letters) take several, each wide enough for a name.
static void answer_bars(Ui *ui, Workbench *bench, Rect rect, const float *values, int count,
                        const char *const *names, int best) {
    int most = (int)(rect.w / BAR_MIN_W);
    int rows = most > 0 ? (count + most - 1) / most : 1;
    int each = (count + rows - 1) / rows;
    for (int row = 0; row < rows; row++) {
        int first = row * each, n = count - first < each ? count - first : each;
        Rect strip = rect_row(rect, rows, row, 4);
        if (n < each) strip.w = floorf(strip.w * (float)n / (float)each);
        bool here = best >= first && best < first + n;
        ui_push_index(ui, row);
        if (n > 0)
            ui_value_bars(ui, strip, "Probabilities", values ? values + first : NULL, n,
                          names + first,
                          here       ? best - first
                          : best < 0 ? best
                                     : -1);
        if (n > 0) answer_labels(ui, bench, strip, names + first, n);
        ui_pop_id(ui);
    }
}

// Side of the enlarged input: about a third of the room, whole steps of the 28 pixels (+ frame).
static float answer_seen_size(float height) {
    float zoom = floorf(height * 0.345f / 28);
    return fminf(fmaxf(zoom, 3), 9) * 28 + 2;
}

void panel_answer(Ui *ui, Workbench *bench, Rect rect) {
    const Answer *answer = &bench->answer;
    bool tight = rect.h < 330;
    char time[WORD_MAX];
    Rect heading = rect_cut_top(&rect, 16, 8);
    Rect eye = rect_cut_right(&heading, 22, 6);
    answer_saliency(ui, bench, (Rect){eye.x, eye.y - 3, eye.w, 22});
    rect_cut_left(&heading, ui_heading(ui, heading, tr("What the network sees")), 10);
    if (answer->recognizer && !answer->blank) {
        word_milliseconds(time, answer->seconds);
        if (ui_text_width(ui, TEXT_CAPTION, time) <= heading.w)
            ui_text_right(ui, heading, TEXT_CAPTION, ui->theme->color.text_muted, time);
    }
    Rect seen = rect_cut_top(&rect, answer_seen_size(rect.h), tight ? 8 : 14);
    bool switches = part_is_shown(bench, PART_SWITCHES);
    Rect options = {0}, who = {0};
    if (switches) {
        options = rect_cut_bottom(&rect, tight ? 0 : 20, tight ? 0 : 12);
        who = rect_cut_bottom(&rect, tight ? 30 : THEME_CONTROL_H, tight ? 8 : 14);
        if (tight) options = rect_cut_right(&who, 64, 8);
    }
    Source source = answer_source(bench);
    bool guessed = switches && answer_has_guess(bench, &source);
    Rect guess = guessed ? rect_cut_bottom(&rect, 18, 6) : (Rect){0};
    answer_input(ui, bench, rect_cut_left(&seen, seen.h, 16));
    answer_text(ui, bench, seen);
    bool blank = !answer->recognizer || answer->blank || answer->lost;
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    int classes = answer->recognizer ? answer->classes : 10;
    bool sure = !blank && answer->verdict == VERDICT_DIGIT;
    if (rect.h > 420) rect.h = 420;
    answer_bars(ui, bench, rect, blank ? NULL : answer->probabilities, classes,
                answer->recognizer ? answer->name_list : digits,
                sure    ? answer->best[0]
                : blank ? -1
                        : UI_BARS_GREY);
    if (!switches) return;
    if (guessed) answer_guess(ui, bench, source.model, guess);
    answer_switch(ui, bench, who, !tight);
    if (tight)
        answer_ink_menu(ui, bench, options);
    else
        answer_ink_options(ui, bench, options);
}
