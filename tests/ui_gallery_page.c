// Every widget on one page: see ui_gallery.h.
#include "ui_gallery.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double noise(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / 16777216.0 - 0.5;
}

static void fill_series(Gallery *g) {
    static const double floors[RUNS] = {0.018, 0.06, 0.02, 0.4},
                        speeds[RUNS] = {0.9, 0.55, 0.85, 0.25};
    unsigned seed = 7;
    for (int r = 0; r < RUNS; r++) {
        int batches = r == 0 ? BATCHES * 3 / 4 : BATCHES;
        for (int i = 0; i < batches; i++) {
            double e = (double)i / 938;
            double mean = floors[r] + 2.3 * exp(-speeds[r] * e);
            double x[CHART_AXES] = {e, e * 1.3};
            double y = mean * exp(1.4 * noise(&seed) + 0.8 * noise(&seed));
            Status status = series_append(&g->loss[r], x, (float)y);
            (void)status;
        }
        for (int i = 0; i < (r == 0 ? 8 : EPOCHS); i++) {
            double x[CHART_AXES] = {i, i * 1.3};
            double y = 99 - 12 * floors[r] - (6 + 6 * floors[r]) * exp(-speeds[r] * i);
            Status status = series_append(&g->test[r], x, (float)fmax(y, 88));
            status = series_append(&g->train[r], x, (float)fmax(y + 0.3, 88));
            (void)status;
        }
    }
}

static void fill_pictures(Gallery *g) {
    for (int y = 0; y < 280; y++) {
        for (int x = 0; x < 280; x++) {
            double top = fabs(hypot(x - 140, y - 95) - 50) - 14;
            double low = fabs(hypot(x - 140, y - 185) - 50) - 14;
            if (x < 115 && y > 75 && y < 205) top = low = 9;
            double d = fmin(top, low);
            g->canvas[y * 280 + x] = (uint8_t)(255 * fmax(0, fmin(1, 0.5 - d)));
            g->small[y / 10 * 28 + x / 10] = g->canvas[y * 280 + x];
        }
    }
    for (int i = 0; i < 100; i++) {
        int r = i / 10, c = i % 10;
        g->matrix[i] =
            r == c ? 970u - (unsigned)(i * 7 % 23) : (unsigned)(i * 37 % 11 == 0 ? i % 17 : i % 3);
    }
}

void gallery_fill(Gallery *g) {
    fill_series(g);
    fill_pictures(g);
}

static DrawImage image_of(const char *key, const uint8_t *pixels, int size) {
    return (DrawImage){.key = ui_hash(0, key),
                       .version = 1,
                       .width = size,
                       .height = size,
                       .stride = size,
                       .format = IMAGE_GREY8,
                       .pixels = pixels};
}

static void left_side(Ui *ui, Gallery *g, Rect area) {
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    static const float p[] = {0.002f, 0.001f, 0.011f, 0.952f, 0.001f,
                              0.016f, 0,      0.003f, 0.011f, 0.003f};
    const ThemeColors *c = &ui->theme->color;
    area = rect_inset_xy(area, THEME_GAP_LARGE, 12);
    ui_heading(ui, rect_cut_top(&area, 22, 8), "Draw a digit");
    Rect canvas = rect_cut_top(&area, fminf(area.w, ui->input.window.h * 0.4f), THEME_GAP);
    draw_box(&ui->draw, canvas, THEME_RADIUS, c->paper, c->outline, 1);
    DrawImage image = image_of("canvas", g->canvas, 280);
    draw_image(&ui->draw, rect_center(canvas, canvas.h - 8, canvas.h - 8), &image, SAMPLE_LINEAR,
               color_hex(0xFFFFFF));
    Rect row = rect_cut_top(&area, THEME_CONTROL_H, 12);
    ui_icon_button(ui, rect_cut_left(&row, 34, 6), ICON_PENCIL, "Pen", UI_ON);
    ui_icon_button(ui, rect_cut_left(&row, 34, 14), ICON_ERASER, "Eraser", 0);
    ui_button(ui, rect_cut_right(&row, ui_button_width(ui, "Clear"), 6), "Clear", 0);
    ui_icon_button(ui, rect_cut_right(&row, 34, 6), ICON_REDO, "Redo", UI_DISABLED);
    ui_icon_button(ui, rect_cut_right(&row, 34, 14), ICON_UNDO, "Undo", 0);
    ui_slider(ui, row, "Brush", &g->brush, 1, 30, 0, 0);
    Rect head = rect_cut_top(&area, 22, 6);
    ui_text_right(ui, head, TEXT_CAPTION, c->text_muted, "0.11 ms");
    ui_heading(ui, head, "What the network sees");
    Rect seen = rect_cut_top(&area, 112, 12);
    DrawImage small = image_of("small", g->small, 28);
    ui_image(ui, rect_cut_left(&seen, 112, 16), &small, SAMPLE_NEAREST);
    ui_text(ui, rect_cut_top(&seen, 64, 2), TEXT_HUGE, c->text, "3");
    ui_text(ui, rect_cut_top(&seen, 22, 0), TEXT_BODY, c->text_muted, "95.2 % sure");
    ui_text(ui, rect_cut_top(&seen, 22, 0), TEXT_BODY, c->text_muted, "then 5 (1.6 %), 2 (1.1 %)");
    ui_value_bars(ui, rect_cut_top(&area, fminf(150, area.h), 0), "answer", p, 10, digits, 3);
}

