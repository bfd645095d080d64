/* Checkpoints of llama2.c: every weight in its place, wrong files, and a pretrained model. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "model/llama2c.h"
#include "transformer_fixture.h"
#include "workload/llama_tokenizer.h"
#include "workload/qkv.h"

TestSuite(llama2c, .timeout = 60);

enum { HEADER_BYTES = 28, FILE_MAX = 1 << 17 };

/* A file on its way. */
struct bytes {
    size_t n, rotation, rotation_end; /* where the cosines and sines stand */
    char bytes[FILE_MAX];
};

static void append(struct bytes *file, const void *from, size_t n)
{
    cr_assert_leq(file->n + n, FILE_MAX);
    memcpy(file->bytes + file->n, from, n);
    file->n += n;
}

/* Of one kind and layer: outputs `first` ... of our matrix, one after the other. */
static void append_matrix(struct bytes *file, const struct transformer *model, enum transformer_weights kind,
                          size_t layer, size_t first, size_t n)
{
    const struct transformer_place *place = &model->layout.places[kind];
    const float *weights = model->weights + transformer_shape_first(&model->layout, kind, layer);
    for (size_t column = first; column < first + n; column++)
        for (size_t row = 0; row < place->n_rows; row++)
            append(file, &weights[row * place->n_columns + column], sizeof *weights);
}

static void append_layers(struct bytes *file, const struct transformer *model, enum transformer_weights kind,
                          size_t first, size_t n)
{
    for (size_t layer = 0; layer < model->shape.n_layers; layer++)
        append_matrix(file, model, kind, layer, first, n);
}

static void write_model(const struct transformer *model, struct bytes *file)
{
    const struct transformer_shape *s = &model->shape;
    const int32_t header[] = {(int32_t)s->d,          (int32_t)s->d_hidden,
                              (int32_t)s->n_layers,   (int32_t)s->n_heads,
                              (int32_t)s->n_kv_heads, s->tied ? (int32_t)s->n_words : -(int32_t)s->n_words,
                              (int32_t)s->n_positions};
    const float *embedding = model->weights + transformer_shape_first(&model->layout, TRANSFORMER_WORD, 0);
    size_t q = s->n_heads * s->d_head, kv = s->n_kv_heads * s->d_head;
    const float not_read = NAN;
    file->n = 0;
    append(file, header, sizeof header);
    append(file, embedding, s->n_words * s->d * sizeof *embedding);
    append_layers(file, model, TRANSFORMER_NORM_ATTENTION, 0, s->d);
    append_layers(file, model, TRANSFORMER_QKV, 0, q);
    append_layers(file, model, TRANSFORMER_QKV, q, kv);
    append_layers(file, model, TRANSFORMER_QKV, q + kv, kv);
    append_layers(file, model, TRANSFORMER_ATTENTION_OUT, 0, s->d);
    append_layers(file, model, TRANSFORMER_NORM_HIDDEN, 0, s->d);
    append_layers(file, model, TRANSFORMER_HIDDEN, 0, s->d_hidden);
    append_layers(file, model, TRANSFORMER_HIDDEN_OUT, 0, s->d);
    append_layers(file, model, TRANSFORMER_HIDDEN, s->d_hidden, s->d_hidden);
    append_matrix(file, model, TRANSFORMER_NORM_LAST, 0, 0, s->d);
    file->rotation = file->n;
    for (size_t i = 0; i < s->n_positions * s->d_head; i++)
        append(file, &not_read, sizeof not_read);
    file->rotation_end = file->n;
    if (!s->tied)
        append_matrix(file, model, TRANSFORMER_OUTPUT, 0, 0, s->n_words);
}

static void store(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
}

/* Two models: output weights of their own or not, one layer or several, kv heads of several query heads.
 * n_words 0: few. */
static void make_model(bool tied, size_t n_words, struct transformer *model)
{
    struct transformer_shape shape = family_shape(FAMILY_LLAMA2C);
    struct rs_error err = {{0}};
    if (!tied) {
        shape = family_shape(FAMILY_LLAMA);
        shape.positions = TRANSFORMER_POSITIONS_ROTARY_PAIRS;
        shape.d = shape.n_heads * shape.d_head;
    }
    cr_assert_eq(shape.tied, tied);
    shape.n_words = n_words > 0 ? n_words : shape.n_words;
    cr_assert_eq(transformer_init(model, &shape, &err), RS_OK, "%s", err.text);
    double *weights = random_weights(&shape, 7);
    for (size_t i = 0; i < model->layout.n_weights; i++)
        model->weights[i] = (float)weights[i];
    free(weights);
}

