librescore_core_la_SOURCES += \
    %D%/calibrate.c %D%/calibrate.h \
    %D%/calibrate_file.c \
    %D%/calibrate_plan.c %D%/calibrate_plan.h \
    %D%/agreement.c %D%/agreement.h \
    %D%/decisions.c %D%/decisions.h \
    %D%/decisions_file.c \
    %D%/decisions_options.c %D%/decisions_options.h \
    %D%/decks.c %D%/decks.h \
    %D%/estimate.c %D%/estimate.h %D%/estimate_kinds.h \
    %D%/estimate_curve.c \
    %D%/estimate_decisions.c \
    %D%/observations.c %D%/observations.h \
    %D%/prediction.c %D%/prediction.h \
    %D%/relation.h \
    %D%/relations.h \
    %D%/relations_column.c \
    %D%/relations_latch.c \
    %D%/relations_sense.c \
    %D%/stage.h \
    %D%/stage_common.c \
    %D%/stage_comparator.c \
    %D%/stage_recovery.c \
    %D%/stages.c
EXTRA_DIST += %D%/README.md %D%/plan_example.yaml