static Rect field_box(Ui *ui, Flow *flow, const char *caption, float width) {
    Rect box = flow_next(flow, width);
    ui_caption(ui, rect_cut_top(&box, 18, 2), caption);
    return rect_cut_top(&box, THEME_CONTROL_H, 0);
}

static void form(Ui *ui, Gallery *g, Rect *area) {
    static const char *const models[] = {"LeNet-5",          "MLP with batch norm",
                                         "CNN 20",           "CNN 64",
                                         "MLP with dropout", "My own stack of layers"};
    static const char *const optimizers[] = {"SGD",     "Momentum", "Nesterov", "Adagrad",
                                             "RMSprop", "Adam",     "AdamW"};
    Flow flow = flow_make(*area, 52, 8, 10);
    ui_dropdown(ui, field_box(ui, &flow, "Model", 152), "Model", models, 6, &g->model, UI_RESETS);
    ui_dropdown(ui, field_box(ui, &flow, "Optimizer", 106), "Optimizer", optimizers, 7,
                &g->optimizer, 0);
    ui_number_field(ui, field_box(ui, &flow, "Learning rate", 76), "Learning rate", &g->rate,
                    &(UiNumber){.min = 1e-6, .max = 10});
    ui_number_field(
        ui, field_box(ui, &flow, "Batch", 76), "Batch", &g->batch,
        &(UiNumber){.min = 1, .max = 4096, .integer = true, .step = 1, .suffix = "img"});
    ui_text_field(ui, field_box(ui, &flow, "Name", 130), "Name", g->name, sizeof g->name,
                  &(UiField){.placeholder = "a name for the run"});
    if (ui_button(ui, field_box(ui, &flow, "", 66), "More...", 0)) g->dialog = true;
    ui_button(ui, field_box(ui, &flow, "", 66), "Pause", UI_PRIMARY);
    ui_button(ui, field_box(ui, &flow, "", 56), "Step", 0);
    ui_button(ui, field_box(ui, &flow, "", 56), "Stop", UI_DISABLED);
    rect_cut_top(area, flow_height(&flow), 12);
    Rect line = rect_cut_top(area, 20, 10);
    float w = ui_text(ui, line, TEXT_STRONG, ui->theme->color.text, "Epoch 8 / 10");
    rect_cut_left(&line, w, 4);
    w = ui_text(ui, line, TEXT_BODY, ui->theme->color.text_soft, "\xC2\xB7 batch 93 / 938");
    rect_cut_left(&line, w, 12);
    const char *speed = "61 240 images/s \xC2\xB7 0:03 left";
    ui_text_right(ui, line, TEXT_BODY, ui->theme->color.text_soft, speed);
    rect_cut_right(&line, ui_text_width(ui, TEXT_BODY, speed), 12);
    ui_progress(ui, rect_center(line, line.w, 6), 0.71f);
}

