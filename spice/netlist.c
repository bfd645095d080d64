#include "spice/netlist.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { NODE_SIZE = 48 };

struct node {
    char name[NODE_SIZE];
};

/* What the whole deck needs; all arrays the caller's. */
struct netlist {
    const struct network *network;
    struct edges edges;
    struct cell_law law; /* borrowed */
    const double *conductance;
    bool *row_reached, *column_reached; /* whether a driver or a sense branch reaches the line */
    double span_volts; /* between the highest and the lowest terminal: no device takes more */
    double segment_farad;
    const struct netlist_model *model;
    struct text *deck;
};

/* --- nodes --- */

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

static bool row_floats(const struct netlist *list, size_t i)
{
    return list->edges.word_line_floating != NULL && list->edges.word_line_floating[i] != 0;
}

static bool column_floats(const struct netlist *list, size_t j)
{
    return list->edges.bit_line_floating != NULL && list->edges.bit_line_floating[j] != 0;
}

static struct node word_node(const struct netlist *list, size_t i, size_t j)
{
    struct network_branches line = network_word_line(list->network, i);
    if (!line.joined)
        return cell_node('w', i, j);
    return line_node(line.r_end_ohm > 0 || row_floats(list, i) ? 'w' : 's', i);
}

static struct node bit_node(const struct netlist *list, size_t i, size_t j)
{
    struct network_branches line = network_bit_line(list->network, j);
    if (!line.joined)
        return cell_node('b', i, j);
    return line_node(line.r_end_ohm > 0 || column_floats(list, j) ? 'b' : 'o', j);
}

/* --- which lines are in the deck --- */

static bool spread(struct netlist *list)
{
    bool changed = false;
    for (size_t i = 0; i < list->network->n_rows; i++)
        for (size_t j = 0; j < list->network->n_columns; j++)
            if (list->conductance[i * list->network->n_columns + j] > 0 &&
                list->row_reached[i] != list->column_reached[j])
                list->row_reached[i] = list->column_reached[j] = changed = true;
    return changed;
}

static void reach_lines(struct netlist *list)
{
    for (size_t i = 0; i < list->network->n_rows; i++)
        list->row_reached[i] = !row_floats(list, i);
    for (size_t j = 0; j < list->network->n_columns; j++)
        list->column_reached[j] = !column_floats(list, j);
    while (spread(list))
        ;
}

/* Ground counts: a line without a bias is there, and 0 V is where iterations start. */
static double span(const struct netlist *list, const double *volts)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < list->network->n_rows; i++) {
        low = fmin(low, row_floats(list, i) ? 0 : volts[i]);
        high = fmax(high, row_floats(list, i) ? 0 : volts[i]);
    }
    for (size_t j = 0; j < list->network->n_columns; j++) {
        low = fmin(low, edges_bias_volts(&list->edges, j));
        high = fmax(high, edges_bias_volts(&list->edges, j));
    }
    return high - low;
}

/* --- branches --- */

static void resistor(struct netlist *list, const char *kind, const struct node *place,
                     const struct node *from, const struct node *to, double ohm)
{
    text_append(list->deck, "r%s%s %s %s %.17g\n", kind, place->name + 1, from->name, to->name, ohm);
}

/*
 * A terminal, the resistance r_end to a node `middle`, one segment r_wire to the line's node `end`; what is 0
 * joins. `kinds`: names of both.
 */
static void write_end(struct netlist *list, const char *const kinds[2], const struct node *terminal,
                      const struct node *middle, const struct node *end, double r_end_ohm, double r_wire_ohm)
{
    const struct node *inner = r_wire_ohm > 0 ? middle : end;
    if (r_end_ohm > 0)
        resistor(list, kinds[0], terminal, terminal, inner, r_end_ohm);
    if (r_wire_ohm > 0)
        resistor(list, kinds[1], end, r_end_ohm > 0 ? middle : terminal, end, r_wire_ohm);
}

/* Of a joined line all segments' capacitance lies at its node. */
static void write_capacitors(struct netlist *list, char letter, size_t i_line, size_t n_nodes, bool joined)
{
    for (size_t k = 0; k < (joined ? 1 : n_nodes) && list->segment_farad > 0; k++) {
        struct node node = letter == 'w' ? word_node(list, i_line, k) : bit_node(list, k, i_line);
        text_append(list->deck, "cl%s %s 0 %.17g\n", node.name, node.name,
                    list->segment_farad * (joined ? (double)n_nodes : 1));
    }
}

