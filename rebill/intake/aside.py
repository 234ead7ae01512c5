"""What a reader of carrier paper sets aside: frames kept out of memory until they are asked for."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import polars as pl


class Aside:
    """Sets frames aside in one file of a scratch place; the file has no name and ends with this.

    Nobody has to remove it, not even where the process that reads is killed.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._file: IO[bytes] | None = None

    def __call__(self, frame: pl.DataFrame) -> Callable[[], pl.DataFrame]:
        """Set a frame aside and return what brings it back, as often as it is asked for."""
        packed = io.BytesIO()
        frame.write_ipc(packed, compression="lz4")
        size = packed.tell()
        if self._file is None:
            self._place.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._place)  # noqa: SIM115, it lives with us
        file = self._file
        at = file.seek(0, io.SEEK_END)
        file.write(packed.getbuffer())
        file.flush()

        def back() -> pl.DataFrame:
            file.seek(at)
            return pl.read_ipc(io.BytesIO(file.read(size)))

        return back
