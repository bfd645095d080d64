#include <config.h>

#include "experiment/parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/require.h"

enum { PATH_SIZE = 2048 };

struct parts {
    char folder[PATH_SIZE - 264]; /* leaves room for any name in it */
    int lock;
    size_t n_units;
    bool *done; /* [n_units] */
};

static void join(char *path, const char *folder, const char *name)
{
    int length = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    rs_require(length < PATH_SIZE, "a path longer than its folder allows");
}

static bool is_part(const char *name)
{
    size_t length = strlen(name);
    return strncmp(name, "part-", 5) == 0 && length > 3 && strcmp(name + length - 3, ".h5") == 0;
}

static enum rs_status lock_shard(struct parts *parts, struct parts_shard shard, struct rs_error *err)
{
    char path[PATH_SIZE], name[64];
    snprintf(name, sizeof name, "lock-%zu-of-%zu", shard.shard, shard.n_shards);
    join(path, parts->folder, name);
    parts->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (parts->lock < 0)
        return rs_fail(err, RS_CREATE, "%s: error: %s", path, strerror(errno));
    if (flock(parts->lock, LOCK_EX | LOCK_NB) != 0)
        return rs_fail(err, RS_CREATE, "%s: error: another run is writing here", parts->folder);
    struct stat found;
    if (fstat(parts->lock, &found) != 0 ||
        found.st_nlink == 0) /* its owner finished and removed the folder */
        return rs_fail(err, RS_CREATE, "%s: error: another run has just finished here", parts->folder);
    return RS_OK;
}

/* --- one part --- */

/* What --save asked for, as a text; parts with other saves are of no use. */
static void print_saves(const struct head_saves *saves, char text[32])
{
    snprintf(text, 32, "rows%s%s%s", saves->heads ? ",heads" : "", saves->arrays ? ",arrays" : "",
             saves->margins ? ",margins" : "");
}

static enum rs_status check_owner(const struct store *store, const struct head *head, struct rs_error *err)
{
    char *digest = NULL, *saves = NULL, own_saves[32];
    print_saves(&head->saves, own_saves);
    enum rs_status status = store_read_text(store, "/", "config_sha256", &digest, err);
    if (status == RS_OK)
        status = store_read_text(store, "/", "saves", &saves, err);
    if (status == RS_OK && (strcmp(digest, head->digest) != 0 || strcmp(saves, own_saves) != 0))
        status = rs_fail(err, RS_INPUT, "%s: error: a part of another configuration", store_path(store));
    free(digest);
    free(saves);
    return status;
}

/* The units of a part, if it is sound and belongs to this run. */
static enum rs_status open_part(const char *path, const struct head *head, struct store **store,
                                size_t *n_rows, int64_t **units, struct rs_error *err)
{
    struct store_shape shape;
    *units = NULL;
    enum rs_status status = store_open(path, store, err);
    if (status == RS_OK)
        status = check_owner(*store, head, err);
    if (status == RS_OK)
        status = store_get_shape(*store, "/unit", &shape, err);
    if (status == RS_OK) {
        *n_rows = shape.sizes[0];
        *units = memory_allocate(*n_rows, sizeof **units, err);
        status = *units == NULL ? RS_INTERNAL : store_read(*store, "/unit", STORE_INT64, *units, err);
    }
    for (size_t i = 0; status == RS_OK && i < *n_rows; i++)
        if ((*units)[i] < 0 || (size_t)(*units)[i] >= head->n_points * head->n_trials)
            status = rs_fail(err, RS_INPUT, "%s:/unit: error: unit %lld of %zu found", path,
                             (long long)(*units)[i], head->n_points * head->n_trials);
    return status;
}

static enum rs_status note_part(struct parts *parts, const struct head *head, const char *path,
                                struct rs_error *err)
{
    struct store *store = NULL;
    size_t n_rows = 0;
    int64_t *units = NULL;
    enum rs_status status = open_part(path, head, &store, &n_rows, &units, err);
    for (size_t i = 0; status == RS_OK && i < n_rows; i++)
        parts->done[units[i]] = true;
    free(units);
    store_close(store);
    return status;
}

