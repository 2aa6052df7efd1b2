"""The demo builds real packages with this machine's own tools, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.request import urlopen

from twisted.trial.unittest import SynchronousTestCase

from tests.support.processes import COMMAND, HERE, wait_until

RESULTS = {
    "abacus 1.2-1": ["abacus_1.2-1_"],
    "fieldnotes 2.0": ["fieldnotes_2.0_all.deb"],
    "lantern 0.3": ["lantern_0.3_", "lantern-words_0.3_all.deb"],
}


class DemoTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {**os.environ, "PYTHONPATH": str(HERE), "TMPDIR": folder.name, "PYTHONUNBUFFERED": "1"}

    def test_it_builds_real_packages(self):
        done = subprocess.run(
            [*COMMAND, "demo"], env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("Currently building on", done.stdout)
        for package, files in RESULTS.items():
            [line] = [line for line in done.stdout.splitlines() if line.startswith(package)]
            self.assertIn("FULLYBUILT", line)
            self.assertEqual([], [name for name in files if name not in line])
        self.assertEqual([], list(self.folder.iterdir()))

    def test_it_runs_on_until_it_is_told_to_end(self):
        log = self.folder / "output"
        with log.open("wb") as output:
            demo = subprocess.Popen(
                [*COMMAND, "demo", "--keep"], env=self.environment, cwd=self.folder, stdout=output, stderr=output
            )
        self.addCleanup(demo.kill)
        wait_until(lambda: "Ctrl-C" in log.read_text(), "the demo has built")
        with urlopen(re.search(r"http://\S+/healthz", log.read_text())[0]) as answer:
            self.assertEqual(200, answer.status)
        demo.send_signal(signal.SIGTERM)
        self.assertEqual(0, demo.wait(30), log.read_text())
        self.assertEqual([log], list(self.folder.iterdir()))
