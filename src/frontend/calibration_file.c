/* Calibrations as files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "frontend/calibration.h"

static const char format_name[] = "rescore-calibration";
enum { VERSION = 1 };

/* --- writing --- */

static enum rs_status write_head(const struct calibration *calibration, struct store *store,
                                 struct rs_error *err)
{
    const char *const texts[][2] = {
        {"format", format_name},
        {"topology", calibration->topology.text},
        {"topology_sha256", calibration->topology.sha256},
        {"device", calibration->device.text},
        {"device_sha256", calibration->device.sha256},
        {"ngspice_version", calibration->ngspice_version},
        {"ngspice_options", calibration->ngspice_options},
        {"latch", calibration->latch.text},
        {"latch_sha256", calibration->latch.sha256},
    };
    size_t n = sizeof texts / sizeof texts[0] - (calibration->latch.text == NULL ? 2 : 0);
    enum rs_status status = store_write_integer(store, "/", "version", VERSION, err);
    for (size_t i = 0; i < n && status == RS_OK; i++)
        status = store_write_text(store, "/", texts[i][0], texts[i][1], err);
    return status;
}

/* Along the scale `dimension`, written before. */
static enum rs_status write_reals(struct store *store, const char *name, const char *dimension, size_t n,
                                  const double *values, const char *units, struct rs_error *err)
{
    const struct store_shape shape = {1, {n}};
    return store_write(store, name, STORE_FLOAT64, &shape, &dimension, values,
                       (struct store_label){units, NULL}, err);
}

/* Both axes of the correlation need a name of their own: xarray knows no dimension twice. */
static enum rs_status write_names(struct store *store, size_t n, const char *const *names,
                                  struct rs_error *err)
{
    enum rs_status status = store_write_text_scale(store, "parameter", n, names,
                                                   (struct store_label){NULL, "fitted parameter"}, err);
    if (status == RS_OK)
        status =
            store_write_text_scale(store, "other_parameter", n, names,
                                   (struct store_label){NULL, "the same, of the correlation's columns"}, err);
    return status;
}

static enum rs_status write_estimates(const struct calibration *calibration, struct store *store,
                                      struct rs_error *err)
{
    size_t n = calibration->n_estimates;
    const struct store_shape square = {2, {n, n}};
    double *numbers = memory_allocate(4 * n, sizeof *numbers, err);
    const char **texts = memory_allocate(2 * n, sizeof *texts, err);
    enum rs_status status = numbers != NULL && texts != NULL ? RS_OK : RS_INTERNAL;
    for (size_t i = 0; i < n && status == RS_OK; i++) {
        const struct calibration_estimate *estimate = &calibration->estimates[i];
        const double of_one[] = {estimate->value, estimate->standard_error, estimate->lo95, estimate->hi95};
        for (size_t k = 0; k < 4; k++)
            numbers[k * n + i] = of_one[k];
        texts[i] = estimate->name;
        texts[n + i] = estimate->unit;
    }
    static const char *const names[] = {"value", "stderr", "lo95", "hi95"};
    static const char *const axes[] = {"parameter", "other_parameter"};
    if (status == RS_OK && n > 0)
        status = write_names(store, n, texts, err);
    for (size_t k = 0; k < 4 && status == RS_OK; k++)
        status = write_reals(store, names[k], "parameter", n, numbers + k * n, NULL, err);
    if (status == RS_OK)
        status = store_write_texts(store, "unit", n, texts + n, "parameter", err);
    if (status == RS_OK && calibration->correlation != NULL)
        status = store_write(store, "correlation", STORE_FLOAT64, &square, axes, calibration->correlation,
                             (struct store_label){"1", NULL}, err);
    free(numbers);
    free(texts);
    return status;
}

