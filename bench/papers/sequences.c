/*
 * Makes q/k/v files of many-query sequences and prints the statistics of any q/k/v file:
 *     sequences make reported|measured FILE [tokens=512] [layers=1] [heads=1] [samples=1] [causal=0] [seed=1]
 *     sequences show FILE [keep=0.25]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/qkv_statistics.h"
#include "workload/sequence.h"

static _Noreturn void fail(int status, const char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(status);
}

static _Noreturn void refuse(void)
{
    fail(64, "usage: sequences make reported|measured FILE [tokens=512] [layers=1] [heads=1] [samples=1] "
             "[causal=0] [seed=1]\n       sequences show FILE [keep=0.25]");
}

/* Refuses what is not one of the names (ends with NULL), "=" and a number of 0 or more. */
static void check(int n_arguments, char **arguments, const char *const *names)
{
    for (int i = 0; i < n_arguments; i++) {
        const char *equals = strchr(arguments[i], '=');
        size_t n = equals != NULL ? (size_t)(equals - arguments[i]) : 0;
        const char *const *name = names;
        while (*name != NULL && (strlen(*name) != n || strncmp(*name, arguments[i], n) != 0))
            name++;
        char *end = NULL;
        if (*name == NULL || !(strtod(equals + 1, &end) >= 0) || end == equals + 1 || *end != '\0')
            refuse();
    }
}

/* The number of "name=number" among the arguments, or `own`. */
static double number(int n_arguments, char **arguments, const char *name, double own)
{
    size_t n = strlen(name);
    for (int i = 0; i < n_arguments; i++)
        if (strncmp(arguments[i], name, n) == 0 && arguments[i][n] == '=')
            return strtod(arguments[i] + n + 1, NULL);
    return own;
}

static void make(const char *kind, const char *path, int n, char **arguments)
{
    struct sequence sequence =
        strcmp(kind, "reported") == 0 ? sequence_as_reported() : sequence_as_measured();
    static const char *const names[] = {"tokens", "layers", "heads", "samples", "causal", "seed", NULL};
    struct rs_error err;
    struct qkv qkv;
    check(n, arguments, names);
    if (strcmp(kind, "reported") != 0 && strcmp(kind, "measured") != 0)
        refuse();
    sequence.n_tokens = (size_t)number(n, arguments, "tokens", 512);
    sequence.n_layers = (int)number(n, arguments, "layers", 1);
    sequence.n_heads = (int)number(n, arguments, "heads", 1);
    sequence.n_samples = (size_t)number(n, arguments, "samples", 1);
    sequence.causal = number(n, arguments, "causal", 0) > 0;
    sequence.seed = (uint64_t)number(n, arguments, "seed", 1);
    enum rs_status status = sequence_make(&sequence, &qkv, &err);
    if (status == RS_OK)
        status = qkv_write(&qkv, path, &err);
    if (status != RS_OK)
        fail((int)status, err.text);
    qkv_clear(&qkv);
}

static void add(struct qkv_statistics *sum, const struct qkv_statistics *one)
{
    sum->kept_ratio += one->kept_ratio;
    sum->overlap_ratio += one->overlap_ratio;
    sum->new_ratio += one->new_ratio;
    sum->next_ratio += one->next_ratio;
    sum->column_ratio += one->column_ratio;
    sum->entropy_ratio += one->entropy_ratio;
    sum->top_mass += one->top_mass;
    sum->mass_ratio += one->mass_ratio;
}

static void print_row(const char *name, const struct qkv_statistics *sum, double n)
{
    printf("| %s | %.3f | %.2f | %.1f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", name, sum->kept_ratio / n,
           sum->overlap_ratio / n, 100 * sum->new_ratio / n, sum->next_ratio / n, sum->column_ratio / n,
           sum->entropy_ratio / n, sum->top_mass / n, sum->mass_ratio / n);
}

static void show(const char *path, int n_arguments, char **arguments)
{
    static const char *const names[] = {"keep", NULL};
    check(n_arguments, arguments, names);
    double keep_ratio = number(n_arguments, arguments, "keep", 0.25);
    struct rs_error err;
    struct qkv qkv;
    enum rs_status status = qkv_open(path, &qkv, &err);
    if (status != RS_OK)
        fail((int)status, err.text);
    printf("%s: %zu samples, %zu tokens, %d layers x %d heads, d = %zu%s\n\n"
           "| layer | kept | of the kept, kept by the query before | new per query, %% | next key of a kept "
           "one kept | common share | entropy / ln n | mass of the top 10 %% | keys for 99 %% of the mass "
           "|\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
           qkv.model, qkv.n_samples, qkv.n_tokens, qkv.n_layers, qkv.n_heads, qkv.d_head,
           qkv.causal ? ", causal" : "");
    struct qkv_statistics all = {0};
    double n_all = 0;
    for (int layer = 0; layer < qkv.n_layers; layer++) {
        struct qkv_statistics sum = {0}, one;
        double n = 0;
        for (int head = 0; head < qkv.n_heads; head++)
            for (size_t sample = 0; sample < qkv.n_samples; sample++) {
                if (qkv_sample_length(&qkv, sample) < 2)
                    continue;
                status = qkv_statistics_of(&qkv, sample, layer, head, keep_ratio, &one, &err);
                if (status != RS_OK)
                    fail((int)status, err.text);
                add(&sum, &one);
                add(&all, &one);
                n++;
            }
        char name[32];
        snprintf(name, sizeof name, "%d", layer);
        print_row(name, &sum, n);
        n_all += n;
    }
    print_row("all", &all, n_all);
    qkv_clear(&qkv);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "make") == 0)
        make(argv[2], argv[3], argc - 4, argv + 4);
    else if (argc >= 3 && strcmp(argv[1], "show") == 0)
        show(argv[2], argc - 3, argv + 3);
    else
        refuse();
    return 0;
}
