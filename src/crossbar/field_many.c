/*
 * Many drives at once: sweeps (sweep.h) with one drive per lane, plain ones where they contract fast,
 * Chebyshev's where they do not (Golub and Varga, Numer. Math. 3, 1961). A lane is finished by itself, as
 * soon as its own currents are good enough, and drives that the sweeps do not bring there are solved one by
 * one (field.c): a drive's solution never depends on those beside it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/field_plan.h"
#include "crossbar/sweep.h"

/* Above the first, sweeps are accelerated; above the second, conjugate gradients are faster. */
#define PLAIN_MAX 0.3
#define CHEBYSHEV_MAX 0.95

/* The prediction is for a mean cell: this much more is assumed. */
#define CONTRACTION_MARGIN 1.15

/* Share of the tolerance that is aimed at, but not below what rounding leaves of a current; a column without
 * a unit of its own is held against the largest. */
#define TOLERANCE_MARGIN 0.3
#define ROUNDING 1e-15
#define NOTHING 1e-16

/* Changes of less than this, in units, are near to rounding: their ratio says nothing. */
#define NEAR_ROUNDING 1e-13

/* A slower fall of the changes than this is not waited for. */
#define RATE_MAX 0.98

/* Nor a faster one believed in. */
#define RATE_MIN 1e-3

/* Passes beyond those that the prediction asks for, twice over; with a law, where nothing is predicted. From
 * which pass on the currents of two iterates are known, and with a law their units. */
enum { PASSES_MORE = 8, PASSES_LAW = 300, FIRST_CHANGE = 2, FIRST_UNIT_LAW = 3, L_MAX = SWEEP_LANES_MAX };

enum { FIELD_HALF, FIELD_SOURCES, FIELD_NOW, FIELD_BEFORE, FIELD_OUT, N_LANE_FIELDS };

struct field_batch {
    struct sweep sweep;
    const struct sweep_kernel *kernel;
    bool swept;         /* the factors serve */
    double contraction; /* predicted, with its margin */
    bool floors_known;
    double *floors; /* [n_rows][n_columns], siemens: currents without feedback between bit lines */
    double *rises;  /* [n_rows][n_columns], current into the terminal per ampere at a bit-line node */
    struct sweep_batch lanes;
    double *previous, *weight, *bias, *finished, *unit; /* [n_columns][L] */
    double *memory, *fields[N_LANE_FIELDS];             /* cell fields in lanes, NULL until they are needed */
};

/* How far one batch has come. */
struct course {
    const struct cell_law *law; /* NULL: linear cells */
    size_t n_live, pass;
    bool done[L_MAX], failed[L_MAX], plain[L_MAX]; /* plain: the drive's own currents are its floor */
    bool vague[L_MAX]; /* no current yet in a column without a floor, which only sneak paths reach */
    double scale[L_MAX], change[L_MAX], change_before[L_MAX];
    double rate, tolerance; /* predicted fall of the changes per pass */
};

/* Where the results of the batch go; members may be NULL. */
struct outputs {
    double *amperes, *words, *bits;
    struct field_report *reports;
    double *errors; /* estimated, of a current in its unit */
    size_t *passes;
};

void field_plan_destroy_batch(struct field_batch *batch)
{
    if (batch == NULL)
        return;
    sweep_clear(&batch->sweep);
    for (size_t k = 0; k < N_LANE_FIELDS; k++)
        free(batch->fields[k]);
    free(batch->memory);
    free(batch);
}

static bool allocate_lines(struct field_batch *batch)
{
    const struct sweep *sweep = &batch->sweep;
    size_t n_lanes = batch->kernel->n_lanes, n_columns = sweep->n_columns * n_lanes;
    size_t n_cells = word_line_rows(sweep->n_rows) * sweep->n_columns, n_group = SWEEP_ROWS * n_columns;
    struct sweep_batch *lanes = &batch->lanes;
    struct rs_error unused;
    batch->memory =
        memory_allocate(2 * n_cells + sweep->n_groups * SWEEP_ROWS * n_lanes + 2 * n_group + 8 * n_columns,
                        sizeof *batch->memory, &unused);
    if (batch->memory == NULL)
        return false;
    batch->floors = batch->memory;
    batch->rises = batch->floors + n_cells;
    lanes->words = batch->rises + n_cells;
    lanes->cells = lanes->words + n_group;
    double **const lines[] = {&lanes->bits,   &lanes->passed, &lanes->amperes,  &batch->previous,
                              &batch->weight, &batch->bias,   &batch->finished, &batch->unit};
    double *next = lanes->cells + n_group;
    for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++, next += n_columns)
        *lines[k] = next;
    lanes->volts = next;
    return true;
}

