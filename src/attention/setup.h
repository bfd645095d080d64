/*
 * Everything that one sweep point fixes about its attention layers: codes, arrays, circuits, thresholds,
 * policy. Read-only once made, shared by all threads.
 */
#ifndef ATTENTION_SETUP_H
#define ATTENTION_SETUP_H

#include "attention/timing.h"
#include "cost/cost_section.h"
#include "crossbar/cell_law.h"
#include "crossbar/network.h"
#include "devices/device.h"
#include "digital/digital_options.h"
#include "frontend/comparator.h"
#include "frontend/mapping.h"
#include "frontend/readout.h"
#include "frontend/reference.h"
#include "score/policy.h"
#include "score/prune_options.h"

/* The shape of a workload's attention. */
struct attention_shape {
    int n_layers, n_heads, n_kv_heads;
    size_t d;
    size_t n_keys_max, n_queries_max; /* of one sample */
    bool causal;
    double score_scale;
};

/* The largest magnitudes of q [layer][head], and of k and v [layer][kv head], over the calibration inputs. */
struct attention_ranges {
    const double *query, *key, *value;
};

struct attention_setup {
    struct attention_shape shape;
    struct array_options array;
    struct encoding_options encoding;
    struct prune_options prune;
    struct recompute_options recompute;
    struct network network;
    struct device device;
    struct timing timing;
    struct cell_law law; /* of a cell's current; owned */
    struct mapping mapping;
    struct comparator comparator; /* owned */
    struct reference reference;
    struct readout readout;
    const struct policy *policy;
    bool rethreshold;
    int recompute_bits;
    struct cost_section cost;
    size_t n_cost_systems;
    const struct cost_system *cost_systems[COST_SECTION_SYSTEMS_MAX];
    bool keeps_all;     /* nothing is decided */
    bool counts_bits;   /* a costed system needs the bit-serial unit's bits of every visible key */
    bool solves_energy; /* read energy from the solved circuit is asked for, and a read's time is known */
    int readout_bits;   /* of the converter; 0: ideal */
    uint64_t seed;
    struct attention_ranges ranges; /* borrowed */
    double *thresholds;             /* [layer][head], score units; owned; NAN until set */
    double *levels; /* [layer][kv_head], largest thresholds in units of sum(q_msb k_msb), for which cells of
                       bias rows or a replica are written; owned; 0 until setup_settle_reference */
};

/* What the configuration says, for attention_setup_create. */
struct attention_options {
    const struct array_options *array;
    const struct encoding_options *encoding;
    const struct comparator_options *comparator;
    const struct readout_options *readout;
    const struct prune_options *prune;
    const struct recompute_options *recompute;
    const struct device_options *device;
    uint64_t seed;
    const struct cost_section *cost; /* NULL: nothing is costed */
};

/*
 * `ranges` must outlive the setup. RS_INPUT when options contradict each other or do not fit the workload;
 * the text names the keys.
 */
enum rs_status setup_init(const struct attention_options *options, const struct attention_shape *shape,
                          struct attention_ranges ranges, struct attention_setup *out,
                          struct rs_error *err) RS_MUST_CHECK;

void setup_clear(struct attention_setup *setup);

/*
 * The calibration that the options name, or an empty one; the caller frees with calibration_clear. RS_INPUT
 * when it belongs to another circuit than that of setup->network, setup->device and the options.
 */
enum rs_status setup_open_calibration(const struct attention_options *options,
                                      const struct attention_setup *setup, struct calibration *out,
                                      struct rs_error *err) RS_MUST_CHECK;

/*
 * To be called once, when the thresholds are known and before analog reads: what of the arrays follows from
 * them (reference.h). RS_INPUT when the threshold's rows do not fit.
 */
enum rs_status setup_settle_reference(struct attention_setup *setup, struct rs_error *err) RS_MUST_CHECK;

/* Index of (layer, query head) in tables [layer][head], and the same for kv heads. */
size_t setup_head(const struct attention_setup *setup, int layer, int head);
size_t setup_kv_head(const struct attention_setup *setup, int layer, int kv_head);

/* The most reads that an array serves between two writes. */
size_t setup_reads_max(const struct attention_setup *setup);

/* Score of one unit of sum(q_code k_code): score_scale s_q s_k. */
double setup_exact_unit(const struct attention_setup *setup, int layer, int head);
/* Score of one unit of sum(q_msb k_msb): the same times 2^(2B - m_q - m_k). */
double setup_analog_unit(const struct attention_setup *setup, int layer, int head);

/* Number of the physical array of a tile and a stack, for the keys of random draws. */
uint32_t setup_array_number(const struct attention_setup *setup, int layer, int kv_head, size_t tile,
                            size_t stack);
/* Number of a tile's replica, from the top of its kv head's numbers. */
uint32_t setup_replica_number(const struct attention_setup *setup, int layer, int kv_head, size_t tile);
/* Above every number of both kinds. */
size_t setup_n_array_numbers(const struct attention_setup *setup);

#endif
