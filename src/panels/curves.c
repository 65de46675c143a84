// See curves.h.
#include "panels/curves.h"

#include "base/tr.h"

#include <math.h>
#include <string.h>

const char *curves_x_name(const Workbench *bench) {
    static const char *const names[CHART_AXES] = {TR("epoch"), TR("second"), TR("image")};
    return tr(names[bench->prefs.chart_x]);
}

// The span shown at least: what was asked for, of the runs that are still on their way. How many
// seconds that takes is not known.
static double curves_x_max(Workbench *bench) {
    double most = 0;
    int axis = bench->prefs.chart_x;
    if (axis == CURVE_SECONDS) return 0;
    if (bench->runs.count == 0 && axis == CURVE_EPOCHS) return bench->form.epochs;
    for (int i = 0; i < bench->runs.count; i++) {
        const RunEntry *run = bench->runs.entry[i];
        double images = axis == CURVE_IMAGES ? run->log->images : 1;
        if (run->visible && entry_is_active(run))
            most = fmax(most, images * run->log->config.epochs);
    }
    return most;
}

static ChartSpec curves_spec(Workbench *bench, const ChartLine *lines, int count) {
    return (ChartSpec){.lines = lines,
                       .line_count = count,
                       .x_name = curves_x_name(bench),
                       .x_max = curves_x_max(bench),
                       .hover = &bench->hover,
                       .zoomed = tr("Double click: show all")};
}

void curves_loss(Workbench *bench, const Theme *theme, Curves *out, ChartView *view) {
    int count = 0;
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (!run->visible) continue;
        bool failed = entry_state(run) == RUN_FAILED;
        // What blew up does not decide the scale of the others.
        out->lines[count] = (ChartLine){.series = &run->loss,
                                        .name = run->name,
                                        .color = theme_run_color(theme, run->number),
                                        .strong = run->id == bench->runs.selected,
                                        .companion = failed,
                                        .broken = failed,
                                        .legend = -1};
        count++;
    }
    view->log_y = bench->prefs.log_loss;
    view->raw = bench->prefs.raw_loss;
    view->x_axis = bench->prefs.chart_x;
    out->spec = curves_spec(bench, out->lines, count);
    out->spec.y_floor = 1e-6;
    out->spec.empty = tr("The loss of every batch, once a network trains");
}

static bool curves_any_epoch(const Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (bench->runs.entry[i]->visible && bench->runs.entry[i]->test.count > 0) return true;
    return false;
}

void curves_accuracy(Workbench *bench, const Theme *theme, Curves *out, ChartView *view) {
    int count = 0;
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (!run->visible) continue;
        ChartLine both = {.color = theme_run_color(theme, run->number), .no_smooth = true};
        ChartLine *train = &out->lines[count++], *test = &out->lines[count++];
        *train = *test = both;
        train->series = &run->train;
        train->name = tr("train");
        train->dashed = train->companion = true;
        train->legend = CURVE_TRAIN;
        test->series = &run->test;
        test->name = run->name;
        test->markers = true;
        test->strong = run->id == bench->runs.selected;
        test->legend = CURVE_TEST;
    }
    view->x_axis = bench->prefs.chart_x;
    view->raw = true;
    out->spec = curves_spec(bench, out->lines, count);
    out->spec.fixed_y = !curves_any_epoch(bench);
    out->spec.y_max = 100;
    out->spec.empty = tr("Right answers after every epoch");
}

void curves_legend(Ui *ui, Rect rect, ChartView *view) {
    Color color = ui->theme->color.text_soft;
    const ChartLine lines[] = {
        {.name = tr("train"), .color = color, .dashed = true, .legend = CURVE_TRAIN},
        {.name = tr("test"), .color = color, .legend = CURVE_TEST},
    };
    ChartSpec spec = {.lines = lines, .line_count = 2};
    ui_chart_legend(ui, rect, "Test and train", view, &spec);
}
