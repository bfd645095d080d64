/* Times of T, fields and ngspice beside the matrix product's speed (README.md); prints a table. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "crossbar/field.h"
#include "crossbar/transfer.h"
#include "measure.h"
#include "spice/currents.h"
#include "spice/netlist.h"

enum { PRODUCT_LINES = 512, NGSPICE_LINES = 64, BATCH_ARRAYS = 16 };

#define OPERATIONS_PER_CUBE 34.0 /* of a T, by convention: README.md */
#define SECONDS_PER_ROW 1.5      /* for one measurement, or 201 calls */
#define FIELD_TOLERANCE 1e-9
#define NGSPICE_LIMIT_SECONDS 120
#define KIBIBYTES_PER_MEBIBYTE 1024

struct array {
    struct measure_array of;
    double *scale, *field_amperes; /* [n] */
};

static void make(struct array *array, size_t n)
{
    measure_make_cells(n, &array->of);
    array->scale = measure_doubles(n);
    array->field_amperes = measure_doubles(n);
}

static void clear(struct array *array)
{
    measure_clear(&array->of);
    free(array->scale);
    free(array->field_amperes);
}

static void multiply(void *state)
{
    double *const *matrices = state;
    int n = PRODUCT_LINES;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, matrices[0], n, matrices[1], n, 0,
                matrices[2], n);
}

static void multiply_f32(void *state)
{
    double *const *matrices = state;
    float *a = (float *)matrices[0], *b = (float *)matrices[1], *c = (float *)matrices[2];
    int n = PRODUCT_LINES;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a, n, b, n, 0, c, n);
}

/* Operations per second of OpenBLAS in a precision. */
static double product_speed(enum transfer_precision precision)
{
    size_t n = PRODUCT_LINES;
    double *matrices[] = {measure_doubles(n * n), measure_doubles(n * n), measure_doubles(n * n)};
    for (size_t i = 0; i < n * n; i++)
        if (precision == TRANSFER_F32)
            ((float *)matrices[0])[i] = ((float *)matrices[1])[i] = 1 + (float)(i % 7);
        else
            matrices[0][i] = matrices[1][i] = 1 + (double)(i % 7);
    double speed =
        2.0 * (double)(n * n * n) /
        measure_quick_seconds(precision == TRANSFER_F32 ? multiply_f32 : multiply, matrices, SECONDS_PER_ROW);
    for (int i = 0; i < 3; i++)
        free(matrices[i]);
    return speed;
}

struct transfer_call {
    struct transfer_plan *plan;
    struct array *array;
};

static void call_transfer(void *state)
{
    struct transfer_call *call = state;
    transfer_compute(call->plan, call->array->of.conductance, call->array->of.transfer);
}

/* NaN where there is no plan. */
static double transfer_seconds(struct array *array, enum transfer_precision precision)
{
    struct transfer_call call = {.array = array};
    struct rs_error err;
    if (transfer_plan_create(&array->of.network, NULL, kernel_chosen(), precision, &call.plan, &err) != RS_OK)
        return (double)NAN;
    double seconds = measure_quick_seconds(call_transfer, &call, SECONDS_PER_ROW);
    transfer_plan_destroy(call.plan);
    transfer_apply(&array->of.network, array->of.transfer, array->of.volts, array->of.amperes, array->scale);
    return seconds;
}

struct field_call {
    struct field_plan *plan;
    struct array *array;
};

static void call_field(void *state)
{
    struct field_call *call = state;
    field_factor(call->plan, call->array->of.conductance);
    field_solve(call->plan, call->array->of.volts, FIELD_TOLERANCE, call->array->field_amperes, NULL, NULL,
                NULL);
}

static double field_seconds(struct array *array)
{
    struct field_call call = {.array = array};
    struct rs_error err;
    if (field_plan_create(&array->of.network, &call.plan, &err) != RS_OK)
        return (double)NAN;
    double seconds = measure_quick_seconds(call_field, &call, SECONDS_PER_ROW);
    field_plan_destroy(call.plan);
    return seconds;
}

static double largest_difference(const struct array *array, const double *amperes)
{
    double largest = 0;
    for (size_t j = 0; j < array->of.network.n_columns; j++)
        largest = fmax(largest, fabs(amperes[j] - array->of.amperes[j]) / array->scale[j]);
    return largest;
}

/* One `.op` of one vector; NaN where ngspice cannot be run. */
static double ngspice_seconds(struct array *array, double *difference)
{
    struct text deck = {0};
    struct rs_error err;
    struct worker_pool *pool = NULL;
    const struct netlist_array described = {.network = &array->of.network,
                                            .conductance_siemens = array->of.conductance};
    const struct worker_options program = {.ngspice = "program"};
    enum rs_status status = netlist_write(&described, array->of.volts, &deck, &err);
    if (status == RS_OK)
        status = worker_pool_create(&program, &pool, &err);
    double before = measure_children();
    if (status == RS_OK)
        status = currents_compute(pool, 1, (const char *const[]){deck.bytes}, array->of.network.n_columns,
                                  NGSPICE_LIMIT_SECONDS, array->field_amperes, &err);
    double seconds = measure_children() - before;
    worker_pool_destroy(pool);
    *difference = largest_difference(array, array->field_amperes);
    text_clear(&deck);
    return status == RS_OK ? seconds : (double)NAN;
}

/* How much of the product's speed a T of n x n cells reaches, percent. */
static double share(size_t n, double seconds, double speed)
{
    return 100 * OPERATIONS_PER_CUBE * (double)n * (double)n * (double)n / seconds / speed;
}

