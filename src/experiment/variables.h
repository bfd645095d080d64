/*
 * The variables of a result (definitions 5): one row of numbers per point and trial. One table gives names,
 * units, texts and which of them get intervals.
 */
#ifndef EXPERIMENT_VARIABLES_H
#define EXPERIMENT_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "attention/attention.h"
#include "experiment/task.h"

enum variables_flag {
    VARIABLES_COUNT = 1,       /* a whole number, stored as int64 */
    VARIABLES_INTERVAL = 2,    /* NAME_mean, NAME_lo95, NAME_hi95 */
    VARIABLES_TASK = 4,        /* absent where the workload has no task */
    VARIABLES_HEAD = 8,        /* NAME_by_head with --save heads */
    VARIABLES_SECONDS = 16,    /* else a ratio or a number */
    VARIABLES_METRIC = 32,     /* in the task's metric */
    VARIABLES_ACCURACY = 64,   /* absent unless the metric is accuracy */
    VARIABLES_LANGUAGE = 128,  /* absent unless it is nll */
    VARIABLES_CHARACTERS = 256 /* absent unless every answer is one character of a text */
};

/* VARIABLE(name, flags, long name) */
#define VARIABLES_IN_METRIC (VARIABLES_TASK | VARIABLES_METRIC)
#define VARIABLES_LIST(VARIABLE)                                                                             \
    VARIABLE(keep_ratio, VARIABLES_INTERVAL | VARIABLES_HEAD, "decided to keep / visible pairs")             \
    VARIABLE(keep_ratio_final, VARIABLES_INTERVAL | VARIABLES_HEAD, "entering the softmax / visible pairs")  \
    VARIABLE(false_prune_rate, VARIABLES_INTERVAL | VARIABLES_HEAD,                                          \
             "exact keeps that are pruned / exact keeps")                                                    \
    VARIABLE(false_keep_rate, VARIABLES_INTERVAL | VARIABLES_HEAD,                                           \
             "exact prunes that are kept / exact prunes")                                                    \
    VARIABLE(lost_mass, VARIABLES_INTERVAL | VARIABLES_HEAD,                                                 \
             "mean exact softmax probability on falsely pruned keys of a query")                             \
    VARIABLE(output_error, VARIABLES_INTERVAL | VARIABLES_HEAD,                                              \
             "mean 2-norm of (output - exact output) / 2-norm of exact output")                              \
    VARIABLE(                                                                                                \
        recall_at_k, VARIABLES_INTERVAL | VARIABLES_HEAD,                                                    \
        "mean share of the exact top k among the k largest analog signals, k = exact keeps of the query")    \
    VARIABLE(clamped_share, VARIABLES_INTERVAL,                                                              \
             "values of q, k and v beyond the calibrated range / all of them")                               \
    VARIABLE(recompute_bits, VARIABLES_INTERVAL,                                                             \
             "mean magnitude bits that the bit-serial unit takes per recomputed key")                        \
    VARIABLE(unresolved_share, VARIABLES_INTERVAL | VARIABLES_HEAD,                                          \
             "decisions that took longer than comparator.evaluation_time / visible pairs")                   \
    VARIABLE(uncertain_share, VARIABLES_INTERVAL | VARIABLES_HEAD,                                           \
             "pairs that the policy left to the digital unit (three-way) / visible pairs")                   \
    VARIABLE(                                                                                                \
        comparator_delay_p99, VARIABLES_INTERVAL | VARIABLES_SECONDS,                                        \
        "time within which 99 % of the comparators' decisions on visible pairs are made, to 0.4 %; NaN "     \
        "where none is modelled")                                                                            \
    VARIABLE(n_visible, VARIABLES_COUNT | VARIABLES_HEAD, "visible pairs of query and key")                  \
    VARIABLE(n_exact_keep, VARIABLES_COUNT | VARIABLES_HEAD, "pairs that the exact decision keeps")          \
    VARIABLE(n_false_prune, VARIABLES_COUNT | VARIABLES_HEAD, "exact keeps that are pruned")                 \
    VARIABLE(n_false_keep, VARIABLES_COUNT | VARIABLES_HEAD, "exact prunes that are kept")                   \
    VARIABLE(n_empty, VARIABLES_COUNT | VARIABLES_HEAD, "queries that keep nothing")                         \
    VARIABLE(residual_max, VARIABLES_INTERVAL,                                                               \
             "largest Kirchhoff residual of probe solves on each layer's first array, or their difference "  \
             "from V T")                                                                                     \
    VARIABLE(pulses_per_cell, VARIABLES_INTERVAL, "programming pulses / cells written; one-shot: 1")         \
    VARIABLE(failed_share, VARIABLES_INTERVAL,                                                               \
             "cells that write-verify gave up on (one-shot: worn-out cells) / cells written")                \
    VARIABLE(task_metric, VARIABLES_INTERVAL | VARIABLES_IN_METRIC, "metric with analog decisions")          \
    VARIABLE(task_metric_exact, VARIABLES_INTERVAL | VARIABLES_IN_METRIC,                                    \
             "metric with exact decisions and recompute")                                                    \
    VARIABLE(task_metric_quantised, VARIABLES_INTERVAL | VARIABLES_IN_METRIC,                                \
             "metric unpruned at encoding.bits")                                                             \
    VARIABLE(task_metric_float, VARIABLES_INTERVAL | VARIABLES_IN_METRIC,                                    \
             "metric unpruned in floating point")                                                            \
    VARIABLE(task_metric_random, VARIABLES_IN_METRIC,                                                        \
             "metric with as many keys of each query as the exact decision keeps, at random, and recompute") \
    VARIABLE(task_metric_chance, VARIABLES_IN_METRIC,                                                        \
             "metric of the best answer that is the same for every question")                                \
    VARIABLE(task_loss, VARIABLES_INTERVAL | VARIABLES_IN_METRIC,                                            \
             "loss of the metric against exact decisions")                                                   \
    VARIABLE(task_loss_total, VARIABLES_INTERVAL | VARIABLES_IN_METRIC,                                      \
             "loss of the metric against floating point")                                                    \
    VARIABLE(task_loss_random, VARIABLES_IN_METRIC,                                                          \
             "loss of the metric by pruning at random, against floating point")                              \
    VARIABLE(task_error, VARIABLES_INTERVAL | VARIABLES_TASK | VARIABLES_ACCURACY,                           \
             "share of wrong answers with analog decisions")                                                 \
    VARIABLE(task_nll, VARIABLES_INTERVAL | VARIABLES_TASK,                                                  \
             "mean -ln(probability of the right answer) with analog decisions, nats per answer")             \
    VARIABLE(task_nll_exact, VARIABLES_TASK, "the same with exact decisions and recompute, nats per answer") \
    VARIABLE(task_nll_quantised, VARIABLES_TASK, "the same unpruned at encoding.bits, nats per answer")      \
    VARIABLE(task_nll_float, VARIABLES_TASK, "the same unpruned in floating point, nats per answer")         \
    VARIABLE(task_nll_random, VARIABLES_TASK, "the same pruned at random, nats per answer")                  \
    VARIABLE(task_perplexity, VARIABLES_INTERVAL | VARIABLES_TASK | VARIABLES_LANGUAGE, "exp(task_nll)")     \
    VARIABLE(task_bits_per_character,                                                                        \
             VARIABLES_INTERVAL | VARIABLES_TASK | VARIABLES_LANGUAGE | VARIABLES_CHARACTERS,                \
             "task_nll / ln 2, of words that are single characters")                                         \
    VARIABLE(task_kl, VARIABLES_INTERVAL | VARIABLES_TASK,                                                   \
             "mean KL divergence of answers with analog decisions from the float model's, nats per answer")  \
    VARIABLE(task_kl_exact, VARIABLES_TASK, "the same with exact decisions and recompute, nats per answer")  \
    VARIABLE(task_kl_quantised, VARIABLES_TASK, "the same unpruned at encoding.bits, nats per answer")       \
    VARIABLE(task_kl_random, VARIABLES_TASK, "the same pruned at random, nats per answer")                   \
    VARIABLE(task_agreement, VARIABLES_INTERVAL | VARIABLES_TASK,                                            \
             "share of answers whose likeliest is the float model's, with analog decisions")                 \
    VARIABLE(task_agreement_exact, VARIABLES_TASK, "the same with exact decisions and recompute")            \
    VARIABLE(task_agreement_quantised, VARIABLES_TASK, "the same unpruned at encoding.bits")                 \
    VARIABLE(task_agreement_random, VARIABLES_TASK, "the same pruned at random")

