#include "attention/writes.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/program.h"

/* All keys at one age, as far as they are needed. */
struct aged {
    double *siemens; /* [n_rows][n_columns]; NULL: not yet */
    bool current;    /* of this job */
};

struct writes {
    const struct attention_setup *setup;
    struct writes_job job;
    double *fields;                                      /* memory of all below, [n_rows][n_columns] each */
    double *target_siemens, *programmed_siemens;         /* of the span */
    double *full_siemens, *empty_siemens, *bare_siemens; /* append: targets with all keys and with none, and
                                                            the latter programmed */
    struct program_result write, empty_write;            /* of all keys; append: of the cells before them */
    struct writes_counts counts;
    size_t block, n_blocks; /* of the ages of what was aged last */
    bool aged_once;         /* something was, in this job */
    struct aged *aged;      /* [n_blocks]; append alone */
};

static bool is_appended(const struct writes *writes)
{
    return writes->setup->array.fill == ARRAY_FILL_APPEND;
}

enum rs_status writes_create(const struct attention_setup *setup, struct writes **out, struct rs_error *err)
{
    size_t n_cells = setup->mapping.n_rows * setup->mapping.n_columns;
    struct writes *writes = memory_allocate(1, sizeof *writes, err);
    *out = NULL;
    if (writes == NULL)
        return RS_INTERNAL;
    writes->setup = setup;
    writes->n_blocks = timing_block(&setup->timing, setup_reads_max(setup)) + 1;
    writes->fields = memory_allocate((is_appended(writes) ? 5 : 2) * n_cells, sizeof(double), err);
    if (writes->fields != NULL && is_appended(writes))
        writes->aged = memory_allocate(writes->n_blocks, sizeof *writes->aged, err);
    if (writes->fields == NULL || (is_appended(writes) && writes->aged == NULL) ||
        program_allocate(n_cells, &writes->write, err) != RS_OK ||
        (is_appended(writes) && program_allocate(n_cells, &writes->empty_write, err) != RS_OK)) {
        writes_destroy(writes);
        return RS_INTERNAL;
    }
    writes->target_siemens = writes->fields;
    writes->programmed_siemens = writes->target_siemens + n_cells;
    if (is_appended(writes)) {
        writes->full_siemens = writes->programmed_siemens + n_cells;
        writes->empty_siemens = writes->full_siemens + n_cells;
        writes->bare_siemens = writes->empty_siemens + n_cells;
    }
    *out = writes;
    return RS_OK;
}

void writes_destroy(struct writes *writes)
{
    if (writes == NULL)
        return;
    for (size_t b = 0; writes->aged != NULL && b < writes->n_blocks; b++)
        free(writes->aged[b].siemens);
    program_clear(&writes->write);
    program_clear(&writes->empty_write);
    free(writes->aged);
    free(writes->fields);
    free(writes);
}

void writes_reset(struct writes *writes)
{
    writes->counts = (struct writes_counts){0};
}

struct writes_counts writes_counts(const struct writes *writes)
{
    return writes->counts;
}

static enum rs_status program(struct writes *writes, const double *target, struct program_result *result,
                              struct rs_error *err)
{
    const struct mapping *mapping = &writes->setup->mapping;
    return program_array(&writes->setup->device, &writes->job.key, mapping->n_rows, mapping->n_columns,
                         target, result, err);
}

static void count(struct writes *writes)
{
    size_t n_cells = writes->setup->mapping.n_rows * writes->setup->mapping.n_columns;
    int64_t n_pulses = 0, n_failed = 0;
    for (size_t c = 0; c < n_cells; c++)
        n_pulses += writes->write.pulses[c];
    for (size_t c = 0; c < n_cells; c++)
        n_failed += writes->write.failed[c];
    writes->counts.n_pulses += n_pulses;
    writes->counts.n_failed += n_failed;
    writes->counts.n_cells += (int64_t)n_cells;
}

enum rs_status writes_begin(struct writes *writes, const struct writes_job *job, struct rs_error *err)
{
    const struct mapping *mapping = &writes->setup->mapping;
    double *keys_siemens = is_appended(writes) ? writes->full_siemens : writes->target_siemens;
    writes->job = *job;
    writes->aged_once = false;
    mapping_targets(mapping, job->tile, job->stack, job->n_keys, job->key_msb, keys_siemens);
    if (writes->setup->reference.kind == COMPARATOR_BIAS_ROWS)
        reference_place(&writes->setup->reference, mapping, writes->setup->levels[job->kv_head],
                        keys_siemens);
    enum rs_status status = program(writes, keys_siemens, &writes->write, err);
    if (status != RS_OK)
        return status;
    count(writes);
    if (!is_appended(writes))
        return RS_OK;
    for (size_t c = 0; c < mapping->n_rows * mapping->n_columns; c++) {
        bool reference =
            (mapping->sign == ENCODING_OFFSET && c % mapping->n_columns == mapping->n_columns - 1) ||
            c / mapping->n_columns >= mapping->n_key_rows;
        writes->empty_siemens[c] = reference ? writes->full_siemens[c] : mapping->g_min_siemens;
    }
    for (size_t b = 0; b < writes->n_blocks; b++)
        writes->aged[b].current = false;
    return program(writes, writes->empty_siemens, &writes->empty_write, err);
}

