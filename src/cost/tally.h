/* What a system did, counted; energies are made of these counts and of nothing else (energy.h). */
#ifndef COST_TALLY_H
#define COST_TALLY_H

#include <stdint.h>

struct tally {
    uint64_t n_cycles;
    uint64_t n_queries, n_visible, n_kept, n_survived, n_values;
    /* analog screen */
    uint64_t n_array_macs, n_decisions, n_dac, n_adc, n_command_bits, n_array_unknown;
    double array_joules; /* solved, of queries where it is known */
    /* digital screen: top-k, sort, candidate search */
    uint64_t n_compared, n_screen_products;
    /* memory: bits, and the vectors they belong to */
    uint64_t n_written_bits, n_key_bits, n_value_bits, n_query_bits;
    uint64_t n_keys_fetched, n_values_fetched, n_keys_reused;
    uint64_t n_buffer_bits_written, n_buffer_bits_read;
    /* arithmetic: bit products of the multipliers, and accumulations */
    uint64_t n_bit_products, n_adds, n_exps, n_divides;
};

#endif
