#include "model/memn2n_gradient.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "numeric/softmax.h"

struct memn2n_gradient_workspace {
    double *position;         /* [n_sentence_words][d] */
    double *memories;         /* [n_hops + 1][n_memories][d] */
    double *memory_gradients; /* the same */
    double *attention;        /* [n_hops][n_memories + n_empty] */
    double *states;           /* [n_hops + 1][d]: u before each hop and after the last */
    double *state_gradient;   /* [d] */
    double *logits;           /* [n_words] */
    double *slopes;  /* [n_memories + n_empty]: of the loss by the attention weights, then by the scores */
    double *signals; /* [n_memories + n_empty], what meets a soft threshold */
    struct soft_threshold_point
        *points; /* [n_hops][n_memories + n_empty], of scores that meet a soft threshold */
};

/* One story on its way through the network. */
struct pass {
    const struct memn2n_shape *shape;
    const double *weights;
    const struct story *story;
    const int32_t *ages;
    size_t n_seen, n_keys; /* n_keys: with the empty memories */
    bool linear;
    const struct memn2n_gradient_soft *soft;
    struct memn2n_gradient_workspace *room;
};

size_t memn2n_gradient_n_weights(const struct memn2n_shape *shape)
{
    return (shape->n_hops + 1) * (shape->n_words + shape->n_memories) * shape->d;
}

struct memn2n_gradient_workspace *memn2n_gradient_create(const struct memn2n_shape *shape,
                                                         struct rs_error *err)
{
    struct memn2n_gradient_workspace *room = memory_allocate(1, sizeof *room, err);
    if (room == NULL)
        return NULL;
    size_t n_levels = shape->n_hops + 1, n_keys = shape->n_memories + shape->n_empty;
    const struct {
        double **array;
        size_t n;
    } parts[] = {{&room->position, shape->n_sentence_words * shape->d},
                 {&room->memories, n_levels * shape->n_memories * shape->d},
                 {&room->memory_gradients, n_levels * shape->n_memories * shape->d},
                 {&room->attention, shape->n_hops * n_keys},
                 {&room->states, n_levels * shape->d},
                 {&room->state_gradient, shape->d},
                 {&room->logits, shape->n_words},
                 {&room->slopes, n_keys},
                 {&room->signals, n_keys}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].array = memory_allocate(parts[i].n, sizeof(double), err);
        if (*parts[i].array == NULL) {
            memn2n_gradient_destroy(room);
            return NULL;
        }
    }
    room->points = memory_allocate(shape->n_hops * n_keys, sizeof *room->points, err);
    if (room->points == NULL) {
        memn2n_gradient_destroy(room);
        return NULL;
    }
    for (size_t j = 0; j < shape->n_sentence_words; j++)
        for (size_t i = 0; i < shape->d; i++)
            room->position[j * shape->d + i] = memn2n_position(shape, j, i);
    return room;
}

void memn2n_gradient_destroy(struct memn2n_gradient_workspace *room)
{
    if (room == NULL)
        return;
    free(room->position);
    free(room->memories);
    free(room->memory_gradients);
    free(room->attention);
    free(room->states);
    free(room->state_gradient);
    free(room->logits);
    free(room->slopes);
    free(room->signals);
    free(room->points);
    free(room);
}

static double product(size_t d, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += x[i] * y[i];
    return sum;
}

/* y += factor x */
static void add_scaled(size_t d, double factor, const double *restrict x, double *restrict y)
{
    for (size_t i = 0; i < d; i++)
        y[i] += factor * x[i];
}

static size_t level_words(const struct memn2n_shape *shape, size_t level)
{
    return level * shape->n_words * shape->d;
}

/* Where the time row of seen sentence i stands in the weights and in the gradient. */
static size_t time_row(const struct pass *pass, size_t level, size_t i)
{
    const struct memn2n_shape *shape = pass->shape;
    size_t age = pass->ages != NULL ? (size_t)pass->ages[i] : pass->n_seen - 1 - i;
    return ((shape->n_hops + 1) * shape->n_words + level * shape->n_memories + age) * shape->d;
}

static const int32_t *seen_sentence(const struct pass *pass, size_t i, size_t *n_words)
{
    const int32_t *offset = pass->story->word_offset + (pass->story->n_sentences - pass->n_seen) + i;
    *n_words = (size_t)(offset[1] - offset[0]);
    return pass->story->words + offset[0];
}

static void gather(size_t d, const double *position, const double *embedding, const int32_t *words,
                   size_t n_words, double *restrict sum)
{
    for (size_t j = 0; j < n_words; j++) {
        const double *word = embedding + (size_t)words[j] * d, *factor = position + j * d;
        for (size_t i = 0; i < d; i++)
            sum[i] += factor[i] * word[i];
    }
}

static void scatter(size_t d, const double *position, const double *slope, const int32_t *words,
                    size_t n_words, double *embedding_gradient)
{
    for (size_t j = 0; j < n_words; j++) {
        double *restrict word = embedding_gradient + (size_t)words[j] * d;
        const double *factor = position + j * d;
        for (size_t i = 0; i < d; i++)
            word[i] += factor[i] * slope[i];
    }
}

