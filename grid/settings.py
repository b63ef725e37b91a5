"""Settings: flag over environment (`GRID_...`) over TOML file over default; read once, frozen, passed down."""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from grid.broker import Broker, Protocol, Tls
from grid.errors import SettingsError

PREFIX = "GRID_"
CONFIG_VARIABLE = "GRID_CONFIG"
DEFAULT_CONFIG_FILE = Path("grid.toml")
SECTIONS = frozenset({"monitor", "turbines"})


class Settings(BaseSettings):
    """The base of every program's settings.

    A TOML file has the common keys at its top and a section for each program (`section`), whose keys win.
    Unknown keys are refused, so that a slip of the pen is not silently a default. An empty variable counts as none,
    because Compose files pass unset variables on as empty ones.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )
    section: ClassVar[str] = ""
    _typed: frozenset[str] = PrivateAttr(frozenset())

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_true_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """To Python `true` is the number 1: in a file it is a slip of the pen."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise PydanticCustomError("truth", "true and false are no values of it")
        return value

    @classmethod
    def load(cls, flags: Mapping[str, Any], config_file: Path | None = None) -> Self:
        """Read the settings; `flags` are the options that were given.

        The file is `config_file`, else `GRID_CONFIG`, else `grid.toml` where there is one. Raises SettingsError.
        """
        named = config_file or os.environ.get(CONFIG_VARIABLE) or None
        path = Path(named or DEFAULT_CONFIG_FILE)
        in_file = _known_to(cls, _read_file(path, must_exist=named is not None))
        unset = {key: value for key, value in in_file.items() if not _in_environment(key)}
        try:
            settings = cls(**{**unset, **flags})
        except ValidationError as error:
            raise SettingsError(_in_one_line(error, lambda key: _place(key, flags, path))) from None
        except UnreadableError as error:
            raise SettingsError(str(error)) from None
        settings._typed = frozenset(flags)
        return settings

    def typed(self, names: Iterable[str]) -> str:
        """Which of these settings were options on the command line, as they are typed there; empty for none."""
        return ", ".join(_flag(name) for name in names if name in self._typed)


class BrokerSettings(Settings):
    """Where the broker is, and how to enter: the settings that both programs share."""

    broker_host: str = Field("localhost", min_length=1, description="Host name or address of the MQTT broker.")
    broker_port: int = Field(1883, ge=1, le=65535, description="Port of the MQTT broker.")
    username: str | None = Field(None, description="User name for the broker.")
    password: SecretStr | None = Field(None, description="Password for the broker; a file keeps it more secret.")
    password_file: Path | None = Field(None, description="File with the password for the broker in its first line.")
    tls: bool = Field(False, description="Connect over TLS 1.2 or later; a file for TLS implies it.")
    cafile: Path | None = Field(None, description="Certificate authority to trust, PEM; else the system's.")
    certfile: Path | None = Field(None, description="Certificate to show to the broker, PEM.")
    keyfile: Path | None = Field(None, description="Key of that certificate, PEM.")
    mqtt_version: Protocol = Field(Protocol.AUTO, description="auto tries 5, then 3.1.1.")

    def broker(self) -> Broker:
        """The broker as the connection wants it. Raises SettingsError for files that can't be read."""
        return Broker(
            host=self.broker_host,
            port=self.broker_port,
            username=self.username,
            password=self._password(),
            tls=self._tls(),
            protocol=self.mqtt_version,
        )

    def _password(self) -> str | None:
        if self.password_file is None:
            return self.password.get_secret_value() if self.password else None
        try:
            return self.password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the password file {self.password_file} can't be read: {_why(error)}") from None

    def _tls(self) -> Tls | None:
        files = {"cafile": self.cafile, "certfile": self.certfile, "keyfile": self.keyfile}
        if not self.tls and not any(files.values()):
            return None
        if self.keyfile is not None and self.certfile is None:
            raise SettingsError("a keyfile is of use only with its certfile")
        for name, path in files.items():
            if path is not None and not os.access(path, os.R_OK):
                why = "" if path.exists() else ": there is none"
                raise SettingsError(f"the {name} {path} can't be read{why}")
        return Tls(**{name: str(path) if path else None for name, path in files.items()})


def _read_file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    if not must_exist and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"the configuration file {path} can't be read: {_why(error)}") from None


def _known_to(settings: type[Settings], in_file: dict[str, Any]) -> dict[str, Any]:
    """The file's values for one program: the common keys, overlaid with the program's section."""
    own = in_file.get(settings.section, {}) if settings.section else {}
    if not isinstance(own, dict):
        raise SettingsError(f"{settings.section} in the configuration file is a section, written [{settings.section}]")
    common = {key: value for key, value in in_file.items() if key not in SECTIONS}
    return {**common, **own}


def _why(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _in_environment(key: str) -> bool:
    variable = f"{PREFIX}{key}".lower()
    return any(name.lower() == variable and value for name, value in os.environ.items())


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _place(key: str, flags: Mapping[str, Any], path: Path) -> str:
    """Where the value of a setting comes from, as a person finds it."""
    if key in flags:
        return _flag(key)
    return f"{PREFIX}{key.upper()}" if _in_environment(key) else f"{path}: {key}"


def _in_one_line(error: ValidationError, place: Callable[[str], str]) -> str:
    complaints = []
    for complaint in error.errors(include_url=False, include_input=False):
        found_at = place(str(complaint["loc"][0]))
        if complaint["type"] == "extra_forbidden":
            file, _, key = found_at.rpartition(": ")
            complaints.append(f"{file}: unknown key {key}")
        else:
            complaints.append(f"{found_at}: {complaint['msg']}")
    return "; ".join(complaints)
