#include "report/report.h"

#include <stdlib.h>

#include "io/file.h"
#include "report/page.h"
#include "report/result.h"

enum rs_status report_write(const char *result_path, const char *html_path, struct rs_error *err)
{
    struct result *result = NULL;
    struct text page = {0};
    char *bytes = NULL;
    enum rs_status status = result_read(result_path, &result, err);
    if (status != RS_OK)
        return status;
    status = page_append(&page, result, err);
    if (status != RS_OK)
        goto done;
    size_t n_bytes = page.length;
    bytes = text_take(&page, err);
    status = bytes == NULL ? RS_INTERNAL : file_write(html_path, bytes, n_bytes, err);
done:
    text_clear(&page);
    free(bytes);
    result_destroy(result);
    return status;
}
