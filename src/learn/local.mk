EXTRA_DIST += %D%/README.md
librescore_core_la_SOURCES += \
    %D%/adam.c %D%/adam.h \
    %D%/adam_f32.c \
    %D%/adam_real.h \
    %D%/memn2n_noise.c %D%/memn2n_noise.h \
    %D%/memn2n_trainer.c %D%/memn2n_trainer.h \
    %D%/noisy_array.c %D%/noisy_array.h \
    %D%/score_noise.c %D%/score_noise.h \
    %D%/thresholds.c %D%/thresholds.h \
    %D%/train_memn2n.c %D%/train_memn2n.h \
    %D%/train_transformer.c %D%/train_transformer.h \
    %D%/transformer_start.c %D%/transformer_start.h \
    %D%/transformer_tuning.c %D%/transformer_tuning.h
