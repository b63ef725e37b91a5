"""The settings file of notifications: receivers, whose addresses it never holds, and routes to them."""

import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from grid.errors import SettingsError
from monitor.facts import Severity
from monitor.notifications.plan import EVERY_DAY, Hours, Plan, Recipient, Route

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GROUPS = ("rule", "region", "severity")
_NAME = r"^[0-9A-Za-z._-]{1,64}$"
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MOST_WAIT_SECONDS = 3600.0
_SHORTEST_REPEAT_SECONDS = 60.0
_LONGEST_REPEAT_SECONDS = 31 * 86_400.0
_LONGEST_URL = 64 * 1024
_NAME_LENGTH = 64
_URL = re.compile(r"[0-9A-Za-z+.-]{2,}:/")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the URL of a receiver is to be read: from a file, or from an environment variable."""

    url_file: Path | None = None
    url_env: str | None = None


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """What the file says: the plan for the decider, and where the addresses are for whoever delivers."""

    plan: Plan = field(default_factory=Plan)
    addresses: Mapping[str, Address] = field(default_factory=dict)


def read_notify_file(path: Path, *, rules: Collection[str]) -> NotifySettings:
    """Read the file, and see that every address can be read; `rules` are those that alarms have.

    Raises SettingsError with all that is wrong, in one line; never with an address.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is no text in UTF-8"
        raise SettingsError(f"the file {path} can't be read: {why}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the file {path} is no TOML: {error}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
        raise SettingsError(f"the file {path} is no TOML that can be used") from None
    try:
        read = _NotifyFile.model_validate(document)
    except ValidationError as error:
        raise SettingsError("; ".join(f"{path}: {complaint}" for complaint in _complaints(error))) from None
    settings = read.settings()
    for route in settings.plan.routes:
        if unknown := sorted(route.rules - set(rules)):
            known = ", ".join(sorted(rules))
            raise SettingsError(f"{path}: the route {route.name}: {_shown(unknown)} is no rule of alarms: {known}")
    for name, address in settings.addresses.items():
        _refuse_unreadable(path, name, address)
    return settings


def read_address(address: Address, environment: Mapping[str, str]) -> str:
    """The URL of a receiver: the first line of its file, or its variable. Raises OSError, KeyError, ValueError."""
    if address.url_env is not None:
        text = environment[address.url_env]
    else:
        with (address.url_file or Path()).open(encoding="utf-8") as file:
            text = file.readline(_LONGEST_URL)
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def _refuse_unreadable(path: Path, name: str, address: Address) -> None:
    try:
        read_address(address, os.environ)
    except KeyError:
        raise SettingsError(f"{path}: receivers.{name}: there is no environment variable {address.url_env}") from None
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "its first line is no address"
        place = address.url_file or f"the variable {address.url_env}"
        raise SettingsError(f"{path}: receivers.{name}: {place} can't be used: {why}") from None


# --- the model of the file


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError('must be a time of day such as "07:00"')
    return text


def _span(text: str) -> str:
    if len(parts := text.split("-")) != 2 or not all(map(_CLOCK.fullmatch, parts)) or parts[0] == parts[1]:
        raise ValueError('must be hours such as "22:00-06:00"')
    return text


_Clock = Annotated[str, AfterValidator(_clock)]
_Span = Annotated[str, AfterValidator(_span)]


class _Part(BaseModel):
    # Strict: TOML has types, and true for 1 is a slip of the pen. Enums and paths come as text all the same.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True)


class _Receiver(_Part):
    url_file: Annotated[Path | None, Field(strict=False)] = None
    url_env: str | None = Field(None, pattern=r"^[0-9A-Za-z_]{1,256}$")
    quiet_hours: _Span | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url_file is None) == (self.url_env is None):
            raise ValueError("name the place of its address: url_file or url_env, one of them")
        if self.url_file is not None and _URL.match(str(self.url_file)):
            raise ValueError("url_file names a file: the address belongs into it")
        return self


