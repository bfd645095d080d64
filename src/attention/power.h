/*
 * What the drivers of one array deliver in a read: sum of V_i I_i over the word lines, times the time of a
 * read; I_i from the fields of the cells as programmed. Read noise averages out of it and is left out. Where
 * one array serves more reads than it has word lines, and cells do not bend, I = Y V with Y of a field per
 * word line; else a field per read.
 */
#ifndef ATTENTION_POWER_H
#define ATTENTION_POWER_H

#include "attention/setup.h"

struct power;

/* `setup` must outlive it. *out is NULL where nobody asks for it, or no read time is known. */
enum rs_status power_create(const struct attention_setup *setup, struct power **out,
                            struct rs_error *err) RS_MUST_CHECK;
void power_destroy(struct power *power);

/* Adds to joules [n_reads] of volts [n_reads][n_rows], in cells [n_rows][n_columns]. Returns how many fields
 * did not converge. */
int64_t power_add(struct power *power, const double *conductance_siemens, size_t n_reads, const double *volts,
                  double *joules);

#endif
