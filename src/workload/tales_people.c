/* Stories about people who walk about, carry and give things. */
#include <stdio.h>
#include <string.h>

#include "workload/tales.h"

enum { CAST_MAX = 5, PLACES = 6, OBJECTS = 5, NONE = -1 };

/* Who is where and holds what. People, places and objects are the first of shuffled lists. */
struct scene {
    struct tale *tale;
    int n_people;
    const char *people[CAST_MAX], *places[PLACES], *objects[OBJECTS];
    int place[CAST_MAX], holder[OBJECTS];
    int lying[OBJECTS];   /* place of an object that nobody holds; NONE: not seen yet */
    int n_held[CAST_MAX]; /* objects in hand */
};

static void choose(struct tale *tale, int n_all, const char *const *all, int n, const char **chosen)
{
    int order[TALE_N_PEOPLE];
    tale_shuffle(tale, n_all, order);
    for (int i = 0; i < n; i++)
        chosen[i] = all[order[i]];
}

static void set_scene(struct tale *tale, struct scene *scene)
{
    *scene = (struct scene){.tale = tale, .n_people = 2 + tale_draw(tale, CAST_MAX - 1)};
    choose(tale, TALE_N_PEOPLE, tale_people, scene->n_people, scene->people);
    choose(tale, TALE_N_PLACES, tale_places, PLACES, scene->places);
    choose(tale, TALE_N_OBJECTS, tale_objects, OBJECTS, scene->objects);
    for (int i = 0; i < CAST_MAX; i++)
        scene->place[i] = NONE;
    for (int i = 0; i < OBJECTS; i++)
        scene->holder[i] = scene->lying[i] = NONE;
}

static int draw_person(struct scene *scene)
{
    return tale_draw(scene->tale, scene->n_people);
}

static int draw_other(struct scene *scene, int n, int not_this)
{
    int i;
    do
        i = tale_draw(scene->tale, n);
    while (i == not_this);
    return i;
}

static void say_move(struct scene *scene, int person)
{
    scene->place[person] = draw_other(scene, PLACES, scene->place[person]);
    tale_say(scene->tale, "%s %s the %s", scene->people[person], tale_moves(scene->tale),
             scene->places[scene->place[person]]);
}

static void say_take(struct scene *scene, int person, int object)
{
    static const char *const takes[] = {"picks up", "carries off"};
    scene->holder[object] = person;
    scene->n_held[person]++;
    tale_say(scene->tale, "%s %s the %s", scene->people[person], tale_pick(scene->tale, 2, takes, NULL),
             scene->objects[object]);
}

static void say_drop(struct scene *scene, int object)
{
    static const char *const drops[] = {"puts down", "leaves behind"};
    int person = scene->holder[object];
    scene->holder[object] = NONE;
    scene->lying[object] = scene->place[person];
    scene->n_held[person]--;
    tale_say(scene->tale, "%s %s the %s", scene->people[person], tale_pick(scene->tale, 2, drops, NULL),
             scene->objects[object]);
}

/* Someone takes what is within reach and not too much, or drops something. False: nothing of that. */
static bool say_thing(struct scene *scene, int n_held_max)
{
    int person = draw_person(scene), object = tale_draw(scene->tale, OBJECTS);
    if (scene->holder[object] != NONE) {
        say_drop(scene, object);
        return true;
    }
    if (scene->place[person] == NONE || scene->n_held[person] >= n_held_max ||
        (scene->lying[object] != NONE && scene->lying[object] != scene->place[person]))
        return false;
    say_take(scene, person, object);
    return true;
}

static void say_moves_and_things(struct scene *scene, size_t n_sentences, int n_held_max)
{
    while (scene->tale->n_sentences < n_sentences)
        if (tale_draw(scene->tale, 2) == 0 || !say_thing(scene, n_held_max))
            say_move(scene, draw_person(scene));
}

static int draw_placed(struct scene *scene)
{
    int person;
    do
        person = draw_person(scene);
    while (scene->place[person] == NONE);
    return person;
}

/*
 * One object is carried from place to place; asked for is the place before one of them. The bystanders only
 * move.
 */
