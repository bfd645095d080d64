/* Runs small enough that what they cost can be worked out beside them; the solved energy of arrays. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention.h"
#include "attention/power.h"
#include "attention_fixture.h"
#include "cost/constants.h"
#include "crossbar/field.h"

TestSuite(costing, .timeout = 60);

enum { D = 2, N = 3, SYSTEMS = 9, CELLS_MAX = 16 * 16, ROWS_MAX = 16 };

/* Codes are their values (attention_fixture.h). Sums of query i and key j: 1st query 100, -50, 20; 2nd -100,
 * 50, -20; 3rd 0, 0, 60. */
static float q[N * D] = {10, 0, -10, 0, 0, 20}, k[N * D] = {10, 0, -5, 0, 2, 3},
                   v[N * D] = {1, 2, 3, 4, 5, 6}, output[N * D];

static void set_cost(struct cost_section *section, const char *key, const char *text)
{
    char why[256];
    for (size_t i = 0; i < cost_section_table.n_options; i++)
        if (strcmp(cost_section_table.options[i].key, key) == 0) {
            cr_assert(option_set(&cost_section_table.options[i], section, text, why, sizeof why), "%s", why);
            return;
        }
    cr_assert_fail("no option %s", key);
}

static void init(struct attention_fixture *f, struct cost_section *section)
{
    attention_fixture_init(f, D, N);
    option_fill_defaults(&cost_section_table, section);
    f->cost = section;
    attention_fixture_set(f, "array.rows", "4");
    attention_fixture_set(f, "array.columns", "8");
    attention_fixture_set(f, "encoding.analog_bits", "8");
    attention_fixture_set(f, "encoding.query_bits", "8");
}

/* One call of sample 5; the caller destroys. */
static struct attention *run(const struct attention_fixture *f)
{
    struct attention *attention;
    struct rs_error err = {{0}};
    const struct attention_call call = {.n_query_heads = 1,
                                        .n_queries = N,
                                        .n_keys = N,
                                        .d = D,
                                        .causal = f->shape.causal,
                                        .score_scale = 1,
                                        .q = q,
                                        .k = k,
                                        .v = v,
                                        .output = output};
    cr_assert_eq(attention_create(&f->setup, QUERY_ANALOG, &attention, &err), RS_OK, "%s", err.text);
    attention_start(attention, 0, NULL);
    attention_set_sample(attention, 5);
    cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
    return attention;
}

static struct cost_answer answer_of(const struct attention_fixture *f, struct attention *attention,
                                    const char *name, double *exact_bits)
{
    struct cost_answer answer;
    for (size_t i = 0; i < f->setup.n_cost_systems; i++)
        if (strcmp(f->setup.cost_systems[i]->name, name) == 0) {
            costing_answer(attention_costing(attention), i, &answer, exact_bits);
            return answer;
        }
    cr_assert_fail("%s is not costed", name);
    return answer;
}

static void expect_near(double found, double expected, double tolerance, const char *what)
{
    cr_expect(fabs(found - expected) <= tolerance * fabs(expected), "%s: %.15g found, %.15g expected", what,
              found, expected);
}

/*
 * Threshold 19: query 0 keeps keys 0 and 2, query 1 key 1, query 2 key 2: 4 pairs. A vector has 2 x 8 bits.
 * With a buffer of 0 bytes sprint-s fetches K and V of every kept pair, and each query: (2 x 4 + 3) x 16
 * bits. Writes: K and V of 3 tokens and 3 queries. The array holds 3 keys: 3 x 3 columns x 2 elements. Keys 0
 * to 2 lie in channels 0 to 2.
 */
