// `inkling runs`: the history of runs from the command line. What is kept and how: history/store.h.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "base/text.h"
#include "history/compare.h"
#include "history/history.h"
#include "train/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const CliOption runs_options[] = {
    {"weights", "last|best", "export: which weights [best, where there are]"},
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

// ---- words --------------------------------------------------------------------------------------

static void runs_date(char out[32], double when) {
    time_t seconds = (time_t)when;
    struct tm local;
    if (!localtime_r(&seconds, &local) || !strftime(out, 32, "%Y-%m-%d %H:%M", &local))
        out[0] = '\0';
}

static Status runs_id(const CliArgs *args, int index, int64_t *out) {
    long long id;
    *out = 0;
    if (index >= args->word_count)
        return status_error(STATUS_USAGE, "runs %s needs the number of a run, as in \"runs list\"",
                            args->words[0]);
    if (!text_to_int(args->words[index], &id) || id < 1)
        return status_error(STATUS_USAGE, "\"%.60s\" is no number of a run; \"runs list\" has them",
                            args->words[index]);
    *out = id;
    return status_ok();
}

static void runs_json(JsonNode node, const KeptRun *run) {
    json_int(node, "id", run->id);
    json_text(node, "name", run->name);
    json_int(node, "color", run->color);
    json_bool(node, "pinned", run->pinned);
    json_text(node, "state", kept_state_names[run->state]);
    if (run->state == KEPT_FAILED) json_text(node, "failure", run->failure);
    json_text(node, "network", run->network);
    json_text(node, "data", run->data);
    json_text(node, "settings", run->settings);
    json_number(node, "started", run->started);
    json_number(node, "seconds", run->seconds);
    json_int(node, "steps", run->steps);
    json_int(node, "epochs", run->epoch);
    json_int(node, "epochs_asked", run->epochs_asked);
    json_number(node, "loss", run->loss);
    if (run->best_epoch > 0) {
        json_number(node, "test_accuracy", run->test_accuracy);
        json_number(node, "best_accuracy", run->best_accuracy);
        json_int(node, "best_epoch", run->best_epoch);
    }
    JsonNode weights = json_list(node, "weights");
    for (int i = 0; i < KEPT_WEIGHTS_COUNT; i++)
        if (run->has[i]) json_list_text(weights, kept_weights_names[i]);
}

// ---- list ---------------------------------------------------------------------------------------

static void runs_print(const KeptRun *run) {
    char date[32], best[16] = "", loss[16], took[32], name[21], network[17];
    runs_date(date, run->started);
    cli_duration(run->seconds, took);
    snprintf(loss, sizeof loss, "%.4g", run->loss);
    if (run->best_epoch > 0) snprintf(best, sizeof best, "%.2f", 100 * run->best_accuracy);
    text_copy(name, sizeof name, run->name); // never in the middle of a character
    text_copy(network, sizeof network, run->network);
    cli_print("%5lld%c %-20s  %-16s  %6s  %8s  %4d/%-4d  %8s  %s  %s\n", (long long)run->id,
              run->pinned ? '*' : ' ', name, network, best, loss, run->epoch, run->epochs_asked,
              took, date, kept_state_names[run->state]);
}

static Status runs_list(const CliArgs *args, Store *store) {
    KeptList list;
    char search[1024] = "";
    bool json = cli_switch(args, "json");
    size_t shown = 0, used = 0;
    for (int i = 1; i < args->word_count && used < sizeof search; i++)
        used += (size_t)snprintf(search + used, sizeof search - used, "%s ", args->words[i]);
    Status status = store_list(store, &list);
    if (!status_is_ok(&status)) return status;
    for (size_t i = 0; status_is_ok(&status) && i < list.count; i++) {
        const KeptRun *run = &list.run[i];
        if (!kept_run_matches(run, search)) continue;
        if (json) {
            JsonLine line = {0};
            runs_json(json_root(&line), run);
            status = json_print(&line);
        } else {
            if (shown == 0)
                cli_print("   id  name                  network           best %%      loss  "
                          "  epochs      time  begun             state\n");
            runs_print(run);
        }
        shown++;
    }
    cli_say("%zu of %zu runs, %.1f MB in %s", shown, list.count, (double)list.bytes / 1e6,
            store_directory(store));
    kept_list_close(&list);
    return status;
}

