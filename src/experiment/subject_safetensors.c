/* What opens transformers of other programs: weights, config.json, and items made by the user
 * (model/import.h). */
#include "experiment/subject_transformer.h"
#include "model/import.h"

enum rs_status subject_transformer_open_safetensors(const struct config *config,
                                                    struct transformer_file *file, struct rs_error *err)
{
    const struct workload_options *workload = &config->workload;
    char shape[OPTION_TEXT_SIZE];
    const struct {
        const char *key, *value, *expected;
    } paths[] = {{"workload.file", workload->file, "the weights"},
                 {"workload.items", workload->items, "an HDF5 file of test items"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i].value[0] == '\0')
            return rs_fail(err, RS_INPUT, "%s: missing; workload.kind: safetensors needs %s", paths[i].key,
                           paths[i].expected);
    if (!run_options_shape_path(workload, shape))
        return rs_fail(err, RS_INPUT, "workload.file: a path too long for its config.json found");
    return import_open(workload->file, shape, workload->items, file, err);
}
