/*
 * Random telegraph noise of an array of cells: traps that catch and release one carrier each.
 *
 * A cell has a Poisson number of traps. A trap is empty or occupied, caught at rate_c, released at rate_e;
 * both rates are log-uniform between rate_low and rate_high. Between reads dt apart its state is updated
 * exactly (two-state Markov chain): p(t + dt) = p_inf + (p(t) - p_inf) exp(-(rate_c + rate_e) dt), p_inf =
 * rate_c / (rate_c + rate_e). A read of length T sees the mean of that over T, from the state at its start.
 * An occupied trap lowers the conductance by a share of it: lognormal, its median growing as resistance to
 * some power, up to a largest share (Ambrogio et al., IEEE TED 61, 2014, for the direction; figures belong to
 * the card).
 *
 * Traps live as long as the trial; a write finds each trap at its stationary probability.
 */
#ifndef DEVICES_LAW_TELEGRAPH_H
#define DEVICES_LAW_TELEGRAPH_H

#include "devices/law.h"

/* The traps of one array; for one thread at a time. */
struct law_telegraph;

/* For arrays of up to n_cells cells. The caller frees with law_telegraph_destroy. RS_INTERNAL when memory is
 * short. */
enum rs_status law_telegraph_create(size_t n_cells, struct law_telegraph **out,
                                    struct rs_error *err) RS_MUST_CHECK;
void law_telegraph_destroy(struct law_telegraph *traps);

/* Traps of key's trial and array, as key's write finds them. conductance_siemens [n_cells] sets their
 * amplitudes. RS_INTERNAL when memory is short. */
enum rs_status law_telegraph_start(struct law_telegraph *traps, const void *params,
                                   const struct random_key *key, size_t n_cells,
                                   const double *conductance_siemens, struct rs_error *err) RS_MUST_CHECK;

/* Lets `seconds` pass; key->draw is the read that follows. */
void law_telegraph_wait(struct law_telegraph *traps, const struct random_key *key, double seconds);

/* Lowers the conductances by what a read of read_seconds sees. */
void law_telegraph_read(const struct law_telegraph *traps, double scale, double read_seconds,
                        double *conductance_siemens);

size_t law_telegraph_count(const struct law_telegraph *traps);

#endif
