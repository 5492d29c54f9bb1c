"""What a page on an hour of music costs, and what a server does under more uploads than it takes.

    python benchmarks/server.py page [--minutes 60]       first paint, notes, scrolling, memory
    python benchmarks/server.py uploads                   50 at once, then 1,000 damaged ones

The recording is examples/groove.flac over and over, as flac. The server is a process of its own;
`page` needs Playwright and chromium. Peak memory is VmHWM of Linux.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from bandscribe import audio

EXAMPLE = Path(__file__).parents[1] / "examples/groove.flac"
TOKEN = "a-token-of-the-benchmark"
BORDER = "border"


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A bandscribe process, and the address that it prints."""
    command = [sys.executable, "-m", "bandscribe", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = ""
    while "http://" not in address:
        address = process.stderr.readline()
    try:
        yield process, address[address.index("http://") :].strip()
    finally:
        process.send_signal(signal.SIGINT)
        print(f"ends with {process.wait(60)}: {process.stderr.read()[-2000:]!r}")


def peak_megabytes(process: subprocess.Popen[str]) -> float:
    """The most memory that a process has had."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def busy_seconds(process: subprocess.Popen[str]) -> float:
    """Processor time that a process has taken: what waiting on a busy machine does not add to."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_long(path: Path, minutes: float) -> None:
    """The example over and over."""
    once = audio.read(EXAMPLE)
    count = round(60 * minutes / once.duration)
    audio.write(path, (once for _ in range(count)))


def measure_page(minutes: float) -> None:
    """Print a row for each figure."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.flac")
        make_long(path, minutes)
        with started("open", str(path), "--no-browser") as (process, address):
            with sync_playwright() as running:
                browser = running.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=["--no-sandbox", "--enable-precise-memory-info"],
                )
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                begin = time.perf_counter()
                page.goto(address)
                paints = "performance.getEntriesByType('paint').map((e) => [e.name, e.startTime])"
                page.wait_for_timeout(300)
                for name, milliseconds in page.evaluate(f"() => {paints}"):
                    print(f"{name}: {milliseconds:.0f} ms", flush=True)
                for name, condition in {
                    "waveform": "bandscribe.scene.outline",
                    "notes": "bandscribe.part()",
                    "instruments": "bandscribe.scene.levelRate",
                }.items():
                    while not page.evaluate(f"() => Boolean({condition})"):
                        page.wait_for_timeout(100)
                    seconds, busy = time.perf_counter() - begin, busy_seconds(process)
                    print(f"{name}: {seconds:.1f} s, {busy:.1f} s of processor", flush=True)
                count = page.evaluate("() => bandscribe.part().all().length")
                print(f"notes found: {count}")
                reload = time.perf_counter()
                page.reload()
                while not page.evaluate("() => Boolean(globalThis.bandscribe?.scene.levelRate)"):
                    page.wait_for_timeout(20)
                print(f"reload, everything there: {time.perf_counter() - reload:.1f} s")
                for label, scale in {"all": 0, "a minute": 20, "ten seconds": 120}.items():
                    frames = page.evaluate(SCROLL, scale)
                    middle, most = np.percentile(frames, [50, 95])
                    print(f"drawing {label}: {middle:.1f} ms, 95 in 100 below {most:.1f}")
                used = page.evaluate("() => performance.memory.usedJSHeapSize / 2 ** 20")
                print(f"page: {used:.0f} MB of JavaScript")
                browser.close()
            print(f"server: {peak_megabytes(process):.0f} MB at most")


SCROLL = """async (scale) => {
  const { drawLanes } = await import("/static/draw.js");
  const { timeline, scene } = bandscribe, canvas = document.querySelector("#view");
  const times = [];
  for (let step = 0; step < 60; step++) {
    timeline.show((step / 60) * timeline.duration, scale);
    await new Promise((done) => setTimeout(done, 40));  // tiles come
    const begin = performance.now();
    drawLanes(canvas, scene);
    times.push(performance.now() - begin);
  }
  return times;
}"""


def form(content: bytes) -> bytes:
    """A form with one file."""
    head = f'--{BORDER}\r\ncontent-disposition: form-data; name="file"; filename="x.wav"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BORDER}--\r\n".encode()


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and content of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": f"multipart/form-data; boundary={BORDER}",
    }
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def finish(port: int, sent: bytes) -> str:
    """The state in which a job ends."""
    job = json.loads(sent)
    while job["state"] in ("queued", "running"):
        time.sleep(0.05)
        job = json.loads(ask(port, "GET", f"/v1/jobs/{job['id']}")[1])
    return str(job["state"])


def send_all(port: int, contents: list[bytes], tasks: list[str], at_once: int) -> Counter[str]:
    """Send these to one task after another, so many at a time, and count what comes of them."""
    outcomes: Counter[str] = Counter()
    waiting = list(enumerate(contents))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                number, content = waiting.pop()
            path = f"/v1/{tasks[number % len(tasks)]}"
            try:
                status, answer = ask(port, "POST", path, form(content))
                outcome = finish(port, answer) if status == 202 else str(status)
            except OSError as error:
                outcome = type(error).__name__
            with lock:
                outcomes[outcome] += 1

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, cut out, or doubled; often in the header."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 20)):
        place = int(rng.integers(0, min(len(data), 64) if rng.random() < 0.5 else len(data)))
        match rng.integers(3):
            case 0:
                data[place] = int(rng.integers(256))
            case 1:
                del data[place : place + int(rng.integers(1, 200))]
            case 2:
                data[place:place] = data[place : place + int(rng.integers(1, 200))]
    return bytes(data) or b"x"


def measure_uploads() -> None:
    """Print what comes of each, and what is left."""
    rng = np.random.default_rng(21)
    sound = audio.read(EXAMPLE, duration=2.0)
    kinds = []
    for kind in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)):
        buffer = io.BytesIO()
        soundfile.write(buffer, sound.samples.T, sound.sample_rate, kind[1], format=kind[0])
        kinds.append(buffer.getvalue())
    silent = io.BytesIO()
    soundfile.write(silent, np.zeros((48_000 * 20, 2)), 48_000, format="WAV")
    # A folder of its own, where other programs leave nothing.
    temporary = Path(tempfile.mkdtemp())
    os.environ["TMPDIR"] = str(temporary)
    environment = ["--token", TOKEN, "--max-megabytes", "3", "--max-minutes", "1", "--queue", "20"]
    with started("serve", "--port", "0", *environment) as (process, address):
        port = int(address.rsplit(":", 1)[1].split("/")[0])
        begin = time.perf_counter()
        print("50 at once:", dict(send_all(port, [kinds[0]] * 50, ["transcribe"], 50)))
        print(f"  {time.perf_counter() - begin:.1f} s", flush=True)
        print("too large:", dict(send_all(port, [silent.getvalue()] * 50, ["track"], 50)))
        damaged = [mutate(kinds[i % len(kinds)], rng) for i in range(1000)]
        tasks = ["transcribe", *["classify"] * 5, "recognize", *["classify"] * 5, "track"]
        begin = time.perf_counter()
        print("1,000 damaged:", dict(send_all(port, damaged, tasks, 10)))
        print(f"  {time.perf_counter() - begin:.1f} s", flush=True)
        inside = [p for p in temporary.glob("bandscribe-server-*/*/*") if p.is_file()]
        print(f"still answers: {ask(port, 'GET', '/health')[0]}; files of uploads: {len(inside)}")
        print(f"server: {peak_megabytes(process):.0f} MB at most")
    print(f"left behind: {len(list(temporary.iterdir()))}")
    shutil.rmtree(temporary)


def main() -> None:
    """Measure one of the two."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["page", "uploads"])
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    measure_page(given.minutes) if given.what == "page" else measure_uploads()


if __name__ == "__main__":
    main()
