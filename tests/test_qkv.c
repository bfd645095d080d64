/* q/k/v files: a real one is read as its origin says, a small one comes back exactly, wrong ones are refused.
 */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "foreign_store.h"
#include "workload/qkv.h"

TestSuite(qkv, .timeout = 30);

enum { LAYERS = 2, HEADS = 4, KV_HEADS = 2, D = 3, TOKENS = 5, SAMPLES = 2 };

/* What the file of a test says; a test changes one thing. */
struct content {
    const char *format, *extra_attribute, *extra_text, *extra_dataset;
    double version, n_layers, n_heads, n_kv_heads, d_head, causal, score_scale, extra_value;
    int64_t offsets[SAMPLES + 1];
    size_t n_kv_tokens;
    float bad_value; /* of /layer01/k, if not 0 */
    const char *left_out;
};

static const struct content good = {.format = "qkv-workload",
                                    .version = 1,
                                    .n_layers = LAYERS,
                                    .n_heads = HEADS,
                                    .n_kv_heads = KV_HEADS,
                                    .d_head = D,
                                    .causal = 1,
                                    .score_scale = 0.5,
                                    .offsets = {0, 2, TOKENS},
                                    .n_kv_tokens = TOKENS};

/* A number that says where it stands. */
static float entry(int layer, int which, size_t token, size_t head, size_t component)
{
    return (float)(10000 * layer + 1000 * which) + 100.0f * (float)token + 10.0f * (float)head +
           (float)component;
}

static bool wanted(const struct content *content, const char *name)
{
    return content->left_out == NULL || strcmp(content->left_out, name) != 0;
}

static void write_array(struct store *store, const struct content *content, int layer, int which)
{
    float values[TOKENS * HEADS * D];
    size_t n_heads = which == 0 ? HEADS : KV_HEADS, n_tokens = which == 0 ? TOKENS : content->n_kv_tokens;
    for (size_t t = 0; t < n_tokens; t++)
        for (size_t h = 0; h < n_heads; h++)
            for (size_t i = 0; i < D; i++)
                values[(t * n_heads + h) * D + i] = entry(layer, which, t, h, i);
    if (layer == 1 && which == 1 && content->bad_value != 0)
        values[7] = content->bad_value;
    char name[32];
    snprintf(name, sizeof name, "/layer%02d/%c", layer, "qkv"[which]);
    const struct store_shape shape = {3, {n_tokens, n_heads, D}};
    if (wanted(content, name))
        cr_assert_eq(
            store_write(store, name, STORE_FLOAT32, &shape, NULL, values, (struct store_label){0}, NULL),
            RS_OK);
}

static void write_attributes(struct store *store, const struct content *content)
{
    const struct {
        const char *name;
        double value;
    } integers[] = {{"version", content->version},        {"n_layers", content->n_layers},
                    {"n_heads", content->n_heads},        {"n_kv_heads", content->n_kv_heads},
                    {"d_head", content->d_head},          {"causal", content->causal},
                    {"score_scale", content->score_scale}};
    if (wanted(content, "format"))
        cr_assert_eq(store_write_text(store, "/", "format", content->format, NULL), RS_OK);
    cr_assert_eq(store_write_text(store, "/", "model", "made by a test", NULL), RS_OK);
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
        if (wanted(content, integers[i].name))
            cr_assert_eq(store_write_number(store, "/", integers[i].name, integers[i].value, NULL), RS_OK);
    if (content->extra_attribute != NULL && content->extra_text != NULL)
        cr_assert_eq(store_write_text(store, "/", content->extra_attribute, content->extra_text, NULL),
                     RS_OK);
    else if (content->extra_attribute != NULL)
        cr_assert_eq(store_write_number(store, "/", content->extra_attribute, content->extra_value, NULL),
                     RS_OK);
}

