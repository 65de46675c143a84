// Layout of the window, and the keys that work everywhere.
#include "panels/root.h"

#include "panels/export.h"
#include "panels/files.h"
#include "panels/panels.h"
#include "panels/teach.h"

#include <ctype.h>

#include <math.h>

typedef struct RootLayout {
    Rect top, ink, answer, divider, lesson, form, progress, loss, accuracy, deck, runs;
} RootLayout;

// What the back row can do without.
enum {
    BIG_HIDES = 1u << PART_TOP | 1u << PART_SCHEDULE | 1u << PART_BATCH_SIZE | 1u << PART_EPOCHS |
                1u << PART_AUGMENT | 1u << PART_MORE | 1u << PART_DECK | 1u << PART_RUNS |
                1u << PART_SWITCHES
};

bool part_is_shown(const Workbench *bench, WindowPart part) {
    const LessonState *lesson = &bench->lesson;
    WindowParts big = bench->prefs.big ? BIG_HIDES & ~lesson->shown : 0;
    return !parts_have(lesson->hidden | big, part);
}

void interface_scale(Workbench *bench, int steps) {
    float scale = steps ? roundf(bench->prefs.scale * 10 + (float)steps) / 10 : 1;
    bench->prefs.scale = fminf(fmaxf(scale, 0.7f), 3.0f);
    bench->prefs.big = false;
}

Vec2 interface_least(const Workbench *bench) {
    return bench->prefs.big ? (Vec2){900, 562} : (Vec2){1024, 640};
}

// The column of canvas and answer is as wide as the canvas; what the height leaves for a square
// canvas decides in flat windows.
static float root_ink_width(Rect window, bool switches) {
    float rest = window.h - THEME_BAR_H;
    float by_width = floorf(window.w * 0.2528f);
    // Headings, tools and switches, and the bars, which get a third of every further pixel.
    float below = 356 + 0.35f * (rest - 592);
    float by_height = rest - below;
    float width = fminf(by_width, by_height);
    return floorf(fminf(fmaxf(width, switches ? 236 : 200), 720));
}

// Charts above, deck and runs below; each takes the room of those that are hidden.
static void root_lower(const Workbench *bench, Rect right, bool tight, RootLayout *at) {
    bool charts = part_is_shown(bench, PART_CHARTS), deck = part_is_shown(bench, PART_DECK);
    bool runs = part_is_shown(bench, PART_RUNS);
    float first = floorf((right.w - THEME_GAP) * 0.595f);
    // Too flat for both: the table beside the loss says what the other chart would.
    if (charts && runs && !deck && right.h < 300) {
        at->loss = rect_cut_left(&right, floorf((right.w - THEME_GAP) * 0.5f), THEME_GAP);
        at->runs = right;
        return;
    }
    if (charts) {
        float share = !deck ? 0.58f : tight ? 0.44f : 0.4f; // the runs alone need less
        float height = floorf((right.h - THEME_GAP) * share);
        Rect upper = rect_cut_top(&right, deck || runs ? height : right.h, THEME_GAP);
        at->loss = rect_cut_left(&upper, first, THEME_GAP);
        at->accuracy = upper;
    }
    if (deck) at->deck = rect_cut_left(&right, runs ? first : right.w, THEME_GAP);
    if (runs) at->runs = right;
}

static RootLayout root_layout(Ui *ui, Workbench *bench, Rect window) {
    RootLayout at = {0};
    bool tight = window.h < 760;
    float margin = tight ? 14 : THEME_GAP_LARGE;
    float ink_w = root_ink_width(window, part_is_shown(bench, PART_SWITCHES));
    at.top = rect_cut_top(&window, THEME_BAR_H, 0);
    Rect left = rect_cut_left(&window, ink_w + 2 * THEME_GAP_LARGE, 0);
    at.divider = (Rect){rect_right(left), left.y, 1, left.h};
    left = rect_inset_xy(left, THEME_GAP_LARGE, margin);
    at.ink = rect_cut_top(&left, 16 + 8 + ink_w + 12 + THEME_CONTROL_H, tight ? 12 : 18);
    at.answer = left;
    Rect right = rect_inset_xy(window, THEME_GAP_LARGE, margin);
    if (bench->lesson.lesson)
        at.lesson = rect_cut_top(&right, panel_lesson(ui, bench, right, false), tight ? 10 : 14);
    if (part_is_shown(bench, PART_FORM))
        at.form = rect_cut_top(&right, panel_form(ui, bench, right, false), tight ? 8 : 10);
    if (part_is_shown(bench, PART_PROGRESS)) at.progress = rect_cut_top(&right, 18, tight ? 8 : 10);
    root_lower(bench, right, tight, &at);
    return at;
}

static void root_canvas_keys(Ui *ui, Workbench *bench) {
    Drawing *drawing = &bench->ink.drawing;
    if (ui_shortcut_char(ui, 'z', 0) || ui_shortcut_char(ui, 'z', MOD_CTRL)) drawing_undo(drawing);
    if (ui_shortcut_char(ui, 'y', 0) || ui_shortcut_char(ui, 'y', MOD_CTRL) ||
        ui_shortcut_char(ui, 'z', MOD_CTRL | MOD_SHIFT))
        drawing_redo(drawing);
    if (ui_shortcut_char(ui, 'c', 0) || ui_shortcut(ui, KEY_ESCAPE, 0))
        workbench_check(bench, ink_state_clear(&bench->ink));
    if (ui_shortcut_char(ui, 'g', 0)) bench->prefs.saliency = !bench->prefs.saliency;
    if (!bench->answer.several) return;
    if (ui_shortcut(ui, KEY_LEFT, 0)) answer_walk(&bench->answer, -1);
    if (ui_shortcut(ui, KEY_RIGHT, 0)) answer_walk(&bench->answer, 1);
}

