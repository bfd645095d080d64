#include "score/hybrid.h"

#include <string.h>

#include "base/require.h"

#define OFF HYBRID_OFF
#define ON HYBRID_ON
#define ANY HYBRID_EITHER

const struct hybrid_row hybrid_rows[] = {
    {"threshold", ON, ANY, OFF, "SPRINT", NULL},
    {"threshold", ON, OFF, ON, NULL,
     "SPRINT's analog threshold, kept keys pass it once more by exact score, as in LeOPArd"},
    {"threshold", ON, ON, ON, NULL,
     "SPRINT's analog threshold, kept keys pass it once more in LeOPArd's bit-serial unit, which ends early"},
    {"threshold", OFF, ANY, ANY, NULL,
     "SPRINT's analog threshold without its recompute: read-out scores enter the softmax"},
    {"three-way", ANY, ANY, ANY, NULL,
     "this project's: SPRINT's comparators at two references, LeOPArd's bit-serial unit between them"},
    {"topk", ON, ANY, ANY, NULL,
     "SpAtten's top-k, by an analog ramp and per query, survivors are recomputed"},
    {"topk", OFF, ANY, ANY, NULL,
     "top-k by a ramp as in Topkima-Former's SRAM arrays, here in ReRAM and untrained, read-out scores enter "
     "the "
     "softmax"},
    {"cascade", ON, ANY, ANY, NULL,
     "SpAtten's cascade by probabilities of analog scores; survivors are recomputed"},
    {"cascade", OFF, ANY, ANY, NULL,
     "SpAtten's cascade by probabilities of analog scores, which enter the softmax, too"},
    {"a3", ANY, ANY, ANY, NULL, "A3's digital candidates, its second stage on analog scores"},
    {"mnnfast", ANY, ANY, ANY, NULL, "MnnFast's zero-skipping by probabilities of analog scores"},
    {"oracle", ANY, ON, ON, "LeOPArd", NULL},
    {"oracle", ANY, ANY, ANY, "reference", NULL},
    {"random", ANY, ANY, ANY, "reference", NULL},
    {"none", ANY, ANY, ANY, "reference", NULL},
};
const size_t hybrid_n_rows = sizeof hybrid_rows / sizeof hybrid_rows[0];

bool hybrid_rethresholds(const struct policy *policy, const struct recompute_options *recompute)
{
    return recompute->rethreshold == RECOMPUTE_RETHRESHOLD_AUTO
               ? policy->rethresholds
               : recompute->rethreshold == RECOMPUTE_RETHRESHOLD_ON;
}

static bool fits(enum hybrid_when when, bool on)
{
    return when == HYBRID_EITHER || (when == HYBRID_ON) == on;
}

const struct hybrid_row *hybrid_find(const struct policy *policy, const struct recompute_options *recompute)
{
    bool rethresholds = hybrid_rethresholds(policy, recompute);
    for (size_t i = 0; i < hybrid_n_rows; i++) {
        const struct hybrid_row *row = &hybrid_rows[i];
        if (strcmp(row->policy, policy->name) == 0 && fits(row->recompute, recompute->enabled) &&
            fits(row->early_termination, recompute->early_termination) &&
            fits(row->rethreshold, rethresholds))
            return row;
    }
    rs_require(false, "a policy without a row in hybrid_rows");
    return NULL;
}
