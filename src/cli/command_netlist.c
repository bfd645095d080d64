/* rescore netlist ARRAY.h5 -o DECK.cir */
#include <stdlib.h>

#include "cli/command.h"
#include "crossbar/array_file.h"
#include "io/file.h"
#include "spice/netlist.h"

static enum rs_status write_deck(const struct array_file *array, const char *path, struct rs_error *err)
{
    struct text deck = {0};
    const struct netlist_array described = {&array->network, &array->edges, &array->law, array->conductance};
    enum rs_status status = netlist_write(&described, array->voltage, &deck, err);
    size_t length = deck.length;
    if (status != RS_OK) {
        text_clear(&deck);
        return status;
    }
    char *bytes = text_take(&deck, err);
    if (bytes == NULL)
        return RS_INTERNAL;
    status = file_write(path, bytes, length, err);
    free(bytes);
    return status;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct array_file array;
    enum rs_status status = array_file_read(line->positionals[0], true, &array, err);
    if (status == RS_OK) {
        status = write_deck(&array, line->output, err);
        array_file_clear(&array);
    }
    return status;
}

const struct command command_netlist = {
    .name = "netlist",
    .summary = "write an array as an ngspice deck that prints every column current of the first vector",
    .arguments = "ARRAY.h5 -o DECK.cir",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .example = "rescore netlist array.h5 -o deck.cir && ngspice -b deck.cir",
    .run = run,
};
