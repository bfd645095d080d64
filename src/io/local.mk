librescore_core_la_SOURCES += \
    %D%/binary.c %D%/binary.h \
    %D%/csv.c %D%/csv.h \
    %D%/digest.c %D%/digest.h \
    %D%/file.c %D%/file.h \
    %D%/json.c %D%/json.h \
    %D%/safetensors.c %D%/safetensors.h \
    %D%/settings.c %D%/settings.h \
    %D%/store.c %D%/store.h %D%/store_internal.h \
    %D%/store_list.c \
    %D%/store_numbers.c \
    %D%/store_read.c \
    %D%/store_seal.c \
    %D%/store_text.c \
    %D%/store_write.c \
    %D%/yaml.c %D%/yaml.h
EXTRA_DIST += %D%/README.md
