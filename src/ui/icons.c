// The icons, each a short list of strokes in a 16 x 16 box; see icons.h.
#include "ui/icons.h"

#include <math.h>
#include <stddef.h>

typedef enum PenStep {
    END,  // of the icon
    MOVE, // x, y: begins a stroke
    LINE, // x, y
    ARC,  // x, y centre, radius, from and to in degrees (0 to the right, clockwise): joins the
          // stroke
    FILL, // fills the stroke drawn so far (convex) instead of drawing it
    DOT,  // x, y, radius: filled circle
    BOX,  // x, y, w, h: filled box with corners of radius 1
} PenStep;

typedef struct Step {
    PenStep step;
    float at[5];
} Step;

enum { STEP_MAX = 26, STROKE_MAX = 96 };

static const Step ICONS[ICON_COUNT][STEP_MAX] = {
    [ICON_PENCIL] = {{MOVE, {2.6f, 13.4f}},
                     {LINE, {3.3f, 10.2f}},
                     {LINE, {10.9f, 2.6f}},
                     {LINE, {13.4f, 5.1f}},
                     {LINE, {5.8f, 12.7f}},
                     {LINE, {2.6f, 13.4f}},
                     {MOVE, {9.2f, 4.3f}},
                     {LINE, {11.7f, 6.8f}}},
    [ICON_ERASER] = {{MOVE, {6, 13.5f}},
                     {LINE, {2.2f, 9.7f}},
                     {LINE, {9, 2.9f}},
                     {LINE, {13.6f, 7.5f}},
                     {LINE, {7.6f, 13.5f}},
                     {LINE, {6, 13.5f}},
                     {MOVE, {5.6f, 6.3f}},
                     {LINE, {10.2f, 10.9f}},
                     {MOVE, {6, 13.5f}},
                     {LINE, {14, 13.5f}}},
    [ICON_UNDO] = {{MOVE, {5.6f, 2.6f}},
                   {LINE, {2.4f, 5.8f}},
                   {LINE, {5.6f, 9}},
                   {MOVE, {2.4f, 5.8f}},
                   {ARC, {9.6f, 9.4f, 3.6f, -90, 90}},
                   {LINE, {6.4f, 13}}},
    [ICON_REDO] = {{MOVE, {10.4f, 2.6f}},
                   {LINE, {13.6f, 5.8f}},
                   {LINE, {10.4f, 9}},
                   {MOVE, {13.6f, 5.8f}},
                   {ARC, {6.4f, 9.4f, 3.6f, -90, -270}},
                   {LINE, {9.6f, 13}}},
    [ICON_TRASH] = {{MOVE, {2.5f, 4}},
                    {LINE, {13.5f, 4}},
                    {MOVE, {6, 4}},
                    {LINE, {6, 2.3f}},
                    {LINE, {10, 2.3f}},
                    {LINE, {10, 4}},
                    {MOVE, {3.8f, 4}},
                    {LINE, {4.5f, 13.7f}},
                    {LINE, {11.5f, 13.7f}},
                    {LINE, {12.2f, 4}}},
    [ICON_EYE] = {{MOVE, {1.5f, 8}},
                  {LINE, {3.4f, 5.5f}},
                  {LINE, {5.6f, 4}},
                  {LINE, {8, 3.5f}},
                  {LINE, {10.4f, 4}},
                  {LINE, {12.6f, 5.5f}},
                  {LINE, {14.5f, 8}},
                  {LINE, {12.6f, 10.5f}},
                  {LINE, {10.4f, 12}},
                  {LINE, {8, 12.5f}},
                  {LINE, {5.6f, 12}},
                  {LINE, {3.4f, 10.5f}},
                  {LINE, {1.5f, 8}},
                  {DOT, {8, 8, 2.1f}}},
    [ICON_EYE_OFF] = {{MOVE, {3.4f, 10.5f}},
                      {LINE, {1.5f, 8}},
                      {LINE, {3.4f, 5.5f}},
                      {LINE, {5.6f, 4}},
                      {LINE, {8, 3.5f}},
                      {MOVE, {12.6f, 5.5f}},
                      {LINE, {14.5f, 8}},
                      {LINE, {12.6f, 10.5f}},
                      {LINE, {10.4f, 12}},
                      {LINE, {8, 12.5f}},
                      {MOVE, {13, 3}},
                      {LINE, {3, 13}}},
    [ICON_CHEVRON_DOWN] = {{MOVE, {3, 5.8f}}, {LINE, {8, 10.6f}}, {LINE, {13, 5.8f}}},
    [ICON_CHEVRON_RIGHT] = {{MOVE, {5.8f, 3}}, {LINE, {10.6f, 8}}, {LINE, {5.8f, 13}}},
    [ICON_CHEVRON_UP] = {{MOVE, {3, 10.2f}}, {LINE, {8, 5.4f}}, {LINE, {13, 10.2f}}},
    [ICON_CHECK] = {{MOVE, {2.8f, 8.4f}}, {LINE, {6.4f, 12}}, {LINE, {13.2f, 4.4f}}},
    [ICON_CROSS] = {{MOVE, {3.4f, 3.4f}},
                    {LINE, {12.6f, 12.6f}},
                    {MOVE, {12.6f, 3.4f}},
                    {LINE, {3.4f, 12.6f}}},
    [ICON_CLOSE] = {{MOVE, {4.4f, 4.4f}},
                    {LINE, {11.6f, 11.6f}},
                    {MOVE, {11.6f, 4.4f}},
                    {LINE, {4.4f, 11.6f}}},
    [ICON_PLUS] = {{MOVE, {8, 3}}, {LINE, {8, 13}}, {MOVE, {3, 8}}, {LINE, {13, 8}}},
    [ICON_MINUS] = {{MOVE, {3, 8}}, {LINE, {13, 8}}},
    [ICON_PLAY] = {{MOVE, {4.5f, 2.8f}}, {LINE, {13, 8}}, {LINE, {4.5f, 13.2f}}, {FILL, {0}}},
    [ICON_PAUSE] = {{BOX, {3.6f, 3, 3, 10}}, {BOX, {9.4f, 3, 3, 10}}},
    [ICON_STEP] = {{MOVE, {3.5f, 3.2f}},
                   {LINE, {10.6f, 8}},
                   {LINE, {3.5f, 12.8f}},
                   {FILL, {0}},
                   {BOX, {11, 3, 2, 10}}},
    [ICON_STOP] = {{BOX, {3.5f, 3.5f, 9, 9}}},
    [ICON_WARNING] = {{MOVE, {8, 2.2f}},
                      {LINE, {14.4f, 13.4f}},
                      {LINE, {1.6f, 13.4f}},
                      {LINE, {8, 2.2f}},
                      {MOVE, {8, 6.4f}},
                      {LINE, {8, 9.4f}},
                      {DOT, {8, 11.5f, 0.9f}}},
    [ICON_INFO] = {{MOVE, {14, 8}},
                   {ARC, {8, 8, 6, 0, 360}},
                   {MOVE, {8, 7.4f}},
                   {LINE, {8, 11}},
                   {DOT, {8, 5.1f, 0.95f}}},
    [ICON_FOLDER] = {{MOVE, {2, 12.8f}},
                     {LINE, {2, 3.4f}},
                     {LINE, {6.2f, 3.4f}},
                     {LINE, {7.6f, 5}},
                     {LINE, {14, 5}},
                     {LINE, {14, 12.8f}},
                     {LINE, {2, 12.8f}}},
    [ICON_FILE] = {{MOVE, {3.8f, 13.8f}},
                   {LINE, {3.8f, 2.2f}},
                   {LINE, {9.2f, 2.2f}},
                   {LINE, {12.4f, 5.4f}},
                   {LINE, {12.4f, 13.8f}},
                   {LINE, {3.8f, 13.8f}},
                   {MOVE, {9.2f, 2.2f}},
                   {LINE, {9.2f, 5.4f}},
                   {LINE, {12.4f, 5.4f}}},
    [ICON_PIN] = {{MOVE, {5.4f, 2.4f}},
                  {LINE, {10.6f, 2.4f}},
                  {MOVE, {6.2f, 2.4f}},
                  {LINE, {6.2f, 7}},
                  {LINE, {4, 9.6f}},
                  {LINE, {12, 9.6f}},
                  {LINE, {9.8f, 7}},
                  {LINE, {9.8f, 2.4f}},
                  {MOVE, {8, 9.6f}},
                  {LINE, {8, 14}}},
    [ICON_SUN] = {{MOVE, {11, 8}},
                  {ARC, {8, 8, 3, 0, 360}},
                  {MOVE, {8, 1.4f}},
                  {LINE, {8, 2.8f}},
                  {MOVE, {8, 13.2f}},
                  {LINE, {8, 14.6f}},
                  {MOVE, {1.4f, 8}},
                  {LINE, {2.8f, 8}},
                  {MOVE, {13.2f, 8}},
                  {LINE, {14.6f, 8}},
                  {MOVE, {3.3f, 3.3f}},
                  {LINE, {4.3f, 4.3f}},
                  {MOVE, {11.7f, 11.7f}},
                  {LINE, {12.7f, 12.7f}},
                  {MOVE, {3.3f, 12.7f}},
                  {LINE, {4.3f, 11.7f}},
                  {MOVE, {11.7f, 4.3f}},
                  {LINE, {12.7f, 3.3f}}},
    [ICON_MOON] = {{MOVE, {13.4f, 9.6f}},
                   {ARC, {7.4f, 8.4f, 6, 12, 262}},
                   {ARC, {10.6f, 5.4f, 4.9f, 220, 55}},
                   {LINE, {13.4f, 9.6f}}},
    [ICON_BOOK] = {{MOVE, {8, 4.4f}},
                   {LINE, {5.6f, 3}},
                   {LINE, {2, 3}},
                   {LINE, {2, 12.4f}},
                   {LINE, {5.6f, 12.4f}},
                   {LINE, {8, 13.8f}},
                   {LINE, {10.4f, 12.4f}},
                   {LINE, {14, 12.4f}},
                   {LINE, {14, 3}},
                   {LINE, {10.4f, 3}},
                   {LINE, {8, 4.4f}},
                   {LINE, {8, 13.8f}}},
};

