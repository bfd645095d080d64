/* The table of all options, and points of the grid. */
#include "experiment/config_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "base/version.h"

static const struct section {
    const struct option_table *table;
    size_t offset;
} sections[] = {
    {&run_options_workload, offsetof(struct config, workload)},
    {&device_option_table, offsetof(struct config, device)},
    {&frontend_options_array, offsetof(struct config, array)},
    {&frontend_options_encoding, offsetof(struct config, encoding)},
    {&frontend_options_comparator, offsetof(struct config, comparator)},
    {&prune_options_table, offsetof(struct config, prune)},
    {&frontend_options_readout, offsetof(struct config, readout)},
    {&digital_options_recompute, offsetof(struct config, recompute)},
    {&cost_section_table, offsetof(struct config, cost)},
    {&run_options_monte_carlo, offsetof(struct config, monte_carlo)},
    {&train_options_table, offsetof(struct config, train)},
    {&transformer_options_table, offsetof(struct config, transformer)},
    {&threshold_options_table, offsetof(struct config, learned)},
};

enum { N_SECTIONS = sizeof sections / sizeof sections[0] };

int config_n_options(void)
{
    size_t n = 0;
    for (size_t s = 0; s < N_SECTIONS; s++)
        n += sections[s].table->n_options;
    return (int)n;
}

static const struct section *find_section(int index, size_t *row)
{
    size_t left = (size_t)index;
    for (size_t s = 0; s < N_SECTIONS; s++) {
        if (left < sections[s].table->n_options) {
            *row = left;
            return &sections[s];
        }
        left -= sections[s].table->n_options;
    }
    rs_require(false, "the option exists");
    return NULL;
}

const struct option *config_option(int index)
{
    size_t row;
    const struct section *section = find_section(index, &row);
    return &section->table->options[row];
}

void *config_section(struct config *config, int index)
{
    size_t row;
    return (char *)config + find_section(index, &row)->offset;
}

const void *config_const_section(const struct config *config, int index)
{
    size_t row;
    return (const char *)config + find_section(index, &row)->offset;
}

int config_find(const char *key)
{
    for (int i = 0; i < config_n_options(); i++)
        if (strcmp(config_option(i)->key, key) == 0)
            return i;
    return -1;
}

const char *config_nearest(const char *key)
{
    const char *keys[CONFIG_OPTIONS_MAX] = {0}, *names[CONFIG_OPTIONS_MAX] = {0};
    int n = config_n_options();
    for (int i = 0; i < n; i++) {
        keys[i] = config_option(i)->key;
        names[i] = strchr(keys[i], '.') + 1;
    }
    const char *nearest = text_nearest(key, keys, (size_t)n);
    for (int i = 0; nearest == NULL && i < n; i++)
        if (strcmp(names[i], key) == 0)
            nearest = keys[i];
    return nearest;
}

void config_fill_defaults(struct config *config)
{
    for (size_t s = 0; s < N_SECTIONS; s++)
        option_fill_defaults(sections[s].table, (char *)config + sections[s].offset);
}

void config_destroy(struct configuration *configuration)
{
    if (configuration == NULL)
        return;
    for (int i = 0; i < CONFIG_OPTIONS_MAX; i++)
        free(configuration->raw_paths[i]);
    for (int i = 0; i < CONFIG_OPTIONS_MAX; i++)
        free(configuration->places[i].set);
    for (int s = 0; s < configuration->n_sweeps; s++)
        config_sweep_clear(&configuration->sweeps[s]);
    free(configuration->path);
    free(configuration->yaml);
    free(configuration);
}

size_t config_n_points(const struct configuration *configuration)
{
    size_t n = 1;
    for (int s = 0; s < configuration->n_sweeps; s++)
        n = n > SIZE_MAX / configuration->sweeps[s].n_values ? SIZE_MAX
                                                             : n * configuration->sweeps[s].n_values;
    return n;
}

void config_indices(const struct configuration *configuration, size_t point, size_t *indices)
{
    for (int s = configuration->n_sweeps - 1; s >= 0; s--) {
        indices[s] = point % configuration->sweeps[s].n_values;
        point /= configuration->sweeps[s].n_values;
    }
}

void config_at(const struct configuration *configuration, size_t point, struct config *out)
{
    size_t indices[CONFIG_SWEEPS_MAX];
    char why[256];
    *out = configuration->base;
    config_indices(configuration, point, indices);
    for (int s = 0; s < configuration->n_sweeps; s++) {
        const struct config_sweep *sweep = &configuration->sweeps[s];
        bool good = option_set(config_option(sweep->option), config_section(out, sweep->option),
                               sweep->values[indices[s]], why, sizeof why);
        rs_require(good, "swept values were checked when read");
    }
}

bool config_is_given(const struct configuration *configuration, const char *key)
{
    int index = config_find(key);
    for (int s = 0; s < configuration->n_sweeps; s++)
        if (configuration->sweeps[s].option == index)
            return true;
    return index >= 0 && configuration->sources[index] != CONFIG_DEFAULT;
}

/* The option whose key an error text begins with, or -1. */
static int blamed_option(const char *text)
{
    char key[64];
    size_t length = strcspn(text, " :");
    if (length >= sizeof key)
        return -1;
    memcpy(key, text, length);
    key[length] = '\0';
    return config_find(key);
}

enum rs_status config_blame(const struct configuration *configuration, enum rs_status status,
                            struct rs_error *err)
{
    char text[RS_ERROR_SIZE];
    if (status != RS_INPUT || strstr(err->text, ": error: ") != NULL)
        return status;
    memcpy(text, err->text, sizeof text);
    int index = blamed_option(text);
    const struct config_place *place = index >= 0 ? &configuration->places[index] : NULL;
    if (place != NULL && place->set != NULL)
        return rs_fail(err, status, "--set %s: error: %s", place->set, text);
    if (place != NULL && place->line > 0)
        return rs_fail(err, status, "%s:%d:%d: error: %s", configuration->path, place->line, place->column,
                       text);
    return rs_fail(err, status, "%s: error: %s", configuration->path, text);
}

enum rs_status config_digest(const struct configuration *configuration, char text[DIGEST_TEXT_SIZE],
                             struct rs_error *err)
{
    struct digest digest;
    char *resolved = config_resolved_text(configuration, err);
    if (resolved == NULL)
        return RS_INTERNAL;
    digest_init(&digest);
    digest_add(&digest, resolved, strlen(resolved));
    free(resolved);
    for (int i = 0; i < config_n_options(); i++)
        if (configuration->raw_paths[i] != NULL) {
            const char *path =
                (const char *)config_const_section(&configuration->base, i) + config_option(i)->offset;
            enum rs_status status = digest_add_file(&digest, path, err);
            if (status != RS_OK)
                return status;
        }
    char shape[OPTION_TEXT_SIZE]; /* a file that no key names */
    const struct workload_options *workload = &configuration->base.workload;
    if (workload->kind == WORKLOAD_SAFETENSORS && workload->shape[0] == '\0' &&
        run_options_shape_path(workload, shape)) {
        enum rs_status status = digest_add_file(&digest, shape, err);
        if (status != RS_OK)
            return status;
    }
    digest_add(&digest, version_commit(), strlen(version_commit()));
    digest_add(&digest, version_kernel(), strlen(version_kernel()));
    digest_finish(&digest, text);
    return RS_OK;
}
