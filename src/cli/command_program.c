/* rescore program TARGET.h5 -o ARRAY.h5: an array file whose conductances are targets becomes one of
 * programmed cells; everything else in it is kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "cli/command.h"
#include "crossbar/array_file.h"
#include "devices/law_current_voltage.h"
#include "devices/program_summary.h"
#include "io/file.h"
#include "io/store.h"

enum { DEVICE, METHOD, TIME, TEMPERATURE, READ_VOLTAGE };

struct job {
    struct array_file array; /* its conductances are the targets */
    struct device *device;
    struct random_key key;
    struct program_result result;
    const struct card_block *bend; /* the card's current-voltage law, for an array that has none; or NULL */
};

/* from: what stands before the value on the command line. */
static enum rs_status set_key(struct device_options *options, const char *from, const char *key,
                              const char *value, struct rs_error *err)
{
    char why[256];
    for (size_t i = 0; i < device_option_table.n_options; i++) {
        const struct option *option = &device_option_table.options[i];
        if (strcmp(option->key, key) != 0)
            continue;
        if (option_set(option, options, value, why, sizeof why))
            return RS_OK;
        return rs_fail(err, RS_INPUT, "%s%s: error: '%s': %s", from, value, key, why);
    }
    return rs_fail(err, RS_INPUT, "%s%s: error: a key of section device expected", from, value);
}

/* --set device.KEY=VALUE; a seed is not one of the device's. */
static enum rs_status read_sets(const struct command_line *line, struct device_options *options,
                                struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < line->n_sets && status == RS_OK; i++) {
        char key[128], from[160];
        const char *equals = strchr(line->sets[i], '=');
        size_t length = equals != NULL ? (size_t)(equals - line->sets[i]) : strlen(line->sets[i]);
        if (strncmp(line->sets[i], "monte_carlo.seed=", 17) == 0)
            continue;
        if (equals == NULL || length >= sizeof key)
            return rs_fail(err, RS_USAGE, "--set '%s' found, KEY=VALUE expected", line->sets[i]);
        snprintf(key, sizeof key, "%.*s", (int)length, line->sets[i]);
        snprintf(from, sizeof from, "--set %s=", key);
        status = set_key(options, from, key, equals + 1, err);
    }
    return status;
}

static bool is_method(const char *name)
{
    for (size_t i = 0; device_method_names[i] != NULL; i++)
        if (strcmp(device_method_names[i], name) == 0)
            return true;
    return false;
}

static enum rs_status read_device(const struct command_line *line, struct device *device,
                                  struct rs_error *err)
{
    struct device_options options;
    const char *name = line->values[DEVICE];
    enum rs_status status = RS_OK;
    option_fill_defaults(&device_option_table, &options);
    if (name != NULL && strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".yaml") == 0)
        status = set_key(&options, "--device ", "device.card", name, err);
    else if (name != NULL)
        status = set_key(&options, "--device ", "device.preset", name, err);
    if (status == RS_OK && line->values[METHOD] != NULL && !is_method(line->values[METHOD]))
        return rs_fail(err, RS_USAGE, "--method '%s' found, one-shot or write-verify expected",
                       line->values[METHOD]);
    if (status == RS_OK && line->values[METHOD] != NULL)
        status = set_key(&options, "--method ", "device.method", line->values[METHOD], err);
    if (status == RS_OK && line->values[TIME] != NULL)
        status = set_key(&options, "--time ", "device.time", line->values[TIME], err);
    if (status == RS_OK && line->values[TEMPERATURE] != NULL)
        status = set_key(&options, "--temperature ", "device.temperature", line->values[TEMPERATURE], err);
    if (status == RS_OK)
        status = read_sets(line, &options, err);
    if (status == RS_OK)
        status = device_open(&options, device, err);
    if (status == RS_INPUT && strstr(err->text, ": error: ") == NULL) {
        struct rs_error why = *err;
        return rs_fail(err, status, "--device %s: error: %s", name != NULL ? name : "ideal", why.text);
    }
    return status;
}

