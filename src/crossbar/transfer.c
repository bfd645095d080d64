/*
 * Large blocks are merged one by one, depth first. A bundle of neighbouring tiles is reduced beforehand,
 * those of one shape together, one in each lane.
 */
#include "crossbar/transfer.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/transfer_lanes.h"

/* A block of at most BUNDLE_LINES each way is cut into at most TILES_MAX tiles of at most TILE_LINES. */
enum { TILE_LINES = 8, BUNDLE_LINES = 64, BATCH_LINES = 64, TILES_MAX = 64, PORTS_MAX = 4 * TILE_LINES };

struct transfer_plan {
    struct transfer_tree tree;
    const struct front_kernel *kernel;
    double *lines; /* of the tree */
    void *memory;
    char *arena; /* in it, aligned */
};

/* The tiles of a bundle, in the order in which the merges take them, the port that each begins with, and
 * their packed networks. */
struct bundle {
    size_t n;
    struct transfer_tree_block tiles[TILES_MAX];
    struct transfer_tree_order orders[TILES_MAX];
    char *packed[TILES_MAX];
};

static bool fits(const struct transfer_tree_block *block, size_t lines)
{
    return block->n_rows <= lines && block->n_columns <= lines;
}

static size_t aligned(size_t n)
{
    return (n + FRONT_ALIGNMENT - 1) / FRONT_ALIGNMENT * FRONT_ALIGNMENT;
}

static size_t packed_bytes(const struct transfer_plan *plan, const struct transfer_tree_block *block)
{
    size_t n[TRANSFER_TREE_PORTS];
    return aligned(front_packed_size(transfer_tree_count_ports(&plan->tree, block, n)) *
                   plan->kernel->real_size);
}

static void list_tiles(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                       const struct transfer_tree_order *order, struct bundle *bundle)
{
    if (fits(block, TILE_LINES)) {
        bundle->orders[bundle->n] = *order;
        bundle->tiles[bundle->n++] = *block;
        return;
    }
    struct transfer_tree_block first, second;
    struct transfer_tree_order orders[2];
    struct front_merge merge;
    transfer_tree_plan_merge(tree, block, order, &first, &second, orders, &merge);
    list_tiles(tree, &first, &orders[0], bundle);
    list_tiles(tree, &second, &orders[1], bundle);
}

static bool same_shape(const struct transfer_tree *tree, const struct transfer_tree_block *a,
                       const struct transfer_tree_block *b)
{
    return a->n_rows == b->n_rows && a->n_columns == b->n_columns && (a->row == 0) == (b->row == 0) &&
           (a->column + a->n_columns == tree->n_columns) == (b->column + b->n_columns == tree->n_columns) &&
           (!tree->words_joined || (a->column == 0) == (b->column == 0)) &&
           (!tree->bits_joined ||
            (a->row + a->n_rows == tree->n_rows) == (b->row + b->n_rows == tree->n_rows));
}

/* nodes [n]: a tile's nodes as they are to come, counted as they are in lanes, where the left port comes
 * first.
 */
static void order_ports(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                        const struct transfer_tree_order *order, size_t *nodes)
{
    size_t n[TRANSFER_TREE_PORTS], from[TRANSFER_TREE_PORTS], to[TRANSFER_TREE_PORTS];
    transfer_tree_count_ports(tree, block, n);
    transfer_tree_place_ports(&transfer_tree_natural, n, 0, from);
    transfer_tree_place_ports(order, n, 0, to);
    for (size_t p = 0; p < TRANSFER_TREE_PORTS; p++)
        for (size_t i = 0; i < n[p]; i++)
            nodes[to[p] + i] = from[p] + i;
}

