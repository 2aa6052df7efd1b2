"""Pretend to be many build slaves in one process: what the other benchmarks talk to.

    python -m bench.slaves COUNT [SHORTEST LONGEST]

Each listens on a port of its own; the ports are printed as JSON. A build takes between SHORTEST and LONGEST seconds (0
unless told; a slave's first may be shorter, so that not all end together), goes well, and leaves a .changes, a .deb of
10 kB and a log. Files that a slave is to fetch are said to be in its cache. When standard input ends, what happened is
printed as JSON: [slave, call, monotonic time, name].
"""

import hashlib
import io
import json
import random
import re
import sys
import tarfile
import time
from xmlrpc.client import Binary, dumps, loads

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react

METHOD = re.compile(rb"<methodName>(\w+)<")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
HEAD = b"HTTP/1.1 200 OK\r\nServer: TwistedWeb\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
LOG = b"gcc -O2 -c hello.c -o hello.o\n" * 400
SIZE = 10_000  # bytes of a .deb, about
FIELDS = {"Checksums-Sha1": "sha1", "Checksums-Sha256": "sha256", "Files": "md5"}


def answer(value):
    return dumps((value,), methodresponse=True, allow_none=True).encode()


def ar_member(name, content):
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
    return head.encode() + content + b"\n" * (len(content) % 2)


def make_deb(source, version, tag):
    control = f"Package: {source}\nVersion: {version}\nArchitecture: {tag}\nMaintainer: A <a@b>\nDescription: none\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", bufsize=512) as tar:
        member = tarfile.TarInfo("./control")
        member.size = len(control)
        tar.addfile(member, io.BytesIO(control.encode()))
    members = [("debian-binary", b"2.0\n"), ("control.tar", packed.getvalue()[:2048]), ("data.tar", b"x" * SIZE)]
    return b"!<arch>\n" + b"".join(ar_member(*member) for member in members)


def make_results(source, version, tag, suite):
    """Return the results of a build, by their names."""
    deb = f"{source}_{version}_{tag}.deb"
    held = make_deb(source, version, tag)
    fields = {"Format": "1.8", "Source": source, "Binary": source, "Architecture": tag, "Version": version}
    fields |= {"Distribution": suite, "Urgency": "low", "Maintainer": "A <a@b>", "Changed-By": "A <a@b>"}
    for field, kind in FIELDS.items():
        place = " misc optional" if field == "Files" else ""
        fields[field] = f"\n {hashlib.new(kind, held).hexdigest()} {len(held)}{place} {deb}"
    changes = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return {deb: held, f"{source}_{version}_{tag}.changes": changes.encode()}


class Slave(Factory):
    """One slave: its state, and the answers to calls."""

    noisy = False
    events: list[list] = []
    length = (0.0, 0.0)

    def __init__(self, number):
        self.number = number
        self.word = {"builder_status": "BuilderStatus.IDLE"}
        self.said = answer(self.word)
        self.files = {}
        self.built = 0

    def buildProtocol(self, addr):
        return Connection(self)

    def note(self, call, name=""):
        self.events.append([self.number, call, time.monotonic(), name])

    def be(self, status, **more):
        self.word = {"builder_status": f"BuilderStatus.{status}", **more}
        self.said = answer(self.word)

    def call(self, method, body):
        return getattr(self, f"do_{method}")(body)

    def do_status(self, body):
        if self.word["builder_status"].endswith("WAITING"):
            self.note("ended")
        return self.said

    def do_info(self, body):
        return answer(["1.0", "amd64", ["binarypackage"]])

    def do_ensurepresent(self, body):
        return PRESENT

    def do_build(self, body):
        (cookie, _, _, filemap, args), _ = loads(body)
        [dsc] = [name for name in filemap if name.endswith(".dsc")]
        self.note("build", dsc)
        source, version = dsc.removesuffix(".dsc").split("_")
        results = make_results(source, version, args["arch_tag"], args["suite"])
        self.files = {hashlib.sha1(held).hexdigest(): held for held in results.values()} | {"buildlog": LOG}
        filemap = {name: hashlib.sha1(held).hexdigest() for name, held in results.items()}
        self.be("BUILDING", build_id=cookie, logtail=Binary(LOG[:2048]))
        length = random.uniform(*self.length) if self.built else random.uniform(0, self.length[1])
        self.built += 1
        if length:
            self.clock.callLater(length, self.end, cookie, filemap)
        else:
            self.end(cookie, filemap)
        return answer(["BuilderStatus.BUILDING", cookie])

    def end(self, cookie, filemap):
        self.be("WAITING", build_id=cookie, build_status="BuildStatus.OK", filemap=filemap, dependencies="")

    def do_clean(self, body):
        self.note("clean")
        self.be("IDLE")
        return answer("BuilderStatus.IDLE")

    def do_abort(self, body):
        return answer("BuilderStatus.ABORTING")


PRESENT = answer([True, "Cache"])


class Connection(Protocol):
    """Just enough of HTTP/1.1 for masters that behave."""

    def __init__(self, slave):
        self.slave = slave
        self.unread = b""

    def dataReceived(self, data):
        self.unread += data
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            head, length = self.unread[:end], LENGTH.search(self.unread, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.unread) < whole:
                return
            body, self.unread = self.unread[end + 4 : whole], self.unread[whole:]
            self.reply(head, body)

    def reply(self, head, body):
        if head.startswith(b"GET"):
            held = self.slave.files[head.split(b" ", 2)[1].rpartition(b"/")[2].decode()]
        else:
            held = self.slave.call(METHOD.search(body)[1].decode(), body)
        self.transport.write(HEAD % len(held) + held)


class UntilEnd(Protocol):
    def __init__(self, ended):
        self.ended = ended

    def connectionLost(self, reason=None):
        self.ended.callback(None)


def serve(reactor, count, shortest, longest):
    """Listen as so many slaves, until standard input ends; then print what they saw."""
    Slave.clock, Slave.length = reactor, (shortest, longest)
    ports = [reactor.listenTCP(0, Slave(number), interface="127.0.0.1", backlog=50) for number in range(count)]
    print(json.dumps([port.getHost().port for port in ports]), flush=True)
    ended = Deferred()
    StandardIO(UntilEnd(ended), reactor=reactor)
    return ended.addCallback(lambda _: print(json.dumps(Slave.events), end="", flush=True))


def main(count, shortest=0.0, longest=0.0):
    react(serve, (int(count), float(shortest), float(longest)))


if __name__ == "__main__":
    main(*sys.argv[1:])