static struct field_batch *create_batch(const struct network *network)
{
    struct rs_error unused;
    struct field_batch *batch = memory_allocate(1, sizeof *batch, &unused);
    if (batch == NULL)
        return NULL;
    batch->kernel = sweep_kernel_of(kernel_chosen());
    if (sweep_init(&batch->sweep, network->n_rows, network->n_columns, &unused) == RS_OK &&
        allocate_lines(batch))
        return batch;
    field_plan_destroy_batch(batch);
    return NULL;
}

/* Largest mean conductance of a line's cells, either way. */
static double predict(const struct field_plan *plan)
{
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns;
    double word = 0, bit = 0, *sums = plan->amperes;
    memset(sums, 0, n * sizeof *sums);
    for (size_t i = 0; i < n_rows; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            sum += plan->conductance[i * n + j];
            sums[j] += plan->conductance[i * n + j];
        }
        word = fmax(word, sum / (double)n);
    }
    for (size_t j = 0; j < n; j++)
        bit = fmax(bit, sums[j] / (double)n_rows);
    return CONTRACTION_MARGIN * contraction_predict(&plan->lines, word, bit);
}

/* Whether the array can be swept, fast enough. */
static bool prepare(struct field_plan *plan)
{
    if (plan->batch == NULL)
        plan->batch = create_batch(&plan->network);
    struct field_batch *batch = plan->batch;
    if (batch == NULL)
        return false;
    if (plan->batch_factored)
        return batch->swept;
    plan->batch_factored = true;
    batch->floors_known = false;
    batch->contraction = predict(plan);
    batch->swept = !plan->to_the_end && batch->contraction <= CHEBYSHEV_MAX &&
                   sweep_factor(&batch->sweep, &plan->word, &plan->bit, plan->conductance);
    return batch->swept;
}

/* A field in lanes, made at its first use; NULL when memory is short. */
static double *lane_field(struct field_batch *batch, size_t which)
{
    size_t n = sweep_field_size(&batch->sweep) * batch->kernel->n_lanes;
    struct rs_error unused;
    if (batch->fields[which] == NULL)
        batch->fields[which] =
            memory_allocate(which == FIELD_OUT ? 2 * n : n, sizeof *batch->fields[which], &unused);
    return batch->fields[which];
}

/* --- units of the error --- */

static void find_floors(struct field_plan *plan)
{
    struct field_batch *batch = plan->batch;
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns;
    if (batch->floors_known)
        return;
    memset(plan->cells, 0, n_rows * n * sizeof *plan->cells);
    memcpy(plan->cells, plan->bit.top, n * sizeof *plan->cells);
    for (size_t j = 0; j < n; j++)
        plan->cells[(n_rows - 1) * n + j] += plan->bit.bottom[j];
    bit_line_solve(&plan->bit, plan->cells, batch->rises);
    for (size_t i = 0; i < n_rows; i++)
        plan->magnitude[i] = 1;
    word_line_solve(&plan->word, plan->magnitude, NULL, 0, NULL, batch->floors, NULL);
    for (size_t c = 0; c < n_rows * n; c++)
        batch->floors[c] *= plan->conductance[c] * batch->rises[c];
    batch->floors_known = true;
}

/* The floor of field.c for the drive in plan->drive, into plan->floor. */
static void add_floors(struct field_plan *plan)
{
    size_t n = plan->network.n_columns;
    find_floors(plan);
    memset(plan->floor, 0, n * sizeof *plan->floor);
    for (size_t i = 0; i < plan->network.n_rows; i++) {
        const double *floors = plan->batch->floors + i * n, *rises = plan->batch->rises + i * n;
        double volts = fabs(plan->drive[i]);
        for (size_t j = 0; j < n && volts > 0; j++)
            plan->floor[j] += volts * floors[j];
        for (size_t j = 0; j < n && plan->fed; j++)
            plan->floor[j] += fabs(plan->sources[i * n + j]) * rises[j];
    }
}

