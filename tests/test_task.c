/* How a task's answers are compared with the float model's, and the reference that prunes at random. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "attention_fixture.h"
#include "attention/attention.h"
#include "experiment/outcome.h"
#include "experiment/task.h"

TestSuite(task, .timeout = 60);

enum { SAMPLES = 25 };

static struct subject *open_stories(struct configuration **configuration)
{
    struct rs_error err;
    struct subject *subject;
    cr_assert_eq(config_parse("t.yaml", "workload: {samples: 25}\n", 0, NULL, configuration, &err), RS_OK,
                 "%s", err.text);
    cr_assert_eq(subject_open(&(*configuration)->base, &subject, &err), RS_OK, "%s", err.text);
    cr_assert_eq(subject_n_samples(subject), SAMPLES);
    return subject;
}

/* Exact attention whose outputs are scaled: every distribution is another one. */
static enum rs_status shrink(void *context, const struct attention_call *call, struct rs_error *err)
{
    enum rs_status status = attention_hook_exact(NULL, call, err);
    for (size_t i = 0; i < (size_t)call->n_query_heads * call->n_queries * call->d; i++)
        call->output[i] *= *(const float *)context;
    return status;
}

static void run_all(const struct subject *subject, size_t kept_bytes, int n_threads, float scale,
                    struct task_sums sums[SAMPLES])
{
    struct rs_error err;
    struct task *task;
    struct task_room *room;
    struct subject_worker *worker;
    cr_assert_eq(task_create(subject, kept_bytes, n_threads, &task, &err), RS_OK, "%s", err.text);
    cr_assert_eq(task_room_create(task, &room, &err), RS_OK);
    cr_assert_eq(subject_worker_create(subject, &worker, &err), RS_OK);
    for (size_t i = 0; i < SAMPLES; i++)
        cr_assert_eq(task_run(task, room, worker, i, shrink, &scale, &sums[i], &err), RS_OK);
    subject_worker_destroy(worker);
    task_room_destroy(room);
    task_destroy(task);
}

Test(task, of_the_float_model_itself_diverges_nowhere)
{
    struct configuration *configuration;
    struct subject *subject = open_stories(&configuration);
    struct task_sums sums[SAMPLES];
    run_all(subject, TASK_KEPT_BYTES, 1, 1, sums);
    for (size_t i = 0; i < SAMPLES; i++)
        cr_assert(sums[i].n_counted == 1 && sums[i].kl == 0 && sums[i].n_agreeing == 1);
    subject_close(subject);
    config_destroy(configuration);
}

/* sum p ln(p / q) as it is defined, from the logits; kept or run again, for any number of threads. */
Test(task, divergence_is_that_of_the_two_distributions)
{
    struct configuration *configuration;
    struct subject *subject = open_stories(&configuration);
    struct subject_answers answers = subject_get_answers(subject);
    size_t n = answers.n_choices;
    struct task_sums sums[SAMPLES], other[SAMPLES];
    struct subject_worker *worker;
    struct rs_error err;
    float scale = 0.7f, *real = malloc(n * sizeof *real), *own = malloc(n * sizeof *own);
    double n_apart = 0;
    cr_assert_eq(subject_worker_create(subject, &worker, &err), RS_OK);
    run_all(subject, TASK_KEPT_BYTES, 1, scale, sums);
    for (size_t i = 0; i < SAMPLES; i++) {
        int32_t likeliest[2];
        struct subject_outcome a = {.logits = real, .likeliest = &likeliest[0]},
                               b = {.logits = own, .likeliest = &likeliest[1]};
        cr_assert_eq(subject_run(worker, SUBJECT_TEST, i, NULL, NULL, &a, &err), RS_OK);
        cr_assert_eq(subject_run(worker, SUBJECT_TEST, i, shrink, &scale, &b, &err), RS_OK);
        long double p_sum = 0, q_sum = 0, kl = 0;
        for (size_t w = 0; w < n; w++) {
            p_sum += expl((long double)real[w]);
            q_sum += expl((long double)own[w]);
        }
        for (size_t w = 0; w < n; w++) {
            long double p = expl((long double)real[w]) / p_sum, q = expl((long double)own[w]) / q_sum;
            kl += p * logl(p / q);
        }
        cr_assert(fabs(sums[i].kl - (double)kl) < 1e-12, "%zu: %g, not %g", i, sums[i].kl, (double)kl);
        cr_assert_eq(sums[i].n_agreeing, likeliest[0] == likeliest[1]);
        cr_assert(sums[i].nll == b.nll && sums[i].n_right == (double)b.n_right);
        n_apart += sums[i].kl > 1e-6;
    }
    cr_assert(n_apart > SAMPLES / 2);
    for (int way = 0; way < 3; way++) {
        run_all(subject, way == 0 ? 0 : TASK_KEPT_BYTES, way == 1 ? 3 : 1, scale, other);
        for (size_t i = 0; i < SAMPLES; i++)
            cr_assert(sums[i].kl == other[i].kl && sums[i].nll == other[i].nll &&
                      sums[i].n_agreeing == other[i].n_agreeing);
    }
    free(real);
    free(own);
    subject_worker_destroy(worker);
    subject_close(subject);
    config_destroy(configuration);
}

