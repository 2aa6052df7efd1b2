"""Settings of all tests: a busy machine is no fault of what is tested, so examples have no deadline."""

from hypothesis import settings

settings.register_profile("farm", deadline=None)
settings.load_profile("farm")
