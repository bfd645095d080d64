/* Status text, quantities, option tables, words. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/option.h"
#include "base/quantity.h"
#include "base/text.h"
#include "rescore/status.h"

TestSuite(base, .timeout = 20);

Test(base, a_failure_returns_its_status_and_one_line)
{
    struct rs_error err = {{0}};
    cr_assert_eq(rs_fail(&err, RS_INPUT, "%d rows found", 3), RS_INPUT);
    cr_assert_str_eq(err.text, "3 rows found");
    rs_fail_also(&err, RS_INPUT, "second");
    cr_assert_str_eq(err.text, "3 rows found\nsecond");
    cr_assert_eq(rs_fail(NULL, RS_IO, "nobody listens"), RS_IO);
}

Test(base, lines_that_do_not_fit_are_dropped_whole)
{
    struct rs_error err = {{0}};
    char line[1001];
    memset(line, 'x', 1000);
    line[1000] = '\0';
    for (int i = 0; i < 20; i++)
        rs_fail_also(&err, RS_INPUT, "%s", line);
    cr_assert_eq((strlen(err.text) + 1) % 1001, 0);
    cr_assert_gt(strlen(err.text), 7000);
}

Test(base, memory_that_does_not_exist_is_an_error_text)
{
    struct rs_error err = {{0}};
    cr_assert_null(memory_allocate((size_t)1 << 62, 16, &err));
    cr_assert(strstr(err.text, "out of memory") != NULL);
    double *values = memory_allocate(3, sizeof *values, &err);
    cr_assert_eq(values[2], 0.0);
    free(values);
}

struct good_quantity {
    const char *text;
    enum quantity_unit unit;
    double value;
};

Test(base, quantities_are_read_in_si)
{
    const struct good_quantity cases[] = {
        {"10 kohm", QUANTITY_OHM, 1e4},          {"100 uS", QUANTITY_SIEMENS, 100e-6},
        {"2.5 ohm", QUANTITY_OHM, 2.5},          {"0.2 V", QUANTITY_VOLT, 0.2},
        {"5 ns", QUANTITY_SECOND, 5e-9},         {"1 day", QUANTITY_SECOND, 86400},
        {"2 h", QUANTITY_SECOND, 7200},          {"300 K", QUANTITY_KELVIN, 300},
        {"5 %", QUANTITY_RATIO, 0.05},           {"0.05", QUANTITY_RATIO, 0.05},
        {"5e-6", QUANTITY_SIEMENS, 5e-6},        {"3 \xc2\xb5S", QUANTITY_SIEMENS, 3e-6},
        {"3 \xce\xbcS", QUANTITY_SIEMENS, 3e-6}, {"-1.5 mV", QUANTITY_VOLT, -1.5e-3},
        {"1 Mohm", QUANTITY_OHM, 1e6},           {"1 mohm", QUANTITY_OHM, 1e-3},
        {"4 min", QUANTITY_SECOND, 240},         {"7", QUANTITY_NONE, 7},
        {"1 minute", QUANTITY_SECOND, 60},       {"90 minutes", QUANTITY_SECOND, 5400},
        {"1 hour", QUANTITY_SECOND, 3600},       {"2.5 hours", QUANTITY_SECOND, 9000},
        {"1 week", QUANTITY_SECOND, 604800},     {"2 weeks", QUANTITY_SECOND, 1209600},
        {"2 days", QUANTITY_SECOND, 172800},     {"10 years", QUANTITY_SECOND, 315576000},
    };
    char why[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = NAN;
        cr_assert(quantity_parse(cases[i].text, cases[i].unit, &value, why, sizeof why), "%s", cases[i].text);
        cr_assert_eq(value, cases[i].value, "%s gave %.17g", cases[i].text, value);
    }
}

struct bad_quantity {
    const char *text;
    enum quantity_unit unit;
    const char *said;
};

Test(base, wrong_quantities_say_what_is_wrong)
{
    const struct bad_quantity cases[] = {
        {"10k", QUANTITY_OHM, "SPICE suffix 'k'"},
        {"1meg", QUANTITY_OHM, "SPICE suffix 'meg'"},
        {"1M", QUANTITY_OHM, "SPICE suffix 'M'"},
        {"5u", QUANTITY_SIEMENS, "SPICE suffix 'u'"},
        {"10kohm", QUANTITY_OHM, "a space between"},
        {"3 V", QUANTITY_OHM, "unit 'V' found, 'ohm' expected"},
        {"64 ohm", QUANTITY_NONE, "unit 'ohm' found"},
        {"fast", QUANTITY_SECOND, "'fast' found"},
        {"nan", QUANTITY_OHM, "'nan' found"},
        {"inf", QUANTITY_OHM, "'inf' found"},
        {"0x10", QUANTITY_OHM, "'0x10' found"},
        {"", QUANTITY_OHM, "'' found"},
        {"3 parsec", QUANTITY_OHM, "unknown unit 'parsec'"},
        {"1 month", QUANTITY_SECOND, "unknown unit 'month', 's' expected (or min, hour, day, week, year; "},
        {"1hour", QUANTITY_SECOND, "a space between"},
        {"2 hours", QUANTITY_OHM, "unit 'hours' found, 'ohm' expected"},
        {"1e999", QUANTITY_OHM, "found"},
        {"5 %", QUANTITY_OHM, "unit '%' found"},
        {"1 2", QUANTITY_NONE, "'2' found after the number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char why[256] = "";
        double value = 42;
        cr_assert_not(quantity_parse(cases[i].text, cases[i].unit, &value, why, sizeof why), "%s",
                      cases[i].text);
        cr_assert(strstr(why, cases[i].said) != NULL, "%s: %s", cases[i].text, why);
        cr_assert_eq(value, 42.0);
    }
}

Test(base, full_text_has_all_digits_and_units_of_people)
{
    const struct {
        double value;
        enum quantity_unit unit;
        const char *text;
    } cases[] = {
        {0.00081107e-6, QUANTITY_SIEMENS, "811.07 pS"},
        {-43.853e-6, QUANTITY_SIEMENS, "-43.853 uS"},
        {0, QUANTITY_SIEMENS, "0 S"},
        {0.0175, QUANTITY_RATIO, "1.75 %"},
        {315576000, QUANTITY_SECOND, "10 years"},
        {86400, QUANTITY_SECOND, "1 day"},
        {27.36, QUANTITY_SECOND, "27.36 s"},
        {250e-9, QUANTITY_SECOND, "250 ns"},
        {5400, QUANTITY_SECOND, "1.5 hours"},
        {200, QUANTITY_SECOND, "200 s"},
        {40e-6, QUANTITY_SIEMENS, "40 uS"},
        {2000, QUANTITY_KELVIN, "2000 K"},

        {298.15, QUANTITY_KELVIN, "298.15 K"},
        {1e7, QUANTITY_NONE, "1e+07"},
        {-0.0155, QUANTITY_NONE, "-0.0155"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        quantity_print_full(cases[i].value, cases[i].unit, text, sizeof text);
        cr_assert_str_eq(text, cases[i].text);
    }
}

Test(base, exact_text_reads_back_bit_for_bit)
{
    char text[64], why[256];
    double value, back;
    srand(1);
    for (int i = 0; i < 2000; i++) {
        value = ldexp((double)rand() / RAND_MAX, rand() % 60 - 40);
        quantity_print_exact(value, QUANTITY_SIEMENS, text, sizeof text);
        cr_assert(quantity_parse(text, QUANTITY_SIEMENS, &back, why, sizeof why));
        cr_assert_eq(back, value, "%s", text);
    }
}

Test(base, people_see_three_digits_before_the_point)
{
    char text[64];
    quantity_print(2.5e-6, QUANTITY_SIEMENS, text, sizeof text);
    cr_assert_str_eq(text, "2.5 uS");
    quantity_print(3600, QUANTITY_SECOND, text, sizeof text);
    cr_assert_str_eq(text, "1 hour");
    quantity_print(4321, QUANTITY_SECOND, text, sizeof text);
    cr_assert_str_eq(text, "4.321 ks");
    quantity_print(0, QUANTITY_OHM, text, sizeof text);
    cr_assert_str_eq(text, "0 ohm");
    quantity_print(1e4, QUANTITY_OHM, text, sizeof text);
    cr_assert_str_eq(text, "10 kohm");
}

struct sample_options {
    double r_ohm;
    int64_t n;
    bool on;
    int colour;
    char file[OPTION_TEXT_SIZE];
    struct option_either offset;
    struct option_reals threshold;
};

static const char *const colours[] = {"red", "green", NULL};
static const char *const words[] = {"learned", NULL};

#define MEMBER(name) offsetof(struct sample_options, name)
static const struct option sample_rows[] = {
    {.key = "s.r",
     .kind = OPTION_REAL,
     .unit = QUANTITY_OHM,
     .offset = MEMBER(r_ohm),
     .initial = "1 kohm",
     .low = 0,
     .high = 1e6,
     .flags = OPTION_NON_IDEALITY},
    {.key = "s.n", .kind = OPTION_INTEGER, .offset = MEMBER(n), .initial = "8", .low = 2, .high = 16},
    {.key = "s.on", .kind = OPTION_BOOLEAN, .offset = MEMBER(on), .initial = "true"},
    {.key = "s.colour",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(colour),
     .initial = "green",
     .choices = colours},
    {.key = "s.file", .kind = OPTION_PATH, .offset = MEMBER(file)},
    {.key = "s.offset",
     .kind = OPTION_EITHER,
     .unit = QUANTITY_AMPERE,
     .other_unit = QUANTITY_VOLT,
     .offset = MEMBER(offset),
     .initial = "0",
     .flags = OPTION_NON_IDEALITY},
    {.key = "s.threshold", .kind = OPTION_REALS, .offset = MEMBER(threshold), .choices = words},
};
static const struct option_table sample_table = {sample_rows, sizeof sample_rows / sizeof sample_rows[0],
                                                 sizeof(struct sample_options)};

Test(base, defaults_fill_every_member)
{
    struct sample_options options;
    option_fill_defaults(&sample_table, &options);
    cr_assert_eq(options.r_ohm, 1000.0);
    cr_assert_eq(options.n, 8);
    cr_assert(options.on);
    cr_assert_eq(options.colour, 1);
    cr_assert_not(option_is_set(&sample_rows[4], &options));
    cr_assert_not(option_is_set(&sample_rows[6], &options));
    cr_assert_eq(options.offset.unit, QUANTITY_AMPERE);
}

Test(base, options_are_set_and_printed_back)
{
    struct sample_options options, again;
    const char *const texts[] = {"none", "16", "false", "red", "a \"b\".h5", "3 mV", "learned"};
    char why[256];
    option_fill_defaults(&sample_table, &options);
    option_fill_defaults(&sample_table, &again);
    for (size_t i = 0; i < sample_table.n_options; i++) {
        struct text out = {0};
        cr_assert(option_set(&sample_rows[i], &options, texts[i], why, sizeof why), "%s: %s", texts[i], why);
        option_print_value(&sample_rows[i], &options, &out);
        if (sample_rows[i].kind != OPTION_PATH)
            cr_assert(option_set(&sample_rows[i], &again, out.bytes, why, sizeof why), "%s: %s", out.bytes,
                      why);
        text_clear(&out);
    }
    cr_assert_eq(options.r_ohm, 0.0);
    cr_assert_eq(options.offset.unit, QUANTITY_VOLT);
    cr_assert_eq(options.offset.value, 3e-3);
    cr_assert_eq(again.offset.value, 3e-3);
    cr_assert_eq(again.threshold.word, 0);
}

Test(base, wrong_options_say_what_is_expected)
{
    const struct bad_quantity cases[] = {
        {"2 Mohm", 0, "2 Mohm found, at most 1 Mohm expected"},
        {"1", 1, "1 found, at least 2 expected"},
        {"yes", 2, "true or false expected"},
        {"gren", 3, "did you mean 'green'?"},
        {"", 4, ""},
        {"3 ohm", 5, "unit 'ohm' found, 'A' expected (or 'V')"},
        {"learnd", 6, "did you mean 'learned'?"},
    };
    struct sample_options options;
    option_fill_defaults(&sample_table, &options);
    for (size_t i = 0; i < sample_table.n_options; i++) {
        char why[256] = "";
        if (i == 4)
            continue;
        cr_assert_not(option_set(&sample_rows[i], &options, cases[i].text, why, sizeof why));
        cr_assert(strstr(why, cases[i].said) != NULL, "%s: %s", cases[i].text, why);
    }
}

Test(base, a_list_of_numbers_is_collected_in_order)
{
    struct sample_options options;
    char why[256];
    option_fill_defaults(&sample_table, &options);
    cr_assert(option_add(&sample_rows[6], &options, true, "1.5", why, sizeof why));
    cr_assert(option_add(&sample_rows[6], &options, false, "-2", why, sizeof why));
    cr_assert_eq(options.threshold.n, 2);
    cr_assert_eq(options.threshold.values[1], -2.0);
    struct text out = {0};
    option_print_value(&sample_rows[6], &options, &out);
    cr_assert_str_eq(out.bytes, "[1.5, -2]");
    text_clear(&out);
}

Test(base, near_words_are_found)
{
    const char *const list[] = {"device.preset", "device.card", "array.rows"};
    cr_assert_str_eq(text_nearest("device.presett", list, 3), "device.preset");
    cr_assert_str_eq(text_nearest("array.rwos", list, 3), "array.rows");
    cr_assert_null(text_nearest("banana", list, 3));
    cr_assert_eq(text_distance("ab", "ba", 5), 1);
    cr_assert_eq(text_distance("kitten", "sitting", 5), 3);
}
