# MODE installed:    installs the build in BUILD_DIR and uses it through find_package.
# MODE components:   asks find_package for components before and after they are installed; COMPONENTS are those built.
# MODE subdirectory: uses the sources through add_subdirectory, as a static library and with nothing optional to be
#                    found; then installs that and uses it through find_package.
# Everything happens below WORK_DIR/MODE, which is emptied first.
cmake_policy(VERSION 3.25)
set(work ${WORK_DIR}/${MODE})
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\nended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(flags ${CXX_FLAGS})
if(SANITIZE)
  string(APPEND flags " -fsanitize=${SANITIZE}")
endif()
set(configure_consumer ${CMAKE_COMMAND} -S ${SOURCE_DIR}/tests/install/consumer -G ${GENERATOR}
  -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER} "-DCMAKE_CXX_FLAGS=${flags}")

# Configures consumer/ in `folder` with the given arguments, builds and runs it; it must say nothing.
function(use_library folder)
  run(${configure_consumer} -B ${folder} ${ARGN})
  run(${CMAKE_COMMAND} --build ${folder} --parallel 2)
  run(${folder}/consumer)
  if(NOT output STREQUAL "")
    message(FATAL_ERROR "The consumer must be silent; it said:\n${output}")
  endif()
endfunction()

# The consumer was configured with these components, not with a part of them.
function(expect_asked_for folder components)
  file(STRINGS ${folder}/CMakeCache.txt line REGEX "^CONSUMER_COMPONENTS:")
  if(NOT line MATCHES "=${components}$")
    message(FATAL_ERROR "Not all components were asked for: ${line}")
  endif()
endfunction()

function(expect_installed)
  foreach(pattern IN LISTS ARGN)
    file(GLOB_RECURSE found ${prefix}/${pattern})
    if(NOT found)
      message(FATAL_ERROR "Nothing was installed as ${pattern}.")
    endif()
  endforeach()
endfunction()

# Installs components of the build in BUILD_DIR.
function(install_components)
  foreach(component IN LISTS ARGN)
    run(${CMAKE_COMMAND} --install ${BUILD_DIR} --config ${CONFIG} --prefix ${prefix} --component ${component})
  endforeach()
endfunction()

# Configuring with these components must fail, with a message that names the package to install for each.
function(expect_missing)
  list(JOIN ARGN "," components)
  execute_process(COMMAND ${configure_consumer} -B ${work}/without -DCMAKE_PREFIX_PATH=${prefix}
    -DCONSUMER_COMPONENTS=${components} RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE output)
  if(status EQUAL 0)
    message(FATAL_ERROR "Components that are not installed were found: ${ARGN}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # CMake breaks lines
  foreach(component IN LISTS ARGN)
    if(NOT output MATCHES "component ${component} of inference_exp is not installed")
      message(FATAL_ERROR "It is not said that ${component} is missing:\n${output}")
    endif()
  endforeach()
  foreach(package libinference-exp-annotators-dev inference-exp-backend-tensorrt "package inference-exp,")
    if(NOT output MATCHES "${package}")
      message(FATAL_ERROR "The package ${package} is not named:\n${output}")
    endif()
  endforeach()
endfunction()

set(always include/inference_exp.h include/inference_exp/auto_model.hpp include/inference_exp/version.hpp inference_expConfig.cmake
  inference_expConfigVersion.cmake inference_expTargets.cmake inference_exp.pc)

if(MODE STREQUAL installed)
  install_components(library development)
  expect_installed(${always} libinference_exp.*)
  use_library(${work}/consumer -DCMAKE_PREFIX_PATH=${prefix})
elseif(MODE STREQUAL components)
  install_components(library development)
  expect_missing(annotators backend-onnx backend-torch backend-tensorrt cli python)
  install_components(${COMPONENTS})
  if("annotators" IN_LIST COMPONENTS)
    install_components(annotators-development)
  endif()
  list(JOIN COMPONENTS "," asked_for)
  use_library(${work}/consumer -DCMAKE_PREFIX_PATH=${prefix} -DCONSUMER_COMPONENTS=${asked_for})
  expect_asked_for(${work}/consumer ${asked_for})
elseif(MODE STREQUAL subdirectory)
  set(bare -DCMAKE_BUILD_TYPE=Debug -DBUILD_SHARED_LIBS=OFF -DCMAKE_DISABLE_FIND_PACKAGE_OpenCV=ON
    -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON)
  use_library(${work}/with_sources ${bare}
    -DINFERENCE_EXP_AS_SUBDIRECTORY=${SOURCE_DIR} -DINFERENCE_EXP_INSTALL=ON)
  run(${CMAKE_COMMAND} --install ${work}/with_sources --prefix ${prefix})
  expect_installed(${always} libinference_exp.a)
  use_library(${work}/with_package ${bare} -DCMAKE_PREFIX_PATH=${prefix})
else()
  message(FATAL_ERROR "MODE must be installed, components or subdirectory.")
endif()
