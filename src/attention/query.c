#include "attention/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/recall.h"
#include "base/clones.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "numeric/lanes.h"
#include "numeric/softmax.h"
#include "score/policy_cascade.h"
#include "tensor/code.h"

/* Signals nearer than this are ties: rounding of the circuit solution, far below any physical difference. */
static const double tie_units = 1e-9;

enum rs_status query_scratch_create(const struct attention_setup *setup, struct query_scratch *out,
                                    struct rs_error *err)
{
    size_t n = setup->shape.n_keys_max, d = setup->shape.d;
    const struct bit_serial_shape serial = {d, setup->recompute_bits - 1,
                                            (int)setup->recompute.bits_per_cycle};
    *out = (struct query_scratch){
        .exact_keep = memory_allocate(n, sizeof(bool), err),
        .kept = memory_allocate(n, sizeof(bool), err),
        .fetched = memory_allocate(n, sizeof(bool), err),
        .final = memory_allocate(n, sizeof(bool), err),
        .value = memory_allocate(n, sizeof(bool), err),
        .uncertain = memory_allocate(n, sizeof(bool), err),
        .weights = memory_allocate(RECALL_ROOM(n), sizeof(double), err),
        .scores = memory_allocate(n, sizeof(double), err),
        .values_units = memory_allocate(n, sizeof(double), err),
        .read_scores = memory_allocate(n, sizeof(double), err),
        .output = memory_allocate(d, sizeof(double), err),
        .exact_output = memory_allocate(d, sizeof(double), err),
        .reduced = memory_allocate(n * d, sizeof(int16_t), err),
        .serial_results = memory_allocate(n, sizeof(struct bit_serial_result), err),
        .sums = memory_allocate(n, sizeof(int64_t), err),
        .chosen = memory_allocate(n, sizeof(uint32_t), err),
    };
    if (out->exact_keep && out->kept && out->fetched && out->final && out->value && out->uncertain &&
        out->weights && out->scores && out->values_units && out->read_scores && out->output &&
        out->exact_output && out->reduced && out->serial_results && out->sums && out->chosen &&
        bit_serial_keys_create(n, &serial, kernel_chosen(), &out->serial_keys, err) == RS_OK &&
        policy_room_create(setup->policy, n, d, kernel_chosen(), &out->room, err) == RS_OK)
        return RS_OK;
    query_scratch_clear(out);
    return RS_INTERNAL;
}

void query_scratch_clear(struct query_scratch *scratch)
{
    free(scratch->exact_keep);
    free(scratch->kept);
    free(scratch->fetched);
    free(scratch->final);
    free(scratch->value);
    free(scratch->uncertain);
    free(scratch->weights);
    free(scratch->scores);
    free(scratch->values_units);
    free(scratch->read_scores);
    free(scratch->output);
    free(scratch->exact_output);
    free(scratch->reduced);
    free(scratch->serial_results);
    free(scratch->sums);
    free(scratch->chosen);
    bit_serial_keys_destroy(scratch->serial_keys);
    policy_room_clear(&scratch->room);
    *scratch = (struct query_scratch){0};
}

double query_reference(const struct attention_setup *setup, int layer, int head)
{
    double threshold = setup->thresholds[setup_head(setup, layer, head)] - setup->prune.margin;
    return (double)code_threshold(threshold, setup_analog_unit(setup, layer, head)) - 0.5;
}

void query_references(const struct attention_setup *setup, int layer, int head, double references[2])
{
    double threshold = setup->thresholds[setup_head(setup, layer, head)] - setup->prune.margin;
    double unit = setup_analog_unit(setup, layer, head);
    bool pair = setup->policy->input == POLICY_INPUT_COMPARATORS;
    double band = pair ? setup->prune.band : 0;
    references[0] = (double)code_threshold(threshold - band, unit) - 0.5;
    references[1] = (double)code_threshold(threshold + band, unit) - 0.5;
}

/* The first of those that tie with the largest. */
static size_t largest(const double *values, size_t n, double tie)
{
    double top = softmax_largest(n, values);
    size_t best = 0;
    while (values[best] < top - tie)
        best++;
    return best;
}

CLONES
static size_t count(const bool *flags, size_t n_flags)
{
    int n_set = 0, n = (int)n_flags;
    for (int j = 0; j < n; j++)
        n_set += flags[j];
    return (size_t)n_set;
}