static enum rs_status write_residuals(const struct calibration *calibration, struct store *store,
                                      struct rs_error *err)
{
    static const char *const names[] = {"residual_stage", "residual_deck", "residual_column"};
    size_t n = calibration->n_residuals;
    const struct store_shape shape = {1, {n}};
    double *values = memory_allocate(n, sizeof *values, err);
    int32_t *marks = memory_allocate(3 * n, sizeof *marks, err);
    enum rs_status status = values != NULL && marks != NULL ? RS_OK : RS_INTERNAL;
    for (size_t i = 0; i < n && status == RS_OK; i++) {
        values[i] = calibration->residuals[i].value;
        marks[i] = calibration->residuals[i].stage;
        marks[n + i] = calibration->residuals[i].deck;
        marks[2 * n + i] = calibration->residuals[i].column;
    }
    static const char *const axis[] = {"observation"};
    if (status == RS_OK)
        status = store_write_scale(store, axis[0], STORE_INT32, n, NULL,
                                   (struct store_label){NULL, "number that a model had to explain"}, err);
    if (status == RS_OK)
        status = write_reals(store, "residual", axis[0], n, values, NULL, err);
    for (size_t k = 0; k < 3 && status == RS_OK; k++)
        status = store_write(store, names[k], STORE_INT32, &shape, axis, marks + k * n,
                             (struct store_label){NULL, NULL}, err);
    free(values);
    free(marks);
    return status;
}

enum rs_status calibration_store(const struct calibration *calibration, struct store *store,
                                 struct rs_error *err)
{
    enum rs_status status = write_head(calibration, store, err);
    if (status == RS_OK)
        status = write_estimates(calibration, store, err);
    if (status == RS_OK && calibration->n_residuals > 0)
        status = write_residuals(calibration, store, err);
    if (status == RS_OK && calibration->n_slots > 0)
        status = store_write_scale(store, "key_slot", STORE_INT32, calibration->n_slots, NULL,
                                   (struct store_label){NULL, "place of a key in the array"}, err);
    if (status == RS_OK && calibration->n_slots > 0)
        status = write_reals(store, "column_threshold_shift", "key_slot", calibration->n_slots,
                             calibration->column_threshold_shift_amperes, "A", err);
    return status;
}

