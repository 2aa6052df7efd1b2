"""The systemd units are hardened, and systemd understands them where it is there."""

import shutil
import subprocess
import tempfile
from configparser import RawConfigParser
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

DAEMONS = Path(__file__).parents[2] / "daemons"
CLOSED = {"ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes"}
HARDENED = CLOSED | {
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelModules": "yes",
    "RestrictSUIDSGID": "yes",
}


def service(path):
    """Return the [Service] section of a unit."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(path)
    return dict(parser["Service"])


class UnitTests(SynchronousTestCase):
    def test_every_unit_is_hardened_and_runs_as_nobody_special(self):
        for path in DAEMONS.glob("*.service"):
            found = service(path)
            wanted = CLOSED if path.stem == "buildd" else HARDENED  # chroots without root take a setuid program
            self.assertEqual(wanted, {key: found.get(key) for key in wanted}, path.name)
            self.assertNotIn(found.get("User", "root"), {"root", "0"}, path.name)

    def test_the_master_tells_systemd_how_it_is(self):
        found = service(DAEMONS / "buildmaster.service")
        self.assertEqual(("notify", "main"), (found["Type"], found["NotifyAccess"]))
        self.assertGreater(int(found["WatchdogSec"]), 0)
        self.assertGreaterEqual(int(found["LimitNOFILE"]), 4096)

    def test_systemd_understands_them(self):
        """The programs that a unit names need not be here, so each is replaced by one that is."""
        if shutil.which("systemd-analyze") is None:
            raise SkipTest("systemd is not here")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path in DAEMONS.glob("*.service"):
            lines = [
                "ExecStart=/bin/true" if line.startswith("Exec") else line for line in path.read_text().splitlines()
            ]
            copy = Path(folder.name) / path.name
            copy.write_text("\n".join(dict.fromkeys(lines)))
            checked = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False
            )
            self.assertNotIn(path.name, checked.stderr)
