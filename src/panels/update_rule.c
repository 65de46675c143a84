// The update rules as lines of text with places for numbers.
#include "panels/update_rule.h"

#include "panels/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BETA1                                                                                      \
    "\xce\xb2"                                                                                     \
    "1"
#define BETA2                                                                                      \
    "\xce\xb2"                                                                                     \
    "2"
#define ETA     "\xce\xb7"
#define LAMBDA  "\xce\xbb"
#define EPSILON "\xce\xb5"
#define ALPHA   "\xce\xb1"
#define MU      "\xce\xbc"
#define ROOT    "\xe2\x88\x9a"
#define MINUS   "\xe2\x88\x92"
#define TIMES   "\xc2\xb7"
#define CROSS   "\xc3\x97"
#define SQUARED "\xc2\xb2"
#define ARROW   "\xe2\x86\x90"

// What a line may depend on.
enum {
    IF_DECAY = 1, // weight decay in the gradient
    IF_MOMENTUM = 2,
    IF_NESTEROV = 4,
    IF_DAMPED = 8, // the gradient does not go into the momentum whole
    IF_CENTERED = 16,
    IF_AMSGRAD = 32,
    IF_START = 64,      // the sum does not start at 0 (adagrad)
    IF_RECTIFIED = 128, // radam: the second moment counts already
    IF_SHRINKS = 256,   // decoupled weight decay
};

// A rule's family: update functions that are the same share their lines.
typedef enum Family {
    FAMILY_SGD = 1,
    FAMILY_ADAGRAD = 2,
    FAMILY_RMSPROP = 4,
    FAMILY_ADAM = 8,
    FAMILY_ADADELTA = 16,
    FAMILY_NADAM = 32,
    FAMILY_RADAM = 64,
    FAMILY_LION = 128,
} Family;

static const Family families[OPTIMIZER_COUNT] = {
    [OPTIMIZER_SGD] = FAMILY_SGD,         [OPTIMIZER_MOMENTUM] = FAMILY_SGD,
    [OPTIMIZER_NESTEROV] = FAMILY_SGD,    [OPTIMIZER_ADAGRAD] = FAMILY_ADAGRAD,
    [OPTIMIZER_RMSPROP] = FAMILY_RMSPROP, [OPTIMIZER_ADAM] = FAMILY_ADAM,
    [OPTIMIZER_ADAMW] = FAMILY_ADAM,      [OPTIMIZER_ADADELTA] = FAMILY_ADADELTA,
    [OPTIMIZER_RADAM] = FAMILY_RADAM,     [OPTIMIZER_NADAM] = FAMILY_NADAM,
    [OPTIMIZER_LION] = FAMILY_LION,
};

// {name}: a place for a number, from `places` below; + is the value after the step. {s0} .. {s2}
// are the slots of the state, {k0} .. {k3} the rule's own scalars.
typedef struct RuleLine {
    unsigned families, with, without;
    const char *text;
} RuleLine;

#define MOMENTS (FAMILY_ADAM | FAMILY_NADAM | FAMILY_RADAM)

