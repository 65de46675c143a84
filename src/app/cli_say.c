// What the command line says and where: answers on standard output, whose failures are errors;
// messages and the progress line on standard error, whose failures nobody could be told of.
#include "app/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// What a signal handler may touch; nothing else in the program is changed from outside.
static volatile sig_atomic_t stop_signal;
static atomic_bool stop_asked;

void cli_print(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stdout, format, args);
    va_end(args);
}

Status cli_flush(void) {
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0 || failed)
        return status_error(STATUS_IO, "cannot write to standard output: %s",
                            errno != 0 ? strerror(errno) : "an earlier write failed");
    return status_ok();
}

void cli_say(const char *format, ...) {
    cli_progress_clear();
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int cli_fail(const Status *status) {
    cli_say("inkling: %s", status->message);
    if (status->code == STATUS_CANCELLED && stop_signal != 0) return CLI_STOPPED + stop_signal;
    return status->code == STATUS_USAGE ? CLI_USAGE : CLI_FAILED;
}

static void cli_log(void *context, LogLevel level, const char *message) {
    (void)context;
    static const char *const prefix[] = {
        [LOG_INFO] = "", [LOG_WARNING] = "inkling: ", [LOG_ERROR] = "inkling: "};
    cli_say("%s%s", prefix[level], message);
}

const Logger *cli_logger(void) {
    static const Logger logger = {.write = cli_log};
    return &logger;
}

bool cli_progress_is_shown(void) {
    return isatty(STDERR_FILENO) == 1;
}

void cli_progress(const char *format, ...) {
    if (!cli_progress_is_shown()) return;
    va_list args;
    va_start(args, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    (void)fflush(stderr);
}

void cli_progress_clear(void) {
    if (cli_progress_is_shown()) fputs("\r\033[K", stderr);
}

void cli_duration(double seconds, char out[32]) {
    long long s = seconds > 0 ? (long long)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(out, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%lld:%02lld", s / 60, s % 60);
}

// Not even a line that waits in stdio is written: of what a handler may call, this is all it needs.
static void cli_on_end(int number) {
    static const char tell[] = "\r\033[Kinkling: stopped\n";
    size_t clear = cli_progress_is_shown() ? 0 : 4; // the progress line's end
    ssize_t written = write(STDERR_FILENO, tell + clear, sizeof tell - 1 - clear);
    (void)written; // nobody could be told
    _exit(CLI_STOPPED + number);
}

static void cli_on_stop(int number) {
    if (stop_signal != 0) cli_on_end(number);
    stop_signal = number;
    atomic_store(&stop_asked, true);
}

static void cli_on_signals(void (*handler)(int number)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void cli_stop_at_once(void) {
    cli_on_signals(cli_on_end);
}

void cli_stop_catch(void) {
    cli_on_signals(cli_on_stop);
}

bool cli_stop_asked(void) {
    return atomic_load(&stop_asked);
}

const atomic_bool *cli_stop_flag(void) {
    return &stop_asked;
}
