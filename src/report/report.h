/* A report from a result file. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "rescore/status.h"

/*
 * Reads the result file and writes one self-contained HTML page; html_path "-" is standard output. RS_IO or
 * RS_INPUT for a file that cannot be read or is no result, RS_CREATE or RS_IO for a page that cannot be
 * written; then nothing is left under the final name.
 */
enum rs_status report_write(const char *result_path, const char *html_path,
                            struct rs_error *err) RS_MUST_CHECK;

#endif
