#include "config.h" /* POSIX and GNU names */

#include "spice/worker_process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spice/trouble.h"
#include "spice/worker_wire.h"

enum { LOG_FD = 1 };

/* --- libngspice, as its manual describes it (shared library, soname libngspice.so.0) --- */

struct vector_info {
    char *name;
    int type;
    short flags;
    double *real; /* NULL: complex */
    void *complex;
    int length;
};

typedef int send_text(char *text, int instance, void *user);
typedef int controlled_exit(int status, bool at_once, bool by_quit, int instance, void *user);

struct library {
    int (*init)(send_text *print, send_text *state, controlled_exit *leave, void *data, void *init_data,
                void *running, void *user);
    int (*circuit)(char **lines);
    int (*command)(char *line);
    struct vector_info *(*vector)(char *name);
    char *(*current_plot)(void);
    char **(*all_vectors)(char *plot);
};

/* POSIX lets dlsym's answer become a function; C needs this detour. */
static bool find_symbol(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_symbols(void *handle, struct library *library)
{
    return find_symbol(handle, "ngSpice_Init", &library->init) &&
           find_symbol(handle, "ngSpice_Circ", &library->circuit) &&
           find_symbol(handle, "ngSpice_Command", &library->command) &&
           find_symbol(handle, "ngGet_Vec_Info", &library->vector) &&
           find_symbol(handle, "ngSpice_CurPlot", &library->current_plot) &&
           find_symbol(handle, "ngSpice_AllVecs", &library->all_vectors);
}

/* --- the socket --- */

static bool send_all(int fd, const char *bytes, size_t n_bytes)
{
    while (n_bytes > 0) {
        ssize_t n = send(fd, bytes, n_bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        n_bytes -= (size_t)n;
    }
    return true;
}

static bool receive_all(int fd, char *bytes, size_t n_bytes)
{
    while (n_bytes > 0) {
        ssize_t n = read(fd, bytes, n_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        n_bytes -= (size_t)n;
    }
    return true;
}

static bool send_frame(int fd, const struct text *content)
{
    uint64_t length = content->length;
    return !content->failed && send_all(fd, (const char *)&length, sizeof length) &&
           send_all(fd, content->bytes, content->length);
}

/* NULL at the end of input. */
static char *receive_frame(int fd, size_t *n_bytes)
{
    uint64_t length;
    if (!receive_all(fd, (char *)&length, sizeof length) || length > WORKER_WIRE_FRAME_MAX)
        return NULL;
    char *bytes = malloc((size_t)length + 1);
    *n_bytes = (size_t)length;
    if (bytes != NULL && !receive_all(fd, bytes, *n_bytes)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* --- one instance --- */

struct instance {
    struct library library;
    int fd;            /* the socket */
    off_t scanned;     /* of the log */
    bool loaded, deaf; /* deaf: a line could not be written to the log, so trouble may be missed */
};

static uint64_t memory_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What was written to the log since the last call; the caller's. NULL when it cannot be read. */
static char *read_log(struct instance *instance)
{
    struct stat state;
    if (fflush(stdout) != 0 || fstat(LOG_FD, &state) != 0 || state.st_size < instance->scanned)
        return NULL;
    size_t n = (size_t)(state.st_size - instance->scanned), n_read = 0;
    char *bytes = malloc(n + 1);
    while (bytes != NULL && n_read < n) {
        ssize_t count = pread(LOG_FD, bytes + n_read, n - n_read, instance->scanned + (off_t)n_read);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        n_read += (size_t)count;
    }
    if (bytes != NULL)
        bytes[n_read] = '\0';
    instance->scanned += (off_t)n_read;
    return bytes;
}

static bool write_log(const char *line, size_t n_bytes)
{
    while (n_bytes > 0) {
        ssize_t n = write(LOG_FD, line, n_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        line += n;
        n_bytes -= (size_t)n;
    }
    return true;
}

static int on_text(char *text, int number, void *user)
{
    struct instance *instance = user;
    (void)number;
    if (strncmp(text, "stdout ", 7) == 0 || strncmp(text, "stderr ", 7) == 0)
        text += 7;
    if (!write_log(text, strlen(text)) || !write_log("\n", 1))
        instance->deaf = true;
    return 0;
}

/* Puts a failure into `answer` if ngspice spoke of trouble since the last call. */
static bool is_troubled(struct instance *instance, struct text *answer)
{
    size_t length;
    char *said = read_log(instance);
    const char *trouble = said == NULL ? NULL : trouble_find(said, &length);
    bool unknown = said == NULL || instance->deaf;
    if (trouble != NULL)
        worker_wire_put_failure(answer, memory_bytes(), "ngspice said '%.*s'", (int)length, trouble);
    else if (unknown)
        worker_wire_put_failure(answer, memory_bytes(), "what ngspice said cannot be written or read");
    free(said);
    return trouble != NULL || unknown;
}

/* ngspice gives up and asks to be unloaded: the answer is sent from here, since it may never return. */
static int on_exit_asked(int status, bool at_once, bool by_quit, int number, void *user)
{
    struct instance *instance = user;
    struct text answer = {0};
    (void)at_once;
    (void)number;
    if (by_quit || !is_troubled(instance, &answer)) {
        text_clear(&answer);
        worker_wire_put_failure(&answer, memory_bytes(), "ngspice ended itself with status %d", status);
    }
    (void)send_frame(instance->fd, &answer);
    _exit(1);
}

static bool command(struct instance *instance, const char *line)
{
    char *copy = strdup(line);
    if (copy != NULL)
        (void)instance->library.command(copy); /* returns 0 after errors too */
    free(copy);
    return copy != NULL;
}

/* --- requests --- */

/* Lines of `deck` (changed), NULL at their end; the caller's. */
static char **split_lines(char *deck)
{
    size_t n = 1, i = 0;
    for (const char *at = deck; *at != '\0'; at++)
        n += *at == '\n';
    char **lines = malloc((n + 1) * sizeof *lines);
    if (lines == NULL)
        return NULL;
    for (char *line = deck; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        lines[i++] = line;
        line = end;
    }
    lines[i] = NULL;
    return lines;
}

static bool load(struct instance *instance, char *deck, bool in_doubt, struct text *answer)
{
    if (instance->loaded) {
        command(instance, "destroy all");
        command(instance, "remcirc");
    }
    if (ftruncate(LOG_FD, 0) == 0)
        instance->scanned = 0;
    char **lines = split_lines(deck);
    if (lines == NULL) {
        worker_wire_put_failure(answer, memory_bytes(), "out of memory");
        return false;
    }
    (void)instance->library.circuit(lines);
    free(lines);
    instance->loaded = true;
    if (is_troubled(instance, answer))
        return false;
    if (!in_doubt)
        return true;
    command(instance, TROUBLE_ASK_RESISTANCES);
    char *said = read_log(instance);
    bool replaced = said == NULL || trouble_has_replaced_zero(said);
    free(said);
    if (replaced)
        worker_wire_put_failure(answer, memory_bytes(), "%s", TROUBLE_REPLACED_TEXT);
    return !replaced;
}

static bool run_commands(struct instance *instance, char *commands, struct text *answer)
{
    for (char *line = commands; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        if (line[strspn(line, " \t")] != '\0') {
            command(instance, line);
            if (is_troubled(instance, answer))
                return false;
        }
        line = end;
    }
    return true;
}

/* The library's; NULL where only its constants are. */
static char **list_vectors(const struct instance *instance)
{
    char *plot = instance->library.current_plot();
    return plot == NULL || strcmp(plot, "const") == 0 ? NULL : instance->library.all_vectors(plot);
}

static bool is_listed(char **names, const char *name)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcasecmp(*names, name) == 0)
            return true;
    return false;
}

/* ngGet_Vec_Info also finds constants (a missing node "e" would be 2.718), so the plot's list decides. */
static bool append_vector(const struct instance *instance, char **names, char *name, struct text *values,
                          struct text *answer)
{
    const struct vector_info *vector = is_listed(names, name) ? instance->library.vector(name) : NULL;
    if (vector == NULL || vector->length < 1)
        worker_wire_put_failure(answer, memory_bytes(), "ngspice has no vector '%s'", name);
    else if (vector->real == NULL)
        worker_wire_put_failure(answer, memory_bytes(), "vector '%s' is complex, a real one is expected",
                                name);
    else {
        size_t n = (size_t)vector->length;
        worker_wire_put_number(values, n);
        text_append_bytes(values, (const char *)vector->real, n * sizeof *vector->real);
        return true;
    }
    return false;
}

static void read_vectors(const struct instance *instance, struct worker_wire *request, struct text *answer)
{
    struct text values = {0};
    char **names = list_vectors(instance);
    bool good = true;
    for (uint64_t n = worker_wire_take_number(request); n > 0 && good && !request->broken; n--) {
        char *name = worker_wire_take_text(request);
        (void)worker_wire_take_number(request);
        good = name != NULL && append_vector(instance, names, name, &values, answer);
        free(name);
    }
    if (good && (request->broken || values.failed))
        worker_wire_put_failure(answer, memory_bytes(), "out of memory");
    else if (good) {
        worker_wire_put_number(answer, WORKER_WIRE_DONE);
        worker_wire_put_number(answer, memory_bytes());
        text_append_bytes(answer, values.bytes == NULL ? "" : values.bytes, values.length);
    }
    text_clear(&values);
}

static void serve(struct instance *instance, struct worker_wire *request, struct text *answer)
{
    char *deck = worker_wire_take_text(request);
    bool in_doubt = worker_wire_take_number(request) != 0;
    char *commands = worker_wire_take_text(request);
    if (deck == NULL || commands == NULL)
        worker_wire_put_failure(answer, memory_bytes(), "out of memory");
    else if ((deck[0] == '\0' || load(instance, deck, in_doubt, answer)) &&
             run_commands(instance, commands, answer)) {
        read_vectors(instance, request, answer);
        command(instance, "destroy all");
    }
    free(deck);
    free(commands);
}

/* --- the process --- */

/* The program that started us has died: nobody else will remove the directory. */
static void on_orphaned(int number)
{
    char directory[4096];
    (void)number;
    (void)unlink("log.txt");
    if (getcwd(directory, sizeof directory) != NULL)
        (void)rmdir(directory);
    _exit(1);
}

/* The socket moves away from where ngspice reads. */
static int take_socket(void)
{
    int fd = fcntl(0, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        (void)dup2(null, 0);
        close(null);
    }
    return fd;
}

/* "ngspice-39" of "** ngspice-39 : Circuit level ..."; or "ngspice". */
static void put_version(struct instance *instance, struct text *answer)
{
    char *said = read_log(instance);
    const char *name = said == NULL ? NULL : strstr(said, "ngspice-");
    if (name == NULL)
        name = "ngspice";
    worker_wire_put_number(answer, WORKER_WIRE_DONE);
    worker_wire_put_number(answer, memory_bytes());
    worker_wire_put_text(answer, name, strcspn(name, " \n"));
    free(said);
}

/* Sends the greeting: the version, or why there is none. */
static bool greet(struct instance *instance, const char *name)
{
    struct text answer = {0};
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    bool good = handle != NULL && find_symbols(handle, &instance->library);
    if (!good)
        worker_wire_put_failure(&answer, 0, "%s", dlerror());
    if (good && instance->library.init(on_text, NULL, on_exit_asked, NULL, NULL, NULL, instance) != 0) {
        worker_wire_put_failure(&answer, 0, "%s does not start", name);
        good = false;
    }
    if (good) {
        command(instance, "set num_threads=1");
        command(instance, "set noinit"); /* no table of nodes, whose names could look like trouble */
        command(instance, "optran 1 1 1 0 0 0");
        put_version(instance, &answer);
    }
    good = send_frame(instance->fd, &answer) && good;
    text_clear(&answer);
    return good;
}

int worker_process_main(const char *library)
{
    struct instance instance = {.fd = take_socket()};
    struct sigaction action = {.sa_handler = on_orphaned};
    size_t n_bytes;
    char *bytes;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || instance.fd < 0 || !greet(&instance, library))
        return 1;
    sigaction(SIGTERM, &action, NULL);
    while ((bytes = receive_frame(instance.fd, &n_bytes)) != NULL) {
        struct worker_wire request = {.bytes = bytes, .n_left = n_bytes};
        struct text answer = {0};
        serve(&instance, &request, &answer);
        bool sent = send_frame(instance.fd, &answer);
        text_clear(&answer);
        free(bytes);
        if (!sent)
            break;
    }
    _exit(0); /* not through the library's destructors */
}
