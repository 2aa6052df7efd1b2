"""Each module has a test of its name, or stands here with its reason: the test that shows what it does."""

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]
# Values and words, contracts, and what only joins others: what they do is what others do with them.
WITHOUT_A_TEST = {
    "errors",
    "farm.builders.actions",
    "farm.builders.facts",
    "farm.builders.replies",
    "farm.builders.states",
    "farm.codeimports.states",
    "farm.findings",
    "farm.vocabulary.archives",
    "farm.vocabulary.contents",
    "farm.vocabulary.people",
    "files.layout",
    "model.tables.all",
    "model.transacts",
    "web.codeimports.contracts",
    "work.taskcontext",
    "workers.reactor",
}
# Modules that another's test shows, since they do nothing that could be seen without it.
SHOWN_BY = {
    "cli.running.demo": "e2e.test_demo",
    "daemon.config.entries": "daemon.config.test_reading",
    "daemon.config.settings": "daemon.config.test_reading",
    "daemon.config.values": "daemon.config.test_reading",
    "daemon.parts": "daemon.test_service",
    "daemon.signals": "daemon.test_master",
    "daemon.systemd": "daemon.test_master",
    "daemon.tasksetup": "daemon.test_service",
    "daemon.waking": "daemon.test_notify",
    "files.archspecific": "tasks.queuebuilder.test_turn",
    "files.disk": "web.test_health",
    "model.builders.logtails": "model.builders.test_attempts",
    "model.dispatch.failedon": "model.dispatch.test_claiming",
    "model.dispatch.starts": "model.listings.test_explaining",
    "model.listings.archives": "cli.nouns.test_archive",
    "model.listings.builders": "cli.nouns.test_builder",
    "model.listings.buildlogs": "model.listings.test_builds",
    "model.listings.buildparts": "model.listings.test_builds",
    "model.listings.distributions": "cli.nouns.test_series",
    "model.listings.imports": "cli.nouns.test_codeimport",
    "model.listings.queue": "model.listings.test_builds",
    "model.listings.trail": "cli.nouns.test_audit",
    "model.maintenance.examining": "cli.running.test_doctor",
    "model.maintenance.expiry": "tasks.test_housekeeping",
    "model.mirrors.packageindices": "tasks.test_mirrorindices",
    "model.mirrors.sourceindices": "cli.nouns.test_importsources",
    "model.publishing.publications": "tasks.test_publisher",
    "model.queue.archspecific": "tasks.queuebuilder.test_turn",
    "model.queue.cancelling": "model.queue.test_retries",
    "model.queue.depwaits": "tasks.queuebuilder.test_depwatch",
    "model.queue.installability": "tasks.test_installability",
    "model.queue.missingbuilds": "tasks.queuebuilder.test_turn",
    "model.queue.newbuilds": "tasks.queuebuilder.test_turn",
    "model.queue.places": "model.listings.test_builds",
    "model.queue.rescoring": "tasks.queuebuilder.test_turn",
    "model.queue.superseding": "tasks.queuebuilder.test_turn",
    "model.register.accounts": "cli.nouns.test_account",
    "model.register.archives": "cli.nouns.test_archive",
    "model.register.builders": "cli.nouns.test_builder",
    "model.register.campaigns": "cli.nouns.test_campaign",
    "model.register.chroots": "cli.nouns.test_chroot",
    "model.register.distributions": "cli.nouns.test_series",
    "model.register.freezing": "cli.nouns.test_freezing",
    "model.register.permissions": "web.test_files",
    "model.register.publications": "model.uploads.test_sources",
    "model.serving": "web.test_files",
    "model.tables.archive": "whole.test_schema",
    "model.tables.builders": "whole.test_schema",
    "model.tables.builds": "whole.test_schema",
    "model.tables.distribution": "whole.test_schema",
    "model.tables.files": "whole.test_schema",
    "model.tables.imports": "whole.test_schema",
    "model.tables.mapping": "whole.test_schema",
    "model.tables.mirrors": "whole.test_schema",
    "model.tables.people": "whole.test_schema",
    "model.uploads.contents": "model.uploads.test_results",
    "model.uploads.lognames": "model.builders.test_attempts",
    "model.uploads.refusedresults": "tasks.uploader.test_results",
    "slave.files": "slave.test_client",
    "tasks.scanner.calls": "tasks.scanner.test_round",
    "tasks.scanner.deciding": "tasks.scanner.test_turn",
    "tasks.uploader.command": "tasks.uploader.test_turn",
    "tasks.uploader.signatures": "tasks.uploader.test_drops",
    "web.answers": "web.test_files",
    "web.bodies": "web.test_uploads",
    "web.codeimports.scheduler": "web.codeimports.test_xmlrpc",
    "web.credentials": "web.test_files",
    "web.site": "web.test_files",
    "work.builderlog": "tasks.scanner.test_turn",
    "work.guarding": "web.test_health",
    "work.schema": "whole.test_schema",
    "work.sourceintake": "web.test_uploads",
    "work.upgrading": "whole.test_schema",
    "workers.buildd.backends.pretending": "workers.buildd.test_contract",
    "workers.buildd.changes": "workers.buildd.test_contract",
    "workers.buildd.job": "workers.buildd.test_slave",
    "workers.codeimports.job": "workers.codeimports.test_worker",
    "workers.codeimports.runlog": "workers.codeimports.test_running",
    "workers.codeimports.service": "cli.running.test_importworker",
    "workers.codeimports.surroundings": "workers.codeimports.test_importers",
}


def modules(folder):
    """Return the names of all modules below a folder of the checkout."""
    paths = ((ROOT / folder).rglob("*.py")) if (ROOT / folder).is_dir() else ()
    return {
        ".".join(path.relative_to(ROOT / folder).with_suffix("").parts) for path in paths if path.name != "__init__.py"
    }


OURS, TESTS = modules("buildmaster"), modules("tests")


def name_of_test(module):
    """Return the test that has a module's name."""
    room, _, name = module.rpartition(".")
    return f"{room}.test_{name}".lstrip(".")


def imports(path):
    """Return the full names of what a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in nodes for alias in node.names} | {node.module for node in nodes}


def reached(test):
    """Return the modules of ours that a test imports, directly or through others."""
    seen, ahead = set(), {f"tests.{test}"}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        known = imports(ROOT / (name.replace(".", "/") + ".py"))
        ours = {f"buildmaster.{module}" for module in OURS} | {f"tests.{module}" for module in TESTS}
        ahead |= (known & ours) - seen
    return {name.removeprefix("buildmaster.") for name in seen}


class ModuleTests(SynchronousTestCase):
    def test_each_has_a_test_of_its_name_or_stands_in_a_list(self):
        listed = WITHOUT_A_TEST | SHOWN_BY.keys()
        self.assertEqual(set(), {module for module in OURS if name_of_test(module) not in TESTS} - listed)

    def test_the_lists_name_nothing_that_is_gone_or_has_a_test(self):
        listed = WITHOUT_A_TEST | SHOWN_BY.keys()
        self.assertEqual(set(), listed - OURS | {module for module in listed if name_of_test(module) in TESTS})

    def test_the_tests_that_show_them_reach_them(self):
        at_run_time = {"cli.running.demo"}  # a process of its own, or loaded when it is asked for
        for module, test in SHOWN_BY.items():
            if module not in at_run_time and not test.startswith("cli."):
                self.assertIn(module, reached(test), f"{test} does not reach {module}")
            self.assertIn(test, TESTS)
