"""The build master's daemon: `twistd -ny buildmaster.tac` reads $BUILDMASTER_CONF, or the usual conf file."""

import os
from pathlib import Path

from twisted.application.service import Application
from twisted.internet import reactor

from buildmaster.daemon.master import attach_daemon

named = os.environ.get("BUILDMASTER_CONF")
application = Application("BuildSequencer")
attach_daemon(application, reactor, Path(named) if named else None)