static const RuleLine rule_lines[] = {
    {~0u & ~(unsigned)FAMILY_LION, IF_DECAY, 0, "{g} = {grad} + {wd}" TIMES "{w}"},

    {FAMILY_SGD, IF_MOMENTUM, IF_DAMPED, "{s0+} = {mu}" TIMES "{s0} + {g}"},
    {FAMILY_SGD, IF_MOMENTUM | IF_DAMPED, 0, "{s0+} = {mu}" TIMES "{s0} + {tau}" TIMES "{g}"},
    {FAMILY_SGD, 0, IF_MOMENTUM, "{w+} = {w} " MINUS " {lr}" TIMES "{g}"},
    {FAMILY_SGD, IF_MOMENTUM, IF_NESTEROV, "{w+} = {w} " MINUS " {lr}" TIMES "{s0+}"},
    {FAMILY_SGD, IF_MOMENTUM | IF_NESTEROV, 0,
     "{w+} = {w} " MINUS " {lr}" TIMES "({g} + {mu}" TIMES "{s0+})"},

    {FAMILY_ADAGRAD, 0, IF_START, "{s0+} = {s0} + {g}" SQUARED},
    {FAMILY_ADAGRAD, IF_START, 0, "{s0+} = {s0} + {k0} + {g}" SQUARED},
    {FAMILY_ADAGRAD, 0, 0, "{w+} = {w} " MINUS " {lr}" TIMES "{g} / (" ROOT "{s0+} + {eps})"},

    {FAMILY_RMSPROP, 0, 0, "{s0+} = {alpha}" TIMES "{s0} + {calpha}" TIMES "{g}" SQUARED},
    {FAMILY_RMSPROP, IF_CENTERED, 0, "{s1+} = {alpha}" TIMES "{s1} + {calpha}" TIMES "{g}"},
    {FAMILY_RMSPROP, 0, IF_CENTERED | IF_MOMENTUM,
     "{w+} = {w} " MINUS " {lr}" TIMES "{g} / (" ROOT "{s0+} + {eps})"},
    {FAMILY_RMSPROP, IF_CENTERED, IF_MOMENTUM,
     "{w+} = {w} " MINUS " {lr}" TIMES "{g} / (" ROOT "({s0+} " MINUS " {s1+}" SQUARED
     ") + {eps})"},
    {FAMILY_RMSPROP, IF_MOMENTUM, IF_CENTERED,
     "{s1+} = {mu}" TIMES "{s1} + {g} / (" ROOT "{s0+} + {eps})"},
    {FAMILY_RMSPROP, IF_MOMENTUM, IF_CENTERED, "{w+} = {w} " MINUS " {lr}" TIMES "{s1+}"},
    {FAMILY_RMSPROP, IF_MOMENTUM | IF_CENTERED, 0,
     "{s2+} = {mu}" TIMES "{s2} + {g} / (" ROOT "({s0+} " MINUS " {s1+}" SQUARED ") + {eps})"},
    {FAMILY_RMSPROP, IF_MOMENTUM | IF_CENTERED, 0, "{w+} = {w} " MINUS " {lr}" TIMES "{s2+}"},

    {MOMENTS, 0, 0, "{s0+} = {b1}" TIMES "{s0} + {c1}" TIMES "{g}"},
    {MOMENTS, 0, 0, "{s1+} = {b2}" TIMES "{s1} + {c2}" TIMES "{g}" SQUARED},
    {FAMILY_ADAM, IF_AMSGRAD, 0, "{s2+} = max({s2}, {s1+})"},
    {FAMILY_ADAM, 0, IF_AMSGRAD | IF_SHRINKS,
     "{w+} = {w} " MINUS " {lr}" TIMES "{s0+} / (" ROOT "{s1+} / {k0} + {eps})"},
    {FAMILY_ADAM, IF_SHRINKS, IF_AMSGRAD,
     "{w+} = {k1}" TIMES "{w} " MINUS " {lr}" TIMES "{s0+} / (" ROOT "{s1+} / {k0} + {eps})"},
    {FAMILY_ADAM, IF_AMSGRAD, IF_SHRINKS,
     "{w+} = {w} " MINUS " {lr}" TIMES "{s0+} / (" ROOT "{s2+} / {k0} + {eps})"},
    {FAMILY_ADAM, IF_AMSGRAD | IF_SHRINKS, 0,
     "{w+} = {k1}" TIMES "{w} " MINUS " {lr}" TIMES "{s0+} / (" ROOT "{s2+} / {k0} + {eps})"},

    {FAMILY_NADAM, 0, 0,
     "{w+} = {w} " MINUS " ({k1}" TIMES "{g} + {k2}" TIMES "{s0+}) / (" ROOT
     "({s1+} / {k0}) + {eps})"},
    {FAMILY_RADAM, 0, IF_RECTIFIED, "{w+} = {w} " MINUS " {lr}" TIMES "{s0+} / {k0}"},
    {FAMILY_RADAM, IF_RECTIFIED, 0,
     "{w+} = {w} " MINUS " {lr}" TIMES "{k2}" TIMES "{s0+} / {k0}" TIMES "{k1} / (" ROOT
     "{s1+} + {eps})"},

    {FAMILY_ADADELTA, 0, 0, "{s0+} = {alpha}" TIMES "{s0} + {calpha}" TIMES "{g}" SQUARED},
    {FAMILY_ADADELTA, 0, 0,
     "{w+} = {w} " MINUS " {lr}" TIMES ROOT "({s1} + {eps}) / " ROOT "({s0+} + {eps})" TIMES "{g}"},
    {FAMILY_ADADELTA, 0, 0,
     "{s1+} = {alpha}" TIMES "{s1} + {calpha}" TIMES "({s1} + {eps}) / ({s0+} + {eps})" TIMES
     "{g}" SQUARED},

    {FAMILY_LION, 0, IF_SHRINKS,
     "{w+} = {w} " MINUS " {lr}" TIMES "sign({b1}" TIMES "{s0} + {c1}" TIMES "{g})"},
    {FAMILY_LION, IF_SHRINKS, 0,
     "{w+} = {k0}" TIMES "{w} " MINUS " {lr}" TIMES "sign({b1}" TIMES "{s0} + {c1}" TIMES "{g})"},
    {FAMILY_LION, 0, 0, "{s0+} = {b2}" TIMES "{s0} + {c2}" TIMES "{g}"},
};
enum { RULE_LINES = sizeof rule_lines / sizeof rule_lines[0] };

