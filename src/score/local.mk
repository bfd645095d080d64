librescore_core_la_SOURCES += \
    %D%/policy.c %D%/policy.h \
    %D%/policy_cascade.c %D%/policy_cascade.h \
    %D%/prune_options.c %D%/prune_options.h \
    %D%/threshold.c %D%/threshold.h
EXTRA_DIST += %D%/README.md
