#include "base/version.h"

#include "base/commit.h"
#include "base/kernel.h"
#include "config.h"

const char *version_number(void)
{
    return PACKAGE_VERSION;
}

const char *version_commit(void)
{
    return RESCORE_COMMIT;
}

const char *version_compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

const char *version_kernel(void)
{
    return kernel_name(kernel_chosen());
}
