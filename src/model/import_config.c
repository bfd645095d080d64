#include "model/import_config.h"

#include <stdio.h>
#include <string.h>

#include "io/json.h"

enum { SIZE_MAX_READ = 1 << 30, SHOWN_SIZE = 96 }; /* closer bounds: transformer_shape_check */

static enum rs_status refuse(const struct json *json, const struct json_node *node, struct rs_error *err,
                             const char *expected)
{
    char shown[SHOWN_SIZE];
    json_describe(node, shown, sizeof shown);
    return json_fail(json, node, err, "'%s': %s found, %s expected", node->key, shown, expected);
}

static bool read_sides(const struct json_node *node, size_t sides[2])
{
    if (json_is_whole(node, SIZE_MAX_READ, &sides[0])) {
        sides[1] = sides[0];
        return sides[0] > 0;
    }
    return node->kind == JSON_ARRAY && node->n_children == 2 &&
           json_is_whole(node->first, SIZE_MAX_READ, &sides[0]) &&
           json_is_whole(node->first->next, SIZE_MAX_READ, &sides[1]) && sides[0] > 0 && sides[1] > 0;
}

static bool read_activation(const struct json_node *node, enum transformer_activation *activation)
{
    static const struct {
        const char *name;
        enum transformer_activation activation;
    } names[] = {{"gelu", TRANSFORMER_GELU_ERF},
                 {"gelu_python", TRANSFORMER_GELU_ERF},
                 {"gelu_new", TRANSFORMER_GELU_TANH},
                 {"gelu_fast", TRANSFORMER_GELU_TANH},
                 {"gelu_pytorch_tanh", TRANSFORMER_GELU_TANH}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (node->kind == JSON_TEXT && strcmp(node->text, names[i].name) == 0) {
            *activation = names[i].activation;
            return true;
        }
    return false;
}

static enum rs_status read_present(const struct json *json, const struct import_field *field,
                                   const struct json_node *node, struct import_config *config,
                                   struct rs_error *err)
{
    char shown[SHOWN_SIZE];
    void *member = (char *)config + field->offset;
    switch (field->kind) {
    case IMPORT_SIZE:
        if (!json_is_whole(node, SIZE_MAX_READ, member) || *(size_t *)member == 0)
            return refuse(json, node, err, "a whole number from 1");
        return RS_OK;
    case IMPORT_SIDES:
        return read_sides(node, member) ? RS_OK
                                        : refuse(json, node, err, "a whole number from 1, or two in a list");
    case IMPORT_REAL:
        if (node->kind != JSON_NUMBER || !(node->number > 0))
            return refuse(json, node, err, "a number above 0");
        *(double *)member = node->number;
        return RS_OK;
    case IMPORT_FLAG:
        if (node->kind != JSON_BOOLEAN)
            return refuse(json, node, err, "true or false");
        *(bool *)member = node->truth;
        return RS_OK;
    case IMPORT_ACTIVATION:
        return read_activation(node, member)
                   ? RS_OK
                   : refuse(json, node, err, "gelu, gelu_python, gelu_new, gelu_fast or gelu_pytorch_tanh");
    default:
        json_describe(node, shown, sizeof shown);
        return strcmp(shown, field->expected) == 0 ? RS_OK : refuse(json, node, err, field->expected);
    }
}

static enum rs_status read_fields(const struct json *json, struct import_config *config, struct rs_error *err)
{
    const struct import_family *family = config->family;
    for (size_t i = 0; i < family->n_fields; i++) {
        const struct import_field *field = &family->fields[i];
        const struct json_node *node = json_find(json->root, field->name);
        bool present = node != NULL && node->kind != JSON_NULL;
        if (!present && field->required)
            return json_fail(json, node, err, "'%s': missing; a %s expected", field->name,
                             field->kind == IMPORT_SIDES ? "size" : "whole number from 1");
        enum rs_status status = present ? read_present(json, field, node, config, err) : RS_OK;
        if (status != RS_OK)
            return status;
    }
    return RS_OK;
}

/* Rotary positions of other kinds than the plain one; the later form, "rope_parameters", also holds the base.
 */
static enum rs_status read_rotary(const struct json *json, struct import_config *config, struct rs_error *err)
{
    static const char *const names[] = {"rope_scaling", "rope_parameters"}, *const kinds[] = {"rope_type",
                                                                                              "type"};
    for (int i = 0; i < 2; i++) {
        const struct json_node *node = json_find(json->root, names[i]), *kind = NULL;
        if (node == NULL || node->kind == JSON_NULL)
            continue;
        for (int j = 0; j < 2 && kind == NULL; j++)
            kind = json_find(node, kinds[j]);
        if (kind == NULL || kind->kind != JSON_TEXT || strcmp(kind->text, "default") != 0) {
            char shown[SHOWN_SIZE];
            json_describe(kind != NULL ? kind : node, shown, sizeof shown);
            return json_fail(json, node, err, "'%s': %s found, null or the type 'default' expected", names[i],
                             shown);
        }
        const struct json_node *base = json_find(node, "rope_theta");
        if (base == NULL)
            continue;
        if (base->kind != JSON_NUMBER || !(base->number > 0))
            return refuse(json, base, err, "a number above 0");
        config->shape.rotary_base = base->number;
    }
    return RS_OK;
}

static enum rs_status complete_image(const struct json *json, struct import_config *config,
                                     struct rs_error *err)
{
    struct transformer_shape *shape = &config->shape;
    if (config->patch[0] != config->patch[1])
        return refuse(json, json_find(json->root, "patch_size"), err, "equal sides");
    shape->height = config->image[0];
    shape->width = config->image[1];
    shape->patch = config->patch[0];
    shape->n_positions = shape->height / shape->patch * (shape->width / shape->patch) + 1;
    return RS_OK;
}

/* What follows from the fields together. */
static enum rs_status complete(const struct json *json, struct import_config *config, struct rs_error *err)
{
    struct transformer_shape *shape = &config->shape;
    if (shape->d_hidden == 0)
        shape->d_hidden = 4 * shape->d;
    if (shape->n_kv_heads == 0)
        shape->n_kv_heads = shape->n_heads;
    if (shape->d_head == 0 && shape->d % shape->n_heads != 0)
        return json_fail(json, NULL, err, "%zu heads found, a divisor of the width of %zu expected",
                         shape->n_heads, shape->d);
    if (shape->d_head == 0)
        shape->d_head = shape->d / shape->n_heads;
    for (int i = 0; i < 3; i++)
        shape->bias = shape->bias || config->biases[i];
    /* rotary positions have no table: only samples are bounded */
    if (shape->positions != TRANSFORMER_POSITIONS_LEARNED && shape->n_positions > TRANSFORMER_POSITIONS_MAX)
        shape->n_positions = TRANSFORMER_POSITIONS_MAX;
    const struct json_node *labels = json_find(json->root, "id2label");
    if (shape->task == TRANSFORMER_CLASSES && labels != NULL && labels->kind == JSON_OBJECT)
        config->n_labels = labels->n_children;
    return shape->input == TRANSFORMER_PATCHES ? complete_image(json, config, err) : RS_OK;
}

static enum rs_status find_family(const struct json *json, struct import_config *config, struct rs_error *err)
{
    const struct json_node *type = json_find(json->root, "model_type");
    if (type == NULL)
        return json_fail(json, NULL, err, "'model_type': missing; " IMPORT_FAMILY_NAMES " expected");
    config->family = type->kind == JSON_TEXT ? import_family_find(type->text) : NULL;
    if (config->family == NULL)
        return refuse(json, type, err, IMPORT_FAMILY_NAMES);
    config->shape = config->family->shape;
    memcpy(config->biases, config->family->biases, sizeof config->biases);
    return RS_OK;
}

enum rs_status import_config_read(const char *path, struct import_config *out, struct rs_error *err)
{
    struct json *json;
    *out = (struct import_config){0};
    enum rs_status status = json_read(path, &json, err);
    if (status != RS_OK)
        return status;
    status = find_family(json, out, err);
    if (status == RS_OK)
        status = read_fields(json, out, err);
    if (status == RS_OK && out->shape.positions != TRANSFORMER_POSITIONS_LEARNED)
        status = read_rotary(json, out, err);
    if (status == RS_OK)
        status = complete(json, out, err);
    json_destroy(json);
    return status;
}
