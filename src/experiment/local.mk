librescore_core_la_SOURCES += \
    %D%/config.c %D%/config.h %D%/config_internal.h \
    %D%/config_read.c %D%/config_sweep.c \
    %D%/config_text.c \
    %D%/cost_variables.c %D%/cost_variables.h \
    %D%/head.c %D%/head.h \
    %D%/parts.c %D%/parts.h \
    %D%/plan.c %D%/plan.h \
    %D%/plan_thresholds.c %D%/plan_thresholds.h \
    %D%/plan_estimate.c \
    %D%/outcome.c %D%/outcome.h %D%/outcome_internal.h \
    %D%/outcome_cost.c \
    %D%/outcome_cost_summary.c \
    %D%/outcome_remarks.c \
    %D%/outcome_samples.c \
    %D%/outcome_summary.c \
    %D%/outcome_task_summary.c \
    %D%/outcome_write.c \
    %D%/run.c %D%/run.h \
    %D%/run_options.c %D%/run_options.h \
    %D%/subject.c %D%/subject.h \
    %D%/subject_llama2c.c \
    %D%/subject_memn2n.c \
    %D%/subject_qkv.c \
    %D%/subject_safetensors.c \
    %D%/subject_transformer.c %D%/subject_transformer.h \
    %D%/task.c %D%/task.h \
    %D%/variables.c %D%/variables.h
EXTRA_DIST += %D%/README.md
