/* The command line: finding the command, parsing its options, printing help and errors. */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel.h"
#include "base/text.h"
#include "base/version.h"
#include "io/file.h"
#include "spice/worker.h"
#include "spice/worker_process.h"

extern const struct command command_calibrate, command_check, command_compare, command_device,
    command_explain, command_program, command_info, command_init, command_merge, command_netlist,
    command_report, command_run, command_solve, command_train;

const struct command *const command_list[] = {
    &command_init,    &command_check,  &command_explain, &command_run,       &command_merge,
    &command_report,  &command_info,   &command_train,   &command_solve,     &command_netlist,
    &command_compare, &command_device, &command_program, &command_calibrate, NULL,
};

/* --- signals: the one mutable global of the program --- */

static volatile sig_atomic_t stop_requested;

static void on_signal(int number)
{
    if (stop_requested)
        _exit(RS_STOPPED);
    stop_requested = number;
}

bool command_should_stop(void *unused)
{
    (void)unused;
    return stop_requested != 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* writing past a limit or into a closed pipe is an error, not a death */
    sigaction(SIGXFSZ, &action, NULL);
    sigaction(SIGPIPE, &action, NULL);
}

/* --- options of all commands --- */

enum common_option {
    COMMON_HELP,
    COMMON_VERSION,
    COMMON_OUTPUT,
    COMMON_QUIET,
    COMMON_VERBOSE,
    COMMON_THREADS,
    COMMON_SEED,
    COMMON_KERNEL,
    COMMON_SET,
    COMMON_JSON,
    COMMON_PROGRESS,
    N_COMMON
};

struct common {
    struct command_option option;
    char letter;
};

static const struct common commons[N_COMMON] = {
    [COMMON_HELP] = {{"help", NULL, "this text"}, 'h'},
    [COMMON_VERSION] = {{"version", NULL, "program version"}, 0},
    [COMMON_OUTPUT] = {{"output", "FILE", "where the result goes"}, 'o'},
    [COMMON_QUIET] = {{"quiet", NULL, "only errors"}, 'q'},
    [COMMON_VERBOSE] = {{"verbose", NULL, "more of what is done"}, 'v'},
    [COMMON_THREADS] = {{"threads", "N", "threads; numbers do not depend on them (default: all cores)"}, 'j'},
    [COMMON_SEED] = {{"seed", "S", "seed of every random draw (--set monte_carlo.seed=S)"}, 0},
    [COMMON_KERNEL] = {{"kernel", "NAME",
                        "numerical kernel: avx512, avx2 or baseline (default: the first that runs here)"},
                       0},
    [COMMON_SET] = {{"set", "KEY=VALUE", "overrides one key of the configuration; repeatable"}, 0},
    [COMMON_JSON] = {{"json", NULL, "summary as one JSON object on standard output"}, 0},
    [COMMON_PROGRESS] = {{"progress", "HOW", "auto, always, never or json"}, 0},
};

static void print_option(const struct command_option *option, char letter)
{
    char left[64];
    snprintf(left, sizeof left, "%c%c%s--%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
             letter ? ", " : "  ", option->name, option->value ? " " : "",
             option->value ? option->value : "");
    printf("  %-28s %s\n", left, option->help);
}

static void print_help(const struct command *command)
{
    printf("usage: rescore %s%s%s [options]\n%s\n\noptions:\n", command->name,
           command->arguments[0] ? " " : "", command->arguments, command->summary);
    for (const struct command_option *option = command->options; option->name != NULL; option++)
        print_option(option, 0);
    for (int i = 0; i < N_COMMON; i++)
        print_option(&commons[i].option, commons[i].letter);
    printf("\nexample:\n  %s\n", command->example);
}

