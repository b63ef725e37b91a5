"""Which information category of IEC 61400-26-1 an outage's type belongs to."""

from monitor.facts import BROKEN, DEVIATING, OFFLINE, Category, turbine_of

_BY_TYPE = {
    BROKEN: Category.FORCED_OUTAGE,
    OFFLINE: Category.INFORMATION_UNAVAILABLE,
    DEVIATING: Category.PARTIAL_PERFORMANCE,
    "derated": Category.PARTIAL_PERFORMANCE,
    "maintenance": Category.SCHEDULED_MAINTENANCE,
    "planned_corrective_action": Category.SCHEDULED_MAINTENANCE,
    "technical_standby": Category.OUT_OF_SCOPE,
    "out_of_environmental_specification": Category.OUT_OF_SCOPE,
    "icing": Category.OUT_OF_SCOPE,
    "high_wind": Category.OUT_OF_SCOPE,
    "requested_shutdown": Category.OUT_OF_SCOPE,
    "curtailment": Category.OUT_OF_SCOPE,
    "out_of_electrical_specification": Category.OUT_OF_SCOPE,
    "grid_outage": Category.OUT_OF_SCOPE,
    "suspended": Category.OUT_OF_SCOPE,
    "force_majeure": Category.OUT_OF_SCOPE,
}


def category_of(controller_id: str, outage_type: str) -> Category | None:
    """The category of a turbine's outage; None for other controllers, which the standard does not speak of.

    A type that is itself the name of a category means that one. Any other word counts as a forced outage: that
    hides no failure, and whoever knows better names the category.
    """
    if turbine_of(controller_id) is None:
        return None
    if outage_type in _BY_TYPE:
        return _BY_TYPE[outage_type]
    return Category(outage_type) if outage_type in set(Category) else Category.FORCED_OUTAGE
