/* Tables as text, and the least squares and tests of fit that are made of them. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "folder.h"

#include "devices/measured.h"
#include "io/csv.h"
#include "numeric/goodness.h"
#include "numeric/least_squares.h"
#include "numeric/random.h"

TestSuite(csv, .timeout = 60, .init = enter_folder, .fini = leave_folder);

static const struct csv_column columns[] = {
    {"volts", CSV_NUMBER, true, QUANTITY_VOLT, -5, 5, "a voltage from -5 V to 5 V"},
    {"name", CSV_LABEL, false, QUANTITY_NONE, 0, 0, "a name"},
};

static void write_data(const char *text)
{
    FILE *file = fopen("data.csv", "w");
    cr_assert_not_null(file);
    cr_assert(fputs(text, file) >= 0);
    cr_assert_eq(fclose(file), 0);
}

Test(csv, columns_come_in_any_order_with_comments_and_units)
{
    struct csv csv;
    struct rs_error err = {{0}};
    write_data("\xef\xbb\xbf# a comment\r\n name , volts \r\n\r\nb, 200 mV\r\n\"a\",1e-1 # here\r\nb,-5\r\n");
    cr_assert_eq(csv_read("data.csv", columns, 2, &csv, &err), RS_OK, "%s", err.text);
    cr_assert_eq(csv.n_rows, 3);
    cr_assert_float_eq(csv.values[0][0], 0.2, 1e-15);
    cr_assert(csv.values[0][1] == 0.1 && csv.values[0][2] == -5);
    cr_assert(csv.values[1][0] == 0 && csv.values[1][1] == 1 && csv.values[1][2] == 0);
    cr_assert(csv.lines[0] == 4 && csv.lines[2] == 6);
    csv_clear(&csv);
}

Test(csv, lines_end_as_they_like_and_quotes_hold_commas)
{
    struct csv csv;
    struct rs_error err = {{0}};
    write_data("\"name\",volts\r\"a, b\",1\r\n\"#1\" , \"2\" # here\n\"say \"\"x\"\"\",3\r\"a, b\",4");
    cr_assert_eq(csv_read("data.csv", columns, 2, &csv, &err), RS_OK, "%s", err.text);
    cr_assert_eq(csv.n_rows, 4);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(csv.values[0][i], i + 1);
        cr_assert_eq(csv.values[1][i], i % 3, "%d", i);
        cr_assert_eq(csv.lines[i], (size_t)i + 2);
    }
    csv_clear(&csv);
}

Test(csv, many_names_keep_their_numbers)
{
    struct csv csv;
    struct rs_error err = {{0}};
    FILE *file = fopen("data.csv", "w");
    fprintf(file, "volts,name\n");
    for (int i = 0; i < 20000; i++)
        fprintf(file, "1,n%d\n", i % 7000);
    fclose(file);
    cr_assert_eq(csv_read("data.csv", columns, 2, &csv, &err), RS_OK, "%s", err.text);
    for (int i = 0; i < 20000; i++)
        cr_assert_eq(csv.values[1][i], i % 7000);
    csv_clear(&csv);
}

#define HEAD "target_siemens,read_siemens\n"
#define GOOD "1e-6,1e-6\n1e-6,1e-6\n1e-6,1e-6\n1e-6,1e-6\n1e-6,1e-6\n1e-6,1e-6\n1e-6,1e-6\n1e-6,1e-6\n"

Test(csv, bad_tables_are_refused_with_file_line_and_reason)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "data.csv:1: error: a header"},
        {"# only a comment\n", "a header with the names of columns expected"},
        {HEAD, "no row of data found"},
        {"target_siemens\n1\n", "data.csv:1: error: column 'read_siemens' is missing"},
        {"target_siemens,read_siemens,time_second\n1,1,1\n", "unknown; did you mean 'time_seconds'?"},
        {"target_uS,read_siemens\n1,1\n", "data.csv:1: error: column 'target_uS': unknown"},
        {"target_siemens,read_siemens,read_siemens\n1,1,1\n", "column 'read_siemens' stands twice"},
        {HEAD GOOD "1e-6,nan\n", "data.csv:10: error: read_siemens: 'nan' found"},
        {HEAD GOOD "1e-6,inf\n", "data.csv:10: error: read_siemens: 'inf' found"},
        {HEAD GOOD "1e-6,\n", "data.csv:10: error: read_siemens: empty"},
        {HEAD GOOD "1e-6,-1e-6\n", "'-1e-6' found, a conductance from 0 to 1 S expected"},
        {HEAD GOOD "1e-6,1e-6,3\n", "data.csv:10: error: 3 fields found, 2 expected"},
        {HEAD GOOD "1e-6\n", "data.csv:10: error: 1 field found, 2 expected"},
        {HEAD GOOD "1e-6,many\n", "data.csv:10: error: read_siemens: "},
        {HEAD GOOD "1e-6,5 uA\n", "data.csv:10: error: read_siemens: "},
        {HEAD GOOD "2e-6,2e-6\n", "data.csv:10: error: target 2e-06 S has 1 write at the earliest time"},
        {"target_siemens,read_siemens,time_seconds\n1e-6,1e-6,0\n", "a time above 0 s expected"},
        {HEAD "1e-6,1e-6\n", "data.csv:2: error: target 1e-06 S has 1 write at the earliest time"},
        {HEAD GOOD "1e-6,5 furlong\n",
         "data.csv:10: error: read_siemens: unknown unit 'furlong', 'S' expected"},
        {HEAD GOOD "1e-6,1e-6,\n", "data.csv:10: error: 3 fields found, 2 expected"},
        {HEAD GOOD ",\n", "data.csv:10: error: target_siemens: empty, a conductance from 0 to 1 S expected"},
        {HEAD GOOD "1e-6;1e-6\n", "data.csv:10: error: 1 field found, 2 expected"},
        {HEAD GOOD "\"1e-6,1e-6\n", "data.csv:10: error: a quote that is not closed on its line"},
        {HEAD GOOD "\"1e-6\"2,1e-6\n", "data.csv:10: error: '2' found after a closing quote, ',' expected"},
        {HEAD GOOD "\"1,5\",1e-6\n", "data.csv:10: error: target_siemens: "},
        {"target_siemens,read_siemens\r1e-6,1e-6\r\n1e-6,nan\n", "data.csv:3: error: read_siemens: 'nan'"},
        {"\xef\xbb\xbftarget_siemens,read_siemens\n1e-6,0x1\n",
         "data.csv:2: error: read_siemens: '0x1' found"},
        {"target_siemens;read_siemens\n1;1\n",
         "data.csv:1: error: columns separated by ';' found, by ',' expected"},
        {"target_siemens\tread_siemens\n1\t1\n", "data.csv:1: error: columns separated by a tab found"},
        {"1e-6,1e-6\n", "data.csv:1: error: column 'target_siemens' is missing"},
        {"\"read_siemens\",read_siemens,target_siemens\n1,1,1\n", "column 'read_siemens' stands twice"},
        {"target_siemens,read_siemens,device\n1e-6,1e-6,\n",
         "data.csv:2: error: device: empty, a name expected"},
        {"target_siemens,read_siemens,temperature_kelvin\n1e-6,1e-6,-5\n",
         "a temperature from 1 K to 2000 K"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct measured measured;
        struct rs_error err = {{0}};
        write_data(cases[i].text);
        cr_assert_eq(measured_read("data.csv", (double)NAN, &measured, &err), RS_INPUT, "case %zu", i);
        cr_assert_eq(count_files(), 1);
        cr_assert_not_null(strstr(err.text, cases[i].expected), "case %zu: %s", i, err.text);
    }
}

Test(csv, all_errors_are_told_at_once)
{
    struct measured measured;
    struct rs_error err = {{0}};
    write_data(HEAD "1,nan\n-1,1\n1\n");
    cr_assert_eq(measured_read("data.csv", (double)NAN, &measured, &err), RS_INPUT);
    cr_assert(strstr(err.text, "data.csv:2:") != NULL && strstr(err.text, "data.csv:3:") != NULL &&
                  strstr(err.text, "data.csv:4:") != NULL,
              "%s", err.text);
}

Test(csv, a_file_that_is_not_there_is_no_input)
{
    struct measured measured;
    struct rs_error err = {{0}};
    cr_assert_eq(measured_read("none.csv", (double)NAN, &measured, &err), RS_IO);
}

/* --- least squares --- */

