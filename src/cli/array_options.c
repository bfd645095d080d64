#include "config.h" /* getopt_long */

#include "cli/array_options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum long_option { TOLERANCE = 256, TRANSFER, NODES, SOLVER, JSON, SEED, PROGRESS, HELP };

static const struct option long_options[] = {{"tolerance", required_argument, NULL, TOLERANCE},
                                             {"transfer", no_argument, NULL, TRANSFER},
                                             {"nodes", no_argument, NULL, NODES},
                                             {"solver", required_argument, NULL, SOLVER},
                                             {"json", no_argument, NULL, JSON},
                                             {"seed", required_argument, NULL, SEED},
                                             {"progress", required_argument, NULL, PROGRESS},
                                             {"help", no_argument, NULL, HELP},
                                             {NULL, 0, NULL, 0}};

static unsigned kind_of(int option)
{
    switch (option) {
    case 'o':
        return ARRAY_OPTIONS_OUTPUT;
    case TOLERANCE:
        return ARRAY_OPTIONS_TOLERANCE;
    case TRANSFER:
    case NODES:
    case SOLVER:
        return ARRAY_OPTIONS_SOLUTION;
    default:
        return 0;
    }
}

static bool refuse(const struct array_options_command *command, int *exit_status, const char *what,
                   const char *word)
{
    fprintf(stderr, "rescore %s: error: %s%s%s%s (rescore %s --help)\n", command->name, what,
            word[0] != '\0' ? " '" : "", word, word[0] != '\0' ? "'" : "", command->name);
    *exit_status = RS_USAGE;
    return false;
}

static bool refuse_unknown(const struct array_options_command *command, int *exit_status, const char *word)
{
    const char *names[sizeof long_options / sizeof long_options[0]];
    size_t n = 0;
    for (const struct option *option = long_options; option->name != NULL; option++)
        if ((kind_of(option->val) & ~command->kinds) == 0)
            names[n++] = option->name;
    const char *nearest = strncmp(word, "--", 2) == 0 ? text_nearest(word + 2, names, n) : NULL;
    if (nearest == NULL)
        return refuse(command, exit_status, "unknown option", word);
    fprintf(stderr, "rescore %s: error: unknown option '%s'; did you mean '--%s'?\n", command->name, word,
            nearest);
    *exit_status = RS_USAGE;
    return false;
}

static bool parse_tolerance(const char *text, double *ratio)
{
    char *end;
    *ratio = strtod(text, &end);
    return end != text && *end == '\0' && *ratio > 0 && *ratio <= 1;
}

/* One option of getopt_long, `word` as the user wrote it. */
static bool take(const struct array_options_command *command, int option, const char *word,
                 struct array_options *options, int *exit_status)
{
    struct rs_error err = {{0}};
    if (option == ':')
        return refuse(command, exit_status, "a value is expected after", word);
    if (option == '?' || (kind_of(option) & ~command->kinds) != 0)
        return refuse_unknown(command, exit_status, word);
    switch (option) {
    case HELP:
        fputs(command->help, stdout);
        *exit_status = array_options_finish(command, RS_OK);
        return false;
    case 'o':
        options->output = optarg;
        return true;
    case TOLERANCE:
        if (!parse_tolerance(optarg, &options->tolerance_ratio))
            return refuse(command, exit_status, "--tolerance expects a ratio above 0 and up to 1, found",
                          optarg);
        return true;
    case SOLVER:
        if (network_find_solver(optarg, &options->solver, &err) != RS_OK)
            return refuse(command, exit_status, err.text, "");
        return true;
    case TRANSFER:
        options->transfer = true;
        return true;
    case NODES:
        options->nodes = true;
        return true;
    case JSON:
        options->json = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    default: /* -j, --seed, --progress: common options that change nothing here */
        return true;
    }
}

bool array_options_parse(const struct array_options_command *command, int argc, char **argv,
                         struct array_options *options, int *exit_status)
{
    int option, index = 1;
    *options = (struct array_options){.tolerance_ratio = ARRAY_OPTIONS_TOLERANCE_DEFAULT};
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":o:qvj:", long_options, NULL)) != -1) {
        char letter[3] = {'-', (char)optopt, '\0'};
        bool is_letter = optopt > 0 && optopt < TOLERANCE && (option == '?' || option == ':');
        const char *word = is_letter ? letter : argv[optind > index ? optind - 1 : index];
        if (!take(command, option, word, options, exit_status))
            return false;
        index = optind;
    }
    if (optind == argc)
        return refuse(command, exit_status, "an array file is expected", "");
    if (optind + 1 < argc)
        return refuse(command, exit_status, "one array file is expected, found also", argv[optind + 1]);
    options->input = argv[optind];
    if ((command->kinds & ARRAY_OPTIONS_OUTPUT) && options->output == NULL)
        return refuse(command, exit_status, "an output is expected (-o FILE)", "");
    if (options->output != NULL && strcmp(options->input, options->output) == 0)
        return refuse(command, exit_status, "the output would replace the input", options->input);
    return true;
}

int array_options_finish(const struct array_options_command *command, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "rescore %s: error: cannot write to standard output\n", command->name);
    return RS_IO;
}
