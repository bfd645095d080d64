/* rescore compare ARRAY.h5: the engine's currents against those of ngspice, which runs the deck of `netlist`;
 * with --decisions, the bits of full paths. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cli/array_options.h"
#include "cli/command.h"
#include "cli/compare_decisions.h"
#include "crossbar/array_solver.h"
#include "spice/currents.h"
#include "spice/netlist.h"

/* Behind ARRAY_OPTIONS_TOLERANCE. */
enum { OPTION_DECISIONS = ARRAY_OPTIONS_TOLERANCE + 1, OPTION_PATH_PLAN, OPTION_CALIBRATION };

enum { TABLE_COLUMNS = 16, TABLE_VECTORS = 4, GROUP_VECTORS = 16 };

/* ngspice orders its equations anew in every run: some 4 s at 64 x 64, 2 minutes at 128 x 128. */
#define LIMIT_SECONDS 3600.0

/* The engine is asked for so much less than the allowed difference. */
#define ENGINE_SHARE 0.01
#define ENGINE_TOLERANCE_MIN 1e-12

struct comparison {
    struct array_file array;
    double *engine, *ngspice;     /* [n_vectors][n_columns], amperes */
    double *largest, *difference; /* [n_vectors]: largest current, largest difference relative to it */
    double difference_max;
    char version[128]; /* of ngspice, and by which way it ran */
};

static void clear_comparison(struct comparison *c)
{
    free(c->engine);
    free(c->ngspice);
    free(c->largest);
    free(c->difference);
    array_file_clear(&c->array);
}

static bool allocate_comparison(struct comparison *c, struct rs_error *err)
{
    size_t n_vectors = c->array.n_vectors, n = n_vectors * c->array.network.n_columns;
    c->engine = memory_allocate(n, sizeof *c->engine, err);
    c->ngspice = memory_allocate(n, sizeof *c->ngspice, err);
    c->largest = memory_allocate(n_vectors, sizeof *c->largest, err);
    c->difference = memory_allocate(n_vectors, sizeof *c->difference, err);
    return c->engine != NULL && c->ngspice != NULL && c->largest != NULL && c->difference != NULL;
}

static enum rs_status solve_engine(struct comparison *c, double tolerance_ratio, struct rs_error *err)
{
    bool direct = array_solver_reduces(&c->array);
    double tolerance = fmax(ENGINE_SHARE * tolerance_ratio, ENGINE_TOLERANCE_MIN);
    struct array_solver *solver = NULL;
    struct array_solver_report *reports = memory_allocate(c->array.n_vectors, sizeof *reports, err);
    if (reports == NULL)
        return RS_INTERNAL;
    enum rs_status status = array_solver_create_borrow(&c->array, &solver, err);
    if (status == RS_OK)
        status = array_solver_solve(solver, c->array.n_vectors, c->array.voltage, NETWORK_SOLVER_TRANSFER,
                                    tolerance, c->engine, NULL, NULL, reports, err);
    for (size_t v = 0; v < c->array.n_vectors && status == RS_OK; v++)
        if (!direct && !reports[v].good)
            status = rs_fail(err, RS_INCOMPLETE, "rescore compare: vector %zu did not converge", v);
    free(reports);
    array_solver_destroy(solver);
    return status;
}

static enum rs_status describe(const struct comparison *c, size_t v, char **deck, struct rs_error *err)
{
    const struct network *network = &c->array.network;
    const struct netlist_array described = {network, &c->array.edges, &c->array.law, c->array.conductance};
    struct text text = {0};
    enum rs_status status = netlist_write(&described, c->array.voltage + v * network->n_rows, &text, err);
    if (status != RS_OK)
        text_clear(&text);
    else if ((*deck = text_take(&text, err)) == NULL)
        status = RS_INTERNAL;
    return status;
}

