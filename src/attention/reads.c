#include "attention/reads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "crossbar/noise.h"
#include "numeric/product.h"
#include "numeric/random_f32.h"

/* Relative to the largest current: far below the smallest decision step of any code, far above rounding. */
static const double field_tolerance = 1e-10;

/* Above this share of a conductance, cutting at 0 S shows (performance note, section 6). */
static const double sigma_max_ratio = 0.2;

/*
 * Costs in fields solved alone, measured at 32 to 256 lines (second table of bench/crossbar/queries.md): a T,
 * a read with redrawn cells (its normals and factors included), a field among many, and the reads whose
 * products with T, D and E cost one field.
 */
static const double cost_transfer = 7, cost_redrawn = 1.3, cost_batched = 0.3, reads_per_cost = 256;

/* Fields of fewer reads are solved one by one. */
static const size_t batch_min = 3;

struct reads_noise {
    struct noise *noise;
    struct product *d, *e;
    struct noise_tables tables;
    double *mean_siemens, *sigma_siemens; /* [n_rows][n_columns] */
    double *squares;                      /* [READS_CHUNK][n_rows] */
    double *d_sum, *e_sum;                /* [READS_CHUNK][n_columns] */
    float *normals;                       /* [n_columns] */
    random_f32_fill *fill_normals;
};

static bool is_ideal(const struct network *network)
{
    return network->r_word_line_ohm == 0 && network->r_bit_line_ohm == 0 && network->r_driver_ohm == 0 &&
           network->r_sense_ohm == 0;
}

/* Word lines that some read may drive: of keys shorter than the array, the others stay at 0 V. */
static size_t rows_max(const struct attention_setup *setup)
{
    const struct mapping *mapping = &setup->mapping;
    bool all = mapping->n_key_rows < mapping->n_rows || mapping->d > mapping->n_rows;
    return all ? mapping->n_rows : mapping->d;
}

/* For drives [n][n_rows] and matrices [n_rows][n_columns]. */
static enum rs_status create_product(const struct attention_setup *setup, struct product **out,
                                     struct rs_error *err)
{
    enum rs_status status =
        product_create(rows_max(setup), setup->network.n_columns, PRODUCT_F64, kernel_chosen(), out, err);
    if (status == RS_OK)
        product_space_inputs(*out, setup->network.n_rows);
    return status;
}

static void destroy_noise(struct reads_noise *noise)
{
    if (noise == NULL)
        return;
    noise_destroy(noise->noise);
    product_destroy(noise->d);
    product_destroy(noise->e);
    free(noise->tables.d);
    free(noise->normals);
    free(noise);
}

static enum rs_status create_noise(const struct attention_setup *setup, struct reads_noise **out,
                                   struct rs_error *err)
{
    const struct network *network = &setup->network;
    size_t n_rows = network->n_rows, n_columns = network->n_columns, n_cells = n_rows * n_columns;
    struct reads_noise *noise = memory_allocate(1, sizeof *noise, err);
    *out = NULL;
    if (noise == NULL)
        return RS_INTERNAL;
    size_t n_doubles = 4 * n_cells + n_columns + READS_CHUNK * (n_rows + 2 * n_columns);
    enum rs_status status = RS_OK;
    noise->tables.d = memory_allocate(n_doubles, sizeof(double), err);
    noise->normals = memory_allocate(n_columns, sizeof(float), err);
    if (noise->tables.d == NULL || noise->normals == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK)
        status = noise_create(network, &noise->noise, err);
    if (status == RS_OK)
        status = create_product(setup, &noise->d, err);
    if (status == RS_OK)
        status = create_product(setup, &noise->e, err);
    if (status != RS_OK) {
        destroy_noise(noise);
        return status;
    }
    noise->tables.e = noise->tables.d + n_cells;
    noise->mean_siemens = noise->tables.e + n_cells;
    noise->sigma_siemens = noise->mean_siemens + n_cells;
    noise->tables.f = noise->sigma_siemens + n_cells;
    noise->squares = noise->tables.f + n_columns;
    noise->d_sum = noise->squares + READS_CHUNK * n_rows;
    noise->e_sum = noise->d_sum + READS_CHUNK * n_columns;
    noise->fill_normals = random_f32_of(kernel_chosen());
    *out = noise;
    return RS_OK;
}

