/* table FOLDER NAME...: the results that accuracy.sh left in a folder as tables (README.md). */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crossbar/measure.h"
#include "base/version.h"
#include "io/store.h"
#include "numeric/statistics.h"

enum { N_LEVELS = 3, N_MODES = 2, N_POINTS = N_LEVELS * N_MODES, TRIALS_MAX = 64, NAME_SIZE = 1024 };

static const char *const levels[N_LEVELS] = {"0.5", "1", "2"};

/* What a point of a run says: one value per trial, and the ends of the loss over samples. */
struct point {
    double metric[TRIALS_MAX], keep[TRIALS_MAX], false_prune[TRIALS_MAX];
    double loss, loss_low, loss_high;
};

struct row {
    const char *name;
    size_t n_trials, n_items;
    bool accuracy;
    double unpruned[TRIALS_MAX], exact[TRIALS_MAX];
    struct point points[N_LEVELS][N_MODES]; /* recomputed, then the analog scores themselves */
    double random[TRIALS_MAX];
};

static void demand(enum rs_status status, const struct rs_error *err)
{
    if (status == RS_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static struct store *open_result(const char *folder, const char *name, const char *level)
{
    char path[NAME_SIZE], *commit = NULL;
    struct rs_error err;
    struct store *store = NULL;
    snprintf(path, sizeof path, "%s/%s-%s.h5", folder, name, level);
    demand(store_open(path, &store, &err), &err);
    demand(store_read_text(store, "/", "git_commit", &commit, &err), &err);
    if (strcmp(commit, version_commit()) != 0) {
        fprintf(stderr, "%s: of commit %s, this is %s\n", path, commit, version_commit());
        exit(1);
    }
    free(commit);
    return store;
}

/* values [n_modes][n_trials]; n_modes: 1 or 2. */
static void read_trials(const struct store *store, const char *name, size_t n_modes, size_t *n_trials,
                        double *values)
{
    struct rs_error err;
    struct store_shape shape;
    demand(store_get_shape(store, name, &shape, &err), &err);
    *n_trials = shape.sizes[shape.rank - 1];
    if (shape.rank != (int)n_modes || (n_modes == 2 && shape.sizes[0] != 2) || *n_trials > TRIALS_MAX) {
        fprintf(stderr, "%s:/%s: not of this bench\n", store_path(store), name);
        exit(1);
    }
    demand(store_read(store, name, STORE_FLOAT64, values, &err), &err);
}

static void take(const double *values, size_t n_trials, size_t mode, double *trials)
{
    memcpy(trials, values + mode * n_trials, n_trials * sizeof *trials);
}

static void read_level(const struct store *store, struct row *row, size_t level)
{
    double values[4][N_MODES * TRIALS_MAX], ends[3][N_MODES];
    struct rs_error err;
    read_trials(store, "task_metric", N_MODES, &row->n_trials, values[0]);
    read_trials(store, "keep_ratio", N_MODES, &row->n_trials, values[1]);
    read_trials(store, "false_prune_rate", N_MODES, &row->n_trials, values[2]);
    demand(store_read(store, "task_loss_mean", STORE_FLOAT64, ends[0], &err), &err);
    demand(store_read(store, "task_loss_sample_lo95", STORE_FLOAT64, ends[1], &err), &err);
    demand(store_read(store, "task_loss_sample_hi95", STORE_FLOAT64, ends[2], &err), &err);
    for (size_t mode = 0; mode < N_MODES; mode++) {
        struct point *point = &row->points[level][mode];
        take(values[0], row->n_trials, mode, point->metric);
        take(values[1], row->n_trials, mode, point->keep);
        take(values[2], row->n_trials, mode, point->false_prune);
        point->loss = ends[0][mode];
        point->loss_low = ends[1][mode];
        point->loss_high = ends[2][mode];
    }
    read_trials(store, "task_metric_exact", N_MODES, &row->n_trials, values[3]);
    take(values[3], row->n_trials, 0, row->exact);
    read_trials(store, "task_metric_float", N_MODES, &row->n_trials, values[3]);
    take(values[3], row->n_trials, 0, row->unpruned);
    read_trials(store, "task_metric_random", N_MODES, &row->n_trials, values[3]);
    take(values[3], row->n_trials, 0, row->random);
}

static struct row read_row(const char *folder, const char *name)
{
    struct row row = {.name = name};
    struct rs_error err;
    double n_items;
    char *metric = NULL;
    for (size_t level = 0; level < N_LEVELS; level++) {
        struct store *store = open_result(folder, name, levels[level]);
        read_level(store, &row, level);
        free(metric);
        demand(store_read_text(store, "task_metric", "metric", &metric, &err), &err);
        demand(store_read_number(store, "/", "n_samples", &n_items, &err), &err);
        store_close(store);
    }
    row.accuracy = strcmp(metric, "accuracy") == 0;
    row.n_items = (size_t)n_items;
    free(metric);
    return row;
}

static void print_trials(const struct row *row, const double *trials)
{
    double mean, half, scale = row->accuracy ? 100 : 1;
    statistics_interval(trials, row->n_trials, 0.95, &mean, &half);
    if (half > 1e-9 * fabs(mean))
        printf(row->accuracy ? " %.1f ± %.1f |" : " %.4f ± %.4f |", scale * mean, scale * half);
    else
        printf(row->accuracy ? " %.1f |" : " %.4f |", scale * mean);
}

static void print_metrics(const struct row *row)
{
    printf("| %s | %zu |", row->name, row->n_items);
    print_trials(row, row->unpruned);
    print_trials(row, row->exact);
    for (size_t mode = 0; mode < N_MODES; mode++)
        for (size_t level = 0; level < N_LEVELS; level++)
            print_trials(row, row->points[level][mode].metric);
    print_trials(row, row->random);
    printf("\n");
}

static void print_losses(const struct row *row)
{
    double scale = row->accuracy ? 100 : 1;
    printf("| %s |", row->name);
    for (size_t mode = 0; mode < N_MODES; mode++)
        for (size_t level = 0; level < N_LEVELS; level++) {
            const struct point *point = &row->points[level][mode];
            printf(row->accuracy ? " %.1f [%.1f, %.1f] |" : " %.4f [%.4f, %.4f] |", scale * point->loss,
                   scale * point->loss_low, scale * point->loss_high);
        }
    printf("\n");
}

static void print_share(const struct row *row, const double *trials)
{
    double mean, half;
    statistics_interval(trials, row->n_trials, 0.95, &mean, &half);
    printf(" %.1f ± %.1f |", 100 * mean, 100 * half);
}

static void print_decisions(const struct row *row)
{
    printf("| %s |", row->name);
    for (size_t level = 0; level < N_LEVELS; level++)
        print_share(row, row->points[level][0].keep);
    for (size_t level = 0; level < N_LEVELS; level++)
        print_share(row, row->points[level][0].false_prune);
    printf("\n");
}

/* Adds a row's share of a mean over n rows, trial by trial. */
static void add_row(struct row *sum, const struct row *row, size_t n)
{
    double share = 1 / (double)n;
    for (size_t t = 0; t < row->n_trials; t++) {
        sum->unpruned[t] += share * row->unpruned[t];
        sum->exact[t] += share * row->exact[t];
        sum->random[t] += share * row->random[t];
        for (size_t i = 0; i < N_POINTS; i++) {
            struct point *to = &sum->points[i / N_MODES][i % N_MODES];
            const struct point *from = &row->points[i / N_MODES][i % N_MODES];
            to->metric[t] += share * from->metric[t];
            to->keep[t] += share * from->keep[t];
            to->false_prune[t] += share * from->false_prune[t];
        }
    }
    sum->n_trials = row->n_trials;
    sum->n_items += row->n_items;
}

/* The ends of a mean of independent losses: their half widths add in squares. */
static void join_losses(struct row *sum, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < N_POINTS; i++) {
        struct point *to = &sum->points[i / N_MODES][i % N_MODES];
        double square = 0;
        for (size_t r = 0; r < n; r++) {
            const struct point *from = &rows[r].points[i / N_MODES][i % N_MODES];
            double half = (from->loss_high - from->loss_low) / 2;
            to->loss += from->loss / (double)n;
            square += half * half / ((double)n * (double)n);
        }
        to->loss_low = to->loss - sqrt(square);
        to->loss_high = to->loss + sqrt(square);
    }
}

/* The line that stands in a row's place, or NULL; the caller closes it. */
static FILE *open_missing(const char *folder, const char *name)
{
    char path[NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s.missing", folder, name);
    return fopen(path, "r");
}

static bool is_missing(const char *folder, const char *name)
{
    FILE *file = open_missing(folder, name);
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static void print_missing(const char *folder, const char *name)
{
    char line[NAME_SIZE];
    FILE *file = open_missing(folder, name);
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    if (file != NULL)
        fclose(file);
    line[strcspn(line, "\n")] = '\0';
    printf("\nNo row for %s: %s.\n", name, line);
}

static void print_head(size_t n_trials)
{
    printf("# What analog decisions do to models\n\n");
    measure_print_machine();
    printf(
        "Cells `wan2022`, 1 s after the write; wires 2 ohm, arrays of 64 x 128, 4 bits of q and k in analog, "
        "8 "
        "in digital;\nthresholds learned where the model has them, else 25 %% kept, calibrated on exact "
        "scores. "
        "Noise levels x 0.5, x 1, x 2:\n`device.programming_scale` 0.5, 1, 2 (the card's programming error) "
        "with "
        "`comparator.offset` 5, 10, 20 nA; no other key\nchanges. %zu trials (device instances), seed 1.\n\n",
        n_trials);
}

static void print_tables(const struct row *rows, size_t n_rows, size_t n_stories)
{
    struct row mean = {.name = "**stories, mean**", .accuracy = true};
    for (size_t r = 0; r < n_stories; r++)
        add_row(&mean, &rows[r], n_stories);
    join_losses(&mean, rows, n_stories);
    const char *modes = " x 0.5 | x 1 | x 2 |";
    printf("## The metric\n\nAccuracy in %%, or mean -ln(probability) per predicted token in nats (text, "
           "stories260K); ±: 95 %% t interval over trials.\nFloat and exact decisions have no spread. Analog "
           "scores: the same decisions, and the scores as read by an ideal converter\nin the softmax. "
           "Random keys: as many as "
           "the exact decision keeps, one draw.\n\n"
           "| workload | test items | float | exact decisions | analog decisions, exact recompute%s "
           "analog scores%s random keys |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
           modes, modes);
    for (size_t r = 0; r < n_rows; r++) {
        print_metrics(&rows[r]);
        if (r + 1 == n_stories && n_stories > 1)
            print_metrics(&mean);
    }
    printf(
        "\n## Its loss against exact decisions\n\nIn points of %%, or nats; positive is worse; [95 %% "
        "interval "
        "over test items, each averaged over trials].\n\n"
        "| workload | analog decisions, exact recompute%s analog scores%s\n|---|---|---|---|---|---|---|\n",
        modes, modes);
    for (size_t r = 0; r < n_rows; r++) {
        print_losses(&rows[r]);
        if (r + 1 == n_stories && n_stories > 1)
            print_losses(&mean);
    }
    printf("\n## The decisions\n\nIn %%, ±: 95 %% t interval over trials; with exact recompute.\n\n"
           "| workload | keep ratio%s false-prune rate%s\n|---|---|---|---|---|---|---|\n",
           modes, modes);
    for (size_t r = 0; r < n_rows; r++) {
        print_decisions(&rows[r]);
        if (r + 1 == n_stories && n_stories > 1)
            print_decisions(&mean);
    }
}

int main(int argc, char **argv)
{
    struct row *rows = calloc((size_t)argc, sizeof *rows);
    size_t n_rows = 0, n_stories = 0;
    bool stories = true;
    if (argc < 3 || rows == NULL) {
        fprintf(stderr, "usage: table FOLDER KIND... -- NAME...\n");
        return 64;
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            stories = false;
        } else if (!is_missing(argv[1], argv[i])) {
            rows[n_rows++] = read_row(argv[1], argv[i]);
            n_stories += stories;
        }
    }
    print_head(n_rows > 0 ? rows[0].n_trials : 0);
    print_tables(rows, n_rows, n_stories);
    for (int i = 2; i < argc; i++)
        if (is_missing(argv[1], argv[i]))
            print_missing(argv[1], argv[i]);
    free(rows);
    return 0;
}
