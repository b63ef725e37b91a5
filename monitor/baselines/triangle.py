"""Which of wind, power and current is wrong, if any: by what the others show at the same moment.

Wind, power and current tell of each other: power follows wind by the curve, and current follows power. So two
relations, each with its own learnt spread, tell which of three is wrong (parity relations; Isermann, Fault-Diagnosis
Systems, Springer 2006, chapter 10): away from both is power, from the curve alone wind or the turbine itself, from
current alone current. Only where they can't tell, each is judged by its own past, as voltage and temperature are.
"""

from monitor.baselines.limits import CURRENT_SHARE, DEADBANDS, DRIFT_SHARE, POWER_SHARE, Gains
from monitor.baselines.normal import COARSE, LEARNT_READINGS, UNUSUAL, Normal
from monitor.baselines.track import Track
from monitor.baselines.verdicts import Ask, Verdict, deviation_of, doubt_wind, is_other_wind, tell_frozen

_STANDING_SHARE = 0.02
"""Of rated power: a turbine that makes no more than this stands."""
_WORTHWHILE_SHARE = 0.1
"""Of rated power: a turbine whose curve says more than this, and that stands, stands in wind."""
_UNLEARNT_SHARE = 0.1
"""Of rated power: the deadband of power where the turbine has not shown yet what it makes of such a wind."""
_DRIFT_DEVIATIONS = 2.0
"""A moving mean with gain 0.1 has sqrt(0.1 / 1.9) = 0.23 deviations of its own (Lucas and Saccucci, Technometrics 32,
1990), if readings do not depend on each other; since they do (air density, direction), much more is asked."""
_WIND_SCORE = 1.5
"""In standard deviations: a wind that moved less is not called wrong for the power's sake."""
_DRIFT_STEPS = 6.0
"""A reading counts as so many limits at most: with gain 0.1, a single one is never a lasting loss."""
_TELLING_SHARE = 0.03
"""Of rated power: the curve would have shown a change of wind of more than this."""
_STILL_AIR = 0.5
"""In m/s: an anemometer stands in less wind, and is not frozen."""
_BIAS_GAIN = 0.0005
_RATIO_GAIN = 0.01


def should_move(track: Track, wind_speed: float, power: float, expected: float | None, rated: float) -> bool:
    """Whether the wind since the last reading should have changed the power."""
    curve = track.curve
    if expected is None:
        return 0.05 * rated < abs(power) < 0.95 * rated
    model, before = curve.model, track.wind_speed.value
    if model is not None:
        moved = model.power(wind_speed, power) - model.power(before, power)
        return abs(moved) > 0.0005 * rated
    expected_before = curve.power(before, power)
    return expected_before is not None and abs(expected - expected_before) > _TELLING_SHARE * rated


def drift_limit(track: Track) -> float:
    """How far, in kW, the mean residual may lie from zero before it is a lasting one."""
    return max(DRIFT_SHARE * track.curve.rated_power, _DRIFT_DEVIATIONS * track.residual.deviation)


