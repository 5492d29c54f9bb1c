import json
import shutil
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_soundfont

from bandscribe.synthesis import fluidsynth, kits
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.kits import hydrogen, naming, pieces, soundfont
from bandscribe.vocabulary import ARTICULATIONS

RATE = 44100


def stroke(*, silence=0.05, length=0.4, level=0.5, frequency=200.0, decay=0.05, rate=RATE):
    """A decaying cosine after some silence: the onset is its first, largest sample."""
    t = np.arange(round(length * rate)) / rate
    sound = level * np.cos(2 * np.pi * frequency * t) * np.exp(-t / decay)
    return np.concatenate([np.zeros(round(silence * rate)), sound]).astype(np.float32)


def write(path: Path, samples, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="FLOAT" if path.suffix == ".wav" else None)


class TestCut:
    def test_begins_within_a_millisecond_of_the_onset(self):
        hit = pieces.cut(stroke(silence=0.123)[None], RATE, "sd")
        assert hit is not None
        assert int(np.argmax(np.abs(hit.microphones[0]))) == 44  # 1 ms

    def test_tail_ends_60_db_below_the_peak(self):
        # exp(-t / 0.05) falls by 60 dB in 0.05 * ln(1000) = 0.345 s; steps are 10 ms.
        hit = pieces.cut(stroke(length=1.0)[None], RATE, "sd")
        assert hit is not None
        assert hit.microphones.shape[1] / RATE == pytest.approx(0.345 + 0.001, abs=0.01)

    @pytest.mark.parametrize(("articulation", "seconds"), [("lt", 1.5), ("cr", 3.0)])
    def test_longest(self, articulation, seconds):
        hit = pieces.cut(stroke(length=4.0, decay=2.0)[None], RATE, articulation)
        assert hit is not None
        assert hit.microphones.shape[1] == seconds * RATE
        assert hit.microphones[0, -1] == 0

    def test_slow_swell_begins_where_it_begins(self):
        t = np.arange(2 * RATE) / RATE
        swell = (np.sin(2 * np.pi * 4000 * t) * np.minimum(t / 0.5, 1) * np.exp(-t)).astype(
            np.float32
        )
        hit = pieces.cut(np.pad(swell, (RATE, 0))[None], RATE, "cr")
        assert hit is not None
        peak_at = np.argmax(np.abs(hit.microphones[0])) / RATE
        assert peak_at == pytest.approx(np.argmax(np.abs(swell)) / RATE, abs=0.015)

    def test_microphones_stay_aligned(self):
        close = stroke(silence=0.05)
        room = 0.5 * np.roll(close, 300)
        hit = pieces.cut(np.stack([close, room]), RATE, "sd")
        assert hit is not None
        first, second = np.argmax(np.abs(hit.microphones), axis=1)
        assert second - first == 300

    def test_loudness_is_the_power_of_the_first_300_ms(self):
        # Mean power of a * cos: a² / 2; two microphones of a and 0 have the mean a / 2.
        tone = stroke(silence=0.0, length=1.0, level=0.5, frequency=1000, decay=1e9)
        two = np.stack([tone, np.zeros_like(tone)])
        assert pieces.loudness_db(tone[None], RATE) == pytest.approx(-9.03, abs=0.01)
        assert pieces.loudness_db(two, RATE) == pytest.approx(-9.03 - 6.02, abs=0.01)
        short = tone[None, : round(0.15 * RATE)]
        assert pieces.loudness_db(short, RATE) == pytest.approx(-9.03 - 3.01, abs=0.01)

    def test_silence_is_no_hit(self):
        assert pieces.cut(np.zeros((1, 100), dtype=np.float32), RATE, "kd") is None
        assert pieces.cut(np.zeros((1, 0), dtype=np.float32), RATE, "kd") is None

    def test_a_drum_struck_twice_is_no_hit(self):
        twice = np.concatenate([stroke(), stroke()])[None]
        assert pieces.cut(twice, RATE, "sd") is None
        assert pieces.cut(twice, RATE, "clap") is not None

    def test_a_late_attack_is_no_hit(self):
        late = np.concatenate([np.full(round(0.1 * RATE), 0.1, np.float32), stroke(silence=0)])
        assert pieces.cut(late[None], RATE, "phh") is None


