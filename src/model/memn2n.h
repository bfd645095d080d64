/*
 * End-to-end memory network (Sukhbaatar et al. 2015, arXiv:1503.08895), adjacent weight tying, position and
 * time encoding, for stories of word indices.
 *
 *     level l = 0 ... n_hops      m_l[i] = sum over words j of sentence i of position[j] * E_l[word] +
 * T_l[age of i] query                       u      = sum over words j of the question of position[j] *
 * E_0[word] hop k = 0 ... n_hops - 1    u     += sum over i of softmax(u . m_k[i]) m_(k+1)[i] answer the word
 * w with the largest E_n_hops[w] . u
 *
 * m_k are the keys and m_(k+1) the values of hop k, which is layer k of the attention hook (one head, one
 * query, score scale 1). The age of the newest sentence is 0; of longer stories only the newest n_memories
 * are seen. Behind the sentences stand n_empty empty memories, keys and values of zeros: attention that finds
 * nothing goes there. (The published program fills every story up with them to one length.)
 */
#ifndef MODEL_MEMN2N_H
#define MODEL_MEMN2N_H

#include <stddef.h>

#include "model/attention_hook.h"
#include "rescore/status.h"
#include "tensor/story.h"

/* Bounds that keep a hostile file from asking for absurd memory. */
enum {
    MEMN2N_HOPS_MAX = 16,
    MEMN2N_D_MAX = 1024,
    MEMN2N_WORDS_MAX = 65536,
    MEMN2N_MEMORIES_MAX = 4096,
    MEMN2N_EMPTY_MAX = 4096,
    MEMN2N_SENTENCE_MAX = 64,
    MEMN2N_WEIGHTS_MAX = 1 << 26
};

struct memn2n_shape {
    size_t n_hops, d, n_words, n_memories;
    size_t n_sentence_words; /* of the longest sentence or question: the J of the position encoding */
    size_t n_empty;          /* empty memories behind those of the story */
};

struct memn2n {
    struct memn2n_shape shape;
    float *embedding;  /* [n_hops + 1][n_words][d] */
    float *time;       /* [n_hops + 1][n_memories][d] */
    float *position;   /* [n_sentence_words][d], from the shape */
    char **vocabulary; /* [n_words], one block */
};

/* RS_INPUT, naming the number, where a member is 0 (n_empty may be) or above its bound. */
enum rs_status memn2n_shape_check(const struct memn2n_shape *shape, struct rs_error *err) RS_MUST_CHECK;

/* position [n_sentence_words][d] of the paper's section 4.1, as factors on the words of one sentence. */
double memn2n_position(const struct memn2n_shape *shape, size_t i_word, size_t i_component);

/* A model with weights 0 and copies of the words. The caller clears it. RS_INPUT for a bad shape. */
enum rs_status memn2n_init(struct memn2n *model, const struct memn2n_shape *shape,
                           const char *const *vocabulary, struct rs_error *err) RS_MUST_CHECK;
void memn2n_clear(struct memn2n *model);

/* Room for one answer at a time; one per thread. */
struct memn2n_workspace;
struct memn2n_workspace *memn2n_workspace_create(const struct memn2n *model,
                                                 struct rs_error *err) RS_MUST_CHECK;
void memn2n_workspace_destroy(struct memn2n_workspace *workspace);

/*
 * Answers one story, whose word indices must be within the vocabulary and whose sentences and question must
 * have at most n_sentence_words words. `hook` NULL: exact attention. answer: word index; nll (NULL: not
 * wanted): -ln of the probability of the story's own answer. Fails only where the hook fails, with its
 * status.
 */
enum rs_status memn2n_answer(const struct memn2n *model, const struct story *story,
                             struct memn2n_workspace *workspace, attention_hook *hook, void *context,
                             int32_t *answer, double *nll, struct rs_error *err) RS_MUST_CHECK;

/* Of the last answer whose nll was not asked for: what each word's probability is the softmax of [n_words].
 */
const double *memn2n_workspace_logits(const struct memn2n_workspace *workspace);

/*
 * Answers a whole set; the wrong answers of each kind are added to n_wrong_of_kind [n_kinds] (NULL: not
 * wanted). mean_nll may be NULL.
 */
enum rs_status memn2n_test(const struct memn2n *model, const struct story_set *set, attention_hook *hook,
                           void *context, size_t *n_wrong, size_t *n_wrong_of_kind, double *mean_nll,
                           struct rs_error *err) RS_MUST_CHECK;

#endif
