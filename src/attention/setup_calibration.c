/* The calibration that comparator.calibration names, checked against the circuit of a run. */
#include "attention/setup.h"

#include <stdlib.h>

#include "base/memory.h"

static enum rs_status identify_device(const struct attention_options *options, const struct device *device,
                                      struct calibration_identity *out, struct rs_error *err)
{
    /* The card as it was read: what device.* keys change is an error of cells, not of the circuit. */
    struct card *card = memory_allocate(1, sizeof *card, err);
    if (card == NULL)
        return RS_INTERNAL;
    enum rs_status status = options->device->card[0] != '\0'
                                ? card_load_file(options->device->card, card, err)
                                : card_load_preset(card_preset_names[options->device->preset], card, err);
    if (status == RS_OK)
        status = calibration_device_identity(card, device->g_min_siemens, device->g_max_siemens, out, err);
    free(card);
    return status;
}

static enum rs_status identify_topology(const struct attention_options *options,
                                        const struct network *network, struct calibration_identity *out,
                                        struct rs_error *err)
{
    const struct comparator_options *comparator = options->comparator;
    const struct calibration_topology topology = {
        .n_rows = network->n_rows,
        .n_columns = network->n_columns,
        .r_word_line_ohm = network->r_word_line_ohm,
        .r_bit_line_ohm = network->r_bit_line_ohm,
        .r_driver_ohm = network->r_driver_ohm,
        .r_sense_ohm = network->r_sense_ohm,
        .kind = frontend_options_kinds[comparator->kind],
        .sense = frontend_options_senses[comparator->sense],
        .reference = frontend_options_references[comparator->reference],
        .share = frontend_options_shares[comparator->share],
        .sign = frontend_options_signs[options->encoding->sign],
    };
    return calibration_topology_identity(&topology, out, err);
}

enum rs_status setup_open_calibration(const struct attention_options *options,
                                      const struct attention_setup *setup, struct calibration *out,
                                      struct rs_error *err)
{
    const char *path = options->comparator->calibration;
    struct calibration_identity topology = {0}, device = {0};
    *out = (struct calibration){0};
    if (path[0] == '\0')
        return RS_OK;
    enum rs_status status = calibration_read(path, out, err);
    if (status == RS_OK)
        status = identify_topology(options, &setup->network, &topology, err);
    if (status == RS_OK)
        status = identify_device(options, &setup->device, &device, err);
    if (status == RS_OK)
        status = calibration_check(out, path, &topology, &device, err);
    calibration_identity_clear(&topology);
    calibration_identity_clear(&device);
    if (status != RS_OK)
        calibration_clear(out);
    return status;
}
