# SPDX-License-Identifier: ISC
"""What send, log, export and the others refuse, and the sentences by which they do."""
import json
import os
import sqlite3
import subprocess
import threading

from libline import (BIN, Control, Failure, connected, found, main, run, station_down,
                     station_up)


def check(condition, what):
    if not condition:
        raise Failure(what)


def alone(where, start=True):
    usa, prc = found(where)
    usa.run("port", "add", "udp://127.0.0.1:0")
    return (station_up(usa) if start else usa), prc


def no_station(where):
    """Commands that need a station say so; those that read do without, once there is a record"""
    usa, _ = alone(where, start=False)
    for words in (("status",), ("send", "hotline", "x"), ("stop",), ("clock", "accept"),
                  ("log", "hotline", "--follow")):
        usa.refused(*words, says=("no station runs", "openline run"))
    usa.refused("log", "hotline", says=("no record yet", "openline run"))
    usa.refused("export", "hotline", where / "e", "--yes", says="no record yet")
    station_up(usa)
    station_down(usa)
    said = usa.run("log", "hotline", "--json").stdout.decode()
    check(json.loads(said) == {"ok": True, "event": "end", "line": "hotline", "total": 0,
                               "position": 0}, said)
    usa.refused("log", "coldline", says="no line \"coldline\"")


def texts(where):
    """Texts that are not UTF-8, hold controls, are empty, or are too long for their precedence"""
    usa, _ = alone(where)
    send = ("send", "hotline")
    for text in (b"\xff\xfe", b"bell\x07", "turn \u202e round".encode(), b"tab\tbed",
                 b"\xed\xa0\x80", b"nul\0", b""):
        error = usa.refused(*send, "-", stdin=text, says="send")
        check(error["code"] in ("OL_EFORM", "OL_ESHORT"), error)
    words = " ".join(["word"] * 201)
    for precedence in ("flash", "immediate"):
        error = usa.refused(*send, words, "--precedence", precedence, says=("201 words", "200"))
        check(error["code"] == "OL_ELIMIT", error)
        usa.run(*send, words[5:], "--precedence", precedence)
    usa.run(*send, words, "--precedence", "priority")
    usa.refused(*send, "汉" * 401, "--precedence", "flash", says="201 words")
    usa.refused(*send, "-", stdin="x" * 300000, says=("longer than", "several messages"))
    usa.refused(*send, "x", "--subject", "s" * 201, says="subject")
    usa.refused(*send, "x", "--subject", "two\nlines", says="subject")
    usa.refused(*send, "x", "--lang", "not a language", says="lang")


def options(where):
    """Options of send and others that are unknown, out of range, or name what is not there"""
    usa, _ = alone(where)
    send = ("send", "hotline", "x")
    usa.refused("send", "coldline", "x", says=("no line \"coldline\"", "openline status"))
    usa.refused("send", "Cold", "x", code=2, says="no name for a line")
    usa.refused("send", "hotline", code=2, says="something is missing")
    usa.refused(*send, "y", code=2, says="in quotes")
    usa.refused(*send, "--precedence", "FLASH", code=2, says="flash, immediate")
    usa.refused(*send, "--status", "real", code=2, says="operational, exercise, test")
    usa.refused(*send, "--to", "janitor", says=("no rung", "watch"))
    usa.refused(*send, "--wait", "ages", code=2, says="queued, sent, stored")
    usa.refused(*send, "--timeout", "5", code=2, says="--timeout goes with --wait")
    usa.refused(*send, "--wait", "stored", "--timeout", "0", code=2, says="from 1 to")
    usa.refused(*send, "--item", "12", code=2, says="12 hex digits")
    usa.refused(*send, "--read", "-1", code=2, says="--read")
    usa.refused(*send, "--read", "99", says=("position", "another store"))
    usa.refused(*send, "--ref", "nonsense", code=2, says="usa/urgent/8f3a.17")
    usa.refused(*send, "--ref", "usa/urgent/0000.1", says=("no entry", "openline log"))
    usa.refused("log", "hotline", "--last", "501", code=2, says="from 1 to 500")
    for day in "2026-13-01", "2026-00-10", "2026-02-30":
        usa.refused("availability", "hotline", "--from", day, code=2, says="no such day")
    usa.refused("close", "hotline", says=("no call of ours is open", "shows those that ended"))
    usa.refused("status", "coldline", says="no line \"coldline\"")
    usa.refused("clock", "accept", "coldline", says="no line \"coldline\"")
    usa.refused("log", "hotline", "--nonsense", code=2, says="no option --nonsense")
    check(run("clock", "accept", home=usa.home).stderr, "nothing to accept is said")


