#include "cli/train_network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "experiment/plan.h"
#include "io/file.h"
#include "learn/train_transformer.h"

static bool show_step(void *context, const struct train_transformer_step *step)
{
    struct progress *progress = context;
    struct run_progress state = {
        .n_done = step->i_step + 1, .n_total = step->n_steps, .seconds = progress_seconds(progress)};
    progress_show(progress, &state);
    return !command_should_stop(NULL);
}

static void print_learned(const struct command_line *line, bool language,
                          const struct train_transformer_learned *learned)
{
    if (isnan(learned->keep_ratio))
        return;
    if (line->json)
        printf(", \"test_nll_pruned\": %.17g, \"test_error_pruned\": %.17g, \"keep_ratio\": %.17g",
               learned->test_nll, learned->test_error, learned->keep_ratio);
    else if (language)
        printf("learned thresholds keep %.2f %% of the keys; with them %.4f nats per character\n",
               100 * learned->keep_ratio, learned->test_nll);
    else
        printf("learned thresholds keep %.2f %% of the keys; with them %.2f %% of images wrong\n",
               100 * learned->keep_ratio, 100 * learned->test_error);
}

static void print_summary(const struct command_line *line, const struct transformer_file *file,
                          const struct train_transformer_learned *learned)
{
    const struct transformer_shape *shape = &file->model.shape;
    bool language = shape->task == TRANSFORMER_LANGUAGE;
    if (line->json)
        printf("{\"schema\": \"rescore-train/1\", \"kind\": \"transformer\", \"task\": \"%s\", "
               "\"test_nll\": %.17g, \"test_error\": %.17g, \"n_layers\": %zu, \"d\": %zu, \"n_heads\": %zu, "
               "\"n_weights\": %zu, \"n_test\": %zu, \"seed\": %llu",
               file->task, file->test_nll, file->test_error, shape->n_layers, shape->d, shape->n_heads,
               file->model.layout.n_weights, file->test.n_samples, (unsigned long long)file->seed);
    else if (!line->quiet && language)
        printf("%s: %zu layers, d = %zu, %zu heads, %zu weights; %.4f nats per character held out\n",
               file->task, shape->n_layers, shape->d, shape->n_heads, file->model.layout.n_weights,
               file->test_nll);
    else if (!line->quiet)
        printf("%s: %zu layers, d = %zu, %zu heads, %zu weights; %.2f %% of %zu held-out images wrong\n",
               file->task, shape->n_layers, shape->d, shape->n_heads, file->model.layout.n_weights,
               100 * file->test_error, file->test.n_samples);
    if (line->json || !line->quiet)
        print_learned(line, language, learned);
    if (line->json)
        printf("}\n");
}

/* The name of a file, without its folders: the model file says what it was made from, not where it lay. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static enum rs_status train_text(const struct command_line *line, const struct config *config,
                                 struct train_transformer_learned *learned, struct progress *progress,
                                 struct transformer_file *file, struct rs_error *err)
{
    struct characters text = {0};
    enum rs_status status = characters_open(config->workload.text, &text, err);
    if (status == RS_OK)
        status = train_transformer_text(&config->transformer, learned, &text,
                                        base_name(config->workload.text), (uint64_t)config->monte_carlo.seed,
                                        line->n_threads, show_step, progress, file, err);
    characters_clear(&text);
    return status;
}

static enum rs_status train_images(const struct command_line *line, const struct config *config,
                                   struct train_transformer_learned *learned, struct progress *progress,
                                   struct transformer_file *file, struct rs_error *err)
{
    struct images images = {0};
    enum rs_status status = images_open(config->workload.images, config->workload.labels, &images, err);
    if (status == RS_OK)
        status = train_transformer_images(
            &config->transformer, learned, &images, base_name(config->workload.images),
            (uint64_t)config->monte_carlo.seed, line->n_threads, show_step, progress, file, err);
    images_clear(&images);
    return status;
}

enum rs_status train_network(const struct command_line *line, const struct config *config,
                             struct rs_error *err)
{
    struct progress progress;
    struct transformer_file file = {0};
    bool text = config->workload.text[0] != '\0', images = config->workload.images[0] != '\0';
    if (text == images || images != (config->workload.labels[0] != '\0'))
        return rs_fail(err, RS_INPUT,
                       "%s: error: a transformer learns from workload.text, or from workload.images with "
                       "workload.labels: one of the two expected",
                       line->positionals[0]);
    enum rs_status status = file_check_writable(line->output, err);
    if (status != RS_OK)
        return status;
    struct attention_options array = plan_attention(config);
    array.cost = NULL; /* nothing is costed */
    struct train_transformer_learned learned = {.options = {&config->learned, &array}};
    progress_init(&progress, line, "steps");
    status = text ? train_text(line, config, &learned, &progress, &file, err)
                  : train_images(line, config, &learned, &progress, &file, err);
    progress_end(&progress);
    if (status == RS_OK)
        status = transformer_file_write(line->output, &file, err);
    if (status == RS_OK)
        print_summary(line, &file, &learned);
    transformer_file_clear(&file);
    return status;
}
