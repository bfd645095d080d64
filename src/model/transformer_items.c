#include "model/transformer_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"

/* The datasets of a group, in the order of `struct transformer_items`. */
enum part { OFFSETS, WORDS, SEGMENTS, TARGETS, LABELS, N_PARTS };

static size_t n_pixels(const struct transformer_shape *shape)
{
    return shape->n_channels * shape->height * shape->width;
}

/* How many entries a part has; 0: this kind of model has none. */
static void list_parts(const struct transformer_shape *shape, size_t n_samples, size_t n_words,
                       size_t sizes[N_PARTS])
{
    bool words = shape->input == TRANSFORMER_WORDS, language = shape->task == TRANSFORMER_LANGUAGE;
    sizes[OFFSETS] = words ? n_samples + 1 : 0;
    sizes[WORDS] = words ? n_words : 0;
    sizes[SEGMENTS] = shape->n_segments > 0 ? n_words : 0;
    sizes[TARGETS] = language ? n_words : 0;
    sizes[LABELS] = language ? 0 : n_samples;
}

static const char *const names[N_PARTS] = {"word_offset", "words", "segments", "targets", "labels"};

static int32_t **array_of(struct transformer_items *items, enum part part)
{
    int32_t **const arrays[N_PARTS] = {&items->word_offset, &items->words, &items->segments, &items->targets,
                                       &items->labels};
    return arrays[part];
}

enum rs_status transformer_items_init(struct transformer_items *items, const struct transformer_shape *shape,
                                      size_t n_samples, size_t n_words, struct rs_error *err)
{
    size_t sizes[N_PARTS];
    bool enough = true;
    *items = (struct transformer_items){.n_samples = n_samples, .n_words = n_words};
    list_parts(shape, n_samples, n_words, sizes);
    for (int part = 0; part < N_PARTS; part++) {
        if (sizes[part] == 0)
            continue;
        int32_t **array = array_of(items, (enum part)part);
        *array = memory_allocate(sizes[part], sizeof **array, err);
        enough = enough && *array != NULL;
    }
    if (shape->input == TRANSFORMER_PATCHES) {
        items->images = memory_allocate(n_samples, n_pixels(shape), err);
        enough = enough && items->images != NULL;
    }
    if (enough)
        return RS_OK;
    transformer_items_clear(items);
    return RS_INTERNAL;
}

void transformer_items_clear(struct transformer_items *items)
{
    for (int part = 0; part < N_PARTS; part++)
        free(*array_of(items, (enum part)part));
    free(items->images);
    *items = (struct transformer_items){0};
}

struct transformer_sample transformer_items_sample(const struct transformer_items *items,
                                                   const struct transformer_shape *shape, size_t index)
{
    struct transformer_sample sample = {.label = items->labels != NULL ? items->labels[index] : -1};
    if (items->images != NULL)
        sample.image = items->images + index * n_pixels(shape);
    if (items->words == NULL)
        return sample;
    size_t first = (size_t)items->word_offset[index];
    sample.n_words = (size_t)items->word_offset[index + 1] - first;
    sample.words = items->words + first;
    sample.segments = items->segments != NULL ? items->segments + first : NULL;
    sample.targets = items->targets != NULL ? items->targets + first : NULL;
    return sample;
}

enum rs_status transformer_items_copy(const struct transformer_items *items,
                                      const struct transformer_shape *shape, size_t n_samples,
                                      struct transformer_items *out, struct rs_error *err)
{
    size_t sizes[N_PARTS];
    rs_require(n_samples >= 1 && n_samples <= items->n_samples, "more samples than there are");
    struct transformer_items from = *items;
    size_t n_words = items->word_offset != NULL ? (size_t)items->word_offset[n_samples] : 0;
    enum rs_status status = transformer_items_init(out, shape, n_samples, n_words, err);
    list_parts(shape, n_samples, n_words, sizes);
    for (int part = 0; part < N_PARTS && status == RS_OK; part++)
        if (sizes[part] > 0)
            memcpy(*array_of(out, (enum part)part), *array_of(&from, (enum part)part),
                   sizes[part] * sizeof(int32_t));
    if (status == RS_OK && out->images != NULL)
        memcpy(out->images, items->images, n_samples * n_pixels(shape));
    return status;
}

