import re

import pytest
from conftest import ROOT

from inference_exp import AutoModel, errors

DECLARED = re.findall(
    r'NamedError<"(\w+)",\s*(\w+)>', (ROOT / "include" / "inference_exp" / "errors.hpp").read_text()
)


def test_every_error_of_the_library_has_a_class_with_the_same_parent():
    assert len(DECLARED) > 30
    for name, parent in DECLARED:
        assert getattr(errors, name).__mro__[1] is getattr(errors, parent), name


def test_python_has_no_error_that_the_library_lacks():
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert ours == {name for name, _ in DECLARED} | {"Error", "BaseInferenceError", "BaseInferenceModelsError"}


def test_every_help_page_exists():
    missing = [name for name, _ in DECLARED if not (ROOT / getattr(errors, name)("x").help_page).exists()]
    # The pages are written by hand: an error without one would send its reader nowhere.
    assert missing == []


def test_an_error_of_the_library_keeps_its_parts(tmp_path):
    with pytest.raises(errors.CorruptedModelPackageError) as caught:
        AutoModel.from_pretrained(tmp_path)
    error = caught.value
    assert isinstance(error, errors.ModelLoadingError) and isinstance(error, errors.BaseInferenceModelsError)
    assert "model_config.json" in str(error)
    assert error.message and str(error).startswith(error.message) and error.hint in str(error)
    assert error.help_page == error.help_url == "docs/errors/corrupted_model_package_error.md"
