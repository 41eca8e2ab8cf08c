# SPDX-License-Identifier: ISC
"""An exercise can be told from the real thing in every output, and never turns into it.

Each thing that people say is said in each status, with a word of its own in the text. OUTPUTS has a
row for every way in which a party is shown it: whoever adds an output, or a thing to say, adds a
row; a command has a row, or stands in SILENT.
"""
import json
import os
import pathlib
import re
import select
import subprocess
import sys
import time

from libline import (BIN, LIMIT, SRC, Control, Failure, connected, main, run, station_down,
                     station_up)
from libscreen import Terminal

LINE = "hotline"
WORDS = {"operational": "ALPHA", "exercise": "BRAVO", "test": "CHARLIE"}
ENTRY = r"[a-z]+/(?:urgent|routine)/[0-9a-f]{4}\.\d+"
KINDS = ("message", "act", "order", "call", "reply")  # those that have a status


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def comes(party, entry):
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        client.event("entry", entry=entry)


class Ear:
    """A hook's program that hands on each event, and what it has handed on."""

    def __init__(self, where, name):
        self.fifo, self.path = where / f"{name}.fifo", where / name
        os.mkfifo(self.fifo)
        self.held, self.left, self.heard = os.open(self.fifo, os.O_RDWR), b"", []
        self.path.write_text(f"#!/bin/sh\ncat >{self.fifo}\n")
        self.path.chmod(0o755)

    def hear(self, is_enough):
        while not is_enough(self.heard):
            check(select.select([self.held], [], [], LIMIT)[0], "no hook was called:", self.heard)
            self.left += os.read(self.held, 1 << 16)
            *lines, self.left = self.left.split(b"\n")
            self.heard += map(json.loads, lines)
        return self.heard


class Scene:
    """Two stations, and everything that can be said, of each status; entry → its status."""

    def __init__(self, where):
        self.where = where
        self.usa, self.prc = both = connected(where, settings=("answer.flash=1",), start=False)
        self.ears, self.follow = {}, {}
        for party in both:
            for name, on in (("siren", "call,unanswered,overdue,flash"), ("driller", "drill")):
                ear = self.ears[party, name] = Ear(where, f"{party.name}.{name}")
                party.run("hook", "add", name, "--on", on, "--", ear.path)
            station_up(party, checks=True)
            self.follow[party] = Control(party.home)
            self.follow[party].ask("subscribe", line=LINE, cursor=0)
        self.status, self.calls, self.open = {}, [], {}
        for status in WORDS:
            self.play(status)

    def end(self):
        for party in self.usa, self.prc:
            self.follow[party].socket.close()
            station_down(party)

    def said(self, by, status, *words):
        done = by.ask(*words)
        check(done["status"] == status, words, done)
        self.status[done["entry"]] = status
        comes(self.prc if by is self.usa else self.usa, done["entry"])
        return done["entry"]

    def play(self, status):
        usa, prc, word = self.usa, self.prc, WORDS[status]
        fresh = ("--status", status)
        flash = self.said(usa, status, "send", LINE, f"Is it yours? {word}", "--precedence",
                          "flash", "--ask-readback", "--subject", "Object", *fresh)
        self.said(prc, status, "ack", LINE, flash)
        self.said(prc, status, "interim", LINE, flash, "--in", "1h")
        back = self.said(prc, status, "send", LINE, f"You ask. {word}", "--readback", flash)
        self.said(usa, status, "confirm", LINE, back)
        self.said(usa, status, "wrong", LINE, back)
        self.said(usa, status, "send", LINE, f"Is it one? {word}", "--correct", flash)
        self.said(prc, status, "send", LINE, f"是吗 {word}", "--translate", flash, "--grade", "rough",
                  "--lang", "zh")
        self.said(prc, status, "send", LINE, f"It is. {word}", "--ref", flash)
        self.said(usa, status, "send", LINE, f"The circuit is noisy. {word}", "--service", *fresh)
        self.said(usa, status, "send", LINE, f"For the file. {word}", *fresh)
        self.said(usa, status, "cancel", LINE, flash)
        query = self.said(prc, status, "presence", LINE, *fresh)
        self.said(usa, status, "here", LINE, query)
        self.said(usa, status, "order", LINE, "minimise", *fresh)
        self.said(usa, status, "order", LINE, "end-minimise", *fresh)
        call = self.said(usa, status, "call", LINE, "watch", "--reason", f"An object {word}",
                         *fresh)
        self.said(prc, status, "answer", LINE, call, "Here")
        self.calls.append(call)
        self.open[status] = self.said(usa, status, "send", LINE, f"Well? {word}", "--precedence",
                                      "flash", *fresh)


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


