// nodes: the nodes of a cluster, what they can do and how they are.
//
// What a Pi's firmware says of its power and heat (vcgencmd get_throttled): bits 0 to 3 are of now, 16 to 19 of the time since its boot.
#include "cli/cli.h"
#include "cli/ask.h"
#include "cli/progress.h"
#include "master/master.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

const char nodes_help [] =
    "racimo nodes [--json] [--master HOST]\n\n"
    "Lists the nodes of a cluster: tasks that each has at work, of its slots; the speed of\n"
    "one slot; what it keeps of the input; its temperature. Too little power and too much\n"
    "heat slow a Raspberry Pi down: the last column says so.\n";

static const char *const s_states [] = { "away", "ready", "draining", "revoked" };

typedef struct { size_t columns, nodes; bool json; buffer_t text; } showing_t;

static const char *s_state (const message_node_info_t *node)
{
    return node->state < COUNT_OF (s_states) ? s_states [node->state] : "unknown";
}

// What is wrong now, else what was since its boot.
static void s_health (uint64_t throttled, buffer_t *into)
{
    static const char *const now [] = { "too little power", "slowed by its firmware", "slowed down", "too hot" };
    static const char *const past [] = { "had too little power", "was slowed by its firmware", "was slowed down", "was too hot" };
    for (unsigned bit = 0; bit < COUNT_OF (now); bit++) {
        bool is = throttled >> bit & 1, was = throttled >> (bit + 16) & 1;
        if (is || was)
            buffer_print (into, "%s%s", into->size ? ", " : "", is ? now [bit] : past [bit]);
    }
}

void nodes_note (const message_node_info_t *node, buffer_t *into)
{
    s_health (node->throttled, into);
    if (*node->note)
        buffer_print (into, "%s%s", into->size ? ", " : "", node->note);
    buffer_add (into, "", 1);
}

static void s_amount (uint64_t bytes, const char *unit, buffer_t *into)
{
    if (bytes) {
        progress_bytes (bytes, into);
        buffer_print (into, "%s", unit);
    }
    buffer_add (into, "", 1);
}

static void s_show_line (const showing_t *self, const message_node_info_t *node)
{
    buffer_t line = { 0 }, note = { 0 }, speed = { 0 }, cached = { 0 };
    char busy [48], heat [32] = "";
    nodes_note (node, &note);
    s_amount (node->bytes_per_s, "/s", &speed);
    s_amount (node->cached, "", &cached);
    snprintf (busy, sizeof busy, "%llu/%llu", (unsigned long long) node->busy, (unsigned long long) node->slots);
    if (node->millicelsius)
        snprintf (heat, sizeof heat, "%llu C", (unsigned long long) (node->millicelsius + 500) / 1000);
    buffer_print (&line, "%-12.12s  %-8s %6s  %-7.7s  %9s %7s %5s  %s", node->node, s_state (node), node->slots ? busy : "", node->cpu, speed.data,
        cached.data, heat, note.data);
    ask_print_line (&line, self->columns);
    buffer_free (&line);
    buffer_free (&note);
    buffer_free (&speed);
    buffer_free (&cached);
}

static void s_add_json (const message_node_info_t *node, buffer_t *into)
{
    buffer_t note = { 0 };
    nodes_note (node, &note);
    buffer_print (into, "{\"node\": ");
    json_text (into, node->node);
    ask_json_text (into, "state", s_state (node));
    ask_json_text (into, "role", node->role);
    ask_json_text (into, "address", node->address);
    ask_json_text (into, "cpu", node->cpu);
    ask_json_text (into, "release", node->release);
    ask_json_number (into, "slots", node->slots);
    ask_json_number (into, "busy", node->busy);
    ask_json_number (into, "memory", node->memory);
    ask_json_number (into, "silent_ms", node->seen_ms);
    ask_json_number (into, "bytes_per_second", node->bytes_per_s);
    ask_json_number (into, "cached_bytes", node->cached);
    ask_json_number (into, "streamed_bytes", node->streamed);
    ask_json_number (into, "millicelsius", node->millicelsius);
    ask_json_number (into, "throttled", node->throttled);
    ask_json_text (into, "note", note.data);
    buffer_print (into, "}");
    buffer_free (&note);
}

static void s_take (void *context, const message_t *answer)
{
    showing_t *self = context;
    if (answer->verb != MESSAGE_NODE_INFO)
        return;
    const message_node_info_t *node = &answer->node_info;
    self->nodes++;
    if (self->json) {
        buffer_print (&self->text, self->nodes > 1 ? ",\n " : "");
        s_add_json (node, &self->text);
        return;
    }
    if (self->nodes == 1)
        printf ("%-12s  %-8s %6s  %-7s  %9s %7s %5s  %s\n", "NODE", "STATE", "BUSY", "CPU", "SPEED", "CACHE", "HEAT", "NOTE");
    s_show_line (self, node);
}

int nodes_command (int words, char **word)
{
    ask_t ask;
    error_t error = { 0 };
    showing_t showing = { .columns = ask_columns () };
    status_t rc = ask_words (&ask, "nodes", 0, words, word, &error);
    if (!rc && ask.help) {
        fputs (nodes_help, stdout);
        return EXIT_FINE;
    }
    showing.json = ask.json;
    if (!rc)
        rc = ask_query (&ask, QUERY_NODES, s_take, &showing, &error);
    if (!rc && ask.json)
        printf ("[%.*s]\n", (int) showing.text.size, showing.text.size ? showing.text.data : "");
    else if (!rc && !showing.nodes)
        printf ("No nodes: racimo cluster token makes a token for one, racimo cluster join TOKEN lets it in.\n");
    buffer_free (&showing.text);
    return rc ? ask_fail (&error) : EXIT_FINE;
}
