// The trainer's thread: takes commands, gives each run that is going its turn, posts what came of
// it. It waits for commands only when nothing is going.
#include "train/trainer.h"
#include "base/check.h"
#include "base/tr.h"
#include "train/trainer_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TRAINER_COMMANDS_MAX = 256 };
static const double WAKE_SECONDS = 1.0 / 60;
static const double TURN_SECONDS = 0.01; // of one run, before the next has its turn

typedef enum CommandKind {
    COMMAND_START,
    COMMAND_START_STEP, // in one command: between two the run could train on
    COMMAND_PAUSE,
    COMMAND_RESUME,
    COMMAND_STEP,
    COMMAND_STOP,
    COMMAND_SNAPSHOT,
    COMMAND_SET_LR,
    COMMAND_SET_AUGMENT,
    COMMAND_QUIT,
} CommandKind;

typedef struct Command {
    CommandKind kind;
    RunLog *log;
    double number; // STEP, START_STEP: not 0 if it is to be told
} Command;

void trainer_wake(Trainer *trainer, bool now) {
    double clock = clock_seconds();
    trainer->news = true;
    if (!now && clock - trainer->woke_at < WAKE_SECONDS) return;
    trainer->woke_at = clock;
    trainer->news = false;
    if (trainer->hooks.wake) trainer->hooks.wake(trainer->hooks.context);
}

static void trainer_set_state(Trainer *trainer, Entry *entry, RunState state) {
    atomic_store(&entry->log->state, state);
    trainer_wake(trainer, true);
}

// ---- runs --------------------------------------------------------------------------------------

static Entry *trainer_find(Trainer *trainer, const RunLog *log) {
    for (int i = 0; i < trainer->count; i++)
        if (trainer->entries[i].log == log) return &trainer->entries[i];
    return NULL;
}

// Lets go of a run: the last thing that is done with its log is to set its state.
static void trainer_release(Trainer *trainer, Entry *entry, RunState state) {
    RunLog *log = entry->log;
    run_close(&entry->run);
    free(entry->test_class);
    free(entry->test_confidence);
    int index = (int)(entry - trainer->entries);
    trainer->count--;
    for (int i = index; i < trainer->count; i++) trainer->entries[i] = trainer->entries[i + 1];
    if (log->sink.over) log->sink.over(log->sink.context, state, &log->failure);
    atomic_store(&log->state, state);
    trainer_wake(trainer, true);
}

static void trainer_fail(Trainer *trainer, Entry *entry, Status failure) {
    Status device = trainer->be->ops->sync(trainer->be);
    if (!status_is_ok(&device)) atomic_store(&trainer->lost, true);
    entry->log->failure = failure;
    log_write(trainer->hooks.logger, LOG_ERROR, "%s", failure.message);
    trainer_release(trainer, entry, RUN_FAILED);
}

static void trainer_take_on(Trainer *trainer, RunLog *log) {
    Status status = status_ok();
    Entry entry = {.log = log};
    if (trainer->count == TRAINER_RUNS_MAX)
        status =
            status_error(STATUS_USAGE, TR("%d runs are going; stop one first"), TRAINER_RUNS_MAX);
    if (status_is_ok(&status)) {
        entry.test_class = malloc(trainer->dataset->test.n);
        entry.test_confidence = malloc(trainer->dataset->test.n * sizeof(float));
        if (!entry.test_class || !entry.test_confidence)
            status = status_no_memory("a run's test results", trainer->dataset->test.n * 5ull);
    }
    if (status_is_ok(&status))
        status = run_open(&log->config, &trainer->data, log->initial, &entry.run);
    if (!status_is_ok(&status)) {
        free(entry.test_class);
        free(entry.test_confidence);
        log->failure = status;
        log_write(trainer->hooks.logger, LOG_ERROR, "%s", status.message);
        if (log->sink.over) log->sink.over(log->sink.context, RUN_FAILED, &log->failure);
        atomic_store(&log->state, RUN_FAILED);
        trainer_wake(trainer, true);
        return;
    }
    run_set_cancel(entry.run, &trainer->ending);
    trainer->entries[trainer->count++] = entry;
    trainer_set_state(trainer, trainer_find(trainer, log), RUN_TRAINING);
}

