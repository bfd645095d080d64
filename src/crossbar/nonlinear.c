#include "crossbar/nonlinear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/field_plan.h"

enum { STEPS_MAX = 200, HALVINGS_MAX = 60 };

/* A slower fall of the changes than this is not believed in when the error is estimated from it. */
#define RATE_MAX 0.9

/* Chord steps go on while each leaves less than this of the mismatch before. */
#define CHORD_GAIN 0.1

/* Shares of the tolerance: of a linear solution, and of all that is known to be wrong together. */
#define INNER_SHARE 0.1
#define ERROR_SHARE 0.5

/* A linear solution need not be much better than the step it belongs to. */
#define INNER_GAIN 1e-3
#define INNER_WORST 1e-3

/* What rounding leaves of a current, relative to the sum of its cells': a step that changes less is the last.
 */
#define ROUNDING 1e-15

/* Largest slope along the step, relative to that at its start, at which the step is taken. */
#define OVERSHOOT 0.5

struct nonlinear_plan {
    struct network network;
    const struct cell_law *law;
    struct field_plan *field;
    bool tangent_factored; /* the factors are those of plan->tangent, not of plan->conductance */
    double *memory;
    double *conductance; /* at 0 V, its access device included where the law is straight */
    double *chord;       /* slope of the law at 0 V */
    double *volts, *next, *tangent, *sources; /* cell voltages before and after a step; c and sources of it */
    double *words, *bits;
    double *amperes, *before,
        *unit;        /* [n_columns] currents of this step and the last; sum of |cell currents| */
    double *mismatch; /* [n_columns], sum of |I(v) - current of the linear cell| */
};

enum { N_CELL_FIELDS = 8, N_COLUMN_FIELDS = 4 };

static enum rs_status allocate_fields(struct nonlinear_plan *plan, struct rs_error *err)
{
    size_t n_columns = plan->network.n_columns, n_cells = plan->network.n_rows * n_columns;
    double **const cells[N_CELL_FIELDS] = {&plan->conductance, &plan->chord,   &plan->volts, &plan->next,
                                           &plan->tangent,     &plan->sources, &plan->words, &plan->bits};
    double **const columns[N_COLUMN_FIELDS] = {&plan->amperes, &plan->before, &plan->unit, &plan->mismatch};
    plan->memory =
        memory_allocate(N_CELL_FIELDS * n_cells + N_COLUMN_FIELDS * n_columns, sizeof *plan->memory, err);
    if (plan->memory == NULL)
        return RS_INTERNAL;
    double *next = plan->memory;
    for (size_t i = 0; i < N_CELL_FIELDS; i++, next += n_cells)
        *cells[i] = next;
    for (size_t i = 0; i < N_COLUMN_FIELDS; i++, next += n_columns)
        *columns[i] = next;
    return RS_OK;
}

enum rs_status nonlinear_plan_create_borrow(const struct network *network, const struct edges *edges,
                                            const struct cell_law *law, const double *conductance_siemens,
                                            struct nonlinear_plan **out, struct rs_error *err)
{
    static const struct edges default_edges = {0};
    struct nonlinear_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    plan->network = *network;
    plan->law = law;
    enum rs_status status =
        field_plan_create_edges(network, edges != NULL ? edges : &default_edges, &plan->field, err);
    if (status == RS_OK)
        status = allocate_fields(plan, err);
    if (status != RS_OK) {
        nonlinear_plan_destroy(plan);
        return status;
    }
    nonlinear_factor(plan, conductance_siemens);
    *out = plan;
    return RS_OK;
}

void nonlinear_factor(struct nonlinear_plan *plan, const double *conductance_siemens)
{
    size_t n_cells = plan->network.n_rows * plan->network.n_columns;
    memcpy(plan->conductance, conductance_siemens, n_cells * sizeof *plan->conductance);
    for (size_t c = 0; c < n_cells; c++)
        cell_law_current(plan->law, plan->conductance[c], 0, &plan->chord[c]);
    field_factor(plan->field, plan->chord);
    plan->tangent_factored = false;
}

void nonlinear_plan_destroy(struct nonlinear_plan *plan)
{
    if (plan == NULL)
        return;
    field_plan_destroy(plan->field);
    free(plan->memory);
    free(plan);
}

static size_t count_cells(const struct nonlinear_plan *plan)
{
    return plan->network.n_rows * plan->network.n_columns;
}

/* Linear cells that touch the law at plan->volts: with the slope of the law there, or that at 0 V. */
static void linearise(struct nonlinear_plan *plan, bool newton)
{
    size_t n_cells = count_cells(plan);
    for (size_t c = 0; c < n_cells; c++) {
        double current = cell_law_current(plan->law, plan->conductance[c], plan->volts[c], &plan->tangent[c]);
        if (!newton)
            plan->tangent[c] = plan->chord[c];
        plan->sources[c] = current - plan->tangent[c] * plan->volts[c];
    }
    if (newton || plan->tangent_factored)
        field_factor(plan->field, plan->tangent);
    plan->tangent_factored = newton;
}