enum rs_status calibration_write(const struct calibration *calibration, const char *path,
                                 struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    status = calibration_store(calibration, store, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}

/* --- reading --- */

static enum rs_status read_identity(const struct store *store, const char *name,
                                    struct calibration_identity *out, struct rs_error *err)
{
    char attribute[CALIBRATION_NAME_SIZE], *sha256 = NULL, actual[DIGEST_TEXT_SIZE];
    struct digest digest;
    snprintf(attribute, sizeof attribute, "%s_sha256", name);
    enum rs_status status = store_read_text(store, "/", name, &out->text, err);
    if (status == RS_OK)
        status = store_read_text(store, "/", attribute, &sha256, err);
    if (status != RS_OK)
        return status;
    digest_init(&digest);
    digest_add(&digest, out->text, strlen(out->text));
    digest_finish(&digest, actual);
    if (strcmp(actual, sha256) != 0)
        status = rs_fail(err, RS_INPUT, "%s:/@%s: error: %s found, %s, the digest of /@%s, expected",
                         store_path(store), attribute, sha256, actual, name);
    memcpy(out->sha256, actual, sizeof actual);
    free(sha256);
    return status;
}

static enum rs_status read_short_text(const struct store *store, const char *name, char *out,
                                      struct rs_error *err)
{
    char *text = NULL;
    if (!store_has_attribute(store, "/", name))
        return RS_OK;
    enum rs_status status = store_read_text(store, "/", name, &text, err);
    if (status == RS_OK)
        snprintf(out, CALIBRATION_TEXT_SIZE, "%s", text);
    free(text);
    return status;
}

static enum rs_status read_head(const struct store *store, struct calibration *out, struct rs_error *err)
{
    char *format = NULL;
    double version = 0;
    enum rs_status status = store_read_text(store, "/", "format", &format, err);
    if (status == RS_OK && strcmp(format, format_name) != 0)
        status = rs_fail(err, RS_INPUT, "%s:/@format: error: '%s' found, '%s' expected", store_path(store),
                         format, format_name);
    free(format);
    if (status == RS_OK)
        status = store_read_number(store, "/", "version", &version, err);
    if (status == RS_OK && version != VERSION)
        status = rs_fail(err, RS_INPUT, "%s:/@version: error: %g found, %d expected", store_path(store),
                         version, VERSION);
    if (status == RS_OK)
        status = read_identity(store, "topology", &out->topology, err);
    if (status == RS_OK)
        status = read_identity(store, "device", &out->device, err);
    if (status == RS_OK && store_has_attribute(store, "/", "latch"))
        status = read_identity(store, "latch", &out->latch, err);
    if (status == RS_OK)
        status = read_short_text(store, "ngspice_version", out->ngspice_version, err);
    return status == RS_OK ? read_short_text(store, "ngspice_options", out->ngspice_options, err) : status;
}

static enum rs_status check_estimate(const struct store *store, const struct calibration *calibration,
                                     size_t i, struct rs_error *err)
{
    const struct calibration_estimate *estimate = &calibration->estimates[i];
    const struct calibration_row *row = calibration_find(estimate->name);
    if (row == NULL)
        return RS_OK;
    if (strcmp(estimate->unit, row->unit) != 0)
        return rs_fail(err, RS_INPUT, "%s:/unit: error: '%s' of %s found, '%s' expected", store_path(store),
                       estimate->unit, estimate->name, row->unit);
    if (!isfinite(estimate->value))
        return rs_fail(err, RS_INPUT, "%s:/value: error: %g of %s found, a finite number expected",
                       store_path(store), estimate->value, estimate->name);
    for (size_t k = 0; k < i; k++)
        if (strcmp(calibration->estimates[k].name, estimate->name) == 0)
            return rs_fail(err, RS_INPUT, "%s:/parameter: error: %s found twice, once expected",
                           store_path(store), estimate->name);
    return RS_OK;
}

static enum rs_status read_numbers(const struct store *store, struct calibration *out, struct rs_error *err)
{
    static const char *const names[] = {"value", "stderr", "lo95", "hi95"};
    size_t n = out->n_estimates;
    const struct store_axis axis = {"numbers", n, "texts of /parameter"};
    double *numbers = memory_allocate(4 * n, sizeof *numbers, err);
    enum rs_status status = numbers != NULL ? RS_OK : RS_INTERNAL;
    for (size_t k = 0; k < 4 && status == RS_OK; k++) {
        status = store_check_shape(store, names[k], 1, &axis, err);
        if (status == RS_OK)
            status = store_read(store, names[k], STORE_FLOAT64, numbers + k * n, err);
    }
    for (size_t i = 0; i < n && status == RS_OK; i++) {
        struct calibration_estimate *estimate = &out->estimates[i];
        estimate->value = numbers[i];
        estimate->standard_error = numbers[n + i];
        estimate->lo95 = numbers[2 * n + i];
        estimate->hi95 = numbers[3 * n + i];
        status = check_estimate(store, out, i, err);
    }
    free(numbers);
    return status;
}

static enum rs_status read_flags(const struct store *store, struct calibration *out, struct rs_error *err)
{
    const struct store_axis axis = {"numbers", out->n_estimates, "texts of /parameter"};
    if (!store_has(store, "parameter_flag"))
        return RS_OK;
    int32_t *flags = memory_allocate(out->n_estimates, sizeof *flags, err);
    enum rs_status status =
        flags != NULL ? store_check_shape(store, "parameter_flag", 1, &axis, err) : RS_INTERNAL;
    if (status == RS_OK)
        status = store_read(store, "parameter_flag", STORE_INT32, flags, err);
    for (size_t i = 0; i < out->n_estimates && status == RS_OK; i++)
        out->estimates[i].flags = flags[i];
    free(flags);
    return status;
}

static enum rs_status read_estimates(const struct store *store, struct calibration *out, struct rs_error *err)
{
    char **names = NULL, **units = NULL;
    size_t n = 0, n_units = 0;
    enum rs_status status = store_read_texts(store, "parameter", &n, &names, err);
    if (status == RS_OK)
        status = store_read_texts(store, "unit", &n_units, &units, err);
    if (status == RS_OK && n_units != n)
        status =
            rs_fail(err, RS_INPUT, "%s:/unit: error: %zu texts found, %zu expected (texts of /parameter)",
                    store_path(store), n_units, n);
    if (status == RS_OK && (out->estimates = memory_allocate(n, sizeof *out->estimates, err)) == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; i < n && status == RS_OK; i++) {
        snprintf(out->estimates[i].name, sizeof out->estimates[i].name, "%s", names[i]);
        snprintf(out->estimates[i].unit, sizeof out->estimates[i].unit, "%s", units[i]);
    }
    free(names);
    free(units);
    if (status != RS_OK)
        return status;
    out->n_estimates = n;
    status = read_flags(store, out, err);
    return status == RS_OK ? read_numbers(store, out, err) : status;
}

static enum rs_status read_correlation(const struct store *store, struct calibration *out,
                                       struct rs_error *err)
{
    size_t n = out->n_estimates;
    const struct store_axis axes[] = {{"rows", n, "texts of /parameter"},
                                      {"columns", n, "texts of /parameter"}};
    if (!store_has(store, "correlation"))
        return RS_OK;
    enum rs_status status = store_check_shape(store, "correlation", 2, axes, err);
    if (status == RS_OK && (out->correlation = memory_allocate(n * n, sizeof(double), err)) == NULL)
        status = RS_INTERNAL;
    return status == RS_OK ? store_read(store, "correlation", STORE_FLOAT64, out->correlation, err) : status;
}

static enum rs_status read_residuals(const struct store *store, struct calibration *out, struct rs_error *err)
{
    static const char *const names[] = {"residual_stage", "residual_deck", "residual_column"};
    struct store_shape shape;
    if (!store_has(store, "residual"))
        return RS_OK;
    enum rs_status status =
        store_check_shape(store, "residual", 1, &(struct store_axis){"numbers", STORE_SIZE_ANY, NULL}, err);
    if (status == RS_OK)
        status = store_get_shape(store, "residual", &shape, err);
    if (status != RS_OK)
        return status;
    size_t n = shape.sizes[0];
    const struct store_axis axis = {"numbers", n, "numbers of /residual"};
    double *values = memory_allocate(n, sizeof *values, err);
    int32_t *marks = memory_allocate(3 * n, sizeof *marks, err);
    out->residuals = memory_allocate(n, sizeof *out->residuals, err);
    if (values == NULL || marks == NULL || out->residuals == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK)
        status = store_read(store, "residual", STORE_FLOAT64, values, err);
    for (size_t k = 0; k < 3 && status == RS_OK; k++) {
        status = store_check_shape(store, names[k], 1, &axis, err);
        if (status == RS_OK)
            status = store_read(store, names[k], STORE_INT32, marks + k * n, err);
    }
    for (size_t i = 0; i < n && status == RS_OK; i++)
        out->residuals[i] =
            (struct calibration_residual){values[i], marks[i], marks[n + i], marks[2 * n + i]};
    out->n_residuals = status == RS_OK ? n : 0;
    free(values);
    free(marks);
    return status;
}

static enum rs_status read_shifts(const struct store *store, struct calibration *out, struct rs_error *err)
{
    static const char name[] = "column_threshold_shift";
    struct store_shape shape;
    if (!store_has(store, name))
        return RS_OK;
    enum rs_status status =
        store_check_shape(store, name, 1, &(struct store_axis){"key slots", STORE_SIZE_ANY, NULL}, err);
    if (status == RS_OK)
        status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    double *shifts = memory_allocate(shape.sizes[0], sizeof *shifts, err);
    out->column_threshold_shift_amperes = shifts;
    if (shifts == NULL)
        return RS_INTERNAL;
    out->n_slots = shape.sizes[0];
    status = store_read(store, name, STORE_FLOAT64, shifts, err);
    for (size_t j = 0; j < out->n_slots && status == RS_OK; j++)
        if (!isfinite(shifts[j]))
            status =
                rs_fail(err, RS_INPUT, "%s:/%s: error: %g of key slot %zu found, a finite number expected",
                        store_path(store), name, shifts[j], j);
    return status;
}

enum rs_status calibration_read(const char *path, struct calibration *out, struct rs_error *err)
{
    struct store *store = NULL;
    *out = (struct calibration){0};
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = read_head(store, out, err);
    if (status == RS_OK)
        status = read_estimates(store, out, err);
    if (status == RS_OK)
        status = read_correlation(store, out, err);
    if (status == RS_OK)
        status = read_residuals(store, out, err);
    if (status == RS_OK)
        status = read_shifts(store, out, err);
    store_close(store);
    if (status != RS_OK)
        calibration_clear(out);
    return status;
}
