#include "crossbar/answer_file.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"
#include "io/store.h"

#define MEANING(name, value, meaning) meaning,
static const char *const meanings[] = {ANSWER_FILE_STATUS_LIST(MEANING)};
#undef MEANING
#define VALUE(name, value, meaning) value,
static const int32_t flag_values[] = {ANSWER_FILE_STATUS_LIST(VALUE)};
#undef VALUE
enum { N_MEANINGS = sizeof meanings / sizeof meanings[0] };

static const char *const vector_row_column[] = {"vector", "row", "column"};
static const char *const vector_column[] = {"vector", "column"};

const char *answer_file_meaning(enum answer_file_status status)
{
    return meanings[status];
}

/* A dimension counted from 0. */
static enum rs_status write_axis(struct store *store, const char *name, const char *long_name, size_t n,
                                 struct rs_error *err)
{
    int64_t *values = memory_allocate(n, sizeof *values, err);
    if (values == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n; i++)
        values[i] = (int64_t)i;
    enum rs_status status =
        store_write_scale(store, name, STORE_INT64, n, values, (struct store_label){NULL, long_name}, err);
    free(values);
    return status;
}

static enum rs_status write_axes(struct store *store, const struct answer_file *answer, struct rs_error *err)
{
    enum rs_status status = write_axis(store, "vector", "drive vector", answer->n_vectors, err);
    if (status == RS_OK)
        status = write_axis(store, "row", "word line", answer->network.n_rows, err);
    if (status == RS_OK)
        status = write_axis(store, "column", "bit line", answer->network.n_columns, err);
    return status;
}

static enum rs_status write_status(struct store *store, const struct answer_file *answer,
                                   struct rs_error *err)
{
    struct text words = {0};
    for (size_t i = 0; i < N_MEANINGS; i++)
        text_append(&words, "%s%s", i > 0 ? " " : "", meanings[i]);
    char *all = text_take(&words, err);
    int32_t *values = memory_allocate(answer->n_vectors, sizeof *values, err);
    enum rs_status status = all != NULL && values != NULL ? RS_OK : RS_INTERNAL;
    for (size_t v = 0; v < answer->n_vectors && status == RS_OK; v++)
        values[v] = answer->status[v];
    const struct store_shape shape = {1, {answer->n_vectors}};
    if (status == RS_OK)
        status = store_write(store, "status", STORE_INT32, &shape, vector_column, values,
                             (struct store_label){"1", "whether the vector met its tolerance"}, err);
    if (status == RS_OK)
        status =
            store_write_numbers(store, "status", "flag_values", STORE_INT32, N_MEANINGS, flag_values, err);
    if (status == RS_OK)
        status = store_write_text(store, "status", "flag_meanings", all, err);
    free(all);
    free(values);
    return status;
}

static enum rs_status write_transfer(struct store *store, const struct answer_file *answer,
                                     struct rs_error *err)
{
    const struct store_shape shape = {2, {answer->network.n_rows, answer->network.n_columns}};
    if (answer->transfer == NULL)
        return RS_OK;
    enum rs_status status =
        store_write(store, "transfer", STORE_FLOAT64, &shape, vector_row_column + 1, answer->transfer,
                    (struct store_label){"S", "transfer matrix: current = voltage x transfer"}, err);
    if (status != RS_OK || answer->bias == NULL)
        return status;
    const struct store_shape columns = {1, {answer->network.n_columns}};
    return store_write(
        store, "bias_current", STORE_FLOAT64, &columns, vector_row_column + 2, answer->bias,
        (struct store_label){"A", "current of the bit-line bias alone, added to voltage x transfer"}, err);
}

