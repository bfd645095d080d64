/*
 * A relation: how answers of decks depend on a few unknown parameters. What a stage estimates is a list of
 * these, one after the other, each with data of one unit.
 */
#ifndef CALIB_RELATION_H
#define CALIB_RELATION_H

#include "calib/observations.h"

enum { RELATION_PARAMETERS_MAX = 8 };

struct relation_parameter {
    const char *name, *unit, *help;
    double start;
    double low, high; /* bounds; -INFINITY and INFINITY: none */
    double scale;     /* a change of it that matters, above 0; the minimiser works in this unit */
    bool logarithmic; /* positive, known to a factor: the minimiser works on its logarithm (scale is not used)
                       */
    bool fixed;       /* stays at `start` */
};

enum relation_kind {
    RELATION_CURVE,  /* weighted nonlinear least squares of value - model */
    RELATION_PROBIT, /* decisions: `value` of `trials` came out as 1 at input 0; parameters: sigma, threshold,
                        and, third, a hysteresis that moves the threshold by half of it against input 1 (-1 or
                        1, the decision before): P(1) = Phi((x - threshold + previous hysteresis / 2) / sigma)
                      */
    RELATION_SPREAD  /* draws of one distribution; parameters: mean, standard deviation */
};

/* Fills fitted [data->n] for values [n_parameters]; false where the values have no meaning. */
typedef bool relation_model(const void *context, const struct observations *data, const double *values,
                            double *fitted);

struct relation {
    const char *name, *summary;
    const char *unit; /* of what is observed */
    enum relation_kind kind;
    /* Whether the sigma of an observation is that of a noise that is there. Else it is the tolerance of the
     * model: a simulation has no noise, residuals are the model's error, and errors of the parameters are
     * enlarged where the residuals exceed the tolerance. */
    bool has_noise;
    size_t n_parameters;
    const struct relation_parameter *parameters;
    relation_model *model; /* of RELATION_CURVE */
};

#endif
