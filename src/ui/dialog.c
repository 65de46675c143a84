// Modal dialogs; see popup.h.
#include "ui/popup.h"
#include "ui/state.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIALOG_PADDING = 20, TITLE_H = 28, BUTTON_H = 32 };

void ui_dialog_begin(Ui *ui, const char *title, float width, float height, Rect *inside) {
    UiState *s = ui->state;
    const ThemeColors *c = &ui->theme->color;
    Rect window = ui->input.window;
    UiId id = ui_id(ui, title);
    if (s->dialog != id) { // it has just come up
        if (!s->dialog) s->focus_before_dialog = s->focus;
        s->dialog = id;
        s->focus = 0;
        s->again = true;
    }
    s->dialog_seen = true;
    if (s->block_next < LAYER_MODAL) s->block_next = LAYER_MODAL;
    s->layer_before_dialog = draw_layer_set(&ui->draw, LAYER_MODAL);
    draw_clip_push_fresh(&ui->draw, window);
    draw_fill(&ui->draw, window, 0,
              color_fade(color_hex(0x05070A), ui->theme->is_dark ? 0.6f : 0.35f));
    width = fminf(width, window.w - 32);
    height = fminf(height, window.h - 32);
    Rect box = rect_center(window, floorf(width), floorf(height));
    for (int i = 1; i <= 5; i++) {
        float d = (float)i * 4;
        Rect around = {box.x - d, box.y - d + 6, box.w + 2 * d, box.h + 2 * d};
        draw_fill(&ui->draw, around, 10 + d,
                  color_fade(color_hex(0), ui->theme->is_dark ? 0.08f : 0.03f));
    }
    draw_box(&ui->draw, box, 10, c->panel, c->outline, 1);
    ui_push_id(ui, title);
    ui_interact(ui, id, UI_KIND_DIALOG, title, box, 0, UI_NO_FOCUS);
    draw_clip_push(&ui->draw, box);
    *inside = rect_inset(box, DIALOG_PADDING);
    Rect head = rect_cut_top(inside, TITLE_H, 8);
    rect_cut_right(&head, 28, 8);
    char name[160];
    snprintf(name, sizeof name, "%.*s", (int)ui_label_size(title), title);
    ui_text(ui, head, TEXT_TITLE, c->text, name);
}

bool ui_dialog_end(Ui *ui) {
    UiState *s = ui->state;
    Rect box = draw_clip(&ui->draw);
    Rect cross = {rect_right(box) - DIALOG_PADDING - 22, box.y + DIALOG_PADDING, 28, 28};
    bool closed = ui_icon_button(ui, cross, ICON_CLOSE, tr("Close##dialog"), UI_QUIET);
    if (!s->popup.id && ui_take_key(ui, KEY_ESCAPE, 0)) closed = true;
    if (!s->dialog_default && ui_take_dialog_enter(ui)) closed = true;
    ui_pop_id(ui);
    draw_clip_pop(&ui->draw);
    draw_clip_pop(&ui->draw);
    draw_layer_set(&ui->draw, s->layer_before_dialog);
    if (closed) s->again = true;
    return closed;
}

// From the right, the first one last; the widths fit the labels.
static int button_row(Ui *ui, Rect row, const char *const *buttons, int count) {
    int pressed = UI_DIALOG_PENDING;
    float used = 0;
    for (int i = 0; i < count; i++) used += fmaxf(ui_button_width(ui, buttons[i]), 76) + 8;
    rect_cut_left(&row, row.w - used + 8, 0);
    for (int i = count - 1; i >= 0; i--) {
        float width = fmaxf(ui_button_width(ui, buttons[i]), 76);
        Rect at = rect_cut_left(&row, width, 8);
        if (ui_button(ui, at, buttons[i], i == 0 ? UI_PRIMARY : 0)) pressed = i;
    }
    return pressed;
}

int ui_message_dialog(Ui *ui, const char *title, const char *message, const char *const *buttons,
                      int count) {
    float width = fminf(460, ui->input.window.w - 32);
    float text_h = ui_paragraph_height(ui, width - 2 * DIALOG_PADDING, TEXT_BODY, message);
    bool fresh = ui->state->dialog != ui_id(ui, title);
    Rect inside;
    ui_dialog_begin(ui, title, width,
                    2 * DIALOG_PADDING + TITLE_H + 8 + text_h + DIALOG_PADDING + BUTTON_H, &inside);
    Rect row = rect_cut_bottom(&inside, BUTTON_H, DIALOG_PADDING);
    ui_paragraph(ui, inside, TEXT_BODY, ui->theme->color.text_soft, message);
    int pressed = button_row(ui, row, buttons, count);
    if (fresh && count > 0) ui_set_focus(ui, ui_id(ui, buttons[0]));
    bool closed = ui_dialog_end(ui);
    return pressed == UI_DIALOG_PENDING && closed ? UI_DIALOG_CANCELLED : pressed;
}

