/*
 * The models compiled into the program (embedded/README.md says how each is remade): MemN2N on generated
 * stories of all three kinds, a language model on the King James Bible, a vision transformer on digits.
 */
#ifndef MODEL_MODEL_EMBEDDED_H
#define MODEL_MODEL_EMBEDDED_H

#include "io/store.h"

enum model_embedded { MODEL_EMBEDDED_STORIES, MODEL_EMBEDDED_TEXT, MODEL_EMBEDDED_DIGITS };

/* Opens one, for model_file_read (stories) or transformer_file_read (the others); the caller closes it.
 * Messages name it "embedded stories model" and so on. */
enum rs_status model_embedded_open(enum model_embedded which, struct store **out,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
