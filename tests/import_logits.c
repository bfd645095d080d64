/* The answers of an imported model to its test items: import_logits WEIGHTS CONFIG ITEMS writes float32
 * logits, sample after sample, to standard output. */
#include <stdio.h>
#include <stdlib.h>

#include "model/import.h"

static enum rs_status write_logits(const struct transformer_file *file, struct rs_error *err)
{
    const struct transformer_shape *shape = &file->model.shape;
    size_t n_answers = transformer_shape_n_answers(shape);
    float *logits = malloc(shape->n_positions * n_answers * sizeof *logits);
    struct transformer_workspace *room = transformer_workspace_create(&file->model, err);
    enum rs_status status = room != NULL && logits != NULL ? RS_OK : RS_INTERNAL;
    for (size_t i = 0; i < file->test.n_samples && status == RS_OK; i++) {
        struct transformer_sample sample = transformer_items_sample(&file->test, shape, i);
        struct transformer_answer answer = {.logits = logits};
        size_t n = shape->task == TRANSFORMER_LANGUAGE ? n_answers * sample.n_words : n_answers;
        status = transformer_run(&file->model, &sample, room, NULL, NULL, &answer, err);
        if (status == RS_OK && fwrite(logits, sizeof *logits, n, stdout) != n)
            status = rs_fail(err, RS_IO, "cannot write");
    }
    transformer_workspace_destroy(room);
    free(logits);
    return status;
}

int main(int n, char **arguments)
{
    struct rs_error err = {{0}};
    struct transformer_file file = {0};
    if (n != 4)
        return RS_USAGE;
    enum rs_status status = import_open(arguments[1], arguments[2], arguments[3], &file, &err);
    if (status == RS_OK)
        status = transformer_pack(&file.model, kernel_chosen(), &err);
    if (status == RS_OK)
        status = write_logits(&file, &err);
    if (status != RS_OK)
        fprintf(stderr, "%s\n", err.text);
    transformer_file_clear(&file);
    return (int)status;
}
