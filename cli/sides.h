// sides: what a client says to a cluster of its job's side files (rac_side), and brings along of them.
//
// A name means a file here first, as in a local run. Up to SIDES_TRAVEL bytes of them all, none larger than a bundle, are offered to the master by
// content hash; of a larger one it gets size and fingerprints, for the head must have the same. What is not here at all is the head's.
#pragma once
#include "cli/remote.h"

enum { SIDES_TRAVEL = 64 << 20 };

// Fills the lists of `submit` with these names, each once. What a client that cannot inspect the job knows is sides_offer_options: any value
// of an option may be such a name.
CHECKED status_t sides_offer (remote_t *remote, char *const *name, uint32_t names, message_submit_t *submit, error_t *error);
CHECKED status_t sides_offer_options (remote_t *remote, message_submit_t *submit, error_t *error);
void sides_offer_end (message_submit_t *submit);             // these lists