// ---- show ---------------------------------------------------------------------------------------

static void runs_print_record(const KeptRecord *record) {
    const KeptRun *run = &record->run;
    char date[32], took[32];
    runs_date(date, run->started);
    cli_duration(run->seconds, took);
    cli_print("run %lld: %s, %s%s%s\n", (long long)run->id, run->name, kept_state_names[run->state],
              run->failure[0] ? ": " : "", run->failure);
    cli_print("  begun        %s, %s of training\n", date, took);
    cli_print("  machine      %s\n", run->machine);
    cli_print("  network      %s: %s; %lld parameters\n", run->network, run->layers,
              run->parameters);
    cli_print("  data         %s, %lld training and %lld test images\n", run->data,
              run->train_images, run->test_images);
    cli_print("  settings     %s\n", run->settings);
    cli_print("  trained      %lld batches, %d of %d epochs\n", run->steps, run->epoch,
              run->epochs_asked);
    cli_print("  weights      %s%s%s%s\n", run->has[KEPT_LAST] ? "last" : "",
              run->has[KEPT_LAST] && run->has[KEPT_BEST] ? ", " : "",
              run->has[KEPT_BEST] ? "best" : "",
              !run->has[KEPT_LAST] && !run->has[KEPT_BEST] ? "none" : "");
    if (record->epoch_count > 0)
        cli_print("epoch  train loss  train %%  test loss  test %%        lr  seconds\n");
    for (size_t i = 0; i < record->epoch_count; i++) {
        const EpochRecord *e = &record->epochs[i];
        cli_print("%5d  %10.4f  %7.2f  %9.4f  %6.2f  %8.3g  %7.2f%s\n", e->epoch, e->train_loss,
                  100 * e->train_accuracy, e->test_loss, 100 * e->test_accuracy, e->lr, e->seconds,
                  e->epoch == run->best_epoch ? "  best" : "");
    }
}

static Status runs_show(const CliArgs *args, Store *store) {
    KeptRecord record = {0};
    JsonLine line = {0};
    int64_t id;
    Status status;
    TRY(runs_id(args, 1, &id));
    TRY(store_read(store, id, &record));
    if (!cli_switch(args, "json")) {
        runs_print_record(&record);
        goto fail;
    }
    JsonNode root = json_root(&line);
    runs_json(root, &record.run);
    json_text(root, "layers", record.run.layers);
    json_int(root, "parameters", record.run.parameters);
    json_int(root, "train_images", record.run.train_images);
    json_int(root, "test_images", record.run.test_images);
    json_text(root, "machine", record.run.machine);
    json_text(root, "version", record.run.version);
    JsonNode epochs = json_list(root, "epoch_list");
    for (size_t i = 0; i < record.epoch_count; i++)
        cli_json_epoch(json_list_object(epochs), &record.epochs[i]);
    status = json_print(&line);
fail:
    kept_record_close(&record);
    return status;
}

// ---- change -------------------------------------------------------------------------------------

static Status runs_rename(const CliArgs *args, Store *store) {
    int64_t id;
    Status status = runs_id(args, 1, &id);
    if (!status_is_ok(&status)) return status;
    if (args->word_count != 3 || args->words[2][0] == '\0')
        return status_error(STATUS_USAGE, "runs rename needs a number and a name (in quotes when "
                                          "it has blanks)");
    return store_rename(store, id, args->words[2]);
}

static Status runs_delete(const CliArgs *args, Store *store) {
    int64_t id;
    Status status;
    TRY(runs_id(args, 1, &id));
    for (int i = 1; i < args->word_count; i++) TRY(runs_id(args, i, &id)); // all, before any goes
    for (int i = 1; i < args->word_count; i++) {
        TRY(runs_id(args, i, &id));
        TRY(store_delete(store, id));
        cli_say("run %lld is deleted", (long long)id);
    }
fail:
    return status;
}

// ---- export -------------------------------------------------------------------------------------

