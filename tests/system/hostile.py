#!/usr/bin/env python3
"""hostile: a peer that does what no peer should, to a port of a real daemon. hostile.py ATTACK HOST PORT [SECONDS]

Raw TCP, so that nothing keeps us from sending nonsense; where the other end talks without encryption, ZMTP 3.0 (rfc.zeromq.org/spec/23) as far as
needed to get at what lies behind it. Ends with status 0 when the attack has been carried out, whatever became of the connection.
"""
import random, socket, struct, sys, time

chance = random.Random (5)


def connect (host, port):
    peer = socket.create_connection ((host, port), 5)
    peer.setsockopt (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.settimeout (2)
    return peer


def frame (body, more=False, command=False):
    flags = (1 if more else 0) | (4 if command else 0)
    if len (body) < 256:
        return bytes ([flags, len (body)]) + body
    return bytes ([flags | 2]) + struct.pack (">Q", len (body)) + body


GREETING = b"\xff" + bytes (8) + b"\x7f\x03\x00" + b"NULL".ljust (20, b"\0") + bytes (32)


def ready (identity=b""):
    pair = lambda name, value: bytes ([len (name)]) + name + struct.pack (">I", len (value)) + value
    return frame (b"\x05READY" + pair (b"Socket-Type", b"DEALER") + pair (b"Identity", identity), command=True)


def dealer (host, port, identity=b""):
    """A connection that has shaken hands."""
    peer = connect (host, port)
    peer.sendall (GREETING)
    got = b""
    while len (got) < 64:
        piece = peer.recv (64 - len (got))
        if not piece:
            raise OSError ("no greeting")
        got += piece
    peer.sendall (ready (identity))
    peer.recv (4096)
    return peer


def message (verb, body, version=1):
    return bytes ([verb, version]) + body


# ---- on any port

def garbage (host, port, seconds):
    texts = [b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01" + bytes (200), GREETING [:11] + b"PLAIN".ljust (53, b"\0")]
    for text in texts + [chance.randbytes (size) for size in (1, 10, 64, 1000, 65536, 1 << 20)]:
        peer = connect (host, port)
        try:
            peer.sendall (text)
            peer.recv (100)
        except OSError:
            pass
        peer.close ()


def trickle (host, port, seconds):
    """A greeting a byte at a time, from fifty connections."""
    peers = [connect (host, port) for _ in range (50)]
    due, at = time.monotonic () + seconds, 0
    while time.monotonic () < due:
        for peer in peers:
            try:
                peer.send (GREETING [at % 64:at % 64 + 1])
            except OSError:
                pass
        at += 1
        time.sleep (0.1)


def connections (host, port, seconds):
    peers = []
    for _ in range (800):
        try:
            peers.append (connect (host, port))
        except OSError:
            break
    time.sleep (seconds)


def plain (host, port, seconds):
    """No encryption where it is wanted."""
    peer = connect (host, port)
    try:
        peer.sendall (GREETING + ready () + frame (message (1, b"\x80")))
        while peer.recv (4096):
            pass
    except OSError:
        pass


# ---- behind a handshake without encryption

BODIES = [
    b"", b"\x80", b"\xc0", b"\x81", b"\x81\xa1x", b"\xde\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
    b"\x91" * 5000, b"\xdd\x7f\xff\xff\xff" * 31, b"\x81\xa3job\xcb\x7f\xf8\0\0\0\0\0\0", b"\x81\xa3job\xff", b"\x82\xa3job\x01\xa3job\x02", b"\x81\xa3job\xd3\x80\0\0\0\0\0\0\0",
    b"\x81\xa4name\xa5../\0x", b"\x81\xa4name\xa2\xff\xfe", b"\x81\xa3job\xc7\x04\x05abcd", b"\x80trailing", chance.randbytes (300),
]


def bodies (host, port, seconds):
    peer = dealer (host, port)
    for verb in list (range (0, 64)) + [127, 200, 255]:
        for body in BODIES:
            peer.sendall (frame (message (verb, body)))
    for version in (0, 2, 255):
        peer.sendall (frame (message (1, b"\x80", version)))
    peer.sendall (frame (b"") + frame (b"\x01"))
    time.sleep (0.5)


def frames (host, port, seconds):
    """Extra frames, and none."""
    peer = dealer (host, port)
    for count in (2, 3, 50):
        for at in range (count):
            peer.sendall (frame (message (1, b"\x80"), more=at + 1 < count))
    time.sleep (0.2)


def oversize (host, port, seconds):
    for size in (66000, 1 << 20, 1 << 33, (1 << 63) - 1):
        peer = dealer (host, port)
        try:
            peer.sendall (b"\x02" + struct.pack (">Q", size) + b"\xff" * (1 << 20))
        except OSError:
            pass


def endless (host, port, seconds):
    """Messages of frames without end, from four connections."""
    peers, piece, due = [dealer (host, port) for _ in range (4)], b"\x01\x02xx" * 65536, time.monotonic () + seconds
    while peers and time.monotonic () < due:
        for peer in list (peers):
            try:
                peer.sendall (piece)
            except OSError:
                peers.remove (peer)


def mute (host, port, seconds):
    """Asks for the jobs (QUERY is verb 4), and reads nothing of what it hears."""
    peer, due = dealer (host, port), time.monotonic () + seconds
    question = frame (message (4, b"\x82\xa4what\x01\xa3job\x00"))
    try:
        while time.monotonic () < due:
            peer.sendall (question * 100)
    except OSError:
        pass


def stolen (host, port, seconds):
    """Many that claim one routing id."""
    peers = [dealer (host, port, b"thesame") for _ in range (20)]
    for peer in peers:
        try:
            peer.sendall (frame (message (1, b"\x80")))
        except OSError:
            pass
    time.sleep (0.2)


if __name__ == "__main__":
    try:
        globals () [sys.argv [1]] (sys.argv [2], int (sys.argv [3]), float (sys.argv [4]) if len (sys.argv) > 4 else 1)
    except OSError as error:
        print (sys.argv [1], "was stopped:", error)
