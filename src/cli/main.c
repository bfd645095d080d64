#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "rescore/status.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "solve") == 0)
        return command_solve(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "netlist") == 0)
        return command_netlist(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return command_compare(argc - 1, argv + 1);
    fprintf(stderr, "rescore: error: unknown command\n");
    return RS_USAGE;
}
