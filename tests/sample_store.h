/* A small file that looks like a result, for the tests of reading. */
#ifndef TESTS_SAMPLE_STORE_H
#define TESTS_SAMPLE_STORE_H

#include <stdint.h>

#include "io/store.h"

#define SAMPLE_TRY(call)                                                                                     \
    do {                                                                                                     \
        enum rs_status sample_status = (call);                                                               \
        if (sample_status != RS_OK)                                                                          \
            return sample_status;                                                                            \
    } while (0)

enum { SAMPLE_WIRES = 3, SAMPLE_CARDS = 2, SAMPLE_TRIALS = 4, SAMPLE_ROWS = 6, SAMPLE_PAIRS = 5 };

static enum rs_status sample_axes(struct store *store, struct rs_error *err)
{
    const double wires[SAMPLE_WIRES] = {0, 1.25, 2.5};
    const char *const cards[SAMPLE_CARDS] = {"ideal", "wan2022"};
    const int64_t trials[SAMPLE_TRIALS] = {0, 1, 2, 3};
    SAMPLE_TRY(store_write_scale(store, "array_r_word_line", STORE_FLOAT64, SAMPLE_WIRES, wires,
                                 (struct store_label){"ohm", "word-line segment"}, err));
    SAMPLE_TRY(store_write_text_scale(store, "device_preset", SAMPLE_CARDS, cards,
                                      (struct store_label){NULL, "card"}, err));
    return store_write_scale(store, "trial", STORE_INT64, SAMPLE_TRIALS, trials,
                             (struct store_label){"1", NULL}, err);
}

static enum rs_status sample_variables(struct store *store, struct rs_error *err)
{
    const char *const dimensions[] = {"array_r_word_line", "device_preset", "trial"};
    struct store_shape shape = {3, {SAMPLE_WIRES, SAMPLE_CARDS, SAMPLE_TRIALS}};
    double rates[SAMPLE_WIRES * SAMPLE_CARDS * SAMPLE_TRIALS];
    unsigned char status[SAMPLE_WIRES * SAMPLE_CARDS * SAMPLE_TRIALS] = {0, 1};
    const unsigned char flags[] = {0, 1};
    for (int i = 0; i < SAMPLE_WIRES * SAMPLE_CARDS * SAMPLE_TRIALS; i++)
        rates[i] = i / 100.0;
    SAMPLE_TRY(store_write(store, "false_prune_rate", STORE_FLOAT64, &shape, dimensions, rates,
                           (struct store_label){"1", "falsely pruned share"}, err));
    SAMPLE_TRY(store_write(store, "status", STORE_UINT8, &shape, dimensions, status,
                           (struct store_label){"1", NULL}, err));
    SAMPLE_TRY(store_write_numbers(store, "status", "flag_values", STORE_UINT8, 2, flags, err));
    return store_write_text(store, "status", "flag_meanings", "good no_exact_keeps", err);
}

/* A group whose variables use dimensions of the root and their own; one dimension has no coordinates. */
static enum rs_status sample_group(struct store *store, struct rs_error *err)
{
    const char *const dimensions[] = {"array_r_word_line", "samples/row"};
    const char *const pair[] = {"/samples/pair"};
    struct store_shape shape = {2, {SAMPLE_WIRES, SAMPLE_ROWS}};
    struct store_shape pairs = {1, {SAMPLE_PAIRS}};
    float g_siemens[SAMPLE_WIRES * SAMPLE_ROWS];
    signed char kept[SAMPLE_PAIRS] = {1, 0, 1, 1, -1};
    const int32_t rows[SAMPLE_ROWS] = {0, 1, 2, 3, 4, 5};
    for (int i = 0; i < SAMPLE_WIRES * SAMPLE_ROWS; i++)
        g_siemens[i] = (float)i * 1e-6f;
    SAMPLE_TRY(store_make_group(store, "samples", err));
    SAMPLE_TRY(store_write_scale(store, "samples/row", STORE_INT32, SAMPLE_ROWS, rows,
                                 (struct store_label){"1", NULL}, err));
    SAMPLE_TRY(store_write_scale(store, "samples/pair", STORE_INT32, SAMPLE_PAIRS, NULL,
                                 (struct store_label){0}, err));
    SAMPLE_TRY(store_write(store, "samples/conductance", STORE_FLOAT32, &shape, dimensions, g_siemens,
                           (struct store_label){"S", NULL}, err));
    SAMPLE_TRY(store_write(store, "samples/decision", STORE_INT8, &pairs, pair, kept,
                           (struct store_label){"1", NULL}, err));
    return store_write_number(store, "samples", "threshold_amperes", 2.5e-6, err);
}

/* Everything that the readers of results meet. The file appears when the caller commits. */
static enum rs_status sample_fill(struct store *store, struct rs_error *err)
{
    const char *const notes[] = {"first", "", "dritte \xc2\xb5S"};
    SAMPLE_TRY(store_write_text(store, "/", "title", "a sample \xc2\xb5", err));
    SAMPLE_TRY(store_write_text(store, "/", "empty", "", err));
    SAMPLE_TRY(store_write_integer(store, "/", "seed", -3, err));
    SAMPLE_TRY(store_write_number(store, "/", "temperature_kelvin", 300.5, err));
    SAMPLE_TRY(sample_axes(store, err));
    SAMPLE_TRY(sample_variables(store, err));
    SAMPLE_TRY(store_write_scale(store, "bin", STORE_INT32, 7, NULL, (struct store_label){0}, err));
    SAMPLE_TRY(store_write_scale(store, "note_index", STORE_INT32, 3, NULL, (struct store_label){0}, err));
    SAMPLE_TRY(store_write_texts(store, "note", 3, notes, "note_index", err));
    SAMPLE_TRY(sample_group(store, err));
    const char *const bin[] = {"bin"};
    const double counts[7] = {1, 2, 3, 4, 5, 6, 7}, scalar = 42;
    struct store_shape shape = {1, {7}}, point = {0, {0}};
    SAMPLE_TRY(store_write(store, "count", STORE_FLOAT64, &shape, bin, counts,
                           (struct store_label){"1", NULL}, err));
    return store_write(store, "scalar", STORE_FLOAT64, &point, NULL, &scalar, (struct store_label){"A", NULL},
                       err);
}

static enum rs_status sample_write(const char *path, struct rs_error *err)
{
    struct store *store;
    SAMPLE_TRY(store_create(path, &store, err));
    enum rs_status status = sample_fill(store, err);
    if (status != RS_OK) {
        store_close(store);
        return status;
    }
    return store_commit(store, err);
}

#endif
