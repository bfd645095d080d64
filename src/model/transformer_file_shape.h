/* The shape of a transformer as attributes of a model file (transformer_file.h). */
#ifndef MODEL_TRANSFORMER_FILE_SHAPE_H
#define MODEL_TRANSFORMER_FILE_SHAPE_H

#include "io/store.h"
#include "model/transformer_shape.h"

/* Reads and checks it. RS_INPUT with the attribute, or with what contradicts what. */
enum rs_status transformer_file_shape_read(const struct store *store, struct transformer_shape *shape,
                                           struct rs_error *err) RS_MUST_CHECK;
enum rs_status transformer_file_shape_write(struct store *store, const struct transformer_shape *shape,
                                            struct rs_error *err) RS_MUST_CHECK;

#endif
