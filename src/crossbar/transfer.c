/*
 * Large blocks are merged one by one, depth first. A bundle of neighbouring tiles is reduced beforehand,
 * those of one shape together, one in each lane.
 */
#include "crossbar/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "crossbar/transfer_lanes.h"

/* A block of at most BUNDLE_LINES each way is cut into at most TILES_MAX tiles of at most TILE_LINES. */
enum {
    TILE_LINES = 8,
    BUNDLE_LINES = 64,
    BATCH_LINES = 64,
    TILES_MAX = 64,
    ALIGNMENT = FRONT_ALIGNMENT / sizeof(double)
};

struct transfer_plan {
    struct transfer_tree tree;
    const struct front_kernel *kernel;
    double *arena;
};

/* The tiles of a bundle, in the order in which the merges take them, and their packed networks. */
struct bundle {
    size_t n;
    struct transfer_tree_block tiles[TILES_MAX];
    double *packed[TILES_MAX];
};

static bool fits(const struct transfer_tree_block *block, size_t lines)
{
    return block->n_rows <= lines && block->n_columns <= lines;
}

static size_t aligned(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t packed_size(const struct transfer_plan *plan, const struct transfer_tree_block *block)
{
    return aligned(transfer_tree_packed_size(&plan->tree, block));
}

static void list_tiles(const struct transfer_tree_block *block, struct bundle *bundle)
{
    if (fits(block, TILE_LINES)) {
        bundle->tiles[bundle->n++] = *block;
        return;
    }
    struct transfer_tree_block first, second;
    transfer_tree_split(block, &first, &second);
    list_tiles(&first, bundle);
    list_tiles(&second, bundle);
}

static bool same_shape(const struct transfer_tree *tree, const struct transfer_tree_block *a,
                       const struct transfer_tree_block *b)
{
    const struct network *network = &tree->network;
    return a->n_rows == b->n_rows && a->n_columns == b->n_columns && (a->row == 0) == (b->row == 0) &&
           (a->column + a->n_columns == network->n_columns) ==
               (b->column + b->n_columns == network->n_columns) &&
           (!tree->word.joined || (a->column == 0) == (b->column == 0)) &&
           (!tree->bit.joined ||
            (a->row + a->n_rows == network->n_rows) == (b->row + b->n_rows == network->n_rows));
}

/* Reduces the tiles members[0 ... n_members - 1], all of one shape; unused lanes repeat the first. */
static void reduce_together(const struct transfer_plan *plan, const struct bundle *bundle,
                            const size_t *members, size_t n_members, const double *conductance, double *base)
{
    const struct transfer_tree_block *block = &bundle->tiles[members[0]];
    struct transfer_lanes lanes = {.tree = &plan->tree, .kernel = plan->kernel};
    double *parts[FRONT_LANES_MAX] = {NULL};
    for (size_t l = 0; l < plan->kernel->n_lanes; l++) {
        size_t tile = members[l < n_members ? l : 0];
        lanes.conductance[l] = conductance;
        lanes.row_shift[l] = bundle->tiles[tile].row - block->row;
        lanes.column_shift[l] = bundle->tiles[tile].column - block->column;
        if (l < n_members)
            parts[l] = bundle->packed[tile];
    }
    size_t n, n_eliminated;
    double *front = transfer_lanes_reduce(&lanes, block, base, NULL, &n, &n_eliminated);
    plan->kernel->lanes_pack(front, n, n_eliminated, base);
    plan->kernel->lanes_part(base, front_packed_size(n - n_eliminated), parts);
}

static void reduce_tiles(const struct transfer_plan *plan, const struct bundle *bundle,
                         const double *conductance, double *base)
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
static double *prepare_bundle(const struct transfer_plan *plan, const struct transfer_tree_block *block,
                              const double *conductance, double *base, struct bundle *bundle)
{
    bundle->n = 0;
    list_tiles(block, bundle);
    for (size_t i = 0; i < bundle->n; i++) {
        bundle->packed[i] = base;
        base += packed_size(plan, &bundle->tiles[i]);
    }
    reduce_tiles(plan, bundle, conductance, base);
    return base;
}

/* What the tiles of a bundle need at most, packed and while being reduced. */
static size_t bundle_size(const struct transfer_plan *plan, const struct bundle *bundle, size_t *held)
{
    size_t work = 0;
    *held = 0;
    for (size_t i = 0; i < bundle->n; i++) {
        size_t size = transfer_lanes_size(&plan->tree, &bundle->tiles[i]) * plan->kernel->n_lanes;
        *held += packed_size(plan, &bundle->tiles[i]);
        work = size > work ? size : work;
    }
    return *held + work;
}

static struct front_shape shape_of(const struct transfer_tree_merge *merge)
{
    return front_shape_of(merge->n_eliminated, merge->n - merge->n_eliminated);
}

/* Doubles that the ports of a block take, and that reduce() needs from its base on; `tiled`: inside a bundle,
 * whose tiles are there already. */
static size_t kept_size(const struct transfer_plan *plan, const struct transfer_tree_block *block, bool tiled)
{
    size_t n[TRANSFER_TREE_PORTS];
    if (tiled && fits(block, TILE_LINES))
        return 0;
    return front_shape_of(0, transfer_tree_count_ports(&plan->tree, block, n)).kept_size;
}

/* Each half begins with what its merge eliminates; tiles cannot choose, since unlike ones share vectors. */
static struct transfer_tree_leads choose_leads(const struct transfer_tree_block *block,
                                               enum transfer_tree_port lead, bool tiled)
{
    struct transfer_tree_leads leads = {lead, TRANSFER_TREE_LEFT, TRANSFER_TREE_LEFT};
    struct transfer_tree_block first, second;
    bool sideways = transfer_tree_split(block, &first, &second);
    if (!tiled || !fits(&first, TILE_LINES))
        leads.first = sideways ? TRANSFER_TREE_RIGHT : TRANSFER_TREE_BOTTOM;
    if (!tiled || !fits(&second, TILE_LINES))
        leads.second = sideways ? TRANSFER_TREE_LEFT : TRANSFER_TREE_TOP;
    return leads;
}

static size_t work_size(const struct transfer_plan *plan, const struct transfer_tree_block *block, bool tiled)
{
    if (!tiled && fits(block, BUNDLE_LINES)) {
        struct bundle bundle = {.n = 0};
        list_tiles(block, &bundle);
        size_t held, size = bundle_size(plan, &bundle, &held), rest = held + work_size(plan, block, true);
        return size > rest ? size : rest;
    }
    if (tiled && fits(block, TILE_LINES))
        return 0;
    struct transfer_tree_block first, second;
    struct transfer_tree_merge merge;
    struct transfer_tree_leads leads = choose_leads(block, TRANSFER_TREE_LEFT, tiled);
    transfer_tree_plan_merge(&plan->tree, block, &leads, &first, &second, &merge);
    size_t held = kept_size(plan, &first, tiled), all = held + kept_size(plan, &second, tiled);
    size_t need = held + work_size(plan, &first, tiled), need_second = all + work_size(plan, &second, tiled);
    size_t need_merge = all + shape_of(&merge).pivots_size;
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

/* Reduces a block to its ports, of which `lead` comes first (in a tile, the left one) and `window` (NULL:
 * all) is wanted; in `kept` except for a tile. */
static struct front_network reduce(struct progress *progress, const struct transfer_tree_block *block,
                                   enum transfer_tree_port lead, double *kept, double *base,
                                   const struct front_window *window)
{
    const struct transfer_plan *plan = progress->plan;
    if (progress->bundle == NULL && fits(block, BUNDLE_LINES)) {
        struct bundle bundle;
        double *end = prepare_bundle(plan, block, progress->conductance, base, &bundle);
        struct progress inner = {plan, progress->conductance, &bundle, 0};
        return reduce(&inner, block, lead, kept, end, window);
    }
    if (fits(block, TILE_LINES)) {
        size_t n[TRANSFER_TREE_PORTS], n_ports = transfer_tree_count_ports(&plan->tree, block, n);
        const double *packed = progress->bundle->packed[progress->n_taken++];
        return (struct front_network){packed, n_ports, 0};
    }
    bool tiled = progress->bundle != NULL;
    struct transfer_tree_block first, second;
    struct transfer_tree_merge merge;
    struct transfer_tree_leads leads = choose_leads(block, lead, tiled);
    transfer_tree_plan_merge(&plan->tree, block, &leads, &first, &second, &merge);
    struct front_shape shape = shape_of(&merge);
    double *second_kept = base + kept_size(plan, &first, tiled);
    double *end = second_kept + kept_size(plan, &second, tiled);
    struct front_network networks[2];
    networks[0] = reduce(progress, &first, leads.first, base, second_kept, NULL);
    networks[1] = reduce(progress, &second, leads.second, second_kept, end, NULL);
    plan->kernel->merge(&shape, &(struct front_parts){end, kept}, networks,
                        (const struct front_segment(*const[])[FRONT_SEGMENTS]){&merge.first, &merge.second},
                        window != NULL ? window : &(struct front_window){shape.n_kept, 0});
    return (struct front_network){kept, shape.n_kept, shape.stride};
}

enum rs_status transfer_plan_create(const struct network *network, struct transfer_plan **out,
                                    struct rs_error *err)
{
    return transfer_plan_create_for(network, kernel_chosen(), out, err);
}

static struct transfer_tree_block whole_array(const struct transfer_plan *plan)
{
    const struct network *network = &plan->tree.network;
    return (struct transfer_tree_block){0, network->n_rows, 0, network->n_columns};
}

static size_t arena_size(const struct transfer_plan *plan)
{
    struct transfer_tree_block whole = whole_array(plan);
    size_t one = kept_size(plan, &whole, false) + work_size(plan, &whole, false);
    size_t batch =
        fits(&whole, BATCH_LINES) ? transfer_lanes_size(&plan->tree, &whole) * plan->kernel->n_lanes : 0;
    return one > batch ? one : batch;
}

enum rs_status transfer_plan_create_for(const struct network *network, enum kernel kernel,
                                        struct transfer_plan **out, struct rs_error *err)
{
    enum rs_status status = network_check(network, err);
    if (status != RS_OK)
        return status;
    if (!network_is_uniform(network))
        return rs_fail(err, RS_INPUT, "resistances line by line found, the same for all lines expected");
    struct transfer_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    plan->tree =
        (struct transfer_tree){*network, network_word_line(network, 0), network_bit_line(network, 0)};
    plan->kernel = front_kernel_of(kernel);
    plan->arena = memory_allocate(arena_size(plan), sizeof *plan->arena, err);
    if (plan->arena == NULL) {
        transfer_plan_destroy(plan);
        return RS_INTERNAL;
    }
    *out = plan;
    return RS_OK;
}

void transfer_plan_destroy(struct transfer_plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->arena);
    free(plan);
}

/* A whole array has no ports but its sources and sense terminals. */
void transfer_compute(struct transfer_plan *plan, const double *conductance_siemens, double *transfer_siemens)
{
    const struct network *network = &plan->tree.network;
    struct transfer_tree_block whole = whole_array(plan);
    struct progress progress = {plan, conductance_siemens, NULL, 0};
    struct front_network ports = reduce(&progress, &whole, TRANSFER_TREE_LEFT, plan->arena,
                                        plan->arena + kept_size(plan, &whole, false),
                                        &(struct front_window){network->n_rows, network->n_rows});
    rs_require(ports.n == network->n_rows + network->n_columns,
               "a whole array has no ports but its sources and sense terminals");
    for (size_t i = 0; i < network->n_rows; i++)
        memcpy(transfer_siemens + i * network->n_columns,
               front_network_row(&ports, i) + network->n_rows - i - 1,
               network->n_columns * sizeof *transfer_siemens);
}

/* One array per lane; unused lanes repeat the first. */
static void compute_lanes(struct transfer_plan *plan, size_t n_arrays, const double *conductance_siemens,
                          double *transfer_siemens)
{
    const struct network *network = &plan->tree.network;
    struct transfer_tree_block whole = whole_array(plan);
    struct transfer_lanes lanes = {.tree = &plan->tree, .kernel = plan->kernel};
    size_t n, n_eliminated, n_lanes = plan->kernel->n_lanes, n_cells = network->n_rows * network->n_columns;
    for (size_t l = 0; l < n_lanes; l++)
        lanes.conductance[l] = conductance_siemens + (l < n_arrays ? l : 0) * n_cells;
    const double *front =
        transfer_lanes_reduce(&lanes, &whole, plan->arena,
                              &(struct front_window){network->n_rows, network->n_rows}, &n, &n_eliminated);
    for (size_t i = 0; i < network->n_rows; i++) {
        size_t row = (n_eliminated + i) * front_lanes_stride(n) + n_eliminated + network->n_rows;
        for (size_t l = 0; l < n_arrays; l++)
            for (size_t j = 0; j < network->n_columns; j++)
                transfer_siemens[l * n_cells + i * network->n_columns + j] = front[(row + j) * n_lanes + l];
    }
}

void transfer_compute_batch(struct transfer_plan *plan, size_t n_arrays, const double *conductance_siemens,
                            double *transfer_siemens)
{
    const struct network *network = &plan->tree.network;
    struct transfer_tree_block whole = whole_array(plan);
    size_t n_cells = network->n_rows * network->n_columns, n_lanes = plan->kernel->n_lanes, n;
    for (size_t first = 0; first < n_arrays; first += n) {
        const double *conductance = conductance_siemens + first * n_cells;
        double *transfer = transfer_siemens + first * n_cells;
        n = fits(&whole, BATCH_LINES) ? n_lanes : 1;
        n = n_arrays - first < n ? n_arrays - first : n;
        if (fits(&whole, BATCH_LINES))
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