typedef struct Stroke {
    DrawList *list;
    float x, y, unit, width;
    Color color;
    Vec2 points[STROKE_MAX];
    size_t count;
} Stroke;

static void add_point(Stroke *s, float x, float y) {
    if (s->count < STROKE_MAX)
        s->points[s->count++] = (Vec2){s->x + x * s->unit, s->y + y * s->unit};
}

static void end_stroke(Stroke *s) {
    if (s->count > 1) draw_polyline(s->list, s->points, s->count, s->width, s->color);
    s->count = 0;
}

static void add_arc(Stroke *s, const Step *step) {
    float radius = step->at[2], from = step->at[3], to = step->at[4];
    int pieces = (int)(fabsf(to - from) / 15) + 2;
    for (int i = 0; i <= pieces; i++) {
        float degrees = from + (to - from) * (float)i / (float)pieces;
        float angle = degrees * 0.017453293f;
        add_point(s, step->at[0] + radius * cosf(angle), step->at[1] + radius * sinf(angle));
    }
}

static void take_step(Stroke *s, const Step *step) {
    Rect box = {s->x + step->at[0] * s->unit, s->y + step->at[1] * s->unit, step->at[2] * s->unit,
                step->at[3] * s->unit};
    switch (step->step) {
    case MOVE:
        end_stroke(s);
        add_point(s, step->at[0], step->at[1]);
        break;
    case LINE:
        add_point(s, step->at[0], step->at[1]);
        break;
    case ARC:
        add_arc(s, step);
        break;
    case FILL:
        draw_polygon(s->list, s->points, s->count, s->color);
        s->count = 0;
        break;
    case DOT:
        end_stroke(s);
        draw_circle(s->list, (Vec2){box.x, box.y}, box.w, s->color);
        break;
    case BOX:
        end_stroke(s);
        draw_fill(s->list, box, 1, s->color);
        break;
    case END:
        break;
    }
}

void icon_draw(DrawList *list, UiIcon icon, Rect rect, float size, Color color) {
    float unit = size / 16;
    Stroke s = {.list = list,
                .x = rect.x + (rect.w - size) / 2,
                .y = rect.y + (rect.h - size) / 2,
                .unit = unit,
                .width = fmaxf(1.35f * sqrtf(unit), 1.1f),
                .color = color};
    for (int i = 0; i < STEP_MAX && ICONS[icon][i].step != END; i++) take_step(&s, &ICONS[icon][i]);
    end_stroke(&s);
}
