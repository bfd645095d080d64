/* Saved samples of a result: decisions and conductances of one point, first trial (group `samples`). */
#ifndef REPORT_SAMPLES_H
#define REPORT_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "report/result.h"

/* Decisions about the visible pairs of one point, first trial. */
struct samples_margins {
    size_t n_pairs;
    double *exact_score, *analog_score, *threshold; /* [n_pairs] */
    uint8_t *kept;                                  /* [n_pairs] */
};

/* Conductances of one point, first trial. */
struct samples_arrays {
    size_t n_arrays, n_rows, n_columns;
    double *target_siemens, *read_siemens; /* [n_arrays][n_rows][n_columns] */
};

/*
 * The point whose value on knob i is index[i]. Absent samples leave `n_pairs` or `n_arrays` at 0; shapes that
 * disagree are RS_INPUT. To be freed by the clear functions; after a failure there is nothing to free.
 */
enum rs_status samples_read_margins(const struct result *result, const size_t index[RESULT_KNOBS_MAX],
                                    struct samples_margins *margins, struct rs_error *err) RS_MUST_CHECK;
enum rs_status samples_read_arrays(const struct result *result, const size_t index[RESULT_KNOBS_MAX],
                                   struct samples_arrays *arrays, struct rs_error *err) RS_MUST_CHECK;
void samples_clear_margins(struct samples_margins *margins);
void samples_clear_arrays(struct samples_arrays *arrays);

#endif
