// Lessons: plain text files (.lesson) that show a caption with Back and Next, hide what does not
// matter now, set values, put a drawing on the canvas and start runs. Written by teachers; the
// format for them is docs/LESSONS.md. Here it is read, checked, and carried out on the window. How
// it looks is panel_lesson.c.
//
//   title: Learning rate          once, first; with [zh_CN] also in Chinese
//   title[zh_CN]: ...
//   page                          begins a page; what follows is done when it is reached
//   caption: Some sentences.      a line that begins with a blank goes on with the one above
//   caption[zh_CN]: ...           English where a language is missing
//   hide: form charts runs        parts (panels/parts.h), or: everything
//   show: form                    until hidden again, or the lesson ends
//   set: optimizer=sgd lr=0.1     the form, in the words of a settings line (train/config.h)
//   ink: centre=off fit-box=off   also even-pen, split
//   draw: 20 30, 25 40; 50 50     x y in percent of the canvas; ";" parts strokes
//   draw: nothing                 clears the canvas (can be undone)
//   tab: feature-maps             a view: its English name, small, "-" for blanks
//   answer: shipped               who answers: the network it came with, lenet5, or automatic
//   charts: log smooth epochs     or linear, raw, seconds, images
//   start                         a run with the form's settings
//   start: lr=0.001               ... with these on top, for this run; several: a race
//   pause / resume / step         all runs
//   # a comment
//
// Nothing that a lesson can say deletes a run. What was hidden, the form, the switches and the
// curves of earlier runs are as before when it ends.
#ifndef INKLING_PANELS_LESSON_H
#define INKLING_PANELS_LESSON_H

#include "panels/language.h"
#include "panels/parts.h"
#include "panels/runs.h"

enum { LESSON_PAGES_MAX = 64, LESSON_STEPS_MAX = 256, LESSON_BYTES_MAX = 1 << 20 };

typedef struct LessonVerb LessonVerb; // a word such as "hide"; lesson_verbs.c

typedef struct LessonStep {
    const LessonVerb *verb;
    const char *value; // behind the colon; "" without one
} LessonStep;

typedef struct LessonPage {
    const char *caption[LANGUAGE_COUNT]; // NULL: not in this language
    int first, count;                    // its steps
} LessonPage;

// A file as read. Immutable; lesson_close frees it.
typedef struct Lesson {
    char *text; // all strings point into it
    const char *title[LANGUAGE_COUNT];
    LessonPage pages[LESSON_PAGES_MAX];
    int page_count;
    LessonStep steps[LESSON_STEPS_MAX];
    int step_count;
} Lesson;

// Reads and checks all of it. STATUS_FORMAT names file, line and what was expected there.
Status lesson_read(const char *path, Lesson **out);
void lesson_close(Lesson **lesson);
// The text in that language, else in English.
const char *lesson_text(const char *const texts[LANGUAGE_COUNT], LanguageCode language);

// The lesson that is going on. Zero: none.
typedef struct LessonState {
    Lesson *lesson; // owned
    int page;
    int next;     // step of the page that is still to be done, < count only while there is no data
    bool again;   // the page has been there before: its runs have been started
    int furthest; // page reached so far
    WindowParts hidden, shown; // shown: asked for by "show"
    uint64_t first_run;        // runs from this id on are the lesson's
    // As it was before.
    TrainConfig form;
    bool fit_box, centre, even_width, split;
    bool log_loss, raw_loss;
    int chart_x, tab;
    uint64_t pin, curves[RUNS_MAX]; // runs whose curves were taken away
    int curve_count;
    float height, height_of; // of the longest caption at this width
    LanguageCode height_in;
} LessonState;

// Begins a lesson, as soon as it has been read (one that is going on ends then). Nothing has
// changed when it cannot be read.
Status lesson_begin(Workbench *bench, const char *path);
// Forward (1) or back (-1). Forward from the last page ends it.
void lesson_turn(Workbench *bench, int pages);
// Ends it, if there is one.
void lesson_end(Workbench *bench);
// Once a frame: does what is still to be done on this page.
void lesson_tick(Workbench *bench);

// ---- words of a lesson (lesson_verbs.c) ----
struct LessonVerb {
    const char *word;
    const char *expected;               // its values, for a sentence; NULL: it takes none
    bool needs_value;                   // false with `expected`: the value may be missing
    bool trains;                        // done only the first time that a page is reached
    Status (*check)(const char *value); // NULL: everything is right
    Status (*act)(Workbench *bench, const char *value);
};
// NULL when there is none of that word.
const LessonVerb *lesson_verb(const char *word);
// All words, separated by commas.
const char *lesson_words(void);

#endif
