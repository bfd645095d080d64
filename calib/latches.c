#include "calib/latches.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

double latches_source_ohm(const struct calibrate_plan *plan)
{
    return plan->circuit.path.sense == PATH_RESISTOR ? plan->array.r_sense_ohm : plan->circuit.path.r_out_ohm;
}

enum rs_status latches_check_source(const struct calibrate_plan *plan, struct rs_error *err)
{
    if (latch_takes_currents(&plan->circuit.latch) || latches_source_ohm(plan) > 0)
        return RS_OK;
    return rs_fail(err, RS_INPUT, "array.r_sense: 0 ohm found, a resistance expected: the latch looks at it");
}

enum rs_status latches_identify(const struct latch_options *options, struct calibration_identity *out,
                                struct rs_error *err)
{
    struct latch latch;
    struct text text = {0};
    enum rs_status status = latch_open(options, &latch, err);
    if (status == RS_OK) {
        latch_write_identity(&latch, &text);
        status = calibration_identity_take(&text, out, err);
    }
    latch_close(&latch);
    return status;
}

bool latches_differ(const struct calibrate_plan *plan)
{
    const struct latch_options *latch = &plan->circuit.latch;
    return latch_n_mismatch(latch) > 0 || latch->monte_carlo[0] != '\0';
}

double latches_reach_volts(const struct calibrate_plan *plan)
{
    const double sigmas = 6, least_volts = 10e-3;
    const struct latch_options *latch = &plan->circuit.latch;
    double sigma_volts[OPTION_REALS_MAX], variance = 0;
    bool input_alone = latch_n_pairs(latch) > 0 && !latch_takes_currents(latch);
    size_t n = input_alone ? 2 : latch_n_mismatch(latch);
    struct rs_error ignored;
    if (latch_mismatch_sigmas(latch, sigma_volts, &ignored) != RS_OK)
        return least_volts;
    for (size_t k = 0; k < n; k++)
        variance += sigma_volts[k] * sigma_volts[k];
    return fmax(sigmas * sqrt(variance), least_volts);
}

int64_t latches_draw(const struct calibrate_plan *plan, size_t i_deck)
{
    enum { DECKS_MAX = 1 << 20 };
    return plan->monte_carlo.seed % DECKS_MAX * DECKS_MAX + (int64_t)i_deck;
}

enum rs_status latches_add_deck(struct stage_run *run, const char *name, const char *vector, size_t n,
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

enum rs_status latches_get_delay(const struct stage_run *run, struct relations_delay_known *known,
                                 struct rs_error *err)
{
    enum rs_status status = stage_get_known(run, "delay_t0_seconds", &known->t0_seconds, err);
    if (status == RS_OK)
        status = stage_get_known(run, "delay_tau_seconds", &known->tau_seconds, err);
    return status == RS_OK ? stage_get_known(run, "delay_v1_volts", &known->v1_volts, err) : status;
}

enum rs_status latches_add_trips(struct stage_run *run, const char *name, const struct path_plan *circuit,
                                 int64_t draw, size_t n, const struct latch_bench_sample *samples,
                                 double reach_volts, double resolution_volts, struct rs_error *err)
{
    struct text deck = {0}, commands = {0};
    enum rs_status status = latch_bench_write_trips(circuit, draw, n, samples, reach_volts, resolution_volts,
                                                    &deck, &commands, err);
    if (status == RS_OK)
        status = latches_add_deck(run, name, "trip", n, &deck, &commands, err);
    text_clear(&deck);
    text_clear(&commands);
    return status;
}

enum rs_status latches_add_delays(struct stage_run *run, const char *name, const struct path_plan *circuit,
                                  size_t n, const double *input_volts, struct rs_error *err)
{
    double ohm = latches_source_ohm(run->plan);
    struct latch_bench_sample *samples = memory_allocate(n, sizeof *samples, err);
    struct text deck = {0}, commands = {0};
    if (samples == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < n; k++)
        samples[k] =
            (struct latch_bench_sample){.r_plus_ohm = ohm, .r_minus_ohm = ohm, .input_volts = input_volts[k]};
    enum rs_status status = latch_bench_write_delays(circuit, n, samples, &deck, &commands, err);
    if (status == RS_OK)
        status = latches_add_deck(run, name, "delay", n, &deck, &commands, err);
    text_clear(&deck);
    text_clear(&commands);
    free(samples);
    return status;
}

enum rs_status latches_check_reach(const struct deck *deck, const char *key, double reach_volts,
                                   struct rs_error *err)
{
    const double share = 0.98;
    for (size_t j = 0; j < deck->n_vectors && deck->good; j++)
        if (fabs(deck->values[j]) > share * reach_volts)
            return rs_fail(err, RS_INCOMPLETE,
                           "%s: latch %zu of '%s' trips at %g V or beyond; more than %g V expected", key, j,
                           deck->name, deck->values[j], reach_volts);
    return RS_OK;
}

void latches_fix(struct relation_parameter *parameters, size_t first, size_t n)
{
    for (size_t k = first; k < n; k++) {
        parameters[k].start = 0;
        parameters[k].fixed = true;
    }
}
