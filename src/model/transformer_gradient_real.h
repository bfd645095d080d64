/* Loss and gradient of packed samples for one precision (transformer_layers_real.h); PUBLIC(x) names what is
 * shown. */
#include "base/require.h"
#include "model/transformer_gradient_room_real.h"

/* Samples on their way through the network and back. */
struct pass {
    struct NAMED(transformer_gradient) * room;
    const struct transformer_shape *shape;
    const REAL *weights;
    REAL *gradient;
    size_t n_samples, n_tokens;
    const struct transformer_sample *samples;
    double *penalty;
};

/* --- weights and products */

static bool has(const struct pass *pass, enum transformer_weights kind)
{
    return pass->room->layout.places[kind].n_rows > 0;
}

static const REAL *weights_of(const struct pass *pass, enum transformer_weights kind, size_t layer)
{
    return pass->weights + transformer_shape_first(&pass->room->layout, kind, layer);
}

static REAL *gradient_of(const struct pass *pass, enum transformer_weights kind, size_t layer)
{
    return pass->gradient + transformer_shape_first(&pass->room->layout, kind, layer);
}

/* out [n][n_columns] (+)= inputs [n][n_rows] times the matrix, plus its bias; a tied output's matrix is the
 * words'. */
static void multiply(const struct pass *pass, enum transformer_weights kind, enum transformer_weights bias,
                     size_t layer, size_t n, const REAL *inputs, bool adds, REAL *out)
{
    bool tied = kind == TRANSFORMER_OUTPUT && pass->shape->tied;
    const struct transformer_place *place = &pass->room->layout.places[tied ? TRANSFORMER_WORD : kind];
    size_t n_rows = tied ? place->n_columns : place->n_rows;
    size_t n_columns = tied ? place->n_rows : place->n_columns;
    const REAL *matrix = weights_of(pass, tied ? TRANSFORMER_WORD : kind, layer);
    NAMED(matrix_multiply)
    (n, n_columns, n_rows, NAMED(plain)(inputs, n_rows),
     (struct NAMED(matrix)){matrix, place->n_columns, tied}, adds, out, n_columns);
    for (size_t t = 0; t < n && has(pass, bias); t++)
        NAMED(add)(n_columns, weights_of(pass, bias, layer), out + t * n_columns);
}

/* From the slopes by `out` to those by `inputs` (NULL: not wanted, or added), and to those by the weights. */
static void multiply_backward(const struct pass *pass, enum transformer_weights kind,
                              enum transformer_weights bias, size_t layer, size_t n, const REAL *inputs,
                              const REAL *slopes, bool adds, REAL *input_slopes)
{
    bool tied = kind == TRANSFORMER_OUTPUT && pass->shape->tied;
    enum transformer_weights owner = tied ? TRANSFORMER_WORD : kind;
    const struct transformer_place *place = &pass->room->layout.places[owner];
    size_t stride = place->n_columns, n_rows = tied ? stride : place->n_rows;
    size_t n_columns = tied ? place->n_rows : stride;
    if (input_slopes != NULL)
        NAMED(matrix_multiply)
    (n, n_rows, n_columns, NAMED(plain)(slopes, n_columns),
     (struct NAMED(matrix)){weights_of(pass, owner, layer), stride, !tied}, adds, input_slopes, n_rows);
    struct NAMED(matrix) one = NAMED(turned)(tied ? slopes : inputs, tied ? n_columns : n_rows);
    struct NAMED(matrix) other = NAMED(plain)(tied ? inputs : slopes, tied ? n_rows : n_columns);
    NAMED(matrix_multiply)
    (place->n_rows, stride, n, one, other, true, gradient_of(pass, owner, layer), stride);
    if (has(pass, bias))
        NAMED(add_rows)(n, n_columns, slopes, gradient_of(pass, bias, layer));
}

