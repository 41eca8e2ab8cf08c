#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""tools/demo_screen.py - how ./demo shows what it was told: two columns, one a party."""
import collections
import os
import shutil
import sys
import unicodedata

COLOURS = {"head": "1", "dim": "2", "good": "32", "exercise": "33", "bad": "1;31", "cross": "1;35"}


def width_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in text)


def words_of(text):
    """Pieces between which a line may end: after spaces, and before characters of wide scripts
    that are no closing punctuation."""
    word = ""
    for c in text:
        is_wide = unicodedata.east_asian_width(c) in "WF"
        if is_wide and unicodedata.category(c) not in ("Pe", "Pf", "Po"):
            yield word
            word = c
        elif c == " ":
            yield word + c
            word = ""
        else:
            word += c
    yield word


def wrapped(text, width):
    for paragraph in text.split("\n"):
        line = ""
        for word in words_of(paragraph):
            if line and width_of(line + word.rstrip()) > width:
                yield line.rstrip()
                line = ""
            line += word
        yield line.rstrip()


class Screen:
    """Two columns, one a party, where there is room; else one, with the party's name in front."""

    def __init__(self, parties):
        columns = shutil.get_terminal_size((120, 24)).columns
        self.parties = parties
        self.is_colour = sys.stdout.isatty() and os.environ.get("NO_COLOR") is None
        self.is_wide = columns >= 96 and len(parties) == 2
        self.total = min(columns, 160)
        self.width = (self.total - 3) // 2 if self.is_wide else self.total - 6
        self.rows = (collections.deque(), collections.deque())  # not shown yet, a column each

    def paint(self, text, colour):
        code = COLOURS.get(colour)
        return f"\033[{code}m{text}\033[0m" if code and self.is_colour and text else text

    def line(self, text="", colour=""):
        self.settle()
        print(self.paint(text, colour), flush=True)

    def scene(self, text, has_columns=False):
        self.line()
        self.line(f"── {text} ".ljust(self.total, "─"), "head")
        if has_columns and self.is_wide:
            left, right = self.parties
            self.line(f"{left:<{self.width}} │ {right}", "head")

    def block(self, party, rows):
        """Rows are (text, colour), wrapped into the party's column. What the two sides tell at the
        same time stands side by side."""
        for text, colour in rows:
            for piece in wrapped(text, self.width):
                if self.is_wide:
                    self.rows[self.parties.index(party)].append((piece, colour))
                else:
                    print(f"{party:<4}│ {self.paint(piece, colour)}", flush=True)
        while all(self.rows):
            self.pair()

    def settle(self):
        while any(self.rows):
            self.pair()

    def pair(self):
        left, right = (rows.popleft() if rows else ("", "") for rows in self.rows)
        space = " " * (self.width - width_of(left[0]))
        print(f"{self.paint(*left)}{space} │ {self.paint(*right)}".rstrip(), flush=True)
