"""Pretend to be many build slaves in one process: what the other benchmarks talk to.

    python -m bench.slaves COUNT [SHORTEST LONGEST]

Each listens on a port of its own; the ports are printed as JSON. A build takes between SHORTEST and LONGEST seconds (0
unless told; a slave's first is what is left of one at any moment, so that from the start as many end each second as
ever after), goes well, and leaves a .changes, a .deb of 10 kB and a log. Files that a slave is to fetch are said to be
in its cache. When standard input ends, what happened is printed as JSON: [slave, call, monotonic time, name].

They share the machine with what is measured, so they are cheap: a loop of their own around epoll, and answers that are
made beforehand but for what differs.
"""

import heapq
import itertools
import json
import math
import random
import re
import select
import socket
import sys
import time
from xmlrpc.client import Binary, dumps

from bench.results import LOG, make_results

METHOD = re.compile(rb"<methodName>(\w+)<")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
BUILD = re.compile(  # cookie, source and version of the .dsc, architecture and suite: the rest differs in no benchmark
    rb"<string>(?P<cookie>[^<]*)<.*<name>(?P<source>[^<_]*)_(?P<version>[^<_]*)\.dsc<"
    rb"(?=.*<name>arch_tag</name>\s*<value><string>(?P<tag>[^<]*)<)"
    rb"(?=.*<name>suite</name>\s*<value><string>(?P<suite>[^<]*)<)",
    re.DOTALL,
)
HEAD = b"HTTP/1.1 200 OK\r\nServer: TwistedWeb\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
READ = 65_536  # bytes at once


def answer(value):
    return dumps((value,), methodresponse=True, allow_none=True).encode()


def status(word, **more):
    return answer({"builder_status": f"BuilderStatus.{word}", **more})


INFO = answer(["1.0", "amd64", ["binarypackage"]])
PRESENT = answer([True, "Cache"])
BEGUN = answer(["BuilderStatus.BUILDING", "%b"])
ABORTING = answer("BuilderStatus.ABORTING")
CLEANED = answer("BuilderStatus.IDLE")
IDLE = status("IDLE")
BUILDING = status("BUILDING", build_id="%b", logtail=Binary(LOG[:2048]))
WAITING = status(
    "WAITING", build_id="%b", build_status="BuildStatus.OK", filemap={"%b": "%b", "%%b": "%%b"}, dependencies=""
).replace(b"%%", b"%")


def rest_of_one(shortest, longest):
    """Return how long a build may still take that is found under way: most of the time goes into long ones."""
    return math.sqrt(random.uniform(shortest**2, longest**2)) * random.random()


class Slave:
    """One slave: its state, and the answers to calls."""

    events: list[tuple] = []
    length = (0.0, 0.0)

    def __init__(self, number, later):
        self.number = number
        self.later = later
        self.status = IDLE
        self.ended = False
        self.files = {}
        self.built = 0
        self.first = rest_of_one(*self.length)

    def note(self, call, name=""):
        self.events.append((self.number, call, time.monotonic(), name))

    def say_status(self, body):
        if self.ended:
            self.note("ended")
        return self.status

    def say_info(self, body):
        return INFO

    def say_present(self, body):
        return PRESENT

    def build(self, body):
        words = BUILD.search(body).groupdict()
        cookie = words.pop("cookie")
        self.note("build", f"{words['source'].decode()}_{words['version'].decode()}.dsc")
        results = make_results(**words)
        self.files = {sha1: held for _, sha1, held in results} | {b"buildlog": b"Build %b\n" % cookie + LOG}
        self.status = BUILDING % cookie
        waiting = WAITING % (cookie, *itertools.chain.from_iterable(result[:2] for result in results))
        length = random.uniform(*self.length) if self.built else self.first
        self.built += 1
        if length:
            self.later(length, self, waiting)
        else:
            self.end(waiting)
        return BEGUN % cookie

    def end(self, waiting):
        self.status, self.ended = waiting, True

    def clean(self, body):
        self.note("clean")
        self.status, self.ended = IDLE, False
        return CLEANED

    def abort(self, body):
        return ABORTING

    calls = {
        b"status": say_status,
        b"info": say_info,
        b"ensurepresent": say_present,
        b"build": build,
        b"clean": clean,
        b"abort": abort,
    }

    def reply(self, head, body):
        if head.startswith(b"GET"):
            return self.files[head.split(b" ", 2)[1].rpartition(b"/")[2]]
        return self.calls[METHOD.search(body)[1]](self, body)


class Connection:
    """Just enough of HTTP/1.1 for masters that behave; they read what they asked for, so that no write waits."""

    def __init__(self, slave, end):
        self.slave = slave
        self.end = end
        self.unread = b""

    def ready(self):
        """Answer what is whole; return whether there is more to expect."""
        try:
            said = self.end.recv(READ)
            self.unread += said
            self.answer()
        except ConnectionError:
            return False
        return bool(said)

    def answer(self):
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            head, length = self.unread[:end], LENGTH.search(self.unread, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.unread) < whole:
                return
            body, self.unread = self.unread[end + 4 : whole], self.unread[whole:]
            held = self.slave.reply(head, body)
            self.end.sendall(HEAD % len(held) + held)


class Loop:
    """Whatever can be read, and builds that will end."""

    def __init__(self):
        self.poll = select.epoll()
        self.ends = {}
        self.timers = []
        self.order = itertools.count()

    def later(self, delay, slave, waiting):
        heapq.heappush(self.timers, (time.monotonic() + delay, next(self.order), slave, waiting))

    def read(self, end, ready):
        """Call ``ready`` whenever there is something to read, until it says that all was read."""
        self.ends[end.fileno()] = end, ready
        self.poll.register(end, select.EPOLLIN)

    def listen(self, slave):
        """Return the port of a slave."""
        port = socket.create_server(("127.0.0.1", 0), backlog=50)

        def accept():
            end, _ = port.accept()
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.read(end, Connection(slave, end).ready)
            return True

        self.read(port, accept)
        return port.getsockname()[1]

    def turn(self):
        """Wait for something, and do what there is to do."""
        wait = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else None
        for number, _ in self.poll.poll(wait):
            end, ready = self.ends[number]
            if not ready():
                del self.ends[number]
                self.poll.unregister(number)
                end.close()
        while self.timers and self.timers[0][0] <= time.monotonic():
            _, _, slave, waiting = heapq.heappop(self.timers)
            slave.end(waiting)


def main(count, shortest=0.0, longest=0.0):
    """Listen as so many slaves, until standard input ends; then print what they saw."""
    Slave.length = (float(shortest), float(longest))
    loop = Loop()
    print(json.dumps([loop.listen(Slave(number, loop.later)) for number in range(int(count))]), flush=True)
    loop.read(sys.stdin, lambda: bool(sys.stdin.buffer.read1()))
    while not sys.stdin.closed:
        loop.turn()
    print(json.dumps(Slave.events), end="", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