static enum rs_status solve_group(struct comparison *c, struct worker_pool *pool, size_t first, size_t n,
                                  struct rs_error *err)
{
    size_t n_columns = c->array.network.n_columns;
    char *decks[GROUP_VECTORS] = {NULL};
    enum rs_status status = RS_OK;
    for (size_t v = 0; v < n && status == RS_OK; v++)
        status = describe(c, first + v, &decks[v], err);
    if (status == RS_OK)
        status = currents_compute(pool, n, (const char *const *)decks, n_columns, LIMIT_SECONDS,
                                  c->ngspice + first * n_columns, err);
    for (size_t v = 0; v < n; v++)
        free(decks[v]);
    return status;
}

static enum rs_status solve_ngspice(struct comparison *c, const struct array_options *options,
                                    struct rs_error *err)
{
    const struct worker_options how = {.n_workers = (size_t)options->n_threads,
                                       .should_stop = command_should_stop};
    size_t n_vectors = c->array.n_vectors;
    struct worker_pool *pool = NULL;
    enum rs_status status = worker_pool_create(&how, &pool, err);
    if (status != RS_OK)
        return status;
    snprintf(c->version, sizeof c->version, "%s (%s)", worker_pool_version(pool), worker_pool_way(pool));
    for (size_t v = 0; v < n_vectors && status == RS_OK; v += GROUP_VECTORS) {
        size_t n = n_vectors - v < GROUP_VECTORS ? n_vectors - v : GROUP_VECTORS;
        status = solve_group(c, pool, v, n, err);
        if (status == RS_OK && options->verbose)
            fprintf(stderr, "%zu of %zu vectors done\n", v + n, n_vectors);
    }
    worker_pool_destroy(pool);
    return status;
}

static void measure(struct comparison *c, size_t v)
{
    size_t n = c->array.network.n_columns;
    double worst = 0;
    for (size_t j = v * n; j < (v + 1) * n; j++) {
        double difference = fabs(c->engine[j] - c->ngspice[j]);
        c->largest[v] = fmax(c->largest[v], fmax(fabs(c->engine[j]), fabs(c->ngspice[j])));
        worst = fmax(worst, isnan(difference) ? (double)INFINITY : difference);
    }
    c->difference[v] = worst > 0 ? worst / c->largest[v] : 0;
    c->difference_max = fmax(c->difference_max, c->difference[v]);
}

static enum rs_status compare_all(struct comparison *c, const struct array_options *options,
                                  struct rs_error *err)
{
    if (!allocate_comparison(c, err))
        return RS_INTERNAL;
    enum rs_status status = solve_engine(c, options->tolerance_ratio, err);
    if (status == RS_OK)
        status = solve_ngspice(c, options, err);
    for (size_t v = 0; v < c->array.n_vectors && status == RS_OK; v++)
        measure(c, v);
    if (status == RS_OK && options->verbose)
        fprintf(stderr, "%s\n", c->version);
    return status;
}

static void print_columns(const struct comparison *c, size_t v)
{
    size_t n = c->array.network.n_columns;
    printf("vector %zu\ncolumn  engine (A)               ngspice (A)              relative difference\n", v);
    for (size_t j = 0; j < n; j++) {
        double engine = c->engine[v * n + j], ngspice = c->ngspice[v * n + j],
               difference = fabs(engine - ngspice);
        printf("%6zu  %-23.16e  %-23.16e  %.2e\n", j, engine, ngspice,
               difference > 0 ? difference / c->largest[v] : 0);
    }
    printf("\n");
}

static void print_vectors(const struct comparison *c)
{
    printf("vector  largest current (A)      relative difference\n");
    for (size_t v = 0; v < c->array.n_vectors; v++)
        printf("%6zu  %-23.16e  %.2e\n", v, c->largest[v], c->difference[v]);
    printf("\n");
}

