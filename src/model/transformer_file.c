#include "model/transformer_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/code_range.h"
#include "model/transformer_file_shape.h"

static const double nll_max = 1e6;

void transformer_file_clear(struct transformer_file *file)
{
    transformer_clear(&file->model);
    free(file->vocabulary);
    free(file->code_max_query);
    free(file->code_max_key);
    free(file->code_max_value);
    free(file->threshold);
    transformer_items_clear(&file->calibration);
    transformer_items_clear(&file->test);
    *file = (struct transformer_file){0};
}

static struct model_record record_of(struct transformer_file *file)
{
    const struct transformer_shape *shape = &file->model.shape;
    return MODEL_RECORD(file, "transformer", shape->n_layers, shape->n_heads, shape->n_kv_heads);
}

static void name_weights(char name[STORE_NAME_SIZE], int kind)
{
    const char prefix[] = "/weights/", *own = transformer_shape_weights_name((enum transformer_weights)kind);
    memcpy(name, prefix, sizeof prefix);
    memcpy(name + sizeof prefix - 1, own, strlen(own) + 1);
}

/* The sizes of a dataset of weights: [row][column], or [layer][row][column]. */
static struct store_shape weights_shape(const struct transformer_layout *layout, int kind)
{
    const struct transformer_place *place = &layout->places[kind];
    if (transformer_shape_per_layer((enum transformer_weights)kind))
        return (struct store_shape){3, {layout->n_layers, place->n_rows, place->n_columns}};
    return (struct store_shape){2, {place->n_rows, place->n_columns}};
}

/* Before anything is allocated: what the shape asks for is there. */
static enum rs_status check_weights(const struct store *store, const struct transformer_layout *layout,
                                    struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS && status == RS_OK; kind++) {
        const struct store_shape shape = weights_shape(layout, kind);
        const struct store_axis axes[] = {{"layers", shape.sizes[0], "n_layers"},
                                          {"rows", shape.sizes[shape.rank - 2], "the shape's attributes"},
                                          {"columns", shape.sizes[shape.rank - 1], "the shape's attributes"}};
        char name[STORE_NAME_SIZE];
        name_weights(name, kind);
        if (layout->places[kind].n_rows > 0)
            status = store_check_shape(store, name, shape.rank, axes + 3 - shape.rank, err);
    }
    return status;
}

/* Between a dataset of all layers and the layers' blocks. */
static void move_layers(const struct transformer_layout *layout, int kind, bool to_model, float *weights,
                        float *dataset)
{
    const struct transformer_place *place = &layout->places[kind];
    size_t n = place->n_rows * place->n_columns;
    bool per_layer = transformer_shape_per_layer((enum transformer_weights)kind);
    for (size_t layer = 0; layer < (per_layer ? layout->n_layers : 1); layer++) {
        float *here = weights + transformer_shape_first(layout, (enum transformer_weights)kind, layer);
        memcpy(to_model ? here : dataset + layer * n, to_model ? dataset + layer * n : here,
               n * sizeof *here);
    }
}

static size_t n_entries(const struct store_shape *shape)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= shape->sizes[i];
    return n;
}

static enum rs_status read_weights(const struct store *store, struct transformer *model, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS && status == RS_OK; kind++) {
        char name[STORE_NAME_SIZE];
        const struct store_shape shape = weights_shape(&model->layout, kind);
        size_t n = n_entries(&shape);
        if (model->layout.places[kind].n_rows == 0)
            continue;
        float *values = memory_allocate(n, sizeof *values, err);
        if (values == NULL)
            return RS_INTERNAL;
        name_weights(name, kind);
        status = model_record_read_weights(store, name, n, values, err);
        if (status == RS_OK)
            move_layers(&model->layout, kind, true, model->weights, values);
        free(values);
    }
    return status;
}

static enum rs_status read_vocabulary(const struct store *store, struct transformer_file *file,
                                      struct rs_error *err)
{
    size_t n;
    const struct store_axis axis = {"words", file->model.shape.n_words, "n_words"};
    if (file->model.shape.input != TRANSFORMER_WORDS)
        return RS_OK;
    enum rs_status status = store_check_shape(store, "/vocabulary", 1, &axis, err);
    return status == RS_OK ? store_read_texts(store, "/vocabulary", &n, &file->vocabulary, err) : status;
}

enum rs_status transformer_file_read(const struct store *store, struct transformer_file *out,
                                     struct rs_error *err)
{
    struct transformer_shape shape;
    *out = (struct transformer_file){0};
    struct model_record record = record_of(out);
    enum rs_status status = model_record_read_header(store, &record, err);
    if (status == RS_OK)
        status = model_record_read_measure(store, "test_nll", nll_max, &out->test_nll, err);
    if (status == RS_OK)
        status = transformer_file_shape_read(store, &shape, err);
    if (status == RS_OK) {
        struct transformer_layout layout = transformer_shape_layout(&shape);
        status = check_weights(store, &layout, err);
    }
    if (status == RS_OK)
        status = transformer_init(&out->model, &shape, err);
    if (status == RS_OK)
        status = read_weights(store, &out->model, err);
    if (status == RS_OK)
        status = read_vocabulary(store, out, err);
    record = record_of(out); /* its sizes are known now */
    if (status == RS_OK)
        status = model_record_read_tables(store, &record, err);
    if (status == RS_OK)
        status = transformer_items_read(store, "/calibration", &shape, &out->calibration, err);
    if (status == RS_OK)
        status = transformer_items_read(store, "/test", &shape, &out->test, err);
    if (status != RS_OK)
        transformer_file_clear(out);
    return status;
}

