/* rescore train CONFIG -o MODEL.h5 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/train_network.h"
#include "experiment/config.h"
#include "io/file.h"
#include "learn/train_memn2n.h"

enum { PATH_SIZE = 2048 };

static bool show_epoch(void *context, const struct train_memn2n_epoch *epoch)
{
    struct progress *progress = context;
    struct run_progress state = {
        .n_done = (size_t)epoch->n_done,
        .n_total = (size_t)epoch->n_total,
        .seconds = progress_seconds(progress),
    };
    progress_show(progress, &state);
    return !command_should_stop(NULL);
}

/* How the test items of each kind went. */
struct kinds {
    size_t n_wrong[MODEL_FILE_KINDS_MAX], n_test[MODEL_FILE_KINDS_MAX];
};

static enum rs_status count_kinds(const struct model_file *file, struct kinds *out, struct rs_error *err)
{
    size_t n_wrong;
    *out = (struct kinds){0};
    for (size_t i = 0; i < file->test.n_stories; i++)
        out->n_test[file->test.kind[i]]++;
    return memn2n_test(&file->model, &file->test, NULL, NULL, &n_wrong, out->n_wrong, NULL, err);
}

static void print_kinds(const struct command_line *line, const struct model_file *file,
                        const struct kinds *kinds)
{
    for (size_t i = 0; line->json && i < file->n_kinds; i++)
        printf("%s{\"kind\": \"%s\", \"n_wrong\": %zu, \"n_test\": %zu}", i > 0 ? ", " : "", file->kinds[i],
               kinds->n_wrong[i], kinds->n_test[i]);
    for (size_t i = 0; !line->json && file->n_kinds > 1 && i < file->n_kinds; i++)
        printf("%s: %zu of %zu wrong\n", file->kinds[i], kinds->n_wrong[i], kinds->n_test[i]);
}

static void print_summary(const struct command_line *line, const struct model_file *file,
                          const struct train_memn2n_learned *learned, const struct kinds *kinds)
{
    const struct memn2n_shape *shape = &file->model.shape;
    if (line->json) {
        printf("{\"schema\": \"rescore-train/1\", \"kind\": \"memn2n\", \"task\": \"%s\", \"test_error\": "
               "%.17g, ",
               file->task, file->test_error);
        if (file->threshold != NULL)
            printf("\"test_error_pruned\": %.17g, \"keep_ratio\": %.17g, ", learned->test_error,
                   learned->keep_ratio);
        printf("\"kinds\": [");
        print_kinds(line, file, kinds);
        printf("], \"n_hops\": %zu, \"d\": %zu, \"n_words\": %zu, \"n_test\": %zu, \"seed\": %llu}\n",
               shape->n_hops, shape->d, shape->n_words, file->test.n_stories, (unsigned long long)file->seed);
    } else if (!line->quiet) {
        printf("%s: %zu hops, d = %zu, %zu words; %.2f %% of %zu held-out questions answered wrong\n",
               file->task, shape->n_hops, shape->d, shape->n_words, 100 * file->test_error,
               file->test.n_stories);
        print_kinds(line, file, kinds);
        if (file->threshold != NULL)
            printf("learned thresholds keep %.2f %% of the keys; with them %.2f %% wrong\n",
                   100 * learned->keep_ratio, 100 * learned->test_error);
    }
}

static enum rs_status read_data(const struct command_line *line, const struct config *config,
                                struct story_data *data, struct rs_error *err)
{
    struct story_data_sizes sizes = train_memn2n_sizes(&config->train);
    enum rs_status status;
    switch (config->workload.kind) {
    case WORKLOAD_STORIES:
        status = train_options_check(&config->train, err);
        return status != RS_OK
                   ? status
                   : story_data_generate(config->workload.task[0] != '\0' ? config->workload.task : "mixed",
                                         (uint64_t)config->monte_carlo.seed, &sizes, data, err);
    case WORKLOAD_BABI:
        if (config->workload.file[0] == '\0')
            return rs_fail(err, RS_INPUT, "%s: error: workload.file: the folder of the bAbI files expected",
                           line->positionals[0]);
        return story_data_read(config->workload.file, config->workload.task, &sizes, data, err);
    default:
        return rs_fail(err, RS_INPUT, "%s: error: workload.kind: 'stories' or 'babi' expected by train",
                       line->positionals[0]);
    }
}

/* What a key says wrong is an error of the configuration; what a file of stories does names its own place. */
static enum rs_status collect(const struct command_line *line, const struct config *config,
                              struct story_data *data, struct rs_error *err)
{
    struct rs_error found = {{0}};
    enum rs_status status = read_data(line, config, data, &found);
    if (status == RS_OK)
        return status;
    bool placed = strstr(found.text, ": error:") != NULL;
    return rs_fail(err, status, "%s%s%s", placed ? "" : line->positionals[0],
                   placed ? "" : ": error: ", found.text);
}

static enum rs_status train(const struct command_line *line, const struct config *config,
                            struct rs_error *err)
{
    struct progress progress;
    struct model_file file = {0};
    struct story_data data = {0};
    struct attention_options array = plan_attention(config);
    struct train_memn2n_learned learned = {.options = &config->learned, .array = &array};
    struct kinds kinds;
    array.cost = NULL; /* nothing is costed */
    enum rs_status status = file_check_writable(line->output, err);
    if (status == RS_OK)
        status = collect(line, config, &data, err);
    if (status != RS_OK)
        return status;
    progress_init(&progress, line, "epochs");
    status = train_memn2n(&config->train, &learned, &data, (uint64_t)config->monte_carlo.seed,
                          line->n_threads, show_epoch, &progress, &file, err);
    progress_end(&progress);
    if (status == RS_OK)
        status = model_file_write(line->output, &file, err);
    if (status == RS_OK)
        status = count_kinds(&file, &kinds, err);
    if (status == RS_OK)
        print_summary(line, &file, &learned, &kinds);
    model_file_clear(&file);
    story_data_clear(&data);
    return status;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct configuration *configuration = NULL;
    enum rs_status status =
        config_load(line->positionals[0], line->n_sets, (const char *const *)line->sets, &configuration, err);
    if (status == RS_OK && configuration->n_sweeps > 0)
        status = rs_fail(err, RS_INPUT,
                         "%s: error: 'sweep' found, train takes one point; --set sweep={} leaves it out",
                         line->positionals[0]);
    if (status == RS_OK)
        status = config_blame(configuration,
                              configuration->base.workload.kind == WORKLOAD_TRANSFORMER
                                  ? train_network(line, &configuration->base, err)
                                  : train(line, &configuration->base, err),
                              err);
    config_destroy(configuration);
    return status;
}

const struct command command_train = {
    .name = "train",
    .summary = "train a memory network on stories, or a transformer",
    .arguments = "CONFIG -o MODEL.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .writes_store = true,
    .example = "rescore train stories.yaml --set workload.task=one-fact -o one-fact.h5",
    .run = run,
};