Test(costing, a_run_of_three_queries_costs_what_counting_by_hand_says)
{
    struct attention_fixture f;
    struct cost_section section;
    double exact;
    init(&f, &section);
    set_cost(&section, "cost.buffer_bytes", "0");
    attention_fixture_settle(&f, 19);
    struct attention *attention = run(&f);
    struct cost_answer sprint = answer_of(&f, attention, "sprint-s", &exact);
    expect_near(sprint.memory_bits_read, (2 * 4 + 3) * 16, 0, "bits read");
    expect_near(exact, sprint.memory_bits_read, 0, "bits read by exact decisions");
    cr_expect_eq(sprint.own.tally.n_keys_fetched, 4);
    cr_expect_eq(sprint.own.tally.n_kept, 4);
    expect_near(sprint.own.energy.joules[ENERGY_FETCH], (2 * 4 + 3) * 16 * 3.1e-12, 1e-12, "fetch");
    expect_near(sprint.own.energy.joules[ENERGY_KEY_WRITE], (2 * 3 + 3) * 16 * 24.4e-12, 1e-12, "writes");
    expect_near(sprint.own.energy.joules[ENERGY_ARRAY_READ], 3 * 3 * 2 * 0.10e-12, 1e-12, "array");
    cr_expect_eq(sprint.unpruned.tally.n_key_bits, 9 * 16);
    double sum = 0;
    for (int c = 0; c < ENERGY_N; c++)
        sum += sprint.own.energy.joules[c];
    expect_near(sum, sprint.energy_joules, 1e-12, "sum of the categories");
    /* LeOPArd loads each key once per head; here nothing fits, so all 9 pairs come, and V of the 4 survivors.
     */
    struct cost_answer leopard = answer_of(&f, attention, "leopard-ae", &exact);
    cr_expect_eq(leopard.own.tally.n_key_bits, 9 * 16);
    cr_expect_eq(leopard.own.tally.n_value_bits, 4 * 16);
    attention_destroy(attention);
    setup_clear(&f.setup);
}

/*
 * 7 magnitude bits, 2 per cycle. Pairs (0,1), (1,0), (1,2) have no product that can be positive: dropped
 * after the first cycle, 2 bits. Pairs (2,0), (2,1): 20 x 0, whose unseen bits may add 20 (2^(7 - r) - 1) >=
 * 19 until none is left: 7 bits. The 4 survivors take all 7.
 */
Test(costing, pruned_keys_have_their_bits_too)
{
    struct attention_fixture f;
    struct cost_section section;
    double exact;
    init(&f, &section);
    attention_fixture_settle(&f, 19);
    struct attention *attention = run(&f);
    struct cost_answer leopard = answer_of(&f, attention, "leopard-ae", &exact);
    /* Bit products: keys 2 elements x 8 bits of q, values 2 x 8 x 8 of each survivor. */
    cr_expect_eq(leopard.own.tally.n_bit_products, (4 * 7 + 3 * 2 + 2 * 7) * 2 * 8 + 4 * 2 * 8 * 8, "%llu",
                 (unsigned long long)leopard.own.tally.n_bit_products);
    attention_destroy(attention);
    setup_clear(&f.setup);
}

Test(costing, policy_none_makes_every_system_its_own_reference)
{
    struct attention_fixture f;
    struct cost_section section;
    double exact;
    init(&f, &section);
    attention_fixture_set(&f, "prune.policy", "none");
    attention_fixture_settle(&f, 19);
    cr_assert_eq(f.setup.n_cost_systems, SYSTEMS);
    struct attention *attention = run(&f);
    for (size_t i = 0; i < SYSTEMS; i++) {
        const char *name = f.setup.cost_systems[i]->name;
        struct cost_answer answer = answer_of(&f, attention, name, &exact);
        expect_near(answer.speedup, 1, 0, name);
        expect_near(answer.energy_ratio, 1, 0, name);
        expect_near(exact <= answer.memory_bits_read, 1, 0, name);
        cr_expect_eq(answer.own.tally.n_array_macs, 0, "%s", name);
    }
    attention_destroy(attention);
    setup_clear(&f.setup);
}