enum variable {
#define VARIABLES_ENUM(name, flags, text) VARIABLE_##name,
    VARIABLES_LIST(VARIABLES_ENUM)
#undef VARIABLES_ENUM
        VARIABLES_N
};

struct variable_row {
    const char *name;
    unsigned flags;
    const char *long_name;
};
extern const struct variable_row variables_table[VARIABLES_N];

/* VARIABLES_STATUS_LIST(FLAG): why a number is missing; bits of `status`. FLAG(name, bit) */
#define VARIABLES_STATUS_LIST(FLAG)                                                                          \
    FLAG(no_exact_keep, 1)                                                                                   \
    FLAG(no_exact_prune, 2)                                                                                  \
    FLAG(no_recall_query, 4)                                                                                 \
    FLAG(no_exact_output, 8)                                                                                 \
    FLAG(solver_missed_tolerance, 16)                                                                        \
    FLAG(missing, 32)

enum variables_status {
#define VARIABLES_STATUS_ENUM(name, bit) VARIABLES_STATUS_##name = bit,
    VARIABLES_STATUS_LIST(VARIABLES_STATUS_ENUM)
#undef VARIABLES_STATUS_ENUM
};

/* Whether results of such a task (metric "": none) have the variable. */
bool variables_present(enum variable variable, const char *metric, bool characters);

/* Symbol of its unit. */
const char *variables_unit(enum variable variable);

/* The decision variables of counts into values [VARIABLES_N]; returns the status bits. Others are left alone.
 */
int variables_from_counts(const struct attention_counts *counts, double *values);

/* The sums of a task in each way to compute, and what the best constant answer reaches. */
struct variables_task {
    enum subject_metric metric;
    struct task_sums analog, exact, quantised, random, real;
    double chance;
};

/* The task variables, those that may be absent too. */
void variables_from_task(const struct variables_task *task, double *values);

#endif
