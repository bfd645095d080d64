#include "array_oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef array_oracle_quad quad;

double array_oracle_uniform(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double resistance(uint64_t *state, double decades)
{
    double pick = array_oracle_uniform(state);
    return pick < 0.25 ? 0 : 10 * pow(10, decades * (array_oracle_uniform(state) - 0.5));
}

void array_oracle_make(uint64_t seed, size_t max_lines, double decades, struct array_oracle *array)
{
    uint64_t state = seed;
    struct network *network = &array->network;
    memset(array, 0, sizeof *array);
    array->seed = seed;
    network->n_rows = 1 + (size_t)(array_oracle_uniform(&state) * (double)max_lines);
    network->n_columns = 1 + (size_t)(array_oracle_uniform(&state) * (double)max_lines);
    network->r_word_line_ohm = resistance(&state, decades);
    network->r_bit_line_ohm = resistance(&state, decades);
    network->r_driver_ohm = resistance(&state, decades);
    network->r_sense_ohm = resistance(&state, decades);
    bool lines_open = array_oracle_uniform(&state) < 0.125;
    for (size_t i = 0; i < network->n_rows; i++)
        for (size_t j = 0; j < network->n_columns; j++) {
            bool open =
                array_oracle_uniform(&state) < 0.1 || (lines_open && (i == 1 || j + 1 == network->n_columns));
            double g = 1e-7 * pow(10, 4 * array_oracle_uniform(&state));
            array->conductance[i * network->n_columns + j] = open ? 0 : g;
        }
    for (size_t i = 0; i < network->n_rows; i++)
        array->volts[i] = array_oracle_uniform(&state) < 0.2 ? 0 : 0.4 * array_oracle_uniform(&state) - 0.2;
}

void array_oracle_make_large(uint64_t seed, double decades, struct network *network, double *conductance)
{
    uint64_t state = seed;
    double *const ohm[] = {&network->r_word_line_ohm, &network->r_bit_line_ohm, &network->r_driver_ohm,
                           &network->r_sense_ohm};
    for (size_t k = 0; k < sizeof ohm / sizeof ohm[0]; k++)
        *ohm[k] = 10 * pow(10, decades * (array_oracle_uniform(&state) - 0.5));
    for (size_t c = 0; c < network->n_rows * network->n_columns; c++)
        conductance[c] = 1e-7 * pow(10, 4 * array_oracle_uniform(&state));
}

static double ohm_of(double all, const double *lines, size_t i)
{
    return lines != NULL ? lines[i] : all;
}

/* One line: its segments, what lies between the outermost and its terminal, and its nodes. */
struct line {
    double wire_ohm;
    quad end_ohm;
    long first; /* node of its first cell; of all cells where the wire is 0 */
};

static struct line word_line(const struct network *network, size_t i)
{
    double wire = ohm_of(network->r_word_line_ohm, network->lines.r_word_line_ohm, i);
    return (struct line){wire,
                         (quad)wire + (quad)ohm_of(network->r_driver_ohm, network->lines.r_driver_ohm, i), 0};
}

static struct line bit_line(const struct network *network, size_t j)
{
    double wire = ohm_of(network->r_bit_line_ohm, network->lines.r_bit_line_ohm, j);
    return (struct line){wire, (quad)wire + (quad)ohm_of(network->r_sense_ohm, network->lines.r_sense_ohm, j),
                         0};
}

struct nodes {
    struct line *words, *bits; /* [n_rows], [n_columns] */
    long n_unknown;
};

static long unknown_nodes(const struct line *line, size_t n_cells)
{
    return line->wire_ohm > 0 ? (long)n_cells : line->end_ohm > 0;
}

/* Unknown ones first, then the sources, then the terminals. */
static struct nodes number_nodes(const struct network *network)
{
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    struct nodes nodes = {.words = calloc(n_rows + n_columns, sizeof *nodes.words)};
    nodes.bits = nodes.words + n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        nodes.words[i] = word_line(network, i);
        nodes.words[i].first = nodes.n_unknown;
        nodes.n_unknown += unknown_nodes(&nodes.words[i], n_columns);
    }
    for (size_t j = 0; j < n_columns; j++) {
        nodes.bits[j] = bit_line(network, j);
        nodes.bits[j].first = nodes.n_unknown;
        nodes.n_unknown += unknown_nodes(&nodes.bits[j], n_rows);
    }
    for (size_t i = 0; i < n_rows; i++)
        if (unknown_nodes(&nodes.words[i], n_columns) == 0)
            nodes.words[i].first = nodes.n_unknown + (long)i;
    for (size_t j = 0; j < n_columns; j++)
        if (unknown_nodes(&nodes.bits[j], n_rows) == 0)
            nodes.bits[j].first = nodes.n_unknown + (long)(n_rows + j);
    return nodes;
}

