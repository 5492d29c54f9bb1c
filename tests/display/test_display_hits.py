"""Pictures of hits, and the page: what is in them, as far as a program can see."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import browser
from bandscribe.display import explorer
from bandscribe.types import Audio

RATE = 22050


def page_data(path: Path) -> dict[str, object]:
    found = re.search(r'type="application/json">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    data: dict[str, object] = json.loads(found.group(1))
    return data


def test_a_clip_is_encoded_as_it_sounds() -> None:
    times = np.arange(RATE // 2) / RATE
    tone = np.where(times < 0.25, 0.5, 0.05) * np.sin(2 * np.pi * 440 * times)
    sound, shape = explorer.encode(Audio(np.stack([tone, tone]).astype(np.float32), RATE))
    played, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)))
    assert rate == 44100 and played.ndim == 1
    assert np.abs(np.fft.rfft(played)).argmax() / (len(played) / rate) == pytest.approx(440, abs=3)
    assert len(shape) == explorer.POINTS
    assert max(shape) == 99 and shape[10] > 90 and shape[40] == pytest.approx(9.9, abs=2)


def test_the_page_holds_everything(tmp_path: Path) -> None:
    sound, shape = explorer.encode(Audio(np.ones((1, 2000), dtype=np.float32), RATE))
    clip = explorer.PlayableClip(
        "a</script>.wav", "kd", "Kit @DATA@", "test", 0.5, "SD", 0.7, True, sound, shape
    )
    counts = {("kd", "Kit", "test"): 7, ("sd", "Kit", "train"): 3}
    explorer.write(tmp_path / "page.html", [clip], counts, title="Hits & <more>", about="ten clips")
    text = (tmp_path / "page.html").read_text()
    assert "<title>Hits &amp; &lt;more&gt;</title>" in text
    own = re.sub(r'type="application/json">.*?</script>', "", text, flags=re.DOTALL)
    assert "://" not in own.replace("http://www.w3.org/2000/svg", "")
    data = page_data(tmp_path / "page.html")
    assert data["splits"] == ["train", "test"]
    assert data["counts"] == [
        {"label": "kd", "kit": "Kit", "split": "test", "clips": 7},
        {"label": "sd", "kit": "Kit", "split": "train", "clips": 3},
    ]
    (told,) = data["clips"]  # type: ignore[misc]
    assert (told["file"], told["kit"], told["differs"]) == ("a</script>.wav", "Kit @DATA@", True)
    assert base64.b64decode(told["sound"])[:2] in (b"ID", b"\xff\xfb", b"\xff\xf3", b"\xff\xfa")


@browser.needed
def test_names_are_shown_and_never_run(tmp_path: Path) -> None:
    sound, shape = explorer.encode(Audio(np.ones((1, 2000), dtype=np.float32), RATE))
    evil = browser.EVIL
    clips = [
        explorer.PlayableClip(evil, evil, evil, split, 0.5, evil, 0.7, True, sound, shape)
        for split in (evil, "total", "__proto__", "train")
    ]
    counts = {(evil, evil, clip.split): 3 for clip in clips}
    explorer.write(tmp_path / "page.html", clips, counts, title=evil, about=evil)
    click = """
      document.querySelector("#labels [data-pick]").click();
      document.querySelector("#order").value = "kit";
      document.querySelector("#order").dispatchEvent(new Event("input"));
      document.querySelector("#clips button").click();
    """
    shown = browser.show(tmp_path / "page.html", click)
    main = shown[shown.index("<main>") : shown.index("</main>")]
    assert main.count('class="clip differs') == 4
    assert main.count("<tr ") == 2 and main.count(">12</td>") == 2
    assert [main.count(f"{split}: 3") for split in ("total", "__proto__", "train")] == [2, 2, 2]
    assert main.count("background: var(--train)") == 3
    assert "<img" not in shown and "</b><b " not in shown
    assert browser.EVIL.replace("<", "&lt;").replace(">", "&gt;") in shown


def test_a_page_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="counts"):
        explorer.write(tmp_path / "page.html", [], {}, title="")


def test_draws_what_was_segmented(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from bandscribe.display import segments

    notes = {"kd": 30, "sd": 20, "cr": 5}
    clips = {"train": {"kd": 10, "sd": 4}, "test": {"kd": 2}}
    segments.plot(tmp_path / "a.png", notes, clips, ("kd", "sd"), title="a corpus")
    assert (tmp_path / "a.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="at least one"):
        segments.plot(tmp_path / "a.png", {}, clips, ("kd",))


def test_draws_kernels_losses_and_confusion(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from bandscribe.display import confusion, kernels, losses

    rng = np.random.default_rng(0)
    pairs = [(rng.uniform(-1, 1, 9), rng.uniform(-1, 1, 9)), (rng.uniform(-1, 1, 50),) * 2]
    kernels.plot(tmp_path / "kernels.png", rng.standard_normal((9, 3, 3)), pairs, title="kernels")
    with pytest.raises(ValueError, match="at least one kernel"):
        kernels.plot(tmp_path / "none.png", np.zeros((0, 3, 3)), pairs)
    steps = np.arange(5.0)
    curve = losses.Curve(steps, np.exp(-steps), np.array([1.0, 0.6, 0.5, 0.55, 0.7]))
    losses.plot(tmp_path / "losses.png", {f"row {i}": curve for i in range(5)}, title="losses")
    with pytest.raises(ValueError, match="curves"):
        losses.plot(tmp_path / "none.png", {})
    matrix = np.array([[9, 1], [0, 0]])
    confusion.plot(tmp_path / "confusion.png", matrix, ("kd", "sd"), title="9 of 10")
    confusion.plot(tmp_path / "named.png", np.array([[9, 1, 2], [0, 0, 1]]), ("kd", "sd"))
    with pytest.raises(ValueError, match=r"expected \(2, 2\), got \(3, 3\)"):
        confusion.plot(tmp_path / "none.png", np.zeros((3, 3), dtype=np.int64), ("kd", "sd"))
    for name in ("kernels", "losses", "confusion", "named"):
        assert (tmp_path / f"{name}.png").stat().st_size > 4000
    assert not (tmp_path / "none.png").exists()


def test_losses_of_several_runs_are_also_overlaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from bandscribe.display import losses

    drawn: list[Any] = []
    monkeypatch.setattr(losses, "save", lambda path, figure: drawn.append(figure))
    steps = np.arange(3.0)
    curves = {
        name: losses.Curve(steps, start - 0.1 * steps, start + 0.1 * steps)
        for name, start in (("one", 1.0), ("two", 2.0))
    }
    losses.plot(tmp_path / "losses.png", curves)
    losses.plot(tmp_path / "losses.png", {"one": curves["one"]})
    titles = [[axis.get_title(loc="left") for axis in figure.axes] for figure in drawn]
    assert titles == [["training, all", "validation, all", "one", "two"], ["one"]]
    training, validation = drawn[0].axes[:2]
    assert [line.get_label() for line in training.lines] == ["one", "two"]
    np.testing.assert_array_equal(training.lines[1].get_ydata(), curves["two"].training)
    np.testing.assert_array_equal(validation.lines[1].get_ydata(), curves["two"].validation)