void tales_three_facts(struct tale *tale)
{
    struct scene scene;
    int object = 0, trail[TALE_SENTENCES_MAX], n_trail = 0;
    set_scene(tale, &scene);
    say_move(&scene, 0);
    say_take(&scene, 0, object);
    trail[n_trail++] = scene.place[0];
    while (tale->n_sentences + 1 < tale->n_wanted || n_trail < 2) {
        int what = n_trail < 2 && tale->n_sentences + 1 >= tale->n_wanted ? 0 : tale_draw(tale, 4);
        int holder = scene.holder[object];
        if (what == 0 && holder != NONE) {
            say_move(&scene, holder);
            trail[n_trail++] = scene.place[holder];
        } else if (what == 1 && holder != NONE && n_trail > 1 && tale_draw(tale, 2) == 0) {
            say_drop(&scene, object);
        } else {
            int person = draw_person(&scene);
            if (holder == NONE && scene.place[person] == scene.lying[object])
                say_take(&scene, person, object);
            else if (person != holder)
                say_move(&scene, person);
            else
                tale_say(tale, "%s hums a tune", scene.people[person]);
        }
    }
    /* The last visit of a place counts, so what lies before it must be another one. */
    int at = 1 + tale_draw(tale, n_trail - 1);
    for (int i = at + 1; i < n_trail; i++)
        if (trail[i] == trail[at])
            at = i;
    tale_ask(tale, scene.places[trail[at - 1]], 3, "where was the %s before the %s", scene.objects[object],
             scene.places[trail[at]]);
}

/* Things change hands without anybody moving; the last of the gifts is asked for. */
void tales_givers(struct tale *tale)
{
    struct scene scene;
    int giver = 0, taker = 1, object = 0;
    set_scene(tale, &scene);
    for (bool given = false; tale->n_sentences < tale->n_wanted || !given;) {
        int what = tale_draw(tale, OBJECTS), holder = scene.holder[what];
        if (tale_draw(tale, 3) == 0) {
            say_move(&scene, draw_person(&scene));
        } else if (holder == NONE) {
            say_take(&scene, draw_person(&scene), what);
        } else {
            static const char *const gives[] = {"gives", "hands", "passes"};
            given = true;
            giver = holder;
            object = what;
            taker = draw_other(&scene, scene.n_people, giver);
            scene.holder[object] = taker;
            tale_say(tale, "%s %s the %s to %s", scene.people[giver], tale_pick(tale, 3, gives, NULL),
                     scene.objects[object], scene.people[taker]);
        }
    }
    switch (tale_draw(tale, 4)) {
    case 0:
        tale_ask(tale, scene.people[giver], 1, "who gave the %s to %s last", scene.objects[object],
                 scene.people[taker]);
        break;
    case 1:
        tale_ask(tale, scene.objects[object], 1, "what did %s give to %s last", scene.people[giver],
                 scene.people[taker]);
        break;
    case 2:
        tale_ask(tale, scene.people[taker], 1, "who got the %s last", scene.objects[object]);
        break;
    default:
        tale_ask(tale, scene.people[taker], 1, "to whom did %s give the %s last", scene.people[giver],
                 scene.objects[object]);
        break;
    }
}

void tales_yes_no(struct tale *tale)
{
    struct scene scene;
    set_scene(tale, &scene);
    say_move(&scene, 0);
    say_moves_and_things(&scene, tale->n_wanted, 2);
    int person = draw_placed(&scene);
    bool yes = tale_draw(tale, 2) == 0;
    int place = yes ? scene.place[person] : draw_other(&scene, PLACES, scene.place[person]);
    tale_ask(tale, yes ? "yes" : "no", 1, "is %s in the %s", scene.people[person], scene.places[place]);
}

void tales_counting(struct tale *tale)
{
    static const char *const numbers[] = {"none", "one", "two", "three"};
    struct scene scene;
    set_scene(tale, &scene);
    say_move(&scene, 0);
    say_moves_and_things(&scene, tale->n_wanted, 3);
    int person = draw_placed(&scene);
    tale_ask(tale, numbers[scene.n_held[person]], scene.n_held[person], "how many things does %s carry",
             scene.people[person]);
}

