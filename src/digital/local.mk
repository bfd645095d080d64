librescore_core_la_SOURCES += \
    %D%/bit_serial.c %D%/bit_serial.h \
    %D%/digital_options.c %D%/digital_options.h
EXTRA_DIST += %D%/README.md
