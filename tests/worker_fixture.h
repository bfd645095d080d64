/* What the tests of spice/worker.h share: pools in a folder of the test's own, a deck, what a failure leaves.
 */
#ifndef TESTS_WORKER_FIXTURE_H
#define TESTS_WORKER_FIXTURE_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "spice/worker.h"

/* Directories of workers and of failures come to lie in the test's own folder. */
static void enter(void)
{
    char folder[256];
    enter_folder();
    cr_assert_not_null(getcwd(folder, sizeof folder));
    setenv("TMPDIR", folder, 1);
}

enum { N_WAYS = 2 };
static const char *const ways[N_WAYS] = {"libngspice.so.0", "program"};

static struct worker_pool *create(const char *way, size_t n_workers)
{
    struct worker_pool *pool;
    struct rs_error err = {{0}};
    const struct worker_options options = {
        .program = getenv("RESCORE"), .ngspice = way, .n_workers = n_workers};
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    return pool;
}

static void run_well(struct worker_pool *pool, size_t n_jobs, struct worker_job *jobs)
{
    struct rs_error err = {{0}};
    cr_assert_eq(worker_pool_run(pool, n_jobs, jobs, &err), RS_OK, "%s", err.text);
}

/* A child of ours that a worker pool started; 0 where there is none. */
static pid_t find_child(void)
{
    pid_t found = 0;
    DIR *list = opendir("/proc");
    struct dirent *entry;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        char path[512];
        int pid = atoi(entry->d_name), parent = 0;
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *file = pid > 0 ? fopen(path, "r") : NULL;
        if (file != NULL && fscanf(file, "%*d %*[^)]) %*c %d", &parent) == 1 && parent == getpid())
            found = pid;
        if (file != NULL)
            fclose(file);
    }
    closedir(list);
    return found;
}

static const char divider[] = "* divider\nv1 a 0 dc 1\nr1 a b 1k\nr2 b 0 3k\n.end\n";
static const struct worker_vector divided[] = {{"b", 1}};

/* The directory that a message names; it must hold deck and log, and is removed. */
static void check_kept(const char *message)
{
    char directory[1024], path[1100];
    const char *at = strstr(message, "(its files are in ");
    cr_assert_not_null(at, "%s", message);
    cr_assert_eq(sscanf(at, "(its files are in %1023[^)]", directory), 1);
    snprintf(path, sizeof path, "%s/deck.cir", directory);
    cr_assert_eq(unlink(path), 0, "%s", path);
    snprintf(path, sizeof path, "%s/log.txt", directory);
    cr_assert_eq(unlink(path), 0, "%s", path);
    cr_assert_eq(rmdir(directory), 0);
}

#endif
