"""Build with plain dpkg-buildpackage on this machine: for one's own sources, there is no wall around them."""

import re

from buildmaster.workers.buildd.changes import gather
from buildmaster.workers.buildd.orders import Order, Outcome, Verdict
from buildmaster.workers.buildd.workbench import ENVIRONMENT, Ended, Workbench

PROGRAMS = {"dpkg-source": "dpkg-dev", "dpkg-buildpackage": "dpkg-dev", "make": "make"}
TREE = "source"
UNMET = re.compile(r"nmet build dependencies: (.*)")
RELATION = re.compile(r"[^\s|(]+(?: \([^)]*\))?(?: \| [^\s|(]+(?: \([^)]*\))?)*")
# A build that died of the machine: a processor that lacks an instruction, or a signal from outside.
NOT_THE_PACKAGE = re.compile(rb"terminated by signal 4|^make.*Illegal instruction", re.MULTILINE)


class HostWay:
    """dpkg-source, dpkg-checkbuilddeps, dpkg-buildpackage; the master's chroot is not used."""

    name = "host"

    async def build(self, order: Order, bench: Workbench) -> Outcome:
        """Unpack the source, look for what it needs, build it."""
        tree = order.folder / TREE
        unpacked = await bench.run("dpkg-source", "-x", order.dsc, TREE)
        if not unpacked.well:
            return Outcome(blame(unpacked))
        needs = await bench.run("dpkg-checkbuilddeps", "-I", *([] if order.indep else ["-B"]), cwd=tree)
        if not needs.well:
            return _unmet(needs)
        built = await bench.run(*command(order), cwd=tree, env=environment(order))
        return gather(order, bench.log) if built.well else Outcome(blame(built))


def command(order: Order) -> list[str]:
    """Return the command that builds the unpacked source; its needs were looked for before."""
    return [
        "dpkg-buildpackage",
        "-b" if order.indep else "-B",
        "-us",
        "-uc",
        "--no-check-builddeps",
        f"--host-arch={order.tag}",
        f"--changes-option=-DDistribution={order.suite}",
    ]


def environment(order: Order) -> dict[str, str]:
    """Return the whole environment of a build."""
    return {**ENVIRONMENT, "HOME": "/nonexistent", "DEB_BUILD_OPTIONS": order.build_options}


def blame(ended: Ended) -> Verdict:
    """Tell a package that does not build from a program that is not there, or that the machine killed."""
    if ended.missing:
        return Verdict.BUILDERFAIL
    if ended.signal is not None or NOT_THE_PACKAGE.search(ended.output):
        return Verdict.GIVENBACK
    return Verdict.PACKAGEFAIL


def unmet_dependencies(output: str) -> str:
    """Return what dpkg-checkbuilddeps misses, with the commas of a control file."""
    return ", ".join(relation for line in UNMET.findall(output) for relation in RELATION.findall(line))


def _unmet(needs: Ended) -> Outcome:
    missing = unmet_dependencies(needs.output.decode(errors="replace"))
    return Outcome(Verdict.DEPFAIL, dependencies=missing) if missing else Outcome(blame(needs))
