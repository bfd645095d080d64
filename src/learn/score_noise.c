#include "learn/score_noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/transfer.h"
#include "devices/law_telegraph.h"
#include "devices/program.h"
#include "numeric/matrix.h"
#include "numeric/random_f32.h"
#include "tensor/code.h"

/* Cells written to learn what a level becomes: its deviation is then known to 0.6 %, its mean to 0.8 % of
 * that. */
enum { TABLE_SIDE = 128, TABLE_CELLS = TABLE_SIDE * TABLE_SIDE };

/* Trials of runs count from 0; the cells of the table are nobody's. */
enum { TABLE_TRIAL = RANDOM_TRIALS_MAX - 1 };

/* Keys use, on average, this share of the largest code (a guess: it sets how cells load the wires). */
static const double usual_code = 0.25;

/* What reading a cell, or all cells of a code, gives. */
struct reading {
    double mean, variance, read_variance; /* variance: between cells; read_variance: between reads of one */
};

struct score_noise {
    const struct attention_setup *setup;
    random_f32_fill *fill;
    int key_limit, query_limit;
    struct reading *codes;                       /* [2 key_limit + 1], units of g_lsb */
    struct reading middle;                       /* of the mid-level line, times its weight */
    double *drives;                              /* [2 query_limit + 1], units of v_lsb */
    double *shares;                              /* [n_key_rows][n_keys_per_array]: a */
    double *middle_shares;                       /* [n_key_rows] */
    double read_sigma_units, offset_sigma_units; /* of the comparators */
    bool has_read_noise;                         /* of cells or comparators */
};

struct score_noise_room {
    const struct score_noise *noise;
    int16_t *codes;                 /* [queries or keys][d] */
    float *drives, *squares;        /* [n_queries_max][d] */
    float *cells, *read_variances;  /* [n_keys_max][d] */
    float *normals;                 /* as many as the larger of keys' cells and pairs */
    float *offsets;                 /* [n_keys_max] */
    float *pairs;                   /* [n_queries_max][n_keys_max] */
    float *middles, *middle_shares; /* [tiles][d] */
    float *common;                  /* [n_queries_max][tiles] */
};

/* --- tables --- */

/* What one read sees of cells just programmed to one target: mean_siemens, sigma_siemens [TABLE_CELLS]. */
static enum rs_status see_cells(const struct device *device, const struct timing *timing,
                                const struct random_key *key, const double *target,
                                struct program_result *cells, double *mean_siemens, double *sigma_siemens,
                                struct rs_error *err)
{
    struct law_telegraph *traps = NULL;
    enum rs_status status = program_array(device, key, TABLE_SIDE, TABLE_SIDE, target, cells, err);
    double *g = cells->conductance_siemens;
    if (status == RS_OK && device_has_telegraph(device)) {
        status = law_telegraph_create(TABLE_CELLS, &traps, err);
        if (status == RS_OK)
            status = law_telegraph_start(traps, &device->card.blocks[LAW_TELEGRAPH].params, key, TABLE_CELLS,
                                         g, err);
        if (status == RS_OK)
            law_telegraph_read(traps, device->scale[LAW_TELEGRAPH], timing->read_seconds, g);
        law_telegraph_destroy(traps);
    }
    if (status == RS_OK)
        device_read_moments(device, TABLE_CELLS, target, g, mean_siemens, sigma_siemens);
    return status;
}

/* The reading of cells at g_siemens, in units of g_lsb. */
static enum rs_status measure(const struct attention_setup *setup, uint32_t index, double g_siemens,
                              struct reading *out, struct rs_error *err)
{
    const struct random_key key = {.seed = setup->seed, .trial = TABLE_TRIAL, .array = index};
    const double lsb = setup->mapping.g_lsb_siemens;
    struct program_result cells = {0};
    double *target = memory_allocate(3 * TABLE_CELLS, sizeof *target, err);
    enum rs_status status = target != NULL ? program_allocate(TABLE_CELLS, &cells, err) : RS_INTERNAL;
    double mean = 0, square = 0, read = 0;
    for (size_t c = 0; c < TABLE_CELLS && status == RS_OK; c++)
        target[c] = g_siemens;
    if (status == RS_OK)
        status = see_cells(&setup->device, &setup->timing, &key, target, &cells, target + TABLE_CELLS,
                           target + 2 * TABLE_CELLS, err);
    const double *seen = target + TABLE_CELLS, *sigma = target + 2 * TABLE_CELLS;
    for (size_t c = 0; c < TABLE_CELLS && status == RS_OK; c++) {
        mean += (seen[c] - g_siemens) / TABLE_CELLS;
        read += sigma[c] * sigma[c] / TABLE_CELLS;
    }
    for (size_t c = 0; c < TABLE_CELLS && status == RS_OK; c++)
        square += (seen[c] - g_siemens - mean) * (seen[c] - g_siemens - mean) / (TABLE_CELLS - 1);
    if (status == RS_OK)
        *out = (struct reading){(g_siemens + mean) / lsb, square / (lsb * lsb), read / (lsb * lsb)};
    program_clear(&cells);
    free(target);
    return status;
}