static enum rs_status read_seed(const struct command_line *line, uint64_t *seed, struct rs_error *err)
{
    char *end = NULL;
    *seed = 1;
    if (line->seed == NULL)
        return RS_OK;
    *seed = strtoull(line->seed, &end, 10);
    if (line->seed[0] < '0' || line->seed[0] > '9' || *end != '\0')
        return rs_fail(err, RS_USAGE, "--seed '%s' found, a whole number from 0 on expected", line->seed);
    return RS_OK;
}

/* Targets stated as I / V at a read voltage become small-signal conductances. */
static enum rs_status settle_bend(const struct command_line *line, struct job *job, struct rs_error *err)
{
    const struct card_block *bend = &job->device->card.blocks[LAW_CURRENT_VOLTAGE];
    const char *text = line->values[READ_VOLTAGE];
    size_t n = job->array.network.n_rows * job->array.network.n_columns;
    double volts;
    char why[256];
    if (bend->law != NULL && job->array.law.kind == CELL_LAW_LINEAR)
        job->bend = bend;
    if (text == NULL)
        return RS_OK;
    if (!quantity_parse(text, QUANTITY_VOLT, &volts, why, sizeof why))
        return rs_fail(err, RS_USAGE, "--read-voltage: %s", why);
    if (bend->law == NULL)
        return rs_fail(err, RS_INPUT, "--read-voltage: card %s has no block current_voltage",
                       job->device->card.name);
    double factor = law_current_voltage_factor(bend->law, &bend->params, volts);
    for (size_t i = 0; i < n; i++)
        job->array.conductance[i] /= factor;
    return RS_OK;
}

/* --- writing --- */

struct copy {
    const struct store *from;
    struct store *to;
    const struct card_block *bend;
    enum rs_status status;
    struct rs_error *err;
};

