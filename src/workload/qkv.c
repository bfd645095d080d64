#include "workload/qkv.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"

enum { QKV_VERSION = 1 };

void qkv_clear(struct qkv *qkv)
{
    for (int i = 0; qkv->layers != NULL && i < qkv->n_layers; i++) {
        free(qkv->layers[i].q);
        free(qkv->layers[i].k);
        free(qkv->layers[i].v);
    }
    free(qkv->layers);
    free(qkv->token_offset);
    *qkv = (struct qkv){0};
}

/* Whether a name speaks of something added to the scores. Biases of the projections are already in q, k and
 * v. */
static bool names_score_bias(const char *name)
{
    static const char *const marks[] = {"bias", "alibi", "relative_position"};
    static const char *const harmless[] = {"q_bias", "k_bias", "v_bias", "qkv_bias"};
    char lower[STORE_NAME_SIZE];
    size_t n = 0;
    for (; name[n] != '\0' && n + 1 < sizeof lower; n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (strcmp(lower, harmless[i]) == 0)
            return false;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strstr(lower, marks[i]) != NULL)
            return true;
    return false;
}

/* Looks for declared biases in one object or group. */
struct search {
    const struct store *store;
    const char *object; /* "/" or "/layerNN" */
    char found[STORE_NAME_SIZE];
};

/* An attribute that is 0, false or "none" declares that there is no bias. */
static bool declares_none(const struct search *search, const char *name)
{
    double number;
    char *text = NULL;
    if (store_read_number(search->store, search->object, name, &number, NULL) == RS_OK)
        return number == 0;
    bool none = store_read_text(search->store, search->object, name, &text, NULL) == RS_OK &&
                strcmp(text, "none") == 0;
    free(text);
    return none;
}

static void note_attribute(const char *name, bool is_dataset, void *context)
{
    struct search *search = context;
    (void)is_dataset;
    if (search->found[0] == '\0' && names_score_bias(name) && !declares_none(search, name))
        snprintf(search->found, sizeof search->found, "@%s", name);
}

static void note_dataset(const char *name, bool is_dataset, void *context)
{
    struct search *search = context;
    (void)is_dataset;
    if (search->found[0] == '\0' && names_score_bias(name))
        snprintf(search->found, sizeof search->found, "%s", name);
}

static enum rs_status refuse_bias(const struct store *store, const char *object, struct rs_error *err)
{
    struct search search = {.store = store, .object = object};
    enum rs_status status = store_list_attributes(store, object, note_attribute, &search, err);
    if (status == RS_OK)
        status = store_list(store, object, note_dataset, &search, err);
    if (status == RS_OK && search.found[0] != '\0')
        status = rs_fail(
            err, RS_INPUT,
            "%s:%s%s%s: error: an additive score bias found, scores that are score_scale q.k alone expected",
            store_path(store), object, strcmp(object, "/") == 0 ? "" : "/", search.found);
    return status;
}

static enum rs_status read_texts(const struct store *store, struct qkv *out, struct rs_error *err)
{
    char *model = NULL;
    enum rs_status status = store_expect_text(store, "format", "qkv-workload", err);
    if (status == RS_OK)
        status = store_read_text(store, "/", "model", &model, err);
    if (status == RS_OK)
        snprintf(out->model, sizeof out->model, "%s", model);
    free(model);
    return status;
}

