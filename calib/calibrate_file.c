/* CALIB.h5: the engine's part by frontend/calibration.h, then what the report shows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "calib/calibrate.h"
#include "calib/latches.h"
#include "frontend/calibration.h"
#include "numeric/random.h"
#include "numeric/statistics.h"

static const char flag_meanings[] = "fixed at_bound not_identified test";

/* --- the engine's part --- */

/* The card as it was read, in the window of the plan: what a run that names this file compares. */
static enum rs_status identify_device(const struct device_options *options, struct calibration_identity *out,
                                      struct rs_error *err)
{
    struct device *device = memory_allocate(1, sizeof *device, err);
    struct card *card = memory_allocate(1, sizeof *card, err);
    enum rs_status status = device != NULL && card != NULL ? device_open(options, device, err) : RS_INTERNAL;
    if (status == RS_OK && options->card[0] != '\0')
        status = card_load_file(options->card, card, err);
    else if (status == RS_OK)
        status = card_load_preset(card_preset_names[options->preset], card, err);
    if (status == RS_OK)
        status = calibration_device_identity(card, device->g_min_siemens, device->g_max_siemens, out, err);
    free(device);
    free(card);
    return status;
}

static enum rs_status identify(const struct calibrate *calibrate, struct calibration *out,
                               struct rs_error *err)
{
    const struct calibrate_plan *plan = calibrate->plan;
    const struct path_plan *circuit = &plan->circuit;
    const struct array_options *array = &plan->array;
    const struct calibration_topology topology = {
        .n_rows = (size_t)array->rows,
        .n_columns = (size_t)array->columns,
        .r_word_line_ohm = array->r_word_line_ohm,
        .r_bit_line_ohm = isnan(array->r_bit_line_ohm) ? array->r_word_line_ohm : array->r_bit_line_ohm,
        .r_driver_ohm = array->r_driver_ohm,
        .r_sense_ohm = array->r_sense_ohm,
        .kind = frontend_options_kinds[circuit->latch.kind],
        .sense = frontend_options_senses[circuit->path.sense],
        .reference = frontend_options_references[circuit->reference.kind],
        .share = frontend_options_shares[circuit->reference.sharing],
        .sign = frontend_options_signs[circuit->path.sign]};
    enum rs_status status = calibration_topology_identity(&topology, &out->topology, err);
    if (status == RS_OK)
        status = latches_identify(&circuit->latch, &out->latch, err);
    return status == RS_OK ? identify_device(&plan->device, &out->device, err) : status;
}

static enum rs_status add_estimates(const struct calibrate *calibrate, struct calibration *out,
                                    struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (size_t r = 0; r < calibrate->n_results; r++) {
        const struct calibrate_result *result = &calibrate->results[r];
        for (size_t k = 0; k < result->relation->n_parameters && status == RS_OK; k++) {
            const struct relation_parameter *parameter = &result->relation->parameters[k];
            const struct estimate_value *value = &result->estimate.values[k];
            bool empty = result->estimate.fitted == NULL;
            status = calibration_add(out, parameter->name, empty ? (double)NAN : value->value,
                                     empty ? (double)NAN : value->error, empty ? (double)NAN : value->lo95,
                                     empty ? (double)NAN : value->hi95, err);
            if (status == RS_OK)
                snprintf(out->estimates[out->n_estimates - 1].unit, sizeof out->estimates->unit, "%s",
                         parameter->unit);
        }
    }
    return status;
}

/* Parameters of different relations were not estimated together: NAN. */
static enum rs_status fill_correlation(const struct calibrate *calibrate, struct calibration *out,
                                       struct rs_error *err)
{
    size_t n = out->n_estimates, first = 0;
    out->correlation = memory_allocate(n * n, sizeof(double), err);
    if (out->correlation == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n * n; i++)
        out->correlation[i] = (double)NAN;
    for (size_t r = 0; r < calibrate->n_results; r++) {
        const struct calibrate_result *result = &calibrate->results[r];
        size_t p = result->relation->n_parameters;
        for (size_t a = 0; a < p && result->estimate.fitted != NULL; a++)
            for (size_t b = 0; b < p; b++)
                out->correlation[(first + a) * n + first + b] = result->estimate.correlation[a][b];
        first += p;
    }
    return RS_OK;
}

