/* Time per decision of a full path of 16 x 32, engine against ngspice (README.md); prints a table. Usage:
 * decisions RESCORE. */
#include "config.h" /* getloadavg */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/crossbar/measure.h"
#include "calib/decisions.h"
#include "crossbar/array_solver.h"
#include "numeric/product.h"

enum {
    N_ROWS = 16,
    N_COLUMNS = 32,
    N_SLOTS = N_COLUMNS / 2,
    N_QUERIES = 1024,
    N_DECKS = 2,
    N_DECK_QUERIES = 4
};

static void fail(const char *what)
{
    fprintf(stderr, "decisions: %s\n", what);
    exit(1);
}

/* Queries of one array: currents, signals, decisions with mismatch of each latch. */
struct work {
    const struct prediction *prediction;
    struct product *product;
    double *volts, *amperes, *normals;
    size_t n_kept;
};

static void decide(void *state)
{
    struct work *work = state;
    const struct prediction *p = work->prediction;
    double signal[N_SLOTS], minus[N_SLOTS];
    product_apply(work->product, N_QUERIES, work->volts, work->amperes);
    for (size_t q = 0; q < N_QUERIES; q++) {
        memset(signal, 0, sizeof signal);
        memset(minus, 0, sizeof minus);
        mapping_add_signals(&p->mapping, N_SLOTS, work->amperes + q * N_COLUMNS, signal);
        mapping_add_minus(&p->mapping, N_SLOTS, work->amperes + q * N_COLUMNS, minus);
        for (size_t j = 0; j < N_SLOTS; j++) {
            struct prediction_decision out;
            prediction_decide(p, signal[j], minus[j], 1, work->normals + j * COMPARATOR_PAIRS, 0, &out);
            work->n_kept += out.keep;
        }
    }
}

static double time_engine(const struct prediction *prediction, const struct array_file *array)
{
    struct work work = {.prediction = prediction};
    struct rs_error err;
    struct array_solver *solver = NULL;
    work.volts = measure_doubles(N_QUERIES * N_ROWS);
    work.amperes = measure_doubles(N_QUERIES * N_COLUMNS);
    work.normals = measure_doubles(N_SLOTS * COMPARATOR_PAIRS);
    const struct random_key key = {.seed = 1, .purpose = RANDOM_PROBE};
    random_normals(&key, N_SLOTS * COMPARATOR_PAIRS, work.normals);
    random_uniforms(&key, N_QUERIES * N_ROWS, work.volts);
    for (size_t i = 0; i < N_QUERIES * N_ROWS; i++)
        work.volts[i] = 0.2 * work.volts[i] - 0.1;
    if (array_solver_create_borrow(array, &solver, &err) != RS_OK ||
        product_create(N_ROWS, N_COLUMNS, PRODUCT_F64, kernel_chosen(), &work.product, &err) != RS_OK)
        fail(err.text);
    product_load(work.product, array_solver_transfer(solver));
    double seconds = measure_seconds(decide, &work, 1);
    product_destroy(work.product);
    array_solver_destroy(solver);
    free(work.volts);
    free(work.amperes);
    free(work.normals);
    return seconds / (N_QUERIES * N_SLOTS);
}

int main(int argc, char **argv)
{
    static struct path_plan plan;
    static double conductance[N_ROWS * N_COLUMNS];
    struct decisions_options options;
    struct decisions decisions;
    struct rs_error err;
    double load[1] = {0};
    if (argc != 2)
        fail("usage: decisions RESCORE");
    const struct decisions_hooks hooks = {.program = argv[1]};
    const struct array_file array = {.network = {.n_rows = N_ROWS,
                                                 .n_columns = N_COLUMNS,
                                                 .r_word_line_ohm = 2,
                                                 .r_bit_line_ohm = 2,
                                                 .r_driver_ohm = 100,
                                                 .r_sense_ohm = 1500},
                                     .conductance = conductance};
    for (size_t i = 0; i < N_ROWS * N_COLUMNS; i++)
        conductance[i] = i % 2 == 0 ? 1e-5 : 1e-4;
    path_options_fill(&plan);
    option_fill_defaults(&decisions_options_table, &options);
    plan.path.sense = PATH_TRANSIMPEDANCE;
    plan.path.r_feedback_ohm = 5e3;
    plan.reference.kind = PATH_CURRENT;
    options.n_decks = N_DECKS;
    options.n_queries = N_DECK_QUERIES;
    double before = measure_children();
    if (decisions_run(&array, &plan, &options, NULL, 1, &hooks, &decisions, &err) != RS_OK)
        fail(err.text);
    double ngspice = (measure_children() - before) / (N_DECKS * N_DECK_QUERIES * N_SLOTS);
    double engine = time_engine(&decisions.prediction, &array);
    printf("# Time per decision, 16 x 32 array, 16 key slots\n\n");
    measure_print_machine();
    if (getloadavg(load, 1) == 1)
        printf("Processes already running (load average): %.1f. Processor time.\n\n", load[0]);
    printf("| engine, ns | ngspice, ms | ratio |\n|---|---|---|\n| %.0f | %.0f | %.0f |\n", 1e9 * engine,
           1e3 * ngspice, ngspice / engine);
    decisions_clear(&decisions);
    return 0;
}