class _Route(_Part):
    name: str = Field(min_length=1, max_length=64)
    receivers: list[str] = Field(min_length=1)
    severities: list[Annotated[Severity, Field(strict=False)]] = Field(list(Severity), min_length=1)
    regions: list[str] = Field([], min_length=1)
    rules: list[str] = Field([], min_length=1)
    hours: _Span | None = None
    days: list[str] = Field(list(_DAYS), min_length=1)
    digest: list[_Clock] = Field([], min_length=1)
    group_by: list[str] = ["rule", "region"]
    group_wait_seconds: float = Field(30.0, ge=0, le=_MOST_WAIT_SECONDS)
    repeat_seconds: float = Field(3600.0, ge=0, le=_LONGEST_REPEAT_SECONDS)
    cleared: bool = True

    @model_validator(mode="after")
    def _known_words(self) -> Self:
        for name, values, known in (("days", self.days, _DAYS), ("group_by", self.group_by, _GROUPS)):
            if unknown := sorted(set(values) - set(known)):
                raise ValueError(f"{name}: {_shown(unknown)} is none of {', '.join(known)}")
        if 0 < self.repeat_seconds < _SHORTEST_REPEAT_SECONDS:
            raise ValueError(f"repeat_seconds: at least {_SHORTEST_REPEAT_SECONDS:.0f}, or 0 for never")
        if self.digest and self.hours:
            raise ValueError("a digest has its own times: hours are of no use with it")
        return self

    def route(self) -> Route:
        days = frozenset(map(_DAYS.index, self.days))
        span = self.hours or ("00:00-00:00" if days != EVERY_DAY else None)
        return Route(
            name=self.name,
            receivers=tuple(dict.fromkeys(self.receivers)),
            severities=frozenset(self.severities),
            regions=frozenset(self.regions),
            rules=frozenset(self.rules),
            hours=None if span is None else _hours(span, days),
            digest=tuple(time.fromisoformat(clock) for clock in self.digest),
            group_by=tuple(self.group_by),
            group_wait_seconds=self.group_wait_seconds,
            repeat_seconds=self.repeat_seconds or None,
            tells_cleared=self.cleared,
        )


class _NotifyFile(_Part):
    timezone: str = "UTC"
    page_url: str = Field("", pattern=r"^(https?://[^\s]+)?$")
    receivers: dict[Annotated[str, Field(pattern=_NAME)], _Receiver] = Field(min_length=1)
    routes: list[_Route] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _zone(self.timezone)
        names = [route.name for route in self.routes]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"routes: several are called {', '.join(twice)}")
        for route in self.routes:
            if unknown := sorted(set(route.receivers) - set(self.receivers)):
                raise ValueError(f"the route {route.name} leads to {_shown(unknown)}, which is no receiver here")
            for name in route.receivers:
                if not _ever_speaks(route, self.receivers[name]):
                    raise ValueError(f"the route {route.name} holds in the quiet hours of {name} only: nothing is told")
        return self

    def settings(self) -> NotifySettings:
        recipients = {
            name: Recipient(name, None if one.quiet_hours is None else _hours(one.quiet_hours, EVERY_DAY))
            for name, one in self.receivers.items()
        }
        plan = Plan(
            receivers=recipients,
            routes=tuple(route.route() for route in self.routes),
            zone=_zone(self.timezone),
            zone_name=self.timezone,
            page_url=self.page_url.rstrip("/"),
        )
        return NotifySettings(plan, {name: Address(one.url_file, one.url_env) for name, one in self.receivers.items()})


def _hours(span: str, days: frozenset[int]) -> Hours:
    begin, end = span.split("-")
    return Hours(time.fromisoformat(begin), time.fromisoformat(end), days)


def _ever_speaks(route: _Route, receiver: _Receiver) -> bool:
    """Whether the route has a minute in which its receiver is not quiet; what is critical does not ask."""
    if route.hours is None or receiver.quiet_hours is None or set(route.severities) == {Severity.CRITICAL}:
        return True
    hours, quiet = _hours(route.hours, EVERY_DAY), _hours(receiver.quiet_hours, EVERY_DAY)
    midnight = datetime(2000, 1, 1, tzinfo=UTC)
    minutes = (midnight + timedelta(minutes=minute) for minute in range(24 * 60))
    return any(hours.include(minute) and not quiet.include(minute) for minute in minutes)


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"timezone: {_shown([name])!r} is no time zone, such as Europe/Berlin") from None


def _complaints(error: ValidationError) -> list[str]:
    return [
        _complaint(one["loc"], one["type"], one["msg"]) for one in error.errors(include_url=False, include_input=False)
    ]


def _complaint(location: tuple[int | str, ...], kind: str, message: str) -> str:
    """One thing that is wrong, and where; never with what stands there: it may be an address."""
    place = ".".join(_shown([part]) if isinstance(part, str) else str(part + 1) for part in location)
    if kind == "extra_forbidden":
        hint = ": the address belongs into a file (url_file) or a variable (url_env)" if place.endswith(".url") else ""
        return f"unknown key {place}{hint}"
    sentence = message.removeprefix("Value error, ")
    return f"{place}: {sentence}" if place else sentence


def _shown(words: Iterable[str]) -> str:
    """What somebody wrote, cut short; an address that stands at the wrong place is not shown."""
    return ", ".join("(an address)" if _URL.search(word) else word[:_NAME_LENGTH] for word in words)