/* Reduces the tiles members[0 ... n_members - 1], all of one shape; unused lanes repeat the first. */
static void reduce_together(const struct transfer_plan *plan, const struct bundle *bundle,
                            const size_t *members, size_t n_members, const double *conductance, char *base)
{
    const struct transfer_tree_block *block = &bundle->tiles[members[0]];
    struct transfer_lanes lanes = {.tree = &plan->tree, .kernel = plan->kernel};
    size_t order[FRONT_LANES_MAX][PORTS_MAX], n[TRANSFER_TREE_PORTS];
    const size_t *orders[FRONT_LANES_MAX] = {NULL};
    void *parts[FRONT_LANES_MAX] = {NULL};
    for (size_t l = 0; l < plan->kernel->n_lanes; l++) {
        size_t tile = members[l < n_members ? l : 0];
        lanes.conductance[l] = conductance;
        lanes.row_shift[l] = bundle->tiles[tile].row - block->row;
        lanes.column_shift[l] = bundle->tiles[tile].column - block->column;
        if (l >= n_members)
            continue;
        parts[l] = bundle->packed[tile];
        order_ports(&plan->tree, &bundle->tiles[tile], &bundle->orders[tile], order[l]);
        orders[l] = order[l];
    }
    transfer_lanes_reduce(&lanes, block, &transfer_tree_natural, base,
                          base + transfer_lanes_kept_bytes(&plan->tree, plan->kernel, block));
    plan->kernel->lanes_part(base, transfer_tree_count_ports(&plan->tree, block, n), orders, parts);
}

static void reduce_tiles(const struct transfer_plan *plan, const struct bundle *bundle,
                         const double *conductance, char *base)
{
    bool done[TILES_MAX] = {false};
    for (size_t i = 0; i < bundle->n; i++) {
        size_t members[FRONT_LANES_MAX], n_members = 0;
        for (size_t j = i; j < bundle->n && n_members < plan->kernel->n_lanes && !done[i]; j++)
            if (!done[j] && same_shape(&plan->tree, &bundle->tiles[i], &bundle->tiles[j]))
                members[n_members++] = j;
        for (size_t m = 0; m < n_members; m++)
            done[members[m]] = true;
        if (n_members > 0)
            reduce_together(plan, bundle, members, n_members, conductance, base);
    }
}

/* Reduces a block's tiles; their packed networks begin at `base` and end where the result points. */
static char *prepare_bundle(const struct transfer_plan *plan, const struct transfer_tree_block *block,
                            const struct transfer_tree_order *order, const double *conductance, char *base,
                            struct bundle *bundle)
{
    bundle->n = 0;
    list_tiles(&plan->tree, block, order, bundle);
    for (size_t i = 0; i < bundle->n; i++) {
        bundle->packed[i] = base;
        base += packed_bytes(plan, &bundle->tiles[i]);
    }
    reduce_tiles(plan, bundle, conductance, base);
    return base;
}

/* What the tiles of a bundle need at most, packed (`held`) and while being reduced. */
static size_t bundle_bytes(const struct transfer_plan *plan, const struct bundle *bundle, size_t *held)
{
    size_t work = 0;
    *held = 0;
    for (size_t i = 0; i < bundle->n; i++) {
        size_t size = transfer_lanes_kept_bytes(&plan->tree, plan->kernel, &bundle->tiles[i]) +
                      transfer_lanes_work_bytes(&plan->tree, plan->kernel, &bundle->tiles[i]);
        *held += packed_bytes(plan, &bundle->tiles[i]);
        work = size > work ? size : work;
    }
    return *held + work;
}

static struct front_shape shape_of(const struct transfer_plan *plan, const struct front_merge *merge)
{
    return front_shape_of(plan->kernel, merge->n_eliminated, merge->n - merge->n_eliminated);
}

/* Bytes that the ports of a block take, and that reduce() needs from its base on; `tiled`: inside a bundle,
 * whose tiles are there already. */
