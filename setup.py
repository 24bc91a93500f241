"""The wheel's native part: CMake builds the library, its plug-ins and `_core` and installs them into the package folder.

More CMake options come from the environment variable CMAKE_ARGS.
"""

import os
import pathlib
import shlex
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent
COMPONENTS = ("library", "backend-onnx", "backend-onnx-runtime", "python")
PARTS_LEFT_OUT = ("CLI", "ANNOTATORS", "TESTS", "EXAMPLES")


class CMakeBuild(build_ext):
    """Builds with CMake in place of setuptools' compiler."""

    def build_extension(self, extension):
        package = pathlib.Path(self.get_ext_fullpath(extension.name)).resolve().parent
        build = pathlib.Path(self.build_temp).resolve()
        options = [
            "-DCMAKE_BUILD_TYPE=Release",
            "-DINFERENCE_EXP_PYTHON=ON",
            f"-DPython_EXECUTABLE={sys.executable}",
            "-DINFERENCE_EXP_PYTHON_INSTALL_DIR=.",
            "-DCMAKE_INSTALL_LIBDIR=lib",
            *(f"-DINFERENCE_EXP_{part}=OFF" for part in PARTS_LEFT_OUT),
            *shlex.split(os.environ.get("CMAKE_ARGS", "")),
        ]
        subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, *options], check=True)
        subprocess.run(["cmake", "--build", build], check=True)
        for component in COMPONENTS:
            subprocess.run(
                ["cmake", "--install", build, "--strip", "--prefix", package, "--component", component], check=True
            )


(ROOT / "build").mkdir(exist_ok=True)
setup(
    ext_modules=[Extension("inference_exp._core", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
    options={"egg_info": {"egg_base": "build"}},  # nothing is left among the sources
)
