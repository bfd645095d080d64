/* Shared by the files that write decks of latches alone. */
#ifndef SPICE_LATCH_BENCH_INTERNAL_H
#define SPICE_LATCH_BENCH_INTERNAL_H

#include "spice/latch_bench.h"
#include "spice/latch_file.h"

/* What all lines of a deck need. */
struct latch_bench {
    const struct path_plan *plan;
    struct latch_file latch; /* of the user's own, from latch_bench_write_head on */
    struct text *deck;
};

/* Title, options, temperature, models and supply. */
enum rs_status latch_bench_write_head(struct latch_bench *bench, const char *what, size_t n,
                                      struct rs_error *err) RS_MUST_CHECK;
/* Latch j on the net clk, its inputs behind their resistances from spJ, snJ, outputs opJ, onJ with loads. */
void latch_bench_write_latch(const struct latch_bench *bench, size_t j,
                             const struct latch_bench_sample *sample);

#endif
