// Taking a command line apart by the tables, and finding what a mistyped word was meant to be. Not
// here: what is printed (cli_help.c, cli_say.c).
#include "app/cli.h"

#include "base/text.h"
#include "train/config.h"

#include <stdlib.h>
#include <string.h>

const CliCommand *cli_command(const char *name) {
    for (const CliCommand *c = cli_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

// ---- what was meant ----------------------------------------------------------------------------

enum { CLOSEST_LENGTH_MAX = 32 };

// Edits from a to b: insert, delete, replace, swap neighbours (Damerau 1964, without edits inside a
// swapped pair).
static int cli_distance(const char *a, const char *b) {
    int rows[3][CLOSEST_LENGTH_MAX + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > CLOSEST_LENGTH_MAX || m > CLOSEST_LENGTH_MAX) return CLOSEST_LENGTH_MAX;
    int *before = rows[0], *last = rows[1], *now = rows[2];
    memset(rows, 0, sizeof rows);
    for (size_t j = 0; j <= m; j++) last[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            now[j] = best;
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *cli_closest(const char *word, const char *const *names) {
    size_t length = strlen(word);
    int best = length < 4 ? 2 : (int)length / 3 + 2; // one less than this is close
    const char *found = NULL;
    for (; *names != NULL; names++) {
        int distance = cli_distance(word, *names);
        // "epoch" for "epochs": a beginning counts as one edit, however much is missing.
        if (length >= 3 && strncmp(word, *names, length) == 0 && distance > 1) distance = 1;
        if (distance < best) {
            best = distance;
            found = *names;
        }
    }
    return found;
}

// ---- options -----------------------------------------------------------------------------------

static const CliOption *cli_own_option(const CliCommand *command, const char *name) {
    for (const CliOption *o = command->options; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

bool cli_is_own_option(const CliCommand *command, const char *name) {
    return cli_own_option(command, name) != NULL;
}

typedef struct OptionShape {
    const char *name;
    bool is_switch;
} OptionShape;

static bool cli_find_option(const CliCommand *command, const char *name, OptionShape *out) {
    const CliOption *own = cli_own_option(command, name);
    if (own != NULL) {
        *out = (OptionShape){own->name, own->value == NULL};
        return true;
    }
    const TrainOption *option = command->train_options ? config_option(name) : NULL;
    if (option == NULL) return false;
    *out = (OptionShape){option->name, option->type == OPTION_BOOL || option->type == OPTION_FLAG};
    return true;
}

static Status cli_unknown_option(const CliCommand *command, const char *name) {
    enum { NAMES_MAX = 96 };
    const char *names[NAMES_MAX + 1];
    int count = 0;
    for (const CliOption *o = command->options; o->name != NULL && count < NAMES_MAX; o++)
        names[count++] = o->name;
    for (int i = 0; command->train_options && i < train_option_count && count < NAMES_MAX; i++)
        names[count++] = train_options[i].name;
    names[count] = NULL;
    const char *closest = cli_closest(name, names);
    const char *space = command->name[0] != '\0' ? " " : "";
    if (closest != NULL)
        return status_error(STATUS_USAGE, "unknown option --%s; did you mean --%s?", name, closest);
    return status_error(STATUS_USAGE, "unknown option --%s; inkling%s%s --help lists what there is",
                        name, space, command->name);
}

// Takes argv[*index] (which begins with "--") and perhaps the one behind it.
static Status cli_take_option(CliArgs *args, int argc, char **argv, int *index) {
    const char *text = argv[*index] + 2;
    const char *equals = strchr(text, '=');
    char name[64];
    size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
    if (length >= sizeof name) length = sizeof name - 1;
    memcpy(name, text, length);
    name[length] = '\0';
    if (strcmp(name, "help") == 0) {
        args->help = true;
        return status_ok();
    }
    OptionShape option;
    bool off = false;
    if (!cli_find_option(args->command, name, &option)) {
        off = strncmp(name, "no-", 3) == 0;
        if (!off || !cli_find_option(args->command, name + 3, &option) || !option.is_switch)
            return cli_unknown_option(args->command, name);
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (option.is_switch) {
        if (value != NULL)
            return status_error(STATUS_USAGE, "--%s is a switch and takes no value", name);
        value = off ? "0" : "1";
    } else if (value == NULL) {
        if (*index + 1 >= argc)
            return status_error(STATUS_USAGE, "--%s needs a value behind it", name);
        value = argv[++*index];
    }
    args->given[args->given_count++] = (CliGiven){option.name, value};
    return status_ok();
}

Status cli_parse(const CliCommand *command, int argc, char **argv, CliArgs *out) {
    Status status = status_ok();
    *out = (CliArgs){.command = command};
    out->words = calloc((size_t)argc + 1, sizeof *out->words);
    out->given = calloc((size_t)argc + 1, sizeof *out->given);
    if (out->words == NULL || out->given == NULL) TRY(status_no_memory("the command line", 0));
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (only_words || arg[0] != '-' || strcmp(arg, "-") == 0) {
            out->words[out->word_count++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            only_words = true;
        } else if (strcmp(arg, "-h") == 0) {
            out->help = true;
        } else if (arg[1] != '-') {
            TRY(status_error(STATUS_USAGE, "unknown option %s; long ones have two dashes: --%s",
                             arg, arg + 1));
        } else {
            TRY(cli_take_option(out, argc, argv, &i));
        }
    }
    if (out->help) return status;
    if (out->word_count < command->words_min)
        TRY(status_error(STATUS_USAGE, "%s is missing; usage: inkling %s %s",
                         command->words_min - out->word_count > 1 ? "something" : "a word",
                         command->name, command->words));
    if (out->word_count > command->words_max)
        TRY(status_error(STATUS_USAGE, "\"%s\" is one word too many; usage: inkling %s%s%s",
                         out->words[command->words_max], command->name,
                         command->name[0] != '\0' ? " " : "",
                         command->words[0] != '\0' ? command->words : "[OPTIONS]"));
    return status;
fail:
    cli_args_close(out);
    return status;
}

void cli_args_close(CliArgs *args) {
    free(args->words);
    free(args->given);
    *args = (CliArgs){0};
}

const char *cli_value(const CliArgs *args, const char *name) {
    for (int i = args->given_count - 1; i >= 0; i--)
        if (strcmp(args->given[i].name, name) == 0) return args->given[i].value;
    return NULL;
}

bool cli_switch(const CliArgs *args, const char *name) {
    const char *value = cli_value(args, name);
    return value != NULL && value[0] == '1';
}

Status cli_int(const CliArgs *args, const char *name, long long low, long long high,
               long long fallback, long long *out) {
    const char *text = cli_value(args, name);
    *out = fallback;
    if (text == NULL) return status_ok();
    if (!text_to_int(text, out) || *out < low || *out > high)
        return status_error(STATUS_USAGE,
                            "--%s must be a whole number from %lld to %lld, not \"%s\"", name, low,
                            high, text);
    return status_ok();
}

Status cli_number(const CliArgs *args, const char *name, double low, double high, double fallback,
                  double *out) {
    const char *text = cli_value(args, name);
    *out = fallback;
    if (text == NULL) return status_ok();
    if (!text_to_double(text, out) || *out < low || *out > high)
        return status_error(STATUS_USAGE, "--%s must be a number from %g to %g, not \"%s\"", name,
                            low, high, text);
    return status_ok();
}
