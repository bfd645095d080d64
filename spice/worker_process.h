/*
 * The other end of worker.h: a process with one instance of libngspice, which answers the requests of
 * worker_wire.h that come through its standard input until that ends. Its standard output is log.txt of its
 * directory. The program calls it when its first argument is WORKER_COMMAND; `library` is its second.
 */
#ifndef SPICE_WORKER_PROCESS_H
#define SPICE_WORKER_PROCESS_H

/* The exit status. */
int worker_process_main(const char *library);

#endif
