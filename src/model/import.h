/*
 * Models of other programs: weights in a safetensors file under the names of Hugging Face's GPT-2, BERT
 * (sequence classifiers), ViT (image classifiers) and Llama, what they mean in config.json, and inputs made
 * by the model's own tokenizer or preprocessing in an HDF5 file:
 *
 *     /test                what is measured: groups of transformer_items.h; without targets, next words are
 * right; without segments, all are 0 /calibration         the same, for code scales and thresholds; absent:
 * the first half of /test
 */
#ifndef MODEL_IMPORT_H
#define MODEL_IMPORT_H

#include "model/transformer_file.h"

/* config.json in the folder of the weights. False where that path is too long. */
bool import_config_path(const char *weights, char *path, size_t path_size);

/*
 * Fills task, model (not packed), calibration and test of `file`, which is {0}; on failure the caller clears
 * what there is. The tensors' shapes are checked before the weights' memory is taken. RS_INPUT naming the
 * file, and the field, the tensor or the dataset: tensors that are missing, left over, of another shape or
 * type, or not finite.
 */
enum rs_status import_open(const char *weights, const char *config, const char *items,
                           struct transformer_file *file, struct rs_error *err) RS_MUST_CHECK;

#endif