Test(csv, a_line_through_points_has_the_textbook_errors)
{
    /* y = 1 + 2 x at x = 0, 1, 2 with weights 1: the slope's variance is 1 / 2, the constant's 5 / 6. */
    const double design[] = {1, 0, 1, 1, 1, 2}, y[] = {1, 3, 5}, weights[] = {1, 1, 1};
    double c[2], covariance[4], chi_square;
    cr_assert(least_squares_linear(3, 2, design, y, weights, c, covariance, &chi_square));
    cr_assert_float_eq(c[0], 1, 1e-12);
    cr_assert_float_eq(c[1], 2, 1e-12);
    cr_assert_float_eq(covariance[0], 5.0 / 6, 1e-12);
    cr_assert_float_eq(covariance[3], 0.5, 1e-12);
    cr_assert_float_eq(chi_square, 0, 1e-20);
}

static void decay(void *context, const double *p, double *residuals)
{
    const double *y = context;
    for (int i = 0; i < 6; i++)
        residuals[i] = y[i] - p[0] * exp(-p[1] * i);
}

Test(csv, a_decay_is_found_from_afar)
{
    double y[6], p[2] = {1, 0.1}, covariance[4], chi_square;
    for (int i = 0; i < 6; i++)
        y[i] = 3 * exp(-0.7 * i);
    cr_assert(least_squares_nonlinear(decay, y, 6, 2, p, covariance, &chi_square));
    cr_assert_float_eq(p[0], 3, 1e-7);
    cr_assert_float_eq(p[1], 0.7, 1e-7);
    cr_assert(covariance[0] > 0 && covariance[3] > 0);
}

