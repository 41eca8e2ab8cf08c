# SPDX-License-Identifier: ISC
"""Every example of docs/CONTROL.md, in its order, against two stations.

What a document shows and what a station says must have the same keys in the same order, values of
the same type, and the same strings but for what stands as … in the document.
"""
import json
import re
import shlex

from libline import SRC, Control, Failure, connected, main, run

TEXT = (SRC / "docs/CONTROL.md").read_text()


def same(shown, said, where):
    """The document's value and the station's agree."""
    if isinstance(shown, dict) and isinstance(said, dict):
        if list(shown) != list(said):
            raise Failure(f"{where}: keys {list(said)}, the document shows {list(shown)}")
        for key, value in shown.items():
            if key == "round_trip_ms" and said[key] is None:
                continue  # a frame was sent again: what answers it measures nothing
            same(value, said[key], f"{where}.{key}")
    elif isinstance(shown, list) and isinstance(said, list):
        if len(shown) != len(said):
            raise Failure(f"{where}: {len(said)} elements, the document shows {len(shown)}")
        for i, value in enumerate(shown):
            same(value, said[i], f"{where}[{i}]")
    elif isinstance(shown, str) and isinstance(said, str):
        pattern = ".*".join(re.escape(part) for part in shown.split("…"))
        if not re.fullmatch(pattern, said, re.S):
            raise Failure(f"{where}: {said!r}, the document shows {shown!r}")
    elif isinstance(shown, bool) or isinstance(said, bool) or shown is None or said is None:
        if shown is not said:
            raise Failure(f"{where}: {said}, the document shows {shown}")
    elif type(shown) is not type(said):
        raise Failure(f"{where}: {said!r}, the document shows {shown!r}")


def blocks(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.S | re.M)
    if not found:
        raise Failure(f"docs/CONTROL.md has no {language} example")
    return found


def talk(client, block):
    """Requests are sent as they stand; replies and events must come as they stand."""
    for line in block.splitlines():
        if line.startswith("> "):
            print(" ", line[:98])
            client.socket.sendall(line[2:].encode() + b"\n")
        elif line.startswith("< "):
            shown = json.loads(line[2:])
            said = json.loads(client.line())
            while "event" in said and ("event" not in shown or (
                    said["event"] in ("state", "path", "receipt") and "cursor" not in said)):
                said = json.loads(client.line())
            if "event" in shown and shown["event"] == "receipt":
                shown = dict(sorted(shown.items()))
                said = dict(sorted(said.items()))
            same(shown, said, line[:60])
        else:
            raise Failure(f"neither a request nor what comes back: {line}")


def examples(where):
    """The blocks of requests, then those of commands"""
    usa, prc = connected(where)
    with Control(prc.home) as other, Control(usa.home) as client:
        other.ask("subscribe", line="hotline")
        usa.watcher = Control(usa.home)
        usa.watcher.ask("subscribe", line="hotline")
        for block in blocks("json"):
            talk(client, block)
            if '"do": "submit"' in block:  # what the next block shows has happened
                while True:
                    event = usa.watcher.event("receipt", party="prc")
                    if "cursor" in event:
                        break
            if '"kind": "call"' in block:
                usa.watcher.event("call", state="rings", party="prc")
        usa.watcher.socket.close()
    for block in blocks("console"):
        console(usa, where, block)


def console(party, where, block):
    wanted = []
    for line in block.splitlines() + ["$ "]:
        if not line.startswith("$ "):
            wanted.append(json.loads(line))
            continue
        if wanted:
            code = 0 if wanted[-1]["ok"] else 2 if wanted[-1]["error"]["code"] == "usage" else 1
            done = run(*command, home=party.home, cwd=where, expect=code)
            said = [json.loads(text) for text in done.stdout.decode().splitlines()]
            if len(said) != len(wanted):
                raise Failure(f"{command}: {len(said)} lines, the document shows {len(wanted)}")
            for shown, given in zip(wanted, said):
                same(shown, given, " ".join(command)[:60])
        command = shlex.split(line[2:])[1:]
        print("  $", *command)
        wanted = []


def stable_words(_):
    """Every command and request that the program has is in the document, and no other"""
    told = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", run("help").stdout.decode(), re.M))
    table = TEXT[TEXT.index("| command | keys"):].split("\n## ")[0]
    shown = set(re.findall(r"`([a-z ]+)`(?=[^|]*\|)", "\n".join(
        line.split("|")[1] + "|" for line in table.splitlines() if line.startswith("| `"))))
    if told != shown:
        raise Failure(f"commands: {sorted(told ^ shown)}")
    source = (SRC / "src/control/request.c").read_text()
    does = set(re.findall(r'\[OL_DO_\w+\] = \{ "([a-z-]+)"', source))
    upper = TEXT[:TEXT.index("### hello")]
    rows = set(re.findall(r"^\| `([a-z-]+)` \| .*\|.*\|$", upper, re.M)) - {"do"}
    if does != rows:
        raise Failure(f"requests: {sorted(does ^ rows)}")


main(examples, stable_words)
