/*
 * The noise that the stage `noise` estimated, put into transients of transistors and found again in their
 * decisions: a check of the aperture and of how the latch averages, not of the densities, which no transient
 * has. Our own normals as a staircase at the input (ngspice's trnoise does not come again), white with the
 * density 2 T sigma^2, T the aperture. Each decision follows a forced one, so that what a latch remembers is
 * measured with it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/latches.h"
#include "calib/relations.h"
#include "calib/stage.h"
#include "spice/latch_noise.h"

struct check_options {
    int64_t n_levels, n_decisions;
    double span_ratio, reset_seconds, force_volts, window_seconds, step_seconds;
};

#define MEMBER(name) offsetof(struct check_options, name)
#define COUNT(key_, member_, initial_, low_, high_, help_)                                                   \
    {                                                                                                        \
        .key = key_, .kind = OPTION_INTEGER, .offset = MEMBER(member_), .initial = initial_, .low = low_,    \
        .high = high_, .help = help_                                                                         \
    }
#define REAL(key_, member_, unit_, low_, high_, help_)                                                       \
    .key = key_, .kind = OPTION_REAL, .unit = unit_, .offset = MEMBER(member_), .low = low_, .high = high_,  \
    .flags = OPTION_LOW_OPEN, .help = help_
static const struct option rows[] = {
    COUNT("noise_check.levels", n_levels, "7", 3, 50, "input differences"),
    COUNT("noise_check.decisions", n_decisions, "100", 2, 1e6,
          "at each of them, after a 0 and again after a 1"),
    {REAL("noise_check.span", span_ratio, QUANTITY_NONE, 0, 10,
          "largest input difference, in standard deviations of the noise"),
     .initial = "1.8"},
    {REAL("noise_check.reset", reset_seconds, QUANTITY_SECOND, 0, 1,
          "how long the clock is low before a decision"),
     .initial_help = "path.evaluation_time"},
    {REAL("noise_check.force", force_volts, QUANTITY_VOLT, 0, 10,
          "input difference of the decision before, either way"),
     .initial = "30 mV"},
    {REAL("noise_check.window", window_seconds, QUANTITY_SECOND, 0, 1,
          "how long noise is put in, from where the clock begins to rise"),
     .initial_help = "4 edge times"},
    {REAL("noise_check.step", step_seconds, QUANTITY_SECOND, 0, 1,
          "time between two normals: well below the aperture"),
     .initial_help = "a fifth of an edge time"},
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct check_options)};

static const struct relation *const relations[] = {&relations_decisions};

/* Decisions of a latch in one deck: decks are the work that workers share. */
enum { PER_DECK = 25 };

struct state {
    double sigma_volts, *level_volts; /* [n_levels] */
};

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state == NULL)
        return;
    free(state->level_volts);
    free(state);
    run->state = NULL;
}

static size_t decisions_of_deck(const struct check_options *options, size_t d)
{
    size_t n = (size_t)options->n_decisions, first = d * PER_DECK;
    return n - first < PER_DECK ? n - first : PER_DECK;
}

static enum rs_status add_deck(struct stage_run *run, const struct latch_noise_decisions *decisions, size_t d,
                               struct rs_error *err)
{
    struct text text = {0}, commands = {0};
    struct deck *added = NULL;
    char name[DECKS_NAME_SIZE];
    snprintf(name, sizeof name, "decisions %zu to %zu with noise", d * PER_DECK,
             d * PER_DECK + decisions->n_decisions - 1);
    enum rs_status status =
        latch_noise_write_decisions(&run->plan->circuit, decisions, &text, &commands, err);
    if (status == RS_OK)
        added = decks_add(&run->decks, name, text_take(&text, err));
    for (size_t j = 0; j < 2 * decisions->n_levels && added != NULL; j++) {
        char vector[32];
        snprintf(vector, sizeof vector, "count%zu", j);
        decks_ask(&run->decks, added, vector, 0);
    }
    if (added != NULL)
        decks_add_run(&run->decks, added, text_take(&commands, err));
    text_clear(&text);
    text_clear(&commands);
    if (status == RS_OK && run->decks.failed)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    return status;
}

