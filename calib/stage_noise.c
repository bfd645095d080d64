/*
 * The noise of a decision. ngspice has no noise of transistors in transients, so it is put together from what
 * ngspice has: spectral densities at operating points where the latch integrates (spice/latch_noise.h), and
 * the weight w(t) of the input in the decision, from trip points that move by a w(t) when a pulse of area a
 * arrives at t. The stage noise_check puts the result into transients and finds it again.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/latches.h"
#include "calib/noise.h"
#include "calib/relations.h"
#include "calib/stage.h"
#include "spice/latch_noise.h"

struct noise_stage_options {
    int64_t n_pulses;
    double window_seconds, pulse_volts, tolerance_ratio;
    struct option_reals held_ratios;
    double white_hertz, low_hertz;
};

#define MEMBER(name) offsetof(struct noise_stage_options, name)
#define REAL(key_, member_, unit_, low_, high_, help_)                                                       \
    .key = key_, .kind = OPTION_REAL, .unit = unit_, .offset = MEMBER(member_), .low = low_, .high = high_,  \
    .flags = OPTION_LOW_OPEN, .help = help_
static const struct option rows[] = {
    {.key = "noise.pulses",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_pulses),
     .initial = "16",
     .low = 4,
     .high = 1000,
     .help = "how many pulses, one after the other, the window is divided into"},
    {REAL("noise.window", window_seconds, QUANTITY_SECOND, 0, 1,
          "from where the clock begins to rise: must hold all that decides"),
     .initial_help = "4 edge times"},
    {REAL("noise.pulse", pulse_volts, QUANTITY_VOLT, 0, 1, "height of a pulse, either way"),
     .initial = "10 mV"},
    {REAL("noise.tolerance", tolerance_ratio, QUANTITY_RATIO, 0, 1, "how far a good estimate may be off"),
     .initial = "5 %"},
    {.key = "noise.held",
     .kind = OPTION_REALS,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(held_ratios),
     .initial_help = "100 %, 90 % and 80 %",
     .low = 0.1,
     .high = 1,
     .help = "where both outputs are held, in supplies: operating points before the latch regenerates"},
    {REAL("noise.white", white_hertz, QUANTITY_HERTZ, 1, 1e15,
          "middle of the octave in which noise is white: below the poles of the transistors"),
     .initial = "5 GHz"},
    {REAL("noise.low", low_hertz, QUANTITY_HERTZ, 1e-9, 1e12,
          "flicker noise from here on is noise; what is slower is an offset"),
     .initial = "1 kHz"},
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct noise_stage_options)};

enum { APERTURE, DENSITY, PARTS, TOTAL, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relations_aperture, &relations_density,
                                                              &relations_parts, &relations_noise};

/* Latches of a trip deck: stiff or as in the circuit, with a pulse up or down. */
enum { STIFF, OWN, N_SOURCES };
enum { UP, DOWN, N_SIGNS };
enum { N_LATCHES = N_SOURCES * N_SIGNS };
enum { POINT_DECK, REST_DECK, PULSE_DECKS }; /* operating points; trip points without, then with pulses */
enum { FLICKER_BAND, WHITE_BAND, N_BANDS };

static const double default_held[] = {1, 0.9, 0.8};

struct state {
    size_t n_held;
    const double *held_ratios;
    double source_ohm, step_seconds;
    double hertz[N_BANDS][2];
    double aperture_seconds[N_SOURCES][N_SIGNS];
    double latch_variance[OPTION_REALS_MAX], white[OPTION_REALS_MAX]; /* per operating point */
    double source_variance[N_SIGNS], sense_variance;
};

static void finish(struct stage_run *run)
{
    free(run->state);
    run->state = NULL;
}

/* --- decks --- */

static struct deck *add(struct stage_run *run, const char *name, struct text *text, struct rs_error *err)
{
    struct deck *deck = decks_add(&run->decks, name, text_take(text, err));
    if (deck == NULL)
        rs_fail(err, RS_INTERNAL, "out of memory");
    return deck;
}

