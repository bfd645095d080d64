#include "crossbar/transfer_lanes.h"

#include <string.h>

/* The smallest blocks, whose inner nodes are eliminated at once. */
enum { CORE_LINES = 2, CORE_BRANCHES_MAX = 3 * CORE_LINES * CORE_LINES };

/* Places of a core's nodes in its front, of which the first ones are eliminated. */
struct core {
    size_t left[CORE_LINES], bottom[CORE_LINES];
    size_t word[CORE_LINES][CORE_LINES], bit[CORE_LINES][CORE_LINES];
    size_t n_eliminated, n;
};

static size_t count_core_eliminated(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                                    const size_t n[TRANSFER_TREE_PORTS])
{
    size_t per_row = transfer_tree_words_joined(tree, block) ? 0 : tree->word.joined ? 1 : block->n_columns;
    size_t per_column = transfer_tree_bits_joined(tree, block) ? 0 : tree->bit.joined ? 1 : block->n_rows;
    return block->n_rows * per_row + block->n_columns * per_column - n[TRANSFER_TREE_RIGHT] -
           n[TRANSFER_TREE_TOP];
}

static void number_core(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                        const struct transfer_tree_order *order, struct core *core)
{
    size_t n[TRANSFER_TREE_PORTS], start[TRANSFER_TREE_PORTS], eliminated = 0;
    size_t n_ports = transfer_tree_count_ports(tree, block, n);
    core->n_eliminated = count_core_eliminated(tree, block, n);
    core->n = core->n_eliminated + n_ports;
    transfer_tree_place_ports(order, n, core->n_eliminated, start);
    for (size_t a = 0; a < block->n_rows; a++) {
        core->left[a] = start[TRANSFER_TREE_LEFT] + a;
        for (size_t b = block->n_columns; b-- > 0;) {
            bool last = b + 1 == block->n_columns;
            if (transfer_tree_words_joined(tree, block))
                core->word[a][b] = core->left[a];
            else if (!last && tree->word.joined)
                core->word[a][b] = core->word[a][b + 1];
            else
                core->word[a][b] =
                    last && n[TRANSFER_TREE_RIGHT] > 0 ? start[TRANSFER_TREE_RIGHT] + a : eliminated++;
        }
    }
    for (size_t b = 0; b < block->n_columns; b++) {
        core->bottom[b] = start[TRANSFER_TREE_BOTTOM] + b;
        for (size_t a = 0; a < block->n_rows; a++)
            if (transfer_tree_bits_joined(tree, block))
                core->bit[a][b] = core->bottom[b];
            else if (a > 0 && tree->bit.joined)
                core->bit[a][b] = core->bit[a - 1][b];
            else
                core->bit[a][b] =
                    a == 0 && n[TRANSFER_TREE_TOP] > 0 ? start[TRANSFER_TREE_TOP] + b : eliminated++;
    }
}

/* The branches of a core while they are listed. */
struct core_branches {
    const struct transfer_lanes *lanes;
    const struct transfer_tree_block *block;
    size_t n;
    struct front_branch branch[CORE_BRANCHES_MAX];
};

static double *join(struct core_branches *list, size_t i, size_t j)
{
    struct front_branch *branch = &list->branch[list->n++];
    branch->i = i < j ? i : j;
    branch->j = i < j ? j : i;
    return branch->siemens;
}

/* Word-line wires: the one at the block's left side is, at the array's edge, the driver branch. */
static void list_word_wires(struct core_branches *list, const struct core *core)
{
    const struct transfer_lanes *lanes = list->lanes;
    const struct transfer_tree *tree = lanes->tree;
    bool ends = !transfer_tree_words_joined(tree, list->block);
    for (size_t a = 0; a < list->block->n_rows; a++)
        for (size_t b = ends ? 0 : 1; b < (tree->word.joined ? 1 : list->block->n_columns); b++) {
            double *siemens = join(list, b > 0 ? core->word[a][b - 1] : core->left[a], core->word[a][b]);
            for (size_t l = 0; l < lanes->kernel->n_lanes; l++) {
                bool at_driver = list->block->column + lanes->column_shift[l] + b == 0;
                siemens[l] = at_driver ? tree->word.end_siemens : tree->word.wire_siemens;
            }
        }
}

static void list_bit_wires(struct core_branches *list, const struct core *core)
{
    const struct transfer_lanes *lanes = list->lanes;
    const struct transfer_tree *tree = lanes->tree;
    size_t n_rows = list->block->n_rows, n_ends = transfer_tree_bits_joined(tree, list->block) ? 0 : 1;
    for (size_t b = 0; b < list->block->n_columns; b++)
        for (size_t a = tree->bit.joined ? n_rows : 1; a < n_rows + n_ends; a++) {
            double *siemens = join(list, core->bit[a - 1][b], a < n_rows ? core->bit[a][b] : core->bottom[b]);
            for (size_t l = 0; l < lanes->kernel->n_lanes; l++) {
                bool at_sense = list->block->row + lanes->row_shift[l] + a == tree->network.n_rows;
                siemens[l] = at_sense ? tree->bit.end_siemens : tree->bit.wire_siemens;
            }
        }
}

