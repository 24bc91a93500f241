# Debian packages: `cpack -G DEB` in a build that was configured with INFERENCE_EXP_PACKAGES=ON; scripts/package.sh does
# both. One package for each install component that this build has, so that what is not built is simply not there.
set(packaging_dir ${PROJECT_SOURCE_DIR}/packaging/debian)
set(package_release 1)
set(package_version ${PROJECT_VERSION}-${package_release})
set(abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# What the files that every package carries say. The date follows SOURCE_DATE_EPOCH where that is set.
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
find_program(gzip_program gzip REQUIRED)
mark_as_advanced(gzip_program)
set(package_files ${PROJECT_BINARY_DIR}/generated/packages)

function(inference_exp_compress source name)
  configure_file(${source} ${package_files}/${name} @ONLY)
  execute_process(COMMAND ${gzip_program} -9nf ${package_files}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
inference_exp_compress(${packaging_dir}/changelog.in changelog.Debian)
inference_exp_compress(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog)

function(inference_exp_write_shlibs component shared_library library_package)
  configure_file(${packaging_dir}/shlibs.in ${package_files}/${component}/shlibs @ONLY)
endfunction()
inference_exp_write_shlibs(library inference_exp libinference-exp${abi})
inference_exp_write_shlibs(annotators inference_exp_annotators libinference-exp-annotators${abi})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME inference-exp)
set(CPACK_PACKAGE_VENDOR "inference-exp developers")
set(CPACK_PACKAGE_CONTACT "inference-exp developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has a summary of its own
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_SOURCE_DIR}/build/packages)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${package_release})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# What the files link to. This project's own libraries belong to packages that do not exist yet while this is asked:
# those dependencies are said below, each on exactly this version.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib)
set(CPACK_COMPONENTS_ALL)

# One package: inference_exp_package(<component> NAME <package> SECTION <section> SUMMARY <line> TEXT <lines>
#   [LIBRARY] [COPYRIGHT <file>] [REQUIRES <packages of this version>] [DEPENDS|RECOMMENDS|SUGGESTS <packages>])
function(inference_exp_package component)
  cmake_parse_arguments(ARG "LIBRARY" "NAME;SECTION;SUMMARY;COPYRIGHT" "TEXT;REQUIRES;DEPENDS;RECOMMENDS;SUGGESTS" ${ARGN})
  string(TOUPPER ${component} key)
  set(depends ${ARG_DEPENDS})
  foreach(package IN LISTS ARG_REQUIRES)
    list(APPEND depends "${package} (= ${package_version})")
  endforeach()
  list(JOIN depends ", " depends)
  list(JOIN ARG_RECOMMENDS ", " recommends)
  list(JOIN ARG_SUGGESTS ", " suggests)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${ARG_NAME} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${ARG_SECTION} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_DEPENDS "${depends}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_RECOMMENDS "${recommends}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SUGGESTS "${suggests}" PARENT_SCOPE)
  list(JOIN ARG_TEXT "\n" text)
  set(CPACK_DEBIAN_${key}_DESCRIPTION "${ARG_SUMMARY}\n${text}" PARENT_SCOPE)
  if(ARG_LIBRARY)
    set(CPACK_DEBIAN_${key}_PACKAGE_CONTROL_EXTRA
      "${packaging_dir}/triggers;${package_files}/${component}/shlibs" PARENT_SCOPE)
  endif()
  if(NOT ARG_COPYRIGHT)
    set(ARG_COPYRIGHT copyright)
  endif()
  set(documents ${CMAKE_INSTALL_DATADIR}/doc/${ARG_NAME})
  install(FILES ${packaging_dir}/${ARG_COPYRIGHT} RENAME copyright DESTINATION ${documents} COMPONENT ${component})
  install(FILES ${package_files}/changelog.Debian.gz ${package_files}/changelog.gz DESTINATION ${documents}
    COMPONENT ${component})
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} PARENT_SCOPE)
endfunction()

inference_exp_package(library NAME libinference-exp${abi} SECTION libs LIBRARY
  RECOMMENDS inference-exp-backend-onnx SUGGESTS inference-exp-backend-torch
  SUMMARY "computer-vision inference, shared library"
  TEXT "A model and an image in, predictions out: detection, segmentation, key"
       "points and embeddings. Networks are run by backends, which are packages of"
       "their own. Two small models to try it with come along.")
inference_exp_package(development NAME libinference-exp-dev SECTION libdevel
  REQUIRES libinference-exp${abi} SUGGESTS "libinference-exp-annotators-dev (= ${package_version})"
  SUMMARY "computer-vision inference, development files"
  TEXT "Headers, CMake package and pkg-config file of inference-exp.")
