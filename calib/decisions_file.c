/* Decisions as HDF5 (docs/validation.md 2): every one along `decision`, sums along their own dimensions. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/version.h"
#include "calib/agreement.h"
#include "numeric/random.h"

struct file {
    struct store *store;
    struct rs_error *err;
    enum rs_status status;
};

static void add_numbers(struct file *file, const char *name, const char *dimension, size_t n,
                        const double *values, const char *units, const char *long_name)
{
    const struct store_shape shape = {1, {n}};
    if (file->status == RS_OK)
        file->status = store_write(file->store, name, STORE_FLOAT64, &shape, &dimension, values,
                                   (struct store_label){units, long_name}, file->err);
}

static void add_integers(struct file *file, const char *name, const char *dimension, size_t n,
                         const int32_t *values, const char *long_name)
{
    const struct store_shape shape = {1, {n}};
    if (file->status == RS_OK)
        file->status = store_write(file->store, name, STORE_INT32, &shape, &dimension, values,
                                   (struct store_label){"1", long_name}, file->err);
}

static void add_scale(struct file *file, const char *name, size_t n, const double *values,
                      const char *long_name)
{
    if (file->status == RS_OK)
        file->status = store_write_scale(file->store, name, STORE_FLOAT64, n, values,
                                         (struct store_label){"1", long_name}, file->err);
}

static double number_of(const struct decisions_row *row, size_t column)
{
    const double all[] = {row->threshold_amperes,    row->engine.input_volts,   row->ngspice.input_volts,
                          row->engine.common_volts,  row->engine.shift_volts,   row->engine.offset_volts,
                          row->engine.margin_volts,  row->engine.delay_seconds, row->ngspice.delay_seconds,
                          row->ngspice.output_volts, row->pair_volts[0],        row->pair_volts[1],
                          row->pair_volts[2]};
    return all[column];
}

static int32_t integer_of(const struct decisions_row *row, size_t column)
{
    const int32_t all[] = {row->deck,
                           row->query,
                           row->slot,
                           row->is_near,
                           row->engine.keep,
                           row->ngspice.output_volts > 0,
                           row->ngspice.resolved};
    return all[column];
}

static void write_rows(struct file *file, const struct decisions *d)
{
    static const char *const numbers[][3] = {
        {"threshold", "A", "reference current"},
        {"engine_input", "V", "d as the engine has it, before offset"},
        {"ngspice_input", "V", "d at the clock's edge in ngspice"},
        {"common_mode", "V", "mean of both inputs above the rail"},
        {"shift", "V", "systematic shift: mean offset and kickback"},
        {"offset", "V", "offset of the sampled mismatch"},
        {"margin", "V", "d - shift - offset: above 0 the engine keeps"},
        {"engine_delay", "s", "decision time of the engine"},
        {"ngspice_delay", "s", "decision time in ngspice; the evaluation time where unresolved"},
        {"ngspice_output", "V", "difference of the outputs at the end"},
        {"mismatch_input", "V", "threshold difference of the latch's input pair"},
        {"mismatch_nlatch", "V", "... of its n pair"},
        {"mismatch_platch", "V", "... of its p pair"}};
    static const char *const integers[][2] = {{"deck", "array and latches"},
                                              {"query", "query of its deck"},
                                              {"slot", "key slot"},
                                              {"near", "1: its threshold was put near its signal"},
                                              {"engine_bit", "1: keep"},
                                              {"ngspice_bit", "1: keep"},
                                              {"resolved", "0: undecided in ngspice at the end"}};
    size_t n = d->n_decks * d->n_queries * d->n_slots;
    double *values = memory_allocate(n, sizeof *values, file->err);
    int32_t *bits = memory_allocate(n, sizeof *bits, file->err);
    if (values == NULL || bits == NULL)
        file->status = RS_INTERNAL;
    if (file->status == RS_OK)
        file->status = store_write_scale(file->store, "decision", STORE_INT32, n, NULL,
                                         (struct store_label){NULL, "one slot at one query"}, file->err);
    for (size_t c = 0; c < sizeof integers / sizeof integers[0] && file->status == RS_OK; c++) {
        for (size_t i = 0; i < n; i++)
            bits[i] = integer_of(&d->rows[i], c);
        add_integers(file, integers[c][0], "decision", n, bits, integers[c][1]);
    }
    for (size_t c = 0; c < sizeof numbers / sizeof numbers[0] && file->status == RS_OK; c++) {
        for (size_t i = 0; i < n; i++)
            values[i] = number_of(&d->rows[i], c);
        add_numbers(file, numbers[c][0], "decision", n, values, numbers[c][1], numbers[c][2]);
    }
    free(values);
    free(bits);
}

/* NAME_n, NAME_k, NAME_ratio, NAME_lo95, NAME_hi95. */
static void write_shares(struct file *file, const char *name, const char *dimension, size_t n,
                         const struct agreement_share *shares, const char *long_name)
{
    static const char *const endings[] = {"n", "k", "ratio", "lo95", "hi95"};
    double *values = memory_allocate(n, sizeof *values, file->err);
    char full[STORE_NAME_SIZE];
    if (values == NULL)
        file->status = RS_INTERNAL;
    for (size_t c = 0; c < 5 && file->status == RS_OK; c++) {
        for (size_t i = 0; i < n; i++) {
            const struct agreement_share *s = &shares[i];
            const double all[] = {(double)s->n, (double)s->k, s->ratio, s->low, s->high};
            values[i] = all[c];
        }
        snprintf(full, sizeof full, "%s_%s", name, endings[c]);
        add_numbers(file, full, dimension, n, values, "1", long_name);
    }
    free(values);
}

