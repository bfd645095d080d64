librescore_core_la_SOURCES += \
    %D%/code.c %D%/code.h
EXTRA_DIST += %D%/README.md
librescore_core_la_SOURCES += \
    %D%/story.c %D%/story.h
