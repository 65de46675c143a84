// The history's thread: a queue of commands in, answers out, and twice a second what the recordings
// have gathered.
#include "history/history_parts.h"

#include "base/check.h"
#include "base/text.h"
#include "base/tr.h"
#include "history/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_COMMANDS_MAX = 1024 };      // a person may delete hundreds of runs at once
static const double HISTORY_SECONDS = 0.5; // between two writings of what was trained

bool history_user_directory(char out[FILE_PATH_MAX]) {
    char data[FILE_PATH_MAX];
    return path_user_data(data) && path_join(out, data, "history");
}

bool history_is_possible(void) {
    return sql_is_there();
}

void history_answer_close(HistoryAnswer *answer) {
    kept_record_close(&answer->record);
    saved_model_close(&answer->model);
}

// ---- the thread ---------------------------------------------------------------------------------

static void history_set_problem(History *history, const Status *status) {
    mutex_lock(&history->mutex);
    text_copy(history->problem, sizeof history->problem, status->message);
    mutex_unlock(&history->mutex);
    if (history->hooks.wake) history->hooks.wake(history->hooks.context);
}

// What is wrong with the disk is said once, until it has been right again.
static void history_complain(History *history, const Status *status) {
    if (status_is_ok(status)) {
        if (history->complained) history_set_problem(history, status);
        history->complained = false;
        return;
    }
    history_set_problem(history, status);
    if (!history->complained)
        log_write(history->hooks.logger, LOG_WARNING,
                  "training goes on, but it cannot be kept in the history: %s", status->message);
    history->complained = true;
}

// `batches`: those too, else new weights alone. True while there is a run that is not over.
static bool history_write(History *history, bool batches) {
    Status first = status_ok();
    bool going = false, tried = false;
    for (Recording *r = history->recordings; r; r = r->next) {
        if (r->done) continue;
        if (!history->store) {
            recording_release(r);
            continue;
        }
        Status status = recording_write(r, history->store, batches);
        if (status_is_ok(&first)) first = status;
        going = going || !r->done;
        tried = true;
    }
    if (tried) history_complain(history, &first);
    return going;
}

static void history_wake(History *history) {
    if (history->hooks.wake) history->hooks.wake(history->hooks.context);
}

// Without a store: what is wrong with it.
static Status history_store_status(History *history) {
    return history->store ? status_ok()
                          : status_error(STATUS_IO, "%s",
                                         history->problem[0] ? history->problem : "no history");
}

static void history_answer_list(History *history, const HistoryCommand *command) {
    KeptList list = {0};
    Status status = history_store_status(history);
    (void)command;
    history_write(history, true); // up to now
    if (status_is_ok(&status)) status = store_list(history->store, &list);
    if (status_is_ok(&status)) status = history->change;
    history->change = status_ok();
    mutex_lock(&history->mutex);
    kept_list_close(&history->list);
    history->list = list;
    history->list_status = status;
    history->has_list = true;
    mutex_unlock(&history->mutex);
    history_wake(history);
}

static void history_answer_run(History *history, const HistoryCommand *command) {
    HistoryAnswer answer = {.which = (KeptWeights)command->number};
    char path[FILE_PATH_MAX];
    answer.status = history_store_status(history);
    history_write(history, true); // a run in training up to now
    if (status_is_ok(&answer.status))
        answer.status = store_read(history->store, command->id, &answer.record);
    const KeptRun *run = &answer.record.run;
    if (!run->has[answer.which] && run->has[KEPT_BEST - answer.which])
        answer.which = (KeptWeights)(KEPT_BEST - answer.which);
    if (status_is_ok(&answer.status) && !run->has[answer.which])
        answer.status = status_error(
            STATUS_NOT_FOUND, TR("%s ended before its weights were kept; it has curves only"),
            run->name);
    if (status_is_ok(&answer.status) &&
        store_weights_path(history->store, command->id, answer.which, path))
        answer.status = format_read(path, &answer.model);
    mutex_lock(&history->mutex);
    history_answer_close(&history->run);
    history->run = answer;
    history->has_run = true;
    mutex_unlock(&history->mutex);
    history_wake(history);
}

static void history_begin_work(History *history, const HistoryCommand *command) {
    Recording **last = &history->recordings; // in the order in which they began
    while (*last) last = &(*last)->next;
    *last = command->recording;
}

static void history_write_work(History *history, const HistoryCommand *command) {
    (void)command;
    atomic_store(&history->told, false);
    history_write(history, false);
}

static void history_flush_work(History *history, const HistoryCommand *command) {
    (void)command;
    history_write(history, true);
    atomic_fetch_add(&history->flushed, 1);
}

static void history_change_work(History *history, const HistoryCommand *c) {
    Status status = history_store_status(history);
    if (status_is_ok(&status)) {
        if (c->kind == HISTORY_RENAME) status = store_rename(history->store, c->id, c->name);
        if (c->kind == HISTORY_PIN) status = store_pin(history->store, c->id, c->number != 0);
        if (c->kind == HISTORY_COLOR) status = store_color(history->store, c->id, c->number);
        if (c->kind == HISTORY_DELETE) status = store_delete(history->store, c->id);
    }
    history->change = status;
    history_answer_list(history, c);
}

