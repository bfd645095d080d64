/* The report's axes, numbers, markup and coordinates. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/axis.h"
#include "report/finding.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/style.h"
#include "report/svg.h"

TestSuite(report, .timeout = 20);

struct step_case {
    double range;
    int n_wanted;
    double step;
};

Test(report, steps_are_1_2_or_5_and_never_too_many)
{
    const struct step_case cases[] = {
        {10, 10, 1},   {10, 9, 2}, {0.34, 7, 0.05}, {3e-6, 5, 1e-6},
        {1e9, 4, 5e8}, {7, 1, 10}, {0, 5, 1},       {NAN, 5, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double step = axis_step(cases[i].range, cases[i].n_wanted);
        cr_assert_float_eq(step, cases[i].step, 1e-9 * cases[i].step, "case %zu: %g", i, step);
        if (cases[i].range > 0)
            cr_assert_leq(cases[i].range / step, cases[i].n_wanted * (1 + 1e-9));
    }
}

Test(report, a_rounded_axis_holds_its_values_and_labels_every_tick)
{
    const double spans[][2] = {{0, 0.337}, {0.7149, 0.956}, {-3, 17},    {5, 5},
                               {0, 0},     {-1e-9, 1e-9},   {1e12, 3e12}};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        struct axis axis;
        axis_fit_range(&axis, spans[i][0], spans[i][1], 300, 20, 8, true);
        cr_assert_leq(axis.low, spans[i][0]);
        cr_assert_geq(axis.high, spans[i][1]);
        cr_assert(axis.n_ticks >= 2 && axis.n_ticks <= 11, "case %zu: %d ticks", i, axis.n_ticks);
        for (int k = 0; k < axis.n_ticks; k++) {
            cr_assert_float_eq(strtod(axis.labels[k], NULL), axis.ticks[k],
                               1e-6 * fabs(axis.ticks[k]) + 1e-18);
            cr_assert(k == 0 || strcmp(axis.labels[k], axis.labels[k - 1]) != 0);
        }
        cr_assert_float_eq(axis_position(&axis, axis.low), 300, 1e-9);
        cr_assert_float_eq(axis_position(&axis, axis.high), 20, 1e-9);
    }
}

struct spacing_case {
    double values[8];
    size_t n;
    bool is_log;
};

Test(report, an_axis_is_logarithmic_when_its_values_are_spaced_so)
{
    const struct spacing_case cases[] = {
        {{1, 10, 100}, 3, true},
        {{0, 0.5, 1, 2, 4, 8}, 6, true},
        {{0, 1, 2, 3, 4}, 5, false},
        {{1, 2, 3, 4, 5, 6, 7, 8}, 8, false},
        {{0, 2, 4, 6, 8}, 5, false},
        {{1, 2, 4}, 3, false},
        {{-1, 1, 10, 100}, 4, false},
        {{0, 1e-6, 1e-5, 1e-4}, 4, true},
        {{3}, 1, false},
        {{0}, 1, false},
        {{1, 100}, 2, false},
        {{0, 1, 3, 10, 30}, 5, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(axis_is_log_spaced(cases[i].values, cases[i].n), cases[i].is_log, "case %zu", i);
}

Test(report, a_logarithmic_axis_gives_zero_a_place_of_its_own_and_equal_ratios_equal_lengths)
{
    const double values[] = {0, 0.5, 1, 2, 4, 8};
    struct axis axis;
    axis_fit_values(&axis, values, 6, 50, 400);
    cr_assert_eq(axis.kind, AXIS_LOG);
    cr_assert(axis.has_zero);
    double before = -INFINITY, length = axis_position(&axis, 2) - axis_position(&axis, 1);
    for (size_t i = 0; i < 6; i++) {
        double at = axis_position(&axis, values[i]);
        cr_assert(at > before && at > 50 && at < 400);
        if (i >= 2)
            cr_assert_float_eq(at - before, length, 1e-9);
        before = at;
    }
    cr_assert(isnan(axis_position(&axis, -1)));
    cr_assert(axis_contains(&axis, 0) && axis_contains(&axis, 8) && !axis_contains(&axis, 0.1));
}

struct number_case {
    double value, low, high;
    const char *text, *interval;
};

Test(report, numbers_have_the_digits_that_their_interval_deserves)
{
    const struct number_case cases[] = {
        {0.00515234, 0.00493, 0.00537, "0.00515", "[0.00493, 0.00537]"},
        {0.95245, 0.95181, 0.95309, "0.9525", "[0.9518, 0.9531]"},
        {0.953, 0.953, 0.953, "0.953", ""},
        {0.12345, NAN, NAN, "0.123", ""},
        {NAN, NAN, NAN, NUMBER_NONE, ""},
        {0, 0, 0, "0", ""},
        {0, -0.0011, 0.0011, "0", "[-0.0011, 0.0011]"},
        {123.4, 120, 126.8, "123", "[120, 127]"},
        {3.1e-15, 3.0e-15, 3.2e-15, "3.1e-15", "[3e-15, 3.2e-15]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[NUMBER_SIZE], interval[NUMBER_SIZE];
        number_print(cases[i].value, cases[i].low, cases[i].high, text, sizeof text);
        number_print_interval(cases[i].value, cases[i].low, cases[i].high, interval, sizeof interval);
        cr_assert_str_eq(text, cases[i].text, "case %zu: %s", i, text);
        cr_assert_str_eq(interval, cases[i].interval, "case %zu: %s", i, interval);
    }
}

struct quantity_case {
    double value, largest;
    enum quantity_unit unit;
    const char *text;
};

Test(report, values_of_one_key_share_a_unit)
{
    const struct quantity_case cases[] = {
        {0.5, 8, QUANTITY_OHM, "0.5 ohm"},      {0, 4e-6, QUANTITY_SIEMENS, "0 uS"},
        {2e-6, 4e-6, QUANTITY_SIEMENS, "2 uS"}, {1e-9, 4e-6, QUANTITY_SIEMENS, "1 nS"},
        {300, 400, QUANTITY_KELVIN, "300 K"},   {0.25, 1, QUANTITY_NONE, "0.25"},
        {500, 2e4, QUANTITY_OHM, "0.5 kohm"},   {NAN, 1e-6, QUANTITY_SIEMENS, NUMBER_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[NUMBER_SIZE];
        number_print_quantity(cases[i].value, cases[i].largest, cases[i].unit, text, sizeof text);
        cr_assert_str_eq(text, cases[i].text, "case %zu: %s", i, text);
    }
    cr_assert_eq(number_unit("S"), QUANTITY_SIEMENS);
    cr_assert_eq(number_unit("furlong"), QUANTITY_NONE);
}

struct markup_case {
    const char *plain, *markup;
};

Test(report, any_bytes_become_well_formed_markup)
{
    const struct markup_case cases[] = {
        {"a < b & c > \"d\" 'e'", "a &lt; b &amp; c &gt; &quot;d&quot; &#39;e&#39;"},
        {"\xce\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xce\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x01"
         "a\x1b",
         "\xef\xbf\xbd"
         "a\xef\xbf\xbd"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* surrogate */
        {"\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* no XML character */
        {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text out = {0};
        text_append(&out, "%s", "");
        markup_append(&out, cases[i].plain);
        cr_assert_str_eq(out.bytes, cases[i].markup, "case %zu: %s", i, out.bytes);
        text_clear(&out);
    }
    cr_assert_eq(markup_count("a\xce\xa9"), 2);
}

