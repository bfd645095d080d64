/*
 * The families of models that are imported, as tables: what their config.json says, by Hugging Face's names,
 * and where each of their tensors goes.
 */
#ifndef MODEL_IMPORT_FAMILY_H
#define MODEL_IMPORT_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/transformer_shape.h"

/* What config.json says; members are filled through the offsets of the fields below. */
struct import_config {
    const struct import_family *family;
    struct transformer_shape shape; /* n_classes is 0 where there are some: the tensors say how many */
    size_t window;                  /* keys that a token sees, at most; 0: all */
    size_t n_labels;                /* named labels; 0: none */
    size_t image[2], patch[2];      /* height and width */
    bool biases[3];                 /* by enum import_bias */
};

enum import_bias { IMPORT_BIAS_QKV, IMPORT_BIAS_OUT, IMPORT_BIAS_HIDDEN };

enum import_field_kind {
    IMPORT_SIZE,       /* size_t: a whole number from 1 */
    IMPORT_SIDES,      /* size_t [2]: a size, or a list of two */
    IMPORT_REAL,       /* double, above 0 */
    IMPORT_FLAG,       /* bool */
    IMPORT_ACTIVATION, /* enum transformer_activation: a kind of GELU */
    IMPORT_EXPECT      /* nothing: what it must be where it stands */
};

/* null counts as absent. */
struct import_field {
    const char *name;
    enum import_field_kind kind;
    size_t offset;        /* in struct import_config */
    bool required;        /* else what struct import_config holds stays: the family's, or 0 */
    const char *expected; /* of IMPORT_EXPECT, as json_describe says it */
};

enum import_form {
    IMPORT_VECTOR, /* [columns] */
    IMPORT_PLAIN,  /* [rows][columns] */
    IMPORT_TURNED, /* [columns][rows], as torch's Linear */
    IMPORT_STACK,  /* [1][rows][columns] */
    IMPORT_FILTERS /* [columns][channel][patch][patch], as torch's Conv2d */
};

/* Which of the place's columns or rows a tensor fills. */
enum import_part {
    IMPORT_WHOLE,
    IMPORT_QUERY,
    IMPORT_KEY,
    IMPORT_VALUE,
    IMPORT_GATE,
    IMPORT_UP,    /* what the gate multiplies */
    IMPORT_SECOND /* the second row: a layer norm's bias */
};

struct import_row {
    const char *name; /* '#': the number of the layer */
    enum transformer_weights kind;
    enum import_part part;
    enum import_form form;
    int bias;     /* of enum import_bias: left 0 where the model lacks it; -1: always there */
    bool outside; /* never has the family's prefix */
};

struct import_family {
    const char *name, *prefix; /* all names begin with the prefix, or none does */
    struct transformer_shape shape;
    bool biases[3]; /* where no field says it */
    const struct import_field *fields;
    size_t n_fields;
    const struct import_row *rows;
    size_t n_rows;
    const char
        *twin; /* where the output is tied, a copy of the words under this name is allowed; NULL: none */
    const char *const *ignored; /* names of no weights, after the prefix; ends with NULL */
    const char *const *old;     /* pairs: the end of a name, and how it was once written; ends with NULL */
};

/* The family of that model_type, or NULL. */
const struct import_family *import_family_find(const char *model_type);
/* "gpt2, bert, ..." */
#define IMPORT_FAMILY_NAMES "gpt2, bert, vit or llama"

#endif
