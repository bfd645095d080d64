# Unit tests: Criterion programs, one per module, through a TAP wrapper. Shell tests print TAP themselves.
TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/build-aux/criterion-tap.sh
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL) $(top_srcdir)/build-aux/shell-tap.sh
AM_TESTS_ENVIRONMENT = \
    srcdir='$(abs_top_srcdir)'; export srcdir; \
    builddir='$(abs_top_builddir)'; export builddir; \
    RESCORE='$(abs_top_builddir)/rescore'; export RESCORE; \
    OMP_NUM_THREADS=1; export OMP_NUM_THREADS; \
    OPENBLAS_NUM_THREADS=1; export OPENBLAS_NUM_THREADS; \
    LSAN_OPTIONS='suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0'; export LSAN_OPTIONS; \
    RESCORE_TEST_DATA="$${RESCORE_TEST_DATA:-$(abs_top_srcdir)/../shared/data}"; export RESCORE_TEST_DATA;
EXTRA_DIST += %D%/README.md %D%/lsan.supp %D%/layering.floors $(shell_tests) %D%/missing.sh %D%/tap.sh

unit_tests =
shell_tests = %D%/layering.sh %D%/prefixes.sh %D%/lengths.sh

test_libraries = librescore-core.la $(CRITERION_LIBS)
test_flags = $(AM_CFLAGS) $(CRITERION_CFLAGS)

# Without Criterion or ngspice nothing passes silently: the test that fails names the package.
if HAVE_CRITERION
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests) $(shell_tests)
else
TESTS += %D%/missing.sh
endif
if !HAVE_NGSPICE
TESTS += %D%/missing.sh
endif

unit_tests += %D%/test_base
tests_test_base_SOURCES = %D%/test_base.c
tests_test_base_CFLAGS = $(test_flags)
tests_test_base_LDADD = $(test_libraries)

unit_tests += %D%/test_crossbar
tests_test_crossbar_SOURCES = %D%/test_crossbar.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_crossbar_CFLAGS = $(test_flags)
tests_test_crossbar_LDADD = $(test_libraries)
unit_tests += %D%/test_io_file
tests_test_io_file_SOURCES = %D%/test_io_file.c %D%/folder.h
tests_test_io_file_CFLAGS = $(test_flags)
tests_test_io_file_LDADD = $(test_libraries)

unit_tests += %D%/test_io_yaml
tests_test_io_yaml_SOURCES = %D%/test_io_yaml.c
tests_test_io_yaml_CFLAGS = $(test_flags)
tests_test_io_yaml_LDADD = $(test_libraries)

unit_tests += %D%/test_io_store
tests_test_io_store_SOURCES = %D%/test_io_store.c %D%/folder.h %D%/foreign_store.h %D%/sample_store.h
tests_test_io_store_CFLAGS = $(test_flags)
tests_test_io_store_LDADD = $(test_libraries)

check_PROGRAMS += %D%/write_sample
tests_write_sample_SOURCES = %D%/write_sample.c %D%/sample_store.h
tests_write_sample_LDADD = librescore-core.la

shell_tests += %D%/readback.sh
EXTRA_DIST += %D%/readback.py

unit_tests += %D%/test_stories
tests_test_stories_SOURCES = %D%/test_stories.c
tests_test_stories_CFLAGS = $(test_flags)
tests_test_stories_LDADD = $(test_libraries)

unit_tests += %D%/test_qkv
tests_test_qkv_SOURCES = %D%/test_qkv.c %D%/folder.h %D%/foreign_store.h
tests_test_qkv_CFLAGS = $(test_flags)
tests_test_qkv_LDADD = $(test_libraries)

unit_tests += %D%/test_memn2n
tests_test_memn2n_SOURCES = %D%/test_memn2n.c
tests_test_memn2n_CFLAGS = $(test_flags)
tests_test_memn2n_LDADD = $(test_libraries)

unit_tests += %D%/test_model_file
tests_test_model_file_SOURCES = %D%/test_model_file.c %D%/folder.h %D%/foreign_store.h \
    %D%/damaged_store.h
tests_test_model_file_CFLAGS = $(test_flags)
tests_test_model_file_LDADD = $(test_libraries)
shell_tests += %D%/cli_array.sh %D%/compare.sh
EXTRA_DIST += %D%/make_array.py