/* Where the deck of an observation stands among all decks. */
static const struct calibrate_stage *stage_of(const struct calibrate *calibrate, size_t i_result)
{
    for (size_t s = 0; s < calibrate->n_stages; s++) {
        const struct calibrate_stage *stage = &calibrate->stages[s];
        if (i_result >= stage->first_result && i_result < stage->first_result + stage->n_results)
            return stage;
    }
    return &calibrate->stages[0];
}

static size_t count_residuals(const struct calibrate *calibrate)
{
    size_t n = 0;
    for (size_t r = 0; r < calibrate->n_results; r++)
        n += calibrate->results[r].estimate.residual != NULL ? calibrate->results[r].estimate.n : 0;
    return n;
}

static enum rs_status fill_residuals(const struct calibrate *calibrate, struct calibration *out,
                                     struct rs_error *err)
{
    out->residuals = memory_allocate(count_residuals(calibrate), sizeof *out->residuals, err);
    if (out->residuals == NULL)
        return RS_INTERNAL;
    for (size_t r = 0; r < calibrate->n_results; r++) {
        const struct calibrate_result *result = &calibrate->results[r];
        const struct calibrate_stage *stage = stage_of(calibrate, r);
        for (size_t i = 0; i < result->estimate.n && result->estimate.residual != NULL; i++) {
            const struct observation *row = &result->data.rows[i];
            out->residuals[out->n_residuals++] = (struct calibration_residual){
                result->estimate.residual[i], (int32_t)(stage - calibrate->stages),
                row->deck < 0 ? -1 : row->deck + (int32_t)stage->first_deck, row->column};
        }
    }
    return RS_OK;
}

static enum rs_status store_engine_part(const struct calibrate *calibrate, struct store *store,
                                        struct rs_error *err)
{
    struct calibration calibration = {0};
    snprintf(calibration.ngspice_version, sizeof calibration.ngspice_version, "%s",
             calibrate->ngspice_version);
    snprintf(calibration.ngspice_options, sizeof calibration.ngspice_options, "%s",
             calibrate->ngspice_options);
    enum rs_status status = identify(calibrate, &calibration, err);
    if (status == RS_OK)
        status = add_estimates(calibrate, &calibration, err);
    if (status == RS_OK)
        status = fill_correlation(calibrate, &calibration, err);
    if (status == RS_OK)
        status = fill_residuals(calibrate, &calibration, err);
    calibration.n_slots = calibrate->n_slots;
    calibration.column_threshold_shift_amperes = calibrate->column_threshold_shift_amperes;
    if (status == RS_OK)
        status = calibration_store(&calibration, store, err);
    calibration.column_threshold_shift_amperes = NULL;
    calibration_clear(&calibration);
    return status;
}

/* --- what the report shows --- */

static enum rs_status write_numbers(struct store *store, const char *name, const char *dimension, size_t n,
                                    const double *values, const char *units, const char *long_name,
                                    struct rs_error *err)
{
    const struct store_shape shape = {1, {n}};
    return store_write(store, name, STORE_FLOAT64, &shape, &dimension, values,
                       (struct store_label){units, long_name}, err);
}

static enum rs_status write_counts(struct store *store, const char *name, const char *dimension, size_t n,
                                   const int32_t *values, const char *long_name, struct rs_error *err)
{
    const struct store_shape shape = {1, {n}};
    return store_write(store, name, STORE_INT32, &shape, &dimension, values,
                       (struct store_label){"1", long_name}, err);
}

static int32_t flags_of(const struct calibrate_result *result, size_t k)
{
    const struct estimate_value *value = &result->estimate.values[k];
    return (value->fixed ? CALIBRATION_FLAG_FIXED : 0) | (value->bound != 0 ? CALIBRATION_FLAG_AT_BOUND : 0) |
           (!result->estimate.identified ? CALIBRATION_FLAG_NOT_IDENTIFIED : 0) |
           (result->stage->is_test ? CALIBRATION_FLAG_TEST : 0);
}