/* total += weight x (a cell of its own) */
static void add_reading(struct reading *total, double weight, const struct reading *cell)
{
    total->mean += weight * cell->mean;
    total->variance += weight * weight * cell->variance;
    total->read_variance += weight * weight * cell->read_variance;
}

static void add_code(const struct mapping *mapping, const struct reading *levels, int code,
                     struct reading *total)
{
    bool differential = mapping->sign == ENCODING_DIFFERENTIAL;
    int magnitude = differential ? abs(code) : code + mapping->key_limit;
    *total = (struct reading){0};
    for (int slice = 0; slice < mapping->n_slices; slice++) {
        int shift = mapping->slice_bits * (mapping->n_slices - 1 - slice);
        int held = (magnitude >> shift) & ((1 << mapping->slice_bits) - 1);
        double weight = ldexp(1, shift);
        add_reading(total, weight, &levels[!differential || code > 0 ? held : 0]);
        if (differential)
            add_reading(total, -weight, &levels[code < 0 ? held : 0]);
    }
}

static enum rs_status fill_codes(struct score_noise *noise, struct rs_error *err)
{
    const struct mapping *mapping = &noise->setup->mapping;
    const int n_levels = 1 << mapping->slice_bits;
    struct reading *levels = memory_allocate((size_t)n_levels, sizeof *levels, err), middle = {0};
    enum rs_status status = levels != NULL ? RS_OK : RS_INTERNAL;
    /* The largest level of a single slice may not exist: codes are symmetric. */
    for (int v = 0; v < n_levels && status == RS_OK; v++) {
        double g = mapping->g_min_siemens + v * mapping->g_lsb_siemens;
        if (g <= (mapping->g_min_siemens + mapping->window_siemens) * (1 + 1e-12))
            status = measure(noise->setup, (uint32_t)v,
                             fmin(g, mapping->g_min_siemens + mapping->window_siemens), &levels[v], err);
    }
    for (int code = -mapping->key_limit; code <= mapping->key_limit && status == RS_OK; code++)
        add_code(mapping, levels, code, &noise->codes[code + mapping->key_limit]);
    if (status == RS_OK && mapping->sign == ENCODING_OFFSET)
        status = measure(noise->setup, (uint32_t)n_levels, mapping->g_mid_siemens, &middle, err);
    add_reading(&noise->middle, mapping->reference_weight, &middle);
    free(levels);
    return status;
}

static void fill_drives(struct score_noise *noise)
{
    const double lsb = noise->setup->mapping.v_lsb_volts;
    double unused;
    for (int code = -noise->query_limit; code <= noise->query_limit; code++)
        noise->drives[code + noise->query_limit] =
            code == 0 ? 0 : cell_law_current(&noise->setup->law, 1, code * lsb, &unused) / lsb;
}

/* An array of n_keys_max keys of usual cells: where none is used, and beyond, cells stand at g_min. */
static void fill_cells(const struct attention_setup *setup, double *cells)
{
    const struct mapping *mapping = &setup->mapping;
    bool offset = mapping->sign == ENCODING_OFFSET;
    size_t n_slots = mapping->n_keys_per_array, n_keys = setup->shape.n_keys_max;
    size_t n_lines = (n_keys < n_slots ? n_keys : n_slots) * mapping->n_lines_per_key;
    double usual =
        offset ? mapping->g_mid_siemens : mapping->g_min_siemens + 0.5 * usual_code * mapping->window_siemens;
    for (size_t row = 0; row < mapping->n_rows; row++)
        for (size_t j = 0; j < mapping->n_columns; j++) {
            bool used = row < mapping->n_key_rows && row < mapping->d &&
                        (j < n_lines || (offset && j + 1 == mapping->n_columns));
            cells[row * mapping->n_columns + j] = used ? usual : mapping->g_min_siemens;
        }
}