/* output [d] = weights values, of keys in a list. */
CLONES
static void weigh_values(size_t n, const uint32_t *keys, const double *weights, size_t d,
                         const int16_t *values, double value_step, double *output)
{
    size_t i = 0;
    for (; i + LANES <= d; i += LANES) {
        lanes_f64 sum = {0};
        for (size_t k = 0; k < n; k++) {
            lanes_i16 codes;
            memcpy(&codes, values + keys[k] * d + i, sizeof codes);
            sum += weights[k] * LANES_OF_CODES(codes);
        }
        sum *= value_step;
        memcpy(output + i, &sum, sizeof sum);
    }
    for (; i < d; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            sum += weights[k] * values[keys[k] * d + i];
        output[i] = sum * value_step;
    }
}

/*
 * output [d] = s_v sum_j weight_j value_j, weights: the softmax of the chosen scores; 0 where none is. Keys
 * whose value is not used have their weight, and nobody else gets it.
 */
static void attend(const struct query *query, size_t d, double value_step, const bool *chosen,
                   const bool *used, struct query_scratch *scratch, double *output)
{
    size_t n = 0;
    for (size_t j = 0; j < query->n_keys; j++) {
        scratch->chosen[n] = (uint32_t)j;
        scratch->weights[n] = scratch->scores[j];
        n += chosen[j];
    }
    if (n > 0)
        softmax_probabilities(n, scratch->weights);
    for (size_t k = 0; k < n; k++)
        scratch->weights[k] = used[scratch->chosen[k]] ? scratch->weights[k] : 0;
    weigh_values(n, scratch->chosen, scratch->weights, d, query->value_codes, value_step, output);
}

/* What a query that keeps nothing attends to; `ranking` [n_keys] picks the best, of ties the lowest index. */
static void fill_empty(const struct attention_setup *setup, const struct query *query, const double *ranking,
                       double tie, bool *chosen)
{
    switch (setup->prune.empty) {
    case PRUNE_EMPTY_BEST:
        chosen[largest(ranking, query->n_keys, tie)] = true;
        break;
    case PRUNE_EMPTY_SELF:
        chosen[query->self] = true;
        break;
    case PRUNE_EMPTY_ALL:
        memset(chosen, 1, query->n_keys * sizeof *chosen);
        break;
    default:
        break;
    }
}

/* The recompute_bits most significant bits of n codes: themselves, or in `reduced`. */
static const int16_t *reduce(const struct attention_setup *setup, const int16_t *codes, size_t n,
                             int16_t *reduced)
{
    int bits = (int)setup->encoding.bits;
    if (setup->recompute_bits == bits)
        return codes;
    for (size_t i = 0; i < n; i++)
        reduced[i] = (int16_t)code_msb(codes[i], bits, setup->recompute_bits, false);
    return reduced;
}

void query_set_keys(const struct attention_setup *setup, enum query_mode mode, size_t n_keys,
                    const int16_t *key_codes, struct query_scratch *scratch)
{
    if (mode != QUERY_QUANTISED)
        policy_set_keys(&scratch->room, n_keys, key_codes);
    if (mode == QUERY_ANALOG && (setup->recompute.enabled || setup->policy->is_exact || setup->counts_bits))
        bit_serial_keys_load(scratch->serial_keys, n_keys,
                             reduce(setup, key_codes, n_keys * setup->shape.d, scratch->reduced));
}

/* serial_results of the keys that the digital unit takes: those that surely stay unless the rethreshold drops
 * them, and uncertain ones, which always may end early. */
static void take_serial(const struct attention_setup *setup, const struct query *query,
                        struct bit_serial_stop stop, bool whole, struct query_scratch *scratch)
{
    const int16_t *codes = reduce(setup, query->query_codes, setup->shape.d, scratch->reduced);
    bool ends = setup->recompute.early_termination && whole;
    stop.drops = ends && setup->rethreshold;
    if (!whole || setup->rethreshold || !ends) {
        /* Sums of fewer bits are known to nobody else, and an empty query may ask for any. */
        bit_serial_batch(scratch->serial_keys, codes, query->n_keys, whole ? scratch->fetched : NULL, &stop,
                         scratch->serial_results);
        return;
    }
    bit_serial_batch(scratch->serial_keys, codes, query->n_keys, scratch->kept, &stop,
                     scratch->serial_results);
    stop.drops = true;
    bit_serial_batch(scratch->serial_keys, codes, query->n_keys, scratch->uncertain, &stop,
                     scratch->serial_results);
}

