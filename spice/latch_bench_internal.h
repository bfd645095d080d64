/* Shared by the files that write decks of latches alone. */
#ifndef SPICE_LATCH_BENCH_INTERNAL_H
#define SPICE_LATCH_BENCH_INTERNAL_H

#include "spice/latch_bench.h"

/* What all lines of a deck need. */
struct latch_bench {
    const struct path_plan *plan;
    struct latch latch; /* from latch_bench_write_head on; the caller closes it */
    struct text *deck;
};

/* Title, options, temperature, models (draw: of latch_write_models) and supply. */
enum rs_status latch_bench_write_head(struct latch_bench *bench, const char *what, size_t n, int64_t draw,
                                      struct rs_error *err) RS_MUST_CHECK;
/* Latch j on the net clk, outputs opJ, onJ with loads. Its inputs pJ, nJ see the
 * voltages of spJ, snJ behind their resistances, or these over latch.r_load as currents. */
void latch_bench_write_latch(const struct latch_bench *bench, size_t j,
                             const struct latch_bench_sample *sample);
/* What both inputs have in common, volts. */
double latch_bench_common_volts(const struct path_plan *plan);

#endif