class Triangle:
    """Wind, power and current of one reading."""

    __slots__ = ("ask", "current", "expected", "gain", "power", "rated", "track", "wind_speed")

    def __init__(
        self, track: Track, wind_speed: float, power: float, current: float | None, gain: Gains, ask: Ask
    ) -> None:
        self.track, self.wind_speed, self.power, self.current = track, wind_speed, power, current
        self.gain, self.ask = gain, ask
        self.expected = track.curve.power(wind_speed, power)
        self.rated = track.curve.rated_power or abs(track.power.level)

    def judge(self, verdicts: list[Verdict]) -> None:
        """Judge the three, and learn from those that are not wrong."""
        off_curve, off_current = self._is_off_curve(), self._is_off_current()
        self._watch_standing()
        if self._frozen(verdicts, off_current=off_current):
            return
        wrong: str | None = None
        if off_curve or off_current:
            wrong = self._wrong(off_curve=off_curve, off_current=off_current)
            # A power that is the same as before may be frozen: its repeats will tell.
            if wrong is not None and not (wrong == "power" and self.power == self.track.power.value):
                verdicts.append(self._verdict(wrong))
        self._learn(wrong, verdicts, off_curve=off_curve, off_current=off_current)

    def _watch_standing(self) -> None:
        """Count the readings in which it stands in wind; one that has not run yet is measured by its model's curve."""
        track, model = self.track, self.track.curve.model
        promised = self.expected or 0.0 if model is None else model.power(self.wind_speed, self.power)
        if not self._stands():
            track.standing = 0
            if not track.residual.is_learnt:
                track.drift = 0.0
        elif promised > _WORTHWHILE_SHARE * self.rated:
            track.standing = min(track.standing + 1, LEARNT_READINGS)
            if not track.residual.is_learnt:
                track.drift += self.gain.drift * (self.power - promised - track.drift)

    # --- the two relations

    def _deadband(self) -> float:
        share = POWER_SHARE if self.track.curve.is_learnt_at(self.wind_speed) else _UNLEARNT_SHARE
        return share * self.rated

    def _is_off_curve(self) -> bool:
        if self.expected is None:
            return False
        return self.track.is_learnt and self.track.residual.is_unusual(self.power - self.expected, self._deadband())

    def _is_off_current(self) -> bool:
        ratio = self.track.current_per_power
        if self.current is None or not ratio.is_learnt or not self.track.is_learnt:
            return False
        power = abs(self.power)
        spread = max(UNUSUAL * ratio.deviation, CURRENT_SHARE * ratio.level) * power
        return abs(self.current - ratio.level * power) > max(spread, POWER_SHARE * ratio.level * self.rated)

    # --- who is wrong

    def _wrong(self, *, off_curve: bool, off_current: bool) -> str | None:
        """The quantity that is wrong; None where the turbine itself is not what it was, or nobody can tell."""
        if off_curve and off_current:
            return "power"
        if off_curve:
            self.track.off_curve += 1
            return self._wind_or_power()
        if self.current == self.track.current.value:
            return None  # it may be frozen: `_learn_current` counts
        if self.expected is None:
            return "current" if self._score("current") >= self._score("power") else "power"
        off = abs(self.power - self.expected - self.track.residual.level)
        return "current" if off <= POWER_SHARE * self.rated else "power"

    def _wind_or_power(self) -> str | None:
        wind, power = self._score("wind_speed"), self._score("power")
        neighbours = self.ask()
        first = self.track.off_curve == 1
        if neighbours is not None:
            is_wind = is_other_wind(self.wind_speed, neighbours) and (wind > 1.0 or not first)
        else:
            # A turbine that stands, or makes less, is off its curve again and again as the wind comes and goes.
            is_wind = first and wind > max(power, _WIND_SCORE) and abs(self.track.drift) < DRIFT_SHARE * self.rated
        if is_wind:
            return "wind_speed"
        # One reading may be a wrong one. A power that stays away is the turbine's, where no current speaks against it.
        is_alone = self.current is None or not self.track.current_per_power.is_learnt
        return "power" if is_alone and first and power > UNUSUAL else None

    def _score(self, quantity: str) -> float:
        """How far a quantity is from its own past, in standard deviations."""
        if quantity == "wind_speed":
            return abs(self.track.wind_speed.score(self.wind_speed, DEADBANDS["wind_speed"] / 10))
        value = self.power if quantity == "power" else self.current or 0.0
        normal: Normal = getattr(self.track, quantity)
        return abs(normal.score(value, POWER_SHARE * self._size(quantity)))

    def _size(self, quantity: str) -> float:
        if quantity == "current" and self.track.current_per_power.is_learnt:
            return self.rated * self.track.current_per_power.level
        return self.rated if quantity == "power" else abs(self.track.current.level)

    def _verdict(self, wrong: str) -> Verdict:
        track = self.track
        if wrong == "current":
            ratio = track.current_per_power
            expected = ratio.level * abs(self.power) if ratio.is_learnt else track.current.level
            observed = self.current or 0.0
            scale = max(ratio.deviation * abs(self.power), POWER_SHARE * self._size("current") / UNUSUAL)
            return deviation_of(wrong, expected, observed, (observed - expected) / max(scale, 1e-9))
        residual = self.power - (self.expected or 0.0)
        if wrong == "wind_speed":
            score = track.residual.score(residual, self._deadband())
            return deviation_of(wrong, track.wind_speed.level, self.wind_speed, score)
        if self.expected is None:
            return deviation_of(wrong, track.power.level, self.power, self._score("power"))
        return deviation_of(wrong, self.expected, self.power, track.residual.score(residual, self._deadband()))

    # --- frozen values: only where the others say that they should move

    def _frozen(self, verdicts: list[Verdict], *, off_current: bool) -> bool:
        """Whether power or wind repeats itself while the other moves: then neither is judged otherwise."""
        track = self.track
        same_wind, same_power = self.wind_speed == track.wind_speed.value, self.power == track.power.value
        if not (same_wind or same_power) or (same_wind and not same_power and track.wind_speed.chance > COARSE):
            return False
        if same_wind and same_power:
            self._stand_still(verdicts)
            return True
        if same_power:
            is_standing = track.standing > 0 and self.power <= 0 and not off_current
            if is_standing or not self._is_power_stuck():
                track.power.repeats = 0
                return False
            wrong = "power"
            doubt_wind(track, self.wind_speed, self.gain, self.ask, verdicts)
        else:
            wrong = "wind_speed"
            self._follow("power", self.power)
        self._doubt_repeated(wrong, verdicts)
        if self.current is not None:
            self._follow("current", self.current)
        return True

    def _is_power_stuck(self) -> bool:
        """Whether a power that came again should have moved."""
        wind = self.track.wind_speed
        if wind.is_unusual(self.wind_speed, DEADBANDS["wind_speed"]):
            return False
        return should_move(self.track, self.wind_speed, self.power, self.expected, self.rated)

    def _stand_still(self, verdicts: list[Verdict]) -> None:
        """Neither moves: the wind alone may be frozen, while the power is that of a calm or of full load."""
        if not self.track.power.is_learnt:
            self._follow("power", self.power)
        self._doubt_repeated("wind_speed", verdicts)
        self._learn_current(None, verdicts, off_current=self._is_off_current())

    def _stands(self) -> bool:
        """Whether the turbine makes nothing, whatever it should make: its power moves no more, and is not frozen."""
        return abs(self.power) <= _STANDING_SHARE * self.rated

    def _doubt_repeated(self, quantity: str, verdicts: list[Verdict]) -> None:
        value = self.power if quantity == "power" else self.wind_speed
        self._follow(quantity, value)
        if value >= _STILL_AIR if quantity == "wind_speed" else not self._stands() or self._is_off_current():
            tell_frozen(self.track, quantity, getattr(self.track, quantity), verdicts)

    # --- learning

    def _follow(self, quantity: str, value: float) -> None:
        normal: Normal = getattr(self.track, quantity)
        if not normal.take_usual(value, self.gain.quick):
            normal.follow(value, self.gain.quick, DEADBANDS.get(quantity, POWER_SHARE * self._size(quantity)))

    def _learn(self, wrong: str | None, verdicts: list[Verdict], *, off_curve: bool, off_current: bool) -> None:
        self._learn_current(wrong, verdicts, off_current=off_current)
        self._learn_relation(wrong, off_curve=off_curve)
        self._learn_wind(wrong, verdicts)
        self._learn_power(wrong)

    def _learn_current(self, wrong: str | None, verdicts: list[Verdict], *, off_current: bool) -> None:
        track, current = self.track, self.current
        if current is None:
            return
        may_learn = not off_current and (track.turn == 0 or not track.current_per_power.is_learnt)
        if may_learn and abs(self.power) > 0.05 * self.rated:
            ratio = current / abs(self.power)
            if not track.current_per_power.take_usual(ratio, _RATIO_GAIN):
                track.current_per_power.follow(ratio, _RATIO_GAIN, CURRENT_SHARE * abs(track.current_per_power.level))
        if wrong == "current":
            track.current.reject(current)
        elif current == track.current.value:
            self._follow("current", current)
            if max(current, track.current_per_power.level * abs(self.power)) > POWER_SHARE * self._size("current"):
                tell_frozen(track, "current", track.current, verdicts)
        else:
            self._follow("current", current)

    def _learn_relation(self, wrong: str | None, *, off_curve: bool) -> None:
        track = self.track
        if wrong is not None and wrong != "current":
            return
        if not off_curve:
            track.off_curve = 0
            if track.turn == 0 or not track.residual.is_learnt:
                self._learn_curve()
        if self.expected is None:
            return
        residual = self.power - self.expected
        if track.residual.is_learnt:
            step = residual - track.residual.level - track.drift
            most = _DRIFT_STEPS * drift_limit(track)
            track.drift += self.gain.drift * min(max(step, -most), most)

    def _learn_curve(self) -> None:
        track, residual = self.track, self.track.residual
        model = track.curve.model
        expected = self.expected if model is None else model.power(self.wind_speed, self.power)
        if expected is not None and expected > _WORTHWHILE_SHARE * self.rated and self._stands():
            return  # says nothing of the curve (IEC 61400-12-1 leaves out what is measured while a turbine stands)
        spread = residual.deviation if residual.is_learnt else 0.0
        track.curve.learn(self.wind_speed, self.power, 3 * max(spread, POWER_SHARE * self.rated))
        if self.expected is not None:
            step = self.power - self.expected
            if not residual.take_usual(step, _BIAS_GAIN):
                residual.follow(step, _BIAS_GAIN, self._deadband())

    def _learn_wind(self, wrong: str | None, verdicts: list[Verdict]) -> None:
        normal, wind_speed = self.track.wind_speed, self.wind_speed
        if wrong == "wind_speed":
            normal.reject(wind_speed)
        elif wrong is not None or not normal.take_usual(wind_speed, self.gain.quick):
            if wrong is not None or self._is_told_by_curve():
                self._follow("wind_speed", wind_speed)
            else:
                doubt_wind(self.track, wind_speed, self.gain, self.ask, verdicts)

    def _is_told_by_curve(self) -> bool:
        """Whether power would be away from the curve, if the wind had not really changed like that."""
        track = self.track
        if self.expected is None or not track.residual.is_learnt:
            return False
        before = track.curve.power(max(0.0, track.wind_speed.level), self.power)
        return before is not None and abs(self.expected - before) > _TELLING_SHARE * self.rated

    def _learn_power(self, wrong: str | None) -> None:
        """A power is judged by wind and current only: by itself it comes and goes with the wind."""
        if wrong == "power":
            self.track.power.reject(self.power)
        elif self.power != self.track.power.value:
            self._follow("power", self.power)