static enum rs_status add_points(struct stage_run *run, struct rs_error *err)
{
    const struct state *state = run->state;
    struct text deck = {0}, commands = {0};
    struct deck *added = NULL;
    enum rs_status status = latch_noise_write_point(&run->plan->circuit, &deck, err);
    if (status == RS_OK)
        added = add(run, "operating points", &deck, err);
    for (size_t h = 0; h < state->n_held && added != NULL; h++)
        for (int band = 0; band < N_BANDS; band++) {
            latch_noise_write_band(state->held_ratios[h] * run->plan->circuit.path.supply_volts,
                                   state->hertz[band][0], state->hertz[band][1], &commands);
            decks_add_run(&run->decks, added, text_take(&commands, err));
            text_clear(&commands);
        }
    if (added != NULL)
        decks_ask(&run->decks, added, LATCH_NOISE_VECTOR, 1);
    text_clear(&deck);
    return status == RS_OK && added == NULL ? RS_INTERNAL : status;
}

/* The bias keeps trip points off 0, where a latch without mismatch decides late and integration has no scale.
 * One deck per pulse: all its latches have the same times, and a transient stops at each. */
static enum rs_status add_pulse(struct stage_run *run, const char *name, double volts, double begin_seconds,
                                struct rs_error *err)
{
    const double reach_volts = 5e-3, resolution_volts = 2e-6, bias_volts = 1e-3, stiff_ohm = 1;
    const struct state *state = run->state;
    struct latch_bench_sample samples[N_LATCHES];
    struct text text = {0}, commands = {0};
    char vector[32];
    for (int j = 0; j < N_LATCHES; j++) {
        double ohm = j / N_SIGNS == STIFF ? stiff_ohm : state->source_ohm;
        samples[j] = (struct latch_bench_sample){.r_plus_ohm = ohm,
                                                 .r_minus_ohm = ohm,
                                                 .pulse_volts = j % N_SIGNS == UP ? volts : -volts,
                                                 .pulse_seconds = begin_seconds,
                                                 .pulse_width_seconds = state->step_seconds,
                                                 .input_volts = bias_volts};
    }
    enum rs_status status =
        latch_bench_write_trips(&run->plan->circuit, LATCH_NOMINAL, N_LATCHES, samples,
                                fmax(reach_volts, volts), resolution_volts, &text, &commands, err);
    struct deck *added = status == RS_OK ? add(run, name, &text, err) : NULL;
    for (int j = 0; j < N_LATCHES && added != NULL; j++) {
        snprintf(vector, sizeof vector, "trip%d", j);
        decks_ask(&run->decks, added, vector, 0);
    }
    if (added != NULL)
        decks_add_run(&run->decks, added, text_take(&commands, err));
    text_clear(&text);
    text_clear(&commands);
    return status == RS_OK && added == NULL ? RS_INTERNAL : status;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct noise_stage_options *options = run->options;
    const struct calibrate_plan *plan = run->plan;
    const struct path_options *path = &plan->circuit.path;
    const double window_edges = 4, octave = 1.4142135623730951, low_hertz[] = {1e6, 1e7};
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    bool given = options->held_ratios.n > 0;
    double window =
        isnan(options->window_seconds) ? window_edges * path->edge_seconds : options->window_seconds;
    *state = (struct state){.n_held = given ? (size_t)options->held_ratios.n
                                            : sizeof default_held / sizeof default_held[0],
                            .held_ratios = given ? options->held_ratios.values : default_held,
                            .source_ohm = latches_source_ohm(plan),
                            .step_seconds = window / (double)options->n_pulses,
                            .hertz = {{low_hertz[0], low_hertz[1]},
                                      {options->white_hertz / octave, options->white_hertz * octave}}};
    if (latch_takes_currents(&plan->circuit.latch)) {
        stage_leave_out(run, "noise",
                        "outputs that begin at the supply are a latch's of voltages; this kind's do not");
        return RS_OK;
    }
    enum rs_status status = latches_check_source(plan, err);
    if (status != RS_OK)
        return status;
    if (state->n_held < 2)
        return rs_fail(err, RS_INPUT, "noise.held: one operating point found, two or more expected");
    status = add_points(run, err);
    if (status == RS_OK)
        status = add_pulse(run, "trip points without a pulse", 0, 0, err);
    for (int64_t k = 0; k < options->n_pulses && status == RS_OK; k++) {
        char name[DECKS_NAME_SIZE];
        snprintf(name, sizeof name, "trip points, pulse %lld", (long long)k);
        status = add_pulse(run, name, options->pulse_volts, (double)k * state->step_seconds, err);
    }
    return status == RS_OK && run->decks.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : status;
}

