// One option's value from text into its field, and back: by its type, its range, its choices.
#include "train/config_internal.h"

#include "base/tr.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static Status config_bad(const TrainOption *option, const char *value, const char *expected) {
    return status_error(STATUS_USAGE, TR("%s must be %s, not \"%.60s\""), option->name, expected,
                        value);
}

static Status config_number(const TrainOption *option, const char *value, double *out) {
    char expected[96];
    char low[32], high[32];
    text_from_double(low, option->low);
    text_from_double(high, option->high);
    snprintf(expected, sizeof expected, "a number from %s to %s", low, high);
    if (!text_to_double(value, out) || *out < option->low || *out > option->high)
        return config_bad(option, value, expected);
    return status_ok();
}

static Status config_integer(const TrainOption *option, const char *value, long long *out) {
    char expected[96];
    snprintf(expected, sizeof expected, "a whole number from %.0f to %.0f", option->low,
             option->high);
    if (!text_to_int(value, out) || (double)*out < option->low || (double)*out > option->high)
        return config_bad(option, value, expected);
    return status_ok();
}

static Status config_truth(const TrainOption *option, const char *value, bool *out) {
    static const struct {
        const char *word;
        bool truth;
    } words[] = {{"1", true},   {"0", false},  {"true", true}, {"false", false},
                 {"yes", true}, {"no", false}, {"on", true},   {"off", false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(words[i].word, value) == 0) {
            *out = words[i].truth;
            return status_ok();
        }
    return config_bad(option, value, "1 or 0");
}

static Status config_choice(const TrainOption *option, const char *value, int *out) {
    char expected[256] = "one of";
    for (int i = 0; option->choice(i); i++) {
        if (strcasecmp(option->choice(i), value) == 0) {
            *out = i;
            return status_ok();
        }
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s %s", i ? "," : "", option->choice(i));
    }
    return config_bad(option, value, expected);
}

static Status config_text(const TrainOption *option, const char *value, char *out) {
    if (option->choice && value[0] != '\0') {
        int index;
        Status status = config_choice(option, value, &index);
        if (!status_is_ok(&status)) return status;
        value = option->choice(index);
    }
    if (strpbrk(value, "\"\n\r"))
        return status_error(STATUS_USAGE, "%s may hold no quotes and no line breaks", option->name);
    if (!text_copy(out, option->size, value))
        return status_error(STATUS_USAGE, "%s is longer than %zu bytes", option->name,
                            option->size - 1);
    return status_ok();
}

// Reads `value` into the field; nothing else changes.
Status config_assign(TrainConfig *config, const TrainOption *option, const char *value) {
    Status status = status_ok();
    void *field = config_field(config, option);
    long long integer = 0;
    bool truth = false;
    switch (option->type) {
    case OPTION_NUMBER:
        status = config_number(option, value, field);
        break;
    case OPTION_INT:
        status = config_integer(option, value, &integer);
        if (status_is_ok(&status)) *(int *)field = (int)integer;
        break;
    case OPTION_SEED:
        status = config_integer(option, value, &integer);
        if (status_is_ok(&status)) *(long long *)field = integer;
        break;
    case OPTION_BOOL:
        status = config_truth(option, value, field);
        break;
    case OPTION_FLAG:
        status = config_truth(option, value, &truth);
        if (status_is_ok(&status)) *(int *)field = truth;
        break;
    case OPTION_CHOICE:
        status = config_choice(option, value, field);
        break;
    case OPTION_TEXT:
        status = config_text(option, value, field);
        break;
    }
    return status;
}

void config_get(const TrainConfig *config, const TrainOption *option, char *out, size_t size) {
    const void *field = config_field_const(config, option);
    char number[32];
    switch (option->type) {
    case OPTION_NUMBER:
        text_from_double(number, *(const double *)field);
        snprintf(out, size, "%s", number);
        break;
    case OPTION_INT:
        snprintf(out, size, "%d", *(const int *)field);
        break;
    case OPTION_SEED:
        snprintf(out, size, "%lld", *(const long long *)field);
        break;
    case OPTION_BOOL:
        snprintf(out, size, "%d", *(const bool *)field);
        break;
    case OPTION_FLAG:
        snprintf(out, size, "%d", *(const int *)field);
        break;
    case OPTION_CHOICE:
        snprintf(out, size, "%s", option->choice(*(const int *)field));
        break;
    case OPTION_TEXT:
        snprintf(out, size, "%s", (const char *)field);
        break;
    }
}