unit_tests += %D%/test_spice
tests_test_spice_SOURCES = %D%/test_spice.c
tests_test_spice_CFLAGS = $(test_flags)
tests_test_spice_LDADD = $(test_libraries)
unit_tests += %D%/test_report
tests_test_report_SOURCES = %D%/test_report.c
tests_test_report_CFLAGS = $(test_flags)
tests_test_report_LDADD = $(test_libraries)

shell_tests += %D%/report.sh %D%/notebook.sh
EXTRA_DIST += %D%/make_result.py %D%/check_report.py

unit_tests += %D%/test_edges
tests_test_edges_SOURCES = %D%/test_edges.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_edges_CFLAGS = $(test_flags)
tests_test_edges_LDADD = $(test_libraries)

unit_tests += %D%/test_nonlinear
tests_test_nonlinear_SOURCES = %D%/test_nonlinear.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_nonlinear_CFLAGS = $(test_flags)
tests_test_nonlinear_LDADD = $(test_libraries)
unit_tests += %D%/test_random
tests_test_random_SOURCES = %D%/test_random.c
tests_test_random_CFLAGS = $(test_flags)
tests_test_random_LDADD = $(test_libraries)
if HAVE_RANDOM123
tests_test_random_CPPFLAGS = $(AM_CPPFLAGS) -DHAVE_RANDOM123
endif

unit_tests += %D%/test_statistics
tests_test_statistics_SOURCES = %D%/test_statistics.c
tests_test_statistics_CFLAGS = $(test_flags)
tests_test_statistics_LDADD = $(test_libraries)

unit_tests += %D%/test_code
tests_test_code_SOURCES = %D%/test_code.c
tests_test_code_CFLAGS = $(test_flags)
tests_test_code_LDADD = $(test_libraries)

unit_tests += %D%/test_digital
tests_test_digital_SOURCES = %D%/test_digital.c
tests_test_digital_CFLAGS = $(test_flags)
tests_test_digital_LDADD = $(test_libraries)

unit_tests += %D%/test_score
tests_test_score_SOURCES = %D%/test_score.c
tests_test_score_CFLAGS = $(test_flags)
tests_test_score_LDADD = $(test_libraries)

unit_tests += %D%/test_device
tests_test_device_SOURCES = %D%/test_device.c
tests_test_device_CFLAGS = $(test_flags)
tests_test_device_LDADD = $(test_libraries)

unit_tests += %D%/test_card
tests_test_card_SOURCES = %D%/test_card.c %D%/folder.h
tests_test_card_CFLAGS = $(test_flags)
tests_test_card_LDADD = $(test_libraries)

unit_tests += %D%/test_frontend
tests_test_frontend_SOURCES = %D%/test_frontend.c
tests_test_frontend_CFLAGS = $(test_flags)
tests_test_frontend_LDADD = $(test_libraries)

unit_tests += %D%/test_query
tests_test_query_SOURCES = %D%/test_query.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_query_CFLAGS = $(test_flags)
tests_test_query_LDADD = $(test_libraries)

unit_tests += %D%/test_attention
tests_test_attention_SOURCES = %D%/test_attention.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_attention_CFLAGS = $(test_flags)
tests_test_attention_LDADD = $(test_libraries)
unit_tests += %D%/test_config
tests_test_config_SOURCES = %D%/test_config.c %D%/bad_configs.h %D%/folder.h
tests_test_config_CFLAGS = $(test_flags)
tests_test_config_LDADD = $(test_libraries)

shell_tests += %D%/run_same_bytes.sh
EXTRA_DIST += %D%/make_qkv.py

shell_tests += %D%/run_exact.sh
EXTRA_DIST += %D%/check_decisions.py %D%/check_cascade.py

shell_tests += %D%/run_result.sh

unit_tests += %D%/test_network
tests_test_network_SOURCES = %D%/test_network.c
tests_test_network_CFLAGS = $(test_flags)
tests_test_network_LDADD = $(test_libraries)
shell_tests += %D%/cli_run.sh
unit_tests += %D%/test_transfer
tests_test_transfer_SOURCES = %D%/test_transfer.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_transfer_CFLAGS = $(test_flags)
tests_test_transfer_LDADD = $(test_libraries)

