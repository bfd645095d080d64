/*
 * The one subject of all transformers, and what opens them: one function per kind of workload (in a
 * subject_NAME.c) and a line in subject_transformer.c.
 */
#ifndef EXPERIMENT_SUBJECT_TRANSFORMER_H
#define EXPERIMENT_SUBJECT_TRANSFORMER_H

#include "experiment/config.h"
#include "model/transformer_file.h"

/*
 * Fills model, calibration and test of a `file` that is {0}, and, where its files hold them, the vocabulary,
 * the thresholds and the three code_max arrays; code_max_query left NULL: they are measured on the
 * calibration items. The subject packs the model. RS_INPUT with the key or the file; the caller then clears
 * what there is.
 */
typedef enum rs_status subject_transformer_opener(const struct config *config, struct transformer_file *file,
                                                  struct rs_error *err);

subject_transformer_opener subject_transformer_open_llama2c;     /* subject_llama2c.c */
subject_transformer_opener subject_transformer_open_safetensors; /* subject_safetensors.c */

#endif
