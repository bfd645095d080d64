/* Curves by nonlinear least squares, with bounds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calib/estimate_kinds.h"
#include "numeric/goodness.h"
#include "numeric/least_squares.h"
#include "numeric/statistics.h"

struct curve {
    const struct estimate_task *task;
    double values[RELATION_PARAMETERS_MAX]; /* of all parameters; the free ones change */
    size_t n_free;
    size_t free_index[RELATION_PARAMETERS_MAX];
    double *fitted; /* [data->n] */
};

/* The minimiser's number for a value, about 1, and back. */
static double scaled(const struct relation_parameter *parameter, double value)
{
    return parameter->logarithmic ? log(value) : value / parameter->scale;
}

static double unscaled(const struct relation_parameter *parameter, double x)
{
    return parameter->logarithmic ? exp(x) : x * parameter->scale;
}

/* d value / d x. */
static double stretch(const struct relation_parameter *parameter, double value)
{
    return parameter->logarithmic ? value : parameter->scale;
}

static void find_residuals(void *context, const double *x, double *residuals)
{
    struct curve *curve = context;
    const struct estimate_task *task = curve->task;
    for (size_t k = 0; k < curve->n_free; k++)
        curve->values[curve->free_index[k]] = unscaled(&task->parameters[curve->free_index[k]], x[k]);
    bool good = task->relation->model(task->context, task->data, curve->values, curve->fitted);
    size_t n = 0;
    for (size_t i = 0; i < task->data->n; i++) {
        const struct observation *row = &task->data->rows[i];
        if (task->used == NULL || task->used[i])
            residuals[n++] = good ? (curve->fitted[i] - row->value) / row->sigma : (double)NAN;
    }
}

static bool minimise(struct curve *curve, double *covariance, struct least_squares_report *report)
{
    double x[RELATION_PARAMETERS_MAX] = {0};
    for (size_t k = 0; k < curve->n_free; k++) {
        size_t i = curve->free_index[k];
        x[k] = scaled(&curve->task->parameters[i], curve->values[i]);
    }
    if (!least_squares_examine(find_residuals, curve, estimate_count_used(curve->task), curve->n_free, x,
                               covariance, report))
        return false;
    for (size_t k = 0; k < curve->n_free; k++) {
        size_t i = curve->free_index[k];
        curve->values[i] = unscaled(&curve->task->parameters[i], x[k]);
    }
    return true;
}

/* Puts the free value that lies farthest beyond a bound on it; false where none does. */
static bool bind(struct curve *curve, struct estimate *out)
{
    double most = 0;
    size_t worst = 0;
    int side = 0;
    for (size_t k = 0; k < curve->n_free; k++) {
        size_t i = curve->free_index[k];
        const struct relation_parameter *parameter = &curve->task->parameters[i];
        double unit = stretch(parameter, curve->values[i]);
        double below = (parameter->low - curve->values[i]) / unit,
               above = (curve->values[i] - parameter->high) / unit;
        if (fmax(below, above) > most) {
            most = fmax(below, above);
            worst = k;
            side = below > above ? -1 : 1;
        }
    }
    if (side == 0)
        return false;
    size_t i = curve->free_index[worst];
    out->values[i].bound = side;
    out->n_bound++;
    curve->values[i] = side < 0 ? curve->task->parameters[i].low : curve->task->parameters[i].high;
    memmove(&curve->free_index[worst], &curve->free_index[worst + 1],
            (curve->n_free - worst - 1) * sizeof curve->free_index[0]);
    curve->n_free--;
    return true;
}

static double find_chi_square(const struct estimate_task *task, const double *fitted)
{
    double sum = 0;
    for (size_t i = 0; i < task->data->n; i++) {
        double r = (fitted[i] - task->data->rows[i].value) / task->data->rows[i].sigma;
        sum += task->used == NULL || task->used[i] ? r * r : 0;
    }
    return sum;
}

/* Errors and intervals from the covariance of the minimiser's numbers. */
static void find_errors(const struct curve *curve, double *covariance, struct estimate *out)
{
    size_t p = curve->n_free;
    bool tolerance = !curve->task->relation->has_noise;
    out->error_factor = tolerance && out->degrees > 0 ? sqrt(fmax(out->chi_square / out->degrees, 1)) : 1;
    double reach =
        out->degrees > 0 ? statistics_student(ESTIMATE_CONFIDENCE, out->degrees) : (double)INFINITY;
    for (size_t a = 0; a < p; a++) {
        size_t i = curve->free_index[a];
        const struct relation_parameter *parameter = &curve->task->parameters[i];
        double x = scaled(parameter, curve->values[i]),
               error = sqrt(covariance[a * p + a]) * out->error_factor;
        out->values[i].lo95 = unscaled(parameter, x - reach * error);
        out->values[i].hi95 = unscaled(parameter, x + reach * error);
    }
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++) {
            size_t i = curve->free_index[a], j = curve->free_index[b];
            covariance[a * p + b] *= stretch(&curve->task->parameters[i], curve->values[i]) *
                                     stretch(&curve->task->parameters[j], curve->values[j]) *
                                     out->error_factor * out->error_factor;
        }
    estimate_spread_covariance(out, p, curve->free_index, covariance);
}

bool estimate_curve(const struct estimate_task *task, struct estimate *out)
{
    struct curve curve = {.task = task, .fitted = out->fitted};
    double covariance[RELATION_PARAMETERS_MAX * RELATION_PARAMETERS_MAX];
    struct least_squares_report report = {.condition = (double)NAN};
    out->n_evaluations = out->n_bound = 0;
    for (size_t i = 0; i < task->relation->n_parameters; i++) {
        curve.values[i] = task->parameters[i].start;
        out->values[i].bound = 0;
        if (!task->parameters[i].fixed)
            curve.free_index[curve.n_free++] = i;
    }
    do {
        report.condition = (double)NAN;
        if (curve.n_free > 0 && !minimise(&curve, covariance, &report))
            return false;
        out->n_evaluations += report.n_evaluations;
    } while (bind(&curve, out));
    if (!task->relation->model(task->context, task->data, curve.values, out->fitted))
        return false;
    out->n_evaluations++;
    out->condition = report.condition;
    out->degrees = (double)estimate_count_used(task) - (double)curve.n_free;
    out->chi_square = find_chi_square(task, out->fitted);
    out->p = goodness_chi_square(out->chi_square, out->degrees);
    for (size_t i = 0; i < task->relation->n_parameters; i++) {
        double error = out->values[i].bound != 0 ? (double)NAN : 0;
        out->values[i] = (struct estimate_value){.value = curve.values[i],
                                                 .error = error,
                                                 .lo95 = error + curve.values[i],
                                                 .hi95 = error + curve.values[i],
                                                 .start = task->parameters[i].start,
                                                 .fixed = task->parameters[i].fixed,
                                                 .bound = out->values[i].bound};
    }
    find_errors(&curve, covariance, out);
    return true;
}
