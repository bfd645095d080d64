#include "attention/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/power.h"
#include "attention/query.h"
#include "attention/reads.h"
#include "attention/replica.h"
#include "attention/writes.h"
#include "base/memory.h"
#include "crossbar/certify.h"
#include "crossbar/loading.h"
#include "crossbar/sense_node.h"

enum { BANK_PROBES = 4 };

static const double certificate_tolerance = 1e-9;

struct bank {
    const struct attention_setup *setup;
    struct reads *reads;
    struct writes *writes;
    double *scale_amperes;                /* [n_columns] */
    double *volts;                        /* [reads of a job][n_rows] */
    double *current_amperes;              /* [READS_CHUNK][n_columns] */
    double *probe_volts, *probe_amperes;  /* [BANK_PROBES][n_rows], [BANK_PROBES][n_columns] */
    double *line_volts;                   /* [2][n_rows][n_columns], of cells that bend; or NULL */
    struct replica *replica;              /* NULL unless that is the reference */
    struct power *power;                  /* NULL unless energies are asked for */
    double *power_volts;                  /* [reads of a job][n_rows], or NULL */
    struct sense_node *sense_node;        /* NULL unless comparators need it */
    struct loading *loading;              /* NULL unless references load their lines */
    double *settled_ratio, *line_ohm;     /* [n_columns] */
    double *drawn_amperes, *loss_amperes; /* [n_columns] */
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
    double **const blocks[] = {&bank->scale_amperes, &bank->volts,         &bank->current_amperes,
                               &bank->probe_volts,   &bank->probe_amperes, &bank->line_volts,
                               &bank->settled_ratio, &bank->line_ohm,      &bank->drawn_amperes,
                               &bank->loss_amperes};
    const size_t sizes[] = {n_columns,
                            setup_reads_max(setup) * n_rows,
                            READS_CHUNK * n_columns,
                            BANK_PROBES * n_rows,
                            BANK_PROBES * n_columns,
                            cell_law_is_linear(&setup->law) ? 0 : 2 * n_cells,
                            n_columns,
                            n_columns,
                            n_columns,
                            n_columns};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && status == RS_OK; i++)
        if ((*blocks[i] = memory_allocate(sizes[i], sizeof(double), err)) == NULL)
            status = RS_INTERNAL;
    if (status == RS_OK)
        status = reads_create(setup, &bank->reads, err);
    if (status == RS_OK)
        status = writes_create(setup, &bank->writes, err);
    if (status == RS_OK)
        status = power_create(setup, &bank->power, err);
    if (status == RS_OK && bank->power != NULL &&
        (bank->power_volts = memory_allocate(setup_reads_max(setup) * n_rows, sizeof(double), err)) == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK && setup->reference.kind == COMPARATOR_REPLICA)
        status = replica_create(setup, &bank->replica, err);
    if (status == RS_OK && (settles(&setup->comparator) || setup->comparator.kickback_units_per_ohm != 0))
        status = sense_node_create(&setup->network, &bank->sense_node, err);
    if (status == RS_OK && setup->comparator.reference_loads)
        status = loading_create(&setup->network, NULL, &bank->loading, err);
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
    writes_destroy(bank->writes);
    replica_destroy(bank->replica);
    power_destroy(bank->power);
    free(bank->power_volts);
    sense_node_destroy(bank->sense_node);
    loading_destroy(bank->loading);
    free(bank->settled_ratio);
    free(bank->line_ohm);
    free(bank->drawn_amperes);
    free(bank->loss_amperes);
    free(bank->line_volts);
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
    writes_reset(bank->writes);
    bank->started = false;
    reads_reset(bank->reads);
    if (bank->replica != NULL)
        replica_reset(bank->replica);
}

struct bank_certificate bank_certificate(const struct bank *bank)
{
    return bank->certificate;
}

struct writes_counts bank_writes(const struct bank *bank)
{
    return writes_counts(bank->writes);
}

/* Keyed random vectors, with this standard deviation of each voltage. */
static void draw_probes(struct bank *bank, const struct random_key *array_key, double sigma_volts)
{
    size_t n_rows = bank->setup->network.n_rows;
    struct random_key key = *array_key;
    key.purpose = RANDOM_PROBE;
    for (uint32_t probe = 0; probe < BANK_PROBES; probe++) {
        key.draw = probe;
        random_normals(&key, n_rows, bank->probe_volts + probe * n_rows);
    }
    for (size_t i = 0; i < BANK_PROBES * n_rows; i++)
        bank->probe_volts[i] *= sigma_volts;
}

/*
 * V T of one probe, with reads->transfer_siemens, against currents found otherwise. The difference decides:
 * the residual is reported, but voltages stored as doubles give it a floor of about 1e-16 V g_wire /
 * I_driver.
 */
