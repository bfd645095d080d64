#include "model/model_embedded.h"

/* Made from embedded/NAME.h5 by the build. */
#define EMBEDDED(name)                                                                                       \
    extern const unsigned char model_embedded_##name[];                                                      \
    extern const size_t model_embedded_##name##_size;
EMBEDDED(stories)
EMBEDDED(text)
EMBEDDED(digits)

enum rs_status model_embedded_open(enum model_embedded which, struct store **out, struct rs_error *err)
{
    switch (which) {
    case MODEL_EMBEDDED_TEXT:
        return store_open_image("embedded text model", model_embedded_text, model_embedded_text_size, out,
                                err);
    case MODEL_EMBEDDED_DIGITS:
        return store_open_image("embedded digits model", model_embedded_digits, model_embedded_digits_size,
                                out, err);
    default:
        return store_open_image("embedded stories model", model_embedded_stories, model_embedded_stories_size,
                                out, err);
    }
}
