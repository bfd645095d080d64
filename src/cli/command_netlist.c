/* rescore netlist ARRAY.h5 -o DECK.cir */
#include <stdlib.h>

#include <stdio.h>

#include "cli/array_options.h"
#include "cli/command.h"
#include "crossbar/array_file.h"
#include "io/file.h"
#include "spice/netlist.h"

static const struct array_options_command command = {
    "netlist",
    "usage: rescore netlist ARRAY.h5 -o DECK.cir\n"
    "\n"
    "Writes the array as an ngspice deck. 'ngspice -b DECK.cir' prints the current of every column, i(v0), "
    "i(v1) ...\n"
    "in amperes into ground, for the first vector of /voltage.\n"
    "\n"
    "  -o FILE    where the deck goes; - is standard output\n"
    "  --help     this text\n"
    "\n"
    "Example:\n"
    "  rescore netlist array.h5 -o deck.cir && ngspice -b deck.cir\n",
    ARRAY_OPTIONS_OUTPUT};

static enum rs_status write_deck(const struct array_file *array, const char *path, struct rs_error *err)
{
    struct text deck = {0};
    netlist_write(&array->network, array->conductance, array->voltage, &deck);
    size_t length = deck.length;
    char *bytes = text_take(&deck, err);
    if (bytes == NULL)
        return RS_INTERNAL;
    enum rs_status status = file_write(path, bytes, length, err);
    free(bytes);
    return status;
}

int command_netlist(int argc, char **argv)
{
    struct array_options options;
    struct array_file array;
    struct rs_error err = {{0}};
    int exit_status;
    if (!array_options_parse(&command, argc, argv, &options, &exit_status))
        return exit_status;
    enum rs_status status = array_file_read(options.input, true, &array, &err);
    if (status == RS_OK) {
        status = write_deck(&array, options.output, &err);
        array_file_clear(&array);
    }
    if (status != RS_OK)
        fprintf(stderr, "%s\n", err.text);
    return array_options_finish(&command, (int)status);
}
