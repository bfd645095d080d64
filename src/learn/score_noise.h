/*
 * The array's noise as training draws it: the decision signals of one attention head, as the comparators of a
 * run with the same configuration would see them, in score units. docs/noise_aware.md has the equations.
 *
 *     U_ij  = sum_r D(q_ir) a_r(j) Y(k_jr)      Y(c) = sum over slices w (G+ - G-) / g_lsb, of MSB code c
 *     score = unit (U_ij - offset_j - z_ij)     z_ij ~ N(0, read noise + comparator.noise)
 *
 * Each Y is normal with the mean and variance that cells programmed to c have when they are read: found once
 * per conductance level from cells that the device writes, whatever its laws (programming, spreads,
 * relaxation, stuck cells, 1/f and telegraph noise at device.time). It is drawn once per sample, element and
 * key, so that queries meet the same cells. D is the drive, bent where cells bend; a the share of a cell's
 * current that wires leave, in an array of keys at a quarter of full scale. Offsets are one per key and
 * sample.
 *
 * Left out: what else wires do to cells of other keys, ageing between the first and the last read, and of
 * comparators branch errors, common mode, swing, kickback, hysteresis, time, and errors of bias rows and
 * replicas.
 */
#ifndef LEARN_SCORE_NOISE_H
#define LEARN_SCORE_NOISE_H

#include "attention/setup.h"

struct score_noise;

/* `setup` must outlive the noise; its ranges may change between calls. RS_INPUT where the device refuses a
 * level; RS_INTERNAL without memory. */
enum rs_status score_noise_create(const struct attention_setup *setup, struct score_noise **out,
                                  struct rs_error *err) RS_MUST_CHECK;
void score_noise_destroy(struct score_noise *noise);

/* Work of one thread, for samples of up to shape.n_queries_max and n_keys_max. */
struct score_noise_room;
enum rs_status score_noise_room_create(const struct score_noise *noise, struct score_noise_room **out,
                                       struct rs_error *err) RS_MUST_CHECK;
void score_noise_room_destroy(struct score_noise_room *room);

/* Queries of one head and the keys they meet, as a model holds them: rows `stride` elements apart. */
struct score_noise_call {
    int layer, head; /* query head */
    size_t n_queries, n_keys;
    const float *queries, *keys;
    size_t query_stride, key_stride;
};

/* mean, variance [n_queries][n_keys] of the signals. */
void score_noise_moments(const struct score_noise *noise, struct score_noise_room *room,
                         const struct score_noise_call *call, double *mean, double *variance);

/* signals [n_queries][n_keys], rows `stride` apart; key: seed, trial = step and write = sample. Equal keys
 * give equal signals. */
void score_noise_draw(const struct score_noise *noise, struct score_noise_room *room,
                      const struct score_noise_call *call, const struct random_key *key, float *signals,
                      size_t stride);

#endif
