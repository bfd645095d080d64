/* The registry of laws, and how a law acts. */
#include "devices/law.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clones.h"
#include "base/require.h"
#include "devices/laws.h"

#define LAW_ENTRY(name) &law_##name,
static const struct law *const laws[] = {LAWS_LIST(LAW_ENTRY)};
#undef LAW_ENTRY

static const struct block {
    const char *name, *help;
    enum random_purpose purpose;
    enum law_lifetime lifetime;
} blocks[LAW_BLOCKS] = {
#define BLOCK(name, key, purpose, lifetime, help) {key, help, RANDOM_##purpose, LAW_PER_##lifetime},
    LAW_BLOCK_LIST(BLOCK)
#undef BLOCK
};

const char *law_block_name(enum law_block block)
{
    return blocks[block].name;
}

const char *law_block_help(enum law_block block)
{
    return blocks[block].help;
}

enum law_lifetime law_block_lifetime(enum law_block block)
{
    return blocks[block].lifetime;
}

const struct law *const *law_list(size_t *n)
{
    *n = sizeof laws / sizeof laws[0];
    return laws;
}

const struct law *law_find(enum law_block block, const char *kind)
{
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++)
        if (laws[i]->block == block && strcmp(laws[i]->kind, kind) == 0)
            return laws[i];
    return NULL;
}

CLONES
static void add_errors(size_t n, double scale, const double *shift, const double *sigma,
                       const double *normals, double *conductance)
{
    for (size_t i = 0; i < n; i++)
        conductance[i] += scale * (shift[i] + sigma[i] * normals[i]);
}

void law_apply(const struct law *law, const void *params, const struct law_conditions *at,
               const struct law_draws *draws, const struct law_cells *cells)
{
    double normals[LAW_CELLS], shift[LAW_CELLS], sigma[LAW_CELLS];
    struct law_draws own = *draws;
    rs_require(cells->n <= LAW_CELLS, "at most LAW_CELLS cells");
    own.key.purpose = blocks[law->block].purpose;
    if (blocks[law->block].lifetime == LAW_PER_TRIAL)
        own.key.write = 0;
    if (law->moments == NULL) {
        law->apply(params, at, &own, cells);
        return;
    }
    law->moments(params, at, cells, shift, sigma);
    random_normals_from(&own.key, own.first_cell, cells->n, normals);
    add_errors(cells->n, own.scale, shift, sigma, normals, cells->conductance_siemens);
}

double law_bracket_log(const double *values, int n, double value, int *lower)
{
    *lower = 0;
    if (n <= 1 || value <= values[0])
        return 0;
    while (*lower < n - 2 && value > values[*lower + 1])
        (*lower)++;
    if (value >= values[n - 1])
        return 1;
    return log(value / values[*lower]) / log(values[*lower + 1] / values[*lower]);
}

bool law_check_rising(const char *name, const struct option_reals *values, char *why, size_t why_size)
{
    for (int i = 1; i < values->n; i++)
        if (values->values[i] <= values->values[i - 1]) {
            snprintf(why, why_size, "%s must rise", name);
            return false;
        }
    return true;
}