static void charts(Ui *ui, Gallery *g, Rect area) {
    static const char *const names[RUNS] = {"Adam", "SGD momentum", "RMSprop", "SGD"};
    static const char *const scales[] = {"log", "linear"}, *const smooths[] = {"raw", "smooth"};
    Rect left = rect_cut_left(&area, floorf(area.w * 0.6f), 12);
    Rect in = ui_card_inside(ui, left);
    Rect head = rect_cut_top(&in, THEME_SEGMENT_H, 8);
    float w = ui_segments_width(ui, smooths, 2, UI_SMALL);
    ui_segments(ui, rect_cut_right(&head, w, 8), "smoothing", smooths, 2, &g->raw_index, UI_SMALL);
    w = ui_segments_width(ui, scales, 2, UI_SMALL);
    ui_segments(ui, rect_cut_right(&head, w, 8), "scale", scales, 2, &g->log_index, UI_SMALL);
    ui_heading(ui, head, "Loss");
    ChartLine lines[2 * RUNS] = {{0}};
    for (int i = 0; i < RUNS; i++) {
        lines[i] = (ChartLine){.series = &g->loss[i],
                               .name = names[i],
                               .color = theme_run_color(ui->theme, i),
                               .strong = i == 0,
                               .legend = i};
    }
    g->loss_view.log_y = g->log_index == 0;
    g->loss_view.raw = g->raw_index == 0;
    double mark = 5;
    ChartSpec spec = {.lines = lines,
                      .line_count = RUNS,
                      .x_name = "epoch",
                      .x_max = 10,
                      .y_floor = 1e-4,
                      .marks = &mark,
                      .mark_count = 1,
                      .hover = &g->hover};
    ui_chart(ui, in, "loss", &g->loss_view, &spec);
    in = ui_card_inside(ui, area);
    head = rect_cut_top(&in, THEME_SEGMENT_H, 8);
    for (int i = 0; i < RUNS; i++) {
        lines[2 * i] = (ChartLine){.series = &g->test[i],
                                   .name = names[i],
                                   .color = theme_run_color(ui->theme, i),
                                   .markers = true,
                                   .no_smooth = true,
                                   .legend = i};
        lines[2 * i + 1] = lines[2 * i];
        lines[2 * i + 1].series = &g->train[i];
        lines[2 * i + 1].dashed = true;
        lines[2 * i + 1].markers = false;
        lines[2 * i + 1].name = "train";
    }
    spec.line_count = 2 * RUNS;
    spec.fixed_y = true;
    spec.y_min = 88;
    spec.y_max = 100;
    Rect title = rect_cut_left(&head, 90, 8);
    ui_heading(ui, title, "Accuracy %");
    ui_chart_legend(ui, head, "legend", &g->accuracy_view, &spec);
    ui_chart(ui, in, "accuracy", &g->accuracy_view, &spec);
}

static void deck(Ui *ui, Gallery *g, Rect area) {
    static const char *const tabs[] = {"Test samples", "Mistakes 98", "Confusion", "Feature maps",
                                       "Filters"};
    const ThemeColors *c = &ui->theme->color;
    Rect in = ui_card_inside(ui, area);
    Rect head = rect_cut_top(&in, 24, 10);
    float w = ui_segments_width(ui, tabs, 5, 0);
    ui_segments(ui, rect_cut_left(&head, fminf(w, head.w), 8), "tabs", tabs, 5, &g->tab, 0);
    ui_text_right(ui, head, TEXT_CAPTION, c->text_muted, "label \xC2\xB7 prediction");
    if (g->tab == 2) {
        HeatmapSpec spec = {.counts = g->matrix,
                            .rows = 10,
                            .columns = 10,
                            .row_title = "label",
                            .column_title = "prediction",
                            .selected_row = 3,
                            .selected_column = 5};
        ui_ramp_legend(ui, rect_cut_bottom(&in, 18, 6), "few", "many");
        ui_heatmap(ui, in, "confusion", &spec);
        return;
    }
    DrawImage small = image_of("small", g->small, 28);
    Grid grid = grid_fill(in, 40, 62, 74, 8);
    Rect content = ui_scroll_begin(ui, in, "samples", grid_height(&grid), &g->scroll);
    grid = grid_fill(content, 40, 62, 74, 8);
    for (int i = 0; i < 40; i++) {
        Rect cell = grid_cell(&grid, i);
        bool wrong = i % 11 == 7;
        draw_box(&ui->draw, cell, THEME_RADIUS, c->background, wrong ? c->wrong : c->hairline, 1);
        Rect inside = rect_inset_xy(cell, 8, 5);
        Rect line = rect_cut_bottom(&inside, 18, 0);
        draw_image(&ui->draw, rect_center(inside, inside.h, inside.h), &small, SAMPLE_LINEAR,
                   color_hex(0xFFFFFF));
        ui_text(ui, line, TEXT_SMALL, c->text_muted, "3");
        ui_text_right(ui, line, TEXT_STRONG, wrong ? c->wrong : c->right, wrong ? "8" : "3");
    }
    ui_scroll_end(ui);
}