unit_tests += %D%/test_random_f32
tests_test_random_f32_SOURCES = %D%/test_random_f32.c
tests_test_random_f32_CFLAGS = $(test_flags)
tests_test_random_f32_LDADD = $(test_libraries)

unit_tests += %D%/test_product
tests_test_product_SOURCES = %D%/test_product.c
tests_test_product_CFLAGS = $(test_flags)
tests_test_product_LDADD = $(test_libraries)
# Suites that take minutes: `make check-long`. The suffix .long stands for a Criterion program there, so that one rule
# serves them all.
TEST_EXTENSIONS += .long
LONG_LOG_DRIVER = $(TAP_DRIVER)
LONG_LOG_COMPILER = $(LOG_COMPILER)
long_programs =
long_shell_tests =
EXTRA_PROGRAMS += $(long_programs)
EXTRA_DIST += $(long_shell_tests)
if HAVE_CRITERION
long_tests = $(long_programs) $(long_shell_tests)
else
long_tests = %D%/missing.sh
endif

check-long: all $(long_tests)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS check_PROGRAMS= TESTS='$(long_tests)' TEST_SUITE_LOG=check-long.log
.PHONY: check-long

long_programs += %D%/long/large.long
tests_long_large_long_SOURCES = %D%/long/large.c $(oracle_sources)
tests_long_large_long_CFLAGS = $(test_flags)
tests_long_large_long_CPPFLAGS = $(AM_CPPFLAGS) $(oracle_flags)
tests_long_large_long_LDADD = $(test_libraries) $(SUITESPARSE_LIBS)

unit_tests += %D%/test_selector
tests_test_selector_SOURCES = %D%/test_selector.c
tests_test_selector_CFLAGS = $(test_flags)
tests_test_selector_LDADD = $(test_libraries)

unit_tests += %D%/test_oracle
tests_test_oracle_SOURCES = %D%/test_oracle.c $(oracle_sources)
tests_test_oracle_CFLAGS = $(test_flags)
tests_test_oracle_CPPFLAGS = $(AM_CPPFLAGS) $(oracle_flags)
tests_test_oracle_LDADD = $(test_libraries) $(SUITESPARSE_LIBS)

oracle_sources = %D%/array_oracle.c %D%/array_oracle.h %D%/cholmod_oracle.c %D%/cholmod_oracle.h
oracle_flags =
if HAVE_SUITESPARSE
oracle_flags += -DHAVE_SUITESPARSE
endif
unit_tests += %D%/test_field
tests_test_field_SOURCES = %D%/test_field.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_field_CFLAGS = $(test_flags)
tests_test_field_LDADD = $(test_libraries)

unit_tests += %D%/test_sweep
tests_test_sweep_SOURCES = %D%/test_sweep.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_sweep_CFLAGS = $(test_flags)
tests_test_sweep_LDADD = $(test_libraries)
unit_tests += %D%/test_noise
tests_test_noise_SOURCES = %D%/test_noise.c %D%/noise_oracle.c %D%/noise_oracle.h %D%/array_oracle.c %D%/array_oracle.h
tests_test_noise_CFLAGS = $(test_flags)
tests_test_noise_LDADD = $(test_libraries)
unit_tests += %D%/test_cards
tests_test_cards_SOURCES = %D%/test_cards.c
tests_test_cards_CFLAGS = $(test_flags)
tests_test_cards_LDADD = $(test_libraries)
unit_tests += %D%/test_property
tests_test_property_SOURCES = %D%/test_property.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_property_CFLAGS = $(test_flags)
tests_test_property_LDADD = $(test_libraries)

long_programs += %D%/long/redrawn.long
tests_long_redrawn_long_SOURCES = %D%/long/redrawn.c %D%/noise_oracle.c %D%/noise_oracle.h
tests_long_redrawn_long_CFLAGS = $(test_flags)
tests_long_redrawn_long_LDADD = $(test_libraries)

unit_tests += %D%/test_reads
tests_test_reads_SOURCES = %D%/test_reads.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_reads_CFLAGS = $(test_flags)
tests_test_reads_LDADD = $(test_libraries)
unit_tests += %D%/test_changes
tests_test_changes_SOURCES = %D%/test_changes.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_changes_CFLAGS = $(test_flags)
tests_test_changes_LDADD = $(test_libraries)

