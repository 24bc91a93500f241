#!/usr/bin/env python3
"""Writes src/text/html_entities.inc from Python's own list of HTML5's named characters.

    tools/text_tables/generate.py > src/text/html_entities.inc
"""
from html.entities import html5

LEGACY = {name for name in html5 if not name.endswith(";")}  # these also count without their semicolon
WIDTH = 120


def entry(name):
    points = [f"0x{ord(character):x}" for character in html5[name + ";"]]
    points += ["0"] * (2 - len(points))
    return f'{{"{name}", {", ".join(points)}, {"true" if name in LEGACY else "false"}}},'


def main():
    names = sorted(name[:-1] for name in html5 if name.endswith(";"))
    assert LEGACY <= set(names) and all(html5[name] == html5[name + ";"] for name in LEGACY)
    print("// Made by tools/text_tables/generate.py: name, one or two characters, whether it counts without its semicolon.")
    line = ""
    for name in names:
        added = entry(name)
        if line and len(line) + 1 + len(added) > WIDTH:
            print(line)
            line = ""
        line = f"{line} {added}".strip()
    print(line)


if __name__ == "__main__":
    main()
