/* Whole attention calls: against integer recomputation, against T of every array, and the way of each draw.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention.h"
#include "attention_fixture.h"
#include "crossbar/transfer.h"

TestSuite(attention, .timeout = 120);

enum { D_MAX = 24, N_MAX = 40, GROUP_MAX = 4, CELLS_MAX = 32 * 64 };

/* One call's q, k, v and output. */
struct words {
    float q[GROUP_MAX * N_MAX * D_MAX], k[N_MAX * D_MAX], v[N_MAX * D_MAX], output[GROUP_MAX * N_MAX * D_MAX];
};

static void draw_floats(uint32_t draw, size_t n, float *values)
{
    static double z[GROUP_MAX * N_MAX * D_MAX];
    struct random_key key = {.seed = 41, .purpose = RANDOM_PROBE, .draw = draw};
    random_normals(&key, n, z);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)z[i];
}

static void draw_words(uint32_t draw, struct words *words)
{
    draw_floats(3 * draw, GROUP_MAX * N_MAX * D_MAX, words->q);
    draw_floats(3 * draw + 1, N_MAX * D_MAX, words->k);
    draw_floats(3 * draw + 2, N_MAX * D_MAX, words->v);
}

/* Small arrays, so that 24 elements take two stacks and 40 keys take three tiles; ranges that clamp a little.
 */
static void init(struct attention_fixture *f, size_t d, size_t n)
{
    attention_fixture_init(f, d, n);
    attention_fixture_set(f, "array.rows", "16");
    attention_fixture_set(f, "array.columns", "31");
    f->shape.score_scale = 0.2;
    for (int h = 0; h < FIXTURE_HEADS_MAX; h++) {
        f->query_range[h] = 2.6 + 0.1 * h;
        f->key_range[h] = 2.9 - 0.1 * h;
        f->value_range[h] = 2.4 + 0.2 * h;
    }
}

static struct attention_call call_of(const struct attention_fixture *f, int layer, int kv_head,
                                     struct words *words)
{
    const struct attention_shape *s = &f->shape;
    return (struct attention_call){.layer = layer,
                                   .kv_head = kv_head,
                                   .n_query_heads = s->n_heads / s->n_kv_heads,
                                   .n_queries = s->n_queries_max,
                                   .n_keys = s->n_keys_max,
                                   .d = s->d,
                                   .causal = s->causal,
                                   .score_scale = s->score_scale,
                                   .q = words->q,
                                   .k = words->k,
                                   .v = words->v,
                                   .output = words->output};
}

/* Runs one call of sample 5, trial 2; counts of the first head of the call. */
static struct attention_counts run(const struct attention_fixture *f, enum query_mode mode, int layer,
                                   int kv_head, struct words *words, struct keep *keep)
{
    struct attention *attention;
    struct rs_error err = {{0}};
    struct attention_call call = call_of(f, layer, kv_head, words);
    cr_assert_eq(attention_create(&f->setup, mode, &attention, &err), RS_OK, "%s", err.text);
    attention_start(attention, 2, keep);
    attention_set_sample(attention, 5);
    cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
    struct attention_counts counts =
        attention_get_counts(attention)[setup_head(&f->setup, layer, kv_head * call.n_query_heads)];
    struct bank_certificate certificate = attention_certificate(attention);
    cr_assert(certificate.n_failed == 0 && certificate.residual_max < 1e-9, "%g", certificate.residual_max);
    attention_destroy(attention);
    return counts;
}

