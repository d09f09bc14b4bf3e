import pytest

from harness.engine import protocol as say
from harness.kinds import Kind
from harness.model import Attempt, CellFacts, Control, Observation, Path, Role, Spec, Stage, Trust, Vantage, Walk
from tests.engine.plans import cell, check, plan

ROW = Kind(name="gopher", params="a.b:C", build="a.b:run", summary="s", traits=frozenset({"E1"}))
SEEN = Observation(stage=Stage.TLS, failure="eof_error", detail={"server_hello": False})
WALK = Walk(check="c", address="192.0.2.1", observations=(SEEN,))
CONTROL = Control(id="i", role=Role.FOREIGN, path="direct", check="c", at=1.5, walks=(WALK,))
FACTS = CellFacts(key="k", attempts=(Attempt(number=1, at=1.0, walks=(WALK,), gap=2.0),), controls=(CONTROL,))
HOP = Spec(kind="socks5", params={"host": "proxy", "port": 1080})

ORDERS: list[say.Order] = [
    say.Hello(
        vantage=Vantage(name="here", asn=64500),
        trust=Trust(ca_file="/ca.pem", anchors={"telegram_rsa": ("ab",)}),
        lab=True,
        limits=say.Limits(waiting=9),
        kinds=say.Kinds(probes=(ROW,)),
    ),
    plan(cell("k", check("tcp", host="h", port=1), path=Path(name="p", hops=(HOP,)))),
    say.Fetch(id=1, path=Path(name="p"), request=say.Request(method="GET", url="http://h/", headers=(("a", "b"),))),
    say.Cancel(),
    say.Close(),
]
EVENTS: list[say.Event] = [
    say.Ready(pid=1, versions={"python": "3"}),
    say.Started(key="k", at=1.0, limit=45.0),
    say.ControlDone(control=CONTROL),
    say.CellDone(facts=FACTS),
    say.Fetched(id=1, response=say.Response(status=200, headers=(("a", "b"),), body="aGk=")),
    say.Fetched(id=1, failure=say.Failure(token="eof_error", stage=Stage.TLS)),
    say.Lag(worst=0.5),
    say.Error(text="no", key="k"),
    say.End(),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.type)
def test_an_order_comes_back_from_its_line_as_it_was(order: say.Order) -> None:
    line = say.order_line(order)

    assert order == say.read_order(line)
    assert 1 == line.count(b"\n")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_comes_back_from_its_line_as_it_was(event: say.Event) -> None:
    assert event == say.read_event(say.event_line(event))
