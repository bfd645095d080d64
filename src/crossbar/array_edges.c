#include "crossbar/array_edges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/store.h"

enum { N_WORDS = 3 };

/* A text attribute, one of three words or two (the first where it is absent), as its place among them. */
static enum rs_status read_choice(const struct store *store, const char *name,
                                  const char *const words[N_WORDS], int *choice, struct rs_error *err)
{
    char *found = NULL;
    *choice = 0;
    if (!store_has_attribute(store, "/", name))
        return RS_OK;
    enum rs_status status = store_read_text(store, "/", name, &found, err);
    if (status != RS_OK)
        return status;
    int n_words = words[N_WORDS - 1] != NULL ? N_WORDS : N_WORDS - 1;
    while (*choice < n_words && strcmp(found, words[*choice]) != 0)
        ++*choice;
    if (*choice == n_words) {
        const char *nearest = text_nearest(found, words, (size_t)n_words), *last = words[n_words - 1];
        status = rs_fail(err, RS_INPUT, "%s:/@%s: error: '%s' found, '%s'%s%s%s or '%s' expected%s%s%s",
                         store_path(store), name, found, words[0], n_words == N_WORDS ? ", '" : "",
                         n_words == N_WORDS ? words[1] : "", n_words == N_WORDS ? "'" : "", last,
                         nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                         nearest != NULL ? "'?" : "");
    }
    free(found);
    return status;
}

/* A dataset [n] (n STORE_SIZE_ANY: any length, which is returned in `size`); NULL where it is absent. */
static enum rs_status read_line(const struct store *store, const char *dataset, struct store_axis axis,
                                double **values, size_t *size, struct rs_error *err)
{
    struct store_shape shape;
    *values = NULL;
    if (!store_has(store, dataset))
        return RS_OK;
    enum rs_status status = store_check_shape(store, dataset, 1, &axis, err);
    if (status == RS_OK)
        status = store_get_shape(store, dataset, &shape, err);
    if (status != RS_OK)
        return status;
    *size = shape.sizes[0];
    *values = memory_allocate(*size, sizeof **values, err);
    if (*values == NULL)
        return RS_INTERNAL;
    status = store_read(store, dataset, STORE_FLOAT64, *values, err);
    if (status == RS_OK)
        return RS_OK;
    free(*values);
    *values = NULL;
    return status;
}

static enum rs_status read_floating(const struct store *store, const char *dataset, struct store_axis axis,
                                    const unsigned char **floating, struct rs_error *err)
{
    double *values;
    size_t n = 0;
    enum rs_status status = read_line(store, dataset, axis, &values, &n, err);
    if (status != RS_OK || values == NULL)
        return status;
    unsigned char *marks = memory_allocate(n, sizeof *marks, err);
    if (marks == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; i < n && status == RS_OK; i++) {
        if (values[i] != 0 && values[i] != 1)
            status = rs_fail(err, RS_INPUT, "%s:/%s: error: %g found at [%zu], 0 or 1 expected",
                             store_path(store), dataset, values[i], i);
        marks[i] = values[i] != 0;
    }
    free(values);
    *floating = marks;
    return status;
}

static enum rs_status read_bias(const struct store *store, struct store_axis axis, struct edges *edges,
                                struct rs_error *err)
{
    double *values;
    size_t n = 0;
    enum rs_status status = read_line(store, "bit_line_bias", axis, &values, &n, err);
    edges->bit_line_bias_volts = values;
    for (size_t j = 0; values != NULL && j < n && status == RS_OK; j++)
        if (!isfinite(values[j]))
            status = rs_fail(err, RS_INPUT,
                             "%s:/bit_line_bias: error: %g found at [%zu], a finite number of volts expected",
                             store_path(store), values[j], j);
    return status;
}

enum rs_status array_edges_read(const struct store *store, const struct network *network, struct edges *edges,
                                struct rs_error *err)
{
    static const char *const drives[N_WORDS] = {"left", "right", "both"};
    static const char *const senses[N_WORDS] = {"bottom", "top", "both"};
    const struct store_axis rows = {"rows", network->n_rows, "of /conductance"};
    const struct store_axis columns = {"columns", network->n_columns, "of /conductance"};
    int drive, sense = 0;
    enum rs_status status = read_choice(store, "drive", drives, &drive, err);
    if (status == RS_OK)
        status = read_choice(store, "sense", senses, &sense, err);
    edges->drive = (enum edges_drive)drive;
    edges->sense = (enum edges_sense)sense;
    if (status == RS_OK)
        status = read_floating(store, "word_line_floating", rows, &edges->word_line_floating, err);
    if (status == RS_OK)
        status = read_floating(store, "bit_line_floating", columns, &edges->bit_line_floating, err);
    if (status == RS_OK)
        status = read_bias(store, columns, edges, err);
    return status;
}

