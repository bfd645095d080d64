/* Configurations: defaults, sweeps, --set, messages, the resolved text. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bad_configs.h"
#include "experiment/config.h"
#include "folder.h"

TestSuite(config, .timeout = 30);

enum { SETS_MAX = 8 };

static enum rs_status try_parse(const char *path, const char *yaml, const char *const *sets,
                                struct configuration **out, struct rs_error *err)
{
    size_t n_sets = 0;
    while (sets != NULL && sets[n_sets] != NULL)
        n_sets++;
    return config_parse(path, yaml, n_sets, sets, out, err);
}

static struct configuration *parse_set(const char *yaml, const char *const *sets)
{
    struct rs_error err = {{0}};
    struct configuration *configuration = NULL;
    cr_assert_eq(try_parse("dir/c.yaml", yaml, sets, &configuration, &err), RS_OK, "%s: %s", yaml, err.text);
    return configuration;
}

static struct configuration *parse(const char *yaml)
{
    return parse_set(yaml, NULL);
}

static void assert_said(const char *yaml, const char *const *sets, const char *said)
{
    struct rs_error err = {{0}};
    struct configuration *configuration = NULL;
    cr_assert_eq(try_parse("c.yaml", yaml, sets, &configuration, &err), RS_INPUT, "accepted: %s", yaml);
    cr_assert_null(configuration);
    cr_assert_str_eq(err.text, said, "'%s' said, '%s' expected", err.text, said);
}

static char *resolve(const struct configuration *configuration)
{
    struct rs_error err = {{0}};
    char *text = config_resolved_text(configuration, &err);
    cr_assert_not_null(text, "%s", err.text);
    return text;
}

static struct config at(const struct configuration *configuration, size_t point)
{
    struct config config;
    config_at(configuration, point, &config);
    return config;
}

Test(config, an_empty_file_is_the_defaults)
{
    struct configuration *configuration = parse("");
    struct config config = at(configuration, 0);
    cr_assert_eq(config_n_points(configuration), 1);
    cr_assert_eq(config.array.rows, 64);
    cr_assert_eq(config.array.columns, 128);
    cr_assert_eq(config.array.r_word_line_ohm, 2);
    cr_assert(isnan(config.array.r_bit_line_ohm));
    cr_assert_eq(config.encoding.bits, 8);
    cr_assert_eq(config.encoding.v_read_volts, 0.2);
    cr_assert(isnan(config.comparator.offset.value), "left to a calibration");
    cr_assert_eq(config.prune.threshold.n, 0);
    cr_assert_eq(config.prune.threshold.word, -1);
    cr_assert(isnan(config.prune.keep_ratio));
    cr_assert(config.recompute.enabled);
    cr_assert_eq(config.monte_carlo.trials, 8);
    for (int i = 0; i < config_n_options(); i++)
        cr_assert(!config_is_given(configuration, config_option(i)->key), "%s", config_option(i)->key);
    config_destroy(configuration);
}

Test(config, every_option_is_well_formed)
{
    cr_assert_leq(config_n_options(), CONFIG_OPTIONS_MAX);
    for (int i = 0; i < config_n_options(); i++) {
        const struct option *option = config_option(i);
        const char *dot = strchr(option->key, '.');
        cr_assert(dot != NULL && strchr(dot + 1, '.') == NULL, "%s", option->key);
        cr_assert_eq(config_find(option->key), i, "%s twice", option->key);
        cr_assert(option->initial != NULL || option->initial_help != NULL, "%s", option->key);
        cr_assert(option->help != NULL && strlen(option->help) > 8, "%s", option->key);
        bool bounded =
            option->kind == OPTION_REAL || option->kind == OPTION_INTEGER || option->kind == OPTION_EITHER;
        cr_assert(!bounded || option->low < option->high, "%s has no range", option->key);
    }
}

Test(config, explain_covers_every_option)
{
    struct rs_error err = {{0}};
    char *all = config_explain_text(-1, &err);
    cr_assert_not_null(all);
    for (int i = 0; i < config_n_options(); i++) {
        const struct option *option = config_option(i);
        char *text = config_explain_text(i, &err);
        cr_assert_not_null(text);
        cr_assert_eq(strncmp(text, option->key, strlen(option->key)), 0);
        cr_assert(strstr(text, "    type:    ") != NULL && strstr(text, "    unit:    ") != NULL &&
                      strstr(text, "    default: ") != NULL,
                  "%s", text);
        cr_assert_eq(strstr(text, "    range:   ") != NULL, option->low < option->high, "%s", text);
        cr_assert(strstr(all, text) != NULL, "%s", option->key);
        free(text);
    }
    cr_assert(strstr(all, "\nsweep\n") != NULL);
    free(all);
}

Test(config, quantities_have_units)
{
    struct configuration *configuration =
        parse("array:\n  r_word_line: 1.5 kohm\n  r_driver: 100\n  r_sense: none\n"
              "device:\n  time: 1 day\n  g_max: 30 uS\n  read_noise: 5 %\n"
              "comparator: {offset: 5 mV, noise: 3e-9}\nprune: {threshold: [1, -2.5, 3e1]}\n");
    struct config config = at(configuration, 0);
    cr_assert_eq(config.array.r_word_line_ohm, 1500);
    cr_assert_eq(config.array.r_driver_ohm, 100);
    cr_assert_eq(config.array.r_sense_ohm, 0);
    cr_assert_eq(config.device.time_seconds, 86400);
    cr_assert_float_eq(config.device.g_max_siemens, 30e-6, 1e-20);
    cr_assert_float_eq(config.device.read_noise_ratio, 0.05, 1e-17);
    cr_assert_float_eq(config.comparator.offset.value, 5e-3, 1e-17);
    cr_assert_eq(config.comparator.offset.unit, QUANTITY_VOLT);
    cr_assert_eq(config.comparator.noise.unit, QUANTITY_AMPERE);
    cr_assert_eq(config.prune.threshold.n, 3);
    cr_assert_eq(config.prune.threshold.values[1], -2.5);
    cr_assert(config_is_given(configuration, "array.r_sense"));
    config_destroy(configuration);
}

Test(config, a_sweep_spans_a_grid_with_the_last_key_fastest)
{
    struct configuration *configuration =
        parse("sweep:\n  array.r_word_line: [0 ohm, 2 ohm, 8]\n  encoding.sign: [offset, differential]\n");
    size_t indices[CONFIG_SWEEPS_MAX];
    cr_assert_eq(config_n_points(configuration), 6);
    for (size_t p = 0; p < 6; p++) {
        const double ohm[] = {0, 2, 8};
        config_indices(configuration, p, indices);
        cr_assert_eq(indices[0], p / 2);
        cr_assert_eq(indices[1], p % 2);
        cr_assert_eq(at(configuration, p).array.r_word_line_ohm, ohm[p / 2]);
        cr_assert_eq(at(configuration, p).encoding.sign,
                     p % 2 == 0 ? ENCODING_OFFSET : ENCODING_DIFFERENTIAL);
    }
    config_destroy(configuration);
}

Test(config, ranges_hold_both_ends_exactly)
{
    struct configuration *configuration =
        parse("sweep:\n  array.r_word_line: {from: 0.1 ohm, to: 0.7 ohm, steps: 4}\n"
              "  array.r_driver: {from: 1 mohm, to: 1 kohm, steps: 7, scale: log}\n"
              "  array.rows: {from: 8, to: 64, steps: 8, scale: linear}\n"
              "  comparator.offset: {from: 0, to: 5 mV, steps: 2}\n");
    cr_assert_eq(config_n_points(configuration), 4 * 7 * 8 * 2);
    size_t last = config_n_points(configuration) - 1;
    cr_assert_eq(at(configuration, 0).array.r_word_line_ohm, 0.1);
    cr_assert_eq(at(configuration, last).array.r_word_line_ohm, 0.7);
    cr_assert_float_eq(at(configuration, 7 * 8 * 2).array.r_word_line_ohm, 0.3, 1e-15);
    for (size_t i = 0; i < 7; i++)
        cr_assert_float_eq(at(configuration, i * 16).array.r_driver_ohm / pow(10, (double)i - 3), 1, 1e-12);
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(at(configuration, i * 2).array.rows, (int64_t)(8 * (i + 1)));
    cr_assert_eq(at(configuration, 0).comparator.offset.unit, QUANTITY_VOLT, "0 takes the other end's unit");
    cr_assert_eq(at(configuration, 1).comparator.offset.value, 5e-3);
    config_destroy(configuration);
}

Test(config, ranges_of_whole_numbers_stay_whole)
{
    struct configuration *configuration = parse("sweep:\n  array.rows: {from: 1, to: 1000, steps: 1000}\n");
    for (size_t i = 0; i < 1000; i++)
        cr_assert_eq(at(configuration, i).array.rows, (int64_t)i + 1);
    config_destroy(configuration);
    configuration = parse("sweep:\n  array.rows: {from: 3, to: 3072, steps: 11, scale: log}\n");
    for (size_t i = 0; i < 11; i++)
        cr_assert_eq(at(configuration, i).array.rows, (int64_t)3 << i);
    config_destroy(configuration);
}

Test(config, sweep_numbers_tell_words_and_mixed_units)
{
    struct configuration *configuration =
        parse("sweep:\n  comparator.offset: [10 mA, 10 mV]\n  device.preset: [ideal, wan2022]\n"
              "  prune.threshold: [0.5, learned]\n  comparator.noise: [1 mV, 2 mV]\n");
    double numbers[2];
    enum quantity_unit unit;
    cr_assert(!config_sweep_numbers(configuration, 0, numbers, &unit));
    cr_assert(!config_sweep_numbers(configuration, 1, numbers, &unit));
    cr_assert(!config_sweep_numbers(configuration, 2, numbers, &unit));
    cr_assert(config_sweep_numbers(configuration, 3, numbers, &unit));
    cr_assert_eq(unit, QUANTITY_VOLT);
    cr_assert_eq(numbers[1], 2e-3);
    cr_assert_eq(at(configuration, 2).prune.threshold.word, 0);
    config_destroy(configuration);
}

Test(config, set_takes_the_place_of_value_sweep_and_alternative)
{
    const char *yaml = "array:\n  rows: 32\nprune:\n  keep_ratio: 0.5\nsweep:\n  array.rows: [8, 16]\n"
                       "  device.preset: [ideal, wan2022]\n";
    struct configuration *configuration = parse_set(
        yaml, (const char *const[]){"array.rows=48", "prune.threshold=[1, 2]", "device.card=my.yaml", NULL});
    cr_assert_eq(configuration->n_sweeps, 0);
    cr_assert_eq(configuration->base.array.rows, 48);
    cr_assert(isnan(configuration->base.prune.keep_ratio));
    cr_assert_eq(configuration->base.prune.threshold.n, 2);
    cr_assert_str_eq(configuration->base.device.card, "my.yaml");
    cr_assert(!config_is_given(configuration, "device.preset"));
    config_destroy(configuration);

    configuration = parse_set(yaml, (const char *const[]){"sweep.array.rows=[4, 5, 6]", "encoding.bits=6",
                                                          "encoding.bits=7", NULL});
    cr_assert_eq(config_n_points(configuration), 6);
    cr_assert_eq(configuration->base.encoding.bits, 7, "the last one counts");
    config_destroy(configuration);

    configuration = parse_set(yaml, (const char *const[]){"sweep={encoding.bits: [6, 8]}", NULL});
    cr_assert_eq(config_n_points(configuration), 2);
    cr_assert_eq(at(configuration, 1).array.rows, 32);
    config_destroy(configuration);

    configuration =
        parse_set(yaml, (const char *const[]){"sweep={}", "prune.threshold=1", "prune.keep_ratio=0.3", NULL});
    cr_assert_eq(config_n_points(configuration), 1);
    cr_assert_eq(configuration->base.prune.threshold.n, 0);
    cr_assert_eq(configuration->base.prune.keep_ratio, 0.3);
    config_destroy(configuration);
}

Test(config, bad_sets_are_quoted)
{
    const struct {
        const char *set, *said;
    } table[] = {
        {"array.rows=0", "--set array.rows=0: error: 'array.rows': 0 found, at least 1 expected"},
        {"array.rows=", "--set array.rows=: error: 'array.rows': nothing found, a value expected"},
        {"array.row=8", "--set array.row=8: error: 'array.row': unknown key; did you mean 'array.rows'?"},
        {"array.rows", "--set array.rows: error: KEY=VALUE expected"},
        {"=5", "--set =5: error: KEY=VALUE expected"},
        {"array.rows={", "--set array.rows={: error: the value is not a scalar, [list] or {range}"},
        {"array=5", "--set array=5: error: 'array': unknown key; 'rescore explain' lists them all"},
        {"sweep=5", "--set sweep=5: error: 'sweep': full dotted keys with their values expected"},
        {"sweep.array.rows=5",
         "--set sweep.array.rows=5: error: 'array.rows': a list or a range {from, to, steps} expected"},
        {"device.time=5 V", "--set device.time=5 V: error: 'device.time': unit 'V' found, 's' expected"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_said("", (const char *const[]){table[i].set, NULL}, table[i].said);
}

Test(config, bad_files_are_refused_with_place_finding_and_expectation)
{
    for (size_t i = 0; i < N_BAD_CONFIGS; i++) {
        char said[1024];
        snprintf(said, sizeof said, "c.yaml:%s", bad_configs[i].said);
        assert_said(bad_configs[i].yaml, NULL, said);
    }
}

Test(config, all_errors_come_in_one_pass)
{
    assert_said("array:\n  rows: 0\n  colums: 8\nencoding:\n  sign: x\nsweep:\n  array.rows: [a]\n",
                (const char *const[]){"prune.keep_ratio=2", "nonsense=1", NULL},
                "c.yaml:2:9: error: 'array.rows': 0 found, at least 1 expected\n"
                "c.yaml:3:3: error: 'array.colums': unknown key; did you mean 'array.columns'?\n"
                "c.yaml:5:9: error: 'encoding.sign': 'x' found, one of differential, offset expected\n"
                "c.yaml:7:16: error: 'array.rows': 'a' found, a whole number expected\n"
                "--set prune.keep_ratio=2: error: 'prune.keep_ratio': 2 found, at most 1 expected\n"
                "--set nonsense=1: error: 'nonsense': unknown key; 'rescore explain' lists them all");
}

Test(config, too_many_points_and_sweeps_are_refused)
{
    assert_said("sweep:\n  array.rows: {from: 1, to: 1000, steps: 1000}\n  array.columns: {from: 2, to: "
                "1001, steps: 1000}\n",
                NULL, "c.yaml: error: the sweep has too many points (1000000), at most 100000 expected");
    assert_said(
        "sweep:\n  array.r_driver: {from: 0, to: 1, steps: 8192}\n  array.r_sense: {from: 0, to: 1, steps: "
        "8192}\n"
        "  array.r_word_line: {from: 0, to: 1, steps: 8192}\n  array.r_bit_line: {from: 0, to: 1, steps: "
        "8192}\n"
        "  comparator.noise: {from: 0, to: 1, steps: 4096}\n",
        NULL, "c.yaml: error: the sweep has too many points (18446744073709551615), at most 100000 expected");
    assert_said(
        "sweep:\n  array.rows: [1]\n  array.columns: [2]\n  encoding.bits: [8]\n  encoding.msb: [round]\n"
        "  encoding.sign: [offset]\n  array.r_sense: [0]\n  array.r_driver: [0]\n",
        NULL, "c.yaml:8:19: error: 'array.r_driver': more than 6 swept keys");
}

Test(config, a_later_error_is_blamed_on_the_place_of_its_key)
{
    struct configuration *configuration =
        parse_set("encoding:\n  analog_bits:  5\nsweep:\n  array.columns: [3]\n",
                  (const char *const[]){"encoding.query_bits=6", NULL});
    const struct {
        const char *text, *said;
    } table[] = {
        {"encoding.analog_bits 5 found", "dir/c.yaml:2:17: error: encoding.analog_bits 5 found"},
        {"array.columns: few", "dir/c.yaml:4:18: error: array.columns: few"},
        {"encoding.query_bits 6 found", "--set encoding.query_bits=6: error: encoding.query_bits 6 found"},
        {"array.rows 5 found", "dir/c.yaml: error: array.rows 5 found"},
        {"anything else", "dir/c.yaml: error: anything else"},
        {"q.h5: error: not an HDF5 file", "q.h5: error: not an HDF5 file"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rs_error err = {{0}};
        enum rs_status status = rs_fail(&err, RS_INPUT, "%s", table[i].text);
        cr_assert_eq(config_blame(configuration, status, &err), RS_INPUT);
        cr_assert_str_eq(err.text, table[i].said);
    }
    config_destroy(configuration);
}

Test(config, paths_are_relative_to_the_file_or_to_the_working_directory)
{
    struct configuration *configuration =
        parse("workload:\n  file: models/a.h5\ndevice:\n  card: /etc/card.yaml\n");
    cr_assert_str_eq(configuration->base.workload.file, "dir/models/a.h5");
    cr_assert_str_eq(configuration->base.device.card, "/etc/card.yaml");
    char *resolved = resolve(configuration);
    cr_assert(strstr(resolved, "file: \"models/a.h5\"") != NULL, "%s", resolved);
    free(resolved);
    config_destroy(configuration);
    configuration = parse_set("workload:\n  file: a.h5\n", (const char *const[]){"workload.file=b.h5", NULL});
    cr_assert_str_eq(configuration->base.workload.file, "b.h5");
    config_destroy(configuration);
}

/* Of every kind of option something, also what needs quoting. */
static const char many[] =
    "workload:\n  file: \"a \\\"b\\\" \\\\ #c.h5\"\narray:\n  r_word_line: 0.1 ohm\ndevice:\n  g_max: 33.3 "
    "uS\n"
    "  time: 2 h\n  extrapolate: true\ncomparator:\n  offset: 3.3 mV\nprune:\n  threshold: [0.1, -2, 1e300]\n"
    "encoding:\n  sign: offset\nreadout:\n  range: 7 uA\nmonte_carlo:\n  seed: 9007199254740992\n"
    "sweep:\n  array.r_driver: {from: 0.3 ohm, to: 70 ohm, steps: 4, scale: log}\n  device.preset: [ideal]\n"
    "  comparator.noise: [1 nA, 2 mV]\n  recompute.enabled: [true, false]\n";

