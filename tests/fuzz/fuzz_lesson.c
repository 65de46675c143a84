// Lesson files, which teachers write and hand around.
#include "fuzz.h"

#include "panels/lesson.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Lesson *lesson = NULL;
    Status status = lesson_read(fuzz_file(data, size), &lesson);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status) == (lesson != NULL));
    if (!lesson) return 0;
    REQUIRE(lesson->page_count > 0 && lesson->page_count <= LESSON_PAGES_MAX);
    REQUIRE(strlen(lesson_text(lesson->title, (LanguageCode)0)) > 0);
    for (int p = 0; p < lesson->page_count; p++) {
        const LessonPage *page = &lesson->pages[p];
        REQUIRE(page->first >= 0 && page->first + page->count <= lesson->step_count);
        for (int language = 0; language < LANGUAGE_COUNT; language++)
            REQUIRE(lesson_text(page->caption, (LanguageCode)language) != NULL);
    }
    for (int i = 0; i < lesson->step_count; i++) {
        const LessonStep *step = &lesson->steps[i];
        if (!step->verb->check) continue;
        status = step->verb->check(step->value); // has been asked already
        REQUIRE(status_is_ok(&status));
    }
    lesson_close(&lesson);
    return 0;
}
