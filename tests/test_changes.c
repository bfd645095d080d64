/* T of arrays with changed cells. Oracle: the reduction of the changed array. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/changes.h"
#include "crossbar/transfer.h"

TestSuite(changes, .timeout = 60);

enum { N_RANDOM = 300, LINES_MAX = 40, CHANGES_MAX = 40 };

#define BOUND 1e-13 /* of sum |V| T, the larger of before and after */

static void reduce(const struct network *network, const double *conductance, double *transfer)
{
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(transfer_plan_create(network, NULL, kernel_chosen(), TRANSFER_F64, &plan, &err), RS_OK, "%s",
                 err.text);
    transfer_compute(plan, conductance, transfer);
    transfer_plan_destroy(plan);
}

struct changed {
    struct array_oracle array;
    double before[ORACLE_CELLS_MAX], after[ORACLE_CELLS_MAX], expected[ORACLE_CELLS_MAX];
    struct changes_cell cells[CHANGES_MAX];
    size_t n;
};

static void change(struct changed *c, size_t i_row, size_t i_column, double siemens)
{
    c->cells[c->n++] = (struct changes_cell){i_row, i_column, siemens};
}

static struct changes_plan *plan_of(struct changed *c)
{
    struct changes_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(changes_plan_create(&c->array.network, &plan, &err), RS_OK, "%s", err.text);
    reduce(&c->array.network, c->array.conductance, c->before);
    changes_factor(plan, c->array.conductance, c->before);
    return plan;
}

static void expect(struct changed *c)
{
    for (size_t k = 0; k < c->n; k++)
        c->array.conductance[c->cells[k].i_row * c->array.network.n_columns + c->cells[k].i_column] =
            c->cells[k].conductance_siemens;
    reduce(&c->array.network, c->array.conductance, c->expected);
}

/* Largest error of a current for the array's drives. */
static double error_of(const struct changed *c)
{
    const struct network *network = &c->array.network;
    double worst = 0;
    for (size_t j = 0; j < network->n_columns; j++) {
        double difference = 0, before = 0, after = 0;
        for (size_t i = 0; i < network->n_rows; i++) {
            size_t k = i * network->n_columns + j;
            difference += c->array.volts[i] * (c->after[k] - c->expected[k]);
            before += fabs(c->array.volts[i]) * c->before[k];
            after += fabs(c->array.volts[i]) * c->expected[k];
        }
        double error = difference == 0 ? 0 : fabs(difference) / fmax(before, after);
        worst = isnan(error) || error > worst ? error : worst;
    }
    return worst;
}

static double update(struct changed *c)
{
    struct changes_plan *plan = plan_of(c);
    struct rs_error err;
    bool converged = false;
    cr_assert_eq(changes_update(plan, c->n, c->cells, c->after, &converged, &err), RS_OK, "%s", err.text);
    cr_assert(converged);
    changes_plan_destroy(plan);
    expect(c);
    return error_of(c);
}

static struct changed *make(uint64_t seed, size_t max_lines, double decades)
{
    struct changed *c = calloc(1, sizeof *c);
    array_oracle_make(seed, max_lines, decades, &c->array);
    return c;
}

/* Open, 0.1 mS (10 kohm), or anything between. */
static double pick(uint64_t *state)
{
    double kind = array_oracle_uniform(state);
    return kind < 0.3 ? 0 : kind < 0.6 ? 1e-4 : 1e-7 * pow(10, 4 * array_oracle_uniform(state));
}

Test(changes, an_update_gives_the_t_of_the_changed_array)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        struct changed *c = make(seed, LINES_MAX, 3);
        uint64_t state = seed;
        size_t n = 1 + (size_t)(32 * array_oracle_uniform(&state));
        for (size_t k = 0; k < n; k++)
            change(c, (size_t)(array_oracle_uniform(&state) * (double)c->array.network.n_rows),
                   (size_t)(array_oracle_uniform(&state) * (double)c->array.network.n_columns), pick(&state));
        double error = update(c);
        cr_assert_lt(error, BOUND, "seed %d, %zu cells: %g", (int)seed, n, error);
        free(c);
    }
}