Test(attention, an_ideal_array_of_full_width_decides_exactly)
{
    static struct words analog, exact;
    const size_t lengths[] = {7, 16, 24};
    int64_t n_exact = 0, n_visible = 0;
    for (uint32_t i = 0; i < 12; i++) {
        struct attention_fixture f;
        init(&f, lengths[i % 3], N_MAX);
        f.shape.causal = i % 2;
        attention_fixture_set(&f, "encoding.analog_bits", "8");
        attention_fixture_set(&f, "encoding.query_bits", "8");
        attention_fixture_set(&f, "encoding.sign", i % 4 < 2 ? "differential" : "offset");
        attention_fixture_set(&f, "encoding.cell_bits", i < 6 ? "0" : "3");
        attention_fixture_settle(&f, -0.3 + 0.1 * i);
        draw_words(i, &analog);
        draw_words(i, &exact);
        struct attention_counts counts = run(&f, QUERY_ANALOG, 0, 0, &analog, NULL);
        run(&f, QUERY_EXACT, 0, 0, &exact, NULL);
        cr_assert(counts.n_false_prune == 0 && counts.n_false_keep == 0, "run %u", i);
        cr_assert_eq(counts.n_visible, f.shape.causal ? N_MAX * (N_MAX + 1) / 2 : N_MAX * N_MAX);
        cr_assert_eq(memcmp(analog.output, exact.output, N_MAX * f.shape.d * sizeof(float)), 0, "run %u", i);
        cr_assert(counts.lost_mass_sum == 0 && counts.output_error_sum == 0);
        n_exact += counts.n_exact_keep;
        n_visible += counts.n_visible;
        setup_clear(&f.setup);
    }
    cr_assert(n_exact > n_visible / 10 && n_exact < n_visible * 9 / 10);
}

/* Definitions 1 with plain integers. */
static int plain_code(float x, double range, int bits)
{
    double limit = (1 << (bits - 1)) - 1, code = rint((double)x / (range / limit));
    return (int)fmin(limit, fmax(-limit, code));
}

static int plain_msb(int code, int bits, int msb_bits)
{
    int divisor = 1 << (bits - msb_bits), limit = (1 << (msb_bits - 1)) - 1, magnitude = abs(code);
    int twice = 2 * (magnitude % divisor), up = magnitude / divisor;
    up += twice > divisor || (twice == divisor && up % 2 == 1);
    up = up < limit ? up : limit;
    return code < 0 ? -up : up;
}

struct plain {
    bool kept[N_MAX][N_MAX], exact[N_MAX][N_MAX];
    double output[N_MAX][D_MAX]; /* where something is kept */
    int n_final[N_MAX];
};

/* Head h of the call (head `head` of its layer): decisions of an ideal array, rethreshold, softmax, values.
 */
static void recompute_plainly(const struct attention_fixture *f, int layer, int head, int h,
                              const struct words *w, struct plain *plain)
{
    const struct attention_setup *s = &f->setup;
    size_t d = f->shape.d, n = f->shape.n_keys_max;
    int at = layer * f->shape.n_heads + head, group = f->shape.n_heads / f->shape.n_kv_heads;
    int kv = layer * f->shape.n_kv_heads + head / group, m_q = (int)f->encoding.query_bits,
        m_k = (int)f->encoding.analog_bits;
    double unit = f->shape.score_scale * (f->query_range[at] / 127) * (f->key_range[kv] / 127);
    double threshold = s->thresholds[at];
    memset(plain, 0, sizeof *plain);
    for (size_t i = 0; i < f->shape.n_queries_max; i++) {
        double total = 0;
        for (size_t j = 0; j < (f->shape.causal ? i + 1 : n); j++) {
            int64_t sum = 0, msb_sum = 0;
            for (size_t e = 0; e < d; e++) {
                int q =
                    plain_code(w->q[((size_t)h * f->shape.n_queries_max + i) * d + e], f->query_range[at], 8);
                int k = plain_code(w->k[j * d + e], f->key_range[kv], 8);
                sum += q * k;
                msb_sum += plain_msb(q, 8, m_q) * plain_msb(k, 8, m_k);
            }
            plain->exact[i][j] = unit * (double)sum >= threshold;
            plain->kept[i][j] = unit * (double)(1 << (16 - m_q - m_k)) * (double)msb_sum >= threshold;
            if (!plain->kept[i][j] || !plain->exact[i][j])
                continue;
            double weight = exp(unit * (double)sum);
            plain->n_final[i]++;
            total += weight;
            for (size_t e = 0; e < d; e++)
                plain->output[i][e] +=
                    weight * plain_code(w->v[j * d + e], f->value_range[kv], 8) * f->value_range[kv] / 127;
        }
        for (size_t e = 0; e < d && total > 0; e++)
            plain->output[i][e] /= total;
    }
}

