/* Reading device cards. The grammar of a block is the option table of its law. */
#include "devices/card.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/yaml.h"

/* CARD(symbol, name) in the order of `device list` */
#define CARD_LIST(CARD)                                                                                      \
    CARD(ideal, "ideal")                                                                                     \
    CARD(wan2022, "wan2022")                                                                                 \
    CARD(wan2022_crosssim, "wan2022-crosssim")                                                               \
    CARD(cmo_accept02, "cmo-accept02")                                                                       \
    CARD(cmo_accept2, "cmo-accept2")                                                                         \
    CARD(milo2021, "milo2021")                                                                               \
    CARD(pcm_nandakumar, "pcm-nandakumar")                                                                   \
    CARD(pcm_joshi, "pcm-joshi")                                                                             \
    CARD(hermes1, "hermes1")                                                                                 \
    CARD(hermes2, "hermes2")                                                                                 \
    CARD(gong2022_om, "gong2022-om")                                                                         \
    CARD(gong2022_hfo2, "gong2022-hfo2")                                                                     \
    CARD(worst_stuck10, "worst-stuck10")                                                                     \
    CARD(generic_hfo2, "generic-hfo2")                                                                       \
    CARD(generic_high_resistance, "generic-high-resistance")                                                 \
    CARD(generic_stanford, "generic-stanford")

#define CARD_DECLARE(symbol, name) extern const unsigned char card_embedded_##symbol[];
CARD_LIST(CARD_DECLARE)
#undef CARD_DECLARE

#define CARD_FORMAT "rescore-device-card"

static const char *const clamps[] = {"zero", "window", NULL};
static const char *const confidences[] = {"primary", "secondary", "assumed"};

#define MEMBER(name) offsetof(struct card_window, name)
static const struct option window_options[] = {
    {.key = "g_min",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_min_siemens),
     .low = 0,
     .high = 1,
     .help = "smallest programmable conductance"},
    {.key = "g_max",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_max_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "largest programmable conductance"},
    {.key = "clamp",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(clamp),
     .initial = "zero",
     .choices = clamps,
     .help = "where errors are cut off"},
};
static const struct option_table window_table = {
    window_options, sizeof window_options / sizeof window_options[0], sizeof(struct card_window)};

struct reader {
    const struct yaml_document *document;
    struct rs_error *err;
    enum rs_status status;
};

static void refuse(struct reader *reader, int line, int column, const char *text)
{
    reader->status = yaml_fail(reader->document, line, column, reader->err, "%s", text);
}

static void refuse_key(struct reader *reader, const struct yaml_node *node, const char *const *known,
                       size_t n_known)
{
    char text[256];
    const char *nearest = text_nearest(node->key, known, n_known);
    snprintf(text, sizeof text, "'%s': unknown key%s%s%s", node->key, nearest ? "; did you mean '" : "",
             nearest ? nearest : "", nearest ? "'?" : "");
    refuse(reader, node->key_line, node->key_column, text);
}

static void refuse_duplicate(struct reader *reader, const struct yaml_node *mapping)
{
    char text[256];
    const struct yaml_node *twice = yaml_find_duplicate(mapping);
    if (twice == NULL)
        return;
    snprintf(text, sizeof text, "'%s' stands twice", twice->key);
    refuse(reader, twice->key_line, twice->key_column, text);
}

static void copy_text(struct reader *reader, const struct yaml_node *node, char *text, size_t text_size)
{
    if (node->kind == YAML_SEQUENCE && node->n_children > 0)
        node = &node->children[0];
    if (node->kind != YAML_SCALAR)
        refuse(reader, node->line, node->column, "a text expected");
    else
        snprintf(text, text_size, "%s", node->text);
}

static void copy_confidence(struct reader *reader, const struct yaml_node *node, char *confidence)
{
    copy_text(reader, node, confidence, CARD_CONFIDENCE_SIZE);
    for (size_t i = 0; i < sizeof confidences / sizeof confidences[0]; i++)
        if (strcmp(confidence, confidences[i]) == 0)
            return;
    refuse(reader, node->line, node->column, "'confidence': one of primary, secondary, assumed expected");
}

static void set_option(struct reader *reader, const struct option *option, const struct yaml_node *node,
                       void *section)
{
    char why[256], text[400];
    bool good = true;
    if (node->kind == YAML_SEQUENCE && option->kind == OPTION_REALS) {
        for (size_t i = 0; i < node->n_children && good; i++)
            good = node->children[i].kind == YAML_SCALAR &&
                   option_add(option, section, i == 0, node->children[i].text, why, sizeof why);
    } else if (node->kind == YAML_SCALAR) {
        good = option_set(option, section, node->text, why, sizeof why);
    } else {
        good = false;
        snprintf(why, sizeof why, "one value expected");
    }
    if (good)
        return;
    snprintf(text, sizeof text, "'%s': %s", node->key, why);
    refuse(reader, node->line, node->column, text);
}