enum reads_way reads_choose(const struct network *network, size_t n_reads)
{
    if (is_ideal(network) || (double)n_reads * cost_batched >= cost_transfer)
        return READS_PRODUCT;
    return READS_FIELD;
}

/* Of reads that find the same cells; LAW or TABLES. */
static enum reads_way choose_column_draws(const struct network *network, size_t n_driven, size_t n_reads,
                                          double *cost)
{
    double n_columns = (double)network->n_columns, n = (double)n_reads;
    double law = cost_batched * (n_columns + n);
    double tables = cost_batched * (n_columns + (double)n_driven) + cost_transfer + n / reads_per_cost;
    *cost = fmin(law, tables);
    return law <= tables ? READS_LAW : READS_TABLES;
}

enum reads_way reads_choose_noisy(const struct network *network, size_t n_driven, size_t n_reads,
                                  size_t n_spans)
{
    double cost;
    size_t n_together = n_spans > 1 ? n_reads / n_spans : n_reads;
    enum reads_way way = choose_column_draws(network, n_driven, n_together, &cost);
    return cost_redrawn * (double)n_together <= cost ? READS_REDRAW : way;
}

static bool bends_in_wires(const struct attention_setup *setup)
{
    return !cell_law_is_linear(&setup->law) && !is_ideal(&setup->network);
}

/* Whether any number of reads up to the largest takes another way than redrawing. */
static bool needs_noise(const struct attention_setup *setup)
{
    return device_has_read_noise(&setup->device) && !bends_in_wires(setup) &&
           reads_choose_noisy(&setup->network, 0, setup_reads_max(setup), 1) != READS_REDRAW;
}

/* All cells open until the first array comes. */
static enum rs_status create_nonlinear(const struct attention_setup *setup, struct reads *reads,
                                       struct rs_error *err)
{
    return nonlinear_plan_create_borrow(&setup->network, NULL, &setup->law, reads->fields, &reads->nonlinear,
                                        err);
}

enum rs_status reads_create(const struct attention_setup *setup, struct reads **out, struct rs_error *err)
{
    const struct network *network = &setup->network;
    size_t n_cells = network->n_rows * network->n_columns;
    struct reads *reads = memory_allocate(1, sizeof *reads, err);
    *out = NULL;
    if (reads == NULL)
        return RS_INTERNAL;
    reads->setup = setup;
    reads->fields = memory_allocate(3 * n_cells, sizeof(double), err);
    enum rs_status status = reads->fields == NULL ? RS_INTERNAL : RS_OK;
    if (status == RS_OK)
        status =
            transfer_plan_create(network, NULL, kernel_chosen(), TRANSFER_F64, &reads->transfer_plan, err);
    if (status == RS_OK)
        status = field_plan_create(network, &reads->field_plan, err);
    if (status == RS_OK)
        status = create_product(setup, &reads->transfer, err);
    if (status == RS_OK && needs_noise(setup))
        status = create_noise(setup, &reads->noise, err);
    if (status == RS_OK) {
        reads->transfer_siemens = reads->fields;
        reads->drawn_siemens = reads->transfer_siemens + n_cells;
        reads->evolved_siemens = reads->drawn_siemens + n_cells;
    }
    if (status == RS_OK && device_has_telegraph(&setup->device))
        status = traps_create(setup, n_cells, setup_n_array_numbers(setup), &reads->traps, err);
    if (status == RS_OK && bends_in_wires(setup))
        status = create_nonlinear(setup, reads, err);
    if (status != RS_OK)
        reads_destroy(reads);
    else
        *out = reads;
    return status;
}

