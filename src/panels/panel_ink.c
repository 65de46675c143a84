// The canvas and its tools: pen, eraser, brush, undo, redo, clear.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <string.h>

// The picture has square corners, so its frame is nearly square too.
enum { INK_HEADING_H = 16, INK_TOOL_H = 32, INK_RADIUS = 2 };

// ---- the pen ------------------------------------------------------------------------------------

static Vec2 ink_unit(Rect canvas, Vec2 at) {
    return (Vec2){(at.x - canvas.x) / canvas.w, (at.y - canvas.y) / canvas.h};
}

static void ink_add(Workbench *bench, Rect canvas, const UiPointerSample *sample) {
    Vec2 p = ink_unit(canvas, sample->at);
    Status status = drawing_add(&bench->ink.drawing, p.x, p.y, sample->pressure);
    if (!status_is_ok(&status)) {
        drawing_end(&bench->ink.drawing);
        bench->ink.pen = -1;
        workbench_check(bench, status);
    }
}

static void ink_lift(Workbench *bench) {
    drawing_end(&bench->ink.drawing);
    bench->ink.pen = -1;
}

// Everything the pointer did within this frame, in order: nothing of a fast stroke is lost.
static void ink_follow(Ui *ui, Workbench *bench, Rect canvas, const UiHit *hit) {
    InkState *ink = &bench->ink;
    bool may_begin = hit->pressed || hit->right_pressed;
    MouseButton button = hit->right_pressed ? MOUSE_RIGHT : MOUSE_LEFT;
    for (int i = 0; i < ui->input.sample_count; i++) {
        const UiPointerSample *sample = &ui->input.samples[i];
        if (ink->pen < 0) {
            if (!may_begin || !(sample->down & 1u << button) || !rect_contains(canvas, sample->at))
                continue;
            bool erase = button == MOUSE_RIGHT || ink->eraser;
            may_begin = false;
            if (!workbench_check(bench,
                                 drawing_begin(&ink->drawing, erase ? STROKE_ERASE : STROKE_INK,
                                               erase ? ink->brush * 1.6f : ink->brush)))
                return;
            ink->pen = (int)button;
        }
        bool up = !(sample->down & 1u << ink->pen);
        ink_add(bench, canvas, sample);
        if (up) ink_lift(bench);
    }
    if (ink->pen >= 0 && !ui->input.down[ink->pen]) ink_lift(bench);
}

static void ink_brush(Workbench *bench, float radius) {
    bench->ink.brush = fminf(fmaxf(radius, BRUSH_RADIUS_MIN), BRUSH_RADIUS_MAX);
    bench->prefs.brush = bench->ink.brush;
}

// ---- the canvas ---------------------------------------------------------------------------------

static void ink_cursor(Ui *ui, Workbench *bench, Rect canvas, bool hot) {
    const ThemeColors *c = &ui->theme->color;
    bench->hide_pointer = hot;
    if (!hot) return;
    bool erase = bench->ink.eraser || ui->input.down[MOUSE_RIGHT];
    float radius = bench->ink.brush * (erase ? 1.6f : 1) * canvas.w;
    Vec2 at = ui->input.mouse;
    draw_clip_push(&ui->draw, canvas);
    if (!erase) draw_circle(&ui->draw, at, radius, color_fade(color_hex(0xFFFFFF), 0.35f));
    draw_ring(&ui->draw, at, fmaxf(radius, 2) + 0.5f, erase ? c->wrong : c->accent, 1.5f);
    draw_clip_pop(&ui->draw);
}

// ---- the digits of a number ---------------------------------------------------------------------

// Box of digit `i` with its ink, on the canvas.
static Rect ink_digit_box(const InkFit *fit, Rect canvas) {
    float margin = 2;
    Rect box = {canvas.x + fit->x0 * canvas.w - margin, canvas.y + fit->y0 * canvas.h - margin,
                (fit->x1 - fit->x0) * canvas.w + 2 * margin,
                (fit->y1 - fit->y0) * canvas.h + 2 * margin};
    return rect_intersect(box, rect_inset(canvas, 1));
}

// Which digit the mouse is over, while it does not draw; the smaller box where two overlap.
static int ink_hovered(const Ui *ui, const Workbench *bench, Rect canvas) {
    const Answer *answer = &bench->answer;
    int found = -1;
    float smallest = 0;
    if (!answer->several || answer->blank || bench->ink.pen >= 0) return -1;
    for (int i = 0; i < answer->reading.count; i++) {
        Rect box = ink_digit_box(&answer->reading.digits[i].fit, canvas);
        if (!rect_contains(box, ui->input.mouse)) continue;
        if (found >= 0 && box.w * box.h >= smallest) continue;
        found = i;
        smallest = box.w * box.h;
    }
    return found;
}

