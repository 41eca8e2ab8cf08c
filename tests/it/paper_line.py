#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A line whose paths die: what is left goes on paper, and the record is the same as by wire."""
import json

from liblinkem import Linkem
from libline import LIMIT, Control, Failure, found, free_udp_ports, main, run, station_up

LINE = "hotline"
TEXT = ("Balloon seen over Montana at sixty thousand feet, drifting east. Is it yours? Tell us "
        "its purpose and when it will leave our airspace, please.")
assert len(TEXT.split()) == 25


def linked(where):
    """Two parties whose one path goes through an emulated link, with their words exchanged."""
    parties = found(where)
    ports = free_udp_ports(2)
    link = Linkem({"u": f"udp:127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"})
    faces = link.face["u"], link.face["u", "b"]
    for party, other, port, face in zip(parties, parties[::-1], ports, faces):
        party.run("port", "add", f"udp://127.0.0.1:{port}")
        party.run("bearer", "add", LINE, other.name, f"udp://{face}")
        station_up(party)
    for party in parties:
        party.run("send", LINE, f"{party.name} is here.", "--precedence", "immediate", "--anyway",
                  "--wait", "stored")
    return link, *parties


def state_of(party, other, text):
    """What the party's log says of the other's having its message."""
    for line in party.run("log", LINE, "--json").stdout.splitlines():
        said = json.loads(line)
        if said.get("kind") == "message" and said["message"].get("text") == text:
            return said["states"][other.name]
    raise Failure(f"{party.name} has no message {text!r}")


def stored_by(party, text):
    """Waits until the party's station has the message."""
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        client.socket.settimeout(LIMIT)
        while True:
            said = client.event("entry")
            if said.get("kind") == "message" and said["author"] != party.name and \
                    text in party.run("log", LINE).stdout.decode():
                return


def bundle(party, other, where, name):
    where.mkdir(exist_ok=True)
    data = party.run("bundle", "make", LINE, other.name, "-").stdout
    (where / name).write_bytes(data)
    return where / name


def receipt_on_paper(where, carry):
    """The path dies between a message and its receipt; the receipt comes on paper."""
    link, usa, prc = linked(where)
    with link:
        link.say("u/ba cut")  # nothing comes back any more
        usa.run("send", LINE, TEXT, "--precedence", "immediate", "--anyway")
        stored_by(prc, TEXT)
        link.say("u cut")
        if state_of(usa, prc, TEXT)["state"] not in ("queued", "sent"):
            raise Failure(state_of(usa, prc, TEXT))
        made = bundle(prc, usa, where / "prc-side", "receipt.olb")
        (where / "usa-side").mkdir()
        back = carry(made, where / "usa-side")
        print("  receipt:", made.stat().st_size, "bytes;", usa.run("bundle", "take", back)
              .stdout.decode().strip().rsplit("/", 1)[-1])
        said = state_of(usa, prc, TEXT)
        if said["state"] != "stored" or said.get("by") != "bundle":
            raise Failure(said)
        print("  ", said)


def as_picture(made, to):
    """Printed by one, photographed by the other."""
    run("paper", "make", made, "--out", to / "code.png")
    return to / run("paper", "take", "code.png", cwd=to).stdout.decode().strip()


def as_digits(made, to):
    """Read aloud by one, typed by the other."""
    text = run("paper", "make", made, "--qr", "none", "--groups").stdout.decode()
    typed = "\n".join(line.replace(" ", "-") for line in text.splitlines() if line[0] != "#")
    (to / "typed").write_text(typed.replace("-", " ", 1), encoding="ascii")
    return to / run("paper", "take", "typed", cwd=to).stdout.decode().strip()


def picture(where):
    """The receipt comes as a picture."""
    receipt_on_paper(where, as_picture)


def digits(where):
    """The receipt is read over a telephone."""
    receipt_on_paper(where, as_digits)


def one_code(where):
    """A message of 25 words: one code, at most 14 lines to be read aloud; and it arrives."""
    link, usa, prc = linked(where)
    with link:
        link.say("u cut")
        usa.run("send", LINE, TEXT, "--precedence", "immediate", "--anyway")
        (where / "usa-side").mkdir()
        made = usa.ask("bundle", "make", LINE, prc.name, "--max", 304, where / "usa-side")
        first = where / "usa-side" / made["bundles"][0]["file"]
        told = json.loads(run("paper", "make", first, "--out", where / "m.png", "--json").stdout)
        size, lines = told["bundles"][0]["bytes"], told["bundles"][0]["lines"]
        print(f"  25 words: {size} bytes, {len(told['files'])} code, {lines} lines of groups")
        if len(told["files"]) != 1 or lines > 14:
            raise Failure("too large for a telephone")
        prc.run("paper", "take", where / "m.png", "--out", where / "m.olb", "--take")
        if TEXT not in prc.run("log", LINE).stdout.decode():
            raise Failure("it did not arrive")


main(picture, digits, one_code)
