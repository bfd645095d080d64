#include "frontend/calibration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

const struct calibration_row calibration_table[CALIBRATION_N] = {
#define CALIBRATION_ROW(name, unit, meaning) {#name, unit, meaning},
    CALIBRATION_LIST(CALIBRATION_ROW)
#undef CALIBRATION_ROW
};

enum rs_status calibration_identity_take(struct text *text, struct calibration_identity *out,
                                         struct rs_error *err)
{
    struct digest digest;
    out->text = text_take(text, err);
    if (out->text == NULL)
        return RS_INTERNAL;
    digest_init(&digest);
    digest_add(&digest, out->text, strlen(out->text));
    digest_finish(&digest, out->sha256);
    return RS_OK;
}

enum rs_status calibration_topology_identity(const struct calibration_topology *topology,
                                             struct calibration_identity *out, struct rs_error *err)
{
    struct text text = {0};
    text_append(&text, "rows %zu\ncolumns %zu\n", topology->n_rows, topology->n_columns);
    text_append(&text, "r_word_line_ohm %.17g\nr_bit_line_ohm %.17g\n", topology->r_word_line_ohm,
                topology->r_bit_line_ohm);
    text_append(&text, "r_driver_ohm %.17g\nr_sense_ohm %.17g\n", topology->r_driver_ohm,
                topology->r_sense_ohm);
    text_append(&text, "sense %s\nreference %s\nshare %s\nsign %s\n", topology->sense, topology->reference,
                topology->share, topology->sign);
    /* Files of latches of voltages had no such line once. */
    if (topology->kind != NULL && strcmp(topology->kind, "voltage") != 0)
        text_append(&text, "kind %s\n", topology->kind);
    return calibration_identity_take(&text, out, err);
}

enum rs_status calibration_device_identity(const struct card *card, double g_min_siemens,
                                           double g_max_siemens, struct calibration_identity *out,
                                           struct rs_error *err)
{
    struct text text = {0};
    text_append(&text, "g_min_siemens %.17g\ng_max_siemens %.17g\n", g_min_siemens, g_max_siemens);
    text_append(&text, "card.g_min_siemens %.17g\ncard.g_max_siemens %.17g\ncard.clamp %d\n",
                card->window.g_min_siemens, card->window.g_max_siemens, card->window.clamp);
    for (int b = 0; b < LAW_BLOCKS; b++) {
        const struct card_block *block = &card->blocks[b];
        if (block->law == NULL)
            continue;
        text_append(&text, "%s.kind %s\n", law_block_name((enum law_block)b), block->law->kind);
        const struct option_table *table = block->law->params;
        for (size_t i = 0; table != NULL && i < table->n_options; i++) {
            text_append(&text, "%s.%s ", law_block_name((enum law_block)b), table->options[i].key);
            option_print_value(&table->options[i], &block->params, &text);
            text_append(&text, "\n");
        }
    }
    return calibration_identity_take(&text, out, err);
}

void calibration_identity_clear(struct calibration_identity *identity)
{
    free(identity->text);
    *identity = (struct calibration_identity){0};
}

const struct calibration_row *calibration_find(const char *name)
{
    for (size_t i = 0; i < CALIBRATION_N; i++)
        if (strcmp(calibration_table[i].name, name) == 0)
            return &calibration_table[i];
    return NULL;
}

enum rs_status calibration_add(struct calibration *calibration, const char *name, double value,
                               double standard_error, double lo95, double hi95, struct rs_error *err)
{
    const struct calibration_row *row = calibration_find(name);
    size_t n = calibration->n_estimates;
    struct calibration_estimate *more = realloc(calibration->estimates, (n + 1) * sizeof *more);
    if (more == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory: %zu estimates", n + 1);
    calibration->estimates = more;
    calibration->n_estimates++;
    more[n] = (struct calibration_estimate){
        .value = value, .standard_error = standard_error, .lo95 = lo95, .hi95 = hi95};
    snprintf(more[n].name, sizeof more[n].name, "%s", name);
    snprintf(more[n].unit, sizeof more[n].unit, "%s", row != NULL ? row->unit : "1");
    return RS_OK;
}

bool calibration_get(const struct calibration *calibration, enum calibration_parameter parameter,
                     double *value)
{
    for (size_t i = 0; i < calibration->n_estimates; i++)
        if (strcmp(calibration->estimates[i].name, calibration_table[parameter].name) == 0) {
            *value = calibration->estimates[i].value;
            return true;
        }
    return false;
}

void calibration_clear(struct calibration *calibration)
{
    calibration_identity_clear(&calibration->topology);
    calibration_identity_clear(&calibration->device);
    calibration_identity_clear(&calibration->latch);
    free(calibration->estimates);
    free(calibration->correlation);
    free(calibration->residuals);
    free(calibration->column_threshold_shift_amperes);
    *calibration = (struct calibration){0};
}

/* The value of the line "name value" in a canonical text, or NULL; not '\0'-terminated. */
static const char *find_line(const char *text, const char *name, size_t name_length, size_t *length)
{
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, name, name_length) == 0 && line[name_length] == ' ') {
            *length = strcspn(line + name_length + 1, "\n");
            return line + name_length + 1;
        }
    return NULL;
}

