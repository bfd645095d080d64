librescore_core_la_SOURCES += \
    %D%/attention.c %D%/attention.h \
    %D%/bank.c %D%/bank.h \
    %D%/comparators.c %D%/comparators.h \
    %D%/costing.c %D%/costing.h \
    %D%/counts.c %D%/counts.h \
    %D%/delays.c %D%/delays.h \
    %D%/keep.c %D%/keep.h \
    %D%/power.c %D%/power.h \
    %D%/query.c %D%/query.h \
    %D%/reads.c %D%/reads.h \
    %D%/recall.c %D%/recall.h \
    %D%/replica.c %D%/replica.h \
    %D%/setup.c %D%/setup_calibration.c %D%/setup.h \
    %D%/timing.c %D%/timing.h \
    %D%/traps.c %D%/traps.h \
    %D%/writes.c %D%/writes.h
EXTRA_DIST += %D%/README.md