static size_t kept_bytes(const struct transfer_plan *plan, const struct transfer_tree_block *block,
                         bool tiled)
{
    size_t n[TRANSFER_TREE_PORTS];
    if (tiled && fits(block, TILE_LINES))
        return 0;
    return aligned(
        front_shape_of(plan->kernel, 0, transfer_tree_count_ports(&plan->tree, block, n)).kept_size *
        plan->kernel->real_size);
}

static size_t work_bytes(const struct transfer_plan *plan, const struct transfer_tree_block *block,
                         bool tiled)
{
    if (!tiled && fits(block, BUNDLE_LINES)) {
        struct bundle bundle = {.n = 0};
        list_tiles(&plan->tree, block, &transfer_tree_natural, &bundle);
        size_t held, size = bundle_bytes(plan, &bundle, &held), rest = held + work_bytes(plan, block, true);
        return size > rest ? size : rest;
    }
    if (tiled && fits(block, TILE_LINES))
        return 0;
    struct transfer_tree_block first, second;
    struct transfer_tree_order orders[2];
    struct front_merge merge;
    transfer_tree_plan_merge(&plan->tree, block, &transfer_tree_natural, &first, &second, orders, &merge);
    size_t held = kept_bytes(plan, &first, tiled), all = held + kept_bytes(plan, &second, tiled);
    size_t need = held + work_bytes(plan, &first, tiled),
           need_second = all + work_bytes(plan, &second, tiled);
    size_t need_merge = all + shape_of(plan, &merge).pivots_size * plan->kernel->real_size;
    need = need > need_second ? need : need_second;
    return need > need_merge ? need : need_merge;
}

/* One computation: `bundle` is NULL outside bundles, and `n_taken` of its tiles have been merged. */
struct progress {
    const struct transfer_plan *plan;
    const double *conductance;
    const struct bundle *bundle;
    size_t n_taken;
};

/* Reduces a block to its ports, numbered in this order; in `kept` except for a tile. */
static struct front_network reduce(struct progress *progress, const struct transfer_tree_block *block,
                                   const struct transfer_tree_order *order, char *kept, char *base)
{
    const struct transfer_plan *plan = progress->plan;
    if (progress->bundle == NULL && fits(block, BUNDLE_LINES)) {
        struct bundle bundle;
        char *end = prepare_bundle(plan, block, order, progress->conductance, base, &bundle);
        struct progress inner = {plan, progress->conductance, &bundle, 0};
        return reduce(&inner, block, order, kept, end);
    }
    if (fits(block, TILE_LINES)) {
        size_t n[TRANSFER_TREE_PORTS], n_ports = transfer_tree_count_ports(&plan->tree, block, n);
        return (struct front_network){progress->bundle->packed[progress->n_taken++], n_ports, 0};
    }
    bool tiled = progress->bundle != NULL;
    struct transfer_tree_block first, second;
    struct transfer_tree_order orders[2];
    struct front_merge merge;
    transfer_tree_plan_merge(&plan->tree, block, order, &first, &second, orders, &merge);
    struct front_shape shape = shape_of(plan, &merge);
    char *second_kept = base + kept_bytes(plan, &first, tiled);
    char *end = second_kept + kept_bytes(plan, &second, tiled);
    struct front_network networks[2];
    networks[0] = reduce(progress, &first, &orders[0], base, second_kept);
    networks[1] = reduce(progress, &second, &orders[1], second_kept, end);
    plan->kernel->merge(&shape, &merge, networks, kept, end);
    return (struct front_network){kept, shape.n_kept, shape.stride};
}

static struct transfer_tree_block whole_array(const struct transfer_plan *plan)
{
    const struct transfer_tree *tree = &plan->tree;
    return (struct transfer_tree_block){0, tree->n_rows, 0, tree->n_columns};
}

static bool fits_batch(const struct transfer_plan *plan)
{
    struct transfer_tree_block whole = whole_array(plan);
    return fits(&whole, BATCH_LINES);
}

