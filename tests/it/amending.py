# SPDX-License-Identifier: ISC
"""Amendments: a member joins, one leaves and comes back; old records stay valid."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

from libline import (SRC, Failure, Party, connected, free_udp_ports, main, station_down,
                     station_up)

VERIFIER = SRC / "tools/verify_export.py"
EXPORTS = os.environ.get("OPENLINE_EXPORTS")


def check(condition, what):
    if not condition:
        raise Failure(what)


def judged(party, directory):
    """What openline verify says, and the rules that it and the stranger's program name alike."""
    said = json.loads(party.run("verify", directory, "--json", expect=None).stdout.decode())
    done = subprocess.run([sys.executable, VERIFIER, directory], capture_output=True, check=False)
    told = done.stdout.decode()
    check(said["ok"] == (done.returncode == 0), f"{said['findings']}\n{told}")
    rules = {f["rule"] for f in said["findings"] if f["broken"]}
    return said, {rule for rule in rules if f"[{rule}]" in told}


def verified(party, where, line="hotline"):
    party.run("export", line, where, "--yes")
    said, rules = judged(party, where)
    check(said["ok"], rules)
    check(party.ask("verify", line)["ok"], "the line itself")
    if EXPORTS:
        shutil.copytree(where, pathlib.Path(EXPORTS) / f"amended-{where.name}")
    return said


def heard(parties, text):
    """Each says something that all others receipt."""
    for party in parties:
        party.ask("send", "hotline", f"{text} by {party.name}", "--anyway",
                  "--precedence", "flash", "--wait",
                  "stored")


def up(parties):
    for party in parties:
        station_up(party)


def down(parties):
    for party in parties:
        station_down(party)


def carried(parties, where, number):
    """New contributions to all, and the digits."""
    for party in parties:
        party.run("key", "contribute", "hotline", "--out", where / f"{party.name}.{number}.share")
    digits = set()
    for party in parties:
        files = []
        for other in parties:
            if other is not party:
                copy = where / f"{other.name}.to.{party.name}"
                shutil.copyfile(where / f"{other.name}.{number}.share", copy)
                copy.chmod(0o600)
                files.append(copy)
        digits.add(party.ask("key", "combine", "hotline", *files)["digits"])
    check(len(digits) == 1, digits)
    return digits.pop()


def amended(stay, join, where, number, *changes):
    """Drafted by the first, signed by all who stay and join, carried, taken."""
    file = where / f"charter.{number}"
    file.write_bytes(stay[0].run("charter", "amend", "hotline", *changes).stdout)
    before = [stay[0].home / "lines/hotline/charter"]
    before += [stay[0].home / f"lines/hotline/charter.{g}" for g in range(1, number)]
    after = [word for old in before for word in ("--after", old)]
    stay[0].refused("line", "amend", file, says=("is not signed by", "charter sign"))
    for party in stay:
        party.run("charter", "sign", file)
    for party in join:
        party.refused("charter", "sign", file, says="has not joined")
        party.run("charter", "sign", file, *after)
    digits = carried(stay + join, where, number)
    cards = [p.card for p in stay + join]
    for party in stay + join:
        wrong = ("0" if digits[0] != "0" else "1") + digits[1:]
        if party is stay[0]:
            party.refused("line", "amend", file, *cards, "--digits", wrong, says="digits differ")
        said = party.ask("line", "amend", file, *cards, "--digits", digits)
        check(said["generation"] == number, said)
        check(sorted(said["parties"]) == sorted(p.name for p in stay + join), said)
        party.refused("line", "amend", file, "--digits", digits, says="already")
    return file


def bearers(new, old):
    port = free_udp_ports(1)[0]
    new.run("port", "add", f"udp://127.0.0.1:{port}")
    for party in old:
        party.run("bearer", "add", "hotline", new.name, f"udp://127.0.0.1:{port}")


