"""Python runs this first in every process whose PYTHONPATH names this folder.

It changes nothing unless CHAOS_FOLDER is set and the process is one of our services. What it
cannot change ends the process: a campaign without its faults would prove nothing.
"""

import os
import sys
import traceback

SERVICES = ("intake", "routing", "registry_sync", "notifier")


def _service() -> str:
    """Return the service this process is (`python -m routing`), empty for any other."""
    given = sys.orig_argv
    name = given[given.index("-m") + 1] if "-m" in given[:-1] else ""
    return name if name in SERVICES else ""


if os.environ.get("CHAOS_FOLDER") and (_name := _service()):
    try:
        import overlay_points

        overlay_points.install(
            os.environ["CHAOS_FOLDER"],
            f"{_name}-{os.environ.get('REPLICA', '0')}",
            os.environ.get("BROKEN_BUILD", ""),
        )
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