/* Keeps the parts of this run, also those of shards that began while no head was there yet. */
static enum rs_status scan(struct parts *parts, const struct head *head, bool discards, size_t *n_discarded,
                           struct rs_error *err)
{
    struct head found;
    struct rs_error ignored = {{0}};
    char path[PATH_SIZE];
    join(path, parts->folder, "head.h5");
    bool readable = head_read(path, &found, &ignored) == RS_OK, same = readable && head_agrees(head, &found);
    head_clear(&found);
    if (readable && !same && !discards)
        return rs_fail(err, RS_INPUT,
                       "%s: error: holds shards of another configuration, program, kernel or --save; "
                       "another folder expected",
                       parts->folder);
    DIR *folder = opendir(parts->folder);
    if (folder == NULL)
        return rs_fail(err, RS_IO, "%s: error: %s", parts->folder, strerror(errno));
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (!is_part(entry->d_name))
            continue;
        join(path, parts->folder, entry->d_name);
        if (note_part(parts, head, path, &ignored) == RS_OK)
            continue;
        unlink(path);
        (*n_discarded)++;
    }
    closedir(folder);
    if (same)
        return RS_OK;
    join(path, parts->folder, "head.h5");
    return head_write(head, path, err);
}

enum rs_status parts_open(const char *folder, const struct plan *plan, struct parts_shard shard,
                          bool discards, struct parts **out, size_t *n_discarded, struct rs_error *err)
{
    struct parts *parts = memory_allocate(1, sizeof *parts, err);
    *out = NULL;
    *n_discarded = 0;
    if (parts == NULL)
        return RS_INTERNAL;
    parts->lock = -1;
    parts->n_units = plan->n_units;
    parts->done = memory_allocate(plan->n_units, sizeof *parts->done, err);
    enum rs_status status = parts->done == NULL ? RS_INTERNAL : RS_OK;
    if (strlen(folder) >= sizeof parts->folder)
        status = rs_fail(err, RS_CREATE, "%s: error: the path is too long", folder);
    snprintf(parts->folder, sizeof parts->folder, "%s", folder);
    if (status == RS_OK && mkdir(folder, 0777) != 0 && errno != EEXIST)
        status = rs_fail(err, RS_CREATE, "%s: error: %s", folder, strerror(errno));
    if (status == RS_OK)
        status = lock_shard(parts, shard, err);
    if (status == RS_OK)
        status = scan(parts, &plan->head, discards, n_discarded, err);
    if (status == RS_OK)
        *out = parts;
    else
        parts_close(parts);
    return status;
}

void parts_close(struct parts *parts)
{
    if (parts == NULL)
        return;
    if (parts->lock >= 0)
        close(parts->lock);
    free(parts->done);
    free(parts);
}

void parts_remove(const char *path)
{
    DIR *folder = opendir(path);
    char name[PATH_SIZE];
    if (folder == NULL)
        return;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        join(name, path, entry->d_name);
        unlink(name);
    }
    closedir(folder);
    rmdir(path);
}

bool parts_has(const struct parts *parts, size_t unit)
{
    return parts->done[unit];
}

/* --- writing --- */

static enum rs_status write_pairs(struct store *store, const char *group, const struct keep *keep,
                                  struct rs_error *err)
{
    char name[64];
    size_t n = keep->n_pairs;
    double *values = memory_allocate(4 * n, sizeof *values, err);
    int32_t *places = memory_allocate(5 * n, sizeof *places, err);
    enum rs_status status = values == NULL || places == NULL ? RS_INTERNAL : RS_OK;
    for (size_t i = 0; status == RS_OK && i < n; i++) {
        const struct keep_pair *pair = &keep->pairs[i];
        const double numbers[4] = {pair->exact_score, pair->analog_score, pair->threshold, pair->decision};
        const int32_t indices[5] = {pair->sample, pair->layer, pair->head, pair->query, pair->key};
        memcpy(values + 4 * i, numbers, sizeof numbers);
        memcpy(places + 5 * i, indices, sizeof indices);
    }
    if (status == RS_OK) {
        snprintf(name, sizeof name, "%s/pair_values", group);
        struct store_shape shape = {2, {n, 4}};
        status = store_write(store, name, STORE_FLOAT64, &shape, NULL, values, (struct store_label){0}, err);
    }
    if (status == RS_OK) {
        snprintf(name, sizeof name, "%s/pair_places", group);
        struct store_shape shape = {2, {n, 5}};
        status = store_write(store, name, STORE_INT32, &shape, NULL, places, (struct store_label){0}, err);
    }
    free(values);
    free(places);
    return status;
}

