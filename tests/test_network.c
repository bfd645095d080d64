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
        cr_assert_eq(transfer_plan_create(&cases[i].network, kernel_chosen(), TRANSFER_F64, &plan, &err),
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
