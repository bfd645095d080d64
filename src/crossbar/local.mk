librescore_core_la_SOURCES += \
    %D%/answer_file.c \
    %D%/answer_file.h \
    %D%/array_edges.c \
    %D%/array_edges.h \
    %D%/array_file.c \
    %D%/array_file.h \
    %D%/array_solver.c \
    %D%/array_solver.h \
    %D%/bit_line.c \
    %D%/bit_line.h \
    %D%/cell_law.c \
    %D%/cell_law.h \
    %D%/cell_selector.c \
    %D%/cell_selector.h \
    %D%/certify.c \
    %D%/certify.h \
    %D%/changes.c \
    %D%/changes.h \
    %D%/contraction.c \
    %D%/contraction.h \
    %D%/decide.c \
    %D%/decide.h \
    %D%/decide_baseline.c \
    %D%/decide_kernels.h \
    %D%/decide_lanes.h \
    %D%/edges.c \
    %D%/edges.h \
    %D%/field.c \
    %D%/field.h \
    %D%/field_currents.c \
    %D%/field_many.c \
    %D%/field_plan.h \
    %D%/front.c \
    %D%/front.h \
    %D%/front_baseline.c \
    %D%/front_baseline_f32.c \
    %D%/front_kernels.h \
    %D%/front_lanes.h \
    %D%/front_large.h \
    %D%/front_vector.h \
    %D%/loading.c \
    %D%/loading.h \
    %D%/network.c \
    %D%/network.h \
    %D%/noise.c \
    %D%/noise.h \
    %D%/nonlinear.c \
    %D%/nonlinear.h \
    %D%/residual.c \
    %D%/residual.h \
    %D%/response.c \
    %D%/response.h \
    %D%/sense_node.c \
    %D%/sense_node.h \
    %D%/sweep.c \
    %D%/sweep.h \
    %D%/sweep_baseline.c \
    %D%/sweep_kernels.h \
    %D%/sweep_lanes.h \
    %D%/transfer.c \
    %D%/transfer.h \
    %D%/transfer_lanes.c \
    %D%/transfer_lanes.h \
    %D%/transfer_tree.c \
    %D%/transfer_tree.h \
    %D%/word_line.c \
    %D%/word_line.h
EXTRA_DIST += %D%/README.md

# The same kernel for other instruction sets.
if HAVE_X86_KERNELS
noinst_LTLIBRARIES += librescore_avx2.la librescore_avx512.la
librescore_avx2_la_SOURCES = %D%/front_avx2.c %D%/front_avx2_f32.c %D%/sweep_avx2.c
librescore_avx2_la_CFLAGS = $(AM_CFLAGS) -mavx2 -mfma
librescore_avx512_la_SOURCES = %D%/front_avx512.c %D%/front_avx512_f32.c %D%/sweep_avx512.c
librescore_avx512_la_CFLAGS = $(AM_CFLAGS) -mavx512f -mavx512dq -mfma
librescore_core_la_LIBADD += librescore_avx2.la librescore_avx512.la
endif

if HAVE_X86_KERNELS
librescore_avx2_la_SOURCES += %D%/decide_avx2.c
librescore_avx512_la_SOURCES += %D%/decide_avx512.c
endif
