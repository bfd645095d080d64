/*
 * Generated question-answer stories of twenty kinds, one for each of the bAbI tasks (Weston et al. 2015,
 * arXiv:1502.05698, table 1) and in their order, with a grammar, names and words of the project's own. The
 * answer follows from the story alone. Story n of seed s always has the same sentences: every choice is drawn
 * at (seed, write = n, array = 16 + kind) with the purpose RANDOM_STORIES. Kinds 1, 2 and 15 are those of
 * stories.h.
 *
 *      1 one-fact       where is anouk                        11 coreference   then the same one goes to ...
 *      2 two-facts      where is the rope                     12 conjunction   anouk and bram walk to ...
 *      3 three-facts    where was the rope before the mill    13 pairs         then they go to ...
 *      4 two-relations  what lies north of the mill           14 time          this morning ..., yesterday
 * ... 5 givers         who gave the rope to anouk            15 deduction     every potter sells nails ... 6
 * yes-no         is anouk in the mill                  16 induction     who does likewise 7 counting how many
 * things does anouk carry      17 positions     is the jug left of the box 8 lists          what does anouk
 * carry                 18 sizes         does the rope fit in the box 9 negation       anouk is no longer in
 * the mill        19 paths         how do you go from ... to ... 10 uncertainty    ... is either in ... or in
 * ...        20 motives       why did anouk go to ...
 */
#ifndef WORKLOAD_TALES_H
#define WORKLOAD_TALES_H

#include "workload/tale.h"

enum { TALES_N_KINDS = 20, TALES_SENTENCES_MIN = 8, TALES_NUMBERS_MAX = 1 << 24 };

/* Their names, ending with NULL. */
extern const char *const tales_names[TALES_N_KINDS + 1];

/*
 * Story `number` of a kind, of TALES_SENTENCES_MIN to n_sentences_max sentences where its kind leaves that
 * open; a view into the tale, whose vocabulary is set before.
 */
struct story tales_write(int kind, uint64_t seed, uint32_t number, int n_sentences_max, struct tale *tale);

/* The kinds themselves: they write one story and ask. tales_people.c and tales_space.c. */
typedef void tales_tell(struct tale *tale);
tales_tell tales_three_facts, tales_two_relations, tales_givers, tales_yes_no, tales_counting, tales_lists,
    tales_negation, tales_uncertainty, tales_coreference, tales_conjunction, tales_pairs, tales_time,
    tales_induction, tales_positions, tales_sizes, tales_paths, tales_motives;

#endif