static void write_source(struct netlist *list, size_t i, double volts)
{
    text_append(list->deck, "vin%zu s%zu 0 dc %.17g\n", i, i, volts);
}

/* volts NULL: the sources are somebody else's. */
static void write_word_line(struct netlist *list, size_t i, const double *volts)
{
    static const char *const left[] = {"drv", "w"}, *const right[] = {"drr", "wr"};
    const struct network *network = list->network;
    struct network_branches line = network_word_line(network, i);
    struct node source = line_node('s', i), first = word_node(list, i, 0),
                last = word_node(list, i, network->n_columns - 1);
    struct node driver = line_node('d', i), far = line_node('f', i);
    text_append(list->deck, "\n* word line %zu%s\n", i, row_floats(list, i) ? ", floating" : "");
    if (!row_floats(list, i) && volts != NULL)
        write_source(list, i, volts[i]);
    if (!row_floats(list, i) && list->edges.drive != EDGES_DRIVE_RIGHT)
        write_end(list, left, &source, &driver, &first, line.r_end_ohm, line.r_wire_ohm);
    for (size_t j = 1; j < network->n_columns && !line.joined; j++) {
        struct node before = cell_node('w', i, j - 1), here = cell_node('w', i, j);
        resistor(list, "w", &here, &before, &here, line.r_wire_ohm);
    }
    if (!row_floats(list, i) && list->edges.drive != EDGES_DRIVE_LEFT)
        write_end(list, right, &source, &far, &last, line.r_end_ohm, line.r_wire_ohm);
    write_capacitors(list, 'w', i, network->n_columns, line.joined);
}

static void write_bit_line(struct netlist *list, size_t j, bool terminated)
{
    static const char *const bottom[] = {"sns", "b"}, *const top[] = {"snt", "bt"};
    const struct network *network = list->network;
    const struct network_branches line = network_bit_line(network, j);
    size_t n = network->n_rows;
    struct node terminal = line_node('o', j), end = line_node('e', j), far = line_node('h', j);
    struct node first = bit_node(list, 0, j), last = bit_node(list, n - 1, j);
    text_append(list->deck, "\n* bit line %zu%s\n", j, column_floats(list, j) ? ", floating" : "");
    if (terminated)
        text_append(list->deck, "v%zu %s 0 dc %.17g\n", j, terminal.name, edges_bias_volts(&list->edges, j));
    for (size_t i = 0; i + 1 < n && !line.joined && list->column_reached[j]; i++) {
        struct node above = bit_node(list, i, j), below = bit_node(list, i + 1, j);
        resistor(list, "b", &above, &above, &below, line.r_wire_ohm);
    }
    if (column_floats(list, j))
        return;
    if (list->edges.sense != EDGES_SENSE_TOP)
        write_end(list, bottom, &terminal, &end, &last, line.r_end_ohm, line.r_wire_ohm);
    if (list->edges.sense != EDGES_SENSE_BOTTOM)
        write_end(list, top, &terminal, &far, &first, line.r_end_ohm, line.r_wire_ohm);
    write_capacitors(list, 'b', j, n, line.joined);
}

/* --- cells --- */

/* The pieces from `low` to before `high` of h(x), x >= 0, by halving, so that the nesting stays shallow. */
static void write_pieces(const struct cell_law *law, size_t low, size_t high, struct text *deck)
{
    const struct cell_law_piece *piece = law->pieces + low;
    if (high - low > 1) {
        size_t middle = (low + high) / 2;
        text_append(deck, "(x<%.17g ? ", law->pieces[middle].start_volts);
        write_pieces(law, low, middle, deck);
        text_append(deck, " : ");
        write_pieces(law, middle, high, deck);
        text_append(deck, ")");
        return;
    }
    text_append(deck, "(%.17g+(x-%.17g)*(%.17g+(x-%.17g)*(%.17g+(x-%.17g)*%.17g)))", piece->a,
                piece->start_volts, piece->b, piece->start_volts, piece->c, piece->start_volts, piece->d);
}

static void write_law(const struct cell_law *law, struct text *deck)
{
    if (law->kind != CELL_LAW_TABLE)
        return;
    text_append(deck, "\n* the cells' law: current / conductance at 0 V\n.func ivhalf(x) {");
    write_pieces(law, 0, law->n_pieces, deck);
    text_append(deck, "}\n.func iv(x) {x<0 ? -ivhalf(-x) : ivhalf(x)}\n");
}

