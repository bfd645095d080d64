#include "crossbar/transfer_lanes.h"

#include <string.h>

/* The smallest blocks, whose inner nodes are eliminated at once. */
enum { CORE_LINES = 2 };

static const struct transfer_tree_leads left_leads = {TRANSFER_TREE_LEFT, TRANSFER_TREE_LEFT,
                                                      TRANSFER_TREE_LEFT};

/* Front positions of the nodes of a core, and how many come first because they are eliminated. */
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
                        struct core *core)
{
    size_t n[TRANSFER_TREE_PORTS], eliminated = 0;
    size_t n_ports = transfer_tree_count_ports(tree, block, n);
    core->n_eliminated = count_core_eliminated(tree, block, n);
    core->n = core->n_eliminated + n_ports;
    size_t left = core->n_eliminated, right = left + n[TRANSFER_TREE_LEFT],
           top = right + n[TRANSFER_TREE_RIGHT], bottom = top + n[TRANSFER_TREE_TOP];
    for (size_t a = 0; a < block->n_rows; a++) {
        core->left[a] = left + a;
        for (size_t b = block->n_columns; b-- > 0;) {
            bool last = b + 1 == block->n_columns;
            if (transfer_tree_words_joined(tree, block))
                core->word[a][b] = left + a;
            else if (!last && tree->word.joined)
                core->word[a][b] = core->word[a][b + 1];
            else
                core->word[a][b] = last && n[TRANSFER_TREE_RIGHT] > 0 ? right + a : eliminated++;
        }
    }
    for (size_t b = 0; b < block->n_columns; b++) {
        core->bottom[b] = bottom + b;
        for (size_t a = 0; a < block->n_rows; a++)
            if (transfer_tree_bits_joined(tree, block))
                core->bit[a][b] = bottom + b;
            else if (a > 0 && tree->bit.joined)
                core->bit[a][b] = core->bit[a - 1][b];
            else
                core->bit[a][b] = a == 0 && n[TRANSFER_TREE_TOP] > 0 ? top + b : eliminated++;
    }
}

static void add(double *at, size_t n_lanes, double siemens)
{
    for (size_t l = 0; l < n_lanes; l++)
        at[l] += siemens;
}

/* Where the branch between two nodes is, all its lanes. */
static double *branch(double *front, size_t stride, size_t n_lanes, size_t i, size_t j)
{
    return front + (i < j ? i * stride + j : j * stride + i) * n_lanes;
}

/* The wires at the block's left and lower side: in lanes at the array's edge, driver and sense branches. */
static void add_ends(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                     const struct core *core, double *front)
{
    const struct transfer_tree *tree = lanes->tree;
    size_t stride = front_lanes_stride(core->n), n_lanes = lanes->kernel->n_lanes;
    size_t last = block->n_rows - 1, end = block->row + block->n_rows;
    for (size_t l = 0; l < n_lanes; l++) {
        bool at_driver = block->column + lanes->column_shift[l] == 0;
        bool at_sense = end + lanes->row_shift[l] == tree->network.n_rows;
        for (size_t a = 0; a < block->n_rows && !transfer_tree_words_joined(tree, block); a++)
            branch(front, stride, n_lanes, core->left[a], core->word[a][0])[l] +=
                at_driver ? tree->word.end_siemens : tree->word.wire_siemens;
        for (size_t b = 0; b < block->n_columns && !transfer_tree_bits_joined(tree, block); b++)
            branch(front, stride, n_lanes, core->bit[last][b], core->bottom[b])[l] +=
                at_sense ? tree->bit.end_siemens : tree->bit.wire_siemens;
    }
}

static void add_inner_wires(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                            const struct core *core, double *front)
{
    const struct transfer_tree *tree = lanes->tree;
    size_t stride = front_lanes_stride(core->n), n_lanes = lanes->kernel->n_lanes;
    for (size_t a = 0; a < block->n_rows && !tree->word.joined; a++)
        for (size_t b = 1; b < block->n_columns; b++)
            add(branch(front, stride, n_lanes, core->word[a][b - 1], core->word[a][b]), n_lanes,
                tree->word.wire_siemens);
    for (size_t b = 0; b < block->n_columns && !tree->bit.joined; b++)
        for (size_t a = 1; a < block->n_rows; a++)
            add(branch(front, stride, n_lanes, core->bit[a - 1][b], core->bit[a][b]), n_lanes,
                tree->bit.wire_siemens);
}

