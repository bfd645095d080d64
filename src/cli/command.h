/* The commands of the program: argv[0] is the command's name; the return value is the exit status. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

int command_report(int argc, char **argv);

#endif