static void write_cell(struct netlist *list, const struct node *place, const struct node *word,
                       const struct node *bit, double siemens)
{
    const struct cell_law *law = &list->law;
    if (list->model != NULL) {
        netlist_model_write_cell(list->model, place->name + 1, word->name, bit->name, siemens, list->deck);
        return;
    }
    switch (law->kind) {
    case CELL_LAW_LINEAR:
        resistor(list, "c", place, word, bit, 1 / siemens);
        break;
    case CELL_LAW_SINH:
        text_append(list->deck, "bc%s %s %s i=%.17g*sinh(min(max(%.17g*v(%s,%s),-%g),%g))\n", place->name + 1,
                    word->name, bit->name, siemens * law->v0_volts, 1 / law->v0_volts, word->name, bit->name,
                    CELL_LAW_SINH_LIMIT, CELL_LAW_SINH_LIMIT);
        break;
    case CELL_LAW_TABLE:
        text_append(list->deck, "bc%s %s %s i=%.17g*iv(v(%s,%s))\n", place->name + 1, word->name, bit->name,
                    siemens, word->name, bit->name);
        break;
    }
}

static void write_selector(struct netlist *list, const struct node *place, const struct node *from,
                           const struct node *to)
{
    const struct cell_selector *selector = &list->law.selector;
    double limit = fmax(CELL_LAW_SINH_LIMIT, 1.01 * list->span_volts / selector->v0_volts);
    text_append(list->deck, "bs%s %s %s i=%.17g*sinh(min(max(%.17g*v(%s,%s),-%g),%g))\n", place->name + 1,
                from->name, to->name, selector->i0_amperes, 1 / selector->v0_volts, from->name, to->name,
                limit, limit);
}

static void write_cells(struct netlist *list, size_t i)
{
    bool selected = cell_selector_exists(&list->law.selector), accessed = list->edges.r_access_ohm > 0;
    for (size_t j = 0; j < list->network->n_columns; j++) {
        double siemens = list->conductance[i * list->network->n_columns + j];
        struct node word = word_node(list, i, j), bit = bit_node(list, i, j), place = cell_node('c', i, j),
                    selector = cell_node('x', i, j), access = cell_node('a', i, j);
        const struct node *before_access = accessed ? &access : &bit;
        if (siemens == 0)
            continue;
        write_cell(list, &place, &word, selected ? &selector : before_access, siemens);
        if (selected)
            write_selector(list, &place, &selector, before_access);
        if (accessed)
            resistor(list, "a", &place, &access, &bit, list->edges.r_access_ohm);
    }
}

/* --- the deck --- */

static struct node ohm_text(double all_ohm, const double *lines_ohm)
{
    struct node text;
    if (lines_ohm == NULL)
        snprintf(text.name, sizeof text.name, "%g ohm", all_ohm);
    else
        snprintf(text.name, sizeof text.name, "as many ohm as its line has");
    return text;
}

static void write_head(struct netlist *list)
{
    const struct network *network = list->network;
    const struct network_lines *lines = &network->lines;
    text_append(
        list->deck,
        "* resistive array: %zu word lines x %zu bit lines\n"
        "*\n"
        "* word line i: source vinI (node sI), driver %s (to dI; on the right to fI), then %s before\n"
        "*              each cell\n"
        "* bit line j:  %s after each cell (the last to eJ; above the first, to hJ), sense resistance %s,\n"
        "*              then vJ at node oJ, a source of 0 V or of the bias, whose current i(vJ) flows into "
        "it\n"
        "* cell (i,j):  joins wI_J and bI_J, selector (from xI_J), access resistance %g ohm (from aI_J); "
        "an open\n*              cell is left out\n"
        "* A resistance of 0 is no element: the nodes it would join have one name (wI, bJ, sI or oJ). A sinh "
        "is\n"
        "* clamped where no solution lies, for the iterations.\n\n"
        ".options reltol=1e-9 vntol=1e-12 abstol=1e-18 gmin=1e-15 itl1=300 noacct\n",
        network->n_rows, network->n_columns, ohm_text(network->r_driver_ohm, lines->r_driver_ohm).name,
        ohm_text(network->r_word_line_ohm, lines->r_word_line_ohm).name,
        ohm_text(network->r_bit_line_ohm, lines->r_bit_line_ohm).name,
        ohm_text(network->r_sense_ohm, lines->r_sense_ohm).name, list->edges.r_access_ohm);
}

