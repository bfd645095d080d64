/* The section `cost` of a configuration: which systems are costed, and what of them the user changes. */
#ifndef COST_COST_SECTION_H
#define COST_COST_SECTION_H

#include "base/option.h"
#include "cost/cost.h"

enum { COST_SECTION_SYSTEMS_MAX = 16 };

struct cost_section {
    char systems[OPTION_TEXT_SIZE]; /* "all", "none", or names with commas between them */
    int64_t padded_length;          /* 0: no padding */
    struct cost_options options;
};

extern const struct option_table cost_section_table;

/* The systems that are costed, in the order of the registry; their number, or -1 for a name that is none. */
int cost_section_systems(const struct cost_section *section,
                         const struct cost_system *systems[COST_SECTION_SYSTEMS_MAX]);

/* RS_INPUT, naming the key, for values that the table's ranges let pass. longest: tokens of the longest
 * sample. */
enum rs_status cost_section_check(const struct cost_section *section, size_t longest,
                                  struct rs_error *err) RS_MUST_CHECK;

#endif
