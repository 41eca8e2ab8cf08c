# SPDX-License-Identifier: ISC
"""openline verify: a line, its export, a proof; and that it and the stranger's program agree."""
import json
import os
import shutil
import subprocess
import sys

from libline import SRC, Failure, connected, main, station_down

VERIFIER = SRC / "tools/verify_export.py"


def check(condition, what):
    if not condition:
        raise Failure(what)


def stranger(directory):
    done = subprocess.run([sys.executable, VERIFIER, directory], capture_output=True, check=False)
    return done.returncode


def exported(where):
    """A line with messages both ways, its export and a proof of one entry."""
    usa, prc = connected(where)
    first = usa.ask("send", "hotline", "Question", "--precedence", "flash", "--wait", "stored")
    prc.ask("send", "hotline", "Answer", "--ref", first["entry"], "--wait", "stored")
    usa.run("export", "hotline", where / "export", "--yes")
    usa.run("export", "hotline", where / "proof", "--proof", first["entry"])
    return usa, prc, first


def holds(where):
    """A line, of a running station and of none; its export; a proof"""
    usa, prc, first = exported(where)
    for party in (usa, prc):
        said = party.ask("verify", "hotline")
        check(said["ok"] and said["kind"] == "export" and said["entries"] == 4, said)
        check(said["findings"] == [] and len(said["logs"]) == 2, said)
    said = usa.ask("verify", where / "export")
    check(said["line"] == "hotline" and said["broken"] == 0, said)
    check(all(log["stored"][other]["size"] == log["size"] for log in said["logs"]
              for other in log["stored"]), said)
    told = usa.run("verify", where / "export").stdout.decode()
    check("verified: line hotline, logs 2, entries 4, unreadable 0" in told, told)
    said = usa.ask("verify", where / "proof")
    check(said["kind"] == "proof" and said["proven"]["index"] == first["index"], said)
    check("receipted by all" in usa.run("verify", where / "proof").stdout.decode(), "proof")
    station_down(usa)
    check(usa.ask("verify", "hotline")["entries"] == 4, "without a station")
    usa.refused("verify", "coldline", says="no line \"coldline\"")
    usa.refused("verify", where / "nowhere", says="nowhere")
    usa.refused("verify", where / "hotline.charter", says="directory")
    done = usa.run("verify", where / "usa", expect=1)
    check(b"charter" in done.stdout and b"does not hold" in done.stderr, done)


def agree(where):
    """Every file of an export and a proof, changed, cut, lengthened or gone: both refuse alike"""
    usa, _, _ = exported(where)
    count = 0
    for kind in ("export", "proof"):
        for name in sorted(path.relative_to(where / kind) for path in
                           (where / kind).rglob("*") if path.is_file()):
            for change in (flip, cut, lengthen, remove):
                bad = where / "bad"
                shutil.copytree(where / kind, bad)
                change(bad / name)
                ours = usa.run("verify", bad, "--json", expect=None)
                said = json.loads(ours.stdout.decode())
                check(ours.returncode in (0, 1) and said["ok"] == (ours.returncode == 0), said)
                theirs = stranger(bad)
                check((ours.returncode == 0) == (theirs == 0),
                      f"{change.__name__} {kind}/{name}: ours {ours.returncode}, the stranger's "
                      f"{theirs}: {said}")
                shutil.rmtree(bad)
                count += 1
    print(f"  {count} changed directories judged alike")


def flip(path):
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\n")


def remove(path):
    os.unlink(path)


main(holds, agree)