def first_word(line, status):
    """A line about a drill begins with its status, any other does not."""
    word = line.split()[0].lower()
    return word == status if status != "operational" else word not in ("exercise", "test")


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


def begins(told, status, what):
    """Each line about a drill begins with its status, and none about what is real."""
    for line in told.splitlines():
        first = line.split()[0].lower()
        check(first == status if status != "operational" else first not in WORDS, what, line)
    check(told, what, "says nothing")


def call_lines(scene, told):
    """Every line about a drill begins with its status."""
    status, seen = None, set()
    for line in told.splitlines():
        head = re.search(r"CALL ([a-z]+/urgent/[0-9a-f]{4}\.\d+)", line)
        seen |= {head[1]} if head else set()
        status = scene.status[head[1]] if head else status
        if status is not None:
            begins(line, status, "calls")
    check(seen == set(scene.calls), told)


def calls(scene, party):
    """The list of calls; a verified record shows them too."""
    call_lines(scene, party.run("calls", LINE).stdout.decode())
    told = party.run("verify", LINE).stdout.decode()
    call_lines(scene, "\n".join(line for line in told.splitlines() if "verified: line" not in line))
    for words in ("calls", "verify"):
        said = json.loads(party.run(words, LINE, "--json").stdout)
        check({c["call"]: c["status"] for c in said["calls"]} ==
              {name: scene.status[name] for name in scene.calls}, said)
    return set(scene.status)


def asked_calls(scene, party):
    """The calls as the station knows them."""
    with Control(party.home) as client:
        said = client.ask("calls", line=LINE)["calls"]
    check({c["entry"]: c["status"] for c in said} ==
          {name: scene.status[name] for name in scene.calls}, said)
    return set(scene.status)


def clocks(scene, party):
    """What waits for an answer; of a test nobody waits for one."""
    wanted = {scene.open[status]: status for status in ("operational", "exercise")}
    said = party.ask("status", LINE)["lines"][0]["clocks"]
    check({c["entry"]: c["status"] for c in said} == wanted, said)
    told = party.run("status").stdout.decode()
    for name, status in wanted.items():
        check(f"FLASH {status.upper()} {name}: " in told, told)
    check(len(re.findall(ENTRY, told)) == len(wanted), told)
    return set(scene.status)


def passing(scene, party):
    """Events of what passes: calls, and what is overdue."""
    wanted = {("overdue", scene.open[status]) for status in ("operational", "exercise")}
    wanted |= {(state, name) for state in ("placed", "closed") for name in scene.calls}
    while wanted:
        event = scene.follow[party].event()
        if event["event"] in ("call", "overdue"):
            check(event["status"] == scene.status[event["entry"]], event)
            wanted.discard((event.get("state", event["event"]), event["entry"]))
    return set(scene.status)


def hooks(scene, party):
    """A hook without `drill` is called by what is real alone; with it it is told the status."""
    drills = {scene.open["exercise"]}
    if party is scene.prc:
        drills |= {scene.open["test"]} | set(scene.calls[1:])
    wanted = {"siren": {scene.open["operational"]}, "driller": drills}
    for name, entries in wanted.items():
        heard = scene.ears[party, name].hear(
            lambda told, all_=entries: {e.get("entry") for e in told} >= all_)
        party.run("hook", "test", name)  # waits its turn behind what is real
        heard = scene.ears[party, name].hear(lambda told: "test" in told[-1])
        for event in heard[:-1]:
            check(event["status"] == scene.status[event["entry"]], event)
            check((event["status"] == "operational") == (name == "siren"), name, event)
        check(heard[-1]["status"] == "test", heard[-1])
    return set(scene.status)