/* Sum of key j without the LSBs that progressive quantisation did not fetch; they count as 0. */
static int64_t sum_msb(const struct attention_setup *setup, const struct query *query, size_t j)
{
    int bits = (int)setup->encoding.bits, lsb_bits = (int)setup->prune.progressive_lsb_bits;
    const int16_t *key = query->key_codes + j * setup->shape.d;
    int64_t sum = 0;
    for (size_t i = 0; i < setup->shape.d; i++)
        sum += (int64_t)query->query_codes[i] * code_msb(key[i], bits, bits - lsb_bits, true);
    return sum * (INT64_C(1) << lsb_bits);
}

/* Scores of whole sums; of the uncertain, those at the threshold stay; of the kept, those at `least`. */
CLONES
static void settle(size_t n, const int64_t *sums, double unit, int64_t least, int64_t threshold,
                   struct query_scratch *scratch)
{
    bool *kept = scratch->kept, *final = scratch->final;
    const bool *uncertain = scratch->uncertain;
    size_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        lanes_i64 sum;
        lanes_i8 keeps, asked;
        memcpy(&sum, sums + j, sizeof sum);
        memcpy(&keeps, kept + j, sizeof keeps);
        memcpy(&asked, uncertain + j, sizeof asked);
        lanes_f64 score = unit * __builtin_convertvector(sum, lanes_f64);
        keeps |= asked & __builtin_convertvector(sum >= threshold, lanes_i8);
        lanes_i8 stays = keeps & __builtin_convertvector(sum >= least, lanes_i8);
        memcpy(scratch->scores + j, &score, sizeof score);
        memcpy(kept + j, &keeps, sizeof keeps);
        memcpy(final + j, &stays, sizeof stays);
    }
    for (; j < n; j++) {
        scratch->scores[j] = unit * (double)sums[j];
        kept[j] = kept[j] | (uncertain[j] & (sums[j] >= threshold));
        final[j] = kept[j] & (sums[j] >= least);
    }
}

static void count_recomputed(size_t n, int most_bits, const struct query_scratch *scratch,
                             struct attention_counts *counts)
{
    int64_t n_recomputed = 0, n_all = 0;
    for (size_t j = 0; j < n; j++) {
        int n_bits = scratch->serial_results[j].n_bits, mask = -(int)scratch->fetched[j];
        n_recomputed -= mask;
        n_all += (n_bits < most_bits ? n_bits : most_bits) & mask;
    }
    counts->n_recomputed += n_recomputed;
    counts->n_recompute_bits += n_all;
}

/*
 * Scores of fetched keys from the digital unit, its decision of uncertain ones, and which of the kept stay.
 * The bit-serial unit's early termination can only drop what the rethreshold drops anyway.
 */
static void recompute(const struct attention_setup *setup, const struct query *query, double unit,
                      double threshold, struct query_scratch *scratch, struct attention_counts *counts)
{
    int bits = (int)setup->encoding.bits;
    bool whole = setup->recompute_bits == bits, msb = scratch->work.precision == POLICY_PRECISION_MSB;
    int most_bits = bits - 1 - (msb ? (int)setup->prune.progressive_lsb_bits : 0);
    double own_unit = ldexp(unit, 2 * (bits - setup->recompute_bits));
    struct bit_serial_stop stop = {.threshold = code_threshold(threshold, own_unit)};
    take_serial(setup, query, stop, whole, scratch);
    if (msb || !whole)
        for (size_t j = 0; j < query->n_keys; j++)
            scratch->sums[j] = msb ? sum_msb(setup, query, j) : scratch->serial_results[j].sum;
    settle(query->n_keys, msb || !whole ? scratch->sums : query->exact_sums, own_unit,
           setup->rethreshold ? stop.threshold : INT64_MIN, stop.threshold, scratch);
    count_recomputed(query->n_keys, most_bits, scratch, counts);
}

