#include "attention/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/reads.h"
#include "base/memory.h"
#include "crossbar/certify.h"
#include "devices/program.h"

enum { BANK_PROBES = 4 };

static const double certificate_tolerance = 1e-9;

struct bank {
    const struct attention_setup *setup;
    struct reads *reads;
    double *target_siemens;              /* [n_rows][n_columns] */
    struct program_result write;         /* of the array at hand */
    double *scale_amperes;               /* [n_columns] */
    double *volts;                       /* [reads of a job][n_rows] */
    double *current_amperes;             /* [READS_CHUNK][n_columns] */
    double *probe_volts, *probe_amperes; /* [BANK_PROBES][n_rows], [BANK_PROBES][n_columns] */
    struct bank_certificate certificate;
    struct bank_writes writes;
    bool started;         /* a write was seen since the last reset */
    uint32_t first_write; /* which one */
};

enum rs_status bank_create(const struct attention_setup *setup, struct bank **out, struct rs_error *err)
{
    size_t n_rows = setup->mapping.n_rows, n_columns = setup->mapping.n_columns, n_cells = n_rows * n_columns;
    struct bank *bank = memory_allocate(1, sizeof *bank, err);
    *out = NULL;
    if (bank == NULL)
        return RS_INTERNAL;
    bank->setup = setup;
    const struct attention_shape *shape = &setup->shape;
    size_t n_reads = shape->n_queries_max * (size_t)(shape->n_heads / shape->n_kv_heads);
    double **const blocks[] = {&bank->target_siemens,  &bank->scale_amperes, &bank->volts,
                               &bank->current_amperes, &bank->probe_volts,   &bank->probe_amperes};
    const size_t sizes[] = {n_cells,
                            n_columns,
                            n_reads * n_rows,
                            READS_CHUNK * n_columns,
                            BANK_PROBES * n_rows,
                            BANK_PROBES * n_columns};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && status == RS_OK; i++)
        if ((*blocks[i] = memory_allocate(sizes[i], sizeof(double), err)) == NULL)
            status = RS_INTERNAL;
    if (status == RS_OK)
        status = program_allocate(n_cells, &bank->write, err);
    if (status == RS_OK)
        status = reads_create(setup, &bank->reads, err);
    if (status != RS_OK)
        bank_destroy(bank);
    else
        *out = bank;
    return status;
}

void bank_destroy(struct bank *bank)
{
    if (bank == NULL)
        return;
    reads_destroy(bank->reads);
    free(bank->target_siemens);
    program_clear(&bank->write);
    free(bank->scale_amperes);
    free(bank->volts);
    free(bank->current_amperes);
    free(bank->probe_volts);
    free(bank->probe_amperes);
    free(bank);
}

void bank_reset(struct bank *bank)
{
    bank->certificate = (struct bank_certificate){0};
    bank->writes = (struct bank_writes){0};
    bank->started = false;
}

struct bank_certificate bank_certificate(const struct bank *bank)
{
    return bank->certificate;
}

struct bank_writes bank_writes(const struct bank *bank)
{
    return bank->writes;
}

/*
 * Fields of keyed random vectors against the array's T (bank->reads), for the conductances it belongs to. The
 * difference decides: the residual is reported, but voltages stored as doubles give it a floor of about 1e-16
 * V g_wire / I_driver.
 */
static void certify(struct bank *bank, const struct random_key *array_key, const double *conductance_siemens)
{
    const struct network *network = &bank->setup->network;
    struct reads *reads = bank->reads;
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    struct field_drive drives[BANK_PROBES] = {{0}};
    struct field_report reports[BANK_PROBES];
    struct random_key key = *array_key;
    key.purpose = RANDOM_PROBE;
    for (uint32_t probe = 0; probe < BANK_PROBES; probe++) {
        double *volts = bank->probe_volts + probe * n_rows;
        key.draw = probe;
        random_normals(&key, n_rows, volts);
        drives[probe].volts = volts;
    }
    field_factor(reads->field_plan, conductance_siemens);
    field_solve_many(reads->field_plan, BANK_PROBES, drives, CERTIFY_FIELD_SHARE * certificate_tolerance,
                     bank->probe_amperes, NULL, NULL, reports);
    for (size_t probe = 0; probe < BANK_PROBES; probe++) {
        const struct certify_solution lines = {bank->current_amperes, bank->probe_amperes + probe * n_columns,
                                               bank->scale_amperes, NULL, NULL};
        const struct certify_bias none = {NULL, NULL};
        struct certify_report report = {.field = reports[probe]};
        if (!certify_compare(network, reads->transfer_siemens, &none, drives[probe].volts,
                             certificate_tolerance, &lines, &report))
            bank->certificate.n_failed++;
        bank->certificate.residual_max =
            fmax(bank->certificate.residual_max, fmax(report.field.residual, report.difference));
    }
}