// After the last batch of an epoch: the test set, then the epoch's line.
static Status trainer_end_epoch(Trainer *trainer, Entry *entry) {
    EpochRecord record;
    trainer_keep_all(trainer);
    Status status = run_end_epoch(entry->run, &record);
    if (!status_is_ok(&status)) return status;
    status = run_evaluate(entry->run, &entry->evaluated, entry->test_class, entry->test_confidence);
    if (status.code == STATUS_CANCELLED) return status;
    run_note_test(entry->run, entry->evaluated.accuracy);
    entry->evaluated_epoch = record.epoch;
    record.test_loss = entry->evaluated.loss;
    record.test_accuracy = entry->evaluated.accuracy;
    Status kept = feed_append(&entry->log->epochs, &record);
    const RunSink *sink = &entry->log->sink;
    if (sink->epoch) sink->epoch(sink->context, &record);
    if (!status_is_ok(&status)) return status;
    if (!status_is_ok(&kept)) return kept;
    return trainer_snapshot(trainer, entry, true);
}

// One batch that is written down. Without the memory for that it is an ordinary one.
static Status trainer_tell_batch(Trainer *trainer, Entry *entry, BatchRecord *record) {
    Status status = run_step_told(entry->run, record, mailbox_back(&entry->log->told));
    if (status.code != STATUS_MEMORY) {
        mailbox_post(&entry->log->told);
        return status;
    }
    log_write(trainer->hooks.logger, LOG_ERROR, "%s", status.message);
    return run_step(entry->run, record);
}

int trainer_going(const Trainer *trainer) {
    int count = 0;
    for (int i = 0; i < trainer->count; i++)
        count += atomic_load(&trainer->entries[i].log->state) == RUN_TRAINING;
    return count;
}

// Some batches, as many as fit into `seconds` but at least one, and what follows from them; or one
// that is told. False when the run is over and its entry gone.
static bool trainer_advance(Trainer *trainer, Entry *entry, double seconds, bool told) {
    BatchRecord records[RUN_STEPS_MAX];
    int done;
    Status status = told ? trainer_tell_batch(trainer, entry, records)
                         : run_steps(entry->run, seconds, records, &done);
    if (told) done = run_has_trained(&status);
    const RunSink *sink = &entry->log->sink;
    for (int i = 0; i < done; i++) {
        Status kept = feed_append(&entry->log->steps, &records[i]);
        if (sink->step) sink->step(sink->context, &records[i]);
        if (status_is_ok(&status)) status = kept;
    }
    if (status_is_ok(&status) && run_at_epoch_end(entry->run))
        status = trainer_end_epoch(trainer, entry);
    else if (status_is_ok(&status) && trainer_snapshot_is_due(trainer, entry))
        status = trainer_snapshot(trainer, entry, false);
    else if (status_is_ok(&status) && sink->wants && sink->wants(sink->context))
        trainer_keep(trainer, entry, false);
    if (status.code == STATUS_CANCELLED) return true; // the trainer ends, and this run with it
    if (!status_is_ok(&status)) {
        trainer_fail(trainer, entry, status);
        return false;
    }
    if (run_finished(entry->run)) {
        trainer_release(trainer, entry, RUN_FINISHED);
        return false;
    }
    trainer_wake(trainer, false);
    return true;
}

// ---- commands ----------------------------------------------------------------------------------

static void trainer_single_step(Trainer *trainer, Entry *entry, bool told) {
    if (atomic_load(&trainer->ending) || !trainer_advance(trainer, entry, 0, told)) return;
    if (atomic_load(&trainer->ending)) return; // perhaps in the middle of an evaluation
    Status status = trainer_snapshot(trainer, entry, true); // a step is for looking at
    if (!status_is_ok(&status))
        trainer_fail(trainer, entry, status);
    else
        trainer_set_state(trainer, entry, RUN_PAUSED);
}

static void trainer_look(Trainer *trainer, Entry *entry) {
    Status status = trainer_snapshot(trainer, entry, false);
    if (!status_is_ok(&status)) trainer_fail(trainer, entry, status);
}

static void trainer_stop_run(Trainer *trainer, Entry *entry) {
    entry->ending = true;
    Status status = trainer_snapshot(trainer, entry, true);
    if (status_is_ok(&status))
        trainer_release(trainer, entry, RUN_STOPPED);
    else
        trainer_fail(trainer, entry, status);
}

// False: quit.
static bool trainer_obey(Trainer *trainer, const Command *command) {
    if (command->kind == COMMAND_QUIT) return false;
    if (command->kind == COMMAND_START) {
        trainer_take_on(trainer, command->log);
        return true;
    }
    if (command->kind == COMMAND_START_STEP) trainer_take_on(trainer, command->log);
    Entry *entry = trainer_find(trainer, command->log);
    if (!entry) return true; // it ended while the command was on its way
    switch (command->kind) {
    case COMMAND_PAUSE:
        trainer_set_state(trainer, entry, RUN_PAUSED);
        break;
    case COMMAND_RESUME:
        trainer_set_state(trainer, entry, RUN_TRAINING);
        break;
    case COMMAND_START_STEP:
    case COMMAND_STEP:
        trainer_single_step(trainer, entry, command->number != 0);
        break;
    case COMMAND_STOP:
        trainer_stop_run(trainer, entry);
        break;
    case COMMAND_SNAPSHOT:
        trainer_look(trainer, entry);
        break;
    case COMMAND_SET_LR:
        run_set_lr(entry->run, command->number);
        break;
    case COMMAND_SET_AUGMENT:
        run_set_augment(entry->run, (int)command->number);
        break;
    case COMMAND_START:
    case COMMAND_QUIT:
        break;
    }
    return true;
}

