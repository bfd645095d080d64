#include "calib/decks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "spice/ngspice.h"

static bool grow(struct decks *decks)
{
    if (decks->n < decks->capacity)
        return true;
    size_t capacity = 2 * decks->capacity + 16;
    struct deck *more = realloc(decks->decks, capacity * sizeof *more);
    if (more == NULL)
        return false;
    decks->decks = more;
    decks->capacity = capacity;
    return true;
}

enum rs_status decks_add(struct decks *decks, const char *name, char *text, size_t n_values,
                         struct rs_error *err)
{
    struct digest digest;
    double *values = memory_allocate(n_values, sizeof *values, err);
    if (text == NULL || values == NULL || !grow(decks)) {
        free(text);
        free(values);
        return rs_fail(err, RS_INTERNAL, "out of memory");
    }
    struct deck *deck = &decks->decks[decks->n++];
    *deck = (struct deck){.text = text, .n_values = n_values, .values = values};
    snprintf(deck->name, sizeof deck->name, "%s", name);
    digest_init(&digest);
    digest_add(&digest, text, strlen(text));
    digest_finish(&digest, deck->sha256);
    return RS_OK;
}

enum rs_status decks_run(struct decks *decks, size_t n_workers, double limit_seconds,
                         const struct decks_hooks *hooks, struct rs_error *err)
{
    size_t n_failed = 0;
    snprintf(decks->ngspice_version, sizeof decks->ngspice_version, "ngspice");
    (void)n_workers; /* one ngspice at a time */
    for (size_t d = 0; d < decks->n; d++) {
        struct deck *deck = &decks->decks[d];
        struct rs_error reason = {{0}};
        if (hooks->should_stop != NULL && hooks->should_stop(hooks->context))
            return rs_fail(err, RS_STOPPED, "stopped after %zu of %zu decks", d, decks->n);
        enum rs_status status = ngspice_run(deck->text, deck->n_values, limit_seconds, deck->values, &reason);
        deck->good = status == RS_OK;
        if (status != RS_OK && (status != RS_IO || strstr(reason.text, "its files are in") == NULL))
            return rs_fail(err, status, "%s", reason.text);
        if (status != RS_OK && n_failed++ == 0)
            rs_fail(err, status, "deck '%s': %s", deck->name, reason.text);
        if (hooks->show != NULL)
            hooks->show(hooks->context, d + 1, n_failed);
    }
    return n_failed > 0 ? RS_INCOMPLETE : RS_OK;
}

void decks_clear(struct decks *decks)
{
    for (size_t d = 0; d < decks->n; d++) {
        free(decks->decks[d].text);
        free(decks->decks[d].values);
    }
    free(decks->decks);
    *decks = (struct decks){0};
}