static void list_cells(struct core_branches *list, const struct core *core)
{
    const struct transfer_lanes *lanes = list->lanes;
    size_t n_columns = lanes->tree->network.n_columns, start[FRONT_LANES_MAX];
    for (size_t l = 0; l < lanes->kernel->n_lanes; l++)
        start[l] = (list->block->row + lanes->row_shift[l]) * n_columns + list->block->column +
                   lanes->column_shift[l];
    for (size_t a = 0; a < list->block->n_rows; a++)
        for (size_t b = 0; b < list->block->n_columns; b++) {
            double *siemens = join(list, core->word[a][b], core->bit[a][b]);
            for (size_t l = 0; l < lanes->kernel->n_lanes; l++)
                siemens[l] = lanes->conductance[l][start[l] + a * n_columns + b];
        }
}

static bool is_core(const struct transfer_tree_block *block)
{
    return block->n_rows <= CORE_LINES && block->n_columns <= CORE_LINES;
}

static size_t vector_bytes(const struct front_kernel *kernel)
{
    return kernel->n_lanes * kernel->real_size;
}

size_t transfer_lanes_kept_bytes(const struct transfer_tree *tree, const struct front_kernel *kernel,
                                 const struct transfer_tree_block *block)
{
    size_t n[TRANSFER_TREE_PORTS];
    return front_packed_size(transfer_tree_count_ports(tree, block, n)) * vector_bytes(kernel);
}

static size_t pivots_bytes(const struct front_kernel *kernel, size_t n_eliminated, size_t n)
{
    return front_lanes_pivots_size(n_eliminated, n) * vector_bytes(kernel);
}

size_t transfer_lanes_work_bytes(const struct transfer_tree *tree, const struct front_kernel *kernel,
                                 const struct transfer_tree_block *block)
{
    if (is_core(block)) {
        struct core core;
        number_core(tree, block, &transfer_tree_natural, &core);
        return front_packed_size(core.n) * vector_bytes(kernel) +
               pivots_bytes(kernel, core.n_eliminated, core.n);
    }
    struct transfer_tree_block first, second;
    struct transfer_tree_order orders[2];
    struct front_merge merge;
    transfer_tree_plan_merge(tree, block, &transfer_tree_natural, &first, &second, orders, &merge);
    size_t held = transfer_lanes_kept_bytes(tree, kernel, &first);
    size_t all = held + transfer_lanes_kept_bytes(tree, kernel, &second);
    size_t need = held + transfer_lanes_work_bytes(tree, kernel, &first);
    size_t need_second = all + transfer_lanes_work_bytes(tree, kernel, &second);
    size_t need_merge = all + pivots_bytes(kernel, merge.n_eliminated, merge.n);
    need = need > need_second ? need : need_second;
    return need > need_merge ? need : need_merge;
}

static void reduce_core(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                        const struct transfer_tree_order *order, char *kept, char *base)
{
    struct core core;
    struct core_branches list = {.lanes = lanes, .block = block, .n = 0};
    number_core(lanes->tree, block, order, &core);
    list_word_wires(&list, &core);
    list_bit_wires(&list, &core);
    list_cells(&list, &core);
    lanes->kernel->lanes_assemble(base, core.n, list.branch, list.n);
    const struct front_merge alone = {core.n_eliminated, core.n, {{{core.n, 0}}}, {{0, 0}}};
    lanes->kernel->lanes_merge(&alone, (const void *const[]){base, NULL}, kept,
                               base + front_packed_size(core.n) * vector_bytes(lanes->kernel));
}

/* Of blocks at different places, none is taken to be at the array's edge. */
static void clear_idle(const struct transfer_lanes *lanes, struct front_merge *merge)
{
    for (size_t l = 0; l < lanes->kernel->n_lanes; l++) {
        if (lanes->column_shift[l] != 0)
            merge->idle[0].end = merge->idle[0].begin;
        if (lanes->row_shift[l] != 0)
            merge->idle[1].end = merge->idle[1].begin;
    }
}

void transfer_lanes_reduce(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                           const struct transfer_tree_order *order, char *kept, char *base)
{
    if (is_core(block)) {
        reduce_core(lanes, block, order, kept, base);
        return;
    }
    struct transfer_tree_block first, second;
    struct transfer_tree_order orders[2];
    struct front_merge merge;
    transfer_tree_plan_merge(lanes->tree, block, order, &first, &second, orders, &merge);
    clear_idle(lanes, &merge);
    char *second_kept = base + transfer_lanes_kept_bytes(lanes->tree, lanes->kernel, &first);
    char *end = second_kept + transfer_lanes_kept_bytes(lanes->tree, lanes->kernel, &second);
    transfer_lanes_reduce(lanes, &first, &orders[0], base, second_kept);
    transfer_lanes_reduce(lanes, &second, &orders[1], second_kept, end);
    lanes->kernel->lanes_merge(&merge, (const void *const[]){base, second_kept}, kept, end);
}