enum rs_status transformer_file_open(const char *path, struct transformer_file *out, struct rs_error *err)
{
    struct store *store = NULL;
    *out = (struct transformer_file){0};
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = transformer_file_read(store, out, err);
    store_close(store);
    return status;
}

static enum rs_status write_weights(struct store *store, const struct transformer *model,
                                    struct rs_error *err)
{
    enum rs_status status = store_make_group(store, "/weights", err);
    for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS && status == RS_OK; kind++) {
        char name[STORE_NAME_SIZE];
        const struct store_shape shape = weights_shape(&model->layout, kind);
        if (model->layout.places[kind].n_rows == 0)
            continue;
        float *values = memory_allocate(n_entries(&shape), sizeof *values, err);
        if (values == NULL)
            return RS_INTERNAL;
        move_layers(&model->layout, kind, false, model->weights, values);
        name_weights(name, kind);
        status = store_write(store, name, STORE_FLOAT32, &shape, NULL, values,
                             (struct store_label){"1", NULL}, err);
        free(values);
    }
    return status;
}

enum rs_status transformer_file_write(const char *path, const struct transformer_file *file,
                                      struct rs_error *err)
{
    const struct transformer_shape *shape = &file->model.shape;
    struct store *store = NULL;
    struct transformer_file copy = *file;
    const struct model_record record = record_of(&copy);
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    status = model_record_write_header(store, &record, err);
    if (status == RS_OK)
        status = store_write_number(store, "/", "test_nll", file->test_nll, err);
    if (status == RS_OK)
        status = transformer_file_shape_write(store, shape, err);
    if (status == RS_OK)
        status = write_weights(store, &file->model, err);
    if (status == RS_OK && file->vocabulary != NULL)
        status = store_write_texts(store, "/vocabulary", shape->n_words,
                                   (const char *const *)file->vocabulary, NULL, err);
    if (status == RS_OK)
        status = model_record_write_tables(store, &record, err);
    if (status == RS_OK)
        status = transformer_items_write(store, "/calibration", shape, &file->calibration, err);
    if (status == RS_OK)
        status = transformer_items_write(store, "/test", shape, &file->test, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}

static enum rs_status run_calibration(struct transformer_file *file, struct rs_error *err)
{
    const struct transformer_shape *shape = &file->model.shape;
    struct code_range range = {(int)shape->n_heads, (int)shape->n_kv_heads, file->code_max_query,
                               file->code_max_key, file->code_max_value};
    struct transformer_workspace *room = transformer_workspace_create(&file->model, err);
    enum rs_status status = room != NULL ? RS_OK : RS_INTERNAL;
    for (size_t i = 0; i < file->calibration.n_samples && status == RS_OK; i++) {
        struct transformer_sample sample = transformer_items_sample(&file->calibration, shape, i);
        struct transformer_answer answer = {0};
        status = transformer_run(&file->model, &sample, room, code_range_hook, &range, &answer, err);
        if (status == RS_OK && !isfinite(answer.nll))
            status =
                rs_fail(err, RS_INPUT, "calibration input %zu: an NLL of %g found, a finite one expected", i,
                        answer.nll);
    }
    transformer_workspace_destroy(room);
    return status;
}

enum rs_status transformer_file_measure_codes(struct transformer_file *file, struct rs_error *err)
{
    const struct transformer_shape *shape = &file->model.shape;
    const struct model_record record = record_of(file);
    if (model_record_renew_codes(&record, err) != RS_OK)
        return RS_INTERNAL;
    const struct {
        const char *what;
        const double *largest;
        size_t n_heads;
    } tables[] = {{"query", file->code_max_query, shape->n_heads},
                  {"key", file->code_max_key, shape->n_kv_heads},
                  {"value", file->code_max_value, shape->n_kv_heads}};
    enum rs_status status = run_calibration(file, err);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (size_t at = 0; at < shape->n_layers * tables[i].n_heads && status == RS_OK; at++)
            if (!isfinite(tables[i].largest[at]))
                status = rs_fail(err, RS_INPUT, "a %s component of %g in layer %zu, finite ones expected",
                                 tables[i].what, tables[i].largest[at], at / tables[i].n_heads);
    return status;
}

enum rs_status transformer_file_measure(struct transformer_file *file, int n_threads, struct rs_error *err)
{
    struct transformer_score score;
    enum rs_status status = transformer_file_measure_codes(file, err);
    if (status == RS_OK)
        status = transformer_items_test(&file->model, &file->test, n_threads, &score, err);
    if (status != RS_OK)
        return status;
    file->test_nll = score.n_counted > 0 ? score.nll / (double)score.n_counted : 0;
    file->test_error =
        score.n_counted > 0 ? (double)(score.n_counted - score.n_right) / (double)score.n_counted : 0;
    return RS_OK;
}