/* --- tests of fit --- */

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? -1 : a > b;
}

Test(csv, probabilities_agree_with_tables)
{
    cr_assert_float_eq(goodness_chi_square(3.841459, 1), 0.05, 1e-6);
    cr_assert_float_eq(goodness_chi_square(18.307038, 10), 0.05, 1e-6);
    cr_assert_float_eq(goodness_normal(1.959964), 0.975, 1e-6);
    cr_assert_float_eq(goodness_normal_quantile(0.975), 1.959964, 1e-6);
}

/* At 5 %, 400 samples of normal values reject 20 times, give or take 4.4: 3 to 37 is nearly four of them. */
Test(csv, normal_values_are_rejected_as_rarely_as_the_tests_say)
{
    enum { SETS = 400, N = 200 };
    int rejected[2] = {0};
    for (uint32_t set = 0; set < SETS; set++) {
        const struct random_key key = {.seed = 11, .trial = set};
        double z[N];
        random_normals(&key, N, z);
        qsort(z, N, sizeof *z, compare);
        rejected[0] += goodness_kolmogorov(z, N).p < 0.05;
        rejected[1] += goodness_anderson_darling(z, N).p < 0.05;
    }
    for (int k = 0; k < 2; k++)
        cr_assert(rejected[k] >= 3 && rejected[k] <= 37, "%d of %d (%d)", rejected[k], SETS, k);
}

Test(csv, uniform_values_are_not_normal)
{
    const struct random_key key = {.seed = 12};
    double u[1000];
    random_uniforms(&key, 1000, u);
    for (int i = 0; i < 1000; i++)
        u[i] = (u[i] - 0.5) * sqrt(12);
    qsort(u, 1000, sizeof *u, compare);
    cr_assert_lt(goodness_kolmogorov(u, 1000).p, 0.01);
    cr_assert_lt(goodness_anderson_darling(u, 1000).p, 1e-4);
}