static void runs(Ui *ui, Gallery *g, Rect area) {
    static const char *const actions[] = {"Race", "CSV", "PNG"};
    static const UiColumn columns[] = {
        {"", 30, false},    {"optimizer", -1, false}, {"lr", 60, true}, {"best %", 60, true},
        {"loss", 60, true}, {"time", 50, true},       {"", 30, false}};
    static const char *const cells[RUNS][5] = {{"Adam", "0.001", "99.00", "0.031", "0:09"},
                                               {"SGD momentum", "0.01", "98.40", "0.052", "0:12"},
                                               {"RMSprop", "0.001", "98.70", "0.041", "0:12"},
                                               {"SGD", "0.01", "95.90", "0.139", "0:11"}};
    const ThemeColors *c = &ui->theme->color;
    Rect in = ui_card_inside(ui, area);
    Rect head = rect_cut_top(&in, 24, 10);
    float w = ui_segments_width(ui, actions, 3, 0);
    ui_button_group(ui, rect_cut_right(&head, w, 8), "actions", actions, 3, 0);
    ui_heading(ui, head, "Runs");
    UiTable table;
    ui_table_begin(ui, &table, in, columns, 7);
    for (int i = 0; i < RUNS; i++) {
        ui_push_index(ui, i);
        ui_table_row(ui, &table, cells[i][0], i == 0);
        ui_color_dot(ui, ui_table_cell(&table, 0), theme_run_color(ui->theme, i));
        for (int k = 0; k < 5; k++) ui_table_text(ui, &table, k + 1, c->text_soft, cells[i][k]);
        Rect eye = rect_center(ui_table_cell(&table, 6), 22, 22);
        ui_icon_button(ui, eye, i == 3 ? ICON_EYE_OFF : ICON_EYE, "Shown", UI_QUIET);
        ui_pop_id(ui);
    }
    rect_cut_top(&in, 24 + RUNS * THEME_ROW_H, 12);
    float h =
        ui_paragraph(ui, in, TEXT_BODY, c->text_muted,
                     "Same weights, same batches, same seed: the curves differ only by the "
                     "optimizer. \xE4\xB8\xAD\xE6\x96\x87\xE4\xB9\x9F\xE5\x8F\xAF\xE4\xBB\xA5");
    rect_cut_top(&in, h, 12);
    Rect row = rect_cut_top(&in, THEME_CONTROL_H, 12);
    ui_button_icon(ui, rect_cut_left(&row, ui_button_width(ui, "Add run") + 20, 8), ICON_PLUS,
                   "Add run", 0);
    if (ui_button(ui, rect_cut_left(&row, ui_button_width(ui, "Save as..."), 12), "Save as...",
                  0)) {
        g->path_dialog = true;
    }
    ui_checkbox(ui, rect_cut_left(&row, 90, 8), "Pinned", &g->check, 0);
    ui_switch(ui, rect_cut_left(&row, 100, 8), "Big text", &g->toggle, 0);
    row = rect_cut_top(&in, 40, 8);
    float x = row.x;
    for (int i = 1; i < ICON_COUNT; i++) {
        icon_draw(&ui->draw, (UiIcon)i, (Rect){x, row.y, 18, 18}, 16, c->text_soft);
        x += 19;
    }
    ui_link(ui, rect_cut_top(&in, 20, 4), "What does this mean?", 0);
    ui_progress(ui, rect_cut_top(&in, 6, 8), g->page == 3 ? -1 : 0.25f); // page 3: it moves
}