static void write_sums(struct file *file, const struct agreement *a)
{
    static const char *const dimensions[] = {"engine_keeps", "ngspice_keeps"};
    const int32_t confusion[] = {(int32_t)a->confusion[0][0], (int32_t)a->confusion[0][1],
                                 (int32_t)a->confusion[1][0], (int32_t)a->confusion[1][1]};
    const double bits[] = {0, 1};
    const struct store_shape square = {2, {2, 2}};
    add_scale(file, "margin_bin", AGREEMENT_MARGINS, a->margin_edges,
              "lower end of a bin of |margin| over the offset's standard deviation");
    write_shares(file, "disagreement", "margin_bin", AGREEMENT_MARGINS, a->disagreement,
                 "decisions that disagree");
    add_scale(file, "share_bin", AGREEMENT_SHARES, a->share_edges,
              "lower end of a bin of the expected share kept, mismatch unknown");
    write_shares(file, "kept", "share_bin", AGREEMENT_SHARES, a->kept, "decisions that ngspice keeps");
    add_numbers(file, "kept_expected", "share_bin", AGREEMENT_SHARES, a->expected, "1",
                "mean expected share of the bin");
    if (file->status == RS_OK)
        file->status = store_write_scale(file->store, "key_slot", STORE_INT32, a->n_slots, NULL,
                                         (struct store_label){NULL, "key slot"}, file->err);
    write_shares(file, "slot_disagreement", "key_slot", a->n_slots, a->slots, "decisions that disagree");
    for (int i = 0; i < 2; i++)
        add_scale(file, dimensions[i], 2, bits, "0: prune, 1: keep");
    if (file->status == RS_OK)
        file->status = store_write(file->store, "confusion", STORE_INT32, &square, dimensions, confusion,
                                   (struct store_label){"1", "decisions"}, file->err);
}

static void write_attributes(struct file *file, const struct decisions *d, const struct agreement *a,
                             const char *plan_path)
{
    char source[64];
    snprintf(source, sizeof source, "rescore %s", version_number());
    const char *const texts[][2] = {{"format", "rescore-decisions"},
                                    {"Conventions", "CF-1.8"},
                                    {"title", "Decisions of the engine against those of ngspice"},
                                    {"source", source},
                                    {"git_commit", version_commit()},
                                    {"plan", plan_path},
                                    {"ngspice_version", d->ngspice_version},
                                    {"rng", RANDOM_NAME},
                                    {"compiler", version_compiler()},
                                    {"hdf5_version", store_library_version()}};
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"n_rows", (double)d->prediction.mapping.n_rows},
                   {"n_columns", (double)d->prediction.mapping.n_columns},
                   {"offset_sigma_volts", d->prediction.sigma_volts},
                   {"clear_sigmas", d->options->clear_sigmas},
                   {"agreement", a->all.ratio},
                   {"agreement_lo95", a->all.low},
                   {"agreement_hi95", a->all.high},
                   {"agreement_stated", d->options->agreement_ratio},
                   {"clear_agreement", a->clear.ratio},
                   {"clear_agreement_lo95", a->clear.low},
                   {"clear_agreement_hi95", a->clear.high},
                   {"clear_agreement_stated", d->options->clear_agreement_ratio},
                   {"n_clear", (double)a->clear.n},
                   {"n_unresolved", (double)a->n_unresolved},
                   {"curve_statistic", a->curve_statistic},
                   {"curve_degrees", a->curve_degrees},
                   {"curve_p", a->curve_p},
                   {"input_rms_volts", a->input_rms_volts},
                   {"delay_rms_seconds", a->delay_rms_seconds},
                   {"knows_mismatch", a->knows_mismatch},
                   {"good", a->good},
                   {"seed", (double)d->options->seed},
                   {"version", 1}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && file->status == RS_OK; i++)
        file->status = store_write_text(file->store, "/", texts[i][0], texts[i][1], file->err);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && file->status == RS_OK; i++)
        file->status = store_write_number(file->store, "/", numbers[i].name, numbers[i].value, file->err);
}

static void write_decks(struct file *file, const struct decisions *d)
{
    const char **texts = memory_allocate(d->n_decks, sizeof *texts, file->err);
    if (texts == NULL)
        file->status = RS_INTERNAL;
    for (size_t i = 0; i < d->n_decks && texts != NULL; i++)
        texts[i] = d->deck_sha256[i];
    if (file->status == RS_OK)
        file->status = store_write_scale(file->store, "path", STORE_INT32, d->n_decks, NULL,
                                         (struct store_label){NULL, "deck"}, file->err);
    if (file->status == RS_OK)
        file->status = store_write_texts(file->store, "deck_sha256", d->n_decks, texts, "path", file->err);
    free(texts);
}

enum rs_status decisions_write(const struct decisions *decisions, const struct agreement *agreement,
                               const char *plan_path, const char *path, struct rs_error *err)
{
    struct file file = {.err = err};
    file.status = store_create(path, &file.store, err);
    if (file.status != RS_OK)
        return file.status;
    write_attributes(&file, decisions, agreement, plan_path);
    write_rows(&file, decisions);
    write_sums(&file, agreement);
    write_decks(&file, decisions);
    if (file.status == RS_OK)
        return store_commit(file.store, err);
    store_close(file.store);
    return file.status;
}
