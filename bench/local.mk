EXTRA_DIST += %D%/README.md %D%/crossbar/README.md %D%/crossbar/table.md
EXTRA_PROGRAMS += %D%/crossbar/crossbar
EXTRA_DIST += %D%/threads/README.md %D%/threads/threads.sh
bench_crossbar_crossbar_SOURCES = %D%/crossbar/crossbar.c
bench_crossbar_crossbar_LDADD = librescore-core.la

# Measures; the table replaces the one of the last run in the build folder.
bench: bench/crossbar/crossbar$(EXEEXT) rescore$(EXEEXT)
	OPENBLAS_NUM_THREADS=1 ./bench/crossbar/crossbar$(EXEEXT) | tee bench/crossbar/table.md
	$(srcdir)/bench/threads/threads.sh ./rescore$(EXEEXT)
.PHONY: bench