/* The law at plan->next against the linear cells that led there, per column. */
static void measure_mismatch(struct nonlinear_plan *plan)
{
    size_t n = plan->network.n_columns;
    double unused;
    memset(plan->unit, 0, n * sizeof *plan->unit);
    memset(plan->mismatch, 0, n * sizeof *plan->mismatch);
    for (size_t i = 0; i < plan->network.n_rows; i++)
        for (size_t j = 0; j < n; j++) {
            size_t c = i * n + j;
            double current = cell_law_current(plan->law, plan->conductance[c], plan->next[c], &unused);
            plan->unit[j] += fabs(current);
            plan->mismatch[j] += fabs(current - plan->tangent[c] * plan->next[c] - plan->sources[c]);
        }
}

/*
 * Whether the share `t` of the way from plan->volts to plan->next ends before, or little behind, the minimum
 * of the co-content on that way. Wires and drivers only pull it towards the end of the step, so cells decide,
 * where the step is not lost in the rounding of their currents.
 */
static bool stays(const struct nonlinear_plan *plan, double t)
{
    double slope = 0, scale = 0, rounding = 0, unused;
    for (size_t c = 0, n = count_cells(plan); c < n; c++) {
        double step = plan->next[c] - plan->volts[c], tangent = plan->tangent[c] * step;
        double across = plan->tangent[c] * plan->volts[c], start = plan->sources[c] + across;
        double end = cell_law_current(plan->law, plan->conductance[c], plan->volts[c] + t * step, &unused);
        slope += (end - start - tangent) * step;
        scale += tangent * step;
        rounding += ROUNDING * (fabs(end) + fabs(across)) * fabs(step);
    }
    return slope <= OVERSHOOT * scale + rounding;
}

static double larger(double one, double other)
{
    return isnan(one) || isnan(other) ? (double)NAN : fmax(one, other);
}

static double ratio_of(double difference, double unit)
{
    return difference == 0 ? 0 : difference / unit;
}

/* One linear solution; plan->next gets its cell voltages. The largest change of a current, in units. */
static double step(struct nonlinear_plan *plan, const double *volts, const double *unit, double tolerance,
                   struct nonlinear_report *report)
{
    const struct field_drive drive = {.volts = volts, .source_amperes = plan->sources, .unit_amperes = unit};
    struct field_report inner = {0};
    size_t n = plan->network.n_columns;
    double change = 0;
    memcpy(plan->before, plan->amperes, n * sizeof *plan->before);
    report->converged =
        field_solve_drive(plan->field, &drive, tolerance, plan->amperes, plan->words, plan->bits, &inner);
    report->iterations += inner.iterations;
    for (size_t c = 0, n_cells = count_cells(plan); c < n_cells; c++)
        plan->next[c] = plan->words[c] - plan->bits[c];
    measure_mismatch(plan);
    for (size_t j = 0; j < n; j++)
        change = larger(change, ratio_of(fabs(plan->amperes[j] - plan->before[j]), plan->unit[j]));
    return change;
}

static double worst_mismatch(const struct nonlinear_plan *plan)
{
    double worst = 0;
    for (size_t j = 0; j < plan->network.n_columns; j++)
        worst = larger(worst, ratio_of(plan->mismatch[j], plan->unit[j]));
    return worst;
}

/* Moves plan->volts to plan->next, or part of the way; true: all of it. */
static bool move(struct nonlinear_plan *plan, bool newton)
{
    double t = 1;
    for (int i = 0; i < HALVINGS_MAX && newton && !stays(plan, t); i++)
        t /= 2;
    for (size_t c = 0, n = count_cells(plan); c < n; c++)
        plan->volts[c] = t < 1 ? plan->volts[c] + t * (plan->next[c] - plan->volts[c]) : plan->next[c];
    return t == 1;
}

/*
 * From 0 V everywhere: there the chord is the tangent, so the first step is Newton's too. The error of a step
 * is what it leaves of the law (mismatch), what the steps after it would add (change, times the rate it falls
 * at), and the inner tolerance.
 */
static void iterate(struct nonlinear_plan *plan, const double *volts, double tolerance,
                    struct nonlinear_report *report)
{
    double before = 1, mismatch_before = 1, inner = INNER_WORST;
    bool newton = false, whole = true;
    for (size_t i = 0; i < STEPS_MAX; i++) {
        linearise(plan, newton);
        double change = step(plan, volts, i == 0 ? NULL : plan->unit, inner, report);
        double mismatch = worst_mismatch(plan), rate = fmin(change / before, RATE_MAX);
        report->chord_steps += !newton;
        report->newton_steps += newton;
        report->error = mismatch + (i == 0 ? 0 : change * rate / (1 - rate)) + inner + ROUNDING;
        if (!report->converged || isnan(report->error))
            return;
        bool exhausted =
            fmax(change, mismatch) <= ROUNDING && inner <= fmax(INNER_SHARE * tolerance, ROUNDING);
        if (whole && (exhausted || report->error <= ERROR_SHARE * tolerance))
            return;
        whole = move(plan, newton || i == 0);
        newton = newton || !whole || mismatch > fmax(CHORD_GAIN * mismatch_before, ROUNDING);
        before = i == 0 ? 1 : change;
        mismatch_before = mismatch;
        inner = fmax(INNER_SHARE * tolerance, fmin(INNER_WORST, INNER_GAIN * report->error));
    }
    report->converged = false;
}

