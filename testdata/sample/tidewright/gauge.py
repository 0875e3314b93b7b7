"""Read the pressure gauge on the pilot jetty and write ten-minute medians.

The sensor hangs in a perforated pipe of stainless steel, 1.2 metres below
chart datum, so that it stays wet on the lowest tides. It measures pressure;
the depth follows from the density of the water, which is not constant in a
river mouth. We assume 1021 kg/m3, halfway between what the Tarrow brings down
in February and what the sea brings in during August. The error is at most
two centimetres.
"""

import csv
import statistics
import time
from dataclasses import dataclass

GRAVITY = 9.8113  # at the latitude of the jetty, in metres a second squared
DENSITY = 1021.0
SENSOR_BELOW_DATUM = 1.2

# Samples come every ten seconds, so a full window holds sixty. We publish a
# window that has at least forty: fewer happen only when the cable is wet, and
# the readings of a wet cable are plausible, which is the worst kind of wrong.
WINDOW_SECONDS = 600
MIN_SAMPLES = 40

# The old sensor ended at 6.5 m. A saturated value means "at least this much".
RANGE_METRES = 8.0


@dataclass
class Window:
    """Ten minutes of samples."""

    start: int
    samples: list[float]

    @property
    def publishable(self) -> bool:
        return len(self.samples) >= MIN_SAMPLES

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def height_above_datum(pressure_pa: float, air_pa: float) -> float:
    """Turn the absolute pressure at the sensor into a height.

    The air pressure comes from the barometer in the harbour office, the one
    that Captain Deschenes was given when he retired and that his daughter
    returned. Its dial was wired to an encoder in 2016.
    """
    return (pressure_pa - air_pa) / (DENSITY * GRAVITY) - SENSOR_BELOW_DATUM


def clamp(height: float) -> tuple[float, bool]:
    """Limit a height to the sensor's range and say whether it was limited.

    Before release 3.2.1 a saturated sample was thrown away like a broken
    one. That was how the alarm went out in the middle of the storm.
    """
    if height >= RANGE_METRES:
        return RANGE_METRES, True
    return height, False


def windows(samples):
    """Group (time, height) pairs into windows that begin on the ten minutes."""
    current = None
    for at, height in samples:
        start = int(at) - int(at) % WINDOW_SECONDS
        if current is None or start != current.start:
            if current is not None and current.publishable:
                yield current
            current = Window(start, [])
        current.samples.append(height)


def run(sensor, barometer, path: str) -> None:
    """Append medians to the CSV file at path until the process is ended.

    The file is opened anew for each line. This is slow on purpose: the log
    rotation of the harbour office renames files at 3 a.m. and would otherwise
    leave us writing to yesterday.
    """

    def samples():
        while True:
            height, _ = clamp(height_above_datum(sensor.read(), barometer.read()))
            yield time.time(), height
            time.sleep(10)

    for window in windows(samples()):
        with open(path, "a", newline="", encoding="utf-8") as out:
            csv.writer(out).writerow([window.start, f"{window.median:.2f}"])
