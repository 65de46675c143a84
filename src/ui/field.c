// The text field and the number field; see widgets.h. The editing itself is in edit.c.
#include "ui/edit.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIELD_PADDING = 10 };

static float prefix_width(const Ui *ui, TextStyle style, const char *text, size_t bytes) {
    return ui->font.measure(ui->font.user, style, text, bytes);
}

// The gap between characters nearest to x (from the start of the text).
static size_t nearest_gap(const Ui *ui, TextStyle style, const char *text, float x) {
    size_t bytes = strlen(text);
    size_t fits = font_fit(&ui->font, style, text, bytes, fmaxf(x, 0));
    if (fits == bytes) return bytes;
    size_t next = fits;
    utf8_next(text, bytes, &next);
    float left = prefix_width(ui, style, text, fits), right = prefix_width(ui, style, text, next);
    return x - left > right - x ? next : fits;
}

static void mouse_selects(Ui *ui, const UiHit *hit, Rect inside, TextStyle style,
                          const char *text) {
    EditState *e = &ui->state->edit;
    if (!hit->held && !hit->pressed) return;
    float x = ui->input.mouse.x - inside.x + e->scroll_x;
    if (hit->pressed) {
        x = ui->input.press_at[MOUSE_LEFT].x - inside.x + e->scroll_x;
        e->caret = e->anchor = nearest_gap(ui, style, text, x);
        e->moved_at = ui->input.time;
        if (ui->input.clicks == 2) edit_select_word(ui, text);
        if (ui->input.clicks >= 3) edit_select_all(ui, text);
    } else if (fabsf(ui->input.mouse.x - ui->input.press_at[MOUSE_LEFT].x) > 2) {
        e->caret = nearest_gap(ui, style, text, x);
    }
}

static void draw_frame(Ui *ui, Rect rect, const UiHit *hit, unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    Color border = hit->hot ? c->outline_hot : c->outline;
    Color fill = c->field;
    if (hit->focused) border = c->accent_strong;
    if (flags & UI_INVALID) border = c->error;
    if (flags & UI_DISABLED) {
        fill = color_mix(c->panel, c->field, 0.5f);
        border = c->hairline;
    }
    if (hit->focused) {
        Rect glow = {rect.x - 2, rect.y - 2, rect.w + 4, rect.h + 4};
        draw_border(&ui->draw, glow, THEME_RADIUS + 2, color_fade(border, 0.35f), 2);
    }
    draw_box(&ui->draw, rect, THEME_RADIUS, fill, border, 1);
    if (flags & UI_RESETS) {
        draw_circle(&ui->draw, (Vec2){rect_right(rect) - 6, rect.y + 6}, 2.5f, c->warning);
    }
}

static void draw_selection(Ui *ui, Rect inside, TextStyle style, const char *text) {
    EditState *e = &ui->state->edit;
    const ThemeColors *c = &ui->theme->color;
    float caret = prefix_width(ui, style, text, e->caret);
    float width = prefix_width(ui, style, text, strlen(text));
    e->scroll_x = fmaxf(0, fminf(e->scroll_x, width - inside.w + 1)); // it may be shorter now
    if (caret - e->scroll_x > inside.w - 1) e->scroll_x = caret - inside.w + 1;
    if (caret < e->scroll_x) e->scroll_x = caret;
    float x = inside.x - e->scroll_x;
    if (e->anchor != e->caret) {
        float other = prefix_width(ui, style, text, e->anchor);
        Rect box = {x + fminf(caret, other), inside.y + inside.h / 2 - 9, fabsf(caret - other), 18};
        draw_fill(&ui->draw, box, 2, color_mix(c->accent_dim, c->accent_strong, 0.35f));
    }
    double phase = fmod(ui->input.time - e->moved_at, 1.06);
    ui_wake(ui, (phase < 0.53 ? 0.53 : 1.06) - phase + 0.005);
    if (phase < 0.53 && ui->input.window_focus) {
        float y = inside.y + inside.h / 2;
        draw_vline(&ui->draw, floorf(x + caret), y - 8, y + 8, c->text);
    }
}

static void draw_content(Ui *ui, Rect inside, const char *text, const UiField *options,
                         bool editing) {
    const ThemeColors *c = &ui->theme->color;
    unsigned flags = options->flags;
    Color color = flags & UI_DISABLED ? c->text_faint : (flags & UI_INVALID ? c->error : c->text);
    if (!*text && options->placeholder) {
        ui_text(ui, inside, TEXT_BODY, c->text_faint, options->placeholder);
    }
    if (!editing) {
        if (flags & UI_ALIGN_RIGHT) {
            ui_text_right(ui, inside, TEXT_BODY, color, text);
        } else {
            ui_text(ui, inside, TEXT_BODY, color, text);
        }
        return;
    }
    TextStyle style = ui->theme->text[TEXT_BODY];
    draw_clip_push(&ui->draw, (Rect){inside.x - 1, inside.y, inside.w + 3, inside.h});
    draw_selection(ui, inside, style, text);
    Rect wide = {inside.x - ui->state->edit.scroll_x, inside.y, 1e6f, inside.h};
    ui_text(ui, wide, TEXT_BODY, color, text);
    draw_clip_pop(&ui->draw);
}

static void take_keyboard(Ui *ui, const UiHit *hit, const char *text, bool number) {
    EditState *e = &ui->state->edit;
    if (e->id && e->id != hit->id) { // the one before may be called later: it finds its text here
        e->left_id = e->id;
        memcpy(e->left_number, e->number, sizeof e->number);
    }
    if (number) text_copy(e->number, sizeof e->number, text);
    edit_start(ui, hit->id, text);
}

