"""`bandscribe listen`: a recording and its transcription, played together."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli import players
from bandscribe.cli.arguments import ModelName, Sensitivity, StreamNumber, parse_input
from bandscribe.cli.batch import process_all
from bandscribe.cli.outputs import OutputJob
from bandscribe.cli.recognize import MODEL as TRACKER
from bandscribe.cli.report import usage_errors
from bandscribe.cli.results import NOTES, check_saved, make_exporter, parse_clock
from bandscribe.cli.track import Tracking
from bandscribe.cli.transcribe import MODEL as TRANSCRIBER
from bandscribe.cli.transcribe import Transcribing

if TYPE_CHECKING:
    from bandscribe.cli.batch import Work
    from bandscribe.exports import Exporter


def listen(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A sound file, or a corrected part saved beside one: song.json beside song.mp3.",
            parser=parse_input,
        ),
    ],
    instruments: Annotated[
        bool,
        typer.Option(
            "--instruments", help="Play a tone for each tracked instrument instead of the drums."
        ),
    ] = False,
    click: Annotated[
        bool, typer.Option("--click", help="Add a metronome on the detected beats.")
    ] = False,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Where to begin, in s or m:ss.")
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Where to stop.")] = None,
    sensitivity: Sensitivity = None,
    player: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Command that plays a WAV file. Default: the first that is installed of afplay "
            "(macOS), pw-play, paplay, aplay, play, mpv, ffplay; on Windows its own.",
        ),
    ] = None,
    model: ModelName = None,
    stream: StreamNumber = None,
) -> None:
    """Play a recording together with its transcription.

    The recording is on the left, the transcribed drums are on the right, equally loud. Ctrl-C
    stops. `bandscribe transcribe --format preview` writes the same to a file.
    """
    import soundfile

    for name, given in (("click", click), ("sensitivity", sensitivity is not None)):
        if instruments and given:
            raise typer.BadParameter(f"--{name}: is for drums; leave out --instruments")
    if instruments and file.suffix.lower() == NOTES:
        raise typer.BadParameter(f"--instruments: {file} holds drum notes; name the recording")
    with usage_errors():
        check_saved(file, sensitivity=sensitivity)
        begin, stop = parse_clock(start, "start") or 0.0, parse_clock(end, "end")
        exporter = make_exporter(begin, stop, clicks=click, stream=stream)
        chosen = 0.5 if sensitivity is None else sensitivity
        work = _prepare(exporter, model, chosen, instruments=instruments)
    if file.is_dir():
        raise ValueError(f"{file}: a folder; name a sound file")
    programs = players.find(player)
    with tempfile.TemporaryDirectory(prefix="bandscribe-") as folder:
        sound = Path(folder, "preview.wav")
        sides = f"recording left, {'instruments' if instruments else 'drums'} right"
        job = OutputJob(file, {"preview": sound}, shown_as=sides)
        for _, line in process_all(work, [job], jobs=1):
            if line is None:
                raise typer.Exit(1)
            print(*([line] if isinstance(line, str) else line), flush=True)
        players.play(sound, soundfile.info(sound).duration, programs)


def _prepare(
    exporter: Exporter, model: str | None, sensitivity: float, *, instruments: bool
) -> Work[OutputJob, Any]:
    """The writer of the preview. Raises ValueError for options that it cannot have."""
    from bandscribe import drums
    from bandscribe.instruments import check_tracker

    if instruments:
        tracking = Tracking(model or TRACKER, exporter=exporter, stream=exporter.stream)
        check_tracker(tracking.loaded.card)
        return tracking
    transcribing = Transcribing(
        model or TRANSCRIBER, sensitivity=sensitivity, exporter=exporter, stream=exporter.stream
    )
    drums.check(transcribing.transcriber.card, transcribing.classes, sensitivity)
    return transcribing
