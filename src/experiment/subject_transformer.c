/*
 * Subject: a transformer on its held-out items. Language models: -ln(probability) per counted word, in nats;
 * classifiers: the share of right answers.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/require.h"
#include "experiment/subject.h"
#include "experiment/subject_transformer.h"

struct state {
    struct transformer_file file;
    double word_share; /* evaluated samples / words counted in them: makes the mean over samples one over
                          words */
};

static void close_state(void *state)
{
    struct state *own = state;
    transformer_file_clear(&own->file);
    free(own);
}

static size_t longest_sample(const struct transformer_file *file)
{
    const struct transformer_items *sets[] = {&file->calibration, &file->test};
    size_t longest = 0;
    for (int set = 0; set < 2; set++)
        for (size_t i = 0; i < sets[set]->n_samples; i++) {
            struct transformer_sample sample = transformer_items_sample(sets[set], &file->model.shape, i);
            size_t n = transformer_n_tokens(&file->model.shape, &sample);
            longest = n > longest ? n : longest;
        }
    return longest;
}

/* Over the samples that holdout and workload.samples leave. */
static double find_word_share(const struct transformer_file *file, const struct config *config)
{
    bool holds_out = file->calibration_from_test && config->prune.calibration == PRUNE_CALIBRATION_HOLDOUT;
    size_t first = holds_out ? file->calibration.n_samples : 0, n_counted = 0;
    size_t n = file->test.n_samples > first ? file->test.n_samples - first : 0,
           limit = (size_t)config->workload.samples;
    n = limit > 0 && limit < n ? limit : n;
    for (size_t i = first; i < first + n; i++) {
        struct transformer_sample sample = transformer_items_sample(&file->test, &file->model.shape, i);
        for (size_t t = 0; sample.targets != NULL && t < sample.n_words; t++)
            n_counted += sample.targets[t] >= 0;
    }
    return n_counted > 0 ? (double)n / (double)n_counted : 0;
}

static enum rs_status open_trained(const struct config *config, struct transformer_file *file,
                                   struct rs_error *err)
{
    if (config->workload.file[0] == '\0')
        return rs_fail(err, RS_INPUT,
                       "workload.file: missing; workload.kind: transformer needs a file written by train");
    return transformer_file_open(config->workload.file, file, err);
}

static subject_transformer_opener *find_opener(int workload_kind)
{
    switch (workload_kind) {
    case WORKLOAD_TRANSFORMER:
        return open_trained;
    case WORKLOAD_LLAMA2C:
        return subject_transformer_open_llama2c;
    case WORKLOAD_SAFETENSORS:
        return subject_transformer_open_safetensors;
    default:
        return NULL;
    }
}

static enum rs_status open_file(const struct config *config, struct transformer_file *file,
                                struct rs_error *err)
{
    subject_transformer_opener *open = find_opener(config->workload.kind);
    rs_require(open != NULL, "a workload.kind that is no transformer");
    enum rs_status status = open(config, file, err);
    if (status == RS_OK)
        status = transformer_pack(&file->model, kernel_chosen(), err);
    if (status == RS_OK && file->code_max_query == NULL &&
        (status = transformer_file_measure_codes(file, err)) != RS_OK) {
        struct rs_error why = *err;
        return rs_fail(err, status, "%s: error: %s", config->workload.file, why.text);
    }
    return status;
}

static enum rs_status open_state(const struct config *config, void **out, struct attention_shape *shape,
                                 struct attention_ranges *ranges, struct rs_error *err)
{
    struct state *state = memory_allocate(1, sizeof *state, err);
    if (state == NULL)
        return RS_INTERNAL;
    struct transformer_file *file = &state->file;
    enum rs_status status = open_file(config, file, err);
    if (status != RS_OK) {
        close_state(state);
        return status;
    }
    const struct transformer_shape *model = &file->model.shape;
    size_t longest = longest_sample(file);
    state->word_share = find_word_share(file, config);
    *shape = (struct attention_shape){.n_layers = (int)model->n_layers,
                                      .n_heads = (int)model->n_heads,
                                      .n_kv_heads = (int)model->n_kv_heads,
                                      .d = model->d_head,
                                      .n_keys_max = longest,
                                      .n_queries_max = longest,
                                      .causal = model->task == TRANSFORMER_LANGUAGE,
                                      .score_scale = transformer_score_scale(model)};
    *ranges = (struct attention_ranges){file->code_max_query, file->code_max_key, file->code_max_value};
    *out = state;
    return RS_OK;
}

static const struct transformer_items *items_of(const struct state *state, enum subject_set set)
{
    return set == SUBJECT_TEST ? &state->file.test : &state->file.calibration;
}

static size_t n_samples(const void *state, enum subject_set set)
{
    return items_of(state, set)->n_samples;
}

static bool calibrates_on_samples(const void *state)
{
    return ((const struct state *)state)->file.calibration_from_test;
}

static enum rs_status create_worker(const void *state, void **worker, struct rs_error *err)
{
    *worker = transformer_workspace_create(&((const struct state *)state)->file.model, err);
    return *worker != NULL ? RS_OK : RS_INTERNAL;
}

static void destroy_worker(void *worker)
{
    transformer_workspace_destroy(worker);
}

static enum rs_status run(const void *state, void *worker, enum subject_set set, size_t sample,
                          attention_hook *hook, void *context, double *value, struct rs_error *err)
{
    const struct state *own = state;
    const struct transformer *model = &own->file.model;
    struct transformer_sample item = transformer_items_sample(items_of(own, set), &model->shape, sample);
    struct transformer_answer answer = {0};
    enum rs_status status = transformer_run(model, &item, worker, hook, context, &answer, err);
    bool language = model->shape.task == TRANSFORMER_LANGUAGE;
    *value = language ? answer.nll * own->word_share : (double)answer.n_right;
    return status;
}

static const struct subject_kind *choose(const void *state);

#define TRANSFORMER_KIND(metric_, better_)                                                                   \
    {                                                                                                        \
        .name = "transformer", .summary = "language model or classifier, end to end, on held-out items",     \
        .open = open_state, .close = close_state, .n_samples = n_samples, .create_worker = create_worker,    \
        .destroy_worker = destroy_worker, .run = run, .choose = choose,                                      \
        .calibrates_on_samples = calibrates_on_samples, .metric = metric_, .better = better_                 \
    }
const struct subject_kind subject_transformer = TRANSFORMER_KIND("nll", "lower");
static const struct subject_kind classifier = TRANSFORMER_KIND("accuracy", "higher");

static const struct subject_kind *choose(const void *state)
{
    return ((const struct state *)state)->file.model.shape.task == TRANSFORMER_LANGUAGE ? &subject_transformer
                                                                                        : &classifier;
}
