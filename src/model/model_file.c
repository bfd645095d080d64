#include "model/model_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/code_range.h"
#include "model/model_items.h"

static const double seed_max = 0x1p53;

void model_file_clear(struct model_file *file)
{
    memn2n_clear(&file->model);
    free(file->kinds);
    free(file->code_max_query);
    free(file->code_max_key);
    free(file->code_max_value);
    free(file->threshold);
    story_set_clear(&file->calibration);
    story_set_clear(&file->test);
    *file = (struct model_file){0};
}

static enum rs_status read_text(const struct store *store, const char *object, const char *name,
                                char text[MODEL_FILE_TEXT_SIZE], struct rs_error *err)
{
    char *read = NULL;
    enum rs_status status = store_read_text(store, object, name, &read, err);
    if (status == RS_OK && strlen(read) >= MODEL_FILE_TEXT_SIZE)
        status = rs_fail(err, RS_INPUT, "%s:%s@%s: error: %zu bytes found, at most %d expected",
                         store_path(store), object, name, strlen(read), MODEL_FILE_TEXT_SIZE - 1);
    if (status == RS_OK)
        memcpy(text, read, strlen(read) + 1);
    free(read);
    return status;
}

static enum rs_status read_header(const struct store *store, struct model_file *file, struct rs_error *err)
{
    enum rs_status status = store_expect_text(store, "format", "rescore-model", err);
    double version, seed = 0;
    if (status == RS_OK)
        status = store_read_integer(store, "version", MODEL_FILE_VERSION, MODEL_FILE_VERSION, &version, err);
    if (status == RS_OK)
        status = store_expect_text(store, "kind", "memn2n", err);
    if (status == RS_OK)
        status = read_text(store, "/", "task", file->task, err);
    if (status == RS_OK)
        status = read_text(store, "/", "source", file->source, err);
    if (status == RS_OK)
        status = read_text(store, "/", "git_commit", file->git_commit, err);
    if (status == RS_OK)
        status = store_read_integer(store, "seed", 0, seed_max, &seed, err);
    if (status == RS_OK)
        status = store_read_number(store, "/", "test_error", &file->test_error, err);
    if (status == RS_OK && !(file->test_error >= 0 && file->test_error <= 1))
        status = rs_fail(err, RS_INPUT, "%s:/@test_error: error: %g found, 0 to 1 expected",
                         store_path(store), file->test_error);
    file->seed = (uint64_t)seed;
    return status;
}

/* Sizes come from attributes and from the shapes of /embedding and /time, all bounded before anything is
 * allocated. */
static enum rs_status read_shape(const struct store *store, struct memn2n_shape *shape, struct rs_error *err)
{
    double n_hops = 0, d = 0, n_sentence_words = 0, n_empty = 0;
    struct store_shape words = {0}, times = {0};
    enum rs_status status = store_read_integer(store, "n_hops", 1, MEMN2N_HOPS_MAX, &n_hops, err);
    if (status == RS_OK)
        status = store_read_integer(store, "d", 1, MEMN2N_D_MAX, &d, err);
    if (status == RS_OK)
        status =
            store_read_integer(store, "n_sentence_words", 1, MEMN2N_SENTENCE_MAX, &n_sentence_words, err);
    if (status == RS_OK && store_has_attribute(store, "/", "n_empty"))
        status = store_read_integer(store, "n_empty", 0, MEMN2N_EMPTY_MAX, &n_empty, err);
    const struct store_axis axes[] = {{"levels", (size_t)n_hops + 1, "n_hops + 1"},
                                      {"rows", STORE_SIZE_ANY, NULL},
                                      {"components", (size_t)d, "d"}};
    if (status == RS_OK)
        status = store_check_shape(store, "/embedding", 3, axes, err);
    if (status == RS_OK)
        status = store_check_shape(store, "/time", 3, axes, err);
    if (status == RS_OK)
        status = store_get_shape(store, "/embedding", &words, err);
    if (status == RS_OK)
        status = store_get_shape(store, "/time", &times, err);
    if (status != RS_OK)
        return status;
    *shape = (struct memn2n_shape){(size_t)n_hops,           (size_t)d,      words.sizes[1], times.sizes[1],
                                   (size_t)n_sentence_words, (size_t)n_empty};
    struct rs_error why = {{0}};
    if (memn2n_shape_check(shape, &why) != RS_OK)
        return rs_fail(err, RS_INPUT, "%s: error: %s", store_path(store), why.text);
    return RS_OK;
}