// ---- which lines --------------------------------------------------------------------------------

static unsigned update_conditions(OptimizerKind kind, const OptimizerStep *step) {
    unsigned set = 0;
    Family family = families[kind];
    float shrink = family == FAMILY_LION ? step->scale[0] : step->scale[1];
    if (step->weight_decay != 0) set |= IF_DECAY;
    if (step->momentum != 0) set |= IF_MOMENTUM;
    if (step->nesterov) set |= IF_NESTEROV;
    if (step->one_minus_dampening != 1) set |= IF_DAMPED;
    if (step->centered) set |= IF_CENTERED;
    if (step->amsgrad) set |= IF_AMSGRAD;
    if (family == FAMILY_ADAGRAD && step->scale[0] != 0) set |= IF_START;
    if (family == FAMILY_RADAM && step->scale[2] > 0) set |= IF_RECTIFIED;
    if ((kind == OPTIMIZER_ADAMW || family == FAMILY_LION) && shrink != 1) set |= IF_SHRINKS;
    return set;
}

int update_lines(OptimizerKind kind, const OptimizerStep *step, int lines[UPDATE_LINES_MAX]) {
    unsigned set = update_conditions(kind, step);
    int count = 0;
    for (int i = 0; i < RULE_LINES && count < UPDATE_LINES_MAX; i++) {
        const RuleLine *line = &rule_lines[i];
        if ((line->families & (unsigned)families[kind]) && (line->with & ~set) == 0 &&
            (line->without & set) == 0)
            lines[count++] = i;
    }
    return count;
}

const char *update_slot_name(OptimizerKind kind, const OptimizerStep *step, int slot) {
    static const char *const names[][OPTIMIZER_SLOTS_MAX] = {
        {"m", "v", "v max"}, {"v", "m", ""}, {"v", "a", "m"}, {"v", "u", ""}};
    Family family = families[kind];
    int row = family == FAMILY_ADADELTA  ? 3
              : family == FAMILY_ADAGRAD ? 1
              : family == FAMILY_RMSPROP ? (step->centered ? 2 : 1)
                                         : 0;
    return names[row][slot];
}

// ---- filling in ---------------------------------------------------------------------------------

