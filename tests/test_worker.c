/* ngspice in worker processes: values against closed forms and against `ngspice -b`, and what stays constant.
 */
#include "config.h" /* setenv, mkdtemp */

#include <errno.h>
#include <math.h>
#include <sys/wait.h>

#include "base/text.h"
#include "worker_fixture.h"

TestSuite(worker, .timeout = 120, .init = enter, .fini = leave_folder);

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *list = opendir(path);
    cr_assert_not_null(list);
    while (readdir(list) != NULL)
        n++;
    closedir(list);
    return n - 2;
}

static long memory_kilobytes(pid_t pid)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* --- decks --- */

/* n stages of 1 kohm in series and 1 kohm to ground: node k has F(2(n-k)+1) / F(2n+1) volts, F Fibonacci's.
 */
static char *write_ladder(size_t n)
{
    struct text deck = {0};
    struct rs_error err;
    text_append(&deck, "* ladder\nv1 n0 0 1\n");
    for (size_t k = 1; k <= n; k++)
        text_append(&deck, "rs%zu n%zu n%zu 1k\nrp%zu n%zu 0 1k\n", k, k - 1, k, k, k);
    text_append(&deck, ".end\n");
    char *bytes = text_take(&deck, &err);
    cr_assert_not_null(bytes);
    return bytes;
}

static double fibonacci(size_t n)
{
    double one = 0, next = 1;
    for (; n > 0; n--) {
        double sum = one + next;
        one = next;
        next = sum;
    }
    return one;
}

static const char mixed[] =
    "* mixed\nv1 in 0 dc 0.6 ac 1 pulse(0 1 1n 1n 1n 5n 20n)\nr1 in out 1k\nc1 out 0 1p\n"
    "d1 out x dd\n.model dd d is=1e-14\nrx x 0 {load}\n.param load=2k\n"
    "b1 out 0 i=1e-4*sinh(4*v(out))\n"
    ".options reltol=1e-6 vntol=1e-9\n.control\necho error: not for workers\n.endc\n.end\n";

/* --- values --- */

Test(worker, values_are_those_of_closed_forms)
{
    enum { N = 30 };
    char names[N + 1][16], *deck = write_ladder(N);
    struct worker_vector vectors[N + 2];
    double volts[N + 2];
    for (size_t k = 0; k <= N; k++) {
        snprintf(names[k], sizeof names[k], k % 2 ? "n%zu" : "V(N%zu)", k);
        vectors[k] = (struct worker_vector){names[k], 1};
    }
    vectors[N + 1] = (struct worker_vector){"i(v1)", 1};
    for (size_t w = 0; w < N_WAYS; w++) {
        struct worker_pool *pool = create(ways[w], 1);
        struct worker_job job = {.deck = deck, .run = {"op", N + 2, vectors}, .values = volts};
        run_well(pool, 1, &job);
        for (size_t k = 0; k <= N; k++) {
            double exact = fibonacci(2 * (N - k) + 1) / fibonacci(2 * N + 1);
            cr_assert_float_eq(volts[k], exact, 1e-12 * exact, "%s node %zu", ways[w], k);
        }
        double amperes = -fibonacci(2 * N) / fibonacci(2 * N + 1) * 1e-3;
        cr_assert_float_eq(volts[N + 1], amperes, 1e-12 * 1e-3, "%s", ways[w]);
        cr_assert(strncmp(worker_pool_version(pool), "ngspice-", 8) == 0, "%s", worker_pool_version(pool));
        cr_assert_str_eq(worker_pool_way(pool), w == 0 ? "library" : "program");
        worker_pool_destroy(pool);
    }
    free(deck);
}

/* Keeps everything that came, and asks for further runs on the same circuit. */
struct diary {
    const struct worker_run *runs;
    size_t n_runs, n_done, n_values;
    double values[20000];
};

static bool write_diary(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct diary *diary = state;
    for (size_t k = 0; k < values->n_vectors; k++)
        for (size_t i = 0; i < values->lengths[k]; i++) {
            cr_assert_lt(diary->n_values, 20000);
            diary->values[diary->n_values++] = values->values[k][i];
        }
    if (++diary->n_done == diary->n_runs)
        return false;
    *next = diary->runs[diary->n_done];
    return true;
}

