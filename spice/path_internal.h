/* Shared by the files that write a path's deck. */
#ifndef SPICE_PATH_INTERNAL_H
#define SPICE_PATH_INTERNAL_H

#include "spice/latch.h"
#include "spice/path.h"

enum { PATH_NODE_SIZE = 32 };

struct path_writer {
    const struct path *path;
    const struct path_options *options;
    const struct reference_options *reference;
    struct path_times times;
    size_t n_slots;
    struct latch latch;
    const double *mismatch_volts;
    struct text *deck;
};

/* What slot j is compared with in query v. */
double path_sense_threshold(const struct path_writer *writer, size_t v, size_t j);
/* Whether the sense resistance is the sense path's, not the array's. */
bool path_sense_is_outside(const struct path_plan *plan);
/* Whether slot J's own reference is a source of volts, vrefJ, in series with the latch's input (else of
 * amperes, irefJ), and its volts per ampere of threshold. */
bool path_sense_is_series(const struct path_plan *plan);
double path_sense_reference_ohm(const struct path *path, size_t j);
/* " dc X" or " pwl(...)": what value(writer, v, i) is in each query. */
void path_sense_write_wave(const struct path_writer *writer,
                           double (*value)(const struct path_writer *, size_t v, size_t i), size_t i);
/* Sense paths, references and latch inputs pJ, nJ. */
void path_sense_write(struct path_writer *writer);
/* The analysis and what it prints. */
void path_print_write(struct path_writer *writer);
/* What a transient's command ends with. Cells that follow their inputs have gates that nothing else holds,
 * whose operating point Newton's method may miss: they begin at rest and settle within the first query. */
const char *path_print_start(const struct path_plan *plan);
/* The analysis alone, as one command. */
void path_print_write_transient(const struct path *path, struct text *commands);

#endif
