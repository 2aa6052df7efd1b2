"""A real launchpad-buildd as a child process, on a tmpfs; tests/e2e/prepare-slave has set the machine up."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from xmlrpc.client import ServerProxy

from tests.support.loopback import a_free_port

CACHE = Path(os.environ.get("BUILDMASTER_TEST_CACHE", "/var/cache/buildmaster-test"))
CHROOT = CACHE / "chroot.tar.zst"
SHARE = Path("/usr/share/launchpad-buildd")
SCHROOTS = (Path("/etc/schroot/chroot.d"), Path("/var/lib/schroot/session"))
UP_LIMIT = 30.0
CONF = """\
[builder]
architecturetag = {arch}
filecache = {root}/filecache
bindhost = 127.0.0.1
bindport = {port}:interface=127.0.0.1
sharepath = {share}
proxyport = {proxyport}
[translationtemplatesmanager]
resultarchive = translation-templates.tar.gz
"""


def run(*argv):
    """Return what a program prints; it must end well."""
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def a_tmpfs():
    """Return a folder in memory that other users may look into: builds are fast there, on a busy disk too."""
    folder = Path(tempfile.mkdtemp(prefix="buildmaster-slave-"))
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "buildmaster-slave", str(folder))
    return folder


def remove_tmpfs(folder):
    """Unmount such a folder, whatever is mounted in it."""
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for point in reversed(points):
        if Path(point).is_relative_to(folder):
            run("umount", "--lazy", point)
    shutil.rmtree(folder, ignore_errors=True)


class RealSlave:
    """A slave with a root of its own; ``stop()`` leaves nothing of it, however its builds ended."""

    def __init__(self):
        if not CHROOT.exists():
            raise AssertionError(f"{CHROOT} is missing: run tests/e2e/prepare-slave as root first")
        self.root = a_tmpfs()
        self.port = a_free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        try:
            self._furnish()
            self.process = self._start()
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _furnish(self):
        (self.root / "filecache").mkdir()
        (self.root / ".sbuildrc").symlink_to(SHARE / "sbuildrc")
        arch = run("dpkg", "--print-architecture").strip()
        conf = CONF.format(arch=arch, root=self.root, port=self.port, proxyport=a_free_port(), share=SHARE)
        (self.root / "buildd.conf").write_text(conf)
        run("chown", "-Rh", "buildd:buildd", str(self.root))

    def _start(self):
        packages = next((CACHE / "venv/lib").glob("python3*/site-packages"))
        tac = packages / "lpbuildd/buildd-slave.tac"
        told = [f"HOME={self.root}", f"PYTHONPATH={packages}", f"BUILDD_SLAVE_CONFIG={self.root}/buildd.conf"]
        twistd = [str(CACHE / "venv/bin/twistd"), "--no_save", "--nodaemon", "--pidfile=", "--python", str(tac)]
        argv = ["setpriv", "--reuid=buildd", "--regid=buildd", "--init-groups", "env", *told, *twistd]
        argv += ["--logfile", f"{self.root}/buildd.log", "--umask", "022"]
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.Popen(argv, cwd=self.root, env={"PATH": path, "LC_ALL": "C.UTF-8"}, start_new_session=True)

    def _wait(self):
        end = time.monotonic() + UP_LIMIT
        while time.monotonic() < end:
            with suppress(OSError), ServerProxy(f"{self.url}rpc") as proxy:
                proxy.info()
                return
            time.sleep(0.1)
        raise AssertionError(f"the slave does not answer; its log: {self.log()}")

    def log(self):
        """Return what the slave has logged."""
        path = self.root / "buildd.log"
        return path.read_text() if path.exists() else "none"

    def stop(self):
        """End it, and remove what it and its builds left: processes, mounts, entries for schroot, files."""
        if hasattr(self, "process"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=30)
        self._kill_builds()
        self._forget_chroots()
        remove_tmpfs(self.root)

    def _kill_builds(self):
        """Kill what has this slave's HOME, or lives in one of its chroots."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                ours = f"HOME={self.root}".encode() in (process / "environ").read_bytes().split(b"\0")
                if ours or str((process / "root").readlink()).startswith(f"{self.root}/"):
                    os.kill(int(process.name), signal.SIGKILL)

    def _forget_chroots(self):
        for folder in SCHROOTS:
            for path in folder.glob("build-*"):
                if str(self.root) in path.read_text(errors="replace"):
                    path.unlink()


class Keeper:
    """Keeps what comes into a slave's filecache, by name: a slave forgets its results when it is cleaned."""

    def __init__(self, case, slave):
        self._from = slave.root / "filecache"
        self._kept = slave.root / "kept"
        self._kept.mkdir()
        self._stopped = threading.Event()
        thread = threading.Thread(target=self._watch)
        thread.start()
        case.addCleanup(thread.join)
        case.addCleanup(self._stopped.set)

    def _watch(self):
        while not self._stopped.wait(0.02):
            for path in self._from.glob("?" * 40):
                with suppress(FileNotFoundError, FileExistsError):
                    os.link(path, self._kept / path.name)

    def __getitem__(self, sha1):
        return (self._kept / sha1).read_bytes()