static size_t arena_bytes(const struct transfer_plan *plan)
{
    struct transfer_tree_block whole = whole_array(plan);
    size_t one = kept_bytes(plan, &whole, false) + work_bytes(plan, &whole, false);
    size_t batch = transfer_lanes_kept_bytes(&plan->tree, plan->kernel, &whole);
    if (!fits_batch(plan))
        return one;
    batch += transfer_lanes_work_bytes(&plan->tree, plan->kernel, &whole);
    return one > batch ? one : batch;
}

static bool suits_f32(double siemens)
{
    return siemens == 0 || (siemens >= TRANSFER_F32_MIN && siemens <= TRANSFER_F32_MAX);
}

bool transfer_accepts(enum transfer_precision precision, double siemens)
{
    return network_accepts(siemens) && (precision == TRANSFER_F64 || suits_f32(siemens));
}

/* Whether all branches of a tree, [n], suit single precision. */
static enum rs_status check_f32(const double *siemens, size_t n, struct rs_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!suits_f32(siemens[i]))
            return rs_fail(err, RS_INPUT,
                           "a wire of %g S found, 0 or %g to %g S expected in single precision", siemens[i],
                           TRANSFER_F32_MIN, TRANSFER_F32_MAX);
    return RS_OK;
}

bool transfer_supports(const struct network *network, const struct edges *edges)
{
    return transfer_tree_supports(network, edges);
}

/* Without memory_allocate, which would write to all of it: of large networks half is never touched. */
static enum rs_status allocate_arena(struct transfer_plan *plan, struct rs_error *err)
{
    size_t bytes = arena_bytes(plan) + FRONT_ALIGNMENT;
    plan->memory = calloc(bytes, 1);
    if (plan->memory == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory: %zu bytes", bytes);
    plan->arena = (char *)plan->memory + FRONT_ALIGNMENT - (uintptr_t)plan->memory % FRONT_ALIGNMENT;
    return RS_OK;
}

static enum rs_status prepare(struct transfer_plan *plan, const struct network *network,
                              const struct edges *edges, enum kernel kernel,
                              enum transfer_precision precision, struct rs_error *err)
{
    size_t n = transfer_tree_lines_size(network);
    plan->lines = memory_allocate(n, sizeof *plan->lines, err);
    if (plan->lines == NULL)
        return RS_INTERNAL;
    transfer_tree_init(&plan->tree, network, edges, plan->lines);
    enum rs_status status = precision == TRANSFER_F32 ? check_f32(plan->lines, n, err) : RS_OK;
    if (status != RS_OK)
        return status;
    plan->kernel = front_kernel_of(kernel, precision == TRANSFER_F32);
    return allocate_arena(plan, err);
}

enum rs_status transfer_plan_create(const struct network *network, const struct edges *edges,
                                    enum kernel kernel, enum transfer_precision precision,
                                    struct transfer_plan **out, struct rs_error *err)
{
    enum rs_status status = network_check(network, err);
    if (status != RS_OK)
        return status;
    if (!transfer_supports(network, edges))
        return rs_fail(
            err, RS_INPUT,
            "lines of which some are joined or shorted, or biased ones, found; lines that are alike "
            "expected");
    struct transfer_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    status = prepare(plan, network, edges, kernel, precision, err);
    if (status == RS_OK)
        *out = plan;
    else
        transfer_plan_destroy(plan);
    return status;
}

void transfer_plan_destroy(struct transfer_plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->memory);
    free(plan->lines);
    free(plan);
}

/* T is what lies between the sources, left and right ones of a line being the same, and the sense terminals.
 */
static size_t list_terminals(const struct transfer_tree *tree, struct front_rectangle pairs[4])
{
    size_t n_right = tree->right_driven ? tree->n_rows : 0, n_top = tree->top_sensed ? tree->n_columns : 0,
           n = 0;
    for (size_t row = 0; row <= n_right; row += tree->n_rows)
        for (size_t column = 0; column <= n_top; column += tree->n_columns)
            pairs[n++] =
                (struct front_rectangle){row, tree->n_rows, tree->n_rows + n_right + column, tree->n_columns};
    return n;
}

