librescore_core_la_SOURCES += \
    %D%/attention_hook.c %D%/attention_hook.h \
    %D%/code_range.c %D%/code_range.h \
    %D%/import.c %D%/import.h \
    %D%/import_config.c %D%/import_config.h \
    %D%/import_family.c %D%/import_family.h \
    %D%/llama2c.c %D%/llama2c.h \
    %D%/memn2n.c %D%/memn2n.h \
    %D%/memn2n_gradient.c %D%/memn2n_gradient.h \
    %D%/model_embedded.c %D%/model_embedded.h \
    %D%/model_file.c %D%/model_file.h \
    %D%/model_items.c %D%/model_items.h \
    %D%/model_record.c %D%/model_record.h \
    %D%/soft_threshold.h \
    %D%/threshold_options.c %D%/threshold_options.h \
    %D%/transformer.c %D%/transformer.h \
    %D%/transformer_file.c %D%/transformer_file.h \
    %D%/transformer_file_shape.c %D%/transformer_file_shape.h \
    %D%/transformer_gradient.h \
    %D%/transformer_gradient_f32.c \
    %D%/transformer_gradient_f32_real.h \
    %D%/transformer_gradient_kernels.h \
    %D%/transformer_gradient_real.h \
    %D%/transformer_gradient_room_real.h \
    %D%/transformer_internal.h \
    %D%/transformer_items.c %D%/transformer_items.h \
    %D%/transformer_layers_real.h \
    %D%/transformer_pruning_real.h \
    %D%/transformer_options.c %D%/transformer_options.h \
    %D%/transformer_run.c \
    %D%/transformer_shape.c %D%/transformer_shape.h \
    %D%/train_options.c %D%/train_options.h

# Nobody asks for floating-point exceptions; without them loops with a choice become vectors, with the same bits.
noinst_LTLIBRARIES += librescore_gradient.la
librescore_gradient_la_SOURCES = %D%/transformer_gradient_f32_baseline.c %D%/transformer_gradient_f64.c
librescore_gradient_la_CFLAGS = $(AM_CFLAGS) -fno-trapping-math
librescore_core_la_LIBADD += librescore_gradient.la
if HAVE_X86_KERNELS
noinst_LTLIBRARIES += librescore_gradient_avx2.la librescore_gradient_avx512.la
librescore_gradient_avx2_la_SOURCES = %D%/transformer_gradient_f32_avx2.c
librescore_gradient_avx2_la_CFLAGS = $(AM_CFLAGS) -fno-trapping-math -mavx2 -mfma
librescore_gradient_avx512_la_SOURCES = %D%/transformer_gradient_f32_avx512.c
librescore_gradient_avx512_la_CFLAGS = $(AM_CFLAGS) -fno-trapping-math -mavx512f -mavx512dq -mfma
librescore_core_la_LIBADD += librescore_gradient_avx2.la librescore_gradient_avx512.la
endif

# The embedded models: the program works from any directory.
model_embedded_sources = src/model/model_embedded_stories.c src/model/model_embedded_text.c \
    src/model/model_embedded_digits.c
nodist_librescore_core_la_SOURCES += $(model_embedded_sources)
CLEANFILES += $(model_embedded_sources)
EXTRA_DIST += %D%/README.md %D%/embedded/README.md %D%/embedded/stories.h5 %D%/embedded/stories.yaml \
    %D%/embedded/text.h5 %D%/embedded/digits.h5 \
    %D%/embedded/LICENSE.digits

src/model/model_embedded_stories.c: $(srcdir)/%D%/embedded/stories.h5
	@$(MKDIR_P) src/model
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh model_embedded_stories $(srcdir)/%D%/embedded/stories.h5 > $@
src/model/model_embedded_text.c: $(srcdir)/%D%/embedded/text.h5
	@$(MKDIR_P) src/model
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh model_embedded_text $(srcdir)/%D%/embedded/text.h5 > $@
src/model/model_embedded_digits.c: $(srcdir)/%D%/embedded/digits.h5
	@$(MKDIR_P) src/model
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/build-aux/embed.sh model_embedded_digits $(srcdir)/%D%/embedded/digits.h5 > $@