def too_many_calls(where):
    """No more calls to a party than its station rings; drills do not count against the real"""
    usa, _ = alone(where)
    call = ("call", "hotline", "watch", "--reason", "An aircraft is overdue.", "--status")
    for _ in range(16):
        usa.run(*call, "exercise")
    usa.refused(*call, "exercise", says=("16 calls of ours to one party", "withdraw"))
    usa.run(*call, "operational")


def exports(where):
    """An export asks before it discloses everything, and writes over nothing"""
    usa, _ = alone(where)
    sent = usa.ask("send", "hotline", "One")
    usa.refused("export", "hotline", where / "e", says=("discloses every message", "--yes"))
    check(not (where / "e").exists(), "a refused export left something")
    (where / "e").mkdir()
    usa.refused("export", "hotline", where / "e", "--yes", says="there already")
    usa.refused("export", "hotline", where / "no" / "e", "--yes", says="cannot be made")
    usa.refused("export", "hotline", where / "f", "--proof", "usa/routine/0000.9", says="no entry")
    usa.refused("export", "hotline", where / "f", "--proof", "nine", code=2, says="names no entry")
    usa.refused("export", "hotline", where / "f", "--proof", sent["entry"],
                says=("not all parties have stored", "receipts"))
    check(sorted(os.listdir(where)).count("f") == 0, "a refused proof left something")
    usa.run("export", "hotline", where / "g", "--yes")
    for path, _, files in os.walk(where / "g"):
        check(os.stat(path).st_mode & 0o077 == 0, f"{path} is open to others")
        check(all(os.stat(os.path.join(path, f)).st_mode & 0o077 == 0 for f in files), path)


def newer_store(where):
    """A store that a newer version wrote, one that is none, one that is damaged"""
    usa, _ = alone(where)
    usa.run("send", "hotline", "One")
    station_down(usa)
    store = usa.home / "store.db"
    whole = store.read_bytes()
    for suffix in ("-wal", "-shm"):
        (usa.home / f"store.db{suffix}").unlink(missing_ok=True)
    with sqlite3.connect(store) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    error = usa.refused("run", says="newer")
    check(error["code"] == "OL_EVERSION", error)
    error = usa.refused("log", "hotline", says="newer")
    check(error["code"] == "OL_EVERSION", error)
    store.write_bytes(b"This is no store at all. " * 200)
    usa.refused("run", says="store.db")
    store.write_bytes(whole)


def overlong_entries(where):
    """Entries longer than any, in a damaged store: who follows the line does not end the station"""
    usa, _ = alone(where)
    for text in ("One", "Two"):
        usa.run("send", "hotline", text)
    station_down(usa)
    with sqlite3.connect(usa.home / "store.db") as db:
        check(db.execute("UPDATE entry SET body = zeroblob(100000)").rowcount == 3, "entries")
    db.close()
    station_up(usa)
    with Control(usa.home) as client:
        client.ask("subscribe", line="hotline", cursor=0)
        client.ask("status")
    station_down(usa)


def following(where):
    """log --follow and status --watch print what happens, as it happens"""
    usa, prc = connected(where)
    env = dict(os.environ, OPENLINE_HOME=str(usa.home))
    with subprocess.Popen([BIN, "log", "hotline", "--follow", "--json"], env=env,
                          stdout=subprocess.PIPE) as follow, \
            subprocess.Popen([BIN, "status", "--watch", "--json"], env=env,
                             stdout=subprocess.PIPE) as watch:
        guard = threading.Timer(60, lambda: (follow.kill(), watch.kill()))
        guard.start()
        try:
            check(json.loads(watch.stdout.readline())["lines"][0]["entries"] == 0, "status")
            check(json.loads(follow.stdout.readline())["event"] == "live", "live")
            sent = prc.ask("send", "hotline", "你好", "--status", "exercise", "--wait", "stored")
            while True:
                event = json.loads(follow.stdout.readline())
                if event.get("entry") == sent["entry"]:
                    break
            check(event["message"]["text"] == "你好" and event["crossed"] == [], event)
            while True:
                event = json.loads(follow.stdout.readline())
                if event["event"] == "receipt" and event["party"] == "usa":
                    break
            while json.loads(watch.stdout.readline())["lines"][0]["entries"] != 2:
                pass
            station_down(usa)
            check(follow.wait(60) == 1 and watch.wait(60) == 1, "they end with the station")
        finally:
            guard.cancel()
            follow.kill()
            watch.kill()


def busy_home(where):
    """A home whose station is there and does not answer; one that starts while the store is read"""
    usa, _ = alone(where)
    with Control(usa.home) as client:
        client.ask("hello")
    (usa.home / "control.sock").rename(usa.home / "elsewhere")
    usa.refused("status", says=(f"pid {usa.process.pid}", "try again"))
    usa.refused("log", "hotline", says="does not answer")
    (usa.home / "elsewhere").rename(usa.home / "control.sock")
    usa.run("status")


main(no_station, texts, options, too_many_calls, exports, newer_store,
     overlong_entries, following, busy_home)
