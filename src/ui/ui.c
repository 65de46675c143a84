// Frames, names, mouse and focus; see ui.h. Text is in ui_text.c, the record in ui_items.c.
#include "ui/ui.h"
#include "ui/items.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Status ui_open(Ui **out, UiFont font, const UiClipboard *clipboard) {
    *out = NULL;
    Ui *ui = calloc(1, sizeof *ui);
    UiState *state = calloc(1, sizeof *state);
    if (!ui || !state) {
        free(ui);
        free(state);
        return status_no_memory("the toolkit", sizeof *ui + sizeof *state);
    }
    ui->state = state;
    ui->font = font;
    ui->theme = theme_dark();
    ui->line_scale = 1;
    if (clipboard) state->clipboard = *clipboard;
    *out = ui;
    return status_ok();
}

void ui_close(Ui **ui) {
    if (!*ui) return;
    draw_list_close(&(*ui)->draw);
    items_close(&(*ui)->state->now);
    items_close(&(*ui)->state->last);
    free((*ui)->state->own_clipboard);
    free((*ui)->state->scratch);
    free((*ui)->state);
    free(*ui);
    *ui = NULL;
}

// Tab goes to the next focusable item of the last frame, in the order of the calls, among those in
// front.
static void move_focus(Ui *ui, int step) {
    UiState *s = ui->state;
    ptrdiff_t count = (ptrdiff_t)s->last.count, at = -1;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (s->last.entry[i].item.id == s->focus) at = i;
    }
    if (at < 0 && step < 0) at = count;
    for (ptrdiff_t tried = 0; tried < count; tried++) {
        at = (at + step + count) % count;
        const ItemEntry *e = &s->last.entry[at];
        bool usable = (e->hit_flags & HIT_FOCUS) && !(e->item.flags & (UI_DISABLED | UI_NO_FOCUS));
        if (usable && e->item.layer >= s->block) {
            s->focus = e->item.id;
            s->focus_by_keyboard = true;
            s->focus_wanted = s->focus;
            return;
        }
    }
}

// Who gets the press, decided before any widget is called, so that of two widgets on top of each
// other the later one gets it and a field that loses the focus knows it before a button acts.
static void route_press(Ui *ui) {
    UiState *s = ui->state;
    s->press_known = false;
    s->press_owner = 0;
    bool left = ui->input.pressed[MOUSE_LEFT];
    if (!left && !ui->input.pressed[MOUSE_RIGHT]) return;
    Vec2 at = ui->input.press_at[left ? MOUSE_LEFT : MOUSE_RIGHT];
    const ItemEntry *top = items_at(&s->last, at, s->block);
    if (top) {
        s->press_known = true;
        s->press_owner = top->item.id;
    }
    if (!left || s->popup.id || (top && (top->item.flags & UI_NO_FOCUS))) return;
    s->focus = top && (top->hit_flags & HIT_FOCUS) ? top->item.id : 0;
    s->focus_by_keyboard = false;
}

void ui_clipboard_set(Ui *ui, const char *text) {
    UiState *s = ui->state;
    if (s->clipboard.set) {
        s->clipboard.set(s->clipboard.user, text);
        return;
    }
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (!copy) return;
    memcpy(copy, text, size);
    free(s->own_clipboard);
    s->own_clipboard = copy;
}

char *ui_clipboard_get(Ui *ui) {
    UiState *s = ui->state;
    if (s->clipboard.get) return s->clipboard.get(s->clipboard.user);
    if (!s->own_clipboard) return NULL;
    size_t size = strlen(s->own_clipboard) + 1;
    char *copy = malloc(size);
    if (copy) memcpy(copy, s->own_clipboard, size);
    return copy;
}

void ui_begin(Ui *ui, const UiInput *input) {
    UiState *s = ui->state;
    ui->input = *input;
    ui->pointer = POINTER_ARROW;
    draw_list_begin(&ui->draw, input->window);
    s->depth = 0;
    s->now.count = 0;
    s->wake = INFINITY;
    s->again = false;
    s->focus_seen = false;
    s->tip_candidate = 0;
    s->tip_show = false;
    s->popup.seen = false;
    s->dialog_seen = s->dialog_default = false;
    s->block_next = LAYER_BASE;
    s->scroll_depth = 0;
    s->last_id = 0;
    route_press(ui);
    if (s->popup.id) return; // an open list keeps the focus where it is
    if (s->focus_step) move_focus(ui, s->focus_step);
    s->focus_step = 0;
    while (ui_take_key(ui, KEY_TAB, 0)) move_focus(ui, 1);
    while (ui_take_key(ui, KEY_TAB, MOD_SHIFT)) move_focus(ui, -1);
}

