// keys: see keys.h.
//
// The file is two lines of text, "public KEY" and "secret KEY", so that an administrator can look at it and tools can read it. It is
// made with O_EXCL and mode 0600 from its first byte on, whatever the umask, and a reader looks at the file it has opened (fstat), not at the
// name. That both halves belong together is checked at load: a key pasted into half of a file would else be refused far away, by the
// head, as an unknown one.
#include "wire/keys.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { FILE_LIMIT = 1024 };

status_t keys_make (keys_t *into, error_t *error)
{
    if (!zmq_curve_keypair (into->public_key, into->secret_key))
        return OK;
    return error_set (error, "cannot make a key pair: %s (libzmq without CURVE?)", zmq_strerror (zmq_errno ()));
}

// A new file with exactly this mode, on the disk before it counts as saved: who was told a key must find it after a power cut.
static status_t s_write_new (const char *path, mode_t mode, int flags, const char *text, error_t *error)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, mode);
    if (fd < 0)
        return error_errno (error, errno == EEXIST ? "%s: there is a key already; move it away to make a new one" : "%s: cannot create", path);
    status_t rc = file_write_all (fd, text, strlen (text), path, error);
    if (!rc && (fchmod (fd, mode) || fsync (fd)))
        rc = error_errno (error, "%s: cannot write", path);
    if (close (fd) && !rc)
        rc = error_errno (error, "%s: cannot write", path);
    if (rc)
        unlink (path);
    return rc;
}

status_t keys_save (const keys_t *self, const char *path, error_t *error)
{
    char text [4 * KEY_TEXT], beside [4096];
    if (snprintf (beside, sizeof beside, "%s.pub", path) >= (int) sizeof beside)
        return error_set (error, "%s: the path is too long", path);
    snprintf (text, sizeof text, "public %s\nsecret %s\n", self->public_key, self->secret_key);
    status_t rc = s_write_new (path, 0600, O_EXCL, text, error);
    explicit_bzero (text, sizeof text);
    if (rc)
        return rc;
    snprintf (text, sizeof text, "%s\n", self->public_key);
    rc = s_write_new (beside, 0644, O_TRUNC, text, error);
    if (rc)
        unlink (path);                                  // both or none: the next try must not find "a key already"
    return rc;
}

static status_t s_check_file (int fd, const char *path, error_t *error)
{
    struct stat is;
    if (fstat (fd, &is))
        return error_errno (error, "%s: cannot stat", path);
    if (!S_ISREG (is.st_mode))
        return error_set (error, "%s: not a file", path);
    if (is.st_uid != geteuid () && is.st_uid != 0)
        return error_set (error, "%s: this secret key belongs to another user (uid %u); run as that one, or: chown %u '%s'", path,
            (unsigned) is.st_uid, (unsigned) geteuid (), path);
    if (is.st_mode & 077)
        return error_set (error, "%s: others may read or write this secret key (mode %03o); run: chmod 600 '%s'", path,
            (unsigned) is.st_mode & 0777, path);
    return OK;
}

static bool s_take_line (const char **at, const char *word, char into [KEY_TEXT])
{
    size_t size = strlen (word);
    if (strncmp (*at, word, size) || strlen (*at + size) < KEY_TEXT || (*at) [size + KEY_TEXT - 1] != '\n')
        return false;
    memcpy (into, *at + size, KEY_TEXT - 1);
    into [KEY_TEXT - 1] = '\0';
    *at += size + KEY_TEXT;
    return true;
}

// z85 has no NUL, so what is one text of the right form has nothing behind it.
static bool s_parse (const char *text, keys_t *into)
{
    char derived [KEY_TEXT];
    return s_take_line (&text, "public ", into->public_key) && s_take_line (&text, "secret ", into->secret_key) && !*text &&
        keys_is_public (into->secret_key) && !zmq_curve_public (derived, into->secret_key) && !strcmp (derived, into->public_key);
}

status_t keys_load (const char *path, keys_t *into, error_t *error)
{
    char text [FILE_LIMIT] = { 0 };
    *into = (keys_t) { 0 };
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);      // a FIFO must not hang it
    if (fd < 0)
        return error_errno (error, "%s: cannot open the key", path);
    status_t rc = s_check_file (fd, path, error);
    if (!rc && read (fd, text, sizeof text - 1) < 0)
        rc = error_errno (error, "%s: cannot read", path);
    close (fd);
    if (!rc && !s_parse (text, into))
        rc = error_set (error, "%s: not a key pair of racimo, or damaged", path);
    explicit_bzero (text, sizeof text);
    if (rc)
        explicit_bzero (into, sizeof *into);
    return rc;
}

// By hand, for zmq_z85_decode of 4.3.4 accepts characters outside its alphabet and numbers beyond 32 bits.
bool keys_is_public (const char *text)
{
    static const char alphabet [] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    if (!text || strlen (text) != KEY_TEXT - 1)
        return false;
    for (size_t group = 0; group < KEY_TEXT - 1; group += 5) {
        uint64_t value = 0;
        for (size_t i = 0; i < 5; i++) {
            const char *found = strchr (alphabet, text [group + i]);
            if (!found)
                return false;
            value = value * 85 + (uint64_t) (found - alphabet);
        }
        if (value > UINT32_MAX)
            return false;
    }
    return true;
}
