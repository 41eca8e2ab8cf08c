#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Two verifiers that share no code agree: the core's (it_verify_record) and tools/verify_export.py.

On the correct export and on every hostile hand of libtamper.py: whether it verifies, which rule
is named, of which file, in which words; on the oddities: what can be read, and the joint order.
"""
import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

import libcalls
import libexport
import liboddities
import libtamper
from verify_tampering import VERIFY, Run, expect

BUILD = pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc"))
OURS = BUILD / "it_verify_record"

# Where the core says less exactly what is wrong: its rule for theirs. The file is the same.
COARSE = {
    "text-form": ("text-", "key-", "charter-parties", "charter-name", "charter-generation",
                  "note-", "sig-length"),
    "sig-identity": ("sig-",),
    "card-unsigned": ("sig-", "note-"),
    "note-form": ("note-",),
    "sig-head": ("sig-", "key-"),
    "sig-receipt": ("sig-", "receipt-time"),
    "proof-form": ("proof-",),
    "policy-form": ("policy-",),
}
# Sentences that speak of a detail which the core does not have at hand.
OWN_WORDS = {"note-form", "head-form", "opening-first", "charter-identity", "head-fork",
             "proof-form", "pending-wrong", "file-read", "policy-form", "sig-identity",
             "card-unsigned"}


def ours(top):
    done = subprocess.run([OURS, top], capture_output=True, text=True, check=False)
    expect(done.returncode in (0, 1) and not done.stderr, "it_verify_record broke", done.stderr,
           done.stdout[-500:])
    return done.returncode, json.loads(done.stdout)


def theirs(top):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = VERIFY.main(["--json", str(top)])
    return status, json.loads(out.getvalue())


def is_alike(mine, other):
    """Our finding says what theirs says, or stands for it."""
    if mine["rule"] == other["rule"]:
        same_words = mine["sentence"] == other["sentence"] or mine["rule"] in OWN_WORDS
        return same_words and mine["file"] == other["file"]
    coarse = COARSE.get(mine["rule"], ())
    return mine["file"] == other["file"] and other["rule"].startswith(tuple(coarse))


def compare(mine, other):
    for finding in other["failures"]:
        expect(any(is_alike(f, finding) for f in mine["failures"]),
               "only verify_export.py says", finding, "found", *mine["failures"])
    for finding in mine["failures"]:
        expect(any(is_alike(finding, f) for f in other["failures"]),
               "only the core says", finding, "found", *other["failures"])


def check_files(run, files):
    top = run.place(files)
    try:
        status, mine = ours(top)
        want, other = theirs(top)
        expect(status == want, f"status {status}, verify_export.py has {want}",
               *mine["failures"], "and", *other["failures"])
        compare(mine, other)
        return mine, other
    finally:
        shutil.rmtree(top)


def check_hand(run, hand):
    mine, other = check_files(run, hand(libexport.build()))
    if mine["form"] == "proof" or not mine["verified"]:
        return
    expect(mine["order"] == other["order"], "the joint orders differ")
    expect(mine["calls"] == other["calls"], "the verdicts differ", *mine["calls"], "and",
           *other["calls"])
    have = {u["id"] for u in mine["unreadable"]}
    want = {u["id"] for u in other["unreadable"]}
    expect(have == want, "what cannot be read differs", have ^ want)
    have = {f["sentence"] for f in mine["anomalies"]}
    expect(have == set(other["anomalies"]), "anomalies differ", *have, "and", *other["anomalies"])
    for log, known in zip(mine["logs"], other["logs"], strict=True):
        expect(log["log"] == known["log"] and log["size"] == known["size"], log, known)
        expect(log["stored"] == known["stored"], log, known)


def proofs():
    for name, index in (("u", 0), ("u", 1), ("u", 4), ("p", 2), ("r", 0), ("r", 255), ("r", 299)):
        yield lambda w, name=name, index=index: w.proof(w.logs[name], index)


def with_entry(entry):
    def hand(w):
        w.logs["u"].append_bytes(entry)
        w.logs["u"].receive("prc", "swi")
        return w.files()
    return hand


def every_byte():
    """Each file away; and one bit of each."""
    files = libexport.build().files()
    for number, name in enumerate(sorted(files)):
        yield f"without {name}", {n: d for n, d in files.items() if n != name}
        data = bytearray(files[name])
        data[number * 7919 % len(data)] ^= 1 << number % 7
        yield f"a bit of {name}", files | {name: bytes(data)}


def main():
    run = Run()
    try:
        for number, hand in enumerate([*liboddities.GOOD, *proofs()]):
            run.check(f"good export {number}", check_hand, run, hand)
        for rule, sentence, hand, _, settings in libtamper.ROWS:
            if not settings:    # those change the limits of verify_export.py
                run.check(f"{rule}: {sentence}", check_hand, run, hand)
        for reason, entry in liboddities.UNREADABLE:
            run.check(f"{reason}: {entry[:40].hex()}", check_hand, run, with_entry(entry))
        for entry in liboddities.READABLE:
            run.check(f"readable: {entry[:40].hex()}", check_hand, run, with_entry(entry))
        for sentence, hand in [*liboddities.ANOMALIES, *libcalls.ANOMALIES]:
            run.check(sentence, check_hand, run, hand)
        for name, files in every_byte():
            run.check(name, check_hand, run, lambda w, files=files: files)
    finally:
        shutil.rmtree(run.top)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