/* The first column, the last row, or all cells: from open and to open. */
Test(changes, whole_lines_may_open_and_close)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        struct changed *c = make(seed, 6, 3);
        const struct network *network = &c->array.network;
        uint64_t state = seed;
        bool row = seed % 3 != 1, column = seed % 3 != 2, closes = seed % 2 == 0;
        for (size_t i = 0; i < network->n_rows; i++)
            for (size_t j = 0; j < network->n_columns; j++) {
                if (!(row && i + 1 == network->n_rows) && !(column && j == 0))
                    continue;
                double *cell = &c->array.conductance[i * network->n_columns + j];
                double other = 1e-7 * pow(10, 4 * array_oracle_uniform(&state));
                *cell = closes ? 0 : fmax(*cell, 1e-7);
                change(c, i, j, closes ? other : 0);
            }
        double error = update(c);
        cr_assert_lt(error, BOUND, "seed %d: %g", (int)seed, error);
        for (size_t j = 0; j < network->n_columns && row && !closes; j++)
            cr_assert_eq(c->after[(network->n_rows - 1) * network->n_columns + j], 0.0, "seed %d", (int)seed);
        for (size_t i = 0; i < network->n_rows && column && !closes; i++)
            cr_assert_eq(c->after[i * network->n_columns], 0.0, "seed %d", (int)seed);
        free(c);
    }
}

/* Wires over eight decades: some fields do not converge to the last digit, and cells that conduct 100 times
 * better than the wires around them take two digits along. */
Test(changes, t_is_good_however_it_comes_about)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        struct changed *c = make(seed, LINES_MAX, 8);
        struct changes_plan *plan = plan_of(c);
        struct rs_error err;
        uint64_t state = seed;
        change(c, seed % c->array.network.n_rows, seed % c->array.network.n_columns, pick(&state));
        cr_assert_eq(changes_transfer(plan, c->n, c->cells, c->after, &err), RS_OK, "%s", err.text);
        changes_plan_destroy(plan);
        expect(c);
        cr_assert_lt(error_of(c), 100 * BOUND, "seed %d: %g", (int)seed, error_of(c));
        free(c);
    }
}

Test(changes, of_a_cell_named_twice_the_last_counts)
{
    struct changed *c = make(5, 12, 2);
    change(c, 0, 0, 1e-3);
    change(c, 0, 0, 2e-5);
    change(c, 0, 0, 4e-6);
    cr_assert_lt(update(c), BOUND);
    free(c);
}

Test(changes, none_leave_t_as_it_is)
{
    struct changed *c = make(6, 12, 2);
    change(c, 0, 0, c->array.conductance[0]);
    update(c);
    cr_assert(memcmp(c->after, c->before, sizeof c->after) == 0);
    c->n = 0;
    update(c);
    cr_assert(memcmp(c->after, c->before, sizeof c->after) == 0);
    free(c);
}

/* Both ways, from one plan, in any order; what an earlier call changed is forgotten. */
Test(changes, few_are_updated_and_many_reduced)
{
    struct changed *c = make(7, 12, 2);
    struct rs_error err;
    c->array.network = (struct network){.n_rows = 33,
                                        .n_columns = 40,
                                        .r_word_line_ohm = 2,
                                        .r_bit_line_ohm = 3,
                                        .r_driver_ohm = 100,
                                        .r_sense_ohm = 50};
    for (size_t k = 0; k < 33 * 40; k++)
        c->array.conductance[k] = 1e-6 * (double)(1 + k % 97);
    struct changes_plan *plan = plan_of(c);
    for (size_t k = 0; k < CHANGES_MAX; k++)
        change(c, k * 5 % 33, k * 7 % 40, k % 3 == 0 ? 0 : 3e-5);
    cr_assert(changes_pay(&c->array.network, 1) && !changes_pay(&c->array.network, CHANGES_MAX));
    cr_assert_eq(changes_transfer(plan, CHANGES_MAX, c->cells, c->after, &err), RS_OK);
    expect(c);
    cr_assert(memcmp(c->after, c->expected, 33 * 40 * sizeof(double)) == 0, "the reduction itself");
    for (size_t k = 0; k < 33 * 40; k++)
        c->array.conductance[k] = 1e-6 * (double)(1 + k % 97);
    c->n = 1;
    cr_assert_eq(changes_transfer(plan, 1, c->cells, c->after, &err), RS_OK);
    expect(c);
    cr_assert(memcmp(c->after, c->expected, 33 * 40 * sizeof(double)) != 0, "an update");
    cr_assert_lt(error_of(c), BOUND);
    changes_plan_destroy(plan);
    free(c);
}
