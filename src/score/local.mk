librescore_core_la_SOURCES += \
    %D%/hybrid.c %D%/hybrid.h \
    %D%/policies.h \
    %D%/policy.c %D%/policy.h \
    %D%/policy_a3.c \
    %D%/policy_cascade.c %D%/policy_cascade.h \
    %D%/policy_mnnfast.c \
    %D%/policy_three_way.c \
    %D%/policy_topk.c \
    %D%/prune_options.c %D%/prune_options.h \
    %D%/threshold.c %D%/threshold.h
EXTRA_DIST += %D%/README.md
