/* The product's kernel for AVX2. */
#include "numeric/product_both.h"

const struct product_kernel product_avx2 = PRODUCT_KERNEL;