/* Reads from `read` on that find the same cells. */
static size_t count_span(const struct writes *writes, size_t read, size_t end_read)
{
    const struct timing *timing = &writes->setup->timing;
    size_t n = 1, block = timing_block(timing, read);
    if (is_appended(writes)) {
        size_t next = (read / writes->job.n_query_heads + 1) * writes->job.n_query_heads;
        return (next < end_read ? next : end_read) - read;
    }
    if (timing_block(timing, end_read - 1) == block)
        return end_read - read;
    while (read + n < end_read && timing_block(timing, read + n) == block)
        n++;
    return n;
}

size_t writes_count(const struct writes *writes, size_t first_read, size_t end_read)
{
    size_t n = 0;
    for (size_t read = first_read; read < end_read; read += count_span(writes, read, end_read))
        n++;
    return n;
}

static void age(const struct writes *writes, size_t block, const double *target,
                const struct program_result *write, double *conductance)
{
    const struct mapping *mapping = &writes->setup->mapping;
    program_age(&writes->setup->device, &writes->job.key, timing_age_ratio(block), mapping->n_rows,
                mapping->n_columns, target, write, conductance);
}

/* All keys of the array at the age of `block`. */
static enum rs_status find_aged(struct writes *writes, size_t block, const double **out, struct rs_error *err)
{
    const struct mapping *mapping = &writes->setup->mapping;
    struct aged *aged = &writes->aged[block];
    if (aged->siemens == NULL)
        aged->siemens = memory_allocate(mapping->n_rows * mapping->n_columns, sizeof *aged->siemens, err);
    *out = aged->siemens;
    if (aged->siemens == NULL)
        return RS_INTERNAL;
    if (!aged->current)
        age(writes, block, writes->full_siemens, &writes->write, aged->siemens);
    aged->current = true;
    return RS_OK;
}

static void copy_columns(const struct mapping *mapping, size_t first, size_t n, const double *from,
                         double *to)
{
    for (size_t i = 0; i < mapping->n_rows; i++)
        memcpy(to + i * mapping->n_columns + first, from + i * mapping->n_columns + first, n * sizeof *to);
}

/* The keys up to the read's own token, each at its age, among cells that were there from the first read on.
 */
static enum rs_status append(struct writes *writes, size_t read, struct rs_error *err)
{
    const struct mapping *mapping = &writes->setup->mapping;
    const struct writes_job *job = &writes->job;
    size_t n_cells = mapping->n_rows * mapping->n_columns, n_lines = mapping->n_lines_per_key;
    size_t first_key = job->tile * mapping->n_keys_per_array, token = read / job->n_query_heads;
    size_t block = timing_block(&writes->setup->timing, token * job->n_query_heads);
    if (!writes->aged_once || block != writes->block)
        age(writes, block, writes->empty_siemens, &writes->empty_write, writes->bare_siemens);
    writes->block = block;
    memcpy(writes->target_siemens, writes->empty_siemens, n_cells * sizeof(double));
    memcpy(writes->programmed_siemens, writes->bare_siemens, n_cells * sizeof(double));
    for (size_t slot = 0; slot < mapping->n_keys_per_array && first_key + slot <= token; slot++) {
        const double *aged;
        size_t n_before = (token - first_key - slot) * job->n_query_heads;
        enum rs_status status = find_aged(writes, timing_block(&writes->setup->timing, n_before), &aged, err);
        if (status != RS_OK)
            return status;
        copy_columns(mapping, slot * n_lines, n_lines, writes->full_siemens, writes->target_siemens);
        copy_columns(mapping, slot * n_lines, n_lines, aged, writes->programmed_siemens);
    }
    return RS_OK;
}

enum rs_status writes_find(struct writes *writes, size_t read, size_t end_read, struct writes_span *out,
                           struct rs_error *err)
{
    enum rs_status status = RS_OK;
    size_t block = timing_block(&writes->setup->timing, read);
    *out = (struct writes_span){count_span(writes, read, end_read), writes->target_siemens,
                                writes->programmed_siemens};
    if (is_appended(writes))
        status = append(writes, read, err);
    else if (!writes->aged_once || block != writes->block)
        age(writes, block, writes->target_siemens, &writes->write, writes->programmed_siemens);
    writes->block = block;
    writes->aged_once = true;
    return status;
}