/* Values are unit vectors and scores nearly equal, so that an output shows which keys were kept. */
Test(task, random_pruning_keeps_as_many_and_any_of_them)
{
    enum { KEYS = 8, KEPT = 3, WRITES = 4000 };
    static float q[KEYS * KEYS], k[KEYS * KEYS], v[KEYS * KEYS], output[KEYS * KEYS];
    struct attention_fixture fixture;
    struct attention *attention;
    struct rs_error err;
    double scratch[2 * KEYS], n_kept_of[KEYS] = {0}, n_pairs = 0;
    attention_fixture_init(&fixture, KEYS, KEYS);
    fixture.shape.score_scale = 1e-6;
    attention_fixture_settle(&fixture, 5.5e-6);
    for (int i = 0; i < KEYS; i++) {
        q[i * KEYS] = 1;
        k[i * KEYS] = i < KEYS - KEPT ? 1 : 10; /* sums 1 and 10: the last three are above the threshold */
        v[i * KEYS + i] = 100;
    }
    cr_assert_eq(attention_create(&fixture.setup, QUERY_RANDOM, &attention, &err), RS_OK);
    attention_start(attention, 0, NULL);
    for (uint32_t write = 0; write < WRITES; write++) {
        struct attention_call call = {.n_query_heads = 1,
                                      .n_queries = KEYS,
                                      .n_keys = KEYS,
                                      .d = KEYS,
                                      .score_scale = 1e-6,
                                      .q = q,
                                      .k = k,
                                      .v = v,
                                      .output = output,
                                      .scratch = scratch};
        attention_set_sample(attention, write);
        cr_assert_eq(attention_run(attention, &call, &err), RS_OK);
        for (int i = 0; i < KEYS; i++) {
            int n_kept = 0;
            for (int j = 0; j < KEYS; j++) {
                bool kept = output[i * KEYS + j] > 1;
                n_kept += kept;
                n_kept_of[j] += kept;
            }
            cr_assert_eq(n_kept, KEPT);
            n_pairs += output[i * KEYS] > 1 && output[i * KEYS + 7] > 1;
        }
    }
    double n = WRITES * KEYS, share = (double)KEPT / KEYS, error = sqrt(share * (1 - share) * n);
    for (int j = 0; j < KEYS; j++)
        cr_assert(fabs(n_kept_of[j] - share * n) < 4.5 * error, "key %d: %g of %g", j, n_kept_of[j],
                  share * n);
    double both = share * (KEPT - 1) / (KEYS - 1);
    cr_assert(fabs(n_pairs - both * n) < 4.5 * sqrt(both * (1 - both) * n), "%g of %g", n_pairs, both * n);
    attention_destroy(attention);
    setup_clear(&fixture.setup);
}
