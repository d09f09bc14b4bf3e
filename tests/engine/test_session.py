import asyncio
import base64
import pathlib
from collections.abc import Callable

import pytest

from harness.engine import protocol as say
from harness.engine.session import serve
from harness.kinds import Kind
from harness.model import Path, Stage, Trust
from tests.engine.loopback import Authority, Handler, answering, http2_answering, page, path_to_site, serving, silent
from tests.engine.plans import Heard, cell, check, plan, session

SHUT = check("tcp", host="127.0.0.1", port=1)


def heard_of(*lines: bytes) -> Heard:
    """What a session says to raw lines, after which its caller is gone."""

    async def world() -> Heard:
        heard, reader = Heard(), asyncio.StreamReader()
        for line in lines:
            reader.feed_data(line)
        reader.feed_eof()
        heard.status = await serve(reader, heard)
        return heard

    return asyncio.run(world())


HELLO = say.order_line(say.Hello())


def test_a_hello_is_answered_with_who_we_are() -> None:
    heard = heard_of(HELLO)

    (ready,) = heard.of(say.Ready)
    assert {"waygauge", "python", "openssl", "httpx", "tenacity"} <= set(ready.versions)
    assert 0 == heard.status


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"type": "dance"}\n', b"\xff\n", say.order_line(say.Close())])
def test_a_line_that_cannot_be_read_ends_the_session_with_70(line: bytes) -> None:
    heard = heard_of(line)

    assert ([say.Error], 70) == ([type(event) for event in heard.events], heard.status)


def test_a_bundle_that_cannot_be_read_is_told_at_once() -> None:
    heard = heard_of(say.order_line(say.Hello(trust=Trust(ca_file="/no/such.pem"))))

    assert ([say.Error], 66) == ([type(event) for event in heard.events], heard.status)


def test_what_stood_in_a_malformed_line_is_not_repeated() -> None:
    heard = heard_of(HELLO, b'{"type": "scenario", "plan": {"password": "hunter2"}}\n')

    assert 70 == heard.status
    assert "hunter2" not in heard.of(say.Error)[0].text


def test_the_end_of_the_orders_cuts_everything_at_once() -> None:
    heard = heard_of(HELLO, say.order_line(plan(cell("k", SHUT))))

    assert (0, []) == (heard.status, heard.of(say.CellDone))


def test_close_finishes_what_is_queued_and_says_so() -> None:
    heard = asyncio.run(session(plan(cell("a", SHUT), cell("b", SHUT))))

    assert ({"a", "b"}, say.End) == (set(heard.facts()), type(heard.events[-1]))


def test_a_cell_known_by_its_key_is_not_run_twice_and_is_told_again() -> None:
    async def world() -> Heard:
        heard, reader = Heard(), asyncio.StreamReader()
        task = asyncio.create_task(serve(reader, heard))
        for _ in range(2):
            reader.feed_data(HELLO if not heard.events else b"")
            reader.feed_data(say.order_line(plan(cell("k", SHUT))))
            await until(lambda: bool(heard.of(say.CellDone)))
        reader.feed_data(say.order_line(say.Close()))
        await task
        return heard

    heard = asyncio.run(world())
    assert (1, 2) == (len(heard.of(say.Started)), len(heard.of(say.CellDone)))


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not claim():  # noqa: ASYNC110 - what a session says is no event of ours
            await asyncio.sleep(0.01)


def test_cancel_drops_what_runs_and_the_engine_stays() -> None:
    async def world() -> Heard:
        heard, reader = Heard(), asyncio.StreamReader()
        task = asyncio.create_task(serve(reader, heard))
        async with serving(silent) as port:
            reader.feed_data(HELLO + say.order_line(plan(cell("k", check("tls", host="127.0.0.1", port=port)))))
            await until(lambda: bool(heard.of(say.Started)))
            for order in (say.Cancel(), plan(cell("other", SHUT)), say.Close()):
                reader.feed_data(say.order_line(order))
            await task
        return heard

    assert {"other"} == set(asyncio.run(world()).facts())


def test_an_unknown_kind_is_answered_with_an_error_that_names_its_cell() -> None:
    heard = asyncio.run(session(plan(cell("k", check("htp")), cell("other", SHUT))))

    (error,) = heard.of(say.Error)
    assert ("k", 'k: unknown probe "htp"; did you mean "http"?') == (error.key, error.text)
    assert {"other"} == set(heard.facts())


