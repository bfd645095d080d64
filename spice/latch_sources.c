#include "config.h" /* realpath, strdup */

#include "spice/latch_sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "io/file.h"

enum { FILE_BYTES_MAX = 1 << 28, NAME_SIZE = 1024, DEPTH_MAX = 64 };

/* The files that are open, the innermost first. */
struct chain {
    const struct chain *outer;
    const char *path, *section;
};

/* Where in a file a name stands; path NULL: in a plan. */
struct place {
    const char *path;
    size_t line;
};

/* --- one line --- */

/* The next word or quoted text of a line; false at its end. */
static bool next_name(const char **place, char name[NAME_SIZE])
{
    const char *at = *place + strspn(*place, " \t");
    const char quote = *at == '"' || *at == '\'' ? *at++ : '\0';
    size_t length = quote != '\0' ? strcspn(at, quote == '"' ? "\"\r\n" : "'\r\n") : strcspn(at, " \t\r\n");
    *place = at + length + (quote != '\0' && at[length] == quote);
    if (length == 0 || length >= NAME_SIZE || (quote == '\0' && (*at == ';' || *at == '$')))
        return false;
    memcpy(name, at, length);
    name[length] = '\0';
    return true;
}

enum kind { OTHER, INCLUDE, LIBRARY, SECTION, SECTION_END };

/* What a line says: `name` is the file or section, `section` that of a library. */
static enum kind read_line(const char *line, char name[NAME_SIZE], char section[NAME_SIZE])
{
    char word[NAME_SIZE];
    section[0] = '\0';
    if (!next_name(&line, word) || word[0] != '.')
        return OTHER;
    if (strcasecmp(word, ".endl") == 0)
        return SECTION_END;
    if (strncasecmp(word, ".inc", 4) == 0)
        return next_name(&line, name) ? INCLUDE : OTHER;
    if (strcasecmp(word, ".lib") != 0 || !next_name(&line, name))
        return OTHER;
    return next_name(&line, section) ? LIBRARY : SECTION;
}

/* --- files --- */

static enum rs_status fail_at(const struct place *place, enum rs_status status, struct rs_error *err,
                              const char *path, const char *why)
{
    if (place->path == NULL)
        return rs_fail(err, status, "%s: error: %s", path, why);
    return rs_fail(err, status, "%s:%zu: error: '%s' %s", place->path, place->line, path, why);
}

static enum rs_status note(struct latch_sources *sources, const char *path, const char *bytes, size_t n_bytes,
                           struct rs_error *err)
{
    struct digest digest;
    for (size_t i = 0; i < sources->n; i++)
        if (strcmp(sources->list[i].path, path) == 0)
            return RS_OK;
    struct latch_source *more = realloc(sources->list, (sources->n + 1) * sizeof *more);
    char *copy = strdup(path);
    if (more != NULL)
        sources->list = more;
    if (more == NULL || copy == NULL) {
        free(copy);
        return rs_fail(err, RS_INTERNAL, "out of memory");
    }
    struct latch_source *source = &more[sources->n++];
    source->path = copy;
    digest_init(&digest);
    digest_add(&digest, bytes, n_bytes);
    digest_finish(&digest, source->sha256);
    return RS_OK;
}

/* `name`, as told in the file `from`: beside it, unless absolute. Owned by the caller; NULL: not there. */
static char *find_file(const char *from, const char *name)
{
    const char *slash = from != NULL ? strrchr(from, '/') : NULL;
    if (slash == NULL || name[0] == '/')
        return realpath(name, NULL);
    struct text path = {0};
    text_append(&path, "%.*s/%s", (int)(slash - from), from, name);
    char *found = path.failed ? NULL : realpath(path.bytes, NULL);
    text_clear(&path);
    return found;
}

static enum rs_status refuse_cycle(const struct place *place, const struct chain *chain, const char *path,
                                   struct rs_error *err)
{
    struct text way = {0};
    text_append(&way, "includes itself");
    for (const struct chain *link = chain; link != NULL && strcmp(link->path, path) != 0; link = link->outer)
        text_append(&way, "%s %s", link == chain ? ", by way of" : " and", link->path);
    enum rs_status status = fail_at(place, RS_INPUT, err, path, way.failed ? "includes itself" : way.bytes);
    text_clear(&way);
    return status;
}

static enum rs_status add(struct latch_sources *sources, const struct chain *outer, const struct place *place,
                          const char *name, const char *section, struct rs_error *err);

/* Every file that the chosen part of a text names. */
static enum rs_status add_inner(struct latch_sources *sources, const struct chain *chain, const char *text,
                                bool *has_section, struct rs_error *err)
{
    char name[NAME_SIZE], section[NAME_SIZE];
    bool whole = chain->section[0] == '\0', active = whole;
    struct place place = {chain->path, 1};
    enum rs_status status = RS_OK;
    *has_section = whole;
    for (const char *line = text; *line != '\0' && status == RS_OK; place.line++) {
        enum kind kind = read_line(line, name, section);
        if (kind == SECTION) {
            active = !whole && strcasecmp(name, chain->section) == 0;
            *has_section = *has_section || active;
        } else if (kind == SECTION_END) {
            active = whole;
        } else if (active && kind != OTHER) {
            status = add(sources, chain, &place, name, section, err);
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return status;
}

static enum rs_status add(struct latch_sources *sources, const struct chain *outer, const struct place *place,
                          const char *name, const char *section, struct rs_error *err)
{
    char *path = find_file(place->path, name), *bytes = NULL;
    size_t n_bytes, depth = 0;
    bool has_section = false;
    struct rs_error reason;
    if (path == NULL)
        return fail_at(place, RS_IO, err, name, strerror(errno));
    enum rs_status status = RS_OK;
    for (const struct chain *link = outer; link != NULL && status == RS_OK; link = link->outer, depth++)
        if (strcmp(link->path, path) == 0 && strcasecmp(link->section, section) == 0)
            status = refuse_cycle(place, outer, path, err);
    if (status == RS_OK && depth == DEPTH_MAX)
        status = fail_at(place, RS_INPUT, err, path, "lies more than 64 files deep");
    if (status == RS_OK && file_read(path, FILE_BYTES_MAX, &bytes, &n_bytes, &reason) != RS_OK)
        status = fail_at(place, RS_IO, err, path, "cannot be read");
    if (status == RS_OK)
        status = note(sources, path, bytes, n_bytes, err);
    if (status == RS_OK) {
        const struct chain chain = {outer, path, section};
        status = add_inner(sources, &chain, bytes, &has_section, err);
    }
    if (status == RS_OK && !has_section) {
        char why[NAME_SIZE + 64];
        snprintf(why, sizeof why, "has no section '%s' (.lib %s)", section, section);
        status = fail_at(place, RS_INPUT, err, path, why);
    }
    free(bytes);
    free(path);
    return status;
}

enum rs_status latch_sources_add(struct latch_sources *sources, const char *path, const char *section,
                                 struct rs_error *err)
{
    const struct place place = {NULL, 0};
    return add(sources, NULL, &place, path, section, err);
}

void latch_sources_clear(struct latch_sources *sources)
{
    for (size_t i = 0; i < sources->n; i++)
        free(sources->list[i].path);
    free(sources->list);
    *sources = (struct latch_sources){0};
}