static void print_overview(FILE *out)
{
    fprintf(out, "usage: rescore COMMAND [options]\n"
                 "Circuit-level simulation of analog ReRAM crossbars that decide which attention scores are "
                 "computed.\n\n"
                 "commands:\n");
    for (const struct command *const *command = command_list; *command != NULL; command++)
        fprintf(out, "  %-10s %s\n", (*command)->name, (*command)->summary);
    fprintf(out, "\n'rescore COMMAND --help' says more. Example:\n"
                 "  rescore init demo.yaml && rescore run demo.yaml -o demo.h5 && rescore report demo.h5 -o "
                 "demo.html\n\n"
                 "exit status:\n");
#define PRINT_STATUS(name, code, meaning) fprintf(out, "  %2d  %s\n", code, meaning);
    RS_STATUS_LIST(PRINT_STATUS)
#undef PRINT_STATUS
}

/* --- parsing --- */

static int usage_error(const struct command *command, const char *format, const char *what)
{
    fprintf(stderr, "rescore %s: ", command->name);
    fprintf(stderr, format, what);
    fprintf(stderr, "; 'rescore %s --help' shows the options\n", command->name);
    return RS_USAGE;
}

static int add_set(const struct command *command, struct command_line *line, const char *prefix,
                   const char *text)
{
    if (line->n_sets == COMMAND_SETS_MAX)
        return usage_error(command, "more than 256 values set%s", "");
    size_t size = strlen(prefix) + strlen(text) + 1;
    char *set = malloc(size);
    if (set == NULL)
        return RS_INTERNAL;
    snprintf(set, size, "%s%s", prefix, text);
    line->sets[line->n_sets++] = set;
    return RS_OK;
}

static int set_threads(const struct command *command, struct command_line *line, const char *text)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*end != '\0' || errno != 0 || n < 1 || n > 4096)
        return usage_error(command, "-j '%s' found, a number of threads from 1 to 4096 expected", text);
    line->n_threads = (int)n;
    return RS_OK;
}

static int set_progress(const struct command *command, struct command_line *line, const char *text)
{
    static const char *const names[] = {"auto", "always", "never", "json"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], text) == 0) {
            line->progress = (enum command_progress)i;
            return RS_OK;
        }
    return usage_error(command, "--progress '%s' found, auto, always, never or json expected", text);
}

static int take_seed(const struct command *command, struct command_line *line, const char *text)
{
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 15)
        return usage_error(command, "--seed '%s' found, a whole number from 0 to 10^15 - 1 expected", text);
    line->seed = text;
    return add_set(command, line, "monte_carlo.seed=", text);
}

/* Started processes inherit it; no thread runs yet. */
static int set_kernel(const struct command *command, const char *name)
{
    enum kernel kernel;
    if (!kernel_find(name, &kernel))
        return usage_error(command,
                           "--kernel '%s' found, avx512, avx2 or baseline expected, if this "
                           "processor has it",
                           name);
    return setenv(KERNEL_VARIABLE, name, 1) == 0 ? RS_OK : RS_INTERNAL;
}

/* One common option; `done` ends the program with RS_OK. */
static int take_common(const struct command *command, struct command_line *line, int which, const char *value,
                       bool *done)
{
    switch (which) {
    case COMMON_HELP:
        print_help(command);
        *done = true;
        return RS_OK;
    case COMMON_VERSION:
        printf("rescore %s\n", version_number());
        *done = true;
        return RS_OK;
    case COMMON_OUTPUT:
        line->output = value;
        return RS_OK;
    case COMMON_QUIET:
        line->quiet = true;
        return RS_OK;
    case COMMON_VERBOSE:
        line->verbose = true;
        return RS_OK;
    case COMMON_THREADS:
        return set_threads(command, line, value);
    case COMMON_SEED:
        return take_seed(command, line, value);
    case COMMON_KERNEL:
        return set_kernel(command, value);
    case COMMON_SET:
        return add_set(command, line, "", value);
    case COMMON_JSON:
        line->json = true;
        return RS_OK;
    default:
        return set_progress(command, line, value);
    }
}

