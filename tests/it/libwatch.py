# SPDX-License-Identifier: ISC
"""A watch with officers whose keys are under passphrases, and consoles of it."""
import os

from libline import connected
from libordeal import check
from libweb import Web, self_signed

LINE = "hotline"


def enrol(party, where, number, name, passphrase):
    """An officer on the roster whose key is under a passphrase and known to the home; its file."""
    out, give = os.pipe()
    os.write(give, passphrase.encode())
    os.close(give)
    file = where / f"{name}.key"
    made = party.ask("officer", "key", name, "--out", file, "--passphrase-fd", out, pass_fds=(out,))
    os.close(out)
    party.run("officer", "add", LINE, str(number), "--name", f"en={name.title()}", "--title",
              "en=Captain", "--rung", "watch", "--public", made["public"], "--may-release")
    party.run("officer", "use", LINE, "--as", str(number), "--key", file)
    return file


ANN = {"as": "1", "passphrase": "correct horse"}
BOB = {"as": "2", "passphrase": "battery staple"}


def watch(where, *settings):
    """A line whose usa has two officers, and their keys."""
    usa, prc = connected(where, settings=settings)
    return usa, prc, [enrol(usa, where, 1, "ann", ANN["passphrase"]),
                      enrol(usa, where, 2, "bob", BOB["passphrase"])]


def up(web, kind="acts"):
    talk = web.talk(web.seat(kind))
    talk.event(event="station", up=True)
    return talk


def fault(said, *parts):
    told = said.get("error", {}).get("what", "") + "; " + said.get("error", {}).get("do", "")
    check(not said["ok"] and all(part in told for part in parts), said)


def door(where, party, *kind):
    """openline-web over TLS, where officers log in."""
    key, cert, context = self_signed(where, *kind)
    return Web(party, "--listen", "127.0.0.1", "--cert", cert, "--key", key, context=context)
