#include "crossbar/transfer_tree.h"

#include <math.h>

static size_t total(const size_t n[TRANSFER_TREE_PORTS])
{
    return n[TRANSFER_TREE_LEFT] + n[TRANSFER_TREE_RIGHT] + n[TRANSFER_TREE_TOP] + n[TRANSFER_TREE_BOTTOM];
}

static bool is_shorted(struct edges_ends ends)
{
    return isinf(ends.first) || isinf(ends.last);
}

/* Whether all lines of a direction are joined as the first one is, and shorted as it is. */
static bool lines_alike(const struct network *network, const struct edges *edges, size_t n_lines,
                        struct network_branches (*branches)(const struct network *network, size_t i),
                        struct edges_ends (*ends)(const struct network *network, const struct edges *edges,
                                                  size_t i))
{
    bool joined = branches(network, 0).joined, shorted = is_shorted(ends(network, edges, 0));
    for (size_t i = 1; i < n_lines; i++)
        if (branches(network, i).joined != joined || is_shorted(ends(network, edges, i)) != shorted)
            return false;
    return true;
}

bool transfer_tree_supports(const struct network *network, const struct edges *edges)
{
    return !edges_biased(edges, network->n_columns) &&
           lines_alike(network, edges, network->n_rows, network_word_line, edges_word_line) &&
           lines_alike(network, edges, network->n_columns, network_bit_line, edges_bit_line);
}

size_t transfer_tree_lines_size(const struct network *network)
{
    return 3 * (network->n_rows + network->n_columns);
}

void transfer_tree_init(struct transfer_tree *tree, const struct network *network, const struct edges *edges,
                        double *lines)
{
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    *tree = (struct transfer_tree){.n_rows = n_rows, .n_columns = n_columns};
    tree->words_joined = network_word_line(network, 0).joined;
    tree->bits_joined = network_bit_line(network, 0).joined;
    tree->words_shorted = is_shorted(edges_word_line(network, edges, 0));
    tree->bits_shorted = is_shorted(edges_bit_line(network, edges, 0));
    tree->right_driven = edges != NULL && edges->drive != EDGES_DRIVE_LEFT && !tree->words_joined;
    tree->top_sensed = edges != NULL && edges->sense != EDGES_SENSE_BOTTOM && !tree->bits_joined;
    tree->word_wire = lines;
    tree->left_end = tree->word_wire + n_rows;
    tree->right_end = tree->left_end + n_rows;
    tree->bit_wire = tree->right_end + n_rows;
    tree->top_end = tree->bit_wire + n_columns;
    tree->bottom_end = tree->top_end + n_columns;
    for (size_t i = 0; i < n_rows; i++) {
        struct edges_ends ends = edges_word_line(network, edges, i);
        tree->word_wire[i] = network_word_line(network, i).wire_siemens;
        tree->left_end[i] = tree->words_shorted ? 0 : ends.first;
        tree->right_end[i] = ends.last;
    }
    for (size_t j = 0; j < n_columns; j++) {
        struct edges_ends ends = edges_bit_line(network, edges, j);
        tree->bit_wire[j] = network_bit_line(network, j).wire_siemens;
        tree->top_end[j] = ends.first;
        tree->bottom_end[j] = tree->bits_shorted ? 0 : ends.last;
    }
}

bool transfer_tree_words_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block)
{
    return tree->words_joined && (block->column > 0 || tree->words_shorted);
}

bool transfer_tree_bits_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block)
{
    return tree->bits_joined && (block->row + block->n_rows < tree->n_rows || tree->bits_shorted);
}

