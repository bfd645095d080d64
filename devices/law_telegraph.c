#include "devices/law_telegraph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/laws.h"

enum { TRAPS_MAX = 16 }; /* per cell; a Poisson number of mean 4 exceeds it once in 1e6 cells */

struct telegraph {
    double traps_mean, amplitude, amplitude_spread, exponent, amplitude_max, rate_low, rate_high;
    double g_reference_siemens;
};

#define MEMBER(name) offsetof(struct telegraph, name)
#define NUMBER(name, member, least, most, what)                                                              \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(member), .low = (least),   \
        .high = (most), .help = what                                                                         \
    }
static const struct option options[] = {
    NUMBER("traps", traps_mean, 0, 4, "mean number of traps of a cell"),
    {.key = "amplitude",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(amplitude),
     .low = 0,
     .high = 1,
     .help = "median share by which an occupied trap lowers a conductance of g_reference"},
    NUMBER("amplitude_spread", amplitude_spread, 0, 5, "standard deviation of the logarithm of the share"),
    {.key = "g_reference",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_reference_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "conductance at which the median is `amplitude`"},
    NUMBER("exponent", exponent, 0, 3, "the median grows as resistance to this power"),
    {.key = "amplitude_max",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(amplitude_max),
     .low = 0,
     .high = 1,
     .help = "largest share"},
    NUMBER("rate_low", rate_low, 1e-9, 1e15, "lowest rate, per second"),
    NUMBER("rate_high", rate_high, 1e-9, 1e15, "highest rate, per second"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct telegraph)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct telegraph *p = params;
    if (p->rate_low <= p->rate_high)
        return true;
    snprintf(why, why_size, "rate_low lies above rate_high");
    return false;
}

struct trap {
    uint32_t cell, place;              /* which of the cell's */
    double share, occupied_ever, rate; /* lowering when occupied; stationary probability; sum of both rates */
    bool occupied;
};

struct law_telegraph {
    size_t n_traps, n_room;
    struct trap *traps;
};

enum rs_status law_telegraph_create(size_t n_cells, struct law_telegraph **out, struct rs_error *err)
{
    struct law_telegraph *traps = memory_allocate(1, sizeof *traps, err);
    *out = NULL;
    if (traps == NULL)
        return RS_INTERNAL;
    traps->n_room = n_cells + 64;
    traps->traps = memory_allocate(traps->n_room, sizeof *traps->traps, err);
    if (traps->traps == NULL) {
        free(traps);
        return RS_INTERNAL;
    }
    *out = traps;
    return RS_OK;
}

void law_telegraph_destroy(struct law_telegraph *traps)
{
    if (traps == NULL)
        return;
    free(traps->traps);
    free(traps);
}

static double unit(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}

static unsigned count_traps(double mean, double u)
{
    double term = exp(-mean), sum = term;
    unsigned n = 0;
    while (u > sum && n < TRAPS_MAX) {
        n++;
        term *= mean / n;
        sum += term;
    }
    return n;
}

/* The four words of one trap of the trial. */
static void draw_trap(const struct random_key *key, const struct trap *trap, uint32_t words[4])
{
    struct random_key own = *key;
    own.purpose = RANDOM_TRAPS;
    own.write = 0;
    own.draw = 1 + trap->place;
    random_block(&own, trap->cell, words);
}

/* One block serves four traps of a cell at one read. */
static bool draw_state(const struct random_key *key, const struct trap *trap, double probability)
{
    uint32_t words[4];
    struct random_key own = *key;
    own.purpose = RANDOM_TELEGRAPH;
    own.draw = key->draw * (TRAPS_MAX / 4) + trap->place / 4;
    random_block(&own, trap->cell, words);
    return unit(words[trap->place % 4]) < probability;
}

static struct trap make_trap(const struct telegraph *p, const struct random_key *key, uint32_t cell,
                             uint32_t place, double g)
{
    struct trap trap = {.cell = cell, .place = place};
    uint32_t words[4];
    double span = log(p->rate_high / p->rate_low);
    draw_trap(key, &trap, words);
    double caught = p->rate_low * exp(span * unit(words[0])),
           released = p->rate_low * exp(span * unit(words[1]));
    double normal = sqrt(-2 * log(unit(words[2]))) * cos(2 * acos(-1.0) * unit(words[3]));
    double median = p->amplitude * pow(p->g_reference_siemens / fmax(g, 1e-30), p->exponent);
    trap.share = fmin(median * exp(p->amplitude_spread * normal), p->amplitude_max);
    trap.rate = caught + released;
    trap.occupied_ever = caught / trap.rate;
    struct random_key first = *key;
    first.draw = 0;
    trap.occupied = draw_state(&first, &trap, trap.occupied_ever);
    return trap;
}