static void normalise(const struct pass *pass, enum transformer_weights kind, size_t layer, const REAL *x,
                      REAL *y, REAL *moments)
{
    NAMED(norm)(pass->shape, weights_of(pass, kind, layer), pass->n_tokens, x, y, moments);
}

static void normalise_backward(const struct pass *pass, enum transformer_weights kind, size_t layer,
                               const REAL *x, const REAL *moments, REAL *slopes)
{
    NAMED(norm_backward)
    (pass->shape, weights_of(pass, kind, layer), pass->n_tokens, x, moments, slopes,
     gradient_of(pass, kind, layer), pass->room->row);
}

static void copy(const struct pass *pass, const REAL *from, REAL *to)
{
    memcpy(to, from, pass->n_tokens * pass->shape->d * sizeof *to);
}

/* --- embeddings */

/* Returns the end of the image's patches. */
static REAL *cut_patches(const struct transformer_shape *shape, const uint8_t *image, REAL *patches)
{
    size_t n_patches = transformer_shape_n_patches(shape), n_inputs = transformer_shape_patch_size(shape);
    for (size_t patch = 0; patch < n_patches; patch++)
        for (size_t i = 0; i < n_inputs; i++)
            *patches++ = (REAL)TRANSFORMER_PIXEL(image[transformer_shape_pixel(shape, patch, i)]);
    return patches;
}

/* Copies the rows of patches between packed patches [samples][n_patches][d] and tokens, where class tokens
 * stand before them. */
static void move_patches(const struct pass *pass, bool to_tokens, REAL *tokens, REAL *patches)
{
    size_t n_patches = transformer_shape_n_patches(pass->shape), size = n_patches * pass->shape->d;
    size_t first = pass->shape->class_token ? pass->shape->d : 0;
    for (size_t s = 0; s < pass->n_samples; s++) {
        REAL *there = tokens + s * (first + size) + first, *here = patches + s * size;
        memcpy(to_tokens ? there : here, to_tokens ? here : there, size * sizeof *here);
    }
}

static void embed_patches(const struct pass *pass)
{
    const struct transformer_shape *shape = pass->shape;
    struct NAMED(transformer_gradient) *room = pass->room;
    size_t n = pass->n_samples * transformer_shape_n_patches(shape),
           n_tokens = pass->n_tokens / pass->n_samples;
    REAL *end = room->patches;
    for (size_t s = 0; s < pass->n_samples; s++)
        end = cut_patches(shape, pass->samples[s].image, end);
    multiply(pass, TRANSFORMER_PATCH, TRANSFORMER_PATCH_BIAS, 0, n, room->patches, false, room->slopes);
    move_patches(pass, true, room->x, room->slopes);
    for (size_t s = 0; s < pass->n_samples && shape->class_token; s++)
        memcpy(room->x + s * n_tokens * shape->d, weights_of(pass, TRANSFORMER_CLASS_TOKEN, 0),
               shape->d * sizeof(REAL));
}

/* Takes the row that starts at `first` of the weights to a token, or a token's slopes to that row's. */
typedef void visit_row(const struct pass *pass, REAL *token, size_t first);

static void add_row(const struct pass *pass, REAL *token, size_t first)
{
    NAMED(add)(pass->shape->d, pass->weights + first, token);
}

static void add_token(const struct pass *pass, REAL *token, size_t first)
{
    NAMED(add)(pass->shape->d, token, pass->gradient + first);
}

