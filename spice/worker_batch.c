#include "config.h" /* strncasecmp */

#include "spice/worker_batch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/file.h"
#include "spice/process.h"
#include "spice/trouble.h"

#define FILE_BYTES_MAX ((size_t)1 << 32)

/* Printed before the number of values of vector K. */
#define LENGTH_MARK "rescore-length-of"

/* --- decks --- */

/* Whether the line is the card `word` (".end"), whatever its case and blanks. */
static bool is_card(const char *line, const char *word)
{
    size_t n = strlen(word);
    line += strspn(line, " \t");
    return strncasecmp(line, word, n) == 0 && (line[n] == '\0' || isspace((unsigned char)line[n]));
}

void worker_batch_write_circuit(const char *deck, struct text *circuit)
{
    bool in_control = false;
    text_append(circuit, "* rescore\n* %.*s\n", (int)strcspn(deck, "\n"), deck);
    for (const char *line = strchr(deck, '\n'); line != NULL && line[1] != '\0'; line = strchr(line, '\n')) {
        line++;
        if (!in_control && is_card(line, ".end"))
            break;
        in_control = in_control || is_card(line, ".control");
        if (!in_control)
            text_append(circuit, "%.*s\n", (int)strcspn(line, "\n"), line);
        in_control = in_control && !is_card(line, ".endc");
    }
}

/* v(out), but currents and parameters as they are. */
static void append_expression(struct text *deck, const char *name)
{
    bool plain = strchr(name, '#') != NULL || name[0] == '@';
    text_append(deck, plain ? "%s" : "v(%s)", name);
}

void worker_batch_write_deck(const char *circuit, const char *history, const struct worker_wire *request,
                             struct text *deck)
{
    struct worker_wire wire = *request;
    free(worker_wire_take_text(&wire));
    bool in_doubt = worker_wire_take_number(&wire) != 0;
    char *commands = worker_wire_take_text(&wire);
    text_append(deck, "%s.control\nset num_threads=1\nset noinit\noptran 1 1 1 0 0 0\n%s%s%s", circuit,
                in_doubt ? TROUBLE_ASK_RESISTANCES "\n" : "", history, commands == NULL ? "" : commands);
    free(commands);
    text_append(deck, "\nset numdgt=17\nset filetype=binary\n");
    uint64_t n_vectors = worker_wire_take_number(&wire);
    for (uint64_t k = 0; k < n_vectors && !wire.broken; k++) {
        char *name = worker_wire_take_text(&wire);
        (void)worker_wire_take_number(&wire);
        text_append(deck, "echo " LENGTH_MARK " %llu\nprint length(", (unsigned long long)k);
        append_expression(deck, name == NULL ? "" : name);
        text_append(deck, ")\nwrite v%llu.raw ", (unsigned long long)k);
        append_expression(deck, name == NULL ? "" : name);
        text_append(deck, "\n");
        free(name);
    }
    text_append(deck, "quit\n.endc\n.end\n");
    if (wire.broken)
        deck->failed = true;
}

/* --- answers --- */

/* The number printed after the mark of vector k; 0 where there is none. */
static size_t find_length(const char *log, uint64_t k)
{
    char mark[64];
    snprintf(mark, sizeof mark, LENGTH_MARK " %llu\n", (unsigned long long)k);
    const char *at = strstr(log, mark);
    at = at == NULL ? NULL : strchr(at + strlen(mark), '=');
    double length = at == NULL ? 0 : strtod(at + 1, NULL);
    return length >= 1 && length < 1e15 ? (size_t)length : 0;
}

/* "No. Points: 71" in the header; 0 where it is missing. */
static size_t header_number(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    return at == NULL ? 0 : (size_t)strtoull(at + strlen(key), NULL, 10);
}

/*
 * A binary file of ngspice: text to "Binary:", then for each point its variables, ours the last; a vector
 * shorter than its plot is repeated to the end.
 */