/* Where a latch without mismatch trips: 0 unless an earlier stage knows better. */
static double centre_volts(const struct stage_run *run)
{
    for (size_t i = 0; i < run->n_known; i++)
        if (strcmp(run->known[i].name, "offset_mean_volts") == 0)
            return run->known[i].value;
    return 0;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct check_options *options = run->options;
    const struct calibrate_plan *plan = run->plan;
    const struct path_options *path = &plan->circuit.path;
    const double window_edges = 4, step_edges = 0.2;
    double aperture_seconds = 0;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    *state = (struct state){0};
    if (latch_takes_currents(&plan->circuit.latch)) {
        stage_leave_out(run, "decisions",
                        "outputs that begin at the supply are a latch's of voltages; this kind's do not");
        return RS_OK;
    }
    enum rs_status status = stage_get_known(run, "noise_sigma_volts", &state->sigma_volts, err);
    if (status == RS_OK)
        status = stage_get_known(run, "noise_aperture_seconds", &aperture_seconds, err);
    size_t n = (size_t)options->n_levels;
    if (status == RS_OK && (state->level_volts = memory_allocate(n, sizeof(double), err)) == NULL)
        status = RS_INTERNAL;
    if (status != RS_OK)
        return status;
    for (size_t k = 0; k < n; k++)
        state->level_volts[k] = centre_volts(run) + options->span_ratio * state->sigma_volts *
                                                        (2 * (double)k / (double)(n - 1) - 1);
    double step = isnan(options->step_seconds) ? step_edges * path->edge_seconds : options->step_seconds;
    struct latch_noise_decisions decisions = {
        .n_levels = n,
        .level_volts = state->level_volts,
        .r_source_ohm = latches_source_ohm(plan),
        .reset_seconds = isnan(options->reset_seconds) ? path->evaluation_seconds : options->reset_seconds,
        .force_volts = options->force_volts,
        .sigma_volts = state->sigma_volts * sqrt(aperture_seconds / step),
        .window_seconds =
            isnan(options->window_seconds) ? window_edges * path->edge_seconds : options->window_seconds,
        .step_seconds = step,
        .key = {.seed = (uint64_t)plan->monte_carlo.seed, .purpose = RANDOM_CALIBRATION, .write = 1}};
    for (size_t d = 0; d * PER_DECK < (size_t)options->n_decisions && status == RS_OK; d++) {
        decisions.n_decisions = decisions_of_deck(options, d);
        decisions.key.draw = (uint32_t)(d * PER_DECK);
        status = add_deck(run, &decisions, d, err);
    }
    return status;
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct check_options *options = run->options;
    const struct state *state = run->state;
    (void)i_relation;
    (void)err;
    *context = NULL;
    for (size_t d = 0; d < run->decks.n; d++) {
        const struct deck *deck = &run->decks.decks[d];
        double trials = (double)decisions_of_deck(options, d);
        for (size_t j = 0; j < deck->n_vectors && deck->good; j++)
            observations_add(
                data,
                &(struct observation){
                    .inputs = {[RELATIONS_DECISIONS_VOLTS] = state->level_volts[j / 2],
                               [RELATIONS_DECISIONS_PREVIOUS] = j % 2 == 0 ? -1 : 1},
                    .value = fmin(fmax(round(0.5 * (deck->values[j] - LATCH_NOISE_COUNT_START + trials)), 0),
                                  trials),
                    .trials = trials,
                    .sigma = 1,
                    .load_amperes = (double)NAN,
                    .deck = (int32_t)d,
                    .column = -1});
    }
    return RS_OK;
}

/* What was put in; threshold and hysteresis are measured. */
static void tell_truth(const struct stage_run *run, size_t i_relation, double *values)
{
    const struct state *state = run->state;
    (void)i_relation;
    values[0] = state->sigma_volts;
    values[1] = values[2] = (double)NAN;
}

static bool applies(const struct stage_run *run, size_t i_relation)
{
    (void)i_relation;
    return !latch_takes_currents(&run->plan->circuit.latch);
}

extern const struct stage stage_noise_check;
const struct stage stage_noise_check = {
    .name = "noise_check",
    .summary = "the estimated noise, put as white noise into transients of the latch, found again in its "
               "decisions; and what a decision leaves for the next",
    .options = &options_table,
    .n_relations = 1,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .applies = applies,
    .tell_truth = tell_truth,
    .finish = finish,
};
