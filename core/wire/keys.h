// keys: a CURVE key pair of this node or user, in a file of its own that nobody else may read.
//
// Plain data. Keys travel and are stored as Z85, 40 characters. A secret leaves this process in no message and no log.
#pragma once
#include "base/error.h"

enum { KEY_TEXT = 41 };                                 // 40 characters and a NUL

typedef struct { char public_key [KEY_TEXT], secret_key [KEY_TEXT]; } keys_t;

CHECKED status_t keys_make (keys_t *into, error_t *error);
// A new file with mode 0600; the public key alone, readable by all, in PATH.pub beside it. Never over an old one.
CHECKED status_t keys_save (const keys_t *self, const char *path, error_t *error);
// Refused, with the command that mends it: a file that others than its owner may read or write, or of another owner (but root's).
CHECKED status_t keys_load (const char *path, keys_t *into, error_t *error);
bool keys_is_public (const char *text);                 // 40 characters of Z85 that decode
