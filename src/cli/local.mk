bin_PROGRAMS += rescore
rescore_SOURCES = \
    %D%/array_options.c %D%/array_options.h \
    %D%/command.c %D%/command.h \
    %D%/command_calibrate.c \
    %D%/command_check.c \
    %D%/command_compare.c \
    %D%/compare_decisions.c %D%/compare_decisions.h \
    %D%/command_device.c \
    %D%/command_explain.c \
    %D%/command_info.c \
    %D%/command_init.c \
    %D%/command_merge.c \
    %D%/command_netlist.c \
    %D%/command_program.c \
    %D%/command_report.c \
    %D%/command_run.c \
    %D%/command_solve.c \
    %D%/command_train.c \
    %D%/train_network.c \
    %D%/train_network.h \
    %D%/device_fit.c %D%/device_fit.h \
    %D%/device_show.c %D%/device_show.h \
    %D%/launcher.c %D%/launcher.h \
    %D%/main.c \
    %D%/progress.c %D%/progress.h
rescore_LDADD = librescore-core.la
EXTRA_DIST += %D%/README.md

# The manual page: the program's own help, and every configuration key as `rescore explain` tells it.
if HAVE_HELP2MAN
nodist_man_MANS = rescore.1
CLEANFILES += rescore.1 rescore.1.include
rescore.1: rescore$(EXEEXT)
	$(AM_V_GEN){ printf '[configuration keys]\n.nf\n'; ./rescore$(EXEEXT) explain | $(SED) 's/\\/\\\\/g; s/^\./\\\&./'; \
	    printf '.fi\n'; } > $@.include
	@$(HELP2MAN) --no-info --name='analog ReRAM crossbars that decide attention scores' --include=$@.include \
	    --output=$@ ./rescore$(EXEEXT)
endif