/* From batch->unit: a change of weight 1 is as large as aimed at. Again, as long as it is vague. */
static void weigh(const struct field_plan *plan, struct course *course, size_t lane)
{
    const struct field_batch *batch = plan->batch;
    size_t n = plan->network.n_columns, n_lanes = batch->kernel->n_lanes;
    double largest = 0, aim = fmax(TOLERANCE_MARGIN * course->tolerance, ROUNDING);
    course->vague[lane] = false;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, batch->unit[j * n_lanes + lane]);
    for (size_t j = 0; j < n; j++) {
        double unit = batch->unit[j * n_lanes + lane],
               ampere = fabs(batch->lanes.amperes[j * n_lanes + lane]);
        double aimed = fmax(aim * unit, ROUNDING * ampere);
        course->vague[lane] |= !(aimed > 0);
        batch->weight[j * n_lanes + lane] = 1 / (aimed > 0 ? aimed : NOTHING * largest);
    }
    course->failed[lane] = !(largest > 0); /* no current to judge by */
}

static void weigh_all(const struct field_plan *plan, size_t first_pass, struct course *course)
{
    struct field_batch *batch = plan->batch;
    size_t n_lanes = batch->kernel->n_lanes;
    for (size_t l = 0; l < course->n_live; l++) {
        bool first = course->pass == first_pass;
        for (size_t j = 0; j < plan->network.n_columns && course->plain[l] && first; j++)
            batch->unit[j * n_lanes + l] = fabs(batch->lanes.amperes[j * n_lanes + l]);
        if (!course->done[l] && (first || course->vague[l]))
            weigh(plan, course, l);
    }
}

/* --- one batch --- */

/* Puts a drive into its lane; a drive of nothing is done with. */
static void load(struct field_plan *plan, struct course *course, size_t lane, const struct field_drive *drive)
{
    struct field_batch *batch = plan->batch;
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns, n_lanes = batch->kernel->n_lanes;
    double scale = field_plan_scale(plan, drive), low = 0, high = 0;
    bool biased = scale > 0 && field_plan_biased(plan, drive);
    course->scale[lane] = scale;
    course->done[lane] = scale == 0;
    plan->fed = biased || (scale > 0 && drive->source_amperes != NULL);
    for (size_t i = 0; i < n_rows && scale > 0; i++) {
        batch->lanes.volts[i * n_lanes + lane] = plan->drive[i];
        low = fmin(low, plan->drive[i]);
        high = fmax(high, plan->drive[i]);
    }
    for (size_t j = 0; j < n; j++)
        batch->bias[j * n_lanes + lane] = biased ? plan->scaled_bias[j] : 0;
    if (plan->fed) {
        field_plan_fill_sources(plan, drive->source_amperes, scale);
        for (size_t i = 0; i < n_rows; i++)
            for (size_t j = 0; j < n; j++)
                batch->lanes.sources[sweep_place(&batch->sweep, i, j) * n_lanes + lane] =
                    plan->sources[i * n + j];
    }
    course->plain[lane] = !plan->fed && (low == 0 || high == 0) && drive->unit_amperes == NULL;
    if (scale == 0 || course->plain[lane])
        return;
    if (drive->unit_amperes == NULL)
        add_floors(plan);
    for (size_t j = 0; j < n; j++)
        batch->unit[j * n_lanes + lane] =
            drive->unit_amperes == NULL ? plan->floor[j] : drive->unit_amperes[j] / scale;
}

/* With a law nothing may be scaled. */
static void load_law(struct field_plan *plan, struct course *course, size_t lane,
                     const struct field_drive *drive)
{
    struct field_batch *batch = plan->batch;
    size_t n_lanes = batch->kernel->n_lanes;
    course->scale[lane] = 0;
    for (size_t i = 0; i < plan->network.n_rows; i++) {
        batch->lanes.volts[i * n_lanes + lane] = drive->volts[i];
        course->scale[lane] = drive->volts[i] != 0 ? 1 : course->scale[lane];
    }
    for (size_t j = 0; j < plan->network.n_columns; j++) {
        batch->bias[j * n_lanes + lane] = plan->bias[j];
        course->scale[lane] = plan->bias[j] != 0 ? 1 : course->scale[lane];
    }
    course->done[lane] = course->scale[lane] == 0;
}

