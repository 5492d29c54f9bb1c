"""A drum score engraved by verovio: SVG of one long page, PDF of A4 pages.

Above the first system stands the key: each drum of the part on its line, once. The notes of tempo
marks are drawn as shapes, for verovio writes them in a font that browsers alone find in an SVG.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.etree import ElementTree

from bandscribe.score.model import Score
from bandscribe.score.musicxml import find_repeats, key_to_musicxml, legible, to_musicxml

Element = ElementTree.Element

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_FONT = "Bravura"
#: An A4 page and its margin, in tenths of a millimetre, which are the units of the result.
_WIDTH, _HEIGHT, _MARGIN = 2100, 2970, 120
#: How large music is beside verovio's own, and the key beside that.
_SIZE, _KEY_SIZE = 0.9, 0.72
#: Letters of the longest line of a heading.
_LONGEST = 120
#: What verovio leaves on the left for the numbers of bars, in its units.
_LEFT = 50


def to_svg(score: Score, *, simile: bool = False) -> str:
    """The score as one SVG page as long as it has to be; notes have the ids of `to_musicxml`.

    With `simile`, bars that repeat the one before are signs (%), without notes.

    Raises ModuleNotFoundError without verovio.
    """
    page, _ = _engrave(score, simile)
    return ElementTree.tostring(page, encoding="unicode")


def to_pdf(score: Score, *, simile: bool = False) -> bytes:
    """The score on A4 pages: a PDF file, the same for the same score.

    Raises ModuleNotFoundError without verovio, cairosvg or pypdf, OSError without cairo.
    """
    import pypdf

    try:
        import cairosvg
    except OSError:
        raise OSError(
            "PDF needs the library cairo, which the system lacks (Debian: libcairo2, macOS: "
            "brew install cairo); SVG does without"
        ) from None

    writer = pypdf.PdfWriter()
    for page in _pages(*_engrave(score, simile)):
        writer.append(io.BytesIO(cairosvg.svg2pdf(bytestring=ElementTree.tostring(page))))
    whole = io.BytesIO()
    writer.write(whole)
    return whole.getvalue()


class _System(NamedTuple):
    """A line of music, and from where to where on the page it is."""

    node: Element
    top: float
    bottom: float


def _paginate(systems: list[_System]) -> list[list[_System]]:
    """The systems of each page."""
    pages: list[list[_System]] = [[]]
    top = 0.0
    for system in systems:
        if pages[-1] and system.bottom - top > _HEIGHT - _MARGIN:
            pages.append([])
            top = system.top - _MARGIN
        pages[-1].append(system)
    return pages


def _pages(page: Element, systems: list[_System]) -> Iterator[Element]:
    """A4 pages, each with its systems; the first one has what is above them, too."""
    _draw_glyphs(page)
    page.set("width", "210mm")
    page.set("height", "297mm")
    top = 0.0
    parents = {node: parent for parent in page.iter() for node in parent}
    for shown in _paginate(systems):
        page.set("viewBox", f"0 {top:g} {_WIDTH} {_HEIGHT}")
        hidden = [system.node for system in systems if system not in shown]
        for node in hidden:
            parents[node].remove(node)
        yield page
        for above in page[:-1]:
            page.remove(above)
        for node in hidden:
            parents[node].append(node)
        top = shown[-1].bottom - _MARGIN if shown else 0.0


def _draw_glyphs(page: Element) -> None:
    """Put the outlines of music symbols where they are used: cairosvg looks them up slowly."""
    symbols = {node.get("id"): list(node) for node in page.iter(f"{{{_SVG}}}g") if node.get("id")}
    for use in list(page.iter(f"{{{_SVG}}}use")):
        outlines = symbols[use.attrib.pop(f"{{{_LINK}}}href").removeprefix("#")]
        use.tag = f"{{{_SVG}}}g"
        use.extend(outlines)


def _engrave(score: Score, simile: bool) -> tuple[Element, list[_System]]:
    """Title, artist, key and music on one page, and the systems on it."""
    for prefix, space in (("", _SVG), ("xlink", _LINK)):
        ElementTree.register_namespace(prefix, space)
    page = Element(f"{{{_SVG}}}svg")
    top = float(_MARGIN)
    for text, below, size in ((score.title, 100, 64), (score.artist, 60, 40)):
        if text:
            _write(page, text, top + size * 0.78, size)
            top += below
    if score.drums:
        key = _render(key_to_musicxml(score), _SIZE * _KEY_SIZE, 2, lyricWordSpace=3)
        top += _place(page, key, top) + 50
    music = _render(to_musicxml(score), _SIZE, 1)
    if simile:
        _draw_repeats(music, find_repeats(score))
    high = _place(page, music, top)
    page.set("viewBox", f"0 0 {_WIDTH} {top + high + _MARGIN:g}")
    return page, _systems(music, top)


def _write(page: Element, text: str, baseline: float, size: int) -> None:
    """A line of the heading, in smaller letters where it would be wider than the page."""
    words = legible(text)
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST]}…"
    # Letters of Times are half as wide as high on average, those of East Asia as wide as high.
    ems = sum(1.0 if east_asian_width(letter) in "WF" else 0.5 for letter in words)
    fitting = min(size, (_WIDTH - 2 * _MARGIN) / ems)
    node = ElementTree.SubElement(
        page, f"{{{_SVG}}}text",
        {"x": str(_WIDTH // 2), "y": f"{baseline:g}", "text-anchor": "middle",
         "font-family": "Times, serif", "font-size": f"{fitting:g}"},
    )  # fmt: skip
    node.text = words


def _place(page: Element, part: Element, top: float) -> float:
    """Put a part on the page; returns how high it is."""
    _, _, wide, high = map(float, part.get("viewBox", "").split())
    scale = float(part.attrib.pop("data-scale"))
    part.set("x", f"{_MARGIN - _LEFT * scale:g}")
    part.set("y", f"{top:g}")
    part.set("width", f"{wide * scale:g}")
    part.set("height", f"{high * scale:g}")
    page.append(part)
    return high * scale


def _systems(music: Element, top: float) -> list[_System]:
    """The systems by their staff lines; what is between two belongs half to each."""
    drawings = (node for node in music.iter(f"{{{_SVG}}}svg") if node.get("viewBox"))
    inner = next((node for node in drawings if node is not music), None)
    if inner is None:
        raise ValueError("score: verovio engraved an empty page")
    _, _, _, units = map(float, inner.get("viewBox", "").split())
    scale = float(music.get("height", "0")) / units
    found = []
    for node in music.iter(f"{{{_SVG}}}g"):
        if node.get("class") != "system":
            continue
        staves = (part for part in node.iter(f"{{{_SVG}}}g") if part.get("class") == "staff")
        staff = next(staves, None)
        if staff is None:
            continue
        lines = [float(path.get("d", "").split()[1]) for path in staff.findall(f"{{{_SVG}}}path")]
        found.append((node, top + scale * min(lines), top + scale * max(lines)))
    edges = [(a[2] + b[1]) / 2 for a, b in pairwise(found)]
    end = top + float(music.get("height", "0"))
    return [
        _System(node, begin, stop)
        for (node, _, _), begin, stop in zip(found, [top, *edges], [*edges, end], strict=True)
    ]


def _render(text: str, size: float, seed: int, **options: float) -> Element:
    """The SVG of a score on the width of a page."""
    import verovio

    # Each thread has a path of its own, which is set in the one that imports verovio alone.
    verovio.setDefaultResourcePath(str(files("verovio") / "data"))
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions({
        "adjustPageHeight": True, "footer": "none", "header": "none", "font": _FONT,
        "pageHeight": 60000, "pageWidth": round((_WIDTH - 2 * _MARGIN) / size) + _LEFT,
        "pageMarginBottom": 0, "pageMarginLeft": _LEFT, "pageMarginRight": 0, "pageMarginTop": 0,
        "scale": 100, "smuflTextFont": "none", "svgViewBox": True, "xmlIdSeed": seed, **options,
    })  # fmt: skip
    toolkit.loadData(text)
    picture = ElementTree.fromstring(toolkit.renderToSVG(1))
    picture.set("data-scale", f"{size:g}")
    for mark in picture.iter(f"{{{_SVG}}}g"):
        if mark.get("class") == "tempo":
            _draw_notes(mark)
    return picture


def _draw_repeats(music: Element, repeats: list[bool]) -> None:
    """Signs in place of the notes of bars that repeat: verovio's own leave themselves no room."""
    shape, width = _shape("E500")
    bars = {node.get("id"): node for node in music.iter(f"{{{_SVG}}}g")}
    for number in (i for i, repeat in enumerate(repeats) if repeat):
        bar = bars[f"b{number}"]
        staff = next((node for node in bar if node.get("class") == "staff"), None)
        if staff is None:
            continue
        lines = [path.get("d", "").split() for path in staff.findall(f"{{{_SVG}}}path")]
        left, right = float(lines[0][0][1:]), float(lines[0][2][1:])
        top, bottom = float(lines[0][1]), float(lines[-1][1])
        size = (bottom - top) / 1000  # a staff is a thousandth of a letter's size high
        for node in [*bar]:
            if node.get("class") in ("tuplet", "beam", "accent"):
                bar.remove(node)
        for layer in [node for node in staff if node.get("class") == "layer"]:
            staff.remove(layer)
        x, y = (left + right - width * size) / 2, (top + bottom) / 2
        place = f"translate({x:g} {y:g}) scale({size:g} {-size:g})"
        ElementTree.SubElement(
            staff,
            f"{{{_SVG}}}path",
            {"d": shape, "transform": f"{place} scale({size:g} {-size:g})"},
        )


