EXTRA_DIST += %D%/README.md
librescore_core_la_SOURCES += \
    %D%/adam.c %D%/adam.h \
    %D%/train_memn2n.c %D%/train_memn2n.h