static void write_file(const char *path, const struct content *content)
{
    struct store *store = NULL;
    const struct store_shape offsets = {1, {SAMPLES + 1}}, one = {1, {1}};
    const double zero = 0;
    char group[32];
    cr_assert_eq(store_create(path, &store, NULL), RS_OK);
    write_attributes(store, content);
    if (wanted(content, "/token_offset"))
        cr_assert_eq(store_write(store, "/token_offset", STORE_INT64, &offsets, NULL, content->offsets,
                                 (struct store_label){0}, NULL),
                     RS_OK);
    for (int layer = 0; layer < LAYERS; layer++) {
        snprintf(group, sizeof group, "/layer%02d", layer);
        cr_assert_eq(store_make_group(store, group, NULL), RS_OK);
        for (int which = 0; which < 3; which++)
            write_array(store, content, layer, which);
    }
    if (content->extra_dataset != NULL)
        cr_assert_eq(store_write(store, content->extra_dataset, STORE_FLOAT64, &one, NULL, &zero,
                                 (struct store_label){0}, NULL),
                     RS_OK);
    cr_assert_eq(store_commit(store, NULL), RS_OK);
}

Test(qkv, a_file_is_read_exactly, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct qkv qkv;
    write_file("a.h5", &good);
    cr_assert_eq(qkv_open("a.h5", &qkv, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(qkv.model, "made by a test");
    cr_assert(qkv.n_layers == LAYERS && qkv.n_heads == HEADS && qkv.n_kv_heads == KV_HEADS &&
              qkv.d_head == D);
    cr_assert(qkv.causal && qkv.score_scale == 0.5 && qkv.n_tokens == TOKENS && qkv.n_samples == SAMPLES);
    cr_assert_eq(qkv_longest_sample(&qkv), 3);
    cr_assert_eq(qkv.layers[1].v[(4 * KV_HEADS + 1) * D + 2], entry(1, 2, 4, 1, 2));
    qkv_clear(&qkv);
}

Test(qkv, heads_are_gathered_with_the_kv_head_they_share, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct qkv qkv;
    float q[HEADS / KV_HEADS * TOKENS * D], k[TOKENS * D], v[TOKENS * D];
    write_file("a.h5", &good);
    cr_assert_eq(qkv_open("a.h5", &qkv, &err), RS_OK, "%s", err.text);
    for (int kv = 0; kv < KV_HEADS; kv++)
        for (size_t sample = 0; sample < SAMPLES; sample++) {
            size_t first = sample == 0 ? 0 : 2, n = qkv_gather(&qkv, sample, 1, kv, q, k, v);
            cr_assert_eq(n, sample == 0 ? 2 : 3);
            for (size_t t = 0; t < n; t++)
                for (size_t i = 0; i < D; i++) {
                    cr_assert_eq(k[t * D + i], entry(1, 1, first + t, (size_t)kv, i));
                    cr_assert_eq(v[t * D + i], entry(1, 2, first + t, (size_t)kv, i));
                    for (size_t h = 0; h < 2; h++)
                        cr_assert_eq(q[(h * n + t) * D + i], entry(1, 0, first + t, (size_t)kv * 2 + h, i));
                }
        }
    qkv_clear(&qkv);
}

static struct content with(struct content content, void (*change)(struct content *))
{
    change(&content);
    return content;
}

#define CHANGE(name, what)                                                                                   \
    static void name(struct content *c)                                                                      \
    {                                                                                                        \
        what;                                                                                                \
    }
CHANGE(other_format, c->format = "rescore-model")
CHANGE(no_format, c->left_out = "format")
CHANGE(later_version, c->version = 2)
CHANGE(no_layers, c->n_layers = 0)
CHANGE(part_of_a_layer, c->n_layers = 1.5)
CHANGE(more_layers, c->n_layers = 3)
CHANGE(absurd_layers, c->n_layers = 1e12)
CHANGE(negative_heads, c->n_heads = -4)
CHANGE(other_heads, c->n_heads = 6)
CHANGE(uneven_heads, c->n_kv_heads = 3)
CHANGE(no_kv_heads, c->left_out = "n_kv_heads")
CHANGE(other_d, c->d_head = 4)
CHANGE(half_causal, c->causal = 2)
CHANGE(no_scale, c->score_scale = 0)
CHANGE(negative_scale, c->score_scale = -1)
CHANGE(endless_scale, c->score_scale = (double)INFINITY)
CHANGE(nan_scale, c->score_scale = (double)NAN)
CHANGE(late_start, c->offsets[0] = 1)
CHANGE(falling, (c->offsets[1] = 6))
CHANGE(negative_offset, c->offsets[1] = -1)
CHANGE(early_end, c->offsets[2] = 4)
CHANGE(absurd_end, c->offsets[2] = INT64_MAX)
CHANGE(no_offsets, c->left_out = "/token_offset")
CHANGE(no_first_queries, c->left_out = "/layer00/q")
CHANGE(no_values, c->left_out = "/layer01/v")
CHANGE(fewer_keys, c->n_kv_tokens = 4)
CHANGE(nan_key, c->bad_value = NAN)
CHANGE(endless_key, c->bad_value = INFINITY)
CHANGE(score_bias, (c->extra_attribute = "score_bias", c->extra_text = "alibi"))
CHANGE(attention_bias, (c->extra_attribute = "attention_bias", c->extra_value = 1))
CHANGE(alibi, (c->extra_attribute = "use_ALiBi", c->extra_value = 1))
CHANGE(relative, (c->extra_attribute = "relative_position_buckets", c->extra_value = 32))
CHANGE(bias_in_layer, c->extra_dataset = "/layer01/bias")
CHANGE(bias_of_all, c->extra_dataset = "/attention_bias")

struct refused {
    void (*change)(struct content *);
    const char *said;
};

Test(qkv, wrong_files_are_refused_with_their_place, .init = enter_folder, .fini = leave_folder)
{
    const struct refused cases[] = {
        {other_format, "a.h5:/@format: error: 'rescore-model' found, 'qkv-workload' expected"},
        {no_format, "a.h5:/@format: error:"},
        {later_version, "a.h5:/@version: error: 2 found"},
        {no_layers, "a.h5:/@n_layers: error: 0 found"},
        {part_of_a_layer, "a.h5:/@n_layers: error: 1.5 found"},
        {more_layers, "a.h5:/layer02/q: error:"},
        {absurd_layers, "a.h5:/@n_layers: error: 1000000000000 found"},
        {negative_heads, "a.h5:/@n_heads: error: -4 found"},
        {other_heads, "a.h5:/layer00/q: error: 4 heads found, 6 expected"},
        {uneven_heads, "a.h5:/@n_kv_heads: error: 3 found, a divisor of n_heads = 4 expected"},
        {no_kv_heads, "a.h5:/@n_kv_heads: error:"},
        {other_d, "a.h5:/layer00/q: error: 3 components found, 4 expected"},
        {half_causal, "a.h5:/@causal: error: 2 found"},
        {no_scale, "a.h5:/@score_scale: error: 0 found"},
        {negative_scale, "a.h5:/@score_scale: error: -1 found"},
        {endless_scale, "a.h5:/@score_scale: error: inf found"},
        {nan_scale, "a.h5:/@score_scale: error: nan found"},
        {late_start, "a.h5:/token_offset: error: first offset 1 found, 0 expected"},
        {falling, "a.h5:/token_offset: error: 5 after 6 found"},
        {negative_offset, "a.h5:/token_offset: error: -1 after 0 found"},
        {early_end, "a.h5:/token_offset: error: last offset 4 found, 5 expected"},
        {absurd_end, "a.h5:/token_offset: error: last offset 9223372036854775807 found"},
        {no_offsets, "a.h5:/token_offset: error:"},
        {no_first_queries, "a.h5:/layer00/q: error:"},
        {no_values, "a.h5:/layer01/v: error:"},
        {fewer_keys, "a.h5:/layer00/k: error: 4 tokens found, 5 expected"},
        {nan_key, "a.h5:/layer01/k: error: nan found at token 1"},
        {endless_key, "a.h5:/layer01/k: error: inf found at token 1"},
        {score_bias, "a.h5:/@score_bias: error: an additive score bias found"},
        {attention_bias, "a.h5:/@attention_bias: error: an additive score bias found"},
        {alibi, "a.h5:/@use_ALiBi: error: an additive score bias found"},
        {relative, "a.h5:/@relative_position_buckets: error: an additive score bias found"},
        {bias_in_layer, "a.h5:/layer01/bias: error: an additive score bias found"},
        {bias_of_all, "a.h5:/attention_bias: error: an additive score bias found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        struct qkv qkv;
        struct content content = with(good, cases[i].change);
        write_file("a.h5", &content);
        cr_assert_eq(qkv_open("a.h5", &qkv, &err), RS_INPUT, "case %zu", i);
        cr_assert_eq(strncmp(err.text, cases[i].said, strlen(cases[i].said)), 0, "case %zu: %s", i, err.text);
        cr_assert_null(strchr(err.text, '\n'));
        cr_assert_null(qkv.layers);
    }
    struct qkv qkv;
    cr_assert_eq(qkv_open("missing.h5", &qkv, NULL), RS_IO);
    foreign_write("foreign.h5");
    cr_assert_eq(qkv_open("foreign.h5", &qkv, NULL), RS_INPUT);
    cr_assert_eq(count_files(), 2);
}

CHANGE(no_score_bias, (c->extra_attribute = "score_bias", c->extra_text = "none"))
CHANGE(zero_bias, (c->extra_attribute = "attention_bias", c->extra_value = 0))
CHANGE(projection_bias, (c->extra_attribute = "qkv_bias", c->extra_value = 1))
CHANGE(label, c->extra_dataset = "/label")
CHANGE(full_attention, c->causal = 0)
CHANGE(empty_sample, c->offsets[1] = 0)

Test(qkv, harmless_additions_are_read, .init = enter_folder, .fini = leave_folder)
{
    void (*const changes[])(struct content *) = {no_score_bias, zero_bias,      projection_bias,
                                                 label,         full_attention, empty_sample};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct rs_error err = {{0}};
        struct qkv qkv;
        struct content content = with(good, changes[i]);
        write_file("a.h5", &content);
        cr_assert_eq(qkv_open("a.h5", &qkv, &err), RS_OK, "case %zu: %s", i, err.text);
        qkv_clear(&qkv);
    }
}

/* Gives a root attribute of the file another type. */
static void retype(const char *path, const char *name, hid_t type, const void *value)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    cr_assert(file >= 0 && H5Adelete(file, name) >= 0, "%s", name);
    foreign_put_attribute(file, name, type, H5Screate(H5S_SCALAR), value);
    cr_assert(H5Fclose(file) >= 0);
}

Test(qkv, integers_of_any_width_and_sign_are_read, .init = enter_folder, .fini = leave_folder)
{
    const signed char one8 = 1;
    const unsigned char four8 = 4;
    const short two16 = 2;
    const unsigned long long three64 = 3;
    const unsigned one32 = 1;
    struct rs_error err = {{0}};
    struct qkv qkv;
    write_file("a.h5", &good);
    hid_t boolean = foreign_boolean();
    retype("a.h5", "causal", boolean, &one8);
    H5Tclose(boolean);
    retype("a.h5", "n_heads", H5T_NATIVE_UCHAR, &four8);
    retype("a.h5", "n_kv_heads", H5T_NATIVE_SHORT, &two16);
    retype("a.h5", "d_head", H5T_NATIVE_ULLONG, &three64);
    retype("a.h5", "version", H5T_STD_U32BE, &one32);
    remove("b.h5");
    cr_assert_neq(qkv_open("a.h5", &qkv, &err), RS_OK); /* one written in the other byte order by mistake */
    const unsigned char big_endian_one[4] = {0, 0, 0, 1};
    retype("a.h5", "version", H5T_STD_U32BE, big_endian_one);
    cr_assert_eq(qkv_open("a.h5", &qkv, &err), RS_OK, "%s", err.text);
    cr_assert(qkv.causal && qkv.n_heads == HEADS && qkv.n_kv_heads == KV_HEADS && qkv.d_head == D);
    qkv_clear(&qkv);
}

/* The origin of the figures is the file's own attributes, written by the program that exported it. */
Test(qkv, the_file_of_a_pretrained_transformer_is_read)
{
    char path[4096];
    const char *folder = getenv("RESCORE_TEST_DATA");
    snprintf(path, sizeof path, "%s/stories260k/stories260k_qkv.h5", folder != NULL ? folder : "");
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        cr_skip_test("no stories260k_qkv.h5 under RESCORE_TEST_DATA");
    fclose(file);
    struct rs_error err = {{0}};
    struct qkv qkv;
    cr_assert_eq(qkv_open(path, &qkv, &err), RS_OK, "%s", err.text);
    cr_assert(qkv.n_layers == 5 && qkv.n_heads == 8 && qkv.n_kv_heads == 4 && qkv.d_head == 8 && qkv.causal);
    cr_assert_float_eq(qkv.score_scale, 1 / sqrt(8.0), 1e-6);
    cr_assert_eq(qkv.n_samples, 5);
    cr_assert_eq(qkv.n_tokens, 1802 + 5); /* predicted ones, and the start of each story */
    cr_assert_leq(qkv_longest_sample(&qkv), 512);
    qkv_clear(&qkv);
}