static void append_raw(const char *bytes, size_t n_bytes, size_t length, const char *name,
                       struct text *values, struct text *answer)
{
    static const char mark[] = "\nBinary:\n";
    const char *data = strstr(bytes, mark), *plot = strstr(bytes, "\nPlotname: ");
    if (data == NULL || plot == NULL || length == 0 || strncmp(plot + 11, "constants", 9) == 0) {
        worker_wire_put_failure(answer, 0, "ngspice has no vector '%s'", name);
        return;
    }
    if (strstr(bytes, "\nFlags: complex") != NULL) {
        worker_wire_put_failure(answer, 0, "vector '%s' is complex, a real one is expected", name);
        return;
    }
    size_t n_variables = header_number(bytes, "\nNo. Variables: ");
    size_t n_points = header_number(bytes, "\nNo. Points: ");
    data += sizeof mark - 1;
    if (n_variables == 0 || length > n_points ||
        (n_bytes - (size_t)(data - bytes)) / sizeof(double) / n_variables != n_points) {
        worker_wire_put_failure(answer, 0, "ngspice's file of vector '%s' is not complete", name);
        return;
    }
    worker_wire_put_number(values, length);
    for (size_t i = 0; i < length; i++)
        text_append_bytes(values, data + (i * n_variables + n_variables - 1) * sizeof(double),
                          sizeof(double));
}

static void read_vector(const char *directory, uint64_t k, size_t length, const char *name,
                        struct text *values, struct text *answer)
{
    char path[PROCESS_PATH_SIZE], file[32], *bytes = NULL;
    size_t n_bytes;
    struct rs_error err;
    snprintf(file, sizeof file, "v%llu.raw", (unsigned long long)k);
    process_print_path(directory, file, path);
    if (file_read(path, FILE_BYTES_MAX, &bytes, &n_bytes, &err) != RS_OK)
        worker_wire_put_failure(answer, 0, "ngspice has no vector '%s'", name);
    else
        append_raw(bytes, n_bytes, length, name, values, answer);
    free(bytes);
}

static void read_vectors(const char *directory, const char *log, struct worker_wire *wire,
                         struct text *answer)
{
    struct text values = {0};
    uint64_t n_vectors = worker_wire_take_number(wire);
    for (uint64_t k = 0; k < n_vectors && answer->length == 0 && !wire->broken; k++) {
        char *name = worker_wire_take_text(wire);
        (void)worker_wire_take_number(wire);
        if (name != NULL)
            read_vector(directory, k, find_length(log, k), name, &values, answer);
        free(name);
    }
    if (answer->length == 0 && (wire->broken || values.failed))
        worker_wire_put_failure(answer, 0, "out of memory");
    else if (answer->length == 0) {
        worker_wire_put_number(answer, WORKER_WIRE_DONE);
        worker_wire_put_number(answer, 0);
        text_append_bytes(answer, values.bytes == NULL ? "" : values.bytes, values.length);
    }
    text_clear(&values);
}

void worker_batch_answer(const char *directory, const struct worker_wire *request, struct text *answer)
{
    struct worker_wire wire = *request;
    char path[PROCESS_PATH_SIZE], *log = NULL;
    size_t n_bytes, length;
    struct rs_error err;
    free(worker_wire_take_text(&wire));
    bool in_doubt = worker_wire_take_number(&wire) != 0;
    free(worker_wire_take_text(&wire));
    process_print_path(directory, "log.txt", path);
    enum rs_status status = file_read(path, FILE_BYTES_MAX, &log, &n_bytes, &err);
    const char *trouble = status == RS_OK ? trouble_find(log, &length) : NULL;
    if (status != RS_OK)
        worker_wire_put_failure(answer, 0, "%s", err.text);
    else if (trouble != NULL)
        worker_wire_put_failure(answer, 0, "ngspice said '%.*s'", (int)length, trouble);
    else if (in_doubt && trouble_has_replaced_zero(log))
        worker_wire_put_failure(answer, 0, "%s", TROUBLE_REPLACED_TEXT);
    else
        read_vectors(directory, log, &wire, answer);
    free(log);
}
