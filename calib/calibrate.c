#include "calib/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/goodness.h"

/* A test fails when so large a miss, of any of its parameters, has less than this probability. */
static const double test_p_min = 1e-3;

enum { KNOWN_MAX = CALIBRATE_STAGES_MAX * STAGE_RELATIONS_MAX * RELATION_PARAMETERS_MAX };

/* What is under way. */
struct work {
    struct calibrate *calibrate;
    struct calibrate_stage *stage;
    const struct calibrate_hooks *hooks;
    struct worker_pool *pool;
    size_t n_known;
    struct stage_known known[KNOWN_MAX];
    struct rs_error *err;
};

/* --- bookkeeping --- */

/* Notes why the stage is not good; its first reason stays. */
static void note(struct work *work, const char *message)
{
    struct calibrate_stage *stage = work->stage;
    stage->good = work->calibrate->complete = false;
    if (stage->message[0] == '\0')
        snprintf(stage->message, sizeof stage->message, "%.*s", CALIBRATE_MESSAGE_SIZE - 1, message);
    rs_fail_also(work->err, RS_INCOMPLETE, "%s: stage '%s': %s", work->calibrate->plan->path,
                 stage->stage->name, message);
}

/* What the first deck tells ngspice. */
static void note_options(struct calibrate *calibrate, const struct decks *decks)
{
    static const char word[] = ".options ";
    const char *line = decks->n > 0 ? strstr(decks->decks[0].text, word) : NULL;
    if (line == NULL || calibrate->ngspice_options[0] != '\0')
        return;
    line += strlen(word);
    snprintf(calibrate->ngspice_options, sizeof calibrate->ngspice_options, "%.*s", (int)strcspn(line, "\n"),
             line);
}

