#include "tensors_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensors_file.h"
#include "transformer_fixture.h"

/* Bits of |x| < 65504, cut towards 0. */
static uint16_t half_bits(float x)
{
    int exponent;
    double magnitude = fabs((double)x),
           part = frexp(magnitude, &exponent); /* part 2^exponent, part in [1/2, 1) */
    unsigned sign = signbit(x) ? 0x8000 : 0;
    cr_assert(magnitude < 65504);
    if (exponent - 1 < -14)
        return (uint16_t)(sign | (unsigned)floor(ldexp(magnitude, 24)));
    return (uint16_t)(sign | (unsigned)(exponent - 1 + 15) << 10 | (unsigned)floor(ldexp(part, 11) - 1024));
}

static uint16_t brain_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)(bits >> 16);
}

float tensors_round(const char *type, float x)
{
    if (strcmp(type, "F16") == 0) {
        uint16_t bits = half_bits(x);
        int exponent = bits >> 10 & 0x1f;
        double part = (bits & 0x3ff) / 1024.0;
        double value = exponent == 0 ? ldexp(part, -14) : ldexp(1 + part, exponent - 15);
        return (float)(bits >> 15 ? -value : value);
    }
    if (strcmp(type, "F32") == 0)
        return x;
    int exponent;
    double part = frexp((double)x, &exponent); /* 8 significant bits are left */
    return (float)ldexp(trunc(ldexp(part, 8)), exponent - 8);
}

struct named_tensor *tensors_add(struct named_tensors *tensors, const char *name, int rank,
                                 const size_t *sizes)
{
    cr_assert(tensors->n < TENSORS_MAX);
    struct named_tensor *tensor = &tensors->tensors[tensors->n++];
    *tensor = (struct named_tensor){.type = "F32", .rank = rank, .n = 1};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
    for (int i = 0; i < rank; i++) {
        tensor->sizes[i] = sizes[i];
        tensor->n *= sizes[i];
    }
    tensor->values = calloc(tensor->n, sizeof *tensor->values);
    return tensor;
}

struct named_tensor *tensors_find(struct named_tensors *tensors, const char *name)
{
    for (size_t i = 0; i < tensors->n; i++)
        if (strcmp(tensors->tensors[i].name, name) == 0)
            return &tensors->tensors[i];
    cr_assert(false, "%s", name);
    return NULL;
}

void tensors_drop(struct named_tensors *tensors, const char *name)
{
    struct named_tensor *tensor = tensors_find(tensors, name);
    free(tensor->values);
    *tensor = tensors->tensors[--tensors->n];
}

void tensors_clear(struct named_tensors *tensors)
{
    for (size_t i = 0; i < tensors->n; i++)
        free(tensors->tensors[i].values);
    tensors->n = 0;
}

/* What is being named: layer and kind of a model. */
struct source {
    const struct transformer *model;
    const char *prefix;
    struct named_tensors *out;
    size_t layer;
};

static struct named_tensor *add_named(const struct source *source, const char *name, int rank,
                                      const size_t *sizes)
{
    char whole[128];
    snprintf(whole, sizeof whole, "%s", source->prefix);
    const char *number = strchr(name, '#');
    size_t used = strlen(whole);
    if (number == NULL)
        snprintf(whole + used, sizeof whole - used, "%s", name);
    else
        snprintf(whole + used, sizeof whole - used, "%.*s%zu%s", (int)(number - name), name, source->layer,
                 number + 1);
    return tensors_add(source->out, whole, rank, sizes);
}

static const float *entries(const struct source *source, enum transformer_weights kind)
{
    return source->model->weights + transformer_shape_first(&source->model->layout, kind, source->layer);
}

/* Columns first ... first + n - 1 of a row. */
static void vector(const struct source *source, const char *name, enum transformer_weights kind, size_t row,
                   size_t first, size_t n)
{
    struct named_tensor *tensor = add_named(source, name, 1, &n);
    size_t stride = source->model->layout.places[kind].n_columns;
    for (size_t i = 0; i < n; i++)
        tensor->values[i] = entries(source, kind)[row * stride + first + i];
}

static void plain(const struct source *source, const char *name, enum transformer_weights kind)
{
    const struct transformer_place *place = &source->model->layout.places[kind];
    const size_t sizes[] = {place->n_rows, place->n_columns};
    struct named_tensor *tensor = add_named(source, name, 2, sizes);
    memcpy(tensor->values, entries(source, kind), tensor->n * sizeof(float));
}

