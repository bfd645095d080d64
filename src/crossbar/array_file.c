#include "crossbar/array_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "crossbar/array_edges.h"
#include "io/store.h"

static const char *const resistance_names[] = {"r_word_line_ohm", "r_bit_line_ohm", "r_driver_ohm",
                                               "r_sense_ohm", "r_access_ohm"};
enum { N_RESISTANCES = sizeof resistance_names / sizeof resistance_names[0] };

/* --- conductance and voltage --- */

static enum rs_status read_values(const struct store *store, const char *dataset, size_t n, double **values,
                                  struct rs_error *err)
{
    *values = memory_allocate(n, sizeof **values, err);
    if (*values == NULL)
        return RS_INTERNAL;
    return store_read(store, dataset, STORE_FLOAT64, *values, err);
}

static enum rs_status read_conductance(const struct store *store, struct array_file *file,
                                       struct rs_error *err)
{
    const struct store_axis axes[] = {{"rows", STORE_SIZE_ANY, NULL}, {"columns", STORE_SIZE_ANY, NULL}};
    struct store_shape shape;
    enum rs_status status = store_check_shape(store, "conductance", 2, axes, err);
    if (status == RS_OK)
        status = store_get_shape(store, "conductance", &shape, err);
    if (status != RS_OK)
        return status;
    file->network.n_rows = shape.sizes[0];
    file->network.n_columns = shape.sizes[1];
    struct rs_error reason;
    if (network_check(&file->network, &reason) != RS_OK)
        return rs_fail(err, RS_INPUT, "%s:/conductance: error: %s", store_path(store), reason.text);
    size_t n = shape.sizes[0] * shape.sizes[1];
    status = read_values(store, "conductance", n, &file->conductance, err);
    for (size_t i = 0; i < n && status == RS_OK; i++)
        if (!network_accepts(file->conductance[i]))
            status = rs_fail(err, RS_INPUT,
                             "%s:/conductance: error: %g found at [%zu][%zu], 0 or a positive number of "
                             "siemens expected%s",
                             store_path(store), file->conductance[i], i / shape.sizes[1], i % shape.sizes[1],
                             file->conductance[i] > 0 ? " (1e-100 to 1e100)" : "");
    return status;
}

static enum rs_status read_voltage(const struct store *store, struct array_file *file, struct rs_error *err)
{
    size_t n_rows = file->network.n_rows;
    const struct store_axis axes[] = {{"vectors", STORE_SIZE_ANY, NULL},
                                      {"rows", n_rows, "rows of /conductance"}};
    struct store_shape shape;
    enum rs_status status = store_check_shape(store, "voltage", 2, axes, err);
    if (status == RS_OK)
        status = store_get_shape(store, "voltage", &shape, err);
    if (status != RS_OK)
        return status;
    file->n_vectors = shape.sizes[0];
    status = read_values(store, "voltage", file->n_vectors * n_rows, &file->voltage, err);
    for (size_t i = 0; i < file->n_vectors * n_rows && status == RS_OK; i++)
        if (!isfinite(file->voltage[i]))
            status = rs_fail(err, RS_INPUT,
                             "%s:/voltage: error: %g found at [%zu][%zu], a finite number of volts expected",
                             store_path(store), file->voltage[i], i / n_rows, i % n_rows);
    return status;
}

/* --- resistances --- */

struct names_check {
    const struct store *store;
    struct rs_error *err;
    enum rs_status status;
};

/* A misspelt resistance must not silently be 0. */
static void check_name(const char *name, bool is_dataset, void *context)
{
    struct names_check *check = context;
    (void)is_dataset;
    if (strncmp(name, "r_", 2) != 0 || check->status != RS_OK)
        return;
    for (size_t i = 0; i < N_RESISTANCES; i++)
        if (strcmp(name, resistance_names[i]) == 0)
            return;
    const char *nearest = text_nearest(name, resistance_names, N_RESISTANCES);
    if (nearest != NULL)
        check->status =
            rs_fail(check->err, RS_INPUT, "%s:/@%s: error: unknown attribute found; did you mean '%s'?",
                    store_path(check->store), name, nearest);
    else
        check->status =
            rs_fail(check->err, RS_INPUT,
                    "%s:/@%s: error: unknown attribute found, of r_* only r_word_line_ohm, r_bit_line_ohm, "
                    "r_driver_ohm, r_sense_ohm, r_access_ohm expected",
                    store_path(check->store), name);
}

