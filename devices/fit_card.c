/* A fitted card as YAML. */
#include <math.h>
#include <stdio.h>

#include "devices/fit_internal.h"

static void append_value(double value, enum quantity_unit unit, struct text *out)
{
    char text[64];
    quantity_print_exact(value, unit, text, sizeof text);
    text_append(out, "%s", text);
}

static void append_key(const struct fit_key *key, struct text *out)
{
    enum { PER_LINE = 4 };
    bool estimated = false;
    for (int i = 0; i < key->n; i++)
        estimated = estimated || !isnan(key->errors[i]);
    if (estimated) {
        text_append(out, "  # standard error%s", key->n > 1 ? "s" : "");
        for (int i = 0; i < key->n; i++)
            text_append(out, "%s %.3g", i > 0 ? "," : "", key->errors[i]);
        text_append(out, "%s%s\n", key->unit == QUANTITY_NONE || key->unit == QUANTITY_RATIO ? "" : " ",
                    key->unit == QUANTITY_NONE || key->unit == QUANTITY_RATIO ? ""
                                                                              : quantity_symbol(key->unit));
    }
    text_append(out, "  %s: %s", key->name, key->is_list ? "[" : "");
    for (int i = 0; i < key->n; i++) {
        text_append(out, "%s", i == 0 ? "" : i % PER_LINE == 0 ? ",\n    " : ", ");
        append_value(key->values[i], key->unit, out);
    }
    text_append(out, "%s\n", key->is_list ? "]" : "");
}

static void append_source(const char *data_name, const char *sha256, struct text *out)
{
    text_append(out, "  source: ");
    for (const char *c = data_name; *c != '\0'; c++) /* nothing that YAML could take for its own */
        text_append(out, "%c",
                    (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                            *c == '.' || *c == '-' || *c == '_'
                        ? *c
                        : '_');
    text_append(out, ", SHA-256 %s\n  confidence: primary\n", sha256);
}

static void append_block(const struct fit *fit, int which, const char *data_name, const char *sha256,
                         struct text *out)
{
    const struct fit_block *block = &fit->blocks[which];
    if (block->kind == NULL) {
        if (block->note[0] != '\0')
            text_append(out, "# %s: not fitted: %s\n", law_block_name((enum law_block)which), block->note);
        return;
    }
    text_append(out, "%s:\n", law_block_name((enum law_block)which));
    if (block->note[0] != '\0')
        text_append(out, "  # %s\n", block->note);
    if (block->degrees > 0)
        text_append(out, "  # chi-square %.5g for %.4g degrees of freedom, p = %.3g\n", block->chi_square,
                    block->degrees, block->p);
    for (int i = 0; i < 2; i++)
        if (block->warning[i][0] != '\0')
            text_append(out, "  # warning: %s\n", block->warning[i]);
    if (which == LAW_PROGRAMMING && !isnan(fit->kolmogorov.p))
        text_append(
            out,
            "  # %zu standardised errors against the normal distribution: Kolmogorov-Smirnov %.3g (p = "
            "%.3g), Anderson-Darling %.3g (p = %.3g)\n",
            fit->n_residuals, fit->kolmogorov.statistic, fit->kolmogorov.p, fit->anderson_darling.statistic,
            fit->anderson_darling.p);
    text_append(out, "  kind: %s\n", block->kind);
    for (int i = 0; i < block->n_keys; i++)
        append_key(&block->keys[i], out);
    append_source(data_name, sha256, out);
}

void fit_append_card(const struct fit *fit, const char *card_name, const char *data_name, const char *sha256,
                     struct text *out)
{
    text_append(out,
                "# Fitted by `rescore device fit` to %zu rows: %d states, %zu groups of reads.\n"
                "format: rescore-device-card\nversion: 1\nname: %s\n"
                "summary: fitted to measured data\ncitation: [none]\nwindow:\n"
                "  # the lowest and highest target\n  g_min: ",
                fit->data.n_rows, fit->n_states, fit->data.n_groups, card_name);
    append_value(fit->g_min_siemens, QUANTITY_SIEMENS, out);
    text_append(out, "\n  g_max: ");
    append_value(fit->g_max_siemens, QUANTITY_SIEMENS, out);
    text_append(out, "\n  clamp: zero\n");
    append_source(data_name, sha256, out);
    for (int which = 0; which < LAW_BLOCKS; which++)
        append_block(fit, which, data_name, sha256, out);
}
