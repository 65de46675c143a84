// The numbers behind the charts: ticks, thinning out, smoothing, zoom.
#include "test.h"

#include "base/thread.h"
#include "ui/chart.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void append(Series *s, double x, float y) {
    double xs[CHART_AXES] = {x, x * 2, x * 3};
    Status status = series_append(s, xs, y);
    assert_true(status_is_ok(&status));
}

static void test_linear_ticks(void **state) {
    (void)state;
    static const struct {
        double min, max;
        int most;
        bool whole;
        const char *expected; // written with the tick's own decimals
    } cases[] = {
        {0, 10, 6, true, "0 2 4 6 8 10"},
        {88, 100, 5, false, "90.0 92.5 95.0 97.5 100.0"},
        {0, 1, 3, false, "0.0 0.5 1.0"},
        {0, 1, 4, true, "0 1"},
        {0.93, 0.97, 5, false, "0.93 0.94 0.95 0.96 0.97"},
        {-1, 1, 3, false, "-1 0 1"},
        {0, 60000, 4, false,
         "0 20\xE2\x80\x89"
         "000 40\xE2\x80\x89"
         "000 60\xE2\x80\x89"
         "000"},
        {0, 3, 12, true, "0 1 2 3"},
        {5, 5, 4, false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ChartTicks ticks =
            chart_ticks_linear(cases[i].min, cases[i].max, cases[i].most, cases[i].whole);
        char text[256] = "", number[32];
        for (int k = 0; k < ticks.count; k++) {
            chart_format(number, ticks.value[k], ticks.decimals);
            if (k) strcat(text, " ");
            strcat(text, number);
        }
        assert_string_equal(text, cases[i].expected);
    }
}

static void test_ticks_stay_inside(void **state) {
    (void)state;
    for (int i = -40; i <= 40; i++) {
        for (int most = 1; most <= CHART_TICK_MAX; most++) {
            double min = exp(i * 0.7), max = min * (1 + 0.3 * most + (i + 40) * 0.9);
            ChartTicks t[2] = {chart_ticks_linear(min, max, most, false),
                               chart_ticks_log(min, max, most)};
            for (int k = 0; k < 2; k++) {
                assert_true(t[k].count <= most || t[k].count <= 2);
                for (int n = 0; n < t[k].count; n++) {
                    assert_true(t[k].value[n] >= min * (1 - 1e-6) &&
                                t[k].value[n] <= max * (1 + 1e-6));
                    if (n) assert_true(t[k].value[n] > t[k].value[n - 1]);
                }
            }
        }
    }
}

static void test_log_ticks(void **state) {
    (void)state;
    ChartTicks t = chart_ticks_log(0.009, 3, 6);
    assert_int_equal(t.count, 3);
    assert_true(fabs(t.value[0] - 0.01) < 1e-12 && t.value[2] == 1);
    t = chart_ticks_log(0.015, 0.9, 8);
    assert_true(t.count >= 4);
    t = chart_ticks_log(1e-9, 1e9, 6);
    assert_true(t.count >= 4 && t.count <= 6);
}

static void test_format(void **state) {
    (void)state;
    static const struct {
        double value;
        int decimals;
        const char *text;
    } cases[] = {{0.001, -1, "0.001"},
                 {0.1, -1, "0.1"},
                 {1e-5, -1, "1e-05"},
                 {20, -1, "20"},
                 {98.4, 2, "98.40"},
                 {0, -1, "0"},
                 {0.03154321, -1, "0.03154"},
                 {61240, -1,
                  "61\xE2\x80\x89"
                  "240"},
                 {1500, -1, "1500"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32];
        chart_format(out, cases[i].value, cases[i].decimals);
        assert_string_equal(out, cases[i].text);
    }
}

// series_range against a plain loop, on all sorts of ranges.
static void test_range(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    Series s = {0};
    srand(1);
    for (int i = 0; i < COUNT; i++)
        append(&s, i, i % 97 == 3 ? NAN : (float)(rand() % 20001 - 10000));
    for (int trial = 0; trial < 2000; trial++) {
        size_t a = (size_t)(rand() % COUNT), b = a + (size_t)(rand() % (COUNT - (int)a + 1));
        float low = INFINITY, high = -INFINITY, min, max;
        for (size_t i = a; i < b; i++) {
            low = s.y[i] < low ? s.y[i] : low;
            high = s.y[i] > high ? s.y[i] : high;
        }
        assert_int_equal(series_range(&s, a, b, &min, &max), low <= high);
        assert_true(min == low && max == high);
    }
    series_close(&s);
}

// Whatever the number of columns: no peak is lost, and never more than promised is written.
static void test_decimation_keeps_extremes(void **state) {
    (void)state;
    enum { COUNT = 100000, MAX = 4 * 700 + 2 };
    static SeriesPoint out[MAX];
    Series s = {0};
    for (int i = 0; i < COUNT; i++)
        append(&s, i * 1e-3, i == 31337 ? 1000 : (i == 77777 ? -1000 : sinf((float)i)));
    for (int columns = 1; columns <= 700; columns += 37) {
        size_t n = series_decimate(&s, 0, 0, 100, columns, out, MAX);
        assert_true(n <= (size_t)columns * 4 + 2);
        float low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            low = fminf(low, out[i].y);
            high = fmaxf(high, out[i].y);
            if (i) assert_true(out[i].x >= out[i - 1].x);
        }
        assert_true(low == -1000 && high == 1000);
        SeriesSpan spans[700];
        n = series_spans(&s, 0, 0, 100, columns, spans, 700);
        assert_int_equal(n, columns);
        high = -INFINITY;
        for (size_t i = 0; i < n; i++) high = fmaxf(high, spans[i].max);
        assert_true(high == 1000);
    }
    // Few points: all of them, and one beyond either end.
    size_t n = series_decimate(&s, 0, 10.0005, 10.0105, 600, out, MAX);
    assert_int_equal(n, 12);
    series_close(&s);
}