static void compare(struct bank *bank, size_t probe, bool converged, double residual)
{
    const struct network *network = &bank->setup->network;
    const struct certify_solution lines = {bank->current_amperes,
                                           bank->probe_amperes + probe * network->n_columns,
                                           bank->scale_amperes, NULL, NULL};
    const struct certify_bias none = {NULL, NULL};
    struct certify_report report = {.field = {.converged = converged, .residual = residual}};
    if (!certify_compare(network, bank->reads->transfer_siemens, &none,
                         bank->probe_volts + probe * network->n_rows, certificate_tolerance, &lines, &report))
        bank->certificate.n_failed++;
    bank->certificate.residual_max =
        fmax(bank->certificate.residual_max, fmax(report.field.residual, report.difference));
}

/* Fields of the probes against the array's T (bank->reads), for the conductances it belongs to. */
static void certify(struct bank *bank, const struct random_key *array_key, const double *conductance_siemens)
{
    struct reads *reads = bank->reads;
    struct field_drive drives[BANK_PROBES] = {{0}};
    struct field_report reports[BANK_PROBES];
    draw_probes(bank, array_key, 1);
    for (size_t probe = 0; probe < BANK_PROBES; probe++)
        drives[probe].volts = bank->probe_volts + probe * bank->setup->network.n_rows;
    field_factor(reads->field_plan, conductance_siemens);
    field_solve_many(reads->field_plan, BANK_PROBES, drives, CERTIFY_FIELD_SHARE * certificate_tolerance,
                     bank->probe_amperes, NULL, NULL, reports);
    for (size_t probe = 0; probe < BANK_PROBES; probe++)
        compare(bank, probe, reports[probe].converged, reports[probe].residual);
}

/*
 * Cells that bend: the nonlinear field of each probe (at the run's own voltages), its residual, and V T of
 * the ohmic array whose cells carry the same currents at the voltages that were found.
 */
static void certify_bent(struct bank *bank, const struct random_key *array_key,
                         const double *conductance_siemens)
{
    const struct attention_setup *setup = bank->setup;
    struct reads *reads = bank->reads;
    size_t n_rows = setup->network.n_rows, n_columns = setup->network.n_columns, n_cells = n_rows * n_columns;
    double *word = bank->line_volts, *bit = word + n_cells, unused;
    draw_probes(bank, array_key, setup->encoding.v_read_volts / 2);
    nonlinear_factor(reads->nonlinear, conductance_siemens);
    for (size_t probe = 0; probe < BANK_PROBES; probe++) {
        struct nonlinear_report report;
        bool good = nonlinear_solve(reads->nonlinear, bank->probe_volts + probe * n_rows,
                                    CERTIFY_FIELD_SHARE * certificate_tolerance,
                                    bank->probe_amperes + probe * n_columns, word, bit, &report);
        for (size_t c = 0; c < n_cells; c++) {
            double volts = word[c] - bit[c], g = conductance_siemens[c];
            word[c] = volts == 0 ? g : cell_law_current(&setup->law, g, volts, &unused) / volts;
        }
        transfer_compute(reads->transfer_plan, word, reads->transfer_siemens);
        compare(bank, probe, good, report.residual);
    }
}

/* Every T that serves reads, and that of each layer's first array, whatever serves its reads. */
static void certify_array(struct bank *bank, const struct random_key *key, const double *programmed,
                          bool first)
{
    struct reads *reads = bank->reads;
    if (reads_have_transfer(reads)) {
        certify(bank, key, reads->seen_siemens);
    } else if (first && reads->nonlinear != NULL) {
        certify_bent(bank, key, programmed);
    } else if (first) {
        transfer_compute(reads->transfer_plan, programmed, reads->transfer_siemens);
        certify(bank, key, programmed);
    }
}

static enum rs_status save_array(struct bank *bank, const struct bank_job *job, const double *target,
                                 struct keep *keep, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    return keep_add_array(keep, mapping->n_rows, mapping->n_columns, job->layer, job->kv_head, target,
                          bank->reads->seen_siemens, bank->current_amperes, err);
}

/* The threshold of query head `h`, in units of sum(q_msb k_msb). */
static double threshold_of(const struct bank *bank, const struct bank_job *job, size_t h)
{
    int head = job->kv_head * (int)job->n_query_heads + (int)h;
    return reference_cut(&bank->setup->reference, query_reference(bank->setup, job->layer, head));
}

