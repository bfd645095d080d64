/* Soft thresholds in a transformer: against finite differences in every family, with errors of the scores and
 * without, and against the network that runs with hard ones. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/transformer_gradient.h"
#include "numeric/matrix.h"
#include "numeric/random.h"
#include "transformer_fixture.h"

TestSuite(transformer_pruning, .timeout = 120);

enum { HEADS_MAX = 6, HEADS = 2 * HEADS_MAX, SEEN_MAX = 2048 };

/* Gentle enough that keys on both sides of the thresholds have slopes. */
static const struct soft_threshold_law gentle = {1.5, 6, 0.7, 3};

struct network {
    struct transformer_shape shape;
    struct transformer_layout layout;
    struct random_samples in;
    struct transformer_gradient_f64 *room;
    struct transformer_pruning pruning;
    double *weights, *gradient, thresholds[HEADS], by_threshold[HEADS];
    double noise;                 /* standard deviation of signals less scores */
    double seen[HEADS][SEEN_MAX]; /* signals of visible pairs, in ascending order once all are */
    size_t n_seen[HEADS];
};

static double score_of(const struct transformer_shape *shape, const double *query, const double *key)
{
    double sum = 0;
    for (size_t r = 0; r < shape->d_head; r++)
        sum += query[r] * key[r];
    return sum * transformer_score_scale(shape);
}

/* Scores and errors that belong to the pair. */
static void see(void *context, size_t sample, size_t layer, size_t head, size_t n, size_t stride,
                const double *queries, const double *keys, double *signals)
{
    struct network *network = context;
    struct random_key key = {.seed = 5,
                             .purpose = RANDOM_NOISY_READS,
                             .array = (uint32_t)(layer * HEADS_MAX + head),
                             .write = (uint32_t)sample};
    size_t at = layer * network->shape.n_heads + head;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double error = network->noise * random_normal(&key, (uint32_t)(i * n + j));
            signals[i * n + j] = score_of(&network->shape, queries + i * stride, keys + j * stride) + error;
            if (network->n_seen[at] < SEEN_MAX && (j <= i || network->shape.task != TRANSFORMER_LANGUAGE))
                network->seen[at][network->n_seen[at]++] = signals[i * n + j];
        }
}

static double loss_of(struct network *network, double *gradient)
{
    size_t n_counted = 0;
    network->pruning.gradient = gradient != NULL ? network->by_threshold : NULL;
    return transformer_gradient_f64_add(network->room, network->weights, N_SAMPLES, network->in.samples,
                                        gradient, &n_counted);
}

static int ascending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* A threshold in the middle of the widest gap between the second and the fourth fifth of its signals, so that
 * no small step brings one across. */
static double place_threshold(double *seen, size_t n)
{
    double widest = 0, threshold = 0;
    qsort(seen, n, sizeof *seen, ascending);
    for (size_t i = n / 5; i < 4 * n / 5; i++)
        if (seen[i + 1] - seen[i] > widest) {
            widest = seen[i + 1] - seen[i];
            threshold = 0.5 * (seen[i + 1] + seen[i]);
        }
    cr_assert_gt(widest, 1e-3);
    return threshold;
}

/* Layer by layer: what comes before changes what comes after. */
static void place_thresholds(struct network *network)
{
    for (size_t layer = 0; layer < network->shape.n_layers; layer++) {
        memset(network->n_seen, 0, sizeof network->n_seen);
        loss_of(network, NULL);
        for (size_t h = 0; h < network->shape.n_heads; h++) {
            size_t at = layer * network->shape.n_heads + h;
            network->thresholds[at] = place_threshold(network->seen[at], network->n_seen[at]);
        }
    }
}