long_shell_tests += %D%/long/compare.sh

long_programs += %D%/long/property.long %D%/long/oracle.long
tests_long_property_long_SOURCES = %D%/test_property.c %D%/array_oracle.c %D%/array_oracle.h
tests_long_property_long_CFLAGS = $(test_flags)
tests_long_property_long_CPPFLAGS = $(AM_CPPFLAGS) -DPROPERTY_ARRAYS=30000
tests_long_property_long_LDADD = $(test_libraries)
tests_long_oracle_long_SOURCES = %D%/test_oracle.c $(oracle_sources)
tests_long_oracle_long_CFLAGS = $(test_flags)
tests_long_oracle_long_CPPFLAGS = $(AM_CPPFLAGS) $(oracle_flags) -DORACLE_ARRAYS=3000
tests_long_oracle_long_LDADD = $(test_libraries) $(SUITESPARSE_LIBS)
unit_tests += %D%/test_telegraph
tests_test_telegraph_SOURCES = %D%/test_telegraph.c
tests_test_telegraph_CFLAGS = $(test_flags)
tests_test_telegraph_LDADD = $(test_libraries)
shell_tests += %D%/cli_device.sh

unit_tests += %D%/test_pulse
tests_test_pulse_SOURCES = %D%/test_pulse.c
tests_test_pulse_CFLAGS = $(test_flags)
tests_test_pulse_LDADD = $(test_libraries)

unit_tests += %D%/test_csv
tests_test_csv_SOURCES = %D%/test_csv.c %D%/folder.h
tests_test_csv_CFLAGS = $(test_flags)
tests_test_csv_LDADD = $(test_libraries)

unit_tests += %D%/test_fit
tests_test_fit_SOURCES = %D%/test_fit.c %D%/folder.h %D%/measured_cells.h
tests_test_fit_CFLAGS = $(test_flags)
tests_test_fit_LDADD = $(test_libraries)
shell_tests += %D%/cli_fit.sh %D%/measured_device.sh

unit_tests += %D%/test_topk
tests_test_topk_SOURCES = %D%/test_topk.c
tests_test_topk_CFLAGS = $(test_flags)
tests_test_topk_LDADD = $(test_libraries)

unit_tests += %D%/test_pruning
tests_test_pruning_SOURCES = %D%/test_pruning.c
tests_test_pruning_CFLAGS = $(test_flags)
tests_test_pruning_LDADD = $(test_libraries)
unit_tests += %D%/test_cost %D%/test_cost_property
tests_test_cost_SOURCES = %D%/test_cost.c
tests_test_cost_CFLAGS = $(test_flags)
tests_test_cost_LDADD = $(test_libraries)
tests_test_cost_property_SOURCES = %D%/test_cost_property.c
tests_test_cost_property_CFLAGS = $(test_flags)
tests_test_cost_property_LDADD = $(test_libraries)
unit_tests += %D%/test_laws
tests_test_laws_SOURCES = %D%/test_laws.c
tests_test_laws_CFLAGS = $(test_flags)
tests_test_laws_LDADD = $(test_libraries)
unit_tests += %D%/test_runtime
tests_test_runtime_SOURCES = %D%/test_runtime.c %D%/attention_fixture.c %D%/attention_fixture.h %D%/folder.h
tests_test_runtime_CFLAGS = $(test_flags)
tests_test_runtime_LDADD = $(test_libraries)
unit_tests += %D%/test_program
tests_test_program_SOURCES = %D%/test_program.c %D%/folder.h %D%/plain_cells.h
tests_test_program_CFLAGS = $(test_flags)
tests_test_program_LDADD = $(test_libraries)
shell_tests += %D%/cli_program.sh
unit_tests += %D%/test_probit
tests_test_probit_SOURCES = %D%/test_probit.c
tests_test_probit_CFLAGS = $(test_flags)
tests_test_probit_LDADD = $(test_libraries)

unit_tests += %D%/test_least_squares
tests_test_least_squares_SOURCES = %D%/test_least_squares.c
tests_test_least_squares_CFLAGS = $(test_flags)
tests_test_least_squares_LDADD = $(test_libraries)

