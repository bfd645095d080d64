/* rescore report RESULT.h5 -o REPORT.html */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "report/report.h"

static const char usage[] = "usage: rescore report RESULT.h5 -o REPORT.html\n";

static const char help[] =
    "usage: rescore report RESULT.h5 -o REPORT.html\n"
    "\n"
    "Writes one self-contained HTML page about a result of 'rescore run': task metric and false-prune rate "
    "against\n"
    "the swept keys, conductance error, score margins, every number. An existing REPORT.html is replaced "
    "whole.\n"
    "\n"
    "  -o FILE    where the page goes; - is standard output\n"
    "  --help     this text\n"
    "\n"
    "Margins and conductances are in the page if the run saved them:\n"
    "  rescore run demo.yaml --save arrays,margins -o demo.h5 && rescore report demo.h5 -o demo.html\n";

static int refuse(const char *what, const char *argument)
{
    fprintf(stderr, "rescore report: error: %s%s%s%s\n%s", what, argument[0] != '\0' ? " '" : "", argument,
            argument[0] != '\0' ? "'" : "", usage);
    return RS_USAGE;
}

int command_report(int argc, char **argv)
{
    const char *result_path = NULL, *html_path = NULL;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strcmp(argument, "--help") == 0)
            return fputs(help, stdout) < 0 || fflush(stdout) != 0 ? RS_IO : RS_OK;
        if (strcmp(argument, "-q") == 0 || strcmp(argument, "-v") == 0)
            continue;
        if (strcmp(argument, "-o") == 0) {
            if (html_path != NULL || ++i == argc)
                return refuse("-o expects one file", "");
            html_path = argv[i];
        } else if (strncmp(argument, "-o", 2) == 0 && html_path == NULL)
            html_path = argument + 2;
        else if (argument[0] == '-' && argument[1] != '\0')
            return refuse("unknown option", argument);
        else if (result_path != NULL)
            return refuse("one result expected, also found", argument);
        else
            result_path = argument;
    }
    if (result_path == NULL || html_path == NULL)
        return refuse(result_path == NULL ? "no result given" : "no output given (-o FILE)", "");
    struct rs_error err = {{0}};
    enum rs_status status = report_write(result_path, html_path, &err);
    if (status != RS_OK)
        fprintf(stderr, "%s\n", err.text);
    return (int)status;
}
