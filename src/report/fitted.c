#include "report/fitted.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool fitted_is_one(const struct store *store)
{
    char *format = NULL;
    struct rs_error ignored;
    bool is = store_has_attribute(store, "/", "format") &&
              store_read_text(store, "/", "format", &format, &ignored) == RS_OK &&
              strcmp(format, "rescore-calibration") == 0;
    free(format);
    return is;
}

/* --- reading one dataset; `status` carries on --- */

struct reader {
    const struct store *store;
    enum rs_status status;
    struct rs_error *err;
};

static char **read_texts(struct reader *reader, const char *name, size_t n, const char *origin)
{
    char **texts = NULL;
    size_t found = 0;
    if (reader->status != RS_OK)
        return NULL;
    reader->status = store_read_texts(reader->store, name, &found, &texts, reader->err);
    if (reader->status == RS_OK && found != n)
        reader->status = rs_fail(reader->err, RS_INPUT, "%s:/%s: error: %zu texts found, %zu expected (%s)",
                                 store_path(reader->store), name, found, n, origin);
    return texts;
}

static char **read_names(struct reader *reader, const char *name, size_t *n)
{
    char **texts = NULL;
    if (reader->status == RS_OK)
        reader->status = store_read_texts(reader->store, name, n, &texts, reader->err);
    return texts;
}

static void *read_array(struct reader *reader, const char *name, enum store_type type, int rank,
                        const struct store_axis *axes)
{
    size_t n = 1, size = type == STORE_FLOAT64 ? sizeof(double) : sizeof(int32_t);
    if (reader->status != RS_OK)
        return NULL;
    reader->status = store_check_shape(reader->store, name, rank, axes, reader->err);
    for (int i = 0; i < rank; i++)
        n *= axes[i].size;
    void *values = reader->status == RS_OK ? memory_allocate(n, size, reader->err) : NULL;
    if (reader->status == RS_OK && values == NULL)
        reader->status = RS_INTERNAL;
    if (reader->status == RS_OK)
        reader->status = store_read(reader->store, name, type, values, reader->err);
    return values;
}

/* --- the parts --- */

static void read_relations(struct reader *reader, struct fitted *f)
{
    static const char origin[] = "relations";
    f->relation = read_names(reader, "relation", &f->n_relations);
    const struct store_axis axis = {"relations", f->n_relations, "texts of /relation"};
    f->relation_summary = read_texts(reader, "relation_summary", f->n_relations, origin);
    f->relation_unit = read_texts(reader, "relation_unit", f->n_relations, origin);
    f->relation_message = read_texts(reader, "relation_message", f->n_relations, origin);
    f->relation_residuals = read_texts(reader, "relation_residuals", f->n_relations, origin);
#define READ_FIGURE(name) f->figures.name = read_array(reader, "relation_" #name, STORE_FLOAT64, 1, &axis);
    FITTED_FIGURE_LIST(READ_FIGURE)
#undef READ_FIGURE
}

static void read_parameters(struct reader *reader, struct fitted *f)
{
    f->parameter = read_names(reader, "parameter", &f->n_parameters);
    const struct store_axis axes[] = {{"rows", f->n_parameters, "texts of /parameter"},
                                      {"columns", f->n_parameters, "texts of /parameter"}};
    f->unit = read_texts(reader, "unit", f->n_parameters, "parameters");
    f->meaning = read_texts(reader, "meaning", f->n_parameters, "parameters");
    f->value = read_array(reader, "value", STORE_FLOAT64, 1, axes);
    f->error = read_array(reader, "stderr", STORE_FLOAT64, 1, axes);
    f->lo95 = read_array(reader, "lo95", STORE_FLOAT64, 1, axes);
    f->hi95 = read_array(reader, "hi95", STORE_FLOAT64, 1, axes);
    f->start = read_array(reader, "start", STORE_FLOAT64, 1, axes);
    f->truth = read_array(reader, "truth", STORE_FLOAT64, 1, axes);
    f->correlation = read_array(reader, "correlation", STORE_FLOAT64, 2, axes);
    f->parameter_relation = read_array(reader, "parameter_relation", STORE_INT32, 1, axes);
    f->parameter_flag = read_array(reader, "parameter_flag", STORE_INT32, 1, axes);
}

static void read_decks(struct reader *reader, struct fitted *f)
{
    f->deck = read_names(reader, "deck", &f->n_decks);
    const struct store_axis axes[] = {{"rows", f->n_relations, "texts of /relation"},
                                      {"columns", f->n_decks, "texts of /deck"}};
    f->deck_sha256 = read_texts(reader, "deck_sha256", f->n_decks, "decks");
    f->deck_good = read_array(reader, "deck_good", STORE_INT32, 1, axes + 1);
    f->deck_stage = read_array(reader, "deck_stage", STORE_INT32, 1, axes + 1);
    f->left_out = read_array(reader, "left_out", STORE_FLOAT64, 2, axes);
}