static bool start(struct field_plan *plan, struct course *course, const struct field_drive *drives)
{
    struct field_batch *batch = plan->batch;
    struct sweep_batch *lanes = &batch->lanes;
    size_t n_lanes = batch->kernel->n_lanes, n_columns = plan->network.n_columns * n_lanes;
    size_t n_field = sweep_field_size(&batch->sweep) * n_lanes;
    bool chebyshev = batch->contraction > PLAIN_MAX && course->law == NULL, sources = course->law != NULL;
    for (size_t l = 0; l < course->n_live; l++)
        sources |= drives[l].source_amperes != NULL || field_plan_biased(plan, &drives[l]);
    lanes->half = lane_field(batch, FIELD_HALF);
    lanes->sources = sources ? lane_field(batch, FIELD_SOURCES) : NULL;
    lanes->now = chebyshev ? lane_field(batch, FIELD_NOW) : NULL;
    lanes->before = chebyshev ? lane_field(batch, FIELD_BEFORE) : NULL;
    if (lanes->half == NULL || (sources && lanes->sources == NULL) ||
        (chebyshev && (lanes->now == NULL || lanes->before == NULL)))
        return false;
    if (sources && course->law == NULL)
        memset(lanes->sources, 0, n_field * sizeof *lanes->sources);
    if (chebyshev) {
        memset(lanes->now, 0, n_field * sizeof *lanes->now);
        memset(lanes->before, 0, n_field * sizeof *lanes->before);
    }
    memset(lanes->volts, 0, batch->sweep.n_groups * SWEEP_ROWS * n_lanes * sizeof *lanes->volts);
    memset(lanes->amperes, 0, n_columns * sizeof *lanes->amperes);
    memset(batch->weight, 0, n_columns * sizeof *batch->weight);
    memset(batch->bias, 0, n_columns * sizeof *batch->bias);
    lanes->bias = batch->bias;
    for (size_t l = 0; l < course->n_live; l++)
        (course->law == NULL ? load : load_law)(plan, course, l, &drives[l]);
    for (size_t l = course->n_live; l < n_lanes; l++)
        course->done[l] = true;
    return true;
}

/* The next pass; from the second on, batch->lanes.amperes are the currents of the iterate before it. */
static void step(struct field_batch *batch, struct course *course)
{
    struct sweep_batch *lanes = &batch->lanes;
    double rho = batch->contraction, shrink = rho / (2 - rho), *kept = batch->previous;
    course->pass++;
    batch->previous = lanes->amperes;
    lanes->amperes = kept;
    lanes->gain = 2 / (2 - rho);
    if (course->pass <= 2)
        lanes->momentum = 1;
    else if (course->pass == 3)
        lanes->momentum = 1 / (1 - shrink * shrink / 2);
    else
        lanes->momentum = 1 / (1 - shrink * shrink * lanes->momentum / 4);
    lanes->unit = course->law != NULL && course->pass == FIRST_UNIT_LAW ? batch->unit : NULL;
    batch->kernel->pass(&batch->sweep, course->law, course->pass % 2 == 1 ? SWEEP_DOWN : SWEEP_UP,
                        course->pass == 1, lanes);
    if (course->pass == 1)
        memset(lanes->amperes, 0, batch->sweep.n_columns * batch->kernel->n_lanes * sizeof(double));
    if (lanes->now != NULL && course->pass >= 2) {
        double *now = lanes->before;
        lanes->before = lanes->now;
        lanes->now = now;
    }
}

/*
 * Error of the iterate that a lane has reached, as a multiple of what is aimed at: from the last known change
 * and the fall per pass that was predicted or, if it is slower, seen. A plain sweep after the change takes
 * the error further down. With a law there is only what is seen.
 */
static double estimate(const struct field_batch *batch, const struct course *course, size_t lane)
{
    double rate = course->rate, change = course->change[lane];
    double relative = change * fmax(TOLERANCE_MARGIN * course->tolerance, ROUNDING);
    bool seen = course->pass > (course->law != NULL ? FIRST_UNIT_LAW : FIRST_CHANGE);
    if (seen && relative > NEAR_ROUNDING)
        rate = fmax(rate, change / course->change_before[lane]);
    if (!(rate < RATE_MAX) || (course->law != NULL && !seen))
        return (double)INFINITY;
    return change * rate * (batch->lanes.now == NULL ? rate : 1) / (1 - rate);
}