static enum rs_status write_arrays(struct store *store, const char *group, const struct keep *keep,
                                   struct rs_error *err)
{
    char name[64];
    struct store_shape cells = {3, {keep->n_arrays, keep->n_rows, keep->n_columns}};
    struct store_shape lines = {2, {keep->n_arrays, keep->n_columns}}, arrays = {1, {keep->n_arrays}};
    const struct {
        const char *name;
        enum store_type type;
        const struct store_shape *shape;
        const void *values;
    } list[] = {
        {"target", STORE_FLOAT64, &cells, keep->target_siemens},
        {"read", STORE_FLOAT64, &cells, keep->read_siemens},
        {"current", STORE_FLOAT64, &lines, keep->current_amperes},
        {"layer", STORE_INT32, &arrays, keep->array_layer},
        {"kv_head", STORE_INT32, &arrays, keep->array_kv_head},
    };
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof list / sizeof list[0] && status == RS_OK; i++) {
        snprintf(name, sizeof name, "%s/%s", group, list[i].name);
        status = store_write(store, name, list[i].type, list[i].shape, NULL, list[i].values,
                             (struct store_label){0}, err);
    }
    return status;
}

static enum rs_status write_keep(struct store *store, const struct plan_row *row, struct rs_error *err)
{
    char group[32];
    if (row->keep.n_pairs == 0 && row->keep.n_arrays == 0)
        return RS_OK;
    snprintf(group, sizeof group, "/keep%zu", row->unit);
    enum rs_status status = store_make_group(store, group, err);
    if (status == RS_OK && row->keep.n_pairs > 0)
        status = write_pairs(store, group, &row->keep, err);
    if (status == RS_OK && row->keep.n_arrays > 0)
        status = write_arrays(store, group, &row->keep, err);
    return status;
}

/* One number per row and column of a table. */
static enum rs_status write_table(struct store *store, const char *name, size_t n_rows, size_t n_columns,
                                  const double *values, struct rs_error *err)
{
    struct store_shape shape = {2, {n_rows, n_columns}};
    return store_write(store, name, STORE_FLOAT64, &shape, NULL, values, (struct store_label){0}, err);
}

/* What the first trial of a point says about its references. */
static enum rs_status write_references(struct store *store, const struct plan *plan,
                                       const struct plan_row *row, struct rs_error *err)
{
    char name[32];
    if (row->references == NULL)
        return RS_OK;
    snprintf(name, sizeof name, "/references%zu", row->unit);
    return write_table(store, name, plan->head.n_samples, PLAN_REFERENCE_N, row->references, err);
}

static enum rs_status read_references(const struct store *store, const struct head *head,
                                      struct plan_row *row, struct rs_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "/references%zu", row->unit);
    if (!store_has(store, name))
        return RS_OK;
    const struct store_axis axes[] = {{"samples", head->n_samples, "n_samples"},
                                      {"columns", PLAN_REFERENCE_N, NULL}};
    enum rs_status status = store_check_shape(store, name, 2, axes, err);
    if (status != RS_OK)
        return status;
    row->references = memory_allocate(head->n_samples * PLAN_REFERENCE_N, sizeof(double), err);
    return row->references == NULL ? RS_INTERNAL
                                   : store_read(store, name, STORE_FLOAT64, row->references, err);
}

static size_t by_head_width(const struct head *head)
{
    return head->saves.heads ? head->n_layers * head->n_heads * VARIABLES_N : 0;
}

/* Numbers of the samples of a row; 0 without a task. */
static size_t samples_width(const struct head *head)
{
    return head->metric[0] != '\0' ? head->n_samples * PLAN_SAMPLE_N : 0;
}

/* Of a row: variables, samples, by-head variables, costs, status. */
static size_t row_width(const struct head *head)
{
    return VARIABLES_N + samples_width(head) + by_head_width(head) + head->n_systems * COST_VARIABLES_N + 1;
}

