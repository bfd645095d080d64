/* The product's kernel for AVX-512. */
#include "numeric/product_both.h"

const struct product_kernel product_avx512 = PRODUCT_KERNEL;