if(TARGET inference_exp_annotators)
  inference_exp_package(annotators NAME libinference-exp-annotators${abi} SECTION libs LIBRARY
    REQUIRES libinference-exp${abi}
    SUMMARY "draws predictions of inference-exp into pictures, shared library"
    TEXT "Boxes, masks, key points and labels, drawn with OpenCV.")
  inference_exp_package(annotators-development NAME libinference-exp-annotators-dev SECTION libdevel
    REQUIRES libinference-exp-dev libinference-exp-annotators${abi} DEPENDS libopencv-core-dev libopencv-imgproc-dev
    SUMMARY "draws predictions of inference-exp into pictures, development files"
    TEXT "Header and CMake files of the annotators of inference-exp.")
endif()
if(TARGET inference_exp_cli)
  inference_exp_package(cli NAME inference-exp SECTION science
    REQUIRES libinference-exp${abi} libinference-exp-annotators${abi} RECOMMENDS inference-exp-backend-onnx
    SUMMARY "computer-vision inference, command-line program"
    TEXT "Runs models on pictures and videos, draws and writes what they find, and"
         "says which backends and models this machine can use.")
endif()
if(TARGET inference_exp_backend_onnx)
  get_directory_property(onnxruntime_files DIRECTORY ${PROJECT_SOURCE_DIR}/backends/onnx
    DEFINITION INFERENCE_EXP_ONNXRUNTIME_FILES)
  set(runtime_package)
  if(onnxruntime_files)
    set(runtime_package inference-exp-onnxruntime)
  endif()
  inference_exp_package(backend-onnx NAME inference-exp-backend-onnx SECTION libs
    REQUIRES libinference-exp${abi} RECOMMENDS ${runtime_package}
    SUMMARY "runs models of inference-exp on ONNX Runtime"
    TEXT "The plug-in. It opens ONNX Runtime when it is first used: the one of"
         "inference-exp-onnxruntime, or any that the system's loader finds.")
  if(onnxruntime_files)
    # Providers for GPUs link to libraries of no Debian package.
    set(runtime_depends)
    install(FILES ${packaging_dir}/lintian.onnxruntime RENAME inference-exp-onnxruntime
      DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT backend-onnx-runtime)
    if(onnxruntime_files MATCHES "providers_(cuda|tensorrt)")
      set(CPACK_DEBIAN_BACKEND-ONNX-RUNTIME_PACKAGE_SHLIBDEPS OFF)
      set(runtime_depends libc6 libstdc++6)
    endif()
    inference_exp_package(backend-onnx-runtime NAME inference-exp-onnxruntime SECTION libs
      COPYRIGHT copyright.onnxruntime DEPENDS ${runtime_depends}
      SUMMARY "ONNX Runtime for inference-exp"
      TEXT "The library of the ONNX Runtime project as it was published, in a folder"
           "that only inference-exp looks into.")
  endif()
endif()
if(TARGET inference_exp_backend_torch)
  inference_exp_package(backend-torch NAME inference-exp-backend-torch SECTION libs
    REQUIRES libinference-exp${abi} RECOMMENDS libopenblas0-pthread
    SUMMARY "runs models of inference-exp on LibTorch"
    TEXT "The plug-in for checkpoints of PyTorch and for TorchScript.")
endif()
if(TARGET inference_exp_backend_trt)
  inference_exp_package(backend-tensorrt NAME inference-exp-backend-tensorrt SECTION libs
    REQUIRES libinference-exp${abi}
    SUMMARY "runs models of inference-exp on TensorRT"
    TEXT "The plug-in for engines of TensorRT.")
endif()
get_cmake_property(components COMPONENTS)
if("python" IN_LIST components)
  # A module is compiled for one minor version of Debian's Python.
  execute_process(COMMAND /usr/bin/python3 -c "import sys; print(sys.version_info[1])"
    OUTPUT_VARIABLE python_minor OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  math(EXPR python_too_new "${python_minor} + 1")
  inference_exp_package(python NAME python3-inference-exp SECTION python
    REQUIRES libinference-exp${abi}
    DEPENDS "python3 (>= 3.${python_minor})" "python3 (<< 3.${python_too_new})" python3-numpy
    RECOMMENDS inference-exp-backend-onnx
    SUMMARY "computer-vision inference, Python module"
    TEXT "The module inference_exp: models and predictions of inference-exp as numpy"
         "arrays.")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA "${packaging_dir}/python/postinst;${packaging_dir}/python/prerm")
endif()

include(CPack)
