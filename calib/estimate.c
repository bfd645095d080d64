#include "calib/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/estimate_kinds.h"

size_t estimate_count_used(const struct estimate_task *task)
{
    size_t n = 0;
    for (size_t i = 0; i < task->data->n; i++)
        n += task->used == NULL || task->used[i];
    return n;
}

void estimate_spread_covariance(struct estimate *out, size_t n_free, const size_t *free_index,
                                const double *covariance)
{
    for (size_t a = 0; a < n_free; a++) {
        out->values[free_index[a]].error = sqrt(covariance[a * n_free + a]);
        for (size_t b = 0; b < n_free; b++) {
            double scale = sqrt(covariance[a * n_free + a]) * sqrt(covariance[b * n_free + b]);
            double correlation = isfinite(scale) && scale > 0 ? covariance[a * n_free + b] / scale : 0;
            out->correlation[free_index[a]][free_index[b]] = a == b ? 1 : fmin(fmax(correlation, -1), 1);
        }
    }
}

static bool compute(const struct estimate_task *task, struct estimate *out)
{
    for (size_t a = 0; a < RELATION_PARAMETERS_MAX; a++)
        for (size_t b = 0; b < RELATION_PARAMETERS_MAX; b++)
            out->correlation[a][b] = (double)NAN;
    out->condition = (double)NAN;
    switch (task->relation->kind) {
    case RELATION_CURVE:
        return estimate_curve(task, out);
    case RELATION_PROBIT:
        return estimate_probit(task, out);
    case RELATION_SPREAD:
        return estimate_spread(task, out);
    }
    return false;
}

/* --- residuals --- */

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static bool measure_residuals(const struct observations *data, struct estimate *out)
{
    double squares = 0, values = 0, *sizes = malloc((out->n + 1) * sizeof *sizes);
    if (sizes == NULL)
        return false;
    for (size_t i = 0; i < out->n; i++) {
        out->residual[i] = data->rows[i].value - out->fitted[i];
        sizes[i] = fabs(out->residual[i]);
        squares += sizes[i] * sizes[i] / (double)out->n;
        values += data->rows[i].value * data->rows[i].value / (double)out->n;
    }
    qsort(sizes, out->n, sizeof *sizes, compare);
    out->rms = sqrt(squares);
    out->largest = sizes[out->n - 1];
    out->p95 = sizes[(size_t)(0.95 * (double)(out->n - 1) + 0.5)];
    double whole = sqrt(values);
    out->relative_rms = whole > 0 ? out->rms / whole : (double)NAN;
    out->relative_p95 = whole > 0 ? out->p95 / whole : (double)NAN;
    out->relative_largest = whole > 0 ? out->largest / whole : (double)NAN;
    free(sizes);
    return true;
}

/* --- leave one deck out --- */

/* rms residual of deck `deck` by a fit to the others; NAN where there is none. */
static double predict_deck(const struct estimate_task *whole, int32_t deck, bool *used,
                           struct estimate *scratch)
{
    struct estimate_task task = *whole;
    const struct observations *data = whole->data;
    size_t n_left = 0, n_kept = 0;
    double squares = 0;
    for (size_t i = 0; i < data->n; i++) {
        used[i] = data->rows[i].deck != deck;
        n_left += !used[i];
        n_kept += used[i];
    }
    task.used = used;
    if (n_left == 0 || n_kept < whole->relation->n_parameters + 1 || !compute(&task, scratch))
        return (double)NAN;
    for (size_t i = 0; i < data->n; i++)
        if (!used[i])
            squares += pow(data->rows[i].value - scratch->fitted[i], 2) / (double)n_left;
    return sqrt(squares);
}

/* Starting from the estimates of the whole. */
static bool leave_out(const struct estimate_task *task, struct estimate *out)
{
    struct relation_parameter parameters[RELATION_PARAMETERS_MAX];
    struct estimate_task near = *task;
    struct estimate *scratch = malloc(sizeof *scratch);
    bool *used = malloc(task->data->n * sizeof *used);
    double *fitted = malloc(task->data->n * sizeof *fitted);
    bool good = scratch != NULL && used != NULL && fitted != NULL;
    for (size_t k = 0; k < task->relation->n_parameters; k++) {
        parameters[k] = task->parameters[k];
        parameters[k].start = out->values[k].value;
    }
    near.parameters = parameters;
    for (size_t d = 0; d < out->n_decks && good; d++) {
        *scratch = (struct estimate){.fitted = fitted};
        out->left_out[d] = predict_deck(&near, (int32_t)d, used, scratch);
    }
    free(scratch);
    free(used);
    free(fitted);
    return good;
}