static enum rs_status write_parameters(const struct calibrate *calibrate, struct store *store,
                                       struct rs_error *err)
{
    static const char axis[] = "parameter";
    size_t n = 0, total = 0;
    for (size_t r = 0; r < calibrate->n_results; r++)
        total += calibrate->results[r].relation->n_parameters;
    double *numbers = memory_allocate(2 * total, sizeof *numbers, err);
    int32_t *marks = memory_allocate(2 * total, sizeof *marks, err);
    const char **helps = memory_allocate(total, sizeof *helps, err);
    enum rs_status status = numbers != NULL && marks != NULL && helps != NULL ? RS_OK : RS_INTERNAL;
    for (size_t r = 0; r < calibrate->n_results && status == RS_OK; r++) {
        const struct calibrate_result *result = &calibrate->results[r];
        for (size_t k = 0; k < result->relation->n_parameters; k++, n++) {
            numbers[n] = result->estimate.values[k].start;
            numbers[total + n] = result->has_truth ? result->truth[k] : (double)NAN;
            marks[n] = (int32_t)r;
            marks[total + n] = flags_of(result, k);
            helps[n] = result->relation->parameters[k].help;
        }
    }
    if (status == RS_OK)
        status = write_numbers(store, "start", axis, n, numbers, NULL, "where its fit began", err);
    if (status == RS_OK)
        status = write_numbers(store, "truth", axis, n, numbers + n, NULL, "of tests; else NaN", err);
    if (status == RS_OK)
        status = write_counts(store, "parameter_relation", axis, n, marks, "index into relation", err);
    if (status == RS_OK)
        status = write_counts(store, "parameter_flag", axis, n, marks + n, "0: estimated", err);
    if (status == RS_OK)
        status = store_write_texts(store, "meaning", n, helps, axis, err);
    static const unsigned char masks[] = {CALIBRATION_FLAG_FIXED, CALIBRATION_FLAG_AT_BOUND,
                                          CALIBRATION_FLAG_NOT_IDENTIFIED, CALIBRATION_FLAG_TEST};
    if (status == RS_OK)
        status =
            store_write_numbers(store, "parameter_flag", "flag_masks", STORE_UINT8, sizeof masks, masks, err);
    if (status == RS_OK)
        status = store_write_text(store, "parameter_flag", "flag_meanings", flag_meanings, err);
    free(numbers);
    free(marks);
    free(helps);
    return status;
}

/* Numbers of a relation, in the order of their names. */
static const char *const figure_names[] = {
    "chi_square",       "degrees", "p",       "error_factor", "condition",    "evaluations",
    "at_bound",         "rms",     "p95",     "largest",      "relative_rms", "relative_p95",
    "relative_largest", "good",    "is_test", "has_noise"};
enum { N_FIGURES = sizeof figure_names / sizeof figure_names[0] };

static void list_figures(const struct calibrate_result *result, double figures[N_FIGURES])
{
    const struct estimate *e = &result->estimate;
    const double list[N_FIGURES] = {e->chi_square,
                                    e->degrees,
                                    e->p,
                                    e->error_factor,
                                    e->condition,
                                    (double)e->n_evaluations,
                                    (double)e->n_bound,
                                    e->rms,
                                    e->p95,
                                    e->largest,
                                    e->relative_rms,
                                    e->relative_p95,
                                    e->relative_largest,
                                    result->good,
                                    result->stage->is_test,
                                    result->relation->has_noise};
    memcpy(figures, list, sizeof list);
}

static enum rs_status write_relation_texts(const struct calibrate *calibrate, struct store *store,
                                           struct rs_error *err)
{
    size_t n = calibrate->n_results;
    char(*names)[64] = memory_allocate(n, sizeof *names, err);
    const char **texts = memory_allocate(5 * n, sizeof *texts, err);
    enum rs_status status = names != NULL && texts != NULL ? RS_OK : RS_INTERNAL;
    for (size_t r = 0; r < n && status == RS_OK; r++) {
        const struct calibrate_result *result = &calibrate->results[r];
        snprintf(names[r], sizeof names[r], "%.30s.%.30s", result->stage->name, result->relation->name);
        texts[r] = names[r];
        texts[n + r] = result->relation->summary;
        texts[2 * n + r] = result->relation->unit;
        texts[3 * n + r] = result->message;
        texts[4 * n + r] = estimate_residual_words(result->relation);
    }
    if (status == RS_OK)
        status = store_write_text_scale(store, "relation", n, texts,
                                        (struct store_label){NULL, "stage and relation"}, err);
    static const char *const columns[] = {"relation_summary", "relation_unit", "relation_message",
                                          "relation_residuals"};
    for (size_t c = 0; c < 4 && status == RS_OK; c++)
        status = store_write_texts(store, columns[c], n, texts + (c + 1) * n, "relation", err);
    free(names);
    free(texts);
    return status;
}

