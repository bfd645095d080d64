/*
 * Incremental-pulse write-verify: each cell is read, pulsed towards its target, read again, until a read lies
 * within the tolerance or a limit is reached. Amplitudes grow by a step from pulse to pulse of one direction
 * and start anew when the direction changes (back-off), or never change direction (one-sided). Verify reads
 * carry the card's white noise and telegraph noise, so cells stop where their noise helped.
 */
#ifndef DEVICES_WRITE_VERIFY_H
#define DEVICES_WRITE_VERIFY_H

#include "devices/law.h"
#include "devices/law_endurance.h"
#include "devices/law_telegraph.h"
#include "devices/pulse.h"

enum write_verify_directions { WRITE_VERIFY_BOTH, WRITE_VERIFY_SET_ONLY, WRITE_VERIFY_RESET_ONLY };
enum write_verify_unselected { WRITE_VERIFY_NONE, WRITE_VERIFY_HALF, WRITE_VERIFY_THIRD };

/* The block `write_verify` of a card. */
struct write_verify {
    struct option_either tolerance; /* of a read, in parts of the target or in siemens */
    double initial_siemens;         /* what every cell starts from */
    int directions;                 /* enum write_verify_directions */
    double set_start_volts, set_step_volts, set_last_volts;
    double reset_start_volts, reset_step_volts, reset_last_volts; /* magnitudes */
    double width_seconds, r_series_ohm, read_volts, read_seconds;
    int64_t pulses_max, reversals_max, rounds;
    double round_wait_seconds; /* between rounds */
    int unselected;            /* enum write_verify_unselected */
};

/* What a card gives, and one round of one array asks for. */
struct write_verify_job {
    const struct write_verify *how;
    const struct law *pulse;
    const void *pulse_params;
    const struct law *read_noise; /* NULL: none */
    const void *read_noise_params;
    double read_noise_scale;
    struct law_telegraph *traps; /* NULL: none; started for this write */
    double traps_scale;
    const void *endurance_params; /* of law_endurance.h, where cells wear */
    const struct law_conditions *at;
    double cycles_per_pulse; /* what a pulse takes from cycles_left */
    struct random_key key;   /* of the write; draw is the round */
    size_t n_rows, n_columns;
    const double *target_siemens; /* [n_rows][n_columns] */
};

/* Per cell, [n_rows][n_columns] each, the caller's; counts are added to. */
struct write_verify_cells {
    struct pulse_cell *own; /* drawn by write_verify_begin */
    struct pulse_state *state;
    double *conductance_siemens; /* what a read without noise gives now */
    int32_t *pulses, *reversals;
    double *energy_joules;
    unsigned char *failed; /* 1: a limit was reached */
    unsigned char *frozen; /* 1: answers no pulse, from the start or since it is worn out */
    double *cycles_left;   /* NAN: cells do not wear */
};

/* Each cell's own figures, and states that read conductance_siemens (as far as a cell can take it), written
 * back to it but for frozen cells. */
void write_verify_begin(const struct write_verify_job *job, const struct write_verify_cells *cells);

/*
 * One round: every cell that does not read within its tolerance is programmed. A cell fails when it has had
 * pulses_max pulses or reversals_max reversals in this round, its amplitude is at its last with 8 pulses more
 * changing nothing, or its model cannot be integrated. A pulse that a cell has no cycles left for freezes it.
 * Then the disturbance of unselected cells, if the job asks for it: by the pulses that cells of the same row
 * and column got after a cell's own. RS_INTERNAL when memory is short.
 */
enum rs_status write_verify_run(const struct write_verify_job *job, const struct write_verify_cells *cells,
                                struct rs_error *err) RS_MUST_CHECK;

/* --- between the parts of write_verify --- */

/* A pulse's amplitude as a count of steps from the start of its direction. */
enum { WRITE_VERIFY_LEVELS = 64 };

/* Pulses that a cell got, by direction (0 set, 1 reset) and amplitude. */
struct write_verify_exposure {
    uint32_t count[2][WRITE_VERIFY_LEVELS];
};

void write_verify_expose(const struct write_verify *how, struct write_verify_exposure *given, double volts);

/* What the pulses given [n_rows][n_columns] do to the other cells. */
enum rs_status write_verify_disturb(const struct write_verify_job *job,
                                    const struct write_verify_cells *cells,
                                    const struct write_verify_exposure *given,
                                    struct rs_error *err) RS_MUST_CHECK;

#endif
