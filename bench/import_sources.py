"""What it costs to import a whole index of sources, and a turn of the queue builder afterwards.

    python bench/import_sources.py [INDEX [PACKAGES-ARCH-SPECIFIC]]

INDEX is an apt Sources file, plain, .gz or .xz, or its address; without it, an index of 35,000 sources is made up. The
farm is a fresh SQLite file with 8 architectures. Prints seconds and the largest memory of the import, the builds per
architecture, and the milliseconds of a turn in which nothing is to be done.
"""

import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from click.testing import CliRunner

from buildmaster.cli.farm import Farm
from buildmaster.cli.inline import result_of
from buildmaster.cli.main import buildmaster
from buildmaster.cli.nouns.importsources import queue_builder

TAGS = ("amd64", "arm64", "armel", "armhf", "i386", "mips64el", "ppc64el", "s390x")
HINTS = (("all", 54), ("any", 30), ("any all", 13), ("linux-any", 2), ("amd64 i386", 1))  # in Debian, per cent
SOURCES = 35000
REPEATS = 9


def made_up_index(path):
    """Write an index of as many sources as Debian has, with hints as they are there; return its path."""
    pick = random.Random(1)
    hints, weights = zip(*HINTS, strict=True)
    with path.open("w") as file:
        for number in range(SOURCES):
            name, hint = f"source{number}", pick.choices(hints, weights)[0]
            files = [f"{pick.getrandbits(256):064x} {pick.randrange(10**6)} {name}_1.0-1.{end}" for end in ENDS]
            file.write(STANZA.format(name=name, hint=hint, files="\n ".join(files)))
    return path


ENDS = ("dsc", "debian.tar.xz", "orig.tar.gz")
STANZA = """\
Package: {name}
Binary: {name}, {name}-doc, lib{name}1
Version: 1.0-1
Maintainer: Somebody <somebody@example.org>
Build-Depends: debhelper-compat (= 13), pkg-config, libglib2.0-dev (>= 2.60), python3:any <!nocheck>
Architecture: {hint}
Directory: pool/main/s/{name}
Section: misc
Checksums-Sha256:
 {files}

"""


def run(conf, *words):
    """Run the command; it must end well."""
    result = CliRunner().invoke(buildmaster, ["--config", str(conf), *map(str, words)])
    if result.exit_code:
        raise SystemExit(f"buildmaster {' '.join(map(str, words))}: {result.output}") from result.exception
    return result.stdout


def make_farm(root):
    """Make a farm of one series with 8 architectures, and return its conf file."""
    conf = root / "buildmaster.conf"
    conf.write_text(f"[buildmaster]\nroot = {root}\n")
    chroot = root / "chroot.tar.gz"
    chroot.write_bytes(b"chroot")
    run(conf, "init")
    run(conf, "distribution", "add", "debian")
    run(conf, "series", "add", "debian/bookworm", "--nominated-arch-indep", "amd64")
    run(conf, "archive", "add", "debian")
    for tag in TAGS:
        run(conf, "processor", "add", tag)
        run(conf, "arch", "add", f"debian/bookworm/{tag}", "--processor", tag)
        run(conf, "chroot", "set", f"debian/bookworm/{tag}", chroot)
    return conf


def unchanged_turn(conf):
    """Return the milliseconds of a turn in which nothing is to be done."""
    farm = Farm(conf)
    task = queue_builder(farm, lambda _: None)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result_of(task.run())
        times.append((time.perf_counter() - start) * 1000)
    farm.close()
    return median(times)


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        conf = make_farm(root)
        index, pas, *_ = (*sys.argv[1:], None, None)
        if index is None:
            index = made_up_index(root / "Sources")
        if pas is not None:
            shutil.copy(pas, root / "Packages-arch-specific")
        start = time.perf_counter()
        print(run(conf, "import-sources", index, "--archive", "debian", "--suite", "bookworm"))
        print(f"import: {time.perf_counter() - start:.1f} s")
        print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        print(f"unchanged turn: {unchanged_turn(conf):.1f} ms")


if __name__ == "__main__":
    main()