static Status runs_export_figures(const KeptRecord *record, const char *path) {
    Feed steps = {0}, epochs = {0};
    ReportWriter *write;
    uint32_t images;
    Status status;
    TrainConfig *config = malloc(sizeof *config);
    if (!config) return status_no_memory("settings", sizeof *config);
    TRY(report_writer(path, &write));
    TRY(config_parse(record->run.settings, config));
    TRY(config_check(config, (uint32_t)record->run.train_images, &images));
    TRY(feed_open(&steps, sizeof(BatchRecord)));
    TRY(feed_open(&epochs, sizeof(EpochRecord)));
    for (size_t i = 0; i < record->step_count; i++) TRY(feed_append(&steps, &record->steps[i]));
    for (size_t i = 0; i < record->epoch_count; i++) TRY(feed_append(&epochs, &record->epochs[i]));
    ReportRun run = {.name = record->run.name,
                     .config = config,
                     .batches = record->run.batches,
                     .images = (int)images,
                     .started = record->run.started,
                     .steps = &steps,
                     .epochs = &epochs};
    TRY(write(path, &run, 1));
    cli_say("%zu batches and %zu epochs written to %s", record->step_count, record->epoch_count,
            path);
fail:
    feed_close(&steps);
    feed_close(&epochs);
    free(config);
    return status;
}

static Status runs_export_model(const CliArgs *args, Store *store, const KeptRun *run,
                                const char *path) {
    const char *wanted = cli_value(args, "weights");
    KeptWeights which = run->has[KEPT_BEST] ? KEPT_BEST : KEPT_LAST;
    char from[FILE_PATH_MAX];
    SavedModel *model = NULL;
    Status status;
    if (wanted) {
        which = strcmp(wanted, "best") == 0 ? KEPT_BEST : KEPT_LAST;
        if (strcmp(wanted, kept_weights_names[which]) != 0)
            return status_error(STATUS_USAGE, "--weights must be last or best, not \"%.60s\"",
                                wanted);
    }
    if (!run->has[which] || !store_weights_path(store, run->id, which, from))
        return status_error(STATUS_NOT_FOUND, "run %lld has no %s weights", (long long)run->id,
                            kept_weights_names[which]);
    TRY(cli_check_model_path("export", path));
    TRY(format_read(from, &model));
    TRY(cli_write_model(path, model));
    cli_say("the %s weights of run %lld written to %s", kept_weights_names[which],
            (long long)run->id, path);
fail:
    saved_model_close(&model);
    return status;
}

static Status runs_export(const CliArgs *args, Store *store) {
    KeptRecord record = {0};
    int64_t id;
    Status status;
    TRY(runs_id(args, 1, &id));
    if (args->word_count != 3)
        TRY(status_error(STATUS_USAGE, "runs export needs a number and a file to write"));
    TRY(store_read(store, id, &record));
    if (cli_format_of(args->words[2]) != NULL)
        status = runs_export_model(args, store, &record.run, args->words[2]);
    else
        status = runs_export_figures(&record, args->words[2]);
fail:
    kept_record_close(&record);
    return status;
}

// ---- which --------------------------------------------------------------------------------------

int cmd_runs(const CliArgs *args) {
    static const struct {
        const char *word;
        int words_max; // 0: any number
        Status (*run)(const CliArgs *args, Store *store);
    } words[] = {{"list", 0, runs_list},
                 {"show", 2, runs_show},
                 {"rename", 3, runs_rename},
                 {"delete", 0, runs_delete},
                 {"export", 3, runs_export}};
    enum { WORDS = sizeof words / sizeof words[0] };
    char directory[FILE_PATH_MAX];
    Store *store = NULL;
    Status status;
    int at = 0;
    while (at < WORDS && strcmp(args->words[0], words[at].word) != 0) at++;
    if (at == WORDS)
        TRY(status_error(STATUS_USAGE,
                         "runs has no \"%.60s\"; it has list, show, rename, delete and export",
                         args->words[0]));
    if (words[at].words_max > 0 && args->word_count > words[at].words_max)
        TRY(status_error(STATUS_USAGE, "\"%.60s\" is one word too many",
                         args->words[words[at].words_max]));
    if (!history_user_directory(directory))
        TRY(status_error(STATUS_NOT_FOUND,
                         "there is no home directory, and so no history of runs"));
    TRY(store_open(directory, &store));
    status = words[at].run(args, store);
fail:
    store_close(&store);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