/* One resistance: where it goes, and how many lines may have one of their own (`lines` NULL: none). */
struct resistance {
    double *all;
    const double **lines;
    size_t n_lines;
};

static enum rs_status refuse_count(const struct store *store, const char *name, size_t n,
                                   const struct resistance *place, struct rs_error *err)
{
    if (place->lines == NULL)
        return rs_fail(err, RS_INPUT, "%s:/@%s: error: %zu numbers found, one expected", store_path(store),
                       name, n);
    return rs_fail(err, RS_INPUT,
                   "%s:/@%s: error: %zu numbers found, one or one of each of %zu lines expected",
                   store_path(store), name, n, place->n_lines);
}

static enum rs_status read_resistance(const struct store *store, const char *name,
                                      const struct resistance *place, struct rs_error *err)
{
    size_t n = 0;
    double *values = NULL;
    enum rs_status status = store_read_numbers(store, "/", name, &n, &values, err);
    if (status == RS_OK && n != 1 && (place->lines == NULL || n != place->n_lines))
        status = refuse_count(store, name, n, place, err);
    for (size_t i = 0; i < n && status == RS_OK; i++)
        if (!network_accepts(values[i]))
            status =
                rs_fail(err, RS_INPUT, "%s:/@%s: error: %g found, 0 or a positive number of ohm expected%s",
                        store_path(store), name, values[i], values[i] > 0 ? " (1e-100 to 1e100)" : "");
    if (status == RS_OK && n == 1)
        *place->all = values[0];
    if (status == RS_OK && n > 1)
        *place->lines = values;
    else
        free(values);
    return status;
}

static enum rs_status read_resistances(const struct store *store, struct array_file *file,
                                       struct rs_error *err)
{
    struct names_check check = {store, err, RS_OK};
    struct network *network = &file->network;
    struct network_lines *lines = &network->lines;
    const struct resistance places[N_RESISTANCES] = {
        {&network->r_word_line_ohm, &lines->r_word_line_ohm, network->n_rows},
        {&network->r_bit_line_ohm, &lines->r_bit_line_ohm, network->n_columns},
        {&network->r_driver_ohm, &lines->r_driver_ohm, network->n_rows},
        {&network->r_sense_ohm, &lines->r_sense_ohm, network->n_columns},
        {&file->edges.r_access_ohm, NULL, 0}};
    enum rs_status status = store_list_attributes(store, "/", check_name, &check, err);
    if (status == RS_OK)
        status = check.status;
    for (size_t i = 0; i < N_RESISTANCES && status == RS_OK; i++)
        if (store_has_attribute(store, "/", resistance_names[i]))
            status = read_resistance(store, resistance_names[i], &places[i], err);
    return status;
}

static enum rs_status read_all(const struct store *store, bool voltage_required, struct array_file *file,
                               struct rs_error *err)
{
    enum rs_status status = read_conductance(store, file, err);
    if (status == RS_OK)
        status = read_resistances(store, file, err);
    if (status == RS_OK)
        status = array_edges_read(store, &file->network, &file->edges, err);
    file->law.r_access_ohm = file->edges.r_access_ohm;
    if (status == RS_OK)
        status = array_edges_read_law(store, &file->law, err);
    if (status == RS_OK && (voltage_required || store_has(store, "voltage")))
        status = read_voltage(store, file, err);
    return status;
}

enum rs_status array_file_read(const char *path, bool voltage_required, struct array_file *out,
                               struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_open(path, &store, err);
    *out = (struct array_file){0};
    if (status != RS_OK)
        return status;
    status = read_all(store, voltage_required, out, err);
    store_close(store);
    if (status != RS_OK)
        array_file_clear(out);
    return status;
}

void array_file_clear(struct array_file *file)
{
    const struct network_lines *lines = &file->network.lines;
    const double *const owned[] = {lines->r_word_line_ohm, lines->r_bit_line_ohm, lines->r_driver_ohm,
                                   lines->r_sense_ohm};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free((void *)owned[i]);
    free(file->conductance);
    free(file->voltage);
    array_edges_clear(&file->edges);
    cell_law_clear(&file->law);
    *file = (struct array_file){0};
}
