"""The settings of grid-turbines: one field for each option, with its unit in the help."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field

from grid.broker import Broker
from grid.errors import SettingsError
from grid.settings import BrokerSettings
from grid.status import MAX_LABEL_LENGTH
from grid.topics import MAX_TURBINE_NUMBER
from turbine.chaos import ChaosKind, Rates, parse_rates
from turbine.replay.presets import Preset

MEMORY = "memory"
OFF = "off"
OUTBOX_FILE = "outbox.jsonl"
"""Its name in a folder that is given for it."""

NUMBER = "{number}"
PER_TURBINE = ("username", "password_file", "certfile", "keyfile")
"""In these `{number}` stands for each turbine's number, so that one process runs many, and each enters as itself."""

REPLAY_ONLY = (
    "speed", "columns", "preset", "timezone", "time_format", "interval", "times", "broken_values", "events",
)  # fmt: skip
SIMULATION_ONLY = (
    "count", "upload_interval", "time_to_fail", "time_to_repair", "wind", "anomaly_rate", "anomalies", "region",
    "processes",
)  # fmt: skip


class WindKind(StrEnum):
    """Where the wind comes from."""

    WEATHER = "weather"
    STATIC = "static"


class Times(StrEnum):
    """What a replay's readings say of when they were taken."""

    FILE = "file"
    NOW = "now"


