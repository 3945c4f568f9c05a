// pipe: messages over a SEQPACKET socketpair, between a worker and its executors: one packet a message.
//
// Plain system calls, no ZeroMQ, so that a forked child may use it. File descriptors may travel with a message.
#pragma once
#include "wire/message.h"

enum { PIPE_FILES = 8 };                                // most descriptors with one message

// Waits for room unless fd is O_NONBLOCK (then FAILED when it is full). TRUNCATED: the other end is gone; no SIGPIPE.
CHECKED status_t message_send (int fd, const message_t *message, error_t *error);
CHECKED status_t message_send_files (int fd, const message_t *message, const int *files, uint32_t count, error_t *error);
// Waits for a packet unless fd is O_NONBLOCK. TRUNCATED: the other end is gone. *into is the caller's to message_free.
// Descriptors that come along are close-on-exec and the caller's; message_receive closes them.
CHECKED status_t message_receive (int fd, message_t *into, error_t *error);
CHECKED status_t message_receive_files (int fd, message_t *into, int files [PIPE_FILES], uint32_t *count, error_t *error);
