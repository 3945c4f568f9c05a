// locate: whether this node sees an input of a job itself: the same file at the same path.
//
// The fetch thread's, so that a disk that hangs stops no heartbeat. Answers are kept for a job's life: the file is looked at once.
#pragma once
#include "wire/message.h"

typedef struct locate locate_t;

locate_t *locate_new (bool blind);                      // blind: sees nothing
void locate_destroy (locate_t **self_p);
// True: it may be read at map->path; inode and device are as this node sees them.
bool locate_file (locate_t *self, const message_map_t *map, uint64_t *inode, uint64_t *device);
bool locate_is_blind (const locate_t *self);
void locate_forget (locate_t *self, uint64_t job);
