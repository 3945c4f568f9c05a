// mail: a queue of owned pointers from any thread to one that polls a descriptor: how the worker's loop and its threads talk.
//
// Who puts gives the pointer away; who takes has it. Nothing else is shared.
#pragma once
#include "base/error.h"

typedef struct mail mail_t;

mail_t *mail_new (error_t *error);                      // NULL: no descriptor
void mail_destroy (mail_t **self_p);                    // empty by now: take what is left first
int mail_fd (const mail_t *self);                       // readable: mail_take until NULL
void mail_put (mail_t *self, void *letter);             // never waits
void *mail_take (mail_t *self);                         // NULL: there is none