void query_count_bits(const struct attention_setup *setup, const struct query *query,
                      struct query_scratch *scratch, uint8_t *bits)
{
    size_t at = setup_head(setup, query->layer, query->head);
    double unit = setup_exact_unit(setup, query->layer, query->head);
    double own_unit = ldexp(unit, 2 * ((int)setup->encoding.bits - setup->recompute_bits));
    struct bit_serial_stop stop = {.drops = setup->recompute.early_termination};
    if (isnan(setup->thresholds[at])) /* the policy has none */
        stop.drops = false;
    else
        stop.threshold = code_threshold(setup->thresholds[at], own_unit);
    bit_serial_batch(scratch->serial_keys,
                     reduce(setup, query->query_codes, setup->shape.d, scratch->reduced), query->n_keys, NULL,
                     &stop, scratch->serial_results);
    for (size_t j = 0; j < query->n_keys; j++)
        bits[j] = scratch->serial_results[j].n_bits;
}

/* values_units of all keys; each is drawn and rounded for itself, whatever of them is wanted. */
static void convert(const struct attention_setup *setup, const struct query *query,
                    struct query_scratch *scratch)
{
    readout_convert(&setup->readout, &query->key, query->n_keys, query->signal_units, scratch->values_units);
}

/* Read-out scores of kept keys enter the softmax; those that the policy has not read yet are charged. */
static void use_readout(const struct attention_setup *setup, const struct query *query,
                        struct query_scratch *scratch)
{
    double unit = setup_analog_unit(setup, query->layer, query->head);
    if (setup->policy->input != POLICY_INPUT_READOUT) {
        convert(setup, query, scratch);
        scratch->work.n_readouts += count(scratch->kept, query->n_keys);
    }
    for (size_t j = 0; j < query->n_keys; j++)
        scratch->scores[j] = unit * scratch->values_units[j];
    memcpy(scratch->final, scratch->kept, query->n_keys * sizeof(bool));
}

/* An empty query's keys; the largest signal is found by reading all that have not been read. */
static void fill_analog(const struct attention_setup *setup, const struct query *query,
                        struct query_scratch *scratch)
{
    if (setup->prune.empty == PRUNE_EMPTY_BEST) {
        if (setup->policy->input != POLICY_INPUT_READOUT)
            convert(setup, query, scratch);
        scratch->work.n_readouts = query->n_keys;
    }
    fill_empty(setup, query, scratch->values_units, tie_units, scratch->final);
    if (!setup->recompute.enabled && scratch->work.n_readouts < query->n_keys)
        scratch->work.n_readouts += count(scratch->final, query->n_keys);
}

CLONES
static void count_decisions(const struct query *query, const struct query_scratch *scratch,
                            struct attention_counts *counts)
{
    const bool *exact = scratch->exact_keep, *kept = scratch->kept, *uncertain = scratch->uncertain,
               *final = scratch->final;
    int n_exact = 0, n_kept = 0, n_uncertain = 0, n_final = 0, n_both = 0, n = (int)query->n_keys;
    for (int j = 0; j < n; j++) {
        n_exact += exact[j];
        n_kept += kept[j];
        n_uncertain += uncertain[j];
        n_final += final[j];
        n_both += exact[j] & kept[j];
    }
    counts->n_queries++;
    counts->n_visible += n;
    counts->n_exact_keep += n_exact;
    counts->n_kept += n_kept;
    counts->n_uncertain += n_uncertain;
    counts->n_final += n_final;
    counts->n_false_prune += n_exact - n_both;
    counts->n_false_keep += n_kept - n_both;
}

/* The k largest exact scores, where the exact decision is not made by them alone. */
static const bool *exact_top(const struct attention_setup *setup, const struct query *query, size_t k,
                             struct query_scratch *scratch)
{
    const struct topk_unit unit = {TOPK_PARALLELISM, 0};
    if (!setup->policy->cascades)
        return scratch->exact_keep;
    topk_choose(scratch->room.topk, &unit, scratch->scores, query->n_keys, k, &query->key,
                scratch->room.flags);
    return scratch->room.flags;
}