static long node_of(const struct line *line, size_t cell)
{
    return line->first + (line->wire_ohm > 0 ? (long)cell : 0);
}

/* Calls `branch` for every resistor. */
static void visit(const struct network *network, const struct nodes *nodes, const double *conductance,
                  void (*branch)(void *context, long a, long b, quad siemens), void *context)
{
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n_columns; j++) {
            const struct line *word = &nodes->words[i], *bit = &nodes->bits[j];
            long source = nodes->n_unknown + (long)i, terminal = nodes->n_unknown + (long)(n_rows + j);
            long here = node_of(word, j), below = node_of(bit, i);
            branch(context, here, below, (quad)conductance[i * n_columns + j]);
            if (j == 0 && word->end_ohm > 0)
                branch(context, source, here, 1 / word->end_ohm);
            else if (j > 0 && word->wire_ohm > 0)
                branch(context, node_of(word, j - 1), here, 1 / (quad)word->wire_ohm);
            if (i + 1 == n_rows && bit->end_ohm > 0)
                branch(context, below, terminal, 1 / bit->end_ohm);
            else if (i + 1 < n_rows && bit->wire_ohm > 0)
                branch(context, below, node_of(bit, i + 1), 1 / (quad)bit->wire_ohm);
        }
}

long array_oracle_branches(const struct network *network, const double *conductance,
                           void (*branch)(void *context, long a, long b, quad siemens), void *context)
{
    struct nodes nodes = number_nodes(network);
    visit(network, &nodes, conductance, branch, context);
    free(nodes.words);
    return nodes.n_unknown;
}

void array_oracle_potentials(const struct network *network, const double *volts, const double *words,
                             const double *bits, double *potentials)
{
    struct nodes nodes = number_nodes(network);
    size_t n = network->n_columns;
    memset(potentials, 0, ((size_t)nodes.n_unknown + network->n_rows + n) * sizeof *potentials);
    for (size_t c = 0; c < network->n_rows * n; c++) {
        potentials[node_of(&nodes.words[c / n], c % n)] = words[c];
        potentials[node_of(&nodes.bits[c % n], c / n)] = bits[c];
    }
    for (size_t i = 0; i < network->n_rows; i++)
        potentials[nodes.n_unknown + (long)i] = volts[i];
    free(nodes.words);
}

/* --- elimination --- */

struct mesh {
    long n;
    quad *siemens; /* [n][n], symmetric; the diagonal is never used */
};

static void join(void *context, long a, long b, quad siemens)
{
    struct mesh *mesh = context;
    mesh->siemens[a * mesh->n + b] += siemens;
    mesh->siemens[b * mesh->n + a] += siemens;
}

/* The star of node k becomes a mesh among its neighbours after it. */
static void eliminate(const struct mesh *mesh, long k)
{
    const quad *star = mesh->siemens + k * mesh->n;
    quad sum = 0;
    for (long i = k + 1; i < mesh->n; i++)
        sum += star[i];
    for (long i = k + 1; i < mesh->n; i++) {
        quad share = star[i] == 0 ? 0 : star[i] / sum;
        for (long j = k + 1; j < mesh->n && share != 0; j++)
            if (star[j] != 0)
                mesh->siemens[i * mesh->n + j] += share * star[j];
    }
}

