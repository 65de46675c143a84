// The answer to a number: its digits in one line, as large as the room allows. What a single digit
// gets is panel_answer.c.
#include "panels/panels.h"

#include <math.h>
#include <string.h>

// Few sizes, so that the font keeps few of them.
static const float number_sizes[] = {60, 46, 34, 26, 20, 15};
enum { NUMBER_SIZES = sizeof number_sizes / sizeof number_sizes[0] };

static float number_width(const Ui *ui, TextStyle style, const char *text) {
    return ui->font.measure(ui->font.user, style, text, strlen(text));
}

// What is left free before a digit: a space where a line of writing begins, but not at the start.
static float number_gap(const Ui *ui, TextStyle style, const Answer *answer, int i) {
    const Reading *reading = &answer->reading;
    const SplitAtom *atoms = reading->split.atoms;
    bool begins = i > 0 && atoms[reading->digits[i].group.first].line !=
                               atoms[reading->digits[i - 1].group.first].line;
    return begins ? number_width(ui, style, " ") : 0;
}

static float digit_width(const Ui *ui, TextStyle style, const Answer *answer, int i) {
    const char *name = answer->names[answer->reading.digits[i].digit];
    return number_gap(ui, style, answer, i) + number_width(ui, style, name);
}

static TextStyle number_style(const Ui *ui, const Answer *answer, float room, float *width) {
    TextStyle style = ui->theme->text[TEXT_HUGE];
    style.tabular = true;
    for (int k = 0; k < NUMBER_SIZES; k++) {
        style.size = number_sizes[k];
        *width = 0;
        for (int i = 0; i < answer->reading.count; i++) *width += digit_width(ui, style, answer, i);
        if (*width <= room) break;
    }
    return style;
}

void panel_number(Ui *ui, const Answer *answer, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    float width;
    TextStyle style = number_style(ui, answer, rect.w, &width);
    float x = rect.x, y = rect.y + (rect.h + ui->font.metrics(ui->font.user, style).cap_height) / 2;
    // More than fits in the smallest size: the end is what is being written.
    int first = 0;
    while (width > rect.w && first < answer->reading.count - 1)
        width -= digit_width(ui, style, answer, first++);
    for (int i = first; i < answer->reading.count; i++) {
        const ReaderDigit *digit = &answer->reading.digits[i];
        const char *name = answer->names[digit->digit];
        Vec2 size = {number_width(ui, style, name),
                     ui->font.metrics(ui->font.user, style).line_height};
        if (i > first) x += number_gap(ui, style, answer, i);
        bool sure = digit->verdict == VERDICT_DIGIT;
        Color color = i == answer->shown ? (sure ? c->accent : c->text_muted)
                      : sure             ? c->text
                                         : c->text_faint;
        draw_text(&ui->draw, (Vec2){x, y}, size, style, color, name, strlen(name));
        x += size.x;
    }
}
