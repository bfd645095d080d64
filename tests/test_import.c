/* Models of other programs: the same weights give the same answers; what does not fit is refused and named.
 */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bad_models.h"
#include "folder.h"
#include "io/file.h"
#include "model/import.h"
#include "numeric/random.h"
#include "tensors_model.h"
#include "transformer_fixture.h"

TestSuite(import, .timeout = 120);

static const char *const prefixes[] = {"transformer.", "bert.", "vit.", "model."};
enum { N_IMPORTED = 4 };

static void write_text(const char *path, const char *text)
{
    struct rs_error err = {{0}};
    cr_assert_eq(file_write(path, text, strlen(text), &err), RS_OK, "%s", err.text);
}

static void write_items(const struct transformer_shape *shape, bool calibration)
{
    struct rs_error err = {{0}};
    struct store *store;
    cr_assert_eq(store_create("items.h5", &store, &err), RS_OK, "%s", err.text);
    for (int set = 0; set < 1 + calibration; set++) {
        struct transformer_items items;
        random_items(shape, (uint64_t)set + 1, &items);
        cr_assert_eq(transformer_items_write(store, set == 0 ? "/test" : "/calibration", shape, &items, &err),
                     RS_OK);
        transformer_items_clear(&items);
    }
    cr_assert_eq(store_commit(store, &err), RS_OK, "%s", err.text);
}

/* A family's model by hand, rounded to a type, and its tensors. */
static void make(int family, const char *type, const char *prefix, struct transformer *model,
                 struct named_tensors *tensors)
{
    struct rs_error err = {{0}};
    random_transformer(family, 5, model);
    for (size_t i = 0; i < model->layout.n_weights; i++)
        model->weights[i] = tensors_round(type, model->weights[i]);
    cr_assert_eq(transformer_pack(model, kernel_chosen(), &err), RS_OK);
    tensors_of(family, model, prefix, tensors);
    for (size_t i = 0; i < tensors->n; i++)
        tensors->tensors[i].type = type;
}

static enum rs_status import(struct transformer_file *file, struct rs_error *err)
{
    *file = (struct transformer_file){0};
    *err = (struct rs_error){{0}};
    return import_open("m.safetensors", "config.json", "items.h5", file, err);
}

static void same_answers(const struct transformer *one, struct transformer *other,
                         const struct transformer_items *items, const char *what)
{
    struct rs_error err = {{0}};
    static float logits[2][16 * 32];
    cr_assert_eq(transformer_pack(other, kernel_chosen(), &err), RS_OK);
    for (size_t i = 0; i < items->n_samples; i++) {
        struct transformer_sample sample = transformer_items_sample(items, &one->shape, i);
        const struct transformer *models[] = {one, other};
        struct transformer_answer answers[2];
        memset(logits, 0, sizeof logits);
        for (int m = 0; m < 2; m++) {
            struct transformer_workspace *room = transformer_workspace_create(models[m], &err);
            answers[m] = (struct transformer_answer){.logits = logits[m]};
            cr_assert_eq(transformer_run(models[m], &sample, room, NULL, NULL, &answers[m], &err), RS_OK);
            transformer_workspace_destroy(room);
        }
        cr_assert(memcmp(logits[0], logits[1], sizeof logits[0]) == 0 && answers[0].nll == answers[1].nll &&
                      logits[0][0] != 0,
                  "%s, sample %zu", what, i);
    }
}

/* Imports what was written and compares with the model by hand, which is cleared. */
static void compare(struct transformer *model, const char *what)
{
    struct rs_error err;
    struct transformer_file file;
    cr_assert_eq(import(&file, &err), RS_OK, "%s: %s", what, err.text);
    cr_assert_eq(file.model.layout.n_weights, model->layout.n_weights, "%s", what);
    for (size_t i = 0; i < model->layout.n_weights; i++)
        cr_assert_eq(memcmp(&file.model.weights[i], &model->weights[i], sizeof(float)), 0,
                     "%s, weight %zu: %.9g found, %.9g expected", what, i, (double)file.model.weights[i],
                     (double)model->weights[i]);
    same_answers(model, &file.model, &file.test, what);
    transformer_file_clear(&file);
    transformer_clear(model);
}