class TurbineSettings(BrokerSettings):
    """Settings of grid-turbines: flag over `GRID_...` over TOML, section `turbines`."""

    section: ClassVar[str] = "turbines"

    username: str | None = Field(
        None, description="User name for the broker. {number}, here and in the files, is each turbine's number."
    )
    count: int = Field(1, ge=1, le=100_000, description="How many turbines to simulate.")
    first_number: int = Field(1, ge=1, le=MAX_TURBINE_NUMBER, description="Number of the first turbine.")
    upload_interval: float = Field(
        1.0, ge=0.001, le=86_400, allow_inf_nan=False, description="Seconds between two readings of a turbine."
    )
    time_to_fail: float = Field(
        30.0,
        ge=0,
        allow_inf_nan=False,
        description="A turbine breaks within so many seconds, drawn anew each time; 0: never.",
    )
    time_to_repair: float = Field(
        5.0,
        ge=0,
        allow_inf_nan=False,
        description="A repair takes at most so many seconds, drawn once per turbine.",
    )
    seed: int | None = Field(None, ge=0, description="The same seed gives the same run; else one is drawn and said.")
    wind: WindKind = Field(
        WindKind.WEATHER,
        description="weather: wind over the farm and a real power curve; static: always 100.0 m/s and 3000.0 kWh.",
    )
    region: str = Field("north,south", description="Names of regions, with commas; turbines are dealt to them in turn.")
    anomaly_rate: float = Field(
        0.0, ge=0, le=0.5, allow_inf_nan=False, description="Share of readings with a wrong value, 0 to 0.5."
    )
    anomalies: Path | None = Field(None, description="File to append the truth of each wrong value to, as JSON lines.")
    duration: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Seconds after which to stop, in a replay seconds of the file; else until a signal. After it a "
        "missing broker is waited for 10 s: exit code 1 if it did not acknowledge all, 4 without any connection.",
    )
    outbox: str = Field(
        MEMORY,
        min_length=1,
        description="Where readings are kept until the monitor has them: memory; a folder (one that exists, or ending "
        "in /) or a file, which survive a kill of the program: the next start sends what they hold; or off: each is "
        "sent once, and forgotten when the broker has it.",
    )
    outbox_size: int | None = Field(
        None,
        ge=1,
        description="Readings that each turbine keeps; beyond that its oldest is given up. Default: 100000, and fewer "
        "in a fleet of more than 20.",
    )
    processes: int = Field(
        1,
        ge=1,
        le=256,
        description="Over how many processes to spread the turbines: one for each core that thousands of them may use.",
    )
    chaos: str | None = Field(
        None,
        description="What to do to readings and connections, with commas: late, duplicate, reorder, half-open, skew; "
        "each with its share of the readings if need be, as late=0.1. None of it loses a reading.",
    )
    chaos_log: Path | None = Field(None, description="File to append to what chaos did, as JSON lines.")
    emitted: Path | None = Field(None, description="File to append every reading to as it is emitted, as JSON lines.")
    dry_run: bool = Field(
        False, description="Print readings as JSON lines, without a broker; with --duration all at once."
    )

    replay: Path | None = Field(None, description="CSV file of SCADA data to replay instead of simulating.")
    speed: str | None = Field(
        None,
        description="Replay: seconds of the file per second, or max: as fast as the broker takes them. Default: 1.",
    )
    columns: str | None = Field(
        None, description="Replay: which column is what, as turbine=NAME,time=NAME,wind_speed=NAME,power_kw=NAME."
    )
    preset: Preset | None = Field(None, description="Replay: the file's layout by name; else it is recognised.")
    timezone: str | None = Field(None, description="Replay: zone of times without one, such as Europe/Paris; else UTC.")
    time_format: str | None = Field(
        None, description="Replay: how times are written, as for strptime, or unix; else ISO 8601."
    )
    interval: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Replay: seconds that a row stands for; else the file's own."
    )
    times: Times | None = Field(
        None, description="Replay: file: readings keep their times; now: shifted to end now. Default: file."
    )
    broken_values: str | None = Field(None, description="Replay: words of the status column that mean broken.")
    events: str | None = Field(None, description="Replay: event log that says when turbines stood: [TURBINE=]FILE.")

    def check(self) -> None:
        """Refuse settings that do not go together. Raises SettingsError.

        The variables and the file may have options for both, a simulation and a replay; the command line may not.
        """
        if self.replay is None:
            self._check_simulation()
        elif given := self.typed(SIMULATION_ONLY if self.chaos else ("seed", *SIMULATION_ONLY)):
            raise SettingsError(f"{given} not with --replay")
        if self.dry_run and (given := self.typed(("processes",))):
            raise SettingsError(f"{given} not with --dry-run")
        self._check_chaos()

    def _check_chaos(self) -> None:
        rates = self.chaos_rates()
        if rates is None and (given := self.typed(("chaos_log",))):
            raise SettingsError(f"{given} only with --chaos")
        if self.dry_run and rates and ChaosKind.HALF_OPEN in rates:
            raise SettingsError("half-open needs a broker: not with --dry-run")

    def _check_simulation(self) -> None:
        if given := self.typed(REPLAY_ONLY):
            raise SettingsError(f"{given} only with --replay")
        if self.first_number + self.count - 1 > MAX_TURBINE_NUMBER:
            raise SettingsError(f"turbine numbers end at {MAX_TURBINE_NUMBER}")
        if any(len(name) > MAX_LABEL_LENGTH for name in self.regions()):
            raise SettingsError(f"the name of a region has {MAX_LABEL_LENGTH} characters at most")
        if self.anomalies is not None and self.anomaly_rate == 0:
            raise SettingsError("--anomalies needs an --anomaly-rate above 0")

    def chaos_rates(self) -> Rates | None:
        """What happens, and how often; None: no chaos. Raises SettingsError."""
        if self.chaos is None:
            return None
        try:
            return parse_rates(self.chaos)
        except ValueError as error:
            raise SettingsError(f"--chaos: {error}") from None

    def brokers(self, numbers: Iterable[int]) -> dict[int, Broker]:
        """The broker as each of these turbines enters it. Raises SettingsError for files that can't be read."""
        if any(NUMBER in str(getattr(self, name)) for name in PER_TURBINE):
            return {number: self._of(number).broker() for number in numbers}
        return dict.fromkeys(numbers, self.broker())

    def without_files(self, numbers: Iterable[int]) -> dict[int, Path]:
        """Those of these turbines that lack a file of their own to enter by, and which."""
        named = [path for name in PER_TURBINE if isinstance(path := getattr(self, name), Path) and NUMBER in str(path)]
        missing = ((number, Path(str(path).replace(NUMBER, str(number)))) for number in numbers for path in named)
        return {number: path for number, path in missing if not path.exists()}

    def _of(self, number: int) -> Self:
        given = {name: value for name in PER_TURBINE if (value := getattr(self, name)) is not None}
        return self.model_copy(
            update={name: type(value)(str(value).replace(NUMBER, str(number))) for name, value in given.items()}
        )

    def numbers(self) -> range:
        """The numbers of the simulated turbines."""
        return range(self.first_number, self.first_number + self.count)

    def outbox_file(self) -> Path | None:
        """The file of the outboxes; None: they are in memory only."""
        if self.outbox in (MEMORY, OFF):
            return None
        path = Path(self.outbox)
        return path / OUTBOX_FILE if self.outbox.endswith("/") or path.is_dir() else path

    @property
    def resends(self) -> bool:
        """Whether readings are kept until the monitor has them, and sent again; else the broker's word is enough."""
        return self.outbox != OFF

    def regions(self) -> list[str]:
        """The names of the regions."""
        return [name.strip() for name in self.region.split(",") if name.strip()]
