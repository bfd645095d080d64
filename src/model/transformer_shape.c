#include "model/transformer_shape.h"

#include "base/require.h"

static const struct {
    const char *name;
    bool per_layer;
} kinds[TRANSFORMER_N_WEIGHTS] = {
#define KIND(kind, name, per_layer) {name, per_layer},
    TRANSFORMER_WEIGHTS(KIND)
#undef KIND
};

struct bounds {
    const char *name;
    size_t value, low, high;
};

static enum rs_status check_bounds(const struct bounds *members, size_t n, struct rs_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (members[i].value < members[i].low || members[i].value > members[i].high)
            return rs_fail(err, RS_INPUT, "%s = %zu found in a transformer, %zu to %zu expected",
                           members[i].name, members[i].value, members[i].low, members[i].high);
    return RS_OK;
}

static enum rs_status check_sizes(const struct transformer_shape *shape, struct rs_error *err)
{
    bool words = shape->input == TRANSFORMER_WORDS, classes = shape->task == TRANSFORMER_CLASSES;
    size_t one_word = words, one_pixel = !words;
    const struct bounds members[] = {
        {"n_layers", shape->n_layers, 1, TRANSFORMER_LAYERS_MAX},
        {"d", shape->d, 1, TRANSFORMER_WIDTH_MAX},
        {"n_heads", shape->n_heads, 1, TRANSFORMER_HEADS_MAX},
        {"n_kv_heads", shape->n_kv_heads, 1, shape->n_heads},
        {"d_head", shape->d_head, 1, TRANSFORMER_WIDTH_MAX},
        {"d_hidden", shape->d_hidden, 1, TRANSFORMER_WIDTH_MAX},
        {"n_words", shape->n_words, one_word, one_word * TRANSFORMER_WORDS_MAX},
        {"n_positions", shape->n_positions, 1, TRANSFORMER_POSITIONS_MAX},
        {"n_segments", shape->n_segments, 0, one_word * TRANSFORMER_SEGMENTS_MAX},
        {"n_classes", shape->n_classes, classes, classes ? TRANSFORMER_CLASSES_MAX : 0},
        {"n_channels", shape->n_channels, one_pixel, one_pixel * TRANSFORMER_CHANNELS_MAX},
        {"height", shape->height, one_pixel, one_pixel * TRANSFORMER_SIDE_MAX},
        {"width", shape->width, one_pixel, one_pixel * TRANSFORMER_SIDE_MAX},
        {"patch", shape->patch, one_pixel, one_pixel * TRANSFORMER_SIDE_MAX},
    };
    enum rs_status status = check_bounds(members, sizeof members / sizeof members[0], err);
    const struct bounds products[] = {
        {"n_heads x d_head", shape->n_heads * shape->d_head, 1, TRANSFORMER_WIDTH_MAX}};
    return status == RS_OK ? check_bounds(products, 1, err) : status;
}

/* Enumerations that a file could spoil. */
static enum rs_status check_choices(const struct transformer_shape *shape, struct rs_error *err)
{
    const struct bounds members[] = {
        {"task", (size_t)shape->task, 0, TRANSFORMER_CLASSES},
        {"input", (size_t)shape->input, 0, TRANSFORMER_PATCHES},
        {"positions", (size_t)shape->positions, 0, TRANSFORMER_POSITIONS_ROTARY_HALVES},
        {"norm", (size_t)shape->norm, 0, TRANSFORMER_NORM_RMS},
        {"order", (size_t)shape->order, 0, TRANSFORMER_NORM_AFTER},
        {"activation", (size_t)shape->activation, 0, TRANSFORMER_SWIGLU},
        {"pool", (size_t)shape->pool, 0, TRANSFORMER_POOL_MEAN},
    };
    return check_bounds(members, sizeof members / sizeof members[0], err);
}

static enum rs_status check_pairs(const struct transformer_shape *shape, struct rs_error *err)
{
    bool words = shape->input == TRANSFORMER_WORDS, classes = shape->task == TRANSFORMER_CLASSES;
    bool learned = shape->positions == TRANSFORMER_POSITIONS_LEARNED;
    size_t n_tokens = transformer_shape_n_patches(shape) + shape->class_token;
    const struct {
        bool wrong;
        const char *expected;
    } rules[] = {
        {shape->n_heads % shape->n_kv_heads != 0, "n_kv_heads that divides n_heads"},
        {!words && !classes, "words in a language model"},
        {!words && (shape->height % shape->patch != 0 || shape->width % shape->patch != 0),
         "a patch that divides height and width"},
        {!words && shape->n_positions != n_tokens, "n_positions = number of patches and class token"},
        {words && shape->class_token, "a class token only before patches"},
        {!learned && shape->d_head % 2 != 0, "an even d_head with rotary positions"},
        {!learned && !(shape->rotary_base >= 1 && shape->rotary_base <= 1e12), "rotary_base from 1 to 1e12"},
        {!(shape->norm_epsilon >= 1e-14 && shape->norm_epsilon <= 1), "norm_epsilon from 1e-14 to 1"},
        {classes && shape->tied, "a tied output only in a language model"},
        {!classes && shape->pooler, "a pooler only of classes"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].wrong)
            return rs_fail(err, RS_INPUT, "parts of a transformer contradict each other: %s expected",
                           rules[i].expected);
    return RS_OK;
}

