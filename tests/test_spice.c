/* Decks, and what counts as a run of ngspice. That the numbers agree is the business of tests/compare.sh. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spice/netlist.h"
#include "spice/trouble.h"

TestSuite(spice, .timeout = 30);

static char *deck_of(const struct network *network)
{
    const double conductance[] = {1e-5, 0, 3e-5, 4e-5, 5e-5, 6e-5}, volts[] = {0.1, -0.2};
    struct text deck = {0};
    struct rs_error err;
    const struct netlist_array array = {.network = network, .conductance_siemens = conductance};
    cr_assert_eq(netlist_write(&array, volts, &deck, &err), RS_OK);
    char *bytes = text_take(&deck, &err);
    cr_assert_not_null(bytes);
    return bytes;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *place = text; (place = strstr(place, word)) != NULL; place += strlen(word))
        n++;
    return n;
}

Test(spice, a_deck_has_every_branch_once)
{
    char *deck = deck_of(&(struct network){2, 3, 2, 3, 100, 90});
    cr_assert_eq(count(deck, "\nvin"), 2);
    cr_assert_eq(count(deck, "\nrdrv"), 2);
    cr_assert_eq(count(deck, "\nrw"), 6);
    cr_assert_eq(count(deck, "\nrb"), 6);
    cr_assert_eq(count(deck, "\nrsns"), 3);
    cr_assert_eq(count(deck, "\nrc"), 5, "the open cell is left out");
    cr_assert_eq(count(deck, "\nprint i(v"), 3);
    cr_assert(strstr(deck, "\nrc0_2 w0_2 b0_2 33333.333333333336\n") != NULL);
    cr_assert(strstr(deck, "\nvin1 s1 0 dc -0.20000000000000001\n") != NULL);
    free(deck);
}

Test(spice, zero_resistances_join_nodes_by_name)
{
    for (unsigned zeros = 0; zeros < 16; zeros++) {
        const struct network network = {
            2, 3, zeros & 1 ? 0 : 2, zeros & 2 ? 0 : 3, zeros & 4 ? 0 : 100, zeros & 8 ? 0 : 90};
        char *deck = deck_of(&network), cell[64];
        const char *word = !(zeros & 1) ? "w1_2" : zeros & 4 ? "s1" : "w1";
        const char *bit = !(zeros & 2) ? "b1_2" : zeros & 8 ? "o2" : "b2";
        snprintf(cell, sizeof cell, "\nrc1_2 %s %s ", word, bit);
        cr_assert(strstr(deck, cell) != NULL, "zeros %u: %s", zeros, deck);
        cr_assert_eq(count(deck, "\nrw"), zeros & 1 ? 0 : 6);
        cr_assert_eq(count(deck, "\nrb"), zeros & 2 ? 0 : 6);
        cr_assert_eq(count(deck, "\nrdrv"), zeros & 4 ? 0 : 2);
        cr_assert_eq(count(deck, "\nrsns"), zeros & 8 ? 0 : 3);
        free(deck);
    }
}

Test(spice, lines_of_trouble_are_found)
{
    const char *const bad[] = {"a\nWarning: singular matrix:  check nodes b1 and b2\nc",
                               "Note: Starting source stepping",
                               "Error on line 3",
                               "r1: resistance to low, set to 1 mOhm",
                               "doAnalyses: run aborted",
                               "Note: Starting dynamic gmin stepping"};
    size_t length;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not_null(trouble_find(bad[i], &length), "%s", bad[i]);
        cr_assert_gt(length, 10);
    }
    cr_assert_null(
        trouble_find("\nNote: No compatibility mode selected!\n\ni(v0) = 1e-6\n", &length));
    cr_assert_null(trouble_find("", &length));
}
