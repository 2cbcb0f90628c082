"""Policies of what a process is told: the code's settings are the measure."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import SecretStr

from audit.proof_settings import ProofSettings
from audit.settings import AuditSettings
from board.settings import BoardSettings
from intake.settings import IntakeSettings
from notifier.settings import Settings as NotifierSettings
from pages.oidc import OidcSettings
from plumbing.http_settings import HttpSettings
from plumbing.settings import ProcessSettings
from registry_sync.settings import RegistrySyncSettings
from routing.settings import RoutingSettings
from tests.manifests.rendered import Pod, Rendered

SETTINGS: dict[str, tuple[type[ProcessSettings], ...]] = {
    "intake": (IntakeSettings, HttpSettings),
    "routing": (RoutingSettings, OidcSettings, HttpSettings),
    "registry-sync": (RegistrySyncSettings, HttpSettings),
    "notifier": (NotifierSettings, HttpSettings),
    "board": (BoardSettings, OidcSettings, HttpSettings),
    "audit": (AuditSettings, ProofSettings, HttpSettings),
}
#: Read by libraries and by what reads the settings, not settings themselves.
OTHERS = frozenset({"SECRETS_FOLDER", "PGSSLMODE", "PGSSLROOTCERT"})
FOLDER = "/run/secrets/hotich"
#: What is secret though its type does not say so: words inside documents, and whole addresses.
SECRET = frozenset(
    {"DATABASE_URL", "PARTICULARS_KEYS", "PORTAL_SECRETS", "PORTALS", "SMS_GATEWAYS", "AUDIT_KEYS"}
    | {"REGISTER_USERNAME", "REGISTER_PASSWORD"}
)


def known(service: str) -> dict[str, bool]:
    """Return each setting of a service by its variable's name; whether it has to be given."""
    return {
        name: field.is_required()
        for settings in SETTINGS[service]
        for name, field in _fields(settings)
    }


def secret(service: str) -> set[str]:
    """Return the settings of a service that hold something secret."""
    typed = {
        name
        for settings in SETTINGS[service]
        for name, field in _fields(settings)
        if field.annotation is SecretStr
    }
    return typed | (SECRET & set(known(service)))


def _fields(settings: type[ProcessSettings]):
    for name, field in settings.model_fields.items():
        yield str(field.validation_alias or name).upper(), field


def settings(objects: Rendered) -> Iterator[str]:
    """Every variable is a setting, every setting that is needed is given, once."""
    for pod in objects.serving():
        given, told = known(pod.service), set(objects.told(pod))
        files = _settings_in_files(objects, pod)
        yield from (f"{pod.name}: no setting {n}" for n in sorted(told - OTHERS - set(given)))
        yield from (f"{pod.name}: no setting {n} for a file" for n in sorted(files - set(given)))
        yield from (f"{pod.name}: {n} twice" for n in sorted(files & told))
        needed = {name for name, is_needed in given.items() if is_needed}
        yield from (f"{pod.name}: {n} is not given" for n in sorted(needed - told - files))
        if objects.told(pod).get("SECRETS_FOLDER") != FOLDER:
            yield f"{pod.name}: looks for its secrets elsewhere"


def _settings_in_files(objects: Rendered, pod: Pod) -> set[str]:
    """Return the settings given as files; a file with an ending is one a setting leads to."""
    paths = [PurePosixPath(path) for path in objects.files(pod)]
    return {p.name.upper() for p in paths if str(p.parent) == FOLDER and not p.suffix}


def files(objects: Rendered) -> Iterator[str]:
    """Every setting that names a file names one that is there; every volume is somewhere."""
    for pod in objects.pods():
        there = set(objects.files(pod))
        for name, value in objects.told(pod).items():
            if not value.startswith("/run/") or name == "SECRETS_FOLDER":
                continue
            if value not in there and not (pod in objects.migrating() and "KAFKA" in name):
                yield f"{pod.name}: {name} names no file"
        mounted = {one["name"] for one in pod.container["volumeMounts"]}
        claims = {
            one["metadata"]["name"] for one in pod.owner["spec"].get("volumeClaimTemplates", [])
        }
        volumes = {one["name"] for one in pod.spec["volumes"]} | claims
        yield from (f"{pod.name}: volume {one}" for one in sorted(mounted ^ volumes))
        writable = {one["name"] for one in pod.container["volumeMounts"] if not one.get("readOnly")}
        kept = {one["name"] for one in pod.spec["volumes"] if "emptyDir" in one}
        yield from (f"{pod.name}: writes {one}" for one in sorted(writable - kept - claims))


def secrets(objects: Rendered) -> Iterator[str]:
    """What is secret is a file and stands nowhere else; whoever fills it is known by name."""
    yield from (f"Secret {one['metadata']['name']} in the tree" for one in objects.of("Secret"))
    for pod in objects.pods():
        yield from (
            f"{pod.name}: {one['name']} is a secret in the environment"
            for one in pod.container.get("env", [])
            if "secretKeyRef" in one.get("valueFrom", {})
        )
        if any("secretRef" in one for one in pod.container.get("envFrom", [])):
            yield f"{pod.name}: a secret as environment"
    for pod in objects.serving():
        shown = secret(pod.service) & set(objects.told(pod))
        yield from (f"{pod.name}: {name} is shown" for name in sorted(shown))
    filled = _filled(objects)
    for name, key in sorted({tuple(one.split("/", 1)) for one in _asked(objects)}):
        if key not in filled.get(name, ()):
            yield f"nobody fills {name}/{key}"


def _asked(objects: Rendered) -> Iterator[str]:
    for pod in objects.pods():
        yield from objects.files(pod).values()
    for one in objects.of("Cluster"):
        for role in one["spec"]["managed"]["roles"]:
            yield from (f"{role['passwordSecret']['name']}/{k}" for k in ("username", "password"))
        store = one["spec"].get("backup", {}).get("barmanObjectStore", {})
        for key in store.get("s3Credentials", {}).values():
            yield f"{key['name']}/{key['key']}"


def _filled(objects: Rendered) -> dict[str, set[str]]:
    """Return the keys of secrets that somebody fills; where there is no store, by hand."""
    made: dict[str, set[str]] = {}
    for one in objects.of("KafkaUser"):
        tls = one["spec"]["authentication"]["type"] == "tls"
        made[one["metadata"]["name"]] = {"user.crt", "user.key"} if tls else {"password"}
    for one in objects.of("Kafka"):
        made[f"{one['metadata']['name']}-cluster-ca-cert"] = {"ca.crt"}
    for one in objects.of("Cluster"):
        made[f"{one['metadata']['name']}-app"] = {"uri"}
        made[f"{one['metadata']['name']}-ca"] = {"ca.crt"}
    for one in objects.of("ExternalSecret"):
        made[one["spec"]["target"]["name"]] = {key["secretKey"] for key in one["spec"]["data"]}
    if not objects.of("ExternalSecret"):
        from deploy.manifests.plan import filled_by_others

        made |= {one.name: set(one.keys) for one in filled_by_others()}
        made["sandbox"] = {"secrets.json"}
    return made
