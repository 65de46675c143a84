// The subcommands: one row each. To add one: a file cmd_NAME.c with its table of options and its
// function, declared in cli.h, and a row here.
#include "app/cli.h"

#include <limits.h>

const CliCommand cli_commands[] = {
    {.name = "",
     .words = "[MODEL]",
     .summary = "Opens the window: draw, recognise, train, compare.",
     .options = window_options,
     .words_max = 1,
     .run = cmd_window},
    {.name = "train",
     .words = "",
     .summary = "Trains a network.",
     .details =
         "After each epoch a line tells how it went; with --json it is\n"
         "  {\"epoch\":1,\"train_loss\":0.21,\"train_accuracy\":0.936,\"test_loss\":0.09,"
         "\"test_accuracy\":0.972,\n   \"lr\":0.001,\"seconds\":1.3,"
         "\"images_per_second\":46000}\n"
         "where seconds is the training pass alone. Ctrl+C ends it after the batch at hand, a\n"
         "second one at once; what has been trained is saved. The run with its weights is\n"
         "kept in the history (inkling runs list), unless --forget is given.",
     .options = train_command_options,
     .train_options = true,
     .run = cmd_train},
    {.name = "eval",
     .words = "MODEL",
     .summary = "Loss and accuracy of a model on the test images.",
     .options = eval_options,
     .words_min = 1,
     .words_max = 1,
     .run = cmd_eval},
    {.name = "predict",
     .words = "MODEL FILE...",
     .summary = "What a model answers for pictures, IDX images or pen strokes.",
     .details =
         "FILE: a PNG or JPEG picture of one digit, an IDX file of images (plain or gzip),\n"
         "or a .jsonl of pen strokes, one {\"label\":5,\"strokes\":[[[x,y],...],...]} a line\n"
         "(\"-\": from standard input). With --json a line is\n"
         "  {\"input\":\"0\",\"digit\":7,\"probability\":0.98,\"probabilities\":[...],"
         "\"logits\":[...],\n   \"unsure\":false,\"label\":7}\n"
         "unsure: what is drawn is no digit that the network knows. With --split it is\n"
         "  {\"input\":\"0\",\"digits\":\"1984\",\"unsure\":false,\"parts\":["
         "{\"digit\":1,\"probability\":0.98,\n   \"unsure\":false,\"box\":[x0,y0,x1,y1],"
         "\"probabilities\":[...]},...],\"label\":\"1984\"}\n"
         "where boxes are shares of the canvas.",
     .options = predict_options,
     .words_min = 2,
     .words_max = INT_MAX,
     .run = cmd_predict},
    {.name = "calibrate",
     .words = "MODEL",
     .summary = "Finds how sure a model may be, and below what it is unsure.",
     .details =
         "By digits that MODEL was not trained on: the training images behind those that its\n"
         "settings name (mnist@55000 leaves 5,000), or from --from N on. Sets the temperature\n"
         "of its probabilities and the threshold below which an answer counts as none, such\n"
         "that at most --refuse percent of the digits are refused. Never looks at test images.",
     .options = calibrate_options,
     .words_min = 1,
     .words_max = 1,
     .run = cmd_calibrate},
    {.name = "info",
     .words = "MODEL",
     .summary = "What is in a model file: layers, shapes, parameters, where it came from.",
     .options = info_options,
     .words_min = 1,
     .words_max = 1,
     .run = cmd_info},
    {.name = "convert",
     .words = "MODEL OUT",
     .summary = "Writes a model in another format, by the ending of OUT.",
     .options = convert_options,
     .words_min = 2,
     .words_max = 2,
     .run = cmd_convert},
    {.name = "bench",
     .words = "",
     .summary = "Seconds per epoch of each preset, and the share of this machine's rate.",
     .options = bench_options,
     .run = cmd_bench},
    {.name = "data",
     .words = "list | fetch mnist",
     .summary = "Shows which images are found, or downloads MNIST.",
     .options = data_options,
     .words_min = 1,
     .words_max = 2,
     .run = cmd_data},
    {.name = "runs",
     .words = "list [WORD...] | show ID | rename ID NAME | delete ID... | export ID OUT",
     .summary = "The runs that were trained here: every one is kept.",
     .details =
         "list: pinned ones, then the newest; with words only those that have all of them in\n"
         "name, network, data, settings or state. show: one with its epochs; its \"epoch_list\" "
         "in\n"
         "JSON is what train --json gave. export: OUT as a model (.safetensors, .pth, .onnx) has\n"
         "its weights, as .csv or .json its figures, as a name without ending a directory for\n"
         "TensorBoard. Runs lie in the history directory of the user's data\n"
         "($XDG_DATA_HOME/inkling or ~/.local/share/inkling); train --forget keeps none.",
     .options = runs_options,
     .words_min = 1,
     .words_max = INT_MAX,
     .run = cmd_runs},
    {.name = NULL},
};