static double *memories_of(const struct pass *pass, double *all, size_t level)
{
    return all + level * pass->shape->n_memories * pass->shape->d;
}

static double *attention_of(const struct pass *pass, size_t hop)
{
    return pass->room->attention + hop * (pass->shape->n_memories + pass->shape->n_empty);
}

static void remember(const struct pass *pass, size_t level)
{
    size_t d = pass->shape->d;
    double *memories = memories_of(pass, pass->room->memories, level);
    for (size_t i = 0; i < pass->n_seen; i++) {
        size_t n_words;
        const int32_t *words = seen_sentence(pass, i, &n_words);
        memcpy(memories + i * d, pass->weights + time_row(pass, level, i), d * sizeof *memories);
        gather(d, pass->room->position, pass->weights + level_words(pass->shape, level), words, n_words,
               memories + i * d);
    }
}

static struct soft_threshold_point *points_of(const struct pass *pass, size_t hop)
{
    return pass->room->points + hop * (pass->shape->n_memories + pass->shape->n_empty);
}

/* What a hop's soft threshold makes of the scores; returns the share of keys that are kept. */
static double soften(const struct pass *pass, size_t hop, const double *keys, double *scores)
{
    const struct memn2n_gradient_soft *soft = pass->soft;
    struct soft_threshold_point *points = points_of(pass, hop);
    double *signals = pass->room->signals, count = 0;
    if (soft->signals != NULL)
        soft->signals(soft->context, hop, pass->n_seen, pass->n_keys,
                      pass->room->states + hop * pass->shape->d, keys, signals);
    else
        memcpy(signals, scores, pass->n_keys * sizeof *signals);
    size_t best = soft_threshold_best(pass->n_keys, signals);
    for (size_t i = 0; i < pass->n_keys; i++) {
        points[i] = i == best ? soft_threshold_spared(scores[i])
                              : soft_threshold_seen(&soft->law, scores[i], signals[i], soft->thresholds[hop]);
        scores[i] = points[i].value;
        count += points[i].count;
    }
    return count / (double)pass->n_keys;
}

/* Returns the hop's part of the penalty. */
static double attend(const struct pass *pass, size_t hop)
{
    size_t d = pass->shape->d;
    const double *keys = memories_of(pass, pass->room->memories, hop);
    const double *values = memories_of(pass, pass->room->memories, hop + 1);
    double *weights = attention_of(pass, hop);
    double *state = pass->room->states + hop * d, *next = state + d;
    for (size_t i = 0; i < pass->n_seen; i++)
        weights[i] = product(d, state, keys + i * d);
    memset(weights + pass->n_seen, 0, pass->shape->n_empty * sizeof *weights); /* scores of empty memories */
    double penalty = pass->soft != NULL ? pass->soft->weight * soften(pass, hop, keys, weights) : 0;
    if (!pass->linear)
        softmax_compute(pass->n_keys, weights);
    memcpy(next, state, d * sizeof *next);
    for (size_t i = 0; i < pass->n_seen; i++)
        add_scaled(d, weights[i], values + i * d, next);
    return penalty;
}

/* The answer's probabilities replace the logits. */
static double forward(const struct pass *pass)
{
    const struct memn2n_shape *shape = pass->shape;
    const struct story *story = pass->story;
    memset(pass->room->states, 0, shape->d * sizeof(double));
    gather(shape->d, pass->room->position, pass->weights, story->question, story->n_question_words,
           pass->room->states);
    double penalty = 0;
    remember(pass, 0);
    for (size_t hop = 0; hop < shape->n_hops; hop++) {
        remember(pass, hop + 1);
        penalty += attend(pass, hop);
    }
    const double *last = pass->room->states + shape->n_hops * shape->d;
    const double *words = pass->weights + level_words(shape, shape->n_hops);
    double *logits = pass->room->logits;
    for (size_t w = 0; w < shape->n_words; w++)
        logits[w] = product(shape->d, words + w * shape->d, last);
    double own = logits[story->answer];
    return penalty + softmax_compute(shape->n_words, logits) - own;
}

/* From slopes by the softened scores to slopes by the scores and by the hop's threshold. */
static void soften_backward(const struct pass *pass, size_t hop, double *slopes)
{
    const struct memn2n_gradient_soft *soft = pass->soft;
    const struct soft_threshold_point *points = points_of(pass, hop);
    double share = soft->weight / (double)pass->n_keys, by_threshold = 0;
    for (size_t i = 0; i < pass->n_keys; i++) {
        double slope = slopes[i] + share * points[i].count_by_value;
        slopes[i] = slope * points[i].by_score;
        by_threshold += slope * points[i].by_threshold;
    }
    if (soft->gradient != NULL)
        soft->gradient[hop] += by_threshold;
}

