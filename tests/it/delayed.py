# SPDX-License-Identifier: ISC
"""A member that writes more than the charter allows: what is put off, and what status says of it
on both sides (docs/PROTOCOL.md 5.7). Its own station would refuse; so its store is made to forget
what it has spent, as by a hand that wants to flood."""
import base64
import json
import os
import sqlite3

from libline import Control, Failure, connected, main, station_down, station_up

LINE = "hotline"
TEXT = b"x" * 1700  # of the million bytes that are the least a charter may allow
WINDOW, ROUNDS_MAX = 16, 8


def check(condition, what):
    if not condition:
        raise Failure(what)


def body():
    """A routine exercise message, [3, 1, 0, [0, text]]."""
    said = b"\x84\x03\x01\x00\x82\x00\x79" + len(TEXT).to_bytes(2, "big") + TEXT
    return base64.b64encode(said).decode()


def write_all(usa):
    """All that usa's own station lets it write: how many entries, and the last of them."""
    written, refused, last = 0, None, None
    with Control(usa.home) as writer:
        while refused is None:
            asked = {writer.send("submit", line=LINE, body=body(), item=os.urandom(6).hex())
                     for _ in range(WINDOW)}
            while asked:  # a refusal comes before what must be saved first
                said = json.loads(writer.line())
                asked.remove(said["id"])
                written += said["ok"]
                if not said["ok"]:
                    refused = said["error"]
                elif last is None or said["index"] > last[1]:
                    last = said["log"], said["index"]
    check(refused["code"] == "OL_ELIMIT" and last is not None, refused)
    return written, last


def forget_what_was_spent(usa):
    with sqlite3.connect(usa.home / "store.db") as store:
        gone = store.execute("DELETE FROM state WHERE key = 'tokens'").rowcount
    store.close()
    check(gone == 1, f"{gone} rows of what was spent")


def is_put_off(party, last):
    """What comes first: prc's receipt for the last entry, or the word that it is put off. Asked
    for as it stands, too: who is slow is not told of what has passed."""
    log, index = last
    with Control(party.home) as watch:
        watch.ask("subscribe", line=LINE)
        watch.event("live")
        if delays_of(watch, "prc"):
            return True
        rows = {row["log"]: row for row in watch.ask("record", line=LINE)["logs"]}
        size = max((r["size"] for r in rows[log]["receipts"] if r["party"] == "prc"), default=0)
        while size <= index:
            said = watch.event()
            if said["event"] == "alarm" and said["alarm"] == "delays":
                return True
            if said["event"] == "receipt" and said["log"] == log:
                size = said["size"]
    return False


def delays_of(client, party):
    return client.ask("status", line=LINE)["delays"].get(party)


def said_by(party, *words):
    told = " ".join(party.run("status").stdout.decode().split())
    for word in words:
        check(word in told, f"status of {party.name} does not say {word!r}: {told}")


def a_flood(where):
    """A member beyond the charter's limits is put off, both stations say so, FLASH still passes"""
    usa, prc = connected(where, settings=("limit.entries=100000", "limit.bytes=1000000"),
                         start=False)
    station_up(prc)
    total = 0
    for _ in range(ROUNDS_MAX):
        station_up(usa)
        written, last = write_all(usa)
        total += written
        if is_put_off(usa, last):
            break
        station_down(usa)
        forget_what_was_spent(usa)
    else:
        raise Failure(f"{total} entries of {len(TEXT)} bytes were taken")
    print(f"  {total} entries of {len(TEXT)} bytes until it was put off")
    for party, other, word in ((usa, "prc", "our-entries"), (prc, "usa", "their-entries")):
        with Control(party.home) as client:
            check(word in delays_of(client, other)["what"], f"{party.name}: no {word}")
    waits = "WAIT: more than the charter allows in a day; the next in"
    said_by(usa, f"ENTRIES OF OURS (routine) {waits}", "taken later; prc decides that")
    said_by(prc, f"ENTRIES OF usa (routine) {waits}", "taken later; this station decides that")
    usa.run("send", LINE, "All the same", "--precedence", "flash", "--status", "exercise",
            "--anyway", "--wait", "stored")
    for party in (usa, prc):
        station_down(party)


main(a_flood)
