#include "calib/observations.h"

#include <stdlib.h>

void observations_add(struct observations *observations, const struct observation *row)
{
    if (observations->failed)
        return;
    if (observations->n == observations->capacity) {
        size_t capacity = 2 * observations->capacity + 64;
        struct observation *rows = realloc(observations->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            observations->failed = true;
            return;
        }
        observations->rows = rows;
        observations->capacity = capacity;
    }
    observations->rows[observations->n++] = *row;
}

void observations_clear(struct observations *observations)
{
    free(observations->rows);
    *observations = (struct observations){0};
}
