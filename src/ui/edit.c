// Caret, selection, clipboard and undo of one line of UTF-8; see edit.h. Drawing is in field.c.
#include "ui/edit.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void keep(char out[EDIT_TEXT], const char *text) {
    if (!text_copy(out, EDIT_TEXT, text)) out[0] = 0;
}

void edit_start(Ui *ui, UiId id, const char *text) {
    EditState *e = &ui->state->edit;
    e->id = id;
    e->scroll_x = 0;
    e->moved_at = ui->input.time;
    keep(e->before, text);
    keep(e->undo, text);
    edit_select_all(ui, text);
}

void edit_select_all(Ui *ui, const char *text) {
    ui->state->edit.anchor = 0;
    ui->state->edit.caret = strlen(text);
}

// Letters, digits and everything beyond ASCII belong to words.
static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c & 0x80);
}

void edit_select_word(Ui *ui, const char *text) {
    EditState *e = &ui->state->edit;
    size_t from = e->caret, to = e->caret;
    while (from > 0 && is_word(text[from - 1])) from--;
    while (text[to] && is_word(text[to])) to++;
    e->anchor = from;
    e->caret = to;
}

static void selection(const EditState *e, size_t *from, size_t *to) {
    *from = e->anchor < e->caret ? e->anchor : e->caret;
    *to = e->anchor < e->caret ? e->caret : e->anchor;
}

static void replace(Ui *ui, char *text, size_t capacity, size_t from, size_t to, const char *insert,
                    size_t bytes) {
    EditState *e = &ui->state->edit;
    size_t length = strlen(text), room = capacity - 1 - (length - (to - from));
    if (bytes > room) {
        bytes = room;
        while (bytes > 0 && ((unsigned char)insert[bytes] & 0xC0) == 0x80) bytes--;
    }
    keep(e->undo, text);
    memmove(text + from + bytes, text + to, length - to + 1);
    memcpy(text + from, insert, bytes);
    e->caret = e->anchor = from + bytes;
}

void edit_insert(Ui *ui, char *text, size_t capacity, const char *insert) {
    size_t from, to;
    selection(&ui->state->edit, &from, &to);
    char line[EDIT_TEXT] = ""; // pasted lines become one
    size_t n = 0;
    for (const char *p = insert; *p && n + 1 < sizeof line; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\n' || c == '\t') c = ' ';
        if (c >= 0x20 && c != 0x7F) line[n++] = (char)c;
    }
    if (!text_is_utf8(line, n)) {
        while (n > 0 && (line[n - 1] & 0x80)) n--;
        if (!text_is_utf8(line, n)) return;
    }
    replace(ui, text, capacity, from, to, line, n);
}

static void copy_selection(Ui *ui, const char *text) {
    UiState *s = ui->state;
    size_t from, to;
    selection(&s->edit, &from, &to);
    if (from == to) return;
    char *part = malloc(to - from + 1);
    if (!part) return;
    memcpy(part, text + from, to - from);
    part[to - from] = 0;
    ui_clipboard_set(ui, part);
    free(part);
}

static void paste(Ui *ui, char *text, size_t capacity) {
    char *from = ui_clipboard_get(ui);
    if (from) edit_insert(ui, text, capacity, from);
    free(from);
}

static size_t next_character(const char *text, size_t at) {
    size_t bytes = strlen(text);
    if (at < bytes) utf8_next(text, bytes, &at);
    return at;
}

static size_t jump(const char *text, size_t at, bool forward, bool word) {
    size_t bytes = strlen(text);
    if (!word) return forward ? next_character(text, at) : utf8_previous(text, at);
    if (forward) {
        while (at < bytes && !is_word(text[at])) at++;
        while (at < bytes && is_word(text[at])) at++;
    } else {
        while (at > 0 && !is_word(text[at - 1])) at--;
        while (at > 0 && is_word(text[at - 1])) at--;
    }
    return at;
}

static void move_caret(EditState *e, size_t to, bool select) {
    e->caret = to;
    if (!select) e->anchor = to;
}

static void erase(Ui *ui, char *text, size_t capacity, bool forward, bool word) {
    EditState *e = &ui->state->edit;
    size_t from, to;
    selection(e, &from, &to);
    if (from == to) {
        size_t other = jump(text, e->caret, forward, word);
        from = forward ? e->caret : other;
        to = forward ? other : e->caret;
    }
    if (from < to) replace(ui, text, capacity, from, to, "", 0);
}

static void undo(Ui *ui, char *text, size_t capacity) {
    EditState *e = &ui->state->edit;
    char now[EDIT_TEXT];
    keep(now, text);
    text_copy(text, capacity, e->undo);
    memcpy(e->undo, now, sizeof now);
    e->caret = e->anchor = strlen(text);
}

// True when the key was for the field.
static bool control_key(Ui *ui, char *text, size_t capacity, char c) {
    switch (c) {
    case 'a':
        edit_select_all(ui, text);
        return true;
    case 'c':
        copy_selection(ui, text);
        return true;
    case 'x':
        copy_selection(ui, text);
        edit_insert(ui, text, capacity, "");
        return true;
    case 'v':
        paste(ui, text, capacity);
        return true;
    case 'z':
        undo(ui, text, capacity);
        return true;
    default:
        return false;
    }
}

// True when the event was for the field.
static bool one_key(Ui *ui, char *text, size_t capacity, const UiEvent *event, UiEdit *result) {
    EditState *e = &ui->state->edit;
    bool shift = (event->mods & MOD_SHIFT) != 0, ctrl = (event->mods & MOD_CTRL) != 0;
    if (event->mods & MOD_ALT) return false;
    size_t from, to;
    selection(e, &from, &to);
    switch (event->key) {
    case KEY_CHARACTER:
        return !ctrl || control_key(ui, text, capacity, event->character);
    case KEY_SPACE:
        return true;
    case KEY_LEFT:
    case KEY_RIGHT: {
        bool forward = event->key == KEY_RIGHT;
        bool collapse = !shift && from != to && !ctrl; // to the end of the selection
        move_caret(e, collapse ? (forward ? to : from) : jump(text, e->caret, forward, ctrl),
                   shift);
        return true;
    }
    case KEY_HOME:
        move_caret(e, 0, shift);
        return true;
    case KEY_END:
        move_caret(e, strlen(text), shift);
        return true;
    case KEY_BACKSPACE:
        erase(ui, text, capacity, false, ctrl);
        return true;
    case KEY_DELETE:
        erase(ui, text, capacity, true, ctrl);
        return true;
    case KEY_ENTER:
        result->submitted = true;
        return true;
    case KEY_ESCAPE:
        text_copy(text, capacity, e->before);
        e->caret = e->anchor = strlen(text);
        result->cancelled = true;
        return true;
    default:
        return false;
    }
}

void edit_keys(Ui *ui, char *text, size_t capacity, UiEdit *result) {
    for (int i = 0; i < ui->input.event_count; i++) {
        UiEvent *event = &ui->input.events[i];
        bool used = event->kind == UI_EVENT_TEXT;
        if (used) {
            edit_insert(ui, text, capacity, event->text);
        } else if (event->kind == UI_EVENT_KEY) {
            used = one_key(ui, text, capacity, event, result);
        }
        if (!used) continue;
        event->kind = UI_EVENT_NONE;
        ui->state->edit.moved_at = ui->input.time;
        if (result->cancelled || result->submitted) break;
    }
}