/* All rows of embeddings that the tokens are made of. */
static void visit_rows(const struct pass *pass, visit_row *visit, REAL *tokens)
{
    const struct transformer_shape *shape = pass->shape;
    const struct transformer_place *places = pass->room->layout.places;
    size_t d = shape->d;
    for (size_t s = 0; s < pass->n_samples; s++) {
        const struct transformer_sample *sample = &pass->samples[s];
        size_t n = transformer_n_tokens(shape, sample);
        for (size_t t = 0; t < n; t++, tokens += d) {
            if (has(pass, TRANSFORMER_POSITION))
                visit(pass, tokens, places[TRANSFORMER_POSITION].first + t * d);
            if (shape->input != TRANSFORMER_WORDS)
                continue;
            rs_require(sample->words[t] >= 0 && (size_t)sample->words[t] < shape->n_words,
                       "a word is not in the vocabulary");
            visit(pass, tokens, places[TRANSFORMER_WORD].first + (size_t)sample->words[t] * d);
            size_t segment = sample->segments != NULL ? (size_t)sample->segments[t] : 0;
            if (shape->n_segments == 0)
                continue;
            rs_require(segment < shape->n_segments, "a segment that the model lacks");
            visit(pass, tokens, places[TRANSFORMER_SEGMENT].first + segment * d);
        }
    }
}

static void embed(const struct pass *pass)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    if (pass->shape->input == TRANSFORMER_PATCHES)
        embed_patches(pass);
    else
        memset(room->x, 0, pass->n_tokens * pass->shape->d * sizeof *room->x);
    visit_rows(pass, add_row, room->x);
    if (!pass->shape->norm_embedding)
        return;
    copy(pass, room->x, room->embedded);
    normalise(pass, TRANSFORMER_NORM_EMBEDDING, 0, room->embedded, room->x, room->embedded_moments);
}

static void embed_backward(const struct pass *pass)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    const struct transformer_shape *shape = pass->shape;
    size_t n = pass->n_samples * transformer_shape_n_patches(shape),
           n_tokens = pass->n_tokens / pass->n_samples;
    if (shape->norm_embedding)
        normalise_backward(pass, TRANSFORMER_NORM_EMBEDDING, 0, room->embedded, room->embedded_moments,
                           room->x);
    visit_rows(pass, add_token, room->x);
    if (shape->input == TRANSFORMER_WORDS)
        return;
    move_patches(pass, false, room->x, room->slopes);
    multiply_backward(pass, TRANSFORMER_PATCH, TRANSFORMER_PATCH_BIAS, 0, n, room->patches, room->slopes,
                      false, NULL);
    for (size_t s = 0; s < pass->n_samples && shape->class_token; s++)
        NAMED(add)
    (shape->d, room->x + s * n_tokens * shape->d, gradient_of(pass, TRANSFORMER_CLASS_TOKEN, 0));
}

/* --- layers */

static size_t count_answers(const struct transformer_shape *shape, const struct transformer_sample *sample)
{
    size_t n = 0;
    if (shape->task != TRANSFORMER_LANGUAGE)
        return sample->label >= 0;
    for (size_t t = 0; t < sample->n_words && sample->targets != NULL; t++)
        n += sample->targets[t] >= 0;
    return n;
}

/* One sample's part of a layer: where its rows and squares start. */
struct place {
    size_t sample, n, first, first_weight;
};

static struct NAMED(pruned) *
    pruned_of(const struct pass *pass, size_t layer, const struct place *place, struct NAMED(pruned) * out)
{
    const struct NAMED(transformer_gradient) *room = pass->room;
    const struct kept *kept = &room->kept[layer];
    if (room->pruning == NULL)
        return NULL;
    const struct soft_threshold_law *law = &room->pruning->law;
    double n_queries = (double)(place->n * pass->shape->n_heads);
    *out = (struct NAMED(pruned)){
        .pruning = room->pruning,
        .signal = room->signals,
        .context = room->signals_context,
        .sample = place->sample,
        .layer = layer,
        .n_heads = pass->shape->n_heads,
        .floor = soft_threshold_seen(law, 0, -1e3 / law->sharpness, 0),
        .weight = room->pruning->weight * (double)count_answers(pass->shape, &pass->samples[place->sample]) /
                  n_queries,
        .scores = kept->scores + place->first_weight,
        .signals = kept->signals != NULL ? kept->signals + place->first_weight : NULL};
    return out;
}

static bool next_place(const struct pass *pass, struct place *place)
{
    place->first += place->n;
    place->first_weight += pass->shape->n_heads * place->n * place->n;
    if (++place->sample == pass->n_samples)
        return false;
    place->n = transformer_n_tokens(pass->shape, &pass->samples[place->sample]);
    return true;
}