static enum rs_status read_words(const struct store *store, const char *dataset, struct store_axis axis,
                                 size_t n_max, size_t *n, char ***words, struct rs_error *err)
{
    struct store_shape shape = {0};
    enum rs_status status = store_check_shape(store, dataset, 1, &axis, err);
    if (status == RS_OK)
        status = store_get_shape(store, dataset, &shape, err);
    if (status == RS_OK && shape.sizes[0] > n_max)
        status = rs_fail(err, RS_INPUT, "%s:%s: error: %zu texts found, at most %zu expected",
                         store_path(store), dataset, shape.sizes[0], n_max);
    return status == RS_OK ? store_read_texts(store, dataset, n, words, err) : status;
}

static enum rs_status read_weights(const struct store *store, const char *dataset, size_t n, float *weights,
                                   struct rs_error *err)
{
    enum rs_status status = store_read(store, dataset, STORE_FLOAT32, weights, err);
    for (size_t i = 0; status == RS_OK && i < n; i++)
        if (!isfinite(weights[i]))
            status = rs_fail(err, RS_INPUT, "%s:%s: error: %g found, finite weights expected",
                             store_path(store), dataset, (double)weights[i]);
    return status;
}

static enum rs_status read_model(const struct store *store, struct memn2n *model, struct rs_error *err)
{
    struct memn2n_shape shape = {0};
    char **vocabulary = NULL;
    size_t n_words = 0;
    enum rs_status status = read_shape(store, &shape, err);
    if (status == RS_OK)
        status = read_words(store, "/vocabulary",
                            (struct store_axis){"words", shape.n_words, "rows of /embedding"},
                            MEMN2N_WORDS_MAX, &n_words, &vocabulary, err);
    if (status == RS_OK)
        status = memn2n_init(model, &shape, (const char *const *)vocabulary, err);
    size_t row = (shape.n_hops + 1) * shape.d;
    if (status == RS_OK)
        status = read_weights(store, "/embedding", row * shape.n_words, model->embedding, err);
    if (status == RS_OK)
        status = read_weights(store, "/time", row * shape.n_memories, model->time, err);
    free(vocabulary);
    return status;
}

static enum rs_status read_table(const struct store *store, const char *dataset, size_t n_layers,
                                 bool positive, double **out, struct rs_error *err)
{
    const struct store_axis axes[] = {{"layers", n_layers, "n_hops"}, {"heads", 1, "of a MemN2N"}};
    enum rs_status status = store_check_shape(store, dataset, 2, axes, err);
    if (status != RS_OK)
        return status;
    *out = memory_allocate(n_layers, sizeof **out, err);
    if (*out == NULL)
        return RS_INTERNAL;
    status = store_read(store, dataset, STORE_FLOAT64, *out, err);
    for (size_t i = 0; status == RS_OK && i < n_layers; i++)
        if (!isfinite((*out)[i]) || (positive && !((*out)[i] > 0)))
            status = rs_fail(err, RS_INPUT, "%s:%s: error: %g found, a finite number%s expected",
                             store_path(store), dataset, (*out)[i], positive ? " above 0" : "");
    return status;
}

static enum rs_status read_tables(const struct store *store, struct model_file *file, struct rs_error *err)
{
    size_t n_layers = file->model.shape.n_hops;
    enum rs_status status = read_table(store, "/code_max_query", n_layers, true, &file->code_max_query, err);
    if (status == RS_OK)
        status = read_table(store, "/code_max_key", n_layers, true, &file->code_max_key, err);
    if (status == RS_OK)
        status = read_table(store, "/code_max_value", n_layers, true, &file->code_max_value, err);
    if (status != RS_OK || !store_has(store, "/threshold"))
        return status;
    status = read_table(store, "/threshold", n_layers, false, &file->threshold, err);
    return status == RS_OK ? read_text(store, "/threshold", "method", file->threshold_method, err) : status;
}

enum rs_status model_file_read(const struct store *store, struct model_file *out, struct rs_error *err)
{
    *out = (struct model_file){0};
    enum rs_status status = read_header(store, out, err);
    if (status == RS_OK)
        status = read_model(store, &out->model, err);
    if (status == RS_OK)
        status = read_words(store, "/kinds", (struct store_axis){"kinds", STORE_SIZE_ANY, NULL},
                            MODEL_FILE_KINDS_MAX, &out->n_kinds, &out->kinds, err);
    if (status == RS_OK)
        status = read_tables(store, out, err);
    if (status == RS_OK)
        status =
            model_items_read(store, "/calibration", &out->model.shape, out->n_kinds, &out->calibration, err);
    if (status == RS_OK)
        status = model_items_read(store, "/test", &out->model.shape, out->n_kinds, &out->test, err);
    if (status != RS_OK)
        model_file_clear(out);
    return status;
}

