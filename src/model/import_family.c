#include "model/import_family.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CONFIG(member) offsetof(struct import_config, member)

/* --- config.json: KIND(name, member), required; KIND_OR: else the family's --- */

#define SIZE(name, member)                                                                                   \
    {                                                                                                        \
        name, IMPORT_SIZE, CONFIG(member), true, NULL                                                        \
    }
#define SIZE_OR(name, member)                                                                                \
    {                                                                                                        \
        name, IMPORT_SIZE, CONFIG(member), false, NULL                                                       \
    }
#define SIDES(name, member)                                                                                  \
    {                                                                                                        \
        name, IMPORT_SIDES, CONFIG(member), true, NULL                                                       \
    }
#define REAL_OR(name, member)                                                                                \
    {                                                                                                        \
        name, IMPORT_REAL, CONFIG(member), false, NULL                                                       \
    }
#define FLAG_OR(name, member)                                                                                \
    {                                                                                                        \
        name, IMPORT_FLAG, CONFIG(member), false, NULL                                                       \
    }
#define ACTIVATION_OR(name)                                                                                  \
    {                                                                                                        \
        name, IMPORT_ACTIVATION, CONFIG(shape.activation), false, NULL                                       \
    }
#define EXPECT(name, expected)                                                                               \
    {                                                                                                        \
        name, IMPORT_EXPECT, 0, false, expected                                                              \
    }

static const struct import_field gpt2_fields[] = {
    SIZE("vocab_size", shape.n_words),
    SIZE("n_positions", shape.n_positions),
    SIZE("n_embd", shape.d),
    SIZE("n_layer", shape.n_layers),
    SIZE("n_head", shape.n_heads),
    SIZE_OR("n_inner", shape.d_hidden),
    ACTIVATION_OR("activation_function"),
    REAL_OR("layer_norm_epsilon", shape.norm_epsilon),
    FLAG_OR("tie_word_embeddings", shape.tied),
    EXPECT("scale_attn_weights", "true"),
    EXPECT("scale_attn_by_inverse_layer_idx", "false"),
    EXPECT("add_cross_attention", "false"),
    EXPECT("quantization_config", "null"),
};

static const struct import_field bert_fields[] = {
    SIZE("vocab_size", shape.n_words),
    SIZE("max_position_embeddings", shape.n_positions),
    SIZE("type_vocab_size", shape.n_segments),
    SIZE("hidden_size", shape.d),
    SIZE("num_hidden_layers", shape.n_layers),
    SIZE("num_attention_heads", shape.n_heads),
    SIZE("intermediate_size", shape.d_hidden),
    ACTIVATION_OR("hidden_act"),
    REAL_OR("layer_norm_eps", shape.norm_epsilon),
    EXPECT("position_embedding_type", "'absolute'"),
    EXPECT("is_decoder", "false"),
    EXPECT("add_cross_attention", "false"),
    EXPECT("problem_type", "'single_label_classification'"),
    EXPECT("quantization_config", "null"),
};

static const struct import_field vit_fields[] = {
    SIDES("image_size", image),
    SIDES("patch_size", patch),
    SIZE_OR("num_channels", shape.n_channels),
    SIZE("hidden_size", shape.d),
    SIZE("num_hidden_layers", shape.n_layers),
    SIZE("num_attention_heads", shape.n_heads),
    SIZE("intermediate_size", shape.d_hidden),
    ACTIVATION_OR("hidden_act"),
    REAL_OR("layer_norm_eps", shape.norm_epsilon),
    FLAG_OR("qkv_bias", biases[IMPORT_BIAS_QKV]),
    EXPECT("problem_type", "'single_label_classification'"),
    EXPECT("quantization_config", "null"),
};

static const struct import_field llama_fields[] = {
    SIZE("vocab_size", shape.n_words),
    SIZE("max_position_embeddings", shape.n_positions),
    SIZE("hidden_size", shape.d),
    SIZE("num_hidden_layers", shape.n_layers),
    SIZE("num_attention_heads", shape.n_heads),
    SIZE_OR("num_key_value_heads", shape.n_kv_heads),
    SIZE_OR("head_dim", shape.d_head),
    SIZE("intermediate_size", shape.d_hidden),
    REAL_OR("rms_norm_eps", shape.norm_epsilon),
    REAL_OR("rope_theta", shape.rotary_base),
    FLAG_OR("tie_word_embeddings", shape.tied),
    FLAG_OR("attention_bias", biases[IMPORT_BIAS_QKV]),
    FLAG_OR("attention_bias", biases[IMPORT_BIAS_OUT]),
    FLAG_OR("mlp_bias", biases[IMPORT_BIAS_HIDDEN]),
    SIZE_OR("sliding_window", window),
    EXPECT("hidden_act", "'silu'"),
    EXPECT("partial_rotary_factor", "1"),
    EXPECT("quantization_config", "null"),
};

/* --- tensors --- */

