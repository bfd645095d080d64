librescore_core_la_SOURCES += \
    %D%/currents.c \
    %D%/currents.h \
    %D%/netlist.c \
    %D%/netlist.h \
    %D%/process.c \
    %D%/process.h \
    %D%/trouble.c \
    %D%/trouble.h \
    %D%/worker.c \
    %D%/worker.h \
    %D%/worker_batch.c \
    %D%/worker_batch.h \
    %D%/worker_process.c \
    %D%/worker_process.h \
    %D%/worker_request.c \
    %D%/worker_request.h \
    %D%/worker_slot.c \
    %D%/worker_slot.h \
    %D%/worker_wire.c \
    %D%/worker_wire.h
EXTRA_DIST += %D%/README.md %D%/models/stanford.sub %D%/models/vteam.sub %D%/models/yakopcic.sub
