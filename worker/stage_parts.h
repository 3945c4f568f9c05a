// stage_parts: what the two files of staging share; nobody else includes it.
//
//     staging.c    a segment of another worker, as a sparse file here: its index, and blocks as they are asked for
//     stage.c      the tasks that read them: which blocks each needs, in which order they are asked for, and who is told
#pragma once
#include "store/segment.h"
#include "worker/fetch_parts.h"

typedef struct crate crate_t;
typedef enum { FRESH, TAIL, INDEX, OPEN } staging_state_t;
typedef enum { ABSENT = 0, COMING, THERE } have_t;

struct staging {
    staging_t *next;
    fetcher_t *fetcher;
    uint64_t job, worker, number, bytes;
    char *path;
    int fd;
    staging_state_t state;
    segment_t *segment;                                 // of one that is OPEN
    uint8_t *have;                                      // have_t of each block
    crate_t *crates;                                    // under way
    bool lost;                                          // failed: the next task that needs it begins anew
    uint32_t users;
};

// The segment, for one more user; staging_leave: for one less.
staging_t *staging_use (fetcher_t *self, uint64_t job, uint64_t worker, uint64_t number, uint64_t bytes, const char *folder);
void staging_leave (staging_t *self);
void staging_free (staging_t *self);
// Asks for what is still missing of the index, for stage `id`. False: that is under way.
bool staging_ask_index (staging_t *self, link_t *link, uint64_t id);
void staging_ask (staging_t *self, link_t *link, uint64_t id, uint32_t first, uint32_t end);       // the blocks [first, end), which lie side by side
void staging_give_back (staging_t *self, uint32_t first, uint32_t end);         // blocks that nobody reads any more, if they are there
void staging_rename (staging_t *self, uint64_t from, uint64_t to);      // what stage `from` asked for is for stage `to`
// away: its owner cannot be reached or has not what it should; else it is this node's disk.
void staging_fail (staging_t *self, bool away, const error_t *error);
void staging_drop (staging_t *self);                    // what is under way

// stage.c: something has come that stage `id` asked for; a segment cannot be had.
void stage_came (fetcher_t *self, uint64_t id, uint64_t moved, uint64_t carried);
void stage_look (fetcher_t *self);                      // is a stage complete now?
void stage_failed (staging_t *staging, uint64_t away, const error_t *error);
