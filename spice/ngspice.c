#include "config.h" /* POSIX and GNU names */

#include "spice/ngspice.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "io/file.h"

extern char **environ;

enum {
    DIRECTORY_SIZE = 1024,
    PATH_SIZE = DIRECTORY_SIZE + 64,
    OUTPUT_BYTES_MAX = 1 << 28,
    PAUSE_MAX_NANOSECONDS = 20 * 1000 * 1000
};

static const char *const file_names[] = {"deck.cir", "stdout.txt", "stderr.txt"};
enum { N_FILES = sizeof file_names / sizeof file_names[0] };

/* Words of ngspice 39 that mean a wrong, replaced or doubtful solution. */
static const char *const troubles[] = {"singular matrix", "gmin step",  "source step",      "transient op",
                                       "aborted",         "not parsed", "can't find model", "no such",
                                       "error",           "warning",    "set to 1 mohm",    "not available"};

/* --- reading what it printed --- */

static bool contains(const char *line, size_t length, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= length; i++)
        if (strncasecmp(line + i, word, n) == 0)
            return true;
    return false;
}

const char *ngspice_find_trouble(const char *output, size_t *length)
{
    for (const char *line = output; *line != '\0'; line += *length + (line[*length] == '\n')) {
        *length = strcspn(line, "\n");
        for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++)
            if (contains(line, *length, troubles[i]))
                return line;
    }
    *length = 0;
    return NULL;
}

/* "i(v12) = 1.5e-06": true with the index and the value. */
static bool parse_current(const char *line, size_t *index, double *value)
{
    char *end;
    if (strncmp(line, "i(v", 3) != 0 || line[3] < '0' || line[3] > '9')
        return false;
    *index = strtoull(line + 3, &end, 10);
    if (strncmp(end, ") = ", 4) != 0)
        return false;
    const char *number = end + 4;
    *value = strtod(number, &end);
    return end != number && (*end == '\0' || *end == '\n' || *end == ' ');
}

enum rs_status ngspice_read_currents(const char *output, size_t n_values, double *amperes,
                                     struct rs_error *err)
{
    for (size_t j = 0; j < n_values; j++)
        amperes[j] = (double)NAN;
    for (const char *line = output; line != NULL; line = strchr(line, '\n')) {
        size_t index;
        double value;
        line += *line == '\n';
        if (!parse_current(line, &index, &value))
            continue;
        if (index >= n_values || !isfinite(value) || !isnan(amperes[index]))
            return rs_fail(err, RS_IO, "ngspice printed '%.*s': not one finite current per column",
                           (int)strcspn(line, "\n"), line);
        amperes[index] = value;
    }
    for (size_t j = 0; j < n_values; j++)
        if (isnan(amperes[j]))
            return rs_fail(err, RS_IO, "ngspice printed no current of column %zu", j);
    return RS_OK;
}

/* --- running it --- */

static void print_path(const char *directory, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", directory, name);
}

static enum rs_status make_directory(char directory[DIRECTORY_SIZE], struct rs_error *err)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/' || strlen(parent) > DIRECTORY_SIZE / 2)
        parent = "/tmp";
    snprintf(directory, DIRECTORY_SIZE, "%s/rescore-ngspice-XXXXXX", parent);
    if (mkdtemp(directory) == NULL)
        return rs_fail(err, RS_IO, "%s: error: cannot make a directory for ngspice: %s", parent,
                       strerror(errno));
    return RS_OK;
}

static void remove_directory(const char *directory)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < N_FILES; i++) {
        print_path(directory, file_names[i], path);
        (void)unlink(path); /* a leftover in the temporary directory harms nobody */
    }
    (void)rmdir(directory);
}

/*
 * Our environment with HOME in the directory (no .spiceinit of the user's), the usual numbers, one thread,
 * and without SPICE_SCRIPTS (no foreign spinit). One block, freed by the caller; `home` must outlive it.
 */
static char **make_environment(char *home, struct rs_error *err)
{
    static const char *const dropped[] = {"HOME=", "SPICE_SCRIPTS=", "LC_ALL=", "OMP_NUM_THREADS="};
    size_t n = 0, n_kept = 0;
    while (environ[n] != NULL)
        n++;
    char **kept = memory_allocate(n + 4, sizeof *kept, err);
    if (kept == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        bool drop = false;
        for (size_t k = 0; k < sizeof dropped / sizeof dropped[0]; k++)
            drop = drop || strncmp(environ[i], dropped[k], strlen(dropped[k])) == 0;
        if (!drop)
            kept[n_kept++] = environ[i];
    }
    kept[n_kept++] = home;
    kept[n_kept++] = "LC_ALL=C";
    kept[n_kept++] = "OMP_NUM_THREADS=1";
    return kept;
}