static void make(struct network *network, int family, double noise)
{
    struct rs_error err = {{0}};
    network->shape = family_shape(family);
    network->layout = transformer_shape_layout(&network->shape);
    random_samples(&network->shape, 40, &network->in);
    network->room = transformer_gradient_f64_create(&network->shape, network->in.n_tokens, &err);
    cr_assert_not_null(network->room, "%s: %s", family_names[family], err.text);
    network->weights = random_weights(&network->shape, 40);
    network->gradient = calloc(network->layout.n_weights, sizeof *network->gradient);
    network->noise = noise;
    memset(network->thresholds, 0, sizeof network->thresholds);
    memset(network->by_threshold, 0, sizeof network->by_threshold);
    network->pruning = (struct transformer_pruning){gentle, 0.8, network->thresholds, NULL};
    matrix_use_one_thread();
    cr_assert_eq(transformer_gradient_f64_prune_borrow(network->room, &network->pruning, see, network, &err),
                 RS_OK);
    place_thresholds(network);
    if (noise == 0)
        cr_assert_eq(
            transformer_gradient_f64_prune_borrow(network->room, &network->pruning, NULL, NULL, &err), RS_OK);
}

static void clear(struct network *network)
{
    transformer_gradient_f64_destroy(network->room);
    free(network->weights);
    free(network->gradient);
}

/* The slope along one number by central differences of the fourth order. */
static double slope_along(struct network *network, double *number)
{
    const double step = 1e-4, kept = *number;
    double losses[4];
    const int places[4] = {-2, -1, 1, 2};
    for (int p = 0; p < 4; p++) {
        *number = kept + places[p] * step;
        losses[p] = loss_of(network, NULL);
    }
    *number = kept;
    return (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step);
}

Test(transformer_pruning, slopes_agree_with_finite_differences_in_every_family)
{
    static struct network network;
    for (int family = 0; family < N_FAMILIES; family++)
        for (int noisy = 0; noisy < 2; noisy++) {
            make(&network, family, 0.3 * noisy);
            size_t n = network.layout.n_weights, n_heads = network.shape.n_layers * network.shape.n_heads;
            double largest = 0, largest_head = 0;
            loss_of(&network, network.gradient);
            for (size_t i = 0; i < n; i++)
                largest = fmax(largest, fabs(network.gradient[i]));
            for (size_t h = 0; h < n_heads; h++)
                largest_head = fmax(largest_head, fabs(network.by_threshold[h]));
            cr_assert_gt(largest_head, 1e-3, "%s", family_names[family]);
            for (size_t h = 0; h < n_heads; h++)
                cr_assert_float_eq(network.by_threshold[h], slope_along(&network, &network.thresholds[h]),
                                   1e-8 * largest_head, "%s, noise %d, head %zu: %.12g and %.12g",
                                   family_names[family], noisy, h, network.by_threshold[h],
                                   slope_along(&network, &network.thresholds[h]));
            for (size_t i = (size_t)noisy; i < n; i += n / 61)
                cr_assert_float_eq(network.gradient[i], slope_along(&network, &network.weights[i]),
                                   1e-8 * largest, "%s, noise %d, weight %zu: %.12g and %.12g",
                                   family_names[family], noisy, i, network.gradient[i],
                                   slope_along(&network, &network.weights[i]));
            clear(&network);
        }
}

Test(transformer_pruning, thresholds_below_all_scores_change_nothing_but_the_penalty)
{
    static struct network network;
    for (int family = 0; family < N_FAMILIES; family++) {
        struct rs_error err = {{0}};
        make(&network, family, 0);
        size_t n = network.layout.n_weights, n_counted = 0;
        double *plain = calloc(n, sizeof *plain), largest = 0;
        network.pruning.law = (struct soft_threshold_law){10, 1000, 100, 1};
        for (size_t h = 0; h < HEADS; h++)
            network.thresholds[h] = -1e3;
        double pruned = loss_of(&network, network.gradient);
        cr_assert_eq(transformer_gradient_f64_prune_borrow(network.room, NULL, NULL, NULL, &err), RS_OK);
        double loss = transformer_gradient_f64_add(network.room, network.weights, N_SAMPLES,
                                                   network.in.samples, plain, &n_counted);
        /* every answer pays for all keys of all layers */
        cr_assert_float_eq(pruned, loss + 0.8 * (double)(network.shape.n_layers * n_counted), 1e-10);
        for (size_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(plain[i]));
        for (size_t i = 0; i < n; i++)
            cr_assert_float_eq(plain[i], network.gradient[i], 1e-12 * largest, "%s, weight %zu",
                               family_names[family], i);
        for (size_t h = 0; h < HEADS; h++)
            cr_assert_eq(network.by_threshold[h], 0);
        free(plain);
        clear(&network);
    }
}