static const struct option *find_option(const struct option_table *table, const char *key)
{
    for (size_t i = 0; table != NULL && i < table->n_options; i++)
        if (strcmp(table->options[i].key, key) == 0)
            return &table->options[i];
    return NULL;
}

/* Reads a block's options, source and confidence; `kind` has been read already. */
static void read_block(struct reader *reader, const struct yaml_node *block, const struct option_table *table,
                       void *params, char *source, char *confidence)
{
    const char *known[64] = {"source", "confidence", "kind"};
    size_t n_known = 3;
    char text[256];
    refuse_duplicate(reader, block);
    for (size_t i = 0; table != NULL && i < table->n_options; i++)
        known[n_known++] = table->options[i].key;
    for (size_t i = 0; i < block->n_children; i++) {
        const struct yaml_node *node = &block->children[i];
        const struct option *option = find_option(table, node->key);
        if (option != NULL)
            set_option(reader, option, node, params);
        else if (strcmp(node->key, "source") == 0)
            copy_text(reader, node, source, OPTION_TEXT_SIZE);
        else if (strcmp(node->key, "confidence") == 0)
            copy_confidence(reader, node, confidence);
        else if (strcmp(node->key, "kind") != 0)
            refuse_key(reader, node, known, n_known);
    }
    for (size_t i = 0; table != NULL && i < table->n_options; i++) {
        const struct yaml_node *given = yaml_find(block, table->options[i].key);
        bool is_empty = given != NULL && given->kind == YAML_SEQUENCE && given->n_children == 0;
        if (option_is_set(&table->options[i], params) || table->options[i].initial_help != NULL)
            continue;
        if (given != NULL && !is_empty) /* refused already */
            continue;
        snprintf(text, sizeof text, "'%s' is %s", table->options[i].key, is_empty ? "empty" : "missing");
        refuse(reader, is_empty ? given->line : block->line, is_empty ? given->column : block->column, text);
    }
    if (source[0] == '\0' || confidence[0] == '\0')
        refuse(reader, block->line, block->column,
               "a source and a confidence (primary, secondary, assumed) expected");
}

static void read_window(struct reader *reader, const struct yaml_node *block, struct card *card)
{
    option_fill_defaults(&window_table, &card->window);
    read_block(reader, block, &window_table, &card->window, card->window_source, card->window_confidence);
    if (card->window.g_min_siemens >= card->window.g_max_siemens)
        refuse(reader, block->line, block->column, "g_min must be below g_max");
}

static void read_law(struct reader *reader, const struct yaml_node *block, enum law_block which,
                     struct card *card)
{
    const struct yaml_node *kind = yaml_find(block, "kind");
    struct card_block *out = &card->blocks[which];
    char why[256], text[512];
    if (kind == NULL || kind->kind != YAML_SCALAR) {
        refuse(reader, block->line, block->column, "'kind' is missing");
        return;
    }
    if (strcmp(kind->text, "none") == 0)
        return;
    const struct law *law = law_find(which, kind->text);
    if (law == NULL) {
        snprintf(text, sizeof text, "'%s' is no kind of %s", kind->text, law_block_name(which));
        refuse(reader, kind->line, kind->column, text);
        return;
    }
    out->law = law;
    option_fill_defaults(law->params, &out->params);
    enum rs_status before = reader->status;
    reader->status = RS_OK;
    read_block(reader, block, law->params, &out->params, out->source, out->confidence);
    if (reader->status == RS_OK && law->check != NULL && !law->check(&out->params, why, sizeof why))
        refuse(reader, block->line, block->column, why);
    if (reader->status == RS_OK)
        reader->status = before;
}

static void read_head(struct reader *reader, const struct yaml_node *node, struct card *card)
{
    char text[256];
    if (strcmp(node->key, "name") == 0)
        copy_text(reader, node, card->name, sizeof card->name);
    else if (strcmp(node->key, "summary") == 0)
        copy_text(reader, node, card->summary, sizeof card->summary);
    else if (strcmp(node->key, "citation") == 0)
        copy_text(reader, node, card->citation, sizeof card->citation);
    else if (strcmp(node->key, "format") == 0 &&
             (node->kind != YAML_SCALAR || strcmp(node->text, CARD_FORMAT) != 0))
        refuse(reader, node->line, node->column, "format " CARD_FORMAT " expected");
    else if (strcmp(node->key, "version") == 0 &&
             (node->kind != YAML_SCALAR || strcmp(node->text, "1") != 0)) {
        snprintf(text, sizeof text, "version 1 expected");
        refuse(reader, node->line, node->column, text);
    }
}

