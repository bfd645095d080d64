/*
 * The whole path from word-line voltages to keep bits, as one ngspice deck: array, drivers, sense path,
 * reference and one latch per key slot, over a sequence of queries in one transient.
 *
 * Everything works around a rail v_cm: word line i is driven at v_cm + V_i, bit line j ends in v_cm behind
 * its sense resistance. The latch's input d = gain (I+ - I- - I_ref), compressed by the sense path; gain =
 * r_sense, r_feedback, or t_int / c_int. A query lasts one period: word lines switch at its start, the clock
 * rises when the path has settled, the decision is what the outputs say just before the clock falls, at the
 * period's end.
 *
 * Reference. Per comparator: I_ref is drawn from the end of the slot's positive line (behind the array's
 * r_sense, which is a virtual ground, or before it with sense `resistor`; ideal there: a voltage in series
 * with the input). Shared: the negative inputs of all latches are one node without a buffer, whose potential
 * is I_ref's in a sense path of its own (sign differential: the slot's sense path subtracts its two lines),
 * or the mid-level line's with I_ref added (sign offset). Bias rows are the array's own and their subtraction
 * is its business.
 *
 * A latch of currents: lines end in array.r_sense; copies of their currents, I_ref added to the negative one
 * and latch.bias to both, flow into its inputs. pK and nK then tell these currents, without the bias, times
 * latch.r_load.
 */
#ifndef SPICE_PATH_H
#define SPICE_PATH_H

#include "crossbar/array_file.h"
#include "spice/latch.h"
#include "spice/netlist.h"
#include "spice/path_options.h"
#include "spice/worker.h"

struct path {
    const struct path_plan *plan;
    const struct array_file *array;   /* conductances, wires, edges, law of the cells */
    size_t n_vectors;                 /* queries */
    const double *volts;              /* [n_vectors][n_rows], relative to v_cm */
    const struct array_file *replica; /* with reference `replica`, else NULL */
    const double *threshold_amperes;  /* [n_vectors][n_slots]; NULL: the plan's */
    const double *mismatch_volts;     /* [n_slots][latch_n_mismatch]; NULL: drawn from the plan's seed */
    int64_t monte_carlo_draw;         /* of latch_write_models */
};

/* When things happen in a query, from its start; period between queries. Integration, with that sense path,
 * from settle_time on. */
struct path_times {
    double period_seconds, clock_seconds; /* where the clock begins to rise: d is settled */
    double output_seconds;                /* where the clock begins to fall: the decision */
};
struct path_times path_times(const struct path_options *options);

size_t path_n_slots(const struct path_options *options, size_t n_columns);

/* d per ampere, before compression; r_sense_ohm of the array. */
double path_gain_ohm(const struct path_plan *plan, double r_sense_ohm);

/*
 * Appends the deck, which runs with `ngspice -b` (workers: path_request.h), exits 0 and prints inputV_J,
 * outputV_J and delayV_J of every query V and slot J. RS_INPUT where array and plan do not fit, RS_IO or
 * RS_INPUT for files that the plan names.
 */
enum rs_status path_write(const struct path *path, struct text *deck, struct rs_error *err) RS_MUST_CHECK;

/* One decision. */
struct path_decision {
    double input_volts;   /* d at the clock's edge */
    double output_volts;  /* outp - outn at the end: above 0 is "keep" */
    double delay_seconds; /* half supply on the clock to half supply between the outputs; NAN: no clock */
    bool resolved; /* the outputs are more than half the supply apart; else delay is the evaluation time */
};

/* Decisions [n_vectors][n_slots] by one job of a worker. RS_INPUT as path_write; RS_IO where the deck fails.
 */
enum rs_status path_run(const struct path *path, struct worker_pool *pool, double limit_seconds,
                        struct path_decision *decisions, struct rs_error *err) RS_MUST_CHECK;

#endif