/* Adds "; NAME A found, B expected" for every line of `one` that differs in `other`; absent there: "nothing".
 * `swapped`: one is what is expected, and only lines missing in the other are told. */
static void append_differences(struct text *out, const char *one, const char *other, bool swapped)
{
    for (const char *line = one; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t name_length = strcspn(line, " \n"), own_length = strcspn(line, "\n"), length = 0;
        const char *value = find_line(other, line, name_length, &length);
        if (line[name_length] != ' ' || (swapped && value != NULL))
            continue;
        const char *own = line + name_length + 1;
        own_length -= name_length + 1;
        if (value != NULL && length == own_length && strncmp(value, own, length) == 0)
            continue;
        text_append(out, "; %.*s ", (int)name_length, line);
        if (swapped)
            text_append(out, "nothing found, %.*s expected", (int)own_length, own);
        else
            text_append(out, "%.*s found, %.*s expected", (int)own_length, own,
                        value != NULL ? (int)length : 7, value != NULL ? value : "nothing");
    }
}

static enum rs_status compare(const char *what, const char *path, const struct calibration_identity *found,
                              const struct calibration_identity *expected, struct rs_error *err)
{
    struct text differences = {0};
    if (strcmp(found->sha256, expected->sha256) == 0)
        return RS_OK;
    append_differences(&differences, found->text, expected->text, false);
    append_differences(&differences, expected->text, found->text, true);
    enum rs_status status =
        rs_fail_also(err, RS_INPUT, "%s:/@%s_sha256: error: %s found, %s of this run expected%s", path, what,
                     found->sha256, expected->sha256, differences.bytes != NULL ? differences.bytes : "");
    text_clear(&differences);
    return status;
}

static enum rs_status check_estimates(const struct calibration *calibration, const char *path,
                                      struct rs_error *err)
{
    enum rs_status status = RS_OK;
    bool calibrates = calibration->n_estimates == 0;
    for (size_t i = 0; i < calibration->n_estimates; i++) {
        const struct calibration_estimate *estimate = &calibration->estimates[i];
        calibrates = calibrates || !(estimate->flags & CALIBRATION_FLAG_TEST);
        if (estimate->flags & CALIBRATION_FLAG_NOT_IDENTIFIED && calibration_find(estimate->name) != NULL)
            status = rs_fail_also(err, RS_INPUT,
                                  "%s:/parameter_flag: error: %s found that its decks do not determine; an "
                                  "identified one expected: more decks, or parameters.%s.fixed in the plan",
                                  path, estimate->name, estimate->name);
    }
    if (!calibrates)
        status = rs_fail_also(err, RS_INPUT,
                              "%s:/parameter_flag: error: only parameters of tests found, which calibrate "
                              "nothing; at least one of another stage expected",
                              path);
    return status;
}

enum rs_status calibration_check(const struct calibration *calibration, const char *path,
                                 const struct calibration_identity *topology,
                                 const struct calibration_identity *device, struct rs_error *err)
{
    err->text[0] = '\0';
    enum rs_status of_topology = compare("topology", path, &calibration->topology, topology, err);
    enum rs_status of_device = compare("device", path, &calibration->device, device, err);
    enum rs_status of_estimates = check_estimates(calibration, path, err);
    return of_topology != RS_OK ? of_topology : of_device != RS_OK ? of_device : of_estimates;
}

enum rs_status calibration_check_latch(const struct calibration *calibration, const char *path,
                                       const struct calibration_identity *latch, struct rs_error *err)
{
    err->text[0] = '\0';
    if (calibration->latch.text == NULL)
        return RS_OK;
    return compare("latch", path, &calibration->latch, latch, err);
}
