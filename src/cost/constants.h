/*
 * Every number of the cost systems, with its unit and where it comes from. PRIMARY: the authors' own words or
 * code; SECONDARY: a third party's note or arithmetic on figures of either; ASSUMED: no source was found, or
 * one only remembered, never to be quoted as a paper's. Values are SI (hertz, joules, bytes) at the node the
 * row names.
 */
#ifndef COST_CONSTANTS_H
#define COST_CONSTANTS_H

enum constants_source { CONSTANTS_PRIMARY, CONSTANTS_SECONDARY, CONSTANTS_ASSUMED };

/* ROW(name, value, unit, source kind, source) */
#define CONSTANTS_LIST(ROW)                                                                                  \
    /* memories */                                                                                           \
    ROW(RERAM_MAC_JOULES, 0.10e-12, "J/MAC", SECONDARY,                                                      \
        "SPRINT, note on the paper: in-memory compute, 65 nm")                                               \
    ROW(RERAM_READ_JOULES, 3.1e-12, "J/bit", SECONDARY, "SPRINT, note on the paper: ReRAM read")             \
    ROW(RERAM_WRITE_JOULES, 24.4e-12, "J/bit", SECONDARY, "SPRINT, note on the paper: ReRAM write")          \
    ROW(RERAM_CHANNELS, 4, "1", ASSUMED, "the paper's number was not found")                                 \
    ROW(RERAM_BANKS, 8, "per channel", ASSUMED, "the paper's number was not found")                          \
    ROW(RERAM_BANDWIDTH, 16e9, "byte/s per channel", ASSUMED, "128 bits at 1 GHz")                           \
    ROW(RERAM_ACTIVATE_SECONDS, 18e-9, "s", ASSUMED, "tRCD, as DRAM's usual figure")                         \
    ROW(RERAM_COLUMN_SECONDS, 14e-9, "s", ASSUMED, "tCL, as DRAM's usual figure; CopyQ obeys only this")     \
    ROW(RERAM_THRESHOLD_SECONDS, 8e-9, "s", SECONDARY,                                                       \
        "SPRINT, note on the paper: tAxTh below 8 cycles at 1 GHz")                                          \
    ROW(HBM_JOULES, 3.9e-12, "J/bit", ASSUMED,                                                               \
        "HBM2 as remembered from the DRAM literature; reads and writes")                                     \
    ROW(HBM_CHANNELS, 16, "1", PRIMARY, "SpAtten (arXiv:2012.09852), hardware configuration")                \
    ROW(HBM_BANDWIDTH, 32e9, "byte/s per channel", PRIMARY, "SpAtten, hardware configuration")               \
    ROW(HBM_LATENCY_SECONDS, 32e-9, "s", ASSUMED, "first word of a stream")                                  \
    ROW(DRAM_JOULES, 20e-12, "J/bit", ASSUMED, "1.3 nJ per 64 bits, as remembered; reads and writes")        \
    ROW(DRAM_CHANNELS, 1, "1", ASSUMED, "memory beside LeOPArd, A3 and MnnFast: 64 GB/s in all")             \
    ROW(DRAM_BANDWIDTH, 64e9, "byte/s per channel", PRIMARY,                                                 \
        "SpAtten's comparison with A3 and MnnFast at 64 GB/s")                                               \
    ROW(DRAM_LATENCY_SECONDS, 32e-9, "s", ASSUMED, "first word of a stream")                                 \
    /* arithmetic and buffers, one table for all systems */                                                  \
    ROW(ARITHMETIC_NODE, 45e-9, "m", SECONDARY,                                                              \
        "node of the energies below (Horowitz, ISSCC 2014, quoted in PMC8934428)")                           \
    ROW(MULTIPLY_JOULES, 3.1e-12 / (32 * 32), "J/bit^2", SECONDARY,                                          \
        "32-bit multiply 3.1 pJ (Horowitz, quoted), over its bit products")                                  \
    ROW(ADD_JOULES, 0.1e-12 / 32, "J/bit", SECONDARY,                                                        \
        "32-bit add 0.1 pJ (Horowitz, quoted), per bit; a comparison costs an add")                          \
    ROW(EXP_JOULES, 5 * (0.9e-12 + 3.7e-12), "J", SECONDARY,                                                 \
        "5 steps (SpAtten: 5th-order Taylor, primary) of float multiply and add (Horowitz, quoted)")         \
    ROW(DIVIDE_JOULES, 26.3e-12, "J", SECONDARY, "float division as 7.1 multiplies (PMC8934428)")            \
    ROW(SRAM_JOULES, 10e-12 / 64, "J/bit", SECONDARY,                                                        \
        "64-bit access of an 8 KB memory, 10 pJ (Horowitz, quoted)")                                         \
    ROW(SRAM_BYTES, 8192, "byte", SECONDARY,                                                                 \
        "size of that memory; energy grows with the root of the size (assumed)")                             \
    ROW(ACCUMULATOR_BITS, 32, "bit", ASSUMED, "width of every accumulator")                                  \
    ROW(SCORE_BITS, 32, "bit", ASSUMED, "width of a score in sorts, top-k and queues")                       \
    /* analog periphery */                                                                                   \
    ROW(ADC_JOULES, 3.1e-3 / 1.2e9, "J per 8-bit conversion", PRIMARY,                                       \
        "ASADI (HPCA 2024): 8-bit SAR, 1.2 GS/s, 3.1 mW; halves per bit less (assumed)")                     \
    ROW(COMPARATOR_SHARE, 30, "1", SECONDARY,                                                                \
        "SPRINT, note on the paper: comparator power 30 times below a 5-bit converter's")                    \
    ROW(DAC_JOULES, 0.05e-12, "J per conversion", ASSUMED, "one word line, 4 bits")                          \
    ROW(COMMAND_JOULES, 1e-12, "J/bit", ASSUMED,                                                             \
        "CopyQ and ReadP: a bit over the channel, without an array access")                                  \
    /* SPRINT */                                                                                             \
    ROW(SPRINT_NODE, 65e-9, "m", SECONDARY, "note on the paper")                                             \
    ROW(SPRINT_HERTZ, 1e9, "Hz", SECONDARY, "note on the paper")                                             \
    ROW(SPRINT_BYTES, 16384, "byte per corelet", SECONDARY,                                                  \
        "notes on the paper: 16, 32, 64 KB with 1, 2, 4 corelets")                                           \
    ROW(SPRINT_TAPS, 64, "multipliers", ASSUMED, "QK-PU and V-PU each; remembered only")                     \
    ROW(SPRINT_SOFTMAX_LATENCY, 32, "cycle", ASSUMED, "from the last score to the first weight")             \
    ROW(SPRINT_SCREEN_BITS, 4, "bit", SECONDARY, "notes on the paper: MSBs of each key element")             \
    /* LeOPArd */                                                                                            \
    ROW(LEOPARD_NODE, 65e-9, "m", ASSUMED, "remembered only")                                                \
    ROW(LEOPARD_HERTZ, 800e6, "Hz", ASSUMED, "remembered only")                                              \
    ROW(LEOPARD_TAPS, 64, "elements", ASSUMED, "width of a bit-serial unit; remembered only")                \
    ROW(LEOPARD_AE_UNITS, 6, "bit-serial units", ASSUMED, "remembered only")                                 \
    ROW(LEOPARD_HP_UNITS, 8, "bit-serial units", ASSUMED, "remembered only")                                 \
    ROW(LEOPARD_QUEUE, 16, "scores", ASSUMED, "depth of the queue before the V unit: not found")             \
    ROW(LEOPARD_BITS_PER_CYCLE, 2, "bit", ASSUMED, "remembered only")                                        \
    ROW(LEOPARD_KEY_BYTES, 48 * 1024, "byte", ASSUMED, "remembered only")                                    \
    ROW(LEOPARD_VALUE_BYTES, 64 * 1024, "byte", ASSUMED, "remembered only")                                  \
    ROW(LEOPARD_LATENCY, 16, "cycle", ASSUMED, "softmax look-up and V unit, once per head")                  \
    /* SpAtten */                                                                                            \
    ROW(SPATTEN_NODE, 40e-9, "m", PRIMARY, "SpAtten, hardware configuration")                                \
    ROW(SPATTEN_HERTZ, 1e9, "Hz", PRIMARY, "SpAtten, hardware configuration")                                \
    ROW(SPATTEN_MULTIPLIERS, 512, "1", PRIMARY, "SpAtten: in QxK and again in prob x V")                     \
    ROW(SPATTEN_UNITS, 8, "1", PRIMARY,                                                                      \
        "SpAtten's comparison with A3 and MnnFast takes an eighth: multipliers, lanes, comparators, "        \
        "channels")                                                                                          \
    ROW(SPATTEN_MULTIPLIER_BITS, 12, "bit", PRIMARY, "SpAtten: on-chip width")                               \
    ROW(SPATTEN_SOFTMAX_LANES, 8, "1", PRIMARY, "SpAtten, hardware configuration")                           \
    ROW(SPATTEN_TOKENS, 1024, "tokens", PRIMARY,                                                             \
        "SpAtten: key and value memories hold two of 1024 x 64 x 12 b")                                      \
    ROW(SPATTEN_BYTES, 196 * 1024, "byte", PRIMARY, "SpAtten: each of the key and value memories")           \
    ROW(SPATTEN_COMPARATORS, 16, "1", PRIMARY, "SpAtten: parallelism of each comparator array")              \
    ROW(SPATTEN_PASS_CYCLES, 3, "cycle", PRIMARY, "authors' latency model: ceil(n/P) + 3 per pass")          \
    ROW(SPATTEN_LATENCY, 1 + 1 + 9 + 7 + 21 + 23 + 29 + 7 + 1 + 1 + 1, "cycle", PRIMARY,                     \
        "authors' simulator: depths of key product, softmax and value product, once per head")               \
    ROW(SPATTEN_LSB_BITS, 4, "bit", PRIMARY, "SpAtten: MSB + LSB settings all have 4 LSBs")                  \
    /* A3 */                                                                                                 \
    ROW(A3_NODE, 40e-9, "m", SECONDARY, "note on the paper")                                                 \
    ROW(A3_HERTZ, 1e9, "Hz", PRIMARY, "SpAtten's comparison")                                                \
    ROW(A3_TAPS, 64, "multipliers", PRIMARY, "SpAtten's comparison: 2 x 64 x 1 GHz")                         \
    ROW(A3_TOKENS, 320, "tokens", SECONDARY, "note on the paper: n = 320 held on chip")                      \
    ROW(A3_SEARCH_SHARE, 0.5, "iterations/n", ASSUMED, "conservative M = n/2; remembered only")              \
    ROW(A3_QUERY_CYCLES, 9, "cycle", ASSUMED, "beyond one per key; remembered only")                         \
    ROW(A3_LATENCY, 27, "cycle", ASSUMED, "once per head; remembered only")                                  \
    /* MnnFast */                                                                                            \
    ROW(MNNFAST_NODE, 28e-9, "m", PRIMARY, "SpAtten's comparison: FPGA, 28 nm")                              \
    ROW(MNNFAST_HERTZ, 1e9, "Hz", PRIMARY, "SpAtten's comparison, as an ASIC")                               \
    ROW(MNNFAST_TAPS, 64, "multipliers", SECONDARY, "half of the 128 multipliers of SpAtten's comparison")   \
    ROW(MNNFAST_CHUNK, 64, "tokens", ASSUMED, "column-based streaming; the size was not found")              \
    ROW(MNNFAST_TOKENS, 512, "tokens", ASSUMED, "held on chip for the queries of one head")                  \
    ROW(MNNFAST_DIVIDE_CYCLES, 8, "cycle", ASSUMED, "lazy softmax: one division of the output row")          \
    /* technology scaling: E ~ L V^2, t ~ L (technology.h) */                                                \
    ROW(COMMON_NODE, 65e-9, "m", ASSUMED, "node of speedup_common and energy_ratio_common")                  \
    ROW(VOLTS_65, 1.0, "V", ASSUMED, "nominal supply at 65 nm, general purpose")                             \
    ROW(VOLTS_45, 0.9, "V", SECONDARY, "supply of the energies above (Horowitz, quoted)")                    \
    ROW(VOLTS_40, 0.9, "V", ASSUMED, "nominal supply at 40 nm")                                              \
    ROW(VOLTS_28, 0.9, "V", ASSUMED, "nominal supply at 28 nm")

enum constants_name {
#define CONSTANTS_NAME(name, value, unit, kind, source) CONSTANTS_##name,
    CONSTANTS_LIST(CONSTANTS_NAME)
#undef CONSTANTS_NAME
        CONSTANTS_N
};

struct constants_row {
    const char *name, *unit, *source;
    double value;
    enum constants_source kind;
};

extern const struct constants_row constants_rows[CONSTANTS_N];

/* "primary", "secondary" or "assumed". */
const char *constants_kind(enum constants_source kind);

struct text;

/* All rows as a table in Markdown. */
void constants_print(struct text *out);

#endif
