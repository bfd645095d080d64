#include "spice/netlist.h"

#include <stdio.h>

enum { NODE_SIZE = 48 };

struct node {
    char name[NODE_SIZE];
};

static struct node line_node(char letter, size_t i)
{
    struct node node;
    snprintf(node.name, sizeof node.name, "%c%zu", letter, i);
    return node;
}

static struct node cell_node(char letter, size_t i, size_t j)
{
    struct node node;
    snprintf(node.name, sizeof node.name, "%c%zu_%zu", letter, i, j);
    return node;
}

static struct node word_node(const struct network *network, size_t i, size_t j)
{
    if (network->r_word_line_ohm > 0)
        return cell_node('w', i, j);
    return line_node(network->r_driver_ohm > 0 ? 'w' : 's', i);
}

static struct node bit_node(const struct network *network, size_t i, size_t j)
{
    if (network->r_bit_line_ohm > 0)
        return cell_node('b', i, j);
    return line_node(network->r_sense_ohm > 0 ? 'b' : 'o', j);
}

static void resistor(struct text *deck, const char *kind, const struct node *place, const struct node *from,
                     const struct node *to, double ohm)
{
    text_append(deck, "r%s%s %s %s %.17g\n", kind, place->name + 1, from->name, to->name, ohm);
}

static void write_word_line(const struct network *network, size_t i, double volts, struct text *deck)
{
    struct node source = line_node('s', i), first = word_node(network, i, 0);
    struct node driver = network->r_word_line_ohm > 0 ? line_node('d', i) : first;
    text_append(deck, "\n* word line %zu\nvin%zu %s 0 dc %.17g\n", i, i, source.name, volts);
    if (network->r_driver_ohm > 0)
        resistor(deck, "drv", &source, &source, &driver, network->r_driver_ohm);
    if (network->r_word_line_ohm == 0)
        return;
    resistor(deck, "w", &first, network->r_driver_ohm > 0 ? &driver : &source, &first,
             network->r_word_line_ohm);
    for (size_t j = 1; j < network->n_columns; j++) {
        struct node left = cell_node('w', i, j - 1), right = cell_node('w', i, j);
        resistor(deck, "w", &right, &left, &right, network->r_word_line_ohm);
    }
}

static void write_cells(const struct network *network, size_t i, const double *siemens, struct text *deck)
{
    for (size_t j = 0; j < network->n_columns; j++) {
        struct node word = word_node(network, i, j), bit = bit_node(network, i, j),
                    cell = cell_node('c', i, j);
        if (siemens[j] > 0)
            resistor(deck, "c", &cell, &word, &bit, 1 / siemens[j]);
    }
}

static void write_bit_line(const struct network *network, size_t j, struct text *deck)
{
    struct node terminal = line_node('o', j), last = bit_node(network, network->n_rows - 1, j);
    struct node end = network->r_bit_line_ohm == 0 ? last
                      : network->r_sense_ohm > 0   ? line_node('e', j)
                                                   : terminal;
    text_append(deck, "\n* bit line %zu\n", j);
    for (size_t i = 0; i < network->n_rows && network->r_bit_line_ohm > 0; i++) {
        struct node above = bit_node(network, i, j);
        struct node below = i + 1 < network->n_rows ? bit_node(network, i + 1, j) : end;
        resistor(deck, "b", &above, &above, &below, network->r_bit_line_ohm);
    }
    if (network->r_sense_ohm > 0)
        resistor(deck, "sns", &terminal, &end, &terminal, network->r_sense_ohm);
    text_append(deck, "v%zu %s 0 dc 0\n", j, terminal.name);
}

static void write_head(const struct network *network, struct text *deck)
{
    text_append(
        deck,
        "* resistive array: %zu word lines x %zu bit lines\n"
        "*\n"
        "* word line i: source vinI (node sI), driver %g ohm (to dI), then %g ohm before each cell\n"
        "* bit line j:  %g ohm after each cell (the last to eJ), sense resistance %g ohm, then vJ at\n"
        "*              node oJ, a source of 0 V whose current i(vJ) flows into ground\n"
        "* cell (i,j):  joins wI_J and bI_J; an open cell is left out\n"
        "* A resistance of 0 is no element: the nodes it would join have one name (wI, bJ, sI or oJ).\n\n"
        ".options reltol=1e-9 vntol=1e-12 abstol=1e-18 gmin=1e-15 itl1=300 noacct\n",
        network->n_rows, network->n_columns, network->r_driver_ohm, network->r_word_line_ohm,
        network->r_bit_line_ohm, network->r_sense_ohm);
}

/* Without `optran` a failed operating point would be replaced, silently, by the end of a transient. */
static void write_control(size_t n_columns, struct text *deck)
{
    text_append(deck, "\n.control\noptran 1 1 1 0 0 0\nset numdgt=17\nop\n");
    for (size_t j = 0; j < n_columns; j++)
        text_append(deck, "print i(v%zu)\n", j);
    text_append(deck, "quit\n.endc\n.end\n");
}

void netlist_write(const struct network *network, const double *conductance_siemens, const double *volts,
                   struct text *deck)
{
    write_head(network, deck);
    for (size_t i = 0; i < network->n_rows; i++) {
        write_word_line(network, i, volts[i], deck);
        write_cells(network, i, conductance_siemens + i * network->n_columns, deck);
    }
    for (size_t j = 0; j < network->n_columns; j++)
        write_bit_line(network, j, deck);
    write_control(network->n_columns, deck);
}
