# SPDX-License-Identifier: ISC
"""Replaced cards: a station's keys are drawn anew under the same identity, and the record holds."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from libline import SRC, Failure, connected, main, run, station_down, station_up

VERIFIER = SRC / "tools/verify_export.py"
EXPORTS = os.environ.get("OPENLINE_EXPORTS")


def check(condition, what):
    if not condition:
        raise Failure(what)


def stranger(directory):
    done = subprocess.run([sys.executable, VERIFIER, directory], capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def verified(party, where, line="hotline"):
    """Exports a party's record; both verifiers hold it to be right, and so does its own line."""
    party.run("export", line, where, "--yes")
    said = json.loads(party.run("verify", where, "--json", expect=None).stdout.decode())
    check(said["ok"], f"{party.name}: {said['findings']}")
    code, told = stranger(where)
    check(code == 0, told)
    check(party.ask("verify", line)["ok"], "the line itself")
    if EXPORTS:
        shutil.copytree(where, pathlib.Path(EXPORTS) / f"replaced-{where.name}")
    return said


def bad(party, directory, rule=None):
    """Both verifiers refuse it; by this rule, if one is named."""
    ours = json.loads(party.run("verify", directory, "--json", expect=1).stdout.decode())
    code, told = stranger(directory)
    check(not ours["ok"] and code == 1, told)
    if rule:
        check(rule in {f["rule"] for f in ours["findings"]}, ours["findings"])
        check(f"[{rule}]" in told, told)


def keys_of(card):
    return dict(line.split(" = ") for line in card.read_text().splitlines() if " = " in line)


def renewed(party, where):
    """The party draws new keys and prints its new card."""
    card = where / f"{party.name}.{len(list(where.glob(party.name + '.*')))}.card"
    card.write_bytes(party.run("card", "renew").stdout)
    return card


def renew(where):
    """New keys for a home that is still there: its logs are closed, the old ones stay verified"""
    usa, prc = connected(where)
    first = usa.ask("send", "hotline", "Before", "--precedence", "flash", "--wait", "stored")
    prc.ask("send", "hotline", "Noted", "--ref", first["entry"], "--wait", "stored")
    usa.refused("card", "renew", says="a station runs")
    station_down(usa)
    old = keys_of(usa.card)
    card = renewed(usa, where)
    new = keys_of(card)
    check(new["serial"] == "2" and new["identity"] == old["identity"], new)
    check(not {new[k] for k in ("log", "receipt", "static")} & set(old.values()), "old keys")
    check(usa.run("card").stdout == card.read_bytes(), "card prints the new one")
    for same in (usa.card, card):
        if same is card:
            said = prc.run("line", "card", "hotline", card)
            check(b"serial 2" in said.stdout and b"openline restart" in said.stderr, said)
        prc.refused("line", "card", "hotline", same, says=("serial", "in force"))
    prc.refused("line", "card", "coldline", card, says="no line")
    prc.refused("line", "card", "hotline", prc.card, says="card renew")
    usa.refused("line", "card", "hotline", where / "nowhere", says="nowhere")
    station_down(prc)
    station_up(prc)
    station_up(usa)
    second = usa.ask("send", "hotline", "After", "--anyway",
                     "--precedence", "flash", "--wait", "stored")
    check(second["entry"].split(".")[0] != first["entry"].split(".")[0], "a new incarnation")
    prc.ask("send", "hotline", "Read", "--ref", second["entry"], "--precedence", "flash",
            "--wait", "stored")
    for party in (usa, prc):
        said = verified(party, where / f"renewed-{party.name}")
        check(len(said["logs"]) == 3 and said["findings"] == [], said)
        check(sorted(p.name for p in (where / f"renewed-{party.name}/cards").iterdir()) ==
              ["prc.1", "usa.1", "usa.2"], "cards")
    tampered(usa, where / "renewed-usa", where)


def tampered(party, export, where):
    """Each card is needed, and neither's keys do for the other's logs."""
    for serial in (1, 2):
        copy = where / "tampered"
        shutil.copytree(export, copy)
        (copy / f"cards/usa.{serial}").unlink()
        bad(party, copy, "policy-key")
        shutil.rmtree(copy)
    shutil.copytree(export, copy)
    logs = sorted(copy.glob("usa/urgent/*"))
    policies = [(log / "policy").read_text() for log in logs]
    check(len(logs) == 2 and len(set(p.split("+")[2] for p in policies)) == 2, policies)
    for log, other in zip(logs, reversed(policies)):
        text = (log / "policy").read_text()
        name = text.split("+")[0]
        (log / "policy").write_text(name + "+" + "+".join(other.split("+")[1:]))
    bad(party, copy)
    shutil.rmtree(copy)


def killed(where):
    """A station killed at any time, then renewed: what it stored is signed, nothing is lost"""
    usa, prc = connected(where)
    for i in range(5):
        usa.ask("send", "hotline", f"Message {i}", "--wait", "stored")
    station_down(usa, signal.SIGKILL)
    card = renewed(usa, where)
    prc.run("line", "card", "hotline", card)
    station_down(prc, signal.SIGKILL)
    station_up(prc)
    station_up(usa)
    usa.ask("send", "hotline", "After", "--anyway", "--wait", "stored")
    said = verified(usa, where / "killed-usa")
    check(sum(log["size"] for log in said["logs"]) == 8, said["logs"])
    verified(prc, where / "killed-prc")


def replaced(where):
    """The station that lost its keys is refused by its own home; the thief by the others"""
    usa, prc = connected(where)
    usa.ask("send", "hotline", "Before", "--wait", "stored")
    station_down(usa)
    thief = where / "stolen"
    shutil.copytree(usa.home, thief)
    card = renewed(usa, where)
    prc.run("line", "card", "hotline", card)
    station_down(prc)
    station_up(prc)
    station_up(usa)
    usa.ask("send", "hotline", "After", "--anyway", "--wait", "stored")
    station_down(usa)
    owner, usa.home = usa.home, thief
    station_up(usa)
    usa.run("send", "hotline", "By the thief", "--wait", "stored", "--timeout", "1", expect=1)
    station_down(usa)
    shutil.copy(card, thief / "lines/hotline/cards/usa.2")
    log = station_down(station_up(usa))
    check(any("was replaced by one of serial 2" in line for line in log), log)
    usa.home = owner
    verified(prc, where / "replaced-prc")


def again(where):
    """Renewed twice, the second time in an empty home from the card the other party holds"""
    usa, prc = connected(where, start=False)
    usa.refused("card", "renew", prc.card, says="another party")
    second = renewed(usa, where)
    usa.refused("card", "renew", usa.card, says="older")
    third = where / "usa.third"
    empty = where / "empty"
    empty.mkdir(mode=0o700)
    shutil.copy(usa.home / "identity.key", empty)
    run("card", "renew", home=prc.home, stdin="", expect=0)
    said = run("card", "renew", home=empty, expect=1)
    check(b"has no card" in said.stderr, said)
    third.write_bytes(run("card", "renew", second, home=empty).stdout)
    check(keys_of(third)["serial"] == "3", third.read_text())
    prc.run("line", "card", "hotline", third)
    prc.refused("line", "card", "hotline", second, says="serial 2")
    os.rename(usa.home / "identity.key", where / "offline")
    usa.refused("card", "renew", says="identity.key")
    shutil.copy(prc.home / "identity.key", usa.home)
    usa.refused("card", "renew", says="another identity key")


main(renew, killed, replaced, again)
