/*
 * The model compiled into the program: MemN2N on generated stories of all three kinds (embedded/README.md
 * says how it is remade).
 */
#ifndef MODEL_MODEL_EMBEDDED_H
#define MODEL_MODEL_EMBEDDED_H

#include "io/store.h"

/* Opens it for model_file_read; the caller closes it. Messages name it "embedded stories model". */
enum rs_status model_embedded_open(struct store **out, struct rs_error *err) RS_MUST_CHECK;

#endif
