/*
 * Decisions of the analog path, as `rescore run` makes them: a file of the sequence, a configuration, its
 * plan (thresholds from the exact scores) and the attention hook on it. The margins kept of each query are
 * taken up before the next one, so memory stays that of a run.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "experiment/plan.h"
#include "papers.h"

static const char file_name[] = "papers-sequence.h5";

static void check(enum rs_status status, const struct rs_error *err)
{
    if (status != RS_OK)
        fail(err);
}

static size_t n_heads(const struct decided *decided)
{
    return (size_t)decided->sequence.n_layers * (size_t)decided->sequence.n_heads;
}

static size_t n_visible(const struct decided *decided, size_t query)
{
    return decided->sequence.causal ? query + 1 : decided->sequence.n_tokens;
}

static size_t row_index(const struct decided *decided, size_t i_head, size_t query)
{
    return (i_head * decided->sequence.n_tokens + query) * decided->n_words;
}

const uint64_t *decided_row(const struct decided *decided, const uint64_t *sets, size_t i_head, size_t query)
{
    return sets + row_index(decided, i_head, query);
}

struct drain {
    struct decided *decided;
    struct keep keep;
};

static void take_margins(struct drain *drain)
{
    struct decided *decided = drain->decided;
    for (size_t i = 0; i < drain->keep.n_pairs; i++) {
        const struct keep_pair *pair = &drain->keep.pairs[i];
        size_t i_head = (size_t)(pair->layer * decided->sequence.n_heads + pair->head);
        size_t row = row_index(decided, i_head, (size_t)pair->query), key = (size_t)pair->key;
        bool exact = pair->exact_score >= pair->threshold;
        if (pair->decision)
            bits_set(decided->keep + row, key);
        if (exact)
            bits_set(decided->exact + row, key);
        if (pair->decision && exact)
            bits_set(decided->survive + row, key);
    }
    drain->keep.n_pairs = 0;
}

static enum rs_status watch(void *context, int layer, int head, size_t n_keys, const int64_t *exact_sums,
                            struct rs_error *err)
{
    (void)layer, (void)head, (void)n_keys, (void)exact_sums, (void)err;
    take_margins(context);
    return RS_OK;
}

static void run(const struct plan *plan, struct decided *decided)
{
    struct rs_error err;
    struct attention *attention = NULL;
    struct subject_worker *worker = NULL;
    struct drain drain = {.decided = decided, .keep = {.margins = true}};
    check(attention_create(&plan->points[0].setup, QUERY_ANALOG, &attention, &err), &err);
    check(subject_worker_create(plan->subject, &worker, &err), &err);
    attention_start(attention, 0, &drain.keep);
    attention_set_watch(attention, watch, &drain);
    attention_set_sample(attention, 0);
    check(subject_run(worker, SUBJECT_TEST, 0, attention_run, attention, NULL, &err), &err);
    take_margins(&drain);
    for (size_t i = 0; i < n_heads(decided); i++)
        counts_add(&decided->counts, &attention_get_counts(attention)[i]);
    keep_clear(&drain.keep);
    subject_worker_destroy(worker);
    attention_destroy(attention);
}

void decided_make(const struct sequence *sequence, const char *settings, struct decided *out)
{
    struct rs_error err;
    struct configuration *configuration = NULL;
    struct plan *plan = NULL;
    *out = (struct decided){.sequence = *sequence, .n_words = bits_words(sequence->n_tokens)};
    check(sequence_make(sequence, &out->qkv, &err), &err);
    check(qkv_write(&out->qkv, file_name, &err), &err);
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "workload: {kind: qkv, file: %s}\nprune: {keep_ratio: %.17g}\nmonte_carlo: {trials: 1}\ncost: "
             "{systems: none}\n%s",
             file_name, sequence->keep_ratio, settings);
    check(config_parse("papers.yaml", yaml, 0, NULL, &configuration, &err), &err);
    check(plan_create(configuration, 0, NULL, (struct head_saves){0}, false, 1, &plan, &err), &err);
    size_t n = row_index(out, n_heads(out), 0);
    out->keep = papers_room(n, sizeof *out->keep);
    out->exact = papers_room(n, sizeof *out->exact);
    out->survive = papers_room(n, sizeof *out->survive);
    run(plan, out);
    plan_destroy(plan);
    config_destroy(configuration);
    remove(file_name);
}

void decided_clear(struct decided *decided)
{
    qkv_clear(&decided->qkv);
    free(decided->keep);
    free(decided->exact);
    free(decided->survive);
    *decided = (struct decided){0};
}

struct decided_summary decided_summarise(const struct decided *decided, const uint64_t *sets)
{
    double n_seen = 0, n_kept = 0, n_shared = 0, n_pairs = 0;
    for (size_t i = 0; i < n_heads(decided); i++)
        for (size_t t = 1; t < decided->sequence.n_tokens; t++) {
            const uint64_t *row = decided_row(decided, sets, i, t), *before = row - decided->n_words;
            n_seen += (double)n_visible(decided, t);
            n_pairs += (double)n_visible(decided, t - 1);
            for (size_t w = 0; w < decided->n_words; w++) {
                n_kept += (double)bits_count(row[w]);
                n_shared += (double)bits_count(row[w] & before[w]);
            }
        }
    return (struct decided_summary){n_kept / n_seen, n_shared / n_kept, (n_kept - n_shared) / n_pairs};
}

struct cost_answer decided_cost(const struct decided *decided, bool exact, const char *system,
                                size_t n_padded, const struct cost_options *options)
{
    const struct sequence *sequence = &decided->sequence;
    size_t n = sequence->n_tokens;
    struct rs_error err;
    struct cost *cost = open_system(system, (size_t)sequence->n_layers, (size_t)sequence->n_heads,
                                    n_padded > n ? n_padded : n, 8, options);
    for (size_t i = 0; i < n_heads(decided); i++) {
        struct cost_sequence one = {.layer = i / (size_t)sequence->n_heads,
                                    .head = i % (size_t)sequence->n_heads,
                                    .n_tokens = n,
                                    .n_padded = n_padded,
                                    .causal = sequence->causal,
                                    .prefill = true};
        check(cost_begin(cost, &one, &err), &err);
        for (size_t t = 0; t < n; t++) {
            struct cost_query query = {
                .n_visible = n_visible(decided, t),
                .keep = decided_row(decided, exact ? decided->exact : decided->keep, i, t),
                .survive = decided_row(decided, exact ? decided->exact : decided->survive, i, t),
                .array_joules = (double)NAN};
            check(cost_query(cost, &query, &err), &err);
        }
    }
    return close_system(cost);
}
