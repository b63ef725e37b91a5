"""The layouts of SCADA files that are known by name, and how to recognise one by its header."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from turbine.life import UNKNOWN_NAMEPLATE, Nameplate


class Column(StrEnum):
    """What a column of the file can hold."""

    TURBINE = "turbine"
    TIME = "time"
    WIND_SPEED = "wind_speed"
    POWER_KW = "power_kw"
    ENERGY_KWH = "energy_kwh"
    STATUS = "status"
    VOLTAGE = "voltage"
    CURRENT = "current"
    TEMPERATURE = "temperature"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column holds what, by its name in the header, how its times are written (None: ISO 8601), and what is
    known of its turbines.
    """

    columns: Mapping[Column, str] = field(default_factory=dict)
    time_format: str | None = None
    nameplate: Nameplate = UNKNOWN_NAMEPLATE


class Preset(StrEnum):
    """A layout that is known by name."""

    KELMARSH = "kelmarsh"
    MARGE = "marge"
    YALOVA = "yalova"


LAYOUTS: Mapping[Preset, Layout] = {
    # Kelmarsh wind farm (Cubico), doi 10.5281/zenodo.5841833, the turbines' files put together: six Senvion MM92.
    Preset.KELMARSH: Layout(
        {
            Column.TURBINE: "turbine",
            Column.TIME: "timestamp",
            Column.WIND_SPEED: "wind_speed_m_s",
            Column.POWER_KW: "power_kw",
        },
        nameplate=Nameplate(model="MM92", rated_power_in_kw=2050.0),
    ),
    # The "Marge" wind farm of RES wind-up's examples. AmbientTemp is the air's, not the generator's.
    Preset.MARGE: Layout(
        {
            Column.TURBINE: "TurbineName",
            Column.TIME: "dtTimeStamp",
            Column.WIND_SPEED: "WindSpeedMean",
            Column.POWER_KW: "ActivePowerMean",
            Column.STATUS: "ShutdownDuration",
        }
    ),
    # One turbine at Yalova, 2018, the "Wind Turbine Scada Dataset".
    Preset.YALOVA: Layout(
        {
            Column.TIME: "Date/Time",
            Column.WIND_SPEED: "Wind Speed (m/s)",
            Column.POWER_KW: "LV ActivePower (kW)",
        },
        time_format="%d %m %Y %H:%M",
    ),
}


def recognised(header: Collection[str]) -> Preset | None:
    """The first preset whose columns are all in the header; None when none fits."""
    fitting = (preset for preset, layout in LAYOUTS.items() if set(layout.columns.values()) <= set(header))
    return next(fitting, None)
