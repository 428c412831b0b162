"""How `auth` speaks with the owner: lines on a terminal, over ssh too. Secrets are read without echo and never shown."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import Protocol

from errors import ConfigError, Stopped

LATER = "What was done is kept. Go on with:  scheduler.py auth tesla --resume"


class Talk(Protocol):
    def say(self, text: str) -> None: ...

    def ask(self, question: str) -> str:
        """One line, stripped. Raises Stopped where he wants to go on later."""
        ...

    def ask_secret(self, question: str) -> str: ...


class Terminal:
    """A keyboard and a screen; q or the end of the input stops the conversation."""

    def __init__(self) -> None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigError(("auth is a conversation: run it in a terminal (ssh is fine), not from cron or a pipe.",))

    def say(self, text: str) -> None:
        print(text, flush=True)

    def ask(self, question: str) -> str:
        return self._line(input, f"{question} ")

    def ask_secret(self, question: str) -> str:
        return self._line(getpass.getpass, f"{question} (not shown) ")

    def _line(self, read: Callable[[str], str], prompt: str) -> str:
        while True:
            try:
                answer = read(prompt)
                answer.encode()  # under some locales a stray byte comes as half a character that nothing can send on
            except EOFError:
                raise Stopped("auth", LATER) from None
            except UnicodeError:
                self.say("There is something in it that is no letter (no UTF-8). Please type or paste it once more.")
                continue
            return quit_or(answer)


def quit_or(answer: str) -> str:
    if answer.strip().lower() in ("q", "quit", "exit"):
        raise Stopped("auth", LATER)
    return answer.strip()


def yes(talk: Talk, question: str) -> bool:
    """Enter is yes; anything that is neither yes nor no is asked again."""
    while True:
        answer = talk.ask(f"{question} [Y/n]").lower()
        if answer in ("", "y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
        talk.say("Please answer y or n (q: go on later).")


def qr_code(url: str) -> str:
    """The URL as a picture of half blocks, black on white whatever the colours of the terminal: phones do not read all inverted codes."""
    import segno

    rows = [list(row) for row in segno.make(url, micro=False).matrix_iter(border=3)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    blocks = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(blocks[bool(up), bool(down)] for up, down in zip(*pair, strict=True)) for pair in pairs)
    return "\n".join(f"\x1b[30;107m{line}\x1b[0m" for line in lines)
