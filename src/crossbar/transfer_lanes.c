#include "crossbar/transfer_lanes.h"

#include <string.h>

/* The smallest blocks, whose inner nodes are eliminated at once. */
enum {
    CORE_ROWS = 4,
    CORE_COLUMNS = 2,
    CORE_BRANCHES_MAX = 3 * CORE_ROWS * CORE_COLUMNS + CORE_ROWS + CORE_COLUMNS
};

/* Places of a core's nodes in its front, of which the first ones are eliminated. At the array's right and top
 * edge the lines may end in terminals. */
struct core {
    size_t left[CORE_ROWS], right[CORE_ROWS], top[CORE_COLUMNS], bottom[CORE_COLUMNS];
    size_t word[CORE_ROWS][CORE_COLUMNS], bit[CORE_ROWS][CORE_COLUMNS];
    bool right_ends, top_ends;
    size_t n_eliminated, n;
};

static void place_terminals(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                            const size_t start[TRANSFER_TREE_PORTS], struct core *core)
{
    core->right_ends = tree->right_driven && block->column + block->n_columns == tree->n_columns;
    core->top_ends = tree->top_sensed && block->row == 0;
    for (size_t a = 0; a < CORE_ROWS; a++) {
        core->left[a] = start[TRANSFER_TREE_LEFT] + a;
        core->right[a] = start[TRANSFER_TREE_RIGHT] + a;
    }
    for (size_t b = 0; b < CORE_COLUMNS; b++) {
        core->top[b] = start[TRANSFER_TREE_TOP] + b;
        core->bottom[b] = start[TRANSFER_TREE_BOTTOM] + b;
    }
}

/* Numbers the nodes of the lines, of which `eliminated` are no ports; returns how many those are. */
static size_t place_lines(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                          const size_t n[TRANSFER_TREE_PORTS], struct core *core)
{
    size_t eliminated = 0;
    bool right = n[TRANSFER_TREE_RIGHT] > 0 && !core->right_ends;
    bool top = n[TRANSFER_TREE_TOP] > 0 && !core->top_ends;
    for (size_t a = 0; a < block->n_rows; a++)
        for (size_t b = block->n_columns; b-- > 0;) {
            bool last = b + 1 == block->n_columns;
            if (transfer_tree_words_joined(tree, block))
                core->word[a][b] = core->left[a];
            else if (!last && tree->words_joined)
                core->word[a][b] = core->word[a][b + 1];
            else
                core->word[a][b] = last && right ? core->right[a] : eliminated++;
        }
    for (size_t b = 0; b < block->n_columns; b++)
        for (size_t a = 0; a < block->n_rows; a++)
            if (transfer_tree_bits_joined(tree, block))
                core->bit[a][b] = core->bottom[b];
            else if (a > 0 && tree->bits_joined)
                core->bit[a][b] = core->bit[a - 1][b];
            else
                core->bit[a][b] = a == 0 && top ? core->top[b] : eliminated++;
    return eliminated;
}

/* Twice: how many nodes are eliminated decides where the ports begin. */
static void number_core(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                        const struct transfer_tree_order *order, struct core *core)
{
    size_t n[TRANSFER_TREE_PORTS], start[TRANSFER_TREE_PORTS] = {0};
    size_t n_ports = transfer_tree_count_ports(tree, block, n);
    place_terminals(tree, block, start, core);
    core->n_eliminated = place_lines(tree, block, n, core);
    core->n = core->n_eliminated + n_ports;
    transfer_tree_place_ports(order, n, core->n_eliminated, start);
    place_terminals(tree, block, start, core);
    place_lines(tree, block, n, core);
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

/* A branch of the block's line `a` (word or bit line), in each lane that line's. */
static void list_wire(struct core_branches *list, size_t i, size_t j, const double *siemens_of_lines,
                      size_t line, const size_t *shift)
{
    double *siemens = join(list, i, j);
    for (size_t l = 0; l < list->lanes->kernel->n_lanes; l++)
        siemens[l] = siemens_of_lines[line + shift[l]];
}

/* A wire that is the array's end branch in those lanes where `at` is 0. */
static void list_first_wire(struct core_branches *list, size_t i, size_t j, const double *ends,
                            const double *wires, size_t line, const size_t *shift, size_t at,
                            const size_t *at_shift)
{
    double *siemens = join(list, i, j);
    for (size_t l = 0; l < list->lanes->kernel->n_lanes; l++)
        siemens[l] = (at + at_shift[l] == 0 ? ends : wires)[line + shift[l]];
}

static void list_word_wires(struct core_branches *list, const struct core *core)
{
    const struct transfer_tree *tree = list->lanes->tree;
    const struct transfer_tree_block *block = list->block;
    const size_t *shift = list->lanes->row_shift;
    for (size_t a = 0; a < block->n_rows; a++) {
        size_t line = block->row + a;
        if (!transfer_tree_words_joined(tree, block))
            list_first_wire(list, core->left[a], core->word[a][0], tree->left_end, tree->word_wire, line,
                            shift, block->column, list->lanes->column_shift);
        for (size_t b = 1; b < block->n_columns && !tree->words_joined; b++)
            list_wire(list, core->word[a][b - 1], core->word[a][b], tree->word_wire, line, shift);
        if (core->right_ends)
            list_wire(list, core->word[a][block->n_columns - 1], core->right[a], tree->right_end, line,
                      shift);
    }
}

static void list_bit_wires(struct core_branches *list, const struct core *core)
{
    const struct transfer_tree *tree = list->lanes->tree;
    const struct transfer_tree_block *block = list->block;
    const size_t *shift = list->lanes->column_shift;
    for (size_t b = 0; b < block->n_columns; b++) {
        size_t line = block->column + b;
        if (!transfer_tree_bits_joined(tree, block))
            list_first_wire(list, core->bit[block->n_rows - 1][b], core->bottom[b], tree->bottom_end,
                            tree->bit_wire, line, shift, block->row + block->n_rows - tree->n_rows,
                            list->lanes->row_shift);
        for (size_t a = 1; a < block->n_rows && !tree->bits_joined; a++)
            list_wire(list, core->bit[a - 1][b], core->bit[a][b], tree->bit_wire, line, shift);
        if (core->top_ends)
            list_wire(list, core->bit[0][b], core->top[b], tree->top_end, line, shift);
    }
}

static void list_cells(struct core_branches *list, const struct core *core)
{
    const struct transfer_lanes *lanes = list->lanes;
    size_t n_columns = lanes->tree->n_columns, start[FRONT_LANES_MAX];
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
    return block->n_rows <= CORE_ROWS && block->n_columns <= CORE_COLUMNS;
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
    if (is_core(block))
        return 0;
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
                        const struct transfer_tree_order *order, char *kept)
{
    struct core core;
    struct core_branches list; /* most of which stays unused */
    list.lanes = lanes;
    list.block = block;
    list.n = 0;
    number_core(lanes->tree, block, order, &core);
    list_word_wires(&list, &core);
    list_bit_wires(&list, &core);
    list_cells(&list, &core);
    lanes->kernel->lanes_core(list.branch, list.n, core.n_eliminated, core.n, kept);
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
        reduce_core(lanes, block, order, kept);
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
