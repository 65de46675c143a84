// The words of a lesson: what each takes, and what it does to the window; see lesson.h.
#include "panels/lesson.h"

#include "panels/panels.h"

#include <ctype.h>
#include <string.h>

enum { WORD_BYTES = 48 };

// ---- lists of words and pairs -------------------------------------------------------------------

// Cuts the next word off *cursor; false at the end. One that is too long is cut, and so is known to
// nobody.
static bool verb_next(const char **cursor, char word[WORD_BYTES]) {
    const char *at = *cursor;
    while (isspace((unsigned char)*at) || *at == ',') at++;
    size_t length = strcspn(at, " \t,"), kept = length < WORD_BYTES ? length : WORD_BYTES - 1;
    memcpy(word, at, kept);
    word[kept] = '\0';
    *cursor = at + length;
    return length > 0;
}

static Status verb_each(Workbench *bench, const char *value,
                        Status (*each)(Workbench *, const char *)) {
    char word[WORD_BYTES];
    Status status = status_ok();
    while (status_is_ok(&status) && verb_next(&value, word)) status = each(bench, word);
    return status;
}

// ---- parts --------------------------------------------------------------------------------------

static Status verb_parts(const char *value, WindowParts *out) {
    char word[WORD_BYTES];
    *out = 0;
    if (strcmp(value, "everything") == 0) *out = (1u << PART_COUNT) - 1;
    if (*out) return status_ok();
    while (verb_next(&value, word)) {
        WindowPart part = part_named(word);
        if (part == PART_COUNT)
            return status_error(STATUS_FORMAT,
                                "\"%s\" is no part of the window; expected everything, or some of "
                                "%s",
                                word, part_words());
        *out |= 1u << part;
    }
    return status_ok();
}

static Status verb_check_parts(const char *value) {
    WindowParts parts;
    return verb_parts(value, &parts);
}

static Status verb_hide(Workbench *bench, const char *value) {
    WindowParts parts;
    Status status = verb_parts(value, &parts);
    bench->lesson.hidden |= parts;
    bench->lesson.shown &= ~parts;
    return status;
}

static Status verb_show(Workbench *bench, const char *value) {
    WindowParts parts;
    Status status = verb_parts(value, &parts);
    bench->lesson.hidden &= ~parts;
    bench->lesson.shown |= parts;
    return status;
}

// ---- the form and runs --------------------------------------------------------------------------

static Status verb_check_settings(const char *value) {
    TrainConfig config;
    config_defaults(&config);
    Status status = config_update(value, &config);
    if (status_is_ok(&status) && config.data[0])
        return status_error(STATUS_FORMAT, "a lesson works with the data that is open; expected "
                                           "no data=");
    if (status_is_ok(&status) && config.init_from[0])
        return status_error(STATUS_FORMAT, "expected no init-from= in a lesson");
    return status;
}

static Status verb_set(Workbench *bench, const char *value) {
    return config_update(value, &bench->form);
}

// Other curves would hide those that the lesson is about.
static void verb_hide_curves(Workbench *bench) {
    LessonState *state = &bench->lesson;
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (run->id >= state->first_run || !run->visible || state->curve_count == RUNS_MAX)
            continue;
        run->visible = false;
        state->curves[state->curve_count++] = run->id;
    }
}

static Status verb_start(Workbench *bench, const char *value) {
    TrainConfig form = bench->form;
    Status status = config_update(value, &bench->form);
    verb_hide_curves(bench);
    if (status_is_ok(&status)) status = runs_start(bench, false);
    bench->form = form;
    return status;
}

static Status verb_pause(Workbench *bench, const char *value) {
    (void)value;
    runs_pause(bench);
    return status_ok();
}

static Status verb_resume(Workbench *bench, const char *value) {
    (void)value;
    runs_resume(bench);
    return status_ok();
}

static Status verb_step(Workbench *bench, const char *value) {
    (void)value;
    runs_step(bench);
    return status_ok();
}

// ---- ink ----------------------------------------------------------------------------------------

// `bench` NULL: only looks whether it is right.
static Status verb_switch(Workbench *bench, const char *word) {
    static const struct {
        const char *name;
        size_t offset;
    } switches[] = {{"fit-box=", offsetof(InkState, fit_box)},
                    {"centre=", offsetof(InkState, centre)},
                    {"even-pen=", offsetof(InkState, even_width)},
                    {"split=", offsetof(InkState, split)}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        size_t length = strlen(switches[i].name);
        if (strncmp(word, switches[i].name, length) != 0) continue;
        bool on = strcmp(word + length, "on") == 0;
        if (!on && strcmp(word + length, "off") != 0) break;
        if (bench) *(bool *)(void *)((char *)&bench->ink + switches[i].offset) = on;
        return status_ok();
    }
    return status_error(STATUS_FORMAT,
                        "\"%s\" is no switch of the ink; expected fit-box, centre, even-pen or "
                        "split, with =on or =off",
                        word);
}

static Status verb_check_ink(const char *value) {
    return verb_each(NULL, value, verb_switch);
}

static Status verb_ink(Workbench *bench, const char *value) {
    return verb_each(bench, value, verb_switch);
}

