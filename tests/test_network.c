/* What may be a network, and the solvers' names. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "crossbar/field.h"
#include "crossbar/transfer.h"

TestSuite(network, .timeout = 20);

struct bad_network {
    struct network network;
    const char *said;
};

Test(network, impossible_networks_are_refused)
{
    const struct bad_network cases[] = {
        {{0, 4, 1, 1, 1, 1}, "0 x 4 cells found"},
        {{4, 0, 1, 1, 1, 1}, "4 x 0 cells found"},
        {{4, NETWORK_LINES_MAX + 1, 1, 1, 1, 1}, "at most"},
        {{4, 4, -1, 1, 1, 1}, "r_word_line_ohm = -1 found"},
        {{4, 4, 1, NAN, 1, 1}, "r_bit_line_ohm = nan found"},
        {{4, 4, 1, 1, INFINITY, 1}, "r_driver_ohm = inf found"},
        {{4, 4, 1, 1, 1, 1e-200}, "r_sense_ohm = 1e-200 found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        struct transfer_plan *plan = NULL;
        struct field_plan *field = NULL;
        cr_assert_eq(
            transfer_plan_create(&cases[i].network, NULL, kernel_chosen(), TRANSFER_F64, &plan, &err),
            RS_INPUT);
        cr_assert(strstr(err.text, cases[i].said) != NULL, "%s", err.text);
        cr_assert_eq(field_plan_create(&cases[i].network, &field, &err), RS_INPUT);
        cr_assert(plan == NULL && field == NULL);
    }
}

Test(network, solvers_are_found_by_name)
{
    enum network_solver solver = NETWORK_SOLVER_TRANSFER;
    struct rs_error err = {{0}};
    cr_assert_eq(network_find_solver("field", &solver, &err), RS_OK);
    cr_assert_eq(solver, NETWORK_SOLVER_FIELD);
    cr_assert_eq(network_find_solver("feild", &solver, &err), RS_USAGE);
    cr_assert(strstr(err.text, "did you mean 'field'?") != NULL, "%s", err.text);
}

Test(network, resistances_line_by_line_are_checked_and_joined_lines_among_others_left_to_fields)
{
    const double ohm[] = {1, 0, -3}, mixed[] = {2, 0, 2};
    struct network network = {3, 3, 2, 2, 2, 2, {.r_driver_ohm = ohm}};
    struct rs_error err = {{0}};
    struct transfer_plan *plan = NULL;
    struct field_plan *field = NULL;
    cr_assert_eq(field_plan_create(&network, &field, &err), RS_INPUT);
    cr_assert(strstr(err.text, "r_driver_ohm[2] = -3 found") != NULL, "%s", err.text);
    network.lines = (struct network_lines){.r_bit_line_ohm = mixed};
    cr_assert_eq(transfer_plan_create(&network, NULL, kernel_chosen(), TRANSFER_F64, &plan, &err), RS_INPUT);
    cr_assert(strstr(err.text, "joined") != NULL, "%s", err.text);
    cr_assert_eq(field_plan_create(&network, &field, &err), RS_OK);
    field_plan_destroy(field);
}

/* Three lines that differ, by hand: word line i has r_wire = i ohm (0: joined), column 0 is shorted. */
Test(network, a_line_of_zero_ohm_among_others_is_joined)
{
    const double wire[] = {0, 1, 2}, sense[] = {0, 5, 7}, bit[] = {0, 0, 0}, volts[] = {0.1, 0.2, 0.3};
    const double cells[] = {1e-3, 0, 0, 0, 2e-3, 0, 0, 0, 3e-3};
    const struct network network = {
        3, 3, 9, 9, 4, 9, {.r_word_line_ohm = wire, .r_sense_ohm = sense, .r_bit_line_ohm = bit}};
    struct field_plan *plan = NULL;
    struct rs_error err;
    double amperes[3], words[9], bits[9];
    struct field_report report;
    cr_assert_eq(field_plan_create(&network, &plan, &err), RS_OK);
    field_factor(plan, cells);
    cr_assert(field_solve(plan, volts, 1e-13, amperes, words, bits, &report));
    for (size_t k = 0; k < 3; k++) {
        double ohm = 4 + wire[k] * (double)(k + 1) + 1 / cells[4 * k] + sense[k];
        cr_assert_float_eq(amperes[k], volts[k] / ohm, 1e-15 * amperes[k], "line %zu", k);
    }
    cr_assert_lt(report.residual, 1e-12);
    cr_assert(bits[0] == 0 && bits[6] == 0 && words[0] == words[2]);
    field_plan_destroy(plan);
}
