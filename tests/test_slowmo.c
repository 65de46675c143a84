// Slow motion: the lines of every update rule worked out again from what they say, and the tab
// walked through with the keys as a person would.
#include "panels_window.h"

#include "base/rng.h"
#include "base/streams.h"
#include "nn/optimizer.h"
#include "panels/update_rule.h"
#include "train/config.h"

// ---- the rules as text --------------------------------------------------------------------------

// Works out "0.03 - 0.01 x (-2)" from the text alone.
typedef struct Reader {
    const char *at;
} Reader;

static bool reader_takes(Reader *r, const char *word) {
    while (*r->at == ' ') r->at++;
    if (strncmp(r->at, word, strlen(word)) != 0) return false;
    r->at += strlen(word);
    return true;
}

static double reader_sum(Reader *r);

static double reader_factor(Reader *r) {
    double value;
    char *end;
    if (reader_takes(r, "\xe2\x88\x9a")) {
        value = sqrt(reader_factor(r));
    } else if (reader_takes(r, "max(")) {
        value = reader_sum(r);
        assert_true(reader_takes(r, ","));
        value = fmax(value, reader_sum(r));
        assert_true(reader_takes(r, ")"));
    } else if (reader_takes(r, "sign(")) {
        value = reader_sum(r);
        value = value > 0 ? 1 : value < 0 ? -1 : 0;
        assert_true(reader_takes(r, ")"));
    } else if (reader_takes(r, "(")) {
        value = reader_sum(r);
        assert_true(reader_takes(r, ")"));
    } else {
        value = strtod(r->at, &end);
        if (end == r->at) fail_msg("no number: \"%s\"", r->at);
        r->at = end;
    }
    return reader_takes(r, "\xc2\xb2") ? value * value : value;
}

static double reader_product(Reader *r) {
    double value = reader_factor(r);
    for (;;) {
        if (reader_takes(r, "\xc3\x97"))
            value *= reader_factor(r);
        else if (reader_takes(r, "/"))
            value /= reader_factor(r);
        else
            return value;
    }
}

static double reader_sum(Reader *r) {
    double value = reader_product(r);
    for (;;) {
        if (reader_takes(r, "+"))
            value += reader_product(r);
        else if (reader_takes(r, "\xe2\x88\x92"))
            value -= reader_product(r);
        else
            return value;
    }
}

static void the_calculator_calculates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"1 + 2 \xc3\x97 3", 7},
                 {"8 / 2 \xc3\x97 4 \xe2\x88\x92 (-1)", 17},
                 {"\xe2\x88\x9a"
                  "9 / 3 + 1e-1",
                  1.1},
                 {"(-3)\xc2\xb2", 9},
                 {"max(1, 2) + sign(0.5 \xe2\x88\x92 2)", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Reader r = {cases[i].text};
        assert_true(fabs(reader_sum(&r) - cases[i].value) < 1e-12 && *r.at == '\0');
    }
}

typedef float UpdateFunction(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                             const OptimizerStep *step);
static UpdateFunction *const update_functions[OPTIMIZER_COUNT] = {
#define UPDATE_ROW(id, fn, ...) [OPTIMIZER_##id] = fn##_update,
    OPTIMIZER_LIST(UPDATE_ROW)
#undef UPDATE_ROW
};

static void check_lines(const UpdateNumbers *n, const char *name, int slots) {
    int lines[UPDATE_LINES_MAX], count = update_lines(n->kind, n->step, lines);
    bool weight = false;
    if (count < 1 + slots) fail_msg("%s: %d lines for %d slots", name, count, slots);
    for (int i = 0; i < count; i++) {
        char filled[UPDATE_TEXT_MAX], symbols[UPDATE_TEXT_MAX];
        update_symbols(n, lines[i], symbols, sizeof symbols);
        update_filled(n, lines[i], 9, filled, sizeof filled);
        assert_true(strlen(filled) < UPDATE_TEXT_MAX - 1 && !strchr(symbols, '{'));
        assert_non_null(strstr(symbols, "\xe2\x86\x90"));
        assert_null(strchr(symbols, '='));
        weight = weight || strncmp(symbols, "w ", 2) == 0;
        Reader r = {filled};
        double left = reader_sum(&r);
        assert_true(reader_takes(&r, "="));
        double right = reader_sum(&r);
        assert_true(*r.at == '\0');
        // The rule computes in float, some ten operations: each good to 6e-8 of its size. What is
        // subtracted from a variance may be nearly all of it.
        double size = fabs(left) + fabs(n->w) + fabs(n->gradient);
        if (fabs(left - right) > (n->step->centered ? 1e-4 : 2e-6) * size)
            fail_msg("%s: %s: %s: %.9g is %.9g", name, symbols, filled, left, right);
    }
    assert_true(weight);
}

