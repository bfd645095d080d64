#include "spice/latch.h"

#include <math.h>
#include <string.h>

#include "numeric/random.h"
#include "spice/parts.h"

enum { MISMATCH_MAX = OPTION_REALS_MAX, OWN_MISMATCH_MAX = 2 * LATCH_PAIRS, N_WIDTHS = 6 };
#define UM2 1e-12

/* --- kinds --- */

/* A parameter of a subcircuit of ours and the width that it takes. */
struct width {
    const char *name;
    size_t offset;
};

struct kind {
    const char *name, *subcircuit;
    const unsigned char *text;
    const size_t *text_size;
    bool takes_currents, has_clock;
    size_t n_pairs;
    const char *shifts[OWN_MISMATCH_MAX]; /* two per pair */
    size_t pair_widths[LATCH_PAIRS];
    struct width widths[N_WIDTHS]; /* ends with an empty one */
};

#define WIDTH(name) offsetof(struct latch_options, name)
static const struct kind kinds[] = {
    [PATH_STRONGARM] = {.name = "strongarm",
                        .subcircuit = "strongarm",
                        .text = parts_embedded_strongarm,
                        .text_size = &parts_embedded_strongarm_size,
                        .has_clock = true,
                        .n_pairs = 3,
                        .shifts = {"dv1", "dv2", "dv3", "dv4", "dv5", "dv6"},
                        .pair_widths = {WIDTH(w_input_metres), WIDTH(w_nlatch_metres),
                                        WIDTH(w_platch_metres)},
                        .widths = {{"w_tail", WIDTH(w_tail_metres)},
                                   {"w_input", WIDTH(w_input_metres)},
                                   {"w_nlatch", WIDTH(w_nlatch_metres)},
                                   {"w_platch", WIDTH(w_platch_metres)},
                                   {"w_reset", WIDTH(w_reset_metres)},
                                   {"w_equalise", WIDTH(w_equalise_metres)}}},
    [PATH_CURRENT_LATCH] = {.name = "current",
                            .subcircuit = "current_latch",
                            .text = parts_embedded_current_latch,
                            .text_size = &parts_embedded_current_latch_size,
                            .takes_currents = true,
                            .has_clock = true,
                            .n_pairs = 3,
                            .shifts = {"dv5", "dv6", "dv1", "dv2", "dv3", "dv4"},
                            .pair_widths = {WIDTH(w_clamp_metres), WIDTH(w_nlatch_metres),
                                            WIDTH(w_platch_metres)},
                            .widths = {{"w_clamp", WIDTH(w_clamp_metres)},
                                       {"w_nlatch", WIDTH(w_nlatch_metres)},
                                       {"w_platch", WIDTH(w_platch_metres)},
                                       {"w_equalise", WIDTH(w_equalise_metres)},
                                       {"w_power", WIDTH(w_power_metres)}}},
    [PATH_WINNER] = {.name = "winner-take-all",
                     .subcircuit = "winner_take_all_pair",
                     .text = parts_embedded_winner_take_all,
                     .text_size = &parts_embedded_winner_take_all_size,
                     .takes_currents = true,
                     .n_pairs = 2,
                     .shifts = {"dv1", "dv2", "dv3", "dv4"},
                     .pair_widths = {WIDTH(w_input_metres), WIDTH(w_follow_metres)},
                     .widths = {{"w_input", WIDTH(w_input_metres)}, {"w_follow", WIDTH(w_follow_metres)}}},
};

static const struct kind *kind_of(const struct latch_options *options)
{
    return &kinds[options->kind];
}

static bool is_own(const struct latch_options *options)
{
    return options->file[0] == '\0';
}

static double width_metres(const struct latch_options *options, size_t offset)
{
    double metres;
    memcpy(&metres, (const char *)options + offset, sizeof metres);
    return metres;
}

bool latch_takes_currents(const struct latch_options *options)
{
    return kind_of(options)->takes_currents;
}

bool latch_has_clock(const struct latch_options *options)
{
    return kind_of(options)->has_clock;
}

double latch_gmin_siemens(const struct latch_options *options)
{
    const double usual = 1e-15, held_by_gates_alone = 1e-12;
    return latch_takes_currents(options) ? held_by_gates_alone : usual;
}

/* --- mismatch --- */

/* The word at `place`, blanks and commas skipped; its length is 0 at the end. */
static const char *next_name(const char *place, size_t *length)
{
    place += strspn(place, " ,\t");
    *length = strcspn(place, " ,\t");
    return place;
}

size_t latch_n_pairs(const struct latch_options *options)
{
    if (is_own(options))
        return kind_of(options)->n_pairs;
    return options->pairs == PATH_PAIRS_KNOWN ? latch_n_mismatch(options) / 2 : 0;
}