size_t transfer_tree_count_ports(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                                 size_t n[TRANSFER_TREE_PORTS])
{
    bool no_right = !tree->right_driven && block->column + block->n_columns == tree->n_columns;
    bool no_top = !tree->top_sensed && block->row == 0;
    n[TRANSFER_TREE_LEFT] = block->n_rows;
    n[TRANSFER_TREE_RIGHT] = no_right || transfer_tree_words_joined(tree, block) ? 0 : block->n_rows;
    n[TRANSFER_TREE_TOP] = no_top || transfer_tree_bits_joined(tree, block) ? 0 : block->n_columns;
    n[TRANSFER_TREE_BOTTOM] = block->n_columns;
    return total(n);
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

const struct transfer_tree_order transfer_tree_natural = {
    {TRANSFER_TREE_LEFT, TRANSFER_TREE_RIGHT, TRANSFER_TREE_TOP, TRANSFER_TREE_BOTTOM}};

void transfer_tree_place_ports(const struct transfer_tree_order *order, const size_t n[TRANSFER_TREE_PORTS],
                               size_t place, size_t start[TRANSFER_TREE_PORTS])
{
    for (size_t k = 0; k < TRANSFER_TREE_PORTS; k++) {
        start[order->ports[k]] = place;
        place += n[order->ports[k]];
    }
}

/* Port p first, the others as they were. */
static struct transfer_tree_order put_first(struct transfer_tree_order order, enum transfer_tree_port p)
{
    struct transfer_tree_order result = {{p}};
    for (size_t k = 0, n = 1; k < TRANSFER_TREE_PORTS; k++)
        if (order.ports[k] != p)
            result.ports[n++] = order.ports[k];
    return result;
}

static struct transfer_tree_order exchange(struct transfer_tree_order order, enum transfer_tree_port p,
                                           enum transfer_tree_port q)
{
    for (size_t k = 0; k < TRANSFER_TREE_PORTS; k++)
        order.ports[k] = order.ports[k] == p ? q : order.ports[k] == q ? p : order.ports[k];
    return order;
}

static void find_idle(const struct transfer_tree *tree, const struct transfer_tree_block *whole,
                      const size_t n[TRANSFER_TREE_PORTS], const size_t start[TRANSFER_TREE_PORTS],
                      struct front_merge *merge)
{
    const bool ends[] = {whole->column == 0, whole->row + whole->n_rows == tree->n_rows};
    const enum transfer_tree_port ports[] = {TRANSFER_TREE_LEFT, TRANSFER_TREE_BOTTOM};
    for (int c = 0; c < 2; c++) {
        size_t begin = start[ports[c]] - merge->n_eliminated;
        merge->idle[c] = (struct front_idle){begin, begin + (ends[c] ? n[ports[c]] : 0)};
    }
}

/*
 * The nodes that the children share are eliminated, unless a joined wire makes them a port of the whole: the
 * line goes on (`through`), or the second child joins the end branch that the other one holds (`at_end`).
 */
void transfer_tree_plan_merge(const struct transfer_tree *tree, const struct transfer_tree_block *whole,
                              const struct transfer_tree_order *order, struct transfer_tree_block *first,
                              struct transfer_tree_block *second, struct transfer_tree_order orders[2],
                              struct front_merge *merge)
{
    bool sideways = transfer_tree_split(whole, first, second), joined[2];
    const struct transfer_tree_block *blocks[] = {first, second};
    const enum transfer_tree_port shared[] = {sideways ? TRANSFER_TREE_RIGHT : TRANSFER_TREE_BOTTOM,
                                              sideways ? TRANSFER_TREE_LEFT : TRANSFER_TREE_TOP};
    size_t n[TRANSFER_TREE_PORTS], n_own[2][TRANSFER_TREE_PORTS], start[TRANSFER_TREE_PORTS] = {0};
    size_t n_ports = transfer_tree_count_ports(tree, whole, n);
    for (int c = 0; c < 2; c++) {
        joined[c] = sideways ? transfer_tree_words_joined(tree, blocks[c])
                             : transfer_tree_bits_joined(tree, blocks[c]);
        transfer_tree_count_ports(tree, blocks[c], n_own[c]);
    }
    bool through = joined[0] && joined[1];
    enum transfer_tree_port end = sideways ? TRANSFER_TREE_RIGHT : TRANSFER_TREE_TOP,
                            line = through ? (sideways ? TRANSFER_TREE_LEFT : TRANSFER_TREE_BOTTOM) : end;
    bool at_end = joined[0] != joined[1] && n[end] > 0;
    merge->n_eliminated = through || at_end ? 0 : sideways ? whole->n_rows : whole->n_columns;
    merge->n = merge->n_eliminated + n_ports;
    transfer_tree_place_ports(order, n, merge->n_eliminated, start);
    for (size_t c = 0; c < 2; c++) {
        bool stays = merge->n_eliminated == 0 && n_own[c][shared[c]] > 0;
        orders[c] = merge->n_eliminated > 0 ? put_first(*order, shared[c])
                    : stays                 ? exchange(*order, shared[c], line)
                                            : *order;
        for (size_t k = 0; k < TRANSFER_TREE_PORTS; k++) {
            enum transfer_tree_port p = orders[c].ports[k];
            bool beside = c > 0 && sideways == (p == TRANSFER_TREE_TOP || p == TRANSFER_TREE_BOTTOM);
            size_t place = start[p] + (beside ? n_own[0][p] : 0);
            if (p == shared[c])
                place = merge->n_eliminated > 0 ? 0 : start[line];
            merge->segments[c][k] = (struct front_segment){n_own[c][p], place};
        }
    }
    find_idle(tree, whole, n, start, merge);
}