Test(import, every_family_and_type_gives_the_model_made_by_hand, .init = enter_folder, .fini = leave_folder)
{
    static const char *const types[] = {"F32", "F16", "BF16"};
    for (int family = 0; family < N_IMPORTED; family++)
        for (int t = 0; t < 3; t++)
            for (int prefixed = 0; prefixed < 2; prefixed++) {
                struct transformer model;
                struct named_tensors tensors;
                make(family, types[t], prefixed ? prefixes[family] : "", &model, &tensors);
                tensors_write(&tensors, "m.safetensors");
                write_text("config.json", tensors_config(family));
                write_items(&model.shape, true);
                char what[64];
                snprintf(what, sizeof what, "%s, %s, prefix %d", family_names[family], types[t], prefixed);
                compare(&model, what);
                tensors_clear(&tensors);
            }
}

static void rename_tensors(struct named_tensors *tensors, const char *end, const char *old)
{
    for (size_t i = 0; i < tensors->n; i++) {
        char *name = tensors->tensors[i].name, *at = strstr(name, end);
        if (at != NULL && strcmp(at, end) == 0)
            strcpy(at, old);
    }
}

Test(import, old_names_of_layer_norms_are_known, .init = enter_folder, .fini = leave_folder)
{
    struct transformer model;
    struct named_tensors tensors;
    make(FAMILY_BERT, "F32", "bert.", &model, &tensors);
    rename_tensors(&tensors, "LayerNorm.weight", "LayerNorm.gamma");
    rename_tensors(&tensors, "LayerNorm.bias", "LayerNorm.beta");
    const size_t one = 1;
    tensors_add(&tensors, "bert.embeddings.position_ids", 1, &one);
    tensors_write(&tensors, "m.safetensors");
    write_text("config.json", tensors_config(FAMILY_BERT));
    write_items(&model.shape, false);
    compare(&model, "gamma and beta");
    tensors_clear(&tensors);
}

/* The text with one part replaced. */
static void write_config(int family, const char *part, const char *other)
{
    char text[2048];
    const char *config = tensors_config(family), *at = strstr(config, part);
    cr_assert_not_null(at, "%s", part);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - config), config, other, at + strlen(part));
    write_text("config.json", text);
}

