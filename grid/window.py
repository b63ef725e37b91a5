"""What a turbine's readings of a minute or a quarter hour come to, told on `windows/1m` and `windows/15m`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from grid.metrics import MAX_INTEGER, MAX_WIND_SPEED, TurbineNumber
from grid.times import UtcMicroseconds

MAX_SECONDS = 1e6
MAX_AMOUNT = 1e24
"""Of what is figured from readings: far beyond what these can come to, and no infinity."""

Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, allow_inf_nan=False)]
WindSpeed = Annotated[float, Field(allow_inf_nan=False, ge=0, le=MAX_WIND_SPEED)]


class TurbineWindow(BaseModel):
    """A tumbling window of a turbine's event time, not retained: told when it is complete, and after each correction.

    Of two with the same turbine, width and start the one with the higher revision counts.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    turbine_number: TurbineNumber
    width_seconds: Annotated[int, Field(ge=1, le=86_400, description="60 or 900, as the topic says")]
    start_at: Annotated[UtcMicroseconds, Field(description="its beginning: a multiple of the width since 1970")]
    revision: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="1 at first, one more with each correction")]
    readings: Annotated[Count, Field(description="how many there are")]
    interval_seconds: Annotated[
        Seconds | None, Field(description="between readings; left out where a lone one leaves it unknown")
    ] = None
    covered_seconds: Annotated[
        Seconds, Field(description="the time that the readings speak for; the rest is time without information")
    ]
    broken_seconds: Annotated[Seconds, Field(description="of the covered time, that of readings that say broken")]
    wind_speed_mean: Annotated[WindSpeed, Field(description="in m/s")]
    wind_speed_min: Annotated[WindSpeed, Field(description="in m/s")]
    wind_speed_max: Annotated[WindSpeed, Field(description="in m/s")]
    energy_in_kwh: Annotated[Amount, Field(description="the sum of what the readings tell")]
    mean_power_in_kw: Annotated[Amount | None, Field(description="over the covered time; left out if unknown")] = None
    max_power_in_kw: Annotated[Amount | None, Field(description="of a single reading; left out if unknown")] = None

    def to_json(self) -> bytes:
        """The window as it goes over the wire: JSON, without the fields that are unknown."""
        return self.model_dump_json(exclude_none=True).encode()
