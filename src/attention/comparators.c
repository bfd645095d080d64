#include "attention/comparators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* One comparator of every key. By key, arrays whole: [n_slots]. */
struct side {
    struct comparator comparator; /* of the setup, whose compensation it borrows */
    struct reference reference;
    double *offset_units, *reference_error_units, *noise_units, *uniforms, *values_units;
    double *offset_per_common;     /* change of offset_units per unit of common mode; */
    double *common_units;          /* ... of this read; both 0 where the comparator knows none */
    double *branch_ratio;          /* [arrays][COMPARATOR_BRANCHES][slots of an array] */
    signed char *previous, *ruled; /* -1: none; 0 or 1 */
};

enum { SIDES_MAX = 2 };

struct comparators {
    const struct attention_setup *setup;
    int n_sides;
    struct side sides[SIDES_MAX];
    double *reference_ratio; /* [n_keys_max], what a reference current is worth, 1 unless it loads its line */
};

static enum rs_status side_create(const struct attention_setup *setup, bool second, struct side *side,
                                  struct rs_error *err)
{
    /* Slots of whole arrays: offsets are drawn per array. */
    size_t n_slots = setup->shape.n_keys_max + setup->mapping.n_keys_per_array;
    side->comparator = setup->comparator;
    side->reference = setup->reference;
    side->comparator.second = side->reference.second = second;
    double *reals = memory_allocate((7 + COMPARATOR_BRANCHES) * n_slots, sizeof *reals, err);
    signed char *bits = memory_allocate(2 * n_slots, 1, err);
    side->offset_units = reals;
    side->previous = bits;
    if (reals == NULL || bits == NULL)
        return RS_INTERNAL;
    side->reference_error_units = reals + n_slots;
    side->noise_units = reals + 2 * n_slots;
    side->uniforms = reals + 3 * n_slots;
    side->values_units = reals + 4 * n_slots;
    side->offset_per_common = reals + 5 * n_slots;
    side->common_units = reals + 6 * n_slots;
    side->branch_ratio = reals + 7 * n_slots;
    side->ruled = bits + n_slots;
    return RS_OK;
}

enum rs_status comparators_create(const struct attention_setup *setup, struct comparators **out,
                                  struct rs_error *err)
{
    struct comparators *comparators = memory_allocate(1, sizeof *comparators, err);
    *out = NULL;
    if (comparators == NULL)
        return RS_INTERNAL;
    comparators->setup = setup;
    comparators->n_sides = setup->policy->input == POLICY_INPUT_COMPARATORS ? 2 : 1;
    comparators->reference_ratio = memory_allocate(setup->shape.n_keys_max, sizeof(double), err);
    enum rs_status status = comparators->reference_ratio != NULL ? RS_OK : RS_INTERNAL;
    for (int i = 0; i < comparators->n_sides && status == RS_OK; i++)
        status = side_create(setup, i > 0, &comparators->sides[i], err);
    if (status != RS_OK)
        comparators_destroy(comparators);
    else
        *out = comparators;
    return status;
}

void comparators_destroy(struct comparators *comparators)
{
    if (comparators == NULL)
        return;
    for (int i = 0; i < comparators->n_sides; i++) {
        free(comparators->sides[i].offset_units);
        free(comparators->sides[i].previous);
    }
    free(comparators->reference_ratio);
    free(comparators);
}

/* What the threshold differences that comparator_offsets draws do with the common mode. */
static void draw_common(struct side *side, const struct random_key *key, size_t first, size_t n)
{
    double *slopes = side->offset_per_common + first, *normals = side->values_units + first;
    memset(slopes, 0, n * sizeof *slopes);
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++) {
        comparator_mismatch(&side->comparator, key, pair, n, normals);
        for (size_t j = 0; j < n; j++)
            slopes[j] += side->comparator.mismatch_per_common[pair] * normals[j];
    }
}

/* What of an array's comparators and references lasts for the trial. */
static void draw_slots(struct side *side, const struct random_key *key, size_t first, size_t n)
{
    const struct comparator *comparator = &side->comparator;
    comparator_offsets(comparator, key, n, side->offset_units + first);
    reference_errors(&side->reference, key, n, side->reference_error_units + first);
    if (comparator_has_common(comparator))
        draw_common(side, key, first, n);
    if (comparator_needs_lines(comparator))
        comparator_branches(comparator, key, n, side->branch_ratio + COMPARATOR_BRANCHES * first);
}

