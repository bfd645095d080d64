/* ngspice in worker processes: decks that fail in every way, time-outs, deaths, stops. */
#include "config.h" /* setenv, mkdtemp */

#include <signal.h>

#include "worker_fixture.h"

TestSuite(worker_failures, .timeout = 120, .init = enter, .fini = leave_folder);

struct failure {
    const char *deck, *commands, *vector;
    size_t length;
    const char *said; /* part of the message */
};

#define HEAD "* case\nv1 a 0 dc 1\n"

static const struct failure failures[] = {
    {HEAD "v2 a 0 2\nr1 a 0 1k\n.end\n", "op", "a", 1, "singular matrix"},
    {HEAD "c1 x 0 1p\nc2 x a 1p\nr1 a 0 1\n.end\n", "op", "x", 1, "singular matrix"},
    {HEAD "r1 a b 1k\nb1 b 0 i=v(b)>0.5 ? 2m : -2m\n.end\n", "op", "b", 1, "ngspice said"}, /* no solution */
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "op", "nosuch", 1, "nosuch"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "op", "e", 1, "no vector 'e'"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "", "b", 1, "b"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "op", "b", 2, "has 1 values, 2 are expected"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "tran 1n 10n", "b", 7, "values, 7 are expected"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "ac lin 1 1k 1k", "b", 1, "is complex"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "op\nlet z = 1 / (v(a) - v(a))", "z", 1, "ngspice"},
    {HEAD "r1 a b 1k\nd1 b 0 missing\n.end\n", "op", "b", 1, "missing"},
    {HEAD "r1 a b 1k\nx1 b 0 missing\n.end\n", "op", "b", 1, "missing"},
    {HEAD "r1 a b {missing}\nr2 b 0 1k\n.end\n", "op", "b", 1, "ngspice said"},
    {HEAD "r1 a b 1k\nr2 b 0 1k nonsense=3\n.end\n", "op", "b", 1, "ngspice said"},
    {HEAD "r1 a b\nr2 b 0 1k\n.end\n", "op", "b", 1, "1 mOhm"},
    {HEAD ".param zero=0\nr1 a b {zero}\nr2 b 0 1k\n.end\n", "op", "b", 1, "1 mohm"},
    {HEAD "x1 a b s r=0\nr2 b 0 1k\n.subckt s p q r=1\nr1 p q {r}\n.ends\n.end\n", "op", "b", 1, "1 mohm"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "alter r9 = 5\nop", "b", 1, "r9"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "frobnicate\nop", "b", 1, "frobnicate"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "tran 1n 10n\nmeas tran t WHEN v(b)=0.9", "t", 1, "ngspice said"},
};

/* RS_INPUT before ngspice sees them. */
static const struct failure refusals[] = {
    {HEAD "r1 a b 0\nr2 b 0 1k\n.end\n", "op", "b", 1, "'r1 a b 0'"},
    {HEAD "R1 a b r=0.0\nr2 b 0 1k\n.end\n", "op", "b", 1, "'R1 a b r=0.0'"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "alter @r2[resistance] = 0\nop", "b", 1, "above 0"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "op", "v(a,b)", 1, "name of a vector"},
    {HEAD "r1 a b 1k\nr2 b 0 1k\n.end\n", "op", "", 1, "name of a vector"},
};

static struct worker_job job_of(const struct failure *failure, const struct worker_vector *vector,
                                double *value)
{
    return (struct worker_job){
        .deck = failure->deck, .run = {failure->commands, 1, vector}, .limit_seconds = 20, .values = value};
}

Test(worker_failures, every_failure_is_told_kept_and_survived)
{
    for (size_t w = 0; w < N_WAYS; w++)
        for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
            const struct failure *failure = &failures[i];
            const struct worker_vector vector = {failure->vector, failure->length};
            double values[8], good = 0;
            struct rs_error err = {{0}};
            struct worker_pool *pool = create(ways[w], 1);
            struct worker_job jobs[] = {job_of(failure, &vector, values),
                                        {.deck = divider, .run = {"op", 1, divided}, .values = &good}};
            cr_assert_eq(worker_pool_run(pool, 2, jobs, &err), RS_INCOMPLETE, "%s case %zu passes", ways[w],
                         i);
            cr_assert_eq(jobs[0].status, RS_IO);
            cr_assert(strstr(jobs[0].message, failure->said) != NULL, "%s case %zu: %s", ways[w], i,
                      jobs[0].message);
            cr_assert(strstr(err.text, "1 of 2 decks failed, the first is number 0: ") != NULL, "%s",
                      err.text);
            cr_assert_eq(jobs[1].status, RS_OK, "%s", jobs[1].message);
            cr_assert_float_eq(good, 0.75, 1e-12);
            worker_pool_destroy(pool);
            check_kept(jobs[0].message);
        }
    cr_assert_eq(count_files(), 0);
}

Test(worker_failures, what_cannot_be_meant_is_refused)
{
    struct worker_pool *pool = create(ways[0], 1);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct worker_vector vector = {refusals[i].vector, 1};
        double value;
        struct rs_error err = {{0}};
        struct worker_job job = job_of(&refusals[i], &vector, &value);
        cr_assert_eq(worker_pool_run(pool, 1, &job, &err), RS_INCOMPLETE);
        cr_assert_eq(job.status, RS_INPUT);
        cr_assert(strstr(err.text, refusals[i].said) != NULL, "%s", err.text);
    }
    worker_pool_destroy(pool);
}

