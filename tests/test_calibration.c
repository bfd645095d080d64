/* Calibration files: what is written comes back; a circuit has one identity, and another circuit another. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "frontend/calibration.h"

TestSuite(calibration, .timeout = 60);

static const struct calibration_topology circuit = {
    .n_rows = 16,
    .n_columns = 32,
    .r_word_line_ohm = 2,
    .r_bit_line_ohm = 0.1,
    .r_driver_ohm = 100,
    .r_sense_ohm = 1500,
    .sense = "resistor",
    .reference = "ideal",
    .share = "per-comparator",
    .sign = "differential",
};

static void identify(struct calibration *calibration)
{
    static struct card card;
    struct rs_error err = {{0}};
    cr_assert_eq(card_load_preset("wan2022", &card, &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibration_topology_identity(&circuit, &calibration->topology, &err), RS_OK);
    cr_assert_eq(calibration_device_identity(&card, 1e-6, 40e-6, &calibration->device, &err), RS_OK);
}

static void fill(struct calibration *calibration)
{
    struct rs_error err = {{0}};
    *calibration = (struct calibration){.ngspice_version = "39.3", .ngspice_options = "reltol=1e-9"};
    identify(calibration);
    for (size_t i = 0; i < CALIBRATION_N; i++)
        cr_assert_eq(calibration_add(calibration, calibration_table[i].name, 0.1 + (double)i, 1e-3,
                                     -(double)i, (double)NAN, &err),
                     RS_OK);
    cr_assert_eq(calibration_add(calibration, "of_somebody_else", 7, 0, 6, 8, &err), RS_OK);
    size_t n = calibration->n_estimates;
    calibration->correlation = malloc(n * n * sizeof(double));
    for (size_t i = 0; i < n * n; i++)
        calibration->correlation[i] = i % (n + 1) == 0 ? 1 : 1.0 / (double)(i + 2);
    calibration->n_residuals = 300;
    calibration->residuals = malloc(300 * sizeof *calibration->residuals);
    for (int i = 0; i < 300; i++)
        calibration->residuals[i] = (struct calibration_residual){1e-3 * i, i % 5, i / 7, i % 3 - 1};
    calibration->n_slots = 16;
    calibration->column_threshold_shift_amperes = malloc(16 * sizeof(double));
    for (int j = 0; j < 16; j++)
        calibration->column_threshold_shift_amperes[j] = 1e-9 * (j - 3);
}

static bool same(double one, double other)
{
    return one == other || (isnan(one) && isnan(other));
}

Test(calibration, what_is_written_is_read_back, .init = enter_folder, .fini = leave_folder)
{
    struct calibration one, other;
    struct rs_error err = {{0}};
    double value;
    fill(&one);
    cr_assert_eq(calibration_write(&one, "c.h5", &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibration_read("c.h5", &other, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(one.topology.text, other.topology.text);
    cr_assert_str_eq(one.topology.sha256, other.topology.sha256);
    cr_assert_str_eq(one.device.text, other.device.text);
    cr_assert_str_eq(one.device.sha256, other.device.sha256);
    cr_assert_str_eq(other.ngspice_version, "39.3");
    cr_assert_str_eq(other.ngspice_options, "reltol=1e-9");
    cr_assert_eq(other.n_estimates, CALIBRATION_N + 1);
    for (size_t i = 0; i < one.n_estimates; i++) {
        const struct calibration_estimate *a = &one.estimates[i], *b = &other.estimates[i];
        cr_assert(strcmp(a->name, b->name) == 0 && strcmp(a->unit, b->unit) == 0, "%s", a->name);
        cr_assert(same(a->value, b->value) && same(a->standard_error, b->standard_error), "%s", a->name);
        cr_assert(same(a->lo95, b->lo95) && same(a->hi95, b->hi95), "%s", a->name);
    }
    cr_assert_arr_eq(one.correlation, other.correlation, one.n_estimates * one.n_estimates * sizeof(double));
    cr_assert_eq(other.n_residuals, 300);
    for (size_t i = 0; i < 300; i++) {
        const struct calibration_residual *a = &one.residuals[i], *b = &other.residuals[i];
        cr_assert(a->value == b->value && a->stage == b->stage && a->deck == b->deck &&
                  a->column == b->column);
    }
    cr_assert_eq(other.n_slots, 16);
    cr_assert_arr_eq(one.column_threshold_shift_amperes, other.column_threshold_shift_amperes,
                     16 * sizeof(double));
    for (size_t i = 0; i < CALIBRATION_N; i++)
        cr_assert(calibration_get(&other, (enum calibration_parameter)i, &value) && value == 0.1 + (double)i);
    calibration_clear(&one);
    calibration_clear(&other);
}

Test(calibration, what_decks_do_not_determine_and_tests_alone_are_refused)
{
    const struct {
        const char *name;
        int32_t flags;
        bool good;
        const char *says;
    } cases[] = {
        {"kickback_r0_ohm", CALIBRATION_FLAG_NOT_IDENTIFIED, false, "kickback_r0_ohm found that its decks"},
        {"kickback_r0_ohm", CALIBRATION_FLAG_FIXED | CALIBRATION_FLAG_AT_BOUND, true, ""},
        {"kickback_constant_volts", CALIBRATION_FLAG_NOT_IDENTIFIED, true, ""}, /* not the engine's */
        {"r_word_line_ohm", CALIBRATION_FLAG_TEST, false, "only parameters of tests found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct calibration one = {0};
        struct rs_error err = {{0}};
        identify(&one);
        cr_assert_eq(calibration_add(&one, cases[i].name, 1, 0, 0, 0, &err), RS_OK);
        one.estimates[0].flags = cases[i].flags;
        enum rs_status status = calibration_check(&one, "c.h5", &one.topology, &one.device, &err);
        cr_assert_eq(status, cases[i].good ? RS_OK : RS_INPUT, "case %zu", i);
        cr_assert(cases[i].good || strstr(err.text, cases[i].says) != NULL, "%s", err.text);
        cr_assert(cases[i].good || strncmp(err.text, "c.h5:/parameter_flag: error: ", 29) == 0, "%s",
                  err.text);
        cr_assert_eq(calibration_add(&one, "gain_ohm", 1, 0, 0, 0, &err), RS_OK); /* beside a test */
        status = calibration_check(&one, "c.h5", &one.topology, &one.device, &err);
        cr_assert_eq(status, cases[i].flags & CALIBRATION_FLAG_NOT_IDENTIFIED ? status : RS_OK);
        calibration_clear(&one);
    }
}