/* cells [n_rows][n_columns] become T / G; 1 without wires, or where there is no T. */
static enum rs_status take_ratios(const struct attention_setup *setup, double *cells, double *transfer,
                                  struct rs_error *err)
{
    const struct network *network = &setup->network;
    const size_t n_cells = network->n_rows * network->n_columns;
    struct transfer_plan *plan = NULL;
    bool wires = network->r_word_line_ohm > 0 || network->r_bit_line_ohm > 0 || network->r_driver_ohm > 0 ||
                 network->r_sense_ohm > 0;
    enum rs_status status = RS_OK;
    wires = wires && cell_law_is_linear(&setup->law) && transfer_supports(network, NULL);
    if (wires) {
        status = transfer_plan_create(network, NULL, kernel_chosen(), TRANSFER_F64, &plan, err);
        if (status == RS_OK)
            transfer_compute(plan, cells, transfer);
        transfer_plan_destroy(plan);
    }
    for (size_t c = 0; c < n_cells && status == RS_OK; c++)
        cells[c] = wires && cells[c] > 0 ? transfer[c] / cells[c] : 1;
    return status;
}

/* Means over a key's bit lines of what wires leave. */
static enum rs_status fill_shares(struct score_noise *noise, struct rs_error *err)
{
    const struct attention_setup *setup = noise->setup;
    const struct mapping *mapping = &setup->mapping;
    const size_t n_cells = mapping->n_rows * mapping->n_columns, n_slots = mapping->n_keys_per_array;
    double *ratios = memory_allocate(2 * n_cells, sizeof *ratios, err);
    if (ratios == NULL)
        return RS_INTERNAL;
    fill_cells(setup, ratios);
    enum rs_status status = take_ratios(setup, ratios, ratios + n_cells, err);
    for (size_t row = 0; row < mapping->n_key_rows && status == RS_OK; row++) {
        const double *line = ratios + row * mapping->n_columns;
        noise->middle_shares[row] = line[mapping->n_columns - 1];
        for (size_t slot = 0; slot < n_slots; slot++) {
            double *share = &noise->shares[row * n_slots + slot];
            for (size_t i = 0; i < mapping->n_lines_per_key; i++)
                *share += line[slot * mapping->n_lines_per_key + i] / (double)mapping->n_lines_per_key;
        }
    }
    free(ratios);
    return status;
}

static void settle_comparators(struct score_noise *noise)
{
    const struct comparator *comparator = &noise->setup->comparator;
    const struct reference *reference = &noise->setup->reference;
    double square = comparator->offset_sigma_units * comparator->offset_sigma_units;
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
        square += comparator->mismatch_units[pair] * comparator->mismatch_units[pair];
    if (reference->kind == COMPARATOR_DAC)
        square += reference->error_sigma_units * reference->error_sigma_units;
    noise->offset_sigma_units = sqrt(square);
    noise->read_sigma_units = comparator->noise_sigma_units;
    noise->has_read_noise = comparator->noise_sigma_units > 0 || device_has_read_noise(&noise->setup->device);
}

enum rs_status score_noise_create(const struct attention_setup *setup, struct score_noise **out,
                                  struct rs_error *err)
{
    const struct mapping *mapping = &setup->mapping;
    struct score_noise *noise = memory_allocate(1, sizeof *noise, err);
    *out = NULL;
    if (noise == NULL)
        return RS_INTERNAL;
    noise->setup = setup;
    noise->fill = random_f32_of(kernel_chosen());
    noise->key_limit = mapping->key_limit;
    noise->query_limit = mapping->query_limit;
    noise->codes = memory_allocate(2 * (size_t)mapping->key_limit + 1, sizeof *noise->codes, err);
    noise->drives = memory_allocate(2 * (size_t)mapping->query_limit + 1, sizeof *noise->drives, err);
    noise->shares = memory_allocate(mapping->n_key_rows * mapping->n_keys_per_array, sizeof(double), err);
    noise->middle_shares = memory_allocate(mapping->n_key_rows, sizeof(double), err);
    bool enough = noise->codes && noise->drives && noise->shares && noise->middle_shares;
    enum rs_status status = enough ? fill_codes(noise, err) : RS_INTERNAL;
    if (status == RS_OK)
        status = fill_shares(noise, err);
    if (status != RS_OK) {
        score_noise_destroy(noise);
        return status;
    }
    fill_drives(noise);
    settle_comparators(noise);
    *out = noise;
    return RS_OK;
}