void reads_destroy(struct reads *reads)
{
    if (reads == NULL)
        return;
    transfer_plan_destroy(reads->transfer_plan);
    field_plan_destroy(reads->field_plan);
    product_destroy(reads->transfer);
    destroy_noise(reads->noise);
    traps_destroy(reads->traps);
    nonlinear_plan_destroy(reads->nonlinear);
    free(reads->fields);
    free(reads);
}

static bool is_small(const struct reads_noise *noise, size_t n_cells)
{
    bool small = true;
    for (size_t c = 0; c < n_cells; c++)
        small &= noise->sigma_siemens[c] <= sigma_max_ratio * noise->mean_siemens[c];
    return small;
}

/* Rows that any read drives. */
static size_t count_driven(size_t n_rows, size_t n_reads, const double *volts)
{
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        size_t r = 0;
        while (r < n_reads && volts[r * n_rows + i] == 0)
            r++;
        n += r < n_reads;
    }
    return n;
}

/* Without resistances every drop is V: D = sigma^2. */
static void fill_ideal_tables(struct reads_noise *noise, size_t n_cells, size_t n_columns)
{
    for (size_t c = 0; c < n_cells; c++)
        noise->tables.d[c] = noise->sigma_siemens[c] * noise->sigma_siemens[c];
    memset(noise->tables.e, 0, n_cells * sizeof *noise->tables.e);
    memset(noise->tables.f, 0, n_columns * sizeof *noise->tables.f);
}

static bool begin_tables(struct reads *reads, size_t n_reads, const double *volts)
{
    const struct network *network = &reads->setup->network;
    struct reads_noise *noise = reads->noise;
    bool converged = true;
    if (is_ideal(network))
        fill_ideal_tables(noise, network->n_rows * network->n_columns, network->n_columns);
    else
        converged = noise_load(noise->noise, noise->mean_siemens, noise->sigma_siemens) &&
                    noise_tabulate(noise->noise, reads->transfer_siemens, n_reads, volts, &noise->tables);
    product_load(noise->d, noise->tables.d);
    product_load(noise->e, noise->tables.e);
    return converged;
}

void reads_reset(struct reads *reads)
{
    if (reads->traps != NULL)
        traps_reset(reads->traps);
}

void reads_bend(const struct reads *reads, size_t n_reads, double *volts)
{
    const struct attention_setup *setup = reads->setup;
    double unused;
    if (cell_law_is_linear(&setup->law) || reads->nonlinear != NULL)
        return;
    for (size_t i = 0; i < n_reads * setup->network.n_rows; i++)
        volts[i] = cell_law_current(&setup->law, 1, volts[i], &unused);
}

enum rs_status reads_open(struct reads *reads, const struct reads_job *job, const double *programmed_siemens,
                          struct rs_error *err)
{
    const struct network *network = &reads->setup->network;
    reads->redraw = reads->noise == NULL ||
                    reads_choose_noisy(network, count_driven(network->n_rows, job->n_reads, job->volts),
                                       job->n_reads, job->n_spans) == READS_REDRAW;
    return reads->traps == NULL
               ? RS_OK
               : traps_start(reads->traps, &job->key, job->first_read, programmed_siemens, err);
}

enum rs_status reads_close(struct reads *reads, struct rs_error *err)
{
    return reads->traps == NULL ? RS_OK : traps_finish(reads->traps, err);
}

/* Into noise->mean_siemens and sigma_siemens; false where cutting at 0 S would show. */
static bool find_moments(struct reads *reads, const double *programmed)
{
    size_t n_cells = reads->setup->network.n_rows * reads->setup->network.n_columns;
    if (reads->traps != NULL) {
        traps_average(reads->traps, programmed, reads->evolved_siemens);
        programmed = reads->evolved_siemens;
    }
    device_read_moments(&reads->setup->device, n_cells, reads->target_siemens, programmed,
                        reads->noise->mean_siemens, reads->noise->sigma_siemens);
    return is_small(reads->noise, n_cells);
}

