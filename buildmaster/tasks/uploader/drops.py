"""Take in sources that somebody dropped into incoming/, if somebody known has signed them.

A drop is a folder that lands by one rename (its name begins with a dot until it is whole). In it, the reference of the
archive is the path, and the .changes says the suite: ``incoming/NAME/~cprov/ubuntu/ppa/hello_1.0_source.changes``.
"""

from pathlib import Path

from buildmaster.errors import BuildmasterError
from buildmaster.farm.vocabulary.references import parse_archive, parse_suite
from buildmaster.files.layout import FAILED
from buildmaster.files.packages import parse_stanza, read_stanza
from buildmaster.files.uploadfolders import LeafLog, prepare, settle
from buildmaster.model.register.permissions import key_holders, may_upload
from buildmaster.model.uploads.sources import AcceptedSource, Destination, Refused
from buildmaster.tasks.uploader.signatures import Signed, Signer, signed_by
from buildmaster.work.sourceintake import SourceIntake, tell
from buildmaster.work.taskcontext import TaskContext

UNSIGNED = "Nobody whom the farm knows has signed this upload: use `buildmaster upload`, which needs no signature."
NO_GPGV = "Signatures can't be checked, for gpgv is missing: apt install gpgv, or use `buildmaster upload`."
ONE_CHANGES = "There must be one .changes file, in a folder that is named by its archive."


class Drops:
    """Takes in what was dropped."""

    def __init__(self, context: TaskContext, intake: SourceIntake) -> None:
        self._context = context
        self._intake = intake

    async def take(self, root: Path, leaf: Path) -> AcceptedSource | Refused:
        """Take in the source in ``leaf``, and settle that with its log."""
        steps = LeafLog()
        steps.debug(f"Beginning processing of {leaf.name}")
        await self._context.in_thread(prepare, root, steps)
        found = await self._context.in_thread(_changes_in, leaf)
        verdict = await self._judged(leaf, found) if found else Refused((ONE_CHANGES,))
        place = tell(verdict, steps)
        await self._context.in_thread(settle, root, leaf, place if found else FAILED, steps)
        return verdict

    async def _judged(self, leaf: Path, changes: Path) -> AcceptedSource | Refused:
        signed = await self._signed(changes)
        if isinstance(signed, Refused):
            return signed
        try:
            to = _destination(leaf, changes, signed)
        except BuildmasterError as error:
            return Refused((str(error),))
        if not await self._context.database.read(may_upload, signed.signer.account_id, to.archive):
            return Refused((f"{to.who} may not upload to {to.archive}.",))
        return await self._intake.take(changes.parent, to)

    async def _signed(self, changes: Path) -> Signed | Refused:
        signers = [Signer(*holder) for holder in await self._context.database.read(key_holders)]
        try:
            signed = await self._context.in_thread(signed_by, changes, signers)
        except FileNotFoundError:
            return Refused((NO_GPGV,))
        if signed is None or parse_stanza("", signed.text).fields != read_stanza(changes).fields:
            return Refused((UNSIGNED,))
        return signed


def _changes_in(leaf: Path) -> Path | None:
    found = list(leaf.glob("**/*.changes"))
    return found[0] if len(found) == 1 and found[0].is_file() and not found[0].is_symlink() else None


def _destination(leaf: Path, changes: Path, signed: Signed) -> Destination:
    archive = parse_archive(changes.parent.relative_to(leaf).as_posix())
    suite = parse_suite(parse_stanza("", signed.text)["Distribution"])
    return Destination(archive, suite, signed.signer.email, creator_id=signed.signer.account_id, named=True)
