/* Device cards: what a preset owes, and what a bad file is told. */
#include "config.h"

#include <math.h>

#include "folder.h"

#include "devices/device.h"
#include "devices/law_current_voltage.h"

TestSuite(card, .timeout = 30, .init = enter_folder, .fini = leave_folder);

Test(card, every_preset_is_a_whole_card)
{
    size_t n = 0;
    for (; card_preset_names[n] != NULL; n++) {
        struct card card;
        struct rs_error err = {{0}};
        double first, last;
        cr_assert_eq(card_load_preset(card_preset_names[n], &card, &err), RS_OK, "%s", err.text);
        cr_assert_str_eq(card.name, card_preset_names[n]);
        cr_assert(card.summary[0] != '\0' && card.citation[0] != '\0');
        cr_assert(card.window_source[0] != '\0' && card.window_confidence[0] != '\0');
        cr_assert(card.window.g_min_siemens >= 0 && card.window.g_min_siemens < card.window.g_max_siemens);
        card_times(&card, &first, &last);
        cr_assert(first >= 0 && first <= last);
        for (int block = 0; block < LAW_BLOCKS; block++) {
            const struct card_block *law = &card.blocks[block];
            if (law->law == NULL)
                continue;
            cr_assert_eq(law->law->block, (enum law_block)block);
            cr_assert(law->source[0] != '\0' && law->confidence[0] != '\0');
        }
    }
    cr_assert_geq(n, 3);
}

/* Traps, pulses and currents act elsewhere: in reads, in write-verify, in the circuit. */
static bool acts_on_conductances(enum law_block block)
{
    return block <= LAW_READ_NOISE && block != LAW_TELEGRAPH;
}

/* Every law of every preset gives finite conductances over the window and the published times. */
Test(card, every_law_of_every_preset_stays_finite_over_its_whole_range)
{
    for (size_t c = 0; card_preset_names[c] != NULL; c++) {
        struct card card;
        struct rs_error err = {{0}};
        double first, last;
        cr_assert_eq(card_load_preset(card_preset_names[c], &card, &err), RS_OK);
        card_times(&card, &first, &last);
        for (int block = 0; block < LAW_BLOCKS; block++)
            for (int i = 0;
                 i <= 100 && card.blocks[block].law != NULL && acts_on_conductances((enum law_block)block);
                 i++) {
                double low = card.window.g_min_siemens, span = card.window.g_max_siemens - low, target[11],
                       g[11];
                struct law_conditions at = {fmax(first, 1e-9) *
                                                pow(fmin(last, 1e9) / fmax(first, 1e-9), i / 100.0),
                                            350, low, low + span};
                struct law_cells cells = {11, target, target, g, 0};
                struct law_draws draws = {{.seed = 3, .trial = (uint32_t)i}, 0, 1};
                for (int k = 0; k < 11; k++)
                    target[k] = g[k] = low + k / 10.0 * span;
                law_apply(card.blocks[block].law, &card.blocks[block].params, &at, &draws, &cells);
                for (int k = 0; k < 11; k++)
                    cr_assert(isfinite(g[k]) && fabs(g[k]) < 10 * target[10], "%s %s: %g S", card.name,
                              law_block_name((enum law_block)block), g[k]);
            }
    }
}

Test(card, every_law_can_be_found_and_is_documented)
{
    size_t n;
    const struct law *const *laws = law_list(&n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(law_find(laws[i]->block, laws[i]->kind), laws[i]);
        cr_assert(laws[i]->summary[0] != '\0' && laws[i]->source[0] != '\0');
        if (acts_on_conductances(laws[i]->block))
            cr_assert_neq(laws[i]->moments == NULL, laws[i]->apply == NULL, "one of both");
        else
            cr_assert(laws[i]->moments == NULL && laws[i]->apply == NULL);
        cr_assert_leq(laws[i]->params->struct_size, LAW_PARAMS_SIZE);
        for (size_t k = 0; k < laws[i]->params->n_options; k++)
            cr_assert_not_null(laws[i]->params->options[k].help);
    }
    cr_assert_null(law_find(LAW_RELAXATION, "polynomial"));
}