Test(report, a_line_is_cut_where_a_point_is_no_number)
{
    const struct svg_point points[] = {{0, 0}, {1, 2.5}, {2, NAN}, {3, 1}, {4, -0.001}};
    struct text out = {0};
    svg_path(&out, "curve", points, 5);
    cr_assert_str_eq(out.bytes, "<path class=\"curve\" d=\"M0 0L1 2.5M3 1L4 0\"/>\n");
    text_clear(&out);
}

Test(report, lines_take_the_ends_of_the_ramp)
{
    for (int n = 2; n <= STYLE_LINES; n++) {
        cr_assert_eq(style_line(0, n), 0);
        cr_assert_eq(style_line(n - 1, n), STYLE_LINES - 1);
        for (int i = 1; i < n; i++)
            cr_assert_gt(style_line(i, n), style_line(i - 1, n));
    }
    cr_assert_eq(style_line(0, 1), 0);
}

struct finding_case {
    double mean[4], half;
    bool lasting;
    size_t n_resolved, value;
};

Test(report, an_effect_begins_where_the_interval_leaves_for_good)
{
    const struct finding_case cases[] = {
        {{1, 1, 1, 1}, 0.1, false, 0, 3},      {{1, 2, 3, 4}, 0.1, true, 3, 1},
        {{1, 1, 1.05, 4}, 0.1, true, 1, 3},    {{1, 2, 1, 4}, 0.1, true, 2, 3},
        {{1, 2, 3, 1}, 0.1, false, 2, 3},      {{1, 0.5, 2, 3}, 0.1, true, 3, 2},
        {{1, 0.8, 0.7, 0.6}, 0.1, true, 3, 1}, {{1, 2, 3, 4}, NAN, false, 0, 3},
        {{NAN, 2, 3, 4}, 0.1, false, 0, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double mean[4], low[4], high[4], values[4] = {30, 10, 20, 40};
        size_t order[4] = {1, 2, 0, 3}; /* the file's order is not ascending */
        for (size_t k = 0; k < 4; k++) {
            mean[order[k]] = cases[i].mean[k];
            low[order[k]] = cases[i].mean[k] - cases[i].half;
            high[order[k]] = cases[i].mean[k] + cases[i].half;
        }
        struct result result = {.n_knobs = 1, .n_points = 4, .n_trials = 2};
        result.knobs[0] = (struct result_knob){.n = 4, .values = values, .order = order};
        result.variables[RESULT_LOST_MASS] =
            (struct result_variable){.present = true, .mean = mean, .low = low, .high = high};
        struct finding finding = finding_search(&result, 0, RESULT_LOST_MASS);
        cr_assert_eq(finding.lasting, cases[i].lasting, "case %zu", i);
        cr_assert_eq(finding.n_resolved, cases[i].n_resolved, "case %zu", i);
        cr_assert_eq(finding.value, order[cases[i].value], "case %zu: value %zu", i, finding.value);
    }
}
