/* Decks per second by ngspice with 1 and 2 workers (README.md); prints a table. Usage: decks RESCORE. */
#include "config.h" /* getloadavg */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "bench/crossbar/measure.h"
#include "spice/currents.h"
#include "spice/netlist.h"
#include "spice/parts.h"
#include "spice/worker.h"

enum { ARRAY_LINES = 16, DECKS_MAX = 400, N_PASSES = 3 };

/* The latch of spice/decks behind its parts, its inputs 5 mV apart: one decision. */
static const char latch_circuit[] =
    "vdd vdd 0 1.2\nvclk clk 0 pulse(0 1.2 0.1n 20p 20p 0.4n 2n)\n"
    "vp sp 0 0.605\nrp sp inp 1k\nvn sn 0 0.6\nrn sn inn 1k\n"
    "xlatch inp inn clk op on vdd 0 strongarm\nc1 on 0 2f\nc2 op 0 2f\n.end\n";
static const char divider[] = "* divider\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.end\n";

static const struct worker_vector decided[] = {{"op", 0}, {"on", 0}};
static const struct worker_vector divided[] = {{"b", 1}};
static const struct worker_vector current[] = {{"i(v0)", 1}};

#define DECIDE "tran 2p 0.6n"

/* `n_runs` decisions on one loaded circuit for each of `n_jobs` decks. */
struct row {
    const char *name, *deck, *way;
    struct worker_run run;
    size_t n_jobs, n_runs;
};

struct repeats {
    size_t n_left;
    struct worker_run run;
};

static bool repeat(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct repeats *repeats = state;
    (void)values;
    *next = repeats->run;
    return --repeats->n_left > 0;
}

static void fail(const char *what)
{
    fprintf(stderr, "decks: %s\n", what);
    exit(1);
}

/* Wall seconds of all, and processor seconds of the workers, which have ended. */
static double run_row(const struct row *row, const char *program, size_t n_workers, double *processor_seconds)
{
    static struct worker_job jobs[DECKS_MAX];
    static struct repeats repeats[DECKS_MAX];
    struct worker_pool *pool;
    struct rs_error err;
    const struct worker_options options = {.program = program, .ngspice = row->way, .n_workers = n_workers};
    double before = measure_children();
    if (worker_pool_create(&options, &pool, &err) != RS_OK)
        fail(err.text);
    for (size_t i = 0; i < row->n_jobs; i++) {
        repeats[i] = (struct repeats){row->n_runs, row->run};
        jobs[i] =
            (struct worker_job){.deck = row->deck, .run = row->run, .take = repeat, .state = &repeats[i]};
    }
    double start = clock_seconds();
    if (worker_pool_run(pool, row->n_jobs, jobs, &err) != RS_OK)
        fail(err.text);
    double seconds = clock_seconds() - start;
    worker_pool_destroy(pool);
    *processor_seconds = measure_children() - before;
    return seconds;
}

static void print_row(const struct row *row, const char *program)
{
    double best[2] = {(double)INFINITY, (double)INFINITY}, processor_seconds = 0;
    double n = (double)(row->n_jobs * row->n_runs);
    for (int pass = 0; pass < N_PASSES; pass++)
        for (size_t w = 0; w < 2; w++) {
            double used;
            best[w] = fmin(best[w], run_row(row, program, w + 1, &used));
            if (w == 0)
                processor_seconds = pass == 0 ? used : fmin(used, processor_seconds);
        }
    printf("| %s | %.0f | %.0f | %.2f | %.2f |\n", row->name, n / best[0], n / best[1], best[0] / best[1],
           1e3 * processor_seconds / n);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct measure_array array;
    struct text deck = {0}, latch_deck = {0};
    struct rs_error err;
    if (argc != 2)
        fail("usage: decks RESCORE");
    measure_make(ARRAY_LINES, &array);
    const struct netlist_array described = {.network = &array.network,
                                            .conductance_siemens = array.conductance};
    if (netlist_write(&described, array.volts, &deck, &err) != RS_OK)
        fail(err.text);
    text_append(&latch_deck, "* latch\n%s\n%s\n%s", (const char *)parts_embedded_generic65,
                (const char *)parts_embedded_strongarm, latch_circuit);
    const char *latch = latch_deck.bytes;
    const struct row rows[] = {
        {"divider, `op`, each its deck", divider, "libngspice.so.0", {"op", 1, divided}, 400, 1},
        {"16 x 16 array, `op`, each its deck", deck.bytes, "libngspice.so.0", {"op", 1, current}, 100, 1},
        {"latch, one decision, each its deck", latch, "libngspice.so.0", {DECIDE, 2, decided}, 60, 1},
        {"latch, 20 decisions of a deck",
         latch,
         "libngspice.so.0",
         {"alter vp = 0.605\n" DECIDE, 2, decided},
         8,
         20},
        {"latch, one decision, `ngspice -b`", latch, "program", {DECIDE, 2, decided}, 30, 1},
    };
    double load[1] = {0};
    printf("# Decks per second\n\n");
    measure_print_machine();
    if (getloadavg(load, 1) == 1)
        printf("Processes already running (load average): %.1f.\n\n", load[0]);
    printf(
        "| runs | 1 worker, 1/s | 2 workers, 1/s | ratio | processor, ms per run |\n|---|---|---|---|---|\n");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        print_row(&rows[r], argv[1]);
    text_clear(&deck);
    text_clear(&latch_deck);
    measure_clear(&array);
    return 0;
}
