"""Sending data out, or receiving data."""

from __future__ import annotations

from tests.sandbox.escapes.table import Escape

NETWORK = [
    Escape(
        "the host's loopback",
        "connect to a server on the host's 127.0.0.1, by IPv4, mapped IPv6 and every local name",
        """
        for family, host in [(2, "127.0.0.1"), (2, "127.0.0.2"), (2, "0.0.0.0"), (10, "::1"), (10, "::ffff:127.0.0.1")]:
            try:
                with socket.socket(family, socket.SOCK_STREAM) as one:
                    one.settimeout(0.5)
                    one.connect((host, W["tcp"]))
            except OSError:
                pass
        """,
        control="a connection",
    ),
    Escape(
        "a datagram",
        "send one datagram to the host's loopback",
        """
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.sendto(b"out", ("127.0.0.1", W["udp"]))
        except OSError:
            pass
        """,
        control="a datagram",
    ),
    Escape(
        "an abstract socket",
        "reach a unix socket without a path, which no file permission guards",
        """
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
                one.settimeout(0.5)
                one.connect("\\0" + W["abstract"])
        except OSError:
            pass
        """,
        control="an abstract connection",
    ),
    Escape(
        "the engine's socket",
        "ask a container engine, the message bus or a daemon of the host to do it",
        """
        for path in ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
                     "/run/podman/podman.sock", "/run/dbus/system_bus_socket", "/run/systemd/private", W["socket"]]:
            for root in ("", "/proc/1/root"):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
                    one.settimeout(0.5)
                    attempt(root + path, one.connect, root + path)
        """,
    ),
    Escape(
        "the internet and names",
        "send to addresses beyond the machine, and ask for a name",
        """
        for address in [("192.0.2.1", 53), ("198.51.100.1", 80), ("169.254.169.254", 80)]:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                attempt("datagram", one.sendto, b"x", address)
            attempt("connection", socket.create_connection, address, 0.5)
        attempt("name", socket.getaddrinfo, "example.com", 80)
        if others := {name for _, name in socket.if_nameindex()} - {"lo", "tunl0", "sit0", "ip6tnl0", "gre0"}:
            got("interfaces", others)
        """,
    ),
    Escape(
        "raw sockets",
        "listen to and write raw packets",
        """
        for family, kind, protocol in [(2, 3, 1), (2, 3, 255), (10, 3, 58), (17, 3, 0x300), (17, 2, 0x300)]:
            attempt("raw", socket.socket, family, kind, protocol)
        """,
    ),
    Escape(
        "vsock",
        "talk to the hypervisor, which no network name space hides",
        """
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            attempt("vsock", socket.socket, 40, kind)
            attempt("a pair", socket.socketpair, 40, kind)
        """,
    ),
    Escape(
        "exotic sockets",
        "sockets whose kernel code is seldom looked at",
        """
        for family in (3, 4, 5, 9, 15, 21, 23, 24, 26, 29, 30, 31, 33, 35, 36, 37, 38, 39, 41, 42, 43, 44, 45):
            for kind in (1, 2, 3, 5):
                attempt(f"family {family}", socket.socket, family, kind)
        """,
    ),
    Escape(
        "an interface of its own",
        "make an interface, give the loopback an address, listen on a port below 1024 of the host",
        """
        import fcntl, struct
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            request = struct.pack("16sH14s", b"lo", 0x49, b"")
            attempt("flags", fcntl.ioctl, one, 0x8914, request)
            attempt("address", fcntl.ioctl, one, 0x8916, struct.pack("16sHH4s8x", b"lo", 2, 0, bytes([10, 0, 0, 1])))
        with socket.socket(16, 3, 0) as one:
            message = struct.pack("IHHIIBBHiII", 32, 16, 0x605, 1, 0, 0, 0, 0, 0, 0, 0)
            one.send(message)
            answer = one.recv(4096)
            if struct.unpack_from("i", answer, 16)[0] == 0:
                got("an interface")
        """,
    ),
]
