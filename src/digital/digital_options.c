#include "digital/digital_options.h"

static const char *const rethresholds[] = {"auto", "true", "false", NULL};

#define MEMBER(name) offsetof(struct recompute_options, name)
static const struct option rows[] = {
    {.key = "recompute.enabled",
     .kind = OPTION_BOOLEAN,
     .offset = MEMBER(enabled),
     .initial = "true",
     .help =
         "recompute the scores of kept keys digitally; false: the read-out analog scores enter the softmax"},
    {.key = "recompute.bits",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(bits),
     .initial = "0",
     .low = 0,
     .high = 16,
     .help =
         "most significant bits of q and k in the recomputed score, at most encoding.bits; 0: encoding.bits"},
    {.key = "recompute.bits_per_cycle",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(bits_per_cycle),
     .initial = "2",
     .low = 1,
     .high = 4,
     .help = "magnitude bits of k that the bit-serial unit takes per cycle",
     .published = "2 (LeOPArd, assumed)"},
    {.key = "recompute.early_termination",
     .kind = OPTION_BOOLEAN,
     .offset = MEMBER(early_termination),
     .initial = "true",
     .help =
         "stop a key once not even the best case of its unseen bits reaches the threshold; changes the bits "
         "processed, never an output"},
    {.key = "recompute.rethreshold",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(rethreshold),
     .initial = "auto",
     .choices = rethresholds,
     .help =
         "drop kept keys whose recomputed score is below the threshold; auto: true for threshold policies"},
};
const struct option_table digital_options_recompute = {rows, sizeof rows / sizeof rows[0],
                                                       sizeof(struct recompute_options)};
