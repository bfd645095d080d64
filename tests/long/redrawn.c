/* The law of read noise against redrawn cells in larger arrays: 16,000 exact solutions each. */
#include <criterion/criterion.h>

#include "../noise_oracle.h"

TestSuite(redrawn, .timeout = 1800);

static void check(double wire_ohm, enum noise_oracle_cells cells)
{
    const double sigma_ratios[] = {0.01, 0.05, 0.2};
    const struct network network = {.n_rows = 64,
                                    .n_columns = 64,
                                    .r_word_line_ohm = wire_ohm,
                                    .r_bit_line_ohm = wire_ohm,
                                    .r_driver_ohm = 100,
                                    .r_sense_ohm = 100};
    for (size_t i = 0; i < sizeof sigma_ratios / sizeof sigma_ratios[0]; i++)
        noise_oracle_check_redrawn(&network, cells, sigma_ratios[i], 16000);
}

Test(redrawn, the_law_holds_at_2_ohm)
{
    check(2, NOISE_ORACLE_TO_1M);
}

Test(redrawn, the_law_holds_at_5_ohm_with_cells_of_10_to_100_kohm)
{
    check(5, NOISE_ORACLE_TO_100K);
}
