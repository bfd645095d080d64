/*
 * Ports of a block of cells, in this order: L (the left neighbour's word-line nodes, or the sources), R (its
 * own last word-line column), T (its own first bit-line row), B (the next row's bit-line nodes, or ground). A
 * block owns its cells and the wires to their left and below. At the right and the top edge R and T lead
 * nowhere and are eliminated at once. Where the wire is joined there is no R (it is L) and no T (it is B),
 * except in the blocks of the first column and last row, which hold the driver and sense branches.
 */
#include "crossbar/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "crossbar/front.h"

enum { LEAF_LINES = 2, LEAF_CELLS = LEAF_LINES * LEAF_LINES };
enum port { LEFT, RIGHT, TOP, BOTTOM, N_PORTS };

struct transfer_plan {
    struct network network;
    struct network_branches word, bit;
    double *arena;
};

struct block {
    size_t row, n_rows, column, n_columns;
};

/* Where each port of a child lies in the parent's front, and how many nodes it has. */
struct segment {
    size_t n, place;
};

static bool words_joined(const struct transfer_plan *plan, const struct block *block)
{
    return plan->word.joined && (block->column > 0 || plan->word.shorted);
}

static bool bits_joined(const struct transfer_plan *plan, const struct block *block)
{
    return plan->bit.joined && (block->row + block->n_rows < plan->network.n_rows || plan->bit.shorted);
}

static void count_ports(const struct transfer_plan *plan, const struct block *block, size_t n[N_PORTS])
{
    bool right_edge = block->column + block->n_columns == plan->network.n_columns;
    n[LEFT] = block->n_rows;
    n[RIGHT] = right_edge || words_joined(plan, block) ? 0 : block->n_rows;
    n[TOP] = block->row == 0 || bits_joined(plan, block) ? 0 : block->n_columns;
    n[BOTTOM] = block->n_columns;
}

static size_t total(const size_t n[N_PORTS])
{
    return n[LEFT] + n[RIGHT] + n[TOP] + n[BOTTOM];
}

/* Children are stored as the rows of a strict upper triangle. */
static size_t packed_size(size_t n)
{
    return n * (n - 1) / 2;
}

static bool is_leaf(const struct block *block)
{
    return block->n_rows <= LEAF_LINES && block->n_columns <= LEAF_LINES;
}

/* Cuts the longer side in the middle; true: into left and right, false: into top and bottom. */
static bool split(const struct block *block, struct block *first, struct block *second)
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

/* Front positions of the nodes of a leaf, and how many come first because they are eliminated. */
struct leaf {
    size_t left[LEAF_LINES], bottom[LEAF_LINES];
    size_t word[LEAF_LINES][LEAF_LINES], bit[LEAF_LINES][LEAF_LINES];
    size_t n_eliminated, n;
};

static size_t count_leaf_eliminated(const struct transfer_plan *plan, const struct block *block,
                                    const size_t n[N_PORTS])
{
    size_t per_row = words_joined(plan, block) ? 0 : plan->word.joined ? 1 : block->n_columns;
    size_t per_column = bits_joined(plan, block) ? 0 : plan->bit.joined ? 1 : block->n_rows;
    return block->n_rows * per_row + block->n_columns * per_column - n[RIGHT] - n[TOP];
}

static void number_leaf(const struct transfer_plan *plan, const struct block *block, struct leaf *leaf)
{
    size_t n[N_PORTS], eliminated = 0;
    count_ports(plan, block, n);
    leaf->n_eliminated = count_leaf_eliminated(plan, block, n);
    leaf->n = leaf->n_eliminated + total(n);
    size_t left = leaf->n_eliminated, right = left + n[LEFT], top = right + n[RIGHT], bottom = top + n[TOP];
    for (size_t a = 0; a < block->n_rows; a++) {
        leaf->left[a] = left + a;
        for (size_t b = block->n_columns; b-- > 0;) {
            bool last = b + 1 == block->n_columns;
            if (words_joined(plan, block))
                leaf->word[a][b] = left + a;
            else if (!last && plan->word.joined)
                leaf->word[a][b] = leaf->word[a][b + 1];
            else
                leaf->word[a][b] = last && n[RIGHT] > 0 ? right + a : eliminated++;
        }
    }
    for (size_t b = 0; b < block->n_columns; b++) {
        leaf->bottom[b] = bottom + b;
        for (size_t a = 0; a < block->n_rows; a++)
            if (bits_joined(plan, block))
                leaf->bit[a][b] = bottom + b;
            else if (a > 0 && plan->bit.joined)
                leaf->bit[a][b] = leaf->bit[a - 1][b];
            else
                leaf->bit[a][b] = a == 0 && n[TOP] > 0 ? top + b : eliminated++;
    }
}

