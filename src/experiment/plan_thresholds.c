#include "experiment/plan_thresholds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/softmax.h"
#include "score/threshold.h"

enum { CALIBRATIONS_LOOKED_AT = 1000 };

enum source { SOURCE_NONE, SOURCE_GIVEN, SOURCE_LEARNED, SOURCE_KEEP_RATIO, SOURCE_LOST_MASS, N_SOURCES };

static enum source source_of(const struct plan *plan, const struct attention_setup *setup)
{
    const struct prune_options *prune = &setup->prune;
    if (!setup->policy->has_threshold && !setup->rethreshold)
        return SOURCE_NONE;
    if (prune->threshold.n > 0)
        return SOURCE_GIVEN;
    if (prune->threshold.word >= 0)
        return SOURCE_LEARNED;
    if (!isnan(prune->lost_mass))
        return SOURCE_LOST_MASS;
    bool learned = isnan(prune->keep_ratio) && subject_thresholds(plan->subject) != NULL;
    return learned ? SOURCE_LEARNED : SOURCE_KEEP_RATIO;
}

/* What a calibrated threshold aims at. */
static double target_of(enum source source, const struct attention_setup *setup)
{
    return source == SOURCE_LOST_MASS ? setup->prune.lost_mass : prune_options_keep_ratio(&setup->prune);
}

/* Exact sums of the calibration inputs, per (layer, head), and the probability of each where it is wanted. */
struct collection {
    const struct attention_setup *setup;
    bool masses;
    struct sums {
        size_t n, n_queries, capacity;
        int64_t *values;
        double *masses;
    } * sums; /* [n_layers * n_heads] */
};

static enum rs_status reserve(struct sums *sums, size_t n_more, bool masses, struct rs_error *err)
{
    if (sums->n + n_more <= sums->capacity)
        return RS_OK;
    size_t capacity = 2 * sums->capacity + n_more + 1024;
    int64_t *values = realloc(sums->values, capacity * sizeof *values);
    sums->values = values != NULL ? values : sums->values;
    double *probabilities = masses ? realloc(sums->masses, capacity * sizeof *probabilities) : NULL;
    sums->masses = probabilities != NULL ? probabilities : sums->masses;
    if (values == NULL || (masses && probabilities == NULL))
        return rs_fail(err, RS_INTERNAL, "out of memory: %zu calibration scores", capacity);
    sums->capacity = capacity;
    return RS_OK;
}

static enum rs_status collect(void *context, int layer, int head, size_t n_keys, const int64_t *exact_sums,
                              struct rs_error *err)
{
    struct collection *collection = context;
    struct sums *sums = &collection->sums[setup_head(collection->setup, layer, head)];
    enum rs_status status = reserve(sums, n_keys, collection->masses, err);
    if (status != RS_OK)
        return status;
    memcpy(sums->values + sums->n, exact_sums, n_keys * sizeof *exact_sums);
    if (collection->masses && n_keys > 0) {
        double unit = setup_exact_unit(collection->setup, layer, head), *masses = sums->masses + sums->n;
        for (size_t j = 0; j < n_keys; j++)
            masses[j] = unit * (double)exact_sums[j];
        softmax_compute(n_keys, masses);
    }
    sums->n += n_keys;
    sums->n_queries++;
    return RS_OK;
}

/* Exact, unpruned passes over the calibration inputs. */
static enum rs_status run_calibration(const struct subject *subject, struct attention_setup *setup,
                                      struct collection *collection, struct rs_error *err)
{
    struct attention *attention = NULL;
    struct subject_worker *worker = NULL;
    enum rs_status status = attention_create(setup, QUERY_QUANTISED, &attention, err);
    if (status == RS_OK)
        status = subject_worker_create(subject, &worker, err);
    if (status == RS_OK) {
        attention_start(attention, 0, NULL);
        attention_set_watch(attention, collect, collection);
    }
    for (size_t i = 0; i < subject_n_calibration(subject) && status == RS_OK; i++)
        status = subject_run(worker, SUBJECT_CALIBRATION, i, attention_run, attention, NULL, err);
    subject_worker_destroy(worker);
    attention_destroy(attention);
    return status;
}

static enum rs_status find_losing(const struct sums *sums, double lost_mass, double unit, double *threshold,
                                  struct rs_error *err)
{
    struct threshold_mass *scores = memory_allocate(sums->n, sizeof *scores, err);
    if (scores == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < sums->n; i++)
        scores[i] = (struct threshold_mass){sums->values[i], sums->masses[i]};
    *threshold = threshold_losing(lost_mass, unit, sums->n_queries, sums->n, scores);
    free(scores);
    return RS_OK;
}

