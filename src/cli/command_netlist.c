/* rescore netlist ARRAY.h5 -o DECK.cir [--path PLAN.yaml] */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crossbar/array_file.h"
#include "io/file.h"
#include "spice/netlist.h"
#include "spice/path.h"

enum { OPTION_PATH_PLAN };

static enum rs_status write_array(const struct array_file *array, struct text *deck, struct rs_error *err)
{
    const struct netlist_array described = {.network = &array->network,
                                            .edges = &array->edges,
                                            .law = &array->law,
                                            .conductance_siemens = array->conductance};
    return netlist_write(&described, array->voltage, deck, err);
}

/* Puts the file before what does not fit in it: keys of the plan, else the array. */
static enum rs_status blame(enum rs_status status, const char *plan_path, const char *array_path,
                            struct rs_error *err)
{
    static const char *const sections[] = {"path.", "reference.", "latch."};
    struct rs_error reason = *err;
    const char *file = array_path;
    if (status != RS_INPUT || strstr(reason.text, ": error: ") != NULL)
        return status;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strncmp(reason.text, sections[i], strlen(sections[i])) == 0)
            file = plan_path;
    return rs_fail(err, RS_INPUT, "%s: error: %s", file, reason.text);
}

static enum rs_status write_path(const struct array_file *array, const char *array_path,
                                 const char *plan_path, struct text *deck, struct rs_error *err)
{
    static const char *const calibration[] = {"calibrate", "fit", "stages", "decisions", NULL};
    struct array_file replica = {0};
    struct path_plan *plan = malloc(sizeof *plan);
    if (plan == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    enum rs_status status = path_options_read(plan_path, calibration, plan, err);
    bool has_replica = status == RS_OK && plan->reference.kind == PATH_REPLICA;
    if (has_replica)
        status = array_file_read(plan->reference.replica, true, &replica, err);
    if (status == RS_OK) {
        const struct path path = {.plan = plan,
                                  .array = array,
                                  .n_vectors = array->n_vectors,
                                  .volts = array->voltage,
                                  .replica = has_replica ? &replica : NULL};
        status = blame(path_write(&path, deck, err), plan_path, array_path, err);
    }
    array_file_clear(&replica);
    free(plan);
    return status;
}

static enum rs_status write_deck(const struct array_file *array, const struct command_line *line,
                                 struct rs_error *err)
{
    struct text deck = {0};
    const char *plan = line->values[OPTION_PATH_PLAN];
    enum rs_status status = plan != NULL ? write_path(array, line->positionals[0], plan, &deck, err)
                                         : write_array(array, &deck, err);
    size_t length = deck.length;
    if (status != RS_OK) {
        text_clear(&deck);
        return status;
    }
    char *bytes = text_take(&deck, err);
    if (bytes == NULL)
        return RS_INTERNAL;
    status = file_write(line->output, bytes, length, err);
    free(bytes);
    return status;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct array_file array;
    enum rs_status status = array_file_read(line->positionals[0], true, &array, err);
    if (status == RS_OK) {
        status = write_deck(&array, line, err);
        array_file_clear(&array);
    }
    return status;
}

const struct command command_netlist = {
    .name = "netlist",
    .summary = "write an array as an ngspice deck: column currents of the first vector, or decisions of all",
    .arguments = "ARRAY.h5 -o DECK.cir",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .options =
        {[OPTION_PATH_PLAN] = {"path", "PLAN.yaml",
                               "the whole path: drivers, array, sense path, reference and latches, all "
                               "vectors one after another; sections path, reference, latch"}},
    .example = "rescore netlist array.h5 -o deck.cir && ngspice -b deck.cir",
    .run = run,
};
