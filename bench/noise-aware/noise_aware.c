/* What thresholds cost in accuracy, and what fine-tuning with the array's noise gains (README.md); prints two
 * tables. Argument: a text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crossbar/measure.h"
#include "attention/attention.h"
#include "learn/train_memn2n.h"
#include "learn/train_transformer.h"
#include "numeric/statistics.h"

enum { SEEDS = 3, TRIALS = 3, LEVELS = 2, KINDS = 3, ITEMS_MAX = 400, N_TEXT = 60, WEIGHTS = 4 };

static const char *const kinds[KINDS] = {"one-fact", "deduction", "conjunction"};
static const double levels[LEVELS] = {2, 6};                /* device.programming_scale */
static const double weights[WEIGHTS] = {0.01, 0.1, 0.3, 1}; /* learned.weight */
static const double equal_keep = 0.25;

/* How thresholds are found: those that were learned; where equal_keep of both models' exact scores are kept;
 * those that were learned with noise, and for the model tuned without, where as many are kept in analog. */
enum rule { LEARNED, EQUAL, MATCHED, RULES };
static const char *const rules[RULES] = {"learned", "equal", "matched"};

static void check(enum rs_status status, const struct rs_error *err)
{
    if (status == RS_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void set(const struct option_table *table, void *options, const char *key, const char *text)
{
    char why[256];
    for (size_t i = 0; i < table->n_options; i++)
        if (strcmp(table->options[i].key, key) == 0 &&
            option_set(&table->options[i], options, text, why, sizeof why))
            return;
    fprintf(stderr, "%s: %s\n", key, text);
    exit(1);
}

/* --- the array: wan2022 without wires, its programming error scaled --- */

struct circuit {
    struct array_options array;
    struct encoding_options encoding;
    struct comparator_options comparator;
    struct readout_options readout;
    struct prune_options prune;
    struct recompute_options recompute;
    struct device_options device;
    struct attention_options options;
};

static void make_circuit(double scale, struct circuit *c)
{
    const char *const off[] = {"array.r_word_line", "array.r_bit_line", "array.r_driver", "array.r_sense"};
    option_fill_defaults(&frontend_options_array, &c->array);
    option_fill_defaults(&frontend_options_encoding, &c->encoding);
    option_fill_defaults(&frontend_options_comparator, &c->comparator);
    option_fill_defaults(&frontend_options_readout, &c->readout);
    option_fill_defaults(&prune_options_table, &c->prune);
    option_fill_defaults(&digital_options_recompute, &c->recompute);
    option_fill_defaults(&device_option_table, &c->device);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        set(&frontend_options_array, &c->array, off[i], "none");
    set(&frontend_options_array, &c->array, "array.rows", "32");
    c->device.programming_scale = scale;
    c->options = (struct attention_options){
        &c->array, &c->encoding, &c->comparator, &c->readout, &c->prune, &c->recompute, &c->device, 1, NULL};
}

/* --- models, their test items under analog decisions --- */

struct model {
    bool text;
    struct model_file memory;      /* stories */
    struct transformer_file words; /* text */
};

static size_t n_items_of(const struct model *model)
{
    size_t n = model->text ? model->words.test.n_samples : model->memory.test.n_stories;
    return n < ITEMS_MAX ? n : ITEMS_MAX;
}

static struct attention_shape shape_of(const struct model *model)
{
    const struct memn2n_shape *m = &model->memory.model.shape;
    const struct transformer_shape *t = &model->words.model.shape;
    if (!model->text)
        return (struct attention_shape){.n_layers = (int)m->n_hops,
                                        .n_heads = 1,
                                        .n_kv_heads = 1,
                                        .d = m->d,
                                        .n_keys_max = m->n_memories + m->n_empty,
                                        .n_queries_max = 1,
                                        .score_scale = 1};
    return (struct attention_shape){.n_layers = (int)t->n_layers,
                                    .n_heads = (int)t->n_heads,
                                    .n_kv_heads = (int)t->n_kv_heads,
                                    .d = t->d_head,
                                    .n_keys_max = t->n_positions,
                                    .n_queries_max = t->n_positions,
                                    .causal = true,
                                    .score_scale = transformer_score_scale(t)};
}

struct worker {
    struct memn2n_workspace *memory;
    struct transformer_workspace *words;
};

static struct worker open_worker(const struct model *model)
{
    struct rs_error err = {{0}};
    struct worker worker = {0};
    if (model->text)
        worker.words = transformer_workspace_create(&model->words.model, &err);
    else
        worker.memory = memn2n_workspace_create(&model->memory.model, &err);
    return worker;
}

static void close_worker(struct worker *worker)
{
    if (worker->words != NULL)
        transformer_workspace_destroy(worker->words);
    if (worker->memory != NULL)
        memn2n_workspace_destroy(worker->memory);
}

/* Stories: 1 where the answer is wrong; texts: nats per character. */
static double run_item(const struct model *model, const struct worker *worker, bool calibration, size_t i,
                       attention_hook *hook, void *context)
{
    struct rs_error err = {{0}};
    if (model->text) {
        const struct transformer_file *file = &model->words;
        struct transformer_sample sample =
            transformer_items_sample(calibration ? &file->calibration : &file->test, &file->model.shape, i);
        struct transformer_answer answer = {0};
        check(transformer_run(&file->model, &sample, worker->words, hook, context, &answer, &err), &err);
        return answer.nll / (double)answer.n_counted;
    }
    const struct model_file *file = &model->memory;
    struct story story = story_of_set(calibration ? &file->calibration : &file->test, i);
    int32_t answer;
    check(memn2n_answer(&file->model, &story, worker->memory, hook, context, &answer, NULL, &err), &err);
    return answer != story.answer;
}

/* Thresholds at which a share of the calibration items' exact scores is kept, one per layer. */
static void calibrate(const struct model *model, double keep, double *thresholds)
{
    struct rs_error err = {{0}};
    struct attention_shape shape = shape_of(model);
    struct threshold_options options = {.sharing = THRESHOLD_LAYER, .start_keep = keep};
    struct thresholds found;
    struct thresholds_scores scores;
    size_t n = (size_t)shape.n_layers * (size_t)shape.n_heads;
    size_t n_items = model->text ? model->words.calibration.n_samples : model->memory.calibration.n_stories;
    struct worker worker = open_worker(model);
    check(thresholds_init(&options, (size_t)shape.n_layers, (size_t)shape.n_heads, &found, &err), &err);
    check(thresholds_scores_init((size_t)shape.n_layers, (size_t)shape.n_heads, &scores, &err), &err);
    for (size_t i = 0; i < n_items; i++)
        run_item(model, &worker, true, i, thresholds_collect, &scores);
    thresholds_start(&found, &scores);
    memcpy(thresholds, found.values, n * sizeof *thresholds);
    thresholds_clear(&found);
    thresholds_scores_clear(&scores);
    close_worker(&worker);
}

/* Each item's metric, mean over trials. */
struct outcome {
    double keep, mean, items[ITEMS_MAX];
};

/* keep: of calibrated thresholds, or NAN for those that were learned. */
static void evaluate(const struct model *model, double keep, double scale, struct outcome *out)
{
    struct rs_error err = {{0}};
    struct circuit circuit;
    struct attention_setup setup;
    struct attention *attention;
    struct attention_shape shape = shape_of(model);
    size_t n_heads = (size_t)(shape.n_layers * shape.n_heads), n = n_items_of(model);
    int64_t n_kept = 0, n_visible = 0;
    struct attention_ranges ranges =
        model->text ? (struct attention_ranges){model->words.code_max_query, model->words.code_max_key,
                                                model->words.code_max_value}
                    : (struct attention_ranges){model->memory.code_max_query, model->memory.code_max_key,
                                                model->memory.code_max_value};
    make_circuit(scale, &circuit);
    check(setup_init(&circuit.options, &shape, ranges, &setup, &err), &err);
    if (isnan(keep))
        memcpy(setup.thresholds, model->text ? model->words.threshold : model->memory.threshold,
               n_heads * sizeof *setup.thresholds);
    else
        calibrate(model, keep, setup.thresholds);
    check(attention_create(&setup, QUERY_ANALOG, &attention, &err), &err);
    struct worker worker = open_worker(model);
    *out = (struct outcome){0};
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        attention_start(attention, trial, NULL);
        for (size_t i = 0; i < n; i++) {
            attention_set_sample(attention, (uint32_t)i);
            out->items[i] += run_item(model, &worker, false, i, attention_run, attention) / TRIALS;
        }
        for (size_t h = 0; h < n_heads; h++) {
            n_kept += attention_get_counts(attention)[h].n_kept;
            n_visible += attention_get_counts(attention)[h].n_visible;
        }
    }
    for (size_t i = 0; i < n; i++)
        out->mean += out->items[i] / (double)n;
    out->keep = (double)n_kept / (double)n_visible;
    close_worker(&worker);
    attention_destroy(attention);
    setup_clear(&setup);
}

/* --- training --- */

static struct threshold_options learning(double weight, bool noisy)
{
    struct threshold_options options;
    option_fill_defaults(&threshold_options_table, &options);
    options.weight = weight;
    options.noise = noisy ? THRESHOLD_NOISE_ARRAY : THRESHOLD_NOISE_NONE;
    return options;
}

/* scale 0: without noise. start NULL: trains first, without thresholds. */
static void train_stories(const char *kind, uint64_t seed, const struct model *start, double scale,
                          struct model *out)
{
    struct train_options options;
    struct story_data data;
    struct circuit circuit;
    struct rs_error err = {{0}};
    struct threshold_options learned = learning(0.1, scale > 0);
    option_fill_defaults(&train_options_table, &options);
    options.n_restarts = 1;
    options.n_test = ITEMS_MAX;
    make_circuit(scale, &circuit);
    struct story_data_sizes sizes = train_memn2n_sizes(&options);
    struct train_memn2n_learned job = {
        .options = &learned, .array = &circuit.options, .start = start != NULL ? &start->memory.model : NULL};
    check(story_data_generate(kind, seed, &sizes, &data, &err), &err);
    *out = (struct model){0};
    check(train_memn2n(&options, start != NULL ? &job : NULL, &data, seed, 1, NULL, NULL, &out->memory, &err),
          &err);
    story_data_clear(&data);
}

static void train_text(const struct characters *text, const struct model *start, double weight, double scale,
                       struct model *out, struct train_transformer_learned *job)
{
    struct transformer_options options;
    struct circuit circuit;
    struct rs_error err = {{0}};
    struct threshold_options learned = learning(weight, scale > 0);
    option_fill_defaults(&transformer_options_table, &options);
    options.n_layers = 2;
    options.d = 48;
    options.n_positions = 64;
    options.n_steps = 600;
    options.n_validate = 300;
    options.rate = 0.004;
    options.n_test = N_TEXT;
    options.positions = TRANSFORMER_POSITIONS_ROTARY_HALVES;
    make_circuit(scale, &circuit);
    *job = (struct train_transformer_learned){.options = {&learned, &circuit.options},
                                              .start = start != NULL ? start->words.model.weights : NULL};
    *out = (struct model){.text = true};
    check(train_transformer_text(&options, start != NULL ? job : NULL, text, "a text", 1, 1, NULL, NULL,
                                 &out->words, &err),
          &err);
}

static void clear(struct model *model)
{
    transformer_file_clear(&model->words);
    model_file_clear(&model->memory);
}

/* --- tables --- */

struct pair {
    struct outcome plain, aware;
};

/* Both models by every rule. */
static void compare(const struct model *plain, const struct model *aware, double scale,
                    struct pair *pairs[RULES])
{
    evaluate(plain, (double)NAN, scale, &pairs[LEARNED]->plain);
    evaluate(aware, (double)NAN, scale, &pairs[LEARNED]->aware);
    evaluate(plain, equal_keep, scale, &pairs[EQUAL]->plain);
    evaluate(aware, equal_keep, scale, &pairs[EQUAL]->aware);
    struct outcome *matched = &pairs[MATCHED]->plain;
    double wanted = pairs[LEARNED]->aware.keep, keep = wanted;
    pairs[MATCHED]->aware = pairs[LEARNED]->aware;
    evaluate(plain, keep, scale, matched);
    for (int i = 0; i < 2; i++) {
        keep = fmin(1, keep * wanted / matched->keep);
        evaluate(plain, keep, scale, matched);
    }
}

static void print_row(const char *what, double scale, enum rule rule, const struct pair *pairs,
                      size_t n_pairs, size_t n_items, double factor)
{
    double gains[KINDS * SEEDS * ITEMS_MAX], mean, half, sums[4] = {0};
    size_t n = 0;
    for (size_t p = 0; p < n_pairs; p++) {
        sums[0] += pairs[p].plain.keep / (double)n_pairs;
        sums[1] += pairs[p].aware.keep / (double)n_pairs;
        sums[2] += pairs[p].plain.mean / (double)n_pairs;
        sums[3] += pairs[p].aware.mean / (double)n_pairs;
        if (n_pairs > 1)
            gains[n++] = factor * (pairs[p].plain.mean - pairs[p].aware.mean);
        for (size_t i = 0; n_pairs == 1 && i < n_items; i++)
            gains[n++] = factor * (pairs[p].plain.items[i] - pairs[p].aware.items[i]);
    }
    statistics_interval(gains, n, 0.95, &mean, &half);
    printf("| %s | %g | %s | %.3f | %.3f | %.4g | %.4g | %+.3g [%+.3g, %+.3g] |\n", what, scale, rules[rule],
           sums[0], sums[1], factor * sums[2], factor * sums[3], mean, mean - half, mean + half);
    fflush(stdout);
}

static struct pair all_pairs[LEVELS][RULES][KINDS * SEEDS];

/* Rows of a kind of stories at both levels. */
static void print_kind(size_t k)
{
    for (size_t s = 0; s < SEEDS; s++) {
        struct model base, plain;
        train_stories(kinds[k], s + 1, NULL, 0, &base);
        train_stories(kinds[k], s + 1, &base, 0, &plain);
        for (size_t l = 0; l < LEVELS; l++) {
            struct model aware;
            struct pair *pairs[RULES];
            train_stories(kinds[k], s + 1, &base, levels[l], &aware);
            for (int rule = 0; rule < RULES; rule++)
                pairs[rule] = &all_pairs[l][rule][k * SEEDS + s];
            compare(&plain, &aware, levels[l], pairs);
            clear(&aware);
        }
        clear(&plain);
        clear(&base);
    }
    for (size_t l = 0; l < LEVELS; l++)
        for (int rule = 0; rule < RULES; rule++)
            print_row(kinds[k], levels[l], rule, all_pairs[l][rule] + k * SEEDS, SEEDS, ITEMS_MAX, 100);
}

static void print_stories(void)
{
    for (size_t k = 0; k < KINDS; k++)
        print_kind(k);
    for (size_t l = 0; l < LEVELS; l++)
        for (int rule = 0; rule < RULES; rule++)
            print_row("all three", levels[l], rule, all_pairs[l][rule], KINDS * SEEDS, ITEMS_MAX, 100);
}

static void print_text_noise(const struct characters *text, const struct model *base,
                             const struct model *plain)
{
    static struct pair found[RULES];
    struct pair *pairs[RULES] = {&found[LEARNED], &found[EQUAL], &found[MATCHED]};
    struct train_transformer_learned job;
    for (size_t l = 0; l < LEVELS; l++) {
        struct model aware;
        train_text(text, base, 0.1, levels[l], &aware, &job);
        compare(plain, &aware, levels[l], pairs);
        for (int rule = 0; rule < RULES; rule++)
            print_row("text", levels[l], rule, pairs[rule], 1, N_TEXT, 1);
        clear(&aware);
    }
}

static void print_header(void)
{
    printf(
        "\n| model | programming scale | thresholds | kept, plain | kept, aware | plain | aware | gain [95 "
        "%%] |\n|---|---|---|---|---|---|---|---|\n");
}

int main(int n, char **arguments)
{
    struct characters text;
    struct model base, tuned[WEIGHTS];
    struct train_transformer_learned job;
    struct rs_error err = {{0}};
    if (n != 2)
        return 64;
    check(characters_open(arguments[1], &text, &err), &err);
    measure_print_machine();
    train_text(&text, NULL, 0, 0, &base, &job);
    printf("\nText, no thresholds: %.4f nats.\n\n| learned.weight | pruned | nats, pruned | nats, the same "
           "weights unpruned |\n|---|---|---|---|\n",
           base.words.test_nll);
    for (size_t w = 0; w < WEIGHTS; w++) {
        train_text(&text, &base, weights[w], 0, &tuned[w], &job);
        printf("| %g | %.1f %% | %.4f | %.4f |\n", weights[w], 100 * (1 - job.keep_ratio), job.test_nll,
               tuned[w].words.test_nll);
        fflush(stdout);
    }
    print_header();
    print_text_noise(&text, &base, &tuned[1]);
    print_stories();
    for (size_t w = 0; w < WEIGHTS; w++)
        clear(&tuned[w]);
    clear(&base);
    characters_clear(&text);
    return 0;
}