static const struct place before_first = {.sample = SIZE_MAX};

static void attend(const struct pass *pass, size_t layer)
{
    const struct transformer_shape *shape = pass->shape;
    const struct kept *kept = &pass->room->kept[layer];
    struct NAMED(pruned) pruned = {0};
    for (struct place at = before_first; next_place(pass, &at);) {
        REAL *qkv = kept->qkv + at.first * transformer_shape_qkv(shape);
        if (shape->positions != TRANSFORMER_POSITIONS_LEARNED)
            NAMED(rotate)(shape, pass->room->turns, at.n, false, qkv);
        NAMED(attend)
        (shape, at.n, qkv, pruned_of(pass, layer, &at, &pruned), kept->weights + at.first_weight,
         kept->mixed + at.first * shape->n_heads * shape->d_head);
        *pass->penalty += pruned.penalty;
    }
}

static void attend_backward(const struct pass *pass, size_t layer, const REAL *mixed_slopes, REAL *slopes)
{
    const struct transformer_shape *shape = pass->shape;
    const struct kept *kept = &pass->room->kept[layer];
    size_t width = transformer_shape_qkv(shape);
    struct NAMED(pruned) pruned;
    for (struct place at = before_first; next_place(pass, &at);) {
        NAMED(attend_backward)
        (shape, at.n, kept->qkv + at.first * width, pruned_of(pass, layer, &at, &pruned),
         kept->weights + at.first_weight, mixed_slopes + at.first * shape->n_heads * shape->d_head,
         pass->room->square, slopes + at.first * width);
        if (shape->positions != TRANSFORMER_POSITIONS_LEARNED)
            NAMED(rotate)(shape, pass->room->turns, at.n, true, slopes + at.first * width);
    }
}

static void run_layer(const struct pass *pass, size_t layer)
{
    const struct kept *kept = &pass->room->kept[layer];
    REAL *x = pass->room->x;
    bool norm_first = pass->shape->order == TRANSFORMER_NORM_FIRST;
    size_t n = pass->n_tokens;
    copy(pass, x, norm_first ? kept->attention_normed : kept->attention_in);
    if (norm_first)
        normalise(pass, TRANSFORMER_NORM_ATTENTION, layer, x, kept->attention_in, kept->attention_moments);
    multiply(pass, TRANSFORMER_QKV, TRANSFORMER_QKV_BIAS, layer, n, kept->attention_in, false, kept->qkv);
    attend(pass, layer);
    multiply(pass, TRANSFORMER_ATTENTION_OUT, TRANSFORMER_ATTENTION_OUT_BIAS, layer, n, kept->mixed, true, x);
    if (!norm_first) {
        copy(pass, x, kept->attention_normed);
        normalise(pass, TRANSFORMER_NORM_ATTENTION, layer, kept->attention_normed, x,
                  kept->attention_moments);
    }
    copy(pass, x, norm_first ? kept->hidden_normed : kept->hidden_in);
    if (norm_first)
        normalise(pass, TRANSFORMER_NORM_HIDDEN, layer, x, kept->hidden_in, kept->hidden_moments);
    multiply(pass, TRANSFORMER_HIDDEN, TRANSFORMER_HIDDEN_BIAS, layer, n, kept->hidden_in, false,
             kept->hidden);
    NAMED(activate)(pass->shape, n, kept->hidden, kept->acted);
    multiply(pass, TRANSFORMER_HIDDEN_OUT, TRANSFORMER_HIDDEN_OUT_BIAS, layer, n, kept->acted, true, x);
    if (!norm_first) {
        copy(pass, x, kept->hidden_normed);
        normalise(pass, TRANSFORMER_NORM_HIDDEN, layer, kept->hidden_normed, x, kept->hidden_moments);
    }
}

