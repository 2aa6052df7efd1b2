"""What a build leaves: a .changes file, and the files that it lists."""

from debian.deb822 import Changes

from buildmaster.workers.buildd.buildlog import BuildLog
from buildmaster.workers.buildd.orders import SAFE_NAME, Order, Outcome, Verdict


def gather(order: Order, log: BuildLog) -> Outcome:
    """Return the results of a build that went well; one that left not all that it should have failed after all."""
    try:
        with order.changes.open("rb") as file:
            listed = [entry["name"] for entry in Changes(file)["Files"]]
    except (OSError, KeyError, ValueError) as error:
        return _incomplete(log, str(error))
    wrong = [name for name in listed if not SAFE_NAME.fullmatch(name) or not (order.folder / name).is_file()]
    if wrong:
        return _incomplete(log, ", ".join(wrong))
    return Outcome(Verdict.OK, (order.changes, *(order.folder / name for name in listed)))


def _incomplete(log: BuildLog, why: str) -> Outcome:
    log.note(f"Failed to gather results: {why}")
    return Outcome(Verdict.PACKAGEFAIL)