static bool parses(const char *block, struct card *card, struct rs_error *err)
{
    char text[2048];
    snprintf(text, sizeof text,
             "format: rescore-device-card\nversion: 1\nname: mine\nwindow:\n  g_min: 1 uS\n  g_max: 50 uS\n"
             "  source: me\n  confidence: assumed\n%s  source: me\n  confidence: assumed\n",
             block);
    err->text[0] = '\0';
    return card_parse("card.yaml", text, strlen(text), card, err) == RS_OK;
}

Test(card, currents_bend_with_the_voltage_as_their_block_says)
{
    struct card card;
    struct rs_error err = {{0}};
    const struct card_block *block = &card.blocks[LAW_CURRENT_VOLTAGE];
    double v0;
    cr_assert(parses("current_voltage:\n  kind: sinh\n  v0: 0.4 V\n  v_read: 0.2 V\n", &card, &err), "%s",
              err.text);
    cr_assert_float_eq(law_current_voltage_factor(block->law, &block->params, -0.2), sinh(0.5) / 0.5, 1e-15);
    cr_assert_float_eq(law_current_voltage_factor(block->law, &block->params, 1e-9), 1, 1e-15);
    cr_assert(law_current_voltage_v0(block->law, &block->params, &v0) && v0 == 0.4);
    cr_assert(parses("current_voltage:\n  kind: table\n  volts: [0, 0.2, 0.4]\n  factor: [1, 1.1, 1.5]\n"
                     "  v_read: 0.2 V\n",
                     &card, &err),
              "%s", err.text);
    cr_assert_float_eq(law_current_voltage_factor(block->law, &block->params, -0.3), 1.3, 1e-15);
    cr_assert_eq(law_current_voltage_factor(block->law, &block->params, 2), 1.5);
    cr_assert(!law_current_voltage_v0(block->law, &block->params, &v0));
    cr_assert(!parses("current_voltage:\n  kind: table\n  volts: [0, 0.2]\n  factor: [1]\n  v_read: 0.2 V\n",
                      &card, &err));
    cr_assert_not_null(strstr(err.text, "2 volts and 1 factors found"), "%s", err.text);
    cr_assert(!parses("current_voltage:\n  kind: sinh\n  v0: 0 V\n  v_read: 0.2 V\n", &card, &err));
}

Test(card, measured_quantiles_are_drawn_as_they_are_and_must_not_fall)
{
    struct card card;
    struct rs_error err = {{0}};
    double g[LAW_CELLS], target[LAW_CELLS];
    const struct law_cells cells = {LAW_CELLS, target, target, g, 0};
    const struct law_draws draws = {{.seed = 5}, 0, 1};
    cr_assert(
        parses("programming:\n  kind: empirical\n  states: [10 uS, 20 uS]\n  probabilities: [0.25, 0.75]\n"
               "  error: [-1 uS, 0 S, 0 S, 3 uS]\n",
               &card, &err),
        "%s", err.text);
    const struct card_block *block = &card.blocks[LAW_PROGRAMMING];
    for (int state = 0; state < 3; state++) { /* below, midway, above */
        double low = (double[]){-1e-6, -0.5e-6, 0}[state], high = (double[]){0, 1.5e-6, 3e-6}[state];
        int n_low = 0, n_high = 0;
        for (int i = 0; i < LAW_CELLS; i++)
            g[i] = target[i] = 5e-6 + 10e-6 * state;
        law_apply(block->law, &block->params, &(struct law_conditions){1, 300, 0, 1}, &draws, &cells);
        for (int i = 0; i < LAW_CELLS; i++) {
            cr_assert(g[i] - target[i] >= low - 1e-18 && g[i] - target[i] <= high + 1e-18);
            n_low += g[i] - target[i] < low + 1e-12;
            n_high += g[i] - target[i] > high - 1e-12;
        }
        cr_assert(abs(n_low - LAW_CELLS / 4) < 4.5 * sqrt(LAW_CELLS * 3.0 / 16), "%d", n_low);
        cr_assert(abs(n_high - LAW_CELLS / 4) < 4.5 * sqrt(LAW_CELLS * 3.0 / 16), "%d", n_high);
    }
    cr_assert(
        !parses("programming:\n  kind: empirical\n  states: [10 uS, 20 uS]\n  probabilities: [0.25, 0.75]\n"
                "  error: [-1 uS, 0 S, 3 uS, 0 S]\n",
                &card, &err));
    cr_assert_not_null(strstr(err.text, "the quantiles of state 2 fall"), "%s", err.text);
    cr_assert(!parses("programming:\n  kind: empirical\n  states: [10 uS]\n  probabilities: [0.25, 0.75]\n"
                      "  error: [-1 uS]\n",
                      &card, &err));
}