static void print_json_currents(const char *name, const double *amperes, size_t n_vectors, size_t n_columns)
{
    printf(", \"%s\": [", name);
    for (size_t v = 0; v < n_vectors; v++)
        for (size_t j = 0; j < n_columns; j++)
            printf("%s%.17g%s",
                   j > 0   ? ", "
                   : v > 0 ? ", ["
                           : "[",
                   amperes[v * n_columns + j], j + 1 == n_columns ? "]" : "");
    printf("]");
}

static void print_json(const struct comparison *c, const struct array_options *options)
{
    size_t n_vectors = c->array.n_vectors, n_columns = c->array.network.n_columns;
    printf("{\"schema\": \"rescore-compare/1\", \"n_rows\": %zu, \"n_columns\": %zu, \"n_vectors\": %zu, "
           "\"largest_relative_difference\": %.17g, \"tolerance\": %.17g, \"ngspice_version\": \"%s\"",
           c->array.network.n_rows, n_columns, n_vectors, c->difference_max, options->tolerance_ratio,
           c->version);
    print_json_currents("engine", c->engine, n_vectors, n_columns);
    print_json_currents("ngspice", c->ngspice, n_vectors, n_columns);
    printf("}\n");
}

static void print_all(const struct comparison *c, const struct array_options *options)
{
    bool few = c->array.network.n_columns <= TABLE_COLUMNS && c->array.n_vectors <= TABLE_VECTORS;
    if (!options->quiet && (few || options->verbose))
        for (size_t v = 0; v < c->array.n_vectors; v++)
            print_columns(c, v);
    else if (!options->quiet)
        print_vectors(c);
    printf("largest_relative_difference = %.3e\n", c->difference_max);
}

static enum rs_status compare_currents(const struct command_line *line, struct rs_error *err)
{
    struct array_options options;
    struct comparison comparison = {0};
    enum rs_status status = array_options_read(line, &options, err);
    if (status == RS_OK)
        status = array_file_read(options.input, true, &comparison.array, err);
    if (status == RS_OK)
        status = compare_all(&comparison, &options, err);
    if (status == RS_OK && options.json)
        print_json(&comparison, &options);
    else if (status == RS_OK)
        print_all(&comparison, &options);
    if (status == RS_OK && comparison.difference_max > options.tolerance_ratio)
        status = rs_fail(err, RS_INCOMPLETE, "rescore compare: the difference exceeds the tolerance of %g",
                         options.tolerance_ratio);
    clear_comparison(&comparison);
    return status;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    const char *plan = line->values[OPTION_PATH_PLAN], *calibration = line->values[OPTION_CALIBRATION];
    if (line->values[OPTION_DECISIONS] == NULL && (plan != NULL || calibration != NULL))
        return rs_fail(err, RS_USAGE, "--path and --calibration found, --decisions expected with them");
    if (line->values[OPTION_DECISIONS] == NULL)
        return compare_currents(line, err);
    if (plan == NULL)
        return rs_fail(err, RS_USAGE, "--decisions found, --path PLAN.yaml expected with it");
    return compare_decisions(line, plan, calibration, err);
}

/* ngspice needs about 0.1 s for a vector at 32 x 32 and 4 s at 64 x 64. */
const struct command command_compare = {
    .name = "compare",
    .summary = "solve an array with the engine and with ngspice; print both and their largest difference",
    .arguments = "ARRAY.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .options =
        {{"tolerance", "T",
          "allowed difference, relative to the vector's largest current (default 1e-9); above "
          "it the exit status is 1"},
         [OPTION_DECISIONS] = {"decisions", NULL,
                               "compare bits of full paths with random keys and queries instead; -o "
                               "writes every one; exit status 1 when the plan's agreement is missed"},
         [OPTION_PATH_PLAN] = {"path", "PLAN.yaml",
                               "sense path, reference and latches, and which decisions: sections path, "
                               "reference, latch, decisions"},
         [OPTION_CALIBRATION] = {"calibration", "CALIB.h5",
                                 "what `rescore calibrate` found for this circuit"}},
    .example = "rescore compare array.h5 --tolerance 1e-10",
    .run = run,
};
