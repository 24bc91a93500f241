"""Conan 2 recipe. It builds the checkout it lies in:

    conan create packaging/conan --build=missing
"""

import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"


class InferenceExpConan(ConanFile):
    name = "inference-exp"
    description = "Native computer-vision inference: a model and an image in, predictions out"
    license = "Apache-2.0"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "hub": [True, False],
        "text": [True, False],
        "annotators": [True, False],
        "backend_onnx": [True, False],
        # With the LibTorch that CMake finds on the system: name its folder in CMAKE_PREFIX_PATH.
        "backend_torch": [True, False],
    }
    default_options = {
        "shared": True,
        "fPIC": True,
        "hub": True,
        "text": True,
        "annotators": False,
        "backend_onnx": True,
        "backend_torch": False,
        # The plug-in opens it as a shared library.
        "onnxruntime/*:shared": True,
    }

    @property
    def _checkout(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):  # asked for while exporting only; a recipe in the cache carries its version
        self.version = load(self, os.path.join(self._checkout, "VERSION")).strip()

    def export_sources(self):
        for name in ("CMakeLists.txt", "VERSION", "LICENSE", "NOTICE", "CHANGELOG.md"):
            copy(self, name, self._checkout, self.export_sources_folder)
        for folder in ("assets", "backends", "cmake", "include", "scripts", "src"):
            copy(self, f"{folder}/*", self._checkout, self.export_sources_folder)

    def config_options(self):
        if self.settings.os == "Windows":
            del self.options.fPIC

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("inference-exp is built on Linux only")
        check_min_cppstd(self, 20)

    def requirements(self):
        self.requires("nlohmann_json/3.11.3")
        self.requires("highway/1.2.0")
        if self.options.hub:
            self.requires("libcurl/[>=7.85 <9]")
            self.requires("openssl/[>=3 <4]")
            self.requires("libb2/20190723")
        if self.options.text:
            self.requires("zlib/[>=1.2.11 <2]")
            self.requires("utf8proc/[>=2.6 <3]")
        if self.options.annotators:
            self.requires("opencv/[>=4.5 <5]", transitive_headers=True)
        if self.options.backend_onnx:
            # Opened when first used, not linked to.
            self.requires("onnxruntime/[>=1.17]", headers=True, libs=False)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        dependencies = CMakeDeps(self)
        # As Highway's own CMake package names them.
        dependencies.set_property("highway", "cmake_file_name", "hwy")
        dependencies.set_property("highway", "cmake_target_name", "hwy::hwy")
        dependencies.generate()
        toolchain = CMakeToolchain(self)
        for option in ("hub", "text", "annotators", "backend_onnx", "backend_torch"):
            toolchain.cache_variables[f"INFERENCE_EXP_{option.upper()}"] = bool(self.options.get_safe(option))
        for part in ("FETCH_ONNXRUNTIME", "CLI", "EXAMPLES", "TESTS"):
            toolchain.cache_variables[f"INFERENCE_EXP_{part}"] = False
        if self.options.backend_onnx:
            toolchain.cache_variables["INFERENCE_EXP_ONNXRUNTIME_ROOT"] = (
                self.dependencies["onnxruntime"].package_folder)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        for name in ("LICENSE", "NOTICE"):
            copy(self, name, self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "inference_exp")
        library = self.cpp_info.components["inference_exp"]
        library.set_property("cmake_target_name", "inference_exp::inference_exp")
        library.set_property("pkg_config_name", "inference_exp")
        library.libs = ["inference_exp"]
        library.requires = ["nlohmann_json::nlohmann_json", "highway::highway"]
        if not self.options.shared:
            library.defines = ["INFERENCE_EXP_STATIC"]
            library.system_libs = ["dl", "pthread"]
        if self.options.hub:
            library.requires += ["libcurl::libcurl", "openssl::crypto", "libb2::libb2"]
        if self.options.text:
            library.requires += ["zlib::zlib", "utf8proc::utf8proc"]
        if self.options.backend_onnx:
            library.requires += ["onnxruntime::onnxruntime"]
        if self.options.annotators:
            annotators = self.cpp_info.components["annotators"]
            annotators.set_property("cmake_target_name", "inference_exp::annotators")
            annotators.libs = ["inference_exp_annotators"]
            annotators.requires = ["inference_exp", "opencv::opencv_core", "opencv::opencv_imgproc"]
