// TrainConfig from words and back, all of it driven by the table in options.c.
#include "train/config.h"
#include "base/check.h"
#include "base/tr.h"
#include "train/config_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_PAIRS_MAX = 128 };

const TrainOption *config_option(const char *name) {
    for (int i = 0; i < train_option_count; i++)
        if (strcmp(train_options[i].name, name) == 0) return &train_options[i];
    return NULL;
}

// ---- whole configs -----------------------------------------------------------------------------

// Everything that a recipe does not mention.
static void config_base(TrainConfig *config) {
    memset(config, 0, sizeof *config);
    config->mean = 0.1307;
    config->std = 0.3081;
    config->init = INIT_PYTORCH;
    config->optimizer = OPTIMIZER_ADAM;
    config->options = optimizer_rows[OPTIMIZER_ADAM].defaults;
    config->schedule = SCHEDULE_CONSTANT;
    config->schedule_options = schedule_rows[SCHEDULE_CONSTANT].defaults;
    config->warmup_start = 1.0 / 3.0; // LinearLR's
    config->restore_best = true;
    config->batch_size = 64;
    config->epochs = 10;
    config->seed = 1;
    config->shuffle = true;
    text_copy(config->device, sizeof config->device, "cpu");
}

// The double that a person means who writes a float: 0.1307f is 0.1307, not 0.13070000708.
static double config_decimal(float value) {
    char text[32];
    double meant = value;
    snprintf(text, sizeof text, "%.7g", (double)value);
    text_to_double(text, &meant);
    return meant;
}

static TrainAugment config_strengths(int preset) {
    const AugmentConfig *from = &augment_presets[preset].config;
    return (TrainAugment){
        config_decimal(from->rotation), config_decimal(from->shift),
        config_decimal(from->scale),    config_decimal(from->shear),
        config_decimal(from->elastic),  config_decimal(from->thickness),
        config_decimal(from->erasing),
    };
}

AugmentConfig config_augment(const TrainConfig *config) {
    const TrainAugment *from = &config->strengths;
    return (AugmentConfig){
        .rotation = (float)from->rotate,
        .shift = (float)from->shift,
        .scale = (float)from->scale,
        .shear = (float)from->shear,
        .elastic = (float)from->elastic,
        .thickness = (float)from->thickness,
        .erasing = (float)from->erase,
    };
}

// A preset brings the network, its normalization and its recipe; what is about the data, the seed
// or the machine stays as it is.
static void config_apply_preset(TrainConfig *config, const char *name) {
    const Preset *preset = preset_find(name);
    ASSERT(preset);
    TrainConfig fresh;
    config_base(&fresh);
    text_copy(fresh.data, sizeof fresh.data, config->data);
    text_copy(fresh.device, sizeof fresh.device, config->device);
    fresh.threads = config->threads;
    fresh.seed = config->seed;
    fresh.limit = config->limit;
    fresh.shuffle = config->shuffle;
    // A recipe names no preset, so this goes no deeper.
    Status status = config_update(preset->recipe, &fresh);
    REQUIRE(status_is_ok(&status));
    fresh.mean = config_decimal(preset->normalization.mean);
    fresh.std = config_decimal(preset->normalization.std);
    text_copy(fresh.preset, sizeof fresh.preset, preset->name);
    *config = fresh;
}

void config_defaults(TrainConfig *out) {
    config_base(out);
    config_apply_preset(out, "lenet5");
}

Status config_set(TrainConfig *config, const char *name, const char *value) {
    const TrainOption *option = config_option(name);
    if (!option) return status_error(STATUS_USAGE, TR("there is no option \"%.60s\""), name);
    TrainConfig changed = *config; // so that a failure changes nothing
    Status status = config_assign(&changed, option, value);
    if (!status_is_ok(&status)) return status;
    if (strcmp(name, "preset") == 0 && changed.preset[0] != '\0')
        config_apply_preset(&changed, changed.preset);
    if (strcmp(name, "optimizer") == 0)
        changed.options = optimizer_rows[changed.optimizer].defaults;
    if (strcmp(name, "schedule") == 0)
        changed.schedule_options = schedule_rows[changed.schedule].defaults;
    if (strcmp(name, "augment") == 0) changed.strengths = config_strengths(changed.augment);
    *config = changed;
    return status;
}

// The order in which options must be set: those that bring others' values with them come first.
static int config_rank(const char *name) {
    static const char *const second[] = {"optimizer", "schedule", "augment"};
    if (strcmp(name, "preset") == 0) return 0;
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++)
        if (strcmp(name, second[i]) == 0) return 1;
    return 2;
}

Status config_set_all(TrainConfig *config, const OptionPair *pairs, int count) {
    TrainConfig changed = *config;
    for (int rank = 0; rank <= 2; rank++)
        for (int i = 0; i < count; i++) {
            if (config_rank(pairs[i].name) != rank) continue;
            Status status = config_set(&changed, pairs[i].name, pairs[i].value);
            if (!status_is_ok(&status)) return status;
        }
    // Layers without a preset are a network of their own.
    bool layers = false, preset = false;
    for (int i = 0; i < count; i++) {
        layers = layers || (strcmp(pairs[i].name, "layers") == 0 && pairs[i].value[0] != '\0');
        preset = preset || strcmp(pairs[i].name, "preset") == 0;
    }
    if (layers && !preset) changed.preset[0] = '\0';
    *config = changed;
    return status_ok();
}

