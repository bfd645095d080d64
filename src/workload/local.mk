EXTRA_DIST += %D%/README.md
librescore_core_la_SOURCES += \
    %D%/babi.c %D%/babi.h \
    %D%/characters.c %D%/characters.h \
    %D%/images.c %D%/images.h \
    %D%/llama_tokenizer.c %D%/llama_tokenizer.h %D%/llama_tokenizer_internal.h \
    %D%/llama_tokenizer_encode.c \
    %D%/qkv.c %D%/qkv.h \
    %D%/qkv_statistics.c %D%/qkv_statistics.h \
    %D%/sequence.c %D%/sequence.h \
    %D%/stories.c %D%/stories.h \
    %D%/story_data.c %D%/story_data.h \
    %D%/story_words.c %D%/story_words.h \
    %D%/tale.c %D%/tale.h \
    %D%/tales.c %D%/tales.h %D%/tales_people.c %D%/tales_space.c \
    %D%/text_pieces.c %D%/text_pieces.h \
    %D%/vocabulary.c %D%/vocabulary.h
