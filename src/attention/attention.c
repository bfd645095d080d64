#include "attention/attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernel.h"
#include "base/memory.h"
#include "base/require.h"
#include "score/policy_cascade.h"
#include "tensor/code.h"

struct attention {
    const struct attention_setup *setup;
    enum query_mode mode;
    struct bank *bank;
    struct comparators *comparators;
    struct query_scratch scratch;
    struct attention_counts *counts; /* [n_layers][n_heads] */
    struct delays delays;
    struct keep *keep;
    struct costing *costing; /* NULL: nothing is costed */
    attention_watch *watch;
    void *watch_context;
    uint32_t trial, sample;
    size_t n_heads_per_kv;
    int16_t *query_codes, *query_msb;           /* [n_heads_per_kv][n_queries_max][d] */
    int16_t *key_codes, *key_msb, *value_codes; /* [n_keys_max][d] */
    int64_t *exact_sums;                        /* [n_keys_max] */
    double *signal_units, *minus_units; /* [n_queries_max * n_heads_per_kv][n_keys_max]; minus: or NULL */
    double *source_ohm;                 /* [n_keys_max], or NULL */
    double *reference_ratio;            /* [n_keys_max], or NULL */
    double *array_joules;               /* [n_queries_max * n_heads_per_kv], or NULL */
};

