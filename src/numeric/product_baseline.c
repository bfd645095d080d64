/* The product's kernel for the compiler's own instruction set. */
#include "numeric/product_both.h"

const struct product_kernel product_baseline = PRODUCT_KERNEL;
