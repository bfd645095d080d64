/*
 * The inside of a running system: its parameters in cycles and joules at one node, what one query asks of it,
 * and the counts. A system's functions see only this.
 */
#ifndef COST_MODEL_H
#define COST_MODEL_H

#include "cost/constants.h"
#include "cost/tally.h"
#include "cost/trace.h"
#include "rescore/status.h"

struct cost_options;

/* A main memory, its times in cycles of the system's clock. */
struct model_memory {
    size_t n_channels, n_banks;
    double bytes_per_cycle; /* of one channel */
    uint64_t activate_cycles, column_cycles, latency_cycles;
    double read_joules, write_joules; /* per bit */
};

/* One query, every set given; n_... are the sizes of the sets. */
struct model_step {
    size_t n_stored, n_visible, n_words;
    const uint64_t *keep, *survive, *value;
    size_t n_keep, n_survive, n_value;
    const struct cost_query *query;
};

struct model {
    const struct cost_system *system;
    struct cost_shape shape;
    struct model_memory memory;
    double node_metres, hertz;
    size_t n_units, bits_per_cycle;
    double buffer_bytes; /* of one unit, K and V together; may be 0 or INFINITY */
    bool pruning;        /* false: a reference that keeps everything and decides nothing */
    bool on_chip;        /* K and V need no loading */
    struct cost_sequence sequence;
    struct {
        bool any;
        size_t sample, layer, kv_head;
    } written; /* whose K and V are in the main memory */
    struct tally tally;
    void *state;
};

static inline double model_constant(enum constants_name name)
{
    return constants_rows[name].value;
}

static inline size_t model_size(enum constants_name name)
{
    return (size_t)constants_rows[name].value;
}

static inline uint64_t model_divide_up(uint64_t n, uint64_t by)
{
    return (n + by - 1) / by;
}

static inline uint64_t model_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Bits of one key or value vector. */
static inline uint64_t model_vector_bits(const struct model *model)
{
    return (uint64_t)model->shape.d_head * (uint64_t)model->shape.operand_bits;
}

/* Cycles of a stream of bits over all channels. */
uint64_t model_stream_cycles(const struct model *model, uint64_t n_bits);

/* Counts multiply-accumulates of n vectors of d_head elements, of operands so many bits wide. */
void model_count_macs(struct model *model, uint64_t n_vectors, uint64_t a_bits, uint64_t b_bits);

/* Counts the writes of a sequence's K and V, with the first of the heads that share them. */
void model_count_writes(struct model *model);

/* Counts what every query does: reading itself, softmax. */
void model_count_query(struct model *model, const struct model_step *step);

#endif
