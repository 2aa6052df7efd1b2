"""Make the web site."""

from twisted.web.server import Site

from buildmaster.daemon.parts import Parts, utc_now
from buildmaster.daemon.stalls import Stall
from buildmaster.farm.codeimports.jobs import configured_policy
from buildmaster.files.layout import INCOMING
from buildmaster.web.bodies import BodyLimits
from buildmaster.web.codeimports.listings import import_resources
from buildmaster.web.codeimports.scheduler import CodeImportScheduler
from buildmaster.web.files import StoredFiles
from buildmaster.web.health import Health
from buildmaster.web.site import make_site
from buildmaster.web.uploads import Uploads
from buildmaster.work.sequencer import BuildSequencer
from buildmaster.work.sourceintake import SourceIntake


def make_health(parts: Parts, sequencer: BuildSequencer, stall: Stall) -> Health:
    """Return the page for those who watch the daemon."""
    return Health(
        parts.reactor,
        parts.database,
        parts.disk,
        sequencer.turns,
        lambda: sequencer.late,
        stall,
        parts.troubles,
    )


def make_web(parts: Parts, health: Health) -> Site:
    """Return the web site."""
    imports = parts.config.code_imports
    policy = configured_policy(imports, parts.config.mail.administrators)
    scheduler = CodeImportScheduler(parts.database, parts.librarian, parts.in_thread, policy, parts.now)
    resources = {
        "healthz": health,
        "files": StoredFiles(parts.database, parts.librarian, parts.in_thread, utc_now),
        "upload": make_uploads(parts),
        **import_resources(scheduler, imports, parts.database, parts.config.web.public_url),
    }
    sizes = parts.config.limits
    longest = max(sizes.request_size, 2 * imports.log_size)  # an import's worker sends its log with its result
    limits = BodyLimits(sizes.upload_size, longest, parts.config.root / INCOMING)
    return make_site(parts.reactor, resources, limits)


def make_uploads(parts: Parts) -> Uploads:
    """Return the taker of uploads."""
    intake = SourceIntake(parts.database, parts.librarian, parts.in_thread, parts.now)
    return Uploads(parts.config.root, parts.database, intake, parts.in_thread, parts.now, parts.nudge)