// Ten times as many points of one curve give the same smooth curve. The difference is that of two
// Riemann sums of the same integral: at most step * (largest slope) plus rounding.
static void test_smoothing_is_independent_of_density(void **state) {
    (void)state;
    Series coarse = {0}, fine = {0};
    double h = 1.0 / 100, width = 0.3;
    for (int i = 0; i <= 1000; i++) append(&coarse, i * h, (float)cos(i * h));
    for (int i = 0; i <= 10000; i++) append(&fine, i * h / 10, (float)cos(i * h / 10));
    Status status = series_smooth(&coarse, 0, width);
    assert_true(status_is_ok(&status));
    status = series_smooth(&fine, 0, width);
    assert_true(status_is_ok(&status));
    for (int i = 1; i <= 1000; i++) {
        assert_true(fabs((double)coarse.smooth[i] - (double)fine.smooth[i * 10]) <=
                    h + 4 * FLT_EPSILON);
    }
    // A constant stays what it is from the first point on.
    Series flat = {0};
    for (int i = 0; i < 100; i++) append(&flat, i * 0.1, 5);
    status = series_smooth(&flat, 0, width);
    for (int i = 0; i < 100; i++) assert_true(fabsf(flat.smooth[i] - 5) <= 5 * 4 * FLT_EPSILON);
    series_close(&coarse);
    series_close(&fine);
    series_close(&flat);
}

// Point by point gives the same numbers as all at once, and another width starts anew.
static void test_smoothing_goes_on(void **state) {
    (void)state;
    Series a = {0}, b = {0};
    for (int i = 0; i < 500; i++) {
        append(&a, i, (float)(i * 7919 % 101));
        append(&b, i, (float)(i * 7919 % 101));
        Status status = series_smooth(&a, 0, 9);
        assert_true(status_is_ok(&status));
    }
    Status status = series_smooth(&b, 1, 3);
    status = series_smooth(&b, 0, 9);
    assert_true(status_is_ok(&status));
    assert_memory_equal(a.smooth, b.smooth, 500 * sizeof(float));
    series_close(&a);
    series_close(&b);
}

static void test_value_at(void **state) {
    (void)state;
    Series s = {0};
    double at;
    float y;
    assert_false(series_value_at(&s, 0, 0, false, &at, &y));
    for (int i = 0; i < 5; i++) append(&s, i, (float)(i * 10));
    assert_true(series_value_at(&s, 0, 2.4, false, &at, &y) && at == 2 && y == 20);
    assert_true(series_value_at(&s, 1, 7.1, false, &at, &y) && at == 8 && y == 40);
    assert_false(series_value_at(&s, 0, 4.5, false, &at, &y));
    append(&s, 1, 3); // going back in x is not possible
    assert_true(s.x[0][5] == 4);
    series_close(&s);
}

typedef struct Chart {
    Ui *ui;
    UiInput input;
    Series series;
    ChartView view;
    ChartHover hover;
    double time;
} Chart;