/* What is held, in the order of the list of objects, so that each set has one name. */
void tales_lists(struct tale *tale)
{
    struct scene scene;
    char answer[64] = "";
    set_scene(tale, &scene);
    say_move(&scene, 0);
    say_moves_and_things(&scene, tale->n_wanted, 2);
    int person = draw_placed(&scene);
    for (int i = 0; i < TALE_N_OBJECTS; i++)
        for (int j = 0; j < OBJECTS; j++)
            if (scene.objects[j] == tale_objects[i] && scene.holder[j] == person)
                snprintf(answer + strlen(answer), sizeof answer - strlen(answer), "%s%s",
                         answer[0] != '\0' ? "," : "", tale_objects[i]);
    tale_ask(tale, answer[0] != '\0' ? answer : "nothing", scene.n_held[person], "what does %s carry",
             scene.people[person]);
}

/* What the last sentence about a person says: in a place, or no longer in it. */
void tales_negation(struct tale *tale)
{
    struct scene scene;
    bool gone[CAST_MAX] = {false};
    set_scene(tale, &scene);
    say_move(&scene, 0);
    while (tale->n_sentences < tale->n_wanted) {
        int person = draw_person(&scene);
        gone[person] = tale_draw(tale, 3) == 0;
        if (!gone[person]) {
            say_move(&scene, person);
            continue;
        }
        if (scene.place[person] == NONE)
            scene.place[person] = tale_draw(tale, PLACES);
        tale_say(tale, "%s is no longer in the %s", scene.people[person], scene.places[scene.place[person]]);
    }
    int person = draw_placed(&scene);
    bool yes = !gone[person] && tale_draw(tale, 2) == 0;
    bool same = gone[person] || yes;
    int place = same ? scene.place[person] : draw_other(&scene, PLACES, scene.place[person]);
    tale_ask(tale, yes ? "yes" : "no", 1, "is %s in the %s", scene.people[person], scene.places[place]);
}

void tales_uncertainty(struct tale *tale)
{
    struct scene scene;
    int other[CAST_MAX];
    set_scene(tale, &scene);
    for (int i = 0; i < CAST_MAX; i++)
        other[i] = NONE;
    say_move(&scene, 0);
    while (tale->n_sentences < tale->n_wanted) {
        int person = draw_person(&scene);
        if (tale_draw(tale, 2) == 0) {
            say_move(&scene, person);
            other[person] = NONE;
            continue;
        }
        scene.place[person] = tale_draw(tale, PLACES);
        other[person] = draw_other(&scene, PLACES, scene.place[person]);
        tale_say(tale, "%s is either in the %s or in the %s", scene.people[person],
                 scene.places[scene.place[person]], scene.places[other[person]]);
    }
    int person = draw_placed(&scene), place = scene.place[person];
    if (tale_draw(tale, 2) == 0)
        do
            place = draw_other(&scene, PLACES, scene.place[person]);
        while (place == other[person]);
    const char *answer = place != scene.place[person] ? "no" : other[person] == NONE ? "yes" : "maybe";
    tale_ask(tale, answer, 1, "is %s in the %s", scene.people[person], scene.places[place]);
}

/* Every other sentence speaks of the person or the two of the sentence before it, without a name. */
static void tell_coreference(struct tale *tale, bool pairs)
{
    static const char *const afters[] = {"then", "afterwards", "later"};
    struct scene scene;
    set_scene(tale, &scene);
    do {
        int person = draw_person(&scene),
            friend = pairs ? draw_other(&scene, scene.n_people, person) : person;
        scene.place[person] = draw_other(&scene, PLACES, scene.place[person]);
        if (pairs)
            tale_say(tale, "%s and %s go to the %s", scene.people[person], scene.people[friend],
                     scene.places[scene.place[person]]);
        else
            tale_say(tale, "%s %s the %s", scene.people[person], tale_moves(tale),
                     scene.places[scene.place[person]]);
        scene.place[person] = draw_other(&scene, PLACES, scene.place[person]);
        scene.place[friend] = scene.place[person];
        tale_say(tale, "%s %s to the %s", tale_pick(tale, 3, afters, NULL),
                 pairs ? "they go" : "the same one goes", scene.places[scene.place[person]]);
    } while (tale->n_sentences + 1 < tale->n_wanted);
    int person = draw_placed(&scene);
    tale_ask(tale, scene.places[scene.place[person]], 2, "where is %s", scene.people[person]);
}

