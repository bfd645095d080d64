/*
 * 1/f noise integrated from 1/t to 1/(2 t_read), in proportion to the state:
 * sigma = g Q(x) sqrt(ln((t + t_read) / (2 t_read))), x = conductance as written / g_reference. Q is
 * min(q / max(x^exponent, floor), highest), or a branch (law_branch.h).
 */
#include <math.h>

#include "devices/law_branch.h"
#include "devices/laws.h"

#define MEMBER(type, name) offsetof(struct type, name)
#define G_REFERENCE(type)                                                                                    \
    {                                                                                                        \
        .key = "g_reference", .kind = OPTION_REAL, .unit = QUANTITY_SIEMENS,                                 \
        .offset = MEMBER(type, g_reference_siemens), .high = 1, .flags = OPTION_LOW_OPEN,                    \
        .help = "written conductance at which x is 1"                                                        \
    }
#define T_READ(type)                                                                                         \
    {                                                                                                        \
        .key = "t_read", .kind = OPTION_REAL, .unit = QUANTITY_SECOND,                                       \
        .offset = MEMBER(type, t_read_seconds), .high = 1, .flags = OPTION_LOW_OPEN,                         \
        .help = "length of the read in the source's formula"                                                 \
    }

/* sqrt of the integral of 1/f over the band; read_seconds: of the law's source. */
static double band(const struct law_conditions *at, double read_seconds)
{
    double t_read = at->read_seconds > 0 ? at->read_seconds : read_seconds;
    return sqrt(fmax(0, log((at->time_seconds + t_read) / (2 * t_read))));
}

struct flicker_power {
    double g_reference_siemens, q, exponent, floor, highest, t_read_seconds;
};

#define NUMBER(name, member, most, what)                                                                     \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(flicker_power, member),    \
        .low = 0, .high = (most), .help = what                                                               \
    }
static const struct option power_options[] = {
    G_REFERENCE(flicker_power),
    NUMBER("q", q, 10, "Q at x = 1"),
    NUMBER("exponent", exponent, 10, "how fast Q falls with x"),
    NUMBER("floor", floor, 1, "x^exponent counts as at least that"),
    NUMBER("highest", highest, 10, "Q is at most that"),
    T_READ(flicker_power),
};
static const struct option_table power_table = {power_options, sizeof power_options / sizeof power_options[0],
                                                sizeof(struct flicker_power)};

static void power_moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                          double *shift_siemens, double *sigma_siemens)
{
    const struct flicker_power *p = params;
    double factor = band(at, p->t_read_seconds);
    for (size_t i = 0; i < cells->n; i++) {
        double x = cells->written_siemens[i] / p->g_reference_siemens;
        double q = fmin(p->q / fmax(pow(x, p->exponent), p->floor), p->highest);
        shift_siemens[i] = 0;
        sigma_siemens[i] = cells->conductance_siemens[i] * q * factor;
    }
}

static double power_read_seconds(const void *params)
{
    return ((const struct flicker_power *)params)->t_read_seconds;
}

const struct law law_flicker_power = {
    .block = LAW_FLICKER,
    .kind = "power",
    .summary = "1/f noise in proportion to the state, a power of it weaker for higher ones",
    .source = "form of aihwkit's PCM model (code)",
    .params = &power_table,
    .read_seconds = power_read_seconds,
    .moments = power_moments,
};

struct flicker_branch {
    double g_reference_siemens, t_read_seconds;
    struct law_branch q;
};

static const struct option branch_options[] = {
    G_REFERENCE(flicker_branch),
    LAW_BRANCH_OPTIONS("q", MEMBER(flicker_branch, q), "Q"),
    T_READ(flicker_branch),
};
static const struct option_table branch_table = {
    branch_options, sizeof branch_options / sizeof branch_options[0], sizeof(struct flicker_branch)};

static bool branch_check(const void *params, char *why, size_t why_size)
{
    return law_branch_check("q", &((const struct flicker_branch *)params)->q, why, why_size);
}

static void branch_moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                           double *shift_siemens, double *sigma_siemens)
{
    const struct flicker_branch *p = params;
    double factor = band(at, p->t_read_seconds);
    for (size_t i = 0; i < cells->n; i++) {
        double q = law_branch_evaluate(&p->q, cells->written_siemens[i] / p->g_reference_siemens);
        shift_siemens[i] = 0;
        sigma_siemens[i] = cells->conductance_siemens[i] * fmax(q, 0) * factor;
    }
}

static double branch_read_seconds(const void *params)
{
    return ((const struct flicker_branch *)params)->t_read_seconds;
}

const struct law law_flicker_branch = {
    .block = LAW_FLICKER,
    .kind = "branch",
    .summary = "1/f noise in proportion to the state, its strength a branch of the state",
    .source = "form of aihwkit's Hermes model (code)",
    .params = &branch_table,
    .check = branch_check,
    .read_seconds = branch_read_seconds,
    .moments = branch_moments,
};