enum rs_status transformer_shape_check(const struct transformer_shape *shape, struct rs_error *err)
{
    enum rs_status status = check_choices(shape, err);
    if (status == RS_OK)
        status = check_sizes(shape, err);
    if (status == RS_OK)
        status = check_pairs(shape, err);
    if (status != RS_OK)
        return status;
    size_t n_weights = transformer_shape_layout(shape).n_weights;
    if (n_weights > TRANSFORMER_WEIGHTS_MAX)
        return rs_fail(err, RS_INPUT, "%zu weights found in a transformer, at most %d expected", n_weights,
                       TRANSFORMER_WEIGHTS_MAX);
    return RS_OK;
}

size_t transformer_shape_n_patches(const struct transformer_shape *shape)
{
    return shape->input == TRANSFORMER_WORDS ? 0
                                             : shape->height / shape->patch * (shape->width / shape->patch);
}

size_t transformer_shape_patch_size(const struct transformer_shape *shape)
{
    return shape->n_channels * shape->patch * shape->patch;
}

size_t transformer_shape_pixel(const struct transformer_shape *shape, size_t i_patch, size_t i_input)
{
    size_t p = shape->patch, across = shape->width / p;
    size_t channel = i_input / (p * p), row = i_input / p % p, column = i_input % p;
    return (channel * shape->height + i_patch / across * p + row) * shape->width + i_patch % across * p +
           column;
}

size_t transformer_shape_n_answers(const struct transformer_shape *shape)
{
    return shape->task == TRANSFORMER_LANGUAGE ? shape->n_words : shape->n_classes;
}

size_t transformer_shape_qkv(const struct transformer_shape *shape)
{
    return (shape->n_heads + 2 * shape->n_kv_heads) * shape->d_head;
}

size_t transformer_shape_hidden(const struct transformer_shape *shape)
{
    return (shape->activation == TRANSFORMER_SWIGLU ? 2 : 1) * shape->d_hidden;
}

struct transformer_layout transformer_shape_layout(const struct transformer_shape *shape)
{
    size_t d = shape->d, qkv = transformer_shape_qkv(shape), hidden = transformer_shape_hidden(shape);
    size_t norm = shape->norm == TRANSFORMER_NORM_LAYER ? 2 : 1,
           n_answers = transformer_shape_n_answers(shape);
    bool words = shape->input == TRANSFORMER_WORDS;
    const struct {
        size_t n_rows, n_columns;
    } sizes[TRANSFORMER_N_WEIGHTS] = {
        [TRANSFORMER_WORD] = {words ? shape->n_words : 0, d},
        [TRANSFORMER_POSITION] = {shape->positions == TRANSFORMER_POSITIONS_LEARNED ? shape->n_positions : 0,
                                  d},
        [TRANSFORMER_SEGMENT] = {shape->n_segments, d},
        [TRANSFORMER_CLASS_TOKEN] = {shape->class_token, d},
        [TRANSFORMER_PATCH] = {words ? 0 : transformer_shape_patch_size(shape), d},
        [TRANSFORMER_PATCH_BIAS] = {!words, d},
        [TRANSFORMER_NORM_EMBEDDING] = {shape->norm_embedding ? norm : 0, d},
        [TRANSFORMER_NORM_ATTENTION] = {norm, d},
        [TRANSFORMER_QKV] = {d, qkv},
        [TRANSFORMER_QKV_BIAS] = {shape->bias, qkv},
        [TRANSFORMER_ATTENTION_OUT] = {shape->n_heads * shape->d_head, d},
        [TRANSFORMER_ATTENTION_OUT_BIAS] = {shape->bias, d},
        [TRANSFORMER_NORM_HIDDEN] = {norm, d},
        [TRANSFORMER_HIDDEN] = {d, hidden},
        [TRANSFORMER_HIDDEN_BIAS] = {shape->bias, hidden},
        [TRANSFORMER_HIDDEN_OUT] = {shape->d_hidden, d},
        [TRANSFORMER_HIDDEN_OUT_BIAS] = {shape->bias, d},
        [TRANSFORMER_NORM_LAST] = {shape->norm_last ? norm : 0, d},
        [TRANSFORMER_POOLER] = {shape->pooler ? d : 0, d},
        [TRANSFORMER_POOLER_BIAS] = {shape->pooler, d},
        [TRANSFORMER_OUTPUT] = {shape->tied ? 0 : d, n_answers},
        [TRANSFORMER_OUTPUT_BIAS] = {shape->output_bias, n_answers},
    };
    struct transformer_layout layout = {.n_layers = shape->n_layers};
    for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS; kind++) {
        size_t *end = kinds[kind].per_layer ? &layout.layer_size : &layout.layers_first;
        size_t n_rows = sizes[kind].n_rows, n_columns = n_rows > 0 ? sizes[kind].n_columns : 0;
        layout.places[kind] = (struct transformer_place){n_rows, n_columns, *end};
        *end += n_rows * n_columns;
    }
    layout.n_weights = layout.layers_first + layout.n_layers * layout.layer_size;
    return layout;
}

const char *transformer_shape_weights_name(enum transformer_weights kind)
{
    return kinds[kind].name;
}

bool transformer_shape_per_layer(enum transformer_weights kind)
{
    return kinds[kind].per_layer;
}

size_t transformer_shape_first(const struct transformer_layout *layout, enum transformer_weights kind,
                               size_t layer)
{
    const struct transformer_place *place = &layout->places[kind];
    rs_require(place->n_rows > 0, "a transformer without these weights");
    return kinds[kind].per_layer ? layout->layers_first + layer * layout->layer_size + place->first
                                 : place->first;
}
