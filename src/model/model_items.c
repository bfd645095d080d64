#include "model/model_items.h"

#include <stdio.h>

/* One dataset of the group. */
struct part {
    const char *name;
    int32_t *values;
    size_t n;
};
enum { N_PARTS = 8 };

static void list_parts(const struct story_set *set, struct part parts[N_PARTS])
{
    const struct part list[N_PARTS] = {{"sentence_offset", set->sentence_offset, set->n_stories + 1},
                                       {"word_offset", set->word_offset, set->n_sentences + 1},
                                       {"words", set->words, set->n_words},
                                       {"question_offset", set->question_offset, set->n_stories + 1},
                                       {"question", set->question, set->n_question_words},
                                       {"answer", set->answer, set->n_stories},
                                       {"kind", set->kind, set->n_stories},
                                       {"n_facts", set->n_facts, set->n_stories}};
    for (int i = 0; i < N_PARTS; i++)
        parts[i] = list[i];
}

static void name_dataset(char name[STORE_NAME_SIZE], const char *group, const char *part)
{
    snprintf(name, STORE_NAME_SIZE, "%s/%s", group, part);
}

/* The number of entries of one dataset, bounded. */
static enum rs_status read_size(const struct store *store, const char *group, const char *part, size_t low,
                                size_t *n, struct rs_error *err)
{
    char name[STORE_NAME_SIZE];
    struct store_shape shape;
    name_dataset(name, group, part);
    const struct store_axis axis = {"entries", STORE_SIZE_ANY, NULL};
    enum rs_status status = store_check_shape(store, name, 1, &axis, err);
    if (status == RS_OK)
        status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    if (shape.sizes[0] < low || shape.sizes[0] > MODEL_ITEMS_WORDS_MAX)
        return rs_fail(err, RS_INPUT, "%s:%s: error: %zu entries found, %zu to %d expected",
                       store_path(store), name, shape.sizes[0], low, MODEL_ITEMS_WORDS_MAX);
    *n = shape.sizes[0];
    return RS_OK;
}

static enum rs_status read_parts(const struct store *store, const char *group, const struct story_set *set,
                                 struct rs_error *err)
{
    struct part parts[N_PARTS];
    list_parts(set, parts);
    enum rs_status status = RS_OK;
    for (int i = 0; status == RS_OK && i < N_PARTS; i++) {
        char name[STORE_NAME_SIZE];
        name_dataset(name, group, parts[i].name);
        const struct store_axis axis = {"entries", parts[i].n, "from the offsets"};
        status = store_check_shape(store, name, 1, &axis, err);
        if (status == RS_OK)
            status = store_read(store, name, STORE_INT32, parts[i].values, err);
    }
    return status;
}

enum rs_status model_items_read(const struct store *store, const char *group,
                                const struct memn2n_shape *shape, size_t n_kinds, struct story_set *out,
                                struct rs_error *err)
{
    size_t n_story_offsets = 0, n_sentence_offsets = 0, n_words = 0, n_question_words = 0;
    *out = (struct story_set){0};
    enum rs_status status = read_size(store, group, "sentence_offset", 2, &n_story_offsets, err);
    if (status == RS_OK)
        status = read_size(store, group, "word_offset", 2, &n_sentence_offsets, err);
    if (status == RS_OK)
        status = read_size(store, group, "words", 1, &n_words, err);
    if (status == RS_OK)
        status = read_size(store, group, "question", 1, &n_question_words, err);
    if (status == RS_OK)
        status =
            story_set_init(out, n_story_offsets - 1, n_sentence_offsets - 1, n_words, n_question_words, err);
    if (status == RS_OK)
        status = read_parts(store, group, out, err);
    if (status == RS_OK)
        status = story_set_check(out, shape->n_words, n_kinds, shape->n_sentence_words, store_path(store),
                                 group, err);
    if (status != RS_OK)
        story_set_clear(out);
    return status;
}

enum rs_status model_items_write(struct store *store, const char *group, const struct story_set *set,
                                 struct rs_error *err)
{
    struct part parts[N_PARTS];
    list_parts(set, parts);
    enum rs_status status = store_make_group(store, group, err);
    for (int i = 0; status == RS_OK && i < N_PARTS; i++) {
        char name[STORE_NAME_SIZE];
        name_dataset(name, group, parts[i].name);
        const struct store_shape shape = {1, {parts[i].n}};
        status = store_write(store, name, STORE_INT32, &shape, NULL, parts[i].values,
                             (struct store_label){"1", NULL}, err);
    }
    return status;
}
