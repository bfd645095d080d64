librescore_core_la_SOURCES += \
    %D%/card.c %D%/card.h \
    %D%/device.c %D%/device.h \
    %D%/fit.c %D%/fit.h %D%/fit_internal.h \
    %D%/fit_card.c \
    %D%/fit_empirical.c \
    %D%/fit_noise.c \
    %D%/fit_programming.c \
    %D%/fit_ratio.c \
    %D%/fit_relaxation.c \
    %D%/fit_retention.c \
    %D%/law.c %D%/law.h %D%/laws.h \
    %D%/law_acceptance.c \
    %D%/law_branch.c %D%/law_branch.h \
    %D%/law_current_voltage.c %D%/law_current_voltage.h \
    %D%/law_empirical.c \
    %D%/law_endurance.c %D%/law_endurance.h \
    %D%/law_flicker.c \
    %D%/law_flicker_log.c \
    %D%/law_levels.c \
    %D%/law_log_logistic.c \
    %D%/law_log_time.c \
    %D%/law_one_state.c %D%/law_one_state.h \
    %D%/law_polynomial.c \
    %D%/law_power.c \
    %D%/law_relative.c \
    %D%/law_spread.c \
    %D%/law_stuck.c \
    %D%/law_table.c \
    %D%/law_telegraph.c %D%/law_telegraph.h \
    %D%/law_times.c %D%/law_times.h \
    %D%/law_temperature.c %D%/law_temperature.h \
    %D%/measured.c %D%/measured.h \
    %D%/program.c %D%/program.h \
    %D%/program_summary.c %D%/program_summary.h \
    %D%/pulse.c %D%/pulse.h \
    %D%/law_soft_bounds.c \
    %D%/law_stanford.c \
    %D%/law_vteam.c \
    %D%/law_write_verify.c \
    %D%/law_yakopcic.c \
    %D%/write_verify.c %D%/write_verify.h \
    %D%/write_verify_disturb.c

# Cards are compiled in: the program works from any directory.
device_cards = \
    %D%/cards/ideal.yaml \
    %D%/cards/wan2022.yaml \
    %D%/cards/wan2022-crosssim.yaml \
    %D%/cards/cmo-accept02.yaml \
    %D%/cards/cmo-accept2.yaml \
    %D%/cards/milo2021.yaml \
    %D%/cards/pcm-nandakumar.yaml \
    %D%/cards/pcm-joshi.yaml \
    %D%/cards/hermes1.yaml \
    %D%/cards/hermes2.yaml \
    %D%/cards/gong2022-om.yaml \
    %D%/cards/gong2022-hfo2.yaml \
    %D%/cards/worst-stuck10.yaml \
    %D%/cards/generic-hfo2.yaml \
    %D%/cards/generic-high-resistance.yaml \
    %D%/cards/generic-stanford.yaml
nodist_librescore_core_la_SOURCES += devices/card_embedded.c
CLEANFILES += devices/card_embedded.c
EXTRA_DIST += %D%/README.md $(device_cards) %D%/data/README.md %D%/data/hfo2_synthetic.csv \
    %D%/data/make_hfo2_synthetic.py

devices/card_embedded.c: $(device_cards)
	@$(MKDIR_P) devices
	$(AM_V_GEN)for card in $(device_cards); do \
	    symbol=card_embedded_`basename $$card .yaml | tr - _`; \
	    $(SHELL) $(top_srcdir)/build-aux/embed.sh $$symbol $(srcdir)/$$card || exit 1; \
	done > $@.tmp && mv $@.tmp $@
