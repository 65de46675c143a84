// `inkling eval`: loss and accuracy of a model file on the test images.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "train/recognizer.h"
#include "train/statistics.h"

#include <math.h>

const CliOption eval_options[] = {
    CLI_DATA_OPTION, CLI_GUESS_OPTIONS, CLI_THREADS_OPTION, CLI_JSON_OPTION, {NULL, NULL, NULL},
};

enum { EVAL_BATCH = 256 };

static Status eval_tell(const EvalResult *result, bool json) {
    if (!json) {
        Interval sure = statistics_wilson(result->accuracy * result->n, result->n);
        cli_print("%d test images: loss %.4f, accuracy %.2f %% (95 %% interval %.2f to %.2f %%)\n",
                  result->n, fabs(result->loss), 100 * result->accuracy, 100 * sure.low,
                  100 * sure.high); // without the sign that a NaN may have
        if (!isfinite(result->loss))
            cli_say("what the network gives is no number for some of them (NaN or infinity)");
        return status_ok();
    }
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_int(root, "n", result->n);
    json_number(root, "loss", result->loss);
    json_number(root, "accuracy", result->accuracy);
    return json_print(&line);
}

int cmd_eval(const CliArgs *args) {
    Status status;
    SavedModel *model = NULL;
    Dataset *dataset = NULL;
    Recognizer *recognizer = NULL;
    EvalResult result;
    long long threads;
    TRY(cli_int(args, "threads", 0, 256, 0, &threads));
    // The model first: synthetic digits take seconds, and a file that is not there none.
    TRY(cli_open_model(args, &model, NULL));
    TRY(cli_open_data(cli_value(args, "data"), (int)threads, &dataset));
    TRY(recognizer_open(model, (int)threads, EVAL_BATCH, &recognizer));
    TRY(recognizer_evaluate(recognizer, &dataset->test, &result, NULL, NULL));
    TRY(eval_tell(&result, cli_switch(args, "json")));
fail:
    recognizer_close(&recognizer);
    dataset_close(&dataset);
    saved_model_close(&model);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