#define ENDLESS "* endless\nv1 a 0 sin(0 1 1g) dc 1\nr1 a b 1k\nr2 b 0 3k\nc1 b 0 1p\n.end\n"
#define FOR_EVER "tran 1p 1m"

Test(worker_failures, a_deck_that_takes_too_long_is_stopped)
{
    for (size_t w = 0; w < N_WAYS; w++) {
        double values[3] = {0};
        struct rs_error err = {{0}};
        struct worker_pool *pool = create(ways[w], 2);
        struct worker_job jobs[] = {
            {.deck = divider, .run = {"op", 1, divided}, .values = &values[0], .limit_seconds = 20},
            {.deck = ENDLESS, .run = {FOR_EVER, 1, divided}, .values = &values[1], .limit_seconds = 0.3},
            {.deck = divider, .run = {"op", 1, divided}, .values = &values[2], .limit_seconds = 20}};
        cr_assert_eq(worker_pool_run(pool, 3, jobs, &err), RS_INCOMPLETE);
        cr_assert(strstr(jobs[1].message, "took longer than 0.3 s") != NULL, "%s", jobs[1].message);
        cr_assert(jobs[0].status == RS_OK && jobs[2].status == RS_OK);
        cr_assert_float_eq(values[2], 0.75, 1e-12);
        worker_pool_destroy(pool);
        check_kept(jobs[1].message);
    }
    cr_assert_eq(count_files(), 0);
}

/* Asked now and then while ngspice works: the moment to kill. */
static bool kill_once(void *state)
{
    int *n_asked = state;
    pid_t child = find_child();
    if (++*n_asked == 6 && child != 0)
        kill(child, SIGKILL);
    return false;
}

Test(worker_failures, a_killed_worker_is_reported_and_replaced)
{
    for (size_t w = 0; w < N_WAYS; w++) {
        int n_asked = 0;
        double values[2] = {0};
        struct rs_error err = {{0}};
        struct worker_pool *pool;
        const struct worker_options options = {.program = getenv("RESCORE"),
                                               .ngspice = ways[w],
                                               .should_stop = kill_once,
                                               .stop_state = &n_asked};
        cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
        struct worker_job jobs[] = {{.deck = ENDLESS, .run = {FOR_EVER, 1, divided}, .values = &values[0]},
                                    {.deck = divider, .run = {"op", 1, divided}, .values = &values[1]}};
        cr_assert_eq(worker_pool_run(pool, 2, jobs, &err), RS_INCOMPLETE);
        cr_assert(strstr(jobs[0].message, "stopped by signal 9") != NULL, "%s", jobs[0].message);
        cr_assert_eq(jobs[1].status, RS_OK, "%s", jobs[1].message);
        pid_t idle = find_child();
        if (idle != 0) {
            kill(idle, SIGKILL);
            usleep(50000);
        }
        run_well(pool, 1, jobs + 1); /* killed while it had nothing to do: nobody's fault */
        worker_pool_destroy(pool);
        check_kept(jobs[0].message);
    }
    cr_assert_eq(count_files(), 0);
}

static bool stop_soon(void *state)
{
    return ++*(int *)state > 5;
}

Test(worker_failures, a_stop_ends_all_workers_at_once)
{
    int n_asked = 0;
    double values[2];
    struct rs_error err = {{0}};
    struct worker_pool *pool;
    const struct worker_options options = {
        .program = getenv("RESCORE"), .n_workers = 2, .should_stop = stop_soon, .stop_state = &n_asked};
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    struct worker_job jobs[] = {{.deck = ENDLESS, .run = {FOR_EVER, 1, divided}, .values = &values[0]},
                                {.deck = ENDLESS, .run = {FOR_EVER, 1, divided}, .values = &values[1]}};
    cr_assert_eq(worker_pool_run(pool, 2, jobs, &err), RS_STOPPED);
    cr_assert(jobs[0].status == RS_STOPPED && jobs[1].status == RS_STOPPED);
    worker_pool_destroy(pool);
    cr_assert_eq(count_files(), 0);
}

Test(worker_failures, a_missing_ngspice_is_named)
{
    const char *folder = getenv("TMPDIR");
    char path[4200];
    struct worker_pool *pool;
    struct rs_error err = {{0}};
    struct worker_options options = {.program = getenv("RESCORE"), .ngspice = "/nowhere/libngspice.so"};
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_IO);
    cr_assert(strstr(err.text, "/nowhere/libngspice.so") && strstr(err.text, "package libngspice0"), "%s",
              err.text);
    cr_assert_null(pool);

    /* A library that is none, where the usual one is looked for: the program serves. */
    snprintf(path, sizeof path, "%s/libngspice.so.0", folder);
    fclose(fopen(path, "w"));
    setenv("LD_LIBRARY_PATH", folder, 1);
    unsetenv("RESCORE_NGSPICE");
    options.ngspice = NULL;
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(worker_pool_way(pool), "program");
    worker_pool_destroy(pool);
    setenv("PATH", folder, 1);
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_IO);
    cr_assert(strstr(err.text, "package libngspice0") && strstr(err.text, "package ngspice)"), "%s",
              err.text);
    options.ngspice = "program";
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_IO);
    cr_assert(strstr(err.text, "package ngspice)") != NULL, "%s", err.text);
}