def _draw_notes(mark: Element) -> None:
    """Put shapes for the letters of the music font before the words of a tempo mark."""
    for line in mark.findall(f"{{{_SVG}}}text"):
        at, height = float(line.get("x", "0")), line.get("y", "0")
        before = []
        for span in list(line):
            letters = [word for word in span.iter() if word.get("font-family") == _FONT]
            if not letters:
                before.append(span)
            for word in letters:
                size = float(word.get("font-size", "0").removesuffix("px")) / 1000
                for letter in (word.text or "").split():
                    shape, width = _shape(f"{ord(letter):04X}")
                    place = f"translate({at:g} {height}) scale({size:g} {-size:g})"
                    ElementTree.SubElement(
                        mark, f"{{{_SVG}}}path", {"d": shape, "transform": place}
                    )
                    at += (width + 60) * size
                line.remove(span)
                # What stood before the note goes behind the tempo.
                for other in before:
                    line.remove(other)
                    line.append(other)
                    for word in other.iter():
                        word.text = word.text and word.text.strip() and f"\u2003{word.text}"
                break
            if letters:
                break
        line.set("x", f"{at:g}")


@cache
def _shape(code: str) -> tuple[str, float]:
    """The outline of a letter of the music font, and its width, both in thousandths."""
    import verovio

    folder = Path(verovio.__file__).parent / "data"
    outline = ElementTree.parse(folder / _FONT / f"{code}.xml").getroot()
    metrics = (folder / f"{_FONT}.xml").read_text()
    width = re.search(rf'c="{code}"[^>]*h-a-x="([\d.]+)"', metrics)
    paths = [node.get("d", "") for node in outline.iter() if node.tag.endswith("path")]
    return " ".join(paths), float(width[1]) if width else 0.0
