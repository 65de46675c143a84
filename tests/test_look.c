// Looking into a network through the window: saliency over the drawing, a pixel of a feature map
// and what is told of it, the map of the test images. By mouse and by keys.
#include "panels_window.h"

#include <math.h>

#define CONV_SETTINGS                                                                              \
    "preset=\"\" layers=\"conv 4 k5 p2, relu, maxpool 2, conv 6 k3, relu, dense 16, relu, dense "  \
    "10\" optimizer=adam lr=0.005 batch-size=20 epochs=4 seed=4"

static int open_conv(void **state) {
    return open_window_with(state, CONV_SETTINGS, true);
}

// Pictures of that key in the last frame; the first is copied to *out.
static int images(Fixture *f, UiId key, DrawCommand *out) {
    int count = 0;
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        if (c->kind != DRAW_IMAGE || c->image.key != key) continue;
        if (count++ == 0) *out = *c;
    }
    return count;
}

static bool says(Fixture *f, const char *text) {
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        if (c->kind == DRAW_TEXT && c->count == strlen(text) &&
            memcmp(draw_command_text(&f->ui->draw, c), text, c->count) == 0)
            return true;
    }
    return false;
}

// ---- saliency -----------------------------------------------------------------------------------

// Middle row of the ink that the network sees, in pixels of its field.
static float ink_row(const Answer *answer) {
    double sum = 0, moment = 0;
    for (int i = 0; i < answer->field * answer->field; i++) {
        sum += answer->input[i];
        moment += answer->input[i] * (i / answer->field + 0.5);
    }
    return (float)(moment / sum);
}

static void saliency_lies_on_the_ink(void **state) {
    Fixture *f = *state;
    UiId key = ui_hash(0, "saliency");
    DrawCommand over = {0};
    train_and_finish(f);
    type_char(f, 'g', 0);
    assert_int_equal(images(f, key, &over), 0); // nothing is drawn
    static const float heights[] = {0.3f, 0.72f};
    for (int i = 0; i < 2; i++) {
        draw_bar(f, heights[i], MOUSE_LEFT);
        frame(f);
        // Over the canvas and over what the network sees.
        assert_int_equal(images(f, key, &over), 2);
        Rect canvas = must_find(f, "Canvas")->rect;
        float row = over.rect.y + ink_row(&f->bench->answer) * over.rect.h / SIDE;
        float pixel = over.rect.h / SIDE;
        assert_true(fabsf(row - (canvas.y + canvas.h * heights[i])) < pixel);
        type_char(f, 'c', 0);
        frame(f);
        assert_int_equal(images(f, key, &over), 0);
    }
    // A test image is seen as it is: all of the canvas.
    click(f, "Test image 3");
    assert_int_equal(images(f, key, &over), 2);
    Rect canvas = must_find(f, "Canvas")->rect;
    assert_true(fabsf(over.rect.w - canvas.w) < 2 && fabsf(over.rect.x - canvas.x) < 2);
    uint32_t version = over.image.version;
    frames(f, 5);
    images(f, key, &over);
    assert_int_equal(over.image.version, version); // made once
    click(f, "Saliency");
    assert_int_equal(images(f, key, &over), 0);
}

// ---- feature maps -------------------------------------------------------------------------------

// Scrolls until it is in sight, and gives its place.
static Vec2 pixel_middle(Fixture *f, int mosaic, MosaicPixel pixel) {
    const Mosaic *m = &f->bench->features[mosaic];
    for (float offset = 0; offset < 4000; offset += 40) {
        f->bench->scroll[TAB_FEATURES] = (UiScroll){offset, offset};
        frames(f, 2);
        const UiItem *item = ui_find(f->ui, m->caption);
        if (!item) continue;
        Rect cell = mosaic_place(m, item->rect, pixel, 1, 1);
        Vec2 middle = {cell.x + cell.w / 2, cell.y + cell.h / 2};
        if (rect_contains(item->visible, middle)) return middle;
    }
    fail_msg("\"%s\" is never in sight", m->caption);
    return (Vec2){0, 0};
}

static float shown_value(Fixture *f, int mosaic, MosaicPixel p) {
    Recognizer *recognizer = f->bench->answer.recognizer;
    const Mosaic *m = &f->bench->features[mosaic];
    Shape shape = recognizer_plan(recognizer)->shapes[m->last + 1];
    float *values = malloc(shape_count(shape) * sizeof *values);
    recognizer_layer(recognizer, m->last, values);
    float value = values[(p.c * shape.h + p.y) * shape.w + p.x];
    free(values);
    return value;
}