static void draw_tip(Ui *ui) {
    UiState *s = ui->state;
    const Theme *t = ui->theme;
    float width = 0, room = fminf(320, ui->input.window.w - 24);
    for (const char *line = s->tip_text; line;) {
        const char *end = strchr(line, '\n');
        size_t bytes = end ? (size_t)(end - line) : strlen(line);
        width = fmaxf(width, ui->font.measure(ui->font.user, t->text[TEXT_SMALL], line, bytes));
        line = end ? end + 1 : NULL;
    }
    width = fminf(ceilf(width) + 1, room);
    float height = ui_paragraph_height(ui, width, TEXT_SMALL, s->tip_text);
    Rect box = {s->tip_rect.x + (s->tip_rect.w - width) / 2 - 9, rect_bottom(s->tip_rect) + 7,
                width + 18, height + 10};
    if (rect_bottom(box) > ui->input.window.h - 4) box.y = s->tip_rect.y - box.h - 7;
    box.x = floorf(fmaxf(4, fminf(box.x, ui->input.window.w - box.w - 4)));
    box.y = floorf(fmaxf(4, box.y));
    DrawLayer before = draw_layer_set(&ui->draw, LAYER_TIP);
    draw_fill(&ui->draw, (Rect){box.x - 1, box.y + 1, box.w + 2, box.h + 2}, THEME_RADIUS,
              color_fade(color_hex(0), 0.25f));
    draw_fill(&ui->draw, box, THEME_RADIUS, t->color.tip);
    ui_paragraph(ui, rect_inset_xy(box, 9, 5), TEXT_SMALL, t->color.tip_text, s->tip_text);
    draw_layer_set(&ui->draw, before);
}

double ui_end(Ui *ui) {
    UiState *s = ui->state;
    if (s->tip_candidate != s->tip_id) s->tip_id = s->tip_candidate;
    if (s->tip_show) draw_tip(ui);
    if (!ui->input.down[s->active_button]) s->active = 0;
    if (!s->focus_seen && s->focus) {
        // A widget that has just been asked for may come with the next frame, not later.
        s->focus = s->focus == s->focus_wanted ? s->focus : 0;
        s->again |= s->focus != 0;
    }
    s->focus_wanted = 0;
    if (s->popup.id && !s->popup.seen) s->popup.id = 0;
    if (!s->dialog_seen && s->dialog) {
        s->dialog = 0;
        s->focus = s->focus_before_dialog;
        s->again = true;
    }
    if (s->block != s->block_next) s->again = true;
    s->block = s->block_next;
    ItemList swap = s->last;
    s->last = s->now;
    s->now = swap;
    draw_list_finish(&ui->draw);
    if (s->again) return 0;
    return s->wake == INFINITY ? INFINITY : fmax(0, s->wake - ui->input.time);
}

void *ui_scratch(Ui *ui, size_t bytes) {
    UiState *s = ui->state;
    if (bytes > s->scratch_size) {
        void *bigger = realloc(s->scratch, bytes);
        if (!bigger) return NULL;
        s->scratch = bigger;
        s->scratch_size = bytes;
    }
    return s->scratch;
}

void ui_wake(Ui *ui, double seconds) {
    ui->state->wake = fmin(ui->state->wake, ui->input.time + seconds);
}

// FNV-1a over the bytes, started from the parent.
UiId ui_hash(UiId parent, const char *label) {
    uint64_t h = 0xCBF29CE484222325u ^ parent * 0x9E3779B97F4A7C15u;
    for (const char *p = label; *p; p++) h = (h ^ (unsigned char)*p) * 0x100000001B3u;
    return h ? h : 1;
}

UiId ui_id(const Ui *ui, const char *label) {
    const UiState *s = ui->state;
    return ui_hash(s->depth ? s->ids[s->depth - 1] : 0, label);
}

static void push(Ui *ui, UiId id) {
    UiState *s = ui->state;
    if (s->depth < ID_DEPTH) s->ids[s->depth] = id;
    s->depth++;
}