class TestPiece:
    hit = pieces.RecordedHit(np.ones((1, 10), dtype=np.float32), RATE, -10.0)

    def test_stack_sorts_and_leaves_out_empty_layers(self):
        piece = pieces.stack("snare", "sd", [(1.0, [self.hit]), (0.5, []), (0.3, [self.hit] * 2)])
        assert piece is not None
        assert piece.velocities == (0.3, 1.0)
        assert [len(layer) for layer in piece.layers] == [2, 1]
        assert pieces.stack("snare", "sd", [(1.0, [])]) is None

    @pytest.mark.parametrize("velocities", [(0.5,), (0.5, 0.5), (0.0, 1.0), (0.5, 1.1)])
    def test_velocities_ascend(self, velocities):
        with pytest.raises(ValueError, match="velocities"):
            pieces.KitPiece("snare", "sd", ((self.hit,), (self.hit,)), velocities)

    def test_unknown_articulation(self):
        with pytest.raises(ValueError, match="articulation"):
            pieces.KitPiece("gong", "gong", ((self.hit,),), (1.0,))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('Kick (Tama Superstar 22")', "kd"),
        ("BassDrum", "kd"),
        ("c3 - bass drum 1", "kd"),
        ("bd_boom", "kd"),
        ("Snare Rimshot", "sd"),
        ("Snare Roll", None),
        ("Stick", "ss"),
        ("Rim Click", "ss"),
        ("Pearl Side Stick", "ss"),
        ("Hi Hat Closed", "chh"),
        ("Hat Semi-Open", "ohh"),
        ("Sabian Hat Swish", "ohh"),
        ("Sabian Hat Choke", None),
        ("Side OHH", "ohh"),
        ("Hat 1 Pd", "phh"),
        ("Hat Low", None),
        ("Tom Hi", "ht"),
        ("tomhi2", "ht"),
        ("Tom 2", "mt"),
        ("Tom", "mt"),
        ("Floor Tom", "lt"),
        ("crash16inch", "cr"),
        ("ride-crash20inch", None),
        ("ride-cup", "rb"),
        ("Paiste Bell", "rb"),
        ("Cowbell", "cb"),
        ("Cymbal", None),
        ("Zildjian Splash", "sp"),
        ("China", "ch"),
        ("Hand Clap", "clap"),
        ("Tambourine Pedal", "tmb"),
        ("Djembe1 Bass", "other"),
        ("Dununba1 Bell Mute", "other"),
        ("15", None),
        ("Sample: beats_08-37.flac", None),
        ("", None),
    ],
)
def test_articulation_of_a_name(name, expected):
    assert naming.articulation(name) == expected


HYDROGEN = """<?xml version="1.0" encoding="UTF-8"?>
<drumkit_info xmlns="http://www.hydrogen-music.org/drumkit">
 <name>Tiny</name> <author>Nobody</author> <license>CC0</license>
 <instrumentList>
  <instrument><name>Kick</name><volume>0.5</volume><gain>2</gain>
   <layer><filename>loud.wav</filename><min>0.5</min><max>1</max><gain>1</gain></layer>
   <layer><filename>soft.wav</filename><min>0</min><max>0.5</max><gain>0.5</gain></layer>
   <layer><filename>loud.wav</filename><min>0</min><max>0.5</max><gain>0.1</gain></layer>
  </instrument>
  <instrument><name>Closed HH</name><filename>soft.wav</filename></instrument>
  <instrument><name>Snare</name>
   <instrumentComponent><component_id>0</component_id>
    <layer><filename>loud.wav</filename><min>0</min><max>1</max><pitch>12</pitch></layer>
   </instrumentComponent>
  </instrument>
  <instrument><name>Pedal HH</name><filename>hat-semi-open.wav</filename></instrument>
  <instrument><name>Cowbell</name><filename>missing.wav</filename></instrument>
  <instrument><name>17</name><filename>loud.wav</filename></instrument>
  <instrument><name>Crash</name></instrument>
 </instrumentList>
</drumkit_info>"""


