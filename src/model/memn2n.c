#include "model/memn2n.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "numeric/softmax.h"

struct memn2n_workspace {
    float *memories; /* [2][n_memories + n_empty][d]: keys and values of the hop at hand take turns */
    float *query;    /* [d] */
    float *output;   /* [d] */
    double *scratch; /* [n_memories + n_empty + d] */
    double *logits;  /* [n_words] */
};

enum rs_status memn2n_shape_check(const struct memn2n_shape *shape, struct rs_error *err)
{
    const struct {
        const char *name;
        size_t value, low, high;
    } members[] = {{"n_hops", shape->n_hops, 1, MEMN2N_HOPS_MAX},
                   {"d", shape->d, 1, MEMN2N_D_MAX},
                   {"n_words", shape->n_words, 1, MEMN2N_WORDS_MAX},
                   {"n_memories", shape->n_memories, 1, MEMN2N_MEMORIES_MAX},
                   {"n_sentence_words", shape->n_sentence_words, 1, MEMN2N_SENTENCE_MAX},
                   {"n_empty", shape->n_empty, 0, MEMN2N_EMPTY_MAX}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].value < members[i].low || members[i].value > members[i].high)
            return rs_fail(err, RS_INPUT, "%s = %zu found in a MemN2N, %zu to %zu expected", members[i].name,
                           members[i].value, members[i].low, members[i].high);
    size_t n_weights = (shape->n_hops + 1) * (shape->n_words + shape->n_memories) * shape->d;
    if (n_weights > MEMN2N_WEIGHTS_MAX)
        return rs_fail(err, RS_INPUT, "%zu weights found in a MemN2N, at most %d expected", n_weights,
                       MEMN2N_WEIGHTS_MAX);
    return RS_OK;
}

double memn2n_position(const struct memn2n_shape *shape, size_t i_word, size_t i_component)
{
    double word = (double)(i_word + 1) / (double)shape->n_sentence_words;
    double component = (double)(i_component + 1) / (double)shape->d;
    return 1 - word - component * (1 - 2 * word);
}

static char **copy_words(const char *const *words, size_t n, struct rs_error *err)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < n; i++)
        n_bytes += strlen(words[i]) + 1;
    char **copies = memory_allocate(1, n * sizeof *copies + n_bytes, err);
    if (copies == NULL)
        return NULL;
    char *bytes = (char *)(copies + n);
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(words[i]) + 1;
        copies[i] = memcpy(bytes, words[i], size);
        bytes += size;
    }
    return copies;
}

void memn2n_clear(struct memn2n *model)
{
    free(model->embedding);
    free(model->time);
    free(model->position);
    free(model->vocabulary);
    *model = (struct memn2n){0};
}

enum rs_status memn2n_init(struct memn2n *model, const struct memn2n_shape *shape,
                           const char *const *vocabulary, struct rs_error *err)
{
    *model = (struct memn2n){0};
    enum rs_status status = memn2n_shape_check(shape, err);
    if (status != RS_OK)
        return status;
    size_t n_levels = shape->n_hops + 1;
    model->shape = *shape;
    model->embedding = memory_allocate(n_levels * shape->n_words * shape->d, sizeof(float), err);
    model->time = memory_allocate(n_levels * shape->n_memories * shape->d, sizeof(float), err);
    model->position = memory_allocate(shape->n_sentence_words * shape->d, sizeof(float), err);
    model->vocabulary = copy_words(vocabulary, shape->n_words, err);
    if (model->embedding == NULL || model->time == NULL || model->position == NULL ||
        model->vocabulary == NULL) {
        memn2n_clear(model);
        return RS_INTERNAL;
    }
    for (size_t j = 0; j < shape->n_sentence_words; j++)
        for (size_t i = 0; i < shape->d; i++)
            model->position[j * shape->d + i] = (float)memn2n_position(shape, j, i);
    return RS_OK;
}

struct memn2n_workspace *memn2n_workspace_create(const struct memn2n *model, struct rs_error *err)
{
    const struct memn2n_shape *shape = &model->shape;
    struct memn2n_workspace *workspace = memory_allocate(1, sizeof *workspace, err);
    if (workspace == NULL)
        return NULL;
    size_t n_keys = shape->n_memories + shape->n_empty;
    workspace->memories = memory_allocate(2 * n_keys * shape->d, sizeof(float), err);
    workspace->query = memory_allocate(shape->d, sizeof(float), err);
    workspace->output = memory_allocate(shape->d, sizeof(float), err);
    workspace->scratch = memory_allocate(n_keys + shape->d, sizeof(double), err);
    workspace->logits = memory_allocate(shape->n_words, sizeof(double), err);
    if (workspace->memories == NULL || workspace->query == NULL || workspace->output == NULL ||
        workspace->scratch == NULL || workspace->logits == NULL) {
        memn2n_workspace_destroy(workspace);
        return NULL;
    }
    return workspace;
}

void memn2n_workspace_destroy(struct memn2n_workspace *workspace)
{
    if (workspace == NULL)
        return;
    free(workspace->memories);
    free(workspace->query);
    free(workspace->output);
    free(workspace->scratch);
    free(workspace->logits);
    free(workspace);
}

