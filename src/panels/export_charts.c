// The two charts on a sheet of paper: the window's own drawing (curves.h, ui/chart.h) in a toolkit
// of its own, without mouse, in the light theme.
#include "panels/export.h"

#include "base/tr.h"
#include "panels/curves.h"
#include "panels/words.h"
#include "ui/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SHEET_W = 1280,
    SHEET_MARGIN = 32,
    SHEET_CHART_H = 400,
    SHEET_HEADING_H = 22,
    SHEET_ROW_H = 22,
    SHEET_SCALE = 2, // pixels in a unit
};

// Drawn by the window, written by an errand.
typedef struct Sheet {
    Errand errand;
    Ui *ui;
    Workbench *bench; // while it is drawn
    char title[160];
    char path[FILE_PATH_MAX];
    DrawPicture *picture; // of a PNG file
} Sheet;

// "LeNet-5 on MNIST", or only the data when the networks differ.
static void sheet_title(Sheet *sheet) {
    const Workbench *bench = sheet->bench;
    const Preset *preset = NULL;
    bool first = true, differ = false;
    for (int i = 0; i < bench->runs.count; i++) {
        const RunEntry *run = bench->runs.entry[i];
        if (!run->visible) continue;
        const Preset *own = preset_find(run->log->config.preset);
        differ = differ || (!first && own != preset);
        preset = own;
        first = false;
    }
    const char *data = bench->dataset ? bench->dataset->name : "";
    if (preset && !differ)
        snprintf(sheet->title, sizeof sheet->title, tr("%s on %s"), preset->label, data);
    else
        snprintf(sheet->title, sizeof sheet->title, tr("Training on %s"), data);
}

// Colour, name and best result of each visible run, in rows. Returns the height used; draws only
// when `draw`.
static float sheet_legend(Sheet *sheet, Rect area, bool draw) {
    Ui *ui = sheet->ui;
    const ThemeColors *c = &ui->theme->color;
    Flow flow = flow_make(area, SHEET_ROW_H, 24, 0);
    for (int i = 0; i < sheet->bench->runs.count; i++) {
        const RunEntry *run = sheet->bench->runs.entry[i];
        char best[96] = "";
        if (!run->visible) continue;
        if (entry_state(run) == RUN_FAILED)
            snprintf(best, sizeof best, "%s", tr("diverged"));
        else if (run->best > 0)
            snprintf(best, sizeof best, tr("best %.2f %%"), run->best * 100);
        float name = ceilf(ui_text_width(ui, TEXT_STRONG, run->name));
        float width = 18 + name + 8 + ceilf(ui_text_width(ui, TEXT_BODY, best)) + 2;
        Rect box = flow_next(&flow, width);
        if (!draw) continue;
        ui_color_dot(ui, rect_cut_left(&box, 12, 6), theme_run_color(ui->theme, run->number));
        ui_text(ui, rect_cut_left(&box, name + 1, 7), TEXT_STRONG, c->text, run->name);
        ui_text(ui, box, TEXT_BODY, c->text_muted, best);
    }
    return flow_height(&flow);
}

typedef void CurvesOf(Workbench *, const Theme *, Curves *, ChartView *);

// One chart under its heading, the name of the x axis below it.
static void sheet_chart(Sheet *sheet, Rect area, const char *heading, CurvesOf *curves_of,
                        ChartView view) {
    Ui *ui = sheet->ui;
    const ThemeColors *c = &ui->theme->color;
    Curves curves;
    ChartHover none = {0};
    Rect head = rect_cut_top(&area, SHEET_HEADING_H, 8);
    Rect foot = rect_cut_bottom(&area, 18, 0);
    view.dragging = false;
    curves_of(sheet->bench, ui->theme, &curves, &view);
    curves.spec.hover = &none;
    curves.spec.zoomed = NULL;
    if (curves_of == curves_accuracy) {
        Rect legend = head;
        rect_cut_left(&legend, ui_text_width(ui, TEXT_STRONG, heading) + 16, 0);
        curves_legend(ui, legend, &view);
    }
    ui_text(ui, head, TEXT_STRONG, c->text, heading);
    ui_chart(ui, area, heading, &view, &curves.spec);
    ui_text_center(ui, foot, TEXT_CAPTION, c->text_muted, curves_x_name(sheet->bench));
}