static void assert_output(const struct attention_fixture *f, const struct plain *plain, const float *output)
{
    for (size_t i = 0; i < f->shape.n_queries_max; i++)
        for (size_t e = 0; e < f->shape.d && plain->n_final[i] > 0; e++)
            cr_assert_float_eq((double)output[i * f->shape.d + e], plain->output[i][e], 1e-6,
                               "query %zu, element %zu", i, e);
}

Test(attention, four_upper_bits_decide_as_plain_integers_do_pair_by_pair)
{
    static struct words words;
    static struct plain plain;
    for (uint32_t run_number = 0; run_number < 8; run_number++) {
        struct attention_fixture f;
        struct keep keep = {.margins = true};
        init(&f, 24, N_MAX);
        f.shape.causal = run_number % 2;
        f.encoding.query_bits = 3 + run_number % 3;
        attention_fixture_settle(&f, 0.1 * run_number - 0.2);
        draw_words(100 + run_number, &words);
        struct attention_counts counts = run(&f, QUERY_ANALOG, 0, 0, &words, &keep);
        recompute_plainly(&f, 0, 0, 0, &words, &plain);
        int64_t n_false_prune = 0, n_false_keep = 0;
        cr_assert_eq((int64_t)keep.n_pairs, counts.n_visible);
        for (size_t p = 0; p < keep.n_pairs; p++) {
            const struct keep_pair *pair = &keep.pairs[p];
            bool kept = plain.kept[pair->query][pair->key], exact = plain.exact[pair->query][pair->key];
            cr_assert(pair->decision == kept, "run %u, query %d, key %d", run_number, pair->query, pair->key);
            cr_assert(pair->sample == 5 && pair->layer == 0 && pair->head == 0);
            cr_assert_eq(pair->exact_score >= pair->threshold, exact);
            n_false_prune += exact && !kept;
            n_false_keep += !exact && kept;
        }
        cr_assert(counts.n_false_prune == n_false_prune && counts.n_false_keep == n_false_keep);
        cr_assert(n_false_prune > 0 && n_false_keep > 0, "run %u has no errors to find", run_number);
        assert_output(&f, &plain, words.output);
        keep_clear(&keep);
        setup_clear(&f.setup);
    }
}

/* Six query heads on three kv heads, two layers, each with its own ranges and threshold. */
Test(attention, query_heads_share_the_keys_of_their_kv_head)
{
    static struct words words;
    static struct plain plain;
    struct attention_fixture f;
    init(&f, 10, 12);
    f.shape.n_layers = 2;
    f.shape.n_heads = 6;
    f.shape.n_kv_heads = 3;
    f.shape.causal = true;
    attention_fixture_settle(&f, 0);
    for (int i = 0; i < 12; i++)
        f.setup.thresholds[i] = -0.4 + 0.07 * i;
    for (int layer = 0; layer < 2; layer++)
        for (int kv_head = 0; kv_head < 3; kv_head++) {
            struct keep keep = {.margins = true};
            draw_words(200 + (uint32_t)(layer * 3 + kv_head), &words);
            run(&f, QUERY_ANALOG, layer, kv_head, &words, &keep);
            for (int h = 0; h < 2; h++) {
                int head = kv_head * 2 + h;
                recompute_plainly(&f, layer, head, h, &words, &plain);
                assert_output(&f, &plain, words.output + (size_t)h * 12 * 10);
                for (size_t p = 0; p < keep.n_pairs; p++)
                    if (keep.pairs[p].head == head)
                        cr_assert_eq(keep.pairs[p].decision,
                                     plain.kept[keep.pairs[p].query][keep.pairs[p].key]);
            }
            keep_clear(&keep);
        }
    setup_clear(&f.setup);
}

static bool seen_heads[2][4];

