/* The optional parts of an array file (docs/interface.md 1): how lines are driven and sensed, and the cells'
 * law. */
#ifndef CROSSBAR_ARRAY_EDGES_H
#define CROSSBAR_ARRAY_EDGES_H

#include "crossbar/cell_law.h"
#include "crossbar/edges.h"

struct store;

/*
 * drive, sense, /word_line_floating, /bit_line_floating, /bit_line_bias into `edges`, whose arrays point to
 * newly allocated memory, freed with array_edges_clear; r_access_ohm is left alone. RS_INPUT with "FILE:/..."
 * texts.
 */
enum rs_status array_edges_read(const struct store *store, const struct network *network, struct edges *edges,
                                struct rs_error *err) RS_MUST_CHECK;
void array_edges_clear(struct edges *edges);

/* cell, v0_volts, /iv_volts, /iv_factor, selector, selector_i0_amperes, selector_v0_volts into `law`; its
 * r_access_ohm is left alone. */
enum rs_status array_edges_read_law(const struct store *store, struct cell_law *law,
                                    struct rs_error *err) RS_MUST_CHECK;

#endif