const char *estimate_residual_words(const struct relation *relation)
{
    switch (relation->kind) {
    case RELATION_PROBIT:
        return "counts less their expectation";
    case RELATION_SPREAD:
        return "the draws less their mean";
    case RELATION_CURVE:
        break;
    }
    return relation->has_noise
               ? "declared noise, and the error of the model with it"
               : "the error of the model alone: a simulation has no noise, sigma is a declared tolerance";
}

/* --- what the data do not determine --- */

bool estimate_worst_pair(const struct estimate *estimate, size_t *one, size_t *other)
{
    double most = -1;
    for (size_t a = 0; a < estimate->relation->n_parameters; a++)
        for (size_t b = 0; b < a; b++)
            if (fabs(estimate->correlation[a][b]) > most) {
                most = fabs(estimate->correlation[a][b]);
                *one = b;
                *other = a;
            }
    return most >= 0;
}

static enum rs_status check_identified(struct estimate *out, double limit, struct rs_error *err)
{
    const struct relation *relation = out->relation;
    size_t one = 0, other = 0;
    for (size_t k = 0; k < relation->n_parameters; k++)
        if (isinf(out->values[k].error))
            return rs_fail(
                err, RS_INCOMPLETE,
                "%s: %s has no effect on any of the %zu observations; fix it (parameters.%s.fixed)",
                relation->name, relation->parameters[k].name, out->n, relation->parameters[k].name);
    if (relation->kind == RELATION_CURVE && estimate_worst_pair(out, &one, &other) &&
        fabs(out->correlation[one][other]) > limit)
        return rs_fail(
            err, RS_INCOMPLETE,
            "%s: %s and %s cannot be told apart: their correlation is %.7f, at most %.4g expected "
            "(condition number %.3g); fix one of them (parameters.%s.fixed), or add decks in which "
            "they act differently",
            relation->name, relation->parameters[one].name, relation->parameters[other].name,
            out->correlation[one][other], limit, out->condition, relation->parameters[other].name);
    out->identified = true;
    return RS_OK;
}

static enum rs_status check_data(const struct relation *relation, const struct relation_parameter *parameters,
                                 const struct observations *data, struct rs_error *err)
{
    size_t n_free = 0;
    for (size_t k = 0; k < relation->n_parameters; k++)
        n_free += !parameters[k].fixed;
    if (data->failed)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    if (data->n < n_free + 1)
        return rs_fail(err, RS_INPUT, "%s: %zu observations found, more than %zu expected", relation->name,
                       data->n, n_free);
    if (relation->kind == RELATION_CURVE)
        return RS_OK;
    size_t n_needed = relation->kind == RELATION_PROBIT ? 1 : 2;
    for (size_t k = 0; k < n_needed; k++)
        if (parameters[k].fixed)
            return rs_fail(err, RS_INPUT, "parameters.%s.fixed: this one cannot be fixed",
                           relation->parameters[k].name);
    return RS_OK;
}

enum rs_status estimate_compute(const struct relation *relation, const struct estimate_settings *settings,
                                const void *context, const struct observations *data, struct estimate *out,
                                struct rs_error *err)
{
    *out = (struct estimate){.relation = relation, .n = data->n, .n_decks = settings->n_decks};
    const struct estimate_task task = {relation, settings->parameters, context, data, NULL};
    enum rs_status status = check_data(relation, settings->parameters, data, err);
    if (status != RS_OK)
        return status;
    out->fitted = memory_allocate(data->n, sizeof *out->fitted, err);
    out->residual = memory_allocate(data->n, sizeof *out->residual, err);
    out->left_out = memory_allocate(settings->n_decks, sizeof *out->left_out, err);
    if (out->fitted == NULL || out->residual == NULL || out->left_out == NULL)
        return RS_INTERNAL;
    if (!compute(&task, out))
        return rs_fail(err, RS_INCOMPLETE, "%s: the fit does not converge on %zu observations",
                       relation->name, data->n);
    if (!measure_residuals(data, out) || !leave_out(&task, out))
        return rs_fail(err, RS_INTERNAL, "out of memory");
    return check_identified(out, settings->correlation_limit, err);
}

void estimate_clear(struct estimate *estimate)
{
    free(estimate->fitted);
    free(estimate->residual);
    free(estimate->left_out);
    *estimate = (struct estimate){0};
}
