/* The block `write_verify` of a card: how cells are programmed pulse by pulse (write_verify.h). */
#include <math.h>
#include <stdio.h>

#include "devices/laws.h"
#include "devices/write_verify.h"

#define MEMBER(name) offsetof(struct write_verify, name)
#define VOLT(name, member, what)                                                                             \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_VOLT, .offset = MEMBER(member), .low = 0,         \
        .high = 100, .help = what                                                                            \
    }
#define SECOND(name, member, value, what)                                                                    \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_SECOND, .offset = MEMBER(member), .high = 1e9,    \
        .flags = OPTION_LOW_OPEN, .initial = value, .help = what                                             \
    }
#define COUNT(name, member, value, most, what)                                                               \
    {                                                                                                        \
        .key = name, .kind = OPTION_INTEGER, .offset = MEMBER(member), .low = 1, .high = (most),             \
        .initial = value, .help = what                                                                       \
    }
static const char *const directions[] = {"both", "set-only", "reset-only", NULL};
static const char *const unselected[] = {"none", "V/2", "V/3", NULL};
static const struct option options[] = {
    {.key = "tolerance",
     .kind = OPTION_EITHER,
     .unit = QUANTITY_RATIO,
     .other_unit = QUANTITY_SIEMENS,
     .offset = MEMBER(tolerance),
     .low = 0,
     .high = 1,
     .help = "half width of the acceptance window of a read, in parts of the target or in siemens"},
    {.key = "initial",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(initial_siemens),
     .low = 0,
     .high = 1,
     .help = "what every cell reads before its first pulse"},
    {.key = "directions",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(directions),
     .initial = "both",
     .choices = directions,
     .help =
         "which pulses there are; of one kind alone, cells stop at the near edge of the window or beyond it"},
    VOLT("set_start", set_start_volts, "first amplitude that raises the conductance"),
    VOLT("set_step", set_step_volts, "its growth per pulse"),
    VOLT("set_last", set_last_volts, "its largest"),
    VOLT("reset_start", reset_start_volts, "first amplitude that lowers it, a magnitude"),
    VOLT("reset_step", reset_step_volts, "its growth per pulse"),
    VOLT("reset_last", reset_last_volts, "its largest"),
    SECOND("width", width_seconds, NULL, "length of a pulse"),
    {.key = "r_series",
     .kind = OPTION_REAL,
     .unit = QUANTITY_OHM,
     .offset = MEMBER(r_series_ohm),
     .low = 0,
     .high = 1e9,
     .initial = "0",
     .help = "in series with each cell while it is pulsed: access device, driver, wires"},
    {.key = "v_read",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(read_volts),
     .high = 10,
     .flags = OPTION_LOW_OPEN,
     .initial = "0.1 V",
     .help = "voltage of a verify read"},
    SECOND("t_read", read_seconds, "100 ns", "length of a verify read"),
    COUNT("pulses_max", pulses_max, "100", 100000, "pulses of a cell in one round"),
    COUNT("reversals_max", reversals_max, "30", 100000, "changes of direction of a cell in one round"),
    COUNT("rounds", rounds, "1", 31, "rounds; between them the cells relax"),
    SECOND("round_wait", round_wait_seconds, "1 s", "time between rounds"),
    {.key = "unselected",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(unselected),
     .initial = "none",
     .choices = unselected,
     .help = "bias of the other lines: cells of the same row and column see this share of each pulse"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct write_verify)};

/* Amplitudes from the start of a direction to its last, as disturbance counts them. */
static bool few_levels(double start, double step, double last)
{
    return step <= 0 || (last - start) / step <= WRITE_VERIFY_LEVELS - 1 + 1e-9;
}

static bool check(const void *params, char *why, size_t why_size)
{
    const struct write_verify *p = params;
    const char *wrong = NULL;
    if (p->set_last_volts < p->set_start_volts || p->reset_last_volts < p->reset_start_volts)
        wrong = "a last amplitude lies below its start";
    else if (p->tolerance.value <= 0)
        wrong = "a tolerance above 0 expected";
    else if (p->unselected != WRITE_VERIFY_NONE &&
             !(few_levels(p->set_start_volts, p->set_step_volts, p->set_last_volts) &&
               few_levels(p->reset_start_volts, p->reset_step_volts, p->reset_last_volts)))
        wrong = "with unselected lines biased, at most 64 amplitudes of a direction expected";
    if (wrong != NULL)
        snprintf(why, why_size, "%s", wrong);
    return wrong == NULL;
}

static double read_seconds(const void *params)
{
    return ((const struct write_verify *)params)->read_seconds;
}

const struct law law_write_verify = {
    .block = LAW_WRITE_VERIFY,
    .kind = "incremental",
    .summary = "pulses of growing amplitude, each followed by a read",
    .source = "incremental-step pulse programming with verify",
    .params = &table,
    .check = check,
    .read_seconds = read_seconds,
};
