librescore_core_la_SOURCES += \
    %D%/netlist.c \
    %D%/netlist.h \
    %D%/ngspice.c \
    %D%/ngspice.h
librescore_core_la_SOURCES += \
    %D%/latch_file.c %D%/latch_file.h \
    %D%/netlist_model.c %D%/netlist_model.h \
    %D%/parts.h \
    %D%/path.c %D%/path.h %D%/path_internal.h \
    %D%/path_options.c %D%/path_options.h \
    %D%/path_print.c \
    %D%/path_sense.c
EXTRA_DIST += %D%/README.md

# What decks are made of is compiled in: the program works from any directory.
spice_models = %D%/models/stanford.sub %D%/models/vteam.sub %D%/models/yakopcic.sub
spice_parts = %D%/decks/generic65.lib %D%/decks/strongarm.sub %D%/decks/sense.sub %D%/decks/reference.sub $(spice_models)
nodist_librescore_core_la_SOURCES += spice/parts_embedded.c
CLEANFILES += spice/parts_embedded.c
EXTRA_DIST += $(spice_parts)

spice/parts_embedded.c: $(spice_parts)
	@$(MKDIR_P) spice
	$(AM_V_GEN)for part in $(spice_parts); do \
	    symbol=parts_embedded_`basename $$part | sed 's/\..*//'`; \
	    $(SHELL) $(top_srcdir)/build-aux/embed.sh $$symbol $(srcdir)/$$part || exit 1; \
	done > $@.tmp && mv $@.tmp $@
