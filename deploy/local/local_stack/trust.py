"""The certificates pip was told to trust, for the other clients that fetch something.

With nothing but the standard library: `bootstrap.py` uses it before anything is installed.
"""

import configparser
import os
import ssl
import sys
from pathlib import Path


def certificates() -> str:
    """Return the file of certificates to trust, empty when nobody named one.

    SSL_CERT_FILE goes before pip's own variable, and that before pip's configuration files.
    """
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT")
    return named or next(filter(None, map(_cert, _pip_files())), "")


def system_has_certificates() -> bool:
    """Say whether the system's store holds any: a bare container has an empty one."""
    paths = ssl.get_default_verify_paths()
    if sys.platform == "darwin" or paths.cafile:
        return True
    return bool(paths.capath and any(Path(paths.capath).iterdir()))


def _pip_files() -> list[Path]:
    """Return where pip looks, the file that wins first."""
    home, named = Path.home(), os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    own = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    mac = home / "Library" / "Application Support" / "pip" / "pip.conf"
    wide = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    shared = [Path(folder) / "pip" / "pip.conf" for folder in wide.split(os.pathsep)]
    first = [Path(named)] if named else []
    return [*first, mac, own, home / ".pip" / "pip.conf", Path("/etc/pip.conf"), *shared]


def _cert(file: Path) -> str:
    """Return `cert` of the file's [install] or [global] part, when it names a file."""
    read = configparser.RawConfigParser()
    try:
        read.read(file, encoding="utf-8")
    except (OSError, UnicodeDecodeError, configparser.Error):
        return ""
    for part in ("install", "global"):
        named = Path(read.get(part, "cert", fallback="")).expanduser()
        if named.is_file():
            return str(named)
    return ""
