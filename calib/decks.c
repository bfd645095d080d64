#include <config.h>

#include "calib/decks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct deck *decks_add(struct decks *decks, const char *name, char *text)
{
    size_t capacity = decks->n < decks->capacity ? decks->capacity : 2 * decks->capacity + 16;
    struct deck *more = decks->decks;
    if (capacity > decks->capacity)
        more = realloc(decks->decks, capacity * sizeof *more);
    if (more == NULL) {
        free(text);
        decks->failed = true;
        return NULL;
    }
    decks->decks = more;
    decks->capacity = capacity;
    struct deck *deck = &decks->decks[decks->n++];
    *deck = (struct deck){.text = text};
    decks->failed = decks->failed || text == NULL;
    snprintf(deck->name, sizeof deck->name, "%s", name);
    return deck;
}

void decks_ask(struct decks *decks, struct deck *deck, const char *name, size_t length)
{
    if (decks->failed)
        return;
    struct worker_vector *more = realloc(deck->vectors, (deck->n_vectors + 1) * sizeof *more);
    char *copy = strdup(name);
    if (more != NULL)
        deck->vectors = more;
    if (more == NULL || copy == NULL) {
        decks->failed = true;
        free(copy);
        return;
    }
    more[deck->n_vectors++] = (struct worker_vector){copy, length};
}

void decks_add_run(struct decks *decks, struct deck *deck, char *commands)
{
    char **more = decks->failed ? NULL : realloc(deck->commands, (deck->n_runs + 1) * sizeof *more);
    if (more != NULL)
        deck->commands = more;
    if (more == NULL || commands == NULL) {
        decks->failed = true;
        free(commands);
        return;
    }
    more[deck->n_runs++] = commands;
}

/* --- running --- */

struct counter {
    const struct decks_hooks *hooks;
    size_t n_done;
};

/* What a job hands on. */
struct turn {
    struct deck *deck;
    struct counter *counter;
    size_t n_done; /* runs */
};

static struct worker_run run_of(const struct deck *deck, size_t i_run)
{
    return (struct worker_run){deck->commands[i_run], deck->n_vectors, deck->vectors};
}

static bool take(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct turn *turn = state;
    struct deck *deck = turn->deck;
    bool more;
    if (deck->take != NULL) {
        more = deck->take(deck->state, values, next);
    } else {
        for (size_t k = 0; k < deck->n_vectors; k++)
            deck->values[turn->n_done * deck->n_vectors + k] = values->values[k][values->lengths[k] - 1];
        more = ++turn->n_done < deck->n_runs;
        if (more)
            *next = run_of(deck, turn->n_done);
    }
    if (!more && turn->counter->hooks->show != NULL)
        turn->counter->hooks->show(turn->counter->hooks->context, ++turn->counter->n_done, 0);
    return more;
}

static enum rs_status prepare(struct decks *decks, struct counter *counter, double limit_seconds,
                              struct worker_job *jobs, struct turn *turns, struct rs_error *err)
{
    for (size_t d = 0; d < decks->n; d++) {
        struct deck *deck = &decks->decks[d];
        struct digest digest;
        digest_init(&digest);
        digest_add(&digest, deck->text, strlen(deck->text));
        for (size_t r = 0; r < deck->n_runs; r++)
            digest_add(&digest, deck->commands[r], strlen(deck->commands[r]));
        digest_finish(&digest, deck->sha256);
        deck->values = memory_allocate(deck->n_runs * deck->n_vectors, sizeof *deck->values, err);
        if (deck->values == NULL)
            return RS_INTERNAL;
        turns[d] = (struct turn){deck, counter, 0};
        jobs[d] = (struct worker_job){.deck = deck->text,
                                      .run = run_of(deck, 0),
                                      .limit_seconds = limit_seconds,
                                      .take = take,
                                      .state = &turns[d]};
    }
    return RS_OK;
}

static void tell_failures(const struct decks *decks, const struct worker_job *jobs, struct rs_error *err)
{
    size_t n_failed = 0, first = 0;
    for (size_t d = decks->n; d-- > 0;)
        if (jobs[d].status != RS_OK) {
            n_failed++;
            first = d;
        }
    rs_fail(err, RS_INCOMPLETE, "%zu of %zu decks failed, the first: '%s': %s", n_failed, decks->n,
            decks->decks[first].name, jobs[first].message);
}

enum rs_status decks_run(struct decks *decks, struct worker_pool *pool, double limit_seconds,
                         const struct decks_hooks *hooks, struct rs_error *err)
{
    struct counter counter = {hooks, 0};
    if (decks->failed)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    struct worker_job *jobs = memory_allocate(decks->n, sizeof *jobs, err);
    struct turn *turns = memory_allocate(decks->n, sizeof *turns, err);
    enum rs_status status = jobs != NULL && turns != NULL
                                ? prepare(decks, &counter, limit_seconds, jobs, turns, err)
                                : RS_INTERNAL;
    struct rs_error reason = {{0}};
    if (status == RS_OK)
        status = worker_pool_run(pool, decks->n, jobs, &reason);
    if (status == RS_INCOMPLETE)
        tell_failures(decks, jobs, err);
    else if (status != RS_OK && reason.text[0] != '\0')
        rs_fail(err, status, "%s", reason.text);
    for (size_t d = 0; d < decks->n && jobs != NULL; d++)
        decks->decks[d].good = jobs[d].status == RS_OK && status != RS_INTERNAL && status != RS_IO;
    free(jobs);
    free(turns);
    return status;
}

static void clear_deck(struct deck *deck)
{
    for (size_t r = 0; r < deck->n_runs; r++)
        free(deck->commands[r]);
    for (size_t k = 0; k < deck->n_vectors; k++)
        free((char *)deck->vectors[k].name);
    free(deck->commands);
    free(deck->vectors);
    free(deck->values);
    free(deck->text);
}

void decks_clear(struct decks *decks)
{
    for (size_t d = 0; d < decks->n; d++)
        clear_deck(&decks->decks[d]);
    free(decks->decks);
    *decks = (struct decks){0};
}