/* In the limit of a sharp threshold, training's network is that of inference. */
Test(transformer_pruning, a_sharp_threshold_is_the_pruned_network)
{
    static struct network network;
    for (int family = 0; family < N_FAMILIES; family++) {
        struct transformer model;
        struct rs_error err = {{0}};
        int64_t n_kept = 0, n_visible = 0;
        make(&network, family, 0);
        random_transformer(family, 40, &model);
        for (size_t i = 0; i < network.layout.n_weights; i++)
            network.weights[i] = (double)model.weights[i];
        network.pruning.law = (struct soft_threshold_law){1e7, 1000, 100, 1};
        network.pruning.weight = 0;
        struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
        for (int s = 0; s < N_SAMPLES; s++) {
            struct attention_pruning hard = {(int)network.shape.n_heads, network.thresholds, 0, 0};
            struct transformer_answer answer = {0};
            size_t n_counted = 0;
            double loss = transformer_gradient_f64_add(network.room, network.weights, 1,
                                                       &network.in.samples[s], NULL, &n_counted);
            cr_assert_eq(transformer_run(&model, &network.in.samples[s], workspace, attention_hook_pruned,
                                         &hard, &answer, &err),
                         RS_OK);
            cr_assert_float_eq(answer.nll, loss, 2e-5 * (1 + loss), "%s, sample %d: %g and %g",
                               family_names[family], s, answer.nll, loss);
            n_kept += hard.n_kept;
            n_visible += hard.n_visible;
        }
        cr_assert(n_kept > n_visible / 6 && n_kept < n_visible * 5 / 6, "%s", family_names[family]);
        transformer_workspace_destroy(workspace);
        transformer_clear(&model);
        clear(&network);
    }
}

Test(transformer_pruning, single_precision_agrees_with_double_to_its_rounding)
{
    static struct network network;
    for (int family = 0; family < N_FAMILIES; family++) {
        struct rs_error err = {{0}};
        make(&network, family, 0);
        size_t n = network.layout.n_weights, n_counted = 0;
        float *weights = malloc(n * sizeof *weights), *gradient = calloc(n, sizeof *gradient);
        double by_threshold[HEADS] = {0}, square = 0, error = 0, largest = 0;
        for (size_t i = 0; i < n; i++)
            network.weights[i] = (double)(weights[i] = (float)network.weights[i]);
        struct transformer_gradient_f32 *room =
            transformer_gradient_f32_create(&network.shape, network.in.n_tokens, &err);
        double loss = loss_of(&network, network.gradient);
        struct transformer_pruning own = network.pruning;
        own.gradient = by_threshold;
        cr_assert_eq(transformer_gradient_f32_prune_borrow(room, &own, NULL, NULL, &err), RS_OK);
        double loss_f32 =
            transformer_gradient_f32_add(room, weights, N_SAMPLES, network.in.samples, gradient, &n_counted);
        cr_assert_float_eq(loss_f32, loss, 1e-5 * loss, "%s", family_names[family]);
        for (size_t i = 0; i < n; i++) {
            square += network.gradient[i] * network.gradient[i];
            error += pow((double)gradient[i] - network.gradient[i], 2);
        }
        cr_assert_lt(error, 1e-10 * square, "%s: %g", family_names[family], sqrt(error / square));
        for (size_t h = 0; h < network.shape.n_layers * network.shape.n_heads; h++)
            largest = fmax(largest, fabs(network.by_threshold[h]));
        for (size_t h = 0; h < network.shape.n_layers * network.shape.n_heads; h++)
            cr_assert_float_eq(by_threshold[h], network.by_threshold[h], 1e-4 * largest, "%s, head %zu: %g",
                               family_names[family], h, by_threshold[h] - network.by_threshold[h]);
        transformer_gradient_f32_destroy(room);
        free(weights);
        free(gradient);
        clear(&network);
    }
}