/* thresholds NULL: exact. */
static enum rs_status test(const struct transformer *model, const struct transformer_items *items,
                           const double *thresholds, int n_threads, struct transformer_score *score,
                           struct rs_error *err)
{
    struct transformer_answer *answers = memory_allocate(items->n_samples, sizeof *answers, err);
    bool enough = answers != NULL;
    int64_t n_kept = 0, n_visible = 0;
    *score = (struct transformer_score){0};
#pragma omp parallel num_threads(n_threads) if (enough) reduction(+ : n_kept, n_visible)
    {
        struct rs_error ignored; /* neither hook fails */
        struct transformer_workspace *room = enough ? transformer_workspace_create(model, &ignored) : NULL;
        struct attention_pruning pruning = {(int)model->shape.n_heads, thresholds, 0, 0};
        if (room == NULL) {
#pragma omp atomic write
            enough = false;
        }
#pragma omp barrier
        bool all = false;
#pragma omp atomic read
        all = enough;
        if (all) {
#pragma omp for schedule(dynamic)
            for (size_t i = 0; i < items->n_samples; i++) {
                struct transformer_sample sample = transformer_items_sample(items, &model->shape, i);
                (void)!transformer_run(model, &sample, room,
                                       thresholds != NULL ? attention_hook_pruned : attention_hook_exact,
                                       &pruning, &answers[i], &ignored);
            }
        }
        n_kept += pruning.n_kept;
        n_visible += pruning.n_visible;
        transformer_workspace_destroy(room);
    }
    for (size_t i = 0; i < items->n_samples && enough; i++) {
        score->nll += answers[i].nll;
        score->n_counted += answers[i].n_counted;
        score->n_right += answers[i].n_right;
    }
    score->n_kept = n_kept;
    score->n_visible = n_visible;
    free(answers);
    return enough ? RS_OK : rs_fail(err, RS_INTERNAL, "out of memory: a transformer's workspaces");
}

enum rs_status transformer_items_test(const struct transformer *model, const struct transformer_items *items,
                                      int n_threads, struct transformer_score *score, struct rs_error *err)
{
    return test(model, items, NULL, n_threads, score, err);
}

enum rs_status transformer_items_test_pruned(const struct transformer *model,
                                             const struct transformer_items *items, const double *thresholds,
                                             int n_threads, struct transformer_score *score,
                                             struct rs_error *err)
{
    return test(model, items, thresholds, n_threads, score, err);
}

/* --- files --- */

static void name_dataset(char name[STORE_NAME_SIZE], const char *group, const char *part)
{
    snprintf(name, STORE_NAME_SIZE, "%s/%s", group, part);
}

/* Entries along the first axis of a dataset, of the rank expected, bounded. */
static enum rs_status read_size(const struct store *store, const char *dataset, int rank,
                                const struct store_axis *axes, size_t low, size_t high, size_t *n,
                                struct rs_error *err)
{
    struct store_shape shape;
    enum rs_status status = store_check_shape(store, dataset, rank, axes, err);
    if (status == RS_OK)
        status = store_get_shape(store, dataset, &shape, err);
    if (status != RS_OK)
        return status;
    if (shape.sizes[0] < low || shape.sizes[0] > high)
        return rs_fail(err, RS_INPUT, "%s:%s: error: %zu %s found, %zu to %zu expected", store_path(store),
                       dataset, shape.sizes[0], axes[0].name, low, high);
    *n = shape.sizes[0];
    return RS_OK;
}

static enum rs_status read_counts(const struct store *store, const char *group,
                                  const struct transformer_shape *shape, size_t *n_samples, size_t *n_words,
                                  struct rs_error *err)
{
    char name[STORE_NAME_SIZE];
    const struct store_axis entries = {"entries", STORE_SIZE_ANY, NULL};
    if (shape->input == TRANSFORMER_PATCHES) {
        const struct store_axis images[] = {{"images", STORE_SIZE_ANY, NULL},
                                            {"channels", shape->n_channels, "n_channels"},
                                            {"rows", shape->height, "height"},
                                            {"columns", shape->width, "width"}};
        name_dataset(name, group, "images");
        return read_size(store, name, 4, images, 1, TRANSFORMER_ITEMS_MAX / n_pixels(shape), n_samples, err);
    }
    name_dataset(name, group, names[OFFSETS]);
    enum rs_status status = read_size(store, name, 1, &entries, 2, TRANSFORMER_ITEMS_MAX, n_samples, err);
    --*n_samples;
    name_dataset(name, group, names[WORDS]);
    return status == RS_OK ? read_size(store, name, 1, &entries, 1, TRANSFORMER_ITEMS_MAX, n_words, err)
                           : status;
}

static enum rs_status check_range(const struct store *store, const char *dataset, const int32_t *values,
                                  size_t n, int32_t low, size_t high, struct rs_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] < low || (values[i] > 0 && (size_t)values[i] > high))
            return rs_fail(err, RS_INPUT, "%s:%s: error: %d found, %d to %zu expected", store_path(store),
                           dataset, (int)values[i], (int)low, high);
    return RS_OK;
}

/* Samples of 1 to n_positions words, from 0 to the end. */
static enum rs_status check_offsets(const struct store *store, const char *dataset,
                                    const struct transformer_shape *shape,
                                    const struct transformer_items *items, struct rs_error *err)
{
    const int32_t *offset = items->word_offset;
    if (offset[0] != 0 || (size_t)offset[items->n_samples] != items->n_words)
        return rs_fail(err, RS_INPUT, "%s:%s: error: %d to %d found, 0 to %zu expected", store_path(store),
                       dataset, (int)offset[0], (int)offset[items->n_samples], items->n_words);
    for (size_t i = 0; i < items->n_samples; i++) {
        int64_t n = (int64_t)offset[i + 1] - offset[i];
        if (n < 1 || n > (int64_t)shape->n_positions)
            return rs_fail(err, RS_INPUT, "%s:%s: error: a sample of %lld words found, 1 to %zu expected",
                           store_path(store), dataset, (long long)n, shape->n_positions);
    }
    return RS_OK;
}

