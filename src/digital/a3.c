#include "digital/a3.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "numeric/exponential.h"

struct entry {
    int16_t code;
    int32_t row;
};

/* A column's product at its pointer; `rank` is the product, or minus it in the queue of the smallest. */
struct item {
    int64_t rank;
    size_t column;
};

/* One of the two priority queues: a binary heap of columns, the largest rank on top. */
struct queue {
    struct item *items; /* [d] */
    size_t n;
    size_t *taken; /* [d]: rows of each column that have been taken */
    int sign;      /* 1: the largest products first; -1: the smallest */
};

struct a3_columns {
    size_t n_keys_max, n_keys, d;
    size_t n_visible;      /* of the search under way */
    struct entry *entries; /* [d][n_keys] */
    struct queue largest, smallest;
};

static bool queue_create(size_t d, int sign, struct queue *queue, struct rs_error *err)
{
    queue->sign = sign;
    queue->items = memory_allocate(d, sizeof *queue->items, err);
    queue->taken = queue->items != NULL ? memory_allocate(d, sizeof *queue->taken, err) : NULL;
    return queue->taken != NULL;
}

enum rs_status a3_columns_create(size_t n_keys_max, size_t d, struct a3_columns **out, struct rs_error *err)
{
    struct a3_columns *columns = memory_allocate(1, sizeof *columns, err);
    *out = NULL;
    if (columns == NULL)
        return RS_INTERNAL;
    columns->n_keys_max = n_keys_max;
    columns->d = d;
    columns->entries = memory_allocate(n_keys_max * d, sizeof *columns->entries, err);
    if (columns->entries == NULL || !queue_create(d, 1, &columns->largest, err) ||
        !queue_create(d, -1, &columns->smallest, err)) {
        a3_columns_destroy(columns);
        return RS_INTERNAL;
    }
    *out = columns;
    return RS_OK;
}

void a3_columns_destroy(struct a3_columns *columns)
{
    if (columns == NULL)
        return;
    free(columns->entries);
    free(columns->largest.items);
    free(columns->largest.taken);
    free(columns->smallest.items);
    free(columns->smallest.taken);
    free(columns);
}

static int descending(const void *one, const void *other)
{
    const struct entry *a = one, *b = other;
    return a->code != b->code ? b->code - a->code : (a->row > b->row) - (a->row < b->row);
}

void a3_columns_load(struct a3_columns *columns, size_t n_keys, const int16_t *keys)
{
    rs_require(n_keys <= columns->n_keys_max, "more keys than there is room for");
    columns->n_keys = n_keys;
    for (size_t c = 0; c < columns->d; c++) {
        struct entry *column = columns->entries + c * n_keys;
        for (size_t j = 0; j < n_keys; j++)
            column[j] = (struct entry){keys[j * columns->d + c], (int32_t)j};
        qsort(column, n_keys, sizeof *column, descending);
    }
}

/* The entry at a queue's pointer: from the column's top where that gives the larger rank, else from its end.
 */
static const struct entry *entry_at(const struct a3_columns *columns, const struct queue *queue,
                                    const int16_t *query, size_t column)
{
    size_t taken = queue->taken[column];
    bool from_top = query[column] * queue->sign > 0;
    return columns->entries + column * columns->n_keys + (from_top ? taken : columns->n_keys - 1 - taken);
}

static bool comes_first(const struct item *a, const struct item *b)
{
    return a->rank != b->rank ? a->rank > b->rank : a->column < b->column;
}

static void sift_down(struct queue *queue, size_t i)
{
    struct item moved = queue->items[i];
    for (size_t child; (child = 2 * i + 1) < queue->n; i = child) {
        if (child + 1 < queue->n && comes_first(&queue->items[child + 1], &queue->items[child]))
            child++;
        if (!comes_first(&queue->items[child], &moved))
            break;
        queue->items[i] = queue->items[child];
    }
    queue->items[i] = moved;
}

static int64_t rank_of(const struct a3_columns *columns, const struct queue *queue, const int16_t *query,
                       size_t column)
{
    return (int64_t)query[column] * entry_at(columns, queue, query, column)->code * queue->sign;
}

/* Moves a pointer on to a visible row; false where none is left. */
static bool find_visible(const struct a3_columns *columns, const struct queue *queue, const int16_t *query,
                         size_t column)
{
    while (queue->taken[column] < columns->n_keys &&
           (size_t)entry_at(columns, queue, query, column)->row >= columns->n_visible)
        queue->taken[column]++;
    return queue->taken[column] < columns->n_keys;
}

static void fill(const struct a3_columns *columns, const int16_t *query, struct queue *queue)
{
    memset(queue->taken, 0, columns->d * sizeof *queue->taken);
    queue->n = 0;
    for (size_t c = 0; c < columns->d; c++)
        if (find_visible(columns, queue, query, c))
            queue->items[queue->n++] = (struct item){rank_of(columns, queue, query, c), c};
    for (size_t i = queue->n / 2; i-- > 0;)
        sift_down(queue, i);
}

/* Takes the top product; returns it if its rank is positive, with its row, else 0. */
static int64_t take(const struct a3_columns *columns, const int16_t *query, struct queue *queue, size_t *row,
                    size_t *n_products)
{
    struct item top = queue->items[0];
    *row = (size_t)entry_at(columns, queue, query, top.column)->row;
    queue->taken[top.column]++;
    if (find_visible(columns, queue, query, top.column)) {
        queue->items[0].rank = rank_of(columns, queue, query, top.column);
        ++*n_products;
    } else {
        queue->items[0] = queue->items[--queue->n];
    }
    if (queue->n > 0)
        sift_down(queue, 0);
    return top.rank > 0 ? top.rank * queue->sign : 0;
}

struct a3_search a3_find_candidates(struct a3_columns *columns, const int16_t *query, size_t n_visible,
                                    size_t n_iterations, bool skip_smallest, int64_t *estimates,
                                    bool *candidate)
{
    rs_require(n_visible <= columns->n_keys, "more keys are visible than there are");
    struct a3_search search = {.n_products = 2 * columns->d};
    int64_t total = 0;
    size_t row;
    struct queue *queues[] = {&columns->largest, &columns->smallest};
    columns->n_visible = n_visible;
    memset(estimates, 0, n_visible * sizeof *estimates);
    fill(columns, query, queues[0]);
    fill(columns, query, queues[1]);
    for (size_t m = 0; m < n_iterations && (queues[0]->n > 0 || queues[1]->n > 0); m++) {
        search.n_rounds++;
        for (int i = 0; i < 2; i++) {
            if (queues[i]->n == 0 || (i == 1 && skip_smallest && total < 0))
                continue;
            int64_t product = take(columns, query, queues[i], &row, &search.n_products);
            estimates[row] += product;
            total += product;
        }
    }
    for (size_t j = 0; j < n_visible; j++) {
        candidate[j] = estimates[j] > 0;
        search.n_candidates += candidate[j];
    }
    return search;
}

size_t a3_keep(const double *scores, const bool *candidate, size_t n, double share, bool *kept)
{
    rs_require(share > 0 && share <= 1, "the share is not above 0 to 1");
    double top = -(double)INFINITY;
    size_t n_kept = 0;
    for (size_t j = 0; j < n; j++)
        if (candidate[j])
            top = fmax(top, scores[j]);
    for (size_t j = 0; j < n; j++) {
        kept[j] = candidate[j] && scores[j] >= top + exponential_log(share);
        n_kept += kept[j];
    }
    return n_kept;
}