Test(llama2c, every_weight_comes_to_its_place, .init = enter_folder, .fini = leave_folder)
{
    static struct bytes file;
    const size_t n_words[] = {0, 0, 300, 2000}; /* many: a matrix is read in parts, which end within rows */
    for (int i_case = 0; i_case < 4; i_case++) {
        struct transformer model, read;
        struct rs_error err = {{0}};
        bool tied = i_case % 2 == 1;
        make_model(tied, n_words[i_case], &model);
        write_model(&model, &file);
        store("m.bin", file.bytes, file.n);
        cr_assert_eq(llama2c_open("m.bin", &read, &err), RS_OK, "%s", err.text);
        cr_assert_eq(memcmp(&read.shape, &model.shape, sizeof model.shape), 0, "another shape");
        for (size_t i = 0; i < model.layout.n_weights; i++)
            cr_assert_eq(read.weights[i], model.weights[i], "case %d: weight %zu", i_case, i);
        transformer_clear(&read);
        transformer_clear(&model);
    }
}

static void assert_refused(const char *path, enum rs_status status, const char *said)
{
    struct rs_error err = {{0}};
    struct transformer model;
    cr_assert_eq(llama2c_open(path, &model, &err), status, "'%s' expected, '%s' found", said, err.text);
    cr_assert_null(model.weights);
    cr_assert(strncmp(err.text, path, strlen(path)) == 0 && strstr(err.text, ": error: ") != NULL &&
                  strchr(err.text, '\n') == NULL && strstr(err.text, said) != NULL,
              "'%s' expected, '%s' found", said, err.text);
}

Test(llama2c, files_of_another_length_are_refused, .init = enter_folder, .fini = leave_folder)
{
    static struct bytes file;
    struct transformer model;
    make_model(false, 0, &model);
    write_model(&model, &file);
    for (size_t n = 0; n <= file.n + 9; n += n < 64 || n + 20 > file.n ? 1 : 53) {
        char said[64];
        snprintf(said, sizeof said, "%zu bytes found, %s%zu expected", n, n < HEADER_BYTES ? "at least " : "",
                 n < HEADER_BYTES ? (size_t)HEADER_BYTES : file.n);
        store("m.bin", file.bytes, n);
        if (n != file.n)
            assert_refused("m.bin", RS_INPUT, said);
    }
    transformer_clear(&model);
}

Test(llama2c, weights_that_are_not_finite_are_refused, .init = enter_folder, .fini = leave_folder)
{
    static struct bytes file;
    struct transformer model;
    const float values[] = {NAN, INFINITY, -INFINITY};
    make_model(false, 0, &model);
    write_model(&model, &file);
    for (size_t at = HEADER_BYTES; at < file.n; at += 5 * sizeof(float)) {
        char kept[sizeof(float)];
        if (at >= file.rotation && at < file.rotation_end)
            continue;
        memcpy(kept, file.bytes + at, sizeof kept);
        memcpy(file.bytes + at, &values[at / sizeof(float) % 3], sizeof kept);
        store("m.bin", file.bytes, file.n);
        assert_refused("m.bin", RS_INPUT, "finite weights expected");
        memcpy(file.bytes + at, kept, sizeof kept);
    }
    transformer_clear(&model);
}

