#include <config.h>

#include "experiment/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define HEAD_FORMAT "rescore-run-head"

static enum rs_status copy_sets(struct head *head, size_t n_sets, const char *const *sets,
                                struct rs_error *err)
{
    head->sets = memory_allocate(n_sets, sizeof *head->sets, err);
    if (head->sets == NULL)
        return RS_INTERNAL;
    for (; head->n_sets < n_sets; head->n_sets++)
        if ((head->sets[head->n_sets] = strdup(sets[head->n_sets])) == NULL)
            return rs_fail(err, RS_INTERNAL, "out of memory");
    return RS_OK;
}

enum rs_status head_init(struct head *head, const struct configuration *configuration, size_t n_sets,
                         const char *const *sets, struct rs_error *err)
{
    *head = (struct head){.path = strdup(configuration->path), .yaml = strdup(configuration->yaml)};
    if (head->path == NULL || head->yaml == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    return copy_sets(head, n_sets, sets, err);
}

void head_clear(struct head *head)
{
    for (size_t i = 0; i < head->n_sets; i++)
        free(head->sets[i]);
    free(head->sets);
    free(head->path);
    free(head->yaml);
    *head = (struct head){0};
}

/* The whole numbers of a head, by the names of their attributes. */
struct number {
    const char *name;
    size_t value;
};

enum { HEAD_NUMBERS = 10 };

static void list_numbers(const struct head *head, struct number numbers[HEAD_NUMBERS])
{
    const struct number list[HEAD_NUMBERS] = {
        {"save_heads", head->saves.heads},     {"save_arrays", head->saves.arrays},
        {"save_margins", head->saves.margins}, {"n_points", head->n_points},
        {"n_trials", head->n_trials},          {"n_samples", head->n_samples},
        {"n_layers", head->n_layers},          {"n_heads", head->n_heads},
        {"n_systems", head->n_systems},        {"characters", head->characters},
    };
    memcpy(numbers, list, sizeof list);
}

static enum rs_status write_content(struct store *store, const struct head *head, struct rs_error *err)
{
    const char *const texts[][2] = {{"format", HEAD_FORMAT},      {"digest", head->digest},
                                    {"workload", head->workload}, {"thresholds", head->thresholds},
                                    {"metric", head->metric},     {"better", head->better},
                                    {"path", head->path},         {"yaml", head->yaml}};
    struct number numbers[HEAD_NUMBERS];
    enum rs_status status = RS_OK;
    list_numbers(head, numbers);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RS_OK; i++)
        status = store_write_text(store, "/", texts[i][0], texts[i][1], err);
    for (size_t i = 0; i < HEAD_NUMBERS && status == RS_OK; i++)
        status = store_write_integer(store, "/", numbers[i].name, (long long)numbers[i].value, err);
    if (status == RS_OK && head->n_sets > 0)
        status = store_write_texts(store, "/sets", head->n_sets, (const char *const *)head->sets, NULL, err);
    return status;
}

enum rs_status head_write(const struct head *head, const char *path, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_create(path, &store, err);
    if (status != RS_OK)
        return status;
    status = write_content(store, head, err);
    if (status == RS_OK)
        return store_commit(store, err);
    store_close(store);
    return status;
}

static enum rs_status read_text(const struct store *store, const char *name, char *text, size_t text_size,
                                struct rs_error *err)
{
    char *found = NULL;
    enum rs_status status = store_read_text(store, "/", name, &found, err);
    if (status == RS_OK)
        snprintf(text, text_size, "%s", found);
    free(found);
    return status;
}

static enum rs_status read_number(const struct store *store, const char *name, size_t *value,
                                  struct rs_error *err)
{
    double number = 0;
    enum rs_status status = store_read_number(store, "/", name, &number, err);
    *value = (size_t)number;
    return status;
}

static enum rs_status read_numbers(const struct store *store, struct head *head, struct rs_error *err)
{
    size_t flags[4] = {0};
    enum rs_status status = read_number(store, "save_heads", &flags[0], err);
    if (status == RS_OK)
        status = read_number(store, "save_arrays", &flags[1], err);
    if (status == RS_OK)
        status = read_number(store, "save_margins", &flags[2], err);
    if (status == RS_OK)
        status = read_number(store, "n_points", &head->n_points, err);
    if (status == RS_OK)
        status = read_number(store, "n_trials", &head->n_trials, err);
    if (status == RS_OK)
        status = read_number(store, "n_samples", &head->n_samples, err);
    if (status == RS_OK)
        status = read_number(store, "n_layers", &head->n_layers, err);
    if (status == RS_OK)
        status = read_number(store, "n_heads", &head->n_heads, err);
    if (status == RS_OK)
        status = read_number(store, "n_systems", &head->n_systems, err);
    if (status == RS_OK)
        status = read_number(store, "characters", &flags[3], err);
    head->characters = flags[3] > 0;
    head->saves = (struct head_saves){flags[0] > 0, flags[1] > 0, flags[2] > 0};
    return status;
}

static enum rs_status read_content(const struct store *store, struct head *head, struct rs_error *err)
{
    char format[64] = "";
    enum rs_status status = read_text(store, "format", format, sizeof format, err);
    if (status == RS_OK && strcmp(format, HEAD_FORMAT) != 0)
        return rs_fail(err, RS_INPUT, "%s: error: not the head of a run", store_path(store));
    if (status == RS_OK)
        status = read_text(store, "digest", head->digest, sizeof head->digest, err);
    if (status == RS_OK)
        status = read_text(store, "workload", head->workload, sizeof head->workload, err);
    if (status == RS_OK)
        status = read_text(store, "thresholds", head->thresholds, sizeof head->thresholds, err);
    if (status == RS_OK)
        status = read_text(store, "metric", head->metric, sizeof head->metric, err);
    if (status == RS_OK)
        status = read_text(store, "better", head->better, sizeof head->better, err);
    if (status == RS_OK)
        status = store_read_text(store, "/", "path", &head->path, err);
    if (status == RS_OK)
        status = store_read_text(store, "/", "yaml", &head->yaml, err);
    if (status == RS_OK)
        status = read_numbers(store, head, err);
    if (status == RS_OK && store_has(store, "/sets")) {
        char **sets = NULL;
        size_t n_sets = 0;
        status = store_read_texts(store, "/sets", &n_sets, &sets, err);
        if (status == RS_OK)
            status = copy_sets(head, n_sets, (const char *const *)sets, err);
        free(sets);
    }
    return status;
}

enum rs_status head_read(const char *path, struct head *head, struct rs_error *err)
{
    struct store *store = NULL;
    *head = (struct head){0};
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = read_content(store, head, err);
    store_close(store);
    if (status != RS_OK)
        head_clear(head);
    return status;
}

bool head_agrees(const struct head *one, const struct head *other)
{
    return strcmp(one->digest, other->digest) == 0 && one->saves.heads == other->saves.heads &&
           one->saves.arrays == other->saves.arrays && one->saves.margins == other->saves.margins;
}
