#include "model/transformer_options.h"

static const char *const positions[] = {"learned", "rotary-pairs", "rotary-halves", NULL};
static const char *const norms[] = {"layer", "rms", NULL};
static const char *const orders[] = {"first", "after", NULL};
static const char *const activations[] = {"gelu-tanh", "gelu-erf", "swiglu", NULL};

#define MEMBER(name) offsetof(struct transformer_options, name)
#define INTEGER(key_, member, initial_, low_, high_, help_)                                                  \
    {                                                                                                        \
        .key = "transformer." key_, .kind = OPTION_INTEGER, .offset = MEMBER(member), .initial = initial_,   \
        .low = low_, .high = high_, .flags = OPTION_NOT_SWEPT, .help = help_                                 \
    }
#define CHOICE(key_, member, initial_, choices_, help_)                                                      \
    {                                                                                                        \
        .key = "transformer." key_, .kind = OPTION_CHOICE, .offset = MEMBER(member), .initial = initial_,    \
        .choices = choices_, .flags = OPTION_NOT_SWEPT, .help = help_                                        \
    }
#define REAL(key_, member, initial_, low_, high_, flags_, help_)                                             \
    {                                                                                                        \
        .key = "transformer." key_, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(member),    \
        .initial = initial_, .low = low_, .high = high_, .flags = OPTION_NOT_SWEPT | (flags_), .help = help_ \
    }
static const struct option rows[] = {
    INTEGER("layers", n_layers, "4", 1, TRANSFORMER_LAYERS_MAX, "layers that train builds"),
    INTEGER("width", d, "128", 2, TRANSFORMER_WIDTH_MAX, "components of a token"),
    INTEGER("heads", n_heads, "4", 1, TRANSFORMER_HEADS_MAX, "query heads; they divide the width"),
    INTEGER("kv_heads", n_kv_heads, "0", 0, TRANSFORMER_HEADS_MAX,
            "heads of keys and values; they divide the query heads; 0: as many"),
    INTEGER("hidden", d_hidden, "0", 0, TRANSFORMER_WIDTH_MAX,
            "width of the hidden layers; 0: 4 widths (swiglu: 8/3 widths)"),
    INTEGER("context", n_positions, "128", 2, TRANSFORMER_POSITIONS_MAX,
            "characters that a text's model sees"),
    INTEGER("patch", patch, "4", 1, TRANSFORMER_SIDE_MAX, "side of an image's patches, in pixels"),
    CHOICE("positions", positions, "learned", positions, "how tokens know their place"),
    CHOICE("norm", norm, "layer", norms, "kind of norm"),
    CHOICE("order", order, "first", orders, "norm first or after each block"),
    CHOICE("activation", activation, "gelu-tanh", activations, "of the hidden layers"),
    INTEGER("steps", n_steps, "2000", 1, 100000000, "steps of the optimiser"),
    INTEGER("warm_up", n_warm_up, "100", 0, 100000000, "first steps, over which the rate rises from 0"),
    INTEGER("batch", n_batch, "16", 1, 65536, "samples per step"),
    INTEGER("validate", n_validate, "250", 1, 100000000,
            "steps between two looks at the validation items; the best weights are kept"),
    INTEGER("validation_items", n_validation, "64", 1, 1000000, "items that choose among weights"),
    INTEGER("calibration_items", n_calibration, "32", 1, 1000000,
            "training items kept in the model file: code scales and thresholds come from them"),
    INTEGER("test_items", n_test, "64", 1, 1000000,
            "held-out items kept in the model file: its test error, and what `run` measures on"),
    INTEGER(
        "shift", shift_pixels, "0", 0, TRANSFORMER_SIDE_MAX,
        "pixels by which a training image is moved at most, either way along both sides, anew at each look"),
    INTEGER("weight_bits", weight_bits, "0", 0, 24,
            "bits of the significand that trained weights keep: fewer make a smaller file; 0: all"),
    REAL("rate", rate, "0.001", 0, 1, OPTION_LOW_OPEN,
         "largest step size (Adam with decoupled weight decay); it falls along a cosine"),
    REAL("last_rate", last_rate, "0.1", 0, 1, 0, "the last step size as a share of the largest"),
    REAL("decay", decay, "0.1", 0, 10, 0, "weight decay per unit of step size; norms and biases have none"),
    REAL("gradient_limit", gradient_limit, "1", 0, 1e9, OPTION_LOW_OPEN,
         "a longer gradient (2-norm, of the mean loss of a batch) is scaled down to this"),
};
const struct option_table transformer_options_table = {rows, sizeof rows / sizeof rows[0],
                                                       sizeof(struct transformer_options)};

static enum rs_status check(const struct transformer_options *options, const struct transformer_shape *shape,
                            struct rs_error *err)
{
    struct rs_error why = {{0}};
    if (options->d % options->n_heads != 0)
        return rs_fail(err, RS_INPUT,
                       "transformer.heads: %lld found, a divisor of transformer.width = %lld expected",
                       (long long)options->n_heads, (long long)options->d);
    if (options->n_warm_up >= options->n_steps)
        return rs_fail(err, RS_INPUT,
                       "transformer.warm_up: %lld found, below transformer.steps = %lld expected",
                       (long long)options->n_warm_up, (long long)options->n_steps);
    if (transformer_shape_check(shape, &why) != RS_OK)
        return rs_fail(err, RS_INPUT, "transformer: %s", why.text);
    return RS_OK;
}

/* What both kinds have in common. */
static struct transformer_shape common(const struct transformer_options *options)
{
    bool gated = options->activation == TRANSFORMER_SWIGLU;
    size_t d = (size_t)options->d, n_heads = (size_t)options->n_heads;
    return (struct transformer_shape){
        .n_layers = (size_t)options->n_layers,
        .d = d,
        .n_heads = n_heads,
        .n_kv_heads = options->n_kv_heads > 0 ? (size_t)options->n_kv_heads : n_heads,
        .d_head = d / n_heads,
        .d_hidden = options->d_hidden > 0 ? (size_t)options->d_hidden
                    : gated               ? 8 * d / 3
                                          : 4 * d,
        .positions = (enum transformer_positions)options->positions,
        .norm = (enum transformer_norm)options->norm,
        .order = (enum transformer_order)options->order,
        .activation = (enum transformer_activation)options->activation,
        .bias = !gated,
        .norm_last = true,
        .norm_epsilon = 1e-5,
        .rotary_base = 10000,
    };
}

enum rs_status transformer_options_language(const struct transformer_options *options, size_t n_words,
                                            struct transformer_shape *shape, struct rs_error *err)
{
    *shape = common(options);
    shape->task = TRANSFORMER_LANGUAGE;
    shape->n_words = n_words;
    shape->n_positions = (size_t)options->n_positions;
    shape->tied = true;
    return check(options, shape, err);
}

enum rs_status transformer_options_vision(const struct transformer_options *options, size_t height,
                                          size_t width, size_t n_classes, struct transformer_shape *shape,
                                          struct rs_error *err)
{
    size_t patch = (size_t)options->patch;
    *shape = common(options);
    shape->task = TRANSFORMER_CLASSES;
    shape->input = TRANSFORMER_PATCHES;
    shape->n_classes = n_classes;
    shape->n_channels = 1;
    shape->height = height;
    shape->width = width;
    shape->patch = patch;
    shape->n_positions = height / patch * (width / patch) + 1;
    shape->class_token = true;
    shape->output_bias = true;
    return check(options, shape, err);
}
