#include "report/report.h"

#include <stdlib.h>

#include "io/file.h"
#include "report/decided_page.h"
#include "report/fitted_page.h"
#include "report/page.h"
#include "report/result.h"

static enum rs_status append_result(struct text *page, const char *path, struct rs_error *err)
{
    struct result *result = NULL;
    enum rs_status status = result_read(path, &result, err);
    if (status == RS_OK)
        status = page_append(page, result, err);
    result_destroy(result);
    return status;
}

static enum rs_status append_fitted(struct text *page, const char *path, struct rs_error *err)
{
    struct store *store = NULL;
    struct fitted *fitted = NULL;
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = fitted_read(store, &fitted, err);
    if (status == RS_OK)
        fitted_page_append(page, fitted);
    fitted_destroy(fitted);
    return status;
}

static enum rs_status append_decided(struct text *page, const char *path, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_open(path, &store, err);
    if (status == RS_OK)
        status = decided_page_append(page, store, err);
    store_close(store);
    return status;
}

typedef enum rs_status append_page(struct text *page, const char *path, struct rs_error *err);

static enum rs_status find_kind(const char *path, append_page **append, struct rs_error *err)
{
    struct store *store = NULL;
    enum rs_status status = store_open(path, &store, err);
    *append = append_result;
    if (status == RS_OK && fitted_is_one(store))
        *append = append_fitted;
    else if (status == RS_OK && decided_page_is_one(store))
        *append = append_decided;
    store_close(store);
    return status;
}

enum rs_status report_write(const char *result_path, const char *html_path, struct rs_error *err)
{
    struct text page = {0};
    char *bytes = NULL;
    append_page *append = NULL;
    enum rs_status status = find_kind(result_path, &append, err);
    if (status == RS_OK)
        status = append(&page, result_path, err);
    if (status != RS_OK)
        goto done;
    size_t n_bytes = page.length;
    bytes = text_take(&page, err);
    status = bytes == NULL ? RS_INTERNAL : file_write(html_path, bytes, n_bytes, err);
done:
    text_clear(&page);
    free(bytes);
    return status;
}
