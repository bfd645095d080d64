#include "model/model_record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double seed_max = 0x1p53;

static enum rs_status read_text(const struct store *store, const char *object, const char *name, char *text,
                                struct rs_error *err)
{
    char *read = NULL;
    enum rs_status status = store_read_text(store, object, name, &read, err);
    if (status == RS_OK && strlen(read) >= MODEL_RECORD_TEXT_SIZE)
        status = rs_fail(err, RS_INPUT, "%s:%s@%s: error: %zu bytes found, at most %d expected",
                         store_path(store), object, name, strlen(read), MODEL_RECORD_TEXT_SIZE - 1);
    if (status == RS_OK)
        memcpy(text, read, strlen(read) + 1);
    free(read);
    return status;
}

enum rs_status model_record_read_measure(const struct store *store, const char *name, double high,
                                         double *value, struct rs_error *err)
{
    enum rs_status status = store_read_number(store, "/", name, value, err);
    if (status == RS_OK && !(*value >= 0 && *value <= high))
        status = rs_fail(err, RS_INPUT, "%s:/@%s: error: %g found, 0 to %g expected", store_path(store), name,
                         *value, high);
    return status;
}

enum rs_status model_record_read_header(const struct store *store, const struct model_record *record,
                                        struct rs_error *err)
{
    double version, seed = 0;
    enum rs_status status = store_expect_text(store, "format", "rescore-model", err);
    if (status == RS_OK)
        status =
            store_read_integer(store, "version", MODEL_RECORD_VERSION, MODEL_RECORD_VERSION, &version, err);
    if (status == RS_OK)
        status = store_expect_text(store, "kind", record->kind, err);
    if (status == RS_OK)
        status = read_text(store, "/", "task", record->task, err);
    if (status == RS_OK)
        status = read_text(store, "/", "source", record->source, err);
    if (status == RS_OK)
        status = read_text(store, "/", "git_commit", record->git_commit, err);
    if (status == RS_OK)
        status = store_read_integer(store, "seed", 0, seed_max, &seed, err);
    *record->seed = (uint64_t)seed;
    return status == RS_OK ? model_record_read_measure(store, "test_error", 1, record->test_error, err)
                           : status;
}

enum rs_status model_record_write_header(struct store *store, const struct model_record *record,
                                         struct rs_error *err)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"format", "rescore-model"},
                 {"kind", record->kind},
                 {"task", record->task},
                 {"source", record->source},
                 {"git_commit", record->git_commit}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RS_OK; i++)
        status = store_write_text(store, "/", texts[i].name, texts[i].text, err);
    if (status == RS_OK)
        status = store_write_integer(store, "/", "version", MODEL_RECORD_VERSION, err);
    if (status == RS_OK)
        status = store_write_integer(store, "/", "seed", (long long)*record->seed, err);
    return status == RS_OK ? store_write_number(store, "/", "test_error", *record->test_error, err) : status;
}

/* --- tables --- */

enum { CODES = 3, TABLES };

struct table {
    const char *name, *long_name;
    double **values;
    size_t n_heads;
};

/* The code maxima, then the thresholds. */
static void list_tables(const struct model_record *record, struct table tables[TABLES])
{
    tables[0] =
        (struct table){"/code_max_query", "largest magnitude of q", record->code_max_query, record->n_heads};
    tables[1] =
        (struct table){"/code_max_key", "largest magnitude of k", record->code_max_key, record->n_kv_heads};
    tables[2] = (struct table){"/code_max_value", "largest magnitude of v", record->code_max_value,
                               record->n_kv_heads};
    tables[CODES] =
        (struct table){"/threshold", "scores below are pruned", record->threshold, record->n_heads};
}

static enum rs_status read_table(const struct store *store, const struct model_record *record,
                                 const struct table *table, bool positive, struct rs_error *err)
{
    const struct store_axis axes[] = {{"layers", record->n_layers, "of the model"},
                                      {"heads", table->n_heads, "of the model"}};
    size_t n = record->n_layers * table->n_heads;
    enum rs_status status = store_check_shape(store, table->name, 2, axes, err);
    if (status != RS_OK)
        return status;
    double *values = *table->values = memory_allocate(n, sizeof *values, err);
    if (values == NULL)
        return RS_INTERNAL;
    status = store_read(store, table->name, STORE_FLOAT64, values, err);
    for (size_t i = 0; i < n && status == RS_OK; i++)
        if (!isfinite(values[i]) || (positive && !(values[i] > 0)))
            status = rs_fail(err, RS_INPUT, "%s:%s: error: %g found, a finite number%s expected",
                             store_path(store), table->name, values[i], positive ? " above 0" : "");
    return status;
}

enum rs_status model_record_read_tables(const struct store *store, const struct model_record *record,
                                        struct rs_error *err)
{
    struct table tables[TABLES];
    enum rs_status status = RS_OK;
    list_tables(record, tables);
    for (int i = 0; i < CODES && status == RS_OK; i++)
        status = read_table(store, record, &tables[i], true, err);
    if (status != RS_OK || !store_has(store, tables[CODES].name))
        return status;
    status = read_table(store, record, &tables[CODES], false, err);
    return status == RS_OK ? read_text(store, tables[CODES].name, "method", record->threshold_method, err)
                           : status;
}

enum rs_status model_record_write_tables(struct store *store, const struct model_record *record,
                                         struct rs_error *err)
{
    struct table tables[TABLES];
    enum rs_status status = RS_OK;
    list_tables(record, tables);
    for (int i = 0; i < TABLES && status == RS_OK; i++) {
        const struct store_shape shape = {2, {record->n_layers, tables[i].n_heads}};
        if (*tables[i].values != NULL)
            status = store_write(store, tables[i].name, STORE_FLOAT64, &shape, NULL, *tables[i].values,
                                 (struct store_label){"1", tables[i].long_name}, err);
    }
    return status == RS_OK && *record->threshold != NULL
               ? store_write_text(store, "/threshold", "method", record->threshold_method, err)
               : status;
}

enum rs_status model_record_renew_codes(const struct model_record *record, struct rs_error *err)
{
    struct table tables[TABLES];
    list_tables(record, tables);
    for (int i = 0; i < CODES; i++) {
        free(*tables[i].values);
        *tables[i].values = memory_allocate(record->n_layers * tables[i].n_heads, sizeof(double), err);
        if (*tables[i].values == NULL)
            return RS_INTERNAL;
    }
    return RS_OK;
}

enum rs_status model_record_read_weights(const struct store *store, const char *dataset, size_t n,
                                         float *weights, struct rs_error *err)
{
    enum rs_status status = store_read(store, dataset, STORE_FLOAT32, weights, err);
    for (size_t i = 0; i < n && status == RS_OK; i++)
        if (!isfinite(weights[i]))
            status = rs_fail(err, RS_INPUT, "%s:%s: error: %g found, finite weights expected",
                             store_path(store), dataset, (double)weights[i]);
    return status;
}
