#include "model/llama2c.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "io/binary.h"

enum { WIDTH, HIDDEN_WIDTH, LAYERS, HEADS, KV_HEADS, WORDS, POSITIONS, HEADER_INTEGERS };
enum { HEADER_BYTES = 4 * HEADER_INTEGERS, CHUNK_NUMBERS = 1 << 12 };

static const char *const header_names[HEADER_INTEGERS] = {
    "width",           "hidden width",    "number of layers", "number of heads", "number of kv heads",
    "number of words", "longest sequence"};

/* Later versions begin with "ak42" and their version. */
static const int32_t later_magic = 0x616b3432;
static const double norm_epsilon = 1e-5, rotary_base = 1e4;

/* One kind of the file's matrices [n_outputs][n_inputs], once or per layer. */
struct block {
    const char *name;
    enum transformer_weights kind;
    size_t n_outputs, n_inputs;
    size_t first;                   /* in the flat array, of layer 0 */
    size_t output_step, input_step; /* in it, from one output or input to the next */
};

enum { BLOCKS_BEFORE_ROTATION = 11, BLOCKS = 12 };

static void list_blocks(const struct transformer *model, struct block blocks[BLOCKS])
{
    const struct transformer_shape *shape = &model->shape;
    size_t d = shape->d, q = shape->n_heads * shape->d_head, kv = shape->n_kv_heads * shape->d_head,
           hidden = shape->d_hidden;
    const struct {
        const char *name;
        enum transformer_weights kind;
        size_t n_outputs, n_inputs, first_column;
    } list[BLOCKS] = {
        {"the embedding", TRANSFORMER_WORD, shape->n_words, d, 0},
        {"the scales before attention", TRANSFORMER_NORM_ATTENTION, d, 1, 0},
        {"wq", TRANSFORMER_QKV, q, d, 0},
        {"wk", TRANSFORMER_QKV, kv, d, q},
        {"wv", TRANSFORMER_QKV, kv, d, q + kv},
        {"wo", TRANSFORMER_ATTENTION_OUT, d, q, 0},
        {"the scales before the hidden product", TRANSFORMER_NORM_HIDDEN, d, 1, 0},
        {"w1", TRANSFORMER_HIDDEN, hidden, d, 0},
        {"w2", TRANSFORMER_HIDDEN_OUT, d, hidden, 0},
        {"w3", TRANSFORMER_HIDDEN, hidden, d, hidden},
        {"the last scales", TRANSFORMER_NORM_LAST, d, 1, 0},
        {"the output", TRANSFORMER_OUTPUT, shape->tied ? 0 : shape->n_words, d, 0},
    };
    for (int i = 0; i < BLOCKS; i++) {
        size_t n_columns = model->layout.places[list[i].kind].n_columns;
        bool embedding = list[i].kind == TRANSFORMER_WORD;
        blocks[i] = (struct block){.name = list[i].name,
                                   .kind = list[i].kind,
                                   .n_outputs = list[i].n_outputs,
                                   .n_inputs = list[i].n_inputs,
                                   .output_step = embedding ? d : 1,
                                   .input_step = embedding ? 1 : n_columns};
        if (list[i].n_outputs > 0)
            blocks[i].first = transformer_shape_first(&model->layout, list[i].kind, 0) + list[i].first_column;
    }
}

static enum rs_status check_header(const char *path, const int32_t header[HEADER_INTEGERS],
                                   struct rs_error *err)
{
    if (header[0] == later_magic)
        return rs_fail(err, RS_INPUT, "%s: error: a llama2.c checkpoint of version %d found, 0 expected",
                       path, (int)header[1]);
    for (int i = 0; i < HEADER_INTEGERS; i++)
        if (header[i] == 0 || (header[i] < 0 && (i != WORDS || header[i] == INT32_MIN)))
            return rs_fail(err, RS_INPUT, "%s: error: a %s of %d found, at least 1 expected", path,
                           header_names[i], (int)header[i]);
    if (header[WIDTH] % header[HEADS] != 0)
        return rs_fail(err, RS_INPUT, "%s: error: %d heads found, a divisor of the width %d expected", path,
                       (int)header[HEADS], (int)header[WIDTH]);
    return RS_OK;
}

