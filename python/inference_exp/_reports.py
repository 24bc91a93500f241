"""What is known of models, of the cache and of this machine, as plain data that also reads well."""

from __future__ import annotations

import json
import os
from typing import Any, Callable

from . import _core
from ._auto_model import load_options
from .errors import NoModelPackagesAvailableError


def _lines(value: Any, indent: str = "") -> list[str]:
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            nested = isinstance(inner, (dict, list)) and inner
            lines += [f"{indent}{key}:", *_lines(inner, indent + "  ")] if nested else [f"{indent}{key}: {_plain(inner)}"]
        return lines
    if isinstance(value, list):
        lines = []
        for inner in value:
            first, *rest = _lines(inner, indent + "  ") or [indent + "  -"]
            lines += [f"{indent}- {first.strip()}", *rest]
        return lines
    return [f"{indent}{_plain(value)}"]


def _plain(value: Any) -> str:
    if value is None:
        return "N/A"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in ([], {}) else str(value)


class Report(dict):
    """A dict of plain data; `str()` is for people."""

    def __init__(self, data: dict, text: str | None = None) -> None:
        super().__init__(data)
        self._text = text

    def __str__(self) -> str:
        return self._text if self._text is not None else "\n".join(_lines(dict(self)))


def describe_model(model_id: str, *, pull_artefacts_size: bool = False, **arguments: Any) -> Report:
    """What the provider says of a model and its packages; nothing is downloaded. Arguments as for loading."""
    return Report(json.loads(_core.describe_model(model_id, load_options(**arguments), pull_artefacts_size)))


def describe_model_package(
    model_id: str, package_id: str, *, pull_artefacts_size: bool = True, **arguments: Any
) -> Report:
    """One package of a model. Raises NoModelPackagesAvailableError when the model has no such package."""
    model = describe_model(model_id, pull_artefacts_size=pull_artefacts_size, **arguments)["model"]
    for package in model["packages"]:
        if package["package_id"] == package_id:
            return Report(package)
    known = ", ".join(package["package_id"] for package in model["packages"])
    raise NoModelPackagesAvailableError(
        f'The model "{model_id}" has no package "{package_id}".', f"Its packages are: {known or 'none'}."
    )


def describe_compute_environment() -> Report:
    """What this machine can run, backend by backend, and why not."""
    return Report(json.loads(_core.describe_environment()))


def negotiate_model(model_id: str, **arguments: Any) -> Report:
    """Which package would be chosen and why; `str()` explains it. Nothing is downloaded."""
    data, text = _core.negotiate_model(model_id, load_options(**arguments))
    return Report(json.loads(data), text)


def explain(decision: Report) -> str:
    """The text of a negotiation: packages, rejections, and the key that decided each place."""
    return str(decision)


def pull_model(model_id: str, *, progress: Callable[[_core.DownloadProgress], Any] | None = None, **arguments: Any) -> Report:
    """Downloads the package that loading would open, and records it for use without a network."""
    return Report(json.loads(_core.pull_model(model_id, load_options(**arguments), progress)))


def list_available_models() -> list[Report]:
    """The ids that this library knows of, with the licence of their weights."""
    return [Report(model) for model in json.loads(_core.registered_models())]


def list_cache(cache_home: str | os.PathLike[str] = "") -> list[Report]:
    """The package folders of the cache."""
    return [Report(package) for package in json.loads(_core.list_cache(cache_home))]


def verify_cache(model_id: str = "", cache_home: str | os.PathLike[str] = "") -> list[Report]:
    """Reads every file of every cached package, or of one model's, and compares hashes."""
    return [Report(package) for package in json.loads(_core.verify_cache(model_id, cache_home))]


def prune_cache(model_id: str = "", cache_home: str | os.PathLike[str] = "", dry_run: bool = False) -> Report:
    """Removes from the cache what nothing uses, and the packages of `model_id` where one is named."""
    return Report(json.loads(_core.prune_cache(model_id, cache_home, dry_run)))


def list_offline_models(cache_home: str | os.PathLike[str] = "") -> list[Report]:
    """The models that were recorded for use without a network."""
    return [Report(model) for model in json.loads(_core.list_offline_models(cache_home))]


def verify_offline_model(
    model_id: str, check_hashes: bool = False, cache_home: str | os.PathLike[str] = ""
) -> Report:
    """Whether the files of a recorded model are there. Raises ModelRetrievalError for one that is not recorded."""
    return Report(json.loads(_core.verify_offline_model(model_id, check_hashes, cache_home)))
