// The record of the widgets of a frame; see ui.h and items.h.
#include "ui/items.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void items_close(ItemList *list) {
    free(list->entry);
    *list = (ItemList){0};
}

// Cut at the end of a character.
static void copy_text(char *out, size_t size, const char *text, size_t bytes) {
    if (bytes >= size) {
        bytes = size - 1;
        while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80) bytes--;
    }
    memcpy(out, text, bytes);
    out[bytes] = 0;
}

void items_add(Ui *ui, UiId id, UiKind kind, const char *label, Rect rect, unsigned hit_flags,
               unsigned ui_flags) {
    ItemList *list = &ui->state->now;
    if (list->count == list->capacity) {
        size_t to = list->capacity ? list->capacity * 2 : 128;
        ItemEntry *bigger = realloc(list->entry, to * sizeof *bigger);
        if (!bigger) return;
        list->entry = bigger;
        list->capacity = to;
    }
    ItemEntry *e = &list->entry[list->count++];
    *e = (ItemEntry){.hit_flags = hit_flags};
    e->item.id = id;
    e->item.kind = kind;
    e->item.layer = ui->draw.layer;
    e->item.flags = ui_flags;
    e->item.rect = rect;
    e->item.visible = rect_intersect(rect, draw_clip(&ui->draw));
    copy_text(e->item.label, sizeof e->item.label, label, ui_label_size(label));
}

const ItemEntry *items_at(const ItemList *list, Vec2 p, DrawLayer least) {
    const ItemEntry *top = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const ItemEntry *e = &list->entry[i];
        bool takes = e->item.kind != UI_KIND_TEXT && !(e->item.flags & UI_DISABLED);
        if (!takes || e->item.layer < least || !rect_contains(e->item.visible, p)) continue;
        if (!top || e->item.layer >= top->item.layer) top = e;
    }
    return top;
}

void ui_set_value(Ui *ui, const char *format, ...) {
    ItemList *list = &ui->state->now;
    if (list->count == 0) return;
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    UiItem *item = &list->entry[list->count - 1].item;
    copy_text(item->value, sizeof item->value, text, strlen(text));
}

size_t ui_item_count(const Ui *ui) {
    return ui->state->last.count;
}

const UiItem *ui_item(const Ui *ui, size_t index) {
    return &ui->state->last.entry[index].item;
}

const UiItem *ui_find(const Ui *ui, const char *label) {
    const ItemList *list = &ui->state->last;
    for (size_t i = 0; i < list->count; i++) {
        const UiItem *item = &list->entry[i].item;
        if (strcmp(item->label, label) == 0 && !rect_is_empty(item->visible)) return item;
    }
    return NULL;
}

size_t ui_duplicate_names(const Ui *ui) {
    const ItemList *list = &ui->state->last;
    size_t twice = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < i; k++) {
            twice += list->entry[i].item.id == list->entry[k].item.id;
        }
    }
    return twice;
}
