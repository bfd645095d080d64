#include "attention/comparators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct comparators {
    const struct attention_setup *setup;
    /* By key, arrays whole: [n_slots] */
    double *offset_units, *reference_error_units, *noise_units, *uniforms, *values_units;
    double *offset_per_common;     /* change of offset_units per unit of common mode; */
    double *common_units;          /* ... of this read; both 0 where the comparator knows none */
    double *branch_ratio;          /* [arrays][COMPARATOR_BRANCHES][slots of an array] */
    signed char *previous, *ruled; /* -1: none; 0 or 1 */
};

enum rs_status comparators_create(const struct attention_setup *setup, struct comparators **out,
                                  struct rs_error *err)
{
    /* Slots of whole arrays: offsets are drawn per array. */
    size_t n_slots = setup->shape.n_keys_max + setup->mapping.n_keys_per_array;
    struct comparators *comparators = memory_allocate(1, sizeof *comparators, err);
    *out = NULL;
    if (comparators == NULL)
        return RS_INTERNAL;
    comparators->setup = setup;
    double *reals = memory_allocate((7 + COMPARATOR_BRANCHES) * n_slots, sizeof *reals, err);
    signed char *bits = memory_allocate(2 * n_slots, 1, err);
    comparators->offset_units = reals;
    comparators->previous = bits;
    if (reals == NULL || bits == NULL) {
        comparators_destroy(comparators);
        return RS_INTERNAL;
    }
    comparators->reference_error_units = reals + n_slots;
    comparators->noise_units = reals + 2 * n_slots;
    comparators->uniforms = reals + 3 * n_slots;
    comparators->values_units = reals + 4 * n_slots;
    comparators->offset_per_common = reals + 5 * n_slots;
    comparators->common_units = reals + 6 * n_slots;
    comparators->branch_ratio = reals + 7 * n_slots;
    comparators->ruled = bits + n_slots;
    *out = comparators;
    return RS_OK;
}

void comparators_destroy(struct comparators *comparators)
{
    if (comparators == NULL)
        return;
    free(comparators->offset_units);
    free(comparators->previous);
    free(comparators);
}

/* What the threshold differences that comparator_offsets draws do with the common mode. */
static void draw_common(struct comparators *comparators, const struct random_key *key, size_t first, size_t n)
{
    const struct comparator *comparator = &comparators->setup->comparator;
    double *slopes = comparators->offset_per_common + first, *normals = comparators->values_units + first;
    memset(slopes, 0, n * sizeof *slopes);
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++) {
        comparator_mismatch(key, pair, n, normals);
        for (size_t j = 0; j < n; j++)
            slopes[j] += comparator->mismatch_per_common[pair] * normals[j];
    }
}

void comparators_begin(struct comparators *comparators, uint32_t trial, int layer, int kv_head, size_t n_keys,
                       const double *source_ohm)
{
    const struct attention_setup *setup = comparators->setup;
    const struct comparator *comparator = &setup->comparator;
    size_t per_array = setup->mapping.n_keys_per_array;
    for (size_t tile = 0; tile < mapping_tiles(&setup->mapping, n_keys); tile++) {
        size_t first = tile * per_array;
        struct random_key key = {
            .seed = setup->seed, .trial = trial, .array = setup_array_number(setup, layer, kv_head, tile, 0)};
        comparator_offsets(comparator, &key, per_array, comparators->offset_units + first);
        reference_errors(&setup->reference, &key, per_array, comparators->reference_error_units + first);
        if (comparator_has_common(comparator))
            draw_common(comparators, &key, first, per_array);
        if (comparator_needs_lines(comparator))
            comparator_branches(comparator, &key, per_array,
                                comparators->branch_ratio + COMPARATOR_BRANCHES * first);
    }
    for (size_t j = 0; source_ohm != NULL && j < n_keys; j++)
        comparators->offset_units[j] += comparator->kickback_units_per_ohm * source_ohm[j];
    memset(comparators->previous, -1, n_keys);
}

/* The draws of one read. */
static void draw(struct comparators *comparators, const struct query *query)
{
    const struct attention_setup *setup = comparators->setup;
    size_t per_array = setup->mapping.n_keys_per_array;
    struct random_key key = query->key;
    int kv_head = query->head / (setup->shape.n_heads / setup->shape.n_kv_heads);
    bool rules =
        !isnan(setup->comparator.evaluation_seconds) && setup->comparator.unresolved == COMPARATOR_RANDOM;
    for (size_t tile = 0; tile < mapping_tiles(&setup->mapping, query->n_keys); tile++) {
        key.array = setup_array_number(setup, query->layer, kv_head, tile, 0);
        comparator_noise(&setup->comparator, &key, per_array, comparators->noise_units + tile * per_array);
        key.purpose = RANDOM_UNRESOLVED;
        if (rules)
            random_uniforms(&key, per_array, comparators->uniforms + tile * per_array);
    }
}