static void history_main(void *context) {
    static void (*const obey[HISTORY_COMMAND_COUNT])(History *, const HistoryCommand *) = {
        [HISTORY_WRITE] = history_write_work,   [HISTORY_BEGIN] = history_begin_work,
        [HISTORY_LIST] = history_answer_list,   [HISTORY_READ] = history_answer_run,
        [HISTORY_RENAME] = history_change_work, [HISTORY_PIN] = history_change_work,
        [HISTORY_COLOR] = history_change_work,  [HISTORY_DELETE] = history_change_work,
        [HISTORY_FLUSH] = history_flush_work,
    };
    History *history = context;
    HistoryCommand command = {.kind = HISTORY_BEGIN};
    double next = 0;
    bool going = false;
    Status status = store_open(history->directory, &history->store);
    if (!status_is_ok(&status)) {
        history_set_problem(history, &status);
        if (history_is_possible())
            log_write(history->hooks.logger, LOG_WARNING, "runs are not kept in the history: %s",
                      status.message);
    }
    while (command.kind != HISTORY_QUIT) {
        double wait = going ? next - clock_seconds() : 3600;
        bool got = wait > 0 && queue_pop_wait(&history->commands, &command, wait);
        if (got && obey[command.kind]) obey[command.kind](history, &command);
        if (got && command.kind == HISTORY_BEGIN) going = true;
        if (!going || clock_seconds() < next) continue;
        going = history_write(history, true);
        next = clock_seconds() + HISTORY_SECONDS;
    }
    for (Recording *r = history->recordings; r; r = r->next) recording_end(r, RUN_STOPPED, NULL);
    history_write(history, true);
    store_close(&history->store);
}

// ---- opening and closing ------------------------------------------------------------------------

Status history_open(const char *directory, const HistoryHooks *hooks, History **out) {
    Status status;
    History *history = calloc(1, sizeof *history);
    *out = NULL;
    if (!history) return status_no_memory("the history", sizeof *history);
    mutex_init(&history->mutex);
    history->hooks = *hooks;
    history->change = history->list_status = history->run.status = status_ok();
    text_copy(history->directory, sizeof history->directory, directory);
    TRY(queue_open(&history->commands, sizeof(HistoryCommand), HISTORY_COMMANDS_MAX));
    TRY(thread_start(&history->thread, "history", history_main, history));
    *out = history;
    return status;
fail:
    history_close(&history);
    return status;
}

void history_close(History **handle) {
    History *history = *handle;
    HistoryCommand quit = {.kind = HISTORY_QUIT};
    if (!history) return;
    *handle = NULL;
    if (history->thread.running) {
        while (!queue_try_push(&history->commands, &quit)) thread_sleep(0.001);
        thread_join(&history->thread);
    }
    for (Recording *r = history->recordings, *next; r; r = next) {
        next = r->next;
        recording_close(&r);
    }
    kept_list_close(&history->list);
    history_answer_close(&history->run);
    queue_close(&history->commands);
    mutex_destroy(&history->mutex);
    free(history);
}

void history_flush(History *history) {
    HistoryCommand command = {.kind = HISTORY_FLUSH};
    if (!history) return;
    long before = atomic_load(&history->flushed);
    if (!queue_try_push(&history->commands, &command)) return;
    while (atomic_load(&history->flushed) == before) thread_sleep(0.0002);
}

bool history_problem(History *history, char out[STATUS_MESSAGE_MAX]) {
    out[0] = '\0';
    if (!history) return false;
    mutex_lock(&history->mutex);
    memcpy(out, history->problem, sizeof history->problem);
    mutex_unlock(&history->mutex);
    return out[0] != '\0';
}

// ---- asking and changing ------------------------------------------------------------------------

static void history_send(History *history, HistoryCommandKind kind, int64_t id, int number,
                         const char *name) {
    HistoryCommand command = {.kind = kind, .id = id, .number = number};
    if (!history) return;
    if (name) text_copy(command.name, sizeof command.name, name);
    if (!queue_try_push(&history->commands, &command))
        log_write(history->hooks.logger, LOG_WARNING,
                  "the history does not keep up with the disk; try again in a moment");
}

void history_ask_list(History *history) {
    history_send(history, HISTORY_LIST, 0, 0, NULL);
}
void history_ask_run(History *history, int64_t id, KeptWeights which) {
    history_send(history, HISTORY_READ, id, (int)which, NULL);
}
void history_rename(History *history, int64_t id, const char *name) {
    history_send(history, HISTORY_RENAME, id, 0, name);
}
void history_pin(History *history, int64_t id, bool pinned) {
    history_send(history, HISTORY_PIN, id, pinned, NULL);
}
void history_color(History *history, int64_t id, int color) {
    history_send(history, HISTORY_COLOR, id, color, NULL);
}
void history_delete(History *history, int64_t id) {
    history_send(history, HISTORY_DELETE, id, 0, NULL);
}

bool history_take_list(History *history, KeptList *out, Status *status) {
    if (!history) return false;
    mutex_lock(&history->mutex);
    bool got = history->has_list;
    if (got) {
        *out = history->list;
        *status = history->list_status;
        history->list = (KeptList){0};
        history->has_list = false;
    }
    mutex_unlock(&history->mutex);
    return got;
}

bool history_take_run(History *history, HistoryAnswer *out) {
    if (!history) return false;
    mutex_lock(&history->mutex);
    bool got = history->has_run;
    if (got) {
        *out = history->run;
        memset(&history->run, 0, sizeof history->run);
        history->has_run = false;
    }
    mutex_unlock(&history->mutex);
    return got;
}
