// --help, made from the tables: of the program, and of one subcommand.
#include "app/cli.h"

#include "nn/layer.h"
#include "train/config.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 26 };

static void help_row(const char *left, const char *right) {
    if (strlen(left) > HELP_COLUMN - 2)
        cli_print("  %s\n  %*s%s\n", left, HELP_COLUMN, "", right);
    else
        cli_print("  %-*s%s\n", HELP_COLUMN, left, right);
}

static void help_own_option(const CliOption *option) {
    char left[96];
    snprintf(left, sizeof left, "--%s%s%s", option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    help_row(left, option->help);
}

// What a train option may be: "N", "0..1", or its choices.
static void help_train_value(const TrainOption *option, char *out, size_t size) {
    static const char *const word[] = {
        [OPTION_NUMBER] = " X", [OPTION_INT] = " N", [OPTION_SEED] = " N",
        [OPTION_BOOL] = "",     [OPTION_FLAG] = "",  [OPTION_CHOICE] = " NAME",
        [OPTION_TEXT] = " TEXT"};
    snprintf(out, size, "%s", word[option->type]);
}

static void help_train_option(const TrainOption *option, const TrainConfig *defaults) {
    bool is_switch = option->type == OPTION_BOOL || option->type == OPTION_FLAG;
    char value[16], left[96], right[2048], fallback[1024];
    help_train_value(option, value, sizeof value);
    snprintf(left, sizeof left, "--%s%s%s", is_switch ? "[no-]" : "", option->name, value);
    size_t used = (size_t)snprintf(right, sizeof right, "%s", option->help);
    if (option->type == OPTION_CHOICE && used < sizeof right) {
        used += (size_t)snprintf(right + used, sizeof right - used, ":");
        for (int i = 0; option->choice(i) != NULL && used < sizeof right; i++)
            used += (size_t)snprintf(right + used, sizeof right - used, "%s %s", i > 0 ? "," : "",
                                     option->choice(i));
    }
    config_get(defaults, option, fallback, sizeof fallback);
    if (!is_switch && fallback[0] != '\0' && config_applies(defaults, option) &&
        used < sizeof right)
        snprintf(right + used, sizeof right - used, " [%s]", fallback);
    help_row(left, right);
}

static void help_layers(void) {
    cli_print("\nLayers, as in --layers \"conv 6 k5 p2, relu, avgpool 2, dense 10\":\n");
    for (int i = 0; i < layer_kind_count; i++) help_row(layer_kinds[i]->word, layer_kinds[i]->help);
}

static void help_train_options(const CliCommand *command) {
    TrainConfig defaults;
    config_defaults(&defaults);
    cli_print("\nSettings of the training [default: that of the preset, here %s]:\n",
              defaults.preset);
    for (int i = 0; i < train_option_count; i++)
        if (!cli_is_own_option(command, train_options[i].name))
            help_train_option(&train_options[i], &defaults);
    cli_print("\nPresets:\n");
    for (int i = 0; i < preset_count; i++) help_row(presets[i].name, presets[i].what);
    help_layers();
}

void cli_print_help(const CliCommand *command) {
    bool window = command->name[0] == '\0';
    cli_print("Usage: inkling%s%s%s%s [OPTIONS]\n\n%s\n", window ? "" : " ", command->name,
              command->words[0] != '\0' ? " " : "", command->words, command->summary);
    if (command->details != NULL) cli_print("\n%s\n", command->details);
    cli_print("\nOptions:\n");
    for (const CliOption *o = command->options; o->name != NULL; o++) help_own_option(o);
    help_row("--help", "this text");
    if (command->train_options) help_train_options(command);
}

void cli_print_overview(void) {
    cli_print("Usage: inkling [MODEL] [OPTIONS]\n"
              "       inkling SUBCOMMAND ...\n\n"
              "Draw a digit and a network answers while the pen moves; train it before your eyes.\n"
              "Without a subcommand the window opens, with MODEL if one is named.\n\n"
              "Subcommands (each takes --help):\n");
    for (const CliCommand *c = cli_commands; c->name != NULL; c++)
        if (c->name[0] != '\0') help_row(c->name, c->summary);
    const CliCommand *window = cli_command("");
    cli_print("\nOptions of the window:\n");
    for (const CliOption *o = window->options; o->name != NULL; o++) help_own_option(o);
    cli_print("\n");
    help_row("--help", "this text");
    help_row("--version", "the version of the program");
    cli_print("\nExit status: 0 when all that was asked for is done, 2 for wrong usage, 130 after "
              "Ctrl+C,\n1 for any other failure.\n");
}
