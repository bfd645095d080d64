librescore_core_la_SOURCES += \
    %D%/activation.c %D%/activation.h \
    %D%/exponential.h \
    %D%/bootstrap.c %D%/bootstrap.h \
    %D%/goodness.c %D%/goodness.h \
    %D%/lanes.h \
    %D%/least_squares.c %D%/least_squares.h \
    %D%/matrix.c %D%/matrix.h \
    %D%/ode.c %D%/ode.h \
    %D%/probit.c %D%/probit.h \
    %D%/product.c %D%/product.h \
    %D%/product_baseline.c \
    %D%/product_both.h \
    %D%/product_kernels.h \
    %D%/product_tile.h \
    %D%/product_vector.h \
    %D%/random.c %D%/random.h \
    %D%/random_f32.c %D%/random_f32.h \
    %D%/random_f32_baseline.c \
    %D%/random_f32_kernels.h \
    %D%/random_f32_lanes.h \
    %D%/softmax.c %D%/softmax.h \
    %D%/statistics.c %D%/statistics.h
EXTRA_DIST += %D%/README.md

# The same kernel for other instruction sets.
if HAVE_X86_KERNELS
noinst_LTLIBRARIES += librescore_random_avx2.la librescore_random_avx512.la
librescore_random_avx2_la_SOURCES = %D%/random_f32_avx2.c %D%/product_avx2.c
librescore_random_avx2_la_CFLAGS = $(AM_CFLAGS) -mavx2 -mfma
librescore_random_avx512_la_SOURCES = %D%/random_f32_avx512.c %D%/product_avx512.c
librescore_random_avx512_la_CFLAGS = $(AM_CFLAGS) -mavx512f -mavx512dq -mfma
librescore_core_la_LIBADD += librescore_random_avx2.la librescore_random_avx512.la
endif