/* room->x holds the slopes by what the layer gave, then those by what it got. */
static void run_layer_backward(const struct pass *pass, size_t layer)
{
    const struct kept *kept = &pass->room->kept[layer];
    REAL *x = pass->room->x, *one = pass->room->slopes, *other = pass->room->other_slopes;
    bool norm_first = pass->shape->order == TRANSFORMER_NORM_FIRST;
    size_t n = pass->n_tokens, size = n * pass->shape->d;
    if (!norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_HIDDEN, layer, kept->hidden_normed, kept->hidden_moments,
                           x);
    multiply_backward(pass, TRANSFORMER_HIDDEN_OUT, TRANSFORMER_HIDDEN_OUT_BIAS, layer, n, kept->acted, x,
                      false, one);
    NAMED(activate_backward)(pass->shape, n, kept->hidden, one, other);
    multiply_backward(pass, TRANSFORMER_HIDDEN, TRANSFORMER_HIDDEN_BIAS, layer, n, kept->hidden_in, other,
                      false, one);
    if (norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_HIDDEN, layer, kept->hidden_normed, kept->hidden_moments,
                           one);
    NAMED(add)(size, one, x);
    if (!norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_ATTENTION, layer, kept->attention_normed,
                           kept->attention_moments, x);
    multiply_backward(pass, TRANSFORMER_ATTENTION_OUT, TRANSFORMER_ATTENTION_OUT_BIAS, layer, n, kept->mixed,
                      x, false, one);
    attend_backward(pass, layer, one, other);
    multiply_backward(pass, TRANSFORMER_QKV, TRANSFORMER_QKV_BIAS, layer, n, kept->attention_in, other, false,
                      one);
    if (norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_ATTENTION, layer, kept->attention_normed,
                           kept->attention_moments, one);
    NAMED(add)(size, one, x);
}

/* --- answers */

/* Rows of pooled [samples][d] from tokens, or their slopes back to tokens that start at 0. */
static void pool(const struct pass *pass, bool back, REAL *tokens, REAL *pooled)
{
    const struct transformer_shape *shape = pass->shape;
    size_t d = shape->d;
    for (size_t s = 0; s < pass->n_samples; s++, pooled += d) {
        size_t n = transformer_n_tokens(shape, &pass->samples[s]);
        size_t n_pooled = shape->pool == TRANSFORMER_POOL_MEAN ? n : 1;
        REAL share = 1 / (REAL)n_pooled;
        if (!back)
            memset(pooled, 0, d * sizeof *pooled);
        for (size_t t = 0; t < n_pooled; t++)
            for (size_t i = 0; i < d; i++) {
                REAL *token = &tokens[t * d + i];
                if (back)
                    *token = pooled[i] * share;
                else
                    pooled[i] += *token * share;
            }
        tokens += n * d;
    }
}

static const REAL *pool_classes(const struct pass *pass, REAL *tokens)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    pool(pass, false, tokens, room->pooled_in);
    if (!pass->shape->pooler)
        return room->pooled_in;
    multiply(pass, TRANSFORMER_POOLER, TRANSFORMER_POOLER_BIAS, 0, pass->n_samples, room->pooled_in, false,
             room->pooled);
    for (size_t i = 0; i < pass->n_samples * pass->shape->d; i++)
        room->pooled[i] = NAMED(tangent)(room->pooled[i]);
    return room->pooled;
}

/* Slopes by what was pooled, in room->slopes, to those by tokens in room->x. */
static void pool_classes_backward(const struct pass *pass)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    REAL *slopes = room->slopes, *other = room->other_slopes;
    if (pass->shape->pooler) {
        for (size_t i = 0; i < pass->n_samples * pass->shape->d; i++)
            slopes[i] *= 1 - room->pooled[i] * room->pooled[i];
        multiply_backward(pass, TRANSFORMER_POOLER, TRANSFORMER_POOLER_BIAS, 0, pass->n_samples,
                          room->pooled_in, slopes, false, other);
        slopes = other;
    }
    memset(room->x, 0, pass->n_tokens * pass->shape->d * sizeof *room->x);
    pool(pass, true, room->x, slopes);
}

