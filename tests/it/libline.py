# SPDX-License-Identifier: ISC
"""Parties, lines and stations for tests: everything by the commands that an operator would use.

A test waits on events and replies, never on a sleep; every wait has a limit that fails the test.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback

BIN = os.environ.get("OPENLINE_BIN", "build/gcc/openline")
SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).resolve().parents[2]))
TITLES = {"usa": "United States", "prc": "中国", "swi": "Suisse", "nor": "Norge"}
LANGS = {"usa": "en", "prc": "zh en", "swi": "fr de", "nor": "no"}
LIMIT = 60.0  # seconds for anything that a test waits for


class Failure(Exception):
    """What a command or station did is not what the test expects."""


def run(*args, home=None, stdin=None, expect=0, pass_fds=(), cwd=None):
    """Runs openline; returns what it printed. expect None: any exit code."""
    env = dict(os.environ)
    env.pop("OPENLINE_HOME", None)
    env["HOME"] = "/nonexistent"
    if home is not None:
        env["OPENLINE_HOME"] = str(home)
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run([BIN, *map(os.fsencode, map(str, args))], env=env, input=stdin or b"",
                          capture_output=True, timeout=LIMIT, pass_fds=pass_fds, cwd=cwd,
                          check=False)
    if expect is not None and done.returncode != expect:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise Failure(f"openline {' '.join(map(str, args))}: exit {done.returncode}, "
                      f"not {expect}\n{said}")
    return done


def refused(*args, code=1, says=(), home=None, stdin=None, pass_fds=(), cwd=None):
    """The command fails with one helpful sentence on stderr: "openline …: what; what to do"."""
    done = run(*args, home=home, stdin=stdin, expect=code, pass_fds=pass_fds, cwd=cwd)
    told = done.stderr.decode()
    line = told.strip().splitlines()[-1] if told.strip() else ""
    if not line.startswith("openline") or "; " not in line or ": " not in line:
        raise Failure(f"{args}: no sentence that helps: {told!r}")
    for part in [says] if isinstance(says, str) else says:
        if part not in line:
            raise Failure(f"{args}: \"{part}\" is not in: {line}")
    if done.stdout:
        raise Failure(f"{args}: printed {done.stdout!r} beside the error")
    print("  refused:", line)
    as_json = run(*args, "--json", home=home, stdin=stdin, expect=code, pass_fds=pass_fds, cwd=cwd)
    said = json.loads(as_json.stdout.decode().splitlines()[-1])
    if said["ok"] or set(said["error"]) != {"code", "what", "do"} or not said["error"]["do"]:
        raise Failure(f"{args} --json: {said}")
    return said["error"]


class Party:
    """A party with its home; its station, if it runs."""

    def __init__(self, where, name, options=()):
        self.name = name
        self.home = pathlib.Path(where) / name
        self.card = pathlib.Path(where) / f"{name}.card"
        self.process = None
        made = self.run("init", name, "--name", TITLES.get(name, name), "--lang",
                        LANGS.get(name, "en"), *options)
        self.card.write_bytes(made.stdout)

    def run(self, *args, **options):
        return run(*args, home=self.home, **options)

    def ask(self, *args, **options):
        """The one JSON object that a command prints."""
        lines = self.run(*args, "--json", **options).stdout.decode().splitlines()
        if len(lines) != 1:
            raise Failure(f"{args}: {len(lines)} lines of JSON, not one")
        return json.loads(lines[0])

    def refused(self, *args, **options):
        return refused(*args, home=self.home, **options)


def sign(parties, file):
    for party in parties:
        party.run("charter", "sign", file)


def courier(parties, line, where):
    """Every party's contribution goes to every other; returns the digits that all must read."""
    for party in parties:
        party.run("key", "contribute", line, "--out", where / f"{line}.{party.name}.share")
    digits = set()
    for party in parties:
        files = []
        for other in parties:
            if other is not party:
                copy = where / f"{line}.{other.name}.to.{party.name}"
                shutil.copyfile(where / f"{line}.{other.name}.share", copy)
                copy.chmod(0o600)
                files.append(copy)
        digits.add(party.ask("key", "combine", line, *files)["digits"])
        for copy in files:
            if copy.exists():
                raise Failure(f"{copy} was not erased")
    for party in parties:
        (where / f"{line}.{party.name}.share").unlink()
    if len(digits) != 1:
        raise Failure(f"the digits differ: {digits}")
    return digits.pop()


def found(where, names=("usa", "prc"), line="hotline", settings=(), parties=None):
    """Founds a line between new parties (or those given), as far as `line add`."""
    where = pathlib.Path(where)
    parties = parties or [Party(where, name) for name in names]
    sets = [word for setting in settings for word in ("--set", setting)]
    charter = where / f"{line}.charter"
    charter.write_bytes(run("charter", "draft", line, *[p.card for p in parties], *sets).stdout)
    sign(parties, charter)
    digits = courier(parties, line, where)
    for party in parties:
        others = [p.card for p in parties if p is not party]
        party.run("line", "add", charter, *others, "--digits", digits)
    return parties


def main(*tests):
    """Runs each test in a directory of its own; the exit code is the number of failures."""
    wanted = sys.argv[1:]
    failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="ol-") as where:
            print(f"{test.__name__}: {(test.__doc__ or '').strip().splitlines()[0]}", flush=True)
            try:
                test(pathlib.Path(where))
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
                failed += 1
                print(f"{test.__name__}: FAILED", flush=True)
    sys.exit(1 if failed else 0)
