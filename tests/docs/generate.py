#!/usr/bin/env python3
"""Writes one program that holds every C++ (or C) example of the documentation; its arguments say which to run.

Usage: generate.py ROOT cpp|c OUTPUT [HEADER...]
"""
import pathlib
import re
import sys

import pages

INCLUDE = re.compile(r"^\s*#include .*\n", re.MULTILINE)
MAIN = re.compile(r"\bint main\(\)")
STANDARD = {"cpp": ("cstdio", "cstring", "iostream", "memory", "string", "vector"),
            "c": ("stdio.h", "stdlib.h", "string.h")}


def function(example):
    """One example as a function. A whole program keeps its main, under another name."""
    place = f'#line {example.line + 1} "{example.page}"\n'
    code = INCLUDE.sub("\n", example.code)
    name = example.name
    if MAIN.search(code):
        code = MAIN.sub(f"static int main_{name}(void)", code)
        return f"{example.given}\n{place}{code}\nstatic int {name}(void) {{ return main_{name}(); }}\n"
    return f"static int {name}(void) {{\n{example.given}\n{place}{code}\nreturn 0;\n}}\n"


def program(examples, language, headers):
    includes = [f"#include <{header}>\n" for header in (*headers, *STANDARD[language])]
    includes += [line.strip() + "\n" for example in examples for line in INCLUDE.findall(example.code)]
    body = "".join(function(example) + "\n" for example in examples)
    if language == "cpp":
        body = f"namespace {{\nusing namespace inference_exp;\n{body}}}  // namespace\n"
    table = "".join(f'  if (strcmp(name, "{example.name}") == 0) return {example.name}();\n' for example in examples)
    call = f"static int call(const char* name) {{\n{table}  return 2;\n}}\n"
    main = "int main(int argc, char** argv) { return argc == 2 ? call(argv[1]) : 2; }\n"
    return "".join(dict.fromkeys(includes)) + "\n" + body + call + main


def main(root, language, output, *headers):
    examples = [e for e in pages.all_examples(root) if e.language == language and e.mode != "skip"]
    pathlib.Path(output).write_text(program(examples, language, headers))


if __name__ == "__main__":
    main(*sys.argv[1:])