static void frame(Chart *c) {
    ChartLine line = {.series = &c->series, .name = "Adam", .color = color_hex(0x56B4E9)};
    ChartSpec spec = {.lines = &line, .line_count = 1, .x_name = "epoch", .hover = &c->hover};
    ui_begin(c->ui, &c->input);
    ui_chart_legend(c->ui, (Rect){0, 0, 400, 20}, "legend", &c->view, &spec);
    ui_chart(c->ui, (Rect){0, 20, 400, 280}, "loss", &c->view, &spec);
    ui_end(c->ui);
    input_begin(&c->input, c->time += 0.016);
}

static void test_zoom_and_legend(void **state) {
    (void)state;
    Chart c = {.input = {.window = {0, 0, 400, 300}, .scale = 1}};
    Status status = ui_open(&c.ui, font_fixed(), NULL);
    assert_true(status_is_ok(&status));
    for (int i = 0; i <= 1000; i++) append(&c.series, i * 0.01, 1.0f / (float)(i + 1));
    c.view.log_y = true;
    frame(&c);
    frame(&c);
    Rect plot = ui_find(c.ui, "loss")->rect;
    Vec2 from = {plot.x + plot.w * 0.25f, plot.y + 90}, to = {plot.x + plot.w * 0.5f, plot.y + 95};
    input_press(&c.input, MOUSE_LEFT, from, 1);
    frame(&c);
    input_move(&c.input, to, 1);
    frame(&c);
    input_release(&c.input, MOUSE_LEFT, to);
    frame(&c);
    assert_true(c.view.zoomed_x && !c.view.zoomed_y);
    double pixel = 10.0 / (double)plot.w;
    assert_true(fabs(c.view.x0 - 2.5) <= pixel && fabs(c.view.x1 - 5) <= pixel);
    input_move(&c.input, from, 1);
    frame(&c);
    frame(&c);
    double expected = c.view.x0 + 0.25 * (c.view.x1 - c.view.x0);
    assert_true(c.hover.owner != 0 && fabs(c.hover.x - expected) <= pixel);
    input_press(&c.input, MOUSE_LEFT, from, 2);
    frame(&c);
    input_release(&c.input, MOUSE_LEFT, from);
    frame(&c);
    assert_false(c.view.zoomed_x);
    // The legend hides the line.
    Rect entry = ui_find(c.ui, "Adam")->rect;
    Vec2 at = {entry.x + 5, entry.y + 5};
    input_press(&c.input, MOUSE_LEFT, at, 1);
    frame(&c);
    input_release(&c.input, MOUSE_LEFT, at);
    frame(&c);
    assert_true(c.view.hidden == 1);
    series_close(&c.series);
    ui_close(&c.ui);
}

// Nothing is drawn beside the chart's rectangle, whatever is in the series.
static void test_strange_points(void **state) {
    (void)state;
    static const float values[] = {0, -1, 1e30f, 1e-30f, NAN, INFINITY, -INFINITY, 3};
    for (int log_y = 0; log_y < 2; log_y++) {
        Chart c = {.input = {.window = {0, 0, 400, 300}, .scale = 1},
                   .view = {.log_y = log_y == 1}};
        Status status = ui_open(&c.ui, font_fixed(), NULL);
        assert_true(status_is_ok(&status));
        for (int i = 0; i < 64; i++) {
            append(&c.series, i / 8, values[i * 5 % 8]);
            frame(&c);
            for (size_t k = 0; k < c.ui->draw.point_count; k++) {
                assert_true(isfinite(c.ui->draw.points[k].x) && isfinite(c.ui->draw.points[k].y));
            }
            for (size_t k = 0; k < c.ui->draw.count; k++) {
                const DrawCommand *d = &c.ui->draw.commands[k];
                Rect seen = rect_intersect(d->rect, d->clip);
                assert_true(seen.x >= -1 && rect_right(seen) <= 401 && rect_bottom(seen) <= 301);
            }
        }
        series_close(&c.series);
        ui_close(&c.ui);
    }
}