void score_noise_destroy(struct score_noise *noise)
{
    if (noise == NULL)
        return;
    free(noise->codes);
    free(noise->drives);
    free(noise->shares);
    free(noise->middle_shares);
    free(noise);
}

/* --- calls --- */

enum rs_status score_noise_room_create(const struct score_noise *noise, struct score_noise_room **out,
                                       struct rs_error *err)
{
    const struct attention_shape *shape = &noise->setup->shape;
    size_t n_queries = shape->n_queries_max, n_keys = shape->n_keys_max, d = shape->d;
    size_t n_tiles = mapping_tiles(&noise->setup->mapping, n_keys), n_pairs = n_queries * n_keys;
    struct score_noise_room *room = memory_allocate(1, sizeof *room, err);
    *out = NULL;
    if (room == NULL)
        return RS_INTERNAL;
    room->noise = noise;
    room->codes = memory_allocate((n_queries > n_keys ? n_queries : n_keys) * d, sizeof *room->codes, err);
    const struct {
        float **at;
        size_t n;
    } parts[] = {{&room->drives, n_queries * d},
                 {&room->squares, n_queries * d},
                 {&room->cells, n_keys * d},
                 {&room->read_variances, n_keys * d},
                 {&room->normals, n_pairs > n_keys * d ? n_pairs : n_keys * d},
                 {&room->offsets, n_keys},
                 {&room->pairs, n_pairs},
                 {&room->middles, n_tiles * d},
                 {&room->middle_shares, n_tiles * d},
                 {&room->common, n_queries * n_tiles}};
    bool enough = room->codes != NULL;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && enough; i++)
        enough = (*parts[i].at = memory_allocate(parts[i].n, sizeof(float), err)) != NULL;
    if (!enough) {
        score_noise_room_destroy(room);
        return RS_INTERNAL;
    }
    *out = room;
    return RS_OK;
}

void score_noise_room_destroy(struct score_noise_room *room)
{
    if (room == NULL)
        return;
    float *const parts[] = {room->drives,  room->squares, room->cells,   room->read_variances, room->normals,
                            room->offsets, room->pairs,   room->middles, room->middle_shares,  room->common};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        free(parts[i]);
    free(room->codes);
    free(room);
}

/* MSB codes of n rows into room->codes. */
static void encode(struct score_noise_room *room, double range, int msb_bits, size_t n, const float *rows,
                   size_t stride)
{
    const struct encoding_options *encoding = &room->noise->setup->encoding;
    size_t d = room->noise->setup->shape.d;
    int bits = (int)encoding->bits;
    for (size_t i = 0; i < n; i++)
        code_quantise(rows + i * stride, d, code_step(range, bits), bits, room->codes + i * d);
    for (size_t i = 0; i < n * d; i++)
        room->codes[i] =
            (int16_t)code_msb(room->codes[i], bits, msb_bits, encoding->msb == ENCODING_TRUNCATE);
}

static int kv_head_of(const struct score_noise *noise, const struct score_noise_call *call)
{
    const struct attention_shape *shape = &noise->setup->shape;
    return call->head / (shape->n_heads / shape->n_kv_heads);
}

static void load_queries(struct score_noise_room *room, const struct score_noise_call *call)
{
    const struct score_noise *noise = room->noise;
    const struct attention_setup *setup = noise->setup;
    encode(room, setup->ranges.query[setup_head(setup, call->layer, call->head)],
           (int)setup->encoding.query_bits, call->n_queries, call->queries, call->query_stride);
    for (size_t i = 0; i < call->n_queries * setup->shape.d; i++) {
        room->drives[i] = (float)noise->drives[room->codes[i] + noise->query_limit];
        room->squares[i] = room->drives[i] * room->drives[i];
    }
}

