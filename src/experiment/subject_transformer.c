/*
 * Subject: a transformer on its held-out items. Language models: -ln(probability) per counted word, in nats;
 * classifiers: the share of right answers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "experiment/subject.h"
#include "experiment/subject_transformer.h"
#include "model/model_embedded.h"

struct state {
    struct transformer_file file;
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

/* The file that the configuration names, or the embedded model of its task. */
static enum rs_status open_trained(const struct config *config, struct transformer_file *file,
                                   struct rs_error *err)
{
    const char *task = config->workload.task;
    bool text = task[0] == '\0' || strcmp(task, "text") == 0;
    struct store *store = NULL;
    if (config->workload.file[0] != '\0')
        return transformer_file_open(config->workload.file, file, err);
    if (!text && strcmp(task, "digits") != 0)
        return rs_fail(err, RS_INPUT,
                       "workload.task: '%s' found, text or digits expected: the embedded transformers", task);
    enum rs_status status =
        model_embedded_open(text ? MODEL_EMBEDDED_TEXT : MODEL_EMBEDDED_DIGITS, &store, err);
    if (status == RS_OK)
        status = transformer_file_read(store, file, err);
    store_close(store);
    return status;
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

static const double *thresholds(const void *state)
{
    return ((const struct state *)state)->file.threshold;
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

/* Language models count the words that have a target, classifiers the labelled items. */
static size_t list_right(const struct transformer_sample *item, bool language, int32_t *right)
{
    const int32_t *targets = language ? item->targets : &item->label;
    size_t n = language ? item->n_words : 1, n_counted = 0;
    for (size_t i = 0; targets != NULL && i < n; i++) {
        if (targets[i] < 0)
            continue;
        if (right != NULL)
            right[n_counted] = targets[i];
        n_counted++;
    }
    return n_counted;
}

static bool is_language(const struct state *state)
{
    return state->file.model.shape.task == TRANSFORMER_LANGUAGE;
}

/* One UTF-8 character, or one byte as workload/characters.h writes those that do not print: <0xhh>. */
static bool is_character(const char *text)
{
    size_t n = 0;
    if (strncmp(text, "<0x", 3) == 0 && strlen(text) == 6)
        return true;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n == 1;
}

static struct subject_answers answers(const void *state)
{
    const struct state *own = state;
    const struct transformer_shape *shape = &own->file.model.shape;
    struct subject_answers out = {.n_choices = transformer_shape_n_answers(shape),
                                  .characters = is_language(own) && own->file.vocabulary != NULL};
    for (int set = 0; set < 2; set++)
        for (size_t i = 0; i < items_of(own, (enum subject_set)set)->n_samples; i++) {
            struct transformer_sample item =
                transformer_items_sample(items_of(own, (enum subject_set)set), shape, i);
            size_t n = list_right(&item, is_language(own), NULL);
            out.n_most = n > out.n_most ? n : out.n_most;
        }
    for (size_t i = 0; out.characters && i < shape->n_words; i++)
        out.characters = is_character(own->file.vocabulary[i]);
    return out;
}

static enum rs_status run(const void *state, void *worker, enum subject_set set, size_t sample,
                          attention_hook *hook, void *context, struct subject_outcome *outcome,
                          struct rs_error *err)
{
    const struct state *own = state;
    const struct transformer *model = &own->file.model;
    struct transformer_sample item = transformer_items_sample(items_of(own, set), &model->shape, sample);
    struct transformer_answer answer = {.counted_logits = outcome->logits, .likeliest = outcome->likeliest};
    enum rs_status status = transformer_run(model, &item, worker, hook, context, &answer, err);
    if (status != RS_OK)
        return status;
    (void)list_right(&item, is_language(own), outcome->right);
    outcome->nll = answer.nll;
    outcome->n_counted = answer.n_counted;
    outcome->n_right = answer.n_right;
    return RS_OK;
}

static const struct subject_kind *choose(const void *state);

#define TRANSFORMER_KIND(metric_)                                                                            \
    {                                                                                                        \
        .name = "transformer", .summary = "language model or classifier, end to end, on held-out items",     \
        .open = open_state, .close = close_state, .thresholds = thresholds, .n_samples = n_samples,          \
        .create_worker = create_worker, .destroy_worker = destroy_worker, .answers = answers, .run = run,    \
        .choose = choose, .calibrates_on_samples = calibrates_on_samples, .metric = metric_                  \
    }
const struct subject_kind subject_transformer = TRANSFORMER_KIND(SUBJECT_NLL);
static const struct subject_kind classifier = TRANSFORMER_KIND(SUBJECT_ACCURACY);

static const struct subject_kind *choose(const void *state)
{
    return is_language(state) ? &subject_transformer : &classifier;
}
