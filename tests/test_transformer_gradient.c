/* A transformer's loss and gradient: against finite differences, in both precisions, packed and one by one.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/transformer_gradient.h"
#include "numeric/matrix.h"
#include "numeric/random.h"
#include "transformer_fixture.h"

TestSuite(transformer_gradient, .timeout = 60);

struct network {
    struct transformer_shape shape;
    struct transformer_layout layout;
    struct random_samples in;
    struct transformer_gradient_f64 *room;
    double *weights, *gradient;
    size_t n_counted;
};

static void make(struct network *network, int family, uint64_t seed)
{
    struct rs_error err = {{0}};
    network->shape = family_shape(family);
    network->layout = transformer_shape_layout(&network->shape);
    random_samples(&network->shape, seed, &network->in);
    network->room = transformer_gradient_f64_create(&network->shape, network->in.n_tokens, &err);
    cr_assert_not_null(network->room, "%s: %s", family_names[family], err.text);
    network->weights = random_weights(&network->shape, seed);
    network->gradient = calloc(network->layout.n_weights, sizeof *network->gradient);
    network->n_counted = 0;
    matrix_use_one_thread();
}

static void clear(struct network *network)
{
    transformer_gradient_f64_destroy(network->room);
    free(network->weights);
    free(network->gradient);
}

static double loss_of(struct network *network, double *gradient)
{
    network->n_counted = 0;
    return transformer_gradient_f64_add(network->room, network->weights, N_SAMPLES, network->in.samples,
                                        gradient, &network->n_counted);
}

/* The slope along one weight by central differences of the fourth order. */
static double slope_along(struct network *network, size_t i)
{
    const double step = 1e-3, kept = network->weights[i];
    double losses[4];
    const int places[4] = {-2, -1, 1, 2};
    for (int p = 0; p < 4; p++) {
        network->weights[i] = kept + places[p] * step;
        losses[p] = loss_of(network, NULL);
    }
    network->weights[i] = kept;
    return (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step);
}

/* The largest slope of the kind, and how far the difference quotients are from it; error of fourth order:
 * step^4 / 30 times the fifth derivative, and 1e-15 of the loss / step: both some 1e-11 here. */
static void check_kind(struct network *network, int family, int kind, size_t layer)
{
    size_t first = transformer_shape_first(&network->layout, kind, layer);
    size_t n = network->layout.places[kind].n_rows * network->layout.places[kind].n_columns;
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(network->gradient[first + i]));
    cr_assert_gt(largest, 1e-4, "%s: %s has no effect", family_names[family],
                 transformer_shape_weights_name(kind));
    for (size_t i = 0; i<n; i += n> 24 ? n / 17 : 1)
        cr_assert_float_eq(network->gradient[first + i], slope_along(network, first + i), 1e-7 * largest,
                           "%s: %s %zu of layer %zu: %.12g and %.12g", family_names[family],
                           transformer_shape_weights_name(kind), i, layer, network->gradient[first + i],
                           slope_along(network, first + i));
}

Test(transformer_gradient, every_kind_of_weight_agrees_with_finite_differences_in_every_family)
{
    bool seen[TRANSFORMER_N_WEIGHTS] = {false};
    for (int family = 0; family < N_FAMILIES; family++) {
        struct network network;
        make(&network, family, 40 + (uint64_t)family);
        loss_of(&network, network.gradient);
        for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS; kind++)
            for (size_t layer = 0; network.layout.places[kind].n_rows > 0 &&
                                   layer < (transformer_shape_per_layer(kind) ? network.shape.n_layers : 1);
                 layer++) {
                check_kind(&network, family, kind, layer);
                seen[kind] = true;
            }
        clear(&network);
    }
    for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS; kind++)
        cr_assert(seen[kind], "%s", transformer_shape_weights_name(kind));
}

Test(transformer_gradient, samples_packed_together_give_the_sum_of_samples_alone)
{
    for (int family = 0; family < N_FAMILIES; family++) {
        struct network network;
        make(&network, family, 7);
        double together = loss_of(&network, network.gradient), alone = 0, largest = 0;
        size_t n_counted = 0, n = network.layout.n_weights;
        double *sum = calloc(n, sizeof *sum);
        for (int s = 0; s < N_SAMPLES; s++)
            alone += transformer_gradient_f64_add(network.room, network.weights, 1, &network.in.samples[s],
                                                  sum, &n_counted);
        cr_assert_eq(n_counted, network.n_counted);
        cr_assert_float_eq(together, alone, 1e-12 * alone, "%s", family_names[family]);
        for (size_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(sum[i]));
        for (size_t i = 0; i < n; i++)
            cr_assert_float_eq(sum[i], network.gradient[i], 1e-12 * largest, "%s, weight %zu",
                               family_names[family], i);
        free(sum);
        clear(&network);
    }
}