// Scalars that stand for something else from rule to rule.
static const char *update_scale_name(OptimizerKind kind, int index) {
    static const struct {
        Family family;
        const char *names[4];
    } scales[] = {
        {FAMILY_ADAM, {ROOT "(1" MINUS BETA2 "^t)", "(1" MINUS ETA LAMBDA ")", "", ""}},
        {FAMILY_ADAGRAD, {"v0", "", "", ""}},
        {FAMILY_NADAM, {"(1" MINUS BETA2 "^t)", ETA "1", ETA "2", ""}},
        {FAMILY_RADAM, {"(1" MINUS BETA1 "^t)", ROOT "(1" MINUS BETA2 "^t)", "r", ""}},
        {FAMILY_LION, {"(1" MINUS ETA LAMBDA ")", "", "", ""}},
    };
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++)
        if (scales[i].family == families[kind]) return scales[i].names[index];
    return "";
}

typedef struct Place {
    const char *symbol;
    double value;
} Place;

// The number that {name} stands for, and its symbol.
static Place update_place(const UpdateNumbers *n, const char *name) {
    const OptimizerStep *s = n->step;
    bool adam = families[n->kind] == FAMILY_ADAM;
    const struct {
        const char *name;
        Place place;
    } places[] = {
        {"w", {"w", n->w}},
        {"w+", {"w", n->w_after}},
        {"grad", {"g", n->gradient}},
        {"g", {"g", n->gradient + s->weight_decay * n->w}},
        {"wd", {LAMBDA, s->weight_decay}},
        // Adam's step has the first moment's correction in it already.
        {"lr", {adam ? ETA "/(1" MINUS BETA1 "^t)" : ETA, s->lr}},
        {"mu", {MU, s->momentum}},
        {"tau", {"(1" MINUS "\xcf\x84)", s->one_minus_dampening}},
        {"b1", {BETA1, s->beta1}},
        {"b2", {BETA2, s->beta2}},
        {"c1", {"(1" MINUS BETA1 ")", s->one_minus_beta1}},
        {"c2", {"(1" MINUS BETA2 ")", s->one_minus_beta2}},
        {"eps", {EPSILON, s->eps}},
        {"alpha", {ALPHA, s->alpha}},
        {"calpha", {"(1" MINUS ALPHA ")", s->one_minus_alpha}},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].name, name) == 0) return places[i].place;
    int index = name[1] - '0';
    if (name[0] == 'k') return (Place){update_scale_name(n->kind, index), s->scale[index]};
    const float *from = name[2] == '+' ? n->state_after : n->state;
    return (Place){update_slot_name(n->kind, s, index), from[index]};
}

// Each {name} becomes its symbol (figures 0) or its number; everything else is copied.
static void update_write(const UpdateNumbers *n, int line, int figures, char *out, size_t size) {
    const char *at = rule_lines[line].text;
    size_t used = 0;
    out[0] = '\0';
    while (*at) {
        if (*at != '{') {
            // "=" is an arrow where nothing is filled in; between numbers a dot would not do.
            bool arrow = *at == '=' && figures == 0;
            bool times = figures > 0 && strncmp(at, TIMES, 2) == 0;
            words_append(out, size, &used, "%.*s",
                         arrow   ? 3
                         : times ? 4
                                 : 1,
                         arrow   ? ARROW
                         : times ? " " CROSS " "
                                 : at);
            at += times ? 2 : 1;
            continue;
        }
        char name[8];
        size_t length = strcspn(at + 1, "}");
        snprintf(name, sizeof name, "%.*s", (int)length, at + 1);
        Place place = update_place(n, name);
        bool in_front = used == 0;
        at += length + 2;
        if (figures == 0)
            words_append(out, size, &used, "%s", place.symbol);
        else if (place.value < 0 && !in_front)
            words_append(out, size, &used, "(%.*g)", figures, place.value);
        else
            words_append(out, size, &used, "%.*g", figures, place.value);
    }
}

void update_symbols(const UpdateNumbers *numbers, int line, char *out, size_t size) {
    update_write(numbers, line, 0, out, size);
}

void update_filled(const UpdateNumbers *numbers, int line, int figures, char *out, size_t size) {
    update_write(numbers, line, figures, out, size);
}