static enum rs_status read_attributes(const struct store *store, struct qkv *out, struct rs_error *err)
{
    double version, n_layers = 0, n_heads = 0, n_kv_heads = 0, d_head = 0, causal = 0;
    const struct {
        const char *name;
        double low, high, *value;
    } numbers[] = {{"version", QKV_VERSION, QKV_VERSION, &version},
                   {"n_layers", 1, QKV_LAYERS_MAX, &n_layers},
                   {"n_heads", 1, QKV_HEADS_MAX, &n_heads},
                   {"n_kv_heads", 1, QKV_HEADS_MAX, &n_kv_heads},
                   {"d_head", 1, QKV_D_MAX, &d_head},
                   {"causal", 0, 1, &causal}};
    enum rs_status status = read_texts(store, out, err);
    for (size_t i = 0; status == RS_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        status = store_read_integer(store, numbers[i].name, numbers[i].low, numbers[i].high, numbers[i].value,
                                    err);
    if (status == RS_OK)
        status = store_read_number(store, "/", "score_scale", &out->score_scale, err);
    if (status != RS_OK)
        return status;
    if (!(out->score_scale > 0 && isfinite(out->score_scale)))
        return rs_fail(err, RS_INPUT, "%s:/@score_scale: error: %g found, a finite number above 0 expected",
                       store_path(store), out->score_scale);
    out->n_layers = (int)n_layers;
    out->n_heads = (int)n_heads;
    out->n_kv_heads = (int)n_kv_heads;
    out->d_head = (size_t)d_head;
    out->causal = causal != 0;
    if (out->n_heads % out->n_kv_heads != 0)
        return rs_fail(err, RS_INPUT, "%s:/@n_kv_heads: error: %d found, a divisor of n_heads = %d expected",
                       store_path(store), out->n_kv_heads, out->n_heads);
    return RS_OK;
}

static enum rs_status check_offsets(const struct store *store, const struct qkv *qkv, struct rs_error *err)
{
    const int64_t *offset = qkv->token_offset;
    if (offset[0] != 0)
        return rs_fail(err, RS_INPUT, "%s:/token_offset: error: first offset %lld found, 0 expected",
                       store_path(store), (long long)offset[0]);
    for (size_t i = 0; i < qkv->n_samples; i++)
        if (offset[i + 1] < offset[i])
            return rs_fail(err, RS_INPUT,
                           "%s:/token_offset: error: %lld after %lld found, offsets that never fall expected",
                           store_path(store), (long long)offset[i + 1], (long long)offset[i]);
    if (offset[qkv->n_samples] != (int64_t)qkv->n_tokens)
        return rs_fail(err, RS_INPUT,
                       "%s:/token_offset: error: last offset %lld found, %zu expected (tokens of /layer00/q)",
                       store_path(store), (long long)offset[qkv->n_samples], qkv->n_tokens);
    return RS_OK;
}

static enum rs_status read_offsets(const struct store *store, struct qkv *out, struct rs_error *err)
{
    struct store_shape shape = {0}, tokens = {0};
    const struct store_axis axis = {"offsets", STORE_SIZE_ANY, NULL};
    enum rs_status status = store_check_shape(store, "/token_offset", 1, &axis, err);
    if (status == RS_OK)
        status = store_get_shape(store, "/token_offset", &shape, err);
    if (status == RS_OK)
        status = store_get_shape(store, "/layer00/q", &tokens, err);
    if (status != RS_OK)
        return status;
    if (shape.sizes[0] < 2 || shape.sizes[0] > QKV_VALUES_MAX)
        return rs_fail(err, RS_INPUT, "%s:/token_offset: error: %zu offsets found, 2 to %d expected",
                       store_path(store), shape.sizes[0], QKV_VALUES_MAX);
    out->n_samples = shape.sizes[0] - 1;
    out->n_tokens = tokens.rank > 0 ? tokens.sizes[0] : 0;
    out->token_offset = memory_allocate(shape.sizes[0], sizeof *out->token_offset, err);
    if (out->token_offset == NULL)
        return RS_INTERNAL;
    status = store_read(store, "/token_offset", STORE_INT64, out->token_offset, err);
    return status == RS_OK ? check_offsets(store, out, err) : status;
}

/* Reads [n_tokens][n_heads][d_head] into new memory. */
static enum rs_status read_array(const struct store *store, const struct qkv *qkv, const char *dataset,
                                 int n_heads, const char *heads, float **out, struct rs_error *err)
{
    const struct store_axis axes[] = {{"tokens", qkv->n_tokens, "tokens of /layer00/q"},
                                      {"heads", (size_t)n_heads, heads},
                                      {"components", qkv->d_head, "d_head"}};
    enum rs_status status = store_check_shape(store, dataset, 3, axes, err);
    if (status != RS_OK)
        return status;
    size_t row = (size_t)n_heads * qkv->d_head, n = qkv->n_tokens * row;
    if (qkv->n_tokens > QKV_VALUES_MAX / row)
        return rs_fail(err, RS_INPUT,
                       "%s:%s: error: %zu tokens of %zu numbers found, at most %d numbers expected",
                       store_path(store), dataset, qkv->n_tokens, row, QKV_VALUES_MAX);
    *out = memory_allocate(n, sizeof **out, err);
    if (*out == NULL)
        return RS_INTERNAL;
    status = store_read(store, dataset, STORE_FLOAT32, *out, err);
    for (size_t i = 0; status == RS_OK && i < n; i++)
        if (!isfinite((*out)[i]))
            status = rs_fail(err, RS_INPUT, "%s:%s: error: %g found at token %zu, finite numbers expected",
                             store_path(store), dataset, (double)(*out)[i], i / row);
    return status;
}

static enum rs_status read_layer(const struct store *store, const struct qkv *qkv, int i_layer,
                                 struct qkv_layer *layer, struct rs_error *err)
{
    char group[STORE_NAME_SIZE], dataset[STORE_NAME_SIZE];
    const struct {
        const char *name, *heads;
        int n_heads;
        float **values;
    } arrays[] = {{"q", "n_heads", qkv->n_heads, &layer->q},
                  {"k", "n_kv_heads", qkv->n_kv_heads, &layer->k},
                  {"v", "n_kv_heads", qkv->n_kv_heads, &layer->v}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; status == RS_OK && i < sizeof arrays / sizeof arrays[0]; i++) {
        snprintf(dataset, sizeof dataset, "/layer%02d/%s", i_layer, arrays[i].name);
        status = read_array(store, qkv, dataset, arrays[i].n_heads, arrays[i].heads, arrays[i].values, err);
    }
    snprintf(group, sizeof group, "/layer%02d", i_layer);
    return status == RS_OK ? refuse_bias(store, group, err) : status;
}

enum rs_status qkv_read(const struct store *store, struct qkv *out, struct rs_error *err)
{
    *out = (struct qkv){0};
    enum rs_status status = read_attributes(store, out, err);
    if (status == RS_OK)
        status = refuse_bias(store, "/", err);
    if (status == RS_OK)
        status = read_offsets(store, out, err);
    if (status == RS_OK) {
        out->layers = memory_allocate((size_t)out->n_layers, sizeof *out->layers, err);
        status = out->layers != NULL ? RS_OK : RS_INTERNAL;
    }
    for (int i = 0; status == RS_OK && i < out->n_layers; i++)
        status = read_layer(store, out, i, &out->layers[i], err);
    if (status != RS_OK)
        qkv_clear(out);
    return status;
}

enum rs_status qkv_open(const char *path, struct qkv *out, struct rs_error *err)
{
    struct store *store = NULL;
    *out = (struct qkv){0};
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = qkv_read(store, out, err);
    store_close(store);
    return status;
}

static enum rs_status write_attributes(struct store *store, const struct qkv *qkv, struct rs_error *err)
{
    const struct {
        const char *name;
        long long value;
    } integers[] = {{"version", QKV_VERSION},           {"n_layers", qkv->n_layers},
                    {"n_heads", qkv->n_heads},          {"n_kv_heads", qkv->n_kv_heads},
                    {"d_head", (long long)qkv->d_head}, {"causal", qkv->causal}};
    enum rs_status status = store_write_text(store, "/", "format", "qkv-workload", err);
    if (status == RS_OK)
        status = store_write_text(store, "/", "model", qkv->model, err);
    for (size_t i = 0; status == RS_OK && i < sizeof integers / sizeof integers[0]; i++)
        status = store_write_integer(store, "/", integers[i].name, integers[i].value, err);
    return status == RS_OK ? store_write_number(store, "/", "score_scale", qkv->score_scale, err) : status;
}

static enum rs_status write_layer(struct store *store, const struct qkv *qkv, int i_layer,
                                  struct rs_error *err)
{
    const struct qkv_layer *layer = &qkv->layers[i_layer];
    const struct {
        const char *name;
        int n_heads;
        const float *values;
    } arrays[] = {
        {"q", qkv->n_heads, layer->q}, {"k", qkv->n_kv_heads, layer->k}, {"v", qkv->n_kv_heads, layer->v}};
    char path[STORE_NAME_SIZE];
    snprintf(path, sizeof path, "/layer%02d", i_layer);
    enum rs_status status = store_make_group(store, path, err);
    for (size_t i = 0; status == RS_OK && i < sizeof arrays / sizeof arrays[0]; i++) {
        const struct store_shape shape = {3, {qkv->n_tokens, (size_t)arrays[i].n_heads, qkv->d_head}};
        snprintf(path, sizeof path, "/layer%02d/%s", i_layer, arrays[i].name);
        status = store_write(store, path, STORE_FLOAT32, &shape, NULL, arrays[i].values,
                             (struct store_label){0}, err);
    }
    return status;
}

enum rs_status qkv_write(const struct qkv *qkv, const char *path, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    const struct store_shape offsets = {1, {qkv->n_samples + 1}};
    status = write_attributes(store, qkv, err);
    if (status == RS_OK)
        status = store_write(store, "/token_offset", STORE_INT64, &offsets, NULL, qkv->token_offset,
                             (struct store_label){0}, err);
    for (int i = 0; status == RS_OK && i < qkv->n_layers; i++)
        status = write_layer(store, qkv, i, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}

size_t qkv_sample_length(const struct qkv *qkv, size_t sample)
{
    rs_require(sample < qkv->n_samples, "the sample lies beyond the file");
    return (size_t)(qkv->token_offset[sample + 1] - qkv->token_offset[sample]);
}

size_t qkv_longest_sample(const struct qkv *qkv)
{
    size_t longest = 0;
    for (size_t i = 0; i < qkv->n_samples; i++)
        if (qkv_sample_length(qkv, i) > longest)
            longest = qkv_sample_length(qkv, i);
    return longest;
}

/* One head of `n` tokens, of an array [token][n_heads][d]. */
static void gather_head(const float *array, size_t n, size_t n_heads, size_t head, size_t d, float *out)
{
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * d, array + (i * n_heads + head) * d, d * sizeof *out);
}

size_t qkv_gather(const struct qkv *qkv, size_t sample, int layer, int kv_head, float *q, float *k, float *v)
{
    rs_require(layer >= 0 && layer < qkv->n_layers && kv_head >= 0 && kv_head < qkv->n_kv_heads,
               "the layer or head lies beyond the file");
    size_t n = qkv_sample_length(qkv, sample), first = (size_t)qkv->token_offset[sample], d = qkv->d_head;
    size_t n_heads = (size_t)qkv->n_heads, n_kv_heads = (size_t)qkv->n_kv_heads,
           n_shared = n_heads / n_kv_heads;
    const struct qkv_layer *arrays = &qkv->layers[layer];
    for (size_t i = 0; q != NULL && i < n_shared; i++)
        gather_head(arrays->q + first * n_heads * d, n, n_heads, (size_t)kv_head * n_shared + i, d,
                    q + i * n * d);
    if (k != NULL)
        gather_head(arrays->k + first * n_kv_heads * d, n, n_kv_heads, (size_t)kv_head, d, k);
    if (v != NULL)
        gather_head(arrays->v + first * n_kv_heads * d, n, n_kv_heads, (size_t)kv_head, d, v);
    return n;
}
