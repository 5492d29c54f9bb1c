"""The HTTP API: what each task answers, what is refused, and that nothing is left behind."""

import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

import bandscribe
from bandscribe import hits, instruments
from bandscribe.formats import json as our_json
from bandscribe.formats.tags import describe_hit, describe_recognition
from bandscribe.server import jobs, tasks
from bandscribe.server.limits import Limits

from .conftest import PATIENCE, TOKEN

# what it answers ----------------------------------------------------------------------------------


def expected(task: str, path: Path) -> object:
    if task == "transcribe":
        return our_json.content(bandscribe.transcribe(path), file="song.wav")
    if task == "recognize":
        return [describe_recognition(instruments.recognize(path), "song.wav")]
    if task == "classify":
        return [describe_hit(hits.classify(path, model=tasks.load("hits")), "song.wav")]
    return tasks.describe_segments(instruments.track(path), "song.wav")


@pytest.mark.parametrize("task", ["transcribe", "recognize", "track", "classify"])
def test_a_result_is_that_of_the_command(serve, song, groove_wav, task) -> None:
    client = serve()
    job = client.finish(client.send(f"/v1/{task}", song))
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, None)
    found = client.get(f"/v1/jobs/{job['id']}/result").json
    assert found == json.loads(json.dumps(expected(task, groove_wav)))
    assert client.left() == []


def test_options_are_those_of_the_command(serve, song, groove_wav) -> None:
    client = serve()
    query = "classes=3&sensitivity=0.9&metre=3/4&tempo=100&tempo=140"
    job = client.finish(client.send(f"/v1/transcribe?{query}", song))
    part = bandscribe.transcribe(
        groove_wav, classes=3, sensitivity=0.9, metre="3/4", tempo=(100, 140)
    )
    found = client.get(f"/v1/jobs/{job['id']}/result").json
    assert found == our_json.content(part, file="song.wav")


def test_only_some_instruments_may_occur(serve, song, groove_wav) -> None:
    client = serve()
    job = client.finish(client.send("/v1/recognize?among=Violins,%20dru", song))
    found = client.get(f"/v1/jobs/{job['id']}/result").json
    expected = instruments.recognize(groove_wav, among=("vio", "dru"))
    assert found == json.loads(json.dumps([describe_recognition(expected, "song.wav")]))
    sent = client.send("/v1/recognize?among=vio,kazoo", song)
    assert sent.status == 422
    assert sent.json["detail"].startswith("among: expected some of cel, cla")
    assert client.left() == []


@pytest.mark.parametrize(
    "query",
    ["classes=4", "sensitivity=2", "sensitivity=nan", "metre=cat", "tempo=-1", "tempo=9&tempo=8"],
)
def test_a_wrong_option_is_named(serve, song, query) -> None:
    client = serve()
    sent = client.send(f"/v1/transcribe?{query}", song)
    assert sent.status == 422
    assert query.partition("=")[0] in sent.body.decode()
    assert client.left() == []


def test_an_unknown_option_is_refused(serve, song) -> None:
    client = serve()
    for query, line in (
        ("transcribe?clases=5", "clases: is no option of this address; expected some of classes, "),
        ("track?threshold=1", "threshold: is no option of this address; there are none"),
    ):
        sent = client.send(f"/v1/{query}", song)
        assert sent.status == 422 and sent.json["detail"].startswith(line)
    assert client.left() == []


def test_it_describes_itself(serve) -> None:
    client = serve()
    paths = client.get("/openapi.json").json["paths"]
    assert sorted(paths) == [
        "/v1/classify", "/v1/jobs/{id}", "/v1/jobs/{id}/result", "/v1/recognize", "/v1/track",
        "/v1/transcribe",
    ]  # fmt: skip
    table = (Path(__file__).parents[2] / "docs/page.md").read_text().splitlines()
    for path in ("classify", "recognize", "track", "transcribe"):
        (row,) = [line for line in table if line.startswith(f"| `POST /v1/{path}`")]
        for option in paths[f"/v1/{path}"]["post"].get("parameters", []):
            assert f"`{option['name']}`" in row
            assert option.get("description") or option["schema"]["description"]
    assert b"docs.js" in client.get("/docs").body
    assert client.get("/static/docs.js").headers["content-type"].startswith("text/javascript")


# who may ask --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/docs", "/static/docs.js", "/openapi.json", "/v1/jobs/x"])
def test_nothing_without_the_token(serve, path) -> None:
    client = serve()
    for token in (None, "", "wrong", "a-token-of-the-test"):
        answer = client.get(path, token=token)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get(path, token=None, cookie='bandscribe="; x').status == 401
    assert client.get("/health", token=None).status == 200


def test_an_upload_without_the_token_takes_no_place(serve, song) -> None:
    client = serve(queued=0)
    assert client.send("/v1/track", song, token="wrong").status == 401
    assert client.finish(client.send("/v1/classify", song))["state"] == "done"


