// The tab that walks through one batch: its header with the four parts, the chain of stages, and
// below them the phase at hand (panel_slowmo_phase.c).
#include "panels/panels.h"

#include "base/tr.h"
#include "nn/layer.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STRIP_H = 24, STRIP_GAP = 3 };

void slowmo_stage_name(const RunEntry *run, int first, int last, char out[64]) {
    const ModelPlan *plan = run->log->plan;
    const ModelSpec *spec = &run->log->spec;
    size_t used = 0;
    out[0] = '\0';
    for (int i = first; i <= last; i++) {
        char name[32];
        int tensor = plan->first_tensor[i];
        bool named = plan->first_tensor[i + 1] > tensor; // "conv1", as its tensors are called
        text_copy(name, sizeof name,
                  named ? plan->tensors[tensor].name : spec->layers[i].kind->word);
        name[strcspn(name, ".")] = '\0';
        words_append(out, 64, &used, "%s%s", i > first ? " + " : "", name);
    }
}

// ---- nothing yet --------------------------------------------------------------------------------

static void slowmo_invite(Ui *ui, Workbench *bench, Rect rect) {
    const char *text = tr("One batch, phase by phase: forward through every layer, the loss, "
                          "backward, and the update of the weights with its numbers.");
    const char *label = tr("Take one batch slowly");
    float width = fminf(rect.w, 340);
    float height = ui_paragraph_height(ui, width, TEXT_SMALL, text);
    Rect box = rect_center(rect, width, height + 14 + THEME_CONTROL_H);
    ui_paragraph(ui, rect_cut_top(&box, height, 14), TEXT_SMALL, ui->theme->color.text_muted, text);
    box.w = fminf(box.w, ui_button_width(ui, label) + 12);
    bool ready = bench->dataset && bench->trainer && !bench->slow.waiting;
    if (ui_button(ui, box, label, UI_PRIMARY | (ready ? 0 : UI_DISABLED))) slowmo_start(bench);
    ui_tooltip(ui, tr("Trains one batch of the selected run, or of a new one with the form's "
                      "settings (Shift+S)"));
}

// ---- the header ---------------------------------------------------------------------------------

static void slowmo_buttons(Ui *ui, Workbench *bench, Rect *row) {
    SlowMotion *slow = &bench->slow;
    bool last = slow->phase + 1 >= slowmo_phases(bench);
    const char *next = tr("Next##slow"), *batch = tr("Next batch##slow");
    Rect leave = rect_cut_right(row, row->h, 6);
    float width = fmaxf(ui_button_width(ui, next), ui_button_width(ui, batch));
    Rect on = rect_cut_right(row, ceilf(width), 6);
    Rect back = rect_cut_right(row, row->h, 10);
    ui_push_id(ui, "slow"); // one name for both, so that the focus stays
    if (ui_icon_button(ui, back, ICON_UNDO, tr("One phase back (Shift+Space)"),
                       slow->phase > 0 ? UI_QUIET : UI_QUIET | UI_DISABLED))
        slowmo_walk(bench, -1);
    if (ui_button(ui, on, last ? batch : next,
                  UI_PRIMARY | UI_SMALL | (slow->waiting ? UI_DISABLED : 0)))
        slowmo_walk(bench, 1);
    ui_tooltip(ui, last ? tr("The batch is trained; take the next one (Space)")
                        : tr("On to the next phase (Space)"));
    if (ui_icon_button(ui, leave, ICON_CLOSE, tr("Leave slow motion (Esc)"), UI_QUIET))
        slowmo_leave(bench);
    ui_pop_id(ui);
}

static void slowmo_header(Ui *ui, Workbench *bench, Rect row) {
    const char *const parts[SLOW_PARTS] = {tr("Forward"), tr("Loss"), tr("Backward"), tr("Update")};
    int part = (int)slowmo_phase(bench).part;
    slowmo_buttons(ui, bench, &row);
    float width = fminf(ui_segments_width(ui, parts, SLOW_PARTS, UI_SMALL), row.w);
    Rect segments = rect_cut_left(&row, width, 10);
    segments.y += floorf((segments.h - THEME_SEGMENT_H) / 2);
    segments.h = THEME_SEGMENT_H;
    if (ui_segments(ui, segments, "Phase", parts, SLOW_PARTS, &part, UI_SMALL))
        slowmo_jump(bench, (SlowPart)part);
    const Transcript *t = slowmo_transcript(bench);
    char text[64];
    snprintf(text, sizeof text, tr("epoch %d, batch %d"), t->epoch, t->batch);
    if (ui_text_width(ui, TEXT_CAPTION, text) < row.w)
        ui_text(ui, row, TEXT_CAPTION, ui->theme->color.text_muted, text);
}

// ---- the chain of stages ------------------------------------------------------------------------