static enum rs_status watch(void *context, int layer, int head, size_t n_keys, const int64_t *sums,
                            struct rs_error *err)
{
    (void)sums;
    (void)err;
    seen_heads[layer][head] = true;
    *(size_t *)context += n_keys;
    return RS_OK;
}

Test(attention, counts_go_to_their_layer_and_head_and_start_at_0)
{
    static struct words words;
    struct attention_fixture f;
    struct attention *attention;
    struct rs_error err = {{0}};
    size_t n_seen = 0;
    init(&f, 8, 6);
    f.shape.n_layers = 2;
    f.shape.n_heads = 4;
    f.shape.n_kv_heads = 2;
    f.query_range[6] = 0.5; /* layer 1, head 2 */
    attention_fixture_settle(&f, 0);
    draw_words(300, &words);
    struct attention_call call = call_of(&f, 1, 1, &words);
    cr_assert_eq(attention_create(&f.setup, QUERY_EXACT, &attention, &err), RS_OK);
    attention_start(attention, 0, NULL);
    attention_set_watch(attention, watch, &n_seen);
    cr_assert_eq(attention_run(attention, &call, &err), RS_OK);
    const struct attention_counts *counts = attention_get_counts(attention);
    int64_t n_clamped = 0;
    for (int i = 0; i < 8; i++)
        cr_assert_eq(counts[i].n_visible, i == 6 || i == 7 ? 36 : 0, "head %d", i);
    for (size_t i = 0; i < 48; i++)
        n_clamped += fabs((double)words.q[i]) > 0.5 * 127.5 / 127;
    cr_assert(n_clamped > 20 && counts[6].n_clamped >= n_clamped && counts[6].n_clamped < n_clamped + 5);
    cr_assert_eq(counts[6].n_values, 4 * 48);
    cr_assert_eq(n_seen, 2 * 36);
    cr_assert(seen_heads[1][2] && seen_heads[1][3] && !seen_heads[1][0] && !seen_heads[0][2]);
    attention_start(attention, 1, NULL);
    cr_assert_eq(counts[6].n_visible, 0);
    attention_destroy(attention);
    setup_clear(&f.setup);
}

/* An array file's worth of non-idealities: wires, drivers, a real device. */
static void init_real(struct attention_fixture *f, size_t d, size_t n)
{
    init(f, d, n);
    attention_fixture_set(f, "array.rows", "12");
    attention_fixture_set(f, "array.r_word_line", "3 ohm");
    attention_fixture_set(f, "array.r_bit_line", "5 ohm");
    attention_fixture_set(f, "array.r_driver", "120 ohm");
    attention_fixture_set(f, "array.r_sense", "80 ohm");
    attention_fixture_set(f, "device.preset", "wan2022");
}

struct codes {
    int16_t query[GROUP_MAX * N_MAX * D_MAX], key[N_MAX * D_MAX];
};