void ui_push_id(Ui *ui, const char *label) {
    push(ui, ui_id(ui, label));
}

void ui_push_index(Ui *ui, int index) {
    UiId parent = ui_id(ui, "#");
    push(ui, (parent ^ (UiId)(unsigned)index * 0x9E3779B97F4A7C15u) | 1);
}

void ui_pop_id(Ui *ui) {
    ui->state->depth--;
}

bool ui_reaches(const Ui *ui, Rect rect, Vec2 p) {
    return ui->draw.layer >= ui->state->block && rect_contains(rect, p) &&
           rect_contains(draw_clip(&ui->draw), p);
}

bool ui_mouse_over(const Ui *ui, Rect rect) {
    return ui->input.mouse_inside && ui_reaches(ui, rect, ui->input.mouse);
}

// Takes a press of `button` if it is for this widget.
static bool take_press(Ui *ui, UiId id, Rect rect, MouseButton button) {
    UiState *s = ui->state;
    if (!ui->input.pressed[button] || s->active) return false;
    bool mine =
        s->press_known ? s->press_owner == id : ui_reaches(ui, rect, ui->input.press_at[button]);
    if (!mine || ui->draw.layer < s->block) return false;
    ui->input.pressed[button] = false;
    s->active = id;
    s->active_button = button;
    return true;
}

static void mouse_part(Ui *ui, UiHit *hit, Rect rect, unsigned hit_flags, bool focusable) {
    UiState *s = ui->state;
    bool over = ui_mouse_over(ui, rect);
    hit->hot = over && (s->active == 0 || s->active == hit->id);
    if (take_press(ui, hit->id, rect, MOUSE_LEFT)) {
        hit->pressed = true;
        // Two quick clicks on neighbours are none.
        hit->double_clicked = ui->input.clicks == 2 && s->pressed_last == hit->id;
        s->pressed_last = hit->id;
        if (focusable) {
            s->focus = hit->id;
            s->focus_by_keyboard = false;
        }
        s->press_known = true; // not a press on nothing
    }
    if ((hit_flags & HIT_RIGHT) && take_press(ui, hit->id, rect, MOUSE_RIGHT)) {
        hit->right_pressed = true;
    }
    if (s->active == hit->id) {
        bool left = s->active_button == MOUSE_LEFT, down = ui->input.down[s->active_button];
        hit->held = left && down;
        hit->right_held = !left && down;
        if (!down) {
            hit->clicked = left && (over || (hit_flags & HIT_DRAG_OUT));
            s->active = 0;
        }
    }
    if ((hit_flags & HIT_WHEEL) && over && s->active == 0) {
        hit->wheel = ui->input.wheel.y;
        ui->input.wheel.y = 0;
    }
}

// Space alone switches a box in a dialog: Enter is for its primary button.
static bool takes_enter(const Ui *ui, UiKind kind) {
    return kind != UI_KIND_CHECKBOX || ui->draw.layer < LAYER_MODAL;
}

bool ui_take_dialog_enter(Ui *ui) {
    UiState *s = ui->state;
    if (ui->draw.layer != LAYER_MODAL || s->popup.id || ui_is_typing(ui)) return false;
    for (size_t i = 0; s->focus && s->focus_by_keyboard && i < s->last.count; i++) {
        const UiItem *item = &s->last.entry[i].item;
        if (item->id == s->focus && takes_enter(ui, item->kind)) return false;
    }
    return ui_take_key(ui, KEY_ENTER, 0);
}

UiHit ui_interact(Ui *ui, UiId id, UiKind kind, const char *label, Rect rect, unsigned hit_flags,
                  unsigned ui_flags) {
    UiState *s = ui->state;
    UiHit hit = {.id = id};
    items_add(ui, id, kind, label, rect, hit_flags, ui_flags);
    s->last_id = id;
    s->last_rect = rect;
    s->last_hot = s->last_focus_visible = false;
    if (ui_flags & UI_DISABLED) {
        s->last_hot = ui_mouse_over(ui, rect); // its tooltip may say why
        if (s->active == id) s->active = 0;
        return hit;
    }
    bool focusable = (hit_flags & HIT_FOCUS) && !(ui_flags & UI_NO_FOCUS);
    mouse_part(ui, &hit, rect, hit_flags, focusable);
    if (focusable && s->focus == id) {
        s->focus_seen = true;
        hit.focused = true;
        hit.focus_visible = s->focus_by_keyboard;
        bool acts = hit.focus_visible && !(hit_flags & HIT_NO_KEYS) && ui->draw.layer >= s->block;
        bool enter = acts && takes_enter(ui, kind) && ui_take_key(ui, KEY_ENTER, 0);
        if (enter || (acts && ui_take_key(ui, KEY_SPACE, 0))) hit.clicked = true;
    }
    s->last_hot = hit.hot;
    s->last_focus_visible = hit.focus_visible;
    if (hit.clicked || hit.pressed) s->again = true;
    return hit;
}

