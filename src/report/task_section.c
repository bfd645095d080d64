#include "report/task_section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/corner.h"
#include "report/markup.h"
#include "report/number.h"

/* Ways to compute, in the order of the columns; variables are named STEM + suffix. */
static const struct {
    const char *suffix, *label;
} ways[] = {{"_float", "float, unpruned"},
            {"_quantised", "quantised, unpruned"},
            {"_exact", "exact decisions"},
            {"", "analog decisions"},
            {"_random", "pruned at random"}};

static const struct {
    const char *stem, *label;
} rows[] = {{"task_metric", NULL}, /* named by the task */
            {"task_nll", "NLL (nats per answer)"},
            {"task_kl", "KL from float (nats per answer)"},
            {"task_agreement", "likeliest answer as float"}};

enum { N_WAYS = sizeof ways / sizeof ways[0], N_ROWS = sizeof rows / sizeof rows[0] };

/* A value per point, averaged over trials, with its interval over samples; NULL where the file has none. */
struct cell {
    double *mean, *low, *high;
};

struct task {
    const struct result *result;
    struct cell cells[N_ROWS][N_WAYS], loss, loss_total, loss_random, chance;
};

static void clear_cell(struct cell *cell)
{
    free(cell->mean);
    free(cell->low);
    free(cell->high);
}

static void clear(struct task *task)
{
    for (int r = 0; r < N_ROWS; r++)
        for (int w = 0; w < N_WAYS; w++)
            clear_cell(&task->cells[r][w]);
    clear_cell(&task->loss);
    clear_cell(&task->loss_total);
    clear_cell(&task->loss_random);
    clear_cell(&task->chance);
}

/* Trials that agree to the bit keep it. */
static double mean_of(const double *trials, size_t n)
{
    double sum = 0;
    bool same = true;
    for (size_t i = 0; i < n; i++) {
        sum += trials[i];
        same = same && trials[i] == trials[0];
    }
    return same ? trials[0] : sum / (double)n;
}

static enum rs_status read_end(const struct result *result, const char *name, const char *end, double **out,
                               struct rs_error *err)
{
    char dataset[STORE_NAME_SIZE];
    snprintf(dataset, sizeof dataset, "%s_sample_%s", name, end);
    return store_has(result->store, dataset) ? result_read_doubles(result, dataset, false, out, err) : RS_OK;
}

static enum rs_status read_cell(const struct result *result, const char *stem, const char *suffix,
                                struct cell *cell, struct rs_error *err)
{
    char name[STORE_NAME_SIZE / 2];
    double *trials = NULL;
    snprintf(name, sizeof name, "%s%s", stem, suffix);
    if (!store_has(result->store, name))
        return RS_OK;
    enum rs_status status = result_read_doubles(result, name, true, &trials, err);
    if (status == RS_OK && (cell->mean = memory_allocate(result->n_points, sizeof(double), err)) == NULL)
        status = RS_INTERNAL;
    for (size_t p = 0; p < result->n_points && status == RS_OK; p++)
        cell->mean[p] = mean_of(trials + p * result->n_trials, result->n_trials);
    free(trials);
    if (status == RS_OK)
        status = read_end(result, name, "lo95", &cell->low, err);
    return status == RS_OK ? read_end(result, name, "hi95", &cell->high, err) : status;
}

static enum rs_status read_task(struct task *task, struct rs_error *err)
{
    const struct result *result = task->result;
    enum rs_status status = RS_OK;
    for (int r = 0; r < N_ROWS; r++)
        for (int w = 0; w < N_WAYS && status == RS_OK; w++)
            status = read_cell(result, rows[r].stem, ways[w].suffix, &task->cells[r][w], err);
    const struct {
        const char *name;
        struct cell *cell;
    } more[] = {{"task_loss", &task->loss},
                {"task_loss_total", &task->loss_total},
                {"task_loss_random", &task->loss_random},
                {"task_metric_chance", &task->chance}};
    for (size_t i = 0; i < sizeof more / sizeof more[0] && status == RS_OK; i++)
        status = read_cell(result, more[i].name, "", more[i].cell, err);
    return status;
}

static void append_value(struct text *out, const struct cell *cell, size_t point, const char *open,
                         const char *close)
{
    char value[NUMBER_SIZE], interval[NUMBER_SIZE];
    double mean = cell->mean == NULL ? (double)NAN : cell->mean[point],
           low = cell->low == NULL ? (double)NAN : cell->low[point],
           high = cell->high == NULL ? (double)NAN : cell->high[point];
    number_print(mean, low, high, value, sizeof value);
    number_print_interval(mean, low, high, interval, sizeof interval);
    text_append(out, "%s", value);
    if (interval[0] != '\0')
        text_append(out, "%s%s%s", open, interval, close);
}

/* exp() of a row of NLL. */
static void append_perplexity(struct text *out, const struct task *task, size_t point)
{
    text_append(out, "<tr><th class=\"name\" scope=\"row\">perplexity</th>");
    for (int w = 0; w < N_WAYS; w++) {
        const struct cell *nll = &task->cells[0][w];
        double mean = nll->mean == NULL ? (double)NAN : exp(nll->mean[point]),
               low = nll->low == NULL ? (double)NAN : exp(nll->low[point]),
               high = nll->high == NULL ? (double)NAN : exp(nll->high[point]);
        const struct cell cell = {&mean, &low, &high};
        text_append(out, "<td>");
        append_value(out, &cell, 0, "<small>", "</small>");
        text_append(out, "</td>");
    }
    text_append(out, "</tr>\n");
}

