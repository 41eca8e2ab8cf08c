# SPDX-License-Identifier: ISC
"""An exercise can be told from the real thing in every output, and never turns into it.

Each thing that people say is said twice, alike but for its status. OUTPUTS has a row for every way
in which a party is shown it: whoever adds an output, or a thing to say, adds a row.
"""
import json
import re
import subprocess
import sys

from libline import SRC, Control, Failure, connected, main

LINE = "hotline"
KINDS = ("message", "act", "order", "call", "reply")  # those that have a status


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def comes(party, entry):
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        client.event("entry", entry=entry)


class Scene:
    """Two stations, and everything that can be said, of one status; entry → its status."""

    def __init__(self, where):
        self.where = where
        self.usa, self.prc = connected(where)
        self.status, self.calls = {}, []
        for status in "operational", "exercise", "test":
            self.play(status)

    def said(self, by, status, *words):
        done = by.ask(*words)
        check(done["status"] == status, words, done)
        self.status[done["entry"]] = status
        comes(self.prc if by is self.usa else self.usa, done["entry"])
        return done["entry"]

    def play(self, status):
        usa, prc = self.usa, self.prc
        fresh = ("--status", status)
        flash = self.said(usa, status, "send", LINE, "Is it yours?", "--precedence", "flash",
                          "--ask-readback", "--subject", "Object", *fresh)
        self.said(prc, status, "ack", LINE, flash)
        self.said(prc, status, "interim", LINE, flash, "--in", "1h")
        back = self.said(prc, status, "send", LINE, "You ask.", "--readback", flash)
        self.said(usa, status, "confirm", LINE, back)
        self.said(usa, status, "wrong", LINE, back)
        self.said(usa, status, "send", LINE, "Is it one?", "--correct", flash)
        self.said(prc, status, "send", LINE, "是吗", "--translate", flash, "--grade", "rough",
                  "--lang", "zh")
        self.said(prc, status, "send", LINE, "It is.", "--ref", flash)
        self.said(usa, status, "send", LINE, "The circuit is noisy.", "--service", *fresh)
        self.said(usa, status, "send", LINE, "For the file.", *fresh)
        self.said(usa, status, "cancel", LINE, flash)
        query = self.said(prc, status, "presence", LINE, *fresh)
        self.said(usa, status, "here", LINE, query)
        self.said(usa, status, "order", LINE, "minimise", *fresh)
        self.said(usa, status, "order", LINE, "end-minimise", *fresh)
        call = self.said(usa, status, "call", LINE, "watch", "--reason", "An object", *fresh)
        self.said(prc, status, "answer", LINE, call, "Here")
        self.calls.append(call)


def status_of(entry):
    said = entry.get(entry.get("kind"))
    return said.get("status") if isinstance(said, dict) else None


def objects(scene, found, what):
    """JSON: each entry carries its own status."""
    seen = set()
    for entry in found:
        if entry.get("kind") in ("ring", "close"):  # the stations' words have their call's
            check(status_of(entry) == scene.status[entry[entry["kind"]]["call"]], what, entry)
        if entry.get("kind") not in KINDS:
            continue
        name = entry["entry"]
        check(status_of(entry) == scene.status[name], what, entry)
        seen.add(name)
    return seen


def lines_json(party, *words):
    return [json.loads(text) for text in party.run(*words).stdout.decode().splitlines()]


def log_json(scene, party):
    return objects(scene, lines_json(party, "log", LINE, "--json"), "log --json")


def events(scene, party):
    found = []
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        while not {e["entry"] for e in found} >= set(scene.status):
            event = client.event("entry")
            found.append(event)
    return objects(scene, found, "events")


def unread(scene, party):
    """What would cross tells its status; so does the command that shows it."""
    with Control(party.home) as client:
        said = client.ask("unread", line=LINE, read=0)
    objects(scene, said["entries"], "unread")
    shown = party.run("send", LINE, "x", "--read", "0", expect=1).stdout.decode()
    seen = text(scene, shown, "send --read")
    check(len(seen) == len(said["entries"]) > 3, "not all are shown")
    return set(scene.status)


def show_json(scene, party):
    return objects(scene, [party.ask("show", LINE, name) for name in scene.status], "show --json")


def text(scene, told, what):
    """Text: the line that names an entry first in what is shown of it names its status."""
    seen = set()
    for line in told.splitlines():
        head = re.match(r"(?:FLASH|IMMEDIATE|PRIORITY|ROUTINE|ACT|ORDER) +([A-Z]+) .*?"
                        r"([a-z]+/(?:urgent|routine)/[0-9a-f]{4}\.\d+)", line)
        if head:
            check(head[1].lower() == scene.status[head[2]], what, line)
            seen.add(head[2])
        head = re.match(r"(?:(EXERCISE|TEST) )?(?:CALL  [A-Z]+  [A-Z]+|ANSWERED)  "
                        r"([a-z]+/urgent/[0-9a-f]{4}\.\d+)", line)
        if head:
            check((head[1] or "operational").lower() == scene.status[head[2]], what, line)
            seen.add(head[2])
    return seen


def log_text(scene, party):
    return text(scene, party.run("log", LINE).stdout.decode(), "log")


def show_text(scene, party):
    """In its frame it stands above and below too, so that no page of it looks real."""
    for name, status in scene.status.items():
        told = party.run("show", LINE, name).stdout.decode()
        banner = f"*** {status.upper()} *** {status.upper()} *** {status.upper()} ***"
        if "7 END OF MESSAGE" not in told:
            check(text(scene, told, "show") == {name}, told)
            continue
        check(f"STATUS      {status.upper()}\n" in told, told)
        lines = told.splitlines()
        framed = [lines[0] == banner, lines[-1] == banner]
        check(framed == [status != "operational"] * 2, told)
    return set(scene.status)


