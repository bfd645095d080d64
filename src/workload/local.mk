EXTRA_DIST += %D%/README.md
librescore_core_la_SOURCES += \
    %D%/babi.c %D%/babi.h \
    %D%/qkv.c %D%/qkv.h \
    %D%/stories.c %D%/stories.h \
    %D%/story_data.c %D%/story_data.h \
    %D%/story_words.c %D%/story_words.h \
    %D%/tale.c %D%/tale.h \
    %D%/tales.c %D%/tales.h %D%/tales_people.c %D%/tales_space.c \
    %D%/vocabulary.c %D%/vocabulary.h
