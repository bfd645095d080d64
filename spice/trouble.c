#include "config.h" /* strncasecmp */

#include "spice/trouble.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Words of ngspice 39 that mean a wrong, replaced or doubtful solution. */
static const char *const troubles[] = {
    "singular matrix", "gmin step", "source step",   "transient op",    "aborted",   "not parsed",
    "can't",           "cannot",    "no such",       "error",           "warning",   "waring:",
    "set to",          "reset to",  "not available", "ignored",         "assumed",   "unrecognized",
    "unknown",         "undefined", "failed",        "out of interval", "not found", "redefin",
    "duplicate",       "illegal",   "unable",        "too small",       "replaced",  "iteration limit",
    "no circuit",      "timestep",  "no dc path"};

/* Lines that only repeat what was asked for. */
static const char *const harmless[] = {"Seed value for random number generator is set to",
                                       "option SCALE: Scale is set to", "tmax is now set to"};

static bool contains(const char *line, size_t length, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= length; i++)
        if (strncasecmp(line + i, word, n) == 0)
            return true;
    return false;
}

static bool is_trouble(const char *line, size_t length)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (contains(line, length, harmless[i]))
            return false;
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++)
        if (contains(line, length, troubles[i]))
            return true;
    return false;
}

const char *trouble_find(const char *output, size_t *length)
{
    for (const char *line = output; *line != '\0'; line += *length + (line[*length] == '\n')) {
        *length = strcspn(line, "\n");
        if (is_trouble(line, *length))
            return line;
    }
    *length = 0;
    return NULL;
}

/* --- resistances of 0 --- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static const char *skip_word(const char *at)
{
    return skip_blanks(at + strcspn(at, " \t\n"));
}

/* "0", "0.0e3k", "r = 0": a number that is 0. `number` tells whether there is one at all. */
static bool is_zero(const char *value, bool *number)
{
    char *end;
    static const char *const keys[] = {"resistance", "r"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t n = strlen(keys[i]);
        const char *after = strncasecmp(value, keys[i], n) == 0 ? skip_blanks(value + n) : value;
        if (after != value && *after == '=') {
            value = skip_blanks(after + 1);
            break;
        }
    }
    double ohm = strtod(value, &end);
    *number = end != value;
    return *number && ohm == 0;
}

enum rs_status trouble_check_deck(const char *deck, bool *in_doubt, struct rs_error *err)
{
    *in_doubt = false;
    const char *line = deck + strcspn(deck, "\n"); /* the first line is the title */
    for (; *line != '\0'; line += strcspn(line, "\n")) {
        const char *start = skip_blanks(++line);
        if (*start != 'r' && *start != 'R')
            continue;
        bool number;
        if (is_zero(skip_word(skip_word(skip_word(start))), &number))
            return rs_fail(
                err, RS_INPUT,
                "the deck has '%.*s', a resistance of 0, which ngspice would change to 1 mohm: give "
                "both nodes one name",
                (int)strcspn(start, "\n"), start);
        *in_doubt = *in_doubt || !number;
    }
    return RS_OK;
}

enum rs_status trouble_check_commands(const char *commands, struct rs_error *err)
{
    for (const char *line = commands; line != NULL; line = strchr(line, '\n')) {
        line = skip_blanks(line + (*line == '\n'));
        const char *name = skip_word(line);
        bool number;
        if (strncasecmp(line, "alter ", 6) != 0)
            continue;
        name += *name == '@';
        const char *value = name + strcspn(name, " \t=\n");
        value = skip_blanks(value);
        value = skip_blanks(value + (*value == '='));
        if ((*name == 'r' || *name == 'R') && is_zero(value, &number))
            return rs_fail(err, RS_INPUT,
                           "'%.*s' found: ngspice would take 1 mohm, a resistance above 0 is expected",
                           (int)strcspn(line, "\n"), line);
    }
    return RS_OK;
}

bool trouble_has_replaced_zero(const char *output)
{
    for (const char *at = output; (at = strstr(at, "0.001")) != NULL; at++)
        if (at > output && isspace((unsigned char)at[-1]) && (at[5] == '\0' || isspace((unsigned char)at[5])))
            return true;
    return false;
}