// Two charts that share a hover both show the values under the mouse, each its own, exactly.
static void test_crosshair_in_both_charts(void **state) {
    (void)state;
    Chart a = {.input = {.window = {0, 0, 800, 300}, .scale = 1}, .view = {.raw = true}};
    Series other = {0};
    ChartView view = {.raw = true};
    ChartHover hover = {0};
    assert_ok(ui_open(&a.ui, font_fixed(), NULL));
    for (int i = 0; i <= 100; i++) {
        append(&a.series, i * 0.1, (float)i * 0.25f);
        if (i % 10 == 0) append(&other, i * 0.1, 1000.0f + (float)i);
    }
    ChartLine lines[] = {{.series = &a.series, .name = "Adam"},
                         {.series = &other, .name = "SGD", .no_smooth = true}};
    ChartSpec spec[] = {{.lines = &lines[0], .line_count = 1, .x_name = "epoch", .hover = &hover},
                        {.lines = &lines[1], .line_count = 1, .x_name = "epoch", .hover = &hover}};
    Rect plot = {0};
    for (int frames = 0; frames < 3; frames++) {
        if (frames == 1) input_move(&a.input, (Vec2){plot.x + plot.w * 0.52f, plot.y + 20}, 1);
        ui_begin(a.ui, &a.input);
        ui_chart(a.ui, (Rect){0, 0, 390, 280}, "loss", &a.view, &spec[0]);
        ui_chart(a.ui, (Rect){400, 0, 390, 280}, "accuracy", &view, &spec[1]);
        ui_end(a.ui);
        input_begin(&a.input, a.time += 0.016);
        plot = ui_find(a.ui, "loss")->rect;
    }
    // x = 5.2: point 52 of the one (13), the 5th of the other (1050).
    bool thirteen = false, beside = false;
    int heads = 0;
    for (size_t i = 0; i < a.ui->draw.count; i++) {
        const DrawCommand *c = &a.ui->draw.commands[i];
        if (c->kind != DRAW_TEXT || c->layer != LAYER_TIP) continue;
        const char *text = draw_command_text(&a.ui->draw, c);
        thirteen = thirteen || (c->count == 2 && memcmp(text, "13", 2) == 0);
        beside = beside || (c->count == 4 && memcmp(text, "1050", 4) == 0);
        heads += c->count > 5 && memcmp(text, "epoch", 5) == 0;
    }
    assert_true(thirteen && beside);
    assert_int_equal(heads, 2);
    series_close(&a.series);
    series_close(&other);
    ui_close(&a.ui);
}

// A single wild batch at the start does not flatten everything after it.
static void test_one_wild_step_does_not_set_the_scale(void **state) {
    (void)state;
    Chart c = {.input = {.window = {0, 0, 400, 300}, .scale = 1}, .view = {.log_y = true}};
    assert_ok(ui_open(&c.ui, font_fixed(), NULL));
    for (int i = 0; i <= 2000; i++)
        append(&c.series, i * 0.005, i == 1 ? 4000.0f : 2.3f / (1 + (float)i * 0.01f));
    frame(&c);
    frame(&c);
    float top = 0, low = 1e9f;
    Rect plot = ui_find(c.ui, "loss")->rect;
    // Where the end and the beginning of the smooth line are: most of the height lies between.
    for (size_t i = 0; i < c.ui->draw.count; i++) {
        const DrawCommand *d = &c.ui->draw.commands[i];
        if (d->kind != DRAW_POLYLINE || d->width < 1.5f) continue;
        low = c.ui->draw.points[d->first].y;
        top = c.ui->draw.points[d->first + d->count - 1].y;
    }
    if (!(top - low > plot.h * 0.4f)) fail_msg("the line takes %g of %g", top - low, plot.h);
    series_close(&c.series);
    ui_close(&c.ui);
}

// Of the line's colour, within the plot.
static int dots(const Chart *c) {
    Color color = color_hex(0x56B4E9);
    float top = ui_find(c->ui, "loss")->rect.y;
    int count = 0;
    for (size_t i = 0; i < c->ui->draw.count; i++) {
        const DrawCommand *d = &c->ui->draw.commands[i];
        count += d->kind == DRAW_BOX && d->rect.w < 10 && d->rect.y > top &&
                 memcmp(&d->fill, &color, sizeof color) == 0;
    }
    return count;
}

// What one step came to can be seen before there is a line.
static void test_one_point_is_a_dot(void **state) {
    (void)state;
    Chart c = {.input = {.window = {0, 0, 400, 300}, .scale = 1}, .view = {.log_y = true}};
    assert_ok(ui_open(&c.ui, font_fixed(), NULL));
    append(&c.series, 0.001, 2.3f);
    frame(&c);
    frame(&c);
    assert_int_equal(dots(&c), 1);
    append(&c.series, 0.002, 2.2f);
    frame(&c);
    assert_int_equal(dots(&c), 0);
    series_close(&c.series);
    ui_close(&c.ui);
}

