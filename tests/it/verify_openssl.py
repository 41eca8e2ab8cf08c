#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The very commands of docs/CHECKING.md, run with openssl and coreutils on a made export.

They must find every signature right on a correct export, and stop at each false one.
"""
import base64
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import libexport
import libhands

SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).parents[2]))
FINE = "Signature Verified Successfully"


def commands():
    text = (SRC / "docs" / "CHECKING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7, f"docs/CHECKING.md has {len(blocks)} blocks of commands"
    return "set -e\n" + "".join(blocks)


def run(files, log, other, index=1):
    """What bash says to all the commands, in their order, in the export of these files."""
    with tempfile.TemporaryDirectory(prefix="openline-openssl-") as top:
        libexport.write(files, pathlib.Path(top) / "export")
        work = pathlib.Path(top) / "work"
        work.mkdir()
        named = {"DIR": f"{top}/export", "LINE": libexport.LINE, "LOG": log.dir,
                 "PARTY": log.party.name, "OTHER": other, "WORK": str(work), "INDEX": str(index)}
        return subprocess.run(["bash", "-c", commands()], env=os.environ | named, text=True,
                              capture_output=True, check=False)


def expect_fine(name, other, index):
    world = libexport.build()
    log = world.logs[name]
    done = run(world.files(), log, other, index)
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert said.count(FINE) == 4, said
    root = base64.b64encode(log.root()).decode()
    assert f"computed {root}" in said and f"signed   {root}" in said, said
    leaf = base64.b64encode(log.hashes()[index]).decode()
    assert said.count(leaf) == 2, said
    size = log.receipts[other][-1][0]
    assert any(f"{other} has stored the first {size} entries; it said so on " in line
               and " 2025" in line for line in said), said


def expect_refused(after, changes):
    """The commands stop after so many good signatures."""
    world = libexport.build()
    files = libhands.change(world.files(), world, changes)
    done = run(files, world.logs["u"], "prc")
    assert done.returncode != 0, done.stdout
    assert done.stdout.count(FINE) == after, done.stdout + done.stderr


def main():
    swap, passed, failed = libhands.swap, 0, 0
    checks = [
        (expect_fine, "u", "prc", 3), (expect_fine, "u", "swi", 8), (expect_fine, "q", "usa", 1),
        (expect_fine, "s", "usa", 0), (expect_fine, "r", "swi", 255),
        (expect_refused, 0, {"charter": swap(b"answer.flash = 600", b"answer.flash = 601")}),
        (expect_refused, 1, {"cards/usa.1": swap(b"United", b"Untied")}),
        (expect_refused, 2, {"{u}/head.note": swap(b"\n9\n", b"\n8\n")}),
        (expect_refused, 3, {"{u}/heads/prc.note": swap(b"\n9\n", b"\n8\n")}),
    ]
    for check, *arguments in checks:
        try:
            check(*arguments)
            passed += 1
        except AssertionError as error:
            failed += 1
            print(f"FAILED {check.__name__} {arguments}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