static bool is_own_attribute(const char *name)
{
    static const char *const own[] = {"device",     "method", "source",       "device_time_seconds",
                                      "git_commit", "seed",   "_NCProperties"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return false;
}

static void copy_attribute(const char *name, bool ignored, void *context)
{
    struct copy *copy = context;
    char *text = NULL;
    double *numbers = NULL;
    size_t n;
    struct rs_error other;
    (void)ignored;
    if (copy->status != RS_OK || is_own_attribute(name) || (copy->bend != NULL && strcmp(name, "cell") == 0))
        return;
    if (store_read_text(copy->from, "/", name, &text, &other) == RS_OK)
        copy->status = store_write_text(copy->to, "/", name, text, copy->err);
    else
        copy->status = store_read_numbers(copy->from, "/", name, &n, &numbers, copy->err);
    if (numbers != NULL && copy->status == RS_OK)
        copy->status = store_write_numbers(copy->to, "/", name, STORE_FLOAT64, n, numbers, copy->err);
    free(text);
    free(numbers);
}

/* What programming writes itself, here or in an earlier call. */
static bool is_own(const char *name)
{
    static const char *const own[] = {"conductance",   "target",      "pulses", "reversals",
                                      "energy_joules", "cycles_left", "failed", "stuck",
                                      "error",         "row",         "column", "vector"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return false;
}

/* The dimensions of a dataset that is kept: those of the array where it has them, else axes of its own. */
static enum rs_status name_axes(struct store *to, const char *name, const struct store_shape *shape,
                                char (*axes)[80], struct rs_error *err)
{
    static const char *const known[][3] = {{"voltage", "vector", "row"},
                                           {"word_line_floating", "row"},
                                           {"bit_line_floating", "column"},
                                           {"bit_line_bias", "column"}};
    enum rs_status status = RS_OK;
    for (int k = 0; k < shape->rank && status == RS_OK; k++) {
        const char *own = NULL;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcmp(name, known[i][0]) == 0 && k < 2)
                own = known[i][1 + k];
        if (own != NULL)
            snprintf(axes[k], sizeof axes[k], "%s", own);
        else
            snprintf(axes[k], sizeof axes[k], "%.60s_axis%d", name, k);
        if (own == NULL || strcmp(own, "vector") == 0)
            status = store_write_scale(to, axes[k], STORE_INT32, shape->sizes[k], NULL,
                                       (struct store_label){"1", NULL}, err);
    }
    return status;
}

static void copy_dataset(const char *name, bool is_dataset, void *context)
{
    struct copy *copy = context;
    struct store_shape shape;
    double *values = NULL;
    size_t n = 1;
    char axes[STORE_RANK_MAX][80];
    const char *dimensions[STORE_RANK_MAX];
    if (copy->status != RS_OK || !is_dataset || is_own(name) || store_is_text(copy->from, name))
        return;
    copy->status = store_get_shape(copy->from, name, &shape, copy->err);
    for (int k = 0; k < shape.rank && copy->status == RS_OK; k++)
        n *= shape.sizes[k];
    if (copy->status == RS_OK && (values = memory_allocate(n, sizeof *values, copy->err)) == NULL)
        copy->status = RS_INTERNAL;
    if (copy->status == RS_OK)
        copy->status = store_read(copy->from, name, STORE_FLOAT64, values, copy->err);
    for (int k = 0; k < STORE_RANK_MAX; k++)
        dimensions[k] = axes[k];
    if (copy->status == RS_OK)
        copy->status = name_axes(copy->to, name, &shape, axes, copy->err);
    if (copy->status == RS_OK)
        copy->status = store_write(copy->to, name, STORE_FLOAT64, &shape, dimensions, values,
                                   (struct store_label){NULL, NULL}, copy->err);
    free(values);
}

static enum rs_status write_results(const struct job *job, struct store *store, struct rs_error *err)
{
    const struct program_result *r = &job->result;
    size_t n_rows = job->array.network.n_rows, n_columns = job->array.network.n_columns;
    const struct store_shape shape = {2, {n_rows, n_columns}};
    double *error = memory_allocate(n_rows * n_columns, sizeof *error, err);
    if (error == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_rows * n_columns; i++)
        error[i] = r->conductance_siemens[i] - job->array.conductance[i];
    const struct {
        const char *name;
        enum store_type type;
        const void *values;
        struct store_label label;
    } fields[] = {
        {"conductance",
         STORE_FLOAT64,
         r->conductance_siemens,
         {"S", "programmed conductance after device.time"}},
        {"target", STORE_FLOAT64, job->array.conductance, {"S", "conductance asked for"}},
        {"error", STORE_FLOAT64, error, {"S", "conductance - target"}},
        {"pulses", STORE_INT32, r->pulses, {"1", "programming pulses given"}},
        {"reversals", STORE_INT32, r->reversals, {"1", "changes of their direction"}},
        {"energy_joules",
         STORE_FLOAT64,
         r->energy_joules,
         {"J", "of pulses and verify reads; NaN: not known"}},
        {"cycles_left",
         STORE_FLOAT64,
         r->cycles_left,
         {"1", "set and reset cycles until the cell is worn out, 0: it is; NaN: not known"}},
        {"failed", STORE_UINT8, r->failed, {"1", "1: write-verify gave up on the cell; one-shot: worn out"}},
        {"stuck", STORE_UINT8, r->frozen, {"1", "1: answers no pulse, stuck or worn out"}},
    };
    static const char *const axes[] = {"row", "column"};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && status == RS_OK; i++)
        status = store_write(store, fields[i].name, fields[i].type, &shape, axes, fields[i].values,
                             fields[i].label, err);
    free(error);
    return status;
}

/* As docs/interface.md 1 has it for the array file. */
static enum rs_status write_bend(const struct card_block *bend, struct store *store, struct rs_error *err)
{
    const double *volts, *factor;
    double v0;
    if (law_current_voltage_v0(bend->law, &bend->params, &v0)) {
        enum rs_status status = store_write_text(store, "/", "cell", "sinh", err);
        return status == RS_OK ? store_write_number(store, "/", "v0_volts", v0, err) : status;
    }
    const struct store_shape shape = {
        1, {law_current_voltage_points(bend->law, &bend->params, &volts, &factor)}};
    enum rs_status status = store_write_text(store, "/", "cell", "table", err);
    if (status == RS_OK)
        status = store_write(store, "iv_volts", STORE_FLOAT64, &shape, NULL, volts,
                             (struct store_label){"V", "voltages of the table"}, err);
    if (status == RS_OK)
        status = store_write(store, "iv_factor", STORE_FLOAT64, &shape, NULL, factor,
                             (struct store_label){"1", "chord in parts of small-signal conductance"}, err);
    return status;
}

