/*
 * CLONES before a function: its loops are compiled for several instruction sets, of which the processor's
 * best runs. For code of + - x / and square roots alone, whose order of additions is written out: nothing is
 * fused
 * (-ffp-contract=off), so all give the same bits.
 */
#ifndef BASE_CLONES_H
#define BASE_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define CLONES
#endif

#endif
