// sides: see sides.h.
#include "cli/sides.h"
#include "base/file.h"
#include "store/input.h"
#include "wire/bundle.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 64, FACTS = 3, VALUE_MOST = 128 };         // together within what a SUBMIT may hold of names

typedef struct { remote_t *remote; message_submit_t *submit; uint64_t travels; } offering_t;

static bool s_has (const message_submit_t *submit, const char *name)
{
    for (uint32_t i = 0; i < submit->sides.count; i++)
        if (!strcmp (submit->sides.item [i], name))
            return true;
    return false;
}

// Its bytes if they may travel: their hash; else "", and what tells whether the head has the same.
static const char *s_bring (offering_t *self, int fd, const char *name, uint64_t size, uint64_t *fact, error_t *error)
{
    buffer_t bytes = { 0 };
    fact [0] = size;
    if (size > BUNDLE_LIMIT || self->travels + size > SIDES_TRAVEL)
        return input_fingerprint (fd, name, size, &fact [1], &fact [2], error) ? NULL : "";
    self->travels += size;
    buffer_reserve (&bytes, size);
    bytes.size = size;
    if (!file_read_at (fd, bytes.data, size, 0, name, error))
        return remote_offer (self->remote, &bytes);
    buffer_free (&bytes);
    return NULL;
}

static status_t s_add (offering_t *self, const char *name, error_t *error)
{
    message_submit_t *submit = self->submit;
    struct stat facts;
    uint32_t at = submit->sides.count;
    if (!*name || s_has (submit, name))
        return OK;
    if (at == MOST)
        return error_set_kind (error, ERROR_USAGE, "%s: more than %d side files, which is more than a cluster takes", submit->name, MOST);
    int fd = open (name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool here = fd >= 0 && !fstat (fd, &facts) && S_ISREG (facts.st_mode);
    const char *hash = here ? s_bring (self, fd, name, (uint64_t) facts.st_size, &submit->side_facts.item [FACTS * at], error) : "";
    if (fd >= 0)
        close (fd);
    if (!hash)
        return FAILED;
    submit->side_hashes.item [at] = memory_text (hash);
    submit->sides.item [at] = memory_text (name);
    submit->side_hashes.count = submit->sides.count = at + 1;
    submit->side_facts.count = FACTS * (at + 1);
    return OK;
}

static offering_t s_begin (remote_t *remote, message_submit_t *submit)
{
    submit->sides.item = memory_new (MOST * sizeof (char *));
    submit->side_hashes.item = memory_new (MOST * sizeof (char *));
    submit->side_facts.item = memory_new (MOST * FACTS * sizeof (uint64_t));
    return (offering_t) { .remote = remote, .submit = submit };
}

status_t sides_offer (remote_t *remote, char *const *name, uint32_t names, message_submit_t *submit, error_t *error)
{
    offering_t self = s_begin (remote, submit);
    for (uint32_t i = 0; i < names; i++)
        TRY (s_add (&self, name [i], error));
    return OK;
}

status_t sides_offer_options (remote_t *remote, message_submit_t *submit, error_t *error)
{
    offering_t self = s_begin (remote, submit);
    for (uint32_t i = 0; i < submit->options.count && submit->sides.count < MOST; i++) {
        const char *value = strchr (submit->options.item [i], '=');
        if (value && strlen (value + 1) < VALUE_MOST)
            TRY (s_add (&self, value + 1, error));
    }
    return OK;
}

void sides_offer_end (message_submit_t *submit)
{
    for (uint32_t i = 0; i < submit->sides.count; i++) {
        free (submit->sides.item [i]);
        free (submit->side_hashes.item [i]);
    }
    free (submit->sides.item);
    free (submit->side_hashes.item);
    free (submit->side_facts.item);
    submit->sides = submit->side_hashes = (wire_texts_t) { 0 };
    submit->side_facts = (wire_numbers_t) { 0 };
}
