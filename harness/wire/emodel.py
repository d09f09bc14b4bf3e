"""The E-model of ITU-T G.107 (06/2015): what people would say of a call with such a delay and such a loss.

Everything but delay and loss stands at the default of table 2, with the echo that this implies. The outcome is an
estimate for planning, not a measurement of anybody's opinion. Names are those of the Recommendation.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

# Table 2: default values, in dB, dBm0p and qdu as they stand there.
_SLR, _RLR, _STMR, _DS, _DR = 8.0, 2.0, 15.0, 3.0, 3.0
_TELR, _WEPL, _QDU, _NC, _NFOR, _PS, _PR = 65.0, 110.0, 1.0, -70.0, -64.0, 35.0, 35.0
_OLR = _SLR + _RLR

G711_IE, G711_BPL = 0.0, 25.1
"""G.711 with the packet loss concealment of its appendix I: ITU-T G.113 (11/2007), appendix I, table I.4."""

JITTER_BUFFER = 2.0
"""The playout waits for twice the jitter, so that nearly nothing comes too late (after Cole and Rosenbluth, 2001)."""

PACKETISATION = 0.020
"""Seconds of speech that are gathered before a datagram leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """A rating R, 0 to 100, and the mean opinion score that it stands for, 1 to 4.5."""

    r: float
    mos: float


def quality(delay: float, loss: float, burst_ratio: float = 1.0) -> Quality:
    """The quality of a call: seconds one way from mouth to ear, share of datagrams lost, and how bursty the loss is.

    `burst_ratio` is the mean length of the bursts over that which chance alone would give (clause 7.5).
    """
    milliseconds = delay * 1000
    r = _ro() - _is(milliseconds) - _id(milliseconds) - _ie_eff(loss * 100, burst_ratio)  # equation 7-1, A = 0
    return Quality(r=r, mos=mos(r))


def mouth_to_ear(rtt: float, jitter: float) -> float:
    """Seconds one way, where only the round trip is known: half of it, the playout buffer, and the packetisation."""
    return rtt / 2 + JITTER_BUFFER * jitter + PACKETISATION


def mos(r: float) -> float:
    """The mean opinion score of a rating: annex B, equation B-4."""
    if r <= 0:
        return 1.0
    return 4.5 if r >= 100 else 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6


@functools.cache
def _no() -> float:
    """The sum of the noise powers, in dBm0p: equations 7-3 to 7-7."""
    nos = _PS - _SLR - _DS - 100 + 0.004 * (_PS - _OLR - _DS - 14) ** 2
    pre = _PR + 10 * math.log10(1 + 10 ** ((10 - (_STMR + _DR)) / 10))
    nor = _RLR - 121 + pre + 0.008 * (pre - 35) ** 2
    return 10 * math.log10(math.fsum(10 ** (power / 10) for power in (_NC, nos, nor, _NFOR + _RLR)))


def _ro() -> float:
    """The signal-to-noise ratio: equation 7-2."""
    return 15 - 1.5 * (_SLR + _no())


def _is(t: float) -> float:
    """What impairs the voice itself: too loud a line, sidetone, quantisation. Equations 7-8 to 7-18."""
    xolr = (_OLR + 0.2 * (64 + _no() - _RLR)) / 8
    iolr = 20 * (math.pow(1 + xolr**8, 1 / 8) - xolr)
    stmro = -10 * math.log10(10 ** (-_STMR / 10) + math.exp(-t / 4) * 10 ** (-_TELR / 10))
    ist = (
        12 * math.pow(1 + ((stmro - 13) / 6) ** 8, 1 / 8)
        - 28 * math.pow(1 + ((stmro + 1) / 19.4) ** 35, 1 / 35)
        - 13 * math.pow(1 + ((stmro - 3) / 33) ** 13, 1 / 13)
        + 29
    )
    q = 37 - 15 * math.log10(_QDU)
    g = 1.07 + 0.258 * q + 0.0602 * q**2
    y, z = (_ro() - 100) / 15 + 46 / 8.4 - g / 9, 46 / 30 - g / 40
    return iolr + ist + 15 * math.log10(1 + math.pow(10, y) + math.pow(10, z))


def _id(t: float) -> float:
    """What delay impairs: the talker's echo, the listener's echo (Tr = 2T), and the delay itself. Equations 7-19 ff."""
    terv = _TELR - 40 * math.log10((1 + t / 10) / (1 + t / 150)) + 6 * math.exp(-0.3 * t**2)
    apart = (-1.5 * (_no() - _RLR) - (80 + 2.5 * (terv - 14))) / 2
    idte = (apart + math.sqrt(apart**2 + 100) - 1) * (1 - math.exp(-t))
    listener = (_ro() - 10.5 * (_WEPL + 7) * math.pow(2 * t + 1, -0.25)) / 2
    return idte + listener + math.sqrt(listener**2 + 169) + _idd(t)


def _idd(ta: float) -> float:
    """Too long a delay, be there no echo at all: equations 7-27 and 7-28."""
    if ta <= 100:
        return 0.0
    x = math.log2(ta / 100)
    return 25 * (math.pow(1 + x**6, 1 / 6) - 3 * math.pow(1 + (x / 3) ** 6, 1 / 6) + 2)


def _ie_eff(ppl: float, burst_ratio: float) -> float:
    """What the codec and the loss of packets impair: equation 7-29."""
    return G711_IE + (95 - G711_IE) * ppl / (ppl / burst_ratio + G711_BPL)
