librescore_core_la_SOURCES += \
    %D%/calibration.c %D%/calibration_file.c %D%/calibration.h \
    %D%/comparator.c %D%/comparator.h \
    %D%/frontend_options_comparator.c \
    %D%/frontend_options.c %D%/frontend_options.h \
    %D%/mapping.c %D%/mapping.h \
    %D%/readout.c %D%/readout.h \
    %D%/reference.c %D%/reference.h
EXTRA_DIST += %D%/README.md