size_t latch_n_mismatch(const struct latch_options *options)
{
    size_t n = 0, length;
    if (is_own(options))
        return 2 * kind_of(options)->n_pairs;
    for (const char *name = next_name(options->mismatch_parameters, &length); length > 0;
         name = next_name(name + length, &length))
        n++;
    return n < MISMATCH_MAX ? n : MISMATCH_MAX;
}

/* One transistor: half a pair's variance (Pelgrom). */
static double pelgrom_volts(const struct latch_options *options, double metres)
{
    return options->mismatch_volts / sqrt(2 * metres * options->length_metres / UM2);
}

static enum rs_status check_list(const char *key, const struct option_reals *list, size_t n,
                                 struct rs_error *err)
{
    if (list->n == 1 || (size_t)list->n == n)
        return RS_OK;
    return rs_fail(err, RS_INPUT, "%s: %d numbers found, 1 or %zu expected", key, list->n, n);
}

enum rs_status latch_mismatch_sigmas(const struct latch_options *options, double *sigma_volts,
                                     struct rs_error *err)
{
    const struct option_reals *sigmas = &options->mismatch_sigmas_volts,
                              *widths = &options->mismatch_widths_metres;
    size_t n = latch_n_mismatch(options);
    for (size_t k = 0; k < n && is_own(options); k++)
        sigma_volts[k] = pelgrom_volts(options, width_metres(options, kind_of(options)->pair_widths[k / 2]));
    if (is_own(options) || n == 0)
        return RS_OK;
    if (widths->n == 0) {
        enum rs_status status = check_list("latch.mismatch_sigmas", sigmas, n, err);
        for (size_t k = 0; k < n && status == RS_OK; k++)
            sigma_volts[k] = sigmas->values[sigmas->n == 1 ? 0 : k];
        return status;
    }
    enum rs_status status = check_list("latch.mismatch_widths", widths, n, err);
    for (size_t k = 0; k < n && status == RS_OK; k++)
        sigma_volts[k] = pelgrom_volts(options, widths->values[widths->n == 1 ? 0 : k]);
    return status;
}

enum rs_status latch_draw_mismatch(const struct latch_options *options, uint64_t seed, size_t n_slots,
                                   double *volts, struct rs_error *err)
{
    double sigmas_volts[MISMATCH_MAX];
    size_t n = latch_n_mismatch(options);
    enum rs_status status = latch_mismatch_sigmas(options, sigmas_volts, err);
    for (size_t k = 0; k < n && status == RS_OK; k++) {
        const struct random_key key = {.seed = seed, .purpose = RANDOM_OFFSET, .draw = (uint32_t)k};
        for (size_t j = 0; j < n_slots; j++)
            volts[j * n + k] = sigmas_volts[k] * random_normal(&key, (uint32_t)j);
    }
    return status;
}

/* --- text --- */

enum rs_status latch_open(const struct latch_options *options, struct latch *out, struct rs_error *err)
{
    *out = (struct latch){.options = options};
    if (is_own(options))
        return RS_OK;
    enum rs_status status = latch_file_read(options->file, options->subcircuit, &out->file, err);
    if (status == RS_OK && options->models[0] != '\0')
        status = latch_file_find(options->models, out->models_path, err);
    if (status == RS_OK && options->models[0] != '\0')
        status = latch_sources_add(&out->sources, options->models, options->models_section, err);
    return status == RS_OK ? latch_sources_add(&out->sources, options->file, "", err) : status;
}

