#include "workload/qkv_statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"

struct room {
    size_t n; /* tokens */
    bool causal;
    float *scores; /* [n][n] */
    float *sorted; /* [n] descending; for the threshold [n * n_sampled] */
    double *columns;
};

/* Sums over queries. */
struct sums {
    double n_queries, n_visible, n_kept, n_shared, n_new, n_top, n_next;
    double entropy, top_mass, mass_ratio;
};

enum { THRESHOLD_ROWS = 256 };

static size_t n_visible(const struct room *room, size_t t)
{
    return room->causal ? t + 1 : room->n;
}

static int compare_descending(const void *one, const void *other)
{
    float a = *(const float *)one, b = *(const float *)other;
    return (a < b) - (a > b);
}

static void score(const struct qkv *qkv, const float *q, const float *k, const struct room *room)
{
    size_t d = qkv->d_head;
    for (size_t t = 0; t < room->n; t++)
        for (size_t j = 0; j < n_visible(room, t); j++) {
            float sum = 0;
            for (size_t i = 0; i < d; i++)
                sum += q[t * d + i] * k[j * d + i];
            room->scores[t * room->n + j] = (float)qkv->score_scale * sum;
        }
}

/* From every so many rows; that many scores leave an error of the kept ratio below 1 %. */
static float find_threshold(const struct room *room, double keep_ratio)
{
    size_t step = room->n / THRESHOLD_ROWS + 1, n = 0;
    for (size_t t = room->n; t-- > 0; t -= t < step ? t : step - 1) {
        memcpy(room->sorted + n, room->scores + t * room->n, n_visible(room, t) * sizeof *room->sorted);
        n += n_visible(room, t);
    }
    qsort(room->sorted, n, sizeof *room->sorted, compare_descending);
    size_t n_keep = (size_t)ceil(keep_ratio * (double)n);
    return room->sorted[n_keep > 0 ? n_keep - 1 : 0];
}

static void add_neighbours(const struct room *room, size_t t, float threshold, struct sums *sums)
{
    const float *row = room->scores + t * room->n, *before = row - room->n;
    size_t n = n_visible(room, t - 1);
    for (size_t j = 0; j < n; j++) {
        bool kept = row[j] >= threshold, kept_before = before[j] >= threshold;
        sums->n_shared += kept && kept_before;
        sums->n_new += kept && !kept_before;
        sums->n_kept += kept;
    }
    sums->n_visible += (double)n;
}

static void add_softmax(const struct room *room, size_t t, double keep_ratio, struct sums *sums)
{
    size_t n = n_visible(room, t), n_top = (size_t)ceil(0.1 * (double)n), n_keep;
    const float *row = room->scores + t * room->n;
    memcpy(room->sorted, row, n * sizeof *room->sorted);
    qsort(room->sorted, n, sizeof *room->sorted, compare_descending);
    double total = 0, moment = 0, so_far = 0, largest = (double)room->sorted[0];
    for (size_t j = 0; j < n; j++) {
        double weight = exp((double)room->sorted[j] - largest);
        total += weight;
        moment += weight * ((double)room->sorted[j] - largest);
    }
    size_t n_held = 0;
    for (size_t j = 0; j < n; j++) {
        n_held += so_far < 0.99 * total;
        so_far += exp((double)room->sorted[j] - largest);
        if (j + 1 == n_top)
            sums->top_mass += so_far / total;
    }
    sums->entropy += n > 1 ? (log(total) - moment / total) / log((double)n) : 0;
    sums->mass_ratio += (double)n_held / (double)n;
    n_keep = (size_t)ceil(keep_ratio * (double)n);
    float bound = room->sorted[n_keep > 0 ? n_keep - 1 : 0];
    for (size_t j = 0; j + 1 < n; j++) {
        sums->n_top += row[j] >= bound;
        sums->n_next += row[j] >= bound && row[j + 1] >= bound;
    }
    sums->n_queries++;
}

static double column_ratio(const struct room *room)
{
    size_t half = room->n / 2, n_rows = room->n - half;
    double square = 0, column_square = 0;
    memset(room->columns, 0, room->n * sizeof *room->columns);
    for (size_t t = half; t < room->n; t++) {
        const float *row = room->scores + t * room->n;
        double mean = 0;
        for (size_t j = 0; j < half; j++)
            mean += (double)row[j] / (double)half;
        for (size_t j = 0; j < half; j++) {
            double x = (double)row[j] - mean;
            square += x * x;
            room->columns[j] += x / (double)n_rows;
        }
    }
    for (size_t j = 0; j < half; j++)
        column_square += room->columns[j] * room->columns[j];
    return square > 0 ? column_square * (double)n_rows / square : (double)NAN;
}

static void measure(const struct room *room, double keep_ratio, struct qkv_statistics *out)
{
    struct sums sums = {0};
    float threshold = find_threshold(room, keep_ratio);
    for (size_t t = 0; t < room->n; t++) {
        if (8 * n_visible(room, t) < room->n)
            continue;
        add_softmax(room, t, keep_ratio, &sums);
        if (t > 0)
            add_neighbours(room, t, threshold, &sums);
    }
    *out = (struct qkv_statistics){.kept_ratio = sums.n_kept / sums.n_visible,
                                   .overlap_ratio = sums.n_shared / sums.n_kept,
                                   .new_ratio = sums.n_new / sums.n_visible,
                                   .next_ratio = sums.n_next / sums.n_top,
                                   .column_ratio = column_ratio(room),
                                   .entropy_ratio = sums.entropy / sums.n_queries,
                                   .top_mass = sums.top_mass / sums.n_queries,
                                   .mass_ratio = sums.mass_ratio / sums.n_queries};
}

enum rs_status qkv_statistics_of(const struct qkv *qkv, size_t sample, int layer, int head, double keep_ratio,
                                 struct qkv_statistics *out, struct rs_error *err)
{
    rs_require(head >= 0 && head < qkv->n_heads, "the head lies beyond the file");
    size_t n = qkv_sample_length(qkv, sample), d = qkv->d_head;
    size_t group = (size_t)(qkv->n_heads / qkv->n_kv_heads), row = (size_t)head % group;
    struct room room = {.n = n, .causal = qkv->causal};
    float *q = memory_allocate(group * n * d, sizeof *q, err), *k = memory_allocate(n * d, sizeof *k, err);
    room.scores = memory_allocate(n * n, sizeof *room.scores, err);
    room.sorted =
        memory_allocate((n < THRESHOLD_ROWS ? n : THRESHOLD_ROWS + 1) * n, sizeof *room.sorted, err);
    room.columns = memory_allocate(n, sizeof *room.columns, err);
    bool enough = q && k && room.scores && room.sorted && room.columns;
    if (enough && n > 0) {
        qkv_gather(qkv, sample, layer, head / (int)group, q, k, NULL);
        score(qkv, q + row * n * d, k, &room);
        measure(&room, keep_ratio, out);
    }
    free(q);
    free(k);
    free(room.scores);
    free(room.sorted);
    free(room.columns);
    return enough ? RS_OK : RS_INTERNAL;
}
