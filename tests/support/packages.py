"""Packages of a few bytes, for tests: .debs that dpkg-deb can read, and the .changes and .dsc that list files."""

import hashlib
import io
import lzma
import tarfile

from buildmaster.files.packages import read_folder


def a_control(**fields):
    """Return a control file, of hello 1.0-1 for i386 unless told otherwise."""
    defaults = {"Package": "hello", "Version": "1.0-1", "Architecture": "i386", "Maintainer": "A <a@example.com>"}
    lines = {**defaults, "Description": "says hello", **fields}
    return "".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None)


def a_tar(**files):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return held.getvalue()


def an_ar(*members):
    """Return an ar archive of (name, bytes)."""
    parts = [b"!<arch>\n"]
    for name, held in members:
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(held):<10}`\n".encode())
        parts.append(held + b"\n" * (len(held) % 2))
    return b"".join(parts)


def a_deb(control=None):
    """Return the bytes of a .deb."""
    packed = lzma.compress(a_tar(control=a_control() if control is None else control))
    data = lzma.compress(a_tar(hello="hello\n"))
    return an_ar(("debian-binary", b"2.0\n"), ("control.tar.xz", packed), ("data.tar.xz", data))


def checksum_fields(files, places=None):
    """Return the three lists of files; ``places`` adds section and priority to Files."""
    titles = {"Files": hashlib.md5, "Checksums-Sha1": hashlib.sha1, "Checksums-Sha256": hashlib.sha256}
    return {
        title: "".join(
            f"\n {digest(held).hexdigest()} {len(held)}{f' {places}' if places and title == 'Files' else ''} {name}"
            for name, held in files.items()
        )
        for title, digest in titles.items()
    }


def a_changes(files, **fields):
    """Return the .changes of a build of hello 1.0-1 on i386 that lists ``files`` (name: bytes)."""
    defaults = {
        "Format": "1.8",
        "Source": "hello",
        "Binary": "hello",
        "Architecture": "i386",
        "Version": "1.0-1",
        "Distribution": "hoary",
        "Urgency": "medium",
        "Maintainer": "A <a@example.com>",
        "Changed-By": "B <b@example.com>",
        **checksum_fields(files, "devel optional"),
        **fields,
    }
    return "".join(f"{name}: {value}\n" for name, value in defaults.items() if value is not None)


def a_dsc(files, **fields):
    """Return the .dsc of hello 1.0-1 that lists ``files`` (name: bytes)."""
    defaults = {
        "Format": "3.0 (quilt)",
        "Source": "hello",
        "Binary": "hello, hello-doc",
        "Architecture": "any all",
        "Version": "1.0-1",
        "Maintainer": "A <a@example.com>",
        "Build-Depends": "debhelper-compat (= 13),\n zlib1g-dev",
        "Build-Depends-Indep": "docbook",
        "Package-List": "\n hello deb universe/editors optional arch=any",
        **checksum_fields(files),
        **fields,
    }
    return "".join(f"{name}: {value}\n" for name, value in defaults.items() if value is not None)


def results(**fields):
    """Return the files of a good build's results, by their names."""
    debs = {"hello_1.0-1_i386.deb": a_deb()}
    return {**debs, "hello_1.0-1_i386.changes": a_changes(debs, **fields).encode(), "hello_1.0-1_i386.buildinfo": b""}


def sources(**fields):
    """Return the files of a good source upload, by their names."""
    tars = {"hello_1.0.orig.tar.gz": b"upstream", "hello_1.0-1.debian.tar.xz": b"debian"}
    files = {**tars, "hello_1.0-1.dsc": a_dsc(tars).encode()}
    changes = a_changes(files, **{"Architecture": "source", **fields})
    return {**files, "hello_1.0-1_source.changes": changes.encode()}


def deb_stanza(path):
    """Return the control file of a .deb, as it is read in its folder."""
    return read_folder(path.parent).stanzas[path.name]


def write(folder, files):
    """Write ``files`` (name: bytes) into ``folder``, made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, held in files.items():
        (folder / name).write_bytes(held)
    return folder
