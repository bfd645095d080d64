#include "report/provenance.h"

#include <stdlib.h>
#include <string.h>

#include "io/yaml.h"
#include "report/markup.h"
#include "report/number.h"

/* Appends an attribute between two pieces of markup, or nothing where it is absent. */
static void append_attribute(struct text *out, const struct result *result, const char *name,
                             const char *before, const char *after)
{
    char *value = result_attribute(result, name);
    if (value != NULL && value[0] != '\0') {
        text_append(out, "%s", before);
        markup_append(out, value);
        text_append(out, "%s", after);
    }
    free(value);
}

/* The text of SECTION.KEY in a configuration, or NULL. */
static const char *setting(const struct yaml_document *document, const char *section, const char *key)
{
    if (document == NULL || document->root->kind != YAML_MAPPING)
        return NULL;
    const struct yaml_node *mapping = yaml_find(document->root, section);
    const struct yaml_node *node =
        mapping != NULL && mapping->kind == YAML_MAPPING ? yaml_find(mapping, key) : NULL;
    return node != NULL && node->kind == YAML_SCALAR && node->text[0] != '\0' ? node->text : NULL;
}

static bool is_swept(const struct result *result, const char *key)
{
    for (size_t i = 0; i < result->n_knobs; i++)
        if (strcmp(result->knobs[i].key, key) == 0)
            return true;
    return false;
}

static void append_device(struct text *out, const struct result *result, const struct yaml_document *document)
{
    const char *preset = setting(document, "device", "preset"), *card = setting(document, "device", "card");
    const char *name = preset != NULL ? preset : card;
    if (is_swept(result, "device.preset") || is_swept(result, "device.card"))
        text_append(out, ", on the swept devices");
    else if (name != NULL) {
        text_append(out, ", on device <strong>");
        markup_append(out, name);
        text_append(out, "</strong>");
    }
}

static void append_array(struct text *out, const struct result *result, const struct yaml_document *document)
{
    const char *rows = setting(document, "array", "rows"), *columns = setting(document, "array", "columns");
    if (rows == NULL || columns == NULL || is_swept(result, "array.rows") ||
        is_swept(result, "array.columns"))
        return;
    text_append(out, ", in arrays of ");
    markup_append(out, rows);
    text_append(out, " word lines by ");
    markup_append(out, columns);
    text_append(out, " bit lines");
}

static void append_sweep(struct text *out, const struct result *result)
{
    if (result->n_knobs == 0) {
        text_append(out, "Nothing is swept. ");
        return;
    }
    text_append(out, "Swept: ");
    for (size_t i = 0; i < result->n_knobs; i++) {
        const struct result_knob *knob = &result->knobs[i];
        char first[NUMBER_SIZE], last[NUMBER_SIZE];
        result_print_value(knob, knob->order[0], first, sizeof first);
        result_print_value(knob, knob->order[knob->n - 1], last, sizeof last);
        text_append(out, "%s<code>", i == 0 ? "" : i + 1 < result->n_knobs ? ", " : " and ");
        markup_append(out, knob->key);
        text_append(out, "</code> (%zu value%s%s", knob->n, knob->n == 1 ? "" : "s",
                    knob->n == 1 ? ": " : ", ");
        markup_append(out, first);
        if (knob->n > 1) {
            text_append(out, knob->words != NULL ? " &#8230; " : " to ");
            markup_append(out, last);
        }
        text_append(out, ")");
    }
    text_append(out, result->n_knobs > 1 ? ", a grid of %zu points. " : ". ", result->n_points);
}

void provenance_append_summary(struct text *out, const struct result *result)
{
    struct yaml_document *document = NULL;
    struct rs_error ignored;
    char *configuration = result_attribute(result, "config_resolved_yaml");
    if (configuration != NULL &&
        yaml_parse("configuration", configuration, strlen(configuration), &document, &ignored) != RS_OK)
        document = NULL;
    text_append(out, "<p class=\"lead\">");
    char *workload = result_attribute(result, "workload");
    if (workload != NULL) {
        text_append(out, "<strong>");
        markup_append(out, workload);
        text_append(out, "</strong>");
    } else
        text_append(out, "A run");
    append_device(out, result, document);
    append_array(out, result, document);
    text_append(out, ": analog scores choose which keys are pruned. ");
    append_sweep(out, result);
    text_append(out, "%zu %s", result->n_trials,
                result->n_trials == 1 ? "trial (device instance)" : "trials (device instances)");
    if (result->n_visible != NULL && result->n_visible[0] > 0)
        text_append(out, " of %.15g decisions each", result->n_visible[0]);
    text_append(out, "%s", result->n_points > 1 ? " at every point" : "");
    append_attribute(out, result, "seed", ", seed ", "");
    text_append(out, ".");
    append_attribute(out, result, "thresholds", " Thresholds: ", ".");
    append_attribute(out, result, "hybrid", " <strong>Hybrid</strong>, no paper's own combination: ", ".");
    append_attribute(out, result, "readout", " Converter of analog values: ", ".");
    char *commit = result_attribute(result, "git_commit");
    if (commit != NULL) {
        text_append(out, " Program commit <code>");
        markup_format(out, "%.12s%s", commit, strlen(commit) > 40 ? " (modified)" : "");
        text_append(out, "</code>.");
    }
    free(commit);
    text_append(out, "</p>\n");
    free(workload);
    free(configuration);
    if (document != NULL)
        yaml_destroy(document);
}

void provenance_append_facts(struct text *out, const struct result *result)
{
    static const char *const facts[][2] = {{"source", "program"},
                                           {"git_commit", "program commit"},
                                           {"compiler", "compiler"},
                                           {"kernel", "kernel"},
                                           {"rng", "random numbers"},
                                           {"seed", "seed"},
                                           {"config_sha256", "configuration, SHA-256"},
                                           {"thresholds", "thresholds"},
                                           {"hybrid", "hybrid"},
                                           {"readout", "readout"},
                                           {"hdf5_version", "HDF5"},
                                           {"gsl_version", "GSL"},
                                           {"openblas_version", "OpenBLAS"},
                                           {"Conventions", "conventions"},
                                           {"schema_version", "schema of the file"}};
    text_append(out, "<div class=\"wide\"><table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char *value = result_attribute(result, facts[i][0]);
        if (value != NULL) {
            text_append(out, "<tr><th scope=\"row\">%s</th><td>", facts[i][1]);
            markup_append(out, value);
            text_append(out, "</td></tr>\n");
        }
        free(value);
    }
    text_append(out, "</tbody></table></div>\n");
}

void provenance_append_configuration(struct text *out, const struct result *result)
{
    append_attribute(out, result, "config_resolved_yaml",
                     "<details><summary>Resolved configuration</summary>\n<pre><code>",
                     "</code></pre></details>\n");
    append_attribute(out, result, "config_yaml",
                     "<details><summary>Configuration as written</summary>\n<pre><code>",
                     "</code></pre></details>\n");
}
