/* A model's config.json as Hugging Face writes it, as far as it says what is computed. */
#ifndef MODEL_IMPORT_CONFIG_H
#define MODEL_IMPORT_CONFIG_H

#include "model/import_family.h"
#include "rescore/status.h"

/*
 * Reads it. RS_IO when it cannot be read; RS_INPUT with "FILE:LINE:COLUMN: error: 'FIELD': ..." for a field
 * that is missing, out of bounds, or asks for what is not computed here (rope_scaling, other activations or
 * positions ...).
 */
enum rs_status import_config_read(const char *path, struct import_config *out,
                                  struct rs_error *err) RS_MUST_CHECK;

#endif