static void ink_canvas(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    Rect canvas = rect_inset(rect, 1);
    UiHit hit = ui_interact(ui, ui_id(ui, "Canvas"), UI_KIND_CANVAS, "Canvas", canvas,
                            HIT_FOCUS | HIT_NO_KEYS | HIT_WHEEL | HIT_RIGHT, 0);
    if (hit.wheel != 0) ink_brush(bench, bench->ink.brush * powf(1.12f, hit.wheel));
    ink_follow(ui, bench, canvas, &hit);
    int side = (int)lroundf(canvas.w * ui->input.scale);
    workbench_check(bench, ink_state_render(&bench->ink, side));
    const Canvas *pixels = &bench->ink.canvas;
    draw_box(&ui->draw, rect, INK_RADIUS, c->paper, c->outline, 1);
    if (pixels->pixels && !ink_state_is_blank(&bench->ink)) {
        DrawImage image = {ui_hash(0, "canvas"), bench->ink.canvas_version,
                           pixels->side,         pixels->side,
                           pixels->side,         IMAGE_GREY8,
                           pixels->pixels};
        draw_image(&ui->draw, canvas, &image, SAMPLE_LINEAR, color_hex(0xFFFFFF));
    } else if (!hit.hot || !hit.held) {
        // Grey on black in both themes: paper is always black.
        ui_text_center(ui, canvas, TEXT_BODY, color_hex(0x59626F), tr("Draw a digit here"));
    }
    draw_border(&ui->draw, rect, INK_RADIUS, c->outline, 1);
    ink_cursor(ui, bench, canvas, hit.hot || hit.held || hit.right_held);
    int under = hit.hot ? ink_hovered(ui, bench, canvas) : -1;
    if (under != bench->answer.under) {
        bench->answer.under = bench->answer.hovered = under;
        if (under >= 0) bench->answer.chosen = -1;
    }
    if (hit.focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
}

// ---- the tools ----------------------------------------------------------------------------------

static void ink_tools(Ui *ui, Workbench *bench, Rect row) {
    InkState *ink = &bench->ink;
    bool wide = row.w > 300;
    float gap = wide ? 8 : 4, beside = wide ? 14 : 6; // the slider
    Rect pencil = rect_cut_left(&row, INK_TOOL_H, gap);
    Rect eraser = rect_cut_left(&row, INK_TOOL_H, beside);
    Rect clear = rect_cut_right(&row, wide ? 62 : 46, gap);
    Rect redo = rect_cut_right(&row, INK_TOOL_H, gap);
    Rect undo = rect_cut_right(&row, INK_TOOL_H, beside);
    if (ui_icon_button(ui, pencil, ICON_PENCIL, tr("Pencil"), ink->eraser ? 0 : UI_ON))
        ink->eraser = false;
    if (ui_icon_button(ui, eraser, ICON_ERASER, tr("Eraser (or the right button)"),
                       ink->eraser ? UI_ON : 0))
        ink->eraser = true;
    float brush = ink->brush;
    if (row.w >= 20) { // else there is the wheel
        if (ui_slider(ui, row, "Brush", &brush, BRUSH_RADIUS_MIN, BRUSH_RADIUS_MAX, 0, 0))
            ink_brush(bench, brush);
        ui_tooltip(ui, tr("Width of the brush; the wheel over the canvas does the same"));
    }
    unsigned none = drawing_can_undo(&ink->drawing) ? 0 : UI_DISABLED;
    if (ui_icon_button(ui, undo, ICON_UNDO, tr("Undo (Z)"), none)) drawing_undo(&ink->drawing);
    none = drawing_can_redo(&ink->drawing) ? 0 : UI_DISABLED;
    if (ui_icon_button(ui, redo, ICON_REDO, tr("Redo (Y)"), none)) drawing_redo(&ink->drawing);
    none = ink_state_is_blank(ink) ? UI_DISABLED : 0;
    if (ui_button(ui, clear, tr("Clear"), none)) workbench_check(bench, ink_state_clear(ink));
}

// ---- all of it ----------------------------------------------------------------------------------

static void ink_saliency(Ui *ui, const Workbench *bench, Rect canvas) {
    const Answer *answer = &bench->answer;
    float field[3];
    ink_state_field(&bench->ink, answer->field, &answer->fit, field);
    draw_clip_push(&ui->draw, canvas);
    saliency_draw(ui, &bench->saliency,
                  rect_make(canvas.x + field[0] * canvas.w, canvas.y + field[1] * canvas.h,
                            field[2] * canvas.w, field[2] * canvas.h));
    draw_clip_pop(&ui->draw);
}

void panel_ink_over(Ui *ui, Workbench *bench, Rect rect) {
    const Answer *answer = &bench->answer;
    rect_cut_top(&rect, INK_HEADING_H, 8);
    rect_cut_bottom(&rect, INK_TOOL_H, 12);
    Rect canvas = rect_inset(rect, 1);
    ink_saliency(ui, bench, canvas);
    if (!answer->several || answer->blank) return;
    draw_clip_push(&ui->draw, canvas);
    for (int i = 0; i < answer->reading.count; i++) {
        Rect box = ink_digit_box(&answer->reading.digits[i].fit, canvas);
        // On black paper in both themes, so the colours are those of the dark one.
        const ThemeColors *c = &theme_dark()->color;
        draw_border(&ui->draw, box, 3, i == answer->shown ? c->accent : c->outline_hot, 1);
    }
    draw_clip_pop(&ui->draw);
}

void panel_ink(Ui *ui, Workbench *bench, Rect rect) {
    Rect heading = rect_cut_top(&rect, INK_HEADING_H, 8);
    Rect tools = rect_cut_bottom(&rect, INK_TOOL_H, 12);
    ui_heading(ui, heading, tr("Draw a digit"));
    if (bench->ink.caption[0])
        ui_text_right(ui, heading, TEXT_CAPTION, ui->theme->color.text_muted, bench->ink.caption);
    ink_canvas(ui, bench, rect);
    ink_tools(ui, bench, tools);
}
