/* Tables of cells that follow known laws, for the tests of fits. */
#ifndef TESTS_MEASURED_CELLS_H
#define TESTS_MEASURED_CELLS_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "numeric/random.h"

struct cells {
    FILE *file;
    struct random_key key;
    uint32_t n_drawn;
};

static struct cells open_cells(const char *path, uint32_t seed, const char *header)
{
    struct cells cells = {fopen(path, "w"), {.seed = seed, .purpose = RANDOM_PROGRAMMING}, 0};
    cr_assert_not_null(cells.file);
    fprintf(cells.file, "%s\n", header);
    return cells;
}

static double draw(struct cells *cells)
{
    return random_normal(&cells->key, cells->n_drawn++);
}

static void close_cells(struct cells *cells)
{
    cr_assert_eq(fclose(cells->file), 0);
}

#endif
