/* Loss and gradient of a transformer in single precision, for one instruction set: PUBLIC(x) is its own. */
#include <stdint.h>

#define REAL float
#define BITS uint32_t
#define NAMED(name) name##_f32
#define EXPONENT_SHIFT 23
#define EXPONENT_OF_1 127u
#define LOWEST (-87)
#define FIRST_TERM 6 /* of 1/13! ... 1/0!: r^8 / 8! is below 6e-9 */
#define LARGE 0x1.8p23f
/* ln 2 in two parts, the first exact times any k */
#define LN2_HIGH 0x1.63p-1f
#define LN2_LOW -0x1.bd0106p-13f
#include "model/transformer_gradient_kernels.h"
#include "model/transformer_gradient_real.h"