/* Columns first ... first + n - 1 as rows. */
static void turned(const struct source *source, const char *name, enum transformer_weights kind, size_t first,
                   size_t n)
{
    const struct transformer_place *place = &source->model->layout.places[kind];
    const size_t sizes[] = {n, place->n_rows};
    struct named_tensor *tensor = add_named(source, name, 2, sizes);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < place->n_rows; j++)
            tensor->values[i * place->n_rows + j] = entries(source, kind)[j * place->n_columns + first + i];
}

static void whole_turned(const struct source *source, const char *name, enum transformer_weights kind)
{
    turned(source, name, kind, 0, source->model->layout.places[kind].n_columns);
}

static void bias(const struct source *source, const char *name, enum transformer_weights kind)
{
    vector(source, name, kind, 0, 0, source->model->layout.places[kind].n_columns);
}

static void norm(const struct source *source, const char *scale, const char *shift,
                 enum transformer_weights kind)
{
    vector(source, scale, kind, 0, 0, source->model->shape.d);
    if (shift != NULL)
        vector(source, shift, kind, 1, 0, source->model->shape.d);
}

static void name_gpt2(struct source *source)
{
    plain(source, "wte.weight", TRANSFORMER_WORD);
    plain(source, "wpe.weight", TRANSFORMER_POSITION);
    for (source->layer = 0; source->layer < source->model->shape.n_layers; source->layer++) {
        norm(source, "h.#.ln_1.weight", "h.#.ln_1.bias", TRANSFORMER_NORM_ATTENTION);
        plain(source, "h.#.attn.c_attn.weight", TRANSFORMER_QKV);
        bias(source, "h.#.attn.c_attn.bias", TRANSFORMER_QKV_BIAS);
        plain(source, "h.#.attn.c_proj.weight", TRANSFORMER_ATTENTION_OUT);
        bias(source, "h.#.attn.c_proj.bias", TRANSFORMER_ATTENTION_OUT_BIAS);
        norm(source, "h.#.ln_2.weight", "h.#.ln_2.bias", TRANSFORMER_NORM_HIDDEN);
        plain(source, "h.#.mlp.c_fc.weight", TRANSFORMER_HIDDEN);
        bias(source, "h.#.mlp.c_fc.bias", TRANSFORMER_HIDDEN_BIAS);
        plain(source, "h.#.mlp.c_proj.weight", TRANSFORMER_HIDDEN_OUT);
        bias(source, "h.#.mlp.c_proj.bias", TRANSFORMER_HIDDEN_OUT_BIAS);
        const size_t mask[] = {1, 1, 3, 3};
        add_named(source, "h.#.attn.bias", 4, mask);
    }
    source->layer = 0;
    norm(source, "ln_f.weight", "ln_f.bias", TRANSFORMER_NORM_LAST);
}

/* Queries, keys and values of BERT and ViT, under `at` with their names. */
static void name_attention(const struct source *source, const char *at)
{
    static const char *const names[] = {"query", "key", "value"};
    size_t n = source->model->shape.n_heads * source->model->shape.d_head;
    for (size_t i = 0; i < 3; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s.%s.weight", at, names[i]);
        turned(source, name, TRANSFORMER_QKV, i * n, n);
        snprintf(name, sizeof name, "%s.%s.bias", at, names[i]);
        vector(source, name, TRANSFORMER_QKV_BIAS, 0, i * n, n);
    }
}

static void name_dense(const struct source *source)
{
    whole_turned(source, "encoder.layer.#.attention.output.dense.weight", TRANSFORMER_ATTENTION_OUT);
    bias(source, "encoder.layer.#.attention.output.dense.bias", TRANSFORMER_ATTENTION_OUT_BIAS);
    whole_turned(source, "encoder.layer.#.intermediate.dense.weight", TRANSFORMER_HIDDEN);
    bias(source, "encoder.layer.#.intermediate.dense.bias", TRANSFORMER_HIDDEN_BIAS);
    whole_turned(source, "encoder.layer.#.output.dense.weight", TRANSFORMER_HIDDEN_OUT);
    bias(source, "encoder.layer.#.output.dense.bias", TRANSFORMER_HIDDEN_OUT_BIAS);
}

static void name_classifier(struct source *source)
{
    source->prefix = "";
    whole_turned(source, "classifier.weight", TRANSFORMER_OUTPUT);
    bias(source, "classifier.bias", TRANSFORMER_OUTPUT_BIAS);
}

