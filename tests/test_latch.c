/* Latches of decks: the files of a user's own, and the kinds that take currents, with the real ngspice. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "io/file.h"
#include "path_case.h"
#include "spice/latch.h"

TestSuite(latch, .timeout = 120);

static void write_file(const char *path, const char *text)
{
    struct rs_error err;
    cr_assert_eq(file_write(path, text, strlen(text), &err), RS_OK, "%s", err.text);
}

static void expect_names(const struct latch_sources *sources, size_t n, const char *const *names)
{
    cr_assert_eq(sources->n, n, "%zu files", sources->n);
    for (size_t i = 0; i < n; i++) {
        const char *path = sources->list[i].path;
        cr_assert_eq(path[0], '/');
        cr_assert_str_eq(strrchr(path, '/') + 1, names[i]);
        cr_assert_eq(strlen(sources->list[i].sha256), 64);
    }
}

Test(latch, what_files_include_is_found_once_and_beside_them, .init = enter_folder, .fini = leave_folder)
{
    static const char *const whole[] = {"a.sub", "b.lib", "c d.inc"}, *const section[] = {"b.lib", "c d.inc"};
    struct latch_sources sources = {0};
    struct rs_error err;
    write_file("a.sub", "* .include nowhere\n.INCLUDE 'b.lib'\n.inc \"c d.inc\" ; twice\n.lib b.lib tt\n");
    write_file("b.lib",
               "r1 a b 1\n.lib TT\n.include \"c d.inc\"\n.lib \"b.lib\" own\n.endl\n.lib own\n.endl\n"
               ".lib ss\n.include missing\n.endl ss\n");
    write_file("c d.inc", "* nothing\n");
    cr_assert_eq(latch_sources_add(&sources, "a.sub", "", &err), RS_OK, "%s", err.text);
    expect_names(&sources, 3, whole);
    latch_sources_clear(&sources);
    cr_assert_eq(latch_sources_add(&sources, "b.lib", "tt", &err), RS_OK, "%s", err.text);
    expect_names(&sources, 2, section);
    latch_sources_clear(&sources);
}

Test(latch, files_that_cannot_be_are_told_where_they_are_named, .init = enter_folder, .fini = leave_folder)
{
    static const struct {
        const char *file, *section, *said;
        enum rs_status status;
    } cases[] = {
        {"none.sub", "", "none.sub: error: No such file", RS_IO},
        {"deep.sub", "", "/deep.sub:3: error: 'none.inc' No such file", RS_IO},
        {"one.inc", "", "/two.inc:1: error: ", RS_INPUT},
        {"one.inc", "", "/one.inc' includes itself, by way of ", RS_INPUT},
        {"self.lib", "a", "/self.lib' includes itself", RS_INPUT},
        {"self.lib", "b", "has no section 'b'", RS_INPUT},
        {"asks.sub", "", "asks.sub:1: error: '", RS_INPUT},
    };
    write_file("deep.sub", "* title\n\n.include none.inc\n");
    write_file("one.inc", ".include two.inc\n");
    write_file("two.inc", ".include one.inc\n");
    write_file("self.lib", ".lib a\n.lib self.lib a\n.endl\n");
    write_file("asks.sub", ".lib self.lib c\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct latch_sources sources = {0};
        struct rs_error err = {{0}};
        cr_assert_eq(latch_sources_add(&sources, cases[i].file, cases[i].section, &err), cases[i].status,
                     "case %zu: %s", i, err.text);
        cr_assert_not_null(strstr(err.text, cases[i].said), "case %zu: %s", i, err.text);
        cr_assert_null(strchr(err.text, '\n'), "case %zu: %s", i, err.text);
        latch_sources_clear(&sources);
    }
}

static char *identity_of(const struct latch_options *options)
{
    struct latch latch;
    struct text text = {0};
    struct rs_error err;
    cr_assert_eq(latch_open(options, &latch, &err), RS_OK, "%s", err.text);
    latch_write_identity(&latch, &text);
    latch_close(&latch);
    char *bytes = text_take(&text, &err);
    cr_assert_not_null(bytes);
    return bytes;
}

static bool is_same(const struct latch_options *one, const struct latch_options *other)
{
    char *first = identity_of(one), *second = identity_of(other);
    bool same = strcmp(first, second) == 0;
    free(first);
    free(second);
    return same;
}

Test(latch, its_identity_is_its_circuit_and_its_files_not_where_they_lie, .init = enter_folder,
     .fini = leave_folder)
{
    static const char latch[] =
        ".include inner.inc\n.subckt mine inp inn clk outp outn vdd vss w=1u\nr1 inp inn 1\n.ends\n";
    struct path_plan plan, other;
    path_options_fill(&plan);
    other = plan;
    other.latch.seed = 99; /* which draw it is does not make it another */
    cr_assert(is_same(&plan.latch, &other.latch));
    other.latch.w_input_metres = 3e-6;
    cr_assert_not(is_same(&plan.latch, &other.latch));
    write_file("mine.sub", latch);
    write_file("inner.inc", "* one\n");
    snprintf(plan.latch.file, OPTION_TEXT_SIZE, "mine.sub");
    snprintf(plan.latch.subcircuit, OPTION_TEXT_SIZE, "mine");
    cr_assert_eq(mkdir("elsewhere", 0700), 0);
    write_file("elsewhere/mine.sub", latch);
    write_file("elsewhere/inner.inc", "* one\n");
    other = plan;
    snprintf(other.latch.file, OPTION_TEXT_SIZE, "elsewhere/mine.sub");
    cr_assert(is_same(&plan.latch, &other.latch));
    write_file("elsewhere/inner.inc", "* two\n");
    cr_assert_not(is_same(&plan.latch, &other.latch));
    cr_assert_eq(count_files(), 3);
    cr_assert_eq(unlink("elsewhere/mine.sub") + unlink("elsewhere/inner.inc") + rmdir("elsewhere"), 0);
}

