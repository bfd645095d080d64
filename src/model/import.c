#include "model/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/safetensors.h"
#include "model/import_config.h"

enum { BLOCK_ROWS = 16, SHAPE_TEXT_SIZE = 160 };

struct import {
    struct import_config config;
    struct safetensors *file;
    struct transformer_layout layout;
    bool prefixed;
    bool *used; /* [tensors of the file] */
};

bool import_config_path(const char *weights, char *path, size_t path_size)
{
    const char *slash = strrchr(weights, '/');
    int length =
        snprintf(path, path_size, "%.*sconfig.json", slash != NULL ? (int)(slash - weights) + 1 : 0, weights);
    return length > 0 && (size_t)length < path_size;
}

/* --- names --- */

/* The name of a layer's tensor, without or with the family's prefix. */
static void print_name(const struct import *import, const char *pattern, bool outside, size_t layer,
                       char name[SAFETENSORS_NAME_MAX + 1])
{
    const char *prefix = import->prefixed && !outside ? import->config.family->prefix : "";
    const char *number = strchr(pattern, '#');
    if (number == NULL)
        snprintf(name, SAFETENSORS_NAME_MAX + 1, "%s%s", prefix, pattern);
    else
        snprintf(name, SAFETENSORS_NAME_MAX + 1, "%s%.*s%zu%s", prefix, (int)(number - pattern), pattern,
                 layer, number + 1);
}

/* The tensor of that name, or of the name that it once had; safetensors_n_tensors: none. */
static size_t find_tensor(const struct import *import, const char *name)
{
    char older[SAFETENSORS_NAME_MAX + 1];
    size_t found = safetensors_find(import->file, name), n = safetensors_n_tensors(import->file);
    for (const char *const *pair = import->config.family->old; *pair != NULL && found == n; pair += 2) {
        size_t length = strlen(name), end = strlen(pair[0]);
        if (length < end || strcmp(name + length - end, pair[0]) != 0)
            continue;
        snprintf(older, sizeof older, "%.*s%s", (int)(length - end), name, pair[1]);
        found = safetensors_find(import->file, older);
    }
    return found;
}

/* Whether a name is a pattern's, with any number for its '#'. */
static bool matches(const char *name, const char *pattern)
{
    const char *number = strchr(pattern, '#');
    if (number == NULL)
        return strcmp(name, pattern) == 0;
    size_t n = (size_t)(number - pattern);
    if (strncmp(name, pattern, n) != 0)
        return false;
    size_t n_digits = strspn(name + n, "0123456789");
    return n_digits > 0 && strcmp(name + n + n_digits, number + 1) == 0;
}

static bool is_ignored(const struct import *import, const char *name)
{
    const char *prefix = import->config.family->prefix;
    size_t n = strlen(prefix);
    if (import->prefixed && strncmp(name, prefix, n) != 0)
        return false;
    for (const char *const *pattern = import->config.family->ignored; *pattern != NULL; pattern++)
        if (matches(name + (import->prefixed ? n : 0), *pattern))
            return true;
    return false;
}

