librescore_core_la_SOURCES += \
    %D%/goodness.c %D%/goodness.h \
    %D%/least_squares.c %D%/least_squares.h \
    %D%/ode.c %D%/ode.h \
    %D%/random.c %D%/random.h \
    %D%/softmax.c %D%/softmax.h \
    %D%/statistics.c %D%/statistics.h
EXTRA_DIST += %D%/README.md
