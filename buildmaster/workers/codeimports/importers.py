"""Import each kind of repository into git, with the field's own tools; the second run brings only what is new.

Every step can be repeated: an import that was killed anywhere is taken up by the next run.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

from buildmaster.workers.codeimports.sources import Source
from buildmaster.workers.codeimports.surroundings import Place

Run = Callable[..., Awaitable[str]]  # run(*argv, stdin=None) fires with what the tool printed last
MIRROR = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
HEAD = re.compile(r"^ref: (refs/heads/\S+)\tHEAD$", re.MULTILINE)
BRANCH = "refs/heads/master"  # where those systems go that have one line of history to a place


async def import_git(source: Source, place: Place, run: Run) -> None:
    """Fetch all branches and tags, and what the other side calls its main branch."""
    await make_repository(place, run)
    await run(*git(place), "fetch", "--prune", "--no-recurse-submodules", "--", source.pinned, *MIRROR)
    said = HEAD.search(await run(*git(place), "ls-remote", "--symref", "--", source.pinned, "HEAD"))
    if said:
        await run(*git(place), "symbolic-ref", "HEAD", said[1])


async def import_svn(source: Source, place: Place, run: Run) -> None:
    """Bring the revisions of one Subversion branch; commits name the address that people know."""
    await make_repository(place, run)
    settings = f"--config-dir={place.work / 'subversion'}"
    for key, value in (
        ("url", source.pinned),
        ("fetch", ":refs/remotes/git-svn"),
        *((("rewriteRoot", source.url),) if source.pinned != source.url else ()),
    ):
        await run(*git(place), "config", f"svn-remote.svn.{key}", value)
    await run(*git(place), "svn", "fetch", settings, "--log-window-size=1000")
    await run(*git(place), "update-ref", BRANCH, "refs/remotes/git-svn")


async def import_cvs(source: Source, place: Place, run: Run) -> None:
    """Bring the change sets that cvsps makes out of a module's files; git cvsimport makes the repository itself."""
    repository = f"--git-dir={place.repository}"
    await run(
        "git", repository, "cvsimport", "-a", "-i", "-k", "-v", "-o", "master", "-d", source.pinned, source.module
    )
    await run("git", repository, "config", "core.bare", "true")


async def import_hg(source: Source, place: Place, run: Run) -> None:
    """Bring all branches, bookmarks and tags through git-remote-hg."""
    await make_repository(place, run)
    path = source.pinned.removeprefix("file://")
    await run(*git(place), "config", "remote.origin.url", f"hg::{path}")
    await run(*git(place), "fetch", "--prune", "--no-recurse-submodules", "origin", *MIRROR)
    await run(*git(place), "symbolic-ref", "HEAD", BRANCH)


async def import_bzr(source: Source, place: Place, run: Run) -> None:
    """Bring what is new of a Bazaar branch here; if anything is, convert the branch.

    The conversion is always of the whole branch: brz (3.3) can't export a part without losing the parents of its first
    commits. It is the same each time, so git takes in only what it has not yet.
    """
    await make_repository(place, run)
    branch, stream, note = place.work / "bzr", place.work / "stream", place.work / "tip"
    if not (branch / ".bzr" / "branch").exists():
        await run("brz", "init", "--no-tree", str(branch))
    await run("brz", "pull", "--overwrite", "-d", str(branch), source.pinned)
    tip = (await run("brz", "revision-info", "-d", str(branch))).strip()
    if note.exists() and note.read_text() == tip:
        return
    await run("brz", "fast-export", "--plain", "--git-branch=master", str(branch), str(stream))
    await run(*git(place), "fast-import", "--force", "--quiet", stdin=stream)
    stream.unlink()
    note.write_text(tip)


async def make_repository(place: Place, run: Run) -> None:
    """Make the bare repository; one that is there stays as it is."""
    await run("git", "init", "--quiet", "--bare", "--initial-branch=master", "--", str(place.repository))


def git(place: Place) -> tuple[str, ...]:
    """Return the beginning of a git command on the repository."""
    return ("git", f"--git-dir={place.repository}")


IMPORTERS: Mapping[str, Callable[[Source, Place, Run], Awaitable[None]]] = {
    "GIT": import_git,
    "SVN": import_svn,
    "CVS": import_cvs,
    "HG": import_hg,
    "BZR": import_bzr,
}
