// Measuring tool, not a test: what a race costs.
//   race_tool [THREADS [EPOCHS [LIMIT]]]
// Trains LeNet-5 with four optimizers on the data set that is found, each alone and then all four
// together, through the trainer, with everything that the window has done (snapshots, test set).
// Says the processor seconds of each, of the race, their ratio, and whether the final weights are
// the same bits.
#include "base/thread.h"
#include "dataset/dataset.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RACERS = 4 };
static const char *const rules[RACERS] = {"sgd", "momentum", "rmsprop", "adam"};

static void must(Status status) {
    if (status_is_ok(&status)) return;
    fprintf(stderr, "%s\n", status.message);
    exit(1);
}

// Trains all of them from the first batch to the last; gives the processor seconds it took.
static double train(Trainer *trainer, RunLog **logs, int count) {
    double cpu = clock_cpu_seconds();
    for (int i = 0; i < count; i++) trainer_start(trainer, logs[i]);
    for (int i = 0; i < count; i++)
        while (!run_log_is_over(logs[i])) thread_sleep(0.02);
    return clock_cpu_seconds() - cpu;
}

static const float *weights_of(RunLog *log) {
    mailbox_take(&log->mailbox);
    return ((const RunSnapshot *)mailbox_front(&log->mailbox))->weights;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 2, epochs = argc > 2 ? atoi(argv[2]) : 1;
    int limit = argc > 3 ? atoi(argv[3]) : 0;
    DatasetRequest request = {.threads = threads};
    BackendConfig backend = {"cpu", threads};
    TrainerHooks hooks = {NULL, NULL, NULL};
    Dataset *dataset;
    Trainer *trainer;
    RunLog *alone[RACERS], *together[RACERS];
    double sum = 0;
    must(dataset_open(&dataset, &request, NULL));
    must(trainer_open(dataset, &backend, &hooks, &trainer));
    for (int i = 0; i < RACERS; i++) {
        char line[128];
        TrainConfig config;
        snprintf(line, sizeof line, "preset=lenet5 optimizer=%s epochs=%d limit=%d", rules[i],
                 epochs, limit);
        must(config_parse(line, &config));
        must(run_log_open(&config, dataset, NULL, &alone[i]));
        must(run_log_open(&config, dataset, NULL, &together[i]));
    }
    train(trainer, alone, 1); // threads, caches and pages are warm from here on
    run_log_close(&alone[0]);
    must(run_log_open(&together[0]->config, dataset, NULL, &alone[0]));
    for (int i = 0; i < RACERS; i++) {
        double cpu = train(trainer, &alone[i], 1);
        sum += cpu;
        printf("%-9s %7.2f s\n", rules[i], cpu);
    }
    double race = train(trainer, together, RACERS);
    int same = 0;
    for (int i = 0; i < RACERS; i++)
        same += memcmp(weights_of(alone[i]), weights_of(together[i]),
                       alone[i]->plan->weight_floats * sizeof(float)) == 0;
    printf("alone     %7.2f s\ntogether  %7.2f s, %.3f times that\n", sum, race, race / sum);
    printf("%d of %d end with the same bits\n", same, RACERS);
    trainer_close(&trainer);
    for (int i = 0; i < RACERS; i++) {
        run_log_close(&alone[i]);
        run_log_close(&together[i]);
    }
    dataset_close(&dataset);
    return same == RACERS ? 0 : 1;
}
