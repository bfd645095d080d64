#include "config.h" /* POSIX names */

#include "spice/worker_slot.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/file.h"
#include "spice/worker.h"
#include "spice/worker_batch.h"

enum { CHUNK_BYTES = 1 << 16 };

/* A worker without work ends at once; one whose library hangs is not waited for. */
#define PATIENCE_SECONDS 2.0
#define GREETING_SECONDS 60.0

static struct worker_wire wire_of(const struct text *text)
{
    return (struct worker_wire){.bytes = text->bytes, .n_left = text->length};
}

static const char *history_of(const struct worker_slot *slot)
{
    return slot->history.bytes == NULL ? "" : slot->history.bytes;
}

/* --- starting --- */

static enum rs_status start_process(struct worker_slot *slot, char *const arguments[], bool *missing,
                                    struct rs_error *err)
{
    enum rs_status status = process_make_directory("rescore-worker", slot->process.directory, err);
    if (status == RS_OK)
        status = process_start(&slot->process, arguments, missing, err);
    if (status != RS_OK && slot->process.directory[0] != '\0') {
        process_remove_directory(slot->process.directory);
        slot->process.directory[0] = '\0';
    }
    slot->n_jobs = 0;
    slot->n_sent = 0;
    slot->greeted = slot->library == NULL;
    text_clear(&slot->in);
    return status;
}

enum rs_status worker_slot_start(struct worker_slot *slot, struct rs_error *err)
{
    char command[] = WORKER_COMMAND;
    char *const arguments[] = {(char *)slot->program, command, (char *)slot->library, NULL};
    text_clear(&slot->out);
    slot->limit_seconds = GREETING_SECONDS;
    slot->end_seconds = clock_seconds() + GREETING_SECONDS;
    return start_process(slot, arguments, NULL, err);
}

/* One run is one process: its deck is a file, the end of the process is the answer. */
static enum rs_status start_batch(struct worker_slot *slot, bool *missing, struct rs_error *err)
{
    static char name[] = "ngspice", option[] = "-b", file[] = "deck.cir";
    char *const arguments[] = {name, option, file, NULL};
    char path[PROCESS_PATH_SIZE];
    struct text deck = {0};
    const struct worker_wire request = wire_of(&slot->request);
    enum rs_status status = process_make_directory("rescore-worker", slot->process.directory, err);
    if (status != RS_OK)
        return status;
    worker_batch_write_deck(slot->circuit.bytes, history_of(slot), &request, &deck);
    process_print_path(slot->process.directory, file, path);
    status = deck.failed ? rs_fail(err, RS_INTERNAL, "out of memory")
                         : file_write(path, deck.bytes, deck.length, err);
    if (status == RS_OK)
        status = process_start(&slot->process, arguments, missing, err);
    text_clear(&deck);
    if (status != RS_OK) {
        process_remove_directory(slot->process.directory);
        slot->process.directory[0] = '\0';
        return status;
    }
    (void)shutdown(slot->process.fd, SHUT_WR); /* its standard input is empty */
    return RS_OK;
}