def test_the_token_in_the_address_becomes_a_cookie(serve) -> None:
    client = serve()
    answer = client.get("/?token=a-token-of-the-tests&view=3", token=None)
    assert (answer.status, answer.headers["location"]) == (303, "/?view=3")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert client.get("/?token=wrong", token=None).status == 401
    answer = client.get("/docs?token=a-token-of-the-tests", token=None)
    assert (answer.status, answer.headers["location"]) == (303, "/docs")
    shown = client.get("/docs", token=None, cookie=answer.headers["set-cookie"].split(";")[0])
    assert shown.status == 200


def test_a_foreign_name_is_refused(serve) -> None:
    client = serve()
    assert client.get("/health", host="evil.example").status == 403
    assert client.get("/health", host=f"localhost:{client.port}").status == 200


def test_every_answer_forbids_foreign_content(serve, song) -> None:
    client = serve()
    answers = [client.get("/docs"), client.get("/nothing"), client.get("/docs", token=None)]
    for answer in [*answers, client.send("/v1/track", b"", "x.txt")]:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


# what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["notes.txt", "song", "", "song.m3u8", ".wav"])
def test_only_sound_files(serve, song, name) -> None:
    assert serve().send("/v1/track", song, name).status in (415, 422)


@pytest.mark.parametrize("text", ["#EXTM3U\n/etc/passwd", "ffconcat version 1.0", " <?xml", "v=0"])
def test_no_texts_that_name_other_files(serve, text) -> None:
    client = serve()
    assert client.send("/v1/transcribe", text.encode(), "song.mp4").status == 415
    assert client.left() == []


def test_no_form_or_no_file(serve) -> None:
    client = serve()
    line = "file: missing; send the recording as the form field file (multipart/form-data)"
    for content, kind in (
        (b"", "application/json"),
        (b"x" * 999, "text/plain"),
        (b"x=&" * 2000, "application/x-www-form-urlencoded"),
    ):
        answer = client.ask("POST", "/v1/track", content, content_type=kind)
        assert (answer.status, answer.json) == (422, {"detail": line})
    assert client.ask("POST", "/v1/nothing").status == 404
    assert client.ask("PUT", "/v1/track", b"x").status == 405


def test_the_largest_recording(serve, song) -> None:
    client = serve(bytes=len(song))
    assert client.send("/v1/classify", song).status == 202
    assert client.send("/v1/classify", song + bytes(70_000)).status == 413
    chunks = (b"x" * 50_000 for _ in range(100))
    sent = client.ask(
        "POST", "/v1/classify", chunks, content_type="multipart/form-data; boundary=a"
    )
    assert sent.status in (400, 413)


def test_the_longest_recording(serve, song) -> None:
    client = serve(seconds=2.0)
    job = client.finish(client.send("/v1/transcribe", song))
    assert job["state"] == "failed"
    assert job["error"] == "song.wav: longer than 2 seconds, the limit of this server"
    assert client.get(f"/v1/jobs/{job['id']}/result").status == 422


def test_a_full_queue(serve, song, held) -> None:
    client = serve(jobs=1, queued=2)
    sent = [client.send("/v1/track", song) for _ in range(4)]
    assert [answer.status for answer in sent] == [202, 202, 202, 429]
    assert sent[3].headers["retry-after"] == "5"
    held.set()
    assert [client.finish(answer)["state"] for answer in sent[:3]] == ["done"] * 3
    assert client.finish(client.send("/v1/track", song))["state"] == "done"


def test_what_is_no_sound_fails_in_one_line(serve) -> None:
    client = serve()
    job = client.finish(client.send("/v1/transcribe", b"no sound at all" * 99, "a b.wav"))
    assert job["state"] == "failed"
    assert job["error"].startswith("a b.wav: ") and "\n" not in job["error"]
    assert str(client.folder) not in job["error"]


