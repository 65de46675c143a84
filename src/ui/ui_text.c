// Lines and paragraphs that never run out of their rectangle; see ui.h.
#include "ui/ui.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char ELLIPSIS[] = "\xE2\x80\xA6";

typedef enum Align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT } Align;

size_t ui_label_size(const char *label) {
    const char *end = strstr(label, "##");
    return end ? (size_t)(end - label) : strlen(label);
}

static float baseline_in(const Ui *ui, TextStyle style, Rect rect) {
    FontMetrics m = ui->font.metrics(ui->font.user, style);
    return rect.y + (rect.h + m.cap_height) / 2;
}

// One line, cut with an ellipsis if `cut`.
static float draw_line_of_text(Ui *ui, Rect rect, TextStyle style, Color color, const char *text,
                               size_t bytes, Align align, bool cut) {
    const UiFont *f = &ui->font;
    char buffer[512];
    float width = f->measure(f->user, style, text, bytes);
    if (cut || width > rect.w + 0.5f) {
        float dots = f->measure(f->user, style, ELLIPSIS, sizeof ELLIPSIS - 1);
        if (dots > rect.w) return 0;
        size_t fits = font_fit(f, style, text, bytes, rect.w - dots);
        if (fits > sizeof buffer - sizeof ELLIPSIS) fits = sizeof buffer - sizeof ELLIPSIS;
        while (fits > 0 && (text[fits - 1] == ' ' || ((unsigned char)text[fits] & 0xC0) == 0x80)) {
            fits--;
        }
        memcpy(buffer, text, fits);
        memcpy(buffer + fits, ELLIPSIS, sizeof ELLIPSIS);
        text = buffer;
        bytes = fits + sizeof ELLIPSIS - 1;
        width = f->measure(f->user, style, text, bytes);
    }
    float spare = rect.w - width;
    float x = align == ALIGN_LEFT ? rect.x : rect.x + (align == ALIGN_RIGHT ? spare : spare / 2);
    FontMetrics m = f->metrics(f->user, style);
    draw_text(&ui->draw, (Vec2){x, baseline_in(ui, style, rect)}, (Vec2){width, m.line_height},
              style, color, text, bytes);
    return width;
}

static float line(Ui *ui, Rect rect, TextRole role, Color color, const char *text, Align align) {
    return draw_line_of_text(ui, rect, ui->theme->text[role], color, text, strlen(text), align,
                             false);
}

float ui_text(Ui *ui, Rect rect, TextRole role, Color color, const char *text) {
    return line(ui, rect, role, color, text, ALIGN_LEFT);
}

float ui_text_right(Ui *ui, Rect rect, TextRole role, Color color, const char *text) {
    return line(ui, rect, role, color, text, ALIGN_RIGHT);
}

float ui_text_center(Ui *ui, Rect rect, TextRole role, Color color, const char *text) {
    return line(ui, rect, role, color, text, ALIGN_CENTER);
}

float ui_textf(Ui *ui, Rect rect, TextRole role, Color color, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ui_text(ui, rect, role, color, text);
}

// A third of the size between the lines reads well in both themes.
float ui_line_height(Ui *ui, TextRole role) {
    return floorf(ui->theme->text[role].size * 1.5f + 0.5f);
}

static float paragraph(Ui *ui, Rect rect, TextRole role, Color color, const char *text,
                       bool drawn) {
    TextStyle style = ui->theme->text[role];
    float step = ui_line_height(ui, role), used = 0;
    size_t bytes = strlen(text);
    while (bytes > 0) {
        size_t skip;
        size_t n = font_wrap(&ui->font, style, text, bytes, rect.w, &skip);
        bool more = skip < bytes, last = drawn && used + 2 * step > rect.h + 1;
        Rect here = {rect.x, rect.y + used, rect.w, step};
        if (drawn) draw_line_of_text(ui, here, style, color, text, n, ALIGN_LEFT, more && last);
        used += step;
        if (more && last) break;
        text += skip;
        bytes -= skip;
    }
    return used;
}

float ui_paragraph(Ui *ui, Rect rect, TextRole role, Color color, const char *text) {
    return paragraph(ui, rect, role, color, text, true);
}

float ui_paragraph_height(Ui *ui, float width, TextRole role, const char *text) {
    return paragraph(ui, (Rect){0, 0, width, 0}, role, (Color){0}, text, false);
}

float ui_text_width(Ui *ui, TextRole role, const char *text) {
    return ui->font.measure(ui->font.user, ui->theme->text[role], text, strlen(text));
}

float ui_button_width(Ui *ui, const char *label) {
    float text =
        ui->font.measure(ui->font.user, ui->theme->text[TEXT_BODY], label, ui_label_size(label));
    return ceilf(text) + 28;
}

void ui_draw_focus(Ui *ui, Rect rect, float radius) {
    Rect around = {rect.x - 2, rect.y - 2, rect.w + 4, rect.h + 4};
    draw_border(&ui->draw, around, radius + 2, ui->theme->color.accent, 2);
}