static enum reads_way choose(struct reads *reads, const double *programmed, size_t n_reads,
                             const double *volts)
{
    const struct network *network = &reads->setup->network;
    double cost;
    if (!device_has_read_noise(&reads->setup->device))
        return reads->traps != NULL || reads->nonlinear != NULL ? READS_FIELD
                                                                : reads_choose(network, n_reads);
    if (reads->redraw || !find_moments(reads, programmed))
        return READS_REDRAW;
    return choose_column_draws(network, count_driven(network->n_rows, n_reads, volts), n_reads, &cost);
}

/* For the fields of seen_siemens. */
static void load_cells(struct reads *reads)
{
    if (reads->nonlinear != NULL)
        nonlinear_factor(reads->nonlinear, reads->seen_siemens);
    else if (!is_ideal(&reads->setup->network))
        field_factor(reads->field_plan, reads->seen_siemens);
    reads->loaded = true;
}

int64_t reads_begin(struct reads *reads, const double *target_siemens, const double *programmed_siemens,
                    size_t n_reads, const double *volts)
{
    const struct network *network = &reads->setup->network;
    struct reads_noise *noise = reads->noise;
    bool converged = true;
    reads->target_siemens = target_siemens;
    reads->alone = n_reads < batch_min;
    reads->loaded = false;
    reads->way = choose(reads, programmed_siemens, n_reads, volts);
    const double *mean =
        reads->way == READS_LAW || reads->way == READS_TABLES ? noise->mean_siemens : programmed_siemens;
    reads->programmed_siemens = programmed_siemens;
    reads->seen_siemens = mean;
    if (reads->way == READS_FIELD && reads->traps == NULL)
        load_cells(reads);
    if (reads->way == READS_PRODUCT || reads->way == READS_TABLES) {
        if (!is_ideal(network))
            transfer_compute(reads->transfer_plan, mean, reads->transfer_siemens);
        product_load(reads->transfer, is_ideal(network) ? mean : reads->transfer_siemens);
    }
    if (reads->way == READS_TABLES)
        converged = begin_tables(reads, n_reads, volts);
    if (reads->way == READS_LAW)
        converged = noise_load(noise->noise, mean, noise->sigma_siemens);
    return !converged;
}

bool reads_have_transfer(const struct reads *reads)
{
    return (reads->way == READS_PRODUCT || reads->way == READS_TABLES) && !is_ideal(&reads->setup->network);
}

static int64_t solve_bent(struct reads *reads, size_t n, const double *volts, double *column_amperes)
{
    struct nonlinear_report reports[READS_CHUNK];
    bool good[READS_CHUNK];
    int64_t n_failed = 0;
    nonlinear_solve_many(reads->nonlinear, n, volts, field_tolerance, column_amperes, NULL, NULL, false,
                         reports, good);
    for (size_t q = 0; q < n; q++)
        n_failed += !good[q];
    return n_failed;
}

/* In the cells of load_cells. */
static int64_t solve_fields(struct reads *reads, bool alone, size_t n, const double *volts,
                            double *column_amperes)
{
    const struct network *network = &reads->setup->network;
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    struct field_drive drives[READS_CHUNK] = {{0}};
    int64_t n_failed = 0;
    if (reads->nonlinear != NULL)
        return solve_bent(reads, n, volts, column_amperes);
    for (size_t q = 0; q < n; q++)
        drives[q].volts = volts + q * n_rows;
    if (!is_ideal(network) && !alone)
        return !field_solve_many(reads->field_plan, n, drives, field_tolerance, column_amperes, NULL, NULL,
                                 NULL);
    for (size_t q = 0; q < n; q++) {
        double *amperes = column_amperes + q * n_columns;
        if (is_ideal(network))
            transfer_apply(network, reads->seen_siemens, drives[q].volts, amperes, NULL);
        else
            n_failed +=
                !field_solve(reads->field_plan, drives[q].volts, field_tolerance, amperes, NULL, NULL, NULL);
    }
    return n_failed;
}

