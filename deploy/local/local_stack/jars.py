"""Apache Kafka's jars: fetched once by pinned coordinates, compared with their hashes always."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_stack.errors import JarTampered, StackFailed
from local_stack.places import cache_folder, exclusive
from local_stack.trust import certificates

VERSION = "4.4.0"
COORDINATES = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
HASHES = Path(__file__).with_name("kafka.sha256")

Report = Callable[[str], None]


def expected() -> dict[str, str]:
    """Return the SHA-256 of every jar by its name, as committed."""
    pairs = (line.split() for line in HASHES.read_text().splitlines())
    return {name: digest for digest, name in pairs}


def folder() -> Path:
    """Return the cache folder of exactly this set of jars and what is made from it."""
    digest = hashlib.sha256(HASHES.read_bytes()).hexdigest()[:12]
    return cache_folder() / f"kafka-{VERSION}-{digest}"


def ensure(report: Report) -> list[Path]:
    """Return the verified jars in class path order; fetches them when this user has none.

    Raises JarTampered when a jar is not the committed one, StackFailed when they cannot be had.
    """
    libs = folder() / "libs"
    if not libs.exists():
        folder().mkdir(exist_ok=True)
        with exclusive(folder() / "libs.lock"):
            if not libs.exists():
                _fetch(libs, report)
    return verify(libs)


def verify(libs: Path) -> list[Path]:
    """Return the jars of the folder whose hashes are the committed ones, or raise JarTampered.

    Files that are not in the list are not returned, so they never reach the class path.
    """
    wanted = expected()
    paths = [libs / name for name in wanted]
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = dict(zip(paths, pool.map(_digest, paths), strict=True))
    wrong = [path.name for path in paths if found[path] != wanted[path.name]]
    if wrong:
        raise JarTampered(
            "kafka",
            f"{', '.join(wrong)} in {libs} is not the file named in {HASHES.name}",
            advice=f"find out who changed it, then remove {libs} to fetch it again",
        )
    return paths


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"


def _fetch(libs: Path, report: Report) -> None:
    for leftover in libs.parent.glob("fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=libs.parent, prefix="fetch-") as scratch:
        gathered = Path(scratch) / "libs"
        gathered.mkdir()
        try:
            resolved = _resolve(Path(scratch), report)
        except Exception as error:
            # jgo lets the HTTP client's and its own errors through; each means the same here.
            raise StackFailed(
                "kafka",
                f"its jars could not be fetched: {type(error).__name__}",
                advice="check the network connection (behind a proxy with its own certificates:"
                " name them in SSL_CERT_FILE) and run the same command again",
            ) from error
        for path in resolved:
            shutil.copyfile(path, gathered / path.name)
        verify(gathered)
        gathered.rename(libs)


def _resolve(scratch: Path, report: Report) -> list[Path]:
    # Imported here: half a second that only the first start has to pay.
    import jgo
    from jgo.maven import PythonResolver

    _trust_as_pip_does()
    report(f"Apache Kafka {VERSION}: resolving {len(expected())} jars (about 43 MB)")
    resolver = PythonResolver(progress_callback=_Progress(report))
    environment = jgo.build(COORDINATES, cache_dir=scratch / "jgo", resolver=resolver)
    return [Path(path) for path in environment.all_jars]


def _trust_as_pip_does() -> None:
    """Let the HTTP client trust what pip was told to trust, behind a proxy of one's own."""
    if known := certificates():
        os.environ.setdefault("REQUESTS_CA_BUNDLE", known)


class _Progress:
    """Counts fetched jars and tells every few megabytes how far it is."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._jars = 0
        self._bytes = 0
        self._told = 0

    @contextlib.contextmanager
    def __call__(self, filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self._count
        if filename.endswith(".jar"):
            self._jars += 1
            self._tell()

    def _count(self, size: int) -> None:
        self._bytes += size

    def _tell(self) -> None:
        megabytes = self._bytes // 1_000_000
        if megabytes >= self._told + 5:
            self._told = megabytes
            self._report(
                f"Apache Kafka {VERSION}: {self._jars} of {len(expected())} jars, {megabytes} MB"
            )
