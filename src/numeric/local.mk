librescore_core_la_SOURCES += \
    %D%/random.c %D%/random.h
EXTRA_DIST += %D%/README.md
