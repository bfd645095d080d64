/* Time of every cost system on a keyed trace: CPU seconds of this thread, median of 3, trace made beforehand.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bench/crossbar/measure.h"
#include "cost/cost.h"
#include "cost/synthetic.h"

enum { N_LAYERS = 12, N_HEADS = 12, N_TOKENS = 512, N_REPEATS = 3, N_WORDS = N_TOKENS / 64 };

/* One head's sets, used for all heads: times do not depend on whose bits they are. */
struct head {
    uint64_t keep[N_TOKENS][N_WORDS], value[N_TOKENS][N_WORDS];
    uint8_t bits[N_TOKENS][N_TOKENS];
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum rs_status feed(const struct head *head, bool causal, struct cost *cost, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (size_t i = 0; !status && i < (size_t)N_LAYERS * N_HEADS; i++) {
        struct cost_sequence sequence = {.layer = i / N_HEADS,
                                         .head = i % N_HEADS,
                                         .n_tokens = N_TOKENS,
                                         .causal = causal,
                                         .prefill = true};
        status = cost_begin(cost, &sequence, err);
        for (size_t t = 0; !status && t < N_TOKENS; t++) {
            struct cost_query query = {.n_visible = causal ? t + 1 : N_TOKENS,
                                       .keep = head->keep[t],
                                       .value = head->value[t],
                                       .bits = head->bits[t],
                                       .array_joules = 0};
            status = cost_query(cost, &query, err);
        }
    }
    return status;
}

static enum rs_status measure(const struct cost_system *system, const struct head *head, bool causal,
                              double *seconds, struct rs_error *err)
{
    static const struct cost_shape shape = {.n_layers = N_LAYERS,
                                            .n_heads = N_HEADS,
                                            .n_kv_heads = N_HEADS,
                                            .d_head = 64,
                                            .max_tokens = N_TOKENS,
                                            .operand_bits = 8};
    double times[N_REPEATS];
    for (int i = 0; i < N_REPEATS; i++) {
        struct cost_options options = cost_options_default();
        struct cost *cost;
        struct cost_answer answer;
        enum rs_status status = cost_create(system->name, &shape, &options, &cost, err);
        if (status)
            return status;
        double start = clock_thread_seconds();
        status = feed(head, causal, cost, err);
        if (!status)
            cost_end(cost, &answer);
        times[i] = clock_thread_seconds() - start;
        cost_destroy(cost);
        if (status)
            return status;
    }
    qsort(times, N_REPEATS, sizeof *times, by_value);
    *seconds = times[N_REPEATS / 2];
    return RS_OK;
}

int main(void)
{
    struct rs_error err = {""};
    struct head *heads = memory_allocate(2, sizeof *heads, &err);
    double scratch[N_TOKENS];
    for (int causal = 0; heads && causal < 2; causal++) {
        struct synthetic trace = {.seed = 1,
                                  .n_layers = 1,
                                  .n_heads = 1,
                                  .n_tokens = N_TOKENS,
                                  .causal = causal,
                                  .keep_ratio = 0.25,
                                  .shared_ratio = 0.92,
                                  .value_ratio = 0.5,
                                  .operand_bits = 8};
        for (size_t t = 0; t < N_TOKENS; t++) {
            for (size_t i = 0; t > 0 && i < N_WORDS; i++)
                heads[causal].keep[t][i] = heads[causal].keep[t - 1][i];
            synthetic_query(&trace, 0, 0, t, heads[causal].keep[t], heads[causal].value[t],
                            heads[causal].bits[t], scratch);
        }
    }
    measure_print_machine();
    printf("| system | all keys visible, s | causal, s |\n| --- | --- | --- |\n");
    enum rs_status status = heads ? RS_OK : RS_INTERNAL;
    for (const struct cost_system *const *system = system_all; !status && *system; system++) {
        double seconds[2];
        for (int causal = 0; !status && causal < 2; causal++)
            status = measure(*system, &heads[causal], causal, &seconds[causal], &err);
        if (!status)
            printf("| %s | %.3f | %.3f |\n", (*system)->name, seconds[0], seconds[1]);
    }
    free(heads);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    return status;
}