static void add(double *front, size_t stride, size_t i, size_t j, double siemens)
{
    front[i < j ? i * stride + j : j * stride + i] += siemens;
}

static void add_leaf_wires(const struct transfer_plan *plan, const struct block *block,
                           const struct leaf *leaf, double *front)
{
    size_t stride = front_stride(leaf->n), last = block->n_rows - 1;
    bool at_sense = block->row + block->n_rows == plan->network.n_rows;
    for (size_t a = 0; a < block->n_rows && !words_joined(plan, block); a++) {
        add(front, stride, leaf->left[a], leaf->word[a][0],
            block->column == 0 ? plan->word.end_siemens : plan->word.wire_siemens);
        for (size_t b = 1; b < block->n_columns && !plan->word.joined; b++)
            add(front, stride, leaf->word[a][b - 1], leaf->word[a][b], plan->word.wire_siemens);
    }
    for (size_t b = 0; b < block->n_columns && !bits_joined(plan, block); b++) {
        add(front, stride, leaf->bit[last][b], leaf->bottom[b],
            at_sense ? plan->bit.end_siemens : plan->bit.wire_siemens);
        for (size_t a = 1; a < block->n_rows && !plan->bit.joined; a++)
            add(front, stride, leaf->bit[a - 1][b], leaf->bit[a][b], plan->bit.wire_siemens);
    }
}

/* The unreduced front of a leaf; returns its size through n and n_eliminated. */
static void assemble_leaf(const struct transfer_plan *plan, const struct block *block,
                          const double *conductance, double *front, size_t *n, size_t *n_eliminated)
{
    struct leaf leaf;
    number_leaf(plan, block, &leaf);
    size_t stride = front_stride(leaf.n);
    memset(front, 0, front_size(leaf.n) * sizeof *front);
    add_leaf_wires(plan, block, &leaf, front);
    for (size_t a = 0; a < block->n_rows; a++)
        for (size_t b = 0; b < block->n_columns; b++)
            add(front, stride, leaf.word[a][b], leaf.bit[a][b],
                conductance[(block->row + a) * plan->network.n_columns + block->column + b]);
    *n = leaf.n;
    *n_eliminated = leaf.n_eliminated;
}

/* Adds a child's conductances, its ports going to the places of `segments`, which do not overlap. */
static void scatter(const double *packed, const struct segment segments[N_PORTS], double *front,
                    size_t stride)
{
    size_t n = 0;
    for (int p = 0; p < N_PORTS; p++)
        n += segments[p].n;
    size_t k = 0;
    for (int p = 0; p < N_PORTS; p++)
        for (size_t i = 0; i < segments[p].n; i++, k++) {
            const double *values = packed + k * (2 * n - k - 1) / 2;
            size_t place = segments[p].place + i;
            double *row = front + place * stride + place + 1;
            size_t n_own = segments[p].n - i - 1;
            for (size_t j = 0; j < n_own; j++)
                row[j] += values[j];
            values += n_own;
            for (int q = p + 1; q < N_PORTS; q++) {
                size_t other = segments[q].place;
                if (other > place)
                    for (size_t j = 0; j < segments[q].n; j++)
                        front[place * stride + other + j] += values[j];
                else
                    for (size_t j = 0; j < segments[q].n; j++)
                        front[(other + j) * stride + place] += values[j];
                values += segments[q].n;
            }
        }
}

/* How two neighbours go together. */
struct merge {
    struct segment first[N_PORTS], second[N_PORTS];
    size_t n_eliminated, n;
};

/*
 * The nodes that the children share are eliminated, unless a joined wire makes them a port of the whole: the
 * line goes on (`through`), or the second child joins the end branch that the other one holds (`at_end`).
 */
static void plan_merge(const struct transfer_plan *plan, const struct block *whole, const struct block *first,
                       const struct block *second, bool sideways, struct merge *merge)
{
    size_t n[N_PORTS], n_first[N_PORTS], n_second[N_PORTS], start[N_PORTS];
    count_ports(plan, whole, n);
    count_ports(plan, first, n_first);
    count_ports(plan, second, n_second);
    bool first_joined = sideways ? words_joined(plan, first) : bits_joined(plan, first);
    bool second_joined = sideways ? words_joined(plan, second) : bits_joined(plan, second);
    bool through = first_joined && second_joined;
    enum port end = sideways ? RIGHT : TOP, line = through ? (sideways ? LEFT : BOTTOM) : end;
    bool at_end = first_joined != second_joined && n[end] > 0;
    merge->n_eliminated = through || at_end ? 0 : sideways ? whole->n_rows : whole->n_columns;
    merge->n = merge->n_eliminated + total(n);
    for (size_t p = 0, place = merge->n_eliminated; p < N_PORTS; place += n[p], p++)
        start[p] = place;
    for (size_t p = 0; p < N_PORTS; p++) {
        bool side_by_side = sideways == (p == TOP || p == BOTTOM);
        merge->first[p] = (struct segment){n_first[p], start[p]};
        merge->second[p] = (struct segment){n_second[p], start[p] + (side_by_side ? n_first[p] : 0)};
    }
    size_t shared = merge->n_eliminated > 0 ? 0 : start[line];
    merge->first[sideways ? RIGHT : BOTTOM].place = shared;
    merge->second[sideways ? LEFT : TOP].place = shared;
}