static enum rs_status write_relations(const struct calibrate *calibrate, struct store *store,
                                      struct rs_error *err)
{
    size_t n = calibrate->n_results;
    enum rs_status status = write_relation_texts(calibrate, store, err);
    double *column = memory_allocate(n, sizeof *column, err);
    if (column == NULL)
        return RS_INTERNAL;
    for (size_t f = 0; f < N_FIGURES && status == RS_OK; f++) {
        char name[64];
        for (size_t r = 0; r < n; r++) {
            double figures[N_FIGURES];
            list_figures(&calibrate->results[r], figures);
            column[r] = figures[f];
        }
        snprintf(name, sizeof name, "relation_%s", figure_names[f]);
        status = write_numbers(store, name, "relation", n, column, NULL, NULL, err);
    }
    free(column);
    return status;
}

static enum rs_status write_stages(const struct calibrate *calibrate, struct store *store,
                                   struct rs_error *err)
{
    const char *names[CALIBRATE_STAGES_MAX], *summaries[CALIBRATE_STAGES_MAX],
        *messages[CALIBRATE_STAGES_MAX];
    int32_t good[CALIBRATE_STAGES_MAX];
    size_t n = calibrate->n_stages;
    for (size_t s = 0; s < n; s++) {
        names[s] = calibrate->stages[s].stage->name;
        summaries[s] = calibrate->stages[s].stage->summary;
        messages[s] = calibrate->stages[s].message;
        good[s] = calibrate->stages[s].good;
    }
    enum rs_status status =
        store_write_text_scale(store, "stage", n, names, (struct store_label){NULL, "stage"}, err);
    if (status == RS_OK)
        status = store_write_texts(store, "stage_summary", n, summaries, "stage", err);
    if (status == RS_OK)
        status = store_write_texts(store, "stage_message", n, messages, "stage", err);
    if (status == RS_OK)
        status = write_counts(store, "stage_good", "stage", n, good, "1: nothing failed", err);
    return status;
}

static enum rs_status write_deck_names(const struct calibrate *calibrate, struct store *store,
                                       struct rs_error *err)
{
    size_t n = calibrate->n_decks;
    char(*names)[DECKS_NAME_SIZE + 32] = memory_allocate(n, sizeof *names, err);
    const char **texts = memory_allocate(2 * n, sizeof *texts, err);
    int32_t *marks = memory_allocate(2 * n, sizeof *marks, err);
    enum rs_status status = names != NULL && texts != NULL && marks != NULL ? RS_OK : RS_INTERNAL;
    for (size_t d = 0; d < n && status == RS_OK; d++) {
        const struct calibrate_deck *deck = &calibrate->decks[d];
        snprintf(names[d], sizeof names[d], "%.24s: %s", calibrate->stages[deck->i_stage].stage->name,
                 deck->name);
        texts[d] = names[d];
        texts[n + d] = deck->sha256;
        marks[d] = (int32_t)deck->i_stage;
        marks[n + d] = deck->good;
    }
    if (status == RS_OK)
        status = store_write_text_scale(store, "deck", n, texts, (struct store_label){NULL, "netlist"}, err);
    if (status == RS_OK)
        status = store_write_texts(store, "deck_sha256", n, texts + n, "deck", err);
    if (status == RS_OK)
        status = write_counts(store, "deck_stage", "deck", n, marks, "index into stage", err);
    if (status == RS_OK)
        status = write_counts(store, "deck_good", "deck", n, marks + n, "1: ngspice answered", err);
    free(names);
    free(texts);
    free(marks);
    return status;
}

