librescore_core_la_SOURCES += \
    %D%/card.c %D%/card.h \
    %D%/device.c %D%/device.h \
    %D%/law.c %D%/law.h \
    %D%/law_log_time.c %D%/law_log_time.h \
    %D%/law_one_over_f.c %D%/law_one_over_f.h \
    %D%/law_polynomial.c %D%/law_polynomial.h \
    %D%/law_relative.c %D%/law_relative.h

# Cards are compiled in: the program works from any directory.
device_card_sources = devices/card_embedded_ideal.c devices/card_embedded_wan2022.c devices/card_embedded_cmo_accept2.c
nodist_librescore_core_la_SOURCES += $(device_card_sources)
CLEANFILES += $(device_card_sources)
EXTRA_DIST += %D%/README.md %D%/cards/ideal.yaml %D%/cards/wan2022.yaml %D%/cards/cmo-accept2.yaml

devices/card_embedded_ideal.c: $(srcdir)/%D%/cards/ideal.yaml
	@$(MKDIR_P) devices
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh card_embedded_ideal $(srcdir)/%D%/cards/ideal.yaml > $@
devices/card_embedded_wan2022.c: $(srcdir)/%D%/cards/wan2022.yaml
	@$(MKDIR_P) devices
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh card_embedded_wan2022 $(srcdir)/%D%/cards/wan2022.yaml > $@
devices/card_embedded_cmo_accept2.c: $(srcdir)/%D%/cards/cmo-accept2.yaml
	@$(MKDIR_P) devices
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh card_embedded_cmo_accept2 $(srcdir)/%D%/cards/cmo-accept2.yaml > $@
