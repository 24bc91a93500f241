#!/usr/bin/env python3
"""Runs the examples of one page. Ends with 77 when nothing of the page could be run here.

Usage: run.py ROOT PAGE --cpp PROGRAM --c PROGRAM --bin FOLDER --lib FOLDER --scratch FOLDER [--python FOLDER]
       run.py ROOT --list          pages that have examples
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pages

SKIPPED = 77


class Failed(Exception):
    pass


def say(text):
    print(text, flush=True)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("page", nargs="?")
    parser.add_argument("--list", action="store_true")
    for option in ("cpp", "c", "bin", "lib", "scratch", "python"):
        parser.add_argument(f"--{option}", type=pathlib.Path)
    return parser.parse_args()


class Runner:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.scratch / re.sub(r"\W", "_", arguments.page)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "assets").symlink_to(arguments.root.resolve() / "assets")
        self.environment = {
            **os.environ,
            "PATH": f"{arguments.bin}:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(arguments.lib),
            "INFERENCE_HOME": str(self.folder / "cache"),
            "OFFLINE_MODE": "true",  # no example may need a network
            "PYTHONPATH": str(arguments.python or ""),
        }
        self.environment.pop("ROBOFLOW_API_KEY", None)

    def call(self, example, command):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failed(f"{example.place}: {command} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def console(self, example):
        """Runs what follows "$ "; every other line but "..." must be part of what was said."""
        said = ""
        for line in example.code.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                said = " ".join(self.call(example, ["bash", "-c", line[2:]]).split())
            elif line.strip() and line.strip() != "..." and " ".join(line.split()) not in said:
                raise Failed(f"{example.place}: the output lacks {line!r}; it is\n{said}")

    def python(self, examples):
        """The blocks of one page are one program, in order."""
        code = "".join(f"{'' if e.given == '' else e.given + chr(10)}{e.code}\n" for e in examples)
        if re.search(r"^\s*(import|from) inference_exp\b", code, re.MULTILINE) and not self.arguments.python:
            say(f"SKIPPED: {examples[0].page}: the Python module was not built")
            return 0
        for module in ("supervision", "torch", "cv2", "numpy"):
            used = re.search(rf"^\s*(import|from) {module}\b", code, re.MULTILINE)
            if used and subprocess.run([sys.executable, "-c", f"import {module}"], check=False,
                                       stderr=subprocess.DEVNULL).returncode:
                say(f"SKIPPED: {examples[0].page}: {module} is not installed")
                return 0
        self.call(examples[0], [sys.executable, "-c", code])
        return len(examples)

    def run(self, examples):
        """How many were run."""
        count = 0
        for example in examples:
            if example.mode == "skip" or example.language == "python":
                continue
            if example.language == "console":
                self.console(example)
            elif example.mode == "run":
                self.call(example, [str(self.arguments.cpp if example.language == "cpp" else self.arguments.c), example.name])
            count += 1  # also those that only had to compile: the program exists
        scripts = [e for e in examples if e.language == "python" and e.mode == "run"]
        return count + (self.python(scripts) if scripts else 0)


def main():
    arguments = parse()
    if arguments.list:
        print(";".join(dict.fromkeys(e.page for e in pages.all_examples(arguments.root) if e.mode != "skip")), end="")
        return 0
    try:
        count = Runner(arguments).run(pages.examples(arguments.root, arguments.root / arguments.page))
    except Failed as failure:
        say(str(failure))
        return 1
    say(f"{arguments.page}: {count} examples")
    return 0 if count else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
