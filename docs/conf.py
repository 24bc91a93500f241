# Sphinx reads this; scripts/docs.sh calls it. The pages are plain markdown that also reads well in the repository.
import os
import pathlib
import re
import sys

here = pathlib.Path(__file__).parent
root = here.parent

project = "inference-exp"
author = "the authors of inference-exp"
copyright = author  # noqa: A001 - the name that Sphinx wants
release = (root / "VERSION").read_text().strip()

extensions = ["myst_parser", "breathe", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"inference-exp {release}"
html_copy_source = False
html_show_sphinx = False

myst_heading_anchors = 4
nitpicky = True
# Types of the standard library, and of headers that are not part of the reference.
nitpick_ignore_regex = [(r"(cpp|c|py):.*", r".*")]

# Doxygen refers to pages of its own, such as the source of a header; links between our pages are not of this kind.
suppress_warnings = ["ref.ref"]

breathe_projects = {"inference_exp": os.environ.get("INFERENCE_EXP_DOXYGEN_XML", str(root / "build/docs/doxygen/xml"))}
breathe_default_project = "inference_exp"
breathe_domain_by_extension = {"hpp": "cpp", "h": "c"}
cpp_id_attributes = ["INFERENCE_EXP_API"]
c_id_attributes = ["INFERENCE_EXP_API"]

# A build of the Python module; without one the page about it has no list of classes.
python_module = os.environ.get("INFERENCE_EXP_PYTHON_MODULE")
if python_module:
    sys.path.insert(0, python_module)
autodoc_default_options = {"members": True, "undoc-members": True, "inherited-members": "Exception,dict,str"}
autodoc_typehints = "signature"
PYTHON_REFERENCE = """
## What is in it

```{eval-rst}
.. automodule:: inference_exp
   :imported-members:
```
"""

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def for_the_site(app, page, source):
    """What lies outside docs/ is not on the site, so links to it become its name; a link to a folder is one to its index."""
    folder = (here / page).parent

    def rewritten(link):
        text, target, anchor = link.group(1), link.group(2), link.group(3) or ""
        path = (folder / target).resolve()
        if here not in path.parents:
            name = f"`{path.relative_to(root)}`"
            return name if text.strip("`") in (path.name, str(path.relative_to(root))) else f"{text} ({name})"
        if path.is_dir():
            target = target.rstrip("/") + "/index.md"
        return f"[{text}]({target}{anchor})"

    source[0] = LINK.sub(rewritten, source[0])


def list_python_names(app, page, source):
    if page == "reference/python" and python_module:
        source[0] += PYTHON_REFERENCE


def setup(app):
    app.connect("source-read", for_the_site)
    app.connect("source-read", list_python_names)
