# SPDX-License-Identifier: ISC
"""A member signs what nobody can read: stored, receipted, shown as unreadable, and no harm done."""
import base64
import ctypes
import ctypes.util
import json
import os
import pathlib
import subprocess
import sys

import libline
import libexport as x
from liboddities import UNREADABLE
from libline import Control, connected, main, station_down, station_up
from libordeal import VERIFIER, body_of, check, export, same_record, settled

HOSTILE = pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc")) / "it_hostile"
LINE = "hotline"


def bomb():
    """16 MiB of zeros in few bytes, with the window that is allowed."""
    encoder = ctypes.CDLL(ctypes.util.find_library("brotlienc") or "libbrotlienc.so.1")
    size, room = 1 << 24, ctypes.create_string_buffer(1900)
    length = ctypes.c_size_t(len(room))
    done = encoder.BrotliEncoderCompress(5, 16, 0, ctypes.c_size_t(size), bytes(size),
                                         ctypes.byref(length), room)
    check(done == 1, "the bomb does not fit an entry")
    return room.raw[:length.value]


def message(text, precedence=1):
    return x.cbor([2, x.START, [], [precedence, 1, 0, list(text)], b"item 2", []])


def rows():
    """(what it is, entry): the verifier's table, and what only the wire can say about size."""
    yield from UNREADABLE
    yield "2,048 bytes of an unknown kind", x.cbor([64, x.START, [], bytes(2035)])
    yield "2,048 bytes that are no CBOR", b"\xff" * 2048
    yield "1 byte", b"\xff"
    yield "a bomb of 16 MiB", message((1, bomb()))


def memory(party):
    with open(f"/proc/{party.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def hostile_up(party):
    honest, libline.BIN = libline.BIN, str(HOSTILE)
    try:
        station_up(party)
    finally:
        libline.BIN = honest


def shown(party):
    lines = party.run("log", LINE, "--json").stdout.decode().splitlines()
    return [json.loads(line) for line in lines[:-1]]


def signed_by_a_member(where):
    """Every entry that cannot be read, signed by usa and sent to prc"""
    usa, prc = connected(where, line=LINE, start=False)
    hostile_up(usa)
    station_up(prc)
    for party in (prc, usa):
        party.ask("send", LINE, f"{party.name} can be read", "--anyway",
                  "--precedence", "immediate",
                  "--status", "exercise", "--wait", "stored")
    # From here until the last of them prc says nothing, so that nothing is newly seen.
    settled([usa, prc], LINE)
    usa.ask("send", LINE, "I have seen all", "--anyway",
            "--precedence", "immediate", "--wait", "stored")
    before, sent = memory(prc), {}
    with Control(usa.home) as client:
        for number, (reason, entry) in enumerate(rows()):
            check(1 <= len(entry) <= 2048, f"{reason}: {len(entry)} bytes")
            file = where / f"{number}.entry"
            file.write_bytes(entry)
            said = client.ask("submit", line=LINE, body=body_of(str(file), 1),
                              item=f"bad0{number:08x}")
            sent[said["log"], said["index"]] = reason, entry
    settled([usa, prc], LINE)
    check(len({log for log, _ in sent}) == 1, "one log")
    with Control(prc.home) as client:
        held = as_bytes(client, next(iter(sent))[0])
        for (_, index), (reason, entry) in sent.items():
            check(held[index] == entry, f"{reason}: prc holds other bytes")
        counts = client.ask("status", line=LINE)["counts"]
        check(not any(counts[bad] for bad in ("payload_bad", "head_bad", "receipt_bad")), counts)
    grown = memory(prc) - before
    check(grown < 16 << 10, f"prc has grown by {grown} KiB")
    named(usa, prc, sent)
    for party in (prc, usa):
        done = party.ask("send", LINE, f"{party.name} goes on", "--anyway",
                         "--precedence", "immediate",
                         "--status", "exercise", "--wait", "stored")
        check(done["state"] == "stored", done)
    settled([usa, prc], LINE)
    exports = [export(party, where, "unreadable", LINE) for party in (usa, prc)]
    same_record(*exports)
    by_stranger(exports[1], sent)
    by_us(prc, exports[1], sent)
    for party in (usa, prc):
        station_down(party)
    check(len(shown(prc)) > len(sent), "without a station the same is shown")


def as_bytes(client, log):
    found, at = [], 0
    while at is not None:
        page = client.ask("entries", line=LINE, log=log, **{"from": at})
        found += [base64.b64decode(e) for e in page["entries"]]
        at = page["next"]
    return found


def named(usa, prc, sent):
    """`log` names each with a reason, on both sides the same; people see it too."""
    seen = [{(e["log"], e["index"]): e for e in shown(party)} for party in (usa, prc)]
    told = prc.run("log", LINE).stdout.decode()
    readable = []
    for place, (reason, _) in sent.items():
        mine, theirs = (side[place] for side in seen)
        check(mine["kind"] == theirs["kind"], f"{reason}: {mine}, {theirs}")
        if theirs["kind"] != "unreadable":
            readable.append(reason)
            continue
        check(theirs["unreadable"] == mine["unreadable"] != "", theirs)
        check(f"UNREADABLE {theirs['entry']}" in told and theirs["unreadable"] in told,
              f"{theirs['entry']} is not shown to people")
    # The bound on words is the author's: what came is shown, whatever its length.
    check(all("words" in reason for reason in readable), f"shown as if they could be read: "
          f"{readable}")
    check("\x1b" not in told and "\u202e" not in told, "what was refused reaches the terminal")
    print(f"  {len(sent)} entries that cannot be read, {len(sent) - len(readable)} shown as such")


def by_stranger(directory, sent):
    done = subprocess.run([sys.executable, VERIFIER, "--json", directory], capture_output=True,
                          check=False)
    check(done.returncode == 0, done.stdout.decode() + done.stderr.decode())
    found = {u["id"].rsplit(".", 1)[1]: u["reason"]
             for u in json.loads(done.stdout.decode())["unreadable"]}
    for (_, index), (reason, _) in sent.items():
        check(str(index) in found, f"a stranger reads what is no entry: {reason}")


def by_us(party, directory, sent):
    """`verify` lists what a stranger's program does, and nothing of it breaks the record."""
    for target in (directory, LINE):
        said = party.ask("verify", target)
        found = [f["what"] for f in said["findings"] if f["rule"] == "unreadable"]
        named = {int(what.split()[1]) for what in found if "cannot be read: " in what}
        check(said["broken"] == 0 and said["unreadable"] == len(sent), said)
        check(len(named) == len(found) and len(found) + said["untold"] == len(sent),
              f"verify {target} lists {len(found)}, leaves out {said['untold']}")
        check(named <= {index for _, index in sent}, f"verify {target} lists {named}")


main(signed_by_a_member)