Test(latch, widths_of_the_users_own_give_pelgroms_spread)
{
    struct path_plan plan;
    struct rs_error err;
    double own[6], theirs[6];
    path_options_fill(&plan);
    cr_assert_eq(latch_mismatch_sigmas(&plan.latch, own, &err), RS_OK);
    cr_assert_eq(latch_n_pairs(&plan.latch), 3);
    snprintf(plan.latch.file, OPTION_TEXT_SIZE, "mine.sub");
    snprintf(plan.latch.mismatch_parameters, OPTION_TEXT_SIZE, "a, b c d e f");
    plan.latch.mismatch_widths_metres =
        (struct option_reals){.word = -1, .n = 6, .values = {2e-6, 2e-6, 1e-6, 1e-6, 1e-6, 1e-6}};
    cr_assert_eq(latch_n_mismatch(&plan.latch), 6);
    cr_assert_eq(latch_n_pairs(&plan.latch), 0);
    plan.latch.pairs = PATH_PAIRS_KNOWN;
    cr_assert_eq(latch_n_pairs(&plan.latch), 3);
    cr_assert_eq(latch_mismatch_sigmas(&plan.latch, theirs, &err), RS_OK, "%s", err.text);
    for (int k = 0; k < 6; k++)
        cr_assert_float_eq(theirs[k] / own[k], 1, 1e-12);
    plan.latch.mismatch_widths_metres.n = 5;
    cr_assert_eq(latch_mismatch_sigmas(&plan.latch, theirs, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "latch.mismatch_widths: 5 numbers found, 1 or 6 expected"), "%s",
                       err.text);
}

/* --- latches of currents in full paths --- */

enum { N = 6, N_VECTORS = 3 };

static void check_path(int kind, int sign, int reference, struct worker_pool *pool)
{
    static struct path_case c;
    double amperes[N_VECTORS * N], still[N * 6] = {0};
    struct path_decision decisions[N_VECTORS * N];
    struct rs_error err = {{0}};
    const double threshold = 2e-6, clear_volts = 1e-3;
    size_t n_wrong = 0, n_clear = 0;
    path_case_fill(&c, N, N_VECTORS, 200);
    c.plan.latch.kind = kind;
    c.plan.latch.bias_amperes = 40e-6;
    c.plan.path.sign = sign;
    c.plan.reference.kind = reference;
    c.plan.reference.r_output_ohm = 1e12; /* else the input's own potential draws a current through it */
    c.plan.reference.threshold_amperes = (struct option_reals){.word = -1, .n = 1, .values = {threshold}};
    c.path.mismatch_volts = still;
    path_case_currents(&c, amperes);
    size_t n_slots = path_n_slots(&c.plan.path, N);
    cr_assert_eq(path_run(&c.path, pool, 60, decisions, &err), RS_OK, "kind %d: %s", kind, err.text);
    for (size_t k = 0; k < N_VECTORS * n_slots; k++) {
        const double *row = amperes + k / n_slots * N;
        size_t j = k % n_slots;
        double plus = sign == PATH_OFFSET ? row[j] : row[2 * j],
               minus = sign == PATH_OFFSET ? row[N - 1] : row[2 * j + 1];
        double volts = c.plan.latch.r_load_ohm * (plus - minus - threshold);
        cr_assert_float_eq(decisions[k].input_volts, volts, 2e-7, "kind %d, sign %d: %g for %g", kind, sign,
                           decisions[k].input_volts, volts);
        cr_assert_eq(isnan(decisions[k].delay_seconds), kind == PATH_WINNER);
        n_clear += fabs(volts) > clear_volts;
        n_wrong += fabs(volts) > clear_volts && (decisions[k].output_volts > 0) != (volts > 0);
    }
    cr_assert(n_clear > N_VECTORS && n_wrong == 0, "kind %d, sign %d: %zu of %zu wrong", kind, sign, n_wrong,
              n_clear);
}

Test(latch, currents_decide_as_the_engine_solves_them)
{
    struct worker_options options = {.n_workers = 1, .program = getenv("RESCORE")};
    struct worker_pool *pool = NULL;
    struct rs_error err;
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    check_path(PATH_CURRENT_LATCH, PATH_DIFFERENTIAL, PATH_IDEAL, pool);
    check_path(PATH_CURRENT_LATCH, PATH_OFFSET, PATH_CURRENT, pool);
    check_path(PATH_WINNER, PATH_DIFFERENTIAL, PATH_CURRENT, pool);
    check_path(PATH_WINNER, PATH_OFFSET, PATH_IDEAL, pool);
    worker_pool_destroy(pool);
}
