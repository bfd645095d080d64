#include "crossbar/transfer_tree.h"

static size_t total(const size_t n[TRANSFER_TREE_PORTS])
{
    return n[TRANSFER_TREE_LEFT] + n[TRANSFER_TREE_RIGHT] + n[TRANSFER_TREE_TOP] + n[TRANSFER_TREE_BOTTOM];
}

bool transfer_tree_words_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block)
{
    return tree->word.joined && (block->column > 0 || tree->word.shorted);
}

bool transfer_tree_bits_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block)
{
    return tree->bit.joined && (block->row + block->n_rows < tree->network.n_rows || tree->bit.shorted);
}

size_t transfer_tree_count_ports(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                                 size_t n[TRANSFER_TREE_PORTS])
{
    bool right_edge = block->column + block->n_columns == tree->network.n_columns;
    n[TRANSFER_TREE_LEFT] = block->n_rows;
    n[TRANSFER_TREE_RIGHT] = right_edge || transfer_tree_words_joined(tree, block) ? 0 : block->n_rows;
    n[TRANSFER_TREE_TOP] = block->row == 0 || transfer_tree_bits_joined(tree, block) ? 0 : block->n_columns;
    n[TRANSFER_TREE_BOTTOM] = block->n_columns;
    return total(n);
}

size_t transfer_tree_packed_size(const struct transfer_tree *tree, const struct transfer_tree_block *block)
{
    size_t n[TRANSFER_TREE_PORTS];
    return front_packed_size(transfer_tree_count_ports(tree, block, n));
}

bool transfer_tree_split(const struct transfer_tree_block *block, struct transfer_tree_block *first,
                         struct transfer_tree_block *second)
{
    bool sideways = block->n_columns >= block->n_rows;
    *first = *second = *block;
    if (sideways) {
        first->n_columns = block->n_columns / 2;
        second->n_columns = block->n_columns - first->n_columns;
        second->column = block->column + first->n_columns;
    } else {
        first->n_rows = block->n_rows / 2;
        second->n_rows = block->n_rows - first->n_rows;
        second->row = block->row + first->n_rows;
    }
    return sideways;
}

/* Where port p stands when `lead` comes first. */
static size_t position(enum transfer_tree_port lead, size_t p)
{
    return p == lead ? 0 : p < lead ? p + 1 : p;
}

/*
 * The nodes that the children share are eliminated, unless a joined wire makes them a port of the whole: the
 * line goes on (`through`), or the second child joins the end branch that the other one holds (`at_end`).
 */
void transfer_tree_plan_merge(const struct transfer_tree *tree, const struct transfer_tree_block *whole,
                              const struct transfer_tree_leads *leads, struct transfer_tree_block *first,
                              struct transfer_tree_block *second, struct transfer_tree_merge *merge)
{
    bool sideways = transfer_tree_split(whole, first, second);
    size_t n[TRANSFER_TREE_PORTS], n_first[TRANSFER_TREE_PORTS], n_second[TRANSFER_TREE_PORTS],
        start[TRANSFER_TREE_PORTS];
    size_t n_ports = transfer_tree_count_ports(tree, whole, n);
    transfer_tree_count_ports(tree, first, n_first);
    transfer_tree_count_ports(tree, second, n_second);
    bool first_joined =
        sideways ? transfer_tree_words_joined(tree, first) : transfer_tree_bits_joined(tree, first);
    bool second_joined =
        sideways ? transfer_tree_words_joined(tree, second) : transfer_tree_bits_joined(tree, second);
    bool through = first_joined && second_joined;
    enum transfer_tree_port end = sideways ? TRANSFER_TREE_RIGHT : TRANSFER_TREE_TOP,
                            line = through ? (sideways ? TRANSFER_TREE_LEFT : TRANSFER_TREE_BOTTOM) : end;
    bool at_end = first_joined != second_joined && n[end] > 0;
    merge->n_eliminated = through || at_end ? 0 : sideways ? whole->n_rows : whole->n_columns;
    merge->n = merge->n_eliminated + n_ports;
    size_t place = merge->n_eliminated;
    for (size_t k = 0; k < TRANSFER_TREE_PORTS; k++)
        for (size_t p = 0; p < TRANSFER_TREE_PORTS; p++)
            if (position(leads->whole, p) == k) {
                start[p] = place;
                place += n[p];
            }
    for (size_t p = 0; p < TRANSFER_TREE_PORTS; p++) {
        bool side_by_side = sideways == (p == TRANSFER_TREE_TOP || p == TRANSFER_TREE_BOTTOM);
        merge->first[position(leads->first, p)] = (struct front_segment){n_first[p], start[p]};
        merge->second[position(leads->second, p)] =
            (struct front_segment){n_second[p], start[p] + (side_by_side ? n_first[p] : 0)};
    }
    size_t shared = merge->n_eliminated > 0 ? 0 : start[line];
    merge->first[position(leads->first, sideways ? TRANSFER_TREE_RIGHT : TRANSFER_TREE_BOTTOM)].place =
        shared;
    merge->second[position(leads->second, sideways ? TRANSFER_TREE_LEFT : TRANSFER_TREE_TOP)].place = shared;
}
