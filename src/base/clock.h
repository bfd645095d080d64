/* Time that only goes forward, for progress and logs; no result depends on it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds since some fixed moment. */
double clock_seconds(void);

/* CPU seconds of the calling thread. */
double clock_thread_seconds(void);

#endif
