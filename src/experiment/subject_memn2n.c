/* Subject: a memory network answering its held-out stories; the metric is the share of right answers. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "experiment/subject.h"
#include "model/model_embedded.h"
#include "model/model_file.h"
#include "numeric/softmax.h"

struct room {
    struct memn2n_workspace *workspace;
    double *probabilities; /* [n_words] */
};

static enum rs_status load(const struct config *config, struct model_file *file, struct rs_error *err)
{
    if (config->workload.file[0] != '\0')
        return model_file_open(config->workload.file, file, err);
    struct store *store = NULL;
    enum rs_status status = model_embedded_open(MODEL_EMBEDDED_STORIES, &store, err);
    if (status == RS_OK)
        status = model_file_read(store, file, err);
    store_close(store);
    return status;
}

static size_t most_keys(const struct model_file *file)
{
    size_t test = story_set_longest_story(&file->test),
           calibration = story_set_longest_story(&file->calibration);
    size_t n = test > calibration ? test : calibration, n_memories = file->model.shape.n_memories;
    return (n < n_memories ? n : n_memories) + file->model.shape.n_empty;
}

static void close_state(void *state)
{
    model_file_clear(state);
    free(state);
}

static enum rs_status open_state(const struct config *config, void **state, struct attention_shape *shape,
                                 struct attention_ranges *ranges, struct rs_error *err)
{
    struct model_file *file = memory_allocate(1, sizeof *file, err);
    if (file == NULL)
        return RS_INTERNAL;
    enum rs_status status = load(config, file, err);
    if (status != RS_OK) {
        free(file);
        return status;
    }
    *shape = (struct attention_shape){.n_layers = (int)file->model.shape.n_hops,
                                      .n_heads = 1,
                                      .n_kv_heads = 1,
                                      .d = file->model.shape.d,
                                      .n_keys_max = most_keys(file),
                                      .n_queries_max = 1,
                                      .causal = false,
                                      .score_scale = 1};
    *ranges = (struct attention_ranges){file->code_max_query, file->code_max_key, file->code_max_value};
    *state = file;
    return RS_OK;
}

static const double *thresholds(const void *state)
{
    return ((const struct model_file *)state)->threshold;
}

static size_t n_samples(const void *state, enum subject_set set)
{
    const struct model_file *file = state;
    return set == SUBJECT_TEST ? file->test.n_stories : file->calibration.n_stories;
}

static void destroy_worker(void *worker)
{
    struct room *room = worker;
    memn2n_workspace_destroy(room->workspace);
    free(room->probabilities);
    free(room);
}

static enum rs_status create_worker(const void *state, void **worker, struct rs_error *err)
{
    const struct model_file *file = state;
    struct room *room = memory_allocate(1, sizeof *room, err);
    *worker = room;
    if (room == NULL)
        return RS_INTERNAL;
    room->workspace = memn2n_workspace_create(&file->model, err);
    room->probabilities = memory_allocate(file->model.shape.n_words, sizeof(double), err);
    if (room->workspace != NULL && room->probabilities != NULL)
        return RS_OK;
    destroy_worker(room);
    *worker = NULL;
    return RS_INTERNAL;
}

static enum rs_status run(const void *state, void *worker, enum subject_set set, size_t sample,
                          attention_hook *hook, void *context, struct subject_outcome *outcome,
                          struct rs_error *err)
{
    const struct model_file *file = state;
    struct story story = story_of_set(set == SUBJECT_TEST ? &file->test : &file->calibration, sample);
    struct room *room = worker;
    size_t n_words = file->model.shape.n_words;
    int32_t answer;
    enum rs_status status =
        memn2n_answer(&file->model, &story, room->workspace, hook, context, &answer, NULL, err);
    if (status != RS_OK)
        return status;
    const double *logits = memn2n_workspace_logits(room->workspace);
    for (size_t i = 0; outcome->logits != NULL && i < n_words; i++)
        outcome->logits[i] = (float)logits[i];
    if (outcome->right != NULL)
        outcome->right[0] = story.answer;
    if (outcome->likeliest != NULL)
        outcome->likeliest[0] = answer;
    memcpy(room->probabilities, logits, n_words * sizeof *logits);
    outcome->nll = softmax_compute(n_words, room->probabilities) - logits[story.answer];
    outcome->n_counted = 1;
    outcome->n_right = answer == story.answer;
    return RS_OK;
}

static struct subject_answers answers(const void *state)
{
    const struct model_file *file = state;
    return (struct subject_answers){.n_choices = file->model.shape.n_words, .n_most = 1};
}

const struct subject_kind subject_memn2n = {
    .name = "memn2n",
    .summary = "memory network, end to end, on stories",
    .open = open_state,
    .close = close_state,
    .thresholds = thresholds,
    .n_samples = n_samples,
    .create_worker = create_worker,
    .destroy_worker = destroy_worker,
    .run = run,
    .answers = answers,
    .metric = SUBJECT_ACCURACY,
};
