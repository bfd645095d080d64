#include "score/prune_options.h"

#include "score/policy.h"

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
     .help = "who decides: the comparator (threshold), the exact scores (oracle), as many at random "
             "(random), nobody "
             "(none: everything is kept)"},
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
             "calibration "
             "inputs' keys",
     .published =
         "0.25 (the SPRINT group's SRAM chip prunes 75 % on average, primary: abstract of arXiv:2409.04940)"},
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
     .help = "for q/k/v files, whose first half of samples calibrates keep_ratio: evaluate on all samples "
             "(shared) or "
             "on the second half only (holdout)"},
};
const struct option_table prune_options_table = {rows, sizeof rows / sizeof rows[0],
                                                 sizeof(struct prune_options)};