static enum rs_status write_nodes(struct store *store, const struct answer_file *answer, struct rs_error *err)
{
    const struct store_shape shape = {3,
                                      {answer->n_vectors, answer->network.n_rows, answer->network.n_columns}};
    if (answer->word_line == NULL || answer->bit_line == NULL)
        return RS_OK;
    enum rs_status status =
        store_write(store, "word_line_voltage", STORE_FLOAT64, &shape, vector_row_column, answer->word_line,
                    (struct store_label){"V", "voltage of the word line at the cell"}, err);
    if (status == RS_OK)
        status =
            store_write(store, "bit_line_voltage", STORE_FLOAT64, &shape, vector_row_column, answer->bit_line,
                        (struct store_label){"V", "voltage of the bit line at the cell"}, err);
    return status;
}

static enum rs_status write_data(struct store *store, const struct answer_file *answer, struct rs_error *err)
{
    const struct store_shape shape = {2, {answer->n_vectors, answer->network.n_columns}};
    const struct store_shape per_vector = {1, {answer->n_vectors}};
    enum rs_status status = write_axes(store, answer, err);
    if (status == RS_OK)
        status = store_write(store, "current", STORE_FLOAT64, &shape, vector_column, answer->current,
                             (struct store_label){"A", "current of the bit line into ground"}, err);
    if (status == RS_OK)
        status = store_write(
            store, "residual", STORE_FLOAT64, &per_vector, vector_column, answer->residual,
            (struct store_label){"1", "largest Kirchhoff current error / largest driver current"}, err);
    if (status == RS_OK)
        status = store_write(
            store, "error_bound", STORE_FLOAT64, &per_vector, vector_column, answer->error_bound,
            (struct store_label){"1", "largest error of a current, relative as the tolerance"}, err);
    if (status == RS_OK)
        status = write_status(store, answer, err);
    if (status == RS_OK)
        status = write_transfer(store, answer, err);
    if (status == RS_OK)
        status = write_nodes(store, answer, err);
    return status;
}

/* `lines` [n] where not NULL, else `value`. */
struct number_attribute {
    const char *name;
    double value;
    const double *lines;
    size_t n;
};

struct text_attribute {
    const char *name, *value;
};

static enum rs_status write_numbers(struct store *store, const struct number_attribute *number,
                                    struct rs_error *err)
{
    if (number->lines == NULL)
        return store_write_number(store, "/", number->name, number->value, err);
    return store_write_numbers(store, "/", number->name, STORE_FLOAT64, number->n, number->lines, err);
}

static enum rs_status write_attributes(struct store *store, const struct answer_file *answer,
                                       struct rs_error *err)
{
    struct text text = {0};
    text_append(&text, "rescore %s", version_number());
    const struct text_attribute texts[] = {{"Conventions", "CF-1.8"},
                                           {"format", "array-solution"},
                                           {"solver", network_solver_name(answer->solver)},
                                           {"source", text.failed ? "rescore" : text.bytes},
                                           {"git_commit", version_commit()},
                                           {"compiler", version_compiler()}};
    const struct network *network = &answer->network;
    const struct network_lines *lines = &network->lines;
    const struct number_attribute numbers[] = {
        {"tolerance", answer->tolerance_ratio, NULL, 0},
        {"r_word_line_ohm", network->r_word_line_ohm, lines->r_word_line_ohm, network->n_rows},
        {"r_bit_line_ohm", network->r_bit_line_ohm, lines->r_bit_line_ohm, network->n_columns},
        {"r_driver_ohm", network->r_driver_ohm, lines->r_driver_ohm, network->n_rows},
        {"r_sense_ohm", network->r_sense_ohm, lines->r_sense_ohm, network->n_columns}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RS_OK; i++)
        status = store_write_text(store, "/", texts[i].name, texts[i].value, err);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && status == RS_OK; i++)
        status = write_numbers(store, &numbers[i], err);
    if (status == RS_OK)
        status = store_write_integer(store, "/", "version", ANSWER_FILE_VERSION, err);
    if (status == RS_OK)
        status = store_write_integer(store, "/", "iterations", (long long)answer->iterations_max, err);
    text_clear(&text);
    return status;
}

enum rs_status answer_file_write(const char *path, const struct answer_file *answer, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    status = write_attributes(store, answer, err);
    if (status == RS_OK)
        status = write_data(store, answer, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}