/* getopt_long's tables: own options count from 256, common ones from 512. */
static void list_options(const struct command *command, struct option *list, char *letters)
{
    size_t n = 0;
    for (int i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++)
        list[n++] =
            (struct option){command->options[i].name,
                            command->options[i].value ? required_argument : no_argument, NULL, 256 + i};
    *letters++ = '+';
    *letters++ = ':';
    for (int i = 0; i < N_COMMON; i++) {
        int takes = commons[i].option.value ? required_argument : no_argument;
        list[n++] = (struct option){commons[i].option.name, takes, NULL, 512 + i};
        if (commons[i].letter == 0)
            continue;
        *letters++ = commons[i].letter;
        if (takes == required_argument)
            *letters++ = ':';
    }
    *letters = '\0';
    list[n] = (struct option){0};
}

static int letter_index(int letter)
{
    for (int i = 0; i < N_COMMON; i++)
        if (commons[i].letter == letter)
            return i;
    return 0;
}

/* Options and positionals may stand in any order. */
static int parse(const struct command *command, int argc, char **argv, struct command_line *line, bool *done)
{
    struct option list[COMMAND_OPTIONS_MAX + N_COMMON + 1];
    char letters[2 * N_COMMON + 3];
    list_options(command, list, letters);
    opterr = 0;
    optind = 1;
    while (optind < argc) {
        int status = RS_OK, found = getopt_long(argc, argv, letters, list, NULL);
        if (found == -1) {
            if (optind >= argc)
                break;
            if (line->n_positionals == command->n_positionals_max)
                return usage_error(command, "'%s' is one argument too many", argv[optind]);
            line->positionals[line->n_positionals++] = argv[optind++];
            continue;
        }
        if (found == '?')
            return usage_error(command, "unknown option '%s'", argv[optind - 1]);
        if (found == ':')
            return usage_error(command, "option '%s' needs a value", argv[optind - 1]);
        if (found >= 256 && found < 512)
            line->values[found - 256] = optarg != NULL ? optarg : "";
        else
            status =
                take_common(command, line, found >= 512 ? found - 512 : letter_index(found), optarg, done);
        if (status != RS_OK || *done)
            return status;
    }
    if (line->n_positionals < command->n_positionals_min)
        return usage_error(command, "an argument is missing: %s", command->arguments);
    if (command->needs_output && line->output == NULL)
        return usage_error(command, "-o is missing: %s", command->arguments);
    if (command->writes_store && line->output != NULL && strcmp(line->output, "-") == 0)
        return usage_error(command, "-o '%s' found, a file's name expected (HDF5 needs one)", line->output);
    for (size_t i = 0; line->output != NULL && i < line->n_positionals; i++)
        if (file_is_same(line->output, line->positionals[i]))
            return usage_error(command, "-o '%s' found, another file than the input expected", line->output);
    return RS_OK;
}

static const struct command *find_command(const char *name)
{
    for (const struct command *const *command = command_list; *command != NULL; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[32];
    size_t n = 0;
    for (; command_list[n] != NULL; n++)
        names[n] = command_list[n]->name;
    const char *nearest = text_nearest(name, names, n);
    fprintf(stderr, "rescore: unknown command '%s'%s%s%s; 'rescore --help' lists them\n", name,
            nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return RS_USAGE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct command_line line = {.n_threads = omp_get_num_procs()};
    struct rs_error err = {{0}};
    bool done = false;
    int status = parse(command, argc, argv, &line, &done);
    if (status == RS_OK && !done) {
        status = (int)command->run(&line, &err);
        if (err.text[0] != '\0')
            fprintf(stderr, "%s\n", err.text);
        if ((fflush(stdout) != 0 || ferror(stdout)) && status == RS_OK) {
            fprintf(stderr, "rescore: error: cannot write to standard output\n");
            status = RS_IO;
        }
    }
    for (size_t i = 0; i < line.n_sets; i++)
        free(line.sets[i]);
    return status;
}

int command_main(int argc, char **argv)
{
    catch_signals();
    if (argc < 2) {
        print_overview(stderr);
        return RS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return RS_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("rescore %s\ncommit %s\ncompiler %s\n", version_number(), version_commit(),
               version_compiler());
        return RS_OK;
    }
    if (strcmp(argv[1], WORKER_COMMAND) == 0 && argc == 3) /* started by spice/worker.h, not by people */
        return worker_process_main(argv[2]);
    const struct command *command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    return run_command(command, argc - 1, argv + 1);
}