/* A field per read: with traps as they are then, and redrawn where there is read noise (redraws). */
static int64_t follow(struct reads *reads, bool redraws, const struct random_key *key, size_t n,
                      const double *volts, double *column_amperes)
{
    const struct network *network = &reads->setup->network;
    size_t n_cells = network->n_rows * network->n_columns;
    int64_t n_failed = 0;
    struct random_key own = *key;
    for (size_t q = 0; q < n; q++, own.draw++) {
        const double *cells = reads->programmed_siemens;
        if (reads->traps != NULL) {
            traps_see(reads->traps, &own, cells, reads->evolved_siemens);
            cells = reads->evolved_siemens;
        }
        bool same =
            !redraws && reads->loaded && memcmp(cells, reads->seen_siemens, n_cells * sizeof *cells) == 0;
        if (redraws)
            device_read(&reads->setup->device, &own, n_cells, reads->target_siemens, cells,
                        reads->drawn_siemens);
        else if (!same)
            memcpy(reads->drawn_siemens, cells, n_cells * sizeof *cells);
        if (!same) {
            reads->seen_siemens = reads->drawn_siemens;
            load_cells(reads);
        }
        n_failed += solve_fields(reads, true, 1, volts + q * network->n_rows,
                                 column_amperes + q * network->n_columns);
    }
    return n_failed;
}

/* Into d_sum [n][n_columns]: the variances of the currents. */
static void apply_tables(struct reads *reads, size_t n, const double *volts, const double *column_amperes)
{
    const struct network *network = &reads->setup->network;
    struct reads_noise *noise = reads->noise;
    for (size_t i = 0; i < n * network->n_rows; i++)
        noise->squares[i] = volts[i] * volts[i];
    product_apply(noise->d, n, noise->squares, noise->d_sum);
    if (is_ideal(network))
        return;
    product_apply(noise->e, n, volts, noise->e_sum);
    noise_combine(n, network->n_columns, column_amperes, noise->e_sum, noise->tables.f, noise->d_sum);
}

static void add_noise(const struct reads *reads, const struct random_key *key, size_t n,
                      double *column_amperes)
{
    const struct reads_noise *noise = reads->noise;
    size_t n_columns = reads->setup->network.n_columns;
    struct random_key own = *key;
    own.purpose = RANDOM_COLUMN;
    for (size_t q = 0; q < n; q++, own.draw++) {
        noise->fill_normals(&own, n_columns, noise->normals);
        for (size_t k = 0; k < n_columns; k++)
            column_amperes[q * n_columns + k] +=
                sqrt(noise->d_sum[q * n_columns + k]) * (double)noise->normals[k];
    }
}

int64_t reads_solve(struct reads *reads, const struct random_key *key, size_t n, const double *volts,
                    double *column_amperes)
{
    int64_t n_failed = 0;
    bool draws_columns = reads->way == READS_LAW || reads->way == READS_TABLES;
    rs_require(n <= READS_CHUNK, "too many reads at once");
    if (reads->way == READS_LAW)
        n_failed = !noise_law(reads->noise->noise, n, volts, column_amperes, reads->noise->d_sum);
    if (reads->way == READS_REDRAW || reads->traps != NULL)
        n_failed += follow(reads, reads->way == READS_REDRAW, key, n, volts, column_amperes);
    else if (reads->way == READS_FIELD)
        n_failed = solve_fields(reads, reads->alone, n, volts, column_amperes);
    else if (reads->way != READS_LAW)
        product_apply(reads->transfer, n, volts, column_amperes);
    if (reads->way == READS_TABLES)
        apply_tables(reads, n, volts, column_amperes);
    if (draws_columns)
        add_noise(reads, key, n, column_amperes);
    return n_failed;
}
