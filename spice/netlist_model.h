/*
 * Cells as subcircuits of spice/models: the compact model whose state gives a wanted conductance at 0 V.
 * Parameters are the file's defaults, but where those describe devices of another size (vteam, yakopcic):
 * then they are written on every instance.
 */
#ifndef SPICE_NETLIST_MODEL_H
#define SPICE_NETLIST_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct netlist_model {
    const char *name;                 /* of the subcircuit, and of its file */
    const char *parameters;           /* of every instance */
    const char *state;                /* the parameter that holds the initial state */
    double low_siemens, high_siemens; /* that the state spans */
    double (*state_of)(double siemens);
    const unsigned char *text; /* of the file */
    const size_t *text_size;
};

/* All models; NULL where there is none of that index. */
const struct netlist_model *netlist_model_at(size_t index);
/* NULL where no model has that name. */
const struct netlist_model *netlist_model_find(const char *name);

bool netlist_model_reaches(const struct netlist_model *model, double siemens);

/* The instance of one cell: "xcPLACE WORD BIT gPLACE NAME ..."; node gPLACE is its state. */
void netlist_model_write_cell(const struct netlist_model *model, const char *place, const char *word,
                              const char *bit, double siemens, struct text *deck);

#endif
