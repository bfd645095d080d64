#include "attention/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/query.h"
#include "attention/reads.h"
#include "attention/replica.h"
#include "base/memory.h"
#include "crossbar/certify.h"
#include "crossbar/sense_node.h"

enum { BANK_PROBES = 4 };

static const double certificate_tolerance = 1e-9;

struct bank {
    const struct attention_setup *setup;
    struct reads *reads;
    double *target_siemens, *programmed_siemens; /* [n_rows][n_columns] */
    double *scale_amperes;                       /* [n_columns] */
    double *volts;                               /* [reads of a job][n_rows] */
    double *current_amperes;                     /* [READS_CHUNK][n_columns] */
    double *probe_volts, *probe_amperes;         /* [BANK_PROBES][n_rows], [BANK_PROBES][n_columns] */
    struct replica *replica;                     /* NULL unless that is the reference */
    struct sense_node *sense_node;               /* NULL unless comparators need it */
    double *settled_ratio, *line_ohm;            /* [n_columns] */
    struct bank_certificate certificate;
    bool started;         /* a write was seen since the last reset */
    uint32_t first_write; /* which one */
};

/* Whether lines may not have settled when comparators decide. */
static bool settles(const struct comparator *comparator)
{
    return !isnan(comparator->sense_seconds) &&
           (comparator->line_farads > 0 || comparator->settling_seconds > 0);
}

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
    double **const blocks[] = {&bank->target_siemens, &bank->programmed_siemens, &bank->scale_amperes,
                               &bank->volts,          &bank->current_amperes,    &bank->probe_volts,
                               &bank->probe_amperes,  &bank->settled_ratio,      &bank->line_ohm};
    const size_t sizes[] = {n_cells,
                            n_cells,
                            n_columns,
                            n_reads * n_rows,
                            READS_CHUNK * n_columns,
                            BANK_PROBES * n_rows,
                            BANK_PROBES * n_columns,
                            n_columns,
                            n_columns};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && status == RS_OK; i++)
        if ((*blocks[i] = memory_allocate(sizes[i], sizeof(double), err)) == NULL)
            status = RS_INTERNAL;
    if (status == RS_OK)
        status = reads_create(setup, &bank->reads, err);
    if (status == RS_OK && setup->reference.kind == COMPARATOR_REPLICA)
        status = replica_create(setup, &bank->replica, err);
    if (status == RS_OK && (settles(&setup->comparator) || setup->comparator.kickback_units_per_ohm != 0))
        status = sense_node_create(&setup->network, &bank->sense_node, err);
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
    replica_destroy(bank->replica);
    sense_node_destroy(bank->sense_node);
    free(bank->settled_ratio);
    free(bank->line_ohm);
    free(bank->target_siemens);
    free(bank->programmed_siemens);
    free(bank->scale_amperes);
    free(bank->volts);
    free(bank->current_amperes);
    free(bank->probe_volts);
    free(bank->probe_amperes);
    free(bank);
}

void bank_reset_certificate(struct bank *bank)
{
    bank->certificate = (struct bank_certificate){0};
    bank->started = false;
}

struct bank_certificate bank_certificate(const struct bank *bank)
{
    return bank->certificate;
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
        transfer_compute(reads->transfer_plan, bank->programmed_siemens, reads->transfer_siemens);
        certify(bank, key, bank->programmed_siemens);
    }
}

static enum rs_status save_array(struct bank *bank, const struct bank_job *job, struct keep *keep,
                                 struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    return keep_add_array(keep, mapping->n_rows, mapping->n_columns, job->layer, job->kv_head,
                          bank->target_siemens, bank->reads->seen_siemens, bank->current_amperes, err);
}

static void program(struct bank *bank, const struct bank_job *job, const struct random_key *key, size_t tile,
                    size_t stack)
{
    const struct mapping *mapping = &bank->setup->mapping;
    mapping_targets(mapping, tile, stack, job->n_keys, job->key_msb, bank->target_siemens);
    if (bank->setup->reference.kind == COMPARATOR_BIAS_ROWS)
        reference_place(&bank->setup->reference, mapping,
                        bank->setup->levels[setup_kv_head(bank->setup, job->layer, job->kv_head)],
                        bank->target_siemens);
    device_program(&bank->setup->device, key, mapping->n_rows, mapping->n_columns, bank->target_siemens,
                   bank->programmed_siemens);
}

/* The threshold of query head `h`, in units of sum(q_msb k_msb). */
static double threshold_of(const struct bank *bank, const struct bank_job *job, size_t h)
{
    int head = job->kv_head * (int)job->n_query_heads + (int)h;
    return reference_cut(&bank->setup->reference, query_reference(bank->setup, job->layer, head));
}

/* bank->volts of the reads from first_read on. */
static void drive(struct bank *bank, const struct bank_job *job, size_t stack, size_t first_read,
                  size_t n_reads)
{
    const struct mapping *mapping = &bank->setup->mapping;
    for (size_t r = 0; r < n_reads; r++) {
        size_t i = (first_read + r) / job->n_query_heads, h = (first_read + r) % job->n_query_heads;
        double *volts = bank->volts + r * mapping->n_rows;
        mapping_volts(mapping, stack, job->query_msb + (h * job->n_queries + i) * mapping->d, volts);
        if (mapping->n_key_rows == mapping->n_rows)
            continue;
        double bias =
            reference_volts(&bank->setup->reference,
                            bank->setup->levels[setup_kv_head(bank->setup, job->layer, job->kv_head)],
                            threshold_of(bank, job, h));
        for (size_t row = mapping->n_key_rows; row < mapping->n_rows; row++)
            volts[row] = bias;
    }
}

