// Reading lesson files; see lesson.h.
#include "panels/lesson.h"

#include "base/file.h"
#include "base/text.h"
#include "base/tr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { JOINT = '\v' }; // stands for a line end inside a value

// What is known while reading.
typedef struct LessonReader {
    Lesson *lesson;
    const char *path;
    int line;
} LessonReader;

static Status lesson_problem(const LessonReader *reader, const char *problem) {
    return status_error(STATUS_FORMAT, TR("%s, line %d: %s"), reader->path, reader->line, problem);
}

// ---- lines --------------------------------------------------------------------------------------

// Lines that begin with a blank belong to the one before: their line ends become JOINT, so that
// lines can still be counted.
static void lesson_join_lines(char *text) {
    bool open = false; // the line has something on it, and is no comment
    for (char *c = text; *c;) {
        char *end = c + strcspn(c, "\n");
        bool blank = strspn(c, " \t\r") >= (size_t)(end - c);
        if (open && !blank && (*c == ' ' || *c == '\t')) c[-1] = JOINT;
        open = !blank && *c != '#';
        c = *end ? end + 1 : end;
    }
}

// No blank belongs between what ends at `end` and what begins at `next`: two characters of East
// Asian scripts (three bytes from U+3000 on), or one of them and their punctuation (U+3000, U+FF00
// ...).
static bool lesson_is_wide(const char *begin, const char *end, const char *next) {
    const unsigned char *last = (const unsigned char *)end - 3,
                        *first = (const unsigned char *)next;
    bool before = end - begin >= 3 && last[0] >= 0xE3, after = first[0] >= 0xE3;
    bool closed = before && ((last[0] == 0xE3 && last[1] == 0x80) || last[0] == 0xEF);
    return (before && after) || closed;
}

// Removes blanks on both sides, and makes one blank (none in Chinese) of each JOINT with the blanks
// around it. In place.
static char *lesson_value(char *value) {
    while (isspace((unsigned char)*value)) value++;
    char *to = value;
    for (char *from = value; *from;) {
        char *behind = from;
        bool joint = false;
        while (isspace((unsigned char)*behind)) joint = *behind++ == JOINT || joint;
        if (behind == from) {
            *to++ = *from++;
            continue;
        }
        bool wide = lesson_is_wide(value, to, behind);
        if (!joint)
            while (from < behind) *to++ = *from++;
        else if (*behind && !wide)
            *to++ = ' ';
        from = behind;
    }
    while (to > value && isspace((unsigned char)to[-1])) to--;
    *to = '\0';
    return value;
}

// ---- what a line says ---------------------------------------------------------------------------

// "caption[zh_CN]": cuts the tag off. LANGUAGE_UNSET when it is of no language there is.
static LanguageCode lesson_language(char *word) {
    char *open = strchr(word, '[');
    if (!open) return LANGUAGE_ENGLISH;
    *open = '\0';
    size_t length = strlen(open + 1);
    if (length < 2 || open[length] != ']') return LANGUAGE_UNSET;
    open[length] = '\0';
    for (int code = 0; code < LANGUAGE_COUNT; code++)
        if (strcmp(open + 1, language_tag((LanguageCode)code)) == 0) return (LanguageCode)code;
    return LANGUAGE_UNSET;
}

// A title or a caption.
static Status lesson_take_text(LessonReader *reader, const char *word, LanguageCode language,
                               const char *value) {
    Lesson *lesson = reader->lesson;
    bool title = strcmp(word, "title") == 0;
    if (language == LANGUAGE_UNSET)
        return lesson_problem(reader, "the language in brackets must be en or zh_CN");
    if (!title && lesson->page_count == 0)
        return lesson_problem(reader, "a caption belongs to a page; expected \"page\" before it");
    const char **place =
        title ? &lesson->title[language] : &lesson->pages[lesson->page_count - 1].caption[language];
    if (*place)
        return lesson_problem(reader, title ? "there is a title already"
                                            : "this page has a caption already; expected \"page\" "
                                              "before the next one");
    if (!value[0]) return lesson_problem(reader, "expected a text behind the colon");
    *place = value;
    return status_ok();
}

static Status lesson_take_page(LessonReader *reader) {
    Lesson *lesson = reader->lesson;
    if (lesson->page_count == LESSON_PAGES_MAX)
        return status_error(STATUS_FORMAT, "%s, line %d: a lesson has at most %d pages",
                            reader->path, reader->line, LESSON_PAGES_MAX);
    if (lesson->page_count > 0 && !lesson->pages[lesson->page_count - 1].caption[LANGUAGE_ENGLISH])
        return lesson_problem(reader, "the page before has no \"caption:\"");
    lesson->pages[lesson->page_count++].first = lesson->step_count;
    return status_ok();
}

