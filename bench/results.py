"""What a simulated build leaves: a log, a .deb of 10 kB and its .changes, put together from parts made beforehand.

Slaves share the machine with the master that is measured: nothing here is made twice, or by a slower way than it needs.
"""

import hashlib
import tarfile

LOG = b"gcc -O2 -c hello.c -o hello.o\n" * 400
SIZE = 10_000  # bytes of a .deb, about
TAR = tarfile.TarInfo("./control").tobuf(tarfile.USTAR_FORMAT)  # the head of an empty member
SUM = int(TAR[148:154], 8) - sum(b"%011o" % 0)
CONTROL = b"Package: %(source)b\nVersion: %(version)b\nArchitecture: %(tag)b\nMaintainer: A <a@b>\nDescription: none\n"
CHANGES = (
    b"Format: 1.8\nSource: %(source)b\nBinary: %(source)b\nArchitecture: %(tag)b\nVersion: %(version)b\n"
    b"Distribution: %(suite)b\nUrgency: low\nMaintainer: A <a@b>\nChanged-By: A <a@b>\n"
    b"Checksums-Sha1: \n %(sha1)b %(size)d %(deb)b\nChecksums-Sha256: \n %(sha256)b %(size)d %(deb)b\n"
    b"Files: \n %(md5)b %(size)d misc optional %(deb)b\n"
)


def ar_member(name, content):
    return b"%-16b%-12d%-6d%-6d%-8d%-10d`\n" % (name, 0, 0, 0, 100644, len(content)) + content


FIRST = b"!<arch>\n" + ar_member(b"debian-binary", b"2.0\n") + ar_member(b"control.tar", bytes(2048))[:60]
LAST = ar_member(b"data.tar", b"x" * SIZE)


def make_deb(control):
    """Return a .deb; its control file may have 512 bytes."""
    size = b"%011o" % len(control)
    head = b"".join((TAR[:124], size, TAR[135:148], b"%06o" % (SUM + sum(size)), TAR[154:]))
    return b"".join((FIRST, head, control.ljust(1536, b"\0"), LAST))


def make_results(source, version, tag, suite):
    """Return the results of a build: of each its name, its SHA-1, and what is in it."""
    words = {b"source": source, b"version": version, b"tag": tag, b"suite": suite}
    held = make_deb(CONTROL % words)
    name = b"%b_%b_%b" % (source, version, tag)
    words |= {b"deb": name + b".deb", b"size": len(held)}
    words |= {kind: hexdigest(kind, held) for kind in (b"sha1", b"sha256", b"md5")}
    changes = CHANGES % words
    return (words[b"deb"], words[b"sha1"], held), (name + b".changes", hexdigest(b"sha1", changes), changes)


def hexdigest(kind, held):
    return hashlib.new(kind.decode(), held).hexdigest().encode()