// How far the walk has come at stage `i` (-1: the input).
static bool slowmo_is_done(const Transcript *t, SlowPhase phase, int i) {
    if (phase.part == SLOW_FORWARD) return i <= phase.stage;
    if (phase.part == SLOW_BACKWARD) return i >= phase.stage;
    if (phase.part == SLOW_UPDATE) return i >= 0 && t->stages[i].first <= phase.layer;
    return i == t->stage_count - 1;
}

static bool slowmo_is_here(const Transcript *t, SlowPhase phase, int i) {
    if (phase.part == SLOW_LOSS) return false;
    if (phase.part == SLOW_UPDATE)
        return i >= 0 && phase.layer >= t->stages[i].first && phase.layer <= t->stages[i].last;
    return i == phase.stage;
}

// The whole name of stage `i`, and what of it stands in its box: the first layer's.
static void slowmo_names(Workbench *bench, int i, char whole[64], char first[64]) {
    const Transcript *t = slowmo_transcript(bench);
    if (i < 0)
        text_copy(whole, 64, tr("input"));
    else
        slowmo_stage_name(runs_find(bench, bench->slow.run), t->stages[i].first, t->stages[i].last,
                          whole);
    text_copy(first, 64, whole);
    first[strcspn(first, " ")] = '\0';
}

static void slowmo_box(Ui *ui, Workbench *bench, Rect box, int i) {
    const ThemeColors *c = &ui->theme->color;
    const Transcript *t = slowmo_transcript(bench);
    SlowPhase phase = slowmo_phase(bench);
    bool here = slowmo_is_here(t, phase, i), done = slowmo_is_done(t, phase, i);
    char name[64], first[64];
    slowmo_names(bench, i, name, first);
    ui_push_index(ui, i + 1);
    UiHit hit = ui_interact(ui, ui_id(ui, "stage"), UI_KIND_TAB, name, box, 0, 0);
    ui_set_value(ui, "%s", here ? "here" : done ? "done" : "");
    ui_tooltip(ui, name);
    draw_box(&ui->draw, box, 4,
             here   ? c->accent_strong
             : done ? c->accent_dim
                    : c->field,
             hit.hot ? c->outline_hot : c->outline, 1);
    if (ui_text_width(ui, TEXT_CAPTION, first) <= box.w)
        ui_text_center(ui, box, TEXT_CAPTION, here ? c->on_accent : c->text_soft, first);
    if (hit.clicked && (phase.part == SLOW_FORWARD || phase.part == SLOW_BACKWARD))
        slowmo_go(bench, i);
    ui_pop_id(ui);
}

// Boxes as wide as their names need, the rest shared out; all equal where there is no room for
// that.
static void slowmo_chain(Ui *ui, Workbench *bench, Rect rect) {
    int count = slowmo_transcript(bench)->stage_count + 1;
    float widths[SPEC_LAYERS_MAX + 1], needed = (float)(count - 1) * STRIP_GAP;
    for (int i = 0; i < count; i++) {
        char name[64], first[64];
        slowmo_names(bench, i - 1, name, first);
        widths[i] = ceilf(ui_text_width(ui, TEXT_CAPTION, first)) + 6;
        needed += widths[i];
    }
    float extra = (rect.w - needed) / (float)count;
    Rect rest = rect;
    for (int i = 0; i < count; i++) {
        Rect box = extra >= 0 ? rect_cut_left(&rest, widths[i] + extra, STRIP_GAP)
                              : rect_column(rect, count, i, STRIP_GAP);
        slowmo_box(ui, bench, box, i - 1);
    }
}

// ---- all of it ----------------------------------------------------------------------------------

// While a batch is walked through, Space and Esc are its keys.
static void slowmo_keys(Ui *ui, Workbench *bench) {
    if (ui_shortcut(ui, KEY_SPACE, 0)) slowmo_walk(bench, 1);
    if (ui_shortcut(ui, KEY_SPACE, MOD_SHIFT)) slowmo_walk(bench, -1);
    if (ui_shortcut(ui, KEY_ESCAPE, 0)) slowmo_leave(bench);
}

void panel_slowmo(Ui *ui, Workbench *bench, Rect rect) {
    if (!slowmo_transcript(bench)) {
        slowmo_invite(ui, bench, rect);
        if (bench->slow.waiting) slowmo_keys(ui, bench); // Space is not the training's meanwhile
        return;
    }
    slowmo_header(ui, bench, rect_cut_top(&rect, 26, 8));
    // Any of these may have closed it.
    if (slowmo_transcript(bench)) slowmo_chain(ui, bench, rect_cut_top(&rect, STRIP_H, 10));
    if (slowmo_transcript(bench)) panel_slowmo_phase(ui, bench, rect);
    if (slowmo_transcript(bench)) slowmo_keys(ui, bench);
}