/* What the comparators see of the lines as they are written now: the keys from first_key on. */
static void look_at_lines(struct bank *bank, size_t first_key, size_t n_keys,
                          const struct bank_answer *answer)
{
    const struct attention_setup *setup = bank->setup;
    if (bank->sense_node == NULL)
        return;
    sense_node_compute(bank->sense_node, bank->reads->seen_siemens, setup->comparator.line_farads,
                       bank->line_ohm, bank->settled_ratio);
    for (size_t j = 0; j < setup->mapping.n_columns; j++)
        bank->settled_ratio[j] = comparator_settled(&setup->comparator, bank->settled_ratio[j]);
    for (size_t slot = 0; answer->source_ohm != NULL && slot < n_keys; slot++) {
        size_t plus, minus;
        mapping_lines(&setup->mapping, slot, &plus, &minus);
        answer->source_ohm[first_key + slot] +=
            (comparator_kickback_ohm(&setup->comparator, bank->line_ohm[minus]) -
             comparator_kickback_ohm(&setup->comparator, bank->line_ohm[plus])) /
            (double)setup->mapping.n_stacks;
    }
}

/* The currents of `n` reads, from `first_read` on, join the signals of the keys from first_key on. */
static void take_currents(struct bank *bank, const struct bank_job *job, size_t first_read, size_t n,
                          size_t first_key, size_t n_keys, const struct bank_answer *answer)
{
    const struct mapping *mapping = &bank->setup->mapping;
    for (size_t c = 0; c < n; c++) {
        double *amperes = bank->current_amperes + c * mapping->n_columns;
        size_t at = (first_read + c) * job->n_keys + first_key;
        for (size_t j = 0; settles(&bank->setup->comparator) && j < mapping->n_columns; j++)
            amperes[j] *= bank->settled_ratio[j];
        mapping_add_signals(mapping, n_keys, amperes, answer->signal_units + at);
        if (answer->minus_units != NULL)
            mapping_add_minus(mapping, n_keys, amperes, answer->minus_units + at);
    }
}

static enum rs_status read_array(struct bank *bank, const struct bank_job *job, size_t tile, size_t stack,
                                 const struct bank_answer *answer, struct keep *keep, struct rs_error *err)
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
    program(bank, job, &key, tile, stack);
    drive(bank, job, stack, first_read, n_reads);
    bank->certificate.n_failed +=
        reads_begin(bank->reads, bank->target_siemens, bank->programmed_siemens, n_reads, bank->volts);
    certify_array(bank, &key,
                  job->write == bank->first_write && job->kv_head == 0 && tile == 0 && stack == 0);
    look_at_lines(bank, first_key, n_here, answer);
    for (size_t r = 0, n; r < n_reads; r += n) {
        /* The array that is saved is the one of its first read. */
        n = !saved ? 1 : n_reads - r < READS_CHUNK ? n_reads - r : READS_CHUNK;
        key.draw = (uint32_t)(first_read + r);
        bank->certificate.n_failed +=
            reads_solve(bank->reads, &key, n, bank->volts + r * mapping->n_rows, bank->current_amperes);
        enum rs_status status = saved ? RS_OK : save_array(bank, job, keep, err);
        if (status != RS_OK)
            return status;
        saved = true;
        take_currents(bank, job, first_read + r, n, first_key, n_here, answer);
    }
    return RS_OK;
}

/* Every signal starts at what circuits will take from it. */
static void start_signals(const struct bank *bank, const struct bank_job *job,
                          const struct bank_answer *answer)
{
    enum comparator_reference kind = bank->setup->reference.kind;
    size_t n_reads = job->n_queries * job->n_query_heads, n_bytes = n_reads * job->n_keys * sizeof(double);
    memset(answer->signal_units, 0, n_bytes);
    if (answer->minus_units != NULL)
        memset(answer->minus_units, 0, n_bytes);
    if (answer->source_ohm != NULL)
        memset(answer->source_ohm, 0, job->n_keys * sizeof(double));
    if (kind != COMPARATOR_BIAS_ROWS && kind != COMPARATOR_REPLICA)
        return;
    for (size_t read = 0; read < n_reads; read++) {
        double threshold = threshold_of(bank, job, read % job->n_query_heads);
        for (size_t j = 0; j < job->n_keys; j++)
            answer->signal_units[read * job->n_keys + j] = threshold;
    }
}

enum rs_status bank_read(struct bank *bank, const struct bank_job *job, const struct bank_answer *answer,
                         struct keep *keep, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    if (!bank->started)
        bank->first_write = job->write;
    bank->started = true;
    start_signals(bank, job, answer);
    for (size_t tile = 0; tile < mapping_tiles(mapping, job->n_keys); tile++) {
        for (size_t stack = 0; stack < mapping->n_stacks; stack++) {
            enum rs_status status = read_array(bank, job, tile, stack, answer, keep, err);
            if (status != RS_OK)
                return status;
        }
        if (bank->replica != NULL)
            bank->certificate.n_failed += replica_subtract(bank->replica, job, tile, answer->signal_units);
    }
    return RS_OK;
}