unit_tests += %D%/test_calibration
tests_test_calibration_SOURCES = %D%/test_calibration.c %D%/folder.h
tests_test_calibration_CFLAGS = $(test_flags)
tests_test_calibration_LDADD = $(test_libraries)

unit_tests += %D%/test_estimate
tests_test_estimate_SOURCES = %D%/test_estimate.c
tests_test_estimate_CFLAGS = $(test_flags)
tests_test_estimate_LDADD = $(test_libraries)

unit_tests += %D%/test_worker
tests_test_worker_SOURCES = %D%/test_worker.c %D%/worker_fixture.h %D%/folder.h
tests_test_worker_CFLAGS = $(test_flags)
tests_test_worker_LDADD = $(test_libraries)

unit_tests += %D%/test_worker_failures
tests_test_worker_failures_SOURCES = %D%/test_worker_failures.c %D%/worker_fixture.h %D%/folder.h
tests_test_worker_failures_CFLAGS = $(test_flags)
tests_test_worker_failures_LDADD = $(test_libraries)

unit_tests += %D%/test_calibrate
tests_test_calibrate_SOURCES = %D%/test_calibrate.c %D%/folder.h
tests_test_calibrate_CFLAGS = $(test_flags)
tests_test_calibrate_LDADD = $(test_libraries)
unit_tests += %D%/test_comparator
tests_test_comparator_SOURCES = %D%/test_comparator.c
tests_test_comparator_CFLAGS = $(test_flags)
tests_test_comparator_LDADD = $(test_libraries)

unit_tests += %D%/test_sense_node
tests_test_sense_node_SOURCES = %D%/test_sense_node.c %D%/array_oracle.c %D%/array_oracle.h
tests_test_sense_node_CFLAGS = $(test_flags)
tests_test_sense_node_LDADD = $(test_libraries)

unit_tests += %D%/test_comparators
tests_test_comparators_SOURCES = %D%/test_comparators.c %D%/comparators_fixture.c %D%/comparators_fixture.h \
    %D%/attention_fixture.c %D%/attention_fixture.h %D%/folder.h
tests_test_comparators_CFLAGS = $(test_flags)
tests_test_comparators_LDADD = $(test_libraries)

unit_tests += %D%/test_path
tests_test_path_SOURCES = %D%/test_path.c %D%/path_case.c %D%/path_case.h
tests_test_path_CFLAGS = $(test_flags)
tests_test_path_LDADD = $(test_libraries)
shell_tests += %D%/decks.sh
long_shell_tests += %D%/long/decks.sh
shell_tests += %D%/cli_calibrate.sh
shell_tests += %D%/cli_calibration.sh

unit_tests += %D%/test_reference
tests_test_reference_SOURCES = %D%/test_reference.c %D%/comparators_fixture.c %D%/comparators_fixture.h \
    %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_reference_CFLAGS = $(test_flags)
tests_test_reference_LDADD = $(test_libraries)

unit_tests += %D%/test_latch_noise
tests_test_latch_noise_SOURCES = %D%/test_latch_noise.c
tests_test_latch_noise_CFLAGS = $(test_flags)
tests_test_latch_noise_LDADD = $(test_libraries)
unit_tests += %D%/test_calibrate_path
tests_test_calibrate_path_SOURCES = %D%/test_calibrate_path.c
tests_test_calibrate_path_CFLAGS = $(test_flags)
tests_test_calibrate_path_LDADD = $(test_libraries)
unit_tests += %D%/test_decisions
tests_test_decisions_SOURCES = %D%/test_decisions.c
tests_test_decisions_CFLAGS = $(test_flags)
tests_test_decisions_LDADD = $(test_libraries)
shell_tests += %D%/cli_decisions.sh
long_shell_tests += %D%/long/decisions.sh

unit_tests += %D%/test_cascade
tests_test_cascade_SOURCES = %D%/test_cascade.c
tests_test_cascade_CFLAGS = $(test_flags)
tests_test_cascade_LDADD = $(test_libraries)

unit_tests += %D%/test_cascade_layers
tests_test_cascade_layers_SOURCES = %D%/test_cascade_layers.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_cascade_layers_CFLAGS = $(test_flags)
tests_test_cascade_layers_LDADD = $(test_libraries)
unit_tests += %D%/test_policies
tests_test_policies_SOURCES = %D%/test_policies.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_policies_CFLAGS = $(test_flags)
tests_test_policies_LDADD = $(test_libraries)