/* What element `r` of key `j` becomes; *share: what wires leave of it. */
static const struct reading *reading_of(const struct score_noise_room *room, size_t j, size_t r,
                                        double *share)
{
    const struct score_noise *noise = room->noise;
    const struct mapping *mapping = &noise->setup->mapping;
    *share =
        noise->shares[r % mapping->n_key_rows * mapping->n_keys_per_array + j % mapping->n_keys_per_array];
    return &noise->codes[room->codes[j * noise->setup->shape.d + r] + noise->key_limit];
}

static void load_keys(struct score_noise_room *room, const struct score_noise_call *call)
{
    const struct attention_setup *setup = room->noise->setup;
    encode(room, setup->ranges.key[setup_kv_head(setup, call->layer, kv_head_of(room->noise, call))],
           (int)setup->encoding.analog_bits, call->n_keys, call->keys, call->key_stride);
}

static struct matrix_f32 plain(const float *at, size_t stride)
{
    return (struct matrix_f32){at, stride, false};
}

/* out [n_queries][n] (rows `stride` apart) = queries [n_queries][d] times rows [n][d], turned. */
static void multiply(const struct score_noise_room *room, size_t n_queries, size_t n, const float *queries,
                     const float *rows, float *out, size_t stride)
{
    size_t d = room->noise->setup->shape.d;
    matrix_multiply_f32(n_queries, n, d, plain(queries, d), (struct matrix_f32){rows, d, true}, false, out,
                        stride);
}

static double unit_of(const struct score_noise *noise, const struct score_noise_call *call)
{
    return setup_analog_unit(noise->setup, call->layer, call->head);
}

static double mean_offset(const struct score_noise *noise, size_t j)
{
    const struct comparator *comparator = &noise->setup->comparator;
    const double *compensation = comparator->compensation_units;
    size_t slot = j % noise->setup->mapping.n_keys_per_array;
    return comparator->offset_mean_units - (compensation != NULL ? compensation[slot] : 0);
}

/* Sums over the elements of one pair. */
static struct reading add_elements(const struct score_noise_room *room, const float *drives, size_t j)
{
    const struct score_noise *noise = room->noise;
    size_t d = noise->setup->shape.d, n_key_rows = noise->setup->mapping.n_key_rows;
    struct reading total = {0};
    for (size_t r = 0; r < d; r++) {
        double share, middle = noise->middle_shares[r % n_key_rows];
        const struct reading *cell = reading_of(room, j, r, &share);
        add_reading(&total, (double)drives[r] * share, cell);
        add_reading(&total, -(double)drives[r] * middle, &noise->middle);
    }
    return total;
}

void score_noise_moments(const struct score_noise *noise, struct score_noise_room *room,
                         const struct score_noise_call *call, double *mean, double *variance)
{
    const double unit = unit_of(noise, call), offset = noise->offset_sigma_units,
                 read = noise->read_sigma_units;
    load_queries(room, call);
    load_keys(room, call);
    for (size_t i = 0; i < call->n_queries; i++)
        for (size_t j = 0; j < call->n_keys; j++) {
            struct reading sum = add_elements(room, room->drives + i * noise->setup->shape.d, j);
            mean[i * call->n_keys + j] = unit * (sum.mean - mean_offset(noise, j));
            variance[i * call->n_keys + j] =
                unit * unit * (sum.variance + sum.read_variance + offset * offset + read * read);
        }
}

/* The cells of all keys, as every query of the sample meets them. */
static void draw_cells(struct score_noise_room *room, size_t n_keys, struct random_key *key)
{
    size_t d = room->noise->setup->shape.d;
    key->purpose = RANDOM_NOISY_CELLS;
    room->noise->fill(key, n_keys * d, room->normals);
    for (size_t j = 0; j < n_keys; j++)
        for (size_t r = 0; r < d; r++) {
            double share;
            const struct reading *cell = reading_of(room, j, r, &share);
            room->cells[j * d + r] =
                (float)(share * (cell->mean + sqrt(cell->variance) * (double)room->normals[j * d + r]));
            room->read_variances[j * d + r] = (float)(share * share * cell->read_variance);
        }
}