/* Logits [n_answers] become the slopes by them; returns the loss. target -1: neither. */
static double judge(size_t n_answers, int32_t target, REAL *logits)
{
    rs_require(target >= -1 && (target < 0 || (size_t)target < n_answers), "an answer that the model lacks");
    if (target < 0) {
        memset(logits, 0, n_answers * sizeof *logits);
        return 0;
    }
    REAL own = logits[target];
    double loss = NAMED(soften)(n_answers, 1, logits) - (double)own;
    logits[target] -= 1;
    return loss;
}

static double judge_all(const struct pass *pass, size_t *n_counted)
{
    const struct transformer_shape *shape = pass->shape;
    size_t n_answers = transformer_shape_n_answers(shape);
    REAL *logits = pass->room->logits;
    double loss = 0;
    for (size_t s = 0; s < pass->n_samples; s++) {
        const struct transformer_sample *sample = &pass->samples[s];
        bool language = shape->task == TRANSFORMER_LANGUAGE;
        size_t n = language ? sample->n_words : 1;
        for (size_t t = 0; t < n; t++, logits += n_answers) {
            int32_t target = !language ? sample->label : sample->targets != NULL ? sample->targets[t] : -1;
            loss += judge(n_answers, target, logits);
            *n_counted += target >= 0;
        }
    }
    return loss;
}

static double run(const struct pass *pass, size_t *n_counted)
{
    const struct transformer_shape *shape = pass->shape;
    struct NAMED(transformer_gradient) *room = pass->room;
    bool classes = shape->task == TRANSFORMER_CLASSES;
    embed(pass);
    for (size_t layer = 0; layer < shape->n_layers; layer++)
        run_layer(pass, layer);
    if (shape->norm_last) {
        copy(pass, room->x, room->last_in);
        normalise(pass, TRANSFORMER_NORM_LAST, 0, room->last_in, room->x, room->last_moments);
    }
    const REAL *inputs = classes ? pool_classes(pass, room->x) : room->x;
    size_t n_rows = classes ? pass->n_samples : pass->n_tokens;
    multiply(pass, TRANSFORMER_OUTPUT, TRANSFORMER_OUTPUT_BIAS, 0, n_rows, inputs, false, room->logits);
    double loss = judge_all(pass, n_counted);
    if (pass->gradient == NULL)
        return loss;
    multiply_backward(pass, TRANSFORMER_OUTPUT, TRANSFORMER_OUTPUT_BIAS, 0, n_rows, inputs, room->logits,
                      false, room->slopes);
    if (classes)
        pool_classes_backward(pass);
    else
        copy(pass, room->slopes, room->x);
    if (shape->norm_last)
        normalise_backward(pass, TRANSFORMER_NORM_LAST, 0, room->last_in, room->last_moments, room->x);
    for (size_t layer = shape->n_layers; layer-- > 0;)
        run_layer_backward(pass, layer);
    embed_backward(pass);
    return loss;
}

double PUBLIC(add)(struct NAMED(transformer_gradient) * room, const REAL *weights, size_t n,
                   const struct transformer_sample *samples, REAL *gradient, size_t *n_counted)
{
    double penalty = 0;
    struct pass pass = {room, &room->shape, weights, gradient, n, 0, samples, &penalty};
    for (size_t s = 0; s < n; s++) {
        size_t n_tokens = transformer_n_tokens(&room->shape, &samples[s]);
        rs_require(n_tokens > 0 && n_tokens <= room->shape.n_positions,
                   "a sample without or with too many tokens");
        pass.n_tokens += n_tokens;
    }
    rs_require(pass.n_tokens > 0 && pass.n_tokens <= room->n_tokens_max,
               "more tokens than there is room for");
    double loss = run(&pass, n_counted);
    return loss + penalty;
}
