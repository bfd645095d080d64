#include "crossbar/cell_law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* How far from 1 a table's factor at 0 V may lie, and its two halves from each other. */
#define FACTOR_ROUNDING 1e-6

/* The end of a table keeps at least this share of its last secant as slope: a flat cell has no Newton step.
 */
#define END_SLOPE_RATIO 0.1

#define MONOTONE_SLOPE_RATIO 3.0 /* of the secant: slopes within it make a rising cubic */

enum { SERIES_STEPS_MAX = 200 };
#define SERIES_PRECISION 1e-16

/* --- tables --- */

/* The first of the voltages from 0 on; n when there is none, or the halves differ. */
static size_t find_upper_half(size_t n, const double *volts, const double *factor)
{
    size_t first = 0;
    while (first < n && volts[first] < 0)
        first++;
    for (size_t i = 0; i < first; i++) {
        size_t mirror = n - 1 - i;
        if (mirror < first || fabs(volts[mirror] + volts[i]) > FACTOR_ROUNDING * volts[mirror] ||
            fabs(factor[mirror] - factor[i]) > FACTOR_ROUNDING * fabs(factor[i]))
            return n;
    }
    return first > 0 && n - first - (first < n && volts[first] == 0) != first ? n : first;
}

static enum rs_status check_table(size_t n, const double *volts, const double *factor, struct rs_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(volts[i]) || (i > 0 && !(volts[i] > volts[i - 1])))
            return rs_fail(err, RS_INPUT, "voltage %g found at [%zu], rising voltages expected", volts[i], i);
        if (!isfinite(factor[i]) || factor[i] <= 0)
            return rs_fail(err, RS_INPUT, "%g found at [%zu], a positive number expected", factor[i], i);
        if (volts[i] == 0 && fabs(factor[i] - 1) > FACTOR_ROUNDING)
            return rs_fail(err, RS_INPUT, "%g found at 0 V, 1 expected: /conductance is the value at 0 V",
                           factor[i]);
    }
    return RS_OK;
}

/* Slopes at the knots x [n], f [n], x[0] = 0 with slope 1; h and secants from the neighbours. */
static double slope_at(const double *x, const double *f, size_t n, size_t k)
{
    if (k == 0)
        return 1;
    double h = x[k] - x[k - 1], secant = (f[k] - f[k - 1]) / h;
    if (k + 1 < n) {
        double h_next = x[k + 1] - x[k], next = (f[k + 1] - f[k]) / h_next;
        double one = 2 * h_next + h, other = h_next + 2 * h;
        return (one + other) / (one / secant + other / next);
    }
    if (n < 3)
        return secant;
    double h_before = x[k - 1] - x[k - 2], before = (f[k - 1] - f[k - 2]) / h_before;
    double slope = ((2 * h + h_before) * secant - h * before) / (h + h_before);
    return fmin(fmax(slope, END_SLOPE_RATIO * secant), MONOTONE_SLOPE_RATIO * secant);
}

static void fill_pieces(const double *x, const double *f, size_t n, struct cell_law_piece *pieces)
{
    for (size_t k = 0; k < n; k++) {
        double slope = slope_at(x, f, n, k);
        pieces[k] = (struct cell_law_piece){x[k], f[k], slope, 0, 0};
        if (k + 1 == n)
            continue;
        double h = x[k + 1] - x[k], secant = (f[k + 1] - f[k]) / h, next = slope_at(x, f, n, k + 1);
        pieces[k].c = (3 * secant - 2 * slope - next) / h;
        pieces[k].d = (slope + next - 2 * secant) / (h * h);
    }
}

static enum rs_status check_rise(const double *x, const double *f, size_t n, struct rs_error *err)
{
    for (size_t k = 1; k < n; k++)
        if (!(f[k] > f[k - 1]))
            return rs_fail(err, RS_INPUT, "volts x factor falls to %g at %g V, a rising current expected",
                           f[k], x[k]);
    if (n > 1 && x[1] > MONOTONE_SLOPE_RATIO * f[1])
        return rs_fail(err, RS_INPUT, "%g found at the first voltage %g V, 1/3 or more expected", f[1] / x[1],
                       x[1]);
    return RS_OK;
}

enum rs_status cell_law_init_table(struct cell_law *law, size_t n, const double *volts, const double *factor,
                                   struct rs_error *err)
{
    enum rs_status status = check_table(n, volts, factor, err);
    size_t first = find_upper_half(n, volts, factor);
    *law = (struct cell_law){.kind = CELL_LAW_TABLE};
    if (status == RS_OK && (first == n || volts[n - 1] <= 0))
        status = rs_fail(err, RS_INPUT,
                         "voltages from %g to %g found, voltages from 0 on or symmetric to 0 expected",
                         n > 0 ? volts[0] : 0, n > 0 ? volts[n - 1] : 0);
    if (status != RS_OK)
        return status;
    size_t skip = volts[first] == 0, n_knots = n - first - skip + 1;
    double *x = memory_allocate(2 * n_knots, sizeof *x, err);
    law->pieces = memory_allocate(n_knots, sizeof *law->pieces, err);
    if (x == NULL || law->pieces == NULL) {
        free(x);
        cell_law_clear(law);
        return RS_INTERNAL;
    }
    double *f = x + n_knots;
    for (size_t k = 1; k < n_knots; k++) {
        x[k] = volts[first + skip + k - 1];
        f[k] = x[k] * factor[first + skip + k - 1];
    }
    status = check_rise(x, f, n_knots, err);
    law->n_pieces = n_knots;
    fill_pieces(x, f, n_knots, law->pieces);
    free(x);
    if (status != RS_OK)
        cell_law_clear(law);
    return status;
}

