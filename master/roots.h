// roots: the folders below which clients of a cluster may read and write, and what their names mean there.
//
// Plain data, borrowed by all calls. Names are looked up as the client gave them, because nodes that share the disk know it by the same
// names; whether something lies within is decided by where it really is, links resolved, and for what is opened by the open file itself.
#pragma once
#include "store/input.h"

typedef struct roots roots_t;

roots_t *roots_new (const char *const *root, size_t roots, error_t *error);         // NULL: one of them is not there
void roots_destroy (roots_t **self_p);
void roots_close (roots_t *self, const char *folder);   // one within them that is not for clients: keys, the master's state
input_fence_t roots_fence (const roots_t *self);        // for input_list_within; borrows self
bool roots_hold (const void *self, int fd);             // what is open lies within

// What a client in `folder` (or "") means by a name: relative ones first below folder, if that lies within, then below each root. The absolute
// name, which the caller frees; NULL: it is not there or not within, and the error says which. A name with * ? [ may be a pattern.
char *roots_find (const roots_t *self, const char *name, const char *folder, error_t *error);
// The same for what is to be made there: its folder must exist within.
char *roots_place (const roots_t *self, const char *name, const char *folder, error_t *error);
