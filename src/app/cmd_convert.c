// `inkling convert`: a model file in another format.
#include "app/cli.h"
#include "app/cli_share.h"

const CliOption convert_options[] = {
    {"data", "DIR", "images to find out with what MODEL does not say; default: look around"},
    CLI_GUESS_OPTIONS,
    {NULL, NULL, NULL},
};

int cmd_convert(const CliArgs *args) {
    Status status;
    SavedModel *model = NULL;
    TRY(cli_check_model_path("OUT", args->words[1]));
    TRY(cli_open_model(args, &model, NULL));
    TRY(format_write(args->words[1], model));
    cli_say("wrote %s: %zu parameters", args->words[1], model->plan.parameters);
fail:
    saved_model_close(&model);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