/* One vector, from 0 V. */
static void solve_alone(struct nonlinear_plan *plan, const double *volts, double tolerance_ratio,
                        double *column_amperes, double *word_line_volts, double *bit_line_volts,
                        struct nonlinear_report *report)
{
    size_t n_cells = count_cells(plan);
    *report = (struct nonlinear_report){0};
    memset(plan->volts, 0, n_cells * sizeof *plan->volts);
    memset(plan->amperes, 0, plan->network.n_columns * sizeof *plan->amperes);
    iterate(plan, volts, tolerance_ratio, report);
    report->residual =
        field_residual_law(plan->field, plan->conductance, plan->law, volts, plan->words, plan->bits);
    memcpy(column_amperes, plan->amperes, plan->network.n_columns * sizeof *column_amperes);
    if (word_line_volts != NULL)
        memcpy(word_line_volts, plan->words, n_cells * sizeof *word_line_volts);
    if (bit_line_volts != NULL)
        memcpy(bit_line_volts, plan->bits, n_cells * sizeof *bit_line_volts);
}

bool nonlinear_solve(struct nonlinear_plan *plan, const double *volts, double tolerance_ratio,
                     double *column_amperes, double *word_line_volts, double *bit_line_volts,
                     struct nonlinear_report *report)
{
    return nonlinear_solve_many(plan, 1, volts, tolerance_ratio, column_amperes, word_line_volts,
                                bit_line_volts, true, report, NULL);
}

/* Vectors handed to the sweeps at a time. */
enum { N_TOGETHER = 64 };

/* Up to N_TOGETHER vectors by sweeps; which of them came out. */
static void sweep_vectors(struct nonlinear_plan *plan, size_t n_vectors, const double *volts,
                          double tolerance, const struct field_plan_law_outputs *out,
                          struct nonlinear_report *reports)
{
    struct field_drive drives[N_TOGETHER] = {{NULL}};
    if (plan->tangent_factored)
        field_factor(plan->field, plan->chord);
    plan->tangent_factored = false;
    for (size_t k = 0; k < n_vectors; k++)
        drives[k].volts = volts + k * plan->network.n_rows;
    field_plan_solve_law(plan->field, plan->law, n_vectors, drives, tolerance, out);
    for (size_t k = 0; k < n_vectors; k++)
        if (out->solved[k])
            reports[k] =
                (struct nonlinear_report){.chord_steps = out->passes[k],
                                          .iterations = out->passes[k],
                                          .converged = true,
                                          .error = out->errors[k],
                                          .residual = out->reports != NULL ? out->reports[k].residual : 0};
}

bool nonlinear_solve_many(struct nonlinear_plan *plan, size_t n_vectors, const double *volts,
                          double tolerance_ratio, double *column_amperes, double *word_line_volts,
                          double *bit_line_volts, bool with_residuals, struct nonlinear_report *reports,
                          bool *good)
{
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns, n_cells = count_cells(plan);
    bool all = true;
    for (size_t first = 0; first < n_vectors; first += N_TOGETHER) {
        size_t n_now = n_vectors - first < N_TOGETHER ? n_vectors - first : N_TOGETHER;
        double errors[N_TOGETHER];
        size_t passes[N_TOGETHER];
        bool solved[N_TOGETHER];
        struct field_report inner[N_TOGETHER];
        const struct field_plan_law_outputs out = {
            .amperes = column_amperes + first * n,
            .words = word_line_volts != NULL ? word_line_volts + first * n_cells : NULL,
            .bits = bit_line_volts != NULL ? bit_line_volts + first * n_cells : NULL,
            .reports = with_residuals ? inner : NULL,
            .errors = errors,
            .passes = passes,
            .solved = solved};
        sweep_vectors(plan, n_now, volts + first * n_rows, tolerance_ratio, &out, reports + first);
        for (size_t k = first; k < first + n_now; k++) {
            if (!solved[k - first])
                solve_alone(plan, volts + k * n_rows, tolerance_ratio, column_amperes + k * n,
                            word_line_volts != NULL ? word_line_volts + k * n_cells : NULL,
                            bit_line_volts != NULL ? bit_line_volts + k * n_cells : NULL, reports + k);
            bool fine = reports[k].converged && reports[k].error <= tolerance_ratio;
            all &= fine;
            if (good != NULL)
                good[k] = fine;
        }
    }
    return all;
}
