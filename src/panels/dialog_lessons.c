// Which lesson? Those that come with the program and those of the user.
#include "panels/panels.h"

#include "base/tr.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LESSON_ROW_H = 38 };

// The list on its way in.
typedef struct ListReading {
    Errand errand;
    LessonList list;
    char shipped[FILE_PATH_MAX]; // directory of those that come with the program; "": none
} ListReading;

static void list_add_directory(LessonList *list, const char *directory) {
    DIR *open = opendir(directory);
    if (!open) return;
    for (struct dirent *entry; (entry = readdir(open)) && list->count < LESSON_LIST_MAX;) {
        char path[FILE_PATH_MAX];
        if (strcmp(path_extension(entry->d_name), ".lesson") != 0) continue;
        if (!path_join(path, directory, entry->d_name)) continue;
        text_copy(list->item[list->count++].path, FILE_PATH_MAX, path);
    }
    closedir(open);
}

static int list_order(const void *a, const void *b) {
    return strcmp(a, b); // an item begins with its path
}

static Status list_carry_out(Errand *errand) {
    ListReading *reading = (ListReading *)errand;
    LessonList *list = &reading->list;
    char home[FILE_PATH_MAX], own[FILE_PATH_MAX];
    if (reading->shipped[0]) list_add_directory(list, reading->shipped);
    qsort(list->item, (size_t)list->count, sizeof list->item[0], list_order);
    int first = list->shipped = list->count;
    if (path_user_data(home) && path_join(own, home, "lessons")) list_add_directory(list, own);
    qsort(list->item + first, (size_t)(list->count - first), sizeof list->item[0], list_order);
    list->fresh = true;
    for (int i = 0; i < list->count; i++) {
        Status status = lesson_read(list->item[i].path, &list->item[i].lesson);
        text_copy(list->item[i].problem, STATUS_MESSAGE_MAX, status.message);
    }
    return status_ok();
}

static Status list_deliver(Workbench *bench, Errand *errand) {
    ListReading *reading = (ListReading *)errand;
    lesson_list_close(&bench->lesson_list);
    bench->lesson_list = reading->list;
    reading->list = (LessonList){0};
    return status_ok();
}

static void list_close(Errand *errand) {
    lesson_list_close(&((ListReading *)errand)->list);
    free(errand);
}

void lesson_list_read(Workbench *bench) {
    static const ErrandKind kind = {list_carry_out, list_deliver, list_close, ERRANDS_FILES};
    ListReading *reading = calloc(1, sizeof *reading);
    lesson_list_close(&bench->lesson_list);
    if (!reading) return;
    reading->errand.kind = &kind;
    text_copy(reading->shipped, sizeof reading->shipped, bench->lessons);
    errands_try(bench, &reading->errand);
}

void lesson_list_close(LessonList *list) {
    for (int i = 0; i < list->count; i++) lesson_close(&list->item[i].lesson);
    *list = (LessonList){0};
}

static void list_rows(Ui *ui, Workbench *bench, Rect area) {
    LessonList *list = &bench->lesson_list;
    const ThemeColors *c = &ui->theme->color;
    float content = (float)(list->count * LESSON_ROW_H);
    Rect rows = ui_scroll_begin(ui, area, "Lessons", content, &list->scroll);
    int chosen = -1;
    for (int i = 0; i < list->count; i++) {
        Rect row = rect_inset_xy(rect_cut_top(&rows, LESSON_ROW_H, 0), 2, 3);
        const Lesson *lesson = list->item[i].lesson;
        ui_push_index(ui, i);
        if (lesson) {
            const char *title = lesson_text(lesson->title, bench->language);
            if (ui_button(ui, row, title, 0)) chosen = i;
            if (list->fresh) ui_set_focus(ui, ui_id(ui, title));
            list->fresh = false;
            if (i >= list->shipped) ui_tooltip(ui, list->item[i].path);
        } else {
            ui_paragraph(ui, row, TEXT_SMALL, c->error, list->item[i].problem);
        }
        ui_pop_id(ui);
    }
    ui_scroll_end(ui);
    if (chosen < 0) return;
    bench->dialog = DIALOG_NONE;
    workbench_check(bench, lesson_begin(bench, list->item[chosen].path));
}

void dialog_lessons(Ui *ui, Workbench *bench) {
    const ThemeColors *c = &ui->theme->color;
    LessonList *list = &bench->lesson_list;
    const char *hint =
        tr("A lesson shows one thing at a time, with Back and Next. It is a text file "
           "that you can write: docs/LESSONS.md says how. Drop it on the window.");
    float hint_h = ui_paragraph_height(ui, 420, TEXT_SMALL, hint) + 10;
    float rows = fminf((float)(list->count * LESSON_ROW_H), ui->input.window.h - 260);
    Rect inside;
    ui_dialog_begin(ui, tr("Lessons"), 460, 84 + hint_h + rows + 44, &inside);
    ui_paragraph(ui, rect_cut_top(&inside, hint_h, 0), TEXT_SMALL, c->text_muted, hint);
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, 12);
    list_rows(ui, bench, inside);
    Rect cancel = rect_cut_right(&buttons, 84, 8);
    Rect open = rect_cut_right(&buttons, ui_button_width(ui, tr("Open a file\xe2\x80\xa6")), 8);
    bool file = ui_button(ui, open, tr("Open a file\xe2\x80\xa6"), 0);
    bool leave = ui_button(ui, cancel, tr("Cancel"), 0);
    if (ui_dialog_end(ui) || leave) bench->dialog = DIALOG_NONE;
    if (file) dialog_open(bench, DIALOG_OPEN);
}
