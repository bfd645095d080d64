#include "config.h" /* strncasecmp */

#include "spice/worker_request.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "spice/trouble.h"
#include "spice/worker_wire.h"

enum { NAME_SIZE = 256 };

/* --- requests --- */

/* "V(Out)" becomes out, "i(v1)" v1#branch. False where this is no name of a vector. */
static bool name_vector(const char *asked, char name[NAME_SIZE])
{
    size_t n = strlen(asked);
    bool voltage = strncasecmp(asked, "v(", 2) == 0, current = strncasecmp(asked, "i(", 2) == 0;
    if (n == 0 || n + sizeof "#branch" > NAME_SIZE || strpbrk(asked, " \t\n,;\"'$+*/") != NULL)
        return false;
    if ((voltage || current) && (n < 4 || asked[n - 1] != ')'))
        return false;
    snprintf(name, NAME_SIZE, "%.*s%s", (int)(voltage || current ? n - 3 : n),
             voltage || current ? asked + 2 : asked, current ? "#branch" : "");
    for (char *at = name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return strpbrk(name, "()") == NULL;
}

enum rs_status worker_request_write(const char *circuit, bool in_doubt, const struct worker_run *run,
                                    struct text *request, struct rs_error *err)
{
    const char *commands = run->commands == NULL ? "" : run->commands;
    enum rs_status status = trouble_check_commands(commands, err);
    if (status != RS_OK)
        return status;
    text_clear(request);
    worker_wire_put_text(request, circuit, strlen(circuit));
    worker_wire_put_number(request, in_doubt);
    worker_wire_put_text(request, commands, strlen(commands));
    worker_wire_put_number(request, run->n_vectors);
    for (size_t k = 0; k < run->n_vectors; k++) {
        char name[NAME_SIZE];
        if (!name_vector(run->vectors[k].name, name))
            return rs_fail(err, RS_INPUT, "'%s' found, the name of a vector expected", run->vectors[k].name);
        worker_wire_put_text(request, name, strlen(name));
        worker_wire_put_number(request, run->vectors[k].length);
    }
    return request->failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

bool worker_request_is_contained(const char *commands)
{
    static const char *const words[] = {"alter", "altermod", "op",        "tran",    "dc",         "ac",
                                        "noise", "tf",       "meas",      "let",     "alterparam", "print",
                                        "reset", "run",      "linearize", "destroy", "echo"};
    for (const char *line = commands; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, " \t\n");
        size_t n = strcspn(line, " \t\n");
        bool known = n == 0;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            known = known || (strlen(words[i]) == n && strncasecmp(line, words[i], n) == 0);
        if (!known)
            return false;
    }
    return true;
}

/* --- answers --- */

void worker_request_clear(struct worker_request_answer *answer)
{
    free(answer->lengths);
    free(answer->values);
    free(answer->all);
}

/* `wire` stands at the first vector's length; the name and expected length of each come from `request`. */
static enum rs_status read_answer(struct worker_wire *wire, struct worker_wire request,
                                  struct worker_request_answer *answer, struct rs_error *err)
{
    double *next = answer->all;
    for (size_t k = 0; k < answer->n_vectors; k++) {
        size_t length = (size_t)worker_wire_take_number(wire);
        char *name = worker_wire_take_text(&request);
        size_t expected = (size_t)worker_wire_take_number(&request);
        char known[NAME_SIZE];
        snprintf(known, sizeof known, "%s", name == NULL ? "" : name);
        free(name);
        if (length < 1 || (expected != 0 && length != expected))
            return rs_fail(err, RS_IO, "ngspice's vector '%s' has %zu values, %zu are expected", known,
                           length, expected);
        worker_wire_take_doubles(wire, length, next);
        if (wire->broken || request.broken)
            return rs_fail(err, RS_IO, "ngspice's answer is not complete");
        for (size_t i = 0; i < length; i++)
            if (!isfinite(next[i]))
                return rs_fail(err, RS_IO, "ngspice's vector '%s' has %g at %zu, a finite number is expected",
                               known, next[i], i);
        answer->lengths[k] = length;
        answer->values[k] = next;
        next += length;
    }
    return RS_OK;
}

enum rs_status worker_request_open(const struct text *bytes, const struct text *request_bytes,
                                   struct worker_request_answer *answer, struct rs_error *err)
{
    struct worker_wire wire = {.bytes = bytes->bytes, .n_left = bytes->length};
    struct worker_wire request = {.bytes = request_bytes->bytes, .n_left = request_bytes->length};
    if (bytes->failed || request_bytes->failed)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    uint64_t verdict = worker_wire_take_number(&wire);
    (void)worker_wire_take_number(&wire);
    if (verdict != WORKER_WIRE_DONE || wire.broken) {
        char *reason = worker_wire_take_text(&wire);
        enum rs_status status = rs_fail(err, RS_IO, "%s", reason == NULL ? "no answer" : reason);
        free(reason);
        return status;
    }
    free(worker_wire_take_text(&request)); /* the deck, whether it is in doubt, the commands */
    (void)worker_wire_take_number(&request);
    free(worker_wire_take_text(&request));
    answer->n_vectors = (size_t)worker_wire_take_number(&request);
    answer->lengths = memory_allocate(answer->n_vectors, sizeof *answer->lengths, err);
    answer->values = memory_allocate(answer->n_vectors, sizeof *answer->values, err);
    answer->all = memory_allocate(wire.n_left / sizeof(double), sizeof(double), err);
    if (answer->lengths == NULL || answer->values == NULL || answer->all == NULL)
        return RS_INTERNAL;
    return read_answer(&wire, request, answer, err);
}