void tales_coreference(struct tale *tale)
{
    tell_coreference(tale, false);
}

void tales_pairs(struct tale *tale)
{
    tell_coreference(tale, true);
}

void tales_conjunction(struct tale *tale)
{
    struct scene scene;
    set_scene(tale, &scene);
    while (tale->n_sentences < tale->n_wanted) {
        int person = draw_person(&scene), friend = draw_other(&scene, scene.n_people, person);
        int place = draw_other(&scene, PLACES, scene.place[person]);
        scene.place[person] = scene.place[friend] = place;
        tale_say(tale, "%s and %s go to the %s", scene.people[person], scene.people[friend],
                 scene.places[place]);
    }
    int person = draw_placed(&scene);
    tale_ask(tale, scene.places[scene.place[person]], 1, "where is %s", scene.people[person]);
}

/* One person's day and another's, told in any order; asked for is the place before another. */
void tales_time(struct tale *tale)
{
    enum { TIMES = 4, TOLD = 2 };
    static const char *const times[TIMES] = {"yesterday", "this morning", "this afternoon", "this evening"};
    struct scene scene;
    int places[TOLD][TIMES], order[TOLD * TIMES];
    set_scene(tale, &scene);
    for (int person = 0; person < TOLD; person++) {
        int shuffled[PLACES];
        tale_shuffle(tale, PLACES, shuffled);
        memcpy(places[person], shuffled, sizeof places[person]);
    }
    tale_shuffle(tale, TOLD * TIMES, order);
    for (int i = 0; i < TOLD * TIMES; i++)
        tale_say(tale, "%s %s went to the %s", times[order[i] % TIMES], scene.people[order[i] / TIMES],
                 scene.places[places[order[i] / TIMES][order[i] % TIMES]]);
    int person = tale_draw(tale, TOLD), time = 1 + tale_draw(tale, TIMES - 1);
    tale_ask(tale, scene.places[places[person][time - 1]], 2, "where was %s before the %s",
             scene.people[person], scene.places[places[person][time]]);
}

/* A mood leads to a place and, there, to a thing: asked for is the place, the thing or the mood. */
void tales_motives(struct tale *tale)
{
    enum { MOODS = 4 };
    static const char *const moods[MOODS] = {"hungry", "thirsty", "tired", "bored"};
    static const char *const rooms[MOODS] = {"kitchen", "well", "attic", "garden"};
    static const char *const things[MOODS] = {"bread", "jug", "blanket", "ball"};
    struct scene scene;
    int order[CAST_MAX], mood[CAST_MAX], stage[CAST_MAX] = {0};
    set_scene(tale, &scene);
    tale_shuffle(tale, MOODS, order);
    if (scene.n_people > MOODS)
        scene.n_people = MOODS;
    for (int i = 0; i < scene.n_people; i++)
        mood[i] = order[i];
    int person = 0;
    do {
        person = draw_person(&scene);
        if (stage[person] == 0)
            tale_say(tale, "%s is %s", scene.people[person], moods[mood[person]]);
        else if (stage[person] == 1)
            tale_say(tale, "%s %s the %s", scene.people[person], tale_moves(tale), rooms[mood[person]]);
        else
            tale_say(tale, "%s picks up the %s", scene.people[person], things[mood[person]]);
        stage[person] = stage[person] < 3 ? stage[person] + 1 : 3;
    } while (tale->n_sentences < tale->n_wanted && !(stage[person] == 3 && tale_draw(tale, 3) == 0));
    const char *name = scene.people[person];
    if (stage[person] == 1)
        tale_ask(tale, rooms[mood[person]], 1, "where will %s go", name);
    else if (stage[person] == 2)
        tale_ask(tale, moods[mood[person]], 1, "why did %s go to the %s", name, rooms[mood[person]]);
    else
        tale_ask(tale, moods[mood[person]], 1, "why did %s pick up the %s", name, things[mood[person]]);
}
