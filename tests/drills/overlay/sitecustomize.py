"""Python runs this first in every process whose PYTHONPATH names this folder.

A service for which the campaign's folder holds `new-<service>` becomes the release in which
`accepted` has a second version, one for which it holds `bad-<service>` a release with a bug, the
audit with `more-audit` the one that counts more partitions; `environment.json` there is what the
services are configured with anew. Then the campaign's own overlay is installed.
"""

import importlib
import json
import os
import runpy
import sys
import traceback
from pathlib import Path

_CHAOS = Path(__file__).parents[2] / "chaos" / "overlay"
_SERVICES = ("intake", "routing", "registry_sync", "notifier")
_RELEASES = {"new": "next_release", "bad": "bad_release", "more": "more_partitions"}
_FOLDER = os.environ.get("CHAOS_FOLDER")

if _FOLDER:
    try:
        if str(_CHAOS) not in sys.path:
            sys.path.append(str(_CHAOS))
        _given = sys.orig_argv
        _name = _given[_given.index("-m") + 1] if "-m" in _given[:-1] else ""
        if _name in _SERVICES and (_told := Path(_FOLDER) / "environment.json").exists():
            os.environ.update(json.loads(_told.read_text("utf-8")))
        for _kind, _module in _RELEASES.items():
            if _name and (Path(_FOLDER) / f"{_kind}-{_name.replace('_', '-')}").exists():
                importlib.import_module(_module).install()
        if _name in _SERVICES and (_seconds := os.environ.get("METADATA_SECONDS")):
            importlib.import_module("more_partitions").ask_again(float(_seconds))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
    runpy.run_path(str(_CHAOS / "sitecustomize.py"))
