#include "workload/story_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/file.h"
#include "workload/babi.h"
#include "workload/stories.h"
#include "workload/tales.h"

enum { TRAINING_MIN = 20 };

void story_data_clear(struct story_data *data)
{
    vocabulary_clear(&data->vocabulary);
    free(data->kinds);
    story_set_clear(&data->training);
    story_set_clear(&data->validation);
    story_set_clear(&data->calibration);
    story_set_clear(&data->test);
    *data = (struct story_data){0};
}

static enum rs_status set_kinds(size_t n, const char *const *names, struct story_data *data,
                                struct rs_error *err)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < n; i++)
        n_bytes += strlen(names[i]) + 1;
    data->kinds = memory_allocate(1, n * sizeof *data->kinds + n_bytes, err);
    if (data->kinds == NULL)
        return RS_INTERNAL;
    char *bytes = (char *)(data->kinds + n);
    for (size_t i = 0; i < n; i++) {
        data->kinds[i] = strcpy(bytes, names[i]);
        bytes += strlen(names[i]) + 1;
    }
    data->n_kinds = n;
    return RS_OK;
}

/* Which kinds of tales a task takes in turn; how many, 0: there is no such task. */
static int choose_kinds(const char *task, int kinds[TALES_N_KINDS])
{
    static const int mixed[] = {0, 1, 14};
    if (strcmp(task, "mixed") == 0) {
        memcpy(kinds, mixed, sizeof mixed);
        return 3;
    }
    for (int i = 0; i < TALES_N_KINDS; i++)
        kinds[i] = i;
    if (strcmp(task, "joint") == 0)
        return TALES_N_KINDS;
    for (int i = 0; i < TALES_N_KINDS; i++)
        if (strcmp(task, tales_names[i]) == 0) {
            kinds[0] = i;
            return 1;
        }
    return 0;
}

/* Stories `first` and on; story n is of kind kinds[n mod n_kinds]. */
static enum rs_status generate_set(uint64_t seed, uint32_t first, size_t n, int n_sentences_max,
                                   const int *kinds, int n_kinds, struct vocabulary *vocabulary,
                                   struct story_set *out, struct rs_error *err)
{
    enum rs_status status = RS_INTERNAL;
    struct tale *tales = memory_allocate(n, sizeof *tales, err);
    struct story *stories = memory_allocate(n, sizeof *stories, err);
    if (tales == NULL || stories == NULL)
        goto done;
    for (size_t i = 0; i < n; i++) {
        uint32_t number = first + (uint32_t)i;
        int kind = (int)(number % (uint32_t)n_kinds);
        tales[i].vocabulary = vocabulary;
        stories[i] = tales_write(kinds[kind], seed, number, n_sentences_max, &tales[i]);
        stories[i].kind = kind;
    }
    status = story_set_pack(out, stories, n, err);
done:
    free(stories);
    free(tales);
    return status;
}

