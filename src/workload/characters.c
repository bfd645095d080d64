#include "workload/characters.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "io/file.h"

void characters_clear(struct characters *characters)
{
    free(characters->text);
    *characters = (struct characters){0};
}

enum rs_status characters_open(const char *path, struct characters *out, struct rs_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    int32_t words[256];
    bool occurs[256] = {false};
    *out = (struct characters){0};
    enum rs_status status = file_read(path, CHARACTERS_TEXT_MAX, &bytes, &n, err);
    if (status == RS_OK && n == 0)
        status = rs_fail(err, RS_INPUT, "%s: error: an empty file found, a text expected", path);
    if (status == RS_OK && (out->text = memory_allocate(n, sizeof *out->text, err)) == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; i < n && status == RS_OK; i++)
        occurs[(unsigned char)bytes[i]] = true;
    for (int byte = 0; byte < 256; byte++)
        if (occurs[byte]) {
            words[byte] = (int32_t)out->n_words;
            out->bytes[out->n_words++] = (unsigned char)byte;
        }
    for (size_t i = 0; i < n && status == RS_OK; i++)
        out->text[i] = words[(unsigned char)bytes[i]];
    out->n_characters = n;
    free(bytes);
    if (status != RS_OK)
        characters_clear(out);
    return status;
}

char **characters_vocabulary(const struct characters *characters, struct rs_error *err)
{
    enum { SIZE = 8 };
    size_t n = characters->n_words;
    char **texts = memory_allocate(n, sizeof *texts + SIZE, err);
    if (texts == NULL)
        return NULL;
    char *at = (char *)(texts + n);
    for (size_t i = 0; i < n; i++, at += SIZE) {
        unsigned char byte = characters->bytes[i];
        bool plain = (byte >= ' ' && byte < 127) || byte == '\n' || byte == '\t' || byte == '\r';
        texts[i] = at;
        if (plain)
            at[0] = (char)byte;
        else
            snprintf(at, SIZE, "<0x%02x>", byte);
    }
    return texts;
}
