#include <string.h>

#include "cli/command.h"
#include "rescore/status.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "report") == 0)
        return command_report(argc - 1, argv + 1);
    return RS_USAGE;
}