static struct outputs outputs_of(const struct field_plan *plan, const struct outputs *all, size_t i_drive)
{
    size_t n = plan->network.n_columns, n_cells = plan->network.n_rows * n;
    return (struct outputs){all->amperes != NULL ? all->amperes + i_drive * n : NULL,
                            all->words != NULL ? all->words + i_drive * n_cells : NULL,
                            all->bits != NULL ? all->bits + i_drive * n_cells : NULL,
                            all->reports != NULL ? all->reports + i_drive : NULL,
                            all->errors != NULL ? all->errors + i_drive : NULL,
                            all->passes != NULL ? all->passes + i_drive : NULL};
}

/* The residual of a lane, from voltages that are still scaled. */
static void report_lane(struct field_plan *plan, const struct course *course, size_t lane,
                        const double *words, const double *bits, const struct field_drive *drive,
                        struct field_report *report)
{
    const struct field_batch *batch = plan->batch;
    const double one[L_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
    double *to_words[L_MAX] = {NULL}, *to_bits[L_MAX] = {NULL};
    const double *bias = NULL, *volts = plan->drive;
    *report = (struct field_report){course->pass, true, 0};
    if (drive->source_amperes != NULL)
        return;
    to_words[lane] = plan->words;
    to_bits[lane] = plan->cells;
    batch->kernel->extract(&batch->sweep, words, one, NULL, to_words);
    batch->kernel->extract(&batch->sweep, bits, one, batch->bias, to_bits);
    if (course->law != NULL) {
        volts = drive->volts;
        bias = plan->biased ? plan->bias : NULL;
    } else {
        field_plan_scale(plan, drive);
        bias = field_plan_biased(plan, drive) ? plan->scaled_bias : NULL;
    }
    report->residual =
        field_plan_residual(plan, plan->conductance, course->law, bias, volts, plan->words, plan->cells);
}

/* Finishes the lanes that have converged just now; false when memory is short. */
static bool finish_lanes(struct field_plan *plan, struct course *course, const bool *now,
                         const struct field_drive *drives, const struct outputs *outputs)
{
    struct field_batch *batch = plan->batch;
    struct sweep_batch lanes = batch->lanes;
    size_t n_lanes = batch->kernel->n_lanes, n = plan->network.n_columns;
    bool volts = outputs->words != NULL || outputs->bits != NULL || outputs->reports != NULL;
    double *words = volts ? lane_field(batch, FIELD_OUT) : NULL, *bits = NULL;
    double *to_words[L_MAX] = {NULL}, *to_bits[L_MAX] = {NULL};
    if (volts && words == NULL)
        return false;
    if (volts)
        bits = words + sweep_field_size(&batch->sweep) * n_lanes;
    lanes.amperes = batch->finished;
    batch->kernel->finish(&batch->sweep, course->law != NULL, course->pass % 2 == 1 ? SWEEP_UP : SWEEP_DOWN,
                          &lanes, words, bits);
    for (size_t l = 0; l < course->n_live; l++) {
        if (!now[l])
            continue;
        const struct outputs own = outputs_of(plan, outputs, l);
        course->done[l] = true;
        to_words[l] = own.words;
        to_bits[l] = own.bits;
        for (size_t j = 0; j < n && own.amperes != NULL; j++)
            own.amperes[j] = course->scale[l] * batch->finished[j * n_lanes + l];
        if (own.passes != NULL)
            *own.passes = course->pass;
        if (own.errors != NULL)
            *own.errors =
                ROUNDING + estimate(batch, course, l) * fmax(TOLERANCE_MARGIN * course->tolerance, ROUNDING);
        if (own.reports != NULL)
            report_lane(plan, course, l, words, bits, &drives[l], own.reports);
    }
    if (outputs->words != NULL)
        batch->kernel->extract(&batch->sweep, words, course->scale, NULL, to_words);
    if (outputs->bits != NULL)
        batch->kernel->extract(&batch->sweep, bits, course->scale, batch->bias, to_bits);
    return true;
}

static bool all_done(const struct course *course)
{
    bool all = true;
    for (size_t l = 0; l < course->n_live; l++)
        all &= course->done[l] || course->failed[l];
    return all;
}

/* Passes after which what has not converged is left to another solver. */
static size_t limit_passes(const struct course *course)
{
    double aim = fmax(TOLERANCE_MARGIN * course->tolerance, ROUNDING);
    if (course->law != NULL)
        return PASSES_LAW;
    return PASSES_MORE + 2 * (size_t)(log(aim) / log(course->rate));
}

static void sweep_batch(struct field_plan *plan, struct course *course, const struct field_drive *drives,
                        const struct outputs *outputs)
{
    struct field_batch *batch = plan->batch;
    double rho = batch->contraction;
    size_t first = course->law != NULL ? FIRST_UNIT_LAW : FIRST_CHANGE;
    if (!start(plan, course, drives))
        return;
    bool plain = batch->lanes.now == NULL;
    course->rate = fmax(RATE_MIN, plain ? rho : (1 - sqrt(1 - rho)) / (1 + sqrt(1 - rho)));
    size_t limit = limit_passes(course);
    while (course->pass + 1 < first)
        step(batch, course);
    while (!all_done(course) && course->pass < limit) {
        bool now[L_MAX] = {false}, any = false;
        step(batch, course);
        weigh_all(plan, first, course);
        memcpy(course->change_before, course->change, sizeof course->change);
        batch->kernel->distance(batch->lanes.amperes, batch->previous, batch->weight, plan->network.n_columns,
                                course->change);
        for (size_t l = 0; l < course->n_live; l++) {
            now[l] = !course->done[l] && !course->failed[l] && estimate(batch, course, l) <= 1;
            any |= now[l];
        }
        if (any && !finish_lanes(plan, course, now, drives, outputs))
            return;
    }
}

void field_plan_solve_law(struct field_plan *plan, const struct cell_law *law, size_t n_drives,
                          const struct field_drive *drives, double tolerance_ratio,
                          const struct field_plan_law_outputs *out)
{
    const struct outputs all = {out->amperes, out->words, out->bits, out->reports, out->errors, out->passes};
    memset(out->solved, 0, n_drives * sizeof *out->solved);
    if (law->kind == CELL_LAW_LINEAR || !cell_law_is_bare(law) || !prepare(plan))
        return;
    size_t n_lanes = plan->batch->kernel->n_lanes;
    for (size_t k = 0; k < n_drives; k += n_lanes) {
        struct course course = {.law = law,
                                .n_live = n_drives - k < n_lanes ? n_drives - k : n_lanes,
                                .tolerance = tolerance_ratio};
        const struct outputs outputs = outputs_of(plan, &all, k);
        sweep_batch(plan, &course, drives + k, &outputs);
        for (size_t l = 0; l < course.n_live; l++)
            out->solved[k + l] = course.done[l] && course.scale[l] != 0;
    }
}

/* A drive alone, by conjugate gradients; also one of nothing. */
static bool solve_alone(struct field_plan *plan, const struct field_drive *drive, double tolerance_ratio,
                        const struct outputs *outputs)
{
    return field_solve_drive(plan, drive, tolerance_ratio,
                             outputs->amperes != NULL ? outputs->amperes : plan->amperes, outputs->words,
                             outputs->bits, outputs->reports);
}

bool field_solve_many(struct field_plan *plan, size_t n_drives, const struct field_drive *drives,
                      double tolerance_ratio, double *column_amperes, double *word_line_volts,
                      double *bit_line_volts, struct field_report *reports)
{
    const struct outputs all = {column_amperes, word_line_volts, bit_line_volts, reports, NULL, NULL};
    bool swept = prepare(plan), good = true;
    size_t n_lanes = swept ? plan->batch->kernel->n_lanes : 1;
    for (size_t k = 0; k < n_drives; k += n_lanes) {
        struct course course = {.n_live = n_drives - k < n_lanes ? n_drives - k : n_lanes,
                                .tolerance = tolerance_ratio};
        const struct outputs outputs = outputs_of(plan, &all, k);
        if (swept)
            sweep_batch(plan, &course, drives + k, &outputs);
        for (size_t l = 0; l < course.n_live; l++) {
            const struct outputs own = outputs_of(plan, &outputs, l);
            if (!course.done[l] || course.scale[l] == 0)
                good &= solve_alone(plan, drives + k + l, tolerance_ratio, &own);
        }
    }
    return good;
}
