#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A correct export verifies; whatever a hostile hand changes is named by one stable sentence.

The table is in libtamper.py. A rule of tools/verify_export.py without a row fails.
"""
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import libexport
import libtamper

SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).parents[2]))
TOOL = SRC / "tools" / "verify_export.py"


def load_tool():
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("verify_export", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFY = load_tool()


@contextlib.contextmanager
def changed(fault=None, **settings):
    """Constants of the tool, changed for one row; fault makes opening of such files fail."""
    before = {name: getattr(VERIFY, name) for name in settings}
    real_open = os.open

    def failing(path, *more, **named):
        if fault and str(path).endswith(fault):
            raise OSError(5, "Input/output error")
        return real_open(path, *more, **named)
    try:
        VERIFY.os.open = failing
        for name, value in settings.items():
            setattr(VERIFY, name, value)
        yield
    finally:
        VERIFY.os.open = real_open
        for name, value in before.items():
            setattr(VERIFY, name, value)


class Run:
    """Counts what passed; each check gets its own directory."""

    def __init__(self):
        self.passed, self.failed = 0, 0
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="openline-tamper-"))
        self.count = 0

    def place(self, files):
        self.count += 1
        top = self.top / str(self.count)
        top.mkdir()
        for name, data in files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, libtamper.Link):
                path.symlink_to(str(data))
            else:
                path.write_bytes(data)
        return top

    def verify(self, files, **settings):
        """(exit status, the tool's JSON) of one directory, through its command line."""
        top = self.place(files)
        out = io.StringIO()
        with changed(**settings), contextlib.redirect_stdout(out):
            status = VERIFY.main(["--json", str(top)])
        shutil.rmtree(top)
        return status, json.loads(out.getvalue())

    def check(self, name, function, *arguments):
        try:
            function(*arguments)
            self.passed += 1
        except Exception:  # a test that breaks is a test that fails
            self.failed += 1
            print(f"FAILED {name}")
            traceback.print_exc(limit=-2, file=sys.stdout)


def expect(condition, *what):
    if not condition:
        raise AssertionError("\n  ".join(map(str, what)))


def check_row(run, rule, sentence, hand, also, settings):
    world = libexport.build()
    names = {"next": len(world.logs["u"].numbers) + 1}
    files = hand(world)
    status, result = run.verify(files, **settings)
    sentence = sentence.format(**libtamper.dirs(world), **names)
    found = [(f["rule"], f["sentence"]) for f in result["failures"]]
    expect(status == 1 and not result["verified"], "it verified")
    expect((rule, sentence) in found, f"expected [{rule}] {sentence}", "found", *found)
    extra = {r for r, _ in found} - {rule} - also
    expect(not extra, f"beside {rule} also {extra}", *found)


def main():
    run = Run()
    try:
        for rule, sentence, hand, also, settings in libtamper.ROWS:
            run.check(f"{rule}: {sentence}", check_row, run, rule, sentence, hand, also, settings)
        for rule in VERIFY.RULES:
            run.check(f"{rule} has a row", lambda r=rule: expect(
                any(r == row[0] for row in libtamper.ROWS), f"no row for {r}"))
    finally:
        shutil.rmtree(run.top)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
