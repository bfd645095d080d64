/*
 * What the papers say beside what the cost systems give, on sequences whose statistics stand in the table. No
 * number of a paper enters a model other than through constants.h and the sequences' statistics, and nothing
 * here is fitted to a row.
 */
#include "papers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "cost/constants.h"
#include "experiment/plan.h"

_Noreturn void fail(const struct rs_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(RS_INTERNAL);
}

void *papers_room(size_t count, size_t size)
{
    struct rs_error err;
    void *memory = memory_allocate(count, size, &err);
    if (memory == NULL)
        fail(&err);
    return memory;
}

void print_row(int number, const char *quantity, const char *paper, const char *workload, const char *why,
               const char *format, ...)
{
    char found[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    printf("| %d | %s | %s | %s | %s | %s |\n", number, quantity, paper, found, workload, why);
}

struct cost *open_system(const char *name, size_t n_layers, size_t n_heads, size_t max_tokens, int bits,
                         const struct cost_options *options)
{
    struct cost_shape shape = {.n_layers = n_layers,
                               .n_heads = n_heads,
                               .n_kv_heads = n_heads,
                               .d_head = 64,
                               .max_tokens = max_tokens,
                               .operand_bits = bits};
    struct rs_error err;
    struct cost *cost;
    if (cost_create(name, &shape, options, &cost, &err))
        fail(&err);
    return cost;
}

struct cost_answer close_system(struct cost *cost)
{
    struct cost_answer answer;
    cost_end(cost, &answer);
    cost_destroy(cost);
    return answer;
}

/* Lost mass by bits of q and k in the array, all else ideal; a q/k/v file has no task. */
static void print_precision(void)
{
    struct sequence sequence = sequence_as_measured();
    sequence.n_layers = SEQUENCE_MASS_RATIOS;
    char found[128] = "";
    size_t n = 0;
    for (int bits = 2; bits <= 6; bits++) {
        char settings[160];
        struct decided decided;
        snprintf(settings, sizeof settings,
                 "device: {preset: ideal}\narray: {r_word_line: 0, r_driver: 0, r_sense: 0}\n"
                 "encoding: {analog_bits: %d, query_bits: %d}\n",
                 bits, bits);
        decided_make(&sequence, settings, &decided);
        n += (size_t)snprintf(found + n, sizeof found - n, "%s%d bits %.2f", n ? ", " : "", bits,
                              100 * decided.counts.lost_mass_sum / (double)decided.counts.n_queries);
        decided_clear(&decided);
    }
    print_row(7, "softmax mass lost by thresholding with few bits, %",
              "no visible accuracy loss at 4 (secondary)",
              "5 heads of 512 tokens, statistics as measured, ideal arrays",
              "mass, not accuracy: these sequences have no task", "%s", found);
}

/* The embedded network: the one workload here with a task that both papers' families have. */
static void print_accuracy(void)
{
    struct rs_error err;
    struct configuration *configuration;
    struct plan *plan;
    struct plan_row row;
    if (config_parse("papers.yaml", "monte_carlo: {trials: 1}\ncost: {systems: none}\n", 0, NULL,
                     &configuration, &err) ||
        plan_create(configuration, 0, NULL, (struct head_saves){0}, true, 1, &plan, &err) ||
        plan_run_unit(plan, 0, &row, &err))
        fail(&err);
    static const char workload[] = "embedded memory network, its stories, default run, 1 trial";
    print_row(5, "accuracy loss of analog decisions, %", "0.36 (primary, mean over transformers)", workload,
              "another model and task; thresholds by a kept share, not trained with the model", "%.2f",
              100 * row.values[VARIABLE_task_loss_total]);
    print_row(17, "accuracy loss of exact pruning, %", "< 0.2 (primary, mean over 43 tasks)", workload,
              "as above", "%.2f",
              100 * (row.values[VARIABLE_task_metric_float] - row.values[VARIABLE_task_metric_exact]));
    plan_row_clear(&row);
    plan_destroy(plan);
    config_destroy(configuration);
}

void print_losses(void)
{
    print_precision();
    print_accuracy();
}

int main(void)
{
    print_sprint();
    print_losses();
    print_leopard();
    print_spatten();
    print_comparison();
    print_a3();
    print_sensitivity();
    struct rs_error err;
    struct text constants = {0};
    constants_print(&constants);
    char *table = text_take(&constants, &err);
    if (!table)
        fail(&err);
    printf("\nConstants of the cost systems:\n\n%s", table);
    free(table);
    return 0;
}