static bool is_prefixed(const struct import *import)
{
    const char *prefix = import->config.family->prefix;
    for (size_t i = 0; i < safetensors_n_tensors(import->file); i++)
        if (strncmp(safetensors_tensor(import->file, i)->name, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* --- what goes where --- */

/* The part of a place that a tensor fills: from one row and column on, and how many of them. */
struct target {
    size_t row, column, n_rows, n_columns;
};

static struct target target_of(const struct import *import, const struct import_row *row)
{
    const struct transformer_shape *shape = &import->config.shape;
    const struct transformer_place *place = &import->layout.places[row->kind];
    size_t query = shape->n_heads * shape->d_head, key = shape->n_kv_heads * shape->d_head;
    struct target target = {0, 0, row->form == IMPORT_VECTOR ? 1 : place->n_rows, place->n_columns};
    switch (row->part) {
    case IMPORT_QUERY:
        target.n_columns = query;
        break;
    case IMPORT_KEY:
    case IMPORT_VALUE:
        target.column = row->part == IMPORT_KEY ? query : query + key;
        target.n_columns = key;
        break;
    case IMPORT_GATE:
    case IMPORT_UP:
        target.column = row->part == IMPORT_UP ? shape->d_hidden : 0;
        target.n_columns = shape->d_hidden;
        break;
    case IMPORT_SECOND:
        target.row = 1;
        break;
    case IMPORT_WHOLE:
        break;
    }
    return target;
}

static int expected_sizes(const struct import *import, const struct import_row *row, size_t sizes[4])
{
    const struct transformer_shape *shape = &import->config.shape;
    struct target target = target_of(import, row);
    const size_t forms[][4] = {
        [IMPORT_VECTOR] = {target.n_columns},
        [IMPORT_PLAIN] = {target.n_rows, target.n_columns},
        [IMPORT_TURNED] = {target.n_columns, target.n_rows},
        [IMPORT_STACK] = {1, target.n_rows, target.n_columns},
        [IMPORT_FILTERS] = {target.n_columns, shape->n_channels, shape->patch, shape->patch},
    };
    static const int ranks[] = {1, 2, 2, 3, 4};
    memcpy(sizes, forms[row->form], sizeof forms[0]);
    return ranks[row->form];
}

/* Whether this model has a row's tensors. */
static bool is_wanted(const struct import *import, const struct import_row *row)
{
    return import->layout.places[row->kind].n_rows > 0 && (row->bias < 0 || import->config.biases[row->bias]);
}

static size_t n_layers_of(const struct import *import, const struct import_row *row)
{
    return transformer_shape_per_layer(row->kind) ? import->config.shape.n_layers : 1;
}

static enum rs_status check_tensor(const struct import *import, const struct import_row *row,
                                   const struct safetensors_tensor *tensor, struct rs_error *err)
{
    char found[SHAPE_TEXT_SIZE], expected[SHAPE_TEXT_SIZE];
    size_t sizes[4];
    int rank = expected_sizes(import, row, sizes);
    bool same = tensor->rank == rank;
    for (int i = 0; i < rank && same; i++)
        same = tensor->sizes[i] == sizes[i];
    if (same)
        return safetensors_check_type(import->file, tensor, err);
    safetensors_print_shape(tensor->rank, tensor->sizes, found, sizeof found);
    safetensors_print_shape(rank, sizes, expected, sizeof expected);
    return rs_fail(err, RS_INPUT, "%s: error: tensor '%s': shape %s found, %s expected",
                   safetensors_path(import->file), tensor->name, found, expected);
}

/* Every tensor that the model has is there, in its shape; notes them as used. */
static enum rs_status check_rows(struct import *import, struct rs_error *err)
{
    const struct import_family *family = import->config.family;
    char name[SAFETENSORS_NAME_MAX + 1], first[SAFETENSORS_NAME_MAX + 1] = "";
    size_t n = safetensors_n_tensors(import->file), n_missing = 0;
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < family->n_rows; i++) {
        const struct import_row *row = &family->rows[i];
        for (size_t layer = 0; is_wanted(import, row) && layer < n_layers_of(import, row); layer++) {
            print_name(import, row->name, row->outside, layer, name);
            size_t found = find_tensor(import, name);
            if (found == n) {
                if (n_missing++ == 0)
                    memcpy(first, name, sizeof first);
                continue;
            }
            import->used[found] = true;
            if (status == RS_OK)
                status = check_tensor(import, row, safetensors_tensor(import->file, found), err);
        }
    }
    if (n_missing > 0)
        return rs_fail(
            err, RS_INPUT, "%s: error: tensor '%s': missing, one of %zu; all of a %s of %zu layers expected",
            safetensors_path(import->file), first, n_missing, family->name, import->config.shape.n_layers);
    return status;
}

/* A tied model's own copy of the words, where there is one. */
static size_t find_twin(const struct import *import)
{
    const char *name = import->config.family->twin;
    return name != NULL && import->config.shape.tied ? safetensors_find(import->file, name)
                                                     : safetensors_n_tensors(import->file);
}

static enum rs_status check_rest(struct import *import, struct rs_error *err)
{
    const struct safetensors_tensor *first = NULL;
    size_t n_left = 0, n = safetensors_n_tensors(import->file), twin = find_twin(import);
    for (size_t i = 0; i < n; i++) {
        const struct safetensors_tensor *tensor = safetensors_tensor(import->file, i);
        if (import->used[i] || i == twin || is_ignored(import, tensor->name))
            continue;
        first = n_left++ == 0 ? tensor : first;
    }
    return n_left == 0 ? RS_OK
                       : rs_fail(err, RS_INPUT,
                                 "%s: error: tensor '%s': left over, one of %zu; only those of a %s of %zu "
                                 "layers expected",
                                 safetensors_path(import->file), first->name, n_left,
                                 import->config.family->name, import->config.shape.n_layers);
}

/* --- opening --- */

/* The tensors say how many classes there are. */
static enum rs_status find_classes(struct import *import, const char *config, struct rs_error *err)
{
    size_t at = safetensors_find(import->file, "classifier.weight");
    if (import->config.shape.task != TRANSFORMER_CLASSES)
        return RS_OK;
    if (at == safetensors_n_tensors(import->file))
        return rs_fail(
            err, RS_INPUT,
            "%s: error: tensor 'classifier.weight': missing; the classes of a whole sample expected",
            safetensors_path(import->file));
    const struct safetensors_tensor *tensor = safetensors_tensor(import->file, at);
    size_t n = tensor->rank == 2 ? tensor->sizes[0] : 0;
    if (n < 2)
        return rs_fail(err, RS_INPUT,
                       "%s: error: tensor 'classifier.weight': %zu classes found, at least 2 expected",
                       safetensors_path(import->file), n);
    if (import->config.n_labels != 0 && import->config.n_labels != n)
        return rs_fail(err, RS_INPUT,
                       "%s: error: 'id2label': %zu labels found, %zu expected (classifier.weight)", config,
                       import->config.n_labels, n);
    import->config.shape.n_classes = n;
    return RS_OK;
}

static enum rs_status check_shape(struct import *import, const char *config, struct rs_error *err)
{
    struct rs_error why = {{0}};
    enum rs_status status = transformer_shape_check(&import->config.shape, &why);
    if (status != RS_OK)
        return rs_fail(err, status, "%s: error: %s", config, why.text);
    import->layout = transformer_shape_layout(&import->config.shape);
    return RS_OK;
}

/* All but the weights' values; `import` is {0}. */
static enum rs_status begin(const char *weights, const char *config, struct import *import,
                            struct rs_error *err)
{
    enum rs_status status = import_config_read(config, &import->config, err);
    if (status == RS_OK)
        status = safetensors_open(weights, &import->file, err);
    if (status == RS_OK)
        status = find_classes(import, config, err);
    if (status == RS_OK)
        status = check_shape(import, config, err);
    if (status != RS_OK)
        return status;
    import->prefixed = is_prefixed(import);
    import->used = memory_allocate(safetensors_n_tensors(import->file), sizeof *import->used, err);
    status = import->used != NULL ? check_rows(import, err) : RS_INTERNAL;
    return status == RS_OK ? check_rest(import, err) : status;
}

static void end(struct import *import)
{
    safetensors_close(import->file);
    free(import->used);
}

/* --- values --- */

/* Takes the tensor's rows first_row ... first_row + n_rows - 1 [n_rows][n_columns] to their place. */
static void scatter(const struct target *target, bool turned, size_t stride, size_t first_row, size_t n_rows,
                    const float *block, float *place)
{
    size_t n_columns = turned ? target->n_rows : target->n_columns;
    place += target->row * stride + target->column;
    for (size_t i = 0; i < n_rows && !turned; i++)
        memcpy(place + (first_row + i) * stride, block + i * n_columns, n_columns * sizeof *block);
    for (size_t j = 0; j < n_columns && turned; j++)
        for (size_t i = 0; i < n_rows; i++)
            place[j * stride + first_row + i] = block[i * n_columns + j];
}

static enum rs_status load_tensor(const struct import *import, const struct import_row *row,
                                  const struct safetensors_tensor *tensor, float *place, struct rs_error *err)
{
    struct target target = target_of(import, row);
    bool turned = row->form == IMPORT_TURNED || row->form == IMPORT_FILTERS;
    size_t n_rows = turned ? target.n_columns : target.n_rows,
           n_columns = turned ? target.n_rows : target.n_columns;
    float *block = memory_allocate(BLOCK_ROWS * n_columns, sizeof *block, err);
    enum rs_status status = block != NULL ? RS_OK : RS_INTERNAL;
    for (size_t first = 0; first < n_rows && status == RS_OK; first += BLOCK_ROWS) {
        size_t n = n_rows - first < BLOCK_ROWS ? n_rows - first : BLOCK_ROWS;
        status = safetensors_read(import->file, tensor, first * n_columns, n * n_columns, block, err);
        if (status == RS_OK)
            scatter(&target, turned, import->layout.places[row->kind].n_columns, first, n, block, place);
    }
    free(block);
    return status;
}

static enum rs_status load_rows(const struct import *import, struct transformer *model, struct rs_error *err)
{
    const struct import_family *family = import->config.family;
    char name[SAFETENSORS_NAME_MAX + 1];
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < family->n_rows; i++) {
        const struct import_row *row = &family->rows[i];
        for (size_t layer = 0; is_wanted(import, row) && layer < n_layers_of(import, row) && status == RS_OK;
             layer++) {
            print_name(import, row->name, row->outside, layer, name);
            status =
                load_tensor(import, row, safetensors_tensor(import->file, find_tensor(import, name)),
                            model->weights + transformer_shape_first(&model->layout, row->kind, layer), err);
        }
    }
    return status;
}

/* Where a tied model has an output of its own, it must be the words'. */
static enum rs_status check_twin(const struct import *import, const struct transformer *model,
                                 struct rs_error *err)
{
    size_t twin = find_twin(import), n_rows = model->shape.n_words, d = model->shape.d;
    if (twin == safetensors_n_tensors(import->file))
        return RS_OK;
    const struct safetensors_tensor *tensor = safetensors_tensor(import->file, twin);
    const float *words = model->weights + transformer_shape_first(&model->layout, TRANSFORMER_WORD, 0);
    bool same = tensor->rank == 2 && tensor->sizes[0] == n_rows && tensor->sizes[1] == d;
    float *row = memory_allocate(d, sizeof *row, err);
    enum rs_status status = row != NULL ? RS_OK : RS_INTERNAL;
    for (size_t i = 0; i < n_rows && same && status == RS_OK; i++) {
        status = safetensors_read(import->file, tensor, i * d, d, row, err);
        for (size_t j = 0; j < d; j++)
            same = same && row[j] == words[i * d + j];
    }
    free(row);
    if (status != RS_OK || same)
        return status;
    return rs_fail(
        err, RS_INPUT,
        "%s: error: tensor '%s': other values than the words' found, the same expected (tie_word_embeddings)",
        safetensors_path(import->file), tensor->name);
}

/* --- items --- */

static size_t longest(const struct transformer_items *items)
{
    size_t most = 0;
    for (size_t i = 0; i < items->n_samples && items->word_offset != NULL; i++) {
        size_t n = (size_t)(items->word_offset[i + 1] - items->word_offset[i]);
        most = n > most ? n : most;
    }
    return most;
}

static enum rs_status read_items(const char *path, const struct transformer_shape *shape,
                                 struct transformer_file *file, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = transformer_items_read_made(store, "/test", shape, &file->test, err);
    file->calibration_from_test = status == RS_OK && !transformer_items_exist(store, "/calibration");
    if (status == RS_OK && !file->calibration_from_test)
        status = transformer_items_read_made(store, "/calibration", shape, &file->calibration, err);
    else if (status == RS_OK)
        status = transformer_items_copy(&file->test, shape, (file->test.n_samples + 1) / 2,
                                        &file->calibration, err);
    store_close(store);
    return status;
}

/* Rotary positions need no more room than the longest sample does. */
static enum rs_status fit_positions(struct import *import, const char *config,
                                    const struct transformer_file *file, struct rs_error *err)
{
    size_t test = longest(&file->test), calibration = longest(&file->calibration);
    size_t most = test > calibration ? test : calibration;
    if (import->config.window > 0 && most > import->config.window)
        return rs_fail(
            err, RS_INPUT,
            "%s: error: 'sliding_window': %zu found, at least %zu expected (words of the longest sample)",
            config, import->config.window, most);
    if (import->config.shape.positions != TRANSFORMER_POSITIONS_LEARNED)
        import->config.shape.n_positions = most;
    return RS_OK;
}

enum rs_status import_open(const char *weights, const char *config, const char *items,
                           struct transformer_file *file, struct rs_error *err)
{
    struct import import = {0};
    enum rs_status status = begin(weights, config, &import, err);
    if (status == RS_OK)
        status = read_items(items, &import.config.shape, file, err);
    if (status == RS_OK)
        status = fit_positions(&import, config, file, err);
    if (status == RS_OK)
        status = transformer_init(&file->model, &import.config.shape, err);
    if (status == RS_OK)
        status = load_rows(&import, &file->model, err);
    if (status == RS_OK)
        status = check_twin(&import, &file->model, err);
    if (status == RS_OK)
        snprintf(file->task, sizeof file->task, "%s", import.config.family->name);
    end(&import);
    return status;
}