Test(config, the_resolved_text_resolves_to_itself)
{
    struct configuration *one = parse(many);
    char *first = resolve(one);
    struct configuration *other = parse(first);
    char *second = resolve(other);
    cr_assert_str_eq(first, second);
    cr_assert_eq(config_n_points(one), config_n_points(other));
    for (size_t p = 0; p < config_n_points(one); p++) {
        struct config a = at(one, p), b = at(other, p);
        for (int i = 0; i < config_n_options(); i++) {
            struct text left = {0}, right = {0};
            option_print_value(config_option(i), config_const_section(&a, i), &left);
            option_print_value(config_option(i), config_const_section(&b, i), &right);
            cr_assert_str_eq(left.bytes, right.bytes, "%s", config_option(i)->key);
            text_clear(&left);
            text_clear(&right);
        }
    }
    free(first);
    free(second);
    config_destroy(one);
    config_destroy(other);
}

Test(config, init_is_the_defaults_but_for_what_it_sets)
{
    struct rs_error err = {{0}};
    char *text = config_init_text(&err);
    cr_assert_not_null(text);
    struct configuration *init = parse(text), *defaults = parse("");
    cr_assert_gt(config_n_points(init), 1);
    for (int i = 0; i < config_n_options(); i++) {
        const char *key = config_option(i)->key;
        struct text left = {0}, right = {0};
        option_print_value(config_option(i), config_const_section(&init->base, i), &left);
        option_print_value(config_option(i), config_const_section(&defaults->base, i), &right);
        bool set = strcmp(key, "workload.samples") == 0 || strcmp(key, "comparator.offset") == 0 ||
                   strcmp(key, "prune.keep_ratio") == 0;
        cr_assert_eq(strcmp(left.bytes, right.bytes) == 0, !set, "%s: %s, by default %s", key, left.bytes,
                     right.bytes);
        if (strncmp(key, "train.", 6) != 0 && strncmp(key, "transformer.", 12) != 0 &&
            strncmp(key, "learned.", 8) != 0)
            cr_assert(strstr(text, strchr(key, '.') + 1) != NULL, "%s is not in it", key);
        text_clear(&left);
        text_clear(&right);
    }
    free(text);
    config_destroy(init);
    config_destroy(defaults);
}

