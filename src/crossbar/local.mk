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
    %D%/certify.c \
    %D%/certify.h \
    %D%/edges.c \
    %D%/edges.h \
    %D%/field.c \
    %D%/field.h \
    %D%/front.c \
    %D%/front.h \
    %D%/network.c \
    %D%/network.h \
    %D%/nonlinear.c \
    %D%/nonlinear.h \
    %D%/residual.c \
    %D%/residual.h \
    %D%/response.c \
    %D%/response.h \
    %D%/transfer.c \
    %D%/transfer.h \
    %D%/word_line.c \
    %D%/word_line.h
EXTRA_DIST += %D%/README.md
