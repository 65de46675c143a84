"""For tests that need a package of the distribution: it belongs to the distribution's own Python,
which need not be the one that the test was started with."""
import os
import sys

SYSTEM = "/usr/bin/python3"


def otherwise():
    """Called where an import failed: starts this test again with the distribution's Python, once.
    Comes back where there is none, or where this is it."""
    if os.path.exists(SYSTEM) and not os.environ.get("INKLING_TRIED_SYSTEM_PYTHON"):
        os.environ["INKLING_TRIED_SYSTEM_PYTHON"] = "1"
        os.execv(SYSTEM, [SYSTEM] + sys.argv)
