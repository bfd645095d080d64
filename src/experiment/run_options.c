#include "experiment/run_options.h"

#include <string.h>

#include "model/import.h"

static const char *const kinds[] = {"memn2n",      "qkv",     "stories",     "babi",
                                    "transformer", "llama2c", "safetensors", NULL};
static const char *const modes[] = {"sample", "law", "law-full", NULL};

#define TABLE(name, rows, type)                                                                              \
    const struct option_table name = {rows, sizeof rows / sizeof rows[0], sizeof(struct type)}

#define WORKLOAD(name) offsetof(struct workload_options, name)
static const struct option workload_rows[] = {
    {.key = "workload.kind",
     .kind = OPTION_CHOICE,
     .offset = WORKLOAD(kind),
     .initial = "memn2n",
     .choices = kinds,
     .flags = OPTION_NOT_SWEPT,
     .help =
         "memn2n: a memory network answering stories (embedded, or a file written by train); qkv: a "
         "q/k/v file; "
         "stories: generated, babi: a folder of bAbI files, both for train; transformer: a language model or "
         "classifier (embedded, or a file written by train; for train, what it learns from: workload.text, "
         "or "
         "workload.images and workload.labels); llama2c: a checkpoint of llama2.c (version 0) with "
         "workload.tokenizer, on workload.text; safetensors: weights of GPT-2, BERT, ViT or Llama under "
         "Hugging Face's names, with workload.shape, on workload.items"},
    {.key = "workload.file",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(file),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "the embedded model",
     .help = "model, checkpoint or q/k/v file; of babi the folder"},
    {.key = "workload.tokenizer",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(tokenizer),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "none",
     .help = "of llama2c: the tokenizer file of llama2.c that belongs to the checkpoint"},
    {.key = "workload.shape",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(shape),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "config.json beside workload.file",
     .help = "of safetensors: the model's config.json, which says what the weights' shapes cannot"},
    {.key = "workload.items",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(items),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "none",
     .help = "of safetensors: an HDF5 file of inputs made by the model's own tokenizer or preprocessing, in "
             "the groups /test and, where given, /calibration (docs/safetensors.md)"},
    {.key = "workload.task",
     .kind = OPTION_TEXT,
     .offset = WORKLOAD(task),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "mixed; of the embedded transformers text",
     .help =
         "which embedded transformer runs: text (the King James Bible, by characters) or digits (of MNIST); "
         "or "
         "what train learns: of stories one of 20 kinds (one-fact, two-facts, three-facts, two-relations, "
         "givers, yes-no, counting, lists, negation, uncertainty, coreference, conjunction, pairs, time, "
         "deduction, induction, positions, sizes, paths, motives), mixed (one-fact, two-facts and deduction) "
         "or joint (all); of babi a number from 1 to 20 or joint (all that the folder holds)"},
    {.key = "workload.text",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(text),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "none",
     .help = "a text file: what llama2c reads, cut at <|endoftext|> into samples; whose characters a "
             "transformer learns"},
    {.key = "workload.calibration_text",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(calibration_text),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "the first half of the samples of workload.text",
     .help = "of llama2c: another text, from which code scales and keep_ratio thresholds come"},
    {.key = "workload.images",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(images),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "none",
     .help = "grey images of 8 bits in one IDX file, as those of MNIST, which a transformer learns to tell"},
    {.key = "workload.labels",
     .kind = OPTION_PATH,
     .offset = WORKLOAD(labels),
     .flags = OPTION_NOT_SWEPT,
     .initial_help = "none",
     .help = "their labels, in another IDX file"},
    {.key = "workload.samples",
     .kind = OPTION_INTEGER,
     .offset = WORKLOAD(samples),
     .initial = "0",
     .low = 0,
     .high = 1 << 20,
     .flags = OPTION_NOT_SWEPT,
     .help = "how many test items or samples are used; 0: all"},
};
TABLE(run_options_workload, workload_rows, workload_options);

#define MONTE_CARLO(name) offsetof(struct monte_carlo_options, name)
static const struct option monte_carlo_rows[] = {
    {.key = "monte_carlo.trials",
     .kind = OPTION_INTEGER,
     .offset = MONTE_CARLO(trials),
     .initial = "8",
     .low = 1,
     .high = 1 << 20,
     .flags = OPTION_NOT_SWEPT,
     .help = "device instances; intervals are over them"},
    {.key = "monte_carlo.seed",
     .kind = OPTION_INTEGER,
     .offset = MONTE_CARLO(seed),
     .initial = "1",
     .low = 0,
     .high = 9007199254740992.0,
     .flags = OPTION_NOT_SWEPT,
     .help = "seed of every random draw"},
    {.key = "monte_carlo.mode",
     .kind = OPTION_CHOICE,
     .offset = MONTE_CARLO(mode),
     .initial = "sample",
     .choices = modes,
     .flags = OPTION_NOT_SWEPT,
     .help = "sample: every draw is made; law and law-full are not in this version"},
};
TABLE(run_options_monte_carlo, monte_carlo_rows, monte_carlo_options);

bool run_options_shape_path(const struct workload_options *workload, char path[OPTION_TEXT_SIZE])
{
    if (workload->shape[0] == '\0')
        return import_config_path(workload->file, path, OPTION_TEXT_SIZE);
    memcpy(path, workload->shape, sizeof workload->shape);
    return true;
}

const char *run_options_kind_name(const struct workload_options *workload)
{
    return kinds[workload->kind];
}