def generations(where):
    """A third joins, one leaves, one renews its card, one comes back: all stays verified"""
    usa, prc = connected(where)
    heard((usa, prc), "Zero")
    usa.run("charter", "amend", "hotline", "--add", prc.card, expect=1)
    usa.refused("charter", "amend", "hotline", "--remove", "swi", says="no party")
    usa.refused("charter", "amend", "hotline", "--set", "check.interval=59", says="60 to 86400")
    usa.refused("charter", "amend", "coldline", says="no line")
    usa.refused("line", "amend", where / "hotline.charter", says="a station runs")
    down((usa, prc))
    verified(usa, where / "zero")
    swi = Party(where, "swi")
    first = amended([usa, prc], [swi], where, 1, "--add", swi.card)
    bearers(swi, [usa, prc])
    up((usa, prc, swi))
    heard((usa, prc, swi), "One")
    said = verified(usa, where / "one-usa")
    check(len(said["logs"]) == 5 and said["entries"] == 10, said["logs"])
    check((where / "one-usa/charter.1").read_bytes() == first.read_bytes(), "the amendment")
    said = verified(swi, where / "one-swi")
    check(len(said["logs"]) == 3 and said["entries"] == 6, said["logs"])
    down((usa, prc, swi))
    tampered(usa, where / "one-usa", where)
    amended([usa, swi], [], where, 2, "--remove", "prc", "--set", "check.interval=600")
    prc.refused("line", "amend", where / "charter.2", says="without this party")
    up((usa, swi, prc))
    heard((usa, swi), "Two")
    check(usa.ask("status")["lines"][0]["parties"] == ["usa", "swi"], "who is there")
    prc.run("send", "hotline", "Alone", "--wait", "stored", "--timeout", "1", expect=1)
    verified(usa, where / "two-usa")
    verified(swi, where / "two-swi")
    verified(prc, where / "two-prc")
    down((usa, swi, prc))
    card = where / "swi.2.card"
    card.write_bytes(swi.run("card", "renew").stdout)
    usa.run("line", "card", "hotline", card)
    up((usa, swi))
    heard((usa, swi), "Renewed")
    down((usa, swi))
    prc.card = where / "prc.card"
    swi.card = card
    again(usa, swi, prc, where)
    up((usa, swi, prc))
    heard((usa, swi, prc), "Three")
    for party in (usa, swi, prc):
        said = verified(party, where / f"three-{party.name}")
        check(said["findings"] == [], said["findings"])


def again(usa, swi, prc, where):
    """prc comes back; its home knows generations 0 and 1 and is given the one it was not in."""
    file = where / "charter.3"
    file.write_bytes(usa.run("charter", "amend", "hotline", "--add", prc.card).stdout)
    prc.refused("charter", "sign", file, says="is missing")
    shutil.copy(usa.home / "lines/hotline/charter.2", prc.home / "lines/hotline/charter.2")
    for party in (usa, swi, prc):
        party.run("charter", "sign", file)
    digits = carried([usa, swi, prc], where, 3)
    for party in (usa, swi, prc):
        party.run("line", "amend", file, usa.card, swi.card, prc.card, "--digits", digits)


def tampered(party, export, where):
    """Each generation, its signatures and its chain are needed."""
    copy = where / "tampered"
    for name, change, rule in (
            ("charter.1", None, None),
            ("charter.1", lambda t: t.replace(b"generation = 1", b"generation = 2"), None),
            ("charter.1", lambda t: t[:t.rindex(b"\xe2\x80\x94 ")], "charter-unsigned"),
            ("charter", lambda t: t.replace(b"rungs = watch", b"rungs = other"), None),
            ("cards/swi.1", None, "card-missing")):
        shutil.copytree(export, copy)
        if change is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(change((copy / name).read_bytes()))
        said, rules = judged(party, copy)
        check(not said["ok"] and (rule is None or rule in rules), f"{name}: {rules}")
        shutil.rmtree(copy)
    shutil.copytree(export, copy)  # a log of generation 0 under the policy of generation 1
    old = [p for p in copy.glob("usa/urgent/*") if not (p / "heads/swi.note").exists()]
    new = [p for p in copy.glob("usa/urgent/*") if (p / "heads/swi.note").exists()]
    check(len(old) == 1 and len(new) == 1, (old, new))
    log = (old[0] / "policy").read_text().splitlines()[0]
    rest = (new[0] / "policy").read_text().split("\n", 1)[1]
    (old[0] / "policy").write_text(log + "\n" + rest)
    said, rules = judged(party, copy)
    check("opening-generation" in rules, rules)
    shutil.rmtree(copy)
    shutil.copytree(export, copy)  # without the logs of generation 0: what names them is broken
    shutil.rmtree(old_log := copy / old[0].relative_to(copy))
    check(not old_log.exists(), "gone")
    said, rules = judged(party, copy)
    check("opening-before" in rules, rules)
    shutil.rmtree(copy)


def lost(where):
    """A disk is lost: a new card in a new home, out by one amendment and in by the next"""
    usa, prc, swi = connected(where, ("usa", "prc", "swi"))
    heard((usa, prc, swi), "Zero")
    down((usa, prc, swi))
    amended([usa, prc], [], where, 1, "--remove", "swi")
    old, offline = swi.card, (swi.home / "identity.key").read_bytes()
    shutil.rmtree(swi.home)
    swi.home.mkdir(mode=0o700)
    (swi.home / "identity.key").write_bytes(offline)
    (swi.home / "identity.key").chmod(0o600)
    swi.card = where / "swi.2.card"
    swi.card.write_bytes(swi.run("card", "renew", old).stdout)
    amended([usa, prc], [swi], where, 2, "--add", swi.card)
    port = free_udp_ports(1)[0]
    swi.run("port", "add", f"udp://127.0.0.1:{port}")
    for party in (usa, prc):
        party.run("bearer", "add", "hotline", "swi", f"udp://127.0.0.1:{port}")
    up((usa, prc, swi))
    heard((swi, usa, prc), "Two")
    for party, logs in ((usa, 6), (prc, 6), (swi, 3)):
        said = verified(party, where / f"lost-{party.name}")
        check(len(said["logs"]) == logs and said["findings"] == [], said)


main(generations, lost)
