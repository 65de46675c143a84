// See train_settings.h.
#include "app/train_settings.h"

#include "app/cli_share.h"

#include <stdlib.h>
#include <string.h>

static const char *train_init_file(const CliArgs *args) {
    const char *value = cli_value(args, "init");
    for (int i = 0; value != NULL && i < INIT_COUNT; i++)
        if (strcmp(value, init_names[i]) == 0) value = NULL; // says how, not where from
    return value != NULL ? value : cli_value(args, "init-from");
}

// The preset whose network the model is, or NULL.
static const Preset *train_preset_of(const SavedModel *model, const char *layers) {
    ModelSpec *other = malloc(sizeof *other);
    char text[TRAIN_LAYERS_MAX];
    const Preset *found = NULL;
    for (int i = 0; other != NULL && found == NULL && i < preset_count; i++) {
        Status status = preset_spec(&presets[i], model->spec.input, model->plan.classes, other);
        if (!status_is_ok(&status)) continue;
        spec_print_layers(other, text, sizeof text);
        if (strcmp(text, layers) == 0) found = &presets[i];
    }
    free(other);
    return found;
}

Status train_read_config(const CliArgs *args, TrainConfig *config, SavedModel **initial) {
    Status status;
    char layers[TRAIN_LAYERS_MAX], mean[32], std[32];
    OptionPair *pairs = calloc((size_t)args->given_count + 8, sizeof *pairs);
    int count = 0;
    if (pairs == NULL) TRY(status_no_memory("the settings", 0));
    config_defaults(config);
    const char *file = train_init_file(args);
    if (file != NULL) {
        if (!file_exists(file))
            TRY(status_error(STATUS_NOT_FOUND,
                             "--init: there is no model file \"%s\"; the ways for a seed to make "
                             "weights are pytorch, he and xavier",
                             file));
        TRY(cli_open_model_at(file, cli_value(args, "data"), initial));
        TRY(saved_model_check_layers(*initial, file));
        const ModelSpec *spec = &(*initial)->spec;
        bool chosen = cli_value(args, "preset") != NULL || cli_value(args, "layers") != NULL;
        spec_print_layers(spec, layers, sizeof layers);
        const Preset *preset = chosen ? NULL : train_preset_of(*initial, layers);
        if (preset != NULL)
            pairs[count++] = (OptionPair){"preset", preset->name};
        else if (!chosen)
            pairs[count++] = (OptionPair){"layers", layers};
        text_from_double(mean, spec->normalization.mean);
        text_from_double(std, spec->normalization.std);
        pairs[count++] = (OptionPair){"mean", mean};
        pairs[count++] = (OptionPair){"std", std};
        pairs[count++] = (OptionPair){"init-from", file};
    } else if (cli_value(args, "init") != NULL) {
        pairs[count++] = (OptionPair){"init", cli_value(args, "init")};
    }
    for (int i = 0; i < args->given_count; i++)
        if (!cli_is_own_option(args->command, args->given[i].name))
            pairs[count++] = (OptionPair){args->given[i].name, args->given[i].value};
    TRY(config_set_all(config, pairs, count));
    for (int i = 0; i < count; i++) {
        const TrainOption *option = config_option(pairs[i].name);
        if (option != NULL && !config_applies(config, option))
            cli_say("--%s has no effect with these settings", option->name);
    }
fail:
    free(pairs);
    return status;
}

Status train_check_initial(const TrainConfig *config, const SavedModel *initial,
                           const Dataset *dataset) {
    if (initial == NULL) return status_ok();
    ModelSpec *spec = malloc(sizeof *spec);
    if (spec == NULL) return status_no_memory("a network", sizeof *spec);
    const ImageSet *set = &dataset->train;
    Shape input = {(int)set->channels, (int)set->height, (int)set->width, false};
    Status status = config_spec(config, input, (int)dataset->classes, spec);
    if (status_is_ok(&status)) {
        char wanted[TRAIN_LAYERS_MAX], got[TRAIN_LAYERS_MAX], shape[2][48];
        const ModelSpec *from = &initial->spec;
        spec_print_layers(spec, wanted, sizeof wanted);
        spec_print_layers(from, got, sizeof got);
        shape_print(input, shape[0]);
        shape_print(from->input, shape[1]);
        if (strcmp(shape[0], shape[1]) != 0)
            status = status_error(STATUS_USAGE, "%s takes images of %s, but %s has %s",
                                  config->init_from, shape[1], dataset->name, shape[0]);
        else if (strcmp(wanted, got) != 0)
            status = status_error(STATUS_USAGE,
                                  "%.120s is another network (%.120s) than the one to train "
                                  "(%.120s); leave out --preset and --layers to take the file's",
                                  config->init_from, got, wanted);
    }
    free(spec);
    return status;
}
