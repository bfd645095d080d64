#include "devices/measured.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/csv.h"

enum column { TARGET, READ, DEVICE, CYCLE, TIME, TEMPERATURE, VOLTAGE, COLUMNS };

#define CONDUCTANCE "a conductance from 0 to 1 S"
static const struct csv_column columns[COLUMNS] = {
    [TARGET] = {"target_siemens", CSV_NUMBER, true, QUANTITY_SIEMENS, 0, 1, CONDUCTANCE},
    [READ] = {"read_siemens", CSV_NUMBER, true, QUANTITY_SIEMENS, 0, 1, CONDUCTANCE},
    [DEVICE] = {"device", CSV_LABEL, false, QUANTITY_NONE, 0, 0, "a name"},
    [CYCLE] = {"cycle", CSV_LABEL, false, QUANTITY_NONE, 0, 0, "a name"},
    [TIME] = {"time_seconds", CSV_NUMBER, false, QUANTITY_SECOND, 1e-12, 1e12, "a time above 0 s"},
    [TEMPERATURE] = {"temperature_kelvin", CSV_NUMBER, false, QUANTITY_KELVIN, 1, 2000,
                     "a temperature from 1 K to 2000 K"},
    [VOLTAGE] = {"voltage_volts", CSV_NUMBER, false, QUANTITY_VOLT, -100, 100,
                 "a voltage from -100 V to 100 V"},
};
static const enum column axis_columns[MEASURED_AXES] = {TARGET, TIME, TEMPERATURE, VOLTAGE};

struct row {
    int level[MEASURED_AXES], device, cycle;
    size_t line;
    double read_siemens;
};

/* --- levels --- */