Test(transformer_gradient, single_precision_agrees_with_double_to_its_rounding)
{
    for (int family = 0; family < N_FAMILIES; family++) {
        struct network network;
        make(&network, family, 9);
        size_t n = network.layout.n_weights, n_counted = 0;
        float *weights = malloc(n * sizeof *weights), *gradient = calloc(n, sizeof *gradient);
        for (size_t i = 0; i < n; i++)
            network.weights[i] = (double)(weights[i] = (float)network.weights[i]);
        struct transformer_gradient_f32 *room =
            transformer_gradient_f32_create(&network.shape, network.in.n_tokens, NULL);
        double loss = loss_of(&network, network.gradient), square = 0, error = 0;
        double loss_f32 =
            transformer_gradient_f32_add(room, weights, N_SAMPLES, network.in.samples, gradient, &n_counted);
        cr_assert_eq(n_counted, network.n_counted);
        cr_assert_float_eq(loss_f32, loss, 1e-5 * loss, "%s", family_names[family]);
        for (size_t i = 0; i < n; i++) {
            square += network.gradient[i] * network.gradient[i];
            error += pow((double)gradient[i] - network.gradient[i], 2);
        }
        cr_assert_lt(error, 1e-10 * square, "%s: %g", family_names[family], sqrt(error / square));
        cr_assert_gt(error, 0, "%s: single precision without rounding", family_names[family]);
        transformer_gradient_f32_destroy(room);
        free(weights);
        free(gradient);
        clear(&network);
    }
}

/* Two implementations of one network. */
Test(transformer_gradient, the_running_and_the_training_network_agree)
{
    for (int family = 0; family < N_FAMILIES; family++) {
        struct transformer model;
        struct rs_error err = {{0}};
        struct network network;
        make(&network, family, 21);
        random_transformer(family, 21, &model);
        struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
        for (size_t i = 0; i < network.layout.n_weights; i++)
            network.weights[i] = (double)model.weights[i];
        for (int s = 0; s < N_SAMPLES; s++) {
            struct transformer_answer answer = {0};
            size_t n_counted = 0;
            double loss = transformer_gradient_f64_add(network.room, network.weights, 1,
                                                       &network.in.samples[s], NULL, &n_counted);
            cr_assert_eq(
                transformer_run(&model, &network.in.samples[s], workspace, NULL, NULL, &answer, &err), RS_OK);
            cr_assert_eq(answer.n_counted, n_counted);
            cr_assert_float_eq(answer.nll, loss, 2e-5 * (1 + loss), "%s, sample %d: %g and %g",
                               family_names[family], s, answer.nll, loss);
        }
        transformer_workspace_destroy(workspace);
        transformer_clear(&model);
        clear(&network);
    }
}

Test(transformer_gradient, a_gradient_is_repeated_to_the_bit)
{
    struct network network;
    make(&network, FAMILY_LLAMA, 3);
    double first = loss_of(&network, network.gradient);
    double *again = calloc(network.layout.n_weights, sizeof *again);
    cr_assert_eq(loss_of(&network, again), first);
    cr_assert_eq(memcmp(again, network.gradient, network.layout.n_weights * sizeof *again), 0);
    free(again);
    clear(&network);
}

Test(transformer_gradient, matrix_products_are_sums_of_products_in_all_four_forms)
{
    enum { M = 5, N = 7, K = 11, STRIDE = 13 };
    double a[STRIDE * STRIDE], b[STRIDE * STRIDE], out[M * STRIDE];
    float a32[STRIDE * STRIDE], b32[STRIDE * STRIDE], out32[M * STRIDE];
    const struct random_key key = {.seed = 5}, other = {.seed = 6};
    random_normals(&key, STRIDE * STRIDE, a);
    random_normals(&other, STRIDE * STRIDE, b);
    for (int i = 0; i < STRIDE * STRIDE; i++) {
        a32[i] = (float)a[i];
        b32[i] = (float)b[i];
    }
    for (int form = 0; form < 8; form++) {
        bool turn_a = form & 1, turn_b = form & 2, adds = form & 4;
        for (int i = 0; i < M * STRIDE; i++)
            out32[i] = (float)(out[i] = 0.5);
        matrix_multiply_f64(M, N, K, (struct matrix_f64){a, STRIDE, turn_a},
                            (struct matrix_f64){b, STRIDE, turn_b}, adds, out, STRIDE);
        matrix_multiply_f32(M, N, K, (struct matrix_f32){a32, STRIDE, turn_a},
                            (struct matrix_f32){b32, STRIDE, turn_b}, adds, out32, STRIDE);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < STRIDE; j++) {
                double sum = adds || j >= N ? 0.5 : 0;
                for (int k = 0; k < K && j < N; k++)
                    sum += a[turn_a ? k * STRIDE + i : i * STRIDE + k] *
                           b[turn_b ? j * STRIDE + k : k * STRIDE + j];
                cr_assert_float_eq(out[i * STRIDE + j], sum, 1e-14 * K, "form %d", form);
                cr_assert_float_eq((double)out32[i * STRIDE + j], sum, 1e-5, "form %d", form);
            }
    }
}
