nobase_include_HEADERS += \
    include/rescore/status.h