Test(calibration, a_file_with_one_parameter_is_enough, .init = enter_folder, .fini = leave_folder)
{
    struct calibration one = {0}, other;
    struct rs_error err = {{0}};
    double value;
    identify(&one);
    cr_assert_eq(calibration_add(&one, "gain_ohm", 1500, 1, 1498, 1502, &err), RS_OK);
    cr_assert_eq(calibration_write(&one, "c.h5", &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibration_read("c.h5", &other, &err), RS_OK, "%s", err.text);
    cr_assert(calibration_get(&other, CALIBRATION_gain_ohm, &value) && value == 1500);
    cr_assert_not(calibration_get(&other, CALIBRATION_swing_volts, &value));
    cr_assert(other.n_residuals == 0 && other.n_slots == 0 && other.correlation == NULL);
    calibration_clear(&one);
    calibration_clear(&other);
}

/* Every member of a circuit is part of its identity, and equal circuits have one. */
Test(calibration, another_circuit_has_another_identity)
{
    struct calibration_topology others[10];
    struct calibration_identity first, second;
    struct rs_error err = {{0}};
    for (size_t i = 0; i < 10; i++)
        others[i] = circuit;
    others[0].n_rows++;
    others[1].n_columns++;
    others[2].r_word_line_ohm = nextafter(2, 3);
    others[3].r_bit_line_ohm = 0.2;
    others[4].r_driver_ohm = 0;
    others[5].r_sense_ohm = 0;
    others[6].sense = "integrator";
    others[7].reference = "replica";
    others[8].share = "shared";
    others[9].sign = "offset";
    cr_assert_eq(calibration_topology_identity(&circuit, &first, &err), RS_OK);
    cr_assert_eq(calibration_topology_identity(&circuit, &second, &err), RS_OK);
    cr_assert_str_eq(first.sha256, second.sha256);
    calibration_identity_clear(&second);
    for (size_t i = 0; i < 10; i++) {
        cr_assert_eq(calibration_topology_identity(&others[i], &second, &err), RS_OK);
        cr_assert_str_neq(first.sha256, second.sha256, "case %zu", i);
        calibration_identity_clear(&second);
    }
    calibration_identity_clear(&first);
}

/* Words about a card are not the device; its figures, its laws and the window are. */
Test(calibration, a_device_is_its_figures)
{
    static struct card card, changed;
    struct calibration_identity first, second;
    struct rs_error err = {{0}};
    cr_assert_eq(card_load_preset("wan2022", &card, &err), RS_OK);
    cr_assert_eq(calibration_device_identity(&card, 1e-6, 40e-6, &first, &err), RS_OK);
    for (int i = 0; i < 6; i++) {
        double g_max_siemens = i == 1 ? 39e-6 : 40e-6;
        changed = card;
        if (i == 0)
            strcpy(changed.summary, "other words");
        if (i == 2)
            changed.window.clamp = !changed.window.clamp;
        if (i == 3)
            cr_assert_eq(card_load_preset("milo2021", &changed, &err), RS_OK);
        if (i == 4)
            changed.blocks[LAW_PROGRAMMING].law = NULL;
        if (i == 5) {
            const struct option_table *table = changed.blocks[LAW_PROGRAMMING].law->params;
            char why[128];
            size_t at = 0;
            while (at < table->n_options && table->options[at].kind != OPTION_REAL)
                at++;
            cr_assert(option_set(&table->options[at], &changed.blocks[LAW_PROGRAMMING].params, "1e-5", why,
                                 sizeof why));
        }
        cr_assert_eq(calibration_device_identity(&changed, 1e-6, g_max_siemens, &second, &err), RS_OK);
        cr_assert_eq(strcmp(first.sha256, second.sha256) == 0, i == 0, "case %d", i);
        calibration_identity_clear(&second);
    }
    calibration_identity_clear(&first);
}

Test(calibration, another_circuit_is_refused_with_both_digests_and_what_differs)
{
    struct calibration one;
    struct calibration_identity topology;
    struct calibration_topology other = circuit;
    struct rs_error err = {{0}};
    fill(&one);
    cr_assert_eq(calibration_check(&one, "c.h5", &one.topology, &one.device, &err), RS_OK);
    other.n_columns = 64;
    other.r_sense_ohm = 0.5;
    cr_assert_eq(calibration_topology_identity(&other, &topology, &err), RS_OK);
    cr_assert_eq(calibration_check(&one, "c.h5", &topology, &one.device, &err), RS_INPUT);
    cr_assert(strncmp(err.text, "c.h5:/@topology_sha256: error: ", 31) == 0, "%s", err.text);
    cr_assert_not_null(strstr(err.text, one.topology.sha256));
    cr_assert_not_null(strstr(err.text, topology.sha256));
    cr_assert_not_null(strstr(err.text, "; columns 32 found, 64 expected"), "%s", err.text);
    cr_assert_not_null(strstr(err.text, "; r_sense_ohm 1500 found, 0.5 expected"), "%s", err.text);
    cr_assert_null(strstr(err.text, "rows"), "%s", err.text);
    cr_assert_null(strstr(err.text, "device"), "%s", err.text);
    cr_assert_eq(calibration_check(&one, "c.h5", &one.topology, &topology, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "c.h5:/@device_sha256: error: "), "%s", err.text);
    cr_assert_not_null(strstr(err.text, "; g_min_siemens 9.9999999999999995e-07 found, nothing expected"),
                       "%s", err.text);
    cr_assert_not_null(strstr(err.text, "; columns nothing found, 64 expected"), "%s", err.text);
    calibration_identity_clear(&topology);
    calibration_clear(&one);
}

static void spoil(struct calibration *calibration, int way)
{
    switch (way) {
    case 0:
        strcpy(calibration->estimates[0].unit, "V");
        break;
    case 1:
        calibration->estimates[2].value = (double)NAN;
        break;
    case 2:
        strcpy(calibration->estimates[1].name, calibration->estimates[0].name);
        strcpy(calibration->estimates[1].unit, calibration->estimates[0].unit);
        break;
    case 3:
        calibration->column_threshold_shift_amperes[5] = (double)INFINITY;
        break;
    case 4:
        calibration->topology.text[0] = 'X';
        break;
    default:
        calibration->device.sha256[0] ^= 1;
        break;
    }
}

Test(calibration, a_bad_file_is_refused_with_its_place, .init = enter_folder, .fini = leave_folder)
{
    static const char *const places[] = {"c.h5:/unit: error: 'V' of gain_ohm found, 'ohm' expected",
                                         "c.h5:/value: error: nan of settling_seconds found",
                                         "c.h5:/parameter: error: gain_ohm found twice",
                                         "c.h5:/column_threshold_shift: error: inf of key slot 5 found",
                                         "c.h5:/@topology_sha256: error: ",
                                         "c.h5:/@device_sha256: error: "};
    for (int way = 0; way < 6; way++) {
        struct calibration one, other;
        struct rs_error err = {{0}};
        fill(&one);
        spoil(&one, way);
        cr_assert_eq(calibration_write(&one, "c.h5", &err), RS_OK, "%s", err.text);
        cr_assert_eq(calibration_read("c.h5", &other, &err), RS_INPUT, "way %d", way);
        cr_assert(strncmp(err.text, places[way], strlen(places[way])) == 0, "%s", err.text);
        calibration_clear(&one);
    }
}

Test(calibration, what_is_no_calibration_is_refused, .init = enter_folder, .fini = leave_folder)
{
    struct calibration other;
    struct store *store;
    struct rs_error err = {{0}};
    cr_assert_eq(calibration_read("none.h5", &other, &err), RS_IO);
    cr_assert_eq(count_files(), 0);
    cr_assert_eq(store_create("s.h5", &store, &err), RS_OK);
    cr_assert_eq(store_write_text(store, "/", "format", "qkv-workload", &err), RS_OK);
    cr_assert_eq(store_commit(store, &err), RS_OK);
    cr_assert_eq(calibration_read("s.h5", &other, &err), RS_INPUT);
    cr_assert(strncmp(err.text, "s.h5:/@format: error: 'qkv-workload' found", 42) == 0, "%s", err.text);
}
