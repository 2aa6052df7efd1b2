"""The import worker; its settings are in the environment, as `buildmaster import-worker` puts them there."""

import os

from twisted.application.service import Application
from twisted.internet import reactor

from buildmaster.workers.codeimports.service import VARIABLE, make_worker

application = Application("buildmaster-import-worker")
make_worker(os.environ.pop(VARIABLE), reactor).setServiceParent(application)