static enum rs_status write_rows(struct store *store, const struct plan *plan, size_t n_rows,
                                 const struct plan_row *rows, struct rs_error *err)
{
    size_t n_samples = samples_width(&plan->head), n_by_head = by_head_width(&plan->head);
    size_t n_costs = plan->head.n_systems * COST_VARIABLES_N, width = row_width(&plan->head);
    double *values = memory_allocate(n_rows * width, sizeof *values, err);
    int64_t *units = memory_allocate(n_rows, sizeof *units, err);
    enum rs_status status = values == NULL || units == NULL ? RS_INTERNAL : RS_OK;
    for (size_t i = 0; status == RS_OK && i < n_rows; i++) {
        double *at = values + i * width;
        units[i] = (int64_t)rows[i].unit;
        memcpy(at, rows[i].values, sizeof rows[i].values);
        if (n_samples > 0)
            memcpy(at + VARIABLES_N, rows[i].samples, n_samples * sizeof *at);
        if (n_by_head > 0)
            memcpy(at + VARIABLES_N + n_samples, rows[i].by_head, n_by_head * sizeof *at);
        memcpy(at + VARIABLES_N + n_samples + n_by_head, rows[i].costs, n_costs * sizeof *at);
        at[width - 1] = rows[i].status;
    }
    if (status == RS_OK)
        status = write_table(store, "/rows", n_rows, width, values, err);
    if (status == RS_OK) {
        struct store_shape shape = {1, {n_rows}};
        status = store_write(store, "/unit", STORE_INT64, &shape, NULL, units, (struct store_label){0}, err);
    }
    free(values);
    free(units);
    return status;
}

enum rs_status parts_write(struct parts *parts, const struct plan *plan, size_t n_rows,
                           const struct plan_row *rows, struct rs_error *err)
{
    char path[PATH_SIZE], name[64], saves[32];
    struct store *store = NULL;
    print_saves(&plan->head.saves, saves);
    snprintf(name, sizeof name, "part-%zu.h5", rows[0].unit);
    join(path, parts->folder, name);
    enum rs_status status = store_create(path, &store, err);
    if (status == RS_OK)
        status = store_write_text(store, "/", "config_sha256", plan->head.digest, err);
    if (status == RS_OK)
        status = store_write_text(store, "/", "saves", saves, err);
    if (status == RS_OK)
        status = write_rows(store, plan, n_rows, rows, err);
    for (size_t i = 0; status == RS_OK && i < n_rows; i++)
        status = write_keep(store, &rows[i], err);
    for (size_t i = 0; status == RS_OK && i < n_rows; i++)
        status = write_references(store, plan, &rows[i], err);
    if (status != RS_OK) {
        store_close(store);
        return status == RS_CREATE ? RS_IO : status;
    }
    status = store_commit(store, err);
    for (size_t i = 0; status == RS_OK && i < n_rows; i++)
        parts->done[rows[i].unit] = true;
    return status;
}

/* --- reading --- */

enum rs_status parts_read_head(const char *folder, struct head *head, struct rs_error *err)
{
    char path[PATH_SIZE];
    join(path, folder, "head.h5");
    return head_read(path, head, err);
}

static enum rs_status read_pairs(const struct store *store, const char *group, struct keep *keep,
                                 struct rs_error *err)
{
    char name[64];
    struct store_shape shape;
    snprintf(name, sizeof name, "%s/pair_values", group);
    if (!store_has(store, name))
        return RS_OK;
    enum rs_status status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    size_t n = shape.sizes[0];
    double *values = memory_allocate(4 * n, sizeof *values, err);
    int32_t *places = memory_allocate(5 * n, sizeof *places, err);
    keep->pairs = memory_allocate(n, sizeof *keep->pairs, err);
    status = values == NULL || places == NULL || keep->pairs == NULL
                 ? RS_INTERNAL
                 : store_read(store, name, STORE_FLOAT64, values, err);
    snprintf(name, sizeof name, "%s/pair_places", group);
    if (status == RS_OK)
        status = store_read(store, name, STORE_INT32, places, err);
    for (size_t i = 0; status == RS_OK && i < n; i++) {
        const double *value = values + 4 * i;
        const int32_t *place = places + 5 * i;
        keep->pairs[i] = (struct keep_pair){value[0], value[1], value[2], value[3] > 0, place[0],
                                            place[1], place[2], place[3], place[4]};
    }
    keep->n_pairs = status == RS_OK ? n : 0;
    free(values);
    free(places);
    return status;
}

