// emulator: what an emulator of single programs, like qemu-aarch64, does not pass on of the kernel below it.
#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

// The kernel's counts of a connection's bytes: by them a peer is cut who sends or leaves unread without end.
static inline bool emulator_hides_counts (void)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool counted = !getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) && size == sizeof info;
    close (fd);
    return !counted;
}
