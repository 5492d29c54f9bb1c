"""Folders with kit.json, and where kits are found."""

import json
import shutil

import numpy as np
import pytest
from tiny_kits import row, write

from bandscribe.synthesis import kits


def test_load(folder_kit):
    kit = kits.load(str(folder_kit))
    assert (kit.name, kit.licence) == ("folder", "")
    assert [p.name for p in kit.pieces["other"]] == ["bongo_h"]
    (kick,) = kit.pieces["kd"]
    assert [len(layer) for layer in kick.layers] == [2, 2, 3, 2, 2, 3]
    np.testing.assert_allclose(kick.velocities, np.arange(1, 7) / 6)
    loudness = [hit.loudness_db for layer in kick.layers for hit in layer]
    assert loudness == sorted(loudness)
    assert loudness[-1] - loudness[0] == pytest.approx(20 * np.log10(14), abs=0.1)


def test_mixes_are_aligned_rows(folder_kit):
    hit = kits.load(folder_kit).pieces["sd"][0].layers[0][0]
    onsets = np.argmax(np.abs(hit.microphones), axis=1)
    np.testing.assert_array_equal(onsets - onsets[0], [0, 200, 400])


def test_only_mixes_that_all_strokes_have_are_kept(folder_kit):
    rows = json.loads((folder_kit / "kit.json").read_text())
    more = [row(f"sd/{mix}.flac", "sd", "snare", 2, mix=mix) for mix in ("oh", "amb")]
    (folder_kit / "kit.json").write_text(json.dumps(rows + more))
    snare = kits.load(folder_kit).pieces["sd"][0]
    shapes = {hit.microphones.shape[0] for layer in snare.layers for hit in layer}
    assert shapes == {2}
    more = [row("sd/close.flac", "sd", "snare", 3, mix="close")]
    more += [row("sd/oh.flac", "sd", "snare", 2, mix="oh")]
    (folder_kit / "kit.json").write_text(json.dumps(more))
    with pytest.raises(ValueError, match="sd/snare: expected a mix"):
        kits.load(folder_kit)


def test_damaged_samples_are_left_out(folder_kit):
    (folder_kit / "kd/v01.flac").write_text("no sound")
    write(folder_kit / "kd/v02.wav", np.full(1000, np.nan))
    rows = json.loads((folder_kit / "kit.json").read_text())
    rows[1]["file"] = "kd/v02.wav"
    (folder_kit / "kit.json").write_text(json.dumps(rows))
    with pytest.warns(UserWarning, match="left out") as caught:
        kit = kits.load(folder_kit)
    assert len(caught) == 2
    assert sum(len(layer) for layer in kit.pieces["kd"][0].layers) == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ('[{"file": "a.wav"}]', "expected a list"),
        ('["a.wav"]', "expected a list"),
        (json.dumps([row("a.wav", "cymbal", "x", 1)]), "unknown classes"),
        ("[]", "none of its sounds"),
    ],
)
def test_damaged_list(folder_kit, text, expected):
    (folder_kit / "kit.json").write_text(text)
    with pytest.raises(ValueError, match=expected):
        kits.load(folder_kit)


def test_find(tmp_path, font, hydrogen_kit, folder_kit):
    nested = tmp_path / "a" / "b"
    shutil.copytree(folder_kit, nested)
    (tmp_path / "link").symlink_to(hydrogen_kit, target_is_directory=True)
    found = kits.find(tmp_path)
    assert sorted(found) == sorted(
        [str(nested), f"{font}#0", f"{font}#8", str(folder_kit), str(tmp_path / "link")]
    )
    assert kits.find(folder_kit) == [str(folder_kit)]


def test_addresses_without_a_kit(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        kits.load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        kits.find(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"drumkit\.xml or kit\.json"):
        kits.load(tmp_path)
