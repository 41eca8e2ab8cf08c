#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""openline availability and verify_export.py come to the same figures (docs/PROTOCOL.md 11.5).

On records made here: quiet days, a station that was off, restarts, paths that come and go, clocks
that were set, a twin, walls out of this world. What the figures must be is known for some.
"""
import contextlib
import io
import json
import os
import random
import subprocess

import libexport as x
from verify_tampering import VERIFY, Run, expect

BIN = os.environ.get("OPENLINE_BIN", os.path.join(os.environ.get("OPENLINE_BUILD", "build/gcc"),
                                                  "openline"))
NEVER = 2**32 - 1
DAY = 86400
MIDNIGHT = 1_700_006_400    # 2023-11-15
INTERVAL = 1200


def ours(top, *options, status=0):
    done = subprocess.run([BIN, "availability", str(top), "--json", *options],
                          capture_output=True, text=True, check=False,
                          env=os.environ | {"OPENLINE_HOME": str(top / "no-home")})
    expect(done.returncode == status, f"status {done.returncode}", done.stdout[-500:],
           done.stderr[-500:])
    return json.loads(done.stdout)


def theirs(top):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = VERIFY.main(["--json", str(top)])
    said = json.loads(out.getvalue())
    expect(status == 0, "the record must hold", *said["failures"])
    return said.get("availability")


class Line:
    """A world with one urgent log a party; checks are entries of it."""

    def __init__(self):
        self.w = x.World()
        self.logs = {p: self.w.open(p[0], p, 0) for p in ("usa", "prc", "swi")}
        self.number = dict.fromkeys(self.logs, 0)

    def check(self, party, wall, paths=(), interval=INTERVAL, log=None):
        self.number[party] += 1
        body = [self.number[party], interval, 0, [list(p) for p in paths], []]
        (log or self.logs[party]).append_bytes(x.cbor([11, wall, [], body]))

    def files(self):
        for log in self.w.logs.values():
            log.receive(*log.others())
        return self.w.files()


def agree(run, line):
    top = run.place(line.files())
    mine, other = ours(top), theirs(top)
    told = {key: mine[key] for key in ("from", "to", "days", "parties")}
    expect(told == other, "the figures differ",
           json.dumps(mine)[:2000], "and", json.dumps(other)[:2000])
    return mine, top


def share(day, party):
    return next(p for p in day["parties"] if p["party"] == party)


def quiet_days(run):
    """Two days of checks by usa; prc is off for six hours on the second; swi is never there."""
    line = Line()
    for at in range(0, 2 * DAY, INTERVAL):
        line.check("usa", MIDNIGHT + at, [(1, "udp/0", NEVER if at == 0 else 3), (1, "tcp/1", at)])
        if not DAY + 3600 <= at < DAY + 7 * 3600:
            line.check("prc", MIDNIGHT + at, [(0, "udp/0", 1800), (2, "udp/0", 1801)])
    said, top = agree(run, line)
    first, second = said["days"]
    expect(first["day"] == MIDNIGHT and second["day"] == MIDNIGHT + DAY, first, second)
    usa = share(first, "usa")
    expect((usa["seconds"], usa["available"], usa["checks"]) == (DAY, DAY, 72), usa)
    expect(usa["paths"] == [
        {"party": "prc", "bearer": "udp/0", "checks": 72, "proven": 71},
        {"party": "prc", "bearer": "tcp/1", "checks": 72, "proven": 2}], usa)
    prc = share(second, "prc")
    # the last day ends with its last check; off from a check at 0:40 + 30 min to 7:00
    seconds = DAY - INTERVAL + 1
    expect((prc["seconds"], prc["checks"]) == (seconds, 54), prc)
    expect(prc["available"] == seconds - (7 * 3600 - 2400 - 1800), prc)
    expect(prc["paths"] == [{"party": "usa", "bearer": "udp/0", "checks": 54, "proven": 54},
                            {"party": "swi", "bearer": "udp/0", "checks": 54, "proven": 0}], prc)
    swi = share(first, "swi")
    expect((swi["available"], swi["checks"], swi["paths"]) == (0, 0, []), swi)
    one = ours(top, "--from", "2023-11-16", "--to", "2023-11-16")["days"]
    expect(len(one) == 1 and share(one[0], "usa")["seconds"] == DAY, one)
    expect(share(one[0], "usa")["available"] == DAY, one)  # the last check reaches over midnight
    for wrong in (["--from", "yesterday"], ["--to", "2023-02-30"], ["--to", "2023-11-16x"],
                  ["--from", "2023-11-17"], ["--from", "2020-01-01", "--to", "2023-11-16"]):
        expect(not ours(top, *wrong, status=2)["ok"], wrong)
    expect(ours(top, "--from", "2020-01-01")["days"] == said["days"], "from the first check on")
    text = subprocess.run([BIN, "availability", str(top)], capture_output=True, text=True,
                          check=True).stdout
    expect("2023-11-15    100.0 %  usa             72 checks; proven prc by udp/0   98.6 %, "
           "prc by tcp/1    2.7 %\n" in text, text)


def odd(run):
    """Clocks set back and forth, two logs at once, a path named twice, other intervals."""
    line = Line()
    twin = line.w.open("twin", "usa", 0)
    for at, interval in ((0, 60), (30, 1), (31, 86400), (40, 61), (40, 3), (90, 60), (90, 7)):
        line.check("usa", MIDNIGHT - 60 + at, [(1, "udp/0", at), (1, "udp/0", 0)], interval)
        line.check("usa", MIDNIGHT - 60 + at, [(2, "a", interval)], interval, log=twin)
        line.check("prc", MIDNIGHT + 500 - at, [], interval)
    line.check("swi", MIDNIGHT + 2 * DAY, [], 60)
    line.check("swi", MIDNIGHT + 5 * DAY, [(0, "udp/0", 90), (0, "udp/1", 91)], 60)
    said, _ = agree(run, line)
    days = [(day["day"] - MIDNIGHT) // DAY for day in said["days"]]
    expect(days == [-1, 0, 2, 3, 4, 5], days)   # within a party's time those without checks, too


def far_ahead(run):
    """A party's one check of the far future, or past, takes nothing from the others' figures."""
    for wall in (2**40 - 1, 1):
        honest, line = Line(), Line()
        for at in range(0, DAY, INTERVAL):
            for it in (honest, line):
                it.check("usa", MIDNIGHT + at, [(1, "udp/0", 3)])
                it.check("prc", MIDNIGHT + at)
        line.check("prc", wall)
        honest, _ = agree(run, honest)
        said, top = agree(run, line)
        today = next(day for day in said["days"] if day["day"] == MIDNIGHT)
        usa = next(p for p in said["parties"] if p["party"] == "usa")
        expect(usa == next(p for p in honest["parties"] if p["party"] == "usa"), said["parties"])
        expect(usa["available"] == usa["to"] - usa["from"], usa)
        expect(share(today, "usa")["available"] == share(today, "usa")["seconds"], today)
        expect(len(said["days"]) <= 367, len(said["days"]))
        same_as_dossier(top, said)


def same_as_dossier(top, said):
    done = subprocess.run([BIN, "dossier", "--export", str(top), "--json"], capture_output=True,
                          text=True, check=True)
    told = {p["party"]: p for p in json.loads(done.stdout)["dossier"]["availability"]}
    for own in said["parties"]:
        one = told[own["party"]]
        expect({key: one[key] for key in own} == own, one, own)
        lost = sum(gap["to"] - gap["from"] for gap in one["gaps"])
        expect(one["available"] + lost == own["to"] - own["from"], one)


def out_of_this_world(run):
    for walls in ((0, 2**63), (0, 2**40, 2**41), (2**33,), (5, 6)):
        line = Line()
        for wall in walls:
            line.check("usa", wall, [(1, "udp/0", 1)])
        said, _ = agree(run, line)
        expect(len(said["days"]) <= 366, len(said["days"]))


def any_at_all(run):
    for seed in range(12):
        draw, line = random.Random(seed), Line()
        for _ in range(draw.randrange(1, 120)):
            party = draw.choice(("usa", "prc", "swi"))
            paths = [(draw.randrange(3), draw.choice(("udp/0", "tcp/1", "s")),
                      draw.choice((0, 90, 91, 1800, NEVER))) for _ in range(draw.randrange(4))]
            line.check(party, MIDNIGHT + draw.randrange(3 * DAY), paths,
                       draw.choice((1, 60, 61, INTERVAL, DAY)))
        said, top = agree(run, line)
        same_as_dossier(top, said)


def refused(run):
    empty = run.place(Line().files())
    expect(theirs(empty) is None, "there is nothing to tell")
    expect(ours(empty, status=1)["error"]["code"] == "OL_ENOENT", "no checks")
    line = Line()
    line.check("usa", MIDNIGHT)
    files = line.files()
    name = next(n for n in files if n.endswith("head.note"))
    broken = run.place(files | {name: files[name][:-5] + b"AAA=\n"})
    expect(ours(broken, status=1)["error"]["code"] == "OL_ECONFLICT", "it does not hold")


def main():
    run = Run()
    for test in (quiet_days, odd, far_ahead, out_of_this_world, any_at_all, refused):
        run.check(test.__name__, test, run)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
