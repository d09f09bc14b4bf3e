"""The E-model against what ITU-T publishes of it."""

import pytest

from harness.wire import emodel

# ITU-T G.107 (06/2015), annex B, table B.1: a rating and the mean opinion score that stands for it
TABLE_B1 = {90: 4.34, 80: 4.03, 70: 3.60, 60: 3.10, 50: 2.58}


@pytest.mark.parametrize(("rating", "score"), TABLE_B1.items())
def test_a_rating_stands_for_the_score_of_annex_b(rating: int, score: float) -> None:
    assert score == pytest.approx(emodel.mos(rating), abs=0.01)


def test_the_defaults_of_table_2_give_the_rating_that_g107_states_for_them() -> None:
    found = emodel.quality(delay=0.0, loss=0.0)

    assert (93.2, 4.41) == (round(found.r, 1), round(found.mos, 2))


def test_nothing_is_worse_than_bad_and_nothing_better_than_what_people_ever_say() -> None:
    assert (1.0, 4.5) == (emodel.mos(-20), emodel.mos(120))


# clause 7.4, equations 7-27 and 7-28, worked by hand: 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) at 200 ms
@pytest.mark.parametrize(("milliseconds", "impairment"), [(100, 0.0), (200, 3.04), (400, 24.08)])
def test_delay_alone_impairs_beyond_a_tenth_of_a_second(milliseconds: int, impairment: float) -> None:
    assert impairment == pytest.approx(emodel._idd(milliseconds), abs=0.02)


# clause 7.5, equation 7-29 with Ie = 0 and Bpl = 25.1: 95 * Ppl / (Ppl + 25.1)
@pytest.mark.parametrize(("percent", "impairment"), [(0, 0.0), (1, 3.64), (5, 15.78), (20, 42.13)])
def test_random_loss_impairs_as_g113_has_it_for_concealed_g711(percent: int, impairment: float) -> None:
    assert impairment == pytest.approx(emodel._ie_eff(percent, 1.0), abs=0.01)


def test_the_same_loss_in_bursts_is_worse() -> None:
    assert emodel.quality(0.1, 0.05, 2.0).mos < emodel.quality(0.1, 0.05).mos


# clause 7.4: what the whole comes to, with everything else at its default
@pytest.mark.parametrize(("delay", "rating"), [(0.05, 91.8), (0.15, 89.5), (0.25, 79.2), (0.4, 62.2)])
def test_the_rating_falls_slowly_to_150_ms_and_fast_from_there(delay: float, rating: float) -> None:
    assert rating == pytest.approx(emodel.quality(delay, 0.0).r, abs=0.1)


def test_half_the_round_trip_the_playout_and_the_packet_make_the_delay() -> None:
    assert 0.05 + 2 * 0.01 + 0.02 == pytest.approx(emodel.mouth_to_ear(rtt=0.1, jitter=0.01))