void comparators_begin(struct comparators *comparators, uint32_t trial, int layer, int kv_head, size_t n_keys,
                       const double *source_ohm, const double *reference_ratio)
{
    const struct attention_setup *setup = comparators->setup;
    size_t per_array = setup->mapping.n_keys_per_array;
    for (int i = 0; i < comparators->n_sides; i++) {
        struct side *side = &comparators->sides[i];
        for (size_t tile = 0; tile < mapping_tiles(&setup->mapping, n_keys); tile++) {
            struct random_key key = {.seed = setup->seed,
                                     .trial = trial,
                                     .array = setup_array_number(setup, layer, kv_head, tile, 0)};
            draw_slots(side, &key, tile * per_array, per_array);
        }
        for (size_t j = 0; source_ohm != NULL && j < n_keys; j++) {
            side->offset_units[j] += side->comparator.kickback_units_per_ohm * source_ohm[j];
            side->offset_per_common[j] += side->comparator.kickback_per_common * source_ohm[j];
        }
        memset(side->previous, -1, n_keys);
    }
    for (size_t j = 0; j < n_keys; j++)
        comparators->reference_ratio[j] = reference_ratio != NULL ? reference_ratio[j] : 1;
}

/* The draws of one read. */
static void draw(const struct attention_setup *setup, const struct query *query, struct side *side)
{
    size_t per_array = setup->mapping.n_keys_per_array;
    struct random_key key = query->key;
    int kv_head = query->head / (setup->shape.n_heads / setup->shape.n_kv_heads);
    bool rules =
        !isnan(side->comparator.evaluation_seconds) && side->comparator.unresolved == COMPARATOR_RANDOM;
    for (size_t tile = 0; tile < mapping_tiles(&setup->mapping, query->n_keys); tile++) {
        key.array = setup_array_number(setup, query->layer, kv_head, tile, 0);
        comparator_noise(&side->comparator, &key, per_array, side->noise_units + tile * per_array);
        if (rules)
            comparator_rulings(&side->comparator, &key, per_array, side->uniforms + tile * per_array);
    }
}

/* The relative errors of both branches of key j's comparator. */
static void get_branches(const struct side *side, size_t per_array, size_t j,
                         double branch[COMPARATOR_BRANCHES])
{
    const double *ratios = side->branch_ratio + COMPARATOR_BRANCHES * (j / per_array) * per_array;
    for (size_t b = 0; b < COMPARATOR_BRANCHES; b++)
        branch[b] = ratios[b * per_array + j % per_array];
}

/* What one read gives the comparators: references in units of sum(q_msb k_msb). */
struct seen {
    const struct attention_setup *setup;
    const struct query *query;
    const double *minus_units; /* or NULL */
    const double *reference_ratio;
    double cut_units;  /* of this side, as circuits stand for it */
    double line_units; /* the threshold that is in the negative line already */
};

/* The difference of key j as circuits with lines of their own see it, on the scale of the signals, and what
 * its common mode does to the offset. */
static double see_lines(const struct seen *seen, struct side *side, size_t j, double shift_units)
{
    double branch[COMPARATOR_BRANCHES], minus = seen->minus_units[j];
    double signal = seen->query->signal_units[j] - seen->line_units,
           drawn = seen->cut_units - seen->line_units + shift_units;
    get_branches(side, seen->setup->mapping.n_keys_per_array, j, branch);
    if (comparator_has_common(&side->comparator))
        side->common_units[j] = comparator_common(&side->comparator, signal, minus, drawn);
    return seen->cut_units + comparator_difference(&side->comparator, signal, minus, drawn, branch) -
           side->offset_per_common[j] * side->common_units[j];
}

/* What the comparators see: signals less offset and noise, less what the reference has too much. */
static void see(const struct seen *seen, struct side *side)
{
    bool lines = seen->minus_units != NULL, dac = side->reference.kind == COMPARATOR_DAC;
    double cut = seen->cut_units, common = dac ? reference_current(&side->reference, cut) - cut : 0;
    size_t per_array = seen->setup->mapping.n_keys_per_array;
    for (size_t j = 0; j < seen->query->n_keys; j++) {
        double shift = common + side->reference_error_units[j];
        if (dac && side->comparator.reference_loads)
            shift += (seen->reference_ratio[j] - 1) * (cut + shift);
        double signal = lines ? see_lines(seen, side, j, shift) : seen->query->signal_units[j];
        side->values_units[j] = signal - side->offset_units[j] - side->noise_units[j];
        if (dac && !lines)
            side->values_units[j] -= shift;
    }
    bool compensated = comparator_compensate(&side->comparator, 0, 1) != 0 ||
                       comparator_compensate(&side->comparator, 1, 1) != 0;
    for (size_t j = 0; compensated && j < seen->query->n_keys; j++)
        side->values_units[j] += comparator_compensate(&side->comparator, j % per_array, cut);
}

