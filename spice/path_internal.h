/* Shared by the files that write a path's deck. */
#ifndef SPICE_PATH_INTERNAL_H
#define SPICE_PATH_INTERNAL_H

#include "spice/latch_file.h"
#include "spice/path.h"

struct path_writer {
    const struct path *path;
    const struct path_options *options;
    const struct reference_options *reference;
    struct path_times times;
    size_t n_slots;
    struct latch_file latch, models; /* of a user's own; of the latter only path and digest */
    const double *mismatch_volts;
    struct text *deck;
};

/* What slot j is compared with in query v. */
double path_sense_threshold(const struct path_writer *writer, size_t v, size_t j);
/* " dc X" or " pwl(...)": what value(writer, v, i) is in each query. */
void path_sense_write_wave(const struct path_writer *writer,
                           double (*value)(const struct path_writer *, size_t v, size_t i), size_t i);
/* Sense paths, references and latch inputs pJ, nJ. */
void path_sense_write(struct path_writer *writer);
/* The analysis and what it prints. */
void path_print_write(struct path_writer *writer);

#endif