// path's directory + name.
static void take_entry(char *path, size_t capacity, const char *name) {
    char *slash = strrchr(path, '/');
    size_t keep = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(path + keep, capacity - keep, "%s", name);
}

// Returns true when a file was double-clicked, or the one that is chosen got Enter.
static bool entry_list(Ui *ui, Rect area, const UiPathDialog *dialog, char *path, size_t capacity,
                       UiScroll *scroll) {
    const ThemeColors *c = &ui->theme->color;
    bool accepted = false;
    draw_box(&ui->draw, area, THEME_RADIUS, c->field, c->outline, 1);
    Rect rows = ui_scroll_begin(ui, rect_inset(area, 4), "entries", (float)dialog->entry_count * 26,
                                scroll);
    const char *slash = strrchr(path, '/');
    const char *typed = slash ? slash + 1 : path;
    for (int i = 0; i < dialog->entry_count; i++) {
        const char *name = dialog->entries[i];
        Rect row = rect_cut_top(&rows, 26, 0);
        size_t bytes = strlen(name);
        bool directory = bytes > 0 && name[bytes - 1] == '/';
        ui_push_index(ui, i);
        UiHit hit = ui_interact(ui, ui_id(ui, name), UI_KIND_ROW, name, row, HIT_FOCUS, 0);
        ui_pop_id(ui);
        bool on = strcmp(typed, name) == 0;
        if (on || hit.hot) draw_fill(&ui->draw, row, 4, on ? c->segment_on : c->row_hot);
        Rect text = rect_inset_xy(row, 8, 0);
        icon_draw(&ui->draw, directory ? ICON_FOLDER : ICON_FILE, rect_cut_left(&text, 16, 8), 15,
                  directory ? c->accent : c->text_muted);
        ui_text(ui, text, TEXT_BODY, c->text_soft, name);
        if (hit.focus_visible) ui_draw_focus(ui, rect_inset(row, 2), 4);
        if (hit.focused) ui_take_row_arrows(ui);
        if (hit.pressed || hit.clicked) {
            bool by_key = hit.clicked && !ui->input.released[MOUSE_LEFT];
            accepted = (hit.double_clicked || (by_key && on)) && !directory;
            if (!on || directory) take_entry(path, capacity, name);
            if (directory) scroll->offset = 0;
            ui->state->again = true;
            break; // the names may be other ones now
        }
    }
    ui_scroll_end(ui);
    return accepted;
}

int ui_path_dialog(Ui *ui, const UiPathDialog *dialog, char *path, size_t capacity,
                   UiScroll *scroll) {
    const ThemeColors *c = &ui->theme->color;
    bool listed = dialog->entries && dialog->entry_count > 0;
    bool fresh = ui->state->dialog != ui_id(ui, dialog->title);
    bool problem = dialog->problem && *dialog->problem;
    float width = 600 - 2 * DIALOG_PADDING;
    float hint_h = dialog->hint ? ui_paragraph_height(ui, width, TEXT_BODY, dialog->hint) : 0;
    float says_h = problem ? ui_paragraph_height(ui, width, TEXT_SMALL, dialog->problem) : 0;
    says_h = fmaxf(says_h, 22); // the list moves only for a long sentence
    float height = 2 * DIALOG_PADDING + TITLE_H + 8 + hint_h + 10 + BUTTON_H + 8 + says_h +
                   (dialog->entries ? 280.0f : 0) + BUTTON_H;
    Rect inside;
    ui_dialog_begin(ui, dialog->title, 600, height, &inside);
    if (dialog->hint)
        ui_paragraph(ui, rect_cut_top(&inside, hint_h, 10), TEXT_BODY, c->text_muted, dialog->hint);
    UiField field = {.flags = problem ? UI_INVALID : 0, .placeholder = "/"};
    Rect field_rect = rect_cut_top(&inside, BUTTON_H, 2);
    UiId field_id = ui_id(ui, "Path");
    UiEdit edit = ui_text_field(ui, field_rect, "Path", path, capacity, &field);
    if (fresh) ui_set_focus(ui, field_id);
    if (listed && edit.focused && ui_take_key(ui, KEY_DOWN, 0)) ui_step_focus(ui, 1);
    Rect says = rect_cut_top(&inside, says_h, 4);
    if (problem) ui_paragraph(ui, says, TEXT_SMALL, c->error, dialog->problem);
    Rect row = rect_cut_bottom(&inside, BUTTON_H, 16);
    bool accepted = edit.submitted;
    if (listed) accepted |= entry_list(ui, inside, dialog, path, capacity, scroll);
    const char *buttons[] = {dialog->action, dialog->cancel};
    int pressed = button_row(ui, row, buttons, 2);
    if (pressed == 1 || edit.cancelled) pressed = UI_DIALOG_CANCELLED;
    if (pressed == UI_DIALOG_PENDING && accepted) pressed = 0;
    bool closed = ui_dialog_end(ui);
    return pressed == UI_DIALOG_PENDING && closed ? UI_DIALOG_CANCELLED : pressed;
}