/* A layer norm's two rows, and a Linear with its bias. */
#define NORM(name, kind)                                                                                     \
    {name ".weight", TRANSFORMER_##kind, IMPORT_WHOLE, IMPORT_VECTOR, -1, false},                            \
    {                                                                                                        \
        name ".bias", TRANSFORMER_##kind, IMPORT_SECOND, IMPORT_VECTOR, -1, false                            \
    }
#define MATRIX(name, kind, part, form)                                                                       \
    {                                                                                                        \
        name ".weight", TRANSFORMER_##kind, IMPORT_##part, IMPORT_##form, -1, false                          \
    }
#define LINEAR(name, kind, part, form, bias)                                                                 \
    MATRIX(name, kind, part, form),                                                                          \
    {                                                                                                        \
        name ".bias", TRANSFORMER_##kind##_BIAS, IMPORT_##part, IMPORT_VECTOR, IMPORT_BIAS_##bias, false     \
    }
#define TABLE(name, kind, form)                                                                              \
    {                                                                                                        \
        name, TRANSFORMER_##kind, IMPORT_WHOLE, IMPORT_##form, -1, false                                     \
    }
#define CLASSIFIER                                                                                           \
    {"classifier.weight", TRANSFORMER_OUTPUT, IMPORT_WHOLE, IMPORT_TURNED, -1, true},                        \
    {                                                                                                        \
        "classifier.bias", TRANSFORMER_OUTPUT_BIAS, IMPORT_WHOLE, IMPORT_VECTOR, -1, true                    \
    }
#define NEXT_WORD                                                                                            \
    {                                                                                                        \
        "lm_head.weight", TRANSFORMER_OUTPUT, IMPORT_WHOLE, IMPORT_TURNED, -1, true                          \
    }

static const struct import_row gpt2_rows[] = {
    TABLE("wte.weight", WORD, PLAIN),
    TABLE("wpe.weight", POSITION, PLAIN),
    NORM("h.#.ln_1", NORM_ATTENTION),
    LINEAR("h.#.attn.c_attn", QKV, WHOLE, PLAIN, QKV),
    LINEAR("h.#.attn.c_proj", ATTENTION_OUT, WHOLE, PLAIN, OUT),
    NORM("h.#.ln_2", NORM_HIDDEN),
    LINEAR("h.#.mlp.c_fc", HIDDEN, WHOLE, PLAIN, HIDDEN),
    LINEAR("h.#.mlp.c_proj", HIDDEN_OUT, WHOLE, PLAIN, HIDDEN),
    NORM("ln_f", NORM_LAST),
    NEXT_WORD,
};

static const struct import_row bert_rows[] = {
    TABLE("embeddings.word_embeddings.weight", WORD, PLAIN),
    TABLE("embeddings.position_embeddings.weight", POSITION, PLAIN),
    TABLE("embeddings.token_type_embeddings.weight", SEGMENT, PLAIN),
    NORM("embeddings.LayerNorm", NORM_EMBEDDING),
    LINEAR("encoder.layer.#.attention.self.query", QKV, QUERY, TURNED, QKV),
    LINEAR("encoder.layer.#.attention.self.key", QKV, KEY, TURNED, QKV),
    LINEAR("encoder.layer.#.attention.self.value", QKV, VALUE, TURNED, QKV),
    LINEAR("encoder.layer.#.attention.output.dense", ATTENTION_OUT, WHOLE, TURNED, OUT),
    NORM("encoder.layer.#.attention.output.LayerNorm", NORM_ATTENTION),
    LINEAR("encoder.layer.#.intermediate.dense", HIDDEN, WHOLE, TURNED, HIDDEN),
    LINEAR("encoder.layer.#.output.dense", HIDDEN_OUT, WHOLE, TURNED, HIDDEN),
    NORM("encoder.layer.#.output.LayerNorm", NORM_HIDDEN),
    MATRIX("pooler.dense", POOLER, WHOLE, TURNED),
    TABLE("pooler.dense.bias", POOLER_BIAS, VECTOR),
    CLASSIFIER,
};

static const struct import_row vit_rows[] = {
    TABLE("embeddings.cls_token", CLASS_TOKEN, STACK),
    TABLE("embeddings.position_embeddings", POSITION, STACK),
    MATRIX("embeddings.patch_embeddings.projection", PATCH, WHOLE, FILTERS),
    TABLE("embeddings.patch_embeddings.projection.bias", PATCH_BIAS, VECTOR),
    NORM("encoder.layer.#.layernorm_before", NORM_ATTENTION),
    LINEAR("encoder.layer.#.attention.attention.query", QKV, QUERY, TURNED, QKV),
    LINEAR("encoder.layer.#.attention.attention.key", QKV, KEY, TURNED, QKV),
    LINEAR("encoder.layer.#.attention.attention.value", QKV, VALUE, TURNED, QKV),
    LINEAR("encoder.layer.#.attention.output.dense", ATTENTION_OUT, WHOLE, TURNED, OUT),
    NORM("encoder.layer.#.layernorm_after", NORM_HIDDEN),
    LINEAR("encoder.layer.#.intermediate.dense", HIDDEN, WHOLE, TURNED, HIDDEN),
    LINEAR("encoder.layer.#.output.dense", HIDDEN_OUT, WHOLE, TURNED, HIDDEN),
    NORM("layernorm", NORM_LAST),
    CLASSIFIER,
};

static const struct import_row llama_rows[] = {
    TABLE("embed_tokens.weight", WORD, PLAIN),
    TABLE("layers.#.input_layernorm.weight", NORM_ATTENTION, VECTOR),
    LINEAR("layers.#.self_attn.q_proj", QKV, QUERY, TURNED, QKV),
    LINEAR("layers.#.self_attn.k_proj", QKV, KEY, TURNED, QKV),
    LINEAR("layers.#.self_attn.v_proj", QKV, VALUE, TURNED, QKV),
    LINEAR("layers.#.self_attn.o_proj", ATTENTION_OUT, WHOLE, TURNED, OUT),
    TABLE("layers.#.post_attention_layernorm.weight", NORM_HIDDEN, VECTOR),
    LINEAR("layers.#.mlp.gate_proj", HIDDEN, GATE, TURNED, HIDDEN),
    LINEAR("layers.#.mlp.up_proj", HIDDEN, UP, TURNED, HIDDEN),
    LINEAR("layers.#.mlp.down_proj", HIDDEN_OUT, WHOLE, TURNED, HIDDEN),
    TABLE("norm.weight", NORM_LAST, VECTOR),
    NEXT_WORD,
};

/* --- families --- */

static const char *const none[] = {NULL};
static const char *const gpt2_ignored[] = {"h.#.attn.bias", "h.#.attn.masked_bias", NULL};
static const char *const bert_ignored[] = {"embeddings.position_ids", NULL};
static const char *const bert_old[] = {"LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias",
                                       "LayerNorm.beta", NULL};
static const char *const llama_ignored[] = {"layers.#.self_attn.rotary_emb.inv_freq", NULL};

static const struct import_family families[] = {
    {.name = "gpt2",
     .prefix = "transformer.",
     .shape = {.task = TRANSFORMER_LANGUAGE,
               .activation = TRANSFORMER_GELU_TANH,
               .norm_last = true,
               .tied = true,
               .norm_epsilon = 1e-5},
     .biases = {true, true, true},
     .fields = gpt2_fields,
     .n_fields = COUNT(gpt2_fields),
     .rows = gpt2_rows,
     .n_rows = COUNT(gpt2_rows),
     .twin = "lm_head.weight",
     .ignored = gpt2_ignored,
     .old = none},
    {.name = "bert",
     .prefix = "bert.",
     .shape = {.task = TRANSFORMER_CLASSES,
               .order = TRANSFORMER_NORM_AFTER,
               .activation = TRANSFORMER_GELU_ERF,
               .norm_embedding = true,
               .pooler = true,
               .output_bias = true,
               .norm_epsilon = 1e-12},
     .biases = {true, true, true},
     .fields = bert_fields,
     .n_fields = COUNT(bert_fields),
     .rows = bert_rows,
     .n_rows = COUNT(bert_rows),
     .ignored = bert_ignored,
     .old = bert_old},
    {.name = "vit",
     .prefix = "vit.",
     .shape = {.task = TRANSFORMER_CLASSES,
               .input = TRANSFORMER_PATCHES,
               .n_channels = 3,
               .activation = TRANSFORMER_GELU_ERF,
               .norm_last = true,
               .class_token = true,
               .output_bias = true,
               .norm_epsilon = 1e-12},
     .biases = {true, true, true},
     .fields = vit_fields,
     .n_fields = COUNT(vit_fields),
     .rows = vit_rows,
     .n_rows = COUNT(vit_rows),
     .ignored = none,
     .old = none},
    {.name = "llama",
     .prefix = "model.",
     .shape = {.task = TRANSFORMER_LANGUAGE,
               .positions = TRANSFORMER_POSITIONS_ROTARY_HALVES,
               .norm = TRANSFORMER_NORM_RMS,
               .activation = TRANSFORMER_SWIGLU,
               .norm_last = true,
               .norm_epsilon = 1e-6,
               .rotary_base = 10000},
     .fields = llama_fields,
     .n_fields = COUNT(llama_fields),
     .rows = llama_rows,
     .n_rows = COUNT(llama_rows),
     .twin = "lm_head.weight",
     .ignored = llama_ignored,
     .old = none},
};

const struct import_family *import_family_find(const char *model_type)
{
    for (size_t i = 0; i < COUNT(families); i++)
        if (strcmp(families[i].name, model_type) == 0)
            return &families[i];
    return NULL;
}