/* Every T that serves reads, and that of each layer's first array, whatever serves its reads. */
static void certify_array(struct bank *bank, const struct random_key *key, bool first)
{
    struct reads *reads = bank->reads;
    if (reads_have_transfer(reads)) {
        certify(bank, key, reads->seen_siemens);
    } else if (first) {
        transfer_compute(reads->transfer_plan, bank->write.conductance_siemens, reads->transfer_siemens);
        certify(bank, key, bank->write.conductance_siemens);
    }
}

static enum rs_status save_array(struct bank *bank, const struct bank_job *job, struct keep *keep,
                                 struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    return keep_add_array(keep, mapping->n_rows, mapping->n_columns, job->layer, job->kv_head,
                          bank->target_siemens, bank->reads->seen_siemens, bank->current_amperes, err);
}

static enum rs_status program(struct bank *bank, const struct bank_job *job, const struct random_key *key,
                              size_t tile, size_t stack, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    size_t n_cells = mapping->n_rows * mapping->n_columns;
    mapping_targets(mapping, tile, stack, job->n_keys, job->key_msb, bank->target_siemens);
    enum rs_status status = program_array(&bank->setup->device, key, mapping->n_rows, mapping->n_columns,
                                          bank->target_siemens, &bank->write, err);
    for (size_t i = 0; i < n_cells && status == RS_OK; i++) {
        bank->writes.n_pulses += bank->write.pulses[i];
        bank->writes.n_failed += bank->write.failed[i];
    }
    bank->writes.n_cells += (int64_t)n_cells;
    return status;
}

/* bank->volts of the reads from first_read on. */
static void drive(struct bank *bank, const struct bank_job *job, size_t stack, size_t first_read,
                  size_t n_reads)
{
    const struct mapping *mapping = &bank->setup->mapping;
    for (size_t r = 0; r < n_reads; r++) {
        size_t i = (first_read + r) / job->n_query_heads, h = (first_read + r) % job->n_query_heads;
        mapping_volts(mapping, stack, job->query_msb + (h * job->n_queries + i) * mapping->d,
                      bank->volts + r * mapping->n_rows);
    }
}

static enum rs_status read_array(struct bank *bank, const struct bank_job *job, size_t tile, size_t stack,
                                 double *signal_units, struct keep *keep, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    size_t first_key = tile * mapping->n_keys_per_array, n_left = job->n_keys - first_key;
    size_t n_here = n_left < mapping->n_keys_per_array ? n_left : mapping->n_keys_per_array;
    size_t first_read = job->causal ? first_key * job->n_query_heads : 0;
    size_t n_reads = job->n_queries * job->n_query_heads - first_read;
    struct random_key key = {.seed = bank->setup->seed,
                             .trial = job->trial,
                             .write = job->write,
                             .array = setup_array_number(bank->setup, job->layer, job->kv_head, tile, stack)};
    bool saved = keep == NULL || !keep->arrays || job->write != bank->first_write;
    enum rs_status programmed = program(bank, job, &key, tile, stack, err);
    if (programmed != RS_OK)
        return programmed;
    drive(bank, job, stack, first_read, n_reads);
    bank->certificate.n_failed +=
        reads_begin(bank->reads, bank->target_siemens, bank->write.conductance_siemens, n_reads, bank->volts);
    certify_array(bank, &key,
                  job->write == bank->first_write && job->kv_head == 0 && tile == 0 && stack == 0);
    for (size_t r = 0, n; r < n_reads; r += n) {
        /* The array that is saved is the one of its first read. */
        n = !saved ? 1 : n_reads - r < READS_CHUNK ? n_reads - r : READS_CHUNK;
        key.draw = (uint32_t)(first_read + r);
        bank->certificate.n_failed +=
            reads_solve(bank->reads, &key, n, bank->volts + r * mapping->n_rows, bank->current_amperes);
        for (size_t c = 0; c < n; c++)
            mapping_add_signals(mapping, n_here, bank->current_amperes + c * mapping->n_columns,
                                signal_units + (first_read + r + c) * job->n_keys + first_key);
        enum rs_status status = saved ? RS_OK : save_array(bank, job, keep, err);
        if (status != RS_OK)
            return status;
        saved = true;
    }
    return RS_OK;
}

enum rs_status bank_read(struct bank *bank, const struct bank_job *job, double *signal_units,
                         struct keep *keep, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    if (!bank->started)
        bank->first_write = job->write;
    bank->started = true;
    memset(signal_units, 0, job->n_queries * job->n_query_heads * job->n_keys * sizeof *signal_units);
    for (size_t tile = 0; tile < mapping_tiles(mapping, job->n_keys); tile++)
        for (size_t stack = 0; stack < mapping->n_stacks; stack++) {
            enum rs_status status = read_array(bank, job, tile, stack, signal_units, keep, err);
            if (status != RS_OK)
                return status;
        }
    return RS_OK;
}