void ui_set_focus(Ui *ui, UiId id) {
    ui->state->focus = id;
    ui->state->focus_wanted = id;
    ui->state->focus_by_keyboard = true;
    ui->state->again = true;
}

UiId ui_focus(const Ui *ui) {
    return ui->state->focus;
}

UiId ui_active(const Ui *ui) {
    return ui->state->active;
}

bool ui_is_typing(const Ui *ui) {
    return ui->state->focus && ui->state->edit.id == ui->state->focus;
}

bool ui_is_blocked(const Ui *ui) {
    return ui->state->block > LAYER_BASE || ui->state->block_next > LAYER_BASE;
}

bool ui_take_key(Ui *ui, UiKey key, uint32_t mods) {
    for (int i = 0; i < ui->input.event_count; i++) {
        UiEvent *e = &ui->input.events[i];
        if (e->kind != UI_EVENT_KEY || e->key != key || e->mods != mods) continue;
        e->kind = UI_EVENT_NONE;
        return true;
    }
    return false;
}

static bool shortcuts_work(const Ui *ui, uint32_t mods) {
    return !ui_is_blocked(ui) && ((mods & (MOD_CTRL | MOD_ALT)) || !ui_is_typing(ui));
}

bool ui_shortcut(Ui *ui, UiKey key, uint32_t mods) {
    return shortcuts_work(ui, mods) && ui_take_key(ui, key, mods);
}

bool ui_shortcut_char(Ui *ui, char character, uint32_t mods) {
    if (!shortcuts_work(ui, mods)) return false;
    bool letter = character >= 'a' && character <= 'z';
    for (int i = 0; i < ui->input.event_count; i++) {
        UiEvent *e = &ui->input.events[i];
        uint32_t have = letter ? e->mods : e->mods & ~(uint32_t)MOD_SHIFT;
        bool key = e->kind == UI_EVENT_KEY && e->key == KEY_CHARACTER &&
                   e->character == character && have == mods;
        // "?" and "+" lie elsewhere on every keyboard: what was typed decides.
        bool typed = !letter && mods == 0 && e->kind == UI_EVENT_TEXT && e->text[0] == character &&
                     e->text[1] == 0;
        if (!key && !typed) continue;
        e->kind = UI_EVENT_NONE;
        // The same key as text must not count a second time.
        for (int k = i + 1; key && !letter && k < ui->input.event_count; k++) {
            UiEvent *twin = &ui->input.events[k];
            if (twin->kind == UI_EVENT_TEXT && twin->text[0] == character) {
                twin->kind = UI_EVENT_NONE;
                break;
            }
        }
        return true;
    }
    return false;
}

void ui_tooltip(Ui *ui, const char *text) {
    UiState *s = ui->state;
    bool wanted = (s->last_hot && s->active == 0) || s->last_focus_visible;
    if (!wanted || !text || !*text || s->popup.id) return;
    // The mouse decides when it rests on one widget while the focus is on another.
    if (s->tip_candidate && !s->last_hot) return;
    s->tip_candidate = s->last_id;
    if (s->tip_id != s->last_id) s->tip_since = ui->input.time;
    double left = s->tip_since + 0.5 - ui->input.time;
    if (left > 0) {
        ui_wake(ui, left);
        return;
    }
    s->tip_show = true;
    s->tip_rect = s->last_rect;
    size_t fits = strlen(text);
    if (fits >= TIP_TEXT) {
        fits = TIP_TEXT - 1;
        while (fits > 0 && ((unsigned char)text[fits] & 0xC0) == 0x80) fits--;
    }
    memcpy(s->tip_text, text, fits);
    s->tip_text[fits] = 0;
}
