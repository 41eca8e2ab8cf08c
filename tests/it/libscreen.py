# SPDX-License-Identifier: ISC
"""A terminal for tests: a program on a pty, and a model of the screen that it draws.

The model knows the sequences that openline watch uses, and fails on any other control: what a
terminal would act upon must be the program's own.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

from libline import BIN, LIMIT, Failure

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Terminal:
    """The program, its screen as rows of text, and which cells are in reverse or blink."""

    def __init__(self, *args, home, rows=30, columns=100):
        self.rows, self.columns = rows, columns
        self.left, self.bells, self.is_alternate, self.raw = b"", 0, False, b""
        self.clear()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["OPENLINE_HOME"] = str(home)
            os.execv(os.path.abspath(BIN), ["openline", *map(str, args)])
        self.before = termios.tcgetattr(self.fd)
        self.resize(rows, columns)

    def clear(self):
        self.cells = [[(" ", "")] * self.columns for _ in range(self.rows)]
        self.row = self.column = 0
        self.attributes = ""

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.clear()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def put(self, c):
        width = 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" \
            else 1
        if width == 0:
            return
        if self.column + width > self.columns or self.row >= self.rows:
            raise Failure(f"{c!r} at row {self.row}, column {self.column}: beyond the screen")
        self.cells[self.row][self.column] = (c, self.attributes)
        if width == 2:
            self.cells[self.row][self.column + 1] = ("", self.attributes)
        self.column += width

    def act(self, mark, numbers, letter):
        if mark == "?":
            if numbers == "1049":
                if letter == "h" and not self.is_alternate:
                    self.main = (self.cells, self.row, self.column)
                    self.clear()
                elif letter == "l" and self.is_alternate:
                    self.cells, self.row, self.column = self.main
                self.is_alternate = letter == "h"
            elif numbers not in ("25", "2004"):
                raise Failure(f"mode {numbers}")
        elif letter == "H" and numbers == "":
            self.row = self.column = 0
        elif letter == "K":
            self.cells[self.row][self.column:] = [(" ", "")] * (self.columns - self.column)
        elif letter == "J" and numbers == "2":
            self.cells = [[(" ", "")] * self.columns for _ in range(self.rows)]
        elif letter == "m":
            self.attributes = "" if numbers in ("", "0") else self.attributes + numbers + ";"
        else:
            raise Failure(f"the sequence {mark}{numbers}{letter}")

    def take(self, text):
        at = 0
        while at < len(text):
            c, found = text[at], SEQUENCE.match(text, at)
            if found:
                self.act(*found.groups())
                at = found.end()
                continue
            at += 1
            if c == "\a":
                self.bells += 1
            elif c == "\r":
                self.column = 0
            elif c == "\n":
                self.row += 1
                if self.row >= self.rows and not self.is_alternate:
                    self.row = self.rows - 1
                    self.cells = self.cells[1:] + [[(" ", "")] * self.columns]
            elif unicodedata.category(c) in ("Cc", "Cf"):
                raise Failure(f"the control {c!r} came to the terminal")
            elif self.is_alternate:
                self.put(c)
            else:
                self.cells[self.row][min(self.column, self.columns - 1)] = (c, "")
                self.column += 1

    def read(self, seconds):
        """What comes within the time; False: nothing, or the program has ended."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            got = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.raw += got
        self.left += got
        try:
            text, self.left = self.left.decode(), b""
        except UnicodeDecodeError as error:
            if len(self.left) - error.start > 3:
                raise
            text, self.left = self.left[:error.start].decode(), self.left[error.start:]
        part = re.search(r"\x1b(\[[?0-9;]*)?$", text)  # a sequence that has not come whole
        if part:
            self.left = text[part.start():].encode() + self.left
            text = text[:part.start()]
        self.take(text)
        return bool(got)

    def lines(self):
        return ["".join(c for c, _ in row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines())

    def is_whole(self):
        """A frame is drawn from the first row to the last: it has come there."""
        return not self.is_alternate or self.row == self.rows - 1

    def wait(self, what, is_there=True):
        """Until the screen has (or has not) what a pattern finds; the row where it does."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            if not self.is_whole():
                self.read(1.0)
                continue
            rows = [i for i, line in enumerate(self.lines()) if re.search(what, line)]
            if bool(rows) == is_there:
                return rows[0] if rows else -1
            self.read(1.0)
        raise Failure(f"the screen never {'had' if is_there else 'lost'} {what!r}:\n{self.text()}")

    def wait_bells(self, count):
        end = time.monotonic() + LIMIT
        while self.bells < count:
            if time.monotonic() > end:
                raise Failure(f"{self.bells} bells, not {count}\n{self.text()}")
            self.read(1.0)

    def attributes_of(self, row):
        return {a for c, a in self.cells[row] if c.strip()}

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def end(self, with_signal=None):
        """Waits for the program; its exit code. The terminal must be as it was."""
        if with_signal is not None:
            os.kill(self.pid, with_signal)
        while self.read(LIMIT):
            pass
        _, status = os.waitpid(self.pid, 0)
        if self.is_alternate or not self.raw.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"):
            raise Failure(f"the terminal was left as {self.raw[-60:]!r}")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def gone(self):
        """The exit code of a program that draws no screen, once it has ended."""
        while self.read(LIMIT):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def is_as_before(self):
        now = termios.tcgetattr(self.fd)
        return now[:4] == self.before[:4]

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
