// roster: see roster.h. Some dozens of members: a plain array is searched faster than anything clever.
#include "master/roster.h"
#include <stdio.h>

static void s_copy (char *into, size_t room, const char *text)
{
    snprintf (into, room, "%s", text ? text : "");
}

member_t *roster_add (roster_t *self, const peer_id_t *id, const message_hello_t *hello)
{
    self->member = memory_grow (self->member, (self->members + 1) * sizeof *self->member);
    member_t *member = &self->member [self->members++];
    *member = (member_t) { .number = ++self->last, .start = hello->start, .nonce = hello->nonce, .slots = hello->slots, .id = *id,
        .memory = hello->memory, .compiler = hello->compiler };
    s_copy (member->node, sizeof member->node, hello->node);
    s_copy (member->address, sizeof member->address, hello->address);
    s_copy (member->cpu, sizeof member->cpu, hello->cpu);
    s_copy (member->machine, sizeof member->machine, hello->machine);
    s_copy (member->release, sizeof member->release, hello->release);
    return member;
}

void roster_beat (member_t *member, const message_beat_t *beat)
{
    member->beat_job = beat->job;
    member->beat_bytes = beat->bytes;
    member->beat_rows = beat->rows;
    member->cached = beat->cached;
    member->streamed = beat->streamed;
    member->millicelsius = beat->millicelsius;
    member->throttled = beat->throttled;
}

void roster_remove (roster_t *self, uint32_t index)
{
    self->member [index] = self->member [--self->members];
}

member_t *roster_find (roster_t *self, uint64_t number)
{
    for (uint32_t i = 0; i < self->members; i++)
        if (self->member [i].number == number && !self->member [i].gone)
            return &self->member [i];
    return NULL;
}

member_t *roster_of (roster_t *self, const peer_id_t *id)
{
    for (uint32_t i = 0; i < self->members; i++)
        if (peer_id_equal (&self->member [i].id, id) && !self->member [i].gone)
            return &self->member [i];
    return NULL;
}

void roster_free (roster_t *self)
{
    free (self->member);
    *self = (roster_t) { 0 };
}