static void sheet_draw(Sheet *sheet, Rect area) {
    Ui *ui = sheet->ui;
    Workbench *bench = sheet->bench;
    const ThemeColors *c = &ui->theme->color;
    Rect head = rect_cut_top(&area, 26, 4);
    ui_text(ui, head, TEXT_TITLE, c->text, sheet->title);
    float legend = sheet_legend(sheet, area, true);
    rect_cut_top(&area, legend, 18);
    Rect loss = rect_cut_left(&area, floorf(area.w * 0.595f), 28);
    sheet_chart(sheet, loss, bench->prefs.log_loss ? tr("Loss, logarithmic") : tr("Loss"),
                curves_loss, bench->loss_view);
    sheet_chart(sheet, area, tr("Accuracy %"), curves_accuracy, bench->accuracy_view);
}

static void sheet_close(Errand *errand) {
    Sheet *sheet = (Sheet *)errand;
    if (sheet->picture) sheet->bench->hooks.close_picture(&sheet->picture);
    ui_close(&sheet->ui);
    free(sheet);
}

static Status sheet_write_svg(Errand *errand) {
    Sheet *sheet = (Sheet *)errand;
    return svg_write(&sheet->ui->draw, sheet->ui->theme->color.panel, sheet->title, sheet->path);
}

static Status sheet_write_png(Errand *errand) {
    Sheet *sheet = (Sheet *)errand;
    return sheet->bench->hooks.write_picture(sheet->picture, sheet->path);
}

static Status sheet_deliver(Workbench *bench, Errand *errand) {
    return export_told(bench, errand->status, ((Sheet *)errand)->path);
}

static const ErrandKind sheet_svg = {sheet_write_svg, sheet_deliver, sheet_close, ERRANDS_FILES};
static const ErrandKind sheet_png = {sheet_write_png, sheet_deliver, sheet_close, ERRANDS_FILES};

// Draws into a toolkit of its own, with the window's font.
static Status sheet_make(Ui *window, Workbench *bench, const ErrandKind *kind, const char *path,
                         Sheet **out) {
    Sheet *sheet = calloc(1, sizeof *sheet);
    *out = NULL;
    if (!sheet) return status_no_memory("the charts", sizeof *sheet);
    sheet->errand.kind = kind;
    sheet->bench = bench;
    text_copy(sheet->path, sizeof sheet->path, path);
    Status status = ui_open(&sheet->ui, window->font, NULL);
    if (!status_is_ok(&status)) goto fail;
    sheet->ui->theme = theme_light();
    sheet_title(sheet);
    Rect area = {SHEET_MARGIN, SHEET_MARGIN, SHEET_W - 2 * SHEET_MARGIN, 1};
    UiInput input = {.window = {0, 0, SHEET_W, 1}, .scale = SHEET_SCALE, .mouse = {-999, -999}};
    ui_begin(sheet->ui, &input);
    area.h = 26 + 4 + sheet_legend(sheet, area, false) + 18 + SHEET_CHART_H;
    ui_end(sheet->ui);
    input.window.h = area.h + 2 * SHEET_MARGIN;
    ui_begin(sheet->ui, &input);
    sheet_draw(sheet, area);
    ui_end(sheet->ui);
    if (sheet->ui->draw.failed) TRY(status_no_memory("the charts", 0));
    *out = sheet;
    return status;
fail:
    sheet_close(&sheet->errand);
    return status;
}

Status export_charts_svg(Ui *ui, Workbench *bench, const char *path) {
    Sheet *sheet;
    Status status = sheet_make(ui, bench, &sheet_svg, path, &sheet);
    return status_is_ok(&status) ? errands_try(bench, &sheet->errand) : status;
}

Status export_charts_png(Ui *ui, Workbench *bench, const char *path) {
    Sheet *sheet;
    if (!bench->hooks.write_picture)
        return status_error(STATUS_UNSUPPORTED,
                            TR("%s: this build cannot write pictures; .svg works"), path);
    Status status = sheet_make(ui, bench, &sheet_png, path, &sheet);
    if (!status_is_ok(&status)) return status;
    status = bench->hooks.make_picture(&sheet->ui->draw, SHEET_SCALE, sheet->ui->theme->color.panel,
                                       &sheet->picture);
    if (status_is_ok(&status)) return errands_try(bench, &sheet->errand);
    sheet_close(&sheet->errand);
    return status;
}
