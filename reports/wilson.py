"""The interval in which a share lies that was observed in a sample (Wilson 1927), without the continuity correction."""

from math import sqrt

Z = 1.959963984540054
"""How many standard deviations hold 95 % of a normal distribution."""


def wilson_interval(share: float, sample: int, z: float = Z) -> tuple[float, float]:
    """Return the least and the largest true share, from 0 to 1, that an observed share of a sample allows.

    ``share`` may be the mean of values between 0 and 1, too: they vary no more than yes and no of the same mean, so the
    interval is rather too wide. Raises ``ValueError`` for an empty sample: it says nothing.
    """
    if sample < 1 or not 0 <= share <= 1:
        raise ValueError(f"no interval for a share of {share} in a sample of {sample}")
    scale = 1 + z * z / sample
    middle = share + z * z / (2 * sample)
    half = z * sqrt(share * (1 - share) / sample + z * z / (4 * sample * sample))
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