Test(config, json_and_safe_dump_load)
{
    const char *const texts[] = {
        "{\"array\": {\"rows\": 32, \"r_word_line\": 1e-06}, \"recompute\": {\"enabled\": false}, "
        "\"prune\": {\"threshold\": [1.0, 2.5]}, \"sweep\": {\"array.r_driver\": [0, 0.5], "
        "\"device.read_noise\": {\"from\": 0.0, \"to\": 0.1, \"steps\": 3}}}",
        "array:\n  r_word_line: 1.0e-06\n  rows: 32\nprune:\n  threshold:\n  - 1.0\n  - 2.5\nrecompute:\n"
        "  enabled: false\nsweep:\n  array.r_driver:\n  - 0\n  - 0.5\n  device.read_noise:\n    from: 0.0\n"
        "    steps: 3\n    to: 0.1\n",
    };
    char *resolved[2];
    for (size_t i = 0; i < 2; i++) {
        struct configuration *configuration = parse(texts[i]);
        resolved[i] = resolve(configuration);
        cr_assert_eq(config_n_points(configuration), 6);
        cr_assert_eq(configuration->base.array.r_word_line_ohm, 1e-6);
        config_destroy(configuration);
    }
    cr_assert_str_eq(resolved[0], resolved[1]);
    free(resolved[0]);
    free(resolved[1]);
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(name, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(content, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static void digest(const char *path, const char *yaml, const char *const *sets, char text[DIGEST_TEXT_SIZE])
{
    struct rs_error err = {{0}};
    struct configuration *configuration = NULL;
    cr_assert_eq(try_parse(path, yaml, sets, &configuration, &err), RS_OK, "%s", err.text);
    cr_assert_eq(config_digest(configuration, text, &err), RS_OK, "%s", err.text);
    config_destroy(configuration);
}

Test(config, the_digest_sees_values_and_contents_of_files, .init = enter_folder, .fini = leave_folder)
{
    char one[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE];
    const char *yaml = "device:\n  card: card.yaml\n";
    write_file("card.yaml", "first\n");
    digest("c.yaml", yaml, NULL, one);
    digest("c.yaml", "# a comment\ndevice: {card: card.yaml}\narray: {rows: 64}\n", NULL, other);
    cr_assert_str_eq(one, other, "what is said does not count, only what it means");
    digest("c.yaml", yaml, (const char *const[]){"array.rows=63", NULL}, other);
    cr_assert_str_neq(one, other);
    write_file("card.yaml", "other\n");
    digest("c.yaml", yaml, NULL, other);
    cr_assert_str_neq(one, other);
    struct rs_error err = {{0}};
    struct configuration *configuration = NULL;
    remove("card.yaml");
    cr_assert_eq(try_parse("c.yaml", yaml, NULL, &configuration, &err), RS_OK);
    cr_assert_eq(config_digest(configuration, other, &err), RS_IO);
    cr_assert(strstr(err.text, "card.yaml: error: cannot open") != NULL, "%s", err.text);
    config_destroy(configuration);
}

Test(config, a_file_is_read_and_a_missing_one_is_said, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct configuration *configuration = NULL;
    write_file("c.yaml", "array: {rows: 7}\n");
    cr_assert_eq(config_load("c.yaml", 0, NULL, &configuration, &err), RS_OK, "%s", err.text);
    cr_assert_eq(configuration->base.array.rows, 7);
    cr_assert_str_eq(configuration->yaml, "array: {rows: 7}\n");
    config_destroy(configuration);
    cr_assert_eq(config_load("none.yaml", 0, NULL, &configuration, &err), RS_IO);
    cr_assert_null(configuration);
    cr_assert_eq(count_files(), 1, "reading writes nothing");
    cr_assert_eq(strncmp(err.text, "none.yaml: error: cannot open", 29), 0, "%s", err.text);
}
