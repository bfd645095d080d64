#include <config.h>

#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static const double redraw_seconds = 0.1, line_seconds = 30;
enum { BAR_WIDTH = 30 };

double progress_seconds(const struct progress *progress)
{
    return clock_seconds() - progress->start_seconds;
}

void progress_init(struct progress *progress, const struct command_line *line, const char *what)
{
    const char *terminal = getenv("TERM");
    bool redraws = isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
    *progress =
        (struct progress){.what = what, .how = line->progress, .is_terminal = redraws, .last_seconds = -1};
    progress->start_seconds = clock_seconds();
    if (line->quiet && progress->how == COMMAND_PROGRESS_AUTO)
        progress->how = COMMAND_PROGRESS_NEVER;
}

static void print_time(double seconds)
{
    long s = (long)(seconds + 0.5);
    if (s < 3600)
        fprintf(stderr, "%ld:%02ld", s / 60, s % 60);
    else
        fprintf(stderr, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static void print_line(const struct progress *progress, const struct run_progress *state)
{
    double rate = state->seconds > 0 ? (double)(state->n_done - state->n_found) / state->seconds : 0;
    fprintf(stderr, "%zu/%zu %s", state->n_done, state->n_total, progress->what);
    if (rate > 0) {
        fprintf(stderr, ", %.3g/s, ", rate);
        print_time((double)(state->n_total - state->n_done) / rate);
        fprintf(stderr, " left");
    }
    if (state->n_failed > 0)
        fprintf(stderr, ", %zu failed", state->n_failed);
}

static void print_bar(const struct run_progress *state)
{
    size_t filled = state->n_total > 0 ? BAR_WIDTH * state->n_done / state->n_total : BAR_WIDTH;
    fprintf(stderr, "\r[");
    for (size_t i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] ");
}

static void print_json(const struct run_progress *state)
{
    double rate = state->seconds > 0 ? (double)(state->n_done - state->n_found) / state->seconds : 0;
    fprintf(stderr, "{\"done\": %zu, \"total\": %zu, \"failed\": %zu, \"seconds\": %.1f", state->n_done,
            state->n_total, state->n_failed, state->seconds);
    if (rate > 0)
        fprintf(stderr, ", \"per_second\": %.4g, \"seconds_left\": %.1f", rate,
                (double)(state->n_total - state->n_done) / rate);
    fprintf(stderr, "}\n");
}

void progress_show(void *context, const struct run_progress *state)
{
    struct progress *progress = context;
    bool finished = state->n_done == state->n_total;
    bool redraws = progress->is_terminal && progress->how != COMMAND_PROGRESS_JSON;
    double wait = redraws ? redraw_seconds : progress->how == COMMAND_PROGRESS_JSON ? 1 : line_seconds;
    if (progress->how == COMMAND_PROGRESS_NEVER ||
        (progress->drawn && finished && !redraws && progress->last_seconds < 0))
        return;
    if (!finished && progress->last_seconds >= 0 && state->seconds - progress->last_seconds < wait)
        return;
    if (!redraws && progress->how == COMMAND_PROGRESS_AUTO && state->seconds < line_seconds)
        return; /* short jobs stay silent in logs */
    progress->last_seconds = finished ? -1 : state->seconds;
    progress->drawn = true;
    if (progress->how == COMMAND_PROGRESS_JSON) {
        print_json(state);
        return;
    }
    if (redraws)
        print_bar(state);
    print_line(progress, state);
    fprintf(stderr, redraws ? "   " : "\n");
}

void progress_end(struct progress *progress)
{
    if (progress->drawn && progress->is_terminal && progress->how != COMMAND_PROGRESS_JSON)
        fputc('\n', stderr);
    progress->drawn = false;
}
