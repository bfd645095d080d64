/* rescore device list; rescore device show NAME|CARD.yaml [--yaml]; rescore device fit: device_fit.h */
#include <string.h>

#include "cli/command.h"
#include "cli/device_fit.h"
#include "cli/device_show.h"

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    const char *what = line->positionals[0];
    if (strcmp(what, "list") == 0 && line->n_positionals == 1)
        return device_list(line, err);
    if (strcmp(what, "show") == 0 && line->n_positionals == 2)
        return device_show(line->positionals[1], line->values[0] != NULL, line, err);
    if (strcmp(what, "show") == 0)
        return rs_fail(err, RS_USAGE, "device show: a card's name or file expected");
    if (strcmp(what, "fit") == 0 && line->n_positionals == 2)
        return device_fit(line->positionals[1], line->values[1], line->values[2], line, err);
    if (strcmp(what, "fit") == 0)
        return rs_fail(err, RS_USAGE, "device fit: a file of measured data expected");
    return rs_fail(err, RS_USAGE, "device: '%s' found, list, show NAME or fit DATA.csv expected", what);
}

const struct command command_device = {
    .name = "device",
    .summary = "the device cards: ranges, spread over time, sources; a card from measured data",
    .arguments = "list | show NAME|CARD.yaml | fit DATA.csv -o CARD.yaml",
    .n_positionals_min = 1,
    .n_positionals_max = 2,
    .options = {{"yaml", NULL, "show: the card's own file"},
                {"read-voltage", "V", "fit: voltage that targets are stated at (default: the smallest)"},
                {"law", "NAME",
                 "fit: polynomial, table or empirical for the programming error (default: by tests of fit)"}},
    .example = "rescore device show wan2022",
    .run = run,
};
