// Where the program starts: picks the subcommand, or the window when there is none. Everything else
// is in the subcommand's file.
#include "app/cli.h"

#include "base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A descriptor that is closed when the program starts would be given to the first file it opens,
// and answers would end up in a model file. Its place is taken by something that cannot be written
// to (or read from, for standard input).
static void main_guard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1) {
            int opened = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
            if (opened != fd && opened >= 0) close(opened);
        }
}

static int main_run(const CliCommand *command, int argc, char **argv) {
    CliArgs args;
    Status status = cli_parse(command, argc, argv, &args);
    if (!status_is_ok(&status)) return cli_fail(&status);
    int result = CLI_DONE;
    if (command->name[0] != '\0') cli_stop_at_once(); // the window is ended as every other is
    if (args.help)
        cli_print_help(command);
    else
        result = command->run(&args);
    cli_args_close(&args);
    return result;
}

// The first word is no subcommand: a model file for the window, or a mistake.
static bool main_is_mistyped(const char *word, Status *out) {
    if (word[0] == '-' || file_exists(word) || strpbrk(word, "./") != NULL) return false;
    enum { NAMES_MAX = 32 };
    const char *names[NAMES_MAX + 1];
    int count = 0;
    for (const CliCommand *c = cli_commands; c->name != NULL && count < NAMES_MAX; c++)
        if (c->name[0] != '\0') names[count++] = c->name;
    names[count] = NULL;
    const char *closest = cli_closest(word, names);
    if (closest != NULL)
        *out = status_error(STATUS_USAGE,
                            "no subcommand \"%s\", nor a file of that name; did you "
                            "mean \"%s\"?",
                            word, closest);
    else
        *out = status_error(STATUS_USAGE,
                            "no subcommand \"%s\", nor a file of that name; "
                            "inkling --help lists what there is",
                            word);
    return true;
}

static int main_dispatch(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        const CliCommand *about = argc > 2 ? cli_command(argv[2]) : NULL;
        if (about != NULL)
            cli_print_help(about);
        else
            cli_print_overview();
        return CLI_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        cli_print("inkling %s\n", INKLING_VERSION);
        return CLI_DONE;
    }
    const CliCommand *command = word[0] != '\0' ? cli_command(word) : NULL;
    if (command != NULL) return main_run(command, argc - 2, argv + 2);
    Status status;
    if (argc > 1 && main_is_mistyped(word, &status)) return cli_fail(&status);
    return main_run(cli_command(""), argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    main_guard_descriptors();
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); // whoever reads on, or stops this, has whole lines
    signal(SIGPIPE, SIG_IGN); // a reader that went away is a failed write, told like any other
    signal(SIGXFSZ, SIG_IGN); // so is a file that has grown as large as is allowed (ulimit -f)
    int result = main_dispatch(argc, argv);
    Status status = cli_flush();
    if (!status_is_ok(&status) && result == CLI_DONE) result = cli_fail(&status);
    return result;
}