static bool is_nll(const struct result *result)
{
    return result->metric != NULL && strcmp(result->metric, "nll") == 0;
}

static void append_row(struct text *out, const struct task *task, int r, size_t point)
{
    text_append(out, "<tr><th class=\"name\" scope=\"row\">");
    if (r > 0)
        text_append(out, "%s", rows[r].label);
    else
        markup_format(out, "%s%s", task->result->metric,
                      is_nll(task->result) ? " (nats per answer)" : ", the metric");
    text_append(out, "</th>");
    for (int w = 0; w < N_WAYS; w++) {
        text_append(out, "<td>");
        append_value(out, &task->cells[r][w], point, "<small>", "</small>");
        text_append(out, "</td>");
    }
    text_append(out, "</tr>\n");
}

static void append_table(struct text *out, const struct task *task, size_t point)
{
    text_append(out, "<div class=\"wide\"><table>\n<thead><tr><th class=\"text\" scope=\"col\"></th>");
    for (int w = 0; w < N_WAYS; w++)
        text_append(out, "<th scope=\"col\">%s</th>", ways[w].label);
    text_append(out, "</tr></thead>\n<tbody>\n");
    for (int r = 0; r < N_ROWS; r++) {
        bool any = false;
        for (int w = 0; w < N_WAYS; w++)
            any = any || task->cells[r][w].mean != NULL;
        if (any && !(r == 1 && is_nll(task->result))) /* which is the metric */
            append_row(out, task, r, point);
        if (r == 0 && is_nll(task->result))
            append_perplexity(out, task, point);
    }
    text_append(out, "</tbody></table></div>\n");
}

static void append_losses(struct text *out, const struct task *task, size_t point)
{
    text_append(out, "<p>Paired over samples, the %s loses ", is_nll(task->result) ? "NLL" : "metric");
    append_value(out, &task->loss, point, "&#160;", "");
    text_append(out, " by analog instead of exact decisions");
    if (task->loss_total.mean != NULL) {
        text_append(out, ", ");
        append_value(out, &task->loss_total, point, "&#160;", "");
        text_append(out, " against float");
    }
    if (task->loss_random.mean != NULL) {
        text_append(out, "; pruning as many keys at random costs ");
        append_value(out, &task->loss_random, point, "&#160;", "");
    }
    if (task->chance.mean != NULL) {
        text_append(out, "; the best answer that is the same for every question reaches ");
        append_value(out, &task->chance, point, "&#160;", "");
    }
    text_append(out, ".</p>\n");
}

static void append_caution(struct text *out, const struct task *task, int bit, const char *text)
{
    size_t n = 0, n_points = task->result->n_points;
    const double *caution = task->result->caution;
    for (size_t p = 0; caution != NULL && p < n_points; p++)
        n += ((int)caution[p] & bit) != 0;
    if (n == 0)
        return;
    text_append(out, "<p class=\"warning\">");
    if (n_points > 1)
        text_append(out, "At %zu of %zu points t", n, n_points);
    text_append(out, "%s%s</p>\n", n_points > 1 ? "" : "T", text);
}

static void append_cautions(struct text *out, const struct task *task)
{
    append_caution(
        out, task, 1,
        "he <strong>task is at chance</strong>: the float model is not better than the best answer "
        "that is the same for every question, so no error of the array could show in the metric.");
    append_caution(
        out, task, 2,
        "he <strong>task hardly depends on attention</strong>: pruning as many keys at random costs "
        "less than a fifth of what the float model is better than chance, or not resolvably more "
        "than nothing. That analog decisions lose little says little about the array; read the "
        "rates of the decisions and the output error instead.");
}

static void append_corner(struct text *out, const struct task *task, bool last)
{
    size_t index[RESULT_KNOBS_MAX] = {0};
    char place[512];
    result_corner(task->result, last, index);
    size_t point = result_point(task->result, index);
    if (task->result->n_points > 1) {
        corner_print(task->result, index, place, sizeof place);
        text_append(out, "<h3>");
        markup_append(out, place);
        text_append(out, "</h3>\n");
    }
    append_table(out, task, point);
    append_losses(out, task, point);
}

enum rs_status task_section_append(struct text *out, const struct result *result, struct rs_error *err)
{
    struct task task = {.result = result};
    if (!result->variables[RESULT_TASK_METRIC].present || !store_has(result->store, "task_kl"))
        return RS_OK;
    enum rs_status status = read_task(&task, err);
    if (status == RS_OK) {
        text_append(out,
                    "<section>\n<h2 id=\"task\">Task</h2>\n<p>Means over trials, below them 95&#160;%% "
                    "intervals over samples (test items). Float and quantised: nothing is pruned. Exact "
                    "decisions: the same policy on exact scores. At random: for each query as many keys as "
                    "exact decisions keep. KL: from the float model's distribution of answers to that of "
                    "each column; %s is better in the metric.</p>\n",
                    result->higher_is_better ? "higher" : "lower");
        append_cautions(out, &task);
        append_corner(out, &task, false);
        if (result->n_points > 1)
            append_corner(out, &task, true);
        text_append(out, "</section>\n");
    }
    clear(&task);
    return status;
}
