"""`via` gives a plain Python test an httpx client over a path."""

import pytest

TESTS = """
    import httpx
    import pytest

    def test_an_answer_comes_over_a_path(via):
        answer = via("control-abroad").get("https://www.example.com/")
        assert 200 == answer.status_code
        assert "Example Domain" in answer.text

    def test_a_reset_name_says_so(via):
        with pytest.raises(httpx.ConnectError, match="connection_reset at tls, over direct"):
            via("direct").get("https://news.example.org/")

    def test_a_body_is_sent(via):
        assert 200 == via("direct").post("https://www.example.com/", content=bytes(range(256))).status_code

    def test_a_client_is_kept(via):
        assert via("direct") is via("direct")

    def test_an_unknown_path_is_suggested(via):
        with pytest.raises(Exception, match='no path is called "dierct"; did you mean "direct"?'):
            via("dierct")
"""


@pytest.fixture
def fetching(pytester: pytest.Pytester, lab: None) -> pytest.Pytester:
    pytester.makepyfile(TESTS)
    return pytester


def test_it_works_inside_a_world(fetching: pytest.Pytester) -> None:
    fetching.runpytest_subprocess("--world", "sni-reset").assert_outcomes(passed=5)


def test_it_works_under_xdist(fetching: pytest.Pytester) -> None:
    pytest.importorskip("xdist")

    fetching.runpytest_subprocess("--world", "sni-reset", "-n", "2").assert_outcomes(passed=5)


def test_without_a_place_it_skips(fetching: pytest.Pytester) -> None:
    result = fetching.runpytest_subprocess("-rs")

    result.assert_outcomes(skipped=5)
    result.stdout.fnmatch_lines(["*nothing is sent without --world NAME or --live"])