def replies_text(scene, party):
    """What a command prints when it has said something."""
    for status in "operational", "exercise", "test":
        sent = party.run("send", LINE, "x", "--status", status, "--anyway").stdout.decode()
        check((", " + status.upper() in sent) == (status != "operational"), sent)
        asked = party.run("presence", LINE, "--status", status).stdout.decode()
        check(asked.startswith(status.upper() + " "), asked)
        ordered = party.run("order", LINE, "end-minimise", "--status", status).stdout.decode()
        check(ordered.startswith(status.upper() + " "), ordered)
        for line in sent, asked, ordered:
            name = re.search(r"[a-z]+/(?:urgent|routine)/[0-9a-f]{4}\.\d+", line)[0]
            scene.status[name] = status
    return set(scene.status)


def stranger(scene, party):
    """The verifier that shares no code: each entry's status, by its full name."""
    target = scene.where / f"export.{party.name}"
    party.run("export", LINE, target, "--yes")
    done = subprocess.run([sys.executable, SRC / "tools/verify_export.py", "--json", target],
                          capture_output=True, check=False)
    check(done.returncode == 0, done.stdout, done.stderr)
    seen = set()
    for entry in json.loads(done.stdout)["entries"]:
        log, index = entry["id"].rsplit(".", 1)
        name = f"{log[:log.rindex('/') + 5]}.{index}"
        if name in scene.status:
            kind = next((k for k in KINDS if isinstance(entry.get(k), dict)), None)
            status = entry[kind]["status"] if kind else entry["status"]
            check(status == scene.status[name], entry)
            seen.add(name)
    return seen


def dossier_json(scene, party):
    said = json.loads(party.run("dossier", LINE, "--format", "json").stdout)
    return objects(scene, said["items"], "dossier, JSON")


def dossier_titles(scene, party):
    """Text and HTML: the title of each item tells it, the row ENTRY names it; or the row CALL the
    call whose status it has."""
    row = r"(?:<[^>]*>| )*(ENTRY|CALL)(?:<[^>]*>| )*([a-z]+/(?:urgent|routine)/[0-9a-f]{4}\.\d+)"
    seen = set()
    for form in "text", "html":
        title, stations = "", 0
        for line in party.run("dossier", LINE, "--format", form).stdout.decode().splitlines():
            if re.search(r"  from (?:usa|prc)  ", line):
                title = re.sub(r"<[^>]*>", "", line)
            name = re.match(row, line)
            if name and name[2] in scene.status:
                status, first = scene.status[name[2]].upper(), title.split()[0]
                drill = first if first in ("EXERCISE", "TEST") else "OPERATIONAL"
                check(drill == status, form, title, name[1], name[2])
                seen |= {name[2]} if name[1] == "ENTRY" else set()
                stations += title.split()[drill != "OPERATIONAL"] in ("RING", "CLOSE")
        check(stations >= 2 * len(scene.calls), form, "shows", stations, "of the stations' words")
    return seen


def calls(scene, party):
    """The list of calls: every line about a drill begins with its status."""
    told, status = party.run("calls", LINE).stdout.decode().splitlines(), None
    for line in told:
        head = re.search(r"CALL ([a-z]+/urgent/[0-9a-f]{4}\.\d+)", line)
        status = scene.status[head[1]] if head else status
        first = line.split()[0].lower()
        check(first == status if status != "operational" else
              first not in ("exercise", "test"), line)
    said = json.loads(party.run("calls", LINE, "--json").stdout)["calls"]
    check({c["call"]: c["status"] for c in said} ==
          {name: scene.status[name] for name in scene.calls}, said)
    return set(scene.status)


# (what it is, how it is looked at: (scene, party) → the entries that it showed)
OUTPUTS = [
    ("log", log_text),
    ("log --json", log_json),
    ("events", events),
    ("unread", unread),
    ("show", show_text),
    ("show --json", show_json),
    ("verify_export.py", stranger),
    ("dossier, JSON", dossier_json),
    ("dossier, text and HTML", dossier_titles),
    ("calls", calls),
    ("what commands answer", replies_text),
]


def outputs(where):
    """Every output of every row, on both sides, tells the status of everything that was said"""
    scene = Scene(where)
    for what, look in OUTPUTS:
        for party in scene.usa, scene.prc:
            missing = set(scene.status) - look(scene, party)
            check(not missing, what, "of", party.name, "does not show", missing)
            print(f"  {what}, {party.name}: {len(scene.status)} entries")
            if look is replies_text:
                break


def never_real(where):
    """What refers to an exercise is exercise; an operational word about it is refused"""
    usa, prc = connected(where)
    drill = usa.ask("send", LINE, "Drill.", "--precedence", "flash", "--status",
                    "exercise")["entry"]
    comes(prc, drill)
    for words in (("--ref", drill), ("--readback", drill),
                  ("--translate", drill, "--grade", "sight", "--lang", "zh")):
        prc.refused("send", LINE, "x", *words, "--status", "operational",
                    says="of status exercise: what refers to it cannot be operational")
        check(prc.ask("send", LINE, "x", *words)["status"] == "exercise", words)
    order = usa.ask("order", LINE, "suspend", "--status", "exercise")["entry"]
    comes(prc, order)
    check(prc.ask("send", LINE, "real traffic goes on", "--anyway")["status"] == "operational", "")


main(outputs, never_real)