static void name_bert(struct source *source)
{
    plain(source, "embeddings.word_embeddings.weight", TRANSFORMER_WORD);
    plain(source, "embeddings.position_embeddings.weight", TRANSFORMER_POSITION);
    plain(source, "embeddings.token_type_embeddings.weight", TRANSFORMER_SEGMENT);
    norm(source, "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias", TRANSFORMER_NORM_EMBEDDING);
    for (source->layer = 0; source->layer < source->model->shape.n_layers; source->layer++) {
        name_attention(source, "encoder.layer.#.attention.self");
        name_dense(source);
        norm(source, "encoder.layer.#.attention.output.LayerNorm.weight",
             "encoder.layer.#.attention.output.LayerNorm.bias", TRANSFORMER_NORM_ATTENTION);
        norm(source, "encoder.layer.#.output.LayerNorm.weight", "encoder.layer.#.output.LayerNorm.bias",
             TRANSFORMER_NORM_HIDDEN);
    }
    source->layer = 0;
    whole_turned(source, "pooler.dense.weight", TRANSFORMER_POOLER);
    bias(source, "pooler.dense.bias", TRANSFORMER_POOLER_BIAS);
    name_classifier(source);
}

static void name_vit(struct source *source)
{
    const struct transformer_shape *shape = &source->model->shape;
    const size_t token[] = {1, 1, shape->d}, positions[] = {1, shape->n_positions, shape->d};
    const size_t filters[] = {shape->d, shape->n_channels, shape->patch, shape->patch};
    struct named_tensor *tensor = add_named(source, "embeddings.cls_token", 3, token);
    memcpy(tensor->values, entries(source, TRANSFORMER_CLASS_TOKEN), tensor->n * sizeof(float));
    tensor = add_named(source, "embeddings.position_embeddings", 3, positions);
    memcpy(tensor->values, entries(source, TRANSFORMER_POSITION), tensor->n * sizeof(float));
    tensor = add_named(source, "embeddings.patch_embeddings.projection.weight", 4, filters);
    size_t n = tensor->n / shape->d;
    for (size_t i = 0; i < tensor->n; i++)
        tensor->values[i] = entries(source, TRANSFORMER_PATCH)[i % n * shape->d + i / n];
    bias(source, "embeddings.patch_embeddings.projection.bias", TRANSFORMER_PATCH_BIAS);
    for (source->layer = 0; source->layer < shape->n_layers; source->layer++) {
        name_attention(source, "encoder.layer.#.attention.attention");
        name_dense(source);
        norm(source, "encoder.layer.#.layernorm_before.weight", "encoder.layer.#.layernorm_before.bias",
             TRANSFORMER_NORM_ATTENTION);
        norm(source, "encoder.layer.#.layernorm_after.weight", "encoder.layer.#.layernorm_after.bias",
             TRANSFORMER_NORM_HIDDEN);
    }
    source->layer = 0;
    norm(source, "layernorm.weight", "layernorm.bias", TRANSFORMER_NORM_LAST);
    name_classifier(source);
}

static void name_llama(struct source *source)
{
    const struct transformer_shape *shape = &source->model->shape;
    size_t query = shape->n_heads * shape->d_head, key = shape->n_kv_heads * shape->d_head;
    plain(source, "embed_tokens.weight", TRANSFORMER_WORD);
    for (source->layer = 0; source->layer < shape->n_layers; source->layer++) {
        norm(source, "layers.#.input_layernorm.weight", NULL, TRANSFORMER_NORM_ATTENTION);
        turned(source, "layers.#.self_attn.q_proj.weight", TRANSFORMER_QKV, 0, query);
        turned(source, "layers.#.self_attn.k_proj.weight", TRANSFORMER_QKV, query, key);
        turned(source, "layers.#.self_attn.v_proj.weight", TRANSFORMER_QKV, query + key, key);
        whole_turned(source, "layers.#.self_attn.o_proj.weight", TRANSFORMER_ATTENTION_OUT);
        norm(source, "layers.#.post_attention_layernorm.weight", NULL, TRANSFORMER_NORM_HIDDEN);
        turned(source, "layers.#.mlp.gate_proj.weight", TRANSFORMER_HIDDEN, 0, shape->d_hidden);
        turned(source, "layers.#.mlp.up_proj.weight", TRANSFORMER_HIDDEN, shape->d_hidden, shape->d_hidden);
        whole_turned(source, "layers.#.mlp.down_proj.weight", TRANSFORMER_HIDDEN_OUT);
        const size_t n_frequencies = shape->d_head / 2;
        add_named(source, "layers.#.self_attn.rotary_emb.inv_freq", 1, &n_frequencies);
    }
    source->layer = 0;
    norm(source, "norm.weight", NULL, TRANSFORMER_NORM_LAST);
    source->prefix = "";
    whole_turned(source, "lm_head.weight", TRANSFORMER_OUTPUT);
}