static enum rs_status calibrate(const struct subject *subject, struct attention_setup *setup,
                                enum source source, struct rs_error *err)
{
    const struct attention_shape *shape = &setup->shape;
    size_t n_heads = (size_t)shape->n_layers * (size_t)shape->n_heads;
    double target = target_of(source, setup);
    struct collection collection = {.setup = setup,
                                    .masses = source == SOURCE_LOST_MASS,
                                    .sums = memory_allocate(n_heads, sizeof(struct sums), err)};
    if (collection.sums == NULL)
        return RS_INTERNAL;
    enum rs_status status = run_calibration(subject, setup, &collection, err);
    for (int layer = 0; layer < shape->n_layers && status == RS_OK; layer++)
        for (int head = 0; head < shape->n_heads && status == RS_OK; head++) {
            struct sums *sums = &collection.sums[setup_head(setup, layer, head)];
            double *threshold = &setup->thresholds[setup_head(setup, layer, head)];
            double unit = setup_exact_unit(setup, layer, head);
            if (sums->n == 0)
                status = rs_fail(err, RS_INPUT,
                                 "prune.%s: the calibration samples hold no tokens; "
                                 "prune.threshold expected",
                                 collection.masses ? "lost_mass" : "keep_ratio");
            else if (collection.masses)
                status = find_losing(sums, target, unit, threshold, err);
            else
                *threshold = threshold_keeping(target, unit, sums->n, sums->values);
        }
    for (size_t i = 0; i < n_heads; i++) {
        free(collection.sums[i].values);
        free(collection.sums[i].masses);
    }
    free(collection.sums);
    return status;
}

/*
 * One of the points before with the same calibrated thresholds, or NULL. They follow from the exact scores:
 * of all swept keys only the code width and the target touch them.
 */
static const struct attention_setup *calibrated_before(const struct plan *plan, size_t point,
                                                       enum source source)
{
    const struct attention_setup *setup = &plan->points[point].setup;
    for (size_t back = 1; back <= point && back <= CALIBRATIONS_LOOKED_AT; back++) {
        const struct attention_setup *other = &plan->points[point - back].setup;
        if (other->encoding.bits == setup->encoding.bits && source_of(plan, other) == source &&
            target_of(source, other) == target_of(source, setup))
            return other;
    }
    return NULL;
}

static enum rs_status find_calibrated(const struct plan *plan, size_t point, enum source source,
                                      struct rs_error *err)
{
    struct attention_setup *setup = &plan->points[point].setup;
    const struct attention_setup *other = calibrated_before(plan, point, source);
    if (other == NULL)
        return calibrate(plan->subject, setup, source, err);
    size_t n_heads = (size_t)setup->shape.n_layers * (size_t)setup->shape.n_heads;
    memcpy(setup->thresholds, other->thresholds, n_heads * sizeof *setup->thresholds);
    return RS_OK;
}

enum rs_status plan_thresholds_find(const struct plan *plan, size_t point, struct rs_error *err)
{
    struct attention_setup *setup = &plan->points[point].setup;
    const struct option_reals *given = &setup->prune.threshold;
    const struct attention_shape *shape = &setup->shape;
    const double *learned = subject_thresholds(plan->subject);
    enum source source = source_of(plan, setup);
    if (source == SOURCE_KEEP_RATIO || source == SOURCE_LOST_MASS)
        return find_calibrated(plan, point, source, err);
    if (source == SOURCE_LEARNED && learned == NULL)
        return rs_fail(err, RS_INPUT,
                       "prune.threshold: learned found, but this model has no learned thresholds; a "
                       "number, a list, prune.keep_ratio or prune.lost_mass expected");
    for (int layer = 0; layer < shape->n_layers; layer++)
        for (int head = 0; head < shape->n_heads; head++) {
            size_t i = setup_head(setup, layer, head);
            setup->thresholds[i] = source == SOURCE_NONE      ? -(double)INFINITY
                                   : source == SOURCE_LEARNED ? learned[i]
                                                              : given->values[given->n > 1 ? layer : 0];
        }
    return RS_OK;
}

void plan_thresholds_describe(const struct plan *plan, char *out, size_t size)
{
    static const char *const words[N_SOURCES] = {NULL, "given", "learned with the model",
                                                 "calibrated to prune.keep_ratio",
                                                 "calibrated to prune.lost_mass"};
    bool found[N_SOURCES] = {false};
    for (size_t p = 0; p < plan->head.n_points; p++)
        found[source_of(plan, &plan->points[p].setup)] = true;
    size_t length = 0;
    out[0] = '\0';
    for (int i = SOURCE_NONE + 1; i < N_SOURCES; i++)
        if (found[i] && length < size)
            length += (size_t)snprintf(out + length, size - length, "%s%s", length > 0 ? "; " : "", words[i]);
}