Test(worker, both_ways_agree_bit_for_bit)
{
    static const struct worker_vector op[] = {{"out", 1}, {"v(x)", 1}, {"i(v1)", 1}};
    static const struct worker_vector tran[] = {
        {"time", 0}, {"out", 0}, {"v1#branch", 0}, {"peak", 1}, {"half", 0}};
    static const struct worker_vector noise[] = {{"onoise_total", 1}, {"inoise_total", 1}};
    static const struct worker_vector kept[] = {{"@d1[gd]", 1}};
    const struct worker_run runs[] = {
        {"op", 3, op},
        {"alter v1 dc = 0.8\nalter rx = 500\nop\n", 3, op},
        {"tran 0.1n 12n\nmeas tran peak MAX v(out)\nlet half = v(out) / 2\n", 5, tran},
        {"\n  noise v(out) v1 dec 10 1 1g\n\n", 2, noise},
        {"save all @d1[gd]\nop", 1, kept},
        {"alter v1 dc = 0.6\nalter rx = 2k\nop", 3, op},
    };
    static struct diary diaries[N_WAYS];
    for (size_t w = 0; w < N_WAYS; w++) {
        struct worker_pool *pool = create(ways[w], 1);
        diaries[w] = (struct diary){.runs = runs, .n_runs = sizeof runs / sizeof runs[0]};
        struct worker_job job = {
            .deck = mixed, .run = runs[0], .take = write_diary, .state = &diaries[w], .limit_seconds = 20};
        run_well(pool, 1, &job);
        cr_assert_eq(job.n_runs, diaries[w].n_runs);
        worker_pool_destroy(pool);
    }
    cr_assert_gt(diaries[0].n_values, 100);
    cr_assert_eq(diaries[0].n_values, diaries[1].n_values);
    for (size_t i = 0; i < diaries[0].n_values; i++)
        cr_assert(diaries[0].values[i] == diaries[1].values[i], "value %zu: %.17g and %.17g", i,
                  diaries[0].values[i], diaries[1].values[i]);
    const double *last = diaries[0].values + diaries[0].n_values - 3;
    cr_assert(diaries[0].values[0] == last[0] && diaries[0].values[2] == last[2],
              "an operating point has no past");
}

Test(worker, answers_keep_the_order_of_their_decks)
{
    enum { N = 12 };
    struct worker_job jobs[N];
    char decks[N][256];
    double volts[N], first[N];
    for (size_t n_workers = 1; n_workers <= 3; n_workers++) {
        struct worker_pool *pool = create(ways[0], n_workers);
        for (size_t i = 0; i < N; i++) {
            snprintf(decks[i], sizeof decks[i],
                     "* %zu\nv1 a 0 sin(0 1 1g) dc 1\nr1 a b 1k\nr2 b 0 %zuk\nc1 b 0 1f\n.end\n", i, i + 1);
            jobs[i] = (struct worker_job){
                .deck = decks[i], .run = {i % 4 ? "op" : "tran 1p 5n\nop", 1, divided}, .values = &volts[i]};
        }
        run_well(pool, N, jobs);
        for (size_t i = 0; i < N; i++) {
            cr_assert_float_eq(volts[i], (double)(i + 1) / (double)(i + 2), 1e-12, "%zu", i);
            if (n_workers == 1)
                first[i] = volts[i];
            cr_assert(volts[i] == first[i]);
        }
        worker_pool_destroy(pool);
    }
}

Test(worker, a_job_leaves_nothing_to_the_next)
{
    static const struct worker_vector out[] = {{"out", 1}};
    static const char *const dirty[] = {"set temp = 90\nop", "alter rx = 9k\nop", "option reltol = 0.5\nop",
                                        "altermod dd is = 1e-9\nop"};
    static const char hot[] =
        "* hot\n.options temp=120 reltol=0.1 gmin=1e-6\n.param load=7\n.model dd d is=1e-3\n"
        "v1 out 0 1\nr1 out 0 1k\n.end\n";
    struct worker_pool *pool = create(ways[0], 1);
    double clean, again, thrown;
    struct worker_job job = {.deck = mixed, .run = {"op", 1, out}, .values = &clean};
    run_well(pool, 1, &job);
    for (size_t i = 0; i < sizeof dirty / sizeof dirty[0]; i++) {
        struct worker_job jobs[] = {{.deck = mixed, .run = {dirty[i], 1, out}, .values = &thrown},
                                    {.deck = hot, .run = {"op", 1, out}, .values = &thrown},
                                    {.deck = mixed, .run = {"op", 1, out}, .values = &again}};
        run_well(pool, 3, jobs);
        cr_assert(again == clean, "after '%s': %.17g, not %.17g", dirty[i], again, clean);
    }
    worker_pool_destroy(pool);
}

Test(worker, a_large_deck_arrives_whole)
{
    enum { N = 10000 };
    char *deck = write_ladder(N);
    static const struct worker_vector ends[] = {{"n1", 1}, {"n3", 1}};
    double volts[2], golden = (1 + sqrt(5)) / 2;
    struct worker_pool *pool = create(ways[0], 1);
    struct worker_job job = {.deck = deck, .run = {"op", 2, ends}, .values = volts};
    run_well(pool, 1, &job);
    cr_assert_float_eq(volts[0], pow(golden, -2), 1e-12);
    cr_assert_float_eq(volts[1], pow(golden, -6), 1e-12);
    worker_pool_destroy(pool);
    free(deck);
}

/* --- what stays constant --- */

/* A sanitizer keeps what is freed. */
#ifdef __SANITIZE_ADDRESS__
enum { GROWTH_KILOBYTES = 64 * 1024 };
#else
enum { GROWTH_KILOBYTES = 1024 };
#endif

