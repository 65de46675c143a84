// The lesson that is going on: which page, what it says, Back and Next.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>

enum { LESSON_HEADING_H = 16, LESSON_BUTTON_W = 92, LESSON_BUTTON_H = 32 };

// The card fits the longest caption, so that nothing moves from page to page.
static float lesson_longest(Ui *ui, Workbench *bench, float width) {
    LessonState *state = &bench->lesson;
    if (state->height_of == width && state->height_in == bench->language && state->height > 0)
        return state->height;
    float most = 0;
    for (int i = 0; i < state->lesson->page_count; i++) {
        const char *caption = lesson_text(state->lesson->pages[i].caption, bench->language);
        most = fmaxf(most, ui_paragraph_height(ui, width, TEXT_LESSON, caption));
    }
    state->height = most;
    state->height_of = width;
    state->height_in = bench->language;
    return most;
}

static void lesson_buttons(Ui *ui, Workbench *bench, Rect column) {
    const LessonState *state = &bench->lesson;
    bool last = state->page + 1 == state->lesson->page_count;
    Rect cross = rect_cut_top(&column, LESSON_HEADING_H, 0);
    cross = (Rect){rect_right(cross) - 22, cross.y - 4, 26, 26};
    Rect next = rect_cut_bottom(&column, LESSON_BUTTON_H, 8);
    Rect back = rect_cut_bottom(&column, LESSON_BUTTON_H, 0);
    int turn = 0;
    bool leave = ui_icon_button(ui, cross, ICON_CLOSE, tr("End the lesson##lesson"), UI_QUIET);
    ui_push_id(ui, "lesson");
    if (ui_button(ui, back, tr("Back"), state->page > 0 ? 0 : UI_DISABLED)) turn = -1;
    ui_tooltip(ui, tr("The page before (Page Up)"));
    if (ui_button(ui, next, last ? tr("Finish##next") : tr("Next##next"), UI_PRIMARY)) turn = 1;
    ui_tooltip(ui, tr("The next page (Page Down)"));
    ui_pop_id(ui);
    if (leave)
        lesson_end(bench);
    else if (turn)
        lesson_turn(bench, turn);
}

float panel_lesson(Ui *ui, Workbench *bench, Rect rect, bool draw) {
    const ThemeColors *c = &ui->theme->color;
    const LessonState *state = &bench->lesson;
    const Lesson *lesson = state->lesson;
    Rect inside = rect_inset(rect, THEME_GAP);
    Rect column = rect_cut_right(&inside, LESSON_BUTTON_W, 16);
    float least = LESSON_HEADING_H + 10 + 2 * LESSON_BUTTON_H + 8;
    float text = LESSON_HEADING_H + 6 + lesson_longest(ui, bench, inside.w);
    float height = fmaxf(least, text) + 2 * THEME_GAP;
    if (!draw) return fminf(height, rect.h);
    char heading[160];
    ui_card(ui, rect);
    snprintf(heading, sizeof heading, "%.120s \xc2\xb7 %d / %d",
             lesson_text(lesson->title, bench->language), state->page + 1, lesson->page_count);
    ui_text(ui, rect_cut_top(&inside, LESSON_HEADING_H, 6), TEXT_CAPTION, c->accent, heading);
    ui_paragraph(ui, inside, TEXT_LESSON, c->text,
                 lesson_text(lesson->pages[state->page].caption, bench->language));
    lesson_buttons(ui, bench, column); // last: the lesson may be over then
    return height;
}
