#include "spice/netlist_model.h"

#include <math.h>
#include <string.h>

#include "spice/parts.h"

/* stanford.sub: G = i0 / v0 exp(-gap / g0), gap 0.2 ... 1.7 nm. */
#define STANFORD_LARGEST_SIEMENS 4e-3
#define STANFORD_SCALE_NM 0.25
#define STANFORD_LOW_SIEMENS 4.4552e-6
#define STANFORD_HIGH_SIEMENS 1.797e-3

static double gap_nm(double siemens)
{
    return STANFORD_SCALE_NM * log(STANFORD_LARGEST_SIEMENS / siemens);
}

/* vteam.sub with 5 kohm to 1 Mohm and thresholds of +-0.5 V (assumed): R = ron + (roff - ron) x. */
#define VTEAM_ON_OHM 5e3
#define VTEAM_OFF_OHM 1e6

static double vteam_state(double siemens)
{
    return (1 / siemens - VTEAM_ON_OHM) / (VTEAM_OFF_OHM - VTEAM_ON_OHM);
}

/* yakopcic.sub with a1 = a2 = 2 mA (assumed): G = a1 b x, x above 0.01. */
#define YAKOPCIC_LARGEST_SIEMENS (2e-3 * 0.05)
#define YAKOPCIC_STATE_MIN 0.01

static double yakopcic_state(double siemens)
{
    return siemens / YAKOPCIC_LARGEST_SIEMENS;
}

static const struct netlist_model models[] = {
    {"stanford", "", "gap0", STANFORD_LOW_SIEMENS, STANFORD_HIGH_SIEMENS, gap_nm, parts_embedded_stanford,
     &parts_embedded_stanford_size},
    {"vteam", "ron=5k roff=1meg von=-0.5 voff=0.5", "x0", 1 / VTEAM_OFF_OHM, 1 / VTEAM_ON_OHM, vteam_state,
     parts_embedded_vteam, &parts_embedded_vteam_size},
    {"yakopcic", "a1=2m a2=2m vp=0.5 vn=0.5", "x0", YAKOPCIC_STATE_MIN *YAKOPCIC_LARGEST_SIEMENS,
     YAKOPCIC_LARGEST_SIEMENS, yakopcic_state, parts_embedded_yakopcic, &parts_embedded_yakopcic_size},
};
enum { N_MODELS = sizeof models / sizeof models[0] };

const struct netlist_model *netlist_model_at(size_t index)
{
    return index < N_MODELS ? &models[index] : NULL;
}

const struct netlist_model *netlist_model_find(const char *name)
{
    for (size_t i = 0; i < N_MODELS; i++)
        if (strcmp(models[i].name, name) == 0)
            return &models[i];
    return NULL;
}

bool netlist_model_reaches(const struct netlist_model *model, double siemens)
{
    return siemens >= model->low_siemens && siemens <= model->high_siemens;
}

void netlist_model_write_cell(const struct netlist_model *model, const char *place, const char *word,
                              const char *bit, double siemens, struct text *deck)
{
    double state = model->state_of(siemens);
    text_append(deck, "xc%s %s %s g%s %s %s=%.17g %s\n.ic v(g%s)=%.17g\n", place, word, bit, place,
                model->name, model->state, state, model->parameters, place, state);
}
