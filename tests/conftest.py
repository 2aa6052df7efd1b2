"""Settings of all tests: a busy machine is no fault of what is tested, so examples have no deadline.

Where CI is set the examples are the same each time, so that a change is judged by itself; elsewhere they are new ones, and
find what nobody thought of.
"""

import os

from hypothesis import settings

settings.register_profile("farm", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("farm")
