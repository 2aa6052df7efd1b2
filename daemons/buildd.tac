"""The bundled build slave: BUILDD_WAY=host BUILDD_FOLDER=... twistd --nodaemon --python daemons/buildd.tac."""

import os

from twisted.application.service import Application
from twisted.internet import reactor

from buildmaster.buildd.service import make_service, settings_from

application = Application("buildd")
make_service(settings_from(os.environ), reactor).setServiceParent(application)
