#include "report/report.h"

#include <stdlib.h>

#include "io/file.h"
#include "io/store.h"
#include "report/page.h"
#include "report/program_page.h"
#include "report/result.h"

static enum rs_status append_result(const char *path, struct text *page, struct rs_error *err)
{
    struct result *result = NULL;
    enum rs_status status = result_read(path, &result, err);
    if (status == RS_OK)
        status = page_append(page, result, err);
    result_destroy(result);
    return status;
}

enum rs_status report_write(const char *result_path, const char *html_path, struct rs_error *err)
{
    struct store *store = NULL;
    struct text page = {0};
    char *bytes = NULL;
    enum rs_status status = store_open(result_path, &store, err);
    if (status != RS_OK)
        return status;
    if (program_page_fits(store))
        status = program_page_append(store, &page, err);
    else
        status = append_result(result_path, &page, err);
    if (status != RS_OK)
        goto done;
    size_t n_bytes = page.length;
    bytes = text_take(&page, err);
    status = bytes == NULL ? RS_INTERNAL : file_write(html_path, bytes, n_bytes, err);
done:
    text_clear(&page);
    free(bytes);
    store_close(store);
    return status;
}