static void top_bar(Ui *ui, Gallery *g, Rect bar) {
    static const char *const exports[] = {"Chart as PNG", "Runs as CSV", "-", "Settings as text"};
    const ThemeColors *c = &ui->theme->color;
    draw_fill(&ui->draw, bar, 0, c->bar);
    draw_hline(&ui->draw, bar.x, rect_right(bar), rect_bottom(bar) - 1, c->hairline);
    Rect in = rect_inset_xy(bar, 16, 10);
    rect_cut_left(&in, ui_text(ui, in, TEXT_TITLE, c->text, "Ink"), 0);
    rect_cut_left(&in, ui_text(ui, in, TEXT_TITLE, c->accent, "ling"), 20);
    ui_icon_button(ui, rect_cut_right(&in, 32, 10), g->light ? ICON_MOON : ICON_SUN, "Theme", 0);
    ui_button(ui, rect_cut_right(&in, 80, 10), "EN / \xE4\xB8\xAD\xE6\x96\x87", 0);
    if (ui_menu(ui, rect_cut_right(&in, 84, 10), "Export", exports, 4, 0) >= 0) {
        ui_toast_add(&g->toasts, NOTICE_ERROR,
                     "cannot write runs.csv: no space left on device. Free some "
                     "space or choose another folder.");
    }
    if (ui_button(ui, rect_cut_right(&in, 70, 10), "Save...", 0)) {
        ui_toast_add(&g->toasts, NOTICE_SUCCESS, "Saved lenet5.safetensors.");
    }
    ui_button(ui, rect_cut_right(&in, 70, 10), "Open...", 0);
    static const char *const chips[][2] = {
        {"MNIST", "60 000 train \xC2\xB7 10 000 test"},
        {"LeNet-5", "61 706 parameters \xC2\xB7 lenet5.safetensors"},
        {"BLAS", "OpenBLAS \xC2\xB7 2 threads"}};
    for (int i = 0; i < 3; i++) {
        float w = ui_chip_width(ui, chips[i][0], chips[i][1]);
        if (in.w > 80) ui_chip(ui, rect_cut_left(&in, w, 10), chips[i][0], chips[i][1]);
    }
}

void gallery_page(Ui *ui, Gallery *g) {
    static const char *const answers[] = {"Discard and start", "Save first...", "Cancel"};
    static const char *const entries[] = {"models/", "runs/", "cnn-64.safetensors",
                                          "lenet5.safetensors", "mlp-bn.safetensors"};
    Rect area = ui->input.window;
    top_bar(ui, g, rect_cut_top(&area, THEME_BAR_H, 0));
    Rect left = rect_cut_left(&area, fminf(404, area.w * 0.34f), 0);
    draw_vline(&ui->draw, rect_right(left), left.y, rect_bottom(left), ui->theme->color.hairline);
    left_side(ui, g, left);
    area = rect_inset_xy(area, THEME_GAP_LARGE, 16);
    form(ui, g, &area);
    charts(ui, g, rect_cut_top(&area, floorf(area.h * 0.42f), 12));
    deck(ui, g, rect_cut_left(&area, floorf(area.w * 0.6f), 12));
    runs(ui, g, area);
    if (g->page == 1) g->dialog = true;
    if (g->page == 2) g->path_dialog = true;
    if (g->dialog &&
        ui_message_dialog(ui, "Start again?",
                          "The run \"Adam\" is not saved. Starting with another optimizer "
                          "throws its weights away.",
                          answers, 3) != UI_DIALOG_PENDING) {
        g->dialog = false;
    }
    UiPathDialog dialog = {.title = "Save the model",
                           .action = "Save",
                           .cancel = "Cancel",
                           .hint = "The ending decides: .safetensors, .pth or .onnx.",
                           .problem = g->path[0] == '!' ? "There is no such folder." : NULL,
                           .entries = entries,
                           .entry_count = 5};
    if (g->path_dialog &&
        ui_path_dialog(ui, &dialog, g->path, sizeof g->path, &g->entries) != UI_DIALOG_PENDING) {
        g->path_dialog = false;
    }
    ui_toasts(ui, &g->toasts);
}