void worker_slot_refresh(struct worker_slot *slot)
{
    char byte;
    if (slot->process.pid != 0 && recv(slot->process.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        worker_slot_end(slot);
}

enum rs_status worker_slot_begin(struct worker_slot *slot, bool *missing, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    double limit_seconds = slot->limit_seconds;
    *missing = false;
    if (slot->library == NULL)
        status = start_batch(slot, missing, err);
    else if (slot->process.pid == 0)
        status = worker_slot_start(slot, err);
    if (status != RS_OK)
        return status;
    text_clear(&slot->in);
    text_clear(&slot->out);
    slot->n_sent = 0;
    if (slot->library != NULL)
        worker_wire_put_text(&slot->out, slot->request.bytes, slot->request.length);
    if (slot->out.failed)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    slot->busy = true;
    slot->limit_seconds = limit_seconds;
    slot->end_seconds = slot->limit_seconds > 0 ? clock_seconds() + slot->limit_seconds : (double)INFINITY;
    return RS_OK;
}

/* --- moving bytes --- */

short worker_slot_events(const struct worker_slot *slot)
{
    return (short)(POLLIN | (slot->n_sent < slot->out.length ? POLLOUT : 0));
}

static void send_some(struct worker_slot *slot)
{
    ssize_t n =
        send(slot->process.fd, slot->out.bytes + slot->n_sent, slot->out.length - slot->n_sent, MSG_NOSIGNAL);
    if (n > 0)
        slot->n_sent += (size_t)n; /* an error shows as the end of what comes back */
}

/* Whether more may come: false at the end. */
static bool receive_some(struct worker_slot *slot)
{
    char bytes[CHUNK_BYTES];
    ssize_t n = recv(slot->process.fd, bytes, sizeof bytes, 0);
    if (n > 0)
        text_append_bytes(&slot->in, bytes, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Moves a whole frame from slot->in to `answer`. */
static bool take_frame(struct worker_slot *slot, struct text *answer)
{
    uint64_t length;
    struct text rest = {0};
    if (slot->in.length < sizeof length)
        return false;
    memcpy(&length, slot->in.bytes, sizeof length);
    if (slot->in.length - sizeof length < length)
        return false;
    const char *content = slot->in.bytes + sizeof length;
    text_append_bytes(answer, content, (size_t)length);
    text_append_bytes(&rest, content + length, slot->in.length - sizeof length - (size_t)length);
    text_clear(&slot->in);
    slot->in = rest;
    return true;
}

/* The process has ended: by itself, which is how `ngspice -b` answers, or not. */
static void take_end(struct worker_slot *slot, struct text *answer)
{
    const struct worker_wire request = wire_of(&slot->request);
    int number = process_end(&slot->process, PATIENCE_SECONDS);
    if (number != 0)
        worker_wire_put_failure(answer, 0, "ngspice was stopped by signal %d (%s)", number,
                                strsignal(number));
    else if (slot->library != NULL)
        worker_wire_put_failure(answer, 0, "the process of ngspice ended without an answer");
    else
        worker_batch_answer(slot->process.directory, &request, answer);
}

static void note_memory(struct worker_slot *slot, const struct text *answer)
{
    struct worker_wire wire = wire_of(answer);
    (void)worker_wire_take_number(&wire);
    slot->memory_bytes = worker_wire_take_number(&wire);
    if (!slot->greeted)
        slot->memory_start_bytes = slot->memory_bytes;
}

static enum worker_slot_event finish_frame(struct worker_slot *slot, const struct text *answer)
{
    bool greeting = !slot->greeted;
    note_memory(slot, answer);
    slot->greeted = true;
    if (greeting && slot->busy && slot->limit_seconds > 0)
        slot->end_seconds = clock_seconds() + slot->limit_seconds;
    if (!greeting)
        slot->busy = false;
    return greeting ? WORKER_SLOT_GREETING : WORKER_SLOT_ANSWER;
}

enum worker_slot_event worker_slot_advance(struct worker_slot *slot, short found, struct text *answer)
{
    bool alive = true;
    if (found & POLLOUT && slot->n_sent < slot->out.length)
        send_some(slot);
    if (found & (POLLIN | POLLHUP | POLLERR))
        alive = receive_some(slot);
    if (slot->library != NULL && take_frame(slot, answer))
        return finish_frame(slot, answer);
    if (slot->in.failed)
        worker_wire_put_failure(answer, 0, "out of memory");
    else if (!alive)
        take_end(slot, answer);
    else if (clock_seconds() > slot->end_seconds)
        worker_wire_put_failure(answer, 0, "ngspice took longer than %g s and was stopped",
                                slot->limit_seconds);
    else
        return WORKER_SLOT_NOTHING;
    return slot->busy && (slot->library == NULL || slot->greeted) ? WORKER_SLOT_ANSWER : WORKER_SLOT_GREETING;
}

/* --- ending --- */

void worker_slot_end(struct worker_slot *slot)
{
    (void)process_end(&slot->process, slot->busy ? 0 : PATIENCE_SECONDS);
    slot->busy = false;
    if (slot->process.directory[0] != '\0')
        process_remove_directory(slot->process.directory);
    slot->process.directory[0] = '\0';
}

void worker_slot_keep(struct worker_slot *slot, char directory[PROCESS_DIRECTORY_SIZE])
{
    const struct worker_wire request = wire_of(&slot->request);
    char from[PROCESS_PATH_SIZE], to[PROCESS_PATH_SIZE];
    struct text deck = {0};
    struct rs_error err;
    slot->busy = true; /* no patience with what failed */
    (void)process_end(&slot->process, 0);
    if (process_make_directory("rescore-ngspice", directory, &err) == RS_OK) {
        worker_batch_write_deck(slot->circuit.bytes, history_of(slot), &request, &deck);
        process_print_path(directory, "deck.cir", to);
        if (deck.failed || file_write(to, deck.bytes, deck.length, &err) != RS_OK) {
            process_remove_directory(directory);
            directory[0] = '\0';
        }
        text_clear(&deck);
    }
    if (directory[0] != '\0' && slot->process.directory[0] != '\0') {
        process_print_path(slot->process.directory, "log.txt", from);
        process_print_path(directory, "log.txt", to);
        (void)rename(from, to);
    }
    worker_slot_end(slot);
}

void worker_slot_clear(struct worker_slot *slot)
{
    worker_slot_end(slot);
    text_clear(&slot->circuit);
    text_clear(&slot->history);
    text_clear(&slot->request);
    text_clear(&slot->out);
    text_clear(&slot->in);
}