static enum rs_status write_scales(const struct job *job, struct store *store, struct rs_error *err)
{
    enum rs_status status = store_write_scale(store, "row", STORE_INT32, job->array.network.n_rows, NULL,
                                              (struct store_label){"1", "word line"}, err);
    if (status == RS_OK)
        status = store_write_scale(store, "column", STORE_INT32, job->array.network.n_columns, NULL,
                                   (struct store_label){"1", "bit line"}, err);
    return status;
}

static enum rs_status write_file(const struct command_line *line, const struct job *job, struct rs_error *err)
{
    struct copy copy = {NULL, NULL, job->bend, RS_OK, err};
    struct store *from = NULL;
    char source[64];
    enum rs_status status = store_open(line->positionals[0], &from, err);
    if (status == RS_OK)
        status = store_create(line->output, &copy.to, err);
    copy.from = from;
    if (status == RS_OK)
        status = write_scales(job, copy.to, err);
    if (status == RS_OK)
        status = store_list_attributes(from, "/", copy_attribute, &copy, err);
    if (status == RS_OK && copy.status == RS_OK)
        status = store_list(from, "/", copy_dataset, &copy, err);
    if (status == RS_OK)
        status = copy.status;
    if (status == RS_OK)
        status = write_results(job, copy.to, err);
    if (status == RS_OK && job->bend != NULL)
        status = write_bend(job->bend, copy.to, err);
    snprintf(source, sizeof source, "rescore %s", version_number());
    const char *const texts[][2] = {{"device", job->device->card.name},
                                    {"method", device_method_names[job->device->method]},
                                    {"source", source},
                                    {"git_commit", version_commit()}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RS_OK; i++)
        status = store_write_text(copy.to, "/", texts[i][0], texts[i][1], err);
    if (status == RS_OK)
        status = store_write_number(copy.to, "/", "device_time_seconds", job->device->at.time_seconds, err);
    if (status == RS_OK)
        status = store_write_integer(copy.to, "/", "seed", (long long)job->key.seed, err);
    if (status == RS_OK) {
        status = store_commit(copy.to, err);
        copy.to = NULL;
    }
    store_close(copy.to);
    store_close(from);
    return status;
}

/* --- the summary --- */

static void print_number(const char *name, double value)
{
    if (isnan(value))
        printf(", \"%s\": null", name);
    else
        printf(", \"%s\": %.17g", name, value);
}

static void print_json(const struct job *job, const struct program_summary *s)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"n_cells", (double)s->n_cells},
                   {"n_failed", (double)s->n_failed},
                   {"n_frozen", (double)s->n_frozen},
                   {"n_worn_out", (double)s->n_worn_out},
                   {"mean_error_siemens", s->error_mean_siemens},
                   {"sigma_error_siemens", s->error_sigma_siemens},
                   {"largest_error_siemens", s->error_largest_siemens},
                   {"mean_pulses", s->pulses_mean},
                   {"median_pulses", s->pulses_median},
                   {"p95_pulses", s->pulses_p95},
                   {"p99_pulses", s->pulses_p99},
                   {"most_pulses", s->pulses_most},
                   {"mean_reversals", s->reversals_mean},
                   {"energy_joules", s->energy_joules},
                   {"mean_energy_joules", s->energy_per_cell_joules},
                   {"time_seconds", s->time_seconds},
                   {"mean_time_seconds", s->time_per_cell_seconds}};
    printf("{\"schema\": \"rescore-program/1\", \"device\": \"%s\", \"method\": \"%s\"",
           job->device->card.name, device_method_names[job->device->method]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        print_number(numbers[i].name, numbers[i].value);
    printf("}\n");
}