@pytest.fixture
def hydrogen_kit(tmp_path):
    folder = tmp_path / "tiny"
    write(folder / "loud.wav", stroke(level=0.5))
    write(folder / "soft.wav", np.stack([stroke(level=0.5), stroke(level=0.3)], axis=1))
    write(folder / "hat-semi-open.wav", stroke(rate=48000), 48000)
    (folder / "drumkit.xml").write_text(HYDROGEN)
    return folder


class TestHydrogen:
    def test_load(self, hydrogen_kit):
        with pytest.warns(UserWarning, match=r"missing\.wav.*left out"):
            kit = kits.load(hydrogen_kit)
        assert (kit.name, kit.licence) == ("Tiny", "CC0")
        assert "Nobody" in kit.origin
        assert list(kit.pieces) == ["kd", "sd", "chh", "ohh"]
        (kick,) = kit.pieces["kd"]
        assert kick.velocities == (0.5, 1.0)
        assert [len(layer) for layer in kick.layers] == [2, 1]
        # volume 0.5 × gain 2 × layer gain; the soft sample is the mean of 0.5 and 0.3.
        peaks = [np.abs(hit.microphones).max() for layer in kick.layers for hit in layer]
        np.testing.assert_allclose(peaks, [0.2, 0.05, 0.5], rtol=1e-3)
        assert kit.nbytes == sum(
            hit.microphones.size * 4
            for found in kit.pieces.values()
            for piece in found
            for layer in piece.layers
            for hit in layer
        )

    def test_pitch_raises_the_sound(self, hydrogen_kit):
        with pytest.warns(UserWarning, match="missing"):
            snare = kits.load(hydrogen_kit).pieces["sd"][0].layers[0][0]
        spectrum = np.abs(np.fft.rfft(snare.microphones[0], RATE))
        assert int(np.argmax(spectrum)) == pytest.approx(400, abs=4)

    @pytest.mark.parametrize("tag", ["pitch", "gain", "volume", "max"])
    @pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e10", "-300", "1e999", "loud"])
    def test_numbers_that_are_none(self, hydrogen_kit, tag, value):
        path = hydrogen_kit / "drumkit.xml"
        layer = f"<layer><filename>loud.wav</filename><{tag}>{value}</{tag}></layer>"
        volume = f"<volume>{value}</volume>" if tag == "volume" else ""
        path.write_text(
            "<drumkit_info><instrumentList><instrument><name>Kick</name>"
            f"{volume}{layer}</instrument></instrumentList></drumkit_info>"
        )
        if (tag, value) == ("max", "-300"):
            assert kits.load(hydrogen_kit).pieces["kd"]
            return
        with pytest.raises(ValueError, match=r"drumkit\.xml: not a Hydrogen drumkit \("):
            kits.load(hydrogen_kit)

    def test_a_sample_far_from_sound(self, hydrogen_kit):
        write(hydrogen_kit / "loud.wav", stroke(level=0.5) * 1e30)
        with pytest.warns(UserWarning, match=r"\.wav.*; left out of the kit") as caught:
            kit = kits.load(hydrogen_kit)
        assert "kd" in kit.pieces and "sd" not in kit.pieces  # a kick by its soft sample
        assert any("loud.wav: a sample at 0.050 s is 5e+29" in str(w.message) for w in caught)

    def test_other_rates_are_resampled(self, hydrogen_kit):
        with pytest.warns(UserWarning, match="missing"):
            kit = kits.load(hydrogen_kit, sample_rate=22050)
        hat = kit.pieces["ohh"][0].layers[0][0]
        assert hat.sample_rate == kit.sample_rate == 22050
        spectrum = np.abs(np.fft.rfft(hat.microphones[0], 22050))
        assert int(np.argmax(spectrum)) == pytest.approx(200, abs=4)

    def test_stick_beside_a_side_stick_is_left_out(self):
        def instrument(name):
            return hydrogen.Instrument(name, (hydrogen.Layer(f"{name}.wav", 1.0, 1.0, 0.0),))

        stick, click = instrument("Stick"), instrument("Rim Click")
        assert hydrogen.label([stick]) == [(stick, "ss")]
        assert hydrogen.label([stick, click]) == [(click, "ss")]

    @pytest.mark.parametrize("text", ["<drumkit", HYDROGEN.replace("<max>1<", "<max>loud<")])
    def test_damaged(self, hydrogen_kit, text):
        (hydrogen_kit / "drumkit.xml").write_text(text)
        with pytest.raises(ValueError, match=r"drumkit\.xml"):
            kits.load(hydrogen_kit)