/* volts [n_reads][n_rows] of the reads from first_read on. */
static void drive(const struct bank *bank, const struct bank_job *job, size_t stack, size_t first_read,
                  size_t n_reads, double *all_volts)
{
    const struct mapping *mapping = &bank->setup->mapping;
    for (size_t r = 0; r < n_reads; r++) {
        size_t i = (first_read + r) / job->n_query_heads, h = (first_read + r) % job->n_query_heads;
        double *volts = all_volts + r * mapping->n_rows;
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

/* One array's part of a job. */
struct tile {
    const struct bank_job *job;
    struct random_key key;
    size_t stack;
    size_t first_key, n_keys; /* its keys */
    size_t first_read, end_read;
    bool first;        /* the layer's first array, of the first write */
    struct keep *keep; /* where it is still to be saved, or NULL */
    const struct bank_answer *answer;
};

/* What the comparators see of the lines as they are written now; their resistances once all keys are. */
static void look_at_lines(struct bank *bank, const struct tile *tile, bool last)
{
    double *source_ohm = last ? tile->answer->source_ohm : NULL;
    const struct attention_setup *setup = bank->setup;
    if (bank->sense_node == NULL)
        return;
    sense_node_compute(bank->sense_node, bank->reads->seen_siemens, setup->comparator.line_farads,
                       bank->line_ohm, bank->settled_ratio);
    for (size_t j = 0; j < setup->mapping.n_columns; j++)
        bank->settled_ratio[j] = comparator_settled(&setup->comparator, bank->settled_ratio[j]);
    for (size_t slot = 0; source_ohm != NULL && slot < tile->n_keys; slot++) {
        size_t plus, minus;
        mapping_lines(&setup->mapping, slot, &plus, &minus);
        source_ohm[tile->first_key + slot] +=
            comparator_kickback_ohm(&setup->comparator, bank->line_ohm[plus], bank->line_ohm[minus]) /
            (double)setup->mapping.n_stacks;
    }
}

/* What the references of all slots, each of one unit, are worth at their comparators. */
static void load_lines(struct bank *bank, const struct tile *tile)
{
    const struct attention_setup *setup = bank->setup;
    const struct mapping *mapping = &setup->mapping;
    double *ratio = tile->answer->reference_ratio;
    size_t plus, minus;
    if (bank->loading == NULL || ratio == NULL)
        return;
    memset(bank->drawn_amperes, 0, mapping->n_columns * sizeof(double));
    for (size_t slot = 0; slot < mapping->n_keys_per_array; slot++) {
        mapping_lines(mapping, slot, &plus, &minus);
        if (setup->comparator.join == COMPARATOR_JOIN_MINUS)
            bank->drawn_amperes[minus] = -1;
        else
            bank->drawn_amperes[plus] = 1;
    }
    loading_factor(bank->loading, bank->reads->seen_siemens);
    bank->certificate.n_failed += !loading_compute(bank->loading, bank->drawn_amperes, bank->loss_amperes);
    for (size_t slot = 0; slot < tile->n_keys; slot++) {
        mapping_lines(mapping, slot, &plus, &minus);
        ratio[tile->first_key + slot] +=
            (bank->loss_amperes[plus] - bank->loss_amperes[minus]) / (double)mapping->n_stacks;
    }
}

/* The currents of `n` reads, from `first_read` on, join the signals of the tile's keys. */
static void take_currents(struct bank *bank, const struct tile *tile, size_t first_read, size_t n)
{
    const struct bank_answer *answer = tile->answer;
    const struct mapping *mapping = &bank->setup->mapping;
    for (size_t c = 0; c < n; c++) {
        double *amperes = bank->current_amperes + c * mapping->n_columns;
        size_t at = (first_read + c) * tile->job->n_keys + tile->first_key;
        for (size_t j = 0; settles(&bank->setup->comparator) && j < mapping->n_columns; j++)
            amperes[j] *= bank->settled_ratio[j];
        mapping_add_signals(mapping, tile->n_keys, amperes, answer->signal_units + at);
        if (answer->minus_units != NULL)
            mapping_add_minus(mapping, tile->n_keys, amperes, answer->minus_units + at);
    }
}

/*
 * Energy of the reads of a span. Prefilled arrays are read for every query, also where none of their keys is
 * visible yet: their first span, as it is, serves those reads too.
 */
static void take_power(struct bank *bank, const struct tile *tile, size_t first, size_t n_reads,
                       const double *programmed)
{
    size_t n_rows = bank->setup->mapping.n_rows;
    if (bank->power == NULL)
        return;
    if (first == tile->first_read && bank->setup->array.fill == ARRAY_FILL_PREFILL) {
        n_reads += first;
        first = 0;
    }
    drive(bank, tile->job, tile->stack, first, n_reads, bank->power_volts + first * n_rows);
    bank->certificate.n_failed +=
        power_add(bank->power, programmed, n_reads, bank->power_volts + first * n_rows,
                  tile->answer->array_joules + first);
}

static enum rs_status read_span(struct bank *bank, struct tile *tile, size_t first,
                                const struct writes_span *span, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    const double *volts = bank->volts + (first - tile->first_read) * mapping->n_rows;
    struct random_key key = tile->key;
    bank->certificate.n_failed +=
        reads_begin(bank->reads, span->target_siemens, span->programmed_siemens, span->n_reads, volts);
    bool last = first + span->n_reads == tile->end_read;
    take_power(bank, tile, first, span->n_reads, span->programmed_siemens);
    certify_array(bank, &key, span->programmed_siemens, tile->first && last);
    look_at_lines(bank, tile, last);
    if (last)
        load_lines(bank, tile);
    for (size_t r = 0, n; r < span->n_reads; r += n) {
        /* The array that is saved is the one of its first read. */
        size_t n_left = span->n_reads - r;
        n = tile->keep != NULL ? 1 : n_left < READS_CHUNK ? n_left : READS_CHUNK;
        key.draw = (uint32_t)(first + r);
        bank->certificate.n_failed +=
            reads_solve(bank->reads, &key, n, volts + r * mapping->n_rows, bank->current_amperes);
        enum rs_status status =
            tile->keep == NULL ? RS_OK : save_array(bank, tile->job, span->target_siemens, tile->keep, err);
        if (status != RS_OK)
            return status;
        tile->keep = NULL;
        take_currents(bank, tile, first + r, n);
    }
    return RS_OK;
}

static enum rs_status read_spans(struct bank *bank, struct tile *tile, struct rs_error *err)
{
    const struct reads_job reads = {tile->key, tile->first_read, tile->end_read - tile->first_read,
                                    writes_count(bank->writes, tile->first_read, tile->end_read),
                                    bank->volts};
    enum rs_status status = RS_OK;
    struct writes_span span;
    if (reads.n_reads == 0)
        return RS_OK;
    for (size_t read = tile->first_read; read < tile->end_read && status == RS_OK; read += span.n_reads) {
        status = writes_find(bank->writes, read, tile->end_read, &span, err);
        if (status == RS_OK && read == tile->first_read)
            status = reads_open(bank->reads, &reads, span.programmed_siemens, err);
        if (status == RS_OK)
            status = read_span(bank, tile, read, &span, err);
    }
    return status == RS_OK ? reads_close(bank->reads, err) : status;
}

static enum rs_status read_array(struct bank *bank, const struct bank_job *job, size_t i_tile, size_t stack,
                                 const struct bank_answer *answer, struct keep *keep, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    size_t first_key = i_tile * mapping->n_keys_per_array, n_left = job->n_keys - first_key;
    struct tile tile = {
        .job = job,
        .key = {.seed = bank->setup->seed,
                .trial = job->trial,
                .write = job->write,
                .array = setup_array_number(bank->setup, job->layer, job->kv_head, i_tile, stack)},
        .stack = stack,
        .first_key = first_key,
        .n_keys = n_left < mapping->n_keys_per_array ? n_left : mapping->n_keys_per_array,
        .first_read = job->causal ? first_key * job->n_query_heads : 0,
        .end_read = job->n_queries * job->n_query_heads,
        .first = job->write == bank->first_write && job->kv_head == 0 && i_tile == 0 && stack == 0,
        .keep = keep != NULL && keep->arrays && job->write == bank->first_write ? keep : NULL,
        .answer = answer,
    };
    const struct writes_job writes = {.key = tile.key,
                                      .kv_head = setup_kv_head(bank->setup, job->layer, job->kv_head),
                                      .tile = i_tile,
                                      .stack = stack,
                                      .n_keys = job->n_keys,
                                      .n_query_heads = job->n_query_heads,
                                      .key_msb = job->key_msb};
    enum rs_status status = writes_begin(bank->writes, &writes, err);
    if (status != RS_OK)
        return status;
    drive(bank, job, stack, tile.first_read, tile.end_read - tile.first_read, bank->volts);
    reads_bend(bank->reads, tile.end_read - tile.first_read, bank->volts);
    return read_spans(bank, &tile, err);
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
    if (answer->array_joules != NULL)
        memset(answer->array_joules, 0, n_reads * sizeof(double));
    if (answer->source_ohm != NULL)
        memset(answer->source_ohm, 0, job->n_keys * sizeof(double));
    if (answer->reference_ratio != NULL)
        memset(answer->reference_ratio, 0, job->n_keys * sizeof(double));
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
        enum rs_status status = bank->replica != NULL
                                    ? replica_subtract(bank->replica, job, tile, answer->reference_ratio,
                                                       answer->signal_units, &bank->certificate.n_failed, err)
                                    : RS_OK;
        if (status != RS_OK)
            return status;
    }
    return RS_OK;
}
