#include "measure.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/version.h"
#include "crossbar/transfer.h"

enum { CALLS_MIN = 3, CALLS_MAX = 201 };

double measure_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double measure_children(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* The value that `share` of the calls stay below. */
static double quantile_seconds(void (*call)(void *state), void *state, double seconds, double share)
{
    double taken[CALLS_MAX];
    size_t n = 0;
    call(state);
    for (double start = measure_now(); n < CALLS_MIN || (n < CALLS_MAX && measure_now() - start < seconds);
         n++) {
        double before = measure_now();
        call(state);
        taken[n] = measure_now() - before;
    }
    qsort(taken, n, sizeof taken[0], by_size);
    return taken[(size_t)(share * (double)n)];
}

double measure_seconds(void (*call)(void *state), void *state, double seconds)
{
    return quantile_seconds(call, state, seconds, 0.5);
}

double measure_quick_seconds(void (*call)(void *state), void *state, double seconds)
{
    return quantile_seconds(call, state, seconds, 0.1);
}

double *measure_doubles(size_t n)
{
    double *values = aligned_alloc(64, (n * sizeof *values + 63) / 64 * 64);
    if (values == NULL)
        abort();
    memset(values, 0, n * sizeof *values);
    return values;
}

void measure_make_cells(size_t n, struct measure_array *array)
{
    array->network = (struct network){.n_rows = n,
                                      .n_columns = n,
                                      .r_word_line_ohm = 2,
                                      .r_bit_line_ohm = 2,
                                      .r_driver_ohm = 100,
                                      .r_sense_ohm = 100};
    array->conductance = measure_doubles(n * n);
    array->volts = measure_doubles(n);
    array->transfer = measure_doubles(n * n);
    array->amperes = measure_doubles(n);
    uint64_t state = n;
    for (size_t c = 0; c < n * n + n; c++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double uniform = (double)(state >> 11) * 0x1p-53;
        if (c < n * n)
            array->conductance[c] = 1e-6 * pow(100, uniform);
        else
            array->volts[c - n * n] = 0.2 * uniform;
    }
}

void measure_make(size_t n, struct measure_array *array)
{
    measure_make_cells(n, array);
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    if (transfer_plan_create(&array->network, NULL, kernel_chosen(), TRANSFER_F64, &plan, &err) != RS_OK)
        abort();
    transfer_compute(plan, array->conductance, array->transfer);
    transfer_plan_destroy(plan);
    transfer_apply(&array->network, array->transfer, array->volts, array->amperes, NULL);
}

void measure_clear(struct measure_array *array)
{
    free(array->conductance);
    free(array->volts);
    free(array->transfer);
    free(array->amperes);
}

double measure_difference(const struct measure_array *array, const double *amperes)
{
    double largest = 0, worst = 0;
    for (size_t j = 0; j < array->network.n_columns; j++) {
        largest = fmax(largest, fabs(array->amperes[j]));
        worst = fmax(worst, fabs(amperes[j] - array->amperes[j]));
    }
    return worst / largest;
}

void measure_print_machine(void)
{
    char line[256], processor[256] = "unknown";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "model name : %255[^\n]", processor) == 1)
            break;
    if (file != NULL)
        fclose(file);
    printf("Processor %s, compiler %s, commit %s, kernel %s. One core.\n\n", processor, version_compiler(),
           version_commit(), version_kernel());
}
