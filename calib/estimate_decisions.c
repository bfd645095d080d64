/* Decisions by probit likelihood; draws by their mean and standard deviation. */
#include <math.h>
#include <stdlib.h>

#include "calib/estimate_kinds.h"
#include "numeric/goodness.h"
#include "numeric/probit.h"
#include "numeric/statistics.h"

enum { SIGMA, THRESHOLD, HYSTERESIS }; /* of RELATION_PROBIT */
enum { MEAN, DEVIATION };              /* of RELATION_SPREAD */

/* --- probit --- */

/* Columns of numbers that the regression takes, [n] each. */
struct columns {
    size_t n;
    double *block, *design, *offset, *kept, *trials;
};

static bool is_free(const struct estimate_task *task, size_t parameter)
{
    return parameter < task->relation->n_parameters && !task->parameters[parameter].fixed;
}

static double fixed_value(const struct estimate_task *task, size_t parameter)
{
    return parameter < task->relation->n_parameters && task->parameters[parameter].fixed
               ? task->parameters[parameter].start
               : 0;
}

/* Design: input less what is fixed, then 1 for a free threshold, then the decision before for a free
 * hysteresis; the input in units of `unit`. */
static bool fill_columns(const struct estimate_task *task, double unit, size_t n_free,
                         struct columns *columns)
{
    size_t n = estimate_count_used(task), filled = 0;
    *columns = (struct columns){.n = n, .block = malloc(n * (n_free + 2) * sizeof(double))};
    if (columns->block == NULL)
        return false;
    columns->design = columns->block;
    columns->kept = columns->block + n * n_free;
    columns->trials = columns->kept + n;
    for (size_t i = 0; i < task->data->n; i++) {
        const struct observation *row = &task->data->rows[i];
        if (task->used != NULL && !task->used[i])
            continue;
        double *design = columns->design + filled * n_free;
        *design++ = (row->inputs[0] - fixed_value(task, THRESHOLD) +
                     0.5 * row->inputs[1] * fixed_value(task, HYSTERESIS)) /
                    unit;
        if (is_free(task, THRESHOLD))
            *design++ = 1;
        if (is_free(task, HYSTERESIS))
            *design++ = row->inputs[1];
        columns->kept[filled] = row->value;
        columns->trials[filled++] = row->trials;
    }
    return true;
}

/* From b of eta = b0 x - ... to sigma = 1 / b0, threshold = -b1 / b0, hysteresis = 2 b2 / b0, with the
 * covariance of first order. */
static void convert(const struct estimate_task *task, double unit, size_t n_free, const double *b,
                    const double *covariance, struct estimate *out)
{
    double sigma = unit / b[0], factor[3] = {0, -sigma, 2 * sigma}, slopes[3][3] = {{0}}, values[3];
    double spread[9] = {0};
    size_t index[3] = {SIGMA}, n = 1;
    values[0] = sigma;
    slopes[0][0] = -sigma / b[0];
    for (size_t k = THRESHOLD; k <= HYSTERESIS; k++)
        if (is_free(task, k)) {
            values[n] = factor[k] * b[n];
            slopes[n][0] = -values[n] / b[0];
            slopes[n][n] = factor[k];
            index[n++] = k;
        }
    for (size_t a = 0; a < n_free; a++)
        for (size_t c = 0; c < n_free; c++)
            for (size_t e = 0; e < n_free; e++)
                for (size_t f = 0; f < n_free; f++)
                    spread[a * n_free + c] += slopes[a][e] * covariance[e * n_free + f] * slopes[c][f];
    double reach = goodness_normal_quantile(0.5 + 0.5 * ESTIMATE_CONFIDENCE);
    for (size_t a = 0; a < n_free; a++) {
        struct estimate_value *value = &out->values[index[a]];
        double error = sqrt(spread[a * n_free + a]);
        value->value = values[a];
        value->lo95 = values[a] - reach * error;
        value->hi95 = values[a] + reach * error;
    }
    estimate_spread_covariance(out, n_free, index, spread);
}

/* The profile intervals of threshold and sigma, where these are all that is free. */
static bool use_profile(const struct estimate_task *task, double unit, const struct columns *columns,
                        struct estimate *out)
{
    struct probit_curve curve;
    double *x = malloc(columns->n * sizeof *x);
    for (size_t i = 0; i < columns->n && x != NULL; i++)
        x[i] = columns->design[2 * i] * unit;
    bool good = x != NULL &&
                probit_curve_fit(columns->n, x, columns->kept, columns->trials, ESTIMATE_CONFIDENCE, &curve);
    free(x);
    if (!good)
        return false;
    struct estimate_value *sigma = &out->values[SIGMA], *threshold = &out->values[THRESHOLD];
    double fixed = fixed_value(task, THRESHOLD);
    *sigma = (struct estimate_value){
        curve.sigma, curve.sigma_error, curve.sigma_low, curve.sigma_high, sigma->start, false, 0};
    *threshold = (struct estimate_value){curve.threshold + fixed,
                                         curve.threshold_error,
                                         curve.threshold_low + fixed,
                                         curve.threshold_high + fixed,
                                         threshold->start,
                                         false,
                                         0};
    out->correlation[SIGMA][THRESHOLD] = out->correlation[THRESHOLD][SIGMA] = curve.correlation;
    out->n_evaluations += curve.n_evaluations;
    return true;
}