Test(llama2c, headers_that_cannot_be_are_refused, .init = enter_folder, .fini = leave_folder)
{
    static struct bytes file;
    struct transformer model;
    make_model(false, 0, &model);
    write_model(&model, &file);
    const struct {
        int i;
        int32_t value;
        const char *said;
    } changes[] = {{0, 0, "a width of 0 found, at least 1 expected"},
                   {0, -24, "a width of -24 found"},
                   {1, 0, "a hidden width of 0 found"},
                   {2, -1, "a number of layers of -1 found"},
                   {3, 0, "a number of heads of 0 found"},
                   {4, -2, "a number of kv heads of -2 found"},
                   {5, 0, "a number of words of 0 found"},
                   {5, INT32_MIN, "a number of words of -2147483648 found"},
                   {6, 0, "a longest sequence of 0 found"},
                   {3, 5, "5 heads found, a divisor of the width 24 expected"},
                   {4, 3, "n_kv_heads that divides n_heads expected"},
                   {4, 8, "n_kv_heads = 8 found in a transformer, 1 to 4 expected"},
                   {3, 8, "an even d_head with rotary positions expected"},
                   {0, 1 << 30, "d = 1073741824 found in a transformer, 1 to 16384 expected"},
                   {1, INT32_MAX, "d_hidden = 2147483647 found"},
                   {2, INT32_MAX, "n_layers = 2147483647 found"},
                   {5, INT32_MAX, "n_words = 2147483647 found"},
                   {5, -INT32_MAX, "n_words = 2147483647 found"},
                   {6, INT32_MAX, "n_positions = 2147483647 found"},
                   {6, 11, "expected by its header"},
                   {5, 13, "expected by its header"},
                   {2, 128, "expected by its header"},
                   {0, 0x616b3432, "a llama2.c checkpoint of version"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct bytes copy = file;
        memcpy(copy.bytes + 4 * changes[i].i, &changes[i].value, sizeof(int32_t));
        store("m.bin", copy.bytes, copy.n);
        assert_refused("m.bin", RS_INPUT, changes[i].said);
    }
    const int32_t huge[] = {16384, 16384, 128, 128, 128, -(1 << 18), 1 << 14};
    memcpy(file.bytes, huge, sizeof huge);
    store("m.bin", file.bytes, file.n);
    assert_refused("m.bin", RS_INPUT, "weights found in a transformer, at most 1073741824 expected");
    assert_refused("none.bin", RS_IO, "cannot open");
    assert_refused(".", RS_IO, "a regular file expected");
    cr_assert_eq(mkfifo("pipe.bin", 0600), 0);
    assert_refused("pipe.bin", RS_IO, "a regular file expected"); /* does not wait for a writer */
    cr_assert_eq(count_files(), 2);
    transformer_clear(&model);
}

/* --- the pretrained model --- */

static bool has_data(const char *name, char path[4096])
{
    const char *folder = getenv("RESCORE_TEST_DATA");
    snprintf(path, 4096, "%s/stories260k/%s", folder != NULL ? folder : "", name);
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static void open_pretrained(struct transformer *model)
{
    char path[4096];
    struct rs_error err = {{0}};
    if (!has_data("stories260K.bin", path))
        cr_skip_test("no stories260K.bin under RESCORE_TEST_DATA");
    cr_assert_eq(llama2c_open(path, model, &err), RS_OK, "%s", err.text);
    cr_assert_eq(transformer_pack(model, kernel_chosen(), &err), RS_OK, "%s", err.text);
}

struct difference {
    const struct qkv *exported;
    size_t first; /* token */
    double largest[3];
};

static double largest_difference(const float *own, const float *exported, size_t n_tokens, size_t n_heads,
                                 size_t head, size_t d)
{
    double largest = 0;
    for (size_t t = 0; t < n_tokens; t++)
        for (size_t i = 0; i < d; i++)
            largest =
                fmax(largest, fabs((double)own[t * d + i] - (double)exported[(t * n_heads + head) * d + i]));
    return largest;
}

static enum rs_status note_differences(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct difference *note = context;
    const struct qkv *exported = note->exported;
    const struct qkv_layer *layer = &exported->layers[call->layer];
    size_t n_heads = (size_t)exported->n_heads, n_kv_heads = (size_t)exported->n_kv_heads, d = call->d;
    size_t kv_head = (size_t)call->kv_head, n_query_heads = (size_t)call->n_query_heads;
    for (size_t h = 0; h < n_query_heads; h++)
        note->largest[0] =
            fmax(note->largest[0],
                 largest_difference(call->q + h * call->n_queries * d, layer->q + note->first * n_heads * d,
                                    call->n_queries, n_heads, kv_head * n_query_heads + h, d));
    const float *own[] = {call->k, call->v}, *others[] = {layer->k, layer->v};
    for (int i = 0; i < 2; i++)
        note->largest[i + 1] =
            fmax(note->largest[i + 1], largest_difference(own[i], others[i] + note->first * n_kv_heads * d,
                                                          call->n_keys, n_kv_heads, kv_head, d));
    return attention_hook_exact(NULL, call, err);
}

/* Against an export that was made by another program in another language: q, k and v after the rotation, and
 * the figures stated with it. */
Test(llama2c, a_pretrained_model_attends_as_an_independent_export_says)
{
    char path[4096];
    struct transformer model;
    struct rs_error err = {{0}};
    struct qkv exported;
    struct store *file = NULL;
    int32_t tokens[1807], targets[1807];
    double nll = 0, last_four = 0;
    size_t n = 0;
    open_pretrained(&model);
    if (!has_data("stories260k_qkv.h5", path))
        cr_skip_test("no stories260k_qkv.h5 under RESCORE_TEST_DATA");
    cr_assert_eq(qkv_open(path, &exported, &err), RS_OK, "%s", err.text);
    cr_assert_eq(exported.n_tokens, 1807);
    cr_assert_eq(store_open(path, &file, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_read(file, "/tokens", STORE_INT32, tokens, &err), RS_OK, "%s", err.text);
    store_close(file);
    struct transformer_workspace *room = transformer_workspace_create(&model, &err);
    cr_assert_not_null(room);
    struct difference note = {.exported = &exported};
    for (size_t s = 0; s < exported.n_samples; s++) {
        size_t first = (size_t)exported.token_offset[s], end = (size_t)exported.token_offset[s + 1];
        for (size_t t = first; t < end; t++)
            targets[t] = t + 1 < end ? tokens[t + 1] : -1;
        const struct transformer_sample sample = {
            .n_words = end - first, .words = tokens + first, .targets = targets + first, .label = -1};
        struct transformer_answer answer = {0};
        note.first = first;
        cr_assert_eq(transformer_run(&model, &sample, room, note_differences, &note, &answer, &err), RS_OK);
        nll += answer.nll;
        last_four += s > 0 ? answer.nll : 0;
        n += answer.n_counted;
    }
    for (int i = 0; i < 3; i++)
        cr_assert_leq(note.largest[i], 1e-4, "%c differs by %g", "qkv"[i], note.largest[i]);
    cr_assert_eq(n, 1802);
    cr_assert_float_eq(nll / 1802, 1.2641, 1e-4, "%.6f", nll / 1802);
    cr_assert_float_eq(last_four / 1431, 1.2535, 1e-4, "%.6f", last_four / 1431);
    transformer_workspace_destroy(room);
    qkv_clear(&exported);
    transformer_clear(&model);
}

/* llama2.c's own test of this checkpoint (test_all.py): the likeliest words, from its beginning on. */
Test(llama2c, the_likeliest_words_of_a_pretrained_model_are_those_documented)
{
    enum { STEPS = 120 };
    static const char documented[] =
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One "
        "day, "
        "she saw a big, red ball. She wanted to play with it, but it was too high.\nLily's mom said, \"Lily, "
        "let's go to the park.\" Lily was sad and didn't know what to do.";
    char path[4096], text[STEPS * 8];
    struct transformer model;
    struct llama_tokenizer tokenizer;
    struct rs_error err = {{0}};
    int32_t words[STEPS + 1] = {LLAMA_TOKENIZER_BEGIN};
    size_t length = 0;
    open_pretrained(&model);
    if (!has_data("tok512.bin", path))
        cr_skip_test("no tok512.bin under RESCORE_TEST_DATA");
    cr_assert_eq(llama_tokenizer_open(path, model.shape.n_words, &tokenizer, &err), RS_OK, "%s", err.text);
    struct transformer_workspace *room = transformer_workspace_create(&model, &err);
    cr_assert_not_null(room);
    for (size_t n = 1; n <= STEPS && length < sizeof documented; n++) {
        const struct transformer_sample sample = {.n_words = n, .words = words, .label = -1};
        struct transformer_answer answer = {0};
        cr_assert_eq(transformer_run(&model, &sample, room, NULL, NULL, &answer, &err), RS_OK);
        words[n] = answer.best;
        length += llama_tokenizer_decode(&tokenizer, words[n - 1], words[n], text + length);
    }
    cr_assert_geq(length, sizeof documented - 1);
    cr_assert_arr_eq(text, documented, sizeof documented - 1, "%.*s", (int)length, text);
    transformer_workspace_destroy(room);
    llama_tokenizer_clear(&tokenizer);
    transformer_clear(&model);
}
