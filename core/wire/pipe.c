// pipe: see pipe.h. SEQPACKET keeps borders, so a packet is a message and its descriptors, or nothing.
#include "wire/pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union {
    struct cmsghdr align;
    char room [CMSG_SPACE (PIPE_FILES * sizeof (int))];
} control_t;

static status_t s_send_packet (int fd, struct msghdr *packet, error_t *error)
{
    for (;;) {
        if (sendmsg (fd, packet, MSG_NOSIGNAL) >= 0)
            return OK;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
            return TRUNCATED;
        if (errno != EINTR)
            return error_errno (error, "cannot send to the process at the other end");
    }
}

status_t message_send_files (int fd, const message_t *message, const int *files, uint32_t count, error_t *error)
{
    buffer_t body = { 0 };
    status_t rc = message_encode (message, &body, error);
    if (!rc && count > PIPE_FILES)
        rc = error_set (error, "%s: %u descriptors with one message", message_name (message->verb), count);
    struct iovec part = { .iov_base = body.data, .iov_len = body.size };
    struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
    control_t control = { 0 };
    if (!rc && count) {
        packet.msg_control = control.room;
        packet.msg_controllen = CMSG_SPACE (count * sizeof (int));
        struct cmsghdr *head = CMSG_FIRSTHDR (&packet);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN (count * sizeof (int));
        memcpy (CMSG_DATA (head), files, count * sizeof (int));
    }
    if (!rc)
        rc = s_send_packet (fd, &packet, error);
    buffer_free (&body);
    return rc;
}

status_t message_send (int fd, const message_t *message, error_t *error)
{
    return message_send_files (fd, message, NULL, 0, error);
}

static void s_take_files (struct msghdr *packet, int *files, uint32_t *count)
{
    *count = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR (packet); head; head = CMSG_NXTHDR (packet, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (head->cmsg_len - CMSG_LEN (0)) / sizeof (int);
        for (size_t i = 0; i < n && *count < PIPE_FILES; i++)
            memcpy (&files [(*count)++], CMSG_DATA (head) + i * sizeof (int), sizeof (int));
    }
}

static void s_close_files (const int *files, uint32_t *count)
{
    while (*count)
        close (files [--*count]);
}

status_t message_receive_files (int fd, message_t *into, int files [PIPE_FILES], uint32_t *count, error_t *error)
{
    char bytes [MESSAGE_LIMIT];
    control_t control;
    struct iovec part = { .iov_base = bytes, .iov_len = sizeof bytes };
    struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room };
    *into = (message_t) { 0 };
    *count = 0;
    ssize_t size;
    do
        size = recvmsg (fd, &packet, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return TRUNCATED;
    if (size < 0)
        return error_errno (error, "cannot receive from the process at the other end");
    s_take_files (&packet, files, count);
    status_t rc = packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? error_set (error, "a packet larger than %d bytes", MESSAGE_LIMIT)
        : message_decode (bytes, (size_t) size, into, error);
    if (rc)
        s_close_files (files, count);
    return rc;
}

status_t message_receive (int fd, message_t *into, error_t *error)
{
    int files [PIPE_FILES];
    uint32_t count;
    status_t rc = message_receive_files (fd, into, files, &count, error);
    s_close_files (files, &count);
    return rc;
}
