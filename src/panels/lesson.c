// Carrying a lesson out on the window; see lesson.h.
#include "panels/lesson.h"

#include "panels/workbench.h"

#include <stdlib.h>
#include <string.h>

// ---- as it was before ---------------------------------------------------------------------------

static void lesson_keep(Workbench *bench, LessonState *state) {
    state->form = bench->form;
    state->fit_box = bench->ink.fit_box;
    state->centre = bench->ink.centre;
    state->even_width = bench->ink.even_width;
    state->split = bench->ink.split;
    state->log_loss = bench->prefs.log_loss;
    state->raw_loss = bench->prefs.raw_loss;
    state->chart_x = bench->prefs.chart_x;
    state->tab = (int)bench->tab;
    state->pin = bench->pin;
    state->first_run = bench->next_id;
}

static void lesson_restore(Workbench *bench) {
    LessonState *state = &bench->lesson;
    bench->form = state->form;
    bench->ink.fit_box = state->fit_box;
    bench->ink.centre = state->centre;
    bench->ink.even_width = state->even_width;
    bench->ink.split = state->split;
    bench->prefs.log_loss = state->log_loss;
    bench->prefs.raw_loss = state->raw_loss;
    bench->prefs.chart_x = state->chart_x;
    bench->tab = (DeckTab)state->tab;
    bench->pin = state->pin;
    state->hidden = state->shown = 0;
}

// ---- pages --------------------------------------------------------------------------------------

static void lesson_do(Workbench *bench, const LessonStep *step) {
    workbench_check(bench, step->verb->act(bench, step->value));
}

static void lesson_arrive(Workbench *bench, int page) {
    LessonState *state = &bench->lesson;
    state->page = page;
    state->next = 0;
    state->again = page <= state->furthest;
    if (page > state->furthest) state->furthest = page;
    lesson_tick(bench);
}

// A run waits for the data set; what stands behind it waits with it.
void lesson_tick(Workbench *bench) {
    LessonState *state = &bench->lesson;
    if (!state->lesson) return;
    const LessonPage *page = &state->lesson->pages[state->page];
    while (state->next < page->count) {
        const LessonStep *step = &state->lesson->steps[page->first + state->next];
        if (step->verb->trains && !state->again) {
            if (!bench->trainer && bench->loader.busy) return;
            lesson_do(bench, step);
        } else if (!step->verb->trains) {
            lesson_do(bench, step);
        }
        state->next++;
    }
}

// Back: what the pages up to that one have changed, from the beginning, except runs.
static void lesson_replay(Workbench *bench, int page) {
    const Lesson *lesson = bench->lesson.lesson;
    lesson_restore(bench);
    for (int i = 0; i < lesson->pages[page].first; i++)
        if (!lesson->steps[i].verb->trains) lesson_do(bench, &lesson->steps[i]);
    lesson_arrive(bench, page);
}

void lesson_turn(Workbench *bench, int pages) {
    LessonState *state = &bench->lesson;
    if (!state->lesson) return;
    int page = state->page + pages;
    if (page < 0) return;
    if (page >= state->lesson->page_count)
        lesson_end(bench);
    else if (pages > 0)
        lesson_arrive(bench, page);
    else
        lesson_replay(bench, page);
}

// ---- beginning and end --------------------------------------------------------------------------

// A lesson on its way in.
typedef struct LessonReading {
    Errand errand;
    char path[FILE_PATH_MAX];
    Lesson *lesson;
} LessonReading;

static Status lesson_carry_out(Errand *errand) {
    LessonReading *reading = (LessonReading *)errand;
    return lesson_read(reading->path, &reading->lesson);
}

static Status lesson_deliver(Workbench *bench, Errand *errand) {
    LessonReading *reading = (LessonReading *)errand;
    if (!status_is_ok(&errand->status)) return errand->status;
    lesson_end(bench);
    bench->lesson = (LessonState){.lesson = reading->lesson, .furthest = -1};
    reading->lesson = NULL;
    lesson_keep(bench, &bench->lesson);
    lesson_arrive(bench, 0);
    return errand->status;
}

static void lesson_close_reading(Errand *errand) {
    lesson_close(&((LessonReading *)errand)->lesson);
    free(errand);
}

Status lesson_begin(Workbench *bench, const char *path) {
    static const ErrandKind kind = {lesson_carry_out, lesson_deliver, lesson_close_reading,
                                    ERRANDS_FILES};
    LessonReading *reading = calloc(1, sizeof *reading);
    if (!reading) return status_no_memory("a lesson", sizeof *reading);
    reading->errand.kind = &kind;
    text_copy(reading->path, sizeof reading->path, path);
    return errands_try(bench, &reading->errand);
}

void lesson_end(Workbench *bench) {
    LessonState *state = &bench->lesson;
    if (!state->lesson) return;
    lesson_restore(bench);
    for (int i = 0; i < state->curve_count; i++) {
        RunEntry *run = runs_find(bench, state->curves[i]);
        if (run) run->visible = true;
    }
    lesson_close(&state->lesson);
    *state = (LessonState){0};
}
