#include "model/model_file.h"

#include <stdlib.h>

#include "model/code_range.h"
#include "model/model_items.h"

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

static struct model_record record_of(struct model_file *file)
{
    return MODEL_RECORD(file, "memn2n", file->model.shape.n_hops, 1, 1);
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
        status = model_record_read_weights(store, "/embedding", row * shape.n_words, model->embedding, err);
    if (status == RS_OK)
        status = model_record_read_weights(store, "/time", row * shape.n_memories, model->time, err);
    free(vocabulary);
    return status;
}

enum rs_status model_file_read(const struct store *store, struct model_file *out, struct rs_error *err)
{
    *out = (struct model_file){0};
    struct model_record record = record_of(out);
    enum rs_status status = model_record_read_header(store, &record, err);
    if (status == RS_OK)
        status = read_model(store, &out->model, err);
    record = record_of(out); /* its sizes are known now */
    if (status == RS_OK)
        status = read_words(store, "/kinds", (struct store_axis){"kinds", STORE_SIZE_ANY, NULL},
                            MODEL_FILE_KINDS_MAX, &out->n_kinds, &out->kinds, err);
    if (status == RS_OK)
        status = model_record_read_tables(store, &record, err);
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

static enum rs_status write_shape(struct store *store, const struct memn2n_shape *shape, struct rs_error *err)
{
    const struct {
        const char *name;
        size_t value;
    } integers[] = {{"n_hops", shape->n_hops},
                    {"d", shape->d},
                    {"n_sentence_words", shape->n_sentence_words},
                    {"n_empty", shape->n_empty}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; status == RS_OK && i < sizeof integers / sizeof integers[0]; i++)
        status = store_write_integer(store, "/", integers[i].name, (long long)integers[i].value, err);
    return status;
}

static enum rs_status write_model(struct store *store, const struct model_file *file, struct rs_error *err)
{
    const struct memn2n_shape *shape = &file->model.shape;
    const struct store_shape words = {3, {shape->n_hops + 1, shape->n_words, shape->d}};
    const struct store_shape times = {3, {shape->n_hops + 1, shape->n_memories, shape->d}};
    const struct {
        const char *name, *long_name;
        const struct store_shape *shape;
        const float *values;
    } arrays[] = {{"/embedding", "word embeddings of each level", &words, file->model.embedding},
                  {"/time", "time encodings of each level", &times, file->model.time}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; status == RS_OK && i < sizeof arrays / sizeof arrays[0]; i++)
        status = store_write(store, arrays[i].name, STORE_FLOAT32, arrays[i].shape, NULL, arrays[i].values,
                             (struct store_label){"1", arrays[i].long_name}, err);
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
    struct model_file copy = *file;
    const struct model_record record = record_of(&copy);
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    status = model_record_write_header(store, &record, err);
    if (status == RS_OK)
        status = write_shape(store, &file->model.shape, err);
    if (status == RS_OK)
        status = write_model(store, file, err);
    if (status == RS_OK)
        status = model_record_write_tables(store, &record, err);
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
    size_t n_wrong;
    const struct model_record record = record_of(file);
    if (model_record_renew_codes(&record, err) != RS_OK)
        return RS_INTERNAL;
    struct code_range range = {1, 1, file->code_max_query, file->code_max_key, file->code_max_value};
    return memn2n_test(&file->model, &file->calibration, code_range_hook, &range, &n_wrong, NULL, NULL, err);
}