static enum rs_status allocate(struct attention *attention, struct rs_error *err)
{
    const struct attention_shape *shape = &attention->setup->shape;
    size_t n_heads = attention->n_heads_per_kv, d = shape->d, n_keys = shape->n_keys_max;
    size_t n_reads = attention->mode == QUERY_ANALOG ? shape->n_queries_max * n_heads : 0;
    bool lines = comparator_needs_lines(&attention->setup->comparator);
    bool sources = attention->setup->comparator.kickback_units_per_ohm != 0;
    bool loads = attention->setup->comparator.reference_loads;
    struct block {
        void **memory;
        size_t count, size;
    } blocks[] = {
        {(void **)&attention->counts, (size_t)shape->n_layers * (size_t)shape->n_heads,
         sizeof *attention->counts},
        {(void **)&attention->query_codes, n_heads * shape->n_queries_max * d, sizeof(int16_t)},
        {(void **)&attention->query_msb, n_heads * shape->n_queries_max * d, sizeof(int16_t)},
        {(void **)&attention->key_codes, n_keys * d, sizeof(int16_t)},
        {(void **)&attention->key_msb, n_keys * d, sizeof(int16_t)},
        {(void **)&attention->value_codes, n_keys * d, sizeof(int16_t)},
        {(void **)&attention->exact_sums, n_keys, sizeof(int64_t)},
        {(void **)&attention->signal_units, n_reads * n_keys, sizeof(double)},
        {(void **)&attention->minus_units, lines ? n_reads * n_keys : 0, sizeof(double)},
        {(void **)&attention->source_ohm, sources ? n_keys : 0, sizeof(double)},
        {(void **)&attention->reference_ratio, loads ? n_keys : 0, sizeof(double)},
        {(void **)&attention->array_joules, attention->setup->solves_energy ? n_reads : 0, sizeof(double)},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if ((*blocks[i].memory = memory_allocate(blocks[i].count, blocks[i].size, err)) == NULL)
            return RS_INTERNAL;
    return RS_OK;
}

/* What the policy remembers; passes that prune nothing have none. */
static enum rs_status create_cascade(struct attention *attention, struct rs_error *err)
{
    const struct attention_setup *setup = attention->setup;
    const struct attention_shape *shape = &setup->shape;
    const struct policy_cascade_shape own = {.n_layers = shape->n_layers,
                                             .n_heads = shape->n_heads,
                                             .n_keys_max = shape->n_keys_max,
                                             .n_queries_max = shape->n_queries_max,
                                             .causal = shape->causal,
                                             .self = shape->n_queries_max == shape->n_keys_max};
    if (!setup->policy->cascades || attention->mode == QUERY_QUANTISED)
        return RS_OK;
    return policy_cascade_create(&setup->prune, &own, kernel_chosen(), &attention->scratch.room.cascade, err);
}

enum rs_status attention_create(const struct attention_setup *setup, enum query_mode mode,
                                struct attention **out, struct rs_error *err)
{
    struct attention *attention = memory_allocate(1, sizeof *attention, err);
    *out = NULL;
    if (attention == NULL)
        return RS_INTERNAL;
    attention->setup = setup;
    attention->mode = mode;
    attention->n_heads_per_kv = (size_t)(setup->shape.n_heads / setup->shape.n_kv_heads);
    enum rs_status status = allocate(attention, err);
    if (status == RS_OK)
        status = query_scratch_create(setup, &attention->scratch, err);
    if (status == RS_OK)
        status = create_cascade(attention, err);
    if (status == RS_OK && mode == QUERY_ANALOG)
        status = bank_create(setup, &attention->bank, err);
    if (status == RS_OK && mode == QUERY_ANALOG)
        status = comparators_create(setup, &attention->comparators, err);
    if (status == RS_OK && mode == QUERY_ANALOG)
        status = costing_create(setup, &attention->costing, err);
    if (status != RS_OK)
        attention_destroy(attention);
    else
        *out = attention;
    return status;
}

void attention_destroy(struct attention *attention)
{
    if (attention == NULL)
        return;
    bank_destroy(attention->bank);
    comparators_destroy(attention->comparators);
    costing_destroy(attention->costing);
    query_scratch_clear(&attention->scratch);
    free(attention->counts);
    free(attention->query_codes);
    free(attention->query_msb);
    free(attention->key_codes);
    free(attention->key_msb);
    free(attention->value_codes);
    free(attention->exact_sums);
    free(attention->signal_units);
    free(attention->minus_units);
    free(attention->source_ohm);
    free(attention->reference_ratio);
    free(attention->array_joules);
    free(attention);
}

void attention_start(struct attention *attention, uint32_t trial, struct keep *keep_borrow)
{
    const struct attention_shape *shape = &attention->setup->shape;
    memset(attention->counts, 0,
           (size_t)shape->n_layers * (size_t)shape->n_heads * sizeof *attention->counts);
    attention->delays = (struct delays){0};
    attention->trial = trial;
    attention->keep = keep_borrow;
    if (attention->bank != NULL)
        bank_reset(attention->bank);
    if (attention->costing != NULL)
        costing_reset(attention->costing);
}

void attention_set_sample(struct attention *attention, uint32_t sample)
{
    attention->sample = sample;
    if (attention->scratch.room.cascade != NULL)
        policy_cascade_reset(attention->scratch.room.cascade);
}

void attention_set_watch(struct attention *attention, attention_watch *watch, void *context)
{
    attention->watch = watch;
    attention->watch_context = context;
}

const struct attention_counts *attention_get_counts(const struct attention *attention)
{
    return attention->counts;
}

const struct delays *attention_get_delays(const struct attention *attention)
{
    return &attention->delays;
}

struct bank_certificate attention_certificate(const struct attention *attention)
{
    return attention->bank != NULL ? bank_certificate(attention->bank) : (struct bank_certificate){0};
}

struct writes_counts attention_writes(const struct attention *attention)
{
    return attention->bank != NULL ? bank_writes(attention->bank) : (struct writes_counts){0};
}

struct costing *attention_costing(struct attention *attention)
{
    return attention->costing;
}

static void take_msb(const struct attention *attention, const int16_t *codes, size_t n, int msb_bits,
                     int16_t *msb)
{
    const struct encoding_options *encoding = &attention->setup->encoding;
    code_take_msb(codes, n, (int)encoding->bits, msb_bits, encoding->msb == ENCODING_TRUNCATE, msb);
}

/* Codes of the call's q, k and v, and what of them was clamped. */
static void encode(struct attention *attention, const struct attention_call *call)
{
    const struct attention_setup *setup = attention->setup;
    int bits = (int)setup->encoding.bits, n_heads = call->n_query_heads;
    size_t kv = setup_kv_head(setup, call->layer, call->kv_head), n_kv = call->n_keys * call->d;
    size_t n_q = call->n_queries * call->d;
    struct attention_counts *counts =
        &attention->counts[setup_head(setup, call->layer, call->kv_head * n_heads)];
    size_t n_clamped =
        code_quantise(call->k, n_kv, code_step(setup->ranges.key[kv], bits), bits, attention->key_codes);
    n_clamped +=
        code_quantise(call->v, n_kv, code_step(setup->ranges.value[kv], bits), bits, attention->value_codes);
    for (int h = 0; h < n_heads; h++) {
        double range = setup->ranges.query[setup_head(setup, call->layer, call->kv_head * n_heads + h)];
        n_clamped += code_quantise(call->q + (size_t)h * n_q, n_q, code_step(range, bits), bits,
                                   attention->query_codes + (size_t)h * n_q);
    }
    counts->n_clamped += (int64_t)n_clamped;
    counts->n_values += (int64_t)(2 * n_kv + (size_t)n_heads * n_q);
    take_msb(attention, attention->key_codes, n_kv, (int)setup->encoding.analog_bits, attention->key_msb);
    take_msb(attention, attention->query_codes, (size_t)n_heads * n_q, (int)setup->encoding.query_bits,
             attention->query_msb);
}

static enum rs_status read_arrays(struct attention *attention, const struct attention_call *call,
                                  struct rs_error *err)
{
    const struct attention_setup *setup = attention->setup;
    struct bank_job job = {
        .trial = attention->trial,
        .write = attention->sample,
        .layer = call->layer,
        .kv_head = call->kv_head,
        .n_keys = call->n_keys,
        .n_queries = call->n_queries,
        .n_query_heads = (size_t)call->n_query_heads,
        .causal = call->causal,
        .key_msb = attention->key_msb,
        .query_msb = attention->query_msb,
    };
    const struct bank_answer answer = {
        .signal_units = attention->signal_units,
        .minus_units = comparator_needs_lines(&setup->comparator) ? attention->minus_units : NULL,
        .source_ohm = setup->comparator.kickback_units_per_ohm != 0 ? attention->source_ohm : NULL,
        .reference_ratio = setup->comparator.reference_loads ? attention->reference_ratio : NULL,
        .array_joules = setup->solves_energy ? attention->array_joules : NULL,
    };
    enum rs_status status = bank_read(attention->bank, &job, &answer, attention->keep, err);
    comparators_begin(attention->comparators, attention->trial, call->layer, call->kv_head, call->n_keys,
                      answer.source_ohm, answer.reference_ratio);
    return status;
}

static enum rs_status save_margins(struct attention *attention, const struct query *query, size_t i_query,
                                   struct rs_error *err)
{
    const struct attention_setup *setup = attention->setup;
    double exact_unit = setup_exact_unit(setup, query->layer, query->head);
    double analog_unit = setup_analog_unit(setup, query->layer, query->head);
    bool reads = setup->policy->input == POLICY_INPUT_READOUT;
    double threshold = setup->policy->has_threshold
                           ? setup->thresholds[setup_head(setup, query->layer, query->head)]
                           : (double)NAN;
    for (size_t j = 0; j < query->n_keys; j++) {
        struct keep_pair pair = {
            .exact_score = exact_unit * (double)query->exact_sums[j],
            .analog_score =
                reads ? attention->scratch.read_scores[j] : analog_unit * query->comparator_units[j],
            .threshold = threshold,
            .decision = attention->scratch.kept[j],
            .sample = (int32_t)attention->sample,
            .layer = query->layer,
            .head = query->head,
            .query = (int32_t)i_query,
            .key = (int32_t)j,
        };
        enum rs_status status = keep_add_pair(attention->keep, &pair, err);
        if (status != RS_OK)
            return status;
    }
    return RS_OK;
}

static enum rs_status run_query(struct attention *attention, const struct attention_call *call, size_t i,
                                int h, struct rs_error *err)
{
    const struct attention_setup *setup = attention->setup;
    size_t d = call->d, at = (size_t)h * call->n_queries + i,
           read = i * (size_t)call->n_query_heads + (size_t)h;
    bool analog = attention->mode == QUERY_ANALOG;
    struct query query = {
        .layer = call->layer,
        .head = call->kv_head * call->n_query_heads + h,
        .n_keys = call->causal ? i + 1 : call->n_keys,
        .self = i,
        .query_codes = attention->query_codes + at * d,
        .key_codes = attention->key_codes,
        .value_codes = attention->value_codes,
        .exact_sums = attention->exact_sums,
        .signal_units = analog ? attention->signal_units + read * call->n_keys : NULL,
        .key = {.seed = setup->seed,
                .trial = attention->trial,
                .write = attention->sample,
                .draw = (uint32_t)read,
                .array = setup_array_number(setup, call->layer, call->kv_head, 0, 0)},
    };
    code_products(query.query_codes, attention->key_codes, query.n_keys, d, (int)setup->encoding.bits,
                  attention->exact_sums);
    if (attention->watch != NULL) {
        enum rs_status status = attention->watch(attention->watch_context, query.layer, query.head,
                                                 query.n_keys, attention->exact_sums, err);
        if (status != RS_OK)
            return status;
    }
    struct attention_counts *counts = &attention->counts[setup_head(setup, query.layer, query.head)];
    if (analog && setup->policy->input != POLICY_INPUT_READOUT)
        comparators_compare(
            attention->comparators,
            comparator_needs_lines(&setup->comparator) ? attention->minus_units + read * call->n_keys : NULL,
            &query, counts, &attention->delays);
    query_run(setup, attention->mode, &query, &attention->scratch, call->output + at * d, counts);
    if (attention->costing != NULL)
        costing_note(attention->costing, i, (size_t)h, &query, &attention->scratch,
                     setup->solves_energy ? attention->array_joules[read] : (double)NAN);
    if (attention->keep != NULL && attention->keep->margins)
        return save_margins(attention, &query, i, err);
    return RS_OK;
}

static enum rs_status take_costs(struct attention *attention, const struct attention_call *call,
                                 struct rs_error *err)
{
    const struct costing_call own = {.sample = attention->sample,
                                     .layer = (size_t)call->layer,
                                     .kv_head = (size_t)call->kv_head,
                                     .n_query_heads = (size_t)call->n_query_heads,
                                     .n_queries = call->n_queries,
                                     .n_keys = call->n_keys,
                                     .causal = call->causal};
    return costing_take(attention->costing, &own, err);
}

enum rs_status attention_run(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct attention *attention = context;
    rs_require(call->n_keys <= attention->setup->shape.n_keys_max &&
                   call->n_queries <= attention->setup->shape.n_queries_max &&
                   call->d == attention->setup->shape.d,
               "the call is larger than the workload's shape");
    encode(attention, call);
    if (attention->scratch.room.cascade != NULL)
        policy_cascade_begin(attention->scratch.room.cascade, call->layer, call->n_queries, call->n_keys);
    query_set_keys(attention->setup, attention->mode, call->n_keys, attention->key_codes,
                   &attention->scratch);
    if (attention->mode == QUERY_ANALOG) {
        enum rs_status status = read_arrays(attention, call, err);
        if (status != RS_OK)
            return status;
    }
    for (size_t i = 0; i < call->n_queries; i++)
        for (int h = 0; h < call->n_query_heads; h++) {
            enum rs_status status = run_query(attention, call, i, h, err);
            if (status != RS_OK)
                return status;
        }
    return attention->costing != NULL ? take_costs(attention, call, err) : RS_OK;
}
