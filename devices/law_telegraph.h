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
 * Traps live as long as the trial. A write finds each at its stationary probability, or, where it is told
 * what the write before left, at what became of that.
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

/* Whether no cell's conductance ever changes by these traps. */
bool law_telegraph_is_silent(const void *params);

/*
 * What a write leaves of the occupation, and how the next write of the same trial and array, just started,
 * finds it `seconds` after: one bit per trap, (count + 7) / 8 bytes. Draws those of law_telegraph_start.
 */
void law_telegraph_save(const struct law_telegraph *traps, unsigned char *bits);
void law_telegraph_resume(struct law_telegraph *traps, const struct random_key *key,
                          const unsigned char *bits, double seconds);

/* Lets `seconds` pass; key->draw is the read that follows. */
void law_telegraph_wait(struct law_telegraph *traps, const struct random_key *key, double seconds);

/* Lowers the conductances by what a read of read_seconds sees. */
void law_telegraph_read(const struct law_telegraph *traps, double scale, double read_seconds,
                        double *conductance_siemens);

/* Lowers the conductances as in the long run: each trap by its share times its stationary probability. */
void law_telegraph_average(const struct law_telegraph *traps, double scale, double *conductance_siemens);

size_t law_telegraph_count(const struct law_telegraph *traps);

#endif