void array_edges_clear(struct edges *edges)
{
    free((void *)edges->word_line_floating);
    free((void *)edges->bit_line_floating);
    free((void *)edges->bit_line_bias_volts);
    *edges = (struct edges){0};
}

static enum rs_status fail_missing(const struct store *store, struct rs_error *err)
{
    return rs_fail(err, RS_INPUT, "%s:/%s: error: not found, expected with cell 'table'", store_path(store),
                   store_has(store, "iv_volts") ? "iv_factor" : "iv_volts");
}

/* A positive number that `what`, "cell" or "selector", 'sinh' cannot do without. */
static enum rs_status read_positive(const struct store *store, const char *name, const char *unit,
                                    const char *what, double *value, struct rs_error *err)
{
    if (!store_has_attribute(store, "/", name))
        return rs_fail(err, RS_INPUT, "%s:/@%s: error: not found, expected with %s 'sinh'", store_path(store),
                       name, what);
    enum rs_status status = store_read_number(store, "/", name, value, err);
    if (status == RS_OK && (*value == 0 || !network_accepts(*value)))
        status = rs_fail(err, RS_INPUT, "%s:/@%s: error: %g found, a positive number of %s expected%s",
                         store_path(store), name, *value, unit, *value > 0 ? " (1e-100 to 1e100)" : "");
    return status;
}

/* Its numbers without the selector itself would silently do nothing. */
static enum rs_status read_selector(const struct store *store, struct cell_law *law, struct rs_error *err)
{
    static const char *const words[N_WORDS] = {"none", "sinh", NULL};
    static const char *const names[] = {"selector_i0_amperes", "selector_v0_volts"};
    struct cell_selector selector = {0};
    int choice;
    enum rs_status status = read_choice(store, "selector", words, &choice, err);
    for (size_t k = 0; k < sizeof names / sizeof names[0] && status == RS_OK; k++)
        if (choice == 0 && store_has_attribute(store, "/", names[k]))
            status = rs_fail(err, RS_INPUT, "%s:/@%s: error: found without selector 'sinh'",
                             store_path(store), names[k]);
    if (status != RS_OK || choice == 0)
        return status;
    status = read_positive(store, names[0], "amperes", "selector", &selector.i0_amperes, err);
    if (status == RS_OK)
        status = read_positive(store, names[1], "volts", "selector", &selector.v0_volts, err);
    if (status == RS_OK)
        law->selector = selector;
    return status;
}

static enum rs_status read_table(const struct store *store, struct cell_law *law, struct rs_error *err)
{
    double *volts = NULL, *factor = NULL;
    size_t n = 0;
    enum rs_status status =
        read_line(store, "iv_volts", (struct store_axis){"voltages", STORE_SIZE_ANY, NULL}, &volts, &n, err);
    if (status == RS_OK && volts == NULL)
        status = fail_missing(store, err);
    if (status == RS_OK)
        status = read_line(store, "iv_factor", (struct store_axis){"factors", n, "of /iv_volts"}, &factor, &n,
                           err);
    if (status == RS_OK && factor == NULL)
        status = fail_missing(store, err);
    if (status == RS_OK) {
        struct rs_error reason;
        double r_access_ohm = law->r_access_ohm;
        status = cell_law_init_table(law, n, volts, factor, &reason);
        law->r_access_ohm = r_access_ohm;
        if (status != RS_OK)
            status =
                rs_fail(err, status, "%s:/%s: error: %s", store_path(store),
                        strncmp(reason.text, "voltage", strlen("voltage")) == 0 ? "iv_volts" : "iv_factor",
                        reason.text);
    }
    free(volts);
    free(factor);
    return status;
}

enum rs_status array_edges_read_law(const struct store *store, struct cell_law *law, struct rs_error *err)
{
    static const char *const cells[N_WORDS] = {"linear", "sinh", "table"};
    int cell;
    enum rs_status status = read_choice(store, "cell", cells, &cell, err);
    if (status != RS_OK)
        return status;
    law->kind = (enum cell_law_kind)cell;
    switch (law->kind) {
    case CELL_LAW_SINH:
        status = read_positive(store, "v0_volts", "volts", "cell", &law->v0_volts, err);
        break;
    case CELL_LAW_TABLE:
        status = read_table(store, law, err);
        break;
    case CELL_LAW_LINEAR:
        break;
    }
    return status == RS_OK ? read_selector(store, law, err) : status;
}
