#include "attention/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/certify.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

enum { BANK_PROBES = 4 };

/* Relative to the largest current: far below the smallest decision step of any code, far above rounding. */
static const double field_tolerance = 1e-10, certificate_tolerance = 1e-9;

struct bank {
    const struct attention_setup *setup;
    struct transfer_plan *transfer_plan;
    struct field_plan *field_plan;
    double *target_siemens, *programmed_siemens, *read_siemens, *transfer_siemens; /* [n_rows][n_columns] */
    double *scale_amperes;                   /* [n_columns] */
    double *volts;                           /* [n_rows] */
    double *current_amperes, *probe_amperes; /* [n_columns] */
    struct bank_certificate certificate;
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
    double **const blocks[] = {&bank->target_siemens,  &bank->programmed_siemens,
                               &bank->read_siemens,    &bank->transfer_siemens,
                               &bank->scale_amperes,         &bank->volts,
                               &bank->current_amperes, &bank->probe_amperes};
    const size_t sizes[] = {n_cells, n_cells, n_cells, n_cells, n_columns, n_rows, n_columns, n_columns};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && status == RS_OK; i++)
        if ((*blocks[i] = memory_allocate(sizes[i], sizeof(double), err)) == NULL)
            status = RS_INTERNAL;
    if (status == RS_OK)
        status = transfer_plan_create(&setup->network, &bank->transfer_plan, err);
    if (status == RS_OK)
        status = field_plan_create(&setup->network, &bank->field_plan, err);
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
    transfer_plan_destroy(bank->transfer_plan);
    field_plan_destroy(bank->field_plan);
    free(bank->target_siemens);
    free(bank->programmed_siemens);
    free(bank->read_siemens);
    free(bank->transfer_siemens);
    free(bank->scale_amperes);
    free(bank->volts);
    free(bank->current_amperes);
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

static bool is_ideal(const struct network *network)
{
    return network->r_word_line_ohm == 0 && network->r_bit_line_ohm == 0 && network->r_driver_ohm == 0 &&
           network->r_sense_ohm == 0;
}

static void solve_field(struct bank *bank, const double *volts, double *amperes)
{
    if (!field_solve(bank->field_plan, volts, field_tolerance, amperes, NULL, NULL, NULL))
        bank->certificate.n_failed++;
}

/*
 * Field solves of keyed random vectors against T, on the conductances as programmed. The difference decides:
 * the residual is reported, but voltages stored as doubles give it a floor of about 1e-16 V g_wire /
 * I_driver.
 */
static void certify(struct bank *bank, const struct random_key *array_key)
{
    const struct network *network = &bank->setup->network;
    struct random_key key = *array_key;
    key.purpose = RANDOM_PROBE;
    transfer_compute(bank->transfer_plan, bank->programmed_siemens, bank->transfer_siemens);
    field_factor(bank->field_plan, bank->programmed_siemens);
    for (uint32_t probe = 0; probe < BANK_PROBES; probe++) {
        const struct certify_solution lines = {bank->current_amperes, bank->probe_amperes, bank->scale_amperes,
                                               NULL, NULL};
        struct certify_report report;
        key.draw = probe;
        random_normals(&key, network->n_rows, bank->volts);
        if (!certify_vector(bank->field_plan, network, bank->transfer_siemens, bank->volts,
                            certificate_tolerance, &lines, &report))
            bank->certificate.n_failed++;
        bank->certificate.residual_max =
            fmax(bank->certificate.residual_max, fmax(report.field.residual, report.difference));
    }
}

/* How one array's reads are solved. */
enum way { WAY_PRODUCT, WAY_FIELD, WAY_FIELD_PER_READ };

static enum way choose_way(const struct bank *bank, size_t n_reads)
{
    if (device_has_read_noise(&bank->setup->device))
        return is_ideal(&bank->setup->network) ? WAY_PRODUCT : WAY_FIELD_PER_READ;
    /* A full T costs about as much as one field for every word line. */
    return is_ideal(&bank->setup->network) || n_reads >= bank->setup->mapping.n_rows ? WAY_PRODUCT
                                                                                     : WAY_FIELD;
}