static enum rs_status refuse_task(const char *task, struct rs_error *err)
{
    const char *names[TALES_N_KINDS + 2];
    memcpy(names, tales_names, TALES_N_KINDS * sizeof *names);
    names[TALES_N_KINDS] = "mixed";
    names[TALES_N_KINDS + 1] = "joint";
    const char *nearest = text_nearest(task, names, TALES_N_KINDS + 2);
    return rs_fail(err, RS_INPUT, "workload.task: '%s' found, a kind of stories expected%s%s%s", task,
                   nearest != NULL ? ": did you mean '" : " (one-fact, ..., mixed, joint)",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

enum rs_status story_data_generate(const char *task, uint64_t seed, const struct story_data_sizes *sizes,
                                   struct story_data *out, struct rs_error *err)
{
    int kinds[TALES_N_KINDS], n_kinds = choose_kinds(task, kinds);
    const char *names[TALES_N_KINDS];
    *out = (struct story_data){0};
    if (n_kinds == 0)
        return refuse_task(task, err);
    for (int i = 0; i < n_kinds; i++)
        names[i] = tales_names[kinds[i]];
    /* The words of the embedded model keep their places. */
    if (strcmp(task, "mixed") == 0)
        for (int i = 0; i < STORY_WORDS_COUNT; i++)
            vocabulary_add(&out->vocabulary, story_words_vocabulary()[i],
                           strlen(story_words_vocabulary()[i]));
    snprintf(out->task, sizeof out->task, "%s", task);
    snprintf(out->source, sizeof out->source, "generated stories");
    out->n_sentences_max = sizes->n_sentences_max;
    const struct {
        uint32_t first;
        size_t n;
        struct story_set *set;
    } sets[] = {{0, sizes->n_training, &out->training},
                {STORY_DATA_VALIDATION_FIRST, sizes->n_validation, &out->validation},
                {0, sizes->n_calibration, &out->calibration},
                {STORY_DATA_TEST_FIRST, sizes->n_test, &out->test}};
    enum rs_status status = set_kinds((size_t)n_kinds, names, out, err);
    for (size_t i = 0; status == RS_OK && i < sizeof sets / sizeof sets[0]; i++)
        status = generate_set(seed, sets[i].first, sets[i].n, sizes->n_sentences_max, kinds, n_kinds,
                              &out->vocabulary, sets[i].set, err);
    if (status == RS_OK)
        status = vocabulary_check(&out->vocabulary, err);
    if (status != RS_OK)
        story_data_clear(out);
    return status;
}

/* The sets of files on their way into those of a story_data. */
struct shelf {
    size_t n_files;
    struct story_set training[BABI_TASKS], test[BABI_TASKS];
};

static enum rs_status read_file(const char *path, int32_t kind, struct vocabulary *vocabulary,
                                struct story_set *out, struct rs_error *err)
{
    char *bytes = NULL;
    size_t n_bytes;
    *out = (struct story_set){0};
    enum rs_status status = file_read(path, BABI_BYTES_MAX, &bytes, &n_bytes, err);
    if (status == RS_OK)
        status = babi_parse(path, bytes, n_bytes, kind, vocabulary, out, err);
    free(bytes);
    return status;
}

/* Packs stories first, first + 1 ... of every file, n of them. */
static enum rs_status pack(const struct story_set *sets, size_t n_sets, const size_t *first, const size_t *n,
                           struct story_set *out, struct rs_error *err)
{
    size_t n_all = 0, at = 0;
    for (size_t i = 0; i < n_sets; i++)
        n_all += n[i];
    struct story *stories = memory_allocate(n_all, sizeof *stories, err);
    if (stories == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_sets; i++)
        for (size_t j = 0; j < n[i]; j++)
            stories[at++] = story_of_set(&sets[i], first[i] + j);
    enum rs_status status = story_set_pack(out, stories, n_all, err);
    free(stories);
    return status;
}

/* One file's part of what is asked for, at least 1 and at most what there is. */
static size_t share(size_t n_asked, size_t n_files, size_t n_there)
{
    size_t n = (n_asked + n_files - 1) / n_files;
    return n < 1 ? 1 : n < n_there ? n : n_there;
}

/* Cuts every training file: its last stories validate, its first ones calibrate and train. */
static enum rs_status cut(const struct shelf *shelf, const struct story_data_sizes *sizes,
                          struct story_data *out, struct rs_error *err)
{
    size_t zero[BABI_TASKS] = {0}, first[BABI_TASKS], n_validation[BABI_TASKS], n_training[BABI_TASKS],
           n_calibration[BABI_TASKS], n_test[BABI_TASKS], n_files = shelf->n_files;
    for (size_t i = 0; i < n_files; i++) {
        size_t n = shelf->training[i].n_stories;
        if (n < TRAINING_MIN)
            return rs_fail(err, RS_INPUT, "%s: %zu training questions found, at least %d expected",
                           out->kinds[i], n, TRAINING_MIN);
        n_validation[i] = share(sizes->n_validation, n_files, n / 10);
        first[i] = n - n_validation[i];
        n_training[i] = sizes->n_training < first[i] ? sizes->n_training : first[i];
        n_calibration[i] = share(sizes->n_calibration, n_files, n_training[i]);
        n_test[i] = share(sizes->n_test, n_files, shelf->test[i].n_stories);
    }
    enum rs_status status = pack(shelf->training, n_files, zero, n_training, &out->training, err);
    if (status == RS_OK)
        status = pack(shelf->training, n_files, first, n_validation, &out->validation, err);
    if (status == RS_OK)
        status = pack(shelf->training, n_files, zero, n_calibration, &out->calibration, err);
    if (status == RS_OK)
        status = pack(shelf->test, n_files, zero, n_test, &out->test, err);
    out->n_sentences_max = (int)story_set_longest_story(&out->training);
    return status;
}

/* The files of tasks first ... last that are there; a task asked for alone must be. */
static enum rs_status read_files(const char *folder, int first, int last, struct shelf *shelf,
                                 struct story_data *out, struct rs_error *err)
{
    struct babi_files files[BABI_TASKS];
    const char *kinds[BABI_TASKS];
    for (int task = first; task <= last; task++) {
        struct babi_files *at = &files[shelf->n_files];
        bool found;
        enum rs_status status = babi_find(folder, task, at, &found, err);
        if (status == RS_OK && !found && first != last)
            continue;
        if (status == RS_OK && !found)
            status =
                rs_fail(err, RS_INPUT, "%s: error: no files qa%d_NAME_train.txt and qa%d_NAME_test.txt found",
                        folder, task, task);
        if (status == RS_OK)
            status = read_file(at->train, (int32_t)shelf->n_files, &out->vocabulary,
                               &shelf->training[shelf->n_files], err);
        if (status == RS_OK)
            status = read_file(at->test, (int32_t)shelf->n_files, &out->vocabulary,
                               &shelf->test[shelf->n_files], err);
        if (status != RS_OK)
            return status;
        kinds[shelf->n_files++] = at->name;
    }
    if (shelf->n_files == 0)
        return rs_fail(err, RS_INPUT, "%s: error: no files qaN_NAME_train.txt and qaN_NAME_test.txt found",
                       folder);
    return set_kinds(shelf->n_files, kinds, out, err);
}

enum rs_status story_data_read(const char *folder, const char *task, const struct story_data_sizes *sizes,
                               struct story_data *out, struct rs_error *err)
{
    char *end;
    bool joint = strcmp(task, "joint") == 0;
    long number = strtol(task, &end, 10);
    *out = (struct story_data){0};
    if (!joint && (end == task || *end != '\0' || number < 1 || number > BABI_TASKS))
        return rs_fail(err, RS_INPUT, "workload.task: '%s' found, 1 to %d or joint expected", task,
                       BABI_TASKS);
    struct shelf *shelf = memory_allocate(1, sizeof *shelf, err);
    if (shelf == NULL)
        return RS_INTERNAL;
    enum rs_status status =
        read_files(folder, joint ? 1 : (int)number, joint ? BABI_TASKS : (int)number, shelf, out, err);
    if (status == RS_OK)
        status = cut(shelf, sizes, out, err);
    for (size_t i = 0; i < BABI_TASKS; i++) {
        story_set_clear(&shelf->training[i]);
        story_set_clear(&shelf->test[i]);
    }
    free(shelf);
    snprintf(out->task, sizeof out->task, "%s", joint ? task : out->n_kinds == 1 ? out->kinds[0] : "");
    snprintf(out->source, sizeof out->source, "stories of bAbI files (babi.h)");
    if (status != RS_OK)
        story_data_clear(out);
    return status;
}