/* The difference of key j as circuits with lines of their own see it, on the scale of the signals, and what
 * its common mode does to the offset. */
static double see_lines(struct comparators *comparators, const struct query *query, const double *minus_units,
                        size_t j, double reference_units, double shift_units)
{
    const struct attention_setup *setup = comparators->setup;
    size_t per_array = setup->mapping.n_keys_per_array, tile = j / per_array;
    const double *ratios = comparators->branch_ratio + COMPARATOR_BRANCHES * tile * per_array + j % per_array;
    const double branch[COMPARATOR_BRANCHES] = {ratios[0], ratios[per_array]};
    /* Bias rows have their current in the negative line already. */
    bool in_line = setup->reference.kind == COMPARATOR_BIAS_ROWS;
    double taken = in_line ? reference_units : 0, signal = query->signal_units[j] - taken,
           drawn = reference_units - taken + shift_units;
    if (comparator_has_common(&setup->comparator))
        comparators->common_units[j] = comparator_common(&setup->comparator, signal, minus_units[j], drawn);
    return reference_units +
           comparator_difference(&setup->comparator, signal, minus_units[j], drawn, branch) -
           comparators->offset_per_common[j] * comparators->common_units[j];
}

/* What the comparators see: signals less offset and noise, less what the reference has too much. */
static void see(struct comparators *comparators, const struct query *query, const double *minus_units,
                double threshold_units)
{
    const struct reference *reference = &comparators->setup->reference;
    double cut = reference_cut(reference, threshold_units), common = 0;
    size_t per_array = comparators->setup->mapping.n_keys_per_array;
    bool lines = minus_units != NULL, dac = reference->kind == COMPARATOR_DAC;
    if (dac)
        common = reference_current(reference, cut) - cut;
    for (size_t j = 0; j < query->n_keys; j++) {
        double shift = common + comparators->reference_error_units[j];
        double signal =
            lines ? see_lines(comparators, query, minus_units, j, cut, shift) : query->signal_units[j];
        comparators->values_units[j] = signal - comparators->offset_units[j] - comparators->noise_units[j];
        if (dac && !lines)
            comparators->values_units[j] -= shift;
        comparators->values_units[j] +=
            comparator_compensate(&comparators->setup->comparator, j % per_array, cut);
    }
}

/* The bit of an unresolved decision. */
static bool rule(const struct comparators *comparators, size_t j)
{
    enum comparator_unresolved unresolved = comparators->setup->comparator.unresolved;
    return unresolved == COMPARATOR_RANDOM ? comparators->uniforms[j] < 0.5 : unresolved == COMPARATOR_KEEP;
}

void comparators_compare(struct comparators *comparators, const double *minus_units, struct query *query,
                         struct attention_counts *counts, struct delays *delays)
{
    const struct comparator *comparator = &comparators->setup->comparator;
    double threshold = query_reference(comparators->setup, query->layer, query->head);
    double half = 0.5 * comparator->hysteresis_units, *values = comparators->values_units;
    bool timed = !isnan(comparator->evaluation_seconds), takes_time = comparator_has_delay(comparator);
    draw(comparators, query);
    see(comparators, query, minus_units, threshold);
    for (size_t j = 0; j < query->n_keys; j++) {
        if (half > 0 && comparators->previous[j] >= 0)
            values[j] += comparators->previous[j] > 0 ? half : -half;
        bool bit = values[j] > threshold;
        double seconds = takes_time ? comparator_delay_seconds(comparator, values[j] - threshold,
                                                               comparators->common_units[j])
                                    : 0;
        bool unresolved = timed && seconds > comparator->evaluation_seconds;
        if (takes_time)
            delays_add(delays, seconds);
        if (unresolved)
            bit = rule(comparators, j);
        comparators->ruled[j] = (signed char)(unresolved ? bit : -1);
        comparators->previous[j] = bit;
        counts->n_unresolved += unresolved;
    }
    query->comparator_units = values;
    query->ruled = timed ? comparators->ruled : NULL;
}
