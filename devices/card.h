/*
 * A card: one device as published, read from YAML. Each block carries its source and its confidence: primary
 * (the paper or its data), secondary (somebody's fit or code), assumed.
 */
#ifndef DEVICES_CARD_H
#define DEVICES_CARD_H

#include <stdbool.h>

#include "devices/law.h"

enum { CARD_CONFIDENCE_SIZE = 32 };

enum card_clamp {
    CARD_CLAMP_ZERO,  /* conductances are cut at 0 S */
    CARD_CLAMP_WINDOW /* ... at g_min and g_max */
};

struct card_window {
    double g_min_siemens, g_max_siemens;
    int clamp; /* of enum card_clamp */
};

struct card_block {
    const struct law *law; /* NULL: the card has no such block */
    union {
        double alignment;
        char bytes[LAW_PARAMS_SIZE];
    } params;
    char source[OPTION_TEXT_SIZE], confidence[CARD_CONFIDENCE_SIZE];
};

struct card {
    char name[64], summary[OPTION_TEXT_SIZE], citation[OPTION_TEXT_SIZE];
    struct card_window window;
    char window_source[OPTION_TEXT_SIZE], window_confidence[CARD_CONFIDENCE_SIZE];
    struct card_block blocks[LAW_BLOCKS];
};

/* Names of the cards that the program carries, ends with NULL. */
extern const char *const card_preset_names[];

/* Reads the card of that name. */
enum rs_status card_load_preset(const char *name, struct card *card, struct rs_error *err) RS_MUST_CHECK;

/* The text of the card of that name, or NULL. */
const char *card_preset_text(const char *name);

/* Reads a card from a file; every error of the file is reported, each as "FILE:LINE:COLUMN: error: ...". */
enum rs_status card_load_file(const char *path, struct card *card, struct rs_error *err) RS_MUST_CHECK;

/* Reads a card from the text of a file of that name. */
enum rs_status card_parse(const char *path, const char *text, size_t n_bytes, struct card *card,
                          struct rs_error *err) RS_MUST_CHECK;

/* The times that all blocks of a card were published for, in seconds. */
void card_times(const struct card *card, double *first_seconds, double *last_seconds);

#endif
