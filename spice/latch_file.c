#include "config.h" /* realpath */

#include "spice/latch_file.h"

#include <stdbool.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "io/file.h"

enum { FILE_BYTES_MAX = 1 << 26 };

static const char *const port_names[LATCH_N_PORTS] = {"inp", "inn", "clk", "outp", "outn", "vdd", "vss"};

struct word {
    const char *start;
    size_t length;
};

static bool is(struct word word, const char *text)
{
    return word.length == strlen(text) && strncasecmp(word.start, text, word.length) == 0;
}

/* The next word of a statement, across lines that begin with +; its length is 0 at the end. */
static struct word next_word(const char **place)
{
    const char *at = *place + strspn(*place, " \t\r");
    while (*at == '\n') {
        const char *line = at + 1 + strspn(at + 1, " \t");
        if (*line == '*') { /* a comment between continuation lines */
            at = line + strcspn(line, "\n");
            continue;
        }
        if (*line != '+')
            break;
        at = line + 1 + strspn(line + 1, " \t\r");
    }
    struct word word = {at, strcspn(at, " \t\r\n")};
    if (*at == ';' || *at == '$')
        word.length = 0;
    *place = at + word.length;
    return word;
}

/* The statement after ".subckt NAME", or NULL. */
static const char *find_subcircuit(const char *text, const char *name)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *place = line;
        if (!is(next_word(&place), ".subckt"))
            continue;
        if (is(next_word(&place), name))
            return place;
    }
    return NULL;
}

static enum rs_status read_ports(const char *path, const char *name, const char *place,
                                 struct latch_file *out, struct rs_error *err)
{
    bool seen[LATCH_N_PORTS] = {false};
    int n = 0;
    for (struct word word = next_word(&place); word.length > 0; word = next_word(&place)) {
        int port = 0;
        if (memchr(word.start, '=', word.length) != NULL || is(word, "params:"))
            break;
        while (port < LATCH_N_PORTS && !is(word, port_names[port]))
            port++;
        const char *next = place;
        if (next_word(&next).start[0] == '=') /* a parameter written as NAME = VALUE */
            break;
        if (port == LATCH_N_PORTS || seen[port])
            return rs_fail(err, RS_INPUT,
                           "%s: error: subcircuit '%s' has a port '%.*s'; inp inn clk outp outn vdd vss "
                           "expected, each once",
                           path, name, (int)word.length, word.start);
        seen[port] = true;
        out->ports[n++] = port;
    }
    for (int port = 0; port < LATCH_N_PORTS; port++)
        if (!seen[port])
            return rs_fail(err, RS_INPUT,
                           "%s: error: subcircuit '%s' has no port '%s'; inp inn clk outp outn vdd vss "
                           "expected",
                           path, name, port_names[port]);
    return RS_OK;
}

enum rs_status latch_file_find(const char *path, char absolute[LATCH_FILE_PATH_SIZE], struct rs_error *err)
{
    enum rs_status status = RS_OK;
    char *found = realpath(path, NULL);
    if (found == NULL)
        status = rs_fail(err, RS_IO, "%s: error: %s", path, strerror(errno));
    else if (strlen(found) >= LATCH_FILE_PATH_SIZE || strpbrk(found, "\"\n") != NULL)
        status = rs_fail(err, RS_IO,
                         "%s: error: no path that a deck can name: too long, or with quotes in it", path);
    else
        memcpy(absolute, found, strlen(found) + 1);
    free(found);
    return status;
}

enum rs_status latch_file_read(const char *path, const char *name, struct latch_file *out,
                               struct rs_error *err)
{
    char *text;
    size_t n_bytes;
    enum rs_status status = latch_file_find(path, out->path, err);
    if (status == RS_OK)
        status = file_read(path, FILE_BYTES_MAX, &text, &n_bytes, err);
    if (status != RS_OK)
        return status;
    const char *place = find_subcircuit(text, name);
    if (place == NULL)
        status = rs_fail(err, RS_INPUT, "%s: error: no '.subckt %s' found", path, name);
    else
        status = read_ports(path, name, place, out, err);
    free(text);
    return status;
}
