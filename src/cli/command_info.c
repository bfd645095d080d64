/* rescore info FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "io/safetensors.h"
#include "io/store.h"

struct listing {
    const struct store *store;
    const char *group;
    enum rs_status status;
    struct rs_error *err;
};

/* Long texts (the configuration) are shown by their first line. */
static void print_text(const char *name, const char *text)
{
    size_t length = strcspn(text, "\n");
    bool cut = text[length] != '\0' || length > 90;
    printf("  %-22s %.*s%s\n", name, (int)(length > 90 ? 90 : length), text, cut ? " ..." : "");
}

static void show_attribute(const char *name, bool ignored, void *context)
{
    struct listing *listing = context;
    char *text = NULL;
    double number;
    struct rs_error other;
    (void)ignored;
    if (store_read_text(listing->store, "/", name, &text, &other) == RS_OK)
        print_text(name, text);
    else if (store_read_number(listing->store, "/", name, &number, &other) == RS_OK)
        printf("  %-22s %.12g\n", name, number);
    else
        printf("  %-22s (an array or another type)\n", name);
    free(text);
}

static void show_dataset(struct listing *listing, const char *path)
{
    struct store_shape shape;
    char names[STORE_RANK_MAX][STORE_NAME_SIZE];
    char *text = NULL;
    struct rs_error other;
    listing->status = store_get_shape(listing->store, path, &shape, listing->err);
    if (listing->status != RS_OK)
        return;
    printf("  %-26s", path + 1);
    bool named = store_get_dimensions(listing->store, path, names, &other) == RS_OK;
    for (int i = 0; i < shape.rank; i++)
        printf("%s%s%s%zu", i > 0 ? ", " : " [", named ? names[i] : "", named && names[i][0] ? " " : "",
               shape.sizes[i]);
    printf("%s", shape.rank > 0 ? "]" : " (scalar)");
    if (store_read_text(listing->store, path, "units", &text, &other) == RS_OK)
        printf(" %s", text);
    printf("\n");
    free(text);
}

static void show_link(const char *name, bool is_dataset, void *context)
{
    struct listing *listing = context;
    char path[512];
    if (listing->status != RS_OK)
        return;
    snprintf(path, sizeof path, "%s/%s", strcmp(listing->group, "/") == 0 ? "" : listing->group, name);
    if (is_dataset) {
        show_dataset(listing, path);
        return;
    }
    struct listing inner = {listing->store, path, RS_OK, listing->err};
    listing->status = store_list(listing->store, path, show_link, &inner, listing->err);
    if (listing->status == RS_OK)
        listing->status = inner.status;
}

static enum rs_status show_tensors(const char *path, struct rs_error *err)
{
    struct safetensors *file = NULL;
    char shape[160], type[96];
    double n_values = 0;
    enum rs_status status = safetensors_open(path, &file, err);
    if (status != RS_OK)
        return status;
    printf("%s\ntensors:\n", path);
    for (size_t i = 0; i < safetensors_n_tensors(file); i++) {
        const struct safetensors_tensor *tensor = safetensors_tensor(file, i);
        safetensors_print_shape(tensor->rank, tensor->sizes, shape, sizeof shape);
        safetensors_print_type(tensor, type, sizeof type);
        printf("  %-58s %-5s %s\n", tensor->name, type, shape);
        n_values += (double)tensor->n_values;
    }
    printf("%zu tensors, %.0f values\n", safetensors_n_tensors(file), n_values);
    safetensors_close(file);
    return RS_OK;
}

static bool is_tensors(const char *path)
{
    static const char ending[] = ".safetensors";
    size_t length = strlen(path), n = sizeof ending - 1;
    return length > n && strcmp(path + length - n, ending) == 0;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct store *store = NULL;
    if (is_tensors(line->positionals[0]))
        return show_tensors(line->positionals[0], err);
    enum rs_status status = store_open(line->positionals[0], &store, err);
    if (status != RS_OK)
        return status;
    struct listing listing = {store, "/", RS_OK, err};
    printf("%s\nattributes:\n", line->positionals[0]);
    status = store_list_attributes(store, "/", show_attribute, &listing, err);
    if (status == RS_OK) {
        printf("datasets:\n");
        status = store_list(store, "/", show_link, &listing, err);
    }
    if (status == RS_OK)
        status = listing.status;
    store_close(store);
    return status;
}

const struct command command_info = {
    .name = "info",
    .summary = "show what is in a result, model, array or safetensors file",
    .arguments = "FILE",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .example = "rescore info demo.h5",
    .run = run,
};