Test(card, an_unknown_preset_is_an_input_error)
{
    struct card card;
    struct rs_error err = {{0}};
    cr_assert_eq(card_load_preset("wan2023", &card, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "no card named 'wan2023'; `rescore device list` names them (a file of yours: "
                               "'./wan2023' or NAME.yaml)");
}

#define HEAD "format: rescore-device-card\nversion: 1\nname: mine\n"
#define WINDOW "window:\n  g_min: 1 uS\n  g_max: 50 uS\n  source: me\n  confidence: assumed\n"
#define TAIL "  source: me\n  confidence: assumed\n"

static void write_file(const char *text)
{
    FILE *file = fopen("card.yaml", "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

Test(card, a_file_is_a_card_and_overrides_the_preset)
{
    struct device_options options;
    struct device device;
    struct rs_error err = {{0}};
    double g[2] = {10e-6, 20e-6}, shift[2], sigma[2];
    const struct law_cells cells = {2, g, g, g, 0};
    write_file(HEAD WINDOW
               "programming:\n  kind: polynomial\n  g_reference: 10 uS\n  sigma: [0 uS, 1 uS]\n" TAIL
               "relaxation: {kind: none}\nread_noise:\n  kind: relative\n  ratio: 2 %\n" TAIL);
    option_fill_defaults(&device_option_table, &options);
    snprintf(options.card, sizeof options.card, "card.yaml");
    cr_assert_eq(device_open(&options, &device, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(device.card.name, "mine");
    cr_assert_eq(device.card.window.clamp, CARD_CLAMP_ZERO);
    cr_assert_null(device.card.blocks[LAW_RELAXATION].law);
    const struct card_block *block = &device.card.blocks[LAW_PROGRAMMING];
    block->law->moments(&block->params, &device.at, &cells, shift, sigma);
    cr_assert_float_eq(sigma[1], 2e-6, 1e-18);
    block = &device.card.blocks[LAW_READ_NOISE];
    block->law->moments(&block->params, &device.at, &cells, shift, sigma);
    cr_assert_float_eq(sigma[1], 0.4e-6, 1e-18);
    cr_assert(device_has_write_noise(&device) && device_has_read_noise(&device));
    options.read_noise_ratio = 0;
    cr_assert_eq(device_open(&options, &device, &err), RS_OK);
    cr_assert_not(device_has_read_noise(&device));
}

struct bad_card {
    const char *text, *said;
};

static const struct bad_card bad_cards[] = {
    {HEAD WINDOW "colour: red\n", "card.yaml:9:1: error: 'colour': unknown key"},
    {HEAD WINDOW "programing: {kind: none}\n",
     "card.yaml:9:1: error: 'programing': unknown key; did you mean 'programming'?"},
    {HEAD WINDOW WINDOW, "card.yaml:9:1: error: 'window' stands twice"},
    {"format: other\nversion: 1\nname: mine\n" WINDOW,
     "card.yaml:1:9: error: format rescore-device-card expected"},
    {"format: rescore-device-card\nversion: 2\nname: mine\n" WINDOW,
     "card.yaml:2:10: error: version 1 expected"},
    {HEAD, "card.yaml:1:1: error: a device card needs format, name and window"},
    {"- a\n", "card.yaml:1:1: error: a device card expected"},
    {"name: [\n", "card.yaml:2:"},
    {HEAD "window: 3\n", "card.yaml:4:9: error: a block of keys expected"},
    {HEAD WINDOW "programming: 3\n", "card.yaml:9:14: error: a block of keys expected"},
    {HEAD "window:\n  g_min: 1 V\n  g_max: 2 uS\n" TAIL, "card.yaml:5:10: error: 'g_min': unit 'V' found"},
    {HEAD "window:\n  g_min: 3 uS\n  g_max: 2 uS\n" TAIL, "card.yaml:5:3: error: g_min must be below g_max"},
    {HEAD "window:\n  g_min: 3 uS\n" TAIL, "card.yaml:5:3: error: 'g_max' is missing"},
    {HEAD "window:\n  g_min: 1 uS\n  g_min: 2 uS\n  g_max: 9 uS\n" TAIL,
     "card.yaml:6:3: error: 'g_min' stands twice"},
    {HEAD "window:\n  g_min: 1 uS\n  g_max: 2 uS\n  clamp: windw\n" TAIL, "card.yaml:7:10: error: 'clamp': "},
    {HEAD "window:\n  g_min: 1 uS\n  g_max: 2 uS\n  confidence: assumed\n",
     "card.yaml:5:3: error: a source and a confidence (primary, secondary, assumed) expected"},
    {HEAD "window:\n  g_min: 1 uS\n  g_max: 2 uS\n  source: me\n  confidence: sure\n",
     "card.yaml:8:15: error: 'confidence': one of primary, secondary, assumed expected"},
    {HEAD WINDOW "programming:\n  sigma: 1 uS\n" TAIL, "card.yaml:10:3: error: 'kind' is missing"},
    {HEAD WINDOW "programming:\n  kind: cubic\n" TAIL,
     "card.yaml:10:9: error: 'cubic' is no kind of programming"},
    {HEAD WINDOW "relaxation:\n  kind: polynomial\n" TAIL, "'polynomial' is no kind of relaxation"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: 1 uS\n" TAIL,
     "card.yaml:10:3: error: 'sigma' is missing"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: 1 uS\n  sigma: [1 uS, 2 kohm]\n" TAIL,
     "card.yaml:12:10: error: 'sigma': unit 'kohm' found"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: {a: 1}\n  sigma: 1 uS\n" TAIL,
     "card.yaml:11:16: error: 'g_reference': one value expected"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: 1 uS\n  times: [1 s, 2 s]\n  sigma: [1 "
                 "uS, 2 uS, 3 uS]\n" TAIL,
     "card.yaml:10:3: error: 3 coefficients found for 2 times, the same number for each expected"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: 1 uS\n  times: [2 s, 2 s]\n  sigma: [1 "
                 "uS, 2 uS]\n" TAIL,
     "card.yaml:10:3: error: times must rise"},
    {HEAD WINDOW "read_noise:\n  kind: relative\n  ratio: 2 %\n  source: [{a: b}]\n  confidence: assumed\n",
     "card.yaml:12:12: error: a text expected"},
    {HEAD "window:\n  g_min: -1 uS\n  g_max: 2 uS\n" TAIL, "card.yaml:5:10: error: 'g_min': -1 uS found"},
    {HEAD "window:\n  g_min: .nan\n  g_max: 2 uS\n" TAIL, "card.yaml:5:10: error: 'g_min': '.nan' found"},
    {HEAD WINDOW "read_noise:\n  kind: relative\n  ratio: -2 %\n" TAIL,
     "card.yaml:11:10: error: 'ratio': -0.02 found, at least 0 expected"},
    {HEAD WINDOW "read_noise:\n  kind: relative\n  ratio: nan\n" TAIL,
     "card.yaml:11:10: error: 'ratio': 'nan' found"},
    {HEAD WINDOW "read_noise:\n  kind: relative\n  ratio:\n" TAIL,
     "card.yaml:11:9: error: 'ratio': '' found"},
    {HEAD WINDOW "programming:\n  kind: table\n  states: [1 uS, 2 uS]\n  sigma: [1 uS, -1 uS]\n" TAIL,
     "card.yaml:12:10: error: 'sigma': -1 uS found, at least 0 S expected"},
    {HEAD WINDOW "programming:\n  kind: table\n  states: []\n  sigma: [1 uS]\n" TAIL,
     "card.yaml:11:11: error: 'states' is empty"},
    {HEAD WINDOW "programming:\n  kind: table\n  states: [2 uS, 1 uS]\n  sigma: [1 uS, 1 uS]\n" TAIL,
     "card.yaml:10:3: error: states must rise"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: 1 uS\n  sigma: [-1 uS, -2 uS]\n" TAIL,
     "card.yaml:10:3: error: sigma is negative at every state"},
    {HEAD WINDOW "programming:\n  kind: polynomial\n  g_reference: 1 furlong\n  sigma: [1 uS]\n" TAIL,
     "card.yaml:11:16: error: 'g_reference': unknown unit 'furlong', 'S' expected"},
    {HEAD WINDOW "relaxation:\n  kind: log-time\n  t0: 10 s\n  last_time: 1 s\n  mean_per_ln: 0 S\n"
                 "  sigma: 0 S\n  sigma_per_ln: 0 S\n" TAIL,
     "card.yaml:10:3: error: last_time must not lie before t0"},
    {HEAD WINDOW "stuck:\n  kind: fixed\n  on: 70 %\n  off: 30 %\n" TAIL,
     "card.yaml:10:3: error: 100 % of the cells are stuck, less than 100 % expected"},
};

Test(card, bad_files_say_where_and_what)
{
    for (size_t i = 0; i < sizeof bad_cards / sizeof bad_cards[0]; i++) {
        struct card card;
        struct rs_error err = {{0}};
        write_file(bad_cards[i].text);
        cr_assert_eq(card_load_file("card.yaml", &card, &err), RS_INPUT, "%s", bad_cards[i].text);
        cr_assert(strstr(err.text, bad_cards[i].said) != NULL, "%s\n(expected %s)", err.text,
                  bad_cards[i].said);
        if (strstr(bad_cards[i].said, "is missing") == NULL) /* a value refused is not missing as well */
            cr_assert(strstr(err.text, "is missing") == NULL, "%s", err.text);
    }
}

Test(card, all_errors_of_a_file_are_reported)
{
    struct card card;
    struct rs_error err = {{0}};
    write_file(HEAD "colour: red\nwindow:\n  g_min: fast\n  g_max: 2 uS\n" TAIL "read_noise: {kind: pink}\n");
    cr_assert_eq(card_load_file("card.yaml", &card, &err), RS_INPUT);
    const char *const said[] = {"card.yaml:4:1: error: 'colour'", "card.yaml:6:10: error: 'g_min'",
                                "card.yaml:10:20: error: 'pink'"};
    for (size_t i = 0; i < 3; i++)
        cr_assert(strstr(err.text, said[i]) != NULL, "%s", err.text);
}

Test(card, a_file_that_is_not_there_is_an_io_error)
{
    struct device_options options;
    struct device device;
    struct rs_error err = {{0}};
    option_fill_defaults(&device_option_table, &options);
    snprintf(options.card, sizeof options.card, "absent.yaml");
    cr_assert_eq(device_open(&options, &device, &err), RS_IO);
    cr_assert(strstr(err.text, "absent.yaml: error: ") == err.text, "%s", err.text);
    cr_assert_eq(count_files(), 0);
}
