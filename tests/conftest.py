"""What every test may use."""

import os

from hypothesis import settings

# In CI the same examples every time: a failure there is a change's fault, not luck's.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")
