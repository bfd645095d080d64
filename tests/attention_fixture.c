#include "attention_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

void attention_fixture_set(struct attention_fixture *fixture, const char *key, const char *text)
{
    struct section {
        const struct option_table *table;
        void *options;
    } sections[] = {
        {&frontend_options_array, &fixture->array},
        {&frontend_options_encoding, &fixture->encoding},
        {&frontend_options_comparator, &fixture->comparator},
        {&frontend_options_readout, &fixture->readout},
        {&prune_options_table, &fixture->prune},
        {&digital_options_recompute, &fixture->recompute},
        {&device_option_table, &fixture->device},
    };
    char why[256];
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++)
        for (size_t i = 0; i < sections[s].table->n_options; i++)
            if (strcmp(sections[s].table->options[i].key, key) == 0) {
                cr_assert(
                    option_set(&sections[s].table->options[i], sections[s].options, text, why, sizeof why),
                    "%s: %s", key, why);
                return;
            }
    cr_assert_fail("no option %s", key);
}

void attention_fixture_init(struct attention_fixture *fixture, size_t d, size_t n)
{
    const char *const off[] = {"array.r_word_line", "array.r_bit_line", "array.r_driver", "array.r_sense"};
    memset(fixture, 0, sizeof *fixture);
    option_fill_defaults(&frontend_options_array, &fixture->array);
    option_fill_defaults(&frontend_options_encoding, &fixture->encoding);
    option_fill_defaults(&frontend_options_comparator, &fixture->comparator);
    option_fill_defaults(&frontend_options_readout, &fixture->readout);
    option_fill_defaults(&prune_options_table, &fixture->prune);
    option_fill_defaults(&digital_options_recompute, &fixture->recompute);
    option_fill_defaults(&device_option_table, &fixture->device);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        attention_fixture_set(fixture, off[i], "none");
    attention_fixture_set(fixture, "device.preset", "ideal");
    fixture->seed = 31;
    fixture->shape = (struct attention_shape){.n_layers = 1,
                                              .n_heads = 1,
                                              .n_kv_heads = 1,
                                              .d = d,
                                              .n_keys_max = n,
                                              .n_queries_max = n,
                                              .score_scale = 1};
    for (size_t i = 0; i < FIXTURE_HEADS_MAX; i++)
        fixture->query_range[i] = fixture->key_range[i] = fixture->value_range[i] = 127;
}

enum rs_status attention_fixture_try(struct attention_fixture *fixture, struct rs_error *err)
{
    struct attention_options options = {&fixture->array,   &fixture->encoding, &fixture->comparator,
                                        &fixture->readout, &fixture->prune,    &fixture->recompute,
                                        &fixture->device,  fixture->seed,      fixture->cost};
    struct attention_ranges ranges = {fixture->query_range, fixture->key_range, fixture->value_range};
    return setup_init(&options, &fixture->shape, ranges, &fixture->setup, err);
}

void attention_fixture_settle(struct attention_fixture *fixture, double threshold)
{
    struct rs_error err = {{0}};
    cr_assert_eq(attention_fixture_try(fixture, &err), RS_OK, "%s", err.text);
    for (int i = 0; i < fixture->shape.n_layers * fixture->shape.n_heads; i++)
        fixture->setup.thresholds[i] = threshold;
    cr_assert_eq(setup_settle_reference(&fixture->setup, &err), RS_OK, "%s", err.text);
}
