// roster: the workers that are registered now. The loop's thread; a member's address is good until the next add or remove.
#pragma once
#include "wire/peer.h"

enum { ROSTER_SLOTS = 4096, MACHINE_TEXT = 40 };        // most slots of a worker; room for a HELLO's machine

typedef struct {
    uint64_t number, start, nonce, slots;
    peer_id_t id;
    int64_t seen_us;                                    // last heard of
    bool gone;                                          // to be removed once the actions in hand are done
    uint64_t beat_job, beat_bytes, beat_rows;           // from its last BEAT
    uint64_t cached, streamed, millicelsius, throttled; // the same, as in NODE_INFO
    uint64_t memory;                                    // bytes for all slots
    int64_t since_us;                                   // of its HELLO
    uint64_t port;                                      // where it serves segments; 0: nowhere
    peer_id_t rival; int64_t rival_us; uint32_t rival_beats;           // another with its key, since when (0: none), and BEATs of this one since
    bool compiler, draining;                            // it can compile jobs; it has asked to go
    char node [64], address [64], cpu [24], release [24], machine [MACHINE_TEXT], key [KEY_TEXT];     // key: empty without encryption
} member_t;

typedef struct { member_t *member; uint32_t members; uint64_t last; } roster_t;     // last: number given last; none is given twice

member_t *roster_add (roster_t *self, const peer_id_t *id, const message_hello_t *hello);
void roster_beat (member_t *member, const message_beat_t *beat);
void roster_remove (roster_t *self, uint32_t index);
member_t *roster_find (roster_t *self, uint64_t number);            // or NULL, also if it is gone
member_t *roster_of (roster_t *self, const peer_id_t *id);          // or NULL, also if it is gone
void roster_free (roster_t *self);