static void assemble_core(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                          const struct core *core, double *front)
{
    size_t stride = front_lanes_stride(core->n), n_lanes = lanes->kernel->n_lanes;
    size_t n_columns = lanes->tree->network.n_columns;
    for (size_t i = 0; i < core->n; i++)
        memset(front + (i * stride + i) * n_lanes, 0, (stride - i) * n_lanes * sizeof *front);
    add_ends(lanes, block, core, front);
    add_inner_wires(lanes, block, core, front);
    for (size_t a = 0; a < block->n_rows; a++)
        for (size_t b = 0; b < block->n_columns; b++) {
            double *at = branch(front, stride, n_lanes, core->word[a][b], core->bit[a][b]);
            for (size_t l = 0; l < n_lanes; l++)
                at[l] += lanes->conductance[l][(block->row + lanes->row_shift[l] + a) * n_columns +
                                               block->column + lanes->column_shift[l] + b];
        }
}

static bool is_core(const struct transfer_tree_block *block)
{
    return block->n_rows <= CORE_LINES && block->n_columns <= CORE_LINES;
}

size_t transfer_lanes_size(const struct transfer_tree *tree, const struct transfer_tree_block *block)
{
    if (is_core(block)) {
        struct core core;
        number_core(tree, block, &core);
        return front_lanes_size(core.n);
    }
    struct transfer_tree_block first, second;
    struct transfer_tree_merge merge;
    transfer_tree_plan_merge(tree, block, &left_leads, &first, &second, &merge);
    size_t held = transfer_tree_packed_size(tree, &first);
    size_t need = transfer_lanes_size(tree, &first), need_second = held + transfer_lanes_size(tree, &second);
    size_t need_merge = held + transfer_tree_packed_size(tree, &second) + front_lanes_size(merge.n);
    need = need > need_second ? need : need_second;
    return need > need_merge ? need : need_merge;
}

static void reduce(const struct transfer_lanes *lanes, const struct transfer_tree_block *block, double *base)
{
    size_t n, n_eliminated;
    double *front = transfer_lanes_reduce(lanes, block, base, NULL, &n, &n_eliminated);
    lanes->kernel->lanes_pack(front, n, n_eliminated, base);
}

double *transfer_lanes_reduce(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                              double *base, const struct front_window *window, size_t *n,
                              size_t *n_eliminated)
{
    const struct transfer_tree *tree = lanes->tree;
    size_t n_lanes = lanes->kernel->n_lanes;
    if (is_core(block)) {
        struct core core;
        number_core(tree, block, &core);
        assemble_core(lanes, block, &core, base);
        lanes->kernel->lanes_eliminate(
            base, core.n, core.n_eliminated,
            window != NULL ? window : &(struct front_window){core.n - core.n_eliminated, 0});
        *n = core.n;
        *n_eliminated = core.n_eliminated;
        return base;
    }
    struct transfer_tree_block first, second;
    struct transfer_tree_merge merge;
    transfer_tree_plan_merge(tree, block, &left_leads, &first, &second, &merge);
    double *second_base = base + transfer_tree_packed_size(tree, &first) * n_lanes;
    double *front = second_base + transfer_tree_packed_size(tree, &second) * n_lanes;
    reduce(lanes, &first, base);
    reduce(lanes, &second, second_base);
    lanes->kernel->lanes_merge(
        front, merge.n, merge.n_eliminated, (const double *const[]){base, second_base},
        (const struct front_segment(*const[])[FRONT_SEGMENTS]){&merge.first, &merge.second},
        window != NULL ? window : &(struct front_window){merge.n - merge.n_eliminated, 0});
    *n = merge.n;
    *n_eliminated = merge.n_eliminated;
    return front;
}
