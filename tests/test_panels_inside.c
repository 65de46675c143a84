// Panels that look inside a network, tried as a person would: the confusion matrix with its figures
// class by class, histograms.
#include "panels_window.h"

#include "train/statistics.h"

// A text item of the last frame, whatever kind; NULL when there is none.
static const UiItem *find_text(Fixture *f, const char *label) {
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const UiItem *item = ui_item(f->ui, i);
        if (item->kind == UI_KIND_TEXT && strcmp(item->label, label) == 0) return item;
    }
    return NULL;
}

// ---- confusion ----------------------------------------------------------------------------------

static void classes_stand_beside_the_matrix(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    f->bench->tab = TAB_CONFUSION;
    frames(f, 3);
    const Exam *exam = &f->bench->exam;
    ClassFigures figures[10];
    statistics_classes(exam->counts, 10, figures);
    double right = 0, images = 0;
    for (int i = 0; i < 10; i++) {
        char expected[48], name[12];
        const ClassFigures *figure = &figures[i];
        snprintf(name, sizeof name, "%d", i);
        const UiItem *row = find_text(f, name);
        assert_non_null(row);
        snprintf(expected, sizeof expected, "%.4f %.4f %.4f %u", figure->precision, figure->recall,
                 figure->f1, (unsigned)figure->images);
        assert_string_equal(row->value, expected);
        right += figure->right;
        images += figure->images;
    }
    Interval sure = statistics_wilson(right, images);
    assert_true(images == TEST_N && fabs(right / images - exam->accuracy) < 1e-12);
    char range[48];
    snprintf(range, sizeof range, "%.2f to %.2f %%", sure.low * 100, sure.high * 100);
    assert_string_equal(find_text(f, "interval")->value, range);
}

static void a_cell_opens_and_closes(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    f->bench->tab = TAB_CONFUSION;
    frames(f, 3);
    Rect matrix = must_find(f, "Confusion")->rect;
    for (size_t i = 0; i < ui_item_count(f->ui); i++)
        if (ui_item(f->ui, i)->kind == UI_KIND_HEATMAP) matrix = ui_item(f->ui, i)->rect;
    Vec2 sevens = {matrix.x + matrix.w * 0.75f, matrix.y + matrix.h * 0.75f};
    click_at(f, sevens);
    assert_int_equal(f->bench->cell_row, 7);
    assert_int_equal(f->bench->cell_column, 7);
    assert_null(find_text(f, "interval"));
    assert_int_equal(f->bench->cell_count, f->bench->exam.counts[77]);
    click(f, "Back to all classes");
    assert_int_equal(f->bench->cell_row, -1);
    assert_non_null(find_text(f, "interval"));
    click_at(f, sevens);
    click_at(f, sevens); // the same cell again closes it too
    assert_int_equal(f->bench->cell_row, -1);
}

// ---- histograms ---------------------------------------------------------------------------------

static void numbers_fall_into_their_bars(void **state) {
    (void)state;
    ModelPlan *plan = calloc(1, sizeof *plan);
    ModelSpec *spec = calloc(1, sizeof *spec);
    LayerFigures *figures = calloc(4, sizeof *figures);
    Histogram h;
    spec->input = (Shape){3, 1, 1, true};
    assert_ok(spec_parse_layers("dense 4, relu, dense 2", spec));
    assert_ok(spec_plan(spec, plan));
    float *flat = calloc(plan->weight_floats, sizeof *flat);
    const TensorInfo *weight = &plan->tensors[0], *bias = &plan->tensors[1];
    // 16 numbers: 12 weights, of which one is out at -3 and one no number, and 4 biases.
    for (size_t i = 0; i < weight->count; i++) flat[weight->offset + i] = 0.01f;
    flat[weight->offset] = -3;
    flat[weight->offset + 1] = NAN;
    for (size_t i = 0; i < bias->count; i++) flat[bias->offset + i] = 2.5f;
    histogram_of_layer(&h, plan, 0, flat);
    assert_true(h.limit == 5 && h.step == 1 && h.lost == 1 && h.most == 10);
    assert_int_equal(h.spread.count, 16);
    assert_int_equal(h.bars[HISTOGRAM_BINS / 2], 10); // the bar around 0 is 10 / 61 wide
    assert_int_equal(h.bars[histogram_bar(&h, -3)], 1);
    assert_int_equal(h.bars[histogram_bar(&h, 2.5)], 4);
    assert_int_equal(histogram_bar(&h, -5), 0);
    assert_int_equal(histogram_bar(&h, 5), HISTOGRAM_BINS - 1);
    DeadUnits dead = {.images = 9, .units = {0, 4}, .dead = {0, 3}};
    assert_int_equal(layer_figures(figures, 4, plan, 3, flat, flat, &dead), 2);
    assert_string_equal(figures[0].name, "fc1");
    assert_true(figures[0].units == 4 && figures[0].dead == 3 && figures[0].has_gradients);
    assert_true(figures[1].units == 0 && figures[1].layer == 2);
    assert_int_equal(layer_figures(figures, 1, plan, 3, flat, NULL, NULL), 1);
    assert_false(figures[0].has_gradients);
    free(flat);
    // Of a large layer every 11th number is counted, and of all columns alike.
    assert_ok(spec_parse_layers("dense 500, dense 2", spec));
    spec->input = (Shape){300, 1, 1, true};
    assert_ok(spec_plan(spec, plan));
    flat = calloc(plan->weight_floats, sizeof *flat);
    for (size_t i = 0; i < 150000; i++) flat[i] = i % 300 < 75 ? -1 : 0.5f;
    histogram_of_layer(&h, plan, 0, flat);
    assert_true(h.numbers == 150500 && h.step == 11);
    assert_int_equal(h.spread.count, (150000 + 10) / 11 + (500 + 10) / 11);
    assert_true(abs((int)h.bars[0] - 150000 / 11 / 4) <= 75);
    assert_true(abs((int)h.most - 150000 / 11 * 3 / 4) <= 225);
    free(flat);
    free(plan);
    free(spec);
    free(figures);
}

static bool gradients_are_there(Workbench *bench) {
    return bench->figure_count == 2 && bench->figures[0].has_gradients;
}

// The trainer is asked only while the tab is open, also about a run that stands still.
static void gradients_come_when_looked_at(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    click(f, "Step");
    wait_for(f, run_is_paused, "a batch");
    RunEntry *run = last_run(f->bench);
    assert_false(atomic_load(&run->log->look));
    assert_false(run->snapshot->inside);
    f->bench->tab = TAB_HISTOGRAMS;
    wait_for(f, gradients_are_there, "a look inside");
    const LayerFigures *first = &f->bench->figures[0];
    assert_int_equal(first->units, 16);
    assert_int_equal(first->weights.numbers, 28 * 28 * 16 + 16);
    assert_true(first->gradients.spread.norm > 0);
    char expected[48];
    snprintf(expected, sizeof expected, "%d/16", first->dead);
    assert_string_equal(find_text(f, "fc1")->value, expected);
    must_find(f, "gradients");
    f->bench->tab = TAB_SAMPLES;
    frames(f, 2);
    assert_false(atomic_load(&run->log->look));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(classes_stand_beside_the_matrix),
        CASE(a_cell_opens_and_closes),
        cmocka_unit_test(numbers_fall_into_their_bars),
        CASE(gradients_come_when_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