static enum rs_status read_arrays(const struct store *store, const char *group, struct keep *keep,
                                  struct rs_error *err)
{
    char name[64];
    struct store_shape shape;
    snprintf(name, sizeof name, "%s/target", group);
    if (!store_has(store, name))
        return RS_OK;
    enum rs_status status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    keep->n_arrays = shape.sizes[0];
    keep->n_rows = shape.sizes[1];
    keep->n_columns = shape.sizes[2];
    size_t n_cells = keep->n_arrays * keep->n_rows * keep->n_columns;
    const struct {
        const char *name;
        enum store_type type;
        size_t count, size;
        void **values;
    } list[] = {
        {"target", STORE_FLOAT64, n_cells, sizeof(double), (void **)&keep->target_siemens},
        {"read", STORE_FLOAT64, n_cells, sizeof(double), (void **)&keep->read_siemens},
        {"current", STORE_FLOAT64, keep->n_arrays * keep->n_columns, sizeof(double),
         (void **)&keep->current_amperes},
        {"layer", STORE_INT32, keep->n_arrays, sizeof(int32_t), (void **)&keep->array_layer},
        {"kv_head", STORE_INT32, keep->n_arrays, sizeof(int32_t), (void **)&keep->array_kv_head},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0] && status == RS_OK; i++) {
        snprintf(name, sizeof name, "%s/%s", group, list[i].name);
        *list[i].values = memory_allocate(list[i].count, list[i].size, err);
        status = *list[i].values == NULL ? RS_INTERNAL
                                         : store_read(store, name, list[i].type, *list[i].values, err);
    }
    return status;
}

static enum rs_status read_row(const struct store *store, const struct head *head, size_t i, size_t unit,
                               struct plan_row *row, struct rs_error *err)
{
    char group[32];
    size_t n_by_head = by_head_width(head), n_costs = head->n_systems * COST_VARIABLES_N;
    size_t width = row_width(head);
    double *values = memory_allocate(width, sizeof *values, err);
    *row = (struct plan_row){.unit = unit};
    row->samples = memory_allocate(samples_width(head), sizeof(double), err);
    row->by_head = memory_allocate(n_by_head, sizeof(double), err);
    row->costs = memory_allocate(n_costs, sizeof(double), err);
    enum rs_status status =
        values == NULL || row->samples == NULL || row->by_head == NULL || row->costs == NULL
            ? RS_INTERNAL
            : store_read_rows(store, "/rows", STORE_FLOAT64, i, 1, values, err);
    if (status == RS_OK) {
        memcpy(row->values, values, sizeof row->values);
        memcpy(row->samples, values + VARIABLES_N, samples_width(head) * sizeof *values);
        memcpy(row->by_head, values + VARIABLES_N + samples_width(head), n_by_head * sizeof *values);
        memcpy(row->costs, values + VARIABLES_N + samples_width(head) + n_by_head, n_costs * sizeof *values);
        row->status = (int)values[width - 1];
        snprintf(group, sizeof group, "/keep%zu", unit);
        status = read_pairs(store, group, &row->keep, err);
        if (status == RS_OK)
            status = read_arrays(store, group, &row->keep, err);
        if (status == RS_OK)
            status = read_references(store, head, row, err);
    }
    free(values);
    return status;
}

static enum rs_status check_width(const struct store *store, const struct head *head, struct rs_error *err)
{
    struct store_shape shape;
    size_t width = row_width(head);
    enum rs_status status = store_get_shape(store, "/rows", &shape, err);
    if (status == RS_OK && (shape.rank != 2 || shape.sizes[1] != width))
        return rs_fail(err, RS_INPUT, "%s:/rows: error: rows of %zu numbers expected", store_path(store),
                       width);
    return status;
}

static enum rs_status take_part(const char *path, const struct head *head, parts_take *take, void *context,
                                struct rs_error *err)
{
    struct store *store = NULL;
    size_t n_rows = 0;
    int64_t *units = NULL;
    enum rs_status status = open_part(path, head, &store, &n_rows, &units, err);
    if (status == RS_OK)
        status = check_width(store, head, err);
    for (size_t i = 0; status == RS_OK && i < n_rows; i++) {
        struct plan_row row;
        status = read_row(store, head, i, (size_t)units[i], &row, err);
        if (status == RS_OK)
            status = take(context, &row, err);
        plan_row_clear(&row);
    }
    free(units);
    store_close(store);
    return status;
}

enum rs_status parts_read(const char *path, const struct head *head, parts_take *take, void *context,
                          struct rs_error *err)
{
    char name[PATH_SIZE];
    DIR *folder = opendir(path);
    enum rs_status status = RS_OK;
    if (folder == NULL)
        return rs_fail(err, RS_IO, "%s: error: %s", path, strerror(errno));
    for (const struct dirent *entry = readdir(folder); entry != NULL && status == RS_OK;
         entry = readdir(folder)) {
        if (!is_part(entry->d_name))
            continue;
        join(name, path, entry->d_name);
        status = take_part(name, head, take, context, err);
    }
    closedir(folder);
    return status;
}
