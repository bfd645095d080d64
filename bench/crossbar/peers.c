/* T beside other people's solvers on the same arrays (README.md); prints a table. Usage: peers SPSOLVE.PY
 * [LINES], the largest array that ngspice gets (64). */
#include "config.h" /* mkstemp, popen */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crossbar/transfer.h"
#include "measure.h"
#include "sparse.h"
#include "spice/currents.h"
#include "spice/netlist.h"

enum { NGSPICE_LINES = 64, N_SIZES = 6, N_PEERS = 5, PEERS_LINES_MAX = 256, FIT_LINES_MIN = 64 };

#define SECONDS_PER_MEASUREMENT 1.0
#define NGSPICE_LIMIT_SECONDS 1200

/* What is measured; seconds, NaN where it is not. */
enum peer { PEER_T, PEER_CHOLMOD, PEER_KLU, PEER_SPSOLVE, PEER_NGSPICE };

static const char *const peer_names[N_PEERS] = {"T", "CHOLMOD, all of T", "KLU, one vector",
                                                "spsolve, one vector", "ngspice, one vector"};

struct row {
    size_t n;
    double seconds[N_PEERS], difference[N_PEERS];
    struct sparse_times cholmod, klu;
};

struct transfer_call {
    struct transfer_plan *plan;
    const struct measure_array *array;
};

static void call_transfer(void *state)
{
    struct transfer_call *call = state;
    transfer_compute(call->plan, call->array->conductance, call->array->transfer);
}

static double transfer_seconds(const struct measure_array *array)
{
    struct transfer_call call = {.array = array};
    struct rs_error err;
    if (transfer_plan_create(&array->network, NULL, kernel_chosen(), TRANSFER_F64, &call.plan, &err) != RS_OK)
        return (double)NAN;
    double seconds = measure_seconds(call_transfer, &call, SECONDS_PER_MEASUREMENT);
    transfer_plan_destroy(call.plan);
    return seconds;
}

static double read_spsolve(FILE *output, const struct measure_array *array, double *difference)
{
    size_t n = array->network.n_columns, n_read = 0;
    double seconds, *amperes = measure_doubles(n);
    if (fscanf(output, "%lf", &seconds) != 1)
        seconds = (double)NAN;
    while (n_read < n && fscanf(output, "%lf", amperes + n_read) == 1)
        n_read++;
    *difference = measure_difference(array, amperes);
    free(amperes);
    return n_read == n ? seconds : (double)NAN;
}

/* NaN where there is no scipy. */
static double spsolve_seconds(const char *script, const struct measure_array *array, double *difference)
{
    size_t n = array->network.n_rows;
    char input[] = "peers-XXXXXX", command[4096];
    int descriptor = mkstemp(input);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (file == NULL)
        return (double)NAN;
    bool written = fwrite(array->conductance, sizeof(double), n * n, file) == n * n &&
                   fwrite(array->volts, sizeof(double), n, file) == n;
    written = fclose(file) == 0 && written;
    snprintf(command, sizeof command, "'%s' '%s' %zu < %s 2> /dev/null", PYTHON3, script, n, input);
    FILE *output = written ? popen(command, "r") : NULL;
    double seconds = output == NULL ? (double)NAN : read_spsolve(output, array, difference);
    if (output != NULL)
        pclose(output);
    unlink(input);
    return seconds;
}

/* One `.op`, the whole process, as the user pays it; NaN where there is no ngspice. */
static double ngspice_seconds(const struct measure_array *array, double *difference)
{
    struct text deck = {0};
    struct rs_error err;
    struct worker_pool *pool = NULL;
    double *amperes = measure_doubles(array->network.n_columns);
    const struct netlist_array described = {.network = &array->network,
                                            .conductance_siemens = array->conductance};
    const struct worker_options program = {.ngspice = "program"};
    enum rs_status status = netlist_write(&described, array->volts, &deck, &err);
    if (status == RS_OK)
        status = worker_pool_create(&program, &pool, &err);
    double before = measure_children();
    if (status == RS_OK)
        status = currents_compute(pool, 1, (const char *const[]){deck.bytes}, array->network.n_columns,
                                  NGSPICE_LIMIT_SECONDS, amperes, &err);
    double seconds = measure_children() - before;
    worker_pool_destroy(pool);
    *difference = measure_difference(array, amperes);
    text_clear(&deck);
    free(amperes);
    return status == RS_OK ? seconds : (double)NAN;
}

static void measure_row(struct row *row, const char *script, size_t ngspice_lines)
{
    struct measure_array array;
    measure_make(row->n, &array);
    for (int p = 0; p < N_PEERS; p++)
        row->seconds[p] = row->difference[p] = (double)NAN;
    row->seconds[PEER_T] = transfer_seconds(&array);
    bool small = row->n <= PEERS_LINES_MAX;
    if (small && sparse_cholmod(&array, SECONDS_PER_MEASUREMENT, &row->cholmod)) {
        row->seconds[PEER_CHOLMOD] = row->cholmod.factor + row->cholmod.solve;
        row->difference[PEER_CHOLMOD] = row->cholmod.difference;
    }
    if (small && sparse_klu(&array, SECONDS_PER_MEASUREMENT, &row->klu)) {
        row->seconds[PEER_KLU] = row->klu.factor + row->klu.solve;
        row->difference[PEER_KLU] = row->klu.difference;
    }
    if (small)
        row->seconds[PEER_SPSOLVE] = spsolve_seconds(script, &array, &row->difference[PEER_SPSOLVE]);
    if (row->n <= ngspice_lines)
        row->seconds[PEER_NGSPICE] = ngspice_seconds(&array, &row->difference[PEER_NGSPICE]);
    measure_clear(&array);
}

