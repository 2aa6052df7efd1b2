"""What the tools of an import find around them: an environment that says nothing of ours, and settings of their own."""

from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Place:
    """Where an import's files lie: the bare repository, and a folder for whatever else its tools keep."""

    repository: Path
    work: Path

    @property
    def begun(self) -> bool:
        """Whether something was imported before."""
        return (self.work / "imported").exists()


def place_of(store: Path, name: str) -> Place:
    """Return the place of an import of that name."""
    return Place(store / f"{name}.git", store / ".work" / name)


def prepare(place: Place, proxy_port: int) -> None:
    """Make the folder, and write the settings that send all HTTP through the proxy."""
    place.work.mkdir(parents=True, exist_ok=True)
    _write(place.work / "hgrc", f"[http_proxy]\nhost = 127.0.0.1:{proxy_port}\nalways = True\n[ui]\ninteractive = no\n")
    subversion = place.work / "subversion"
    subversion.mkdir(exist_ok=True)
    servers = f"[global]\nhttp-proxy-host = 127.0.0.1\nhttp-proxy-port = {proxy_port}\nhttp-proxy-exceptions =\n"
    _write(subversion / "servers", servers)
    _write(subversion / "config", "[auth]\npassword-stores =\n[tunnels]\nssh = false\n")


def environment(place: Place, proxy_port: int, schemes: frozenset[str]) -> dict[str, str]:
    """Return the whole environment of the tools: nothing of ours is in it."""
    proxy = f"http://127.0.0.1:{proxy_port}"
    return {
        "PATH": PATH,
        "HOME": str(place.work),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "http_proxy": proxy,
        "https_proxy": proxy,
        "ALL_PROXY": proxy,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_ALLOW_PROTOCOL": ":".join(sorted(schemes & {"http", "https", "git", "file"} | {"hg"})),
        "GIT_SSH_COMMAND": "false",
        "CVS_RSH": "false",
        "CVS_PASSFILE": str(place.work / "cvspass"),
        "HGRCPATH": str(place.work / "hgrc"),
        "HGPLAIN": "1",
        "BRZ_HOME": str(place.work),
        "BRZ_LOG": "/dev/null",
        "BRZ_EMAIL": "import <import@localhost>",
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text)
