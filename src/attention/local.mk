librescore_core_la_SOURCES += \
    %D%/attention.c %D%/attention.h \
    %D%/bank.c %D%/bank.h \
    %D%/counts.c %D%/counts.h \
    %D%/keep.c %D%/keep.h \
    %D%/query.c %D%/query.h \
    %D%/reads.c %D%/reads.h \
    %D%/setup.c %D%/setup.h
EXTRA_DIST += %D%/README.md