static enum rs_status make_room(struct law_telegraph *traps, size_t n, struct rs_error *err)
{
    if (n <= traps->n_room)
        return RS_OK;
    struct trap *larger = realloc(traps->traps, 2 * n * sizeof *larger);
    if (larger == NULL)
        return rs_fail(err, RS_INTERNAL, "no memory for %zu traps", 2 * n);
    traps->traps = larger;
    traps->n_room = 2 * n;
    return RS_OK;
}

enum rs_status law_telegraph_start(struct law_telegraph *traps, const void *params,
                                   const struct random_key *key, size_t n_cells,
                                   const double *conductance_siemens, struct rs_error *err)
{
    const struct telegraph *p = params;
    struct random_key count = *key;
    double uniforms[LAW_CELLS];
    count.purpose = RANDOM_TRAPS;
    count.write = 0;
    count.draw = 0;
    traps->n_traps = 0;
    for (size_t first = 0; first < n_cells; first += LAW_CELLS) {
        size_t n = n_cells - first < LAW_CELLS ? n_cells - first : LAW_CELLS;
        random_uniforms_from(&count, first, n, uniforms);
        for (size_t i = 0; i < n; i++) {
            unsigned n_here = count_traps(p->traps_mean, uniforms[i]);
            enum rs_status status = make_room(traps, traps->n_traps + n_here, err);
            if (status != RS_OK)
                return status;
            for (unsigned k = 0; k < n_here; k++)
                traps->traps[traps->n_traps++] =
                    make_trap(p, key, (uint32_t)(first + i), k, conductance_siemens[first + i]);
        }
    }
    return RS_OK;
}

void law_telegraph_wait(struct law_telegraph *traps, const struct random_key *key, double seconds)
{
    for (size_t i = 0; i < traps->n_traps; i++) {
        struct trap *trap = &traps->traps[i];
        double left = exp(-trap->rate * seconds);
        double probability = trap->occupied_ever + ((trap->occupied ? 1 : 0) - trap->occupied_ever) * left;
        trap->occupied = draw_state(key, trap, probability);
    }
}

bool law_telegraph_is_silent(const void *params)
{
    const struct telegraph *p = params;
    return p->traps_mean == 0 || p->amplitude == 0 || p->amplitude_max == 0;
}

void law_telegraph_save(const struct law_telegraph *traps, unsigned char *bits)
{
    memset(bits, 0, (traps->n_traps + 7) / 8);
    for (size_t i = 0; i < traps->n_traps; i++)
        if (traps->traps[i].occupied)
            bits[i / 8] |= (unsigned char)(1 << i % 8);
}

void law_telegraph_resume(struct law_telegraph *traps, const struct random_key *key,
                          const unsigned char *bits, double seconds)
{
    struct random_key first = *key;
    first.draw = 0;
    for (size_t i = 0; i < traps->n_traps; i++)
        traps->traps[i].occupied = bits[i / 8] >> i % 8 & 1;
    law_telegraph_wait(traps, &first, seconds);
}

/* Mean occupation over a time T, from the state at its start. */
static double mean_state(const struct trap *trap, double seconds)
{
    double x = trap->rate * seconds, left = x > 1e-9 ? -expm1(-x) / x : 1;
    return trap->occupied_ever + ((trap->occupied ? 1 : 0) - trap->occupied_ever) * left;
}

void law_telegraph_read(const struct law_telegraph *traps, double scale, double read_seconds,
                        double *conductance_siemens)
{
    for (size_t i = 0; i < traps->n_traps; i++) {
        const struct trap *trap = &traps->traps[i];
        double lowered = scale * trap->share * mean_state(trap, read_seconds);
        conductance_siemens[trap->cell] *= lowered < 1 ? 1 - lowered : 0;
    }
}

void law_telegraph_average(const struct law_telegraph *traps, double scale, double *conductance_siemens)
{
    for (size_t i = 0; i < traps->n_traps; i++) {
        double lowered = scale * traps->traps[i].share * traps->traps[i].occupied_ever;
        conductance_siemens[traps->traps[i].cell] *= lowered < 1 ? 1 - lowered : 0;
    }
}

size_t law_telegraph_count(const struct law_telegraph *traps)
{
    return traps->n_traps;
}

const struct law law_telegraph = {
    .block = LAW_TELEGRAPH,
    .kind = "traps",
    .summary = "random telegraph noise of a Poisson number of traps per cell",
    .source = "two-state Markov chains; Ambrogio et al., IEEE TED 61 (2014)",
    .params = &table,
    .check = check,
};