/* The probability, among all visible keys, of those that are falsely pruned; of exact scores. */
static double lost_mass(size_t n, struct query_scratch *scratch)
{
    double sum = 0;
    size_t n_lost = 0;
    for (size_t j = 0; j < n; j++) {
        scratch->chosen[n_lost] = (uint32_t)j;
        n_lost += scratch->exact_keep[j] & !scratch->kept[j];
    }
    if (n_lost == 0)
        return 0;
    memcpy(scratch->weights, scratch->scores, n * sizeof(double));
    softmax_probabilities(n, scratch->weights);
    for (size_t k = 0; k < n_lost; k++)
        sum += scratch->weights[scratch->chosen[k]];
    return sum;
}

/* Compares with the exact decision on the same q and k: lost mass, recall, output error. Uses scores and
 * weights. */
static void compare(const struct attention_setup *setup, const struct query *query, double unit,
                    double value_step, struct query_scratch *scratch, struct attention_counts *counts)
{
    size_t n = query->n_keys, n_exact = count(scratch->exact_keep, n), d = setup->shape.d;
    for (size_t j = 0; j < n; j++)
        scratch->scores[j] = unit * (double)query->exact_sums[j];
    counts->lost_mass_sum += lost_mass(n, scratch);
    if (n_exact > 0) {
        counts->n_recall_queries++;
        counts->recall_sum +=
            recall_compute(n, query->signal_units, exact_top(setup, query, n_exact, scratch), n_exact,
                           tie_units, scratch->weights);
    } else if (!scratch->room.exact_pruned) {
        fill_empty(setup, query, scratch->scores, 0, scratch->exact_keep);
    }
    attend(query, d, value_step, scratch->exact_keep,
           n_exact > 0 ? scratch->room.exact_value : scratch->exact_keep, scratch, scratch->exact_output);
    double error = 0, size = 0;
    for (size_t i = 0; i < d; i++) {
        double difference = scratch->output[i] - scratch->exact_output[i];
        error += difference * difference;
        size += scratch->exact_output[i] * scratch->exact_output[i];
    }
    if (size > 0) {
        counts->n_output_queries++;
        counts->output_error_sum += sqrt(error / size);
    }
}

static void read_scores(const struct attention_setup *setup, const struct query *query, double unit,
                        struct query_scratch *scratch)
{
    convert(setup, query, scratch);
    for (size_t j = 0; j < query->n_keys; j++)
        scratch->read_scores[j] = unit * policy_snap(scratch->values_units[j]);
}

static void decide_analog(const struct attention_setup *setup, const struct query *query,
                          struct policy_query *view, struct query_scratch *scratch)
{
    struct policy_answer answer = {
        .keep = scratch->kept, .uncertain = scratch->uncertain, .value = scratch->value};
    double references[2];
    query_references(setup, query->layer, query->head, references);
    if (setup->policy->input == POLICY_INPUT_COMPARATORS)
        view->upper_reference_units = references[1];
    view->reference_units = references[0];
    view->comparator_units = query->comparator_units;
    view->ruled = query->ruled;
    view->upper_units = query->upper_units;
    view->upper_ruled = query->upper_ruled;
    if (setup->policy->input == POLICY_INPUT_READOUT) {
        read_scores(setup, query, view->analog_unit, scratch);
        view->read_scores = scratch->read_scores;
    }
    setup->policy->decide(view, &scratch->room, &answer);
    scratch->work = answer.work;
}

/*
 * Replaces the exact decision by as many keys at random, every set of them as likely as any other: key j is
 * kept with the chance that those still to be kept have among those still to come. An empty query that would
 * get its best key gets any.
 */
static void shuffle(const struct attention_setup *setup, const struct query *query,
                    struct query_scratch *scratch)
{
    struct random_key key = query->key;
    size_t n = query->n_keys, n_left = count(scratch->exact_keep, n);
    if (n_left == 0 && setup->prune.empty == PRUNE_EMPTY_BEST && !scratch->room.exact_pruned)
        n_left = 1;
    key.purpose = RANDOM_PRUNING;
    random_uniforms(&key, n, scratch->weights);
    for (size_t j = 0; j < n; j++) {
        scratch->exact_keep[j] = scratch->weights[j] * (double)(n - j) < (double)n_left;
        n_left -= scratch->exact_keep[j];
    }
    memset(scratch->room.exact_value, 1, n * sizeof(bool));
}

