"""Measure the CPU that the slave client takes for the calls of a build, against Twisted's own XML-RPC client.

    python bench/slave_client.py [BUILDS]

A server in another process answers; both clients are measured in one run, in turn, so that only their ratio matters.
The last line is JSON.
"""

import json
import subprocess
import sys
import time
import warnings
from xmlrpc.client import Binary, dumps

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react

warnings.simplefilter("ignore", DeprecationWarning)  # twisted.web.xmlrpc uses what it deprecates

from twisted.web.xmlrpc import Proxy  # noqa: E402

from buildmaster.slave.client import Slave  # noqa: E402

SHA1 = "ab" * 20
FILES = {f"hello_1.0-{number}_amd64.deb": SHA1 for number in range(4)}
ARGS = {
    "series": "hoary",
    "suite": "hoary",
    "ogrecomponent": "main",
    "distribution": "ubuntu",
    "arch_indep": False,
    "archive_purpose": "PRIMARY",
    "archive_private": False,
    "archives": ["deb http://archive/ubuntu hoary main", "deb http://archive/ubuntu hoary-updates main"],
}
ANSWERS = {
    "ensurepresent": [True, "Cache"],
    "build": ["BuilderStatus.BUILDING", "1-2"],
    "clean": "BuilderStatus.IDLE",
}
CALLS = [
    ("status",),
    *[("ensurepresent", SHA1, "http://master:8085/files/1/hello.dsc", "", "")] * 4,
    ("build", "1-2", "binarypackage", SHA1, dict.fromkeys(FILES, SHA1), ARGS),
    *[("status",)] * 5,
    ("clean",),
]


class Answers(Protocol):
    """Answer each call at once with prepared bytes, found by the first characters of its name."""

    replies: dict[bytes, bytes]

    def dataReceived(self, data):
        for name, reply in self.replies.items():
            if name in data:
                self.transport.write(reply)
                return


def serve(reactor):
    word = {"builder_status": "BuilderStatus.BUILDING", "build_id": "1-2", "logtail": Binary(b"gcc -c hello.c\n" * 136)}
    bodies = {
        f"<methodName>{name}<".encode(): dumps((answer,), methodresponse=True, allow_none=True).encode()
        for name, answer in (ANSWERS | {"status": word}).items()
    }
    head = b"HTTP/1.1 200 OK\r\nServer: TwistedWeb/26.4.0\r\nDate: Sun, 22 Nov 2026 01:00:00 GMT\r\n"
    head += b"Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    Answers.replies = {name: head % len(body) + body for name, body in bodies.items()}
    port = reactor.listenTCP(0, Factory.forProtocol(Answers), interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    return Deferred()


async def with_slave(slave, builds):
    for _ in range(builds):
        for name, *args in CALLS:
            await getattr(slave, name)(*args)


async def with_proxy(proxy, builds):
    for _ in range(builds):
        for name, *args in CALLS:
            await proxy.callRemote(name, *args)


async def cpu(run, client, builds):
    """Return milliseconds of CPU a build."""
    await run(client, 5)
    began = time.process_time()
    await run(client, builds)
    return (time.process_time() - began) / builds * 1000


async def measure(reactor, port, builds):
    url = f"http://127.0.0.1:{port}/"
    slave, proxy = Slave(reactor, url, 40.0), Proxy(f"{url}rpc".encode(), allowNone=True)
    rounds = [(await cpu(with_slave, slave, builds), await cpu(with_proxy, proxy, builds // 5)) for _ in range(5)]
    slave.close()
    ours, theirs = (sorted(times)[2] for times in zip(*rounds, strict=True))
    print(f"{len(CALLS)} calls of a build: slave client {ours:.2f} ms of CPU, xmlrpc.Proxy {theirs:.2f} ms")
    result = {"slave_client_ms": round(ours, 3), "proxy_ms": round(theirs, 3), "ratio": round(theirs / ours, 1)}
    print(json.dumps(result | {"ms_a_call": round(ours / len(CALLS), 4)}))


def main(builds):
    server = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        react(measure, (int(server.stdout.readline()), builds))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        react(serve)
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200)
