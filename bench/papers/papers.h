/* What the rows of the table share: made sequences with their decisions, cost systems on them, printing. */
#ifndef BENCH_PAPERS_H
#define BENCH_PAPERS_H

#include "attention/counts.h"
#include "cost/bits.h"
#include "cost/cost.h"
#include "workload/sequence.h"

_Noreturn void fail(const struct rs_error *err);

/* Zeroed memory, or the end. */
void *papers_room(size_t count, size_t size);

/* A row of the table of published figures. */
void print_row(int number, const char *quantity, const char *paper, const char *workload, const char *why,
               const char *format, ...);

struct cost *open_system(const char *name, size_t n_layers, size_t n_heads, size_t max_tokens, int bits,
                         const struct cost_options *options);
struct cost_answer close_system(struct cost *cost);

/* One sequence, as decided by the analog path of a run: sets [n_layers * n_heads][n_tokens][n_words]. */
struct decided {
    struct sequence sequence; /* 1 sample */
    size_t n_words;
    struct qkv qkv;
    uint64_t *keep, *exact, *survive; /* analog decisions; exact ones; both (kept after recompute) */
    struct attention_counts counts;   /* all heads together */
};

/* settings: YAML behind the workload and keep_ratio; "" = the defaults of a run. One trial. */
void decided_make(const struct sequence *sequence, const char *settings, struct decided *out);
void decided_clear(struct decided *decided);

/* One query's set. */
const uint64_t *decided_row(const struct decided *decided, const uint64_t *sets, size_t i_head, size_t query);

/* Of a kind of sets (keep, exact): kept / visible; of the kept, kept by the query before; new / visible. */
struct decided_summary {
    double kept_ratio, overlap_ratio, new_ratio;
};
struct decided_summary decided_summarise(const struct decided *decided, const uint64_t *sets);

/* The system on the analog decisions, or on the exact ones. n_padded 0: none. */
struct cost_answer decided_cost(const struct decided *decided, bool exact, const char *system,
                                size_t n_padded, const struct cost_options *options);

/* Parts of the output. */
void print_sprint(void);
void print_sensitivity(void);
void print_leopard(void);
void print_a3(void);
void print_spatten(void);
void print_comparison(void);
void print_losses(void);

#endif
