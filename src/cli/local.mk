bin_PROGRAMS += rescore
rescore_SOURCES = \
    %D%/command.h \
    %D%/command_report.c \
    %D%/main.c
rescore_LDADD = librescore-core.la
EXTRA_DIST += %D%/README.md