// Alt and the key of a label: the drawing is that. Capital letters are typed as such where the
// network knows small ones too.
static void root_label_keys(Ui *ui, Workbench *bench) {
    const Answer *answer = &bench->answer;
    if (!answer->recognizer || ui_is_typing(ui)) return;
    for (int i = 0; i < answer->classes; i++) {
        unsigned char c = (unsigned char)answer->names[i][0];
        if (!isalnum(c) || answer->names[i][1]) continue;
        bool twins = false;
        for (int k = 0; k < answer->classes; k++)
            twins = twins || (isupper(c) && answer->names[k][0] == tolower(c));
        if (ui_shortcut_char(ui, (char)tolower(c), MOD_ALT | (twins ? MOD_SHIFT : 0)))
            teach_drawing(bench, answer->names[i]);
    }
}

static void root_keys(Ui *ui, Workbench *bench) {
    root_canvas_keys(ui, bench);
    root_label_keys(ui, bench);
    if (ui_shortcut(ui, KEY_SPACE, 0)) training_toggle(ui, bench);
    if (ui_shortcut_char(ui, 's', 0)) runs_step(bench);
    if (ui_shortcut_char(ui, 's', MOD_SHIFT)) slowmo_open(bench);
    if (ui_shortcut_char(ui, 'o', MOD_CTRL)) dialog_open(bench, DIALOG_OPEN);
    if (ui_shortcut_char(ui, 's', MOD_CTRL) && bench_save_target(bench))
        dialog_open(bench, DIALOG_SAVE);
    if (ui_shortcut(ui, KEY_PAGE_DOWN, 0)) lesson_turn(bench, 1); // as a presenter's remote sends
    if (ui_shortcut(ui, KEY_PAGE_UP, 0)) lesson_turn(bench, -1);
    if (ui_shortcut_char(ui, 'l', 0)) dialog_open(bench, DIALOG_LESSONS);
    if (ui_shortcut_char(ui, 'e', MOD_CTRL) && export_is_possible(bench))
        dialog_open(bench, DIALOG_EXPORT_RUNS);
    if (ui_shortcut_char(ui, 'r', 0)) dialog_open(bench, DIALOG_RACE);
    if (ui_shortcut_char(ui, 'h', 0)) dialog_open(bench, DIALOG_HISTORY);
    if (ui_shortcut_char(ui, 'c', MOD_CTRL)) settings_copy(ui, bench);
    if (ui_shortcut_char(ui, 'v', MOD_CTRL)) settings_paste(ui, bench);
    if (ui_shortcut_char(ui, 'q', MOD_CTRL)) workbench_quit(bench);
    if (ui_shortcut_char(ui, '?', 0) || ui_shortcut(ui, KEY_F1, 0)) dialog_open(bench, DIALOG_KEYS);
    _Static_assert(TAB_COUNT <= 9, "a digit for each tab");
    for (int i = 0; i < TAB_COUNT; i++)
        if (ui_shortcut_char(ui, (char)('1' + i), 0)) bench->tab = (DeckTab)i;
    if (ui_shortcut_char(ui, '+', 0) || ui_shortcut_char(ui, '+', MOD_CTRL) ||
        ui_shortcut_char(ui, '=', MOD_CTRL))
        interface_scale(bench, 1);
    if (ui_shortcut_char(ui, '-', 0) || ui_shortcut_char(ui, '-', MOD_CTRL))
        interface_scale(bench, -1);
    if (ui_shortcut_char(ui, '0', MOD_CTRL)) interface_scale(bench, 0);
    if (ui_shortcut_char(ui, 'b', 0)) bench->prefs.big = !bench->prefs.big;
}

void panel_root(Ui *ui, Workbench *bench) {
    Rect window = ui->input.window;
    RootLayout at = root_layout(ui, bench, window);
    bench->hide_pointer = false;
    draw_fill(&ui->draw, window, 0, ui->theme->color.background);
    panel_top(ui, bench, at.top);
    draw_vline(&ui->draw, at.divider.x, at.divider.y, rect_bottom(at.divider),
               ui->theme->color.hairline);
    panel_ink(ui, bench, at.ink);
    answer_update(bench); // between canvas and bars: they show the ink of this frame
    saliency_update(bench);
    panel_ink_over(ui, bench, at.ink);
    panel_answer(ui, bench, at.answer);
    if (bench->lesson.lesson) panel_lesson(ui, bench, at.lesson, true);
    if (part_is_shown(bench, PART_FORM)) panel_form(ui, bench, at.form, true);
    if (part_is_shown(bench, PART_PROGRESS)) panel_progress(ui, bench, at.progress);
    if (part_is_shown(bench, PART_CHARTS)) panel_charts(ui, bench, at.loss, at.accuracy);
    if (part_is_shown(bench, PART_DECK)) panel_deck(ui, bench, at.deck);
    if (part_is_shown(bench, PART_RUNS)) panel_runs(ui, bench, at.runs);
    root_keys(ui, bench);
    dialogs(ui, bench);
    ui_toasts(ui, &bench->toasts);
}