/* Without `optran` a failed operating point would be replaced, silently, by the end of a transient. */
static void write_control(size_t n_columns, struct text *deck)
{
    text_append(deck, "\n.control\noptran 1 1 1 0 0 0\nset numdgt=17\nop\n");
    for (size_t j = 0; j < n_columns; j++)
        text_append(deck, "print i(v%zu)\n", j);
    text_append(deck, "quit\n.endc\n.end\n");
}

/* Fills `list`; its row_reached is the caller's to free. */
static enum rs_status begin(const struct netlist_array *array, double span_volts, struct text *deck,
                            struct netlist *list, struct rs_error *err)
{
    size_t n_rows = array->network->n_rows, n_columns = array->network->n_columns;
    *list = (struct netlist){.network = array->network,
                             .conductance = array->conductance_siemens,
                             .span_volts = span_volts,
                             .segment_farad = array->segment_farad,
                             .model = array->model,
                             .deck = deck};
    if (array->edges != NULL)
        list->edges = *array->edges;
    if (array->law != NULL)
        list->law = *array->law;
    list->row_reached = memory_allocate(n_rows + n_columns, sizeof *list->row_reached, err);
    if (list->row_reached == NULL)
        return RS_INTERNAL;
    list->column_reached = list->row_reached + n_rows;
    reach_lines(list);
    return RS_OK;
}

/* Word lines with their cells, then bit lines. */
static void write_lines(struct netlist *list, const double *volts, bool terminated)
{
    for (size_t i = 0; i < list->network->n_rows; i++)
        if (list->row_reached[i]) {
            write_word_line(list, i, volts);
            write_cells(list, i);
        }
    for (size_t j = 0; j < list->network->n_columns; j++)
        write_bit_line(list, j, terminated);
}

enum rs_status netlist_write(const struct netlist_array *array, const double *volts, struct text *deck,
                             struct rs_error *err)
{
    struct netlist list;
    enum rs_status status = begin(array, 0, deck, &list, err);
    if (status != RS_OK)
        return status;
    list.span_volts = span(&list, volts);
    write_head(&list);
    write_law(&list.law, deck);
    write_lines(&list, volts, true);
    write_control(array->network->n_columns, deck);
    free(list.row_reached);
    return RS_OK;
}

static void write_ports(struct netlist *list, const char *name)
{
    text_append(list->deck, ".subckt %s", name);
    for (size_t i = 0; i < list->network->n_rows; i++)
        if (!row_floats(list, i))
            text_append(list->deck, "%ss%zu", i % 16 == 15 ? "\n+ " : " ", i);
    for (size_t j = 0; j < list->network->n_columns; j++)
        if (!column_floats(list, j))
            text_append(list->deck, "%so%zu", j % 16 == 0 ? "\n+ " : " ", j);
    text_append(list->deck, "\n");
}

static enum rs_status check_model(const struct netlist_array *array, struct rs_error *err)
{
    size_t n_columns = array->network->n_columns, n = array->network->n_rows * n_columns;
    for (size_t k = 0; k < n && array->model != NULL; k++)
        if (array->conductance_siemens[k] > 0 &&
            !netlist_model_reaches(array->model, array->conductance_siemens[k]))
            return rs_fail(err, RS_INPUT, "cell (%zu, %zu): %g S found, %g to %g S expected of model '%s'",
                           k / n_columns, k % n_columns, array->conductance_siemens[k],
                           array->model->low_siemens, array->model->high_siemens, array->model->name);
    return RS_OK;
}

enum rs_status netlist_write_subcircuit(const struct netlist_array *array, const char *name,
                                        double span_volts, struct text *deck, struct rs_error *err)
{
    struct netlist list;
    enum rs_status status = check_model(array, err);
    if (status == RS_OK)
        status = begin(array, span_volts, deck, &list, err);
    if (status != RS_OK)
        return status;
    write_law(&list.law, deck);
    write_ports(&list, name);
    write_lines(&list, NULL, false);
    text_append(deck, ".ends %s\n", name);
    free(list.row_reached);
    return RS_OK;
}
