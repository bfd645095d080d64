librescore_core_la_SOURCES += \
    %D%/clock.c \
    %D%/clones.h \
    %D%/clock.h \
    %D%/kernel.c \
    %D%/kernel.h \
    %D%/memory.c \
    %D%/memory.h \
    %D%/option.c \
    %D%/option.h \
    %D%/quantity.c \
    %D%/quantity.h \
    %D%/require.c \
    %D%/require.h \
    %D%/status.c \
    %D%/text.c \
    %D%/text.h \
    %D%/version.c \
    %D%/version.h
EXTRA_DIST += %D%/README.md

# Rewritten only when the commit changes, so that a build of the same commit compiles nothing.
BUILT_SOURCES += src/base/commit.h
CLEANFILES += src/base/commit.h
nodist_librescore_core_la_SOURCES += src/base/commit.h
src/base/commit.h: commit-always
	@$(MKDIR_P) src/base
	@printf '#define RESCORE_COMMIT "%s"\n' "$$($(SHELL) $(top_srcdir)/build-aux/commit.sh $(top_srcdir))" > $@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi
.PHONY: commit-always
