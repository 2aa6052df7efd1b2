"""The daemon as a process: what only twistd can show."""

import os
import signal
import socket
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.daemon.master import attach_daemon
from buildmaster.daemon.masters import AnotherMasterError, Mastership
from buildmaster.daemon.systemd import Systemd
from buildmaster.daemon.waking import send
from tests.support.databases import postgresql_engine
from tests.support.processes import DaemonProcess


class DaemonTests(SynchronousTestCase):
    def test_it_starts_takes_nudges_and_stops(self):
        daemon = DaemonProcess(self, "[job mine]\ncommand = sh -c 'echo out; exit 3'\nmindelay = 0.1\n")
        daemon.wait_for("Mailer targets set to:")
        daemon.wait_for("Job mine completed with exit code 3")
        daemon.wait_for("Standard Output:")
        send(daemon.root, ["queue_builder"])
        daemon.wait_for("Job queue_builder completed with exit code 0")
        self.assertEqual(0, daemon.stop())
        self.assertFalse((daemon.root / "nudge").exists())

    def test_hup_reads_the_conf_file_again_and_refuses_a_broken_one(self):
        daemon = DaemonProcess(self)
        daemon.wait_for("Nudges")
        daemon.change("[web]\nprot = 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("the old settings stay")
        self.assertIn("prot: no such option in [web]; did you mean 'port'?", daemon.log)
        daemon.change("[web]\nport = 0\n[job mine]\ncommand = true\nmindelay = 0.1\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("Job mine completed with exit code 0")
        self.assertEqual(0, daemon.stop())

    def test_a_failure_that_was_told_is_not_told_anew_after_hup(self):
        daemon = DaemonProcess(self, "[job mine]\ncommand = false\nmindelay = 0.1\n")
        daemon.wait_for("Job mine exited with code 1")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("was read again")
        daemon.wait_for("Job mine completed with exit code 1", times=daemon.log.count("Job mine completed") + 2)
        self.assertEqual(1, daemon.log.count("Job mine exited with code 1"))
        self.assertEqual(0, daemon.stop())

    def test_usr1_opens_the_log_again(self):
        daemon = DaemonProcess(
            self, "[sequencer]\nlogfile = %(root)s/log\n[job mine]\ncommand = true\nmindelay = 0.1\n"
        )
        log = daemon.root / "log"
        daemon.wait_for_file(log, "Job mine completed")
        log.rename(daemon.root / "log.1")
        daemon.process.send_signal(signal.SIGUSR1)
        daemon.wait_for_file(log, "Job mine completed")

    def test_usr1_without_a_logfile_does_no_harm(self):
        daemon = DaemonProcess(self)
        daemon.wait_for("Nudges")
        daemon.process.send_signal(signal.SIGUSR1)
        daemon.wait_for("names none")
        self.assertEqual(0, daemon.stop())

    def test_term_waits_for_the_turn_and_the_second_does_not(self):
        daemon = DaemonProcess(self, "[job mine]\ncommand = sh -c 'touch begun; sleep 30'\nmindelay = 0\n")
        daemon.wait_for_file(daemon.root / "begun", "")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("stopping after the turn")
        self.assertIsNone(daemon.process.poll())
        self.assertEqual(1, daemon.stop())

    def test_a_second_master_is_refused_by_the_name_of_the_first(self):
        first = DaemonProcess(self)
        first.wait_for("Nudges")
        second = DaemonProcess(self, root=first.root)
        self.assertEqual(1, second.process.wait(20))
        self.assertIn(
            f"another master runs on {first.root}/buildmaster.sqlite: process {first.process.pid} on", second.log
        )

    def test_a_port_that_is_taken_is_told_in_a_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            daemon = DaemonProcess(self, f"[web]\nport = {port}\n")
            self.assertEqual(1, daemon.process.wait(20))
        self.assertIn(f"[web] of {daemon.path}: Couldn't listen on 127.0.0.1:{port}: ", daemon.log)
        self.assertNotIn("Traceback", daemon.log)

    def test_of_two_masters_on_postgresql_one_takes_the_turns_and_the_other_follows(self):
        engine = postgresql_engine()
        engine.dispose()
        url = engine.url.render_as_string(hide_password=False).replace("%", "%%")
        conf = f"[database]\nurl = {url}\n"
        first = DaemonProcess(self, conf)
        first.wait_for("this master takes the turns")
        second = DaemonProcess(self, conf)
        second.wait_for("Job slave_scanner completed")
        self.assertNotIn("takes the turns", second.log)
        first.stop(signal.SIGKILL)
        second.wait_for("this master takes the turns")
        self.assertEqual(0, second.stop())

    def test_a_schema_that_does_not_fit_is_refused_with_the_cure(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        daemon = DaemonProcess(self, root=Path(folder.name))
        self.assertEqual(1, daemon.process.wait(20))
        self.assertIn("buildmaster init", daemon.log)


class ClockTests(SynchronousTestCase):
    def test_a_clock_that_is_set_moves_no_turn(self):
        reactor = SimpleNamespace()
        self.assertRaises(SystemExit, attach_daemon, None, reactor, Path("/nowhere/farm.conf"))
        self.assertIs(time.monotonic, reactor.seconds)


class MastershipTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "farm.sqlite"

    def test_there_is_one_master(self):
        first, second = Mastership(self.path), Mastership(self.path)
        first.take()
        error = self.assertRaises(AnotherMasterError, second.take)
        self.assertIn(f"process {os.getpid()} on {socket.gethostname()}", str(error))
        first.give_up()
        second.take()
        second.give_up()


class SystemdTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.ear.close)
        self.ear.bind(f"{folder.name}/notify")
        self.ear.setblocking(False)
        self.clock = Clock()
        self.well = True
        environment = {"NOTIFY_SOCKET": f"{folder.name}/notify", "WATCHDOG_USEC": "30000000"}
        self.systemd = Systemd(self.clock, environment, lambda: self.well)

    def heard(self):
        words = []
        while True:
            try:
                words.append(self.ear.recv(100).decode())
            except BlockingIOError:
                return words

    def test_ready_when_started_and_stopping_when_stopped(self):
        self.systemd.startService()
        self.systemd.stopService()
        self.assertEqual(["READY=1", "WATCHDOG=1", "STOPPING=1"], self.heard())
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_the_watchdog_is_fed_only_while_all_is_well(self):
        self.systemd.startService()
        self.clock.advance(10)
        self.well = False
        self.clock.pump([10] * 5)
        self.assertEqual(["READY=1", "WATCHDOG=1", "WATCHDOG=1"], self.heard())

    def test_without_systemd_nothing_is_said(self):
        silent = Systemd(self.clock, {}, lambda: True)
        silent.startService()
        silent.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
