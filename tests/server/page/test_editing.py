"""Notes are added, moved, deleted, undone, saved, exported and read again."""

import numpy as np
import pytest

from bandscribe.formats import notes

from .conftest import Shown


def test_open_edit_undo_save_export_reload(browser, served, recording, tmp_path) -> None:
    shown = Shown(browser, served, viewport={"width": 1300, "height": 900})
    page, first = shown.page, shown.notes()
    assert page.title() == "groove.flac · bandscribe"
    # Add by double click, drag from the crash to the ride, delete by key.
    page.mouse.dblclick(*shown.point("CR", 4.5))
    assert len(shown.notes()) == len(first) + 1
    page.mouse.move(*shown.point("CR", 4.5))
    page.mouse.down()
    page.mouse.move(*shown.point("RD", 4.75), steps=5)
    page.mouse.up()
    added = [note for note in shown.notes() if note not in first]
    assert [name for _, name in added] == ["RD"] and abs(added[0][0] - 4.75) < 0.01
    kick = next(onset for onset, name in first if name == "KD")
    page.mouse.click(*shown.point("KD", kick))
    shown.press("Delete")
    edited = shown.notes()
    assert (kick, "KD") not in edited and len(edited) == len(first)
    # Three steps back, and on again.
    shown.press("Control+z", "Control+z", "Control+z")
    assert shown.notes() == first and page.is_disabled("#undo")
    shown.press("Control+Shift+z", "Control+y", "Control+Shift+z")
    assert shown.notes() == edited and page.is_disabled("#redo")
    # Save, and find it again after a reload.
    shown.press("Control+s")
    shown.wait("!bandscribe.part().changed")
    saved = notes.read(recording.corrections)
    assert len(saved.onsets) == len(edited)
    page.reload()
    shown.wait("bandscribe.scene.levelRate")
    again = shown.notes()
    assert [name for _, name in again] == [name for _, name in edited]
    assert np.allclose([onset for onset, _ in again], [onset for onset, _ in edited], atol=1e-6)
    assert not shown.run("() => bandscribe.part().changed")
    # The deleted kick stays away whatever the sensitivity, and the added note stays.
    shown.run("() => bandscribe.part().setSensitivity('KD', 0.9)")
    shown.run("() => bandscribe.part().setSensitivity('RD', 0.0)")
    loose = shown.notes()
    assert not any(abs(onset - kick) < 1e-5 for onset, name in loose if name == "KD")
    assert [name for _, name in loose].count("RD") == 1
    # Export what is there now.
    with page.expect_download() as waiting:
        page.select_option("#export", "midi")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "groove.mid"
    assert len(notes.read(path).onsets) == len(loose)
    shown.context.close()
    assert shown.faults == []


def test_two_pages_of_one_recording(browser, served, recording) -> None:
    """The second to save is told, keeps its notes, and can save again after a reload."""
    pages = [Shown(browser, served) for _ in range(2)]
    for page in pages:
        page.press("End", "a")
        # However often and fast: each save replaces the one before.
        page.press("Control+s", "Control+s", "Control+s")
        page.run("() => bandscribe.saving")
    ask = "() => [bandscribe.part().changed, bandscribe.part().version !== null]"
    assert [page.run(ask) for page in pages] == [[False, True], [True, False]]
    shown = pages[1].page.text_content("#problem")
    assert shown.startswith("Not saved: groove.json: was changed elsewhere")
    pages[1].run("() => { bandscribe.part().saved = bandscribe.part().state; }")
    pages[1].page.reload()
    pages[1].wait("bandscribe.scene.levelRate")
    pages[1].press("a", "Control+s")
    pages[1].wait("!bandscribe.part().changed")
    for page in pages:
        page.context.close()


def test_a_drag_ends_with_what_is_dragged(shown) -> None:
    """Undone by a key while the button is down: nothing comes twice, nothing comes back."""
    first = shown.notes()
    kick = next(onset for onset, name in first if name == "KD")
    for key in ("Control+z", "Delete"):
        shown.page.mouse.move(*shown.point("KD", kick))
        shown.page.mouse.down()
        shown.page.mouse.move(*shown.point("SD", kick + 0.2), steps=3)
        assert len(shown.notes()) == len(first) and (kick, "KD") not in shown.notes()
        shown.press(key)
        left = shown.notes()
        shown.page.mouse.move(*shown.point("SD", kick + 0.4), steps=3)
        shown.page.mouse.up()
        assert shown.notes() == left
    assert len(left) == len(first) - 1


def test_what_was_picked_comes_back_at_the_old_sensitivity(shown) -> None:
    first = shown.notes()
    slider = shown.page.locator("input[aria-label='Sensitivity of Snare']")
    slider.evaluate(
        """(slider) => {
          for (const value of [0.6, 0.8, 0.9]) {
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
          }
          slider.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    assert len(shown.notes()) > len(first)
    shown.press("Control+z")  # one step, however far it was dragged
    assert shown.notes() == first
    assert slider.input_value() == "0.5"


def test_everything_by_keyboard(shown) -> None:
    first = shown.notes()
    shown.press("Home", ".", ".", "ArrowRight", "ArrowRight", "Shift+ArrowLeft")
    moved = sorted(set(shown.notes()) - set(first))
    assert len(moved) == 1 and abs(moved[0][0] - sorted(first)[1][0] - 0.019) < 1e-6
    shown.press("ArrowDown", "]", "]")
    changed = [note for note in shown.notes() if note not in first]
    order = shown.run("async () => (await import('/static/layout.js')).ORDER")
    assert changed[0][1] == order[min(9, order.index(moved[0][1]) + 1)]
    shown.press("Delete", "Escape", "End", "a")
    assert shown.notes()[-1][0] == pytest.approx(6.0, abs=1e-3)
    shown.press("Escape", "Control+a", "Control+a")
    assert shown.run("() => bandscribe.selection().length") == len(shown.notes())
    shown.press("Delete")
    assert shown.notes() == []
    for _ in range(20):
        shown.press("Control+z")
    assert shown.notes() == first
    shown.press("m", "l", "f", "0", "+", "?")
    assert shown.run("() => [...bandscribe.heads.muted].length") == 1
    assert shown.run("() => bandscribe.scene.loop.length") == 2
    assert shown.page.is_visible("#keys")
    shown.press("Escape")
    assert not shown.page.is_visible("#keys")


def test_the_form_changes_what_is_selected(shown) -> None:
    shown.press(".")
    shown.page.select_option("#note-drum", "MT")
    shown.page.fill("#note-time", "2.5")
    shown.page.press("#note-time", "Enter")
    assert (2.5, "MT") in shown.notes()
    assert shown.page.text_content("#selected").startswith("Mid tom, 0:02.500")
    shown.page.click("#note-delete")
    assert (2.5, "MT") not in shown.notes()
