librescore_core_la_SOURCES += \
    %D%/axis.c %D%/axis.h \
    %D%/corner.c %D%/corner.h \
    %D%/costs.c %D%/costs.h \
    %D%/costs_section.c %D%/costs_section.h \
    %D%/curves.c %D%/curves.h \
    %D%/decided_page.c %D%/decided_page.h \
    %D%/figure_correlation.c %D%/figure_correlation.h \
    %D%/figure_costs.c %D%/figure_costs.h \
    %D%/figure_curves.c %D%/figure_curves.h \
    %D%/figure_energy.c %D%/figure_energy.h \
    %D%/figure_map.c %D%/figure_map.h \
    %D%/figure_margins.c %D%/figure_margins.h \
    %D%/figure_residuals.c %D%/figure_residuals.h \
    %D%/figure_shares.c %D%/figure_shares.h \
    %D%/finding.c %D%/finding.h \
    %D%/fit_page.c %D%/fit_page.h \
    %D%/fitted.c %D%/fitted.h \
    %D%/fitted_page.c %D%/fitted_page.h \
    %D%/markup.c %D%/markup.h \
    %D%/number.c %D%/number.h \
    %D%/page.c %D%/page.h \
    %D%/program_page.c %D%/program_page.h \
    %D%/provenance.c %D%/provenance.h \
    %D%/report.c %D%/report.h \
    %D%/result.c %D%/result.h \
    %D%/samples.c %D%/samples.h \
    %D%/style.c %D%/style.h \
    %D%/svg.c %D%/svg.h \
    %D%/table.c %D%/table.h \
    %D%/task_section.c %D%/task_section.h
EXTRA_DIST += %D%/README.md %D%/page.css %D%/figures.css

# The style sheets are compiled in.
report_css_sources = src/report/page_css.c src/report/figures_css.c
nodist_librescore_core_la_SOURCES += $(report_css_sources)
CLEANFILES += $(report_css_sources)
src/report/page_css.c: $(srcdir)/%D%/page.css
	@$(MKDIR_P) src/report
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh page_css $(srcdir)/%D%/page.css > $@
src/report/figures_css.c: $(srcdir)/%D%/figures.css
	@$(MKDIR_P) src/report
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh figures_css $(srcdir)/%D%/figures.css > $@