// "20 30, 25 40; ..." into `drawing`, or only looked at (NULL).
static Status verb_strokes(const char *value, Drawing *drawing) {
    Status status = status_ok();
    int points = 0;
    if (drawing) TRY(drawing_begin(drawing, STROKE_INK, BRUSH_RADIUS_DEFAULT));
    for (const char *at = value; *at;) {
        char point[WORD_BYTES];
        double x = 0, y = 0;
        size_t length = strcspn(at, ",;");
        while (length > 0 && isspace((unsigned char)*at)) at++, length--;
        size_t kept = length < sizeof point ? length : sizeof point - 1;
        memcpy(point, at, kept);
        while (kept > 0 && isspace((unsigned char)point[kept - 1])) kept--;
        point[kept] = '\0';
        char *blank = point + strcspn(point, " \t"), *second = blank + strspn(blank, " \t");
        if (*blank) *blank = '\0';
        if (!text_to_double(point, &x) || !text_to_double(second, &y) || x < 0 || x > 100 ||
            y < 0 || y > 100)
            TRY(status_error(STATUS_FORMAT,
                             "point %d of the drawing is wrong; expected two numbers 0 to 100, "
                             "such as \"20 30\", with \",\" between points and \";\" between "
                             "strokes",
                             points + 1));
        points++;
        at += length;
        if (drawing) TRY(drawing_add(drawing, (float)x / 100, (float)y / 100, 1));
        if (drawing && *at == ';') TRY(drawing_begin(drawing, STROKE_INK, BRUSH_RADIUS_DEFAULT));
        if (*at) at++;
    }
fail:
    if (drawing) drawing_end(drawing);
    return status;
}

static Status verb_check_draw(const char *value) {
    return strcmp(value, "nothing") == 0 ? status_ok() : verb_strokes(value, NULL);
}

static Status verb_draw(Workbench *bench, const char *value) {
    Status status = ink_state_clear(&bench->ink);
    if (!status_is_ok(&status) || strcmp(value, "nothing") == 0) return status;
    return verb_strokes(value, &bench->ink.drawing);
}

// ---- what is looked at --------------------------------------------------------------------------

static Status verb_check_tab(const char *value) {
    char names[256];
    if (panel_tab_named(value, names, sizeof names) != TAB_COUNT) return status_ok();
    return status_error(STATUS_FORMAT, "\"%.40s\" is no view; expected one of %s", value, names);
}

static Status verb_tab(Workbench *bench, const char *value) {
    char names[256];
    bench->tab = panel_tab_named(value, names, sizeof names);
    return status_ok();
}

static Status verb_check_answer(const char *value) {
    if (strcmp(value, "shipped") == 0 || strcmp(value, "lenet5") == 0 ||
        strcmp(value, "automatic") == 0)
        return status_ok();
    return status_error(STATUS_FORMAT,
                        "expected \"shipped\", \"lenet5\" or \"automatic\", not \"%.40s\"", value);
}

// The shipped network that came last is the one that answers first; lenet5 is the other one.
static Status verb_answer(Workbench *bench, const char *value) {
    bench->pin = 0;
    bench->pin_soft = false;
    if (strcmp(value, "automatic") == 0) return status_ok();
    bool any = strcmp(value, "shipped") == 0;
    for (int i = 0; i < bench->model_count; i++) {
        const ModelEntry *model = &bench->models[i];
        bool named = strcmp(path_basename(model->path), "lenet5.safetensors") == 0;
        if (model->shipped && (any || named)) bench->pin = model->id;
    }
    return status_ok();
}

static Status verb_chart(Workbench *bench, const char *word) {
    static const char *const axes[CHART_AXES] = {
        [CURVE_EPOCHS] = "epochs", [CURVE_SECONDS] = "seconds", [CURVE_IMAGES] = "images"};
    static const struct {
        const char *word;
        size_t offset;
        bool value;
    } looks[] = {{"log", offsetof(Prefs, log_loss), true},
                 {"linear", offsetof(Prefs, log_loss), false},
                 {"raw", offsetof(Prefs, raw_loss), true},
                 {"smooth", offsetof(Prefs, raw_loss), false}};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        if (strcmp(word, looks[i].word) != 0) continue;
        if (bench) *(bool *)(void *)((char *)&bench->prefs + looks[i].offset) = looks[i].value;
        return status_ok();
    }
    for (int i = 0; i < CHART_AXES; i++) {
        if (strcmp(word, axes[i]) != 0) continue;
        if (bench) bench->prefs.chart_x = i;
        return status_ok();
    }
    return status_error(STATUS_FORMAT,
                        "\"%s\" is no look of a chart; expected log, linear, raw, smooth, epochs, "
                        "seconds or images",
                        word);
}

static Status verb_check_charts(const char *value) {
    return verb_each(NULL, value, verb_chart);
}

static Status verb_charts(Workbench *bench, const char *value) {
    return verb_each(bench, value, verb_chart);
}

// ---- the table ----------------------------------------------------------------------------------

static const LessonVerb verbs[] = {
    {"hide", "form charts ...", true, false, verb_check_parts, verb_hide},
    {"show", "form charts ...", true, false, verb_check_parts, verb_show},
    {"set", "optimizer=sgd lr=0.1 ...", true, false, verb_check_settings, verb_set},
    {"ink", "centre=off ...", true, false, verb_check_ink, verb_ink},
    {"draw", "20 30, 25 40; 50 50, 60 60", true, false, verb_check_draw, verb_draw},
    {"tab", "mistakes", true, false, verb_check_tab, verb_tab},
    {"answer", "shipped", true, false, verb_check_answer, verb_answer},
    {"charts", "log smooth epochs", true, false, verb_check_charts, verb_charts},
    {"start", "optimizer=sgd lr=0.1 ...", false, true, verb_check_settings, verb_start},
    {"pause", NULL, false, true, NULL, verb_pause},
    {"resume", NULL, false, true, NULL, verb_resume},
    {"step", NULL, false, true, NULL, verb_step},
};

const LessonVerb *lesson_verb(const char *word) {
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].word, word) == 0) return &verbs[i];
    return NULL;
}

const char *lesson_words(void) {
    return "hide, show, set, ink, draw, tab, answer, charts, start, pause, resume, step";
}
