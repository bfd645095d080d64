#include "model/model_embedded.h"

/* Made from embedded/stories.h5 by the build. */
extern const unsigned char model_embedded_stories[];
extern const size_t model_embedded_stories_size;

enum rs_status model_embedded_open(struct store **out, struct rs_error *err)
{
    return store_open_image("embedded stories model", model_embedded_stories, model_embedded_stories_size,
                            out, err);
}
