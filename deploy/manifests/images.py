"""Builds every image; where no container engine answers, shows that what is in them works."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.manifests import closure, dockerfile

ROOT = Path(__file__).parents[2]
BILLS = ROOT / "build" / "sbom"
UV = Path(sys.prefix) / "uv" / "bin" / "uv"
#: Images with several of ours; the bill of a service is that of its own package.
WITHOUT_A_BILL = ("console", "sandbox", "setup")
SETTING_MISSING = (
    "Usage: hotich",
    "setting_wrong",
    "SANDBOX_PORT",
    "SANDBOX_SECRETS",
)


class NotBuilt(Exception):
    """An image, or what is in it, cannot be made or does not start; the text says which and why."""


def has_engine() -> bool:
    """Return whether a container engine answers."""
    found = shutil.which("docker")
    return bool(found) and not _run([str(found), "info", "--format", "x"]).returncode


def build(release: str, revision: str) -> None:
    """Build and tag every target; raises NotBuilt."""
    for target in dockerfile.targets(dockerfile.stages()):
        command = ["docker", "build", "--file", str(dockerfile.PATH), "--target", target]
        command += ["--build-arg", f"RELEASE={release}", "--build-arg", f"REVISION={revision}"]
        done = _run([*command, "--tag", f"hotich/{target}:{release}", str(ROOT)])
        if done.returncode:
            raise NotBuilt(f"{target}: {done.stderr[-2000:]}")
        sys.stdout.write(f"built: hotich/{target}:{release}\n")


def install(target: str, folder: Path) -> Path:
    """Do what the target's stages do in an empty folder; return the Python that was made.

    It sees only the paths these stages copy. Raises NotBuilt.
    """
    found = dockerfile.stages()
    source, app = folder / "source", folder / "app"
    source.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for path in dockerfile.sources(found, target):
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, source / path, ignore=ignored)
        else:
            shutil.copy(ROOT / path, source)
    python = app / "bin" / "python"
    base = getattr(sys, "_base_executable", sys.executable)
    _must(target, [base, "-m", "venv", "--without-pip", str(app)], source)
    pins = ["--constraints", "requirements.lock", "--build-constraints", "requirements.lock"]
    usual = [str(UV), "pip", "install", "--quiet", "--python", str(python), "--no-sources", *pins]
    for given in dockerfile.installs(found, target):
        _must(target, [*usual, *given], source)
    return python


def start(target: str, python: Path) -> str:
    """Start what the image starts, with nothing told; return the sentence it ends with.

    Without settings it has to say which one it lacks, which it can only after all its imports; the
    operators' tool, how it is used.
    Raises NotBuilt.
    """
    (entry,) = dockerfile.stages()[target].all("ENTRYPOINT")
    program, *arguments = json.loads(entry)
    command = [str(python.with_name(program)), *arguments]
    done = _run(command, cwd=python.parents[1], bare=True)
    said = f"{done.stdout}{done.stderr}".strip()
    if done.returncode not in (1, 2) or not any(word in said for word in SETTING_MISSING):
        raise NotBuilt(f"{target}: ended with {done.returncode}: {said[-1500:]}")
    return said.splitlines()[-1]


def bill(service: str, folder: Path = BILLS) -> Path:
    """Write what a service's image is made of, as CycloneDX, and return the file.

    The versions and hashes are the lock's, whatever is installed; raises NotBuilt.
    """
    versions, hashed = closure.locked(), closure.hashes()
    own = f"hotich-{service}"
    components: list[dict[str, Any]] = [{"type": "library", "name": closure.SHARED}]
    for package in closure.shipped([own]):
        if package.name not in versions:
            raise NotBuilt(f"{service}: {package.name} is not in the lock")
        version = versions[package.name]
        components.append(
            {
                "type": "library",
                "name": package.name,
                "version": version,
                "purl": f"pkg:pypi/{package.name}@{version}",
                "licenses": [{"license": {"name": name}} for name in package.licences],
                "hashes": [{"alg": "SHA-256", "content": one} for one in hashed[package.name]],
            }
        )
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": own}},
        "components": components,
    }
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{service}.cdx.json"
    made.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    return made


def _must(target: str, command: Sequence[str], cwd: Path) -> None:
    done = _run(command, cwd=cwd)
    if done.returncode:
        raise NotBuilt(f"{target}: {' '.join(command)}: {done.stderr[-1500:]}")


def _run(
    command: Sequence[str], cwd: Path | None = None, *, bare: bool = False
) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": "/usr/bin:/bin"} if bare else None
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the images, or without an engine install and start each one's content alone."""
    parser = argparse.ArgumentParser(prog="python -m deploy.manifests.images", description=__doc__)
    parser.add_argument("--release", default="0.1.0")
    parser.add_argument("--revision", default="unknown")
    chosen = parser.parse_args(arguments)
    try:
        for target in dockerfile.targets(dockerfile.stages()):
            if target not in WITHOUT_A_BILL:
                sys.stdout.write(f"written: {bill(target).relative_to(ROOT)}\n")
        if has_engine():
            build(chosen.release, chosen.revision)
            return 0
        sys.stdout.write("No container engine answers: images are not built, their content is.\n")
        for target in dockerfile.targets(dockerfile.stages()):
            with tempfile.TemporaryDirectory() as folder:
                python = install(target, Path(folder))
                sys.stdout.write(f"starts: {target}: {start(target, python)[:160]}\n")
    except NotBuilt as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