// `number`: edits the copy in the state, which starts as `text`.
static UiEdit run_field(Ui *ui, Rect rect, const char *label, char *text, size_t capacity,
                        const UiField *options, bool number) {
    EditState *e = &ui->state->edit;
    UiEdit result = {0};
    Rect inside = rect_inset_xy(rect, FIELD_PADDING, 0);
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_FIELD, label, rect,
                            HIT_FOCUS | HIT_NO_KEYS, options->flags);
    if (hit.hot) ui->pointer = POINTER_TEXT;
    bool fresh = hit.focused && e->id != hit.id;
    if (fresh) take_keyboard(ui, &hit, text, number);
    if (!hit.focused && (e->id == hit.id || e->left_id == hit.id)) {
        result.left = true;
        if (e->id == hit.id) {
            memcpy(e->left_number, e->number, sizeof e->number);
            e->id = 0;
        }
        e->left_id = 0;
    }
    char *edited = number && hit.focused ? e->number : text;
    if (number && hit.focused) capacity = sizeof e->number;
    TextStyle style = ui->theme->text[TEXT_BODY];
    if (options->suffix) {
        rect_cut_right(&inside, ceilf(ui_text_width(ui, TEXT_CAPTION, options->suffix)), 6);
    }
    if (hit.focused) {
        result.focused = true;
        size_t length = strlen(edited);
        if (e->caret > length) e->caret = length; // the caller may have changed it
        if (e->anchor > length) e->anchor = length;
        if (!(number && fresh)) mouse_selects(ui, &hit, inside, style, edited);
        uint64_t before = ui_hash(0, edited);
        if (ui->draw.layer >= ui->state->block) edit_keys(ui, edited, capacity, &result);
        result.changed = ui_hash(0, edited) != before;
        if (result.cancelled) ui->state->focus = 0;
        if (result.changed || result.cancelled || result.submitted) ui->state->again = true;
    }
    ui_set_value(ui, "%s", edited);
    draw_frame(ui, rect, &hit, options->flags);
    if (options->suffix) {
        Rect at = {rect_right(inside) + 6, rect.y, rect_right(rect) - rect_right(inside), rect.h};
        ui_text(ui, at, TEXT_CAPTION, ui->theme->color.text_muted, options->suffix);
    }
    draw_content(ui, inside, edited, options, hit.focused);
    return result;
}

UiEdit ui_text_field(Ui *ui, Rect rect, const char *label, char *text, size_t capacity,
                     const UiField *options) {
    static const UiField none = {0};
    UiEdit edit = run_field(ui, rect, label, text, capacity, options ? options : &none, false);
    EditState *e = &ui->state->edit;
    if (edit.submitted && !text_copy(e->before, sizeof e->before, text)) e->before[0] = 0;
    return edit;
}

// The next of 1, 2, 5, 10 ... above or below; for values over many decades.
static double decade_step(double value, int direction) {
    static const double mantissas[] = {1, 2, 5, 10};
    if (!(value > 0)) return direction > 0 ? 1e-4 : 0;
    double power = pow(10, floor(log10(value) + 1e-9)), m = value / power;
    if (direction > 0) {
        for (int i = 0; i < 4; i++) {
            if (mantissas[i] > m * (1 + 1e-6)) return mantissas[i] * power;
        }
    }
    for (int i = 3; i >= 0; i--) {
        if (mantissas[i] < m * (1 - 1e-6)) return mantissas[i] * power;
    }
    return power / 2;
}

static bool parse(const char *text, const UiNumber *n, double *out) {
    double value;
    if (!text_to_double(text, &value) || value < n->min || value > n->max) return false;
    if (n->integer && value != floor(value)) return false;
    *out = value;
    return true;
}

// Twelve digits are what a person means: 0.30000000000000004 is 0.3.
static double twelve_digits(double value) {
    char text[40];
    double out = value;
    snprintf(text, sizeof text, "%.12g", value);
    return text_to_double(text, &out) ? out : value;
}

static void set_number(Ui *ui, double value) {
    EditState *e = &ui->state->edit;
    char text[32];
    text_from_double(text, value);
    text_copy(e->number, sizeof e->number, text);
    text_copy(e->before, sizeof e->before, text); // what Esc goes back to
    edit_select_all(ui, e->number);
}

bool ui_number_field(Ui *ui, Rect rect, const char *label, double *value, const UiNumber *options) {
    EditState *e = &ui->state->edit;
    UiId id = ui_id(ui, label);
    double before = *value, typed = 0;
    char shown[64];
    text_from_double(shown, *value);
    bool editing = e->id == id && ui->state->focus == id;
    UiField field = {.suffix = options->suffix, .flags = options->flags};
    if (editing && !parse(e->number, options, &typed)) field.flags |= UI_INVALID;
    int steps = 0;
    if (editing && !(field.flags & UI_DISABLED)) {
        while (ui_take_key(ui, KEY_UP, 0)) steps++;
        while (ui_take_key(ui, KEY_DOWN, 0)) steps--;
    }
    for (; steps != 0; steps += steps > 0 ? -1 : 1) {
        int direction = steps > 0 ? 1 : -1;
        double from = parse(e->number, options, &typed) ? typed : *value;
        double to =
            options->step > 0 ? from + direction * options->step : decade_step(from, direction);
        to = fmax(options->min, fmin(to, options->max));
        *value = twelve_digits(to);
        set_number(ui, *value);
    }
    if (*value != before) text_from_double(shown, *value);
    UiEdit edit = run_field(ui, rect, label, shown, sizeof shown, &field, true);
    const char *text = edit.left ? e->left_number : e->number;
    if ((edit.submitted || edit.left) && parse(text, options, &typed)) *value = typed;
    if (edit.submitted && parse(e->number, options, &typed)) set_number(ui, *value);
    return *value != before;
}