enum rs_status model_file_open(const char *path, struct model_file *out, struct rs_error *err)
{
    struct store *store = NULL;
    *out = (struct model_file){0};
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = model_file_read(store, out, err);
    store_close(store);
    return status;
}

static enum rs_status write_header(struct store *store, const struct model_file *file, struct rs_error *err)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"format", "rescore-model"},
                 {"kind", "memn2n"},
                 {"task", file->task},
                 {"source", file->source},
                 {"git_commit", file->git_commit}};
    const struct {
        const char *name;
        long long value;
    } integers[] = {{"version", MODEL_FILE_VERSION},
                    {"n_hops", (long long)file->model.shape.n_hops},
                    {"d", (long long)file->model.shape.d},
                    {"n_sentence_words", (long long)file->model.shape.n_sentence_words},
                    {"n_empty", (long long)file->model.shape.n_empty},
                    {"seed", (long long)file->seed}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; status == RS_OK && i < sizeof texts / sizeof texts[0]; i++)
        status = store_write_text(store, "/", texts[i].name, texts[i].text, err);
    for (size_t i = 0; status == RS_OK && i < sizeof integers / sizeof integers[0]; i++)
        status = store_write_integer(store, "/", integers[i].name, integers[i].value, err);
    return status == RS_OK ? store_write_number(store, "/", "test_error", file->test_error, err) : status;
}

static enum rs_status write_model(struct store *store, const struct model_file *file, struct rs_error *err)
{
    const struct memn2n_shape *shape = &file->model.shape;
    const struct store_shape words = {3, {shape->n_hops + 1, shape->n_words, shape->d}};
    const struct store_shape times = {3, {shape->n_hops + 1, shape->n_memories, shape->d}};
    const struct store_shape heads = {2, {shape->n_hops, 1}};
    const struct {
        const char *name, *long_name;
        enum store_type type;
        const struct store_shape *shape;
        const void *values;
    } arrays[] = {
        {"/embedding", "word embeddings of each level", STORE_FLOAT32, &words, file->model.embedding},
        {"/time", "time encodings of each level", STORE_FLOAT32, &times, file->model.time},
        {"/code_max_query", "largest magnitude of q", STORE_FLOAT64, &heads, file->code_max_query},
        {"/code_max_key", "largest magnitude of k", STORE_FLOAT64, &heads, file->code_max_key},
        {"/code_max_value", "largest magnitude of v", STORE_FLOAT64, &heads, file->code_max_value},
        {"/threshold", "scores below are pruned", STORE_FLOAT64, &heads, file->threshold}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; status == RS_OK && i < sizeof arrays / sizeof arrays[0]; i++)
        if (arrays[i].values != NULL)
            status = store_write(store, arrays[i].name, arrays[i].type, arrays[i].shape, NULL,
                                 arrays[i].values, (struct store_label){"1", arrays[i].long_name}, err);
    if (status == RS_OK && file->threshold != NULL)
        status = store_write_text(store, "/threshold", "method", file->threshold_method, err);
    if (status == RS_OK)
        status = store_write_texts(store, "/vocabulary", shape->n_words,
                                   (const char *const *)file->model.vocabulary, NULL, err);
    return status == RS_OK ? store_write_texts(store, "/kinds", file->n_kinds,
                                               (const char *const *)file->kinds, NULL, err)
                           : status;
}

enum rs_status model_file_write(const char *path, const struct model_file *file, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    status = write_header(store, file, err);
    if (status == RS_OK)
        status = write_model(store, file, err);
    if (status == RS_OK)
        status = model_items_write(store, "/calibration", &file->calibration, err);
    if (status == RS_OK)
        status = model_items_write(store, "/test", &file->test, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}

enum rs_status model_file_measure_codes(struct model_file *file, struct rs_error *err)
{
    size_t n_layers = file->model.shape.n_hops, n_wrong;
    double **arrays[] = {&file->code_max_query, &file->code_max_key, &file->code_max_value};
    for (int i = 0; i < 3; i++) {
        free(*arrays[i]);
        *arrays[i] = memory_allocate(n_layers, sizeof(double), err);
        if (*arrays[i] == NULL)
            return RS_INTERNAL;
    }
    struct code_range range = {1, 1, file->code_max_query, file->code_max_key, file->code_max_value};
    return memn2n_test(&file->model, &file->calibration, code_range_hook, &range, &n_wrong, NULL, NULL, err);
}
