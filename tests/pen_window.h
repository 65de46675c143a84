// A pen on the canvas of a window to try panels in (panels_window.h), the network that is shipped,
// and what the window says. One include for each test program; not a test.
#ifndef INKLING_TESTS_PEN_WINDOW_H
#define INKLING_TESTS_PEN_WINDOW_H

#include "panels_window.h"

#include "formats/formats.h"

// Points in percent of the canvas.
typedef struct Pen {
    int count;
    Vec2 at[12];
} Pen;

static const Pen one[] = {{2, {{10, 30}, {10, 70}}}};
static const Pen nine[] = {
    {6, {{38, 32}, {30, 34}, {28, 44}, {34, 48}, {39, 42}, {38, 32}}},
    {3, {{38, 32}, {38, 52}, {35, 70}}},
};
static const Pen seven[] = {
    {3, {{52, 30}, {68, 30}, {56, 70}}},
    {2, {{54, 50}, {66, 50}}},
};
static const Pen four[] = {
    {3, {{82, 30}, {76, 52}, {94, 52}}},
    {2, {{88, 40}, {88, 72}}},
};

static inline void pen_down(Fixture *f, const Pen *pen, float shift, float scale) {
    Rect r = must_find(f, "Canvas")->rect;
    Vec2 at = {0, 0};
    for (int i = 0; i < pen->count; i++) {
        at = (Vec2){r.x + r.w * (shift + pen->at[i].x * scale) / 100,
                    r.y + r.h * (pen->at[i].y * scale + 50 * (1 - scale)) / 100};
        if (i == 0) {
            input_move(&f->input, at, 1);
            frame(f);
            input_press(&f->input, MOUSE_LEFT, at, 1);
        } else {
            input_move(&f->input, at, 1);
        }
    }
    frame(f);
    input_release(&f->input, MOUSE_LEFT, at);
    frame(f);
}

#define WRITE(f, digit) write_digit(f, digit, (int)(sizeof(digit) / sizeof *(digit)))
static inline void write_digit(Fixture *f, const Pen *pens, int count) {
    for (int i = 0; i < count; i++) pen_down(f, &pens[i], 0, 1);
}

// The network that is shipped, with another threshold. Skips the test where it is not.
static inline void answer_with_shipped(Fixture *f, float threshold) {
    char path[FILE_PATH_MAX];
    const char *fixtures = getenv("INKLING_FIXTURES");
    SavedModel *model;
    if (!fixtures || !path_join(path, fixtures, "../../assets/lenet5.safetensors") ||
        !file_exists(path)) {
        print_message("the shipped network is not here ($INKLING_FIXTURES)\n");
        skip();
    }
    assert_ok(format_read(path, &model));
    model->threshold = threshold;
    assert_ok(bench_add_model(f->bench, model, path, true, true));
    frames(f, 2);
}

// Is this text on the window?
static inline bool is_shown(Fixture *f, const char *wanted) {
    size_t size = strlen(wanted);
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        if (c->kind != DRAW_TEXT || c->count < size) continue;
        const char *text = draw_command_text(&f->ui->draw, c);
        for (size_t k = 0; k + size <= c->count; k++)
            if (memcmp(text + k, wanted, size) == 0) return true;
    }
    return false;
}

static inline void assert_title(Fixture *f, const char *wanted) {
    char title[96];
    workbench_answer_text(f->bench, title, sizeof title);
    if (strncmp(title, wanted, strlen(wanted)) != 0 || (!wanted[0] && title[0]))
        fail_msg("the title says \"%s\", not \"%s\"", title, wanted);
}

#endif