unit_tests += %D%/test_two_comparators
tests_test_two_comparators_SOURCES = %D%/test_two_comparators.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_two_comparators_CFLAGS = $(test_flags)
tests_test_two_comparators_LDADD = $(test_libraries)
unit_tests += %D%/test_sequence
tests_test_sequence_SOURCES = %D%/test_sequence.c %D%/folder.h
tests_test_sequence_CFLAGS = $(test_flags)
tests_test_sequence_LDADD = $(test_libraries)
unit_tests += %D%/test_cost_limits
tests_test_cost_limits_SOURCES = %D%/test_cost_limits.c
tests_test_cost_limits_CFLAGS = $(test_flags)
tests_test_cost_limits_LDADD = $(test_libraries)
unit_tests += %D%/test_transformer %D%/test_transformer_gradient
tests_test_transformer_SOURCES = %D%/test_transformer.c %D%/transformer_fixture.c %D%/transformer_fixture.h
tests_test_transformer_CFLAGS = $(test_flags)
tests_test_transformer_LDADD = $(test_libraries)
tests_test_transformer_gradient_SOURCES = %D%/test_transformer_gradient.c %D%/transformer_fixture.c \
    %D%/transformer_fixture.h
tests_test_transformer_gradient_CFLAGS = $(test_flags)
tests_test_transformer_gradient_LDADD = $(test_libraries)
unit_tests += %D%/test_transformer_file
tests_test_transformer_file_SOURCES = %D%/test_transformer_file.c %D%/transformer_fixture.c \
    %D%/transformer_fixture.h %D%/folder.h %D%/foreign_store.h %D%/damaged_store.h
tests_test_transformer_file_CFLAGS = $(test_flags)
tests_test_transformer_file_LDADD = $(test_libraries)
unit_tests += %D%/test_train_transformer
tests_test_train_transformer_SOURCES = %D%/test_train_transformer.c %D%/folder.h
tests_test_train_transformer_CFLAGS = $(test_flags)
tests_test_train_transformer_LDADD = $(test_libraries)
unit_tests += %D%/test_tales
tests_test_tales_SOURCES = %D%/test_tales.c
tests_test_tales_CFLAGS = $(test_flags)
tests_test_tales_LDADD = $(test_libraries)
unit_tests += %D%/test_babi
tests_test_babi_SOURCES = %D%/test_babi.c
tests_test_babi_CFLAGS = $(test_flags)
tests_test_babi_LDADD = $(test_libraries)
unit_tests += %D%/test_costing
tests_test_costing_SOURCES = %D%/test_costing.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_costing_CFLAGS = $(test_flags)
tests_test_costing_LDADD = $(test_libraries)
shell_tests += %D%/cli_transformer.sh
shell_tests += %D%/cli_calibrate_stops.sh
shell_tests += %D%/cli_latch.sh
unit_tests += %D%/test_latch
tests_test_latch_SOURCES = %D%/test_latch.c %D%/folder.h %D%/path_case.c %D%/path_case.h
tests_test_latch_CFLAGS = $(test_flags)
tests_test_latch_LDADD = $(test_libraries)
long_shell_tests += %D%/long/latch.sh
unit_tests += %D%/test_latch_bench
tests_test_latch_bench_SOURCES = %D%/test_latch_bench.c
tests_test_latch_bench_CFLAGS = $(test_flags)
tests_test_latch_bench_LDADD = $(test_libraries)
unit_tests += %D%/test_delays
tests_test_delays_SOURCES = %D%/test_delays.c
tests_test_delays_CFLAGS = $(test_flags)
tests_test_delays_LDADD = $(test_libraries)
unit_tests += %D%/test_replica
tests_test_replica_SOURCES = %D%/test_replica.c %D%/attention_fixture.c %D%/attention_fixture.h %D%/folder.h
tests_test_replica_CFLAGS = $(test_flags)
tests_test_replica_LDADD = $(test_libraries)
unit_tests += %D%/test_json %D%/test_safetensors
tests_test_json_SOURCES = %D%/test_json.c %D%/folder.h
tests_test_json_CFLAGS = $(test_flags)
tests_test_json_LDADD = $(test_libraries)
tests_test_safetensors_SOURCES = %D%/test_safetensors.c %D%/folder.h %D%/tensors_file.h
tests_test_safetensors_CFLAGS = $(test_flags)
tests_test_safetensors_LDADD = $(test_libraries)
unit_tests += %D%/test_import
tests_test_import_SOURCES = %D%/test_import.c %D%/tensors_model.c %D%/tensors_model.h %D%/tensors_file.h \
    %D%/transformer_fixture.c %D%/transformer_fixture.h %D%/folder.h %D%/bad_models.h
