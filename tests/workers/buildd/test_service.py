"""Slaves are put together from a few settings."""

from pathlib import Path

from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd import service
from buildmaster.workers.buildd.service import Settings, SettingsError, check_machine, make_service, settings_from
from tests.support.databases import a_folder


class SettingsTests(SynchronousTestCase):
    def test_what_is_not_said_has_a_default(self):
        self.assertEqual(Settings(), settings_from({"HOME": "/root"}))

    def test_what_is_said_is_taken(self):
        said = {
            "BUILDD_WAY": "sleep",
            "BUILDD_PORT": "9000",
            "BUILDD_FOLDER": "/x",
            "BUILDD_COUNT": "3",
            "BUILDD_ARCH": "i386",
        }
        self.assertEqual(Settings("sleep", 9000, Path("/x"), "i386", 3), settings_from(said))

    def test_all_mistakes_come_at_once(self):
        said = {"BUILDD_WAY": "magic", "BUILDD_PORT": "x", "BUILDD_COUNT": "-1"}
        error = self.assertRaises(SettingsError, settings_from, said)
        wanted = (
            "BUILDD_PORT: not a number: x; BUILDD_COUNT: not a number: -1; "
            "BUILDD_WAY: magic is none of host, sbuild, sleep"
        )
        self.assertEqual(wanted, str(error))

    def test_a_program_that_is_not_here_is_told_with_its_package(self):
        self.patch(service, "PATH", str(a_folder()))
        error = self.assertRaises(SettingsError, check_machine, Settings("host"))
        self.assertEqual(
            "this machine can't build by way of host: programs are missing: apt install dpkg-dev make", str(error)
        )
        check_machine(Settings("sleep"))


class TakenPort(MemoryReactorClock):
    """A reactor on a machine where every port is taken."""

    def listenTCP(self, port, factory, backlog=50, interface=""):
        raise CannotListenError(interface, port, OSError(98, "Address already in use"))


class MakeServiceTests(SynchronousTestCase):
    def test_a_port_that_is_taken_ends_it_with_a_line(self):
        slaves = make_service(Settings("sleep", 9000, a_folder()), TakenPort())
        error = self.assertRaises(SystemExit, slaves.privilegedStartService)
        self.assertEqual("Couldn't listen on 127.0.0.1:9000: [Errno 98] Address already in use.", error.code)

    def test_many_slaves_listen_side_by_side_each_in_its_folder(self):
        folder, reactor = a_folder(), MemoryReactorClock()
        slaves = make_service(Settings("sleep", 9000, folder, count=3), reactor)
        slaves.privilegedStartService()
        slaves.startService()
        self.assertEqual(
            [(9000, "127.0.0.1"), (9001, "127.0.0.1"), (9002, "127.0.0.1")],
            [(port, bind) for port, _, _, bind in reactor.tcpServers],
        )
        self.assertEqual({"9000", "9001", "9002"}, {path.name for path in folder.iterdir()})
        slaves.stopService()

    def test_every_way_can_be_had(self):
        for way in ("host", "sbuild", "sleep"):
            make_service(Settings(way, folder=a_folder()), MemoryReactorClock())
