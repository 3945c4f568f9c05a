// plugin: a job's source, compiled for this machine, from a cache of such files. Or a job that its author has compiled: FILE.so, or for several
// CPUs FILE.x86_64.so and FILE.aarch64.so beside each other; it is copied to the cache, so that it stays what it was.
//
// Owned by whoever made it (the worker's loop, the client for describe). The compiler runs as a child process beside the owner's loop:
// poll plugin_fd, call plugin_step. With a warm cache a new plugin is ready at once (about 0.2 ms).
// Environment: RACIMO_CC, RACIMO_CXX (the compiler, with options if need be), RACIMO_CFLAGS (appended; also for C++).
#pragma once
#include "base/error.h"

typedef struct plugin plugin_t;

// api: the folder of racimo.h; cache: made if missing. Never NULL; whether it failed is told by plugin_path once it is ready.
plugin_t *plugin_new (const char *source, const char *api, const char *cache);
plugin_t *plugin_new_failed (const error_t *error);     // one that is ready and has failed: its source could not be had
// One that another machine's plugin could not make, with its compiler's lines; or for which there is no machine (unable).
plugin_t *plugin_new_refused (const error_t *error, const char *compiler, bool unable);
plugin_t *plugin_new_built (const char *path);          // a shared object that another machine's plugin has made, as it is there
// The source is a copy of `source`: from now on the compiler's lines and the error name that and its neighbours.
void plugin_show_as (plugin_t *self, const char *source);
void plugin_destroy (plugin_t **self_p);                // stops a compiler at work
int plugin_fd (const plugin_t *self);                   // readable: plugin_step; -1: ready
void plugin_step (plugin_t *self);                      // never waits
void plugin_wait (plugin_t *self);                      // until ready
// Of one that is ready:
const char *plugin_path (const plugin_t *self);         // of the shared object; NULL: it failed
const error_t *plugin_error (const plugin_t *self);
bool plugin_unable (const plugin_t *self);              // it failed for want of something on this machine: another may do it
bool plugin_lacks_compiler (const plugin_t *self);      // and that is a compiler
const char *plugin_compiler (const plugin_t *self);     // what the compiler said: whole lines, at most 16 KiB; or ""

// The folder that the environment names: $XDG_CACHE_HOME/racimo or ~/.cache/racimo; without both, and where these
// cannot be written, `otherwise`. The caller frees it.
char *plugin_cache (const char *otherwise);