/* --- answers --- */

static bool all_good(const struct stage_run *run)
{
    bool good = true;
    for (size_t d = 0; d < run->decks.n; d++)
        good = good && run->decks.decks[d].good;
    return good;
}

/* A trip point falls by what a pulse adds: weights of w, whose sum is 1 if the window holds all of it. */
static enum rs_status find_apertures(struct stage_run *run, struct rs_error *err)
{
    const struct noise_stage_options *options = run->options;
    const double sum_tolerance = 0.05;
    struct state *state = run->state;
    size_t n = (size_t)options->n_pulses;
    const struct deck *decks = run->decks.decks, *rest = &decks[REST_DECK];
    double *weights = memory_allocate(n, sizeof *weights, err);
    enum rs_status status = weights == NULL ? RS_INTERNAL : RS_OK;
    for (int j = 0; j < N_LATCHES && status == RS_OK; j++) {
        double sum = 0, volts = j % N_SIGNS == UP ? options->pulse_volts : -options->pulse_volts;
        for (size_t k = 0; k < n; k++) {
            weights[k] = (rest->values[j] - decks[PULSE_DECKS + k].values[j]) / volts;
            sum += weights[k];
        }
        state->aperture_seconds[j / N_SIGNS][j % N_SIGNS] =
            noise_aperture_seconds(n, weights, state->step_seconds);
        if (!(fabs(sum - 1) < sum_tolerance))
            status = rs_fail(err, RS_INCOMPLETE,
                             "aperture: the input's weights in %g s after the clock's edge add up to %.3f, 1 "
                             "expected; enlarge noise.window, or noise.pulses",
                             state->step_seconds * (double)n, sum);
    }
    free(weights);
    return status;
}

static double mean_aperture(const struct state *state, int source)
{
    return 0.5 * (state->aperture_seconds[source][UP] + state->aperture_seconds[source][DOWN]);
}

/* Two lines, each with the noise of its feedback resistor behind the amplifier's pole, or of its reset. */
static double sense_variance(const struct path_options *path, double aperture_seconds)
{
    const double lines = 2, kelvin = path->temperature_kelvin;
    if (path->sense == PATH_TRANSIMPEDANCE)
        return lines * noise_variance_behind_pole(noise_johnson(path->r_feedback_ohm, kelvin),
                                                  path->settling_seconds, aperture_seconds);
    if (path->sense == PATH_INTEGRATOR)
        return lines * noise_sampled(path->integration_capacitance_farad, kelvin);
    return 0;
}

