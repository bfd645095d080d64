#include "report/report.h"

#include <stdlib.h>

#include "io/file.h"
#include "io/store.h"
#include "report/decided_page.h"
#include "report/fitted_page.h"
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

/* Takes the store. */
static enum rs_status append_fitted(struct store *store, struct text *page, struct rs_error *err)
{
    struct fitted *fitted = NULL;
    enum rs_status status = fitted_read(store, &fitted, err);
    if (status == RS_OK)
        fitted_page_append(page, fitted);
    fitted_destroy(fitted);
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
    if (program_page_fits(store)) {
        status = program_page_append(store, &page, err);
    } else if (fitted_is_one(store)) {
        status = append_fitted(store, &page, err);
        store = NULL;
    } else if (decided_page_is_one(store)) {
        status = decided_page_append(&page, store, err);
    } else {
        status = append_result(result_path, &page, err);
    }
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