def row(name, articulation, piece, rank, **more):
    return {"file": name, "class": articulation, "piece": piece, "rank": rank, **more}


@pytest.fixture
def folder_kit(tmp_path):
    folder = tmp_path / "folder"
    rows = []
    for rank in range(1, 15):
        write(folder / f"kd/v{rank:02}.flac", stroke(level=0.05 * rank))
        rows.append(row(f"kd/v{rank:02}.flac", "kd", "kick", rank))
    for delay, mix in ((400, "amb"), (0, "close"), (200, "oh")):
        write(folder / f"sd/{mix}.flac", np.pad(stroke(), (delay, 0)))
        rows.append(row(f"sd/{mix}.flac", "sd", "snare", 1, mix=mix))
    rows += [row("sd/oh.flac", "other", "crash_choke", 1), row("sd/oh.flac", "other", "bongo_h", 1)]
    (folder / "kit.json").write_text(json.dumps(rows))
    return folder


class TestFolder:
    def test_load(self, folder_kit):
        kit = kits.load(str(folder_kit))
        assert (kit.name, kit.licence) == ("folder", "")
        assert [p.name for p in kit.pieces["other"]] == ["bongo_h"]
        (kick,) = kit.pieces["kd"]
        assert [len(layer) for layer in kick.layers] == [2, 2, 3, 2, 2, 3]
        np.testing.assert_allclose(kick.velocities, np.arange(1, 7) / 6)
        loudness = [hit.loudness_db for layer in kick.layers for hit in layer]
        assert loudness == sorted(loudness)
        assert loudness[-1] - loudness[0] == pytest.approx(20 * np.log10(14), abs=0.1)

    def test_mixes_are_aligned_rows(self, folder_kit):
        hit = kits.load(folder_kit).pieces["sd"][0].layers[0][0]
        onsets = np.argmax(np.abs(hit.microphones), axis=1)
        np.testing.assert_array_equal(onsets - onsets[0], [0, 200, 400])

    def test_only_mixes_that_all_strokes_have_are_kept(self, folder_kit):
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

    def test_damaged_samples_are_left_out(self, folder_kit):
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
    def test_damaged_list(self, folder_kit, text, expected):
        (folder_kit / "kit.json").write_text(text)
        with pytest.raises(ValueError, match=expected):
            kits.load(folder_kit)


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def preset(name: str, program: int, bank: int) -> bytes:
    return struct.pack("<20sHH14x", name.encode(), program, bank)


def riff(*records: bytes, form: bytes = b"sfbk") -> bytes:
    body = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"odd"))
    body += chunk(b"LIST", b"sdta" + chunk(b"smpl", b"phdr" * 8))
    body += chunk(b"LIST", b"pdta" + chunk(b"phdr", b"".join(records)) + chunk(b"pbag", b"1234"))
    return chunk(b"RIFF", form + body)


@pytest.fixture
def font(tmp_path):
    path = tmp_path / "font.sf2"
    path.write_bytes(
        riff(
            preset("Room", 8, 128),
            preset("Piano", 0, 0),
            preset("Standard", 0, 128),
            preset("Orchestra", 48, 128),
            preset("EOP", 255, 128),
        )
    )
    return path