void tensors_of(int family, const struct transformer *model, const char *prefix, struct named_tensors *out)
{
    static void (*const namers[])(struct source *) = {[FAMILY_GPT2] = name_gpt2,
                                                      [FAMILY_BERT] = name_bert,
                                                      [FAMILY_VIT] = name_vit,
                                                      [FAMILY_LLAMA] = name_llama};
    struct source source = {model, prefix, out, 0};
    out->n = 0;
    namers[family](&source);
}

void tensors_write(const struct named_tensors *tensors, const char *path)
{
    size_t room = 256 * (tensors->n + 1), used = 0, n_data = 0, total = 0;
    for (size_t i = 0; i < tensors->n; i++)
        total += 4 * tensors->tensors[i].n;
    char *header = malloc(room);
    unsigned char *data = malloc(total + 1);
    used += (size_t)snprintf(header, room, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < tensors->n; i++) {
        const struct named_tensor *tensor = &tensors->tensors[i];
        size_t first = n_data;
        for (size_t j = 0; j < tensor->n; j++) {
            uint32_t bits;
            memcpy(&bits, &tensor->values[j], sizeof bits);
            bool wide = strcmp(tensor->type, "F32") == 0;
            if (!wide)
                bits = strcmp(tensor->type, "F16") == 0 ? half_bits(tensor->values[j])
                                                        : brain_bits(tensor->values[j]);
            for (int k = 0; k < (wide ? 4 : 2); k++)
                data[n_data++] = (unsigned char)(bits >> 8 * k);
        }
        used += (size_t)snprintf(header + used, room - used, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                                 tensor->name, tensor->type);
        for (int k = 0; k < tensor->rank; k++)
            used += (size_t)snprintf(header + used, room - used, "%s%zu", k > 0 ? "," : "", tensor->sizes[k]);
        used += (size_t)snprintf(header + used, room - used, "],\"data_offsets\":[%zu,%zu]}", first, n_data);
    }
    used += (size_t)snprintf(header + used, room - used, "}");
    cr_assert(used < room);
    write_tensors(path, used, header, used, data, n_data);
    free(header);
    free(data);
}

const char *tensors_config(int family)
{
    static const char *const configs[] = {
        [FAMILY_GPT2] =
            "{\"model_type\": \"gpt2\", \"vocab_size\": 17, \"n_positions\": 11, \"n_ctx\": 11,\n"
            " \"n_embd\": 12, \"n_layer\": 2, \"n_head\": 3, \"n_inner\": 20,\n"
            " \"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 1e-05, \"bos_token_id\": 1}\n",
        [FAMILY_BERT] =
            "{\"model_type\": \"bert\", \"vocab_size\": 19, \"max_position_embeddings\": 12,\n"
            " \"type_vocab_size\": 2, \"hidden_size\": 10, \"num_hidden_layers\": 2,\n"
            " \"num_attention_heads\": 2, \"intermediate_size\": 14, \"hidden_act\": \"gelu\",\n"
            " \"layer_norm_eps\": 1e-12, \"position_embedding_type\": \"absolute\",\n"
            " \"problem_type\": null, \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}}\n",
        [FAMILY_VIT] =
            "{\"model_type\": \"vit\", \"image_size\": [6, 9], \"patch_size\": 3, \"num_channels\": 2,\n"
            " \"hidden_size\": 8, \"num_hidden_layers\": 2, \"num_attention_heads\": 2,\n"
            " \"intermediate_size\": 9, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-06,\n"
            " \"qkv_bias\": true}\n",
        [FAMILY_LLAMA] =
            "{\"model_type\": \"llama\", \"vocab_size\": 13, \"hidden_size\": 12, \"intermediate_size\": "
            "15,\n"
            " \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2,\n"
            " \"head_dim\": 6, \"hidden_act\": \"silu\", \"max_position_embeddings\": 100000,\n"
            " \"rms_norm_eps\": 1e-05, \"rope_theta\": 10000.0, \"rope_scaling\": null,\n"
            " \"attention_bias\": false, \"tie_word_embeddings\": false}\n"};
    return configs[family];
}