// Each run that is going gets about TURN_SECONDS.
static void trainer_turns(Trainer *trainer) {
    for (int i = 0; i < trainer->count;) {
        RunLog *log = trainer->entries[i].log;
        bool there = true;
        double until = clock_seconds() + TURN_SECONDS;
        while (there && atomic_load(&log->state) == RUN_TRAINING) {
            if (atomic_load(&trainer->ending)) return;
            there = trainer_advance(trainer, &trainer->entries[i], TURN_SECONDS, false);
            if (clock_seconds() >= until) break;
        }
        if (there) i++;
    }
}

static void trainer_main(void *context) {
    Trainer *trainer = context;
    Command command;
    for (;;) {
        bool ending = atomic_load(&trainer->ending);
        bool working = ending || trainer_going(trainer) > 0;
        if (!working && trainer->news) trainer_wake(trainer, true);
        bool got = working ? queue_try_pop(&trainer->commands, &command)
                           : queue_pop_wait(&trainer->commands, &command, 3600);
        if (got ? !trainer_obey(trainer, &command) : ending) break;
        if (!got) trainer_turns(trainer);
    }
    while (trainer->count > 0) trainer_stop_run(trainer, &trainer->entries[0]);
}

// ---- from outside ------------------------------------------------------------------------------

Status trainer_open(const Dataset *dataset, const BackendConfig *backend, const TrainerHooks *hooks,
                    Trainer **out) {
    Trainer *trainer = calloc(1, sizeof *trainer);
    Status status;
    *out = NULL;
    if (!trainer) return status_no_memory("the trainer", sizeof *trainer);
    trainer->dataset = dataset;
    trainer->hooks = *hooks;
    TRY(queue_open(&trainer->commands, sizeof(Command), TRAINER_COMMANDS_MAX));
    TRY(backend_open(backend, &trainer->be));
    trainer->be->ops->describe(trainer->be, trainer->description, sizeof trainer->description);
    TRY(device_data_open(trainer->be, dataset, &trainer->data));
    TRY(thread_start(&trainer->thread, "trainer", trainer_main, trainer));
    *out = trainer;
    return status;
fail:
    trainer_close(&trainer);
    return status;
}

static bool trainer_send(Trainer *trainer, CommandKind kind, RunLog *log, double number) {
    Command command = {kind, log, number};
    return queue_try_push(&trainer->commands, &command);
}

void trainer_end(Trainer *trainer) {
    atomic_store(&trainer->ending, true);
    trainer_send(trainer, COMMAND_QUIT, NULL, 0); // wakes it; when the queue is full, it is awake
}

void trainer_close(Trainer **handle) {
    Trainer *trainer = *handle;
    if (!trainer) return;
    *handle = NULL;
    if (trainer->thread.running) {
        trainer_end(trainer);
        thread_join(&trainer->thread);
    }
    device_data_close(&trainer->data);
    if (trainer->be) backend_close(&trainer->be);
    queue_close(&trainer->commands);
    free(trainer);
}

bool trainer_is_lost(const Trainer *trainer) {
    return atomic_load(&trainer->lost);
}

const char *trainer_describe(const Trainer *trainer) {
    return trainer->description;
}
bool trainer_start(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_START, log, 0);
}
bool trainer_start_step(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_START_STEP, log, 0);
}
bool trainer_pause(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_PAUSE, log, 0);
}
bool trainer_resume(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_RESUME, log, 0);
}
bool trainer_step(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_STEP, log, 0);
}
bool trainer_start_step_told(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_START_STEP, log, 1);
}
bool trainer_step_told(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_STEP, log, 1);
}
bool trainer_snapshot_now(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_SNAPSHOT, log, 0);
}
bool trainer_stop(Trainer *trainer, RunLog *log) {
    return trainer_send(trainer, COMMAND_STOP, log, 0);
}
bool trainer_set_lr(Trainer *trainer, RunLog *log, double lr) {
    return trainer_send(trainer, COMMAND_SET_LR, log, lr);
}
bool trainer_set_augment(Trainer *trainer, RunLog *log, int augment) {
    return trainer_send(trainer, COMMAND_SET_AUGMENT, log, augment);
}
