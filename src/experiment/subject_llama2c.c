/*
 * Transformers from checkpoints of llama2.c: the pieces of a text are the samples, each begins with the
 * beginning word and is cut at the model's longest sequence; every further word is predicted (contract 5).
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "experiment/subject.h"
#include "experiment/subject_transformer.h"
#include "model/llama2c.h"
#include "workload/llama_tokenizer.h"
#include "workload/text_pieces.h"

/* Words of all pieces, each with the beginning word, end to end. */
struct words {
    size_t n_pieces, n, capacity;
    size_t *ends; /* [n_pieces] */
    int32_t *words;
};

static bool append_words(struct words *words, const int32_t *more, size_t n)
{
    if (words->n + n > words->capacity) {
        size_t capacity = 2 * words->capacity + n + 1024;
        int32_t *grown = realloc(words->words, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        words->words = grown;
        words->capacity = capacity;
    }
    memcpy(words->words + words->n, more, n * sizeof *more);
    words->n += n;
    return true;
}

static enum rs_status encode_piece(const struct llama_tokenizer *tokenizer, const struct text_piece *piece,
                                   size_t longest, struct words *words, struct rs_error *err)
{
    static const int32_t begin = LLAMA_TOKENIZER_BEGIN;
    int32_t *own = NULL;
    size_t n = 0;
    enum rs_status status = llama_tokenizer_encode(tokenizer, piece->text, piece->n_bytes, &n, &own, err);
    if (status != RS_OK)
        return status;
    bool enough = append_words(words, &begin, 1) && append_words(words, own, n < longest ? n : longest - 1);
    words->ends[words->n_pieces++] = words->n;
    free(own);
    return enough ? RS_OK : rs_fail(err, RS_INTERNAL, "out of memory: %zu words", words->n);
}

static enum rs_status fill_items(const struct words *words, const struct transformer_shape *shape,
                                 struct transformer_items *items, struct rs_error *err)
{
    enum rs_status status = transformer_items_init(items, shape, words->n_pieces, words->n, err);
    if (status != RS_OK)
        return status;
    memcpy(items->words, words->words, words->n * sizeof *words->words);
    for (size_t piece = 0, first = 0; piece < words->n_pieces; first = words->ends[piece++]) {
        size_t end = words->ends[piece];
        items->word_offset[piece + 1] = (int32_t)end;
        for (size_t t = first; t < end; t++)
            items->targets[t] = t + 1 < end ? words->words[t + 1] : -1;
    }
    return RS_OK;
}

static enum rs_status read_text(const char *path, const struct llama_tokenizer *tokenizer,
                                const struct transformer_shape *shape, struct transformer_items *items,
                                struct rs_error *err)
{
    struct text_pieces pieces;
    struct words words = {0};
    enum rs_status status = text_pieces_open(path, LLAMA_TOKENIZER_TEXT_BYTES, &pieces, err);
    if (status == RS_OK && (words.ends = memory_allocate(pieces.n, sizeof *words.ends, err)) == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; i < pieces.n && status == RS_OK; i++)
        status = encode_piece(tokenizer, &pieces.pieces[i], shape->n_positions, &words, err);
    if (status == RS_OK)
        status = fill_items(&words, shape, items, err);
    free(words.ends);
    free(words.words);
    text_pieces_clear(&pieces);
    return status;
}

static enum rs_status check_keys(const struct workload_options *workload, struct rs_error *err)
{
    const struct {
        const char *key, *value;
    } needed[] = {{"workload.file", workload->file},
                  {"workload.tokenizer", workload->tokenizer},
                  {"workload.text", workload->text}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (needed[i].value[0] == '\0')
            return rs_fail(err, RS_INPUT,
                           "%s: missing; workload.kind: llama2c needs workload.file, workload.tokenizer and "
                           "workload.text",
                           needed[i].key);
    return RS_OK;
}

enum rs_status subject_transformer_open_llama2c(const struct config *config, struct transformer_file *file,
                                                struct rs_error *err)
{
    const struct workload_options *workload = &config->workload;
    const struct transformer_shape *shape = &file->model.shape;
    struct llama_tokenizer tokenizer = {0};
    file->calibration_from_test = workload->calibration_text[0] == '\0'; /* the first half (definitions 4) */
    enum rs_status status = check_keys(workload, err);
    if (status == RS_OK)
        status = llama2c_open(workload->file, &file->model, err);
    if (status == RS_OK && shape->n_positions < 2)
        status = rs_fail(err, RS_INPUT, "%s: error: a longest sequence of 1 found, at least 2 expected",
                         workload->file);
    if (status == RS_OK)
        status = llama_tokenizer_open(workload->tokenizer, shape->n_words, &tokenizer, err);
    if (status == RS_OK)
        status = read_text(workload->text, &tokenizer, shape, &file->test, err);
    if (status == RS_OK)
        status = file->calibration_from_test
                     ? transformer_items_copy(&file->test, shape, (file->test.n_samples + 1) / 2,
                                              &file->calibration, err)
                     : read_text(workload->calibration_text, &tokenizer, shape, &file->calibration, err);
    llama_tokenizer_clear(&tokenizer);
    return status;
}