tests_test_import_CFLAGS = $(test_flags)
tests_test_import_LDADD = $(test_libraries)
check_PROGRAMS += %D%/import_logits
tests_import_logits_SOURCES = %D%/import_logits.c
tests_import_logits_CFLAGS = $(AM_CFLAGS)
tests_import_logits_LDADD = librescore-core.la
shell_tests += %D%/cli_import.sh
EXTRA_DIST += %D%/import_models.py
unit_tests += %D%/test_thresholds
tests_test_thresholds_SOURCES = %D%/test_thresholds.c %D%/folder.h
tests_test_thresholds_CFLAGS = $(test_flags)
tests_test_thresholds_LDADD = $(test_libraries)
unit_tests += %D%/test_llama_tokenizer %D%/test_llama2c
tests_test_llama_tokenizer_SOURCES = %D%/test_llama_tokenizer.c %D%/folder.h
tests_test_llama_tokenizer_CFLAGS = $(test_flags)
tests_test_llama_tokenizer_LDADD = $(test_libraries)
tests_test_llama2c_SOURCES = %D%/test_llama2c.c %D%/transformer_fixture.c %D%/transformer_fixture.h %D%/folder.h
tests_test_llama2c_CFLAGS = $(test_flags)
tests_test_llama2c_LDADD = $(test_libraries)
shell_tests += %D%/cli_llama2c.sh
unit_tests += %D%/test_score_noise
tests_test_score_noise_SOURCES = %D%/test_score_noise.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_score_noise_CFLAGS = $(test_flags)
tests_test_score_noise_LDADD = $(test_libraries)
unit_tests += %D%/test_soft_threshold
tests_test_soft_threshold_SOURCES = %D%/test_soft_threshold.c
tests_test_soft_threshold_CFLAGS = $(test_flags)
tests_test_soft_threshold_LDADD = $(test_libraries)
unit_tests += %D%/test_learned
tests_test_learned_SOURCES = %D%/test_learned.c
tests_test_learned_CFLAGS = $(test_flags)
tests_test_learned_LDADD = $(test_libraries)
unit_tests += %D%/test_transformer_pruning
tests_test_transformer_pruning_SOURCES = %D%/test_transformer_pruning.c %D%/transformer_fixture.c %D%/transformer_fixture.h
tests_test_transformer_pruning_CFLAGS = $(test_flags)
tests_test_transformer_pruning_LDADD = $(test_libraries)

unit_tests += %D%/test_softmax
tests_test_softmax_SOURCES = %D%/test_softmax.c
tests_test_softmax_CFLAGS = $(test_flags)
tests_test_softmax_LDADD = $(test_libraries)

unit_tests += %D%/test_bootstrap
tests_test_bootstrap_SOURCES = %D%/test_bootstrap.c
tests_test_bootstrap_CFLAGS = $(test_flags)
tests_test_bootstrap_LDADD = $(test_libraries)
unit_tests += %D%/test_task
tests_test_task_SOURCES = %D%/test_task.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_task_CFLAGS = $(test_flags)
tests_test_task_LDADD = $(test_libraries)
unit_tests += %D%/test_transformer_tuning
tests_test_transformer_tuning_SOURCES = %D%/test_transformer_tuning.c %D%/attention_fixture.c %D%/attention_fixture.h
tests_test_transformer_tuning_CFLAGS = $(test_flags)
tests_test_transformer_tuning_LDADD = $(test_libraries)

shell_tests += %D%/cli_stories.sh

long_shell_tests += %D%/long/stories.sh
unit_tests += %D%/test_model_embedded
tests_test_model_embedded_SOURCES = %D%/test_model_embedded.c
tests_test_model_embedded_CFLAGS = $(test_flags)
tests_test_model_embedded_LDADD = $(test_libraries)
