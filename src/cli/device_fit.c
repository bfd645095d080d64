#include "cli/device_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/quantity.h"
#include "devices/card.h"
#include "devices/fit.h"
#include "io/digest.h"
#include "io/file.h"
#include "report/fit_page.h"

enum { ROWS_MAX = 64, NOTES_MAX = 64, NOTE_SIZE = 480, CURVE = 201 };

/* --- options --- */

static enum rs_status read_law(const char *name, enum fit_choice *choice, struct rs_error *err)
{
    static const char *const names[] = {"auto", "polynomial", "table", "empirical"};
    *choice = FIT_AUTO;
    for (int i = 0; i < 4 && name != NULL; i++)
        if (strcmp(names[i], name) == 0) {
            *choice = (enum fit_choice)i;
            return RS_OK;
        }
    return name == NULL
               ? RS_OK
               : rs_fail(err, RS_USAGE, "--law '%s' found, polynomial, table or empirical expected", name);
}

static enum rs_status read_volts(const char *text, double *volts, struct rs_error *err)
{
    char why[256];
    *volts = (double)NAN;
    if (text == NULL || quantity_parse(text, QUANTITY_VOLT, volts, why, sizeof why))
        return RS_OK;
    return rs_fail(err, RS_USAGE, "--read-voltage: %s", why);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Whether there is an extension to take off; "-" and names without one get no page. */
static bool has_extension(const char *path)
{
    const char *name = base_name(path), *dot = strrchr(name, '.');
    return dot != NULL && dot != name && strcmp(dot, ".html") != 0;
}

/* Letters, digits, '-' and '_' of the card's file name, without extension. */
static void name_card(const char *path, char name[64])
{
    const char *base = base_name(path), *dot = strrchr(base, '.');
    size_t n = 0;
    for (const char *c = base; *c != '\0' && c != dot && n < 63; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');
        name[n++] = plain || *c == '_' ? *c : '-';
    }
    name[n] = '\0';
    if (n == 0 || strcmp(name, "-") == 0 || strcmp(name, "ideal") == 0)
        snprintf(name, 64, "fitted");
}

/* --- the figures as text --- */

static void print_number(double value, double error, enum quantity_unit unit, char *text, size_t text_size)
{
    bool percent = unit == QUANTITY_RATIO;
    const char *symbol = percent ? "%" : quantity_symbol(unit);
    double scale = percent ? 100 : 1;
    if (unit == QUANTITY_SIEMENS) {
        symbol = "uS";
        scale = 1e6;
    }
    if (unit == QUANTITY_NONE)
        symbol = "";
    const char *space = symbol[0] != '\0' ? " " : "";
    if (isnan(error))
        snprintf(text, text_size, "%.6g%s%s", value * scale, space, symbol);
    else
        snprintf(text, text_size, "%.5g +- %.2g%s%s", value * scale, error * scale, space, symbol);
}

static size_t fill_rows(const struct fit *fit, struct fit_page_row *rows)
{
    enum { SHOWN = 8 };
    size_t n = 0;
    for (int which = 0; which < LAW_BLOCKS; which++) {
        const struct fit_block *block = &fit->blocks[which];
        for (int i = 0; i < block->n_keys && block->kind != NULL && n < ROWS_MAX; i++) {
            const struct fit_key *key = &block->keys[i];
            struct fit_page_row *row = &rows[n++];
            size_t used = 0;
            snprintf(row->block, sizeof row->block, "%s: %s", law_block_name((enum law_block)which),
                     block->kind);
            snprintf(row->key, sizeof row->key, "%s", key->name);
            for (int k = 0; k < key->n && k < SHOWN; k++) {
                char text[96];
                print_number(key->values[k], key->errors[k], key->unit, text, sizeof text);
                snprintf(row->value + used, sizeof row->value - used, "%s%s", k > 0 ? ", " : "", text);
                used = strlen(row->value);
            }
            if (key->n > SHOWN)
                snprintf(row->value + used, sizeof row->value - used, ", ... (%d values)", key->n);
        }
    }
    return n;
}

struct notes {
    size_t n;
    char texts[NOTES_MAX][NOTE_SIZE];
};

static void add_note(struct notes *notes, const char *block, const char *what, const char *text)
{
    if (notes->n < NOTES_MAX && text[0] != '\0')
        snprintf(notes->texts[notes->n++], NOTE_SIZE, "%s: %s%s", block, what, text);
}

static void fill_notes(const struct fit *fit, struct notes *notes)
{
    char text[FIT_NOTE_SIZE];
    notes->n = 0;
    for (int which = 0; which < LAW_BLOCKS; which++) {
        const struct fit_block *block = &fit->blocks[which];
        const char *name = law_block_name((enum law_block)which);
        add_note(notes, name, block->kind == NULL ? "not fitted: " : "", block->note);
        if (block->degrees > 0) {
            snprintf(text, sizeof text, "chi-square %.5g for %.4g degrees of freedom, p = %.3g",
                     block->chi_square, block->degrees, block->p);
            add_note(notes, name, "", text);
        }
        for (int i = 0; i < 2; i++)
            add_note(notes, name, "warning: ", block->warning[i]);
    }
    if (isnan(fit->kolmogorov.p))
        return; /* no spread to test */
    snprintf(text, sizeof text,
             "%zu standardised errors against the normal distribution: Kolmogorov-Smirnov distance %.3g (p = "
             "%.3g), Anderson-Darling %.3g (p = %.3g)",
             fit->n_residuals, fit->kolmogorov.statistic, fit->kolmogorov.p, fit->anderson_darling.statistic,
             fit->anderson_darling.p);
    add_note(notes, "programming", "", text);
}

/* --- output --- */

static void print_plain(const struct fit *fit, const struct fit_page_row *rows, size_t n_rows,
                        const struct notes *notes, const char *card_path, const char *page_path)
{
    printf("%zu rows, %d state%s, window %.4g to %.4g uS\n\n", fit->data.n_rows, fit->n_states,
           fit->n_states == 1 ? "" : "s", fit->g_min_siemens * 1e6, fit->g_max_siemens * 1e6);
    printf("%12s %8s  %-24s %-24s %s\n", "target, uS", "writes", "mean error, uS", "sigma, uS",
           "fitted sigma, uS");
    for (int k = 0; k < fit->n_states; k++) {
        const struct fit_state *state = &fit->states[k];
        char mean[64], sigma[64];
        snprintf(mean, sizeof mean, "%.4g +- %.2g", state->mean_siemens * 1e6, state->mean_error * 1e6);
        snprintf(sigma, sizeof sigma, "%.4g +- %.2g", state->sigma_siemens * 1e6, state->sigma_error * 1e6);
        printf("%12.5g %8zu  %-24s %-24s %.4g\n", state->target_siemens * 1e6, state->n_writes, mean, sigma,
               state->fitted_sigma * 1e6);
    }
    printf("\n");
    for (size_t i = 0; i < n_rows; i++) {
        bool same = i > 0 && strcmp(rows[i].block, rows[i - 1].block) == 0;
        printf("%-26s %-15s %s\n", same ? "" : rows[i].block, rows[i].key, rows[i].value);
    }
    printf("\n");
    for (size_t i = 0; i < notes->n; i++)
        printf("%s\n", notes->texts[i]);
    printf("\nwritten to %s%s%s\n", card_path, page_path[0] != '\0' ? " and " : "", page_path);
}

static void append_number(struct text *out, double value)
{
    if (isfinite(value))
        text_append(out, "%.17g", value);
    else
        text_append(out, "null");
}

static void append_json_list(struct text *out, const char *name, int n, const double *values)
{
    text_append(out, "\"%s\": [", name);
    for (int i = 0; i < n; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        append_number(out, values[i]);
    }
    text_append(out, "]");
}

static void append_json_block(struct text *out, const struct fit_block *block)
{
    if (block->kind == NULL) {
        text_append(out, "{\"kind\": null, \"note\": \"%s\"}", block->note);
        return;
    }
    text_append(out, "{\"kind\": \"%s\", \"note\": \"%s\", \"chi_square\": ", block->kind, block->note);
    append_number(out, block->chi_square);
    text_append(out, ", \"degrees\": ");
    append_number(out, block->degrees);
    text_append(out, ", \"p\": ");
    append_number(out, block->p);
    text_append(out, ", \"warnings\": [");
    for (int i = 0; i < 2 && block->warning[i][0] != '\0'; i++)
        text_append(out, "%s\"%s\"", i > 0 ? ", " : "", block->warning[i]);
    text_append(out, "], \"keys\": {");
    for (int i = 0; i < block->n_keys; i++) {
        text_append(out, "%s\"%s\": {\"unit\": \"%s\", ", i > 0 ? ", " : "", block->keys[i].name,
                    quantity_symbol(block->keys[i].unit));
        append_json_list(out, "values", block->keys[i].n, block->keys[i].values);
        text_append(out, ", ");
        append_json_list(out, "errors", block->keys[i].n, block->keys[i].errors);
        text_append(out, "}");
    }
    text_append(out, "}}");
}

static enum rs_status print_json(const struct fit *fit, struct rs_error *err)
{
    struct text out = {0};
    bool first = true;
    text_append(&out, "{\"schema\": \"rescore-device-fit/1\", \"n_rows\": %zu, \"n_states\": %d, ",
                fit->data.n_rows, fit->n_states);
    text_append(&out, "\"g_min_siemens\": %.17g, \"g_max_siemens\": %.17g, \"normality\": {",
                fit->g_min_siemens, fit->g_max_siemens);
    const double tests[] = {fit->kolmogorov.statistic, fit->kolmogorov.p, fit->anderson_darling.statistic,
                            fit->anderson_darling.p};
    append_json_list(&out, "kolmogorov_smirnov", 2, tests);
    text_append(&out, ", ");
    append_json_list(&out, "anderson_darling", 2, tests + 2);
    text_append(&out, "}, \"blocks\": {");
    for (int which = 0; which < LAW_BLOCKS; which++) {
        const struct fit_block *block = &fit->blocks[which];
        if (block->kind == NULL && block->note[0] == '\0')
            continue;
        text_append(&out, "%s\"%s\": ", first ? "" : ", ", law_block_name((enum law_block)which));
        append_json_block(&out, block);
        first = false;
    }
    text_append(&out, "}}\n");
    char *bytes = text_take(&out, err);
    if (bytes == NULL)
        return RS_INTERNAL;
    fputs(bytes, stdout);
    free(bytes);
    return RS_OK;
}

static enum rs_status write_text(const char *path, struct text *text, struct rs_error *err)
{
    size_t n_bytes = text->length;
    char *bytes = text_take(text, err);
    enum rs_status status = bytes == NULL ? RS_INTERNAL : file_write(path, bytes, n_bytes, err);
    free(bytes);
    return status;
}

/* The card is read back before it is written: a card that cannot be loaded is a bug, not a file. */
static enum rs_status write_card(const struct fit *fit, const char *data_path, const char *path,
                                 struct rs_error *err)
{
    struct text text = {0};
    struct digest digest;
    char sha256[DIGEST_TEXT_SIZE], name[64];
    struct card *card = memory_allocate(1, sizeof *card, err);
    digest_init(&digest);
    enum rs_status status = card == NULL ? RS_INTERNAL : digest_add_file(&digest, data_path, err);
    if (status == RS_OK) {
        digest_finish(&digest, sha256);
        name_card(path, name);
        fit_append_card(fit, name, base_name(data_path), sha256, &text);
        if (text.failed)
            status = rs_fail(err, RS_INTERNAL, "out of memory");
        else
            status = card_parse(path, text.bytes, text.length, card, err);
    }
    if (status == RS_OK)
        status = write_text(path, &text, err);
    text_clear(&text);
    free(card);
    return status;
}

static enum rs_status write_page(const struct fit *fit, const char *data_path, const char *path,
                                 const struct fit_page_row *rows, size_t n_rows, const struct notes *notes,
                                 struct rs_error *err)
{
    double target[MEASURED_LEVELS_MAX], sigma[MEASURED_LEVELS_MAX], error[MEASURED_LEVELS_MAX];
    double curve[CURVE], curve_sigma[CURVE], ignored;
    const char *texts[NOTES_MAX];
    char title[256], summary[256];
    struct text out = {0};
    for (int k = 0; k < fit->n_states; k++) {
        target[k] = fit->states[k].target_siemens;
        sigma[k] = fit->states[k].sigma_siemens;
        error[k] = fit->states[k].sigma_error;
    }
    for (int i = 0; i < CURVE; i++) {
        curve[i] = fit->g_min_siemens + (fit->g_max_siemens - fit->g_min_siemens) * i / (CURVE - 1);
        fit_at(fit, curve[i], &ignored, &curve_sigma[i]);
    }
    for (size_t i = 0; i < notes->n; i++)
        texts[i] = notes->texts[i];
    snprintf(title, sizeof title, "A device card fitted to %.200s", base_name(data_path));
    snprintf(summary, sizeof summary, "%zu rows, %d state%s, window %.4g to %.4g uS.", fit->data.n_rows,
             fit->n_states, fit->n_states == 1 ? "" : "s", fit->g_min_siemens * 1e6,
             fit->g_max_siemens * 1e6);
    const struct fit_page page = {
        .title = title,
        .summary = summary,
        .n_states = (size_t)fit->n_states,
        .target_siemens = target,
        .sigma_siemens = sigma,
        .sigma_error = error,
        .n_curve = CURVE,
        .curve_siemens = curve,
        .curve_sigma = curve_sigma,
        .n_residuals = fit->n_residuals,
        .residuals = fit->residuals,
        .n_rows = n_rows,
        .rows = rows,
        .n_notes = notes->n,
        .notes = texts,
    };
    fit_page_append(&out, &page);
    return write_text(path, &out, err);
}

static enum rs_status check_output(const struct command_line *line, struct rs_error *err)
{
    if (line->output == NULL)
        return rs_fail(err, RS_USAGE, "device fit: -o CARD.yaml expected");
    return file_check_writable(line->output, err);
}

enum rs_status device_fit(const char *data_path, const char *read_voltage, const char *law,
                          const struct command_line *line, struct rs_error *err)
{
    struct fit *fit = NULL;
    enum fit_choice choice;
    double volts;
    char page_path[1024] = "";
    struct fit_page_row *rows = memory_allocate(ROWS_MAX, sizeof *rows, err);
    struct notes *notes = memory_allocate(1, sizeof *notes, err);
    enum rs_status status = rows == NULL || notes == NULL ? RS_INTERNAL : check_output(line, err);
    if (status == RS_OK)
        status = read_law(law, &choice, err);
    if (status == RS_OK)
        status = read_volts(read_voltage, &volts, err);
    if (status == RS_OK)
        status = fit_create(data_path, volts, choice, &fit, err);
    size_t n_rows = status == RS_OK ? fill_rows(fit, rows) : 0;
    if (status == RS_OK) {
        fill_notes(fit, notes);
        status = write_card(fit, data_path, line->output, err);
    }
    if (status == RS_OK && has_extension(line->output)) {
        int stem = (int)(strrchr(line->output, '.') - line->output);
        snprintf(page_path, sizeof page_path, "%.*s.html", stem, line->output);
        status = write_page(fit, data_path, page_path, rows, n_rows, notes, err);
    }
    if (status == RS_OK && line->json)
        status = print_json(fit, err);
    else if (status == RS_OK && !line->quiet && strcmp(line->output, "-") != 0)
        print_plain(fit, rows, n_rows, notes, line->output, page_path);
    fit_destroy(fit);
    free(notes);
    free(rows);
    return status;
}
