// The settings line: what prints reads back, what a preset brings, and what is refused with which
// words.
#include "test.h"

#include "train/config.h"

static void every_preset_prints_and_reads_back(void **state) {
    (void)state;
    for (int p = 0; p < preset_count; p++)
        for (int o = 0; o < OPTIMIZER_COUNT; o++) {
            TrainConfig config, again;
            char line[TRAIN_LINE_MAX], second[TRAIN_LINE_MAX];
            config_defaults(&config);
            assert_ok(config_set(&config, "preset", presets[p].name));
            assert_ok(config_set(&config, "optimizer", optimizer_rows[o].name));
            assert_ok(config_set(&config, "lr", "0.0123"));
            assert_ok(config_set(&config, "seed", "9007199254740"));
            config_print(&config, line);
            assert_ok(config_parse(line, &again));
            config_print(&again, second);
            assert_string_equal(line, second);
            assert_memory_equal(&config.options, &again.options, sizeof config.options);
        }
}

static void order_of_words_does_not_matter(void **state) {
    (void)state;
    TrainConfig a, b;
    char first[TRAIN_LINE_MAX], second[TRAIN_LINE_MAX];
    assert_ok(config_parse("lr=0.5 optimizer=sgd preset=mlp-bn", &a));
    assert_ok(config_parse("preset=mlp-bn optimizer=sgd lr=0.5", &b));
    config_print(&a, first);
    config_print(&b, second);
    assert_string_equal(first, second);
    assert_true(a.options.lr == 0.5);
    assert_true(a.options.momentum == 0); // sgd's own, not the recipe's 0.9
    assert_int_equal(a.epochs, 20);       // the recipe's
}

static void recipes_are_the_tutorials(void **state) {
    (void)state;
    static const struct {
        const char *preset;
        int optimizer, epochs;
        double lr, momentum, mean, std, first_rate;
    } cases[] = {
        {"mlp-bn", OPTIMIZER_MOMENTUM, 20, 0.01, 0.9, 0.5, 0.5, 0.009},
        {"cnn-20", OPTIMIZER_ADAM, 20, 0.001, 0, 0.1307, 0.3081, 0.001},
        {"mlp-dropout", OPTIMIZER_ADAM, 25, 0.001, 0, 0, 1, 0.001},
        {"cnn-64", OPTIMIZER_ADAM, 10, 0.001, 0, 0.1307, 0.3081, 0.001},
        {"lenet5", OPTIMIZER_ADAM, 10, 0.001, 0, 0.1307, 0.3081, 0.001},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TrainConfig config;
        config_defaults(&config);
        assert_ok(config_set(&config, "preset", cases[i].preset));
        assert_int_equal(config.optimizer, cases[i].optimizer);
        assert_int_equal(config.epochs, cases[i].epochs);
        assert_int_equal(config.batch_size, 64);
        assert_float_equal(config.options.lr, cases[i].lr, 0);
        assert_float_equal(config.options.momentum, cases[i].momentum, 0);
        assert_float_equal(config.mean, cases[i].mean, 1e-7);
        assert_float_equal(config.std, cases[i].std, 1e-7);
        double rate = schedule_rows[config.schedule].rate(&config.schedule_options,
                                                          config.options.lr, 0, config.epochs);
        assert_float_equal(rate, cases[i].first_rate, 1e-9);
    }
}

static void schedule_and_augment_bring_their_own(void **state) {
    (void)state;
    TrainConfig config;
    char line[TRAIN_LINE_MAX];
    assert_ok(config_parse("gamma=0.5 schedule=exponential preset=mlp-bn", &config));
    assert_float_equal(config.schedule_options.gamma, 0.5, 0);
    assert_false(config.schedule_options.from_start); // the recipe's step schedule is gone
    assert_ok(config_parse("schedule=one-cycle", &config));
    assert_float_equal(config.schedule_options.div_factor, 25, 0);
    assert_ok(config_parse("rotate=3 augment=light", &config));
    assert_float_equal(config.strengths.rotate, 3, 0);
    assert_float_equal(config.strengths.shift, 0.1, 0);
    AugmentConfig augment = config_augment(&config);
    assert_float_equal(augment.rotation, 3, 0);
    config_print(&config, line);
    assert_non_null(strstr(line, "augment=light rotate=3"));
    assert_null(strstr(line, "shift=")); // light says so
    assert_null(strstr(line, "gamma=")); // a constant rate has none
    assert_ok(config_set(&config, "augment", "none"));
    augment = config_augment(&config);
    assert_true(augment_is_none(&augment));
}

static void bad_lines_get_a_sentence(void **state) {
    (void)state;
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"preset=alexnet", "one of mlp-bn"},
        {"lr=fast", "lr must be a number from 0 to 1e+30, not \"fast\""},
        {"lr=-1", "lr must be a number"},
        {"lr=nan", "lr must be a number"},
        {"batch-size=0", "batch-size must be a whole number from 1"},
        {"batch-size=2.5", "batch-size must be a whole number"},
        {"epochs=99999999999999999999", "epochs must be a whole number"},
        {"optimizer=adma", "optimizer must be one of sgd"},
        {"shuffle=maybe", "shuffle must be 1 or 0"},
        {"colour=red", "there is no option \"colour\""},
        {"lr", "name=value"},
        {"layers=\"dense 10", "not closed"},
        {"data=\xFF\xFE", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TrainConfig config;
        assert_fails(config_parse(cases[i].line, &config), STATUS_USAGE, cases[i].says);
    }
}

static void a_refused_value_changes_nothing(void **state) {
    (void)state;
    TrainConfig config, before;
    config_defaults(&config);
    before = config;
    static const OptionPair pairs[] = {{"epochs", "3"}, {"lr", "x"}};
    assert_fails(config_set_all(&config, pairs, 2), STATUS_USAGE, "lr");
    assert_memory_equal(&config, &before, sizeof config);
}

static void layers_stand_alone(void **state) {
    (void)state;
    TrainConfig config, again;
    ModelSpec spec;
    char line[TRAIN_LINE_MAX];
    Shape input = {1, 28, 28, false};
    assert_ok(config_parse("layers=\"dense 32, relu, dense 10\" lr=0.1", &config));
    assert_string_equal(config.preset, "");
    assert_ok(config_spec(&config, input, 10, &spec));
    assert_int_equal(spec.layer_count, 4); // flatten is put in front
    config_print(&config, line);
    assert_ok(config_parse(line, &again));
    assert_string_equal(again.preset, "");
    assert_string_equal(again.layers, config.layers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preset_prints_and_reads_back),
        cmocka_unit_test(order_of_words_does_not_matter),
        cmocka_unit_test(recipes_are_the_tutorials),
        cmocka_unit_test(schedule_and_augment_bring_their_own),
        cmocka_unit_test(bad_lines_get_a_sentence),
        cmocka_unit_test(a_refused_value_changes_nothing),
        cmocka_unit_test(layers_stand_alone),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
