/*
 * Expected cycles of SpAtten's top-k engine, for traces without measured ones: quick-select with a random
 * pivot does on average 2 [(n+1) H_n - (n+3-k) H_{n+1-k} - (k+2) H_k + n + 3] comparisons (Knuth) in H_k +
 * H_{n-k+1} - 1 passes; a pass of m elements takes ceil(m/P) + SPATTEN_PASS_CYCLES cycles (authors' latency
 * model).
 */
#ifndef COST_TOPK_MODEL_H
#define COST_TOPK_MODEL_H

#include <stddef.h>

/* k >= n or k = 0: nothing is compared, 0 cycles. n_parallel >= 1. */
double topk_model_cycles(size_t n, size_t k, size_t n_parallel);
double topk_model_elements(size_t n, size_t k);

#endif
