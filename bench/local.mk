EXTRA_DIST += %D%/README.md %D%/crossbar/README.md %D%/crossbar/table.md
EXTRA_PROGRAMS += %D%/crossbar/crossbar
EXTRA_DIST += %D%/threads/README.md %D%/threads/threads.sh
bench_measure = %D%/crossbar/measure.c %D%/crossbar/measure.h
bench_crossbar_crossbar_SOURCES = %D%/crossbar/crossbar.c $(bench_measure)
bench_crossbar_crossbar_LDADD = librescore-core.la

# Measures; the table replaces the one of the last run in the build folder.
bench: bench/crossbar/crossbar$(EXEEXT) rescore$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/crossbar/crossbar$(EXEEXT) | tee bench/crossbar/table.md
	$(srcdir)/bench/threads/threads.sh ./rescore$(EXEEXT)
.PHONY: bench

# Other people's solvers on the same arrays; changed cells. LINES=128 lets ngspice have a larger one (two minutes).
LINES = 64
EXTRA_PROGRAMS += %D%/crossbar/peers %D%/crossbar/changes
EXTRA_DIST += %D%/crossbar/peers.md %D%/crossbar/changes.md %D%/crossbar/spsolve.py
bench_crossbar_peers_SOURCES = %D%/crossbar/peers.c %D%/crossbar/sparse.c %D%/crossbar/sparse.h $(bench_measure)
bench_crossbar_peers_CPPFLAGS = $(AM_CPPFLAGS) -DPYTHON3='"$(PYTHON3)"'
if HAVE_SUITESPARSE
bench_crossbar_peers_CPPFLAGS += -DHAVE_SUITESPARSE
endif
bench_crossbar_peers_LDADD = librescore-core.la $(SUITESPARSE_LIBS)
bench_crossbar_changes_SOURCES = %D%/crossbar/changes.c $(bench_measure)
bench_crossbar_changes_LDADD = librescore-core.la
bench: bench-peers bench-changes
bench-peers: bench/crossbar/peers$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/crossbar/peers$(EXEEXT) $(srcdir)/bench/crossbar/spsolve.py $(LINES) | tee bench/crossbar/peers.md
bench-changes: bench/crossbar/changes$(EXEEXT)
	./bench/crossbar/changes$(EXEEXT) | tee bench/crossbar/changes.md
.PHONY: bench-peers bench-changes

# Many vectors at once, linear and not.
EXTRA_PROGRAMS += %D%/crossbar/fields
EXTRA_DIST += %D%/crossbar/fields.md
bench_crossbar_fields_SOURCES = %D%/crossbar/fields.c $(bench_measure)
bench_crossbar_fields_LDADD = librescore-core.la
bench: bench-fields
bench-fields: bench/crossbar/fields$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/crossbar/fields$(EXEEXT) | tee bench/crossbar/fields.md
.PHONY: bench-fields

# Queries on a finished T.
EXTRA_PROGRAMS += %D%/crossbar/queries
EXTRA_DIST += %D%/crossbar/queries.md
bench_crossbar_queries_SOURCES = %D%/crossbar/queries.c $(bench_measure)
bench_crossbar_queries_LDADD = librescore-core.la
bench: bench-queries
bench-queries: bench/crossbar/queries$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/crossbar/queries$(EXEEXT) | tee bench/crossbar/queries.md
.PHONY: bench-queries

# Cost systems on a trace of 12 layers, 12 heads, 512 tokens.
EXTRA_PROGRAMS += %D%/cost/cost
EXTRA_DIST += %D%/cost/README.md %D%/cost/table.md
bench_cost_cost_SOURCES = %D%/cost/cost.c $(bench_measure)
bench_cost_cost_LDADD = librescore-core.la
bench: bench-cost
bench-cost: bench/cost/cost$(EXEEXT)
	./bench/cost/cost$(EXEEXT) | tee bench/cost/table.md
.PHONY: bench-cost

# "Paper says, we get": the cost systems beside the published figures.
EXTRA_PROGRAMS += %D%/papers/papers
EXTRA_DIST += %D%/papers/README.md %D%/papers/table.md
bench_papers_papers_SOURCES = %D%/papers/papers.c %D%/papers/papers.h %D%/papers/decided.c %D%/papers/sprint.c \
    %D%/papers/sensitivity.c %D%/papers/digital.c %D%/papers/digital_heads.c %D%/papers/digital_heads.h \
    %D%/papers/spatten.c
bench_papers_papers_LDADD = librescore-core.la
bench: bench-papers
bench-papers: bench/papers/papers$(EXEEXT)
	./bench/papers/papers$(EXEEXT) | tee bench/papers/table.md
.PHONY: bench-papers

# Many-query sequences: makes q/k/v files, shows the statistics of any.
EXTRA_PROGRAMS += %D%/papers/sequences
bench_papers_sequences_SOURCES = %D%/papers/sequences.c
bench_papers_sequences_LDADD = librescore-core.la

# Programming and reading cells.
EXTRA_PROGRAMS += %D%/devices/devices
EXTRA_DIST += %D%/devices/README.md %D%/devices/devices.md
bench_devices_devices_SOURCES = %D%/devices/devices.c $(bench_measure)
bench_devices_devices_LDADD = librescore-core.la
bench: bench-devices
bench-devices: bench/devices/devices$(EXEEXT)
	./bench/devices/devices$(EXEEXT) | tee bench/devices/devices.md
.PHONY: bench-devices

