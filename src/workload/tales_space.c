/* Stories about where places lie and how big things are, and about those who are alike. */
#include <stdio.h>
#include <stdlib.h>

#include "workload/tales.h"

/* Four directions on a grid, each followed by the one that leads back. */
enum { DIRECTIONS = 4, NOWHERE = -1 };
static const char *const directions[DIRECTIONS] = {"north", "south", "east", "west"};
static const int right[DIRECTIONS] = {0, 0, 1, -1}, up[DIRECTIONS] = {1, -1, 0, 0};

static int back(int direction)
{
    return direction ^ 1;
}

/* Two sentences about three places; asked for is one of the outer ones. */
void tales_two_relations(struct tale *tale)
{
    int places[TALE_N_PLACES], first = tale_draw(tale, DIRECTIONS), second = first;
    tale_shuffle(tale, TALE_N_PLACES, places);
    while (second == first)
        second = tale_draw(tale, DIRECTIONS);
    const char *outer[] = {tale_places[places[0]], tale_places[places[1]]}, *middle = tale_places[places[2]];
    const int lies[] = {first, second};
    int order[2];
    tale_shuffle(tale, 2, order);
    for (int i = 0; i < 2; i++) {
        int at = order[i];
        if (tale_draw(tale, 2) == 0)
            tale_say(tale, "the %s lies %s of the %s", outer[at], directions[lies[at]], middle);
        else
            tale_say(tale, "the %s lies %s of the %s", middle, directions[back(lies[at])], outer[at]);
    }
    int asked = tale_draw(tale, 2);
    if (tale_draw(tale, 2) == 0)
        tale_ask(tale, outer[asked], 1, "what lies %s of the %s", directions[lies[asked]], middle);
    else
        tale_ask(tale, outer[asked], 1, "what does the %s lie %s of", middle, directions[back(lies[asked])]);
}

/* Those of one trade wear one colour; one whose colour is not told is asked for. */
void tales_induction(struct tale *tale)
{
    enum { TOLD = 5, TRADES = 4, COLOURS = 4 };
    static const char *const trades[TRADES] = {"potter", "miller", "weaver", "smith"};
    static const char *const colours[COLOURS] = {"red", "green", "yellow", "grey"};
    int people[TALE_N_PEOPLE], colour[COLOURS], trade[TOLD], order[2 * TOLD];
    tale_shuffle(tale, TALE_N_PEOPLE, people);
    tale_shuffle(tale, COLOURS, colour);
    for (int i = 0; i < TOLD; i++)
        trade[i] = tale_draw(tale, TRADES);
    int like = 1 + tale_draw(tale, TOLD - 1); /* person 0 is asked for; this one is of the same trade */
    trade[0] = trade[like];
    tale_shuffle(tale, 2 * TOLD, order);
    for (int i = 0; i < 2 * TOLD; i++) {
        int person = order[i] / 2;
        const char *name = tale_people[people[person]];
        if (order[i] % 2 == 0)
            tale_say(tale, "%s is a %s", name, trades[trade[person]]);
        else if (person != 0)
            tale_say(tale, "%s wears %s", name, colours[colour[trade[person]]]);
    }
    tale_ask(tale, colours[colour[trade[0]]], 3, "what does %s wear", tale_people[people[0]]);
}

