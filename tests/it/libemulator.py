# SPDX-License-Identifier: ISC
"""What emulates links and cables (tests/tools): a program that takes commands, a line each, and
answers in JSON."""
import json
import os
import pathlib
import subprocess


def tool(name):
    return pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc")) / name


class Emulator:
    """One that runs. Killed at the end of a with, if it has not ended."""

    def __init__(self, program, *words):
        self.program, self.events = program, []
        self.process = subprocess.Popen([program, *map(str, words)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise EOFError(f"{self.program.name} ended: {self.process.wait()}")
        return json.loads(text)

    def say(self, command):
        """Performs a command; returns its answer. Events that come before it are kept."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        while True:
            said = self.line()
            if "event" not in said:
                break
            self.events.append(said)
        if not said["ok"]:
            raise ValueError(f"{command}: {said['why']}")
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