// ---- ten runs of a hundred thousand batches -----------------------------------------------------

enum { RUNS = 10, POINTS = 100000, FRAMES = 30 };

typedef struct Crowd {
    Ui *ui;
    UiInput input;
    Series series[RUNS];
    ChartLine lines[RUNS];
    ChartView view;
    ChartHover hover;
    int next; // point to come
} Crowd;

static void crowd_grow(Crowd *c, int points) {
    for (int end = c->next + points; c->next < end; c->next++)
        for (int i = 0; i < RUNS; i++) {
            double t = c->next * 1e-3;
            unsigned noise = ((unsigned)c->next * RUNS + (unsigned)i) * 2654435761u;
            append(&c->series[i], t, (float)(2.3 / (1 + t * (i + 1)) * (1 + noise * 0x1p-32)));
        }
}

// A frame while the runs go on, in processor seconds.
static double crowd_frame(Crowd *c) {
    ChartSpec spec = {.lines = c->lines, .line_count = RUNS, .x_max = 200, .hover = &c->hover};
    crowd_grow(c, 3);
    double cpu = clock_cpu_seconds();
    ui_begin(c->ui, &c->input);
    ui_chart(c->ui, (Rect){0, 0, 580, 270}, "loss", &c->view, &spec);
    ui_end(c->ui);
    cpu = clock_cpu_seconds() - cpu;
    input_begin(&c->input, 0);
    return cpu;
}

// The cost of a frame is that of the pixels: what is drawn is bounded by the columns, and the time
// is said, for docs/SPEED.md.
static void test_ten_runs_of_a_hundred_thousand_points(void **state) {
    (void)state;
    Crowd c = {.input = {.window = {0, 0, 580, 270}, .scale = 1}};
    assert_ok(ui_open(&c.ui, font_fixed(), NULL));
    for (int i = 0; i < RUNS; i++)
        c.lines[i] =
            (ChartLine){.series = &c.series[i], .name = "run", .color = color_hex(0x56B4E9)};
    crowd_grow(&c, POINTS);
    static const struct {
        const char *what;
        bool raw, log_y, zoomed;
        int axis;
    } views[] = {{"smooth", false, true, false, 0},
                 {"raw", true, true, false, 0},
                 {"zoomed", false, true, true, 0},
                 {"linear, by another axis", false, false, false, 2}};
    for (size_t v = 0; v < sizeof views / sizeof views[0]; v++) {
        double worst = 0, sum = 0;
        c.view = (ChartView){.raw = views[v].raw, .log_y = views[v].log_y, .x_axis = views[v].axis};
        c.view.zoomed_x = views[v].zoomed;
        c.view.x0 = 40;
        c.view.x1 = 42;
        input_move(&c.input, (Vec2){300, 100}, 1); // with the crosshair on
        double first = crowd_frame(&c);            // smooths all of it
        for (int i = 0; i < FRAMES; i++) {
            double cpu = crowd_frame(&c);
            sum += cpu;
            worst = cpu > worst ? cpu : worst;
        }
        printf("%s: %.2f ms a frame, at most %.2f; the first %.1f\n", views[v].what,
               sum / FRAMES * 1e3, worst * 1e3, first * 1e3);
        // A line: at most 4 points a column, or a bar of 2, and the smooth one of 2 over it.
        assert_true(c.ui->draw.point_count <= RUNS * (580 * 6 + 20));
        assert_true(c.hover.owner != 0);
        for (int i = 0; i < RUNS; i++)
            assert_int_equal(c.series[i].smooth_count,
                             views[v].raw ? c.series[i].smooth_count : c.series[i].count);
    }
    for (int i = 0; i < RUNS; i++) series_close(&c.series[i]);
    ui_close(&c.ui);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_ticks),
        cmocka_unit_test(test_ticks_stay_inside),
        cmocka_unit_test(test_log_ticks),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_decimation_keeps_extremes),
        cmocka_unit_test(test_smoothing_is_independent_of_density),
        cmocka_unit_test(test_smoothing_goes_on),
        cmocka_unit_test(test_value_at),
        cmocka_unit_test(test_zoom_and_legend),
        cmocka_unit_test(test_strange_points),
        cmocka_unit_test(test_crosshair_in_both_charts),
        cmocka_unit_test(test_one_wild_step_does_not_set_the_scale),
        cmocka_unit_test(test_one_point_is_a_dot),
        cmocka_unit_test(test_ten_runs_of_a_hundred_thousand_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
