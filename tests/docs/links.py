#!/usr/bin/env python3
"""Checks that every relative link of the project's markdown leads to a file, and to a heading where it names one.

Usage: links.py ROOT. Says what is wrong and ends with 1 when anything is.
"""
import pathlib
import re
import sys

import pages

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*$", re.MULTILINE)


def anchor_of(heading):
    """As GitHub and myst_heading_anchors make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page):
    return {anchor_of(heading) for heading in HEADING.findall(pages.without_fences(page.read_text()))}


def fault_of(page, target):
    """What is wrong with one link; None when all is well."""
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    leads_to = (page.parent / path).resolve() if path else page
    if not leads_to.exists():
        return f"{target} does not exist"
    if leads_to.is_dir():
        leads_to /= "index.md"
    if anchor and (not leads_to.exists() or anchor not in anchors(leads_to)):
        return f"{target} has no such heading"
    return None


def main(root):
    count, faults = 0, []
    for page in pages.markdown_files(root):
        for target in LINK.findall(pages.without_code(page.read_text())):
            count += 1
            if fault := fault_of(page, target):
                faults.append(f"{page.relative_to(root)}: {fault}")
    print("\n".join(faults) if faults else f"{count} links lead somewhere.")
    return 1 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