static void print_pulses(const struct program_summary *s)
{
    char energy[64], per_cell[64], time[64], time_per_cell[64];
    quantity_print(s->time_seconds, QUANTITY_SECOND, time, sizeof time);
    quantity_print(s->time_per_cell_seconds, QUANTITY_SECOND, time_per_cell, sizeof time_per_cell);
    snprintf(energy, sizeof energy, "%.4g nJ", s->energy_joules * 1e9);
    snprintf(per_cell, sizeof per_cell, "%.4g pJ", s->energy_per_cell_joules * 1e12);
    printf("pulses per cell                     mean %.4g, median %d, 95 %% %d, 99 %% %d, most %d\n",
           s->pulses_mean, (int)s->pulses_median, (int)s->pulses_p95, (int)s->pulses_p99,
           (int)s->pulses_most);
    printf("changes of direction per cell       %.4g\n", s->reversals_mean);
    printf("energy                              %s, %s per cell\n", energy, per_cell);
    printf("time, cells one after another       %s, %s per cell\n", time, time_per_cell);
}

static void print_summary(const struct command_line *line, const struct job *job,
                          const struct program_summary *s)
{
    if (line->json) {
        print_json(job, s);
        return;
    }
    printf("%zu x %zu cells, %s, %s\n\n", job->array.network.n_rows, job->array.network.n_columns,
           job->device->card.name, device_method_names[job->device->method]);
    printf("error, mean and standard deviation  %.4g +- %.4g uS, largest %.4g uS\n",
           s->error_mean_siemens * 1e6, s->error_sigma_siemens * 1e6, s->error_largest_siemens * 1e6);
    if (job->device->method == DEVICE_WRITE_VERIFY)
        print_pulses(s);
    printf("failed cells                        %zu (%.3g %%)\n", s->n_failed,
           100 * (double)s->n_failed / (double)s->n_cells);
    if (s->n_frozen > 0)
        printf("stuck cells                         %zu, of them worn out %zu\n", s->n_frozen, s->n_worn_out);
    printf("written to                          %s\n", line->output);
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct program_summary summary;
    struct job job = {.device = memory_allocate(1, sizeof *job.device, err)};
    enum rs_status status = job.device != NULL ? RS_OK : RS_INTERNAL;
    if (status == RS_OK)
        status = read_seed(line, &job.key.seed, err);
    if (status == RS_OK)
        status = read_device(line, job.device, err);
    if (status == RS_OK)
        status = array_file_read(line->positionals[0], false, &job.array, err);
    if (status == RS_OK)
        status = settle_bend(line, &job, err);
    size_t n_rows = job.array.network.n_rows, n_columns = job.array.network.n_columns;
    if (status == RS_OK)
        status = file_check_writable(line->output, err);
    if (status == RS_OK)
        status = program_allocate(n_rows * n_columns, &job.result, err);
    if (status == RS_OK)
        status =
            program_array(job.device, &job.key, n_rows, n_columns, job.array.conductance, &job.result, err);
    if (status == RS_OK)
        status = program_summarise(job.device, n_rows * n_columns, job.array.conductance, &job.result,
                                   &summary, err);
    if (status == RS_OK)
        status = write_file(line, &job, err);
    if (status == RS_OK && (!line->quiet || line->json))
        print_summary(line, &job, &summary);
    program_clear(&job.result);
    array_file_clear(&job.array);
    free(job.device);
    return status;
}

const struct command command_program = {
    .name = "program",
    .summary = "program an array of target conductances with a device's errors",
    .arguments = "TARGET.h5 -o ARRAY.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .writes_store = true,
    .options = {{"device", "NAME|CARD.yaml", "the device card (default wan2022)"},
                {"method", "NAME", "one-shot (default) or write-verify"},
                {"time", "TIME", "from the write to the read (default: the card's earliest published time)"},
                {"temperature", "T", "from the write on (default: that of the card's figures)"},
                {"read-voltage", "V",
                 "targets are I / V at this voltage, by the card's current_voltage (default: at 0 V)"}},
    .example = "rescore program target.h5 -o array.h5 --device cmo-accept2 --time \"1 day\"",
    .run = run,
};