void latch_close(struct latch *latch)
{
    latch_sources_clear(&latch->sources);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void latch_write_identity(const struct latch *latch, struct text *out)
{
    const struct latch_options *o = latch->options;
    const struct kind *kind = kind_of(o);
    double sigma_volts[MISMATCH_MAX];
    struct rs_error ignored;
    text_append(out, "kind %s\n", kind->name);
    for (const struct width *width = kind->widths;
         is_own(o) && width < kind->widths + N_WIDTHS && width->name != NULL; width++)
        text_append(out, "%s_metres %.17g\n", width->name, width_metres(o, width->offset));
    if (is_own(o))
        text_append(out, "length_metres %.17g\n", o->length_metres);
    if (kind->takes_currents)
        text_append(out, "r_load_ohm %.17g\nbias_amperes %.17g\n", o->r_load_ohm, o->bias_amperes);
    text_append(out, "load_farad %.17g\n", o->load_farad);
    if (latch_mismatch_sigmas(o, sigma_volts, &ignored) == RS_OK)
        for (size_t k = 0; k < latch_n_mismatch(o); k++)
            text_append(out, "mismatch_%zu_volts %.17g\n", k, sigma_volts[k]);
    if (is_own(o))
        return;
    text_append(out, "subcircuit %s\nparameters %s\nmonte_carlo %s\nmodels_section %s\n", o->subcircuit,
                o->parameters, o->monte_carlo, o->models_section);
    for (size_t i = 0; i < latch->sources.n; i++)
        text_append(out, "file_%zu %s %s\n", i, latch->sources.list[i].sha256,
                    base_name(latch->sources.list[i].path));
}

/* Seeds of different draws lie apart; that of draw 0 is the plan's. */
static long long seed_of(const struct latch_options *options, int64_t draw)
{
    const int64_t apart = 1000003, most = 2147483647;
    int64_t seed = (options->seed + (draw % most) * apart) % most;
    return seed > 0 ? seed : 1;
}

void latch_write_models(const struct latch *latch, int64_t draw, struct text *deck)
{
    const struct latch_options *o = latch->options;
    const struct kind *kind = kind_of(o);
    if (is_own(o)) {
        text_append(deck, "\n* ---- transistors: generic65.lib ----\n");
        text_append_bytes(deck, (const char *)parts_embedded_generic65, parts_embedded_generic65_size);
        text_append(deck, "\n* ---- latch: %s ----\n", kind->subcircuit);
        text_append_bytes(deck, (const char *)kind->text, *kind->text_size);
        return;
    }
    text_append(deck, "\n* latch of the user's own, and what it includes\n");
    for (size_t i = 0; i < latch->sources.n; i++)
        text_append(deck, "* SHA-256 %s %s\n", latch->sources.list[i].sha256,
                    base_name(latch->sources.list[i].path));
    if (o->monte_carlo[0] != '\0' && draw != LATCH_NOMINAL)
        text_append(deck, ".options seed=%lld\n", seed_of(o, draw));
    if (o->models[0] != '\0') {
        const char *section = o->models_section;
        text_append(deck, "%s \"%s\"%s%s\n", section[0] != '\0' ? ".lib" : ".include", latch->models_path,
                    section[0] != '\0' ? " " : "", section);
    }
    text_append(deck, ".include \"%s\"\n", latch->file.path);
    /* Behind the files: of two values of a parameter ngspice takes the last. */
    const char *values = draw == LATCH_NOMINAL ? o->monte_carlo_off : o->monte_carlo;
    if (values[0] != '\0')
        text_append(deck, ".param %s\n", values);
}

static void write_mismatch(const struct latch_options *options, const double *mismatch_volts,
                           struct text *deck)
{
    size_t n = mismatch_volts != NULL ? latch_n_mismatch(options) : 0, length = 0;
    const char *name = options->mismatch_parameters;
    text_append(deck, "\n+");
    for (size_t k = 0; k < n; k++) {
        name = next_name(name + length, &length);
        if (is_own(options))
            text_append(deck, " %s=%.17g", kind_of(options)->shifts[k], mismatch_volts[k]);
        else
            text_append(deck, " %.*s=%.17g", (int)length, name, mismatch_volts[k]);
    }
    text_append(deck, "\n");
}

static void write_widths(const struct latch_options *options, struct text *deck)
{
    const struct kind *kind = kind_of(options);
    text_append(deck, " %s", kind->subcircuit);
    for (const struct width *width = kind->widths; width < kind->widths + N_WIDTHS && width->name != NULL;
         width++)
        text_append(deck, "%s%s=%.6g", width == kind->widths + 4 ? "\n+ " : " ", width->name,
                    width_metres(options, width->offset));
    text_append(deck, " l=%.6g", options->length_metres);
}

void latch_write_instance(const struct latch *latch, size_t j, const char *const nodes[LATCH_N_PORTS],
                          const double *mismatch_volts, struct text *deck)
{
    static const int own_order[LATCH_N_PORTS] = {LATCH_INP,  LATCH_INN, LATCH_CLK, LATCH_OUTP,
                                                 LATCH_OUTN, LATCH_VDD, LATCH_VSS};
    const struct latch_options *o = latch->options;
    const int *ports = is_own(o) ? own_order : latch->file.ports;
    text_append(deck, "xlatch%zu", j);
    for (int k = 0; k < LATCH_N_PORTS; k++)
        text_append(deck, " %s", nodes[ports[k]]);
    if (is_own(o))
        write_widths(o, deck);
    else
        text_append(deck, " %s %s", o->subcircuit, o->parameters);
    write_mismatch(o, mismatch_volts, deck);
    if (o->kind == PATH_WINNER) /* gates alone hold its inputs: Newton's method needs to know where */
        text_append(deck, ".nodeset v(%s)=0.8 v(%s)=0.8\n", nodes[LATCH_INP], nodes[LATCH_INN]);
    if (o->kind == PATH_WINNER && is_own(o))
        text_append(deck, ".nodeset v(xlatch%zu.common)=0.38\n", j);
    if (o->load_farad > 0)
        text_append(deck, "cop%zu %s 0 %.6g\ncon%zu %s 0 %.6g\n", j, nodes[LATCH_OUTP], o->load_farad, j,
                    nodes[LATCH_OUTN], o->load_farad);
}
