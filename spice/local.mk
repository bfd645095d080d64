librescore_core_la_SOURCES += \
    %D%/currents.c \
    %D%/currents.h \
    %D%/netlist.c \
    %D%/netlist.h \
    %D%/process.c \
    %D%/process.h \
    %D%/trouble.c \
    %D%/trouble.h \
    %D%/worker.c \
    %D%/worker.h \
    %D%/worker_batch.c \
    %D%/worker_batch.h \
    %D%/worker_process.c \
    %D%/worker_process.h \
    %D%/worker_request.c \
    %D%/worker_request.h \
    %D%/worker_slot.c \
    %D%/worker_slot.h \
    %D%/worker_wire.c \
    %D%/worker_wire.h
librescore_core_la_SOURCES += \
    %D%/latch_bench.c %D%/latch_bench.h %D%/latch_bench_internal.h \
    %D%/latch_file.c %D%/latch_file.h \
    %D%/latch_noise.c %D%/latch_noise.h \
    %D%/netlist_model.c %D%/netlist_model.h \
    %D%/parts.h \
    %D%/path.c %D%/path.h %D%/path_internal.h \
    %D%/path_options.c %D%/path_options.h \
    %D%/path_print.c \
    %D%/path_request.c %D%/path_request.h \
    %D%/path_sense.c
EXTRA_DIST += %D%/README.md

# What decks are made of is compiled in: the program works from any directory.
spice_models = %D%/models/stanford.sub %D%/models/vteam.sub %D%/models/yakopcic.sub
spice_parts = %D%/decks/generic65.lib %D%/decks/strongarm.sub %D%/decks/sense.sub %D%/decks/reference.sub $(spice_models)
nodist_librescore_core_la_SOURCES += spice/parts_embedded.c
CLEANFILES += spice/parts_embedded.c
EXTRA_DIST += $(spice_parts) %D%/decks/README.md \
    %D%/decks/current_latch.cir %D%/decks/current_latch.sub \
    %D%/decks/make_path.py %D%/decks/measure_offset.py %D%/decks/path.yaml \
    %D%/decks/path4.expected %D%/decks/path8.expected %D%/decks/path16.expected %D%/decks/path32.expected \
    %D%/decks/reference.cir %D%/decks/sense.cir \
    %D%/decks/strongarm_delay.cir %D%/decks/strongarm_kickback.cir %D%/decks/strongarm_offset.cir \
    %D%/decks/transistors.cir %D%/decks/trip.sub %D%/decks/trip_sources.inc \
    %D%/decks/winner_take_all.cir %D%/decks/winner_take_all.sub

spice/parts_embedded.c: $(spice_parts)
	@$(MKDIR_P) spice
	$(AM_V_GEN)for part in $(spice_parts); do \
	    symbol=parts_embedded_`basename $$part | sed 's/\..*//'`; \
	    $(SHELL) $(top_srcdir)/build-aux/embed.sh $$symbol $(srcdir)/$$part || exit 1; \
	done > $@.tmp && mv $@.tmp $@
