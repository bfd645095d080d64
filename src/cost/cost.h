/*
 * Cycles, energy and memory traffic of one published system, driven by the decision bits of a run: create,
 * for each sequence begin and its queries in order, end. Memory does not grow with the trace. docs/cost.md
 * says what each system counts; every number it uses is a row of constants.h.
 */
#ifndef COST_COST_H
#define COST_COST_H

#include "cost/energy.h"
#include "cost/system.h"
#include "cost/trace.h"
#include "rescore/status.h"

/* From cost_options_default; a member changed by the user replaces the system's own figure. */
struct cost_options {
    double buffer_bytes; /* of each unit's K and V buffers together; NAN = own; 0 and INFINITY allowed */
    int64_t n_units;     /* corelets, bit-serial units, eighths of SpAtten; -1 = own; A3, MnnFast: unread */
    int64_t n_channels;  /* of the main memory; -1 = own */
    int64_t n_banks;     /* per channel; -1 = own */
    int64_t bits_per_cycle;   /* of bit-serial units, 1 to 4; -1 = own */
    bool solved_array_energy; /* category array_read from the solved circuit, not the constant per MAC */
    bool operands_on_chip;    /* LeOPArd, A3, MnnFast: K and V lie on chip already, no loading counted */
    bool unpruned;            /* nothing is decided and all is kept: the system runs as its own reference */
    bool alone;               /* no references are run: ratios are NAN */
};

struct cost_options cost_options_default(void);

struct cost_total {
    double seconds;
    struct tally tally;
    struct energy energy;
};

struct cost_answer {
    struct cost_total own;             /* at the system's node */
    struct cost_total unpruned;        /* the same system, everything kept, no padding */
    struct cost_total common;          /* the system at COMMON_NODE */
    struct cost_total common_baseline; /* `baseline` unpadded at COMMON_NODE */
    double cycles, energy_joules, energy_without_writes_joules, memory_bits_read;
    double speedup, energy_ratio, energy_without_writes_ratio; /* against unpruned */
    double speedup_common, energy_ratio_common;                /* against common_baseline */
    double array_constant_joules, array_solved_joules;         /* NAN: not known for every query */
    double reused_share; /* of kept keys, on chip already; NAN where no sequence has two queries */
};

struct cost;

/*
 * RS_INPUT with what was found and expected: unknown name, sizes of 0, heads that kv heads do not divide,
 * bits out of range, no units, no channels.
 */
enum rs_status cost_create(const char *system, const struct cost_shape *shape,
                           const struct cost_options *options, struct cost **out,
                           struct rs_error *err) RS_MUST_CHECK;
void cost_destroy(struct cost *cost);

/* Starts a sequence; the one before it is finished. RS_INPUT: lengths or indices beyond the shape. */
enum rs_status cost_begin(struct cost *cost, const struct cost_sequence *sequence,
                          struct rs_error *err) RS_MUST_CHECK;

/* RS_INPUT: more keys visible than there are, a set not inside its superset, bits out of range. */
enum rs_status cost_query(struct cost *cost, const struct cost_query *query,
                          struct rs_error *err) RS_MUST_CHECK;

/* Finishes the last sequence. May be called again after more sequences. */
void cost_end(struct cost *cost, struct cost_answer *answer);

/* Read energy of one solved array: sum of |V I| over the driven lines, times the time of the read. */
double cost_array_joules(size_t n_lines, const double *volts, const double *amperes, double read_seconds);

#endif