/* Takes the slope by the state after a hop to the one before it, and leaves those by its keys and values. */
static void attend_backward(const struct pass *pass, size_t hop)
{
    size_t d = pass->shape->d;
    struct memn2n_gradient_workspace *room = pass->room;
    const double *keys = memories_of(pass, room->memories, hop);
    const double *values = memories_of(pass, room->memories, hop + 1);
    double *key_slopes = memories_of(pass, room->memory_gradients, hop);
    double *value_slopes = memories_of(pass, room->memory_gradients, hop + 1);
    const double *weights = attention_of(pass, hop), *state = room->states + hop * d;
    double *slopes = room->slopes, mean = 0;
    for (size_t i = 0; i < pass->n_seen; i++) {
        slopes[i] = product(d, room->state_gradient, values + i * d);
        add_scaled(d, weights[i], room->state_gradient, value_slopes + i * d);
        mean += weights[i] * slopes[i];
    }
    memset(slopes + pass->n_seen, 0, pass->shape->n_empty * sizeof *slopes);
    for (size_t i = 0; i < pass->n_keys && !pass->linear; i++)
        slopes[i] = weights[i] * (slopes[i] - mean);
    if (pass->soft != NULL)
        soften_backward(pass, hop, slopes);
    for (size_t i = 0; i < pass->n_seen; i++)
        add_scaled(d, slopes[i], state, key_slopes + i * d);
    for (size_t i = 0; i < pass->n_seen; i++)
        add_scaled(d, slopes[i], keys + i * d, room->state_gradient);
}

static void forget(const struct pass *pass, size_t level, double *gradient)
{
    size_t d = pass->shape->d;
    const double *slopes = memories_of(pass, pass->room->memory_gradients, level);
    for (size_t i = 0; i < pass->n_seen; i++) {
        size_t n_words;
        const int32_t *words = seen_sentence(pass, i, &n_words);
        add_scaled(d, 1, slopes + i * d, gradient + time_row(pass, level, i));
        scatter(d, pass->room->position, slopes + i * d, words, n_words,
                gradient + level_words(pass->shape, level));
    }
}

static void backward(const struct pass *pass, double *gradient)
{
    const struct memn2n_shape *shape = pass->shape;
    struct memn2n_gradient_workspace *room = pass->room;
    size_t d = shape->d;
    const double *words = pass->weights + level_words(shape, shape->n_hops);
    double *word_slopes = gradient + level_words(shape, shape->n_hops);
    for (size_t level = 0; level <= shape->n_hops; level++)
        memset(memories_of(pass, room->memory_gradients, level), 0, pass->n_seen * d * sizeof(double));
    memset(room->state_gradient, 0, d * sizeof(double));
    for (size_t w = 0; w < shape->n_words; w++) {
        double slope = room->logits[w] - ((int32_t)w == pass->story->answer);
        add_scaled(d, slope, words + w * d, room->state_gradient);
        add_scaled(d, slope, room->states + shape->n_hops * d, word_slopes + w * d);
    }
    for (size_t hop = shape->n_hops; hop-- > 0;)
        attend_backward(pass, hop);
    for (size_t level = 0; level <= shape->n_hops; level++)
        forget(pass, level, gradient);
    scatter(d, room->position, room->state_gradient, pass->story->question, pass->story->n_question_words,
            gradient);
}

double memn2n_gradient_add(const struct memn2n_shape *shape, const double *weights, const struct story *story,
                           const int32_t *ages, bool linear, const struct memn2n_gradient_soft *soft,
                           struct memn2n_gradient_workspace *workspace, double *gradient)
{
    rs_require(story->n_sentences > 0, "a story without sentences");
    rs_require(!linear || soft == NULL, "soft thresholds stand before a softmax");
    size_t n_seen = story->n_sentences < shape->n_memories ? story->n_sentences : shape->n_memories;
    struct pass pass = {.shape = shape,
                        .weights = weights,
                        .story = story,
                        .ages = ages,
                        .n_seen = n_seen,
                        .n_keys = n_seen + shape->n_empty,
                        .linear = linear,
                        .soft = soft,
                        .room = workspace};
    double loss = forward(&pass);
    if (gradient != NULL)
        backward(&pass, gradient);
    return loss;
}

void memn2n_gradient_load(const struct memn2n *model, double *weights)
{
    const struct memn2n_shape *shape = &model->shape;
    size_t n_embedding = (shape->n_hops + 1) * shape->n_words * shape->d;
    size_t n_time = (shape->n_hops + 1) * shape->n_memories * shape->d;
    for (size_t i = 0; i < n_embedding; i++)
        weights[i] = (double)model->embedding[i];
    for (size_t i = 0; i < n_time; i++)
        weights[n_embedding + i] = (double)model->time[i];
}

void memn2n_gradient_store(const double *weights, struct memn2n *model)
{
    const struct memn2n_shape *shape = &model->shape;
    size_t n_embedding = (shape->n_hops + 1) * shape->n_words * shape->d;
    size_t n_time = (shape->n_hops + 1) * shape->n_memories * shape->d;
    for (size_t i = 0; i < n_embedding; i++)
        model->embedding[i] = (float)weights[i];
    for (size_t i = 0; i < n_time; i++)
        model->time[i] = (float)weights[n_embedding + i];
}