class TestSoundFont:
    def test_presets(self, font):
        assert soundfont.presets(font) == {0: "Standard", 8: "Room"}

    @pytest.mark.parametrize(
        "data", [b"", b"RIFF", riff(form=b"WAVE"), riff(), riff(preset("EOP", 0, 0))[:-60]]
    )
    def test_damaged(self, font, data):
        font.write_bytes(data)
        with pytest.raises(ValueError, match=r"font\.sf2"):
            soundfont.presets(font)

    def test_articulation(self):
        assert soundfont.articulation(38, 0) == "sd"
        assert soundfont.articulation(60, 0) == "other"
        assert soundfont.articulation(71, 0) is None
        assert soundfont.articulation(39, 40) == "sd"
        assert soundfont.articulation(40, 40) is None
        assert soundfont.articulation(52, 24) is None
        assert {soundfont.articulation(note, 0) for note in soundfont.NOTES} == set(ARTICULATIONS)

    def test_plan_leaves_room(self):
        plan = list(soundfont.plan(0))
        assert {(s.pitch, s.velocity) for s in plan} == {
            (note, velocity) for note in soundfont.NOTES for velocity in soundfont.VELOCITIES
        }
        for stroke_, following in pairwise(plan):
            assert following.start > stroke_.end + 0.3

    def test_cut_strokes(self):
        plan = [
            Note(0.1, 0.6, 38, 64),
            Note(1.0, 1.5, 38, 127),
            Note(2.0, 2.5, 36, 127),
        ]
        samples = np.zeros(3 * RATE, dtype=np.float32)
        for planned, level in zip(plan[:2], (0.1, 0.8), strict=True):
            sound = stroke(silence=0.02, level=level)
            start = round(planned.start * RATE)
            samples[start : start + len(sound)] += sound
        hits = soundfont.cut_strokes(samples, RATE, plan, 0)
        assert list(hits) == [38]  # what stays silent is no piece
        assert [velocity for velocity, _ in hits[38]] == [64, 127]
        soft, loud = (hit for _, hit in hits[38])
        assert loud.loudness_db - soft.loudness_db == pytest.approx(18.06, abs=0.05)
        # The soft one is the loud one at another level.
        assert soundfont.distinct(hits[38]) == [(127, loud)]
        other = pieces.cut(stroke(frequency=500)[None], RATE, "sd")
        assert other is not None
        assert soundfont.distinct([(64, other), (127, loud)]) == [(64, other), (127, loud)]

    def test_play(self, tmp_path):
        """A SoundFont of one looped cosine, as a drum kit: each stroke sounds from its start on."""
        plan = [
            Note(0.1, 0.3, 38, 64),
            Note(1.0, 1.3, 49, 127),
        ]
        font = tiny_soundfont.write(tmp_path / "tiny.sf2", bank=128)
        samples = soundfont.play(font, 8, plan, RATE)
        for planned, quiet in zip(plan, (0, 0.9), strict=True):
            start, end = (round(RATE * t) for t in (planned.start, planned.end))
            assert np.abs(samples[round(RATE * quiet) : start]).max() < 1e-4
            assert np.abs(samples[start + 200 : end]).max() > 0.01
        hits = soundfont.cut_strokes(samples, RATE, plan, 8)
        assert {note: len(layers) for note, layers in hits.items()} == {38: 1, 49: 1}
        assert hits[49][0][1].loudness_db > hits[38][0][1].loudness_db + 6
        with pytest.raises(ValueError, match=r"tiny\.sf2: no program 200 in it"):
            soundfont.play(font, 200, plan, RATE)

    def test_failures_name_the_cure(self, font, monkeypatch):
        with pytest.raises(ValueError, match=r"no drum kit 48.*\[0, 8\]"):
            kits.load(f"{font}#48")
        with pytest.raises(ValueError, match="PROGRAM"):
            kits.load(f"{font}#x")
        fluidsynth.load_library.cache_clear()
        monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
        with pytest.raises(ValueError, match="install"):
            kits.load(f"{font}#8")


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
