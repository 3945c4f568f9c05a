// remote_parts: what the files of remote share; nobody else includes it.
//
//     remote.c          the connection to the master, what is offered to it
//     remote_result.c   a result from the data server
#pragma once
#include "cli/remote.h"

peer_t *remote_connect_data (remote_t *self, error_t *error);      // to the data server, for bulk; NULL: failed
