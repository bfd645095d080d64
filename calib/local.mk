librescore_core_la_SOURCES += \
    %D%/calibrate.c %D%/calibrate.h \
    %D%/calibrate_explain.c \
    %D%/calibrate_file.c \
    %D%/latches.c %D%/latches.h \
    %D%/calibrate_plan.c %D%/calibrate_plan.h \
    %D%/column_search.c %D%/column_search.h \
    %D%/agreement.c %D%/agreement.h \
    %D%/decisions.c %D%/decisions.h \
    %D%/decisions_file.c \
    %D%/decisions_options.c %D%/decisions_options.h \
    %D%/decks.c %D%/decks.h \
    %D%/estimate.c %D%/estimate.h %D%/estimate_kinds.h \
    %D%/estimate_curve.c \
    %D%/estimate_decisions.c \
    %D%/noise.c %D%/noise.h \
    %D%/observations.c %D%/observations.h \
    %D%/prediction.c %D%/prediction.h \
    %D%/relation.h \
    %D%/relations.h \
    %D%/relations_column.c \
    %D%/relations_latch.c \
    %D%/relations_noise.c \
    %D%/relations_sense.c \
    %D%/stage.h \
    %D%/stage_column.c \
    %D%/stage_common.c \
    %D%/stage_comparator.c \
    %D%/stage_noise.c \
    %D%/stage_noise_check.c \
    %D%/stage_recovery.c \
    %D%/stage_sense.c \
    %D%/stage_temperature.c \
    %D%/stages.c
EXTRA_DIST += %D%/README.md %D%/plan_example.yaml
calibrations = array16x32 array8x16
EXTRA_DIST += %D%/array16x32.yaml %D%/array8x16.yaml %D%/array16x32.h5 %D%/array8x16.h5 %D%/calibrations.md %D%/table.py

# Makes the shipped calibrations and their tables again, in the source tree: minutes of ngspice.
calibrations: rescore$(EXEEXT)
	list=; for name in $(calibrations); do \
	    file=$(srcdir)/%D%/$$name; \
	    begin=`date +%s` && \
	    ./rescore$(EXEEXT) calibrate $$file.yaml -o $$file.new.h5 -j 2 && mv $$file.new.h5 $$file.h5 || exit 1; \
	    list="$$list $$file.h5=`expr \`date +%s\` - $$begin`"; \
	done; /usr/bin/python3 $(srcdir)/%D%/table.py $$list > calibrations.tmp && \
	    mv calibrations.tmp $(srcdir)/%D%/calibrations.md
.PHONY: calibrations

# Offsets of 200 latches for each of these seeds, and their table beside Pelgrom's formula, in the source tree. Can be
# stopped and begun again: what is in the folder offsets/ is not made twice.
offset_seeds = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21
EXTRA_DIST += %D%/offsets.md %D%/offsets.py
offsets: rescore$(EXEEXT)
	mkdir -p offsets; list=; for seed in $(offset_seeds); do \
	    file=offsets/seed$$seed.h5; list="$$list $$file"; \
	    test -e $$file || ./rescore$(EXEEXT) calibrate $(srcdir)/%D%/array8x16.yaml --set 'stages=[comparator]' \
	        --set comparator.latches=200 --seed $$seed -o $$file -j 2 || exit 1; \
	done; list="$$list --"; for name in $(calibrations); do list="$$list $(srcdir)/%D%/$$name.h5"; done; \
	/usr/bin/python3 $(srcdir)/%D%/offsets.py $$list > offsets.tmp && mv offsets.tmp $(srcdir)/%D%/offsets.md
.PHONY: offsets