Test(import, a_tied_output_may_be_there_or_not, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err;
    struct transformer_file file;
    struct transformer model;
    struct named_tensors tensors;
    make(FAMILY_GPT2, "F32", "transformer.", &model, &tensors);
    const size_t sizes[] = {17, 12};
    struct named_tensor *twin = tensors_add(&tensors, "lm_head.weight", 2, sizes);
    memcpy(twin->values, tensors_find(&tensors, "transformer.wte.weight")->values, twin->n * sizeof(float));
    tensors_write(&tensors, "m.safetensors");
    write_text("config.json", tensors_config(FAMILY_GPT2));
    write_items(&model.shape, false);
    cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
    cr_assert(file.model.shape.tied);
    transformer_file_clear(&file);
    twin->values[twin->n - 1] += 1;
    tensors_write(&tensors, "m.safetensors");
    cr_assert_eq(import(&file, &err), RS_INPUT);
    cr_assert_str_eq(err.text,
                     "m.safetensors: error: tensor 'lm_head.weight': other values than the words' found, the "
                     "same expected (tie_word_embeddings)");
    transformer_file_clear(&file);
    /* an output of its own */
    write_config(FAMILY_GPT2, "\"n_ctx\": 11", "\"tie_word_embeddings\": false");
    cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
    const struct transformer_layout *layout = &file.model.layout;
    const float *output = file.model.weights + transformer_shape_first(layout, TRANSFORMER_OUTPUT, 0);
    cr_assert(layout->places[TRANSFORMER_OUTPUT].n_rows == 12 &&
              output[3 * 17 + 5] == twin->values[5 * 12 + 3]);
    transformer_file_clear(&file);
    tensors_clear(&tensors);
    transformer_clear(&model);
    /* Llama's may be tied as well */
    make(FAMILY_LLAMA, "F32", "model.", &model, &tensors);
    tensors_drop(&tensors, "lm_head.weight");
    tensors_write(&tensors, "m.safetensors");
    write_config(FAMILY_LLAMA, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
    write_items(&model.shape, false);
    cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
    cr_assert(file.model.shape.tied);
    transformer_file_clear(&file);
    tensors_clear(&tensors);
    transformer_clear(&model);
}

Test(import, biases_are_as_config_json_says, .init = enter_folder, .fini = leave_folder)
{
    static const char *const parts[] = {"query", "key", "value"};
    struct rs_error err = {{0}};
    struct transformer_file file;
    struct transformer model;
    struct named_tensors tensors;
    /* ViT without those of queries, keys and values */
    make(FAMILY_VIT, "F32", "vit.", &model, &tensors);
    for (size_t layer = 0; layer < 2; layer++) {
        for (int i = 0; i < 3; i++) {
            char name[128];
            snprintf(name, sizeof name, "vit.encoder.layer.%zu.attention.attention.%s.bias", layer, parts[i]);
            tensors_drop(&tensors, name);
        }
        memset(model.weights + transformer_shape_first(&model.layout, TRANSFORMER_QKV_BIAS, layer), 0,
               24 * sizeof(float));
    }
    cr_assert_eq(transformer_pack(&model, kernel_chosen(), &err), RS_OK);
    tensors_write(&tensors, "m.safetensors");
    write_config(FAMILY_VIT, "\"qkv_bias\": true", "\"qkv_bias\": false");
    write_items(&model.shape, false);
    compare(&model, "no qkv_bias");
    tensors_clear(&tensors);
    /* Llama with those of the attention */
    make(FAMILY_LLAMA, "F32", "model.", &model, &tensors);
    static const struct {
        const char *name;
        size_t n;
    } biases[] = {{"q_proj", 24}, {"k_proj", 12}, {"v_proj", 12}, {"o_proj", 12}};
    for (size_t layer = 0; layer < 2; layer++)
        for (size_t i = 0; i < 4; i++) {
            char name[128];
            snprintf(name, sizeof name, "model.layers.%zu.self_attn.%s.bias", layer, biases[i].name);
            struct named_tensor *tensor = tensors_add(&tensors, name, 1, &biases[i].n);
            for (size_t j = 0; j < tensor->n; j++)
                tensor->values[j] = (float)(100 * layer + 10 * i) + (float)j;
        }
    tensors_write(&tensors, "m.safetensors");
    write_config(FAMILY_LLAMA, "\"attention_bias\": false", "\"attention_bias\": true");
    write_items(&model.shape, false);
    cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
    const struct transformer_layout *layout = &file.model.layout;
    const float *qkv = file.model.weights + transformer_shape_first(layout, TRANSFORMER_QKV_BIAS, 1);
    const float *out =
        file.model.weights + transformer_shape_first(layout, TRANSFORMER_ATTENTION_OUT_BIAS, 1);
    const float *hidden = file.model.weights + transformer_shape_first(layout, TRANSFORMER_HIDDEN_BIAS, 1);
    cr_assert(qkv[23] == 123 && qkv[24] == 110 && qkv[36 + 11] == 131 && out[2] == 132 && hidden[0] == 0);
    transformer_file_clear(&file);
    tensors_clear(&tensors);
    transformer_clear(&model);
}

/* As a user's program writes it. */
static void put_numbers(hid_t file, const char *name, hid_t type, hsize_t n, const int *values)
{
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(dataset >= 0 && H5Dwrite(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
}

Test(import, what_items_leave_out_is_filled_in, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err;
    struct transformer_file file;
    struct transformer model;
    struct named_tensors tensors;
    make(FAMILY_GPT2, "F32", "", &model, &tensors);
    tensors_write(&tensors, "m.safetensors");
    write_text("config.json", tensors_config(FAMILY_GPT2));
    hid_t items = H5Fcreate("items.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const int offsets[] = {0, 3, 4, 9}, words[] = {5, 6, 7, 1, 16, 0, 2, 2, 3};
    H5Gclose(H5Gcreate2(items, "test", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    put_numbers(items, "test/word_offset", H5T_STD_I64LE, 4, offsets);
    put_numbers(items, "test/words", H5T_STD_U16LE, 9, words);
    H5Fclose(items);
    cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
    const int32_t next[] = {6, 7, -1, -1, 0, 2, 2, 3, -1};
    cr_assert(file.test.n_samples == 3 && memcmp(file.test.targets, next, sizeof next) == 0);
    cr_assert(file.calibration.n_samples == 2 && file.calibration.n_words == 4 && file.calibration_from_test);
    cr_assert(memcmp(file.calibration.targets, next, 4 * sizeof *next) == 0);
    transformer_file_clear(&file);
    tensors_clear(&tensors);
    transformer_clear(&model);
    /* segments: all 0; of images the first half */
    for (int family = FAMILY_BERT; family <= FAMILY_VIT; family++) {
        make(family, "F32", "", &model, &tensors);
        tensors_write(&tensors, "m.safetensors");
        write_text("config.json", tensors_config(family));
        write_items(&model.shape, family == FAMILY_BERT);
        hid_t edited = H5Fopen("items.h5", H5F_ACC_RDWR, H5P_DEFAULT);
        if (family == FAMILY_BERT)
            cr_assert(H5Ldelete(edited, "test/segments", H5P_DEFAULT) >= 0);
        H5Fclose(edited);
        cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
        for (size_t t = 0; family == FAMILY_BERT && t < file.test.n_words; t++)
            cr_assert_eq(file.test.segments[t], 0);
        cr_assert_eq(file.calibration_from_test, family == FAMILY_VIT);
        cr_assert_eq(file.calibration.n_samples, family == FAMILY_VIT ? N_SAMPLES / 2 : N_SAMPLES);
        if (family == FAMILY_VIT)
            cr_assert_eq(memcmp(file.calibration.images, file.test.images, N_SAMPLES / 2 * 2 * 6 * 9), 0);
        transformer_file_clear(&file);
        tensors_clear(&tensors);
        transformer_clear(&model);
    }
}

Test(import, rotary_positions_take_the_room_that_samples_need, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err;
    struct transformer_file file;
    struct transformer model;
    struct named_tensors tensors;
    make(FAMILY_LLAMA, "F32", "model.", &model, &tensors);
    tensors_write(&tensors, "m.safetensors");
    write_items(&model.shape, false);
    write_config(
        FAMILY_LLAMA, "\"rope_theta\": 10000.0, \"rope_scaling\": null",
        "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 500000}, \"sliding_window\": 10");
    cr_assert_eq(import(&file, &err), RS_OK, "%s", err.text);
    cr_assert(file.model.shape.n_positions == 10 && file.model.shape.rotary_base == 500000);
    transformer_file_clear(&file);
    write_config(FAMILY_LLAMA, "\"rope_scaling\": null", "\"sliding_window\": 9");
    cr_assert_eq(import(&file, &err), RS_INPUT);
    cr_assert_str_eq(err.text,
                     "config.json: error: 'sliding_window': 9 found, at least 10 expected (words of the "
                     "longest sample)");
    transformer_file_clear(&file);
    write_config(FAMILY_LLAMA, "100000", "9");
    cr_assert_eq(import(&file, &err), RS_INPUT);
    cr_assert_str_eq(err.text,
                     "items.h5:/test/word_offset: error: a sample of 10 words found, 1 to 9 expected");
    transformer_file_clear(&file);
    tensors_clear(&tensors);
    transformer_clear(&model);
}

static void refused(const char *said, const char *what)
{
    struct rs_error err;
    struct transformer_file file;
    cr_assert_eq(import(&file, &err), RS_INPUT, "%s: %s", what, err.text);
    cr_assert(strstr(err.text, said) != NULL && strchr(err.text, '\n') == NULL, "%s:\n%s", what, err.text);
    transformer_file_clear(&file);
}

Test(import, what_is_not_computed_is_refused_with_its_field, .init = enter_folder, .fini = leave_folder)
{
    int family = -1;
    struct transformer model = {0};
    struct named_tensors tensors = {0};
    for (size_t i = 0; i < sizeof bad_configs / sizeof bad_configs[0]; i++) {
        if (bad_configs[i].family != family) {
            tensors_clear(&tensors);
            transformer_clear(&model);
            family = bad_configs[i].family;
            make(family, "F32", prefixes[family], &model, &tensors);
            tensors_write(&tensors, "m.safetensors");
            write_items(&model.shape, false);
        }
        write_config(family, bad_configs[i].part, bad_configs[i].other);
        refused(bad_configs[i].said, bad_configs[i].other);
    }
    tensors_clear(&tensors);
    transformer_clear(&model);
}

#define SPOIL(name, what)                                                                                    \
    static void name(struct named_tensors *t)                                                                \
    {                                                                                                        \
        what;                                                                                                \
    }
SPOIL(no_classifier, tensors_drop(t, "classifier.weight"))
SPOIL(flat_classifier, tensors_find(t, "classifier.weight")->rank = 1;
      tensors_find(t, "classifier.weight")->sizes[0] = 30)
SPOIL(one_class, tensors_find(t, "classifier.weight")->sizes[0] = 1;
      tensors_find(t, "classifier.weight")->sizes[1] = 30)
SPOIL(no_pooler, tensors_drop(t, "bert.pooler.dense.weight"); tensors_drop(t, "bert.pooler.dense.bias"))
SPOIL(other_prefix, strcpy(tensors_find(t, "bert.pooler.dense.bias")->name, "pooler.dense.bias"))
SPOIL(extra, tensors_add(t, "cls.predictions.bias", 1, (const size_t[]){2}))
SPOIL(turned_around, tensors_find(t, "bert.encoder.layer.1.intermediate.dense.weight")->sizes[0] = 10;
      tensors_find(t, "bert.encoder.layer.1.intermediate.dense.weight")->sizes[1] = 14)
SPOIL(nan_weight, tensors_find(t, "bert.encoder.layer.1.attention.self.key.weight")->values[37] = NAN)
SPOIL(endless_weight, tensors_find(t, "classifier.bias")->values[2] = -INFINITY)
SPOIL(whole_numbers,
      tensors_find(t, "bert.encoder.layer.0.output.dense.bias")->type = "I16") /* of 2 bytes too */

static const struct {
    void (*spoil)(struct named_tensors *tensors);
    const char *said;
} spoilt[] = {
    {no_classifier,
     "m.safetensors: error: tensor 'classifier.weight': missing; the classes of a whole sample expected"},
    {flat_classifier, "tensor 'classifier.weight': 0 classes found, at least 2 expected"},
    {one_class, "tensor 'classifier.weight': 1 classes found, at least 2 expected"},
    {no_pooler, "tensor 'bert.pooler.dense.weight': missing, one of 2; all of a bert of 2 layers expected"},
    {other_prefix, "tensor 'bert.pooler.dense.bias': missing, one of 1; all of"},
    {extra, "tensor 'cls.predictions.bias': left over, one of 1; only those of a bert of 2 layers expected"},
    {turned_around,
     "tensor 'bert.encoder.layer.1.intermediate.dense.weight': shape [10, 14] found, [14, 10] expected"},
    {nan_weight,
     "tensor 'bert.encoder.layer.1.attention.self.key.weight': nan at index 37 found, finite weights"},
    {endless_weight, "tensor 'classifier.bias': -inf at index 2 found, finite weights expected"},
    {whole_numbers,
     "tensor 'bert.encoder.layer.0.output.dense.bias': dtype 'I16' found, F32, F16 or BF16 expected"},
};

Test(import, tensors_that_do_not_fit_are_refused_by_name, .init = enter_folder, .fini = leave_folder)
{
    struct transformer model;
    struct named_tensors tensors;
    write_text("config.json", tensors_config(FAMILY_BERT));
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
        make(FAMILY_BERT, "F32", "bert.", &model, &tensors);
        if (i == 0)
            write_items(&model.shape, false);
        spoilt[i].spoil(&tensors);
        tensors_write(&tensors, "m.safetensors");
        refused(spoilt[i].said, spoilt[i].said);
        tensors_clear(&tensors);
        transformer_clear(&model);
    }
}

Test(import, files_that_cannot_be_opened_are_named, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err;
    struct transformer_file file;
    struct transformer model;
    struct named_tensors tensors;
    cr_assert_eq(import(&file, &err), RS_IO);
    cr_assert_eq(strncmp(err.text, "config.json: error: cannot open", 31), 0, "%s", err.text);
    write_text("config.json", tensors_config(FAMILY_GPT2));
    cr_assert_eq(import(&file, &err), RS_IO);
    cr_assert_eq(strncmp(err.text, "m.safetensors: error: cannot open", 33), 0, "%s", err.text);
    make(FAMILY_GPT2, "F32", "", &model, &tensors);
    tensors_write(&tensors, "m.safetensors");
    cr_assert_eq(import(&file, &err), RS_IO);
    cr_assert_eq(strncmp(err.text, "items.h5: error: ", 17), 0, "%s", err.text);
    write_text("items.h5", "words");
    refused("items.h5: error: ", "no HDF5");
    cr_assert_eq(count_files(), 3);
    char path[64];
    cr_assert(import_config_path("a/b.c/m.safetensors", path, sizeof path) &&
              strcmp(path, "a/b.c/config.json") == 0);
    cr_assert(import_config_path("m.safetensors", path, sizeof path) && strcmp(path, "config.json") == 0);
    cr_assert(!import_config_path("a/m.safetensors", path, 13) &&
              import_config_path("a/m.safetensors", path, 14));
    tensors_clear(&tensors);
    transformer_clear(&model);
}

/* Replaces some bytes of a file's first n by odd ones. */
static void mutate(const char *path, const char *bytes, size_t n_bytes, size_t first, size_t n,
                   uint32_t trial)
{
    static const char odd[] = "{}[]\",:\\0123456789-.e Fn\x7f\xff";
    struct rs_error err;
    const struct random_key key = {.seed = trial, .purpose = RANDOM_STORIES};
    char *copy = malloc(n_bytes);
    memcpy(copy, bytes, n_bytes);
    for (uint32_t i = 0; i < 1 + trial % 3; i++)
        copy[first + random_integer(&key, 2 * i, (uint32_t)n)] =
            odd[random_integer(&key, 2 * i + 1, sizeof odd - 1)];
    cr_assert_eq(file_write(path, copy, n_bytes, &err), RS_OK);
    free(copy);
}

Test(import, mutated_headers_and_configs_do_no_more_than_fail, .init = enter_folder, .fini = leave_folder)
{
    enum { TRIALS = 300 };
    struct transformer model;
    struct named_tensors tensors;
    struct rs_error err;
    char *bytes;
    size_t n_bytes, n_good = 0;
    make(FAMILY_LLAMA, "BF16", "model.", &model, &tensors);
    tensors_write(&tensors, "m.safetensors");
    write_items(&model.shape, false);
    cr_assert_eq(file_read("m.safetensors", 1 << 20, &bytes, &n_bytes, &err), RS_OK);
    const char *config = tensors_config(FAMILY_LLAMA);
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        struct transformer_file file;
        size_t n_header = (unsigned char)bytes[0] + 256u * (unsigned char)bytes[1];
        bool header = trial % 2 == 0;
        mutate("m.safetensors", bytes, n_bytes, 8, header ? n_header : 1, header ? trial : 0);
        if (!header)
            cr_assert_eq(file_write("m.safetensors", bytes, n_bytes, &err), RS_OK);
        mutate("config.json", config, strlen(config), 0, strlen(config), trial);
        if (header)
            write_text("config.json", config);
        enum rs_status status = import(&file, &err);
        cr_assert(status == RS_OK || (status == RS_INPUT && strstr(err.text, ": error: ") != NULL &&
                                      strchr(err.text, '\n') == NULL),
                  "trial %u: %s", trial, err.text);
        n_good += status == RS_OK;
        transformer_file_clear(&file);
    }
    cr_assert(n_good > 5 && n_good < TRIALS / 2, "%zu", n_good);
    free(bytes);
    tensors_clear(&tensors);
    transformer_clear(&model);
}
