librescore_core_la_SOURCES += \
    %D%/bits.h \
    %D%/channels.c %D%/channels.h \
    %D%/constants.c %D%/constants.h \
    %D%/cost.c %D%/cost.h \
    %D%/cost_section.c %D%/cost_section.h \
    %D%/energy.c %D%/energy.h \
    %D%/loaded.c %D%/loaded.h \
    %D%/model.c %D%/model.h \
    %D%/residency.c %D%/residency.h \
    %D%/synthetic.c %D%/synthetic.h \
    %D%/system.c %D%/system.h \
    %D%/system_a3.c %D%/system_leopard.c %D%/system_mnnfast.c %D%/system_spatten.c %D%/system_sprint.c \
    %D%/tally.h \
    %D%/technology.c %D%/technology.h \
    %D%/topk_model.c %D%/topk_model.h \
    %D%/trace.h
EXTRA_DIST += %D%/README.md