const double *memn2n_workspace_logits(const struct memn2n_workspace *workspace)
{
    return workspace->logits;
}

/* Adds the words of one sentence, each weighted by its position. */
static void add_words(const struct memn2n *model, size_t level, const int32_t *words, size_t n_words,
                      float *sum)
{
    size_t d = model->shape.d;
    const float *embedding = model->embedding + level * model->shape.n_words * d;
    rs_require(n_words <= model->shape.n_sentence_words, "a sentence is longer than the model's");
    for (size_t j = 0; j < n_words; j++) {
        rs_require(words[j] >= 0 && (size_t)words[j] < model->shape.n_words,
                   "a word is not in the vocabulary");
        const float *word = embedding + (size_t)words[j] * d, *position = model->position + j * d;
        for (size_t i = 0; i < d; i++)
            sum[i] += position[i] * word[i];
    }
}

/* The memories of one level, [n_seen + n_empty][d], the oldest first, the empty ones last. */
static void remember(const struct memn2n *model, const struct story *story, size_t level, size_t n_seen,
                     float *memories)
{
    size_t d = model->shape.d, n_forgotten = story->n_sentences - n_seen;
    const float *time = model->time + level * model->shape.n_memories * d;
    for (size_t i = 0; i < n_seen; i++) {
        const int32_t *offset = story->word_offset + n_forgotten + i;
        memcpy(memories + i * d, time + (n_seen - 1 - i) * d, d * sizeof *memories);
        add_words(model, level, story->words + offset[0], (size_t)(offset[1] - offset[0]), memories + i * d);
    }
    memset(memories + n_seen * d, 0, model->shape.n_empty * d * sizeof *memories);
}

static int32_t best_word(const struct memn2n *model, const float *query, double *logits)
{
    size_t d = model->shape.d, best = 0;
    const float *words = model->embedding + model->shape.n_hops * model->shape.n_words * d;
    for (size_t w = 0; w < model->shape.n_words; w++) {
        logits[w] = 0;
        for (size_t i = 0; i < d; i++)
            logits[w] += (double)words[w * d + i] * (double)query[i];
        if (logits[w] > logits[best])
            best = w;
    }
    return (int32_t)best;
}

enum rs_status memn2n_answer(const struct memn2n *model, const struct story *story,
                             struct memn2n_workspace *workspace, attention_hook *hook, void *context,
                             int32_t *answer, double *nll, struct rs_error *err)
{
    const struct memn2n_shape *shape = &model->shape;
    size_t d = shape->d;
    size_t n_seen = story->n_sentences < shape->n_memories ? story->n_sentences : shape->n_memories;
    float *keys = workspace->memories, *values = keys + (shape->n_memories + shape->n_empty) * d;
    rs_require(story->n_sentences > 0, "a story without sentences");
    memset(workspace->query, 0, d * sizeof *workspace->query);
    add_words(model, 0, story->question, story->n_question_words, workspace->query);
    remember(model, story, 0, n_seen, keys);
    for (size_t hop = 0; hop < shape->n_hops; hop++) {
        remember(model, story, hop + 1, n_seen, values);
        struct attention_call call = {.layer = (int)hop,
                                      .n_query_heads = 1,
                                      .n_queries = 1,
                                      .n_keys = n_seen + shape->n_empty,
                                      .d = d,
                                      .score_scale = 1,
                                      .q = workspace->query,
                                      .k = keys,
                                      .v = values,
                                      .output = workspace->output,
                                      .scratch = workspace->scratch};
        enum rs_status status = (hook != NULL ? hook : attention_hook_exact)(context, &call, err);
        if (status != RS_OK)
            return status;
        for (size_t i = 0; i < d; i++)
            workspace->query[i] += workspace->output[i];
        float *last = keys;
        keys = values;
        values = last;
    }
    *answer = best_word(model, workspace->query, workspace->logits);
    if (nll != NULL) {
        double own = workspace->logits[story->answer];
        *nll = softmax_compute(shape->n_words, workspace->logits) - own;
    }
    return RS_OK;
}

enum rs_status memn2n_test(const struct memn2n *model, const struct story_set *set, attention_hook *hook,
                           void *context, size_t *n_wrong, size_t *n_wrong_of_kind, double *mean_nll,
                           struct rs_error *err)
{
    struct memn2n_workspace *workspace = memn2n_workspace_create(model, err);
    if (workspace == NULL)
        return RS_INTERNAL;
    enum rs_status status = RS_OK;
    double sum = 0;
    *n_wrong = 0;
    for (size_t i = 0; status == RS_OK && i < set->n_stories; i++) {
        struct story story = story_of_set(set, i);
        int32_t answer = 0;
        double nll = 0;
        status = memn2n_answer(model, &story, workspace, hook, context, &answer, &nll, err);
        sum += nll;
        if (status == RS_OK && answer != story.answer) {
            ++*n_wrong;
            if (n_wrong_of_kind != NULL)
                n_wrong_of_kind[story.kind]++;
        }
    }
    if (mean_nll != NULL)
        *mean_nll = sum / (double)set->n_stories;
    memn2n_workspace_destroy(workspace);
    return status;
}
