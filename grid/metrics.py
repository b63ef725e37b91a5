"""The reading that a turbine publishes on `grid/turbines/<n>/metrics`."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grid.times import UtcMicroseconds
from grid.topics import MAX_TURBINE_NUMBER

MAX_METRICS_BYTES = 4096
"""A reading is some 200 bytes; what is larger than this is not parsed at all."""

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader holds exactly; SQLite's limit lies above it."""


MAX_WIND_SPEED = 200.0
"""In m/s; above any wind, and above the 100.0 of a turbine with static wind."""

MAX_QUANTITY = 1e12
"""The largest amount of anything else, in either direction."""


class OperationalStatus(StrEnum):
    """A turbine's own word on itself (IEC 61400-25: WTUR.TurSt)."""

    OK = "ok"
    BROKEN = "broken"


TurbineNumber = Annotated[int, Field(ge=1, le=MAX_TURBINE_NUMBER, description="the turbine's number, as in the topic")]
NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+$"
"""What a text in a message must match: it is shown on terminals and written into logs.

Neither control characters, nor Unicode's line separators and those that turn the direction of writing.
"""

Session = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=NO_CONTROL_CHARACTERS)]
Quantity = Annotated[float, Field(allow_inf_nan=False, ge=-MAX_QUANTITY, le=MAX_QUANTITY)]


class TurbineMetrics(BaseModel):
    """One reading. Only the first four fields are required; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    turbine_number: TurbineNumber
    wind_speed: Annotated[
        float, Field(allow_inf_nan=False, ge=0, le=MAX_WIND_SPEED, description="wind speed at hub height, in m/s")
    ]
    power_output_in_kwh: Annotated[
        Quantity,
        Field(description="energy since the previous reading, in kWh; negative while a standing turbine consumes"),
    ]
    operational_status: Annotated[
        # Lax here only: JSON knows no enums, and a StrEnum takes nothing but its own words.
        OperationalStatus,
        Field(strict=False, description="ok, or broken and in need of an engineer"),
    ]
    emitted_at: Annotated[
        UtcMicroseconds | None,
        Field(description="when the turbine took the reading; without it, the time of arrival counts"),
    ] = None
    session: Annotated[Session | None, Field(description="which start of the turbine this belongs to")] = None
    sequence: Annotated[
        int | None,
        Field(ge=0, le=MAX_INTEGER, description="counts the readings of a session from 0, so that gaps are seen"),
    ] = None
    oldest_held: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_INTEGER,
            description="on a reading that is sent again: the oldest sequence of its session that the turbine still "
            "holds; what lies before was acknowledged, or will never come",
        ),
    ] = None
    voltage: Annotated[Quantity | None, Field(description="generator voltage, in V")] = None
    current: Annotated[Quantity | None, Field(description="generator current, in A")] = None
    temperature: Annotated[Quantity | None, Field(description="generator temperature, in degrees Celsius")] = None

    def to_json(self) -> bytes:
        """The reading as it goes over the wire: JSON, without the fields that are unknown."""
        return self.model_dump_json(exclude_none=True).encode()