static void draw_codes(uint32_t draw, struct codes *codes)
{
    struct random_key key = {.seed = 42, .purpose = RANDOM_PROBE, .draw = draw};
    for (uint32_t i = 0; i < GROUP_MAX * N_MAX * D_MAX; i++)
        codes->query[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    key.draw = draw + 1000;
    for (uint32_t i = 0; i < N_MAX * D_MAX; i++)
        codes->key[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
}

static struct bank_job job_of(const struct attention_fixture *f, const struct codes *codes)
{
    const struct attention_shape *s = &f->shape;
    return (struct bank_job){.trial = 2,
                             .write = 5,
                             .layer = s->n_layers - 1,
                             .kv_head = s->n_kv_heads - 1,
                             .n_keys = s->n_keys_max,
                             .n_queries = s->n_queries_max,
                             .n_query_heads = (size_t)(s->n_heads / s->n_kv_heads),
                             .causal = s->causal,
                             .key_msb = codes->key,
                             .query_msb = codes->query};
}

static void read_bank(const struct attention_fixture *f, const struct bank_job *job, double *signals)
{
    struct bank *bank;
    struct rs_error err = {{0}};
    cr_assert_eq(bank_create(&f->setup, &bank, &err), RS_OK, "%s", err.text);
    cr_assert_eq(bank_read(bank, job, &(struct bank_answer){.signal_units = signals}, NULL, &err), RS_OK,
                 "%s", err.text);
    cr_assert_eq(bank_certificate(bank).n_failed, 0);
    bank_destroy(bank);
}

/*
 * Signals by hand: pairs of bit lines, 15 keys per array of 31 bit lines, arrays numbered
 * (layer n_kv_heads + kv_head) 1024 + tile n_stacks + stack; T of the conductances that each read sees.
 */
static void read_by_hand(const struct attention_fixture *f, const struct bank_job *job, double *signals)
{
    static double target[CELLS_MAX], programmed[CELLS_MAX], seen[CELLS_MAX], transfer[CELLS_MAX];
    const struct attention_setup *s = &f->setup;
    size_t rows = (size_t)f->array.rows, columns = 31, per_array = 15, d = f->shape.d,
           n_stacks = (d + rows - 1) / rows;
    double g_min = s->device.g_min_siemens, g_lsb = (s->device.g_max_siemens - g_min) / 7,
           v_lsb = f->encoding.v_read_volts / 7;
    struct transfer_plan *plan;
    const struct array_options *o = &f->array;
    double r_bit_line = isnan(o->r_bit_line_ohm) ? o->r_word_line_ohm : o->r_bit_line_ohm;
    struct network network = {rows, columns, o->r_word_line_ohm, r_bit_line, o->r_driver_ohm, o->r_sense_ohm};
    cr_assert_eq(transfer_plan_create(&network, NULL, kernel_chosen(), TRANSFER_F64, &plan, NULL), RS_OK);
    memset(signals, 0, job->n_queries * job->n_query_heads * job->n_keys * sizeof *signals);
    for (size_t array = 0; array < (job->n_keys + per_array - 1) / per_array * n_stacks; array++) {
        size_t first_key = array / n_stacks * per_array, first_row = array % n_stacks * rows;
        struct random_key key = {
            .seed = f->seed,
            .trial = job->trial,
            .write = job->write,
            .array = (uint32_t)((job->layer * f->shape.n_kv_heads + job->kv_head) * 1024 + (int)array)};
        for (size_t cell = 0; cell < rows * columns; cell++) {
            size_t row = first_row + cell / columns, j = first_key + cell % columns / 2;
            bool used = row < d && j < job->n_keys && cell % columns < 2 * per_array;
            int code = used ? job->key_msb[j * d + row] : 0, own = cell % columns % 2 == 0 ? code : -code;
            target[cell] = g_min + (own > 0 ? own : 0) * g_lsb;
        }
        device_program(&s->device, &key, rows, columns, target, programmed);
        for (size_t read = 0; read < job->n_queries * job->n_query_heads; read++) {
            size_t i = read / job->n_query_heads, h = read % job->n_query_heads;
            key.draw = (uint32_t)read;
            device_read(&s->device, &key, rows * columns, target, programmed, seen);
            transfer_compute(plan, seen, transfer);
            for (size_t row = 0; row < rows && first_row + row < d; row++)
                for (size_t slot = 0; slot < per_array && first_key + slot < job->n_keys; slot++) {
                    const double *pair = transfer + row * columns + 2 * slot;
                    double volts = v_lsb * job->query_msb[(h * job->n_queries + i) * d + first_row + row];
                    signals[read * job->n_keys + first_key + slot] +=
                        volts * (pair[0] - pair[1]) / (v_lsb * g_lsb);
                }
        }
    }
    transfer_plan_destroy(plan);
}

static double largest_difference(const struct bank_job *job, const double *one, const double *other)
{
    double largest = 0;
    for (size_t read = 0; read < job->n_queries * job->n_query_heads; read++)
        for (size_t j = 0; j < job->n_keys; j++) {
            size_t at = read * job->n_keys + j;
            if (!job->causal || j <= read / job->n_query_heads)
                largest = fmax(largest, fabs(one[at] - other[at]));
        }
    return largest;
}

static double bank_signals[GROUP_MAX * N_MAX * N_MAX], hand_signals[GROUP_MAX * N_MAX * N_MAX];

static void assert_by_hand(const struct attention_fixture *f, double tolerance_units, const char *what)
{
    static struct codes codes;
    draw_codes(1, &codes);
    struct bank_job job = job_of(f, &codes);
    read_bank(f, &job, bank_signals);
    read_by_hand(f, &job, hand_signals);
    double difference = largest_difference(&job, bank_signals, hand_signals);
    cr_assert_lt(difference, tolerance_units, "%s: %g units", what, difference);
}

/* Field solves are good to 1e-10 of sum |V| T, which is some 2,000 units here. */
static const double field_tolerance_units = 1e-6, product_tolerance_units = 1e-9;

Test(attention, tiles_stacks_and_wires_equal_a_direct_computation)
{
    struct attention_fixture f;
    init_real(&f, 24, 40);
    attention_fixture_settle(&f, 0);
    assert_by_hand(&f, product_tolerance_units, "T: 40 reads of 12 rows");
    setup_clear(&f.setup);
    init_real(&f, 17, 32);
    f.shape.n_queries_max = 3;
    attention_fixture_settle(&f, 0);
    assert_by_hand(&f, field_tolerance_units, "field: 3 reads");
    setup_clear(&f.setup);
    init_real(&f, 24, 20);
    f.shape.causal = true;
    f.shape.n_layers = 2;
    f.shape.n_heads = 4;
    f.shape.n_kv_heads = 2;
    attention_fixture_settle(&f, 0);
    assert_by_hand(&f, product_tolerance_units, "T, causal, shared keys");
    setup_clear(&f.setup);
}

/* So few that cells are redrawn; the other ways are compared with this one in test_reads. */
Test(attention, few_reads_with_noise_equal_a_direct_computation)
{
    struct attention_fixture f;
    init_real(&f, 17, 20);
    attention_fixture_set(&f, "device.read_noise", "3 %");
    f.shape.n_queries_max = 4;
    attention_fixture_settle(&f, 0);
    assert_by_hand(&f, field_tolerance_units, "field per read");
    setup_clear(&f.setup);
    init(&f, 24, 20);
    attention_fixture_set(&f, "device.preset", "cmo-accept2");
    f.shape.n_heads = 2;
    f.shape.n_queries_max = 2;
    attention_fixture_settle(&f, 0);
    assert_by_hand(&f, product_tolerance_units, "no wires");
    setup_clear(&f.setup);
}

Test(attention, each_resistance_counts_alone)
{
    const char *const keys[] = {"array.r_word_line", "array.r_bit_line", "array.r_driver", "array.r_sense"};
    for (int i = 0; i < 5; i++) {
        struct attention_fixture f;
        init(&f, 12, 10);
        attention_fixture_set(&f, keys[i % 4], "50 ohm");
        if (i == 4)
            f.array.r_bit_line_ohm = (double)NAN; /* as the word lines */
        attention_fixture_settle(&f, 0);
        assert_by_hand(&f, field_tolerance_units, i < 4 ? keys[i] : "both wires");
        setup_clear(&f.setup);
    }
}

/* The same keys and queries, all reads in one job (T) or one query per job (field); and vanishing wires. */
Test(attention, the_ways_to_a_signal_agree)
{
    static struct codes codes;
    struct attention_fixture f;
    init_real(&f, 24, 30);
    attention_fixture_settle(&f, 0);
    draw_codes(2, &codes);
    struct bank_job job = job_of(&f, &codes);
    read_bank(&f, &job, bank_signals);
    for (size_t i = 0; i < 30; i++) {
        struct bank_job one = job;
        one.n_queries = 1;
        one.query_msb = codes.query + i * 24;
        read_bank(&f, &one, hand_signals + i * 30);
    }
    cr_assert_lt(largest_difference(&job, bank_signals, hand_signals), field_tolerance_units);
    f.setup.network.r_word_line_ohm = f.setup.network.r_bit_line_ohm = 1e-9;
    f.setup.network.r_driver_ohm = f.setup.network.r_sense_ohm = 0;
    read_bank(&f, &job, bank_signals);
    f.setup.network.r_word_line_ohm = f.setup.network.r_bit_line_ohm = 0;
    read_bank(&f, &job, hand_signals);
    cr_assert_lt(largest_difference(&job, bank_signals, hand_signals), 1e-6);
    setup_clear(&f.setup);
}

/* Arrays do not change between the samples of one trial, but what is written on them does. */
Test(attention, trials_and_writes_change_signals_and_nothing_else_does)
{
    static struct codes codes;
    struct attention_fixture f;
    init_real(&f, 12, 10);
    attention_fixture_settle(&f, 0);
    draw_codes(3, &codes);
    struct bank_job job = job_of(&f, &codes), later = job, other = job;
    later.write++;
    other.trial++;
    read_bank(&f, &job, bank_signals);
    read_bank(&f, &job, hand_signals);
    cr_assert_eq(largest_difference(&job, bank_signals, hand_signals), 0.0);
    read_bank(&f, &later, hand_signals);
    cr_assert_gt(largest_difference(&job, bank_signals, hand_signals), 0.1);
    read_bank(&f, &other, hand_signals);
    cr_assert_gt(largest_difference(&job, bank_signals, hand_signals), 0.1);
    setup_clear(&f.setup);
}

/* The error of the comparator of key j on read `read`, from the keyed draws; 15 keys per array, two stacks.
 */
static double comparator_error(const struct attention_fixture *f, uint32_t trial, uint32_t sample, size_t j,
                               uint32_t read)
{
    double offsets[15], noise[15];
    uint32_t array = (uint32_t)(j / 15 * 2);
    struct random_key offset_key = {
        .seed = f->seed, .purpose = RANDOM_OFFSET, .trial = trial, .array = array};
    struct random_key noise_key = {.seed = f->seed,
                                   .purpose = RANDOM_DECISION,
                                   .trial = trial,
                                   .array = array,
                                   .write = sample,
                                   .draw = read};
    random_normals(&offset_key, 15, offsets);
    random_normals(&noise_key, 15, noise);
    return (f->comparator.offset.value * offsets[j % 15] + f->comparator.noise.value * noise[j % 15]) /
           f->setup.mapping.unit_amperes;
}

/* Two heads share the keys: read = 2 query + head. */
Test(attention, comparators_err_by_their_own_offset_and_noise)
{
    static struct words words;
    struct attention_fixture f, ideal;
    struct keep keep = {.margins = true}, ideal_keep = {.margins = true};
    init(&f, 24, N_MAX);
    f.shape.n_heads = 2;
    ideal = f;
    attention_fixture_set(&f, "comparator.offset", "2 uA");
    attention_fixture_set(&f, "comparator.noise", "1 uA");
    attention_fixture_settle(&f, 0);
    attention_fixture_settle(&ideal, 0);
    draw_words(400, &words);
    run(&f, QUERY_ANALOG, 0, 0, &words, &keep);
    run(&ideal, QUERY_ANALOG, 0, 0, &words, &ideal_keep);
    cr_assert_eq(keep.n_pairs, 2 * N_MAX * N_MAX);
    for (size_t p = 0; p < keep.n_pairs; p++) {
        const struct keep_pair *pair = &keep.pairs[p], *exact = &ideal_keep.pairs[p];
        double unit = setup_analog_unit(&f.setup, 0, pair->head);
        double error = (exact->analog_score - pair->analog_score) / unit;
        double expected =
            comparator_error(&f, 2, 5, (size_t)pair->key, (uint32_t)(2 * pair->query + pair->head));
        cr_assert_float_eq(error, expected, 1e-8, "query %d, head %d, key %d", pair->query, pair->head,
                           pair->key);
    }
    keep_clear(&keep);
    keep_clear(&ideal_keep);
    setup_clear(&f.setup);
    setup_clear(&ideal.setup);
}
