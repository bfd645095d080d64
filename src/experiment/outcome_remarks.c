/* What a reader of the numbers must know about the points' configurations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/outcome.h"
#include "score/hybrid.h"

enum { READOUT_BITS_MAX = 64 };

/* Adds one more text to a list. */
static void append_one(struct text *list, const char *separator, const char *text)
{
    text_append(list, "%s%s", list->length > 0 ? separator : "", text);
}

/* A list's text, "" where it is empty. */
static char *take(struct text *list, struct rs_error *err)
{
    text_append(list, "%s", "");
    return text_take(list, err);
}

char *outcome_hybrid_text(const struct outcome *outcome, const char *separator, struct rs_error *err)
{
    struct text list = {0};
    bool *said = calloc(hybrid_n_rows, sizeof *said);
    list.failed = said == NULL;
    for (size_t p = 0; said != NULL && p < config_n_points(outcome->configuration); p++) {
        struct config config;
        config_at(outcome->configuration, p, &config);
        const struct hybrid_row *row = hybrid_find(policy_at(config.prune.policy), &config.recompute);
        if (row->reason == NULL || said[row - hybrid_rows])
            continue;
        char text[512];
        snprintf(text, sizeof text, "%s: %s", row->policy, row->reason);
        append_one(&list, separator, text);
        said[row - hybrid_rows] = true;
    }
    free(said);
    return take(&list, err);
}

/* Whether a policy, the softmax or an empty query may read analog values. */
static bool may_read(const struct config *config)
{
    const struct policy *policy = policy_at(config->prune.policy);
    return !policy->is_exact && (policy->input == POLICY_INPUT_READOUT || !config->recompute.enabled ||
                                 config->prune.empty == PRUNE_EMPTY_BEST);
}

char *outcome_readout_text(const struct outcome *outcome, struct rs_error *err)
{
    struct text list = {0};
    bool said[READOUT_BITS_MAX] = {false};
    for (size_t p = 0; p < config_n_points(outcome->configuration); p++) {
        struct config config;
        config_at(outcome->configuration, p, &config);
        size_t bits = (size_t)config.readout.bits;
        if (!may_read(&config) || bits >= READOUT_BITS_MAX || said[bits])
            continue;
        char text[64] = "ideal (readout.bits: 0)";
        if (bits > 0)
            snprintf(text, sizeof text, "%zu bits", bits);
        append_one(&list, ", ", text);
        said[bits] = true;
    }
    return take(&list, err);
}
