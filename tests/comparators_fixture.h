/* One layer with comparators, for tests: two heads on shared keys, small arrays with wires, an ideal device.
 */
#ifndef TESTS_COMPARATORS_FIXTURE_H
#define TESTS_COMPARATORS_FIXTURE_H

#include "attention/attention.h"
#include "attention_fixture.h"

enum { D = 12, N = 10, HEADS = 2, READS = N * HEADS };

/* 10 x 9 cells, r_sense 800 ohm: two stacks, three tiles of 4 keys. */
void comparators_fixture_init(struct attention_fixture *f);

/* One write; margins of pair (read, key) in units of sum(q_msb k_msb), as compared with the threshold. */
struct outcome {
    double values[READS][N], threshold[HEADS];
    bool bits[READS][N];
    struct attention_counts counts[HEADS];
    struct delays delays;
};

/* Runs one write of sample 5. */
void comparators_fixture_run(const struct attention_fixture *f, uint32_t trial, struct outcome *out);

/* Sets options given as key, value, ..., NULL; thresholds of 3 and 1.5 scores. */
void comparators_fixture_settle(struct attention_fixture *f, const char *const *options);

/* All of these for trial 2. */
void comparators_fixture_run_with(const char *const *options, struct outcome *out);

/* Random codes, key_msb [N][D] and query_msb [READS][D], of a write that comparators_fixture_read reads. */
struct bank_job comparators_fixture_job(int16_t *key_msb, int16_t *query_msb);

/* Others than signals may be NULL. */
void comparators_fixture_read(const struct attention_fixture *f, const struct bank_job *job, double *signals,
                              double *minus, double *source_ohm, double *reference_ratio);

#endif
