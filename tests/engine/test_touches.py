from harness.engine.touches import Endpoint, Touches

HOST = Endpoint("", "site.example", 443)
ALIAS = Endpoint("", "192.0.2.1", 443)


def test_nothing_went_before_the_first_touch() -> None:
    assert ((), None) == Touches().before([HOST])


def test_who_touched_an_endpoint_and_how_long_ago_is_kept() -> None:
    now = [0.0]
    touches = Touches(clock=lambda: now[0])
    touches.note("one", HOST, ["192.0.2.1"])
    now[0] = 2.5

    assert (("one",), 2.5) == touches.before([HOST])


def test_a_touch_by_name_is_a_touch_of_its_addresses() -> None:
    touches = Touches()
    touches.note("one", HOST, ["192.0.2.1"])

    assert ("one",) == touches.before([ALIAS])[0]


def test_the_oldest_comes_first() -> None:
    now = [0.0]
    touches = Touches(clock=lambda: now[0])
    touches.note("one", HOST, ["192.0.2.1"])
    now[0] = 1.0
    touches.note("two", ALIAS, [])

    assert (("one", "two"), 0.0) == touches.before([HOST])


def test_another_first_server_is_another_endpoint() -> None:
    touches = Touches()
    touches.note("one", HOST, [])

    assert ((), None) == touches.before([HOST._replace(over="proxy")])


def test_addresses_that_took_connections_of_other_cells_are_kept_with_how_long_ago() -> None:
    now = [0.0]
    touches = Touches(clock=lambda: now[0])
    touches.connected("one", HOST, ["192.0.2.1", "192.0.2.2"])
    now[0] = 3.0

    assert {"192.0.2.1": 3.0} == touches.taken("two", HOST, ["192.0.2.1", "192.0.2.9"])


def test_what_a_cell_itself_connected_to_is_no_news_to_it() -> None:
    touches = Touches()
    touches.connected("one", HOST, ["192.0.2.1"])

    assert {} == touches.taken("one", HOST, ["192.0.2.1"])


def test_a_connection_taken_over_a_proxy_says_nothing_of_the_way_without_it() -> None:
    touches = Touches()
    touches.connected("one", HOST._replace(over="proxy"), ["192.0.2.1"])

    assert {} == touches.taken("two", HOST, ["192.0.2.1"])