def test_a_broken_file_is_read_as_far_as_it_goes(serve, song) -> None:
    client = serve()
    job = client.finish(client.send("/v1/classify", song[: len(song) // 2]))
    assert job["state"] == "done"
    assert len(job["warnings"]) == 1 and job["warnings"][0].startswith("song.wav: ")


# paths and what is left ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.wav", "passwd.wav"),
        ("/songs/x.wav", "x.wav"),
        ("..\\\\..\\\\x.wav", "x.wav"),
        ("a" * 300 + ".wav", "a" * 196 + ".wav"),
        ("Lied für Ä.wav", "Lied für Ä.wav"),
    ],
)
def test_a_path_never_comes_from_the_client(serve, song, name, kept) -> None:
    client = serve()
    job = client.finish(client.send("/v1/classify", song, name))
    assert client.get(f"/v1/jobs/{job['id']}/result").json[0]["file"] == kept


@pytest.mark.parametrize("name", ["../api.py", "..%2fapi.py", "%2e%2e/api.py", "/etc/passwd", ""])
def test_static_files_are_those_of_the_page(serve, name) -> None:
    assert serve().get(f"/static/{name}").status == 404


def test_a_job_can_be_stopped(serve, song, held) -> None:
    client = serve()
    running, waiting = (client.send("/v1/track", song) for _ in range(2))
    for sent in (waiting, running):
        assert client.ask("DELETE", sent.headers["location"]).status == 204
    while client.left():
        pass
    assert client.get(waiting.headers["location"]).status == 404
    assert client.get("/v1/jobs/unknown").status == 404


def test_a_client_that_leaves_gives_its_place_back(serve, song) -> None:
    client = serve(jobs=1, queued=0, upload_seconds=1)
    with socket.create_connection(("127.0.0.1", client.port)) as raw:
        head = f"POST /v1/track HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"
        raw.sendall(f"{head}content-length: 1000\r\n\r\nxyz".encode())
        while client.send("/v1/classify", song).status != 429:
            pass
    while (sent := client.send("/v1/classify", song)).status == 429:
        pass
    assert client.finish(sent)["state"] == "done"


@pytest.mark.parametrize("begun", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nhost: localh"])
@pytest.mark.parametrize("before", [b"", b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"])
def test_a_connection_without_a_request_is_closed(serve, before, begun) -> None:
    client = serve(upload_seconds=1)
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as raw:
        raw.sendall(before)
        answer = raw.recv(4096) if before else b""
        raw.sendall(begun)
        while more := raw.recv(4096):
            answer += more
    assert answer.startswith(b"HTTP/1.1 200") if before else answer == b""


HEAD = f"POST /v1/track HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"no request\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(100)),  # TLS
        HEAD.encode() + b"content-length: many\r\n\r\nhello",
        HEAD.encode() + b"x: " + bytes(100_000) + b"\r\n\r\n",
    ],
)
def test_a_malformed_request_is_one_line(serve, capfd, sent) -> None:
    client = serve()
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as raw:
        raw.sendall(sent)
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")
    assert client.get("/health").status == 200
    assert client.rejected == ["rejected a malformed request from 127.0.0.1"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "more",
    [
        b"upgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"content-type: multipart/form-data; boundary=a\r\ncontent-length: 8\r\n\r\n--a\r\na b",
    ],
)
def test_what_the_answer_tells_is_not_printed(serve, capfd, more) -> None:
    client = serve()
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as raw:
        raw.sendall(HEAD.encode() + more)
        assert raw.recv(4096).startswith(b"HTTP/1.1 4")
    assert client.rejected == []
    assert capfd.readouterr() == ("", "")


# the queue ----------------------------------------------------------------------------------------


def done(queue: jobs.Queue, value: object) -> jobs.Job:
    job = queue.reserve("t")
    (job.folder / "x.wav").write_bytes(b"x")
    ready = threading.Event()

    def work(sound, step):
        ready.set()
        return value

    queue.submit(job, job.folder / "x.wav", "x.wav", work)
    assert ready.wait(PATIENCE)
    while not job.finished:
        pass
    return job


def test_results_are_kept_for_a_while(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(jobs.tempfile, "tempdir", str(tmp_path))
    now = [0.0]
    queue = jobs.Queue(Limits(kept=2, keep_seconds=10.0), clock=lambda: now[0])
    first, second, third = (done(queue, value) for value in range(3))
    assert [queue.find(job.id) for job in (first, second, third)] == [None, second, third]
    now[0] = 11.0
    assert queue.find(third.id) is None
    queue.close()
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_a_failure_and_costs_no_other_job(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(jobs.tempfile, "tempdir", str(tmp_path))
    queue = jobs.Queue(Limits())
    job = queue.reserve("t")
    queue.submit(job, job.folder / "x.wav", "x.wav", lambda sound, step: 1 / 0)
    assert done(queue, 7).result == 7
    assert (job.state, job.error) == (
        "failed", "x.wav: the analysis failed; see the server's log",
    )  # fmt: skip
    queue.close()
    assert "ZeroDivisionError" in caplog.text


def test_what_a_killed_server_left_is_removed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(jobs.tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "bandscribe-server-left"
    (left / "job").mkdir(parents=True)
    (left / "held").touch()
    alive = jobs.Queue(Limits())
    assert not left.exists()
    other = jobs.Queue(Limits())
    assert len(list(tmp_path.iterdir())) == 2
    alive.close()
    other.close()


@pytest.mark.parametrize(
    "wrong", [{"bytes": 0}, {"seconds": float("nan")}, {"jobs": 0}, {"queued": -1}]
)
def test_limits_are_checked(wrong) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


# many at once -------------------------------------------------------------------------------------


def test_uploads_at_once_and_damaged_ones(serve, song) -> None:
    """A small version of what benchmarks/server.py does with 50 and 1,000."""
    client = serve(jobs=2, queued=4)
    rng = np.random.default_rng(21)
    contents = []
    for _ in range(24):
        damaged = np.frombuffer(song[: rng.integers(1, len(song))], np.uint8).copy()
        damaged[rng.integers(0, len(damaged), 20)] ^= 255
        contents.append(damaged.tobytes())
    answers: list[int] = []

    def send(part: list[bytes]) -> None:
        for content in part:
            sent = client.send("/v1/classify", content)
            answers.append(sent.status)
            if sent.status == 202:
                assert client.finish(sent)["state"] in ("done", "failed")

    threads = [threading.Thread(target=send, args=(contents[i::12],)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 24 and set(answers) <= {202, 415, 429}
    assert client.left() == []
    assert client.get("/health").status == 200
