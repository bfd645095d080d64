/* The registry of laws. */
#include "devices/law.h"

#include <string.h>

#include "devices/law_log_time.h"
#include "devices/law_one_over_f.h"
#include "devices/law_polynomial.h"
#include "devices/law_relative.h"

static const struct law *const laws[] = {
    &law_polynomial,
    &law_log_time,
    &law_one_over_f,
    &law_relative,
};

static const char *const block_names[LAW_BLOCKS] = {"programming", "relaxation", "read_noise"};

const char *law_block_name(enum law_block block)
{
    return block_names[block];
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