static enum rs_status read_part(const struct store *store, const char *group, enum part part, size_t n,
                                const struct transformer_shape *shape, struct transformer_items *items,
                                struct rs_error *err)
{
    char name[STORE_NAME_SIZE];
    const struct store_axis axis = {"entries", n, "from the others"};
    int32_t *values = *array_of(items, part);
    name_dataset(name, group, names[part]);
    enum rs_status status = store_check_shape(store, name, 1, &axis, err);
    if (status == RS_OK)
        status = store_read(store, name, STORE_INT32, values, err);
    if (status != RS_OK)
        return status;
    if (part == OFFSETS)
        return check_offsets(store, name, shape, items, err);
    size_t n_words = shape->n_words, n_answers = transformer_shape_n_answers(shape);
    size_t high = part == WORDS ? n_words : part == SEGMENTS ? shape->n_segments : n_answers;
    return check_range(store, name, values, n, part == TARGETS || part == LABELS ? -1 : 0, high - 1, err);
}

bool transformer_items_exist(const struct store *store, const char *group)
{
    char name[STORE_NAME_SIZE];
    name_dataset(name, group, "images");
    bool exist = store_has(store, name);
    for (int part = 0; part < N_PARTS; part++) {
        name_dataset(name, group, names[part]);
        exist = exist || store_has(store, name);
    }
    return exist;
}

/* The next word of the sample. */
static void fill_targets(struct transformer_items *items)
{
    for (size_t i = 0; i < items->n_samples; i++) {
        int32_t first = items->word_offset[i], end = items->word_offset[i + 1];
        for (int32_t t = first; t < end; t++)
            items->targets[t] = t + 1 < end ? items->words[t + 1] : -1;
    }
}

static enum rs_status read_items(const struct store *store, const char *group,
                                 const struct transformer_shape *shape, bool made,
                                 struct transformer_items *out, struct rs_error *err)
{
    size_t n_samples = 0, n_words = 0, sizes[N_PARTS];
    char name[STORE_NAME_SIZE];
    *out = (struct transformer_items){0};
    enum rs_status status = read_counts(store, group, shape, &n_samples, &n_words, err);
    if (status == RS_OK)
        status = transformer_items_init(out, shape, n_samples, n_words, err);
    list_parts(shape, n_samples, n_words, sizes);
    for (int part = 0; part < N_PARTS && status == RS_OK; part++) {
        name_dataset(name, group, names[part]);
        bool left_out = made && (part == TARGETS || part == SEGMENTS) && !store_has(store, name);
        if (sizes[part] > 0 && !left_out)
            status = read_part(store, group, (enum part)part, sizes[part], shape, out, err);
        else if (sizes[part] > 0 && part == TARGETS)
            fill_targets(out);
    }
    name_dataset(name, group, "images");
    if (status == RS_OK && out->images != NULL)
        status = store_read(store, name, STORE_UINT8, out->images, err);
    if (status != RS_OK)
        transformer_items_clear(out);
    return status;
}

enum rs_status transformer_items_read(const struct store *store, const char *group,
                                      const struct transformer_shape *shape, struct transformer_items *out,
                                      struct rs_error *err)
{
    return read_items(store, group, shape, false, out, err);
}

enum rs_status transformer_items_read_made(const struct store *store, const char *group,
                                           const struct transformer_shape *shape,
                                           struct transformer_items *out, struct rs_error *err)
{
    return read_items(store, group, shape, true, out, err);
}

enum rs_status transformer_items_write(struct store *store, const char *group,
                                       const struct transformer_shape *shape,
                                       const struct transformer_items *items, struct rs_error *err)
{
    size_t sizes[N_PARTS];
    char name[STORE_NAME_SIZE];
    struct transformer_items copy = *items;
    const struct store_label label = {"1", NULL};
    list_parts(shape, items->n_samples, items->n_words, sizes);
    enum rs_status status = store_make_group(store, group, err);
    for (int part = 0; part < N_PARTS && status == RS_OK; part++) {
        const struct store_shape size = {1, {sizes[part]}};
        name_dataset(name, group, names[part]);
        if (sizes[part] > 0)
            status = store_write(store, name, STORE_INT32, &size, NULL, *array_of(&copy, (enum part)part),
                                 label, err);
    }
    if (status != RS_OK || items->images == NULL)
        return status;
    const struct store_shape size = {4, {items->n_samples, shape->n_channels, shape->height, shape->width}};
    name_dataset(name, group, "images");
    return store_write(store, name, STORE_UINT8, &size, NULL, items->images, label, err);
}
