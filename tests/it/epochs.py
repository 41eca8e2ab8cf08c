# SPDX-License-Identifier: ISC
"""The keys of a pair move on: erased ones are nowhere, a file put back finds its peer again."""
import re

import libline
from core_dump import busy, expand, memory
from libline import Control, Failure, connected, main, station_down, station_up

DAY = 86400


def check(condition, what):
    if not condition:
        raise Failure(what)


def secret_file(party):
    return party.home / "lines/hotline/secret"


def key_of(party):
    return bytes.fromhex(re.search(r"\nkey = ([0-9a-f]{64})\n", secret_file(party).read_text())[1])


def epochs(party):
    with Control(party.home) as client:
        (peer, row), = client.ask("status", line="hotline")["epochs"].items()
    check(peer != party.name, f"{party.name} has epochs with itself")
    return row["epoch"], row["oldest"], row["confirmed"]


def want(party, epoch, oldest):
    found = epochs(party)
    check(found == (epoch, oldest, True), f"{party.name}: {found}, not {(epoch, oldest)}")


def months_later(party):
    """As if 30 days had gone by since epoch 1 was heard, and a crypto period at epoch 2."""
    file = secret_file(party)
    text = file.read_text().split("send = ")[0]
    file.write_text(f"{text}send = 2\nsince = 0\nsince.wall = 1700000000\nheard = 2\n"
                    f"mark.1 = 0\nmark.2 = {30 * DAY}\n")


def places(party, secret):
    """Where a secret stands: files of the home, memory that a core would hold, and other."""
    found = []
    for form in (secret[:16], secret[:16].hex().encode()):
        found += [str(f) for f in party.home.rglob("*") if f.is_file() and form in f.read_bytes()]
        found += [f"{name}+{first:#x}" for is_dumped in (True, False)
                  for name, first, held in memory(party.process.pid, is_dumped) if form in held]
    return found


def moved_on(where):
    """Epochs are stepped, followed, erased; a killed writer's file is erased at the next start"""
    usa, prc = connected(where)
    busy(usa, prc)
    first = key_of(usa)
    want(usa, 0, 0)
    want(prc, 0, 0)
    old = secret_file(prc).read_bytes()
    station_down(usa)
    left_over = secret_file(usa).parent / ".new-1-1"
    left_over.write_text(f"key = {first.hex()}\n")
    months_later(usa)
    station_up(usa)
    check(not left_over.exists(), "what a killed writer left is still there")
    busy(usa, prc)
    want(usa, 3, 1)
    want(prc, 3, 0)
    second = expand(first, b"openline/1 next")
    check(key_of(usa) == second and key_of(prc) == first, "not the keys that the rules give")
    for what, secret in (("ck", first), ("psk", expand(first, b"openline/1 psk")),
                         ("mac", expand(first, b"openline/1 mac"))):
        found = places(usa, secret)
        check(not found, f"{what} of the erased epoch in {found}")
    check(len(places(usa, second)) >= 2, "this test cannot see the key that is kept")
    put_back(usa, prc, old)


def put_back(usa, prc, old):
    """prc's file is the one of long ago: it follows usa again, whoever speaks first."""
    station_down(prc)
    secret_file(prc).write_bytes(old)
    station_up(prc)
    busy(usa, prc)
    want(prc, 3, 0)
    text = usa.run("status").stdout.decode()
    check("keys with prc   epoch 3 since" in text and "oldest kept 1\n" in text, text)


if __name__ == "__main__":
    main(moved_on)