static enum rs_status find_parts(struct stage_run *run, struct rs_error *err)
{
    const struct noise_stage_options *options = run->options;
    struct state *state = run->state;
    const struct path_options *path = &run->plan->circuit.path;
    enum rs_status status = find_apertures(run, err);
    for (size_t h = 0; h < state->n_held && status == RS_OK; h++) {
        struct noise_density density =
            noise_split(run->decks.decks[POINT_DECK].values + h * N_BANDS, state->hertz);
        if (!(density.white > 0))
            return rs_fail(err, RS_INCOMPLETE,
                           "density: no white noise at %g Hz with the outputs at %g supplies; choose another "
                           "noise.white or noise.held",
                           options->white_hertz, state->held_ratios[h]);
        density.flicker = fmax(density.flicker, 0);
        state->white[h] = density.white;
        state->latch_variance[h] = noise_variance(density, mean_aperture(state, STIFF), options->low_hertz);
    }
    for (int sign = 0; sign < N_SIGNS && status == RS_OK; sign++) {
        const struct noise_density johnson = {
            .white = noise_johnson(2 * state->source_ohm, path->temperature_kelvin)};
        state->source_variance[sign] =
            noise_variance(johnson, state->aperture_seconds[OWN][sign], options->low_hertz);
    }
    state->sense_variance = sense_variance(path, mean_aperture(state, OWN));
    return status;
}

/* `tolerance` is what the model may miss the value by. */
static void observe(struct observations *data, size_t part, double value, double tolerance, size_t deck)
{
    observations_add(data, &(struct observation){.inputs = {(double)part},
                                                 .value = value,
                                                 .sigma = tolerance,
                                                 .load_amperes = (double)NAN,
                                                 .deck = (int32_t)deck,
                                                 .column = -1});
}

static void observe_parts(const struct stage_run *run, struct observations *data)
{
    const struct noise_stage_options *options = run->options;
    const struct state *state = run->state;
    double scale = options->tolerance_ratio * sqrt(state->latch_variance[0]);
    for (size_t h = 0; h < state->n_held; h++)
        observe(data, RELATIONS_PARTS_LATCH, sqrt(state->latch_variance[h]), scale, POINT_DECK);
    for (int sign = 0; sign < N_SIGNS; sign++)
        observe(data, RELATIONS_PARTS_SOURCE, sqrt(state->source_variance[sign]), scale, REST_DECK);
    observe(data, RELATIONS_PARTS_SENSE, sqrt(state->sense_variance), scale, REST_DECK);
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct noise_stage_options *options = run->options;
    const struct state *state = run->state;
    *context = NULL;
    if (!all_good(run))
        return rs_fail(err, RS_INCOMPLETE, "%s: decks are missing", relations[i_relation]->name);
    if (i_relation == APERTURE) {
        enum rs_status status = find_parts(run, err);
        for (int sign = 0; sign < N_SIGNS && status == RS_OK; sign++)
            observe(data, 0, state->aperture_seconds[OWN][sign],
                    options->tolerance_ratio * state->aperture_seconds[OWN][sign], REST_DECK);
        return status;
    }
    if (!(state->latch_variance[0] > 0))
        return rs_fail(err, RS_INCOMPLETE, "%s: the aperture is missing", relations[i_relation]->name);
    if (i_relation == PARTS)
        observe_parts(run, data);
    double rest = 0.5 * (state->source_variance[UP] + state->source_variance[DOWN]) + state->sense_variance;
    for (size_t h = 0; h < state->n_held && i_relation != PARTS; h++) {
        double value = sqrt(i_relation == DENSITY ? state->white[h] : state->latch_variance[h] + rest);
        observe(data, 0, value, options->tolerance_ratio * value, POINT_DECK);
    }
    return RS_OK;
}

static bool applies(const struct stage_run *run, size_t i_relation)
{
    (void)i_relation;
    return !latch_takes_currents(&run->plan->circuit.latch);
}

extern const struct stage stage_noise;
const struct stage stage_noise = {
    .name = "noise",
    .summary = "noise of a decision: densities (.noise) where the latch integrates, times its aperture, and "
               "Johnson and kT/C noise before it; no transient has noise of transistors",
    .options = &options_table,
    .n_relations = N_RELATIONS,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .applies = applies,
    .finish = finish,
};