// Five steps of one weight by the rule itself; what is said about each must be true.
static void check_rule_text(const char *line) {
    TrainConfig config;
    OptimizerStep step = {0};
    float w = 0.3f, s[OPTIMIZER_SLOTS_MAX] = {0};
    Rng rng = rng_make(9, STREAM_TEST);
    assert_ok(config_parse(line, &config));
    const OptimizerRow *row = &optimizer_rows[config.optimizer];
    for (int t = 1; t <= 8; t++) {
        UpdateNumbers n = {.kind = (OptimizerKind)config.optimizer, .step = &step, .w = w};
        n.gradient = (float)rng_range(&rng, -1, 1);
        step.t = t;
        row->prepare(&step, &config.options);
        memcpy(n.state, s, sizeof s);
        w = n.w_after = update_functions[config.optimizer](w, n.gradient, s, &step);
        memcpy(n.state_after, s, sizeof s);
        check_lines(&n, line, row->slots_used(&config.options));
    }
}

static void what_is_said_of_a_rule_is_true(void **state) {
    (void)state;
    static const char *const options[] = {
        "optimizer=sgd weight-decay=0.1",
        "optimizer=momentum dampening=0.3",
        "optimizer=momentum weight-decay=0.01 dampening=0.5",
        "optimizer=nesterov weight-decay=0.01",
        "optimizer=adagrad lr-decay=0.1",
        "optimizer=adagrad initial-accumulator-value=0.5 weight-decay=0.1",
        "optimizer=rmsprop momentum=0.9",
        "optimizer=rmsprop centered=1",
        "optimizer=rmsprop centered=1 momentum=0.5 weight-decay=0.1",
        "optimizer=adam amsgrad=1 weight-decay=0.1",
        "optimizer=adamw amsgrad=1",
        "optimizer=adamw weight-decay=0.5 lr=0.1",
        "optimizer=lion weight-decay=0.3 lr=0.01",
        "optimizer=radam beta2=0.9",
        "optimizer=nadam weight-decay=0.1",
    };
    for (int i = 0; i < OPTIMIZER_COUNT; i++) {
        char line[64];
        snprintf(line, sizeof line, "optimizer=%s", optimizer_rows[i].name);
        check_rule_text(line);
    }
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) check_rule_text(options[i]);
}

// ---- the tab ------------------------------------------------------------------------------------

static const UiItem *find_kind(Fixture *f, UiKind kind, const char *label) {
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const UiItem *item = ui_item(f->ui, i);
        if (item->kind == kind && strcmp(item->label, label) == 0) return item;
    }
    fail_msg("there is no \"%s\"", label);
    return NULL;
}

static bool batch_is_told(Workbench *bench) {
    return bench->slow.run != 0 && !bench->slow.waiting && run_is_paused(bench);
}

static void start_slowly(Fixture *f) {
    frames(f, 2);
    type_key(f, KEY_CHARACTER, 's', MOD_SHIFT);
    assert_int_equal(f->bench->tab, TAB_SLOWMO);
    wait_for(f, batch_is_told, "a batch in slow motion");
}

static void space(Fixture *f) {
    type_key(f, KEY_SPACE, 0, 0);
}

