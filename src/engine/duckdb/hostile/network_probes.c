/* Ways out to others. */
#include "engine/duckdb/hostile/hostile.h"

#include <errno.h>
#include <linux/if_alg.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int64_t reach(int family, const void *address, size_t size)
{
    int fd = socket(family, SOCK_STREAM, 0);
    return fd < 0 ? -errno : done(connect(fd, address, (socklen_t)size));
}

PROBE(connect_by_ipv4, HARM_NETWORK, W(SECCOMP) | W(NAMESPACES), KILLED, 0,
      "connects to a TCP port over IPv4")
{
    struct sockaddr_in to = {AF_INET, htons(page->tcp_port), {htonl(INADDR_LOOPBACK)}, {0}};
    return reach(AF_INET, &to, sizeof to);
}

PROBE(connect_by_ipv6, HARM_NETWORK, W(SECCOMP) | W(NAMESPACES), KILLED, 0,
      "connects to a TCP port over IPv6")
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(page->tcp_port)};
    to.sin6_addr.s6_addr[10] = to.sin6_addr.s6_addr[11] = 0xff;
    to.sin6_addr.s6_addr[12] = 127;
    to.sin6_addr.s6_addr[15] = 1;
    return reach(AF_INET6, &to, sizeof to);
}

PROBE(send_a_datagram, HARM_NETWORK, W(SECCOMP) | W(NAMESPACES), KILLED, 0,
      "sends a UDP datagram, as for a name server")
{
    struct sockaddr_in to = {AF_INET, htons(page->udp_port), {htonl(INADDR_LOOPBACK)}, {0}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? -errno : done(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
}

PROBE(connect_to_a_named_socket, HARM_NETWORK, W(SECCOMP) | W(ROOT), KILLED, 0,
      "connects to a local socket by its path")
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%.100s", page->socket_path);
    return reach(AF_UNIX, &to, sizeof to);
}

PROBE(connect_to_an_abstract_socket, HARM_NETWORK, W(SECCOMP) | W(NAMESPACES), KILLED, 0,
      "connects to a local socket in the abstract name space")
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "%s", page->abstract);
    return reach(AF_UNIX, &to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(page->abstract));
}

PROBE(listen_on_a_port, SURFACE, W(SECCOMP), KILLED, 0, "listens on a TCP port")
{
    struct sockaddr_in at = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ? -errno : done(listen(fd, 1));
}

PROBE(make_a_pair_of_sockets, SURFACE, W(SECCOMP), KILLED, 0, "makes a pair of local sockets")
{
    int pair[2];
    return done(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

PROBE(speak_netlink, SURFACE, W(SECCOMP), KILLED, 0, "opens a netlink socket")
{
    return done(socket(AF_NETLINK, SOCK_RAW, 0));
}

PROBE(read_packets, HARM_NETWORK, W(SECCOMP) | W(RIGHTS), KILLED, ONLY_ROOT, "opens a packet socket")
{
    return done(socket(AF_PACKET, SOCK_RAW, 0));
}

PROBE(send_raw_packets, HARM_NETWORK, W(SECCOMP) | W(RIGHTS), KILLED, ONLY_ROOT, "opens a raw IP socket")
{
    return done(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

PROBE(speak_to_the_hypervisor, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "opens a vsock socket, which no namespace holds in")
{
    return done(socket(AF_VSOCK, SOCK_STREAM, 0));
}

PROBE(use_the_kernels_ciphers, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "opens a socket to the kernel's ciphers (AF_ALG)")
{
    return done(socket(AF_ALG, SOCK_SEQPACKET, 0));
}

PROBE(ask_a_socket_for_interfaces, SURFACE, W(SECCOMP), -EPERM, 0,
      "asks for the network's interfaces with ioctl()")
{
    struct ifreq requests[8];
    struct ifconf list = {.ifc_len = sizeof requests, .ifc_req = requests};
    return done(ioctl(worker->channel, SIOCGIFCONF, &list));
}

PROBE(send_a_descriptor_to_the_keeper, SURFACE, W(SECCOMP), KILLED, 0,
      "sends a descriptor to the keeper with SCM_RIGHTS")
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    /* Nothing of a frame: the keeper would wait for the rest. */
    uint8_t none = 0;
    struct iovec part = {&none, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), worker->descriptors, sizeof(int));
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return -errno;
    return done(sendmsg(fds[0], &message, MSG_DONTWAIT));
}

PROBE(take_a_further_descriptor, SURFACE, W(SECCOMP), KILLED, 0,
      "waits on its channel for a second lot of descriptors")
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    return recvmsg(worker->channel, &message, MSG_DONTWAIT) < 0 && errno != EAGAIN ? -errno : DONE;
}

PROBE(learn_who_is_at_the_other_end, SURFACE, W(SECCOMP), KILLED, 0,
      "asks its channel for the other end's process")
{
    struct ucred other;
    socklen_t size = sizeof other;
    return done(getsockopt(worker->channel, SOL_SOCKET, SO_PEERCRED, &other, &size));
}

PROBE(connect_its_channel_elsewhere, HARM_NETWORK, W(SECCOMP) | W(MACHINE), KILLED, UNSURE,
      "connects its channel to another socket")
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%.100s", page->socket_path);
    return done(connect(worker->channel, (struct sockaddr *)&to, sizeof to));
}
