librescore_core_la_SOURCES += \
    %D%/a3.c %D%/a3.h \
    %D%/batcher.c %D%/batcher.h \
    %D%/bit_serial.c %D%/bit_serial.h \
    %D%/bit_serial_baseline.c %D%/bit_serial_kernels.h %D%/bit_serial_lanes.h \
    %D%/cascade.c %D%/cascade.h \
    %D%/digital_options.c %D%/digital_options.h \
    %D%/mnnfast.c %D%/mnnfast.h \
    %D%/progressive.c %D%/progressive.h \
    %D%/topk.c %D%/topk.h \
    %D%/topk_baseline.c %D%/topk_kernels.h %D%/topk_lanes.h \
    %D%/zero_eliminator.c %D%/zero_eliminator.h
EXTRA_DIST += %D%/README.md

# The same kernels for other instruction sets; whole numbers in AVX-512 need its bytes and words.
if HAVE_X86_KERNELS
noinst_LTLIBRARIES += librescore_digital_avx2.la librescore_digital_avx512.la
librescore_digital_avx2_la_SOURCES = %D%/bit_serial_avx2.c %D%/topk_avx2.c
librescore_digital_avx2_la_CFLAGS = $(AM_CFLAGS) -mavx2 -mfma
librescore_digital_avx512_la_SOURCES = %D%/bit_serial_avx512.c %D%/topk_avx512.c
librescore_digital_avx512_la_CFLAGS = $(AM_CFLAGS) -mavx512f -mavx512dq -mavx512bw -mfma
librescore_core_la_LIBADD += librescore_digital_avx2.la librescore_digital_avx512.la
endif