/* Where the value stands, or would stand, among the levels. */
static int place(const struct measured_levels *levels, double value)
{
    int low = 0, high = levels->n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (levels->values[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum rs_status collect_levels(const char *path, const struct csv *csv, int axis,
                                     struct measured_levels *levels, struct rs_error *err)
{
    const double *values = csv->values[axis_columns[axis]];
    *levels = (struct measured_levels){.n = values == NULL, .values = {(double)NAN}};
    for (size_t i = 0; values != NULL && i < csv->n_rows; i++) {
        int at = place(levels, values[i]);
        if (at < levels->n && levels->values[at] == values[i])
            continue;
        if (levels->n == MEASURED_LEVELS_MAX)
            return rs_fail_also(err, RS_INPUT,
                                "%s:%zu: error: more than %d different values of %s found; round them", path,
                                csv->lines[i], MEASURED_LEVELS_MAX, columns[axis_columns[axis]].name);
        memmove(&levels->values[at + 1], &levels->values[at], (size_t)(levels->n - at) * sizeof(double));
        levels->values[at] = values[i];
        levels->n++;
    }
    return RS_OK;
}

/* --- rows to groups --- */

static int compare_rows(const void *one, const void *other)
{
    const struct row *a = one, *b = other;
    const int keys[][2] = {{a->level[MEASURED_STATE], b->level[MEASURED_STATE]},
                           {a->device, b->device},
                           {a->cycle, b->cycle},
                           {a->level[MEASURED_TIME], b->level[MEASURED_TIME]},
                           {a->level[MEASURED_TEMPERATURE], b->level[MEASURED_TEMPERATURE]},
                           {a->level[MEASURED_VOLTAGE], b->level[MEASURED_VOLTAGE]}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static struct row *sorted_rows(const struct csv *csv, const struct measured *measured, struct rs_error *err)
{
    struct row *rows = memory_allocate(csv->n_rows, sizeof *rows, err);
    for (size_t i = 0; rows != NULL && i < csv->n_rows; i++) {
        struct row *row = &rows[i];
        for (int axis = 0; axis < MEASURED_AXES; axis++) {
            const double *values = csv->values[axis_columns[axis]];
            row->level[axis] = values == NULL ? 0 : place(&measured->levels[axis], values[i]);
        }
        row->device = csv->values[DEVICE] != NULL ? (int)csv->values[DEVICE][i] : -1;
        row->cycle = csv->values[CYCLE] != NULL ? (int)csv->values[CYCLE][i] : -1;
        row->line = csv->lines[i];
        row->read_siemens = csv->values[READ][i];
    }
    if (rows != NULL)
        qsort(rows, csv->n_rows, sizeof *rows, compare_rows);
    return rows;
}

static bool is_same_write(const struct row *one, const struct row *other)
{
    return one->level[MEASURED_STATE] == other->level[MEASURED_STATE] && one->device == other->device &&
           one->cycle == other->cycle;
}

static void add_read(struct measured_group *group, double read_siemens)
{
    double off = read_siemens - group->mean_siemens;
    group->n_reads++;
    group->mean_siemens += off / (double)group->n_reads;
    group->squares += off * (read_siemens - group->mean_siemens);
}

static void form_groups(const struct row *rows, struct measured *measured)
{
    bool are_known = measured->has_device || measured->has_cycle;
    bool by_device = measured->n_devices >= MEASURED_BLOCKS / 4;
    size_t write = 0;
    for (size_t i = 0; i < measured->n_rows; i++) {
        const struct row *row = &rows[i];
        struct measured_group *last = &measured->groups[measured->n_groups - (i > 0)];
        bool same = i > 0 && are_known && is_same_write(row, row - 1);
        write += i > 0 && !same;
        if (!same || memcmp(row->level, row[-1].level, sizeof row->level) != 0) {
            last = &measured->groups[measured->n_groups++];
            *last = (struct measured_group){.device = row->device, .write = write, .line = row->line};
            memcpy(last->level, row->level, sizeof row->level);
            last->block = (int)(by_device ? (size_t)row->device % MEASURED_BLOCKS : write % MEASURED_BLOCKS);
        }
        add_read(last, row->read_siemens);
    }
}

/* --- references --- */

static void pick_references(double read_volts, struct measured *measured)
{
    size_t counts[MEASURED_LEVELS_MAX] = {0};
    const struct measured_levels *kelvin = &measured->levels[MEASURED_TEMPERATURE];
    const struct measured_levels *volts = &measured->levels[MEASURED_VOLTAGE];
    const double room_kelvin = 300;
    int best = 0;
    for (size_t i = 0; i < measured->n_groups; i++)
        if (measured->groups[i].level[MEASURED_TIME] == 0)
            counts[measured->groups[i].level[MEASURED_TEMPERATURE]]++;
    for (int i = 1; i < kelvin->n; i++)
        if (counts[i] > counts[best] ||
            (counts[i] == counts[best] &&
             fabs(kelvin->values[i] - room_kelvin) < fabs(kelvin->values[best] - room_kelvin)))
            best = i;
    measured->reference[MEASURED_TEMPERATURE] = best;
    best = 0;
    for (int i = 1; i < volts->n; i++) {
        double wanted = isnan(read_volts) ? 0 : read_volts;
        if (fabs(volts->values[i] - wanted) < fabs(volts->values[best] - wanted))
            best = i;
    }
    measured->reference[MEASURED_VOLTAGE] = best;
}

bool measured_is_reference(const struct measured *measured, const struct measured_group *group, int free_axis)
{
    for (int axis = MEASURED_TIME; axis < MEASURED_AXES; axis++)
        if (axis != free_axis && group->level[axis] != measured->reference[axis])
            return false;
    return true;
}

static enum rs_status check_counts(const char *path, const struct measured *measured, struct rs_error *err)
{
    size_t counts[MEASURED_LEVELS_MAX] = {0}, lines[MEASURED_LEVELS_MAX] = {0};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < measured->n_groups; i++) {
        const struct measured_group *group = &measured->groups[i];
        int state = group->level[MEASURED_STATE];
        if (lines[state] == 0 || group->line < lines[state])
            lines[state] = group->line;
        counts[state] += measured_is_reference(measured, group, -1);
    }
    for (int k = 0; k < measured->levels[MEASURED_STATE].n; k++)
        if (counts[k] < MEASURED_WRITES_MIN)
            status = rs_fail_also(err, RS_INPUT,
                                  "%s:%zu: error: target %.6g S has %zu write%s at the earliest time and the "
                                  "reference temperature and voltage, at least %d expected",
                                  path, lines[k], measured->levels[MEASURED_STATE].values[k], counts[k],
                                  counts[k] == 1 ? "" : "s", MEASURED_WRITES_MIN);
    return status;
}

static size_t count_labels(const double *values, size_t n)
{
    double most = -1;
    for (size_t i = 0; values != NULL && i < n; i++)
        most = fmax(most, values[i]);
    return (size_t)(most + 1);
}

/* A voltage that targets are stated at must be one that was measured, or nothing can be told about it. */
static enum rs_status check_volts(const char *path, double read_volts, const struct measured *measured,
                                  struct rs_error *err)
{
    const struct measured_levels *volts = &measured->levels[MEASURED_VOLTAGE];
    double nearest = volts->values[measured->reference[MEASURED_VOLTAGE]];
    if (isnan(read_volts) || fabs(nearest - read_volts) <= 1e-9)
        return RS_OK;
    if (isnan(nearest))
        return rs_fail(err, RS_INPUT, "%s: error: a read voltage needs the column voltage_volts", path);
    return rs_fail(err, RS_INPUT, "%s: error: no row at the read voltage %g V; the nearest is %g V", path,
                   read_volts, nearest);
}

enum rs_status measured_read(const char *path, double read_volts, struct measured *out, struct rs_error *err)
{
    struct csv csv;
    struct row *rows = NULL;
    *out = (struct measured){0};
    enum rs_status status = csv_read(path, columns, COLUMNS, &csv, err);
    if (status != RS_OK)
        return status;
    for (int axis = 0; axis < MEASURED_AXES; axis++) {
        enum rs_status found = collect_levels(path, &csv, axis, &out->levels[axis], err);
        status = status == RS_OK ? found : status;
    }
    if (status != RS_OK)
        goto done;
    out->n_rows = csv.n_rows;
    out->has_device = csv.values[DEVICE] != NULL;
    out->has_cycle = csv.values[CYCLE] != NULL;
    out->n_devices = count_labels(csv.values[DEVICE], csv.n_rows);
    rows = sorted_rows(&csv, out, err);
    out->groups = memory_allocate(csv.n_rows, sizeof *out->groups, err);
    status = rows == NULL || out->groups == NULL ? RS_INTERNAL : RS_OK;
    if (status != RS_OK)
        goto done;
    form_groups(rows, out);
    pick_references(read_volts, out);
    status = check_volts(path, read_volts, out, err);
    if (status == RS_OK)
        status = check_counts(path, out, err);
done:
    free(rows);
    csv_clear(&csv);
    if (status != RS_OK)
        measured_clear(out);
    return status;
}

void measured_clear(struct measured *measured)
{
    free(measured->groups);
    measured->groups = NULL;
    measured->n_groups = 0;
}
