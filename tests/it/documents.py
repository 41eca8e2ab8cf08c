#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What the documents say is there is there; the README's tour runs and prints what it shows."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

import libline

SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("OPENLINE_BIN", str(SRC / "build/gcc/openline")))
DOCUMENTS = [SRC / "README.md", SRC / "bench/README.md", *sorted((SRC / "docs").glob("*.md"))]
LIMIT = 120
DONE = "@@ the command has ended: "
# What differs from run to run: taken from what is printed, put into the commands that follow.
TIME = r"\d{6}Z [A-Z]{3} \d\d"
PORTS = ("14477", "14478")  # the README's, of loopback
VARIES = [r"(?:usa|prc)/(?:urgent|routine)/[0-9a-f]{4}\.\d+",  # stations write checks between
          r"\d{5}(?: \d{5}){5}", TIME, *PORTS, r"[0-9a-f]{32}", r"[0-9a-f]{16}",
          r"[0-9a-f]{4}(?=\.\d)"]


def complain(document, text, what):
    line = document.read_text(encoding="utf-8")[:text.start()].count("\n") + 1
    print(f"{document.relative_to(SRC)}:{line}: {what}")
    return 1


def links(document, text):
    """Links lead somewhere, and files that are named exist"""
    wrong = 0
    for found in re.finditer(r"\]\(([\w./:-]+\.[\w./:-]+)(#[^)]*)?\)", text):
        if "://" not in found[1] and not (document.parent / found[1]).exists():
            wrong += complain(document, found, f"{found[1]} is not there")
    for found in re.finditer(r"`((?:src|tests|tools|docs|bench)/[\w./*-]*\w)`", text):
        if not list(SRC.glob(found[1])) and "_x" not in found[1] and "/x" not in found[1]:
            wrong += complain(document, found, f"{found[1]} is not there")
    return wrong


def tests_named(document, text):
    """`unit.x`, `sim.x`, `it.x` and `fuzz.x` are tests"""
    wrong = 0
    for found in re.finditer(r"`(unit|sim|it|fuzz)\.([a-z_]+)`", text):
        kind, name = found[1], found[2]
        file = {"unit": f"unit/test_{name}.c", "sim": f"sim/sim_{name}.c", "it": f"it/{name}.py",
                "fuzz": f"fuzz/fuzz_{name}.c"}[kind]
        if name != "x" and not (SRC / "tests" / file).exists():
            wrong += complain(document, found, f"there is no test {kind}.{name}")
    return wrong


class Shell:
    """One bash in which the tour's commands follow each other."""

    def __init__(self, where, words=("bash", "--norc"), env=None):
        self.process = subprocess.Popen(words, cwd=where, env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, start_new_session=True)
        self.guard = threading.Timer(LIMIT, self.process.kill)
        self.guard.start()

    def run(self, command):
        """The lines it printed, and its exit code. A station that is put into the background is
        waited for, by its log."""
        if command.endswith("&"):
            log = command.split()[-2]
            command = (f"touch {log}\n{command}\n"
                       f"grep -q station.ready <(tail -n +1 -f --pid=$! {log})")
        self.process.stdin.write(f"{command}\nprintf '%s%d\\n' '{DONE}' $?\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            if DONE in line:
                before, code = line.rstrip("\n").split(DONE)
                return printed + ([before] if before else []), int(code)
            printed.append(line.rstrip("\n"))
        return printed, -1

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.guard.cancel()


def pattern_of(line, known):
    """A line as the document shows it, as a regular expression; groups take what varies."""
    names, out, at = [], "", 0
    for found in re.finditer("|".join(rf"\b{v}\b" for v in VARIES) + "|…", line):
        out += re.escape(line[at:found.start()])
        at = found.end()
        if found[0] == "…":
            out += ".*"
        elif found[0] in known:
            out += re.escape(known[found[0]])
        elif found[0] in names:
            out += f"(?P=v{names.index(found[0])})"
        else:
            kind = next(v for v in VARIES if re.match(v, line[found.start():]))
            out += f"(?P<v{len(names)}>{kind})"
            names.append(found[0])
    return out + re.escape(line[at:]), names


def tour(document, text):
    """Every command of the tour exits 0 and prints what is shown"""
    known = dict(zip(PORTS, map(str, libline.free_udp_ports(len(PORTS)))))
    with tempfile.TemporaryDirectory(prefix="ol-") as where:
        (pathlib.Path(where) / "build").mkdir()
        (pathlib.Path(where) / "build/gcc").symlink_to(BIN.parent)
        (pathlib.Path(where) / "tools").symlink_to(SRC / "tools")
        shell = Shell(where)
        wrong = 0
        for block in re.finditer(r"```console\n(.*?)```", text, re.S):
            for step in re.split(r"^\$ ", block[1], flags=re.M)[1:]:
                command, *shown = step.rstrip("\n").split("\n")
                for was, now in known.items():
                    command = command.replace(was, now)
                printed, code = shell.run(command)
                fault = f"exit {code}" if code != 0 else compare(shown, printed, known)
                if fault:
                    print("printed:", *printed, sep="\n  ")
                    wrong += complain(document, block, f"{command}: {fault}")
        shell.run("usa stop; prc stop")
        shell.end()
    return wrong


def compare(shown, printed, known):
    """Order between output and errors is not looked at: people see both."""
    if len(shown) != len(printed):
        return f"prints {len(printed)} lines, not {len(shown)}"
    left = list(printed)
    for line in shown:
        pattern, names = pattern_of(line, known)
        found = next((m for m in (re.fullmatch(pattern, p) for p in left) if m), None)
        if found is None:
            return f"does not print: {line}"
        left.remove(found[0])
        for i, name in enumerate(names):
            if not re.fullmatch(TIME, name):  # times go on
                known[name] = found[f"v{i}"]
    return None


def main():
    wrong = 0
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        wrong += links(document, text) + tests_named(document, text)
        if document == DOCUMENTS[0]:
            wrong += tour(document, text)
    print(f"{len(DOCUMENTS)} documents, {wrong} faults")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