static enum rs_status keep_decks(struct calibrate *calibrate, struct calibrate_stage *stage,
                                 const struct decks *decks, struct rs_error *err)
{
    size_t n = calibrate->n_decks + decks->n;
    struct calibrate_deck *more = realloc(calibrate->decks, (n + 1) * sizeof *more);
    if (more == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    calibrate->decks = more;
    stage->first_deck = calibrate->n_decks;
    note_options(calibrate, decks);
    stage->n_decks = decks->n;
    for (size_t d = 0; d < decks->n; d++) {
        struct calibrate_deck *deck = &more[calibrate->n_decks++];
        *deck = (struct calibrate_deck){.i_stage = calibrate->n_stages - 1, .good = decks->decks[d].good};
        memcpy(deck->name, decks->decks[d].name, sizeof deck->name);
        memcpy(deck->sha256, decks->decks[d].sha256, sizeof deck->sha256);
    }
    return RS_OK;
}

static struct calibrate_result *add_result(struct calibrate *calibrate, const struct stage *stage,
                                           const struct relation *relation)
{
    struct calibrate_result *more = realloc(calibrate->results, (calibrate->n_results + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    calibrate->results = more;
    struct calibrate_result *result = &more[calibrate->n_results++];
    *result = (struct calibrate_result){.stage = stage, .relation = relation};
    return result;
}

/* Values that the plan fixes are known without a stage. */
static void learn(struct work *work, const char *name, double value)
{
    for (size_t i = 0; i < work->n_known; i++)
        if (strcmp(work->known[i].name, name) == 0) {
            work->known[i].value = value;
            return;
        }
    if (work->n_known < KNOWN_MAX)
        work->known[work->n_known++] = (struct stage_known){name, value};
}

/* --- a relation --- */

double calibrate_largest_miss(const struct calibrate_result *result)
{
    double most = 0;
    for (size_t k = 0; k < result->relation->n_parameters; k++) {
        const struct estimate_value *value = &result->estimate.values[k];
        if (value->error > 0)
            most = fmax(most, fabs(value->value - result->truth[k]) / value->error);
    }
    return most;
}

static void check_truth(struct work *work, struct calibrate_result *result)
{
    double most = calibrate_largest_miss(result);
    double p = 2 * goodness_normal(-most) * (double)result->relation->n_parameters;
    char message[CALIBRATE_MESSAGE_SIZE];
    if (p >= test_p_min)
        return;
    snprintf(message, sizeof message,
             "%s: an estimate misses its true value by %.1f standard errors: the method does not work here",
             result->relation->name, most);
    memcpy(result->message, message, sizeof message);
    result->good = false;
    note(work, message);
}

static bool lost_decks(const struct stage_run *run)
{
    for (size_t d = 0; d < run->decks.n; d++)
        if (!run->decks.decks[d].good)
            return true;
    return false;
}

static void fill_parameters(const struct work *work, const struct stage_run *run, size_t i_relation,
                            struct relation_parameter parameters[RELATION_PARAMETERS_MAX])
{
    const struct stage *stage = work->stage->stage;
    struct relation_parameter guessed[RELATION_PARAMETERS_MAX];
    struct relation relation = *stage->relations[i_relation];
    memcpy(guessed, relation.parameters, relation.n_parameters * sizeof *guessed);
    relation.parameters = guessed;
    if (stage->guess != NULL)
        stage->guess(run, i_relation, guessed);
    calibrate_plan_fill_parameters(work->calibrate->plan, &relation, parameters);
}

/* RS_OK also where the relation is not good, which is noted. */
static enum rs_status estimate_relation(struct work *work, struct stage_run *run, size_t i_relation)
{
    const struct calibrate_plan *plan = work->calibrate->plan;
    const struct relation *relation = work->stage->stage->relations[i_relation];
    struct relation_parameter parameters[RELATION_PARAMETERS_MAX];
    const struct estimate_settings settings = {parameters, plan->calibrate.correlation_limit, run->decks.n};
    struct rs_error reason = {{0}};
    const void *context = NULL;
    struct calibrate_result *result = add_result(work->calibrate, work->stage->stage, relation);
    if (result == NULL)
        return rs_fail(work->err, RS_INTERNAL, "out of memory");
    work->stage->n_results++;
    fill_parameters(work, run, i_relation, parameters);
    enum rs_status status = work->stage->stage->read(run, i_relation, &result->data, &context, &reason);
    result->estimate.relation = relation;
    if (status == RS_OK && result->data.n == 0 && lost_decks(run)) { /* told once, of the decks */
        snprintf(result->message, sizeof result->message, "%s: its decks failed", relation->name);
        return RS_OK;
    }
    if (status == RS_OK)
        status = estimate_compute(relation, &settings, context, &result->data, &result->estimate, &reason);
    if (status == RS_INTERNAL)
        return rs_fail(work->err, status, "%s", reason.text);
    result->good = status == RS_OK;
    if (status != RS_OK) {
        snprintf(result->message, sizeof result->message, "%.*s", CALIBRATE_MESSAGE_SIZE - 1, reason.text);
        note(work, result->message);
    }
    for (size_t k = 0; k < relation->n_parameters && result->good; k++)
        learn(work, relation->parameters[k].name, result->estimate.values[k].value);
    if (work->stage->stage->tell_truth != NULL) {
        work->stage->stage->tell_truth(run, i_relation, result->truth);
        result->has_truth = true;
        if (result->good)
            check_truth(work, result);
    }
    return RS_OK;
}

/* --- a stage --- */

struct shown {
    const struct work *work;
    size_t n_total;
};

static void show(void *context, size_t n_done, size_t n_failed)
{
    const struct shown *shown = context;
    const struct work *work = shown->work;
    if (work->hooks->show != NULL)
        work->hooks->show(work->hooks->context, work->stage->stage->name, n_done, shown->n_total, n_failed);
}

static enum rs_status run_decks(struct work *work, struct stage_run *run)
{
    struct shown shown = {work, run->decks.n};
    const struct decks_hooks hooks = {show, &shown};
    struct rs_error reason = {{0}};
    double limit_seconds = work->calibrate->plan->calibrate.deck_limit_seconds;
    enum rs_status status = decks_run(&run->decks, work->pool, limit_seconds, &hooks, &reason);
    if (status == RS_INCOMPLETE)
        note(work, reason.text);
    else if (status != RS_OK)
        rs_fail_also(work->err, status, "%s", reason.text);
    return status == RS_INCOMPLETE ? RS_OK : status;
}

static enum rs_status run_stage(struct work *work, size_t i_list)
{
    struct calibrate *calibrate = work->calibrate;
    const struct stage *stage = stage_list[i_list];
    struct stage_run run = {.plan = calibrate->plan,
                            .options = calibrate->plan->stage_options[i_list],
                            .n_known = work->n_known,
                            .known = work->known};
    work->stage = &calibrate->stages[calibrate->n_stages++];
    *work->stage =
        (struct calibrate_stage){.stage = stage, .first_result = calibrate->n_results, .good = true};
    struct rs_error reason = {{0}};
    enum rs_status status = stage->start(&run, &reason);
    if (status == RS_INCOMPLETE) { /* something that it needs is missing */
        note(work, reason.text);
        status = RS_OK;
    } else if (status != RS_OK) {
        status = settings_blame(&calibrate->plan->settings, status, &reason);
        rs_fail(work->err, status, "%s", reason.text);
    } else {
        status = run_decks(work, &run);
        if (status == RS_OK)
            status = keep_decks(calibrate, work->stage, &run.decks, work->err);
        for (size_t r = 0; r < stage->n_relations && status == RS_OK; r++) {
            run.n_known = work->n_known;
            if (stage->applies == NULL || stage->applies(&run, r))
                status = estimate_relation(work, &run, r);
        }
        if (work->stage->message[0] == '\0')
            memcpy(work->stage->message, run.left_out, sizeof run.left_out);
        run.n_known = work->n_known;
        if (status == RS_OK && stage->tabulate != NULL)
            status = stage->tabulate(&run, &calibrate->n_slots, &calibrate->column_threshold_shift_amperes,
                                     work->err);
    }
    stage->finish(&run);
    decks_clear(&run.decks);
    return status;
}

static enum rs_status start_pool(struct work *work, size_t n_workers)
{
    const struct worker_options options = {.n_workers = n_workers,
                                           .program = work->hooks->program,
                                           .should_stop = work->hooks->should_stop,
                                           .stop_state = work->hooks->context};
    struct calibrate *calibrate = work->calibrate;
    enum rs_status status = worker_pool_create(&options, &work->pool, work->err);
    if (status == RS_OK)
        snprintf(calibrate->ngspice_version, sizeof calibrate->ngspice_version, "%s",
                 worker_pool_version(work->pool));
    return status;
}

enum rs_status calibrate_run(const struct calibrate_plan *plan, size_t n_workers,
                             const struct calibrate_hooks *hooks, struct calibrate **out,
                             struct rs_error *err)
{
    struct calibrate *calibrate = memory_allocate(1, sizeof *calibrate, err);
    struct work *work = memory_allocate(1, sizeof *work, err);
    enum rs_status status = calibrate != NULL && work != NULL ? RS_OK : RS_INTERNAL;
    if (status == RS_OK) {
        *calibrate = (struct calibrate){.plan = plan, .complete = true};
        *work = (struct work){.calibrate = calibrate, .hooks = hooks, .err = err};
        status = start_pool(work, n_workers);
    }
    if (status == RS_OK) {
        for (size_t i = 0; i < plan->n_changes; i++)
            if (!isnan(plan->changes[i].fixed))
                learn(work, plan->changes[i].name, plan->changes[i].fixed);
    }
    for (size_t s = 0; status == RS_OK && stage_list[s] != NULL; s++)
        if (plan->is_chosen[s])
            status = run_stage(work, s);
    if (status == RS_STOPPED)
        calibrate->complete = false;
    else if (status == RS_OK && !calibrate->complete)
        status = RS_INCOMPLETE;
    if (work != NULL)
        worker_pool_destroy(work->pool);
    free(work);
    if (status == RS_OK || status == RS_INCOMPLETE || status == RS_STOPPED)
        *out = calibrate;
    else
        calibrate_destroy(calibrate);
    return status;
}

void calibrate_destroy(struct calibrate *calibrate)
{
    if (calibrate == NULL)
        return;
    for (size_t i = 0; i < calibrate->n_results; i++) {
        estimate_clear(&calibrate->results[i].estimate);
        observations_clear(&calibrate->results[i].data);
    }
    free(calibrate->results);
    free(calibrate->decks);
    free(calibrate->column_threshold_shift_amperes);
    free(calibrate);
}
