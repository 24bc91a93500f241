#!/usr/bin/env python3
"""Tests of what checks the documentation."""
import pathlib
import tempfile
import unittest

import generate
import links
import pages


class Project(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        (self.root / "docs").mkdir()
        self.page = self.root / "docs" / "a.md"

    def write(self, text):
        self.page.write_text(text)
        return pages.examples(self.root, self.page)


class Examples(Project):
    def test_a_block_is_run_unless_a_comment_says_otherwise(self):
        found = self.write("```cpp\none();\n```\n\n<!-- example: compile, it asks a server -->\n```cpp\ntwo();\n```\n")
        self.assertEqual([(e.mode, e.why, e.line) for e in found], [("run", "", 1), ("compile", "it asks a server", 6)])

    def test_console_blocks_are_run_only_when_they_say_so(self):
        found = self.write("```console\n$ a\n```\n<!-- example: run -->\n```console\n$ b\n```\n")
        self.assertEqual([e.mode for e in found], ["skip", "run"])

    def test_blocks_of_other_languages_are_no_examples(self):
        self.assertEqual(self.write("```json\n{}\n```\n```cpp\na();\n```\n")[0].code, "a();\n")

    def test_an_unknown_mode_is_refused(self):
        with self.assertRaises(ValueError):
            self.write("<!-- example: ignore -->\n```cpp\na();\n```\n")

    def test_what_is_given_comes_before_the_block(self):
        (example,) = self.write("<!-- given: int x = 1; -->\n```cpp\nuse(x);\n```\n")
        self.assertLess(generate.function(example).index("int x"), generate.function(example).index("use(x)"))

    def test_a_whole_program_keeps_its_includes_and_main(self):
        (example,) = self.write("```cpp\n#include <map>\nint main() { return 3; }\n```\n")
        code = generate.program([example], "cpp", [])
        self.assertLess(code.index("#include <map>"), code.index("namespace"))
        self.assertEqual(code.count("int main("), 1)


class Links(Project):
    def fault(self, target):
        self.write("# A page: the `first`\n\n```sh\n# no heading\n```\n")
        return links.fault_of(self.page, target)

    def test_files_folders_and_headings_that_exist_are_fine(self):
        for target in ("a.md", "../docs", "#a-page-the-first", "a.md#a-page-the-first", "https://example.com/x"):
            self.assertIsNone(self.fault(target), target)

    def test_what_does_not_exist_is_told(self):
        for target in ("b.md", "a.md#no-heading", "#gone", "../docs#x"):
            self.assertIsNotNone(self.fault(target), target)


if __name__ == "__main__":
    unittest.main()
