#include "calib/latch_decks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"

enum rs_status latch_decks_get_source(const struct calibrate_plan *plan, double *ohm, struct rs_error *err)
{
    const struct path_options *path = &plan->circuit.path;
    *ohm = path->sense == PATH_RESISTOR ? plan->array.r_sense_ohm : path->r_out_ohm;
    return *ohm > 0 ? RS_OK
                    : rs_fail(err, RS_INPUT,
                              "array.r_sense: 0 ohm found, a resistance expected: the latch looks at it");
}

enum rs_status latch_decks_get_delay(const struct stage_run *run, struct relations_delay_known *known,
                                     struct rs_error *err)
{
    enum rs_status status = stage_get_known(run, "delay_t0_seconds", &known->t0_seconds, err);
    if (status == RS_OK)
        status = stage_get_known(run, "delay_tau_seconds", &known->tau_seconds, err);
    return status == RS_OK ? stage_get_known(run, "delay_v1_volts", &known->v1_volts, err) : status;
}

static enum rs_status finish_deck(struct stage_run *run, const char *name, const char *vector, size_t n,
                                  struct text *deck, struct text *commands, struct rs_error *err)
{
    struct deck *added = decks_add(&run->decks, name, text_take(deck, err));
    char ask[32];
    for (size_t j = 0; j < n && added != NULL; j++) {
        snprintf(ask, sizeof ask, "%s%zu", vector, j);
        decks_ask(&run->decks, added, ask, 0);
    }
    if (added != NULL)
        decks_add_run(&run->decks, added, text_take(commands, err));
    return run->decks.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

enum rs_status latch_decks_add_trips(struct stage_run *run, const char *name, const struct path_plan *circuit,
                                     size_t n, const struct latch_bench_sample *samples, double reach_volts,
                                     double resolution_volts, struct rs_error *err)
{
    struct text deck = {0}, commands = {0};
    enum rs_status status =
        latch_bench_write_trips(circuit, n, samples, reach_volts, resolution_volts, &deck, &commands, err);
    if (status == RS_OK)
        status = finish_deck(run, name, "trip", n, &deck, &commands, err);
    text_clear(&deck);
    text_clear(&commands);
    return status;
}

enum rs_status latch_decks_add_delays(struct stage_run *run, const char *name,
                                      const struct path_plan *circuit, size_t n, const double *input_volts,
                                      double source_ohm, struct rs_error *err)
{
    struct latch_bench_sample *samples = memory_allocate(n, sizeof *samples, err);
    struct text deck = {0}, commands = {0};
    if (samples == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < n; k++)
        samples[k] = (struct latch_bench_sample){
            .r_plus_ohm = source_ohm, .r_minus_ohm = source_ohm, .input_volts = input_volts[k]};
    enum rs_status status = latch_bench_write_delays(circuit, n, samples, &deck, &commands, err);
    if (status == RS_OK)
        status = finish_deck(run, name, "delay", n, &deck, &commands, err);
    text_clear(&deck);
    text_clear(&commands);
    free(samples);
    return status;
}
