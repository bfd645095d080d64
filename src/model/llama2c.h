/*
 * Checkpoints of llama2.c (Karpathy 2023), version 0: a Llama 2 model as raw little-endian numbers.
 *
 *     int32 x 7     width, hidden width, layers, heads, kv heads, words (negative: output weights of their
 *                   own follow at the end; positive: the embedding serves), longest sequence
 *     float32       embedding [word][d]; of all layers, one kind after the other: scale before attention [d],
 *                   q [d][d], k and v [kv][d], output [d][d], scale before the hidden product [d],
 *                   w1 (gate) [hidden][d], w2 (down) [d][hidden], w3 (up) [hidden][d]; last scale [d];
 * cosines and sines of the rotation [sequence][d_head / 2], which are computed here instead; output
 * [word][d]. Matrices are [output][input].
 *
 * RMS norms with epsilon 1e-5 and rotation of neighbouring components with base 10,000, as in llama2.c's run.
 */
#ifndef MODEL_LLAMA2C_H
#define MODEL_LLAMA2C_H

#include "model/transformer.h"

/*
 * Reads and checks everything: sizes, that the file ends where they say, finite weights. RS_INPUT with the
 * file's name, also for other versions; RS_IO where it cannot be read. On failure `out` is {0}. Does not pack
 * the model.
 */
enum rs_status llama2c_open(const char *path, struct transformer *out, struct rs_error *err) RS_MUST_CHECK;

#endif
