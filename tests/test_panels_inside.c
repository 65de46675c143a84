// Panels that look inside a network, tried as a person would: the confusion matrix with its figures
// class by class.
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
        char expected[48], name[4];
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

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(classes_stand_beside_the_matrix),
        CASE(a_cell_opens_and_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
