// Races without a window, for test_kill.py. Not a test by itself.
//   race_kill_tool DIRECTORY NAME
// Three optimizers race on digits drawn by the program, race after race without end, each run kept
// in the history there as "NAME RACE RUN". Prints "RACE RUN STEPS" whenever a run has come further.
#include "base/thread.h"
#include "dataset/dataset.h"
#include "history/history.h"

#include <stdio.h>
#include <stdlib.h>

enum { RACERS = 3, IMAGES = 1500, TEST_IMAGES = 200 };
static const char *const rules[RACERS] = {"sgd", "momentum", "adam"};

static void say(void *context, LogLevel level, const char *text) {
    (void)context;
    (void)level;
    fprintf(stderr, "%s\n", text);
}

static Status start(Trainer *trainer, History *history, const Dataset *dataset, const char *name,
                    const char *rule, RunLog **out) {
    char line[160];
    TrainConfig config;
    Status status;
    snprintf(line, sizeof line,
             "layers=\"conv 4 k5, relu, maxpool 4, dense 10\" batch-size=25 epochs=2 optimizer=%s",
             rule);
    TRY(config_parse(line, &config));
    TRY(run_log_open(&config, dataset, NULL, out));
    HistoryAbout about = {.name = name,
                          .color = -1,
                          .config = &config,
                          .spec = &(*out)->spec,
                          .batches = (*out)->batches,
                          .dataset = dataset,
                          .backend = "test"};
    (*out)->sink = recording_sink(history_begin(history, &about));
    if (!trainer_start(trainer, *out)) status = status_error(STATUS_IO, "cannot start a run");
fail:
    return status;
}

static Status race(Trainer *trainer, History *history, const Dataset *dataset, const char *name,
                   int number) {
    RunLog *log[RACERS] = {NULL};
    size_t said[RACERS] = {0};
    bool over = false;
    Status status = status_ok();
    for (int i = 0; i < RACERS; i++) {
        char whole[KEPT_NAME_MAX];
        snprintf(whole, sizeof whole, "%.40s %d %d", name, number, i);
        TRY(start(trainer, history, dataset, whole, rules[i], &log[i]));
    }
    while (!over) {
        over = true;
        for (int i = 0; i < RACERS; i++) {
            bool ended = run_log_is_over(log[i]); // asked first: nothing comes after it
            size_t steps = feed_count(&log[i]->steps);
            over = over && ended;
            if (steps != said[i]) printf("%d %d %zu\n", number, i, steps);
            said[i] = steps;
        }
        fflush(stdout);
        thread_sleep(0.005);
    }
    for (int i = 0; i < RACERS; i++) run_log_close(&log[i]);
fail:
    return status;
}

int main(int count, char **arguments) {
    Logger logger = {say, NULL};
    TrainerHooks hooks = {NULL, NULL, &logger};
    HistoryHooks keeps = {.logger = &logger};
    BackendConfig backend = {"cpu", 1};
    Dataset *dataset = NULL;
    Trainer *trainer = NULL;
    History *history = NULL;
    Status status;
    if (count < 3) return 2;
    TRY(dataset_open_synthetic(&dataset, 1, IMAGES, TEST_IMAGES, 1));
    TRY(trainer_open(dataset, &backend, &hooks, &trainer));
    TRY(history_open(arguments[1], &keeps, &history));
    for (int number = 0; status_is_ok(&status); number++)
        status = race(trainer, history, dataset, arguments[2], number);
fail: // only what goes wrong ends it
    fprintf(stderr, "%s\n", status.message);
    return 1;
}