static void predict(const struct estimate_task *task, struct estimate *out)
{
    bool shifts = task->relation->n_parameters > HYSTERESIS;
    for (size_t i = 0; i < task->data->n; i++) {
        const struct observation *row = &task->data->rows[i];
        double d = row->inputs[0] - out->values[THRESHOLD].value +
                   (shifts ? 0.5 * row->inputs[1] * out->values[HYSTERESIS].value : 0);
        double share =
            out->values[SIGMA].value > 0 ? goodness_normal(d / out->values[SIGMA].value) : (double)(d > 0);
        out->fitted[i] = row->trials * share;
    }
}

/* The typical size of the input: the regression takes numbers of about 1. */
static double input_unit(const struct estimate_task *task)
{
    double sum = 0;
    for (size_t i = 0; i < task->data->n; i++)
        sum += fabs(task->data->rows[i].inputs[0]) / (double)task->data->n;
    return sum > 0 ? sum : 1;
}

bool estimate_probit(const struct estimate_task *task, struct estimate *out)
{
    struct columns columns;
    struct probit_report report;
    double b[3], covariance[9], unit = input_unit(task);
    size_t n_free = 1u + is_free(task, THRESHOLD) + is_free(task, HYSTERESIS);
    for (size_t k = 0; k < task->relation->n_parameters; k++)
        out->values[k] = (struct estimate_value){.value = task->parameters[k].start,
                                                 .lo95 = task->parameters[k].start,
                                                 .hi95 = task->parameters[k].start,
                                                 .start = task->parameters[k].start,
                                                 .fixed = task->parameters[k].fixed};
    if (!fill_columns(task, unit, n_free, &columns))
        return false;
    const struct probit_data data = {columns.n, n_free, columns.design, NULL, columns.kept, columns.trials};
    bool good = probit_regress(&data, b, covariance, &report) && b[0] > 0;
    if (good) {
        out->n_evaluations = report.n_evaluations;
        out->chi_square = fmax(report.deviance, 0);
        out->degrees = (double)columns.n - (double)n_free;
        out->p = goodness_chi_square(out->chi_square, out->degrees);
        out->error_factor = 1;
        convert(task, unit, n_free, b, covariance, out);
        if (n_free == 2 && is_free(task, THRESHOLD))
            good = use_profile(task, unit, &columns, out);
        else
            good = !report.separated;
    }
    if (good)
        predict(task, out);
    free(columns.block);
    return good;
}

/* --- spread --- */

bool estimate_spread(const struct estimate_task *task, struct estimate *out)
{
    size_t n = 0;
    struct statistics_spread spread;
    double *values = malloc((task->data->n + 1) * sizeof *values);
    if (values == NULL)
        return false;
    for (size_t i = 0; i < task->data->n; i++)
        if (task->used == NULL || task->used[i])
            values[n++] = task->data->rows[i].value;
    statistics_spread(values, n, ESTIMATE_CONFIDENCE, &spread);
    free(values);
    out->values[MEAN] = (struct estimate_value){spread.mean,
                                                spread.mean_error,
                                                spread.mean_low,
                                                spread.mean_high,
                                                task->parameters[MEAN].start,
                                                false,
                                                0};
    out->values[DEVIATION] = (struct estimate_value){spread.sigma,
                                                     spread.sigma_error,
                                                     spread.sigma_low,
                                                     spread.sigma_high,
                                                     task->parameters[DEVIATION].start,
                                                     false,
                                                     0};
    out->correlation[MEAN][MEAN] = out->correlation[DEVIATION][DEVIATION] = 1;
    out->correlation[MEAN][DEVIATION] = out->correlation[DEVIATION][MEAN] = 0; /* of normal draws */
    out->degrees = (double)n - 2;
    out->chi_square = (double)n - 1; /* in units of the fitted spread, by construction */
    out->p = (double)NAN;
    out->error_factor = 1;
    out->n_evaluations = 1;
    for (size_t i = 0; i < task->data->n; i++)
        out->fitted[i] = spread.mean;
    return n >= 2;
}