void array_oracle_nodal(const struct network *network, const double *conductance, double *transfer)
{
    struct nodes nodes = number_nodes(network);
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    struct mesh mesh = {nodes.n_unknown + (long)(n_rows + n_columns), NULL};
    mesh.siemens = calloc((size_t)(mesh.n * mesh.n), sizeof *mesh.siemens);
    visit(network, &nodes, conductance, join, &mesh);
    for (long k = 0; k < nodes.n_unknown; k++)
        eliminate(&mesh, k);
    for (size_t i = 0; i < n_rows; i++) {
        const quad *source = mesh.siemens + (nodes.n_unknown + (long)i) * mesh.n + nodes.n_unknown;
        for (size_t j = 0; j < n_columns; j++)
            transfer[i * n_columns + j] = (double)source[n_rows + j];
    }
    free(mesh.siemens);
    free(nodes.words);
}

/* --- row recursion --- */

/* Solves (Cholesky in place, upper factor) matrix [n][n] x = right [n][m]. */
static void solve_positive(double *matrix, size_t n, double *right, size_t m)
{
    for (size_t k = 0; k < n; k++) {
        double *row = matrix + k * n, root = sqrt(row[k]);
        for (size_t j = k; j < n; j++)
            row[j] /= root;
        for (size_t c = 0; c < m; c++)
            right[k * m + c] /= root;
        for (size_t i = k + 1; i < n; i++) {
            double factor = row[i];
            for (size_t j = i; j < n && factor != 0; j++)
                matrix[i * n + j] -= factor * row[j];
            for (size_t c = 0; c < m && factor != 0; c++)
                right[i * m + c] -= factor * right[k * m + c];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t l = k + 1; l < n; l++)
            for (size_t c = 0; c < m; c++)
                right[k * m + c] -= matrix[k * n + l] * right[l * m + c];
        for (size_t c = 0; c < m; c++)
            right[k * m + c] /= matrix[k * n + k];
    }
}

/* Adds word line i: its admittance seen from the bit lines, and what its source drives into them. */
static void add_word_line(const struct network *network, const double *g, size_t i, double *state,
                          double *work)
{
    size_t n = network->n_columns, width = n + network->n_rows;
    double wire = 1 / network->r_word_line_ohm,
           driver = 1 / (network->r_driver_ohm + network->r_word_line_ohm);
    double *matrix = work, *right = work + n * n;
    memset(work, 0, (n * n + n * (n + 1)) * sizeof *work);
    for (size_t j = 0; j < n; j++) {
        matrix[j * n + j] = g[j] + (j > 0 ? wire : driver) + (j + 1 < n ? wire : 0);
        if (j > 0)
            matrix[j * n + j - 1] = matrix[(j - 1) * n + j] = -wire;
        right[j * (n + 1) + j] = g[j];
    }
    right[n] = driver;
    solve_positive(matrix, n, right, n + 1);
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++)
            state[a * width + b] += (a == b ? g[a] : 0) - g[a] * right[a * (n + 1) + b];
        state[a * width + n + i] += g[a] * right[a * (n + 1) + n];
    }
}

/* Moves the state [Y | J] down one wire: (1 + r Y)^-1 [Y | J]. */
static void add_wire(double r_ohm, size_t n, size_t width, double *state, double *work)
{
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            work[a * n + b] = (a == b) + r_ohm * state[a * width + b];
    solve_positive(work, n, state, width);
}

void array_oracle_riccati(const struct network *network, const double *conductance, double *transfer)
{
    size_t n = network->n_columns, n_rows = network->n_rows, width = n + n_rows;
    double *state = calloc(n * width, sizeof *state), *work = calloc(n * n + n * (n + 1), sizeof *work);
    for (size_t i = 0; i < n_rows; i++) {
        add_word_line(network, conductance + i * n, i, state, work);
        add_wire(network->r_bit_line_ohm + (i + 1 == n_rows ? network->r_sense_ohm : 0), n, width, state,
                 work);
    }
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n; j++)
            transfer[i * n + j] = state[j * width + n + i];
    free(state);
    free(work);
}

double array_oracle_distance(const double *one, const double *other, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double distance = one[i] == other[i] ? 0 : fabs(one[i] - other[i]) / fabs(other[i]);
        if (isnan(distance) || distance > worst)
            worst = distance;
    }
    return worst;
}