static size_t packed_ports(const struct transfer_plan *plan, const struct block *block)
{
    size_t n[N_PORTS];
    count_ports(plan, block, n);
    return packed_size(total(n));
}

/* Doubles that build() needs from its base on. */
static size_t arena_size(const struct transfer_plan *plan, const struct block *block)
{
    if (is_leaf(block)) {
        struct leaf leaf;
        number_leaf(plan, block, &leaf);
        return front_size(leaf.n);
    }
    struct block first, second;
    struct merge merge;
    bool sideways = split(block, &first, &second);
    plan_merge(plan, block, &first, &second, sideways, &merge);
    size_t held = packed_ports(plan, &first);
    size_t need = arena_size(plan, &first), need_second = held + arena_size(plan, &second);
    size_t need_merge = held + packed_ports(plan, &second) + front_size(merge.n);
    need = need > need_second ? need : need_second;
    return need > need_merge ? need : need_merge;
}

static double *build(const struct transfer_plan *plan, const struct block *block, const double *conductance,
                     double *base, size_t *n, size_t *n_eliminated);

/* Reduces a block to its ports and leaves the packed result at `base`. */
static void build_packed(const struct transfer_plan *plan, const struct block *block,
                         const double *conductance, double *base)
{
    size_t n, n_eliminated;
    double *front = build(plan, block, conductance, base, &n, &n_eliminated);
    front_eliminate(front, n, n_eliminated, &(struct front_window){n, n_eliminated});
    size_t stride = front_stride(n);
    for (size_t i = n_eliminated; i < n; i++) {
        memmove(base, front + i * stride + i + 1, (n - i - 1) * sizeof *base);
        base += n - i - 1;
    }
}

/* The assembled front of a block, not yet reduced, somewhere after `base`. */
static double *build(const struct transfer_plan *plan, const struct block *block, const double *conductance,
                     double *base, size_t *n, size_t *n_eliminated)
{
    if (is_leaf(block)) {
        assemble_leaf(plan, block, conductance, base, n, n_eliminated);
        return base;
    }
    struct block first, second;
    struct merge merge;
    bool sideways = split(block, &first, &second);
    plan_merge(plan, block, &first, &second, sideways, &merge);
    double *second_base = base + packed_ports(plan, &first);
    double *front = second_base + packed_ports(plan, &second);
    build_packed(plan, &first, conductance, base);
    build_packed(plan, &second, conductance, second_base);
    memset(front, 0, front_size(merge.n) * sizeof *front);
    scatter(base, merge.first, front, front_stride(merge.n));
    scatter(second_base, merge.second, front, front_stride(merge.n));
    *n = merge.n;
    *n_eliminated = merge.n_eliminated;
    return front;
}

enum rs_status transfer_plan_create(const struct network *network, struct transfer_plan **out,
                                    struct rs_error *err)
{
    enum rs_status status = network_check(network, err);
    if (status != RS_OK)
        return status;
    struct transfer_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    plan->network = *network;
    plan->word = network_word_line(network);
    plan->bit = network_bit_line(network);
    struct block whole = {0, network->n_rows, 0, network->n_columns};
    plan->arena = memory_allocate(arena_size(plan, &whole), sizeof *plan->arena, err);
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

void transfer_compute(struct transfer_plan *plan, const double *conductance_siemens, double *transfer_siemens)
{
    const struct network *network = &plan->network;
    struct block whole = {0, network->n_rows, 0, network->n_columns};
    size_t n, n_eliminated;
    double *front = build(plan, &whole, conductance_siemens, plan->arena, &n, &n_eliminated);
    size_t sense = n_eliminated + network->n_rows, stride = front_stride(n);
    rs_require(n == sense + network->n_columns,
               "a whole array has no ports but its sources and sense terminals");
    front_eliminate(front, n, n_eliminated, &(struct front_window){sense, sense});
    for (size_t i = 0; i < network->n_rows; i++)
        memcpy(transfer_siemens + i * network->n_columns, front + (n_eliminated + i) * stride + sense,
               network->n_columns * sizeof *transfer_siemens);
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