def log_follow(scene, party):
    told, seen = "", set()
    with subprocess.Popen([BIN, "log", LINE, "--follow"], stdout=subprocess.PIPE, text=True,
                          env={"OPENLINE_HOME": str(party.home)}) as log:
        while not seen >= set(scene.status):
            told = log.stdout.readline()
            check(told, "log --follow ended")
            seen |= text(scene, told, "log --follow")
        log.terminate()
    return seen


def screen(scene, party):
    """The watch: in words and in reverse at the head of what is a drill, and of nothing else."""
    last = lines_json(party, "log", LINE, "--last", "50", "--json")  # so many does it begin with
    count = {kind: len([o for o in last if o.get("kind") == kind]) for kind in ("message", "call")}
    watch = Terminal("watch", home=party.home, rows=120, columns=200)
    end = time.monotonic() + LIMIT
    while True:
        rows = [(i, line, status) for i, line in enumerate(watch.lines())
                for status, word in WORDS.items() if word in line]
        if watch.is_whole() and len(rows) == sum(count.values()):
            break
        check(time.monotonic() < end, len(rows), "and not", count, "on\n" + watch.text())
        watch.read(1.0)
    for i, line, status in rows:
        is_call = re.match(r"[> ] (?:[A-Z]+ )?(?:OUR CALL|CALL)  ", line)
        head = line if is_call else watch.lines()[i - 1]
        drill = re.match(r"[> ] (EXERCISE|TEST)? ?", head)[1] or "OPERATIONAL"
        check(drill == status.upper(), head, line)
        for attributes in watch.attributes_of(i if is_call else i - 1):
            check(("7;" in attributes) == (status != "operational"), head, attributes)
    watch.press("q")
    check(watch.end() == 0, "q")
    return set(scene.status)


def names_none(scene, party):
    """What tells of the record as a whole names no entry that could be taken for real."""
    target = scene.where / f"none.{party.name}"
    for words in (("availability", LINE), ("availability", LINE, "--json"),
                  ("export", LINE, target, "--yes")):
        told = party.run(*words).stdout.decode()
        check(told and not re.search(ENTRY, told), words, told)
    return set(scene.status)


# ---- outputs of what is said anew: last, for they add to the record

def replies_text(scene, party):
    """What a command prints when it has said something."""
    other = scene.prc
    for status in WORDS:
        fresh = ("--status", status)
        sent = party.run("send", LINE, "x", *fresh, "--anyway").stdout.decode()
        check((", " + status.upper() in sent) == (status != "operational"), sent)
        asked = party.run("presence", LINE, *fresh).stdout.decode()
        ordered = party.run("order", LINE, "end-minimise", *fresh).stdout.decode()
        flash = scene.open[status]
        for told in (asked, ordered,
                     *(other.run(*words).stdout.decode() for words in (
                         ("ack", LINE, flash), ("interim", LINE, flash, "--in", "1h"))),
                     party.run("cancel", LINE, flash).stdout.decode()):
            check(told.startswith(status.upper() + " "), told)
        placed = party.run("call", LINE, "watch", *fresh).stdout.decode()
        begins(placed + party.run("close", LINE).stdout.decode(), status, "call and close")
    return set(scene.status)


def waiting(scene, party):
    """call --wait step by step, and what the called side's officer is told."""
    other = scene.prc
    for status in WORDS:
        for reply in (("answer",), ("decline", "--json"), ("defer", "--for", "60")):
            with Control(other.home) as client:
                now = client.ask("position", line=LINE)["position"]
                client.ask("subscribe", line=LINE, cursor=now)
                words = ("call", LINE, "watch", "--wait", "--status", status)
                with subprocess.Popen([BIN, *words, *(w for w in reply if w == "--json")],
                                      env={"OPENLINE_HOME": str(party.home)},
                                      stdout=subprocess.PIPE, text=True) as caller:
                    call = client.word("rings", status=status)["entry"]
                    told = other.run(reply[0], LINE, call, *reply[1:]).stdout.decode()
                    steps = caller.communicate(timeout=LIMIT)[0]
            if "--json" not in reply:
                begins(steps, status, reply)
                begins(told, status, reply)
                continue
            said = json.loads(steps)
            check(said["status"] == json.loads(told)["status"] == status, said, told)
            states = [o["state"] for o in said["steps"]
                      if o["event"] == "call" and o["status"] == status]
            check(states == ["placed", "rings", "replied", "closed"], said)
    return set(scene.status)


