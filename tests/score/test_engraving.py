"""Engraved pages: every note is there, the key once, systems on pages, the same each time."""

import io
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from playing import ROCK, play

from bandscribe import score

for module in ("verovio", "cairosvg", "pypdf"):
    pytest.importorskip(module, reason="needs the extra score")


@pytest.fixture(scope="module")
def paper() -> score.Score:
    return score.quantise(play([ROCK] * 6, swing=0.66), title="A & \x01B")


def test_svg_has_every_note_the_title_and_the_key_once(paper: score.Score) -> None:
    picture = score.to_svg(paper)
    count = sum(len(bar.strokes) for bar in paper.bars)
    assert len(set(re.findall(r'id="(n\d+)"', picture))) == count
    assert picture.count("A &amp;  B") == 1
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", picture))
    assert re.findall("kick|snare|closed hi-hat|ride", words) == ["kick", "snare", "closed hi-hat"]
    assert "= 112" in words.replace("= 112", "= 112")
    assert "Swing" in words
    # The note of the tempo mark is a shape: no letter of a music font is left.
    assert not re.search("[\ue000-\uf8ff]", picture)


@pytest.mark.parametrize("title", ["A", "Wide Words " * 6, "歌" * 50, "x" * 500])
def test_the_heading_is_no_wider_than_the_page(title: str) -> None:
    picture = score.to_svg(score.Score((), title, artist="Nobody"))
    lines = re.findall(r'y="([\d.]+)"[^>]*font-size="([\d.]+)">([^<]*)', picture)
    assert [line[2].rstrip("…") for line in lines] == [title[:120], "Nobody"]
    size = float(lines[0][1])
    assert size <= 64 and size * len(title[:120]) * (1 if title[0] == "歌" else 0.5) <= 1870
    assert float(lines[1][0]) - float(lines[0][0]) > float(lines[1][1])


def test_bars_of_rest_keep_the_tempo_and_the_clef_in_their_places() -> None:
    paper = score.quantise(play([{}] * 4 + [ROCK] + [{}] * 3 + [ROCK]))
    bars = (replace(bar, bpm=80.0) if i == 5 else bar for i, bar in enumerate(paper.bars))
    picture = score.to_svg(replace(paper, bars=tuple(bars)))
    assert picture.count('class="multiRest"') == 2
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", picture))
    assert re.findall(r"= (\d+)", words) == ["112", "80"]
    assert picture.count('class="clef"') == 2  # of the key, and of the only line


def test_the_same_each_time(paper: score.Score) -> None:
    assert score.to_svg(paper) == score.to_svg(paper)
    assert score.to_pdf(paper) == score.to_pdf(paper)


def test_pdf_goes_on_to_as_many_pages_as_it_takes(
    paper: score.Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pypdf

    from bandscribe.score import engraving

    def sizes(part: score.Score) -> list[tuple[int, int]]:
        pages = pypdf.PdfReader(io.BytesIO(score.to_pdf(part))).pages
        return [(round(page.mediabox.width), round(page.mediabox.height)) for page in pages]

    assert sizes(paper) == [(595, 842)]
    monkeypatch.setattr(engraving, "_HEIGHT", 700)  # of which the first system leaves nothing
    assert len(sizes(paper)) == 2


def test_an_empty_score_is_a_page() -> None:
    assert score.to_svg(score.Score((), "Nothing")).count("Nothing") == 1
    assert score.to_pdf(score.Score(())).startswith(b"%PDF")


def test_without_cairo_the_line_names_the_cure(
    paper: score.Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    real = builtins.__import__

    def refuse(name: str, *arguments: object, **options: object) -> object:
        if name == "cairosvg":
            raise OSError("no library called cairo")
        return real(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(OSError, match="PDF needs the library cairo"):
        score.to_pdf(paper)


def test_bars_that_repeat_are_signs_as_wide_as_bars() -> None:
    part = play([ROCK] * 3 + [{"SD": [0, 1, 2, 3]}], jitter=0.0)
    paper = score.quantise(part)
    plain, signs = (score.to_svg(paper, simile=simile) for simile in (False, True))
    hidden = {f"n{i}" for i in range(len(paper.bars[0].strokes), 3 * len(paper.bars[0].strokes))}
    shown = set(re.findall(r'id="(n\d+)"', plain)) - set(re.findall(r'id="(n\d+)"', signs))
    assert shown == hidden
    lines = [set(re.findall(r'd="(M\d+ (\d+) L\d+ \2)"', picture)) for picture in (plain, signs)]
    assert lines[0] == lines[1]


def test_a_score_is_quantised_and_written_without_the_extra() -> None:
    script = (
        "import sys, numpy as np; from bandscribe import score, types\n"
        "part = types.Transcription(np.array([0.5]), np.array(['KD']), None, 1.0, ('KD',))\n"
        "assert '<measure' in score.to_musicxml(score.quantise(part))\n"
        "assert not {'verovio', 'cairosvg', 'pypdf'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_empty_page_is_an_error_in_one_line(
    paper: score.Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bandscribe.score.engraving.to_musicxml", lambda score: "no music")
    with pytest.raises(ValueError, match="verovio engraved an empty page"):
        score.to_svg(paper)