static void space_walks_through_the_batch(void **state) {
    Fixture *f = *state;
    start_slowly(f);
    // "dense 16, relu, dense 10": input, 2 forward, loss, 2 backward, 2 updates.
    static const struct {
        SlowPart part;
        int stage, layer;
    } phases[] = {{SLOW_FORWARD, -1, 0}, {SLOW_FORWARD, 0, 0},  {SLOW_FORWARD, 1, 0},
                  {SLOW_LOSS, -1, 0},    {SLOW_BACKWARD, 1, 0}, {SLOW_BACKWARD, 0, 0},
                  {SLOW_UPDATE, -1, 1},  {SLOW_UPDATE, -1, 3}};
    const int count = sizeof phases / sizeof phases[0];
    assert_int_equal(slowmo_phases(f->bench), count);
    RunEntry *run = last_run(f->bench);
    for (int i = 0; i < count; i++) {
        SlowPhase phase = slowmo_phase(f->bench);
        assert_int_equal(phase.part, phases[i].part);
        assert_int_equal(phase.stage, phases[i].stage);
        assert_int_equal(phase.layer, phases[i].layer);
        check_items(f, "slow motion");
        if (i + 1 < count) space(f);
    }
    // The whole walk was one batch, and Space did not start the training.
    assert_int_equal(feed_count(&run->log->steps), 1);
    assert_int_equal(entry_state(run), RUN_PAUSED);
    type_key(f, KEY_SPACE, 0, MOD_SHIFT); // back
    assert_int_equal(slowmo_phase(f->bench).layer, 1);
    Rect loss = find_kind(f, UI_KIND_TAB, "Loss")->rect; // not the chart
    click_at(f, (Vec2){loss.x + loss.w / 2, loss.y + loss.h / 2});
    assert_int_equal(slowmo_phase(f->bench).part, SLOW_LOSS);
    click(f, "Update");
    space(f);
    must_find(f, "Next batch");
    space(f);
    wait_for(f, batch_is_told, "the next batch");
    assert_int_equal(slowmo_transcript(f->bench)->batch, 2);
    assert_int_equal(f->bench->slow.phase, 0);
    type_key(f, KEY_ESCAPE, 0, 0);
    assert_null(slowmo_transcript(f->bench));
    must_find(f, "Take one batch slowly");
    assert_int_equal(feed_count(&run->log->steps), 2);
    space(f); // now it is the training's key again
    wait_for(f, run_is_finished, "the end of the training");
}

static void what_is_shown_is_the_batch(void **state) {
    Fixture *f = *state;
    start_slowly(f);
    const Transcript *t = slowmo_transcript(f->bench);
    char expected[48];
    space(f);
    snprintf(expected, sizeof expected, "%.3f", t->stages[0].value.mean);
    assert_string_equal(find_kind(f, UI_KIND_TEXT, "mean")->value, expected);
    assert_string_equal(find_kind(f, UI_KIND_TAB, "fc1 + relu")->value, "here");
    space(f);
    space(f);
    snprintf(expected, sizeof expected, "%.2f", t->loss);
    assert_string_equal(find_kind(f, UI_KIND_TEXT, "mean loss")->value, expected);
    // Another image is followed.
    snprintf(expected, sizeof expected, "Image 3 of the batch, label %d", t->labels[2]);
    Rect tile = find_kind(f, UI_KIND_TAB, expected)->rect;
    click_at(f, (Vec2){tile.x + tile.w / 2, tile.y + tile.h / 2});
    assert_int_equal(f->bench->slow.sample, 2);
    click(f, "Update");
    const SlowUpdate *update = &f->bench->slow.update;
    assert_int_equal(update->count, SLOW_WEIGHTS);
    size_t first = update->picked[0], second = update->picked[1];
    assert_true(fabsf(t->after[first] - t->before[first]) >=
                fabsf(t->after[second] - t->before[second]));
    snprintf(expected, sizeof expected, "%.5f %.5f", (double)t->before[first],
             (double)t->after[first]);
    const UiItem *row = NULL;
    for (size_t i = 0; i < ui_item_count(f->ui); i++)
        if (ui_item(f->ui, i)->kind == UI_KIND_ROW && strchr(ui_item(f->ui, i)->label, '['))
            row = row ? row : ui_item(f->ui, i);
    assert_non_null(row);
    assert_string_equal(row->value, expected);
    // Deleting the run ends the walk.
    runs_remove(f->bench, last_run(f->bench));
    wait_for(f, no_runs, "the run's end");
    assert_null(slowmo_transcript(f->bench));
}

static void it_fits_every_window(void **state) {
    Fixture *f = *state;
    static const struct {
        float w, h;
    } sizes[] = {{1024, 640}, {1440, 900}, {1024, 1400}, {2880, 1000}};
    start_slowly(f);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        resize(f, sizes[i].w, sizes[i].h, 1);
        for (int phase = 0; phase < slowmo_phases(f->bench); phase++) {
            char where[64];
            snprintf(where, sizeof where, "%g x %g, phase %d", (double)sizes[i].w,
                     (double)sizes[i].h, phase);
            f->bench->slow.phase = phase;
            frames(f, 2);
            check_items(f, where);
            check_texts(f, where);
        }
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calculator_calculates),
        cmocka_unit_test(what_is_said_of_a_rule_is_true),
        CASE(space_walks_through_the_batch),
        CASE(what_is_shown_is_the_batch),
        CASE(it_fits_every_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
