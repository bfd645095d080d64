bin_PROGRAMS += rescore
rescore_SOURCES = \
    %D%/array_options.c \
    %D%/array_options.h \
    %D%/command.h \
    %D%/command_compare.c \
    %D%/command_netlist.c \
    %D%/command_solve.c \
    %D%/main.c
rescore_LDADD = librescore-core.la
EXTRA_DIST += %D%/README.md
