#include "score/prune_options.h"

#include <math.h>

#include "score/policy.h"

static const double default_keep_ratio = 0.25;

static const char *const learned[] = {"learned", NULL};
static const char *const empties[] = {"best", "self", "zero", "all", NULL};
static const char *const calibrations[] = {"shared", "holdout", NULL};

#define MEMBER(name) offsetof(struct prune_options, name)
static const struct option rows[] = {
    {.key = "prune.policy",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(policy),
     .initial = "threshold",
     .choices = policy_names,
     .help = "who decides: the comparator (threshold); two, and the digital unit what they disagree on "
             "(three-way); a ramp, the first prune.keep_ratio of the keys (topk); importance gathered over "
             "all layers so far (cascade); greedy candidates and read-out "
             "scores (a3); read-out probabilities (mnnfast); the exact scores (oracle), as many at random "
             "(random), nobody (none: everything is kept)"},
    {.key = "prune.threshold",
     .kind = OPTION_REALS,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(threshold),
     .choices = learned,
     .initial_help = "learned where the model has thresholds, else prune.keep_ratio 0.25",
     .help = "score below which a key is pruned: one number, one per layer, or those learned with the model"},
    {.key = "prune.keep_ratio",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(keep_ratio),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .initial_help = "0.25 where no threshold is given or learned",
     .help = "instead of prune.threshold: one threshold per layer and head that keeps this part of the "
             "calibration inputs' keys; topk: the part of each query's visible keys that is kept, rounded "
             "up; cascade: "
             "the mean part of a sample's tokens that is kept over the line of the layers that prune",
     .published =
         "0.25 (the SPRINT group's SRAM chip prunes 75 % on average, primary: abstract of arXiv:2409.04940)"},
    {.key = "prune.lost_mass",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(lost_mass),
     .high = 1,
     .initial_help = "prune.threshold or prune.keep_ratio",
     .help = "instead of prune.threshold and prune.keep_ratio: one threshold per layer and head, the highest "
             "that prunes at most this much of the exact softmax's probability, as a mean over the "
             "calibration inputs' queries. It is the mass on all pruned keys; the result's lost_mass is that "
             "on wrongly pruned ones"},
    {.key = "prune.margin",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(margin),
     .initial = "0",
     .low = -1e6,
     .high = 1e6,
     .help = "the analog threshold stands this much (score units) below prune.threshold"},
    {.key = "prune.band",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(band),
     .initial = "0.5",
     .low = 0,
     .high = 1e6,
     .help = "policy three-way: its two comparators stand this much (score units) below and above the "
             "threshold; keys between them are left to the digital unit"},
    {.key = "prune.search_share",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(search_share),
     .initial = "50 %",
     .high = 64,
     .flags = OPTION_LOW_OPEN,
     .help =
         "policy a3: iterations of the candidate search per visible key, rounded up; each takes the largest "
         "and the smallest product of an element of q and k that is left",
     .published = "50 % (A3, conservative), 12.5 % (aggressive): assumed, remembered only"},
    {.key = "prune.post_share",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(post_share),
     .initial = "5 %",
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help =
         "policy a3: a candidate is kept whose softmax weight, by read-out scores, is at least this part of "
         "the largest candidate's",
     .published =
         "5 % (A3, conservative), 10 % (aggressive): assumed, remembered only; that rows far below the "
         "maximum are dropped: secondary"},
    {.key = "prune.skip_below",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(skip_below),
     .initial = "10 %",
     .high = 1,
     .help =
         "policy mnnfast: keys whose softmax probability, by read-out scores over all visible keys, is below "
         "this are skipped",
     .published = "10 % (MnnFast's main setting): assumed, remembered only"},
    {.key = "prune.empty",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(empty),
     .initial = "best",
     .choices = empties,
     .help = "what a query that keeps nothing attends to: its largest analog signal, itself, nothing, "
             "everything"},
    {.key = "prune.calibration",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(calibration),
     .initial = "shared",
     .choices = calibrations,
     .help =
         "where the first half of the samples calibrates keep_ratio (q/k/v files; llama2c and safetensors "
         "without calibration inputs of their own): evaluate on all samples (shared) or on the second "
         "half only (holdout)"},
    {.key = "prune.token_unpruned_layers",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(token_unpruned_layers),
     .initial = "15 %",
     .high = 1,
     .help =
         "cascade: share of the layers, from the first, that prune no tokens (rounded up; the first layer "
         "never does: no importance is known yet)",
     .published = "15 % (SpAtten, primary)"},
    {.key = "prune.token_ratio_start",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(token_ratio_start),
     .high = 1,
     .initial_help = "such that the mean of start and end is 1 - prune.keep_ratio; both unset: both are",
     .help =
         "cascade: share of a sample's tokens that the first pruning layer has pruned; in a straight line "
         "to "
         "prune.token_ratio_end. Pruned tokens stay pruned",
     .published = "start + end = twice the mean (SpAtten, primary); means per task not listed; tokens and "
                  "values together 1.9 times fewer over all tasks, 3.8 times for GPT-2 (SpAtten, primary)"},
    {.key = "prune.token_ratio_end",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(token_ratio_end),
     .high = 1,
     .initial_help = "as for prune.token_ratio_start",
     .help = "cascade: the same of the last layer"},
    {.key = "prune.token_keep",
     .kind = OPTION_REALS,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(token_keep),
     .high = 1,
     .initial_help = "prune.token_ratio_start and _end",
     .help =
         "cascade: instead of the line, the share of a sample's tokens that each layer keeps, one number per "
         "layer, or one for all",
     .published =
         "GPT-2 small: [0.92, 0.72, 0.23 (4 times), 0.13 (6 times)]; GPT-2 medium: [1, 1, 0.92, 0.82 (2), "
         "0.62 (6), 0.33 (13)] (keys fetched in SpAtten's released traces, our arithmetic)"},
    {.key = "prune.head_unpruned_layers",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(head_unpruned_layers),
     .initial = "30 %",
     .high = 1,
     .help = "cascade: share of the layers, from the first, that prune no heads (rounded up; the first layer "
             "never does)",
     .published = "30 % (SpAtten, primary)"},
    {.key = "prune.head_ratio_start",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(head_ratio_start),
     .initial = "0",
     .high = 1,
     .help = "cascade: share of the query heads that the first layer which prunes heads has pruned; in a "
             "straight line "
             "to prune.head_ratio_end. Pruned heads stay pruned; their output is 0",
     .published = "1.1 times fewer on average (SpAtten, primary)"},
    {.key = "prune.head_ratio_end",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(head_ratio_end),
     .initial_help = "prune.head_ratio_start",
     .high = 1,
     .help = "cascade: the same of the last layer"},
    {.key = "prune.head_keep",
     .kind = OPTION_REALS,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(head_keep),
     .high = 1,
     .initial_help = "prune.head_ratio_start and _end",
     .help = "cascade: instead of the line, the share of the heads that each layer keeps, one number per "
             "layer, or one for all",
     .published =
         "GPT-2 medium, of 16 heads: [1 (16 times), 13/16 (6), 10/16 (2)] (SpAtten's released trace, "
         "our arithmetic)"},
    {.key = "prune.value_ratio",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(value_ratio),
     .initial = "0",
     .high = 1,
     .help = "cascade: share of a query's kept keys, those of the smallest probabilities, whose values are "
             "not used",
     .published = "0.80 GPT-2 small, 0.70 GPT-2 medium (SpAtten's released traces, our arithmetic)"},
    {.key = "prune.progressive_lsb_bits",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(progressive_lsb_bits),
     .initial = "0",
     .low = 0,
     .high = 14,
     .help = "cascade: least significant bits of k that the recomputed score takes only where the largest "
             "read-out "
             "probability of the query is below prune.progressive_bound; 0: always all bits",
     .published = "4, beside 4 to 12 MSBs, mostly 6 or 8; off for BERT (SpAtten, primary)"},
    {.key = "prune.progressive_bound",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(progressive_bound),
     .initial = "0.1",
     .high = 1,
     .help = "cascade: probability for prune.progressive_lsb_bits",
     .published = "0.1 (SpAtten, primary); 0.05 (its released trace)"},
};
const struct option_table prune_options_table = {rows, sizeof rows / sizeof rows[0],
                                                 sizeof(struct prune_options)};

double prune_options_keep_ratio(const struct prune_options *options)
{
    return isnan(options->keep_ratio) ? default_keep_ratio : options->keep_ratio;
}