/* The bit of an unresolved decision. */
static bool rule(const struct side *side, size_t j)
{
    enum comparator_unresolved unresolved = side->comparator.unresolved;
    return unresolved == COMPARATOR_RANDOM ? side->uniforms[j] < 0.5 : unresolved == COMPARATOR_KEEP;
}

/* Hysteresis and the time of a decision. */
static void settle(size_t n_keys, double threshold, struct side *side, struct delays *delays)
{
    const struct comparator *comparator = &side->comparator;
    double half = 0.5 * comparator->hysteresis_units, *values = side->values_units;
    bool timed = !isnan(comparator->evaluation_seconds), takes_time = comparator_has_delay(comparator);
    for (size_t j = 0; j < n_keys; j++) {
        if (half > 0 && side->previous[j] >= 0)
            values[j] += side->previous[j] > 0 ? half : -half;
        bool bit = values[j] > threshold;
        double seconds =
            takes_time ? comparator_delay_seconds(comparator, values[j] - threshold, side->common_units[j])
                       : 0;
        bool unresolved = timed && seconds > comparator->evaluation_seconds;
        if (takes_time)
            delays_add(delays, seconds);
        if (unresolved)
            bit = rule(side, j);
        side->ruled[j] = (signed char)(unresolved ? bit : -1);
        side->previous[j] = bit;
    }
}

/*
 * The references at which a falling ramp, common to all, makes each key fire. What acts on all alike leaves
 * the order alone and is left out: errors of the common reference, delays, what latches kick onto it; and
 * hysteresis, since every ramp finds every latch reset.
 */
static void ramp(const struct seen *seen, struct side *side)
{
    const struct comparator *comparator = &side->comparator;
    size_t per_array = seen->setup->mapping.n_keys_per_array;
    for (size_t j = 0; j < seen->query->n_keys; j++) {
        double branch[COMPARATOR_BRANCHES], signal = seen->query->signal_units[j];
        double firing = signal - side->offset_units[j] - side->noise_units[j];
        if (seen->minus_units != NULL) {
            get_branches(side, per_array, j, branch);
            firing = comparator_firing(comparator, signal, seen->minus_units[j],
                                       side->offset_units[j] + side->noise_units[j],
                                       side->offset_per_common[j], branch);
        }
        if (side->reference.kind == COMPARATOR_DAC && comparator->reference_loads)
            firing /= seen->reference_ratio[j];
        /* A compensated slot's own reference is the ramp less what comparator_compensate gives at it. */
        firing /= 1 - comparator_compensate(comparator, j % per_array, 1);
        side->values_units[j] = reference_ramp(&side->reference, firing);
    }
}

/* Pairs of which a comparator ran out of time. */
static int64_t count_unresolved(const struct comparators *comparators, size_t n_keys)
{
    int64_t n = 0;
    for (size_t j = 0; j < n_keys; j++) {
        bool unresolved = false;
        for (int i = 0; i < comparators->n_sides; i++)
            unresolved = unresolved || comparators->sides[i].ruled[j] >= 0;
        n += unresolved;
    }
    return n;
}

void comparators_compare(struct comparators *comparators, const double *minus_units, struct query *query,
                         struct attention_counts *counts, struct delays *delays)
{
    const struct attention_setup *setup = comparators->setup;
    struct side *sides = comparators->sides;
    double thresholds[SIDES_MAX], middle = query_reference(setup, query->layer, query->head);
    query_references(setup, query->layer, query->head, thresholds);
    for (int i = 0; i < comparators->n_sides; i++) {
        struct seen seen = {.setup = setup,
                            .query = query,
                            .minus_units = minus_units,
                            .reference_ratio = comparators->reference_ratio};
        draw(setup, query, &sides[i]);
        if (setup->policy->input == POLICY_INPUT_RAMP) {
            ramp(&seen, &sides[i]);
            continue;
        }
        seen.cut_units = reference_cut(&sides[i].reference, thresholds[i]);
        /* Bias rows have their current in the negative line already. */
        seen.line_units =
            setup->reference.kind == COMPARATOR_BIAS_ROWS ? reference_cut(&setup->reference, middle) : 0;
        see(&seen, &sides[i]);
        settle(query->n_keys, thresholds[i], &sides[i], delays);
    }
    bool timed = !isnan(setup->comparator.evaluation_seconds) && setup->policy->input != POLICY_INPUT_RAMP;
    query->comparator_units = sides[0].values_units;
    query->ruled = timed ? sides[0].ruled : NULL;
    query->upper_units = comparators->n_sides > 1 ? sides[1].values_units : NULL;
    query->upper_ruled = timed && comparators->n_sides > 1 ? sides[1].ruled : NULL;
    if (timed)
        counts->n_unresolved += count_unresolved(comparators, query->n_keys);
}