bool config_next_pair(char **cursor, OptionPair *out, Status *status) {
    char *at = *cursor;
    while (isspace((unsigned char)*at)) at++;
    if (*at == '\0') return false;
    char *name = at;
    while (*at && *at != '=' && !isspace((unsigned char)*at)) at++;
    if (*at != '=') {
        *status = status_error(STATUS_USAGE,
                               TR("a settings line has name=value pairs; \"%.40s\" is none"), name);
        return false;
    }
    *at++ = '\0';
    char end = ' ';
    if (*at == '"') end = *at++;
    out->name = name;
    out->value = at;
    while (*at && *at != end && !(end == ' ' && isspace((unsigned char)*at))) at++;
    if (*at == '\0' && end == '"') {
        *status = status_error(STATUS_USAGE,
                               TR("the quotes around the value of %.40s are not closed"), name);
        return false;
    }
    if (*at) *at++ = '\0';
    *cursor = at;
    return true;
}

Status config_update(const char *line, TrainConfig *config) {
    char copy[TRAIN_LINE_MAX];
    OptionPair pairs[CONFIG_PAIRS_MAX];
    Status status = status_ok();
    int count = 0;
    if (!text_copy(copy, sizeof copy, line))
        return status_error(STATUS_USAGE, TR("a settings line has at most %d bytes"),
                            TRAIN_LINE_MAX - 1);
    if (!text_is_utf8(copy, strlen(copy)))
        return status_error(STATUS_USAGE, "the settings line is not UTF-8 text");
    char *cursor = copy;
    while (count < CONFIG_PAIRS_MAX && config_next_pair(&cursor, &pairs[count], &status)) count++;
    if (!status_is_ok(&status)) return status;
    if (count == CONFIG_PAIRS_MAX)
        return status_error(STATUS_USAGE, "a settings line names at most %d options",
                            CONFIG_PAIRS_MAX - 1);
    return config_set_all(config, pairs, count);
}

Status config_parse(const char *line, TrainConfig *out) {
    TrainConfig config;
    config_defaults(&config);
    Status status = config_update(line, &config);
    if (status_is_ok(&status)) *out = config;
    return status;
}

bool config_applies(const TrainConfig *config, const TrainOption *option) {
    if (option->needs & ~optimizer_rows[config->optimizer].options) return false;
    return !option->applies || option->applies(config);
}

// Is it one of the strengths, and what the augmentation preset says anyway?
static bool config_is_presets(const TrainConfig *config, const TrainOption *option) {
    const size_t first = offsetof(TrainConfig, strengths);
    if (option->offset < first || option->offset >= first + sizeof config->strengths) return false;
    TrainAugment own = config_strengths(config->augment);
    return memcmp((const char *)&own + (option->offset - first), config_field_const(config, option),
                  sizeof(double)) == 0;
}

void config_print(const TrainConfig *config, char out[TRAIN_LINE_MAX]) {
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < train_option_count; i++) {
        const TrainOption *option = &train_options[i];
        char value[TRAIN_LAYERS_MAX + FILE_PATH_MAX];
        if (option->machine || !config_applies(config, option)) continue;
        if (config_is_presets(config, option)) continue;
        config_get(config, option, value, sizeof value);
        // An empty text says nothing, except that there is no preset.
        if (option->type == OPTION_TEXT && value[0] == '\0' && !option->choice) continue;
        const char *quote = value[0] == '\0' || strpbrk(value, " \t\v\f") ? "\"" : "";
        int put = snprintf(out + used, TRAIN_LINE_MAX - used, "%s%s=%s%s%s", used ? " " : "",
                           option->name, quote, value, quote);
        REQUIRE(put > 0 && (size_t)put < TRAIN_LINE_MAX - used);
        used += (size_t)put;
    }
}

Status config_spec(const TrainConfig *config, Shape input, int classes, ModelSpec *out) {
    const Preset *preset = config->preset[0] ? preset_find(config->preset) : NULL;
    Status status;
    memset(out, 0, sizeof *out);
    if (config->preset[0] && !preset)
        return status_error(STATUS_USAGE, TR("there is no preset \"%.40s\""), config->preset);
    if (preset && config->layers[0] == '\0') {
        status = preset_spec(preset, input, classes, out);
        if (!status_is_ok(&status)) return status;
    } else {
        if (config->layers[0] == '\0')
            return status_error(STATUS_USAGE, "neither preset nor layers says what to train");
        text_copy(out->name, sizeof out->name, "custom");
        out->input = input;
        status = spec_parse_layers(config->layers, out);
        if (!status_is_ok(&status)) return status;
    }
    out->normalization.mean = (float)config->mean;
    out->normalization.std = (float)config->std;
    return status_ok();
}

Status config_check(const TrainConfig *config, uint32_t images, uint32_t *trained) {
    uint32_t used = images, held = (uint32_t)config->held_out;
    if (config->limit > 0 && (uint32_t)config->limit < used) used = (uint32_t)config->limit;
    *trained = 0;
    if (config->batch_size < 1 || config->epochs < 1)
        return status_error(STATUS_USAGE, TR("batch-size and epochs must be at least 1"));
    if (held > 0 && held >= used)
        return status_error(STATUS_USAGE,
                            TR("%u images held out of %u leave none to train on: hold out fewer"),
                            held, used);
    if (config->patience > 0 && held == 0)
        return status_error(STATUS_USAGE,
                            TR("patience watches training images that are held out: say how many "
                               "with held-out"));
    *trained = used - held;
    return status_ok();
}

const char *config_optimizer_label(const TrainConfig *config) {
    return optimizer_rows[config->optimizer].label;
}