/* common [n_queries][tiles]: what the mid-level line takes from the keys of its tile. */
static void draw_middles(struct score_noise_room *room, const struct score_noise_call *call, size_t n_tiles,
                         struct random_key *key)
{
    const struct score_noise *noise = room->noise;
    size_t d = noise->setup->shape.d, n_key_rows = noise->setup->mapping.n_key_rows;
    double deviation = sqrt(noise->middle.variance);
    key->purpose = RANDOM_NOISY_CELLS;
    key->draw = 1;
    noise->fill(key, n_tiles * d, room->normals);
    key->draw = 0;
    for (size_t i = 0; i < n_tiles * d; i++) {
        double share = noise->middle_shares[i % d % n_key_rows];
        room->middles[i] = (float)(share * (noise->middle.mean + deviation * (double)room->normals[i]));
        room->middle_shares[i] = (float)(share * share * noise->middle.read_variance);
    }
    multiply(room, call->n_queries, n_tiles, room->drives, room->middles, room->common, n_tiles);
}

/* Signals in units become scores, less offsets and what the mid-level lines take. */
static void finish(struct score_noise_room *room, const struct score_noise_call *call, size_t n_tiles,
                   float *signals, size_t stride)
{
    const struct score_noise *noise = room->noise;
    size_t per_tile = noise->setup->mapping.n_keys_per_array, n_keys = call->n_keys;
    const float unit = (float)unit_of(noise, call), floor = (float)noise->read_sigma_units;
    for (size_t i = 0; i < call->n_queries; i++) {
        float *row = signals + i * stride;
        const float *squares = room->pairs + i * n_keys, *normals = room->normals + i * n_keys;
        for (size_t j = 0; j < n_keys; j++)
            row[j] -= room->offsets[j] + (n_tiles > 0 ? room->common[i * n_tiles + j / per_tile] : 0);
        for (size_t j = 0; j < n_keys && noise->has_read_noise; j++)
            row[j] -= sqrtf(squares[j] + floor * floor) * normals[j];
        for (size_t j = 0; j < n_keys; j++)
            row[j] *= unit;
    }
}

/* pairs [n_queries][n_keys]: what read noise the cells of each pair have. Of a mid-level line, which all keys
 * of a tile share, it counts as that of each key. */
static void add_read_noise(struct score_noise_room *room, const struct score_noise_call *call, size_t n_tiles)
{
    const struct score_noise *noise = room->noise;
    size_t d = noise->setup->shape.d, per_tile = noise->setup->mapping.n_keys_per_array;
    for (size_t j = 0; j < call->n_keys && n_tiles > 0; j++)
        for (size_t r = 0; r < d; r++)
            room->read_variances[j * d + r] += room->middle_shares[j / per_tile * d + r];
    multiply(room, call->n_queries, call->n_keys, room->squares, room->read_variances, room->pairs,
             call->n_keys);
}

void score_noise_draw(const struct score_noise *noise, struct score_noise_room *room,
                      const struct score_noise_call *call, const struct random_key *key, float *signals,
                      size_t stride)
{
    const struct attention_setup *setup = noise->setup;
    struct random_key own = *key;
    bool middle = setup->mapping.sign == ENCODING_OFFSET;
    size_t n_tiles = middle ? mapping_tiles(&setup->mapping, call->n_keys) : 0;
    own.draw = 0;
    own.array = (uint32_t)setup_kv_head(setup, call->layer, kv_head_of(noise, call));
    load_keys(room, call);
    draw_cells(room, call->n_keys, &own);
    load_queries(room, call);
    multiply(room, call->n_queries, call->n_keys, room->drives, room->cells, signals, stride);
    if (middle)
        draw_middles(room, call, n_tiles, &own);
    own.purpose = RANDOM_NOISY_OFFSETS;
    noise->fill(&own, call->n_keys, room->offsets);
    for (size_t j = 0; j < call->n_keys; j++)
        room->offsets[j] =
            (float)(mean_offset(noise, j) + noise->offset_sigma_units * (double)room->offsets[j]);
    if (noise->has_read_noise) {
        add_read_noise(room, call, n_tiles);
        own.purpose = RANDOM_NOISY_READS;
        own.array = (uint32_t)setup_head(setup, call->layer, call->head);
        noise->fill(&own, call->n_queries * call->n_keys, room->normals);
    }
    finish(room, call, n_tiles, signals, stride);
}
