#include "model/transformer_file_shape.h"

#include <stdlib.h>
#include <string.h>

enum { SIZES = 14, FLAGS = 7, CHOICES = 7, WORDS_MAX = 3 };

static const char *const size_names[SIZES] = {
    "n_layers",    "d",          "n_heads",   "n_kv_heads", "d_head", "d_hidden", "n_words",
    "n_positions", "n_segments", "n_classes", "n_channels", "height", "width",    "patch"};
static const char *const flag_names[FLAGS] = {"bias",   "norm_embedding", "norm_last",  "class_token",
                                              "pooler", "tied",           "output_bias"};

/* The words of a choice, in the order of its enumeration. */
static const struct choice {
    const char *name, *words[WORDS_MAX];
} choices[CHOICES] = {{"answers", {"words", "classes"}},
                      {"input", {"words", "patches"}},
                      {"positions", {"learned", "rotary-pairs", "rotary-halves"}},
                      {"norm", {"layer", "rms"}},
                      {"order", {"first", "after"}},
                      {"activation", {"gelu-tanh", "gelu-erf", "swiglu"}},
                      {"pool", {"first", "mean"}}};

/* A shape's members in the order of the names. */
struct members {
    size_t sizes[SIZES], choices[CHOICES];
    bool flags[FLAGS];
};

static struct members take_apart(const struct transformer_shape *s)
{
    return (struct members){
        {s->n_layers, s->d, s->n_heads, s->n_kv_heads, s->d_head, s->d_hidden, s->n_words, s->n_positions,
         s->n_segments, s->n_classes, s->n_channels, s->height, s->width, s->patch},
        {(size_t)s->task, (size_t)s->input, (size_t)s->positions, (size_t)s->norm, (size_t)s->order,
         (size_t)s->activation, (size_t)s->pool},
        {s->bias, s->norm_embedding, s->norm_last, s->class_token, s->pooler, s->tied, s->output_bias}};
}

static struct transformer_shape put_together(const struct members *m)
{
    return (struct transformer_shape){.task = (enum transformer_task)m->choices[0],
                                      .input = (enum transformer_input)m->choices[1],
                                      .n_layers = m->sizes[0],
                                      .d = m->sizes[1],
                                      .n_heads = m->sizes[2],
                                      .n_kv_heads = m->sizes[3],
                                      .d_head = m->sizes[4],
                                      .d_hidden = m->sizes[5],
                                      .n_words = m->sizes[6],
                                      .n_positions = m->sizes[7],
                                      .n_segments = m->sizes[8],
                                      .n_classes = m->sizes[9],
                                      .n_channels = m->sizes[10],
                                      .height = m->sizes[11],
                                      .width = m->sizes[12],
                                      .patch = m->sizes[13],
                                      .positions = (enum transformer_positions)m->choices[2],
                                      .norm = (enum transformer_norm)m->choices[3],
                                      .order = (enum transformer_order)m->choices[4],
                                      .activation = (enum transformer_activation)m->choices[5],
                                      .pool = (enum transformer_pool)m->choices[6],
                                      .bias = m->flags[0],
                                      .norm_embedding = m->flags[1],
                                      .norm_last = m->flags[2],
                                      .class_token = m->flags[3],
                                      .pooler = m->flags[4],
                                      .tied = m->flags[5],
                                      .output_bias = m->flags[6]};
}

static enum rs_status read_size(const struct store *store, const char *name, double high, size_t *size,
                                struct rs_error *err)
{
    double value = 0;
    enum rs_status status = store_read_integer(store, name, 0, high, &value, err);
    *size = (size_t)value;
    return status;
}

static enum rs_status read_choice(const struct store *store, const struct choice *choice, size_t *index,
                                  struct rs_error *err)
{
    char *text = NULL;
    enum rs_status status = store_read_text(store, "/", choice->name, &text, err);
    if (status != RS_OK)
        return status;
    *index = WORDS_MAX;
    for (size_t i = 0; i < WORDS_MAX; i++)
        if (choice->words[i] != NULL && strcmp(choice->words[i], text) == 0)
            *index = i;
    if (*index == WORDS_MAX)
        status =
            rs_fail(err, RS_INPUT, "%s:/@%s: error: '%.60s' found, %s, %s%s%s expected", store_path(store),
                    choice->name, text, choice->words[0], choice->words[1],
                    choice->words[2] != NULL ? " or " : "", choice->words[2] != NULL ? choice->words[2] : "");
    free(text);
    return status;
}

enum rs_status transformer_file_shape_read(const struct store *store, struct transformer_shape *shape,
                                           struct rs_error *err)
{
    struct members members = {0};
    enum rs_status status = RS_OK;
    for (int i = 0; i < SIZES && status == RS_OK; i++)
        status = read_size(store, size_names[i], TRANSFORMER_WEIGHTS_MAX, &members.sizes[i], err);
    for (int i = 0; i < FLAGS && status == RS_OK; i++) {
        size_t flag = 0;
        status = read_size(store, flag_names[i], 1, &flag, err);
        members.flags[i] = flag;
    }
    for (int i = 0; i < CHOICES && status == RS_OK; i++)
        status = read_choice(store, &choices[i], &members.choices[i], err);
    if (status != RS_OK)
        return status;
    *shape = put_together(&members);
    status = store_read_number(store, "/", "norm_epsilon", &shape->norm_epsilon, err);
    if (status == RS_OK)
        status = store_read_number(store, "/", "rotary_base", &shape->rotary_base, err);
    struct rs_error why = {{0}};
    if (status == RS_OK && transformer_shape_check(shape, &why) != RS_OK)
        status = rs_fail(err, RS_INPUT, "%s: error: %s", store_path(store), why.text);
    return status;
}

enum rs_status transformer_file_shape_write(struct store *store, const struct transformer_shape *shape,
                                            struct rs_error *err)
{
    const struct members members = take_apart(shape);
    enum rs_status status = RS_OK;
    for (int i = 0; i < SIZES && status == RS_OK; i++)
        status = store_write_integer(store, "/", size_names[i], (long long)members.sizes[i], err);
    for (int i = 0; i < FLAGS && status == RS_OK; i++)
        status = store_write_integer(store, "/", flag_names[i], members.flags[i], err);
    for (int i = 0; i < CHOICES && status == RS_OK; i++)
        status = store_write_text(store, "/", choices[i].name, choices[i].words[members.choices[i]], err);
    if (status == RS_OK)
        status = store_write_number(store, "/", "norm_epsilon", shape->norm_epsilon, err);
    return status == RS_OK ? store_write_number(store, "/", "rotary_base", shape->rotary_base, err) : status;
}
