"""The owner's .env with some settings put in: a line that sets one of them is changed where it stands, others are added below."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream

from state.disk import explained, put, sync_folder


def pending(text: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those of `wanted` that the file does not say yet; an empty one is wanted only where something else stands."""
    said = {line.key: (line.value or "").strip() for line in parse_stream(io.StringIO(text)) if line.key}
    return {name: value for name, value in wanted.items() if said.get(name, "") != value}


def merged(text: str, changes: Mapping[str, str]) -> str:
    """`text` with `changes`; all else stays as it is, letter by letter, and the last line ends with a newline."""
    left, out = dict(changes), []
    for line in parse_stream(io.StringIO(text)):
        original = line.original.string
        if line.key not in changes:
            out.append(original)
            continue
        lead = original[: len(original) - len(original.lstrip())]
        end = "\n" if original.endswith("\n") else ""
        out.append(f"{lead}{line.key}={left.pop(line.key)}{end}" if line.key in left else lead)
    body = "".join(out)
    if left and body and not body.endswith("\n"):
        body += "\n"
    return body + "".join(f"{name}={value}\n" for name, value in left.items())


def change(path: Path, changes: Mapping[str, str]) -> None:
    """Replaces the file in one step; it keeps its rights, and a new one is for its owner only. Raises StateError."""
    target = Path(os.path.realpath(path))  # a link stays a link
    with explained("write", target):
        exists = target.exists()
        text = target.read_text(encoding="utf-8") if exists else ""
        mode = target.stat().st_mode & 0o777 if exists else 0o600
        with put(target, merged(text, changes).encode(), mode, sync=True) as temp:
            os.replace(temp, target)
        sync_folder(target.parent)
