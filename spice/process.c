#include "config.h" /* POSIX and GNU names */

#include "spice/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

extern char **environ;

/* --- directories --- */

void process_print_path(const char *directory, const char *name, char path[PROCESS_PATH_SIZE])
{
    snprintf(path, PROCESS_PATH_SIZE, "%s/%s", directory, name);
}

enum rs_status process_make_directory(const char *stem, char directory[PROCESS_DIRECTORY_SIZE],
                                      struct rs_error *err)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/' || strlen(parent) > PROCESS_DIRECTORY_SIZE / 2)
        parent = "/tmp";
    snprintf(directory, PROCESS_DIRECTORY_SIZE, "%s/%s-XXXXXX", parent, stem);
    if (mkdtemp(directory) != NULL)
        return RS_OK;
    directory[0] = '\0';
    return rs_fail(err, RS_IO, "%s: error: cannot make a directory for ngspice: %s", parent, strerror(errno));
}

void process_remove_directory(const char *directory)
{
    DIR *list = opendir(directory);
    struct dirent *entry;
    while (list != NULL && (entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(list), entry->d_name, 0);
    if (list != NULL)
        closedir(list);
    (void)rmdir(directory);
}

/* --- starting --- */

/* What would change ngspice: its own variables, the user's HOME, number formats, threads. */
static bool is_dropped(const char *variable)
{
    static const char *const dropped[] = {"HOME=", "SPICE_",    "NGSPICE_", "LC_",
                                          "LANG=", "LANGUAGE=", "OMP_",     "OPENBLAS_NUM_THREADS="};
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
        if (strncmp(variable, dropped[i], strlen(dropped[i])) == 0)
            return true;
    return false;
}

/* One block, freed by the caller; `home` must outlive it. */
static char **make_environment(char *home, struct rs_error *err)
{
    size_t n = 0, n_kept = 0;
    while (environ[n] != NULL)
        n++;
    char **kept = memory_allocate(n + 5, sizeof *kept, err);
    if (kept == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_dropped(environ[i]))
            kept[n_kept++] = environ[i];
    kept[n_kept++] = home;
    kept[n_kept++] = "LC_ALL=C";
    kept[n_kept++] = "OMP_NUM_THREADS=1";
    kept[n_kept++] = "OPENBLAS_NUM_THREADS=1";
    return kept;
}

/* Default signals and a process group of its own: the terminal's Ctrl-C is ours to pass on. 0, or an errno.
 */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigemptyset(&none);
    sigfillset(&all);
    const short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP;
    int failure = posix_spawnattr_setflags(attributes, flags);
    if (failure == 0)
        failure = posix_spawnattr_setpgroup(attributes, 0);
    if (failure == 0)
        failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (failure == 0)
        failure = posix_spawnattr_setsigmask(attributes, &none);
    return failure;
}

static int set_files(posix_spawn_file_actions_t *actions, const char *directory, int input)
{
    int failure = posix_spawn_file_actions_addchdir_np(actions, directory);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, input, 0);
    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(actions, 1, "log.txt",
                                                   O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, 1, 2);
    return failure;
}

/* 0, or an errno. */
static int spawn(struct process *process, char *const arguments[], char **environment, int input)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0)
        return failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = set_signals(&attributes);
        if (failure == 0)
            failure = set_files(&actions, process->directory, input);
        if (failure == 0)
            failure =
                posix_spawnp(&process->pid, arguments[0], &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

enum rs_status process_start(struct process *process, char *const arguments[], bool *missing,
                             struct rs_error *err)
{
    char home[PROCESS_PATH_SIZE];
    int ends[2];
    snprintf(home, sizeof home, "HOME=%s", process->directory);
    if (missing != NULL)
        *missing = false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return rs_fail(err, RS_IO, "cannot make a socket for ngspice: %s", strerror(errno));
    char **environment = make_environment(home, err);
    int failure = environment == NULL ? ENOMEM : spawn(process, arguments, environment, ends[1]);
    free(environment);
    close(ends[1]);
    if (failure == 0) {
        process->fd = ends[0];
        (void)fcntl(process->fd, F_SETFL, O_NONBLOCK); /* cannot fail on a socket */
        return RS_OK;
    }
    close(ends[0]);
    process->pid = 0;
    if (missing != NULL)
        *missing = failure == ENOENT;
    return rs_fail(err, RS_IO, "cannot start %s: %s", arguments[0], strerror(failure));
}

/* --- ending --- */

int process_end(struct process *process, double patience_seconds)
{
    int how = 0;
    pid_t ended = 0;
    struct timespec pause = {0, 200 * 1000};
    if (process->pid == 0)
        return 0;
    close(process->fd);
    for (double end = clock_seconds() + patience_seconds; ended != process->pid && clock_seconds() < end;) {
        ended = waitpid(process->pid, &how, WNOHANG);
        if (ended < 0 && errno != EINTR)
            break;
        if (ended != process->pid)
            nanosleep(&pause, NULL);
    }
    if (ended != process->pid) {
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, &how, 0) < 0 && errno == EINTR)
            ;
    }
    process->pid = 0;
    process->fd = -1;
    return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}