static Status lesson_take_step(LessonReader *reader, const char *word, bool colon,
                               const char *value) {
    Lesson *lesson = reader->lesson;
    const LessonVerb *verb = lesson_verb(word);
    if (!verb)
        return status_error(STATUS_FORMAT,
                            "%s, line %d: \"%.40s\" is no word of a lesson; expected one of title, "
                            "page, caption, %s",
                            reader->path, reader->line, word, lesson_words());
    if (lesson->page_count == 0)
        return lesson_problem(reader, "expected \"title:\" and then \"page\" before anything else");
    if (lesson->step_count == LESSON_STEPS_MAX)
        return status_error(STATUS_FORMAT, "%s, line %d: a lesson does at most %d things",
                            reader->path, reader->line, LESSON_STEPS_MAX);
    if (verb->needs_value && !value[0])
        return status_error(STATUS_FORMAT, "%s, line %d: expected \"%s: %s\"", reader->path,
                            reader->line, word, verb->expected);
    if (!verb->expected && (colon || value[0]))
        return status_error(STATUS_FORMAT, "%s, line %d: \"%s\" stands alone, without a colon",
                            reader->path, reader->line, word);
    if (verb->check) {
        Status status = verb->check(value);
        if (!status_is_ok(&status)) return lesson_problem(reader, status.message);
    }
    lesson->steps[lesson->step_count++] = (LessonStep){verb, value};
    lesson->pages[lesson->page_count - 1].count++;
    return status_ok();
}

static Status lesson_take_line(LessonReader *reader, char *line) {
    char *colon = strchr(line, ':');
    if (colon) *colon = '\0';
    char *word = lesson_value(line), *value = colon ? lesson_value(colon + 1) : "";
    if (!colon && (!word[0] || word[0] == '#')) return status_ok();
    if (word[0] == '#') return status_ok();
    if (strcmp(word, "page") == 0 && !value[0]) return lesson_take_page(reader);
    bool text = strncmp(word, "title", 5) == 0 || strncmp(word, "caption", 7) == 0;
    if (!text) return lesson_take_step(reader, word, colon != NULL, value);
    LanguageCode language = lesson_language(word);
    return lesson_take_text(reader, word, language, value);
}

// ---- the file -----------------------------------------------------------------------------------

static Status lesson_take_lines(LessonReader *reader, char *text) {
    lesson_join_lines(text);
    int next = 1;
    for (char *line = text; *line;) {
        char *end = line + strcspn(line, "\n");
        char *behind = *end ? end + 1 : end;
        *end = '\0';
        reader->line = next++;
        for (char *c = line; *c; c++) next += *c == JOINT;
        Status status = lesson_take_line(reader, line);
        if (!status_is_ok(&status)) return status;
        line = behind;
    }
    reader->line = next - 1;
    const Lesson *lesson = reader->lesson;
    if (!lesson->title[LANGUAGE_ENGLISH])
        return status_error(STATUS_FORMAT, TR("%s has no title; expected \"title: ...\""),
                            reader->path);
    if (lesson->page_count == 0)
        return status_error(STATUS_FORMAT, TR("%s has no pages; expected \"page\""), reader->path);
    if (!lesson->pages[lesson->page_count - 1].caption[LANGUAGE_ENGLISH])
        return lesson_problem(reader, "the last page has no \"caption:\"");
    return status_ok();
}

Status lesson_read(const char *path, Lesson **out) {
    Bytes bytes = {0};
    Status status;
    *out = NULL;
    Lesson *lesson = calloc(1, sizeof *lesson);
    if (!lesson) return status_no_memory("a lesson", sizeof *lesson);
    LessonReader reader = {lesson, path, 1};
    TRY(file_read(path, LESSON_BYTES_MAX, &bytes));
    if (!text_is_utf8((char *)bytes.data, bytes.size) || strlen((char *)bytes.data) != bytes.size)
        TRY(status_error(STATUS_FORMAT, TR("%s is no lesson: expected text in UTF-8"), path));
    lesson->text = (char *)bytes.data;
    bytes.data = NULL;
    bool marked = strncmp(lesson->text, "\xef\xbb\xbf", 3) == 0; // as some editors do
    TRY(lesson_take_lines(&reader, lesson->text + (marked ? 3 : 0)));
    *out = lesson;
    return status;
fail:
    bytes_close(&bytes);
    lesson_close(&lesson);
    return status;
}

void lesson_close(Lesson **lesson) {
    if (!*lesson) return;
    free((*lesson)->text);
    free(*lesson);
    *lesson = NULL;
}

const char *lesson_text(const char *const texts[LANGUAGE_COUNT], LanguageCode language) {
    return texts[language] ? texts[language] : texts[LANGUAGE_ENGLISH];
}