static void read_observations(struct reader *reader, struct fitted *f)
{
    struct store_shape shape = {0};
    if (reader->status != RS_OK || !store_has(reader->store, "residual"))
        return;
    reader->status = store_get_shape(reader->store, "residual", &shape, reader->err);
    if (reader->status != RS_OK)
        return;
    f->n_observations = shape.sizes[0];
    const struct store_axis axis = {"numbers", f->n_observations, "numbers of /residual"};
    f->residual = read_array(reader, "residual", STORE_FLOAT64, 1, &axis);
    f->observed = read_array(reader, "residual_observed", STORE_FLOAT64, 1, &axis);
    f->fit = read_array(reader, "residual_fitted", STORE_FLOAT64, 1, &axis);
    f->sigma = read_array(reader, "residual_sigma", STORE_FLOAT64, 1, &axis);
    f->load = read_array(reader, "residual_load", STORE_FLOAT64, 1, &axis);
    f->residual_relation = read_array(reader, "residual_relation", STORE_INT32, 1, &axis);
    f->residual_deck = read_array(reader, "residual_deck", STORE_INT32, 1, &axis);
    f->residual_column = read_array(reader, "residual_column", STORE_INT32, 1, &axis);
}

static void read_shifts(struct reader *reader, struct fitted *f)
{
    struct store_shape shape = {0};
    if (reader->status != RS_OK || !store_has(reader->store, "column_threshold_shift"))
        return;
    reader->status = store_get_shape(reader->store, "column_threshold_shift", &shape, reader->err);
    const struct store_axis axis = {"key slots", shape.sizes[0], NULL};
    f->shift_amperes = read_array(reader, "column_threshold_shift", STORE_FLOAT64, 1, &axis);
    f->n_slots = reader->status == RS_OK ? shape.sizes[0] : 0;
}

/* Indices into relations and decks are used as such. */
static void check_indices(struct reader *reader, const struct fitted *f)
{
    for (size_t k = 0; k < f->n_parameters && reader->status == RS_OK; k++)
        if (f->parameter_relation[k] < 0 || (size_t)f->parameter_relation[k] >= f->n_relations)
            reader->status =
                rs_fail(reader->err, RS_INPUT,
                        "%s:/parameter_relation: error: %d found, an index into /relation expected",
                        store_path(reader->store), f->parameter_relation[k]);
}

enum rs_status fitted_read(struct store *store, struct fitted **out, struct rs_error *err)
{
    struct reader reader = {store, RS_OK, err};
    struct fitted *f = memory_allocate(1, sizeof *f, err);
    if (f == NULL) {
        store_close(store);
        return RS_INTERNAL;
    }
    f->store = store;
    f->stage = read_names(&reader, "stage", &f->n_stages);
    f->stage_summary = read_texts(&reader, "stage_summary", f->n_stages, "stages");
    f->stage_message = read_texts(&reader, "stage_message", f->n_stages, "stages");
    read_relations(&reader, f);
    read_parameters(&reader, f);
    read_decks(&reader, f);
    read_observations(&reader, f);
    read_shifts(&reader, f);
    check_indices(&reader, f);
    if (reader.status == RS_OK)
        *out = f;
    else
        fitted_destroy(f);
    return reader.status;
}

void fitted_destroy(struct fitted *f)
{
    if (f == NULL)
        return;
    void *const all[] = {f->stage,
                         f->stage_summary,
                         f->stage_message,
                         f->relation_residuals,
                         f->relation,
                         f->relation_summary,
                         f->relation_unit,
                         f->relation_message,
                         f->parameter,
                         f->unit,
                         f->meaning,
                         f->value,
                         f->error,
                         f->lo95,
                         f->hi95,
                         f->start,
                         f->truth,
                         f->correlation,
                         f->parameter_relation,
                         f->parameter_flag,
                         f->deck,
                         f->deck_sha256,
                         f->deck_good,
                         f->deck_stage,
                         f->left_out,
                         f->residual,
                         f->observed,
                         f->fit,
                         f->sigma,
                         f->load,
                         f->residual_relation,
                         f->residual_deck,
                         f->residual_column,
                         f->shift_amperes};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
#define FREE_FIGURE(name) free(f->figures.name);
    FITTED_FIGURE_LIST(FREE_FIGURE)
#undef FREE_FIGURE
    store_close(f->store);
    free(f);
}
