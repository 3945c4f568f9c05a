// guard: the thread of a process with bound tcp sockets that sees to its memory (links_sweep), whatever the sockets' own threads are doing.
#pragma once

void guard_enter (void);                                // a socket begins: the first one starts the thread
void guard_leave (void);                                // it ends: the last one ends it