/* Three things in a plane and where two of them are; asked is about the two that no sentence compares. */
void tales_positions(struct tale *tale)
{
    static const char *const relations[DIRECTIONS] = {"above", "below", "right of", "left of"};
    static const char *const tints[] = {"red", "blue", "green"};
    static const char *const shapes[] = {"jug", "box", "bell", "plate"};
    int tint[3], shape[4], first = tale_draw(tale, DIRECTIONS), second = tale_draw(tale, DIRECTIONS);
    char things[3][32];
    tale_shuffle(tale, 3, tint);
    tale_shuffle(tale, 4, shape);
    for (int i = 0; i < 3; i++)
        snprintf(things[i], sizeof things[i], "%s %s", tints[tint[i]], shapes[shape[i]]);
    if (second == back(first)) /* both on one side of the middle one: nothing would follow */
        second = first;
    const int x = right[first] + right[second], y = up[first] + up[second];
    tale_say(tale, "the %s stands %s the %s", things[0], relations[first], things[1]);
    if (tale_draw(tale, 2) == 0)
        tale_say(tale, "the %s stands %s the %s", things[1], relations[second], things[2]);
    else
        tale_say(tale, "the %s stands %s the %s", things[2], relations[back(second)], things[1]);
    int asked = x == 0 ? tale_draw(tale, 2) : y == 0 ? 2 + tale_draw(tale, 2) : tale_draw(tale, DIRECTIONS);
    bool turned = tale_draw(tale, 2) == 0;
    int there = turned ? back(asked) : asked;
    bool yes = (right[there] != 0 && right[there] * x > 0) || (up[there] != 0 && up[there] * y > 0);
    tale_ask(tale, yes ? "yes" : "no", 2, "is the %s %s the %s", things[turned ? 2 : 0], relations[asked],
             things[turned ? 0 : 2]);
}

/* A chain of things by size, neighbours compared in any order, among them some compared twice. */
void tales_sizes(struct tale *tale)
{
    enum { THINGS = 5 };
    int things[TALE_N_OBJECTS], order[THINGS - 1];
    tale_shuffle(tale, TALE_N_OBJECTS, things); /* the smallest first */
    tale_shuffle(tale, THINGS - 1, order);
    for (int i = 0; i < THINGS - 1; i++) {
        const char *small = tale_objects[things[order[i]]], *big = tale_objects[things[order[i] + 1]];
        if (tale_draw(tale, 2) == 0)
            tale_say(tale, "the %s fits in the %s", small, big);
        else
            tale_say(tale, "the %s is bigger than the %s", big, small);
    }
    int one = tale_draw(tale, THINGS), other = one;
    while (other == one)
        other = tale_draw(tale, THINGS);
    tale_ask(tale, one < other ? "yes" : "no", abs(one - other), "does the %s fit in the %s",
             tale_objects[things[one]], tale_objects[things[other]]);
}

/* A tree of neighbouring places on a grid; two steps lead from one to another. */
void tales_paths(struct tale *tale)
{
    enum { PLACES = 6 };
    int places[TALE_N_PLACES], x[PLACES] = {0}, y[PLACES] = {0}, parent[PLACES] = {NOWHERE}, way[PLACES];
    int order[PLACES - 1];
    tale_shuffle(tale, TALE_N_PLACES, places);
    for (int i = 1; i < PLACES;) {
        parent[i] = i == 2 ? 1 : tale_draw(tale, i); /* places 0, 1, 2 lie in a row of two steps */
        way[i] = tale_draw(tale, DIRECTIONS);
        x[i] = x[parent[i]] + right[way[i]];
        y[i] = y[parent[i]] + up[way[i]];
        bool taken = false;
        for (int j = 0; j < i; j++)
            taken |= x[j] == x[i] && y[j] == y[i];
        i += !taken;
    }
    tale_shuffle(tale, PLACES - 1, order);
    for (int i = 0; i < PLACES - 1; i++) {
        int at = order[i] + 1;
        const char *here = tale_places[places[at]], *there = tale_places[places[parent[at]]];
        if (tale_draw(tale, 2) == 0)
            tale_say(tale, "the %s lies %s of the %s", here, directions[way[at]], there);
        else
            tale_say(tale, "the %s lies %s of the %s", there, directions[back(way[at])], here);
    }
    char answer[32];
    bool home = tale_draw(tale, 2) == 0;
    snprintf(answer, sizeof answer, "%s,%s", directions[home ? back(way[2]) : way[1]],
             directions[home ? back(way[1]) : way[2]]);
    tale_ask(tale, answer, 2, "how do you go from the %s to the %s", tale_places[places[home ? 2 : 0]],
             tale_places[places[home ? 0 : 2]]);
}