/* exact_keep, kept, uncertain, fetched, value, work. */
static void decide(const struct attention_setup *setup, enum query_mode mode, const struct query *query,
                   int64_t exact_threshold, double unit, struct query_scratch *scratch)
{
    size_t n = query->n_keys;
    struct policy_query view = {.n_keys = n,
                                .d = setup->shape.d,
                                .i_query = query->self,
                                .layer = query->layer,
                                .head = query->head,
                                .options = &setup->prune,
                                .query_codes = query->query_codes,
                                .key_codes = query->key_codes,
                                .exact_sums = query->exact_sums,
                                .exact_threshold = exact_threshold,
                                .exact_unit = unit,
                                .analog_unit = setup_analog_unit(setup, query->layer, query->head),
                                .key = &query->key};
    memset(scratch->uncertain, 0, n * sizeof(bool));
    memset(scratch->value, 1, n * sizeof(bool));
    memset(scratch->room.exact_value, 1, n * sizeof(bool));
    scratch->room.exact_pruned = false;
    scratch->work = (struct policy_work){0};
    if (mode == QUERY_QUANTISED)
        memset(scratch->exact_keep, 1, n * sizeof(bool));
    else
        setup->policy->decide_exact(&view, &scratch->room, scratch->exact_keep);
    if (mode == QUERY_RANDOM)
        shuffle(setup, query, scratch);
    if (mode == QUERY_ANALOG) {
        decide_analog(setup, query, &view, scratch);
    } else {
        memcpy(scratch->kept, scratch->exact_keep, n * sizeof(bool));
        memcpy(scratch->value, scratch->room.exact_value, n * sizeof(bool));
        scratch->work.query_pruned = scratch->room.exact_pruned;
    }
    for (size_t j = 0; j < n; j++)
        scratch->fetched[j] = scratch->kept[j] | scratch->uncertain[j];
}

/* Exact scores of what was kept. */
static void score_exactly(const struct query *query, double unit, struct query_scratch *scratch)
{
    for (size_t j = 0; j < query->n_keys; j++)
        scratch->scores[j] = unit * (double)query->exact_sums[j];
    memcpy(scratch->final, scratch->kept, query->n_keys * sizeof(bool));
}

void query_run(const struct attention_setup *setup, enum query_mode mode, const struct query *query,
               struct query_scratch *scratch, float *output, struct attention_counts *counts)
{
    int kv_head = query->head / (setup->shape.n_heads / setup->shape.n_kv_heads);
    double unit = setup_exact_unit(setup, query->layer, query->head);
    double threshold = setup->thresholds[setup_head(setup, query->layer, query->head)];
    double value_step = code_step(setup->ranges.value[setup_kv_head(setup, query->layer, kv_head)],
                                  (int)setup->encoding.bits);
    size_t n = query->n_keys;
    bool analog = mode == QUERY_ANALOG;
    decide(setup, mode, query, mode == QUERY_QUANTISED ? 0 : code_threshold(threshold, unit), unit, scratch);
    if (!analog)
        score_exactly(query, unit, scratch);
    else if (setup->recompute.enabled || setup->policy->is_exact)
        recompute(setup, query, unit, threshold, scratch, counts);
    else
        use_readout(setup, query, scratch);
    count_decisions(query, scratch, counts);
    bool computed = !scratch->work.query_pruned && !scratch->work.head_pruned;
    if (computed && count(scratch->final, n) == 0) {
        counts->n_empty++;
        if (analog && !setup->policy->is_exact)
            fill_analog(setup, query, scratch);
        else
            fill_empty(setup, query, scratch->scores, 0, scratch->final);
        for (size_t j = 0; j < n; j++)
            scratch->fetched[j] |= scratch->final[j];
        memset(scratch->value, 1, n * sizeof(bool));
    }
    for (size_t j = 0; j < n; j++)
        scratch->value[j] &= scratch->final[j];
    attend(query, setup->shape.d, value_step, scratch->final, scratch->value, scratch, scratch->output);
    for (size_t i = 0; i < setup->shape.d; i++)
        output[i] = (float)scratch->output[i];
    if (analog)
        compare(setup, query, unit, value_step, scratch, counts);
    if (scratch->room.cascade != NULL)
        policy_cascade_add_outputs(scratch->room.cascade, query->self, query->head, setup->shape.d,
                                   analog ? scratch->output : NULL,
                                   analog ? scratch->exact_output : scratch->output);
}
