// The frame of the command line: a subcommand is one file (cmd_*.c) and one row in cli_commands[];
// its options are a table that parsing, --help and the hints for mistyped names are made from.
// Answers go to standard output, everything else to standard error. Not here: what a subcommand
// does.
#ifndef INKLING_APP_CLI_H
#define INKLING_APP_CLI_H

#include "base/log.h"
#include "base/status.h"

#include <stdatomic.h>
#include <stddef.h>

// Exit statuses: 0 only when everything that was asked for has been done. What a signal stopped
// ends with this and the signal's number, as shells have it: 130 after Ctrl+C.
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_STOPPED = 128 };

typedef struct CliOption {
    const char *name;  // "data": written --data; NULL ends a table
    const char *value; // what stands behind it: "DIR"; NULL: a switch
    const char *help;  // one line
} CliOption;

// One option as it was given, in the order of the command line. A switch has the value "1"; --no-x
// gives x the value "0".
typedef struct CliGiven {
    const char *name, *value;
} CliGiven;

typedef struct CliCommand CliCommand;

// A command line, taken apart. The texts are argv's own.
typedef struct CliArgs {
    const CliCommand *command;
    const char **words; // what is no option
    int word_count;
    CliGiven *given;
    int given_count;
    bool help;
} CliArgs;

struct CliCommand {
    const char *name;                // "train"; "" is the window, which has no word
    const char *words;               // "MODEL FILE...": for the usage line
    const char *summary;             // one line
    const char *details;             // what else a person should know: lines, or NULL
    const CliOption *options;        // its own; ends with a NULL name
    bool train_options;              // takes train_options (train/config.h) too
    int words_min, words_max;        // how many words
    int (*run)(const CliArgs *args); // gives the exit status
};

// Ends with a row whose name is NULL.
extern const CliCommand cli_commands[];
// The row of that name, NULL if there is none.
const CliCommand *cli_command(const char *name);
// The known subcommand, option ... that `word` was most likely meant to be: the closest of names[]
// (NULL-terminated), or NULL when none is close.
const char *cli_closest(const char *word, const char *const *names);

// Takes argv[0..argc) (without program and subcommand) apart. STATUS_USAGE names what is wrong and
// what may have been meant. cli_args_close frees.
Status cli_parse(const CliCommand *command, int argc, char **argv, CliArgs *out);
void cli_args_close(CliArgs *args);

// True when the option belongs to the command's own table, not to train_options.
bool cli_is_own_option(const CliCommand *command, const char *name);
// The value given last, or NULL.
const char *cli_value(const CliArgs *args, const char *name);
// True for a switch that was given (and not taken back by --no-NAME).
bool cli_switch(const CliArgs *args, const char *name);
// A whole number or a number in low .. high; `fallback` when it was not given.
Status cli_int(const CliArgs *args, const char *name, long long low, long long high,
               long long fallback, long long *out);
Status cli_number(const CliArgs *args, const char *name, double low, double high, double fallback,
                  double *out);

// --help: of one command, and of the program.
void cli_print_help(const CliCommand *command);
void cli_print_overview(void);

// ---- talking -----------------------------------------------------------------------------------

// printf-like, to standard output; errors are remembered by stdio and told by cli_flush.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void cli_print(const char *format, ...);
// Brings standard output to where it goes. STATUS_IO when it is closed or full.
Status cli_flush(void);
// A line on standard error, with a newline.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void cli_say(const char *format, ...);
// "inkling: SENTENCE" on standard error; gives the exit status that goes with the failure.
int cli_fail(const Status *status);
// Messages of the library, to standard error.
const Logger *cli_logger(void);

// A progress line on standard error, rewritten in place: only when that is a terminal.
bool cli_progress_is_shown(void);
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void cli_progress(const char *format, ...);
void cli_progress_clear(void);
// "1:02:03", "0:07": hours only when there are any.
void cli_duration(double seconds, char out[32]);

// ---- being stopped -----------------------------------------------------------------------------

// From now on SIGINT and SIGTERM end the program at once, with a sentence: for what has nothing to
// lose. Files get their names when they are complete, and answers are written line by line.
void cli_stop_at_once(void);
// From now on the first one only sets a flag; a second one ends the program at once.
void cli_stop_catch(void);
bool cli_stop_asked(void);
// That flag, for what looks at one while it works.
const atomic_bool *cli_stop_flag(void);

// ---- what several subcommands share ------------------------------------------------------------

// Options that mean the same everywhere, for the tables.
#define CLI_JSON_OPTION                                                                            \
    { "json", NULL, "one JSON object per line on standard output, nothing else" }
#define CLI_DATA_OPTION                                                                            \
    { "data", "DIR", "where the images are (or \"synthetic\"); default: look around" }
#define CLI_THREADS_OPTION                                                                         \
    { "threads", "N", "threads to compute with; default: one for each processor" }
#define CLI_DEVICE_OPTION                                                                          \
    { "device", "NAME", "what to compute on: cpu, ref or cuda; default: cpu" }

int cmd_window(const CliArgs *args);
int cmd_train(const CliArgs *args);
int cmd_calibrate(const CliArgs *args);
int cmd_eval(const CliArgs *args);
int cmd_predict(const CliArgs *args);
int cmd_info(const CliArgs *args);
int cmd_convert(const CliArgs *args);
int cmd_bench(const CliArgs *args);
int cmd_data(const CliArgs *args);
int cmd_runs(const CliArgs *args);

extern const CliOption train_command_options[], eval_options[], calibrate_options[],
    predict_options[], info_options[], convert_options[], bench_options[], data_options[],
    runs_options[], window_options[];

#endif