void cell_law_clear(struct cell_law *law)
{
    free(law->pieces);
    *law = (struct cell_law){0};
}

/* --- currents --- */

static double table_shape(const struct cell_law *law, double volts, double *slope)
{
    double size = fabs(volts);
    size_t low = 0, high = law->n_pieces;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (size < law->pieces[middle].start_volts)
            high = middle;
        else
            low = middle;
    }
    const struct cell_law_piece *piece = law->pieces + low;
    double s = size - piece->start_volts;
    *slope = piece->b + s * (2 * piece->c + s * 3 * piece->d);
    return copysign(piece->a + s * (piece->b + s * (piece->c + s * piece->d)), volts);
}

static double sinh_shape(double v0_volts, double volts, double *slope)
{
    double x = fmax(-CELL_LAW_SINH_LIMIT, fmin(CELL_LAW_SINH_LIMIT, volts / v0_volts)), y = sinh(x);
    *slope = sqrt(1 + y * y);
    if (fabs(x) < CELL_LAW_SINH_LIMIT)
        return v0_volts * y;
    return v0_volts * y + *slope * (volts - v0_volts * x);
}

/* f(v) and f'(v) */
static double shape(const struct cell_law *law, double volts, double *slope)
{
    *slope = 1;
    switch (law->kind) {
    case CELL_LAW_SINH:
        return sinh_shape(law->v0_volts, volts, slope);
    case CELL_LAW_TABLE:
        return table_shape(law, volts, slope);
    case CELL_LAW_LINEAR:
        break;
    }
    return volts;
}

bool cell_law_is_linear(const struct cell_law *law)
{
    return law->kind == CELL_LAW_LINEAR && !cell_selector_exists(&law->selector);
}

/* What the devices in series take at a current. */
static double series_volts(const struct cell_law *law, double amperes, double *slope_ohm)
{
    double volts = cell_selector_volts(&law->selector, amperes, slope_ohm);
    *slope_ohm += law->r_access_ohm;
    return volts + law->r_access_ohm * amperes;
}

/*
 * x + s(G f(x)) = volts for x between 0 and volts, s the devices in series: Newton, halving its bracket where
 * that leaves it. Both f and a resistance pull it down from above; a selector lets it rise from its slope at
 * 0.
 */
static double share_of_cell(const struct cell_law *law, double conductance, double volts)
{
    double low = 0, high = fabs(volts), x = high, slope, ohm;
    if (cell_selector_exists(&law->selector)) {
        series_volts(law, 0, &ohm);
        x = high / (1 + ohm * conductance);
    }
    for (int step = 0; step < SERIES_STEPS_MAX; step++) {
        double current = conductance * shape(law, x, &slope);
        double excess = x + series_volts(law, current, &ohm) - fabs(volts);
        if (excess > 0)
            high = x;
        else
            low = x;
        double next = x - excess / (1 + conductance * slope * ohm);
        if (!(next >= low && next <= high))
            next = low + (high - low) / 2;
        if (fabs(next - x) <= SERIES_PRECISION * x)
            break;
        x = next;
    }
    return copysign(x, volts);
}

double cell_law_current(const struct cell_law *law, double conductance_siemens, double volts,
                        double *tangent_siemens)
{
    double slope, ohm, ratio = law->r_access_ohm * conductance_siemens;
    bool selected = cell_selector_exists(&law->selector);
    if (law->kind == CELL_LAW_LINEAR && !selected) {
        *tangent_siemens = conductance_siemens / (1 + ratio);
        return *tangent_siemens * volts;
    }
    double inner = volts;
    if (ratio > 0 || (selected && conductance_siemens > 0))
        inner = share_of_cell(law, conductance_siemens, volts);
    double current = conductance_siemens * shape(law, inner, &slope);
    series_volts(law, current, &ohm);
    *tangent_siemens = conductance_siemens * slope / (1 + conductance_siemens * slope * ohm);
    return current;
}

void cell_law_currents(const struct cell_law *law, const double *conductance_siemens,
                       const double *word_volts, const double *bit_volts, size_t n, double *amperes)
{
    double tangent;
    if (law == NULL)
        for (size_t j = 0; j < n; j++)
            amperes[j] = conductance_siemens[j] * (word_volts[j] - bit_volts[j]);
    else
        for (size_t j = 0; j < n; j++)
            amperes[j] =
                cell_law_current(law, conductance_siemens[j], word_volts[j] - bit_volts[j], &tangent);
}