/* 0, or an errno. */
static int spawn(const char *directory, char **environment, pid_t *pid)
{
    char *arguments[] = {"ngspice", "-b", "deck.cir", NULL};
    char out[PATH_SIZE], log[PATH_SIZE];
    posix_spawn_file_actions_t actions;
    print_path(directory, "stdout.txt", out);
    print_path(directory, "stderr.txt", log);
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0)
        return failure;
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(&actions, 1, out, flags, 0600);
    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(&actions, 2, log, flags, 0600);
    if (failure == 0)
        failure = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (failure == 0)
        failure = posix_spawnp(pid, arguments[0], &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Waits for our own child; kills it at the limit. */
static enum rs_status await(pid_t pid, double limit_seconds, struct rs_error *err)
{
    double end = seconds_now() + limit_seconds;
    struct timespec pause = {0, 500 * 1000};
    for (;;) {
        int how;
        pid_t ended = waitpid(pid, &how, WNOHANG);
        if (ended == pid && WIFSIGNALED(how))
            return rs_fail(err, RS_IO, "ngspice was stopped by signal %d", WTERMSIG(how));
        if (ended == pid)
            return RS_OK;
        if (ended < 0 && errno != EINTR)
            return rs_fail(err, RS_IO, "cannot wait for ngspice: %s", strerror(errno));
        if (seconds_now() > end) {
            kill(pid, SIGKILL);
            while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
                ;
            return rs_fail(err, RS_IO, "ngspice took longer than %g s and was stopped", limit_seconds);
        }
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < PAUSE_MAX_NANOSECONDS)
            pause.tv_nsec += pause.tv_nsec / 4;
    }
}

static enum rs_status start(const char *directory, pid_t *pid, struct rs_error *err)
{
    char home[PATH_SIZE];
    snprintf(home, sizeof home, "HOME=%s", directory);
    char **environment = make_environment(home, err);
    if (environment == NULL)
        return RS_INTERNAL;
    int failure = spawn(directory, environment, pid);
    free(environment);
    if (failure == ENOENT)
        return rs_fail(err, RS_IO, "ngspice not found: it must be on PATH (package ngspice)");
    if (failure != 0)
        return rs_fail(err, RS_IO, "cannot start ngspice: %s", strerror(failure));
    return RS_OK;
}

/* What it printed on standard output, if no line of it or of standard error speaks of trouble. */
static enum rs_status read_output(const char *directory, char **output, struct rs_error *err)
{
    char path[PATH_SIZE], *out = NULL, *log = NULL;
    size_t n_bytes, length = 0;
    print_path(directory, "stdout.txt", path);
    enum rs_status status = file_read(path, OUTPUT_BYTES_MAX, &out, &n_bytes, err);
    print_path(directory, "stderr.txt", path);
    if (status == RS_OK)
        status = file_read(path, OUTPUT_BYTES_MAX, &log, &n_bytes, err);
    if (status == RS_OK) {
        const char *trouble = ngspice_find_trouble(log, &length);
        if (trouble == NULL)
            trouble = ngspice_find_trouble(out, &length);
        if (trouble != NULL)
            status = rs_fail(err, RS_IO, "ngspice said '%.*s'", (int)length, trouble);
    }
    free(log);
    if (status != RS_OK) {
        free(out);
        return status;
    }
    *output = out;
    return RS_OK;
}

/* Runs a deck; its directory stays for `ngspice_run...` to remove, or for the user after a failure. */
static enum rs_status run_in(const char *directory, const char *deck, double limit_seconds, char **output,
                             bool *started, struct rs_error *err)
{
    char path[PATH_SIZE];
    pid_t pid;
    print_path(directory, "deck.cir", path);
    enum rs_status status = file_write(path, deck, strlen(deck), err);
    if (status == RS_OK)
        status = start(directory, &pid, err);
    *started = status == RS_OK;
    if (status == RS_OK)
        status = await(pid, limit_seconds, err);
    if (status == RS_OK)
        status = read_output(directory, output, err);
    return status;
}

enum rs_status ngspice_run_reader(const char *deck, double limit_seconds,
                                  enum rs_status (*read)(void *context, const char *output,
                                                         struct rs_error *err),
                                  void *context, struct rs_error *err)
{
    char directory[DIRECTORY_SIZE], *output = NULL;
    struct rs_error reason = {{0}};
    bool started;
    enum rs_status status = make_directory(directory, err);
    if (status != RS_OK)
        return status;
    status = run_in(directory, deck, limit_seconds, &output, &started, &reason);
    if (status == RS_OK)
        status = read(context, output, &reason);
    free(output);
    if (status != RS_OK && started)
        return rs_fail(err, status, "%s (its files are in %s)", reason.text, directory);
    remove_directory(directory);
    return status == RS_OK ? RS_OK : rs_fail(err, status, "%s", reason.text);
}

struct currents {
    size_t n_values;
    double *amperes;
};

static enum rs_status read_currents(void *context, const char *output, struct rs_error *err)
{
    const struct currents *currents = context;
    return ngspice_read_currents(output, currents->n_values, currents->amperes, err);
}

enum rs_status ngspice_run(const char *deck, size_t n_values, double limit_seconds, double *amperes,
                           struct rs_error *err)
{
    struct currents currents = {n_values, amperes};
    return ngspice_run_reader(deck, limit_seconds, read_currents, &currents, err);
}