static void print_cell(double value, const char *format)
{
    if (isnan(value))
        printf(" |");
    else
        printf(format, value);
}

static void print_times(const struct row *rows)
{
    printf("Milliseconds; in brackets how many times as long as T takes, and the largest difference of a "
           "current.\n\n"
           "| N |");
    for (int p = 0; p < N_PEERS; p++)
        printf(" %s |", peer_names[p]);
    printf("\n|---|---|---|---|---|---|\n");
    for (const struct row *row = rows; row < rows + N_SIZES; row++) {
        printf("| %zu | %.3f |", row->n, 1e3 * row->seconds[PEER_T]);
        for (int p = 1; p < N_PEERS; p++)
            if (isnan(row->seconds[p]))
                printf(" |");
            else
                printf(" %.1f (%.0f; %.0e) |", 1e3 * row->seconds[p], row->seconds[p] / row->seconds[PEER_T],
                       row->difference[p]);
        printf("\n");
    }
}

static void print_parts(const struct row *rows)
{
    printf("\nParts of the sparse solvers, ms; the ordering (analyse) depends on the size alone and is not "
           "counted "
           "above.\n\n"
           "| N | CHOLMOD analyse | factor | N solves | KLU analyse | factor | one solve |\n"
           "|---|---|---|---|---|---|---|\n");
    for (const struct row *row = rows; row < rows + N_SIZES; row++) {
        if (isnan(row->seconds[PEER_CHOLMOD]))
            continue;
        const double parts[] = {row->cholmod.analyse, row->cholmod.factor, row->cholmod.solve,
                                row->klu.analyse,     row->klu.factor,     row->klu.solve};
        printf("| %zu |", row->n);
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            print_cell(1e3 * parts[k], " %.2f |");
        printf("\n");
    }
}

/* The exponent of time ~ N^x by least squares of the logarithms; NaN of fewer than two sizes. */
static double exponent(const struct row *rows, enum peer peer, size_t largest)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (const struct row *row = rows; row < rows + N_SIZES; row++) {
        if (isnan(row->seconds[peer]) || row->n < FIT_LINES_MIN || row->n > largest)
            continue;
        double size = log((double)row->n), time = log(row->seconds[peer]);
        n += 1;
        x += size;
        y += time;
        xx += size * size;
        xy += size * time;
    }
    return n < 2 ? (double)NAN : (n * xy - x * y) / (n * xx - x * x);
}

static void print_exponents(const struct row *rows)
{
    printf("\nExponents x of time ~ N^x, least squares of the logarithms:\n\n| | %d to %d | %d to %zu "
           "|\n|---|---|---|\n",
           FIT_LINES_MIN, PEERS_LINES_MAX, FIT_LINES_MIN, rows[N_SIZES - 1].n);
    for (int p = 0; p < N_PEERS; p++) {
        double near = exponent(rows, (enum peer)p, PEERS_LINES_MAX);
        if (isnan(near))
            continue;
        printf("| %s | %.2f |", peer_names[p], near);
        print_cell(p == PEER_T ? exponent(rows, PEER_T, rows[N_SIZES - 1].n) : (double)NAN, " %.2f |");
        printf("\n");
    }
}

static void print_missing(const struct row *rows)
{
    if (isnan(rows[0].seconds[PEER_CHOLMOD]))
        printf("\nCHOLMOD and KLU: not there when this was built (package libsuitesparse-dev).\n");
    if (isnan(rows[0].seconds[PEER_SPSOLVE]))
        printf("\nspsolve: %s has no scipy (package python3-scipy).\n", PYTHON3);
    if (isnan(rows[0].seconds[PEER_NGSPICE]))
        printf("\nngspice: not installed (package ngspice).\n");
}

int main(int argc, char **argv)
{
    struct row rows[N_SIZES] = {{.n = 32}, {.n = 64}, {.n = 128}, {.n = 256}, {.n = 512}, {.n = 1024}};
    if (argc < 2) {
        fputs("usage: peers SPSOLVE.PY [LINES]\n", stderr);
        return 64;
    }
    size_t ngspice_lines = argc > 2 ? strtoul(argv[2], NULL, 10) : NGSPICE_LINES;
    printf("# T beside other solvers\n\n");
    measure_print_machine();
    for (size_t k = 0; k < N_SIZES; k++)
        measure_row(&rows[k], argv[1], ngspice_lines);
    print_times(rows);
    print_parts(rows);
    print_exponents(rows);
    print_missing(rows);
    return 0;
}