void transfer_compute(struct transfer_plan *plan, const double *conductance_siemens, double *transfer_siemens)
{
    struct transfer_tree_block whole = whole_array(plan);
    struct progress progress = {plan, conductance_siemens, NULL, 0};
    struct front_network ports = reduce(&progress, &whole, &transfer_tree_natural, plan->arena,
                                        plan->arena + kept_bytes(plan, &whole, false));
    struct front_rectangle pairs[4];
    size_t n_pairs = list_terminals(&plan->tree, pairs);
    memset(transfer_siemens, 0, plan->tree.n_rows * plan->tree.n_columns * sizeof *transfer_siemens);
    for (size_t p = 0; p < n_pairs; p++)
        plan->kernel->read(&ports, &pairs[p], transfer_siemens);
}

/* One array per lane; unused lanes repeat the first. */
static void compute_lanes(struct transfer_plan *plan, size_t n_arrays, const double *conductance_siemens,
                          double *transfer_siemens)
{
    const struct transfer_tree *tree = &plan->tree;
    struct transfer_tree_block whole = whole_array(plan);
    struct transfer_lanes lanes = {.tree = &plan->tree, .kernel = plan->kernel};
    double *out[FRONT_LANES_MAX] = {NULL};
    size_t n_cells = tree->n_rows * tree->n_columns;
    for (size_t l = 0; l < plan->kernel->n_lanes; l++) {
        lanes.conductance[l] = conductance_siemens + (l < n_arrays ? l : 0) * n_cells;
        out[l] = l < n_arrays ? transfer_siemens + l * n_cells : NULL;
    }
    transfer_lanes_reduce(&lanes, &whole, &transfer_tree_natural, plan->arena,
                          plan->arena + transfer_lanes_kept_bytes(&plan->tree, plan->kernel, &whole));
    struct front_rectangle pairs[4];
    size_t n_pairs = list_terminals(tree, pairs);
    memset(transfer_siemens, 0, n_arrays * n_cells * sizeof *transfer_siemens);
    for (size_t p = 0; p < n_pairs; p++)
        plan->kernel->lanes_read(plan->arena, &pairs[p], out);
}

void transfer_compute_batch(struct transfer_plan *plan, size_t n_arrays, const double *conductance_siemens,
                            double *transfer_siemens)
{
    const struct transfer_tree *tree = &plan->tree;
    size_t n_cells = tree->n_rows * tree->n_columns, n;
    for (size_t first = 0; first < n_arrays; first += n) {
        const double *conductance = conductance_siemens + first * n_cells;
        double *transfer = transfer_siemens + first * n_cells;
        n = fits_batch(plan) ? plan->kernel->n_lanes : 1;
        n = n_arrays - first < n ? n_arrays - first : n;
        if (fits_batch(plan))
            compute_lanes(plan, n, conductance, transfer);
        else
            transfer_compute(plan, conductance, transfer);
    }
}

void transfer_apply(const struct network *network, const double *transfer_siemens, const double *volts,
                    double *column_amperes, double *scale_amperes)
{
    size_t n_columns = network->n_columns;
    memset(column_amperes, 0, n_columns * sizeof *column_amperes);
    if (scale_amperes != NULL)
        memset(scale_amperes, 0, n_columns * sizeof *scale_amperes);
    for (size_t i = 0; i < network->n_rows; i++) {
        const double *row = transfer_siemens + i * n_columns;
        if (volts[i] == 0)
            continue;
        for (size_t j = 0; j < n_columns; j++)
            column_amperes[j] += volts[i] * row[j];
        for (size_t j = 0; scale_amperes != NULL && j < n_columns; j++)
            scale_amperes[j] += fabs(volts[i]) * row[j];
    }
}