/* [relation][deck]: rms residual of a deck by a fit without it. */
static enum rs_status write_left_out(const struct calibrate *calibrate, struct store *store,
                                     struct rs_error *err)
{
    static const char *const axes[] = {"relation", "deck"};
    size_t n = calibrate->n_results * calibrate->n_decks;
    const struct store_shape shape = {2, {calibrate->n_results, calibrate->n_decks}};
    double *values = memory_allocate(n, sizeof *values, err);
    if (values == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n; i++)
        values[i] = (double)NAN;
    for (size_t r = 0; r < calibrate->n_results; r++) {
        const struct estimate *estimate = &calibrate->results[r].estimate;
        size_t first = stage_of(calibrate, r)->first_deck;
        for (size_t d = 0; d < estimate->n_decks && estimate->left_out != NULL; d++)
            values[r * calibrate->n_decks + first + d] = estimate->left_out[d];
    }
    enum rs_status status =
        store_write(store, "left_out", STORE_FLOAT64, &shape, axes, values,
                    (struct store_label){NULL, "rms residual of a deck by a fit without it"}, err);
    free(values);
    return status;
}

static enum rs_status write_observations(const struct calibrate *calibrate, struct store *store,
                                         struct rs_error *err)
{
    static const char *const names[] = {"residual_observed", "residual_fitted", "residual_sigma",
                                        "residual_load"};
    size_t n = 0, total = count_residuals(calibrate);
    double *numbers = memory_allocate(4 * total, sizeof *numbers, err);
    int32_t *marks = memory_allocate(total, sizeof *marks, err);
    enum rs_status status = numbers != NULL && marks != NULL ? RS_OK : RS_INTERNAL;
    for (size_t r = 0; r < calibrate->n_results && status == RS_OK; r++) {
        const struct calibrate_result *result = &calibrate->results[r];
        for (size_t i = 0; i < result->estimate.n && result->estimate.residual != NULL; i++, n++) {
            const struct observation *row = &result->data.rows[i];
            const double all[] = {row->value, result->estimate.fitted[i], row->sigma, row->load_amperes};
            for (size_t c = 0; c < 4; c++)
                numbers[c * total + n] = all[c];
            marks[n] = (int32_t)r;
        }
    }
    for (size_t c = 0; c < 4 && status == RS_OK && total > 0; c++)
        status = write_numbers(store, names[c], "observation", total, numbers + c * total,
                               c == 3 ? "A" : NULL, NULL, err);
    if (status == RS_OK && total > 0)
        status =
            write_counts(store, "residual_relation", "observation", total, marks, "index into relation", err);
    free(numbers);
    free(marks);
    return status;
}

static enum rs_status write_provenance(const struct calibrate *calibrate, struct store *store,
                                       struct rs_error *err)
{
    char *resolved = calibrate_plan_resolved_text(calibrate->plan, err), source[64];
    if (resolved == NULL)
        return RS_INTERNAL;
    snprintf(source, sizeof source, "rescore %s", version_number());
    const char *const texts[][2] = {
        {"Conventions", "CF-1.8"},
        {"title", "Behavioural model of sense path, comparator and thresholds, fitted to ngspice"},
        {"source", source},
        {"git_commit", version_commit()},
        {"config_yaml", calibrate->plan->yaml},
        {"config_resolved_yaml", resolved},
        {"rng", RANDOM_NAME},
        {"compiler", version_compiler()},
        {"hdf5_version", store_library_version()},
        {"gsl_version", statistics_library_version()},
    };
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RS_OK; i++)
        status = store_write_text(store, "/", texts[i][0], texts[i][1], err);
    if (status == RS_OK)
        status = store_write_integer(store, "/", "seed", calibrate->plan->monte_carlo.seed, err);
    if (status == RS_OK)
        status = store_write_integer(store, "/", "complete", calibrate->complete, err);
    free(resolved);
    return status;
}

enum rs_status calibrate_write(const struct calibrate *calibrate, const char *path, struct rs_error *err)
{
    typedef enum rs_status writer(const struct calibrate *, struct store *, struct rs_error *);
    static writer *const writers[] = {store_engine_part, write_provenance,  write_stages,
                                      write_deck_names,  write_relations,   write_parameters,
                                      write_left_out,    write_observations};
    struct store *store = NULL;
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    size_t n_writers =
        calibrate->n_results > 0 && calibrate->n_decks > 0 ? sizeof writers / sizeof *writers : 3;
    for (size_t i = 0; i < n_writers && status == RS_OK; i++)
        status = writers[i](calibrate, store, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}