static const char *const card_keys[] = {"format",
                                        "version",
                                        "name",
                                        "summary",
                                        "citation",
                                        "window",
#define CARD_KEY(name, key, purpose, lifetime, help) key,
                                        LAW_BLOCK_LIST(CARD_KEY)
#undef CARD_KEY
};

static void read_key(struct reader *reader, const struct yaml_node *node, struct card *card)
{
    size_t n_keys = sizeof card_keys / sizeof card_keys[0];
    for (int block = 0; block < LAW_BLOCKS; block++)
        if (strcmp(node->key, law_block_name((enum law_block)block)) == 0) {
            if (node->kind == YAML_MAPPING)
                read_law(reader, node, (enum law_block)block, card);
            else
                refuse(reader, node->line, node->column, "a block of keys expected");
            return;
        }
    if (strcmp(node->key, "window") == 0) {
        if (node->kind == YAML_MAPPING)
            read_window(reader, node, card);
        else
            refuse(reader, node->line, node->column, "a block of keys expected");
        return;
    }
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(node->key, card_keys[i]) == 0) {
            read_head(reader, node, card);
            return;
        }
    refuse_key(reader, node, card_keys, n_keys);
}

static enum rs_status read_card(const struct yaml_document *document, struct card *card, struct rs_error *err)
{
    struct reader reader = {document, err, RS_OK};
    const struct yaml_node *root = document->root;
    *card = (struct card){0};
    if (root->kind != YAML_MAPPING)
        return yaml_fail(document, root->line, root->column, err, "a device card expected");
    refuse_duplicate(&reader, root);
    for (size_t i = 0; i < root->n_children; i++)
        read_key(&reader, &root->children[i], card);
    if (yaml_find(root, "format") == NULL || yaml_find(root, "window") == NULL || card->name[0] == '\0')
        refuse(&reader, root->line, root->column, "a device card needs format, name and window");
    return reader.status;
}

enum rs_status card_load_file(const char *path, struct card *card, struct rs_error *err)
{
    struct yaml_document *document = NULL;
    enum rs_status status = yaml_read(path, &document, err);
    if (status == RS_OK)
        status = read_card(document, card, err);
    yaml_destroy(document);
    return status;
}

enum rs_status card_parse(const char *path, const char *text, size_t n_bytes, struct card *card,
                          struct rs_error *err)
{
    struct yaml_document *document = NULL;
    enum rs_status status = yaml_parse(path, text, n_bytes, &document, err);
    if (status == RS_OK)
        status = read_card(document, card, err);
    yaml_destroy(document);
    return status;
}

#define CARD_NAME(symbol, name) name,
const char *const card_preset_names[] = {CARD_LIST(CARD_NAME) NULL};
#undef CARD_NAME

/* Each ends with a zero byte (build-aux/embed.sh). */
const char *card_preset_text(const char *name)
{
    const unsigned char *const texts[] = {
#define CARD_BYTES(symbol, name) card_embedded_##symbol,
        CARD_LIST(CARD_BYTES)
#undef CARD_BYTES
    };
    for (size_t i = 0; card_preset_names[i] != NULL; i++)
        if (strcmp(card_preset_names[i], name) == 0)
            return (const char *)texts[i];
    return NULL;
}

enum rs_status card_load_preset(const char *name, struct card *card, struct rs_error *err)
{
    const char *text = card_preset_text(name);
    if (text == NULL)
        return rs_fail(
            err, RS_INPUT,
            "no card named '%s'; `rescore device list` names them (a file of yours: './%s' or NAME.yaml)",
            name, name);
    return card_parse(name, text, strlen(text), card, err);
}

void card_times(const struct card *card, double *first_seconds, double *last_seconds)
{
    *first_seconds = 0;
    *last_seconds = (double)INFINITY;
    for (int i = 0; i < LAW_BLOCKS; i++) {
        const struct law *law = card->blocks[i].law;
        double first, last;
        if (law == NULL || law->times == NULL)
            continue;
        law->times(&card->blocks[i].params, &first, &last);
        *first_seconds = fmax(*first_seconds, first);
        *last_seconds = fmin(*last_seconds, last);
    }
}
