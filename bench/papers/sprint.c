/* SPRINT's rows: sequences with decisions of the analog path, and what the figures hang on. */
#include <math.h>
#include <stdio.h>

#include "papers.h"

/* The sequences of SPRINT's rows; kind 0 has the statistics as reported, 1 as measured. */
static const struct {
    size_t n_tokens, n_padded;
    int n_heads;
    bool causal;
    const char *text;
} workloads[] = {{282, 384, 2, false, "282 of 384 tokens (46 % of the square is padding)"},
                 {512, 0, 2, false, "512 tokens"},
                 {2048, 0, 1, false, "2,048 tokens"},
                 {4096, 0, 1, false, "4,096 tokens"},
                 {2048, 0, 1, true, "2,048 tokens, causal"}};
enum { N_WORKLOADS = sizeof workloads / sizeof workloads[0], N_KINDS = 2 };

static struct sequence sequence_at(int workload, int kind)
{
    struct sequence sequence = kind == 0 ? sequence_as_reported() : sequence_as_measured();
    sequence.n_tokens = workloads[workload].n_tokens;
    sequence.n_heads = workloads[workload].n_heads;
    sequence.causal = workloads[workload].causal;
    return sequence;
}

static void print_decisions(struct decided decided[N_WORKLOADS][N_KINDS])
{
    static const char *const names[] = {"as reported", "as measured"};
    printf(
        "Sequences of SPRINT's rows, decided by the analog path of a run:\n\n"
        "| sequence | statistics | kept, %%: exact, analog | of the kept, kept by the query before: exact, "
        "analog | new per query, %% of visible: exact, analog | false prunes, %% | lost mass, %% |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (int w = 0; w < N_WORKLOADS; w++)
        for (int kind = 0; kind < N_KINDS; kind++) {
            const struct decided *one = &decided[w][kind];
            struct decided_summary exact = decided_summarise(one, one->exact),
                                   analog = decided_summarise(one, one->keep);
            printf("| %s | %s | %.1f, %.1f | %.2f, %.2f | %.1f, %.1f | %.0f | %.1f |\n", workloads[w].text,
                   names[kind], 100 * exact.kept_ratio, 100 * analog.kept_ratio, exact.overlap_ratio,
                   analog.overlap_ratio, 100 * exact.new_ratio, 100 * analog.new_ratio,
                   100 * counts_ratio((double)one->counts.n_false_prune, (double)one->counts.n_exact_keep),
                   100 * counts_ratio(one->counts.lost_mass_sum, (double)one->counts.n_queries));
        }
    printf("\n");
}

static struct cost_answer baseline_of(const struct decided *decided, size_t n_padded, int64_t n_units)
{
    struct cost_options options = cost_options_default();
    options.n_units = n_units;
    return decided_cost(decided, false, "baseline", n_padded, &options);
}

static void print_speedups(int w, struct decided decided[N_KINDS])
{
    static const struct {
        const char *name, *speedup;
        int64_t n_units;
        int number;
    } systems[] = {{"sprint-s", "7.5 (primary)", 1, 1},
                   {"sprint-m", "7.4 (secondary)", 2, 2},
                   {"sprint-l", "7.1 (secondary)", 4, 3}};
    struct cost_options options = cost_options_default();
    size_t n_padded = workloads[w].n_padded;
    for (int i = 0; i < 3; i++) {
        double padded[N_KINDS], unpadded[N_KINDS], joules[N_KINDS][2];
        for (int kind = 0; kind < N_KINDS; kind++) {
            struct cost_answer own = decided_cost(&decided[kind], false, systems[i].name, n_padded, &options);
            struct cost_answer dense = baseline_of(&decided[kind], n_padded, systems[i].n_units);
            padded[kind] = dense.own.seconds / own.own.seconds;
            unpadded[kind] = own.speedup;
            joules[kind][0] = dense.own.energy.total_joules / own.own.energy.total_joules;
            joules[kind][1] = dense.own.energy.without_writes_joules / own.own.energy.without_writes_joules;
        }
        char quantity[64], more[64] = "";
        snprintf(quantity, sizeof quantity, "%s: speedup, x", systems[i].name);
        if (n_padded > 0)
            snprintf(more, sizeof more, "; unpadded reference %.1f and %.1f", unpadded[0], unpadded[1]);
        print_row(systems[i].number, quantity, systems[i].speedup, workloads[w].text,
                  "what fits of the kept keys decides, then what is assumed of memory and units (last "
                  "table); theirs is a mean over models whose keep rates were not found",
                  "%.1f reported, %.1f measured%s", padded[0], padded[1], more);
        if (i == 0)
            print_row(
                4, "sprint-s: energy reduction, x", "19.6 (primary)", workloads[w].text,
                "whether theirs counts writes was not found; buffer and arithmetic energies are generic",
                "%.1f reported, %.1f measured; without writes %.1f and %.1f", joules[0][0], joules[1][0],
                joules[0][1], joules[1][1]);
    }
}

static void print_fetched(int w, struct decided decided[N_KINDS])
{
    static const double bytes[] = {16384, INFINITY};
    double found[N_KINDS][2];
    for (int kind = 0; kind < N_KINDS; kind++)
        for (int i = 0; i < 2; i++) {
            struct cost_options options = cost_options_default();
            options.buffer_bytes = bytes[i];
            struct cost_answer answer = decided_cost(&decided[kind], false, "sprint-s", 0, &options);
            found[kind][i] =
                100 * (double)answer.own.tally.n_keys_fetched / (double)answer.own.tally.n_visible;
        }
    print_row(
        6, "sprint-s: newly fetched keys per query, % of visible", "2.1 (secondary)", workloads[w].text,
        "2.1 is what the first kind of sequence is made from, before analog errors; a buffer that all kept "
        "keys do not fit loses some, one without end fetches each once",
        "16 KB: %.1f reported, %.1f measured; without end %.2f and %.2f", found[0][0], found[1][0],
        found[0][1], found[1][1]);
}

static void print_heading(void)
{
    printf("| row | quantity | paper says | we get | workload | why they differ |\n"
           "| --- | --- | --- | --- | --- | --- |\n");
}

void print_sprint(void)
{
    static struct decided decided[N_WORKLOADS][N_KINDS];
    for (int w = 0; w < N_WORKLOADS; w++)
        for (int kind = 0; kind < N_KINDS; kind++) {
            struct sequence sequence = sequence_at(w, kind);
            decided_make(&sequence, "", &decided[w][kind]);
        }
    print_decisions(decided);
    print_heading();
    for (int w = 0; w < N_WORKLOADS; w++) {
        print_speedups(w, decided[w]);
        print_fetched(w, decided[w]);
    }
    for (int w = 0; w < N_WORKLOADS; w++)
        for (int kind = 0; kind < N_KINDS; kind++)
            decided_clear(&decided[w][kind]);
    /* 20 % of what a head needs on chip; everything fetched, as designs that prune after fetching do. */
    struct sequence sequence = sequence_as_measured();
    struct decided one;
    struct cost_options options = cost_options_default();
    options.buffer_bytes = 0.2 * 512 * 2 * 64;
    decided_make(&sequence, "", &one);
    struct energy energy = decided_cost(&one, false, "baseline", 0, &options).own.energy;
    print_row(14, "communication's share of energy at 20 % on-chip capacity, %", "> 60 (secondary)",
              "512 tokens, everything fetched",
              "ReRAM energies throughout; theirs are several earlier designs", "%.0f without writes",
              100 * energy.joules[ENERGY_FETCH] / energy.without_writes_joules);
    decided_clear(&one);
}