# Decks that ngspice answers per second.
EXTRA_PROGRAMS += %D%/calibration/decks
EXTRA_DIST += %D%/calibration/README.md %D%/calibration/table.md
bench_calibration_decks_SOURCES = %D%/calibration/decks.c $(bench_measure)
bench_calibration_decks_LDADD = librescore-core.la
bench: bench-decks
bench-decks: bench/calibration/decks$(EXEEXT) rescore$(EXEEXT)
	./bench/calibration/decks$(EXEEXT) ./rescore$(EXEEXT) | tee bench/calibration/table.md
.PHONY: bench-decks

# The digital units.
EXTRA_PROGRAMS += %D%/digital/digital
EXTRA_DIST += %D%/digital/README.md %D%/digital/table.md
bench_digital_digital_SOURCES = %D%/digital/digital.c $(bench_measure)
bench_digital_digital_LDADD = librescore-core.la
bench: bench-digital
bench-digital: bench/digital/digital$(EXEEXT)
	./bench/digital/digital$(EXEEXT) | tee bench/digital/table.md
.PHONY: bench-digital

# Time per decision of a full path.
EXTRA_PROGRAMS += %D%/calibration/decisions
EXTRA_DIST += %D%/calibration/decisions.md
bench_calibration_decisions_SOURCES = %D%/calibration/decisions.c $(bench_measure)
bench_calibration_decisions_LDADD = librescore-core.la
bench: bench-decisions
bench-decisions: bench/calibration/decisions$(EXEEXT) rescore$(EXEEXT)
	./bench/calibration/decisions$(EXEEXT) ./rescore$(EXEEXT) | tee bench/calibration/decisions.md
.PHONY: bench-decisions

# A training step of transformers.
EXTRA_PROGRAMS += %D%/models/training
EXTRA_DIST += %D%/models/README.md %D%/models/table.md
bench_models_training_SOURCES = %D%/models/training.c $(bench_measure)
bench_models_training_LDADD = librescore-core.la
bench: bench-training
bench-training: bench/models/training$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/models/training$(EXEEXT) | tee bench/models/table.md
.PHONY: bench-training

# Models of every kind under analog decisions and analog scores. By hand, 15 minutes on two cores; goes on where it stopped.
EXTRA_PROGRAMS += %D%/accuracy/table
EXTRA_DIST += %D%/accuracy/README.md %D%/accuracy/table.md %D%/accuracy/accuracy.sh %D%/accuracy/run.yaml
bench_accuracy_table_SOURCES = %D%/accuracy/table.c $(bench_measure)
bench_accuracy_table_LDADD = librescore-core.la
bench-accuracy: bench/accuracy/table$(EXEEXT) rescore$(EXEEXT)
	$(srcdir)/bench/accuracy/accuracy.sh ./rescore$(EXEEXT) ./bench/accuracy/table$(EXEEXT) \
	    "$${RESCORE_TEST_DATA:-$(abs_top_srcdir)/../shared/data}" >bench/accuracy/table.new
	mv bench/accuracy/table.new bench/accuracy/table.md
.PHONY: bench-accuracy

# Attention layers in analog beside exact ones.
EXTRA_PROGRAMS += %D%/models/inference
EXTRA_DIST += %D%/models/inference.md
bench_models_inference_SOURCES = %D%/models/inference.c $(bench_measure)
bench_models_inference_LDADD = librescore-core.la
bench: bench-inference
bench-inference: bench/models/inference$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/models/inference$(EXEEXT) | tee bench/models/inference.md
.PHONY: bench-inference

# Learned thresholds of memory networks against calibrated ones.
EXTRA_PROGRAMS += %D%/thresholds/thresholds
EXTRA_DIST += %D%/thresholds/README.md %D%/thresholds/table.md
bench_thresholds_thresholds_SOURCES = %D%/thresholds/thresholds.c
bench_thresholds_thresholds_LDADD = librescore-core.la
bench-thresholds: bench/thresholds/thresholds$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/thresholds/thresholds$(EXEEXT) >bench/thresholds/table.new
	mv bench/thresholds/table.new bench/thresholds/table.md
.PHONY: bench-thresholds

# Memory networks for all kinds of stories; FOLDER=... for the tasks of bAbI files. By hand, some minutes.
FOLDER =
EXTRA_DIST += %D%/stories/README.md %D%/stories/stories.sh %D%/stories/generated.yaml %D%/stories/babi.yaml \
    %D%/stories/generated.md %D%/stories/babi.md
train-stories: rescore$(EXEEXT)
	$(MKDIR_P) bench/stories
	$(srcdir)/bench/stories/stories.sh ./rescore$(EXEEXT) $(FOLDER) | tee bench/stories/table.md
.PHONY: train-stories

# Learned thresholds of a small transformer, and fine-tuning with the array's noise. By hand, 3 minutes of one core.
EXTRA_PROGRAMS += %D%/noise-aware/noise_aware
EXTRA_DIST += %D%/noise-aware/README.md %D%/noise-aware/table.md
bench_noise_aware_noise_aware_SOURCES = %D%/noise-aware/noise_aware.c $(bench_measure)
bench_noise_aware_noise_aware_LDADD = librescore-core.la
bench-noise-aware: bench/noise-aware/noise_aware$(EXEEXT)
	gunzip -c "$${RESCORE_TEST_DATA:-$(abs_top_srcdir)/../shared/data}/text/tinyshakespeare.txt.gz" \
	    >bench/noise-aware/text.new
	OPENBLAS_NUM_THREADS=1 ./bench/noise-aware/noise_aware$(EXEEXT) bench/noise-aware/text.new \
	    >bench/noise-aware/table.new
	rm bench/noise-aware/text.new
	mv bench/noise-aware/table.new bench/noise-aware/table.md
.PHONY: bench-noise-aware
