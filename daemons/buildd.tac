"""The bundled build slave: BUILDD_WAY=host BUILDD_FOLDER=... twistd --nodaemon --python daemons/buildd.tac."""

import os

from twisted.application.service import Application
from twisted.internet import reactor

from buildmaster.workers.buildd.service import check_machine, make_service, settings_from

application = Application("buildd")
settings = settings_from(os.environ)
check_machine(settings)
make_service(settings, reactor).setServiceParent(application)