def test_a_kind_that_cannot_be_imported_is_answered_the_same() -> None:
    row = Kind(name="gopher", params="no.such:Params", build="no.such.module:run", summary="s")
    hello = say.Hello(kinds=say.Kinds(probes=(row,)))
    heard = asyncio.run(session(plan(cell("k", check("gopher"))), hello=hello))

    assert ["k"] == [error.key for error in heard.of(say.Error)]


THIRD_PARTY = """
from harness.model import Level, Stage

async def run(params, route, tape, until):
    stream = await route.stream(params["port"], until, tape)
    with tape.stage(Stage.RESPONSE) as note:
        note.detail.update(line=(await stream.read(64, until)).decode())
    stream.close()
    tape.reached(Level.E3)
"""


def test_a_third_party_probe_comes_with_the_hello(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gopher_probe.py").write_text(THIRD_PARTY)
    monkeypatch.syspath_prepend(tmp_path)
    row = Kind(name="gopher", params="gopher_probe:Params", build="gopher_probe:run", summary="s")

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"gopher here")
        await writer.drain()

    async def world() -> Heard:
        async with serving(greet) as port:
            order = plan(cell("k", check("gopher", host="127.0.0.1", port=port)))
            return await session(order, hello=say.Hello(kinds=say.Kinds(probes=(row,))))

    (walk,) = asyncio.run(world()).attempts("k")[0].walks
    assert walk.last is not None
    assert "gopher here" == walk.last.detail["line"]


def test_a_probe_that_breaks_is_told_and_its_walk_says_so(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_probe.py").write_text("async def run(params, route, tape, until):\n    1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    row = Kind(name="broken", params="broken_probe:P", build="broken_probe:run", summary="s")
    order = plan(cell("k", check("broken", host="127.0.0.1", port=1)))
    heard = asyncio.run(session(order, hello=say.Hello(kinds=say.Kinds(probes=(row,)))))

    assert "unknown:ZeroDivisionError" == heard.attempts("k")[0].walks[0].failure
    assert heard.of(say.Error)


def test_offline_nothing_leaves_but_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYGAUGE_OFFLINE", "1")
    heard = asyncio.run(session(plan(cell("k", check("tcp", host="192.0.2.1", port=9)))))

    assert "permission_denied" == heard.attempts("k")[0].walks[0].failure


def fetched(handler: Handler, vouched: Authority, alpn: str = "http/1.1", body: bytes = b"") -> say.Fetched:
    async def world() -> Heard:
        async with serving(handler, vouched.server(alpn)) as port:
            text, url = base64.b64encode(body).decode(), f"https://site.example:{port}/"
            request = say.Request(method="POST" if body else "GET", url=url, headers=(("x-a", "b"),), body=text)
            order = say.Fetch(id=7, path=path_to_site(), request=request, timeout=5.0)
            return await session(order, hello=say.Hello(trust=vouched.trust))

    (answer,) = asyncio.run(world()).of(say.Fetched)
    return answer


def test_a_fetch_gives_the_answer_as_it_came(vouched: Authority) -> None:
    answer = fetched(answering(page("hi", "201 Created", "X-B: c")), vouched)

    assert answer.response is not None
    assert (7, 201, b"hi", "HTTP/1.1") == (
        answer.id,
        answer.response.status,
        base64.b64decode(answer.response.body),
        answer.response.http_version,
    )
    assert ("X-B", "c") in answer.response.headers


def test_a_fetch_speaks_http2_where_the_server_does(vouched: Authority) -> None:
    answer = fetched(http2_answering(b"x" * 200_000), vouched, "h2")

    assert answer.response is not None
    assert ("HTTP/2", 200_000) == (answer.response.http_version, len(base64.b64decode(answer.response.body)))


def test_a_long_body_waits_for_the_servers_windows(vouched: Authority) -> None:
    answer = fetched(http2_answering(b""), vouched, "h2", body=b"y" * 200_000)

    assert answer.response is not None
    assert b"y" * 200_000 == base64.b64decode(answer.response.body)


def test_a_fetch_that_fails_says_where(vouched: Authority) -> None:
    answer = fetched(answering(b""), vouched)

    assert say.Failure(token="eof_error", stage=Stage.RESPONSE) == answer.failure


def test_a_fetch_of_no_url_is_answered_too() -> None:
    order = say.Fetch(id=1, path=Path(name="direct"), request=say.Request(method="GET", url="ftp://x/"))
    (answer,) = asyncio.run(session(order)).of(say.Fetched)

    assert answer.failure is not None