Test(costing, only_baseline_pays_for_padding)
{
    struct attention_fixture f;
    struct cost_section section;
    double exact;
    init(&f, &section);
    set_cost(&section, "cost.padded_length", "8");
    attention_fixture_settle(&f, 19);
    struct attention *attention = run(&f);
    struct cost_answer baseline = answer_of(&f, attention, "baseline", &exact),
                       sprint = answer_of(&f, attention, "sprint-s", &exact);
    cr_expect_eq(baseline.own.tally.n_kept, 8 * 8);
    cr_expect_eq(baseline.unpruned.tally.n_kept, N * N);
    cr_expect_eq(sprint.unpruned.tally.n_kept, N * N);
    cr_expect_lt(baseline.speedup, 1);
    attention_destroy(attention);
    setup_clear(&f.setup);
}

Test(costing, what_the_table_lets_pass_is_refused_by_name)
{
    const struct {
        const char *key, *text, *said;
    } bad[] = {
        {"cost.systems", "sprint", "cost.systems: 'sprint' found"},
        {"cost.systems", "a3, a3", "cost.systems: 'a3, a3' found"},
        {"cost.systems", ",", "cost.systems: ',' found"},
        {"cost.padded_length", "2", "cost.padded_length 2 found, at least the 3 keys of the longest sample"},
        {"cost.units", "0", "cost.units 0 found, 1 to 64, or -1"},
        {"cost.channels", "0", "cost.channels 0 found"},
        {"cost.banks", "0", "cost.banks 0 found"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct attention_fixture f;
        struct cost_section section;
        struct rs_error err = {{0}};
        init(&f, &section);
        set_cost(&section, bad[i].key, bad[i].text);
        cr_expect_eq(attention_fixture_try(&f, &err), RS_INPUT, "%s: %s", bad[i].key, bad[i].text);
        cr_expect_eq(strncmp(err.text, bad[i].said, strlen(bad[i].said)), 0, "%s", err.text);
        setup_clear(&f.setup);
    }
}

Test(costing, systems_are_chosen_by_name)
{
    struct cost_section section;
    const struct cost_system *systems[COST_SECTION_SYSTEMS_MAX];
    option_fill_defaults(&cost_section_table, &section);
    cr_expect_eq(cost_section_systems(&section, systems), SYSTEMS);
    set_cost(&section, "cost.systems", "spatten, baseline,sprint-m");
    cr_assert_eq(cost_section_systems(&section, systems), 3);
    cr_expect_str_eq(systems[0]->name, "baseline");
    cr_expect_str_eq(systems[2]->name, "spatten");
    set_cost(&section, "cost.systems", "none");
    cr_expect_eq(cost_section_systems(&section, systems), 0);
}

/* Without wires: sum over the cells of V^2 G, times the time of the read, of each query. */
Test(costing, energy_of_an_ideal_array_is_the_sum_of_its_cells)
{
    struct attention_fixture f;
    struct cost_section section;
    double exact;
    init(&f, &section);
    set_cost(&section, "cost.solved_array_energy", "true");
    attention_fixture_set(&f, "array.read_time", "10 ns");
    attention_fixture_settle(&f, 19);
    const struct mapping *mapping = &f.setup.mapping;
    struct attention *attention = run(&f);
    struct cost_answer sprint = answer_of(&f, attention, "sprint-s", &exact);
    double g_min = mapping->g_min_siemens, span = f.setup.device.g_max_siemens - g_min, joules = 0;
    for (int i = 0; i < N; i++)
        for (int row = 0; row < D; row++) {
            double volts = (double)q[i * D + row] * f.setup.encoding.v_read_volts / 127, siemens = 8 * g_min;
            for (int j = 0; j < N; j++)
                siemens += fabs((double)k[j * D + row]) * span / 127;
            joules += volts * volts * siemens * 10e-9;
        }
    expect_near(sprint.array_solved_joules, joules, 1e-9, "solved energy");
    expect_near(sprint.own.energy.joules[ENERGY_ARRAY_READ], joules, 1e-9, "category");
    attention_destroy(attention);
    setup_clear(&f.setup);
}

Test(costing, without_a_read_time_the_solved_energy_is_not_known)
{
    struct attention_fixture f;
    struct cost_section section;
    double exact;
    init(&f, &section);
    set_cost(&section, "cost.solved_array_energy", "true");
    attention_fixture_settle(&f, 19);
    struct attention *attention = run(&f);
    struct cost_answer sprint = answer_of(&f, attention, "sprint-s", &exact),
                       spatten = answer_of(&f, attention, "spatten", &exact);
    cr_expect(isnan(sprint.array_solved_joules) && isnan(sprint.energy_joules));
    cr_expect(isfinite(spatten.energy_joules));
    attention_destroy(attention);
    setup_clear(&f.setup);
}

/* Power delivered, of every drive alone, by the field's own account. */
static double delivered(const struct network *network, const double *g, const double *volts)
{
    static double word[CELLS_MAX], bit[CELLS_MAX], amperes[ROWS_MAX], cells[CELLS_MAX],
        word_wires[CELLS_MAX + ROWS_MAX], bit_wires[CELLS_MAX + ROWS_MAX];
    struct field_plan *plan;
    struct rs_error err = {{0}};
    const struct field_drive drive = {.volts = volts};
    const struct field_currents currents = {cells, word_wires, bit_wires};
    struct field_power power;
    cr_assert_eq(field_plan_create(network, &plan, &err), RS_OK, "%s", err.text);
    field_factor(plan, g);
    cr_assert(field_solve_drive(plan, &drive, 1e-12, amperes, word, bit, NULL));
    field_currents(plan, &drive, word, bit, &currents);
    field_power(plan, &drive, word, bit, &currents, &power);
    field_plan_destroy(plan);
    return power.delivered_watts;
}

Test(costing, drivers_deliver_what_the_field_says)
{
    struct attention_fixture f;
    struct cost_section section;
    struct rs_error err = {{0}};
    double g[CELLS_MAX], volts[3 * ROWS_MAX * ROWS_MAX];
    init(&f, &section);
    set_cost(&section, "cost.solved_array_energy", "true");
    attention_fixture_set(&f, "array.rows", "16");
    attention_fixture_set(&f, "array.columns", "16");
    attention_fixture_set(&f, "array.r_word_line", "20 ohm");
    attention_fixture_set(&f, "array.r_bit_line", "30 ohm");
    attention_fixture_set(&f, "array.r_driver", "500 ohm");
    attention_fixture_set(&f, "array.r_sense", "700 ohm");
    attention_fixture_set(&f, "array.read_time", "1 s");
    attention_fixture_settle(&f, 19);
    struct random_key key = {.seed = 7, .purpose = RANDOM_PROBE};
    random_uniforms(&key, CELLS_MAX, g);
    for (int c = 0; c < CELLS_MAX; c++)
        g[c] *= 100e-6;
    key.draw = 1;
    random_normals(&key, 3 * ROWS_MAX * ROWS_MAX, volts);
    struct power *power;
    cr_assert_eq(power_create(&f.setup, &power, &err), RS_OK, "%s", err.text);
    /* A field per read, and, beyond as many reads as rows, the input conductances. */
    const size_t counts[] = {1, ROWS_MAX, 2 * ROWS_MAX + 1};
    for (int i = 0; i < 3; i++) {
        double joules[3 * ROWS_MAX] = {0};
        cr_expect_eq(power_add(power, g, counts[i], volts, joules), 0);
        for (size_t r = 0; r < counts[i]; r += 5)
            expect_near(joules[r], delivered(&f.setup.network, g, volts + r * ROWS_MAX), 1e-6, "power");
    }
    power_destroy(power);
    setup_clear(&f.setup);
}
