/* Loss and gradient of a transformer in double precision. */
#include <stdint.h>

#define REAL double
#define BITS uint64_t
#define NAMED(name) name##_f64
#define PUBLIC(name) transformer_gradient_f64_##name
#define EXPONENT_SHIFT 52
#define EXPONENT_OF_1 1023u
#define LOWEST (-708)
#define FIRST_TERM 0 /* of 1/13! ... 1/0!: r^14 / 14! is below 5e-18 */
#define LARGE 0x1.8p52
/* ln 2 in two parts, the first exact times any k */
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#include "model/transformer_gradient_real.h"