struct repeats {
    size_t n_done;
    char command[64];
    long early_kilobytes, late_kilobytes;
};

static bool repeat(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct repeats *repeats = state;
    double load = 1000 + (double)repeats->n_done;
    if (repeats->n_done > 0)
        cr_assert_float_eq(values->values[0][0], load / (1000 + load), 1e-12);
    repeats->n_done++;
    if (repeats->n_done == 20)
        repeats->early_kilobytes = memory_kilobytes(find_child());
    if (repeats->n_done == 220) {
        repeats->late_kilobytes = memory_kilobytes(find_child());
        return false;
    }
    snprintf(repeats->command, sizeof repeats->command, "alter r2 = %.17g\nop",
             1000 + (double)repeats->n_done);
    *next = (struct worker_run){repeats->command, 1, divided};
    return true;
}

Test(worker, repeated_runs_do_not_grow_memory)
{
    struct repeats repeats = {0};
    struct worker_pool *pool = create(ways[0], 1);
    struct worker_job job = {.deck = divider, .run = {"op", 1, divided}, .take = repeat, .state = &repeats};
    run_well(pool, 1, &job);
    cr_assert_eq(job.n_runs, 220);
    cr_assert_lt(repeats.late_kilobytes, repeats.early_kilobytes + GROWTH_KILOBYTES, "%ld, then %ld kB",
                 repeats.early_kilobytes, repeats.late_kilobytes);
    worker_pool_destroy(pool);
}

static bool note_process(void *state, const struct worker_values *values, struct worker_run *next)
{
    (void)values;
    (void)next;
    *(pid_t *)state = find_child();
    return false;
}

Test(worker, workers_are_replaced_in_time)
{
    for (int reason = 0; reason < 3; reason++) {
        enum { N = 5 };
        pid_t processes[N];
        struct worker_job jobs[N];
        struct worker_pool *pool;
        struct rs_error err = {{0}};
        const struct worker_options options = {.program = getenv("RESCORE"),
                                               .ngspice = ways[0],
                                               .jobs_max = reason == 1 ? 2 : 0,
                                               .growth_max_bytes = reason == 2 ? 1 : 0};
        cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
        for (size_t i = 0; i < N; i++)
            jobs[i] = (struct worker_job){
                .deck = divider, .run = {"op", 1, divided}, .take = note_process, .state = &processes[i]};
        run_well(pool, N, jobs);
        for (size_t i = 1; i < N; i++) {
            bool same = reason == 0 || (reason == 1 && i % 2 == 1);
            cr_assert_eq(processes[i] == processes[i - 1], same, "reason %d, job %zu", reason, i);
        }
        worker_pool_destroy(pool);
    }
}

Test(worker, nothing_is_left_open_or_behind)
{
    size_t n_open = count_entries("/proc/self/fd");
    for (size_t w = 0; w < N_WAYS; w++)
        for (int times = 0; times < 2; times++) {
            double values[4];
            struct rs_error err = {{0}};
            struct worker_job jobs[4];
            struct worker_pool *pool = create(ways[w], 2);
            for (size_t i = 0; i < 4; i++)
                jobs[i] = (struct worker_job){
                    .deck = divider, .run = {i == 2 ? "tran" : "op", 1, divided}, .values = &values[i]};
            cr_assert_eq(worker_pool_run(pool, 4, jobs, &err), RS_INCOMPLETE);
            worker_pool_destroy(pool);
            check_kept(jobs[2].message);
            cr_assert_eq(count_entries("/proc/self/fd"), n_open);
            cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");
            cr_assert_eq(count_files(), 0);
        }
}

Test(worker, settings_of_the_user_change_nothing)
{
    const char *folder = getenv("TMPDIR");
    char path[4200];
    static const struct worker_vector out[] = {{"out", 1}};
    double values[2][N_WAYS];
    for (int steered = 0; steered < 2; steered++) {
        for (size_t w = 0; w < N_WAYS; w++) {
            struct worker_pool *pool = create(ways[w], 1);
            struct worker_job job = {.deck = mixed, .run = {"op", 1, out}, .values = &values[steered][w]};
            run_well(pool, 1, &job);
            worker_pool_destroy(pool);
        }
        static const char *const names[] = {".spiceinit", "spinit"};
        for (size_t i = 0; i < 2; i++) {
            snprintf(path, sizeof path, "%s/%s", folder, names[i]);
            FILE *file = fopen(path, "w");
            cr_assert_not_null(file);
            fputs("* steers\nset temp=120\nset ngbehavior=psa\noption reltol=0.1\n", file);
            fclose(file);
        }
        setenv("HOME", folder, 1);
        setenv("SPICE_SCRIPTS", folder, 1);
        setenv("LC_ALL", "de_DE.UTF-8", 1);
    }
    for (size_t w = 0; w < N_WAYS; w++)
        cr_assert(values[0][w] == values[1][w] && values[0][w] == values[0][0]);
}
