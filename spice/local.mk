librescore_core_la_SOURCES += \
    %D%/netlist.c \
    %D%/netlist.h \
    %D%/ngspice.c \
    %D%/ngspice.h
EXTRA_DIST += %D%/README.md %D%/models/stanford.sub %D%/models/vteam.sub %D%/models/yakopcic.sub