def alarms(scene, party):
    """The watch's alarms: what is overdue."""
    watch = Terminal("watch", home=party.home, rows=120, columns=200)
    watch.wait("1 live path")
    for status in "exercise", "operational":
        entry = scene.usa.ask("send", LINE, "x", "--precedence", "flash", "--status", status,
                              "--anyway")["entry"]
        drill = "EXERCISE " if status == "exercise" else ""
        row = watch.wait(rf"^  {drill}\d{{6}}Z ... \d\d  {LINE}  overdue .*{entry}")
        for attributes in watch.attributes_of(row):
            check(("7;" in attributes) == bool(drill), attributes)
    watch.press("q")
    check(watch.end() == 0, "q")
    return set(scene.status)


# (what it is, the commands that it is of, how it is looked at: (scene, party) → the entries that it
# showed, or all of them where it is to show some, and did)
OUTPUTS = [
    ("log", ["log"], log_text),
    ("log --json", [], log_json),
    ("log --follow", [], log_follow),
    ("events", [], events),
    ("events of what passes", [], passing),
    ("hooks", ["hook test"], hooks),
    ("unread", [], unread),
    ("show", ["show"], show_text),
    ("show --json", [], show_json),
    ("verify_export.py", [], stranger),
    ("dossier, JSON", ["dossier"], dossier_json),
    ("dossier, text and HTML", [], dossier_titles),
    ("calls", ["calls", "verify"], calls),
    ("calls, of the station", [], asked_calls),
    ("status", ["status"], clocks),
    ("watch", ["watch"], screen),
    ("what names no entry", ["availability", "export"], names_none),
]
SAYING = [
    ("what commands answer", ["send", "presence", "order", "ack", "interim", "cancel", "close"],
     replies_text),
    ("call --wait", ["call", "answer", "decline", "defer"], waiting),
    ("the watch's alarms", [], alarms),
]
JSON_ONLY = {"confirm", "wrong", "here"}  # in the scene; their words are those of ack
# Of no entry that has a status.
SILENT = {"init", "card", "card renew", "charter draft", "charter amend", "charter sign",
          "key contribute", "key combine", "line add", "line amend", "line card", "port add",
          "bearer add", "run", "stop", "hook add", "hook list", "hook remove", "clock accept",
          "fork ack", "officer key", "officer use", "officer add", "officer list",
          "officer check", "officer remove", "handover", "version", "release", "bundle make",
          "bundle show", "bundle take", "paper make", "paper take", "copy ack", "home",
          "restart", "weigh", "bearer test", "port remove", "bearer remove"}


def every_command(_):
    """Each command of the program has its row, or is known to show nothing that has a status"""
    told = run("--help").stdout.decode()
    there = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +[A-Z]", told, re.M))
    rows = {command for _, commands, _ in OUTPUTS + SAYING for command in commands}
    check(len(there) > 40 and there == rows | JSON_ONLY | SILENT,
          there ^ (rows | JSON_ONLY | SILENT))


def outputs(where):
    """Every output of every row, on both sides, tells the status of everything that was said"""
    scene = Scene(where)
    for what, _, look in OUTPUTS:
        for party in scene.usa, scene.prc:
            missing = set(scene.status) - look(scene, party)
            check(not missing, what, "of", party.name, "does not show", missing)
            print(f"  {what}, {party.name}: {len(scene.status)} entries")
    for what, _, look in SAYING:
        look(scene, scene.prc if look is alarms else scene.usa)
        print(f"  {what}")
    scene.end()


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


main(every_command, outputs, never_real)