static void print_row(size_t n)
{
    double speed = product_speed(TRANSFER_F64);
    struct array array;
    make(&array, n);
    double transfer = transfer_seconds(&array, TRANSFER_F64), field = field_seconds(&array);
    printf("| %zu | %.1f | %.3f | %.1f | %.1f | %.3f | %.0e |", n, 1e-9 * speed, 1e3 * transfer, 1 / transfer,
           share(n, transfer, speed), 1e3 * field, largest_difference(&array, array.field_amperes));
    if (n == NGSPICE_LINES) {
        double difference, seconds = ngspice_seconds(&array, &difference);
        if (isnan(seconds))
            printf(" not installed | | |\n");
        else
            printf(" %.0f | %.0f | %.0e |\n", 1e3 * seconds, seconds / transfer, difference);
    } else {
        printf(" | | |\n");
    }
    fflush(stdout);
    clear(&array);
}

/* Largest relative difference of T in single precision from T in double. */
static double single_error(struct array *array)
{
    size_t n_cells = array->of.network.n_rows * array->of.network.n_columns;
    struct transfer_call call = {.array = array};
    double *single = measure_doubles(n_cells), largest = 0;
    struct rs_error err;
    memcpy(single, array->of.transfer, n_cells * sizeof *single);
    if (transfer_plan_create(&array->of.network, NULL, kernel_chosen(), TRANSFER_F64, &call.plan, &err) ==
        RS_OK)
        call_transfer(&call);
    else
        largest = (double)NAN;
    transfer_plan_destroy(call.plan);
    for (size_t c = 0; c < n_cells; c++)
        largest = fmax(largest, fabs(single[c] / array->of.transfer[c] - 1));
    free(single);
    return largest;
}

static void print_row_f32(size_t n)
{
    double speed = product_speed(TRANSFER_F32);
    struct array array;
    make(&array, n);
    double seconds = transfer_seconds(&array, TRANSFER_F32);
    printf("| %zu | %.1f | %.3f | %.1f | %.1f | %.0e |\n", n, 1e-9 * speed, 1e3 * seconds, 1 / seconds,
           share(n, seconds, speed), single_error(&array));
    fflush(stdout);
    clear(&array);
}

struct batch_call {
    struct transfer_plan *plan;
    double *conductance, *transfer; /* [BATCH_ARRAYS][n][n] */
};

static void call_batch(void *state)
{
    struct batch_call *call = state;
    transfer_compute_batch(call->plan, BATCH_ARRAYS, call->conductance, call->transfer);
}

static void print_batch(size_t n, enum transfer_precision precision)
{
    double speed = product_speed(precision);
    struct array array;
    make(&array, n);
    struct batch_call call = {.conductance = measure_doubles(BATCH_ARRAYS * n * n),
                              .transfer = measure_doubles(BATCH_ARRAYS * n * n)};
    for (size_t a = 0; a < BATCH_ARRAYS; a++)
        for (size_t c = 0; c < n * n; c++)
            call.conductance[a * n * n + c] = array.of.conductance[(c + a) % (n * n)];
    struct rs_error err;
    if (transfer_plan_create(&array.of.network, NULL, kernel_chosen(), precision, &call.plan, &err) ==
        RS_OK) {
        double seconds = measure_quick_seconds(call_batch, &call, SECONDS_PER_ROW) / BATCH_ARRAYS;
        printf("| %zu | %s | %.1f | %.4f | %.0f | %.1f |\n", n,
               precision == TRANSFER_F32 ? "single" : "double", 1e-9 * speed, 1e3 * seconds, 1 / seconds,
               share(n, seconds, speed));
        transfer_plan_destroy(call.plan);
    }
    fflush(stdout);
    free(call.conductance);
    free(call.transfer);
    clear(&array);
}

/* The process's largest memory so far, right after one T: run before anything else. */
static void print_memory(size_t n, enum transfer_precision precision)
{
    struct array array;
    struct rusage usage;
    struct transfer_call call = {.array = &array};
    struct rs_error err;
    make(&array, n);
    if (transfer_plan_create(&array.of.network, NULL, kernel_chosen(), precision, &call.plan, &err) ==
        RS_OK) {
        call_transfer(&call);
        transfer_plan_destroy(call.plan);
        getrusage(RUSAGE_SELF, &usage);
        printf("| %zu | %s | %ld |\n", n, precision == TRANSFER_F32 ? "single" : "double",
               usage.ru_maxrss / KIBIBYTES_PER_MEBIBYTE);
    }
    clear(&array);
}

int main(void)
{
    const size_t sizes[] = {16, 32, 64, 128, 256, 512, 1024};
    const size_t n_sizes = sizeof sizes / sizeof sizes[0];
    printf("# Reduction to T beside the matrix product\n\n");
    measure_print_machine();
    printf("Largest memory of the process, its arrays included:\n\n| N | precision | MiB |\n|---|---|---|\n");
    print_memory(sizes[n_sizes - 1], TRANSFER_F32);
    print_memory(sizes[n_sizes - 1], TRANSFER_F64);
    printf("\nOne array, double precision:\n\n"
           "| N | dgemm, GF/s | T, ms | T per s | %% of dgemm | one field, ms | T against field | ngspice "
           ".op, ms | T "
           "faster by "
           "| ngspice against T |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_sizes; i++)
        print_row(sizes[i]);
    printf(
        "\nOne array, single precision:\n\n"
        "| N | sgemm, GF/s | T, ms | T per s | %% of sgemm | against double |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_sizes; i++)
        print_row_f32(sizes[i]);
    printf("\nMany arrays of one network, one in each lane of the vectors:\n\n"
           "| N | precision | gemm, GF/s | T, ms each | T per s | %% of gemm |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < 3; i++)
        for (int precision = TRANSFER_F64; precision <= TRANSFER_F32; precision++)
            print_batch(sizes[i], (enum transfer_precision)precision);
    return 0;
}
