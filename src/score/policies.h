/* The descriptors that have files of their own, for the registry (policy.c). */
#ifndef SCORE_POLICIES_H
#define SCORE_POLICIES_H

#include "score/policy.h"

extern const struct policy policy_three_way, policy_topk, policy_cascade, policy_a3, policy_mnnfast;

#endif