static struct transformer_shape shape_of(const int32_t header[HEADER_INTEGERS])
{
    return (struct transformer_shape){.task = TRANSFORMER_LANGUAGE,
                                      .input = TRANSFORMER_WORDS,
                                      .n_layers = (size_t)header[LAYERS],
                                      .d = (size_t)header[WIDTH],
                                      .n_heads = (size_t)header[HEADS],
                                      .n_kv_heads = (size_t)header[KV_HEADS],
                                      .d_head = (size_t)(header[WIDTH] / header[HEADS]),
                                      .d_hidden = (size_t)header[HIDDEN_WIDTH],
                                      .n_words = (size_t)abs(header[WORDS]),
                                      .n_positions = (size_t)header[POSITIONS],
                                      .positions = TRANSFORMER_POSITIONS_ROTARY_PAIRS,
                                      .norm = TRANSFORMER_NORM_RMS,
                                      .order = TRANSFORMER_NORM_FIRST,
                                      .activation = TRANSFORMER_SWIGLU,
                                      .norm_last = true,
                                      .tied = header[WORDS] > 0,
                                      .norm_epsilon = norm_epsilon,
                                      .rotary_base = rotary_base};
}

/* Of a shape that was checked: all is small enough to be multiplied. */
static uint64_t expected_bytes(const struct transformer_shape *shape)
{
    uint64_t n_weights = transformer_shape_layout(shape).n_weights;
    return HEADER_BYTES + sizeof(float) * (n_weights + shape->n_positions * shape->d_head);
}

/* Before anything is allocated. */
static enum rs_status read_shape(const struct binary *file, struct transformer_shape *shape,
                                 struct rs_error *err)
{
    int32_t header[HEADER_INTEGERS];
    const char *path = binary_path(file);
    enum rs_status status = binary_read_int32(file, 0, HEADER_INTEGERS, header, err);
    if (status == RS_OK)
        status = check_header(path, header, err);
    if (status != RS_OK)
        return status;
    struct rs_error why;
    *shape = shape_of(header);
    status = transformer_shape_check(shape, &why);
    if (status != RS_OK)
        return rs_fail(err, status, "%s: error: %s", path, why.text);
    if (binary_size(file) != expected_bytes(shape))
        return rs_fail(err, RS_INPUT, "%s: error: %llu bytes found, %llu expected by its header", path,
                       (unsigned long long)binary_size(file), (unsigned long long)expected_bytes(shape));
    return RS_OK;
}

/* One matrix from the file to its place; `chunk` [CHUNK_NUMBERS]. */
static enum rs_status read_matrix(const struct binary *file, uint64_t first, const struct block *block,
                                  float *chunk, float *to, struct rs_error *err)
{
    size_t n_numbers = block->n_outputs * block->n_inputs, output = 0, input = 0;
    for (size_t done = 0; done < n_numbers; done += CHUNK_NUMBERS) {
        size_t n = n_numbers - done < CHUNK_NUMBERS ? n_numbers - done : CHUNK_NUMBERS;
        enum rs_status status = binary_read_float32(file, first + sizeof *chunk * done, n, chunk, err);
        if (status != RS_OK)
            return status;
        for (size_t i = 0; i < n; i++) {
            if (!isfinite(chunk[i]))
                return rs_fail(err, RS_INPUT, "%s: error: %g found in %s, finite weights expected",
                               binary_path(file), (double)chunk[i], block->name);
            to[output * block->output_step + input * block->input_step] = chunk[i];
            input = input + 1 < block->n_inputs ? input + 1 : 0;
            output += input == 0;
        }
    }
    return RS_OK;
}

static enum rs_status read_weights(const struct binary *file, struct transformer *model, struct rs_error *err)
{
    struct block blocks[BLOCKS];
    uint64_t at = HEADER_BYTES;
    float *chunk = memory_allocate(CHUNK_NUMBERS, sizeof *chunk, err);
    enum rs_status status = chunk != NULL ? RS_OK : RS_INTERNAL;
    list_blocks(model, blocks);
    for (int b = 0; b < BLOCKS && status == RS_OK; b++) {
        const struct block *block = &blocks[b];
        size_t n_layers = transformer_shape_per_layer(block->kind) ? model->shape.n_layers : 1;
        if (b == BLOCKS_BEFORE_ROTATION)
            at += sizeof *chunk * model->shape.n_positions * model->shape.d_head;
        for (size_t layer = 0; layer < n_layers && status == RS_OK; layer++) {
            float *to = model->weights + block->first + layer * model->layout.layer_size;
            status = read_matrix(file, at, block, chunk, to, err);
            at += sizeof *chunk * block->n_outputs * block->n_inputs;
        }
    }
    free(chunk);
    return status;
}

enum rs_status llama2c_open(const char *path, struct transformer *out, struct rs_error *err)
{
    struct binary *file = NULL;
    struct transformer_shape shape;
    *out = (struct transformer){0};
    enum rs_status status = binary_open(path, &file, err);
    if (status == RS_OK)
        status = read_shape(file, &shape, err);
    if (status == RS_OK)
        status = transformer_init(out, &shape, err);
    if (status == RS_OK)
        status = read_weights(file, out, err);
    binary_close(file);
    if (status != RS_OK)
        transformer_clear(out);
    return status;
}