static void a_pixel_tells_how_it_came_about(void **state) {
    Fixture *f = *state;
    static const struct {
        int mosaic;
        MosaicPixel pixel;
        const char *title;
    } cases[] = {
        {0, {2, 9, 14}, "conv + relu: map 3, row 10, column 15"},
        {1, {1, 4, 7}, "maxpool: map 2, row 5, column 8"},
        {2, {5, 11, 0}, "conv + relu: map 6, row 12, column 1"},
        {3, {15, 0, 0}, "dense + relu: unit 16"},
        {4, {7, 0, 0}, "dense: logit of 7"},
    };
    train_and_finish(f);
    draw_bar(f, 0.4f, MOUSE_LEFT);
    f->bench->tab = TAB_FEATURES;
    frames(f, 3);
    assert_int_equal(f->bench->feature_count, 5);
    assert_int_equal(f->bench->features[3].units, 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        input_move(&f->input, pixel_middle(f, cases[i].mosaic, cases[i].pixel), 1);
        frames(f, 2);
        if (!says(f, cases[i].title)) fail_msg("\"%s\" is not said", cases[i].title);
        const FeatureLook *look = &f->bench->look;
        assert_true(look->there);
        assert_true(look->explanation.value == shown_value(f, cases[i].mosaic, cases[i].pixel));
        char value[WORD_MAX];
        word_value(value, look->explanation.value);
        assert_true(says(f, value));
    }
    // The named ones are the largest.
    const Mosaic *units = &f->bench->features[3];
    for (int i = 0; i < 16; i++)
        assert_true(shown_value(f, 3, (MosaicPixel){i, 0, 0}) <= units->top_value[0]);
    assert_true(shown_value(f, 3, (MosaicPixel){units->top[0], 0, 0}) == units->top_value[0]);
    // Away from all of them nothing is told.
    input_move(&f->input, (Vec2){5, 5}, 1);
    frames(f, 2);
    assert_false(says(f, cases[4].title));
}

static void a_pixel_is_reached_by_keys(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    f->bench->tab = TAB_FEATURES;
    frames(f, 3);
    for (int i = 0; i < 120; i++) {
        type_key(f, KEY_TAB, 0, 0);
        if (says(f, "conv + relu: map 1, row 1, column 1")) break;
    }
    type_key(f, KEY_RIGHT, 0, 0);
    type_key(f, KEY_DOWN, 0, 0);
    assert_true(says(f, "conv + relu: map 1, row 2, column 2"));
    for (int i = 0; i < 27; i++) type_key(f, KEY_RIGHT, 0, 0);
    assert_true(says(f, "conv + relu: map 2, row 2, column 1"));
}

// ---- the map ------------------------------------------------------------------------------------

static bool map_is_there(Workbench *bench) {
    return bench->atlas.map.n > 0 && !bench->atlas.busy;
}

static void the_map_has_the_drawing_among_its_like(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    f->bench->tab = TAB_MAP;
    wait_for(f, map_is_there, "the map");
    const Atlas *atlas = &f->bench->atlas;
    const Dataset *set = f->bench->dataset;
    assert_int_equal(atlas->map.n, TEST_N);
    assert_int_equal(atlas->map.d, 16);
    assert_false(atlas->drawing.there);
    // A test image as the drawing: itself is nearest, and the others are of its class.
    f->bench->tab = TAB_SAMPLES;
    frames(f, 2);
    click(f, "Test image 5");
    f->bench->tab = TAB_MAP;
    frames(f, 3);
    assert_true(atlas->drawing.there);
    assert_int_equal(atlas->drawing.nearest[0], 4);
    for (int k = 0; k < atlas->drawing.near_count; k++)
        assert_int_equal(set->test.labels[atlas->drawing.nearest[k]], set->test.labels[4]);
    float off =
        hypotf(atlas->drawing.at.x - atlas->map.at[4].x, atlas->drawing.at.y - atlas->map.at[4].y);
    float size = hypotf(atlas->drawing.at.x, atlas->drawing.at.y);
    assert_true(off <= 1e-4f * (size + 1)); // one image or fifty at once: other kernels
    // Nothing goes on by itself.
    uint32_t version = atlas->version;
    frames(f, 90);
    assert_int_equal(atlas->version, version);
    // The arrow keys go from dot to dot; Enter puts one on the canvas.
    while (!must_find(f, "Map of the test images")->value[0]) frame(f);
    for (int i = 0; i < 120 && ui_focus(f->ui) != must_find(f, "Map of the test images")->id; i++)
        type_key(f, KEY_TAB, 0, 0);
    type_key(f, KEY_RIGHT, 0, 0);
    type_key(f, KEY_DOWN, 0, 0);
    int at = f->bench->map_cursor;
    type_key(f, KEY_ENTER, 0, 0);
    frames(f, 2);
    assert_memory_equal(f->bench->answer.input, imageset_pixels(&set->test, (uint32_t)at),
                        SIDE * SIDE);
}

static bool map_is_newer(Workbench *bench) {
    return bench->atlas.map.n > 0 && bench->atlas.asked_weights > 1 && !bench->atlas.busy;
}

static void the_map_follows_training(void **state) {
    Fixture *f = *state;
    f->bench->tab = TAB_MAP;
    frames(f, 2);
    click(f, "Step");
    wait_for(f, map_is_there, "the first map");
    uint32_t version = f->bench->atlas.version;
    click(f, "Resume");
    wait_for(f, run_is_finished, "the end of the training");
    wait_for(f, map_is_newer, "a new map");
    assert_true(f->bench->atlas.version > version);
    // The last weights are on it in the end.
    double until = clock_seconds() + PATIENCE_SECONDS;
    while (f->bench->atlas.asked_weights != last_run(f->bench)->snapshot_version &&
           clock_seconds() < until) {
        thread_sleep(0.01);
        frame(f);
    }
    assert_int_equal(f->bench->atlas.asked_weights, last_run(f->bench)->snapshot_version);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_conv, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(saliency_lies_on_the_ink),   CASE(a_pixel_tells_how_it_came_about),
        CASE(a_pixel_is_reached_by_keys), CASE(the_map_has_the_drawing_among_its_like),
        CASE(the_map_follows_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