static void prepare(struct bank *bank, enum way way)
{
    size_t n_cells = bank->setup->mapping.n_rows * bank->setup->mapping.n_columns;
    if (way == WAY_FIELD)
        field_factor(bank->field_plan, bank->programmed_siemens);
    else if (way == WAY_PRODUCT && is_ideal(&bank->setup->network))
        memcpy(bank->transfer_siemens, bank->programmed_siemens, n_cells * sizeof(double));
    else if (way == WAY_PRODUCT)
        transfer_compute(bank->transfer_plan, bank->programmed_siemens, bank->transfer_siemens);
}

/* One read of one array: column currents in bank->current_amperes, the conductances seen in
 * bank->read_siemens. */
static void read_once(struct bank *bank, enum way way, const struct random_key *key)
{
    const struct attention_setup *setup = bank->setup;
    size_t n_rows = setup->mapping.n_rows, n_columns = setup->mapping.n_columns;
    const double *conductance = bank->transfer_siemens;
    if (device_has_read_noise(&setup->device)) {
        device_read(&setup->device, key, n_rows * n_columns, bank->target_siemens, bank->programmed_siemens,
                    bank->read_siemens);
        conductance = bank->read_siemens;
        if (way == WAY_FIELD_PER_READ)
            field_factor(bank->field_plan, bank->read_siemens);
    }
    if (way == WAY_PRODUCT)
        transfer_apply(&setup->network, conductance, bank->volts, bank->current_amperes, NULL);
    else
        solve_field(bank, bank->volts, bank->current_amperes);
}

static enum rs_status save_array(struct bank *bank, const struct bank_job *job, struct keep *keep,
                                 struct rs_error *err)
{
    const struct attention_setup *setup = bank->setup;
    const double *seen =
        device_has_read_noise(&setup->device) ? bank->read_siemens : bank->programmed_siemens;
    return keep_add_array(keep, setup->mapping.n_rows, setup->mapping.n_columns, job->layer, job->kv_head,
                          bank->target_siemens, seen, bank->current_amperes, err);
}

static enum rs_status read_array(struct bank *bank, const struct bank_job *job, size_t tile, size_t stack,
                                 double *signal_units, struct keep *keep, struct rs_error *err)
{
    const struct mapping *mapping = &bank->setup->mapping;
    size_t first_key = tile * mapping->n_keys_per_array;
    size_t n_here = job->n_keys - first_key < mapping->n_keys_per_array ? job->n_keys - first_key
                                                                        : mapping->n_keys_per_array;
    struct random_key key = {.seed = bank->setup->seed,
                             .trial = job->trial,
                             .write = job->write,
                             .array = setup_array_number(bank->setup, job->layer, job->kv_head, tile, stack)};
    enum way way = choose_way(bank, job->n_queries * job->n_query_heads);
    bool saved = keep == NULL || !keep->arrays || job->write != bank->first_write;
    mapping_targets(mapping, tile, stack, job->n_keys, job->key_msb, bank->target_siemens);
    device_program(&bank->setup->device, &key, mapping->n_rows, mapping->n_columns, bank->target_siemens,
                   bank->programmed_siemens);
    if (job->write == bank->first_write && job->kv_head == 0 && tile == 0 && stack == 0)
        certify(bank, &key);
    prepare(bank, way);
    for (size_t i = job->causal ? first_key : 0; i < job->n_queries; i++)
        for (size_t h = 0; h < job->n_query_heads; h++) {
            size_t read = i * job->n_query_heads + h;
            key.draw = (uint32_t)read;
            mapping_volts(mapping, stack, job->query_msb + (h * job->n_queries + i) * mapping->d,
                          bank->volts);
            read_once(bank, way, &key);
            mapping_add_signals(mapping, n_here, bank->current_amperes,
                                signal_units + read * job->n_keys + first_key);
            if (!saved) {
                enum rs_status status = save_array(bank, job, keep, err);
                if (status != RS_OK)
                    return status;
                saved = true;
            }
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
